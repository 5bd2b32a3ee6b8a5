"""Settings on the command line and overrides of a material: what they change, and what is refused."""

from __future__ import annotations

from pathlib import Path

import pytest

from femanode.config.loading import Config, load_config
from femanode.errors import ConfigError
from tests.casefile import CASE, plain

SETTINGS = {
    "geometry.diamter=3 nm": r"^overrides: geometry.diamter: .*did you mean 'diameter'\?",
    "geomtry.diameter=3 nm": r"^overrides: geomtry: .*did you mean 'geometry'\?",
    "geometry.diameter=3": r"^overrides: geometry.diameter: found 3 without a unit",
    "geometry.diameter": r"^overrides: found 'geometry.diameter'; allowed: key.path=value",
    "=3": r"^overrides: found '=3'",
    "name.x=1": r"^overrides: name.x: found a path through 'name'",
    "crystal.axis.0=1": r"^overrides: crystal.axis.0: .*whole value",
    "geometry.diameter=[": r"^overrides: geometry.diameter: not valid YAML",
    "material=Li_Si": r"^overrides: material: .*did you mean 'Li-Si'",
    "overrides.front.rate.110=1 nm/s": r"^overrides: overrides.front.rate.110: .*did you mean 'rates'",
    "overrides.front.rates.110=1 GPa": r"^overrides: overrides.front.rates.110: .*a speed",
    "material.host.volum=1 nm^3": r"^overrides: material.host.volum: .*did you mean 'volume'",
    "mechanics.yield_stress=1 GPa": r"^overrides: mechanics.yield_stress: .*overrides.mechanics.yield_stress",
    "overrides=3": r"^overrides: overrides: found 3",
}


@pytest.mark.parametrize("setting", SETTINGS)
def test_wrong_setting_is_refused(case: Path, setting: str) -> None:
    with pytest.raises(ConfigError, match=SETTINGS[setting]):
        load_config(case, [setting])


def test_settings_change_the_configuration(case: Path) -> None:
    c = load_config(
        case,
        [
            "geometry.diameter=0.03 µm",
            "crystal.axis=[0, 0, 1]",
            "crystal.in_plane=null",
            "time.stop.arrest=null",
            "time.max_front_advance=1e-1",
            "mechanics.axial=generalized",
            "mechanics.axial_force=2 µN",
            "output.frames=null",
            "output.every=1 min",
        ],
    )
    assert c.geometry.diameter == 30.0
    assert (c.crystal.axis, c.crystal.in_plane) == ((0, 0, 1), None)
    assert (c.time.stop.arrest, c.time.stop.converted, c.time.max_front_advance) == (None, 0.99, 0.1)
    assert c.mechanics.axial_force == 2000.0
    assert (c.output.frames, c.output.every) == (None, 60.0)


@pytest.mark.parametrize("prefix", ["overrides", "material"])
def test_setting_below_overrides_or_material_changes_the_material(case: Path, prefix: str) -> None:
    c = load_config(
        case,
        [
            f"{prefix}.front.rates.110=0.3 nm/s",
            f"{prefix}.front.rates.[1,1,2]=0.04 nm/s",
            f"{prefix}.mechanics.yield_stress=1.2 GPa",
            f"{prefix}.mechanics.reacted.rate_sensitivity={{exponent: 0.1, reference_rate: 1e-3 1/s}}",
        ],
    )
    assert c.material.front.rates == {"100": 0.02, "110": 0.3, "111": 0.01, "112": 0.04}
    assert c.material.mechanics.reacted.yield_stress.value == (1.2,)
    assert c.material.mechanics.host.yield_stress.value == (7.0,)
    assert c.material.mechanics.reacted.rate_sensitivity is not None
    assert c.material.mechanics.reacted.rate_sensitivity.reference_rate == 1e-3
    origin = c.material.provenance
    assert origin["front.rates.110"].source == "overridden in the configuration"
    assert origin["front.rates.110"].confidence is None
    assert origin["front.rates.100"].confidence == "C"
    assert origin["mechanics.reacted.yield_stress"].source == "overridden in the configuration"
    assert "mechanics.reacted.rate_sensitivity" not in origin
    assert Config.from_mapping(plain(c)) == c


def test_settings_choose_the_ledge_law(case: Path) -> None:
    law, key = "overrides.front.direction_law=ledge", "overrides.front.ledge"
    c = load_config(case, [law, f"{key}.rounding=2 deg", f"{key}.speed_111=0.2 nm/s"])
    front = c.material.front
    assert front.ledge is not None
    assert (front.direction_law, front.ledge.rounding, front.ledge.speed_111) == ("ledge", 2.0, 0.2)
    assert c.material.provenance["front.direction_law"].source == "overridden in the configuration"
    assert Config.from_mapping(plain(c)) == c
    with pytest.raises(ConfigError, match=r"^overrides: overrides.front.ledge.rounding: found a key of the ledge law"):
        load_config(case, [f"{key}.rounding=2 deg"])
    with pytest.raises(ConfigError, match=r"^overrides: overrides.front.ledge.speed_111: .*at least 0.1938 nm/s"):
        load_config(case, [law, f"{key}.speed_111=0.1 nm/s"])


def test_rates_as_a_whole_are_replaced(case: Path) -> None:
    case.write_text(CASE + "overrides:\n  front.rates: {isotropic: 0.05 nm/s}\n")
    c = load_config(case)
    assert c.material.front.rates == {"isotropic": 0.05}
    assert [p for p in c.material.provenance if p.startswith("front.rates")] == ["front.rates.isotropic"]
    # A later setting wins over the file's own override.
    assert load_config(case, ["overrides.front.rates.isotropic=2 nm/s"]).material.front.rates == {
        "isotropic": 2.0
    }


def test_nested_overrides_leave_the_rest(case: Path) -> None:
    case.write_text(
        CASE + "overrides:\n  mechanics: {host: {yield_stress: 5 GPa}, hardening_modulus: 1 GPa}\n"
    )
    c = load_config(case)
    assert c.material.mechanics.host.yield_stress.value == (5.0,)
    assert c.material.mechanics.host.youngs_modulus == 160.0
    assert (c.material.mechanics.host.hardening_modulus, c.material.mechanics.reacted.hardening_modulus) == (
        0,
        1,
    )


def test_override_with_its_own_source_and_table(case: Path) -> None:
    case.write_text(
        CASE + "overrides:\n  mechanics.yield_stress:\n"
        "    value: {content: [0, 0.5, 1], value: [1 GPa, 0.9 GPa, 500 MPa]}"
        "\n    source: own measurement\n    confidence: B\n"
    )
    c = load_config(case)
    assert c.material.mechanics.reacted.yield_stress.content == (0.0, 0.5, 1.0)
    assert c.material.mechanics.reacted.yield_stress.value == (1.0, 0.9, 0.5)
    assert c.material.provenance["mechanics.reacted.yield_stress"].source == "own measurement"
    assert Config.from_mapping(plain(c)) == c


def test_setting_wins_over_every_override_of_the_file(case: Path) -> None:
    lines = "overrides:\n  mechanics.yield_stress: 2 GPa\n  mechanics.reacted.yield_stress: 3 GPa\n"
    case.write_text(CASE + lines)
    c = load_config(case, ["overrides.mechanics.yield_stress=4 GPa"])
    assert c.material.mechanics.reacted.yield_stress.value == (4.0,)


def test_replaced_rates_lose_the_source_they_had_as_a_whole(case: Path) -> None:
    mapping = plain(load_config(case))
    rates = {"100": "1 nm/s", "110": "2 nm/s", "111": "3 nm/s"}
    mapping["material"]["front"]["rates"] = {"value": rates, "source": "a paper", "confidence": "A"}
    assert Config.from_mapping(mapping).material.provenance["front.rates"].source == "a paper"
    changed = Config.from_mapping(mapping, ["overrides.front.rates={isotropic: 1 nm/s}"])
    assert "front.rates" not in changed.material.provenance
    assert changed.material.provenance["front.rates.isotropic"].source == "overridden in the configuration"
