"""Current, potential and film in the units of the carrier balance, and back.

Content is the number of carriers relative to full material. A current of content through the surface of a section has
the unit nm^2/s (content times area per time); per length of surface it is nm/s. No other module converts currents.
"""

from __future__ import annotations

import math

from femanode.config.loading import Config
from femanode.errors import ConfigError
from femanode.solver.laws import chemistry_of, thermal_voltage
from femanode.units import MA_PER_CM2

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


def potential(config: Config, activity: float) -> float:
    """Potential against the carrier metal, V, of a surface at ``activity``; NaN at activity 0."""
    return chemistry_of(config).potential(activity)


def cutoff_activity(config: Config) -> float:
    """Activity outside the surface in equilibrium with the cut-off potential; 1 if no cut-off is given.

    Raises
    ------
    ConfigError
        The cut-off is so high that its activity cannot be told from 0.
    """
    boundary = config.boundary
    if boundary.cutoff is None:
        return 1.0
    above = boundary.cutoff - boundary.potential
    if above > FARTHEST * thermal_voltage(config):
        most = boundary.potential + FARTHEST * thermal_voltage(config)
        raise ConfigError(f"found {boundary.cutoff:g} V, an activity of nothing", where="boundary.cutoff",
                          allowed=f"up to {most:.2g} V at boundary.potential {boundary.potential:g} V",
                          hint="mV?")
    return chemistry_of(config).activity_at(boundary.cutoff)


def film_coefficient(config: Config) -> float | None:
    """Diffusivity over thickness of the film, nm/s; None for a bare surface.

    A coating of thickness t on a wire of radius R is a film too if its material has a diffusivity D, of
    D/(R ln(1 + t/R)) per length of the wire's own surface.
    """
    film, geometry = config.boundary.film, config.geometry
    coating = geometry.coating
    if coating is not None and coating.material.transport is not None and geometry.diameter is not None:
        R = 0.5 * geometry.diameter
        return coating.material.transport.diffusivity / (R * math.log1p(coating.thickness / R))
    return None if film is None else film.diffusivity / film.thickness
