"""doubts: possible values that are hardly meant are asked about, each with its key; what is meant is not."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from femanode.config.doubts import doubts
from femanode.config.library import list_materials
from femanode.config.loading import Config, load_config
from tests.fronts import coarse_case

ROOT = Path(__file__).resolve().parents[3]


def asked(changes: dict[str, Any] | None = None, **sections: Any) -> list[str]:
    case = coarse_case(**sections)
    return doubts(Config.from_mapping({**case, "overrides": {**case["overrides"], **(changes or {})}}))


@pytest.mark.parametrize("name", list_materials())
def test_nothing_of_a_bundled_material_is_asked_about(name: str) -> None:
    # among them every capacity agrees with Faraday's law to 2 %
    assert doubts(Config.from_mapping({**coarse_case(), "material": name, "overrides": {}})) == []


@pytest.mark.parametrize("path", sorted((ROOT / "configs").glob("*.yaml")), ids=lambda path: path.stem)
def test_nothing_of_a_bundled_configuration_is_asked_about(path: Path) -> None:
    assert doubts(load_config(path)) == []


def test_a_capacity_ten_times_faradays_is_asked_about() -> None:
    # 3.75 x 26801.5 mAh/mol over 118.71 g/mol is 847
    (line,) = asked({"capacity.theoretical": "8470 mAh/g"}, material="Na-Sn")
    assert line == ("capacity.theoretical is 8470 mAh/g; x_max z F over the molar mass of Sn is 847 mAh/g: "
                    "is it meant?")
    assert asked({"capacity.theoretical": "847 mAh/g"}, material="Na-Sn") == []
    # of an oxide it counts per formula unit: 8.4 x 26801.5/150.71 is 1494; per tin it would be 1897
    (line,) = asked({"capacity.theoretical": "1897 mAh/g"}, material="Li-SnO2")
    assert "is 1494 mAh/g" in line


@pytest.mark.parametrize(("key", "value", "said"), [
    ("mechanics.host.youngs_modulus", "1e15 Pa", "mechanics.host.youngs_modulus is 1e+06 GPa; usual are"),
    ("mechanics.reacted.youngs_modulus", "40 kPa", "mechanics.reacted.youngs_modulus is 4e-05 GPa"),
    ("mechanics.host.yield_stress", "7 TPa", "mechanics.host.yield_stress is 7000 GPa"),
    ("mechanics.reacted.youngs_modulus", {"content": [0, 1], "value": ["80 GPa", "30 TPa"]}, "is 30000 GPa"),
    ("front.equilibrium_potential", "160 V", "front.equilibrium_potential is 160 V; usual are -0.5 to 5 V"),
    ("front.rates", {"isotropic": "0.05 m/s"}, "front.rates.isotropic is 5e+07 nm/s"),
    ("transport.diffusivity", "5 cm^2/s", "transport.diffusivity is 5 cm^2/s; usual are 1e-18 to 0.0001 cm^2/s"),
    ("transport.activation_volume", "1 nm^3", "transport.activation_volume is 1000 Å^3; usual are -100 to 100"),
    ("front.half_thickness", "0.5 µm", "front.half_thickness is 500 nm"),
    ("fracture.energy", "10 MJ/m^2", "fracture.energy is 1e+07 J/m^2"),
    ("content.x_max", 18, "content.x_max is 18 carriers per host"),
    ("swelling.expansion", 18, "swelling.expansion is 18 of the host's volume"),
    ("mechanics.reacted.yield_stress", "20 GPa", "yield_stress is 0.5 of youngs_modulus; a perfect crystal bears"),
    ("mechanics.reacted.hardening_modulus", "15 GPa",  # (1 + 15 ln 3.8)/40
     "yield_stress with the hardening over its swelling is 0.53 of youngs_modulus; a perfect crystal bears"),
    ("swelling.expansion", 0.02,
     "is 0.025 of youngs_modulus and bears 0.019 elastically, where swelling strains by 0.0066"),
    ("mechanics.reacted.hardening_modulus", "400 GPa", "hardening_modulus is 400 GPa, above youngs_modulus, 40 GPa"),
])
def test_a_value_out_of_all_usual_range_is_asked_about(key: str, value: Any, said: str) -> None:
    lines = asked({key: value})
    assert any(said in line for line in lines), lines
    assert all(line.endswith("is it meant?") and "\n" not in line for line in lines)


def test_a_volume_in_the_wrong_unit_is_asked_about_by_density_and_per_carrier() -> None:
    # 20 pm^3 for 20 A^3; of silicon 28.0855 g/mol in 20.02 A^3 is 2.33 g/cm^3
    lines = asked({"host.volume": "0.2 Å^3"})
    assert any("density of Si by host.volume is 233.19 g/cm^3" in line for line in lines)
    assert any("volume of a carrier" in line and "is 0.1493" in line for line in lines)


@pytest.mark.parametrize(("sections", "said"), [
    ({"boundary": {"potential": "-10 kV"}}, "boundary.potential is -10000 V"),
    ({"temperature": "27 K"}, "temperature is 27 K"),
    ({"boundary": {"film": {"thickness": "10 nm", "diffusivity": "1 cm^2/s"}}}, "boundary.film.diffusivity is 1 cm"),
])
def test_what_is_applied_is_asked_about(sections: dict[str, Any], said: str) -> None:
    (line,) = asked(**sections)
    assert line.startswith(said)


def test_of_an_expansion_over_content_that_of_the_full_phase_is_asked_about() -> None:
    table = {"content": [0, 0.5, 1], "value": [0, 1.0, 2.8]}
    assert asked({"swelling.expansion": table}) == []
    # 18 times 20.02 A^3 over 3.75 ions
    lines = asked({"swelling.expansion": {**table, "value": [0, 1.0, 18]}})
    assert [line.split(";")[0] for line in lines] == [
        "swelling.expansion is 18 of the host's volume",
        "the volume of a carrier, expansion host.volume/x_max, is 96.096 Å^3"]


def test_a_made_up_host_has_no_molar_mass_to_compare_with() -> None:
    assert asked({"host.symbol": "Unobtainium", "capacity.theoretical": "1 mAh/g"}) == []


@pytest.mark.parametrize(("diameter", "meant"), [("2 nm", False), ("10 nm", True), ("2 µm", True), ("2 mm", False)])
def test_a_diameter_that_no_wire_has_is_asked_about(diameter: str, meant: bool) -> None:
    lines = asked(geometry={"shape": "circle", "diameter": diameter}, front={"half_thickness": "0.4 nm"},
                  mesh={"element_size": "0.4 nm"})
    assert any(line.startswith("geometry.diameter is ") and line.endswith("is it meant?") for line in lines) != meant
