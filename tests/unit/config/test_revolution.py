"""Axisymmetric sections in a configuration: written, read again, and what they cannot have."""

from __future__ import annotations

from typing import Any

import pytest

from femanode.config.loading import Config, dump_config
from femanode.config.revolution import crystal_note
from femanode.config.yamlio import parse_yaml
from femanode.errors import ConfigError
from femanode.solver.electrode import film_coefficient
from femanode.solver.problem import build_problem

CASE: dict[str, Any] = {
    "name": "particle", "geometry": {"shape": "circle", "diameter": "60 nm", "symmetry": "axisymmetric"},
    "material": "Li-Si", "overrides": {"front.rates": {"isotropic": "0.05 nm/s"}}, "time": {"end": "1 h"}}


def particle(geometry: dict[str, Any] | None = None, **sections: Any) -> Config:
    return Config.from_mapping({**CASE, "geometry": {**CASE["geometry"], **(geometry or {})}, **sections})


def test_a_particle_is_written_and_read_again_and_a_wire_says_nothing_of_it() -> None:
    config = particle()
    assert config.geometry.axisymmetric
    assert Config.from_mapping(parse_yaml(dump_config(config), "")[0]) == config
    assert "symmetry" not in dump_config(particle({"symmetry": "plane"}))


@pytest.mark.parametrize(("geometry", "said"), [
    ({"shape": "polygon", "corners": 6}, r"geometry.shape: found polygon with symmetry: axisymmetric; allowed: circle"),
    ({"sector": "half"}, "geometry.sector: found half with symmetry: axisymmetric; allowed: auto, quarter"),
    ({"contact": {"from": "0 deg", "to": "60 deg"}}, "geometry.contact: found a contact from 0 to 60 deg with "
     "symmetry: axisymmetric; allowed: a belt about the equator"),
    ({"contact": {"from": "-100 deg", "to": "100 deg"}}, "geometry.contact: found a contact from -100 to 100 deg"),
    ({"roughness": {"amplitude": "0.1 nm"}}, "geometry.roughness: found a roughness with symmetry: axisymmetric"),
    ({"shape": "ellipse", "diameter": None, "diameters": ["40 nm", "60 nm"], "rotation": "30 deg"},
     "geometry.rotation: found 30 deg with symmetry: axisymmetric; allowed: 0 deg or 90 deg")])
def test_what_is_no_body_of_revolution_is_refused(geometry: dict[str, Any], said: str) -> None:
    with pytest.raises(ConfigError, match=said):
        particle(geometry)


@pytest.mark.parametrize(("sections", "said"), [
    ({"overrides": {}, "crystal": {"axis": [1, 1, 0]}}, "found rates that depend on direction, with "
     "geometry.symmetry: axisymmetric; allowed: isotropic ones"),
    ({"mechanics": {"axial": "generalized"}}, "mechanics.axial: found generalized with geometry.symmetry: axisymm"),
    ({"overrides": {**CASE["overrides"], "host.structure": "orthorhombic", "swelling.directions": [0.2, 0.4, 0.4]}},
     "found swelling by direction")])
def test_what_knows_a_direction_across_the_axis_is_refused(sections: dict[str, Any], said: str) -> None:
    with pytest.raises(ConfigError, match=said):
        particle(**sections)


def test_directions_of_a_crystal_are_said_to_mean_nothing() -> None:
    said = [note for note in build_problem(particle(crystal={"axis": [1, 1, 0]})).notes if "no meaning" in note]
    assert said == ["crystal: the axis [1, 1, 0] has no meaning in an axisymmetric body, which is the same all round "
                    "and has isotropic rates; leave it out"]
    # nothing is said where nothing was given, of a run's own configuration (it has the default), or of wires
    assert crystal_note(particle()) is None
    assert crystal_note(Config.from_mapping(parse_yaml(dump_config(particle()), "")[0])) is None
    assert crystal_note(particle({"symmetry": "plane"}, crystal={"axis": [1, 1, 0]})) is None


def test_a_coating_with_a_diffusivity_is_a_spherical_film() -> None:
    """Flux through a shell from R + t to R per area of the inner surface: D (R + t)/(R t)."""
    config = particle({"coating": {"thickness": "10 nm", "material": "SEI"}})
    assert film_coefficient(config) == pytest.approx(7600.0 * 40.0 / (30.0 * 10.0), rel=1e-12)
