"""The page in docs/ is that of the saved table, says all of it, and what its text claims is what the table holds."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

import pytest

from femanode.study.systems.figures import charged, draw_all
from femanode.study.systems.files import find_systems
from femanode.study.systems.page import films, page, through
from femanode.study.systems.rows import closed_forms

DOCS = Path(__file__).resolve().parents[4] / "docs"
SAVED: dict[str, Any] = json.loads((DOCS / "systems.json").read_text(encoding="utf-8"))
ROWS = {row["system"]: row for row in SAVED["rows"]}


def test_the_page_is_that_of_the_saved_table() -> None:
    assert (DOCS / "systems.md").read_text(encoding="utf-8") == page(SAVED)


def test_every_system_and_every_observation_is_on_it() -> None:
    assert set(ROWS) == {system.name for system in find_systems()}
    assert not SAVED["quick"]
    text = page(SAVED)
    assert not re.findall(r"\$[a-z{]", text)  # nothing is left to be filled in
    for name, row in ROWS.items():
        part = text.split(f"### {name}\n")[1].split("\n### ")[0]
        for one in row["observations"]:
            assert one["says"] in part
            assert f"**{one['verdict']}**" in part
        for said in row["failed"]:
            assert said.split(";")[0] in part


def test_what_the_text_says_of_the_table_holds() -> None:
    # the three that cross the line before they are through, and no others
    ions = charged(list(ROWS.values()))
    assert {row["material"] for row in ROWS.values() if row not in ions} == {"O-Si", "O-Si-wet"}
    stopped = {row["material"] for row in ions if row["converted_fraction"] < 0.98}
    crossing = {row["material"] for row in ions if row["stress_work_eV"]["0.99"] > row["available_eV"]}
    assert stopped == crossing == {"Li-Si", "Li-a-Si", "Na-a-Ge"}
    # three sizes, one fraction; a front limited by its reaction that looks like one under diffusion
    sizes = [ROWS[name]["converted_fraction"] for name in ("li_si_80nm", "li_si_110", "li_si_140nm")]
    assert max(sizes) - min(sizes) < 0.005
    assert ROWS["li_si_110"]["regime"] == "ICR"
    assert ROWS["li_si_110"]["rate_exponent"] < 0.5
    kept = [row["converted_fraction"] for row in SAVED["sizes"] if row["kept"] == "ratio"]
    assert max(kept) - min(kept) < 0.005
    # millimetres per second are what diffusion control would take in tin and germanium
    assert all(ROWS[name]["rate_for_diffusion_control_nm_s"] > 1e6 for name in ("na_sn", "na_a_ge"))
    # a round oxide under stress is behind a flat one, within a band that holds both
    found, = ROWS["o_si_wet"]["observations"]
    assert 0.8 < found["predicted"] < 0.9
    assert found["band"][0] < 1.0 < found["band"][1]
    assert ROWS["o_si"]["time_s"] / 3600.0 == pytest.approx(15.8, abs=0.1)
    # silicon cracks off its lobes, as pillars do
    assert all(ROWS[f"li_si_{axis}"]["crack_between"] > 0.3 for axis in ("100", "110", "111", "112"))
    # tin oxide stays as long as it was
    assert ROWS["li_sno2"]["axial_stretch"] < 1.1
    assert ROWS["li_sno2_axial"]["axial_stretch"] < 1.1


def test_closed_forms_are_those_of_the_files() -> None:
    for system in find_systems():
        row = ROWS[system.name]
        for key, value in closed_forms(system.config).items():
            assert row[key] == pytest.approx(value, rel=1e-9), (system.name, key)


def test_what_the_page_says_of_films_and_full_conversion() -> None:
    told = dict(re.findall(r"^\| (\S+) \|.*\| ([\w ]+) \|$", films(SAVED["rows"]), re.MULTILINE))
    held = {name for name, word in told.items() if word == "at the lower end"}
    assert held == {"Na-Sn", "Na-Sb2S3", "Na-SnS2", "Na-a-Ge", "Li-SnO2"}  # the fronts of 5 nm/s and more
    assert {told[name] for name in told.keys() - held - {"material"}} == {"no"}
    # by hand, one material: rates over what one film lets through, and under and between both ends
    row = {"material": "x", "film_speed_nm_s": [1.0, 10.0]}
    words = [films([row | {"front_rate_nm_s": rate}]).splitlines()[-1].split(" | ")[-1] for rate in (0.5, 5.0, 50.0)]
    assert words == ["no |", "at the lower end |", "at both ends |"]
    lines = {line.split(" | ")[0][2:]: line.split(" | ") for line in through(SAVED["rows"]).splitlines()}
    assert {name for name, cells in lines.items() if cells[2] == "never"} == lines.keys() - {
        "material", "---", "Li-Si", "Li-a-Si", "Na-a-Ge"}
    # what stress does not stop goes through on its own rate and on diffusion: germanium of 620 nm in about an hour
    assert lines["Li-Ge"][3] == "630"
    assert lines["Li-Si"][-2:] == ["36.3", "59 |"]


def test_figures_are_drawn_of_any_table(tmp_path: Path) -> None:
    names = draw_all(SAVED, tmp_path)
    assert {path.name for path in tmp_path.iterdir()} == set(names)
    assert set(names) == {"voltage_and_stress.png", "converted.png", "film.png", "curvature.png", "sizes.png",
                          "oxide.png", "cracks.png"}
    assert draw_all({"rows": [], "sizes": []}, tmp_path / "none") == ["curvature.png"]


@pytest.mark.parametrize("name", sorted(ROWS))
def test_a_band_holds_its_value(name: str) -> None:
    row = ROWS[name]
    for figure in ("converted_fraction", "anisotropy_ratio", "crack_risk"):
        low, high = row[f"{figure}_band"]
        assert low <= row[figure] <= high
