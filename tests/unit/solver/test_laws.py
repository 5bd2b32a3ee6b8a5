"""Rates and diffusivities at the wire's temperature: against thicknesses of oxide that another program gives."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from femanode.config.loading import Config
from femanode.postprocess.growth import film_depth
from femanode.solver.laws import crystal_of, diffusivity_of, rate_factor, rates_of
from femanode.units import K_B

J = 2.26


def config(material: str, celsius: float, **changes: Any) -> Config:
    return Config.from_mapping({
        "name": "oxide", "geometry": {"shape": "circle", "diameter": "60 nm"}, "material": material,
        "crystal": {"axis": [0, 0, 1]}, "time": {"end": "1 h"}, "temperature": f"{celsius + 273.15} K",
        "overrides": {"front.activation_volume": "0 Å^3", **changes}})


# ViennaPS 4.7.0, Oxidation.estimatePlanarOxideThickness, nm after half an hour on bare silicon
@pytest.mark.parametrize(("material", "celsius", "direction", "oxide"), [
    ("O-Si", 1000, "100", 20.6252), ("O-Si", 1000, "111", 30.8378), ("O-Si", 1100, "111", 74.8147),
    ("O-Si-wet", 800, "111", 19.0576), ("O-Si-wet", 900, "100", 71.2320), ("O-Si-wet", 1000, "100", 238.257),
    ("O-Si-wet", 1100, "100", 431.327)])
def test_a_flat_oxide_is_as_thick_as_deal_and_grove_have_it(material: str, celsius: float, direction: str,
                                                           oxide: float) -> None:
    case = config(material, celsius)
    formed = case.material.content.x_front / case.material.content.x_max
    D = float(diffusivity_of(case)(np.array([formed]))[0]) / J**2
    # the constants of (100) are rounded there to three digits
    assert J * film_depth(1800.0, rates_of(case)[direction], D, formed) == pytest.approx(oxide, rel=5e-4)


def test_rates_of_a_film_make_up_for_the_flow_within_its_front() -> None:
    V = 0.025
    case = config("O-Si-wet", 900, **{"front.activation_volume": "25 Å^3", "mechanics.yield_stress": "0.6 GPa"})
    assert rate_factor(case) / rate_factor(config("O-Si-wet", 900)) == pytest.approx(
        np.exp(2.0 / 3.0 * 0.6 * V / (K_B * 1173.15)), rel=1e-12)
    free = config("O-Si-wet", 900, **{"front.activation_volume": "25 Å^3", "front.rates_of": "unstressed"})
    assert rate_factor(free) == pytest.approx(rate_factor(config("O-Si-wet", 900)), rel=1e-12)


def test_the_direction_law_has_the_rates_of_the_temperature() -> None:
    one = np.array([1.0]), np.array([0.0])
    hot, cold = (crystal_of(config("O-Si-wet", at))[1].rate(*one)[0] for at in (1000, 900))
    # 2.05 eV between 1273.15 and 1173.15 K
    assert hot / cold == pytest.approx(np.exp(2.05 * 0.1602176634 / K_B * (1 / 1173.15 - 1 / 1273.15)), rel=1e-9)


def test_without_activation_energy_temperature_leaves_rates_and_diffusivity_as_they_are() -> None:
    wire = Config.from_mapping({"name": "si", "geometry": {"shape": "circle", "diameter": "60 nm"},
                                "material": "Li-Si", "crystal": {"axis": [0, 0, 1]}, "time": {"end": "1 h"},
                                "temperature": "320 K"})
    assert rates_of(wire) == dict(wire.material.front.rates)
    assert diffusivity_of(wire)(np.array([0.7]))[0] == wire.material.transport.diffusivity.value[0]
