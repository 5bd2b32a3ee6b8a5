"""Films, wires and spheres, and surface films: closed forms by hand, and what the page says of the saved runs."""

from __future__ import annotations

import json
import math
from pathlib import Path
from typing import Any

import pytest

from femanode.config.library import load_material
from femanode.config.loading import Config, load_config
from femanode.study.systems.curved import BODIES, arrest, body_of, sharp_drive, slower_behind
from femanode.study.systems.files import find_systems
from femanode.study.systems.placing import from_csv

ROOT = Path(__file__).resolve().parents[4]
SAVED = ROOT / "docs" / "systems"
STEPS = from_csv((SAVED / "bodies.csv").read_text(encoding="utf-8").splitlines())
FILMS = from_csv((SAVED / "films.csv").read_text(encoding="utf-8").splitlines())


def silicon(**geometry: Any) -> Config:
    return load_config(ROOT / "configs" / "si_galvanostatic_129nm.yaml",
                       [f"geometry.{key}={json.dumps(value)}" for key, value in geometry.items()])


def test_a_sharp_front_slows_down_where_curvature_presses() -> None:
    material = load_material("Li-Si")
    # by hand: a film pays 2/3 GPa times 0.0149483 nm^3, 0.0622 eV of 0.1 eV, at any depth: 1 - exp(-0.0378/0.025852)
    assert [sharp_drive(material, 0.1, f, "film") for f in (0.0, 0.5)] == pytest.approx([0.7683, 0.7683], abs=1e-4)
    # at 0.1 in a wire ln(1 + 3.8/9)/sqrt 3 = 0.20339 GPa more, 0.01898 eV: 1 - exp(-0.01882/0.025852)
    assert sharp_drive(material, 0.1, 0.1, "wire") == pytest.approx(0.5172, abs=1e-3)
    # in a sphere 2/sqrt 3 times that, 0.02191 eV: 1 - exp(-0.01589/0.025852)
    assert sharp_drive(material, 0.1, 0.1, "sphere") == pytest.approx(0.4591, abs=1e-3)
    assert sharp_drive(material, 0.1, 0.5, "wire") == 0.0


def test_a_layer_on_a_core_stands_for_a_film() -> None:
    assert body_of(silicon()) == ("wire", 64.5)
    assert body_of(silicon(symmetry="axisymmetric")) == ("sphere", 64.5)
    assert body_of(silicon(diameter="2000 nm", core={"diameter": "1871 nm", "material": "C"})) == ("film", 64.5)


def test_a_film_in_series_by_hand() -> None:
    tin, = (one.config for one in find_systems() if one.name == "na_sn")
    # 18 nm^2/s * 24.1/nm^3 / 5 nm * 0.02705 nm^3/0.55 = 4.267 nm/s; to 0.4 250 nm (1 - sqrt 0.6)/50 nm/s = 1.127 s
    # without and 0.4 * 250/(2 * 4.267) = 11.72 s more with it
    assert slower_behind(tin, 0.4) == pytest.approx(1.0 + 11.72 / 1.127, rel=1e-3)


def test_what_the_page_says_of_surface_films() -> None:
    rows = {(row["material"], row["film"]): row for row in FILMS}
    for material, slower, closed in (("Na-Sn", 11.6, 11.4), ("Li-Si", 1.16, 1.14)):
        bare, behind = rows[material, False], rows[material, True]
        assert behind["time_to_0_4_s"] / bare["time_to_0_4_s"] == pytest.approx(slower, rel=4e-3)
        assert behind["slower_by_closed_form"] == pytest.approx(closed, rel=3e-3)
    assert [round(rows["Li-Si", film]["converted_fraction"], 3) for film in (True, False)] == [0.46, 0.464]
    assert round(rows["Li-Si", True]["transport_share"], 2) == 0.13
    assert [round(rows["Na-Sn", True][key], 2) for key in ("converted_fraction", "state_of_charge")] == [0.91, 0.21]
    bare = rows["Na-Sn", False]
    assert bare["state_of_charge"] == pytest.approx(bare["converted_fraction"], rel=1e-3)


def test_how_thick_films_would_have_to_be() -> None:
    saved = json.loads((ROOT / "docs" / "systems.json").read_text(encoding="utf-8"))["rows"]
    thicker = {row["material"]: row["film_speed_nm_s"][0] / row["front_rate_nm_s"] for row in saved
               if row["material"] not in ("O-Si", "O-Si-wet")}
    assert {name for name, ratio in thicker.items() if ratio < 1.0} == {
        "Na-Sn", "Na-a-Ge", "Na-Sb2S3", "Na-SnS2", "Li-SnO2"}
    told = {name: round(ratio, 2) for name, ratio in thicker.items() if ratio >= 1.0}
    assert told == {"Li-ZnO": 1.03, "Li-Bi2O3": 1.19, "Na-Sb2O3": 1.2, "Li-a-Si": 1.42, "Li-P": 1.65, "Li-Ge": 1.96,
                    "Na-Sb": 2.62, "Na-SnO2": 4.56, "Na-P": 5.49, "Li-Si": 6.43}
    assert [round(5.0 * told[name]) for name in ("Na-SnO2", "Li-Si")] == [23, 32]


def test_what_the_page_says_of_bodies() -> None:
    runs: dict[tuple[str, float], list[dict[str, Any]]] = {}
    for row in STEPS:
        runs.setdefault((row["body"], row["radius_over_half_thickness"]), []).append(row)
    assert len(runs) == 7
    film = runs.pop(("film", 8.0))
    inside = [row["drive"] for row in film if row["converted_fraction"] > 0.029]
    assert [round(end, 2) for end in (min(inside), max(inside), inside[-1])] == [0.72, 0.80, 0.74]
    assert film[-1]["converted_fraction"] == pytest.approx(0.5)
    for body, stands, rest in (("wire", 0.211, [0.259, 0.264, 0.289]), ("sphere", 0.180, [0.217, 0.232, 0.275])):
        ends = [runs[body, ratio][-1] for ratio in (32.0, 16.0, 8.0)]
        assert [round(row["converted_fraction"], 3) for row in ends] == rest
        assert max(row["drive"] for row in ends) < 1e-3
        assert round(ends[0]["stands_at"], 3) == stands
    # a layer of 64.5 nm around 935.5 nm, half of it converted: a shell from there to the surface, as in a wire
    material, share = load_material("Li-Si"), 0.5 * (1.0 - 0.9355**2)
    assert math.log1p(3.8 * share / (1.0 - share)) / math.sqrt(3.0) == pytest.approx(0.13, abs=1e-3)
    assert sharp_drive(material, 0.1, share, "wire") == pytest.approx(0.63, abs=1e-3)


def test_the_figure_has_runs_and_closed_forms_of_all_bodies() -> None:
    axes = arrest(STEPS).axes[0]
    labels = axes.get_legend_handles_labels()[1]
    for body in BODIES:
        assert f"{body}, δ = R/8" in labels
        assert f"{body}, sharp front, closed form" in labels
    assert all(math.isfinite(row["drive"]) for row in STEPS)
