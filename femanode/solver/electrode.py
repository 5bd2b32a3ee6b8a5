"""Current, potential and film in the units of the carrier balance, and back.

Content is the number of carriers relative to full material. A current of content through the surface of a section has
the unit nm^2/s (content times area per time); per length of surface it is nm/s. No other module converts currents.
"""

from __future__ import annotations

import math

from femanode.config.loading import Config
from femanode.config.protocol import Current
from femanode.constitutive.butlervolmer import ButlerVolmer
from femanode.errors import ConfigError
from femanode.solver.laws import chemistry_of, thermal_voltage
from femanode.solver.surfacefilm import SurfaceFilm
from femanode.units import E_CHARGE, MA_PER_CM2

HOUR = 3600.0

#: Largest cut-off above the potential of activity 1, in kT/(z e). It means an activity of 1e-13; smaller ones cannot be
#: told from 0.
FARTHEST = 30.0


def applied_current(config: Config, area: float, length: float) -> float | None:
    """Given current as content per time, nm^2/s, into a section of ``area`` (nm^2) and surface ``length`` (nm).

    1 C is area/hour, whatever the surface; a current density j is j length V_host/(x_max z e). None if the
    configuration gives the activity (a potential) instead of a current.
    """
    boundary = config.boundary
    if boundary.c_rate is not None:
        return boundary.c_rate * area / HOUR
    if boundary.current_density is not None:
        return boundary.current_density / _density_of_unit_flux(config) * length
    return None


def current_density(config: Config, flux: float) -> float:
    """Current density, mA/cm^2, of a ``flux`` (nm/s) of content through the surface."""
    return flux * _density_of_unit_flux(config)


def _density_of_unit_flux(config: Config) -> float:
    """Current density, mA/cm^2, of a flux of 1 nm/s: z e x_max/V_host."""
    material = config.material
    return MA_PER_CM2 * material.carrier.charge * material.content.x_max / material.host.volume


def energy_of_full(config: Config) -> float:
    """Energy per area of section and length of wire of full content at 1 V, GPa/V: z e x_max/V_host."""
    material = config.material
    return E_CHARGE * material.carrier.charge * material.content.x_max / material.host.volume


def potential(config: Config, level: float, current: float = 0.0, length: float = 1.0) -> float:
    """Potential of the electrode against the carrier metal, V; NaN where an ideal solution is empty.

    Parameters
    ----------
    level : outside the surface
    current : content nm^2/s into a surface of ``length`` (nm), which costs the overpotential of the transfer
    """
    reaction = reaction_of(config, length)
    return chemistry_of(config).potential(level) - (0.0 if reaction is None else reaction.overpotential(current))


def cutoff_level(config: Config) -> float:
    """Level outside the surface in equilibrium with the cut-off potential; by default that of the applied potential.

    Raises
    ------
    ConfigError
        The cut-off is so high that its activity cannot be told from 0.
    """
    boundary = config.boundary
    chemistry = chemistry_of(config)
    if config.material.chemistry.law == "open_circuit":
        return chemistry.level_at(boundary.potential if boundary.cutoff is None else boundary.cutoff)
    if boundary.cutoff is None:
        return 1.0
    above = boundary.cutoff - boundary.potential
    if above > FARTHEST * thermal_voltage(config):
        most = boundary.potential + FARTHEST * thermal_voltage(config)
        raise ConfigError(f"found {boundary.cutoff:g} V, an activity of nothing", where="boundary.cutoff",
                          allowed=f"up to {most:.2g} V at boundary.potential {boundary.potential:g} V",
                          hint="mV?")
    return chemistry.level_at(boundary.cutoff)


def level_at(config: Config, potential: float, where: str = "boundary.protocol") -> float:
    """Level outside the surface in equilibrium with a potential, V.

    Raises
    ------
    ConfigError
        With the ideal law, a potential below that at which the phase is full.
    """
    chemistry = chemistry_of(config)
    if config.material.chemistry.law == "ideal" and potential < chemistry.full - 1e-9:
        raise ConfigError(f"found {potential:g} V", where=where,
                          allowed=f"at least boundary.potential = {chemistry.full:g} V, at which an ideal solution is "
                          "full", hint="set boundary.potential to the lowest potential of the protocol")
    return chemistry.level_at(potential)


def current_of(config: Config, given: Current) -> tuple[float, float]:
    """A protocol's current as content per time: per area of the section, 1/s, and per length of its surface, nm/s.

    One of the two is 0; see :func:`applied_current`.
    """
    if given.c_rate is not None:
        return given.c_rate / HOUR, 0.0
    return 0.0, (given.density or 0.0) / _density_of_unit_flux(config)


def film_of(config: Config) -> SurfaceFilm | None:
    """How the film changes; None where there is none, or it stays as it is."""
    film = config.boundary.film
    if film is None or (film.rate is None and not film.breaks):
        return None
    return SurfaceFilm(film.thickness, film.rate or 0.0, film.breaks)


def reaction_of(config: Config, length: float) -> ButlerVolmer | None:
    """Kinetics of the transfer through a surface of ``length`` (nm); None where it is in equilibrium."""
    given = config.boundary.reaction
    if given is None:
        return None
    return ButlerVolmer(given.exchange_current / _density_of_unit_flux(config) * length, given.transfer,
                        thermal_voltage(config))


def film_coefficient(config: Config) -> float | None:
    """Diffusivity over thickness of the film, nm/s; None for a bare surface.

    A coating of thickness t on a wire of radius R is a film too if its material has a diffusivity D, of
    D/(R ln(1 + t/R)) per length of the wire's own surface, on a sphere D (R + t)/(R t). On another outline R is half
    the mean of both diameters, as if it were round; where t is small against R, it is D/t anyway.
    """
    film, geometry = config.boundary.film, config.geometry
    coating = geometry.coating
    across = geometry.diameters or (geometry.diameter, geometry.diameter)
    if coating is not None and coating.material.transport is not None and across[0] and across[1]:
        R = 0.25 * (across[0] + across[1])
        if geometry.axisymmetric:
            return coating.material.transport.diffusivity * (R + coating.thickness) / (R * coating.thickness)
        return coating.material.transport.diffusivity / (R * math.log1p(coating.thickness / R))
    return None if film is None else film.diffusivity / film.thickness
