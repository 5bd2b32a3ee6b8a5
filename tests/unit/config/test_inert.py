"""Inert materials: read with the keys of one phase, refused where carriers must be taken, and the reverse."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from femanode.config.inert import Inert, inert_mapping
from femanode.config.library import describe, list_inert, list_materials, load_inert, load_material
from femanode.config.loading import Config
from femanode.errors import ConfigError
from tests.fronts import coarse_case

GLASS: dict[str, Any] = {"kind": "inert", "name": "glass", "mechanics": {
    "youngs_modulus": {"value": "70 GPa", "source": "a catalogue", "confidence": "B"}, "poisson_ratio": 0.2,
    "yield_stress": "1 GPa"}}


def test_bundled_inert_materials_are_named_as_their_files_and_are_no_wires() -> None:
    assert {"SiO2", "C", "SEI"} <= set(list_inert())
    assert not set(list_inert()) & set(list_materials())
    for name in list_inert():
        assert load_inert(name).name == name


def test_vitreous_silica() -> None:
    glass = load_inert("SiO2")
    phase = glass.mechanics
    # shear modulus 31 GPa and bulk modulus 37 GPa of fused silica, from handbooks
    assert phase.youngs_modulus / (2 * (1 + phase.poisson_ratio)) == pytest.approx(31.2, abs=0.3)
    assert phase.youngs_modulus / (3 * (1 - 2 * phase.poisson_ratio)) == pytest.approx(36.9, abs=0.5)
    assert glass.transport is None


def test_a_film_that_carriers_cross_has_a_diffusivity_in_internal_units() -> None:
    sei = load_inert("SEI")
    assert sei.transport is not None
    assert sei.transport.diffusivity == pytest.approx(7600.0)  # 7.6e-11 cm^2/s, the upper end the review gives


def test_a_mapping_gives_an_equal_material_with_its_sources() -> None:
    for reference in (*list_inert(), GLASS):
        material = load_inert(reference)
        again = Inert.model_validate(inert_mapping(material))
        assert again == material
        assert again.provenance == material.provenance
    assert load_inert(GLASS).provenance["mechanics.youngs_modulus"].source == "a catalogue"
    assert [row.value for row in describe(GLASS) if row.path == "mechanics.youngs_modulus"] == ["70 GPa"]


def spoilt(**changes: Any) -> dict[str, Any]:
    return {**GLASS, **changes}


@pytest.mark.parametrize(("raw", "message"), [
    (spoilt(kind="active"), "kind: found 'active'; allowed: inert"),
    (spoilt(host={"symbol": "Si"}), "host: found an unknown key 'host'; allowed: kind, name, mechanics, transport"),
    (spoilt(mechanics={**GLASS["mechanics"], "yield_stress": {"content": [0, 1], "value": ["1 GPa", "2 GPa"]}}),
     "mechanics.yield_stress: found a table over content; allowed: one stress"),
    (spoilt(mechanics={**GLASS["mechanics"], "youngs_modulus": {"content": [0, 1], "value": ["1 GPa", "2 GPa"]}}),
     "mechanics.youngs_modulus: found a table over content; allowed: one value"),
    (spoilt(mechanics={**GLASS["mechanics"], "poisson_ratio": 0.6}), "poisson_ratio: found 0.6"),
    (spoilt(transport={"diffusivity": "1e-12"}), "transport.diffusivity: found 1e-12 without a unit"),
    ({"kind": "inert", "name": "x"}, "mechanics: found nothing, but it is required"),
])
def test_a_spoilt_one_is_refused_in_one_line(raw: dict[str, Any], message: str) -> None:
    with pytest.raises(ConfigError, match=message.replace("(", r"\(")) as caught:
        load_inert(raw)
    assert "\n" not in str(caught.value)


def test_an_inert_material_is_refused_as_that_of_the_wire(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match=r"material: found 'SiO2', which is inert; allowed: a bundled name .Li-"):
        Config.from_mapping({**coarse_case(), "material": "SiO2", "overrides": {}})
    with pytest.raises(ConfigError, match=r"kind: found an inert material; allowed: one that takes carriers.*layers"):
        load_material(GLASS)
    path = tmp_path / "glass.yaml"
    path.write_text("name: glass\nkind: inert\nmechanics: {youngs_modulus: 70 GPa}\n")
    with pytest.raises(ConfigError, match=r"glass\.yaml:2: kind: found an inert material"):
        load_material("glass.yaml", tmp_path)


def test_a_material_that_takes_carriers_is_refused_as_inert() -> None:
    with pytest.raises(ConfigError, match=r"found 'Li-Si', which takes carriers; allowed: a bundled name .C, SEI,"):
        load_inert("Li-Si")
    with pytest.raises(ConfigError, match=r"unknown material 'sio2'.*did you mean 'SiO2'"):
        load_inert("sio2")
    with pytest.raises(ConfigError, match="unknown key 'carrier'"):
        load_inert({**GLASS, "carrier": {"symbol": "Li", "charge": 1}})
