"""The map of regimes: values on their places, every material on it, and what the page says of the saved runs."""

from __future__ import annotations

import math
from pathlib import Path

import numpy as np
import pytest

from femanode.study.systems.files import find_systems
from femanode.study.systems.placing import from_csv
from femanode.study.systems.regimemap import ACROSS, ALONG, grid_of, material_rows, regime_map

SAVED = Path(__file__).resolve().parents[4] / "docs" / "systems"
ROWS = from_csv((SAVED / "regimes.csv").read_text(encoding="utf-8").splitlines())
MATERIALS = from_csv((SAVED / "regime_materials.csv").read_text(encoding="utf-8").splitlines())


def test_values_stand_on_their_places() -> None:
    rows = [{"damkohler": x, "work_share": y, "f": 10.0 * x + y} for x in (0.1, 1.0) for y in (0.2, 0.4, 0.8)][:-1]
    across, along, values = grid_of(rows, "f")
    assert across.tolist() == [0.1, 1.0]
    assert along.tolist() == [0.2, 0.4, 0.8]
    np.testing.assert_allclose(values[:, 0], [1.2, 1.4, 1.8])
    np.testing.assert_allclose(values[:2, 1], [10.2, 10.4])
    assert np.isnan(values[2, 1])  # no such run


def test_every_material_is_on_it_within_its_axes() -> None:
    names = {system.config.material.name for system in find_systems()}
    assert {row["material"] for row in MATERIALS} == names
    for axes in regime_map(ROWS, MATERIALS).axes[:2]:
        assert names <= {text.get_text() for text in axes.texts}
    for row in MATERIALS:
        assert row["damkohler_low"] <= row["damkohler"] <= row["damkohler_high"]
        assert row["work_share_low"] <= row["work_share"] <= row["work_share_high"]
        assert ACROSS[0] < row["damkohler_low"]
        assert row["damkohler_high"] < ACROSS[1]
        assert ALONG[0] < row["work_share_low"]
        assert row["work_share_high"] < ALONG[1]


def test_saved_places_are_those_of_the_files() -> None:
    silicon = [one for one in find_systems() if one.name in ("li_si_100", "na_sb")]
    saved = {row["material"]: row for row in MATERIALS}
    for row in material_rows(silicon):
        for key in ("damkohler", "work_share", "work_share_low", "damkohler_high"):
            assert saved[row["material"]][key] == pytest.approx(row[key], rel=1e-5)


def stands(share: float) -> float:
    """Converted fraction at which a sharp front of silicon (J 3.8) stands, by equilibrium of a plastic shell."""
    half = math.log(4.8) / math.sqrt(3.0) + 2.0 / 3.0
    return (grown := math.expm1(max((half / share - 2.0 / 3.0) * math.sqrt(3.0), 0.0))) / (3.8 + grown)


def test_arrest_is_that_of_the_closed_form_and_a_thick_front_goes_farther() -> None:
    _, along, values = grid_of(ROWS, "converted_fraction")
    for share, fraction in zip(along, values[:, 0], strict=True):
        # a core that a front of an eighth of the radius presses on bears up to 0.09 more
        assert min(stands(share), 0.9) - 0.01 < fraction < stands(share) + 0.09
    assert np.all(np.diff(values, axis=0) < 0.005)


def test_what_the_page_says_of_the_map() -> None:
    across, along, fraction = grid_of(ROWS, "converted_fraction")
    assert (len(ROWS), round(across[0], 2), round(across[-1])) == (117, 0.03, 12)
    assert np.ptp(fraction, axis=1).max() < 0.05
    share = grid_of(ROWS, "transport_share")[2]
    assert np.ptp(share[along < 0.4], axis=0).max() <= 0.0025
    at = [round(float(np.interp(x, along, fraction[:, 0])), 2) for x in (0.5868, 0.7335, 1.0758, 1.6137)]
    assert at == [0.9, 0.82, 0.52, 0.22]
    assert fraction[-1].max() < 0.05
    assert [round(stands(x), 2) for x in (0.7335, 1.0758, 1.6137)] == [0.76, 0.44, 0.16]
    exponent = grid_of(ROWS, "rate_exponent")[2]
    assert [round(exponent[np.argmin(abs(along - x)), 0], 2) for x in (0.2445, 0.7335)] == [1.0, 0.52]
    assert round(exponent[0, -1], 2) == 0.65
    # a third and two thirds of the drive, in logarithms across
    reached = np.exp(np.interp([1 / 3, 2 / 3], share[0], np.log(across)))
    assert reached == pytest.approx([1.9, 11.3], abs=0.3)
    places = {row["material"]: (row["damkohler"], row["work_share"]) for row in MATERIALS}
    assert [name for name, (_, y) in places.items() if y > 1.0] == ["Li-Si"]
    assert sorted(y for _, y in places.values())[-4] < 0.265
    assert {name for name, (x, _) in places.items() if x > 1.9} == {"Li-SnO2", "Na-SnO2", "Li-Ge"}
    assert max(places["Na-Sn"][0], places["Na-a-Ge"][0]) < 1.9e-5


def test_beyond_the_map_diffusion_controls_and_the_place_of_rest_stays() -> None:
    slow = from_csv((SAVED / "regimes_thin.csv").read_text(encoding="utf-8").splitlines())
    by_place = {(round(row["damkohler"]), round(row["work_share"], 2)): row for row in slow}
    assert len(by_place) == 8
    assert [round(by_place[x, 0.24]["transport_share"], 2) for x in (24, 48)] == [0.81, 0.88]
    assert [round(by_place[x, 0.24]["rate_exponent"], 2) for x in (24, 48)] == [0.60, 0.57]
    for share, fractions in ((0.88, [0.677, 0.671]), (1.61, [0.280, 0.296])):
        assert [by_place[x, share]["converted_fraction"] for x in (24, 48)] == pytest.approx(fractions, abs=6e-4)
    # what is told stands on the map: once for each run and panel
    told = [text.get_text() for axes in regime_map(ROWS, MATERIALS, slow).axes[:2] for text in axes.texts]
    assert {"0.68", "0.67"} <= set(told)
    assert {"0.81", "0.76"} <= set(told)
