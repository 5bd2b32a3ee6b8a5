"""Values that are possible but hardly meant: questions for ``femanode check``, never refusals.

What cannot be (a negative modulus, a Poisson's ratio of 0.6) is refused on reading.
"""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass

from molmass import Formula, FormulaError

from femanode.config.loading import Config
from femanode.config.material import Material
from femanode.config.phases import Phase
from femanode.config.quantities import Table
from femanode.units import FARADAY_MAH

__all__ = ["doubts"]

#: Relative difference of a capacity from Faraday's law that rounding explains.
ROUNDED = 0.02
#: Strain of swelling over what is borne elastically, below which the front's law, whose layer flows, is off.
FLOWING = 2.0
#: Grams per cubic centimetre of one gram per mole in one cubic nanometre.
GRAMS = 1.0 / 602.214


@dataclass(frozen=True)
class Usual:
    """Range of a quantity beyond which a slip of unit or power of ten is likelier than the value."""

    low: float
    high: float
    unit: str
    why: str
    factor: float = 1.0  # from the internal unit


PHASE = {
    "youngs_modulus": Usual(0.001, 1300.0, "GPa", "soft polymers to diamond"),
    "yield_stress": Usual(0.001, 50.0, "GPa", "lithium metal to the strength of perfect crystals"),
}
MATERIAL = {
    "host.volume": Usual(5.0, 400.0, "Å^3", "per host atom or formula unit", 1e3),
    "content.x_max": Usual(0.1, 15.0, "carriers per host", "Li22Sn5 has 4.4, Sb2O3 takes 12"),
    "swelling.expansion": Usual(0.0, 8.0, "of the host's volume", "Si 2.8, SnO2 with Na 5.4"),
    "front.half_thickness": Usual(0.1, 50.0, "nm", "a layer of atoms to a broad front"),
    "front.equilibrium_potential": Usual(-0.5, 5.0, "V", "against the carrier metal"),
    "front.activation_volume": Usual(-100.0, 100.0, "Å^3", "a few atoms", 1e3),
    "front.host_activation_volume": Usual(-100.0, 100.0, "Å^3", "a few atoms", 1e3),
    "transport.activation_volume": Usual(-100.0, 100.0, "Å^3", "a few atoms", 1e3),
    "fracture.energy": Usual(0.1, 1e4, "J/m^2", "brittle crystals to tough metals"),
    "fracture.flaw": Usual(0.1, 1e4, "nm", "atoms to ten micrometres"),
}
SPEED = Usual(1e-6, 1e4, "nm/s", "silicon 0.1, along rods 1000")
DIFFUSIVITY = Usual(1e-18, 1e-4, "cm^2/s", "solids; liquids have 1e-5", 1e-14)
POTENTIAL = Usual(-1.0, 6.0, "V", "against the carrier metal")
DIAMETER = Usual(5.0, 2e4, "nm", "the thinnest nanowires to fibres that take weeks")
TEMPERATURE = Usual(200.0, 1500.0, "K", "batteries run near 300 K")
DENSITY = Usual(0.4, 25.0, "g/cm^3", "lithium to osmium")
CARRIER = Usual(3.0, 80.0, "Å^3", "lithium takes 14 to 17, sodium 25 to 43")


def doubts(config: Config) -> list[str]:
    """One line for every value of a configuration that a reader of it would ask about.

    Parameters
    ----------
    config : Config

    Returns
    -------
    list of str
        Questions with key path, what was found and what is usual; empty where nothing stands out.
    """
    material = config.material
    asked = [*_single(material), *_phase(material.mechanics.host, "mechanics.host"),
             *_phase(material.mechanics.reacted, "mechanics.reacted"), *_together(material)]
    asked += [("temperature", config.temperature, TEMPERATURE),
              *(("geometry.diameter", width, DIAMETER) for width in _widths(config)),
              ("boundary.potential", config.boundary.potential, POTENTIAL),
              ("boundary.cutoff", config.boundary.cutoff, POTENTIAL)]
    if config.boundary.film is not None:
        asked.append(("boundary.film.diffusivity", config.boundary.film.diffusivity, DIFFUSIVITY))
    found = [_outside(key, value, usual) for key, value, usual in asked if value is not None]
    return [*_capacity(material), *(text for text in found if text),
            *_flow(material.mechanics.host, "mechanics.host"),
            *_flow(material.mechanics.reacted, "mechanics.reacted", math.log1p(material.swelling.full))]


def _widths(config: Config) -> tuple[float, ...]:
    """Diameters that are given, once each, nm; a mesh file may have its own."""
    shape = config.geometry
    return tuple(dict.fromkeys(d for d in (shape.diameter, *(shape.diameters or ())) if d is not None))


Asked = tuple[str, float | None, Usual]


def _single(material: Material) -> Iterator[Asked]:
    """Values that stand by themselves."""
    for path, usual in MATERIAL.items():
        section, key = path.split(".")
        value = getattr(getattr(material, section), key)
        yield path, value.value[-1] if isinstance(value, Table) else value, usual
    for direction, rate in material.front.rates.items():
        yield f"front.rates.{direction}", rate, SPEED
    for value in _values(material.transport.diffusivity):
        yield "transport.diffusivity", value, DIFFUSIVITY


def _phase(phase: Phase, where: str) -> Iterator[Asked]:
    """Modulus and strength."""
    for value in _values(phase.youngs_modulus):
        yield f"{where}.youngs_modulus", value, PHASE["youngs_modulus"]
    for value in _values(phase.yield_stress):
        yield f"{where}.yield_stress", value, PHASE["yield_stress"]


def _values(table: Table | float) -> tuple[float, ...]:
    """A table's smallest and largest value, once where they are the same."""
    if not isinstance(table, Table):
        return (table,)
    return tuple(sorted({min(table.value), max(table.value)}))


def _outside(key: str, value: float, usual: Usual) -> str:
    """The question, or nothing."""
    number = value * usual.factor
    if usual.low <= number <= usual.high:
        return ""
    return (f"{key} is {number:.5g} {usual.unit}; usual are {usual.low:g} to {usual.high:g} {usual.unit} "
            f"({usual.why}): is it meant?")


def _together(material: Material) -> Iterator[Asked]:
    """What several values say together: density of the host, volume of a carrier in the product."""
    mass = _molar_mass(material.host.symbol)
    if mass is not None:
        yield f"the density of {material.host.symbol} by host.volume", GRAMS * mass / material.host.volume, DENSITY
    if material.swelling.full > 0.0:
        per_carrier = material.swelling.full * material.host.volume / material.content.x_max
        yield "the volume of a carrier, expansion host.volume/x_max,", 1e3 * per_carrier, CARRIER


def _capacity(material: Material) -> Iterator[str]:
    """Capacity against Faraday's law."""
    mass, given = _molar_mass(material.host.symbol), material.capacity.theoretical
    if mass is None or given is None:
        return
    expected = material.content.x_max * material.carrier.charge * FARADAY_MAH / mass
    if abs(given / expected - 1.0) > ROUNDED:
        yield (f"capacity.theoretical is {given:.0f} mAh/g; x_max z F over the molar mass of {material.host.symbol} is "
               f"{expected:.0f} mAh/g: is it meant?")


def _molar_mass(symbol: str) -> float | None:
    """Grams per mole of a chemical formula; None for what is none, as a made-up host."""
    try:
        return float(Formula(symbol).mass)
    except (FormulaError, ValueError):
        return None


def _flow(phase: Phase, where: str, swollen: float = 0.0) -> Iterator[str]:
    """Strength and hardening against the modulus: no solid bears an elastic strain of a quarter.

    ``swollen`` is the logarithm of its volume, over which it hardens.
    """
    modulus, hardened = _values(phase.youngs_modulus)[-1], phase.hardening_modulus * swollen
    strain = (max(phase.yield_stress.value) + hardened) / modulus
    what = f"{where}.yield_stress{' with the hardening over its swelling' if hardened else ''} is {strain:.2g} of "
    if strain > 0.25:
        yield f"{what}youngs_modulus; a perfect crystal bears about a tenth: is it meant?"
    # Biaxial, as within a front: of its misfit, a third of the volume's, what is not elastic flows.
    misfit = swollen / 3.0
    elastic = (1.0 - max(_values(phase.poisson_ratio))) * strain
    if 0.0 < misfit < FLOWING * elastic:
        yield (f"{what}youngs_modulus and bears {elastic:.2g} elastically, where swelling strains by {misfit:.2g}, all "
               "of which flows in the front's law: is it meant?")
    if phase.hardening_modulus > modulus:
        yield (f"{where}.hardening_modulus is {phase.hardening_modulus:.4g} GPa, above youngs_modulus, "
               f"{modulus:.4g} GPa: is it meant?")
