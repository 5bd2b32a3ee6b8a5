"""Crack sites between the fast directions of a crystal, and the table of critical diameters."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from femanode.config.loading import load_config
from femanode.study.systems.fracture import crack_facts, fast_directions

CASE = """\
name: case
geometry: {{shape: circle, diameter: 100 nm}}
crystal: {{axis: {axis}, in_plane: {across}}}
material: Li-Si
time: {{end: 1 h}}
mesh: {{element_size: 4 nm}}
"""


def config_of(folder: Path, axis: str, across: str, *settings: str) -> Any:
    path = folder / "case.yaml"
    path.write_text(CASE.format(axis=axis, across=across), encoding="utf-8")
    return load_config(path, list(settings))


@pytest.mark.parametrize(("axis", "across", "angles"), [
    ("[1, 0, 0]", "[0, 1, 0]", [45.0, 135.0]),        # {110} of the zone [100]: [011], [0-11]
    ("[1, 1, 0]", "[1, -1, 0]", [0.0]),               # of the zone [110] there is [1-10] alone
    ("[1, 1, 1]", "[1, -1, 0]", [0.0, 60.0, 120.0]),  # the six of the zone [111]
    ("[1, 1, 2]", "[1, -1, 0]", [0.0]),
])
def test_silicon_is_fastest_where_its_110_planes_are(tmp_path: Path, axis: str, across: str,
                                                     angles: list[float]) -> None:
    assert fast_directions(config_of(tmp_path, axis, across)) == pytest.approx(angles, abs=0.06)


def test_one_rate_has_no_fast_direction(tmp_path: Path) -> None:
    case = config_of(tmp_path, "[1, 0, 0]", "[0, 1, 0]", "overrides.front.rates={isotropic: 0.1 nm/s}")
    assert fast_directions(case) == []
    assert crack_facts(case, {"crack_site": {"reference_angle_deg": 30.0}, "crack_risk_bound": True}) == {
        "crack_risk_bound": True, "crack_site_deg": 30.0, "crack_between": None, "fast_directions_deg": []}


@pytest.mark.parametrize(("angle", "between"), [(45.0, 0.0), (0.0, 1.0), (90.0, 1.0), (22.5, 0.5), (350.0, 7.0 / 9.0),
                                                (300.0, 1.0 / 3.0), (-10.0, 7.0 / 9.0)])
def test_where_a_site_lies_between_two_lobes(tmp_path: Path, angle: float, between: float) -> None:
    facts = crack_facts(config_of(tmp_path, "[1, 0, 0]", "[0, 1, 0]"), {"crack_site": {"reference_angle_deg": angle}})
    assert facts["crack_between"] == pytest.approx(between, abs=1e-9)


def test_without_a_crack_there_is_no_site(tmp_path: Path) -> None:
    facts = crack_facts(config_of(tmp_path, "[1, 0, 0]", "[0, 1, 0]"), {"crack_site": None, "crack_risk_bound": False})
    assert facts["crack_site_deg"] is None
    assert facts["crack_between"] is None
