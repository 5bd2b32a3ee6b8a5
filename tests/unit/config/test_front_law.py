"""The front's rate law and the energy of its interface in a configuration: read, refused."""

from __future__ import annotations

from typing import Any

import pytest

from femanode.config.loading import Config
from femanode.constitutive.kinetics import Exchange
from femanode.errors import ConfigError
from femanode.solver.laws import interface_of, kinetics_of

CASE: dict[str, Any] = {"name": "law", "geometry": {"shape": "circle", "diameter": "60 nm"}, "material": "Li-Si",
                        "crystal": {"axis": [1, 1, 0]}, "time": {"end": "1 h"}}


def with_law(**front: Any) -> Config:
    return Config.from_mapping({**CASE, "overrides": {f"front.{key}": value for key, value in front.items()}})


def test_butler_and_volmer_share_the_energy_evenly_unless_told() -> None:
    for given, share in (({}, 0.5), ({"transfer": 0.3}, 0.3)):
        law = kinetics_of(with_law(kinetics="butler_volmer", **given))
        assert isinstance(law, Exchange)
        assert law.share == share


def test_interface_energy_is_told_of_the_volume_that_the_front_adds() -> None:
    # expansion 2.8 at x = 3.75, front at 2.25: 1.68
    interface = interface_of(with_law(interface_energy="1 J/m^2").material)
    assert interface is not None
    assert (interface.energy, interface.least) == pytest.approx((1.0, 1.68), rel=1e-12)
    assert interface_of(with_law().material) is None


def test_a_transfer_that_nothing_uses_is_refused() -> None:
    with pytest.raises(ConfigError, match=r"transfer: found transfer with kinetics: mass_action; allowed: "
                                          r"kinetics: butler_volmer, or no such key"):
        with_law(transfer=0.3)


def test_interface_energy_of_a_reaction_that_does_not_swell_is_refused() -> None:
    with pytest.raises(ConfigError, match=r"found 1 J/m\^2 with a reaction that does not swell"):
        Config.from_mapping({**CASE, "overrides": {"front.interface_energy": "1 J/m^2", "swelling.expansion": 0}})


def test_a_front_in_agreement_is_refused_where_stress_drives_the_carriers_too() -> None:
    solver = {"front_stress": "agreed"}
    told = (r"solver.front_stress: found agreed with carriers that stress drives; allowed: auto, extrapolated, "
            r"chemistry.law: ideal or transport.drift: false")
    with pytest.raises(ConfigError, match=told):
        Config.from_mapping({**CASE, "overrides": {"chemistry.law": "open_circuit"}, "solver": solver})
    assert Config.from_mapping({**CASE, "solver": solver}).solver.front_stress == "agreed"
