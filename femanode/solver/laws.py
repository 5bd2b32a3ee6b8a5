"""From a configuration to the laws of its material: crystal, kinetics, chemistry, diffusivity and mixture."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from femanode.config.ledges import Ledges as LedgeKeys
from femanode.config.loading import Config
from femanode.config.material import Material
from femanode.config.material import Phase as PhaseKeys
from femanode.config.quantities import Table
from femanode.constitutive.chemistry import IdealSolution
from femanode.constitutive.crystal.ledges import Ledges
from femanode.constitutive.crystal.miller import CrystalFrame, make_frame
from femanode.constitutive.crystal.rates import DirectionLaw, make_direction_law
from femanode.constitutive.kinetics import MassAction
from femanode.constitutive.mixture import Mixture, Phase, host_and_product
from femanode.numerics.arrays import Array
from femanode.units import E_CHARGE, K_B


def crystal_of(config: Config) -> tuple[CrystalFrame, DirectionLaw]:
    """Frame of the crystal and direction law k(n), which includes the amorphised share of the front.

    Below the threshold diameter of amorphisation that share is 1.
    """
    material = config.material
    structure = material.host.structure
    axis, in_plane = ((0, 0, 1), None) if config.crystal is None else (config.crystal.axis, config.crystal.in_plane)
    frame = make_frame(axis, in_plane, structure)
    amorphous = material.front.amorphization
    share = amorphous.fraction
    threshold, diameter = amorphous.threshold_diameter, config.geometry.narrowest
    if threshold is not None and diameter is not None and diameter < threshold:
        share = 1.0
    return frame, make_direction_law(material.front.rates, structure, frame, share, amorphous.rate, ledges_of(material))


def ledges_of(material: Material) -> Ledges | None:
    """What the ledge law needs besides the rates; None with the smooth law."""
    if material.front.direction_law == "smooth":
        return None
    given = material.front.ledge or LedgeKeys()
    return Ledges(float(np.radians(given.rounding)), given.speed_100, given.speed_111)


def kinetics_of(config: Config) -> MassAction:
    """Rate law of the front at the applied potential."""
    material = config.material
    driving = material.front.equilibrium_potential - config.boundary.potential
    return MassAction(
        kT=K_B * config.temperature, dG0=-E_CHARGE * material.carrier.charge * driving,
        dV=material.swelling.expansion * material.host.volume / material.content.x_max,
        dV_act=material.front.activation_volume)


def chemistry_of(config: Config) -> IdealSolution:
    """Content, activity and potential of the reacted phase, which is full (activity 1) at the applied potential."""
    content = config.material.content
    return IdealSolution(content.x_front / content.x_max, config.boundary.potential, thermal_voltage(config))


def thermal_voltage(config: Config) -> float:
    """kT/(z e), V."""
    return K_B * config.temperature / (E_CHARGE * config.material.carrier.charge)


def diffusivity_of(material: Material) -> Callable[[Array], Array]:
    """Diffusivity in nm^2/s as a function of content (N,)."""
    return lambda C: _look_up(material.transport.diffusivity, C)


def mixture_of(material: Material) -> Mixture:
    """Constants and swelling of the reacting region."""
    host, product = material.mechanics.host, material.mechanics.reacted
    expansion = material.swelling.expansion
    return Mixture(host_and_product(_phase(host), _phase(product), expansion), expansion)


def _phase(given: PhaseKeys) -> Phase:
    """A phase's constants, its flow stress as a function of content."""
    law = given.rate_sensitivity
    exponent, rate = (1.0, np.inf) if law is None else (law.exponent, law.reference_rate)
    return Phase(given.youngs_modulus, given.poisson_ratio, lambda C: _look_up(given.yield_stress, C),
                 given.hardening_modulus, exponent, rate)


def _look_up(table: Table, C: Array) -> Array:
    """Values of a table at contents ``C``, linear between its entries."""
    if len(table.value) == 1:
        return np.full_like(C, table.value[0])
    return np.interp(C, table.content, table.value)
