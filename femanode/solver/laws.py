"""From a configuration to the laws of its material: crystal, kinetics, chemistry, diffusivity and mixture."""

from __future__ import annotations

import math
from collections.abc import Callable

import numpy as np
from scipy.interpolate import PchipInterpolator

from femanode.config.inert import Inert
from femanode.config.ledges import Ledges as LedgeKeys
from femanode.config.loading import Config
from femanode.config.material import Material
from femanode.config.phases import Phase as PhaseKeys
from femanode.config.quantities import Table
from femanode.constitutive.chemistry import Chemistry, IdealSolution
from femanode.constitutive.crystal.amorphization import amorphous_share, share_of_size
from femanode.constitutive.crystal.ledges import Ledges
from femanode.constitutive.crystal.miller import CrystalFrame, make_frame
from femanode.constitutive.crystal.rates import DirectionLaw, make_direction_law
from femanode.constitutive.kinetics import AtPotential, Exchange, Interface, Kinetics, MassAction
from femanode.constitutive.mixture import Mixture, Phase, VolumeRatio, host_and_product
from femanode.constitutive.opencircuit import OpenCircuit
from femanode.constitutive.passage import layer_dissipation
from femanode.constitutive.swelldirection import Shares
from femanode.errors import ConfigError
from femanode.numerics.arrays import Array
from femanode.solver.ahead import Ahead
from femanode.units import E_CHARGE, EV, K_B


def crystal_of(config: Config) -> tuple[CrystalFrame, DirectionLaw]:
    """Frame of the crystal and direction law k(n), which includes the amorphised share of the front."""
    material = config.material
    structure = material.host.structure
    axis, in_plane = ((0, 0, 1), None) if config.crystal is None else (config.crystal.axis, config.crystal.in_plane)
    frame = make_frame(axis, in_plane, structure)
    factor, rate = rate_factor(config), material.front.amorphization.rate
    return frame, make_direction_law(rates_of(config), structure, frame, amorphous_share_of(config),
                                     None if rate is None else factor * rate, ledges_of(material, factor))


def amorphous_share_of(config: Config) -> float:
    """Share of the front that advances through an amorphous layer; 1 well below the threshold diameter."""
    material, diameter = config.material, config.geometry.narrowest
    given = material.front.amorphization
    share, host = given.fraction, material.mechanics.host
    if given.bond_energy is not None:
        share = amorphous_share(EV * given.bond_energy, host.yield_stress.value[0], material.host.volume)
    if given.threshold_diameter is None or diameter is None:
        return share
    return share_of_size(share, diameter, given.threshold_diameter, given.threshold_width)


def rates_of(config: Config) -> dict[str, float]:
    """Rates of the front without stress at the temperature of the wire, nm/s, by direction."""
    factor = rate_factor(config)
    return {name: factor * rate for name, rate in config.material.front.rates.items()}


def rate_factor(config: Config) -> float:
    """Unstressed rates at the wire's temperature over those of the material's file.

    exp[-E (1/kT - 1/kT_0)], E the activation energy; of rates measured on a flat film also exp(2/3 s V/kT), s the flow
    stress of what the front forms and V the activation volume, as such a front works against 2/3 s.
    """
    material = config.material
    factor = _arrhenius(config, material.front.activation_energy)
    if material.front.rates_of == "unstressed":
        return factor
    formed = np.array([material.content.x_front / material.content.x_max])
    layer = float(layer_dissipation(_look_up(material.mechanics.reacted.yield_stress, formed))[0])
    return factor * math.exp(layer * material.front.activation_volume / (K_B * config.temperature))


def _arrhenius(config: Config, energy: float) -> float:
    """Factor from the material's reference temperature to that of the wire for an activation energy, eV."""
    return math.exp(-EV * energy / K_B * (1.0 / config.temperature - 1.0 / config.material.reference_temperature))


def ledges_of(material: Material, factor: float = 1.0) -> Ledges | None:
    """What the ledge law needs besides the rates, its speeds times ``factor``; None with the smooth law."""
    if material.front.direction_law == "smooth":
        return None
    given = material.front.ledge or LedgeKeys()
    speeds = [None if speed is None else factor * speed for speed in (given.speed_100, given.speed_111)]
    return Ledges(float(np.radians(given.rounding)), *speeds)


def kinetics_of(config: Config) -> Kinetics:
    """Rate law of the front, in terms of the level of the carriers."""
    material = config.material
    kT, dG0 = K_B * config.temperature, reaction_energy_of(config)
    dV, dV_act = swelling_volume(material), material.front.activation_volume
    law: MassAction | Exchange = MassAction(kT, dG0, dV, dV_act)
    if material.front.kinetics == "butler_volmer":
        share = material.front.transfer
        law = Exchange(kT, dG0, dV, dV_act, 0.5 if share is None else share)
    return law if material.chemistry.law == "ideal" else AtPotential(law, thermal_voltage(config))


def reaction_energy_of(config: Config) -> float:
    """Energy of the front's reaction per carrier at activity 1 and without stress, GPa nm^3.

    Ions give what lies between the front's potential and that of the full phase, neutral carriers an energy of their
    own.
    """
    front, charge = config.material.front, config.material.carrier.charge
    if front.equilibrium_potential is None:
        return EV * (front.reaction_energy or 0.0)
    return -E_CHARGE * charge * (front.equilibrium_potential - chemistry_of(config).full)


def chemistry_of(config: Config) -> Chemistry:
    """Content, level and potential of the reacted phase.

    By the ideal law it is full at the applied potential; by a measured curve, at the lowest potential of that. Neutral
    carriers have no potential.
    """
    material, content = config.material, config.material.content
    table, plateau = material.chemistry.open_circuit, material.front.equilibrium_potential
    if material.carrier.charge == 0:
        return IdealSolution(content.x_front / content.x_max)
    if material.chemistry.law == "open_circuit" and table is not None and plateau is not None:
        return OpenCircuit(*_above(table, content.x_locked / content.x_max), plateau)
    return IdealSolution(content.x_front / content.x_max, config.boundary.potential, thermal_voltage(config))


def _above(table: Table, least: float) -> tuple[tuple[float, ...], tuple[float, ...]]:
    """Contents and potentials of a table from the content ``least`` on, whose potential is interpolated."""
    if least <= table.content[0]:
        return table.content, table.value
    kept = [(x, v) for x, v in zip(table.content, table.value, strict=True) if x > least]
    first = float(np.interp(least, table.content, table.value))
    return (least, *(x for x, _ in kept)), (first, *(v for _, v in kept))


def carrier_volume_of(material: Material) -> float:
    """Partial molar volume of the carriers over their charge, V/GPa; 0 where stress does not act on them."""
    drift = material.transport.drift
    usual = material.chemistry.law == "open_circuit" and not isinstance(material.swelling.expansion, Table)
    if not (usual if drift is None else drift):
        return 0.0
    return swelling_volume(material) / (E_CHARGE * material.carrier.charge)


def thermal_voltage(config: Config) -> float:
    """kT/(z e), V."""
    return K_B * config.temperature / (E_CHARGE * config.material.carrier.charge)


def diffusivity_of(config: Config) -> Callable[[Array], Array]:
    """Diffusivity in nm^2/s at the wire's temperature as a function of content (N,)."""
    transport = config.material.transport
    factor = _arrhenius(config, transport.activation_energy)
    if factor == 1.0:
        return lambda C: _look_up(transport.diffusivity, C)
    return lambda C: factor * _look_up(transport.diffusivity, C)


def mixture_of(material: Material, shares: Shares | None = None, layers: tuple[Inert | None, ...] = ()) -> Mixture:
    """Constants and swelling of all regions.

    ``shares`` are the directions of swelling in the section, ``layers`` the materials of core and coating.
    """
    host, product = material.mechanics.host, material.mechanics.reacted
    expansion, ratio = material.swelling.full, volume_ratio_of(material)
    inert = [None if layer is None else _phase(layer.mechanics, layer.mechanics) for layer in layers]
    return Mixture(host_and_product(_phase(host, host), _phase(product, host), expansion, ratio), expansion,
                   inert=tuple(inert) if any(inert) else (), ratio=ratio, shares=shares)


def layers_of(config: Config) -> tuple[Inert | None, Inert | None]:
    """Materials of core and coating; None where there is none."""
    core, coating = config.geometry.core, config.geometry.coating
    return (None if core is None else core.material), (None if coating is None else coating.material)


def volume_ratio_of(material: Material) -> VolumeRatio | None:
    """Volume ratio as a function of content; None where it is linear.

    Between the points of its table go monotone cubics (PCHIP; Fritsch & Butland 1984, SIAM J. Sci. Stat. Comput. 5,
    300), outside them straight lines of the last slope.
    """
    table = material.swelling.expansion
    if not isinstance(table, Table):
        return None
    curve, low, high = PchipInterpolator(table.content, table.value), table.content[0], table.content[-1]
    slopes = curve.derivative()([low, high])

    def ratio(C: Array) -> Array:
        return np.asarray(1.0 + curve(np.clip(C, low, high)) + slopes[0] * np.minimum(C - low, 0.0)
                          + slopes[1] * np.maximum(C - high, 0.0))

    return ratio


def swelling_volume(material: Material) -> float:
    """Volume that the reaction at the front adds per carrier, nm^3: (J - 1) V_host/x at the front's content."""
    ratio, content = volume_ratio_of(material), material.content
    if ratio is None:
        return material.swelling.full * material.host.volume / content.x_max
    gained = float(ratio(np.array([content.x_front / content.x_max]))[0]) - 1.0
    return gained * material.host.volume / content.x_front


def interface_of(material: Material) -> Interface | None:
    """The front as an interface; None where that has no energy."""
    energy = material.front.interface_energy
    if not energy:
        return None
    return Interface(energy, swelling_volume(material) * material.content.x_front / material.host.volume)


def ahead_of(config: Config) -> Ahead | None:
    """How the stress of the host ahead of the front changes its rate; None where it does not."""
    volume = config.material.front.host_activation_volume
    return Ahead(volume / (K_B * config.temperature)) if volume else None


def shares_of(material: Material, frame: CrystalFrame) -> Shares | None:
    """Directions of swelling in the section; None where it is isotropic.

    Raises
    ------
    ConfigError
        The wire's axis is none of the tensor's: swelling would shear the sections against one another.
    """
    given = material.swelling.directions
    if given is None or max(given) - min(given) < 1e-12:
        return None
    W = frame.rotation @ np.diag(given) @ frame.rotation.T
    if max(abs(W[0, 2]), abs(W[1, 2])) > 1e-9:
        raise ConfigError(
            f"axis {list(frame.axis)} with swelling.directions {list(given)}, which shear the section along the wire",
            where="crystal.axis", allowed="an axis along 100, 010 or 001, or between two with equal shares")
    return Shares(float(W[0, 0]), float(W[1, 1]), float(W[0, 1]) if abs(W[0, 1]) > 1e-12 else 0.0, float(W[2, 2]))


def _elastic(given: PhaseKeys, host: PhaseKeys) -> Callable[[Array], tuple[Array, Array]] | None:
    """Elastic constants as functions of content; None where both are plain numbers.

    A table is continued to the host's value at content 0, and a plain number is taken as its one point at content 1.
    """
    pair = (given.youngs_modulus, given.poisson_ratio)
    if not any(isinstance(value, Table) for value in pair):
        return None
    curves = []
    for value, at_host in zip(pair, (host.youngs_modulus, host.poisson_ratio), strict=True):
        table = value if isinstance(value, Table) else Table((1.0,), (value,))
        start = () if table.content[0] == 0.0 or isinstance(at_host, Table) else ((0.0, at_host),)
        points = np.array([*start, *zip(table.content, table.value, strict=True)])
        curves.append(points.T)
    return lambda C: (np.interp(C, *curves[0]), np.interp(C, *curves[1]))


def _phase(given: PhaseKeys, host: PhaseKeys) -> Phase:
    """A phase's constants, its flow stress as a function of content."""
    law = given.rate_sensitivity
    exponent, rate = (1.0, np.inf) if law is None else (law.exponent, law.reference_rate)
    E, nu = (value.value[-1] if isinstance(value, Table) else value
             for value in (given.youngs_modulus, given.poisson_ratio))
    return Phase(E, nu, lambda C: _look_up(given.yield_stress, C), given.hardening_modulus, exponent, rate,
                 _elastic(given, host))


def _look_up(table: Table, C: Array) -> Array:
    """Values of a table at contents ``C``, linear between its entries."""
    if len(table.value) == 1:
        return np.full_like(C, table.value[0])
    return np.interp(C, table.content, table.value)
