"""Carriers without a charge: what their materials need, and what cannot be applied to them."""

from __future__ import annotations

from typing import Any

import pytest

from femanode.config.loading import Config, dump_config, load_config
from femanode.errors import ConfigError
from femanode.solver.laws import chemistry_of, kinetics_of
from femanode.units import EV

CASE: dict[str, Any] = {"name": "oxide", "geometry": {"shape": "circle", "diameter": "60 nm"}, "material": "O-Si-wet",
                        "crystal": {"axis": [1, 1, 0]}, "time": {"end": "1 h"}, "temperature": "1273.15 K"}


def config(changes: dict[str, Any] | None = None, **sections: Any) -> Config:
    return Config.from_mapping({**CASE, **sections, **({"overrides": changes} if changes else {})})


def test_a_neutral_carrier_reacts_with_its_energy() -> None:
    assert kinetics_of(config()).reaction_energy == pytest.approx(-3.2 * EV)
    assert kinetics_of(config({"front.reaction_energy": "-500 meV"})).reaction_energy == pytest.approx(-0.5 * EV)
    assert chemistry_of(config()).content(0.0) == pytest.approx(2.0 / 2.0013636)


def test_what_is_written_is_read_back(tmp_path: Any) -> None:
    path = tmp_path / "config.yaml"
    path.write_text(dump_config(config()), encoding="utf-8")
    assert load_config(path) == config()


@pytest.mark.parametrize(("sections", "said"), [
    ({"boundary": {"mode": "galvanostatic", "c_rate": 1}}, r"boundary\.mode: found mode: galvanostatic with neutral"),
    ({"boundary": {"potential": "50 mV"}}, r"boundary\.potential: found 0\.05 V with neutral carriers \(charge 0\)"),
    ({"boundary": {"protocol": ["Rest for 1 h"]}}, r"boundary\.protocol: found a protocol with neutral carriers"),
    ({"boundary": {"reaction": {"exchange_current": "1 mA/cm^2"}}}, r"boundary\.reaction: found a reaction with"),
])
def test_nothing_electrical_is_applied_to_it(sections: dict[str, Any], said: str) -> None:
    with pytest.raises(ConfigError, match=said):
        config(**sections)


@pytest.mark.parametrize(("changes", "said"), [
    ({"front.equilibrium_potential": "0.1 V"}, r"front\.equilibrium_potential: found a value for neutral carriers"),
    ({"capacity.theoretical": "100 mAh/g"}, r"capacity\.theoretical: found a value for neutral carriers"),
    ({"front.reaction_energy": None}, r"front\.reaction_energy: found nothing for neutral carriers"),
    ({"front.reaction_energy": "1 eV"}, r"front\.reaction_energy: found '1 eV'; allowed: below 0"),
    ({"carrier.charge": 1}, r"front\.equilibrium_potential: found nothing for carriers of charge 1"),
    ({"chemistry": {"law": "open_circuit", "open_circuit": {"content": [0, 0.5, 1], "value": ["1 V", "0.5 V", "0 V"]}}},
     r"chemistry\.law: found open_circuit for neutral carriers"),
])
def test_its_material_has_no_potentials(changes: dict[str, Any], said: str) -> None:
    with pytest.raises(ConfigError, match=said):
        config(changes)


def test_an_ion_has_no_energy_of_its_own() -> None:
    with pytest.raises(ConfigError, match=r"front\.reaction_energy: found a reaction energy for carriers of charge 1"):
        Config.from_mapping({**CASE, "material": "Li-Si", "overrides": {"front.reaction_energy": "-1 eV"}})
