"""From a configuration to the mesh it starts from: element size, sector, and levels of refinement."""

from __future__ import annotations

import numpy as np

from femanode.config.loading import Config
from femanode.constitutive.crystal.symmetry import SECTORS, require_sector, section_symmetry
from femanode.errors import ConfigError
from femanode.mesh.build import Section, make_section, require_size
from femanode.mesh.files import read_section
from femanode.mesh.roughness import Roughness, make_roughness, require_waves
from femanode.solver.laws import crystal_of, shares_of

#: Elements along the radius (of a tube: the wall) if the configuration gives neither element size nor half-thickness.
DEFAULT_RESOLUTION = 64

#: Elements per half-thickness of the front. With fewer, the layer that swells is not resolved and figures scatter.
ELEMENTS_PER_DELTA = 2.0

#: Elements along the wall in the coarsest parts of an adaptive mesh.
COARSEST = 8

#: Largest bending strain at the surface: as the section swells, its compressed side must not be folded.
LARGEST_BENDING = 0.4


def resolution(config: Config) -> tuple[float | None, float | None]:
    """Element size and half-thickness of the front, nm, as given or derived; None if they depend on a mesh file."""
    size, delta, wall = config.mesh.element_size, config.front.half_thickness, config.geometry.wall
    natural = config.material.front.half_thickness
    if size is None and config.geometry.shape != "file":
        coarsest = max(natural, ELEMENTS_PER_DELTA * wall / DEFAULT_RESOLUTION) if wall else natural
        size = (delta if delta is not None else coarsest) / ELEMENTS_PER_DELTA
    if delta is None and size is not None:
        delta = max(natural, ELEMENTS_PER_DELTA * size)
    return size, delta


def half_thickness_on(config: Config, section: Section) -> float:
    """Half-thickness of the front, nm, as given or derived, also where it follows from the elements of a mesh file.

    Raises
    ------
    ConfigError
        It or the element size asked for is no smaller than the radius or wall of a section from file. Of others the
        configuration has been checked.
    """
    size, delta = resolution(config)
    hint = f"the mesh file's section is {2.0 * section.radius:g} nm wide with geometry.unit: {config.geometry.unit}"
    if delta is None:
        delta = max(config.material.front.half_thickness, ELEMENTS_PER_DELTA * section.actual_size)
        hint = f"it follows from the material and from elements of {section.actual_size:.3g} nm in the mesh file"
    wall = section.outline.wall
    for key, length in (("mesh.element_size", size), ("front.half_thickness", delta)):
        if length is not None and length >= wall:
            raise ConfigError(f"found {length:g} nm", where=key, allowed=f"below the radius or wall, {wall:g} nm",
                              hint=hint)
    return delta


def root_section(config: Config) -> tuple[Section, int]:
    """Coarsest mesh of a configuration, and how many times it is refined at the front (0: the mesh is fixed)."""
    _, rates = crystal_of(config)
    allowed = section_symmetry(rates)
    geometry = config.geometry
    size, _ = resolution(config)
    if geometry.shape == "file":
        if geometry.path is None:
            raise ConfigError("no path", where="geometry.path")
        section = read_section(geometry.path, element_size=size, diameter=geometry.diameter, unit=geometry.unit)
        require_sector(section.sector, allowed)
        require_load_fits(config, section.sector, section.radius, "geometry.path")
        if geometry.sector not in ("auto", section.sector):
            raise ConfigError(f"sector '{geometry.sector}', but the mesh file is a {section.sector} section",
                              where="geometry.sector", allowed=f"auto, {section.sector}")
        return section, 0
    # An uneven outline has no mirror lines, so that the whole section is meshed unless a sector is asked for.
    wanted = "full" if geometry.roughness is not None and geometry.sector == "auto" else geometry.sector
    if wanted == "auto":
        allowed = max(allowed, sector_of_load(config), sector_of_swelling(config), key=SECTORS.index)
    sector = require_sector(wanted, allowed)
    if geometry.diameter is None or size is None:
        raise ConfigError("no diameter", where="geometry.diameter")
    require_load_fits(config, sector, 0.5 * geometry.diameter, "geometry.sector")
    outer, inner = 0.5 * geometry.diameter, 0.5 * (geometry.inner_diameter or 0.0)
    # Check the finest elements, not the coarsest: otherwise a size that means far too many elements would pass.
    require_size(size, outer, inner, sector)
    levels = 0
    while config.mesh.adaptive and size * 2.0 ** (levels + 1) <= (outer - inner) / COARSEST:
        levels += 1
    if geometry.roughness is not None:
        require_waves(geometry.roughness.wavelength_of(geometry.diameter), size)
    return make_section(geometry.shape, outer, inner, size * 2.0**levels, sector), levels


def sector_of_load(config: Config) -> str:
    """The smallest sector with the mirror lines of the bending: half of a section, y >= 0, bends in x only."""
    x, y = config.mechanics.bend
    if y:
        return "full"
    return "half" if x or config.mechanics.axial == "bending" else "quarter"


def sector_of_swelling(config: Config) -> str:
    """The smallest sector with the mirror lines of directed swelling: all where its axes are turned from x and y."""
    shares = shares_of(config.material, crystal_of(config)[0])
    return "full" if shares is not None and shares.xy else "quarter"


def require_load_fits(config: Config, sector: str, radius: float, where: str) -> None:
    """Refuse a sector that cannot bend or swell as asked, and a curvature that would crush the compressed side.

    Raises
    ------
    ConfigError
        One line at the key ``where`` for the sector, or at the curvature's.
    """
    needed, mechanics = sector_of_load(config), config.mechanics
    if sector != "full" and sector_of_swelling(config) == "full":
        raise ConfigError(f"a {sector} section with swelling.directions at an angle to its mirror lines", where=where,
                          allowed="auto, full", hint="turn crystal.in_plane to an axis of the crystal")
    if SECTORS.index(sector) < SECTORS.index(needed):
        what = "bending about its axes" if mechanics.axial == "bending" else (
            "a curvature along y" if needed == "full" else "a curvature along x")
        raise ConfigError(f"a {sector} section with {what}, which it mirrors away", where=where,
                          allowed="auto, " + ", ".join(SECTORS[SECTORS.index(needed):]))
    strain = radius * float(np.hypot(*mechanics.bend))
    if strain > LARGEST_BENDING:
        raise ConfigError(f"a bending strain of {strain:.3g} at the surface of a wire of radius {radius:g} nm",
                          where="mechanics.curvature" if mechanics.bending_radius is None else
                          "mechanics.bending_radius", allowed=f"at most {LARGEST_BENDING:g}",
                          hint=f"a radius of curvature of {radius / LARGEST_BENDING:.4g} nm or more")


def force_note(config: Config, section: Section) -> str | None:
    """What becomes of a wire under an axial force that its reacted phase cannot carry alone; None where it can.

    Raises
    ------
    ConfigError
        The unreacted wire yields under the force. Without hardening there is then no equilibrium.
    """
    force, host, product = config.mechanics.axial_force, config.material.mechanics.host, (
        config.material.mechanics.reacted)
    stress = abs(force) / section.outline.area("full")
    strength, left = host.yield_stress.value[0], min(product.yield_stress.value)
    if stress >= strength and not host.hardening_modulus:
        raise ConfigError(
            f"an axial force of {force:g} nN, {stress:.3g} GPa of the section", where="mechanics.axial_force",
            allowed=f"below the host's yield_stress, {strength:g} GPa: {strength / stress * abs(force):.4g} nN")
    if stress <= left or product.hardening_modulus:
        return None
    share = (stress - left) / max(strength - left, 1e-12)
    return (f"the axial force is {stress:.3g} GPa of the section and the reacted phase yields at {left:g} GPa: the "
            f"wire gives way, and the run ends without equilibrium, about when {1.0 - share:.0%} of it has reacted")


def unevenness_of(config: Config, section: Section) -> Roughness | None:
    """Unevenness of the outline; None where it is even."""
    rough = config.geometry.roughness
    return None if rough is None else make_roughness(
        rough.amplitude, rough.wavelength_of(2.0 * section.radius), section.radius, rough.seed, section.sector)
