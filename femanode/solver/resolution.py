"""From a configuration to the mesh it starts from: element size, sector, and levels of refinement."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from femanode.config.contact import arc_of
from femanode.config.loading import Config
from femanode.constitutive.crystal.symmetry import SECTORS, require_sector, section_symmetry
from femanode.errors import ConfigError
from femanode.mesh.build import Section, make_layers, make_section, require_size_on
from femanode.mesh.contact import Contact
from femanode.mesh.ellipse import Ellipse
from femanode.mesh.files import read_section
from femanode.mesh.fill import fill_section
from femanode.mesh.hierarchy import refined_evenly
from femanode.mesh.layers import Layered
from femanode.mesh.outline import Annulus, Outline
from femanode.mesh.polygon import Polygon
from femanode.mesh.rectangle import Rectangle
from femanode.mesh.revolved import Revolved
from femanode.mesh.roughness import Roughness, make_roughness, require_waves
from femanode.mesh.wrapped import Wrapped
from femanode.solver.laws import crystal_of, shares_of

#: Elements along the radius (of a tube: the wall) if the configuration gives neither element size nor half-thickness.
DEFAULT_RESOLUTION = 64

#: Elements per half-thickness of the front. With fewer, the layer that swells is not resolved and figures scatter.
ELEMENTS_PER_DELTA = 2.0

#: The start of conversion for which that is enough: what swells is then 1.24 delta thick.
USUAL_START = 0.35

#: Elements along the wall in the coarsest parts of an adaptive mesh.
COARSEST = 8

#: Largest element over the thickness of the thinnest layer that does not react. The stress of an elastic coating was
#: right to 0.1 % with elements eight times as long as it was thick.
FLATTEST = 4.0

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


def resolving_size(delta: float, start: float) -> float:
    """Element size, nm, that resolves the layer of a front in which material swells.

    With the front's profile, (1 + tanh(x/2 delta))/2, it swells over 4 delta artanh(1 - 2 start): as ``start`` (xi_lo)
    goes to a half, that goes to nothing. On elements of 0.4 delta the power balance of a 30-nm silicon wire (delta of
    2 nm) is open by 1, 3, 13 and 62 % with starts of 0, 0.25, 0.4 and 0.48; on half of them by 2.5 % with 0.4.
    """
    thinner = np.arctanh(1.0 - 2.0 * start) / np.arctanh(1.0 - 2.0 * USUAL_START) if start > USUAL_START else 1.0
    return float(thinner) * delta / ELEMENTS_PER_DELTA


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


def outline_of(config: Config) -> Outline:
    """The curves that bound the section; of a mesh file they are read with it instead."""
    geometry, turn = config.geometry, float(np.radians(config.geometry.rotation))
    outline: Outline
    if geometry.diameters is not None:
        a, b = (0.5 * diameter for diameter in geometry.diameters)
        outline = in_layers(config, Ellipse(a, b, turn) if geometry.shape == "ellipse" else
                            Rectangle(a, b, geometry.rounding, turn))
    elif geometry.diameter is None:
        raise ConfigError("no diameter", where="geometry.diameter")
    elif geometry.corners is not None:
        outline = in_layers(config, Polygon(geometry.corners, 0.5 * geometry.diameter, geometry.rounding, turn))
    else:
        outline = in_layers(config, Annulus(0.5 * geometry.diameter, 0.5 * (geometry.inner_diameter or 0.0),
                                            geometry.reacting))
    return in_contact(config, outline)


def in_layers(config: Config, wire: Outline) -> Outline:
    """The outline with core and coating of the configuration, if any; a core has the shape of the wire."""
    geometry = config.geometry
    core, coating = geometry.core, geometry.coating
    if core is None and coating is None:
        return wire
    thickness = 0.0 if coating is None else coating.thickness
    if isinstance(wire, Annulus):
        return Layered(wire, 0.0 if core is None else 0.5 * core.diameter, thickness)
    return Wrapped(wire, geometry.core_share, thickness)


def in_contact(config: Config, outline: Outline) -> Outline:
    """The outline, of which only a part reacts where the configuration says so."""
    if config.geometry.contact is None:
        return outline
    start, end = np.radians(arc_of(config.geometry.contact))
    return Contact(outline, float(start), float(end), belt=config.geometry.axisymmetric)


def sector_of(config: Config, outline: Outline) -> str:
    """The sector to mesh: what is asked for, or the smallest that the crystal and the outline allow.

    Raises
    ------
    ConfigError
        The sector asked for is smaller than they allow.
    """
    _, rates = crystal_of(config)
    geometry = config.geometry
    # An uneven outline has no mirror lines, so that the whole section is meshed unless a sector is asked for.
    wanted = "full" if geometry.roughness is not None and geometry.sector == "auto" else geometry.sector
    allowed = section_symmetry(rates)
    if wanted == "auto":
        allowed = max(allowed, sector_of_load(config), sector_of_swelling(config), key=SECTORS.index)
    sector = require_sector(wanted, allowed)
    require_load_fits(config, sector, outline.reference_radius, "geometry.sector")
    least = outline.smallest_sector
    if SECTORS.index(sector) >= SECTORS.index(least):
        return sector
    if wanted == "auto":
        return least
    raise ConfigError(f"sector '{sector}', but there is no mirror symmetry about "
                      f"the {'x' if least == 'full' else 'y'} axis in the {outline}", where="geometry.sector",
                      allowed=", ".join(("auto", *SECTORS[SECTORS.index(least):])))


def root_section(config: Config) -> tuple[Section, int]:
    """Coarsest mesh of a configuration, and how many times it is refined at the front (0: the mesh is fixed)."""
    section, levels = _root_section(config)
    if config.geometry.axisymmetric:
        if section.sector != "quarter":
            raise ConfigError(f"the mesh file is a {section.sector} section, with symmetry: axisymmetric",
                              where="geometry.path", allowed="a quarter: x = r and y = z from 0 on")
        section = replace(section, outline=Revolved(section.outline))
    return section, levels


def _root_section(config: Config) -> tuple[Section, int]:
    """The same of the cut alone."""
    geometry = config.geometry
    size, _ = resolution(config)
    if geometry.shape == "file":
        return _section_from_file(config, size), 0
    outline = outline_of(config)
    sector = sector_of(config, outline)
    if size is None:
        raise ConfigError("no diameter", where="geometry.diameter")
    # Check the finest elements, not the coarsest: otherwise a size that means far too many elements would pass.
    require_size_on(outline, size, sector)
    if geometry.roughness is not None and geometry.diameter is not None:
        require_waves(geometry.roughness.wavelength_of(geometry.diameter), size)
    adaptive = config.mesh.adaptive
    levels = 0
    rings = isinstance(outline, Annulus | Layered)
    largest = outline.wall / COARSEST
    if isinstance(outline, Layered | Wrapped):
        largest = min(largest, max(FLATTEST * outline.thinnest, size))
    while (adaptive or not rings) and size * 2.0 ** (levels + 1) <= largest:
        levels += 1
    coarsest = size * 2.0**levels
    if isinstance(outline, Layered):
        return make_layers(outline, coarsest, sector), levels
    if isinstance(outline, Annulus):
        return make_section(geometry.shape, outline.radius, outline.inner_radius, coarsest, sector,
                            outline.side), levels
    root = fill_section(outline, coarsest, sector)
    return (root, levels) if adaptive else (refined_evenly(root, levels), 0)


def _section_from_file(config: Config, size: float | None) -> Section:
    """The mesh of a file, which must be a sector that the crystal allows."""
    geometry = config.geometry
    if geometry.path is None:
        raise ConfigError("no path", where="geometry.path")
    section = read_section(geometry.path, element_size=size, diameter=geometry.diameter, unit=geometry.unit,
                           reacting=geometry.reacting)
    require_sector(section.sector, section_symmetry(crystal_of(config)[1]))
    require_load_fits(config, section.sector, section.radius, "geometry.path")
    if geometry.sector not in ("auto", section.sector):
        raise ConfigError(f"sector '{geometry.sector}', but the mesh file is a {section.sector} section",
                          where="geometry.sector", allowed=f"auto, {section.sector}")
    if geometry.contact is None:
        return section
    outline = in_contact(config, section.outline)
    if SECTORS.index(section.sector) < SECTORS.index(outline.smallest_sector):
        raise ConfigError(f"the mesh file is a {section.sector} section, which the contact is not symmetric enough for",
                          where="geometry.contact", allowed=f"a {outline.smallest_sector} section, or another contact")
    surface = section.mesh.boundaries["surface"]
    middle = section.mesh.doflocs[:, section.mesh.dofs.facet_dofs[0, surface]]
    reacting = surface[outline.reacts("surface", middle)]
    if not reacting.size:
        raise ConfigError("no edge of the mesh file's surface lies in the contact", where="geometry.contact",
                          allowed="an arc of at least one edge")
    return replace(section, outline=outline).with_reacting(reacting)


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


def front_note(config: Config, section: Section, delta: float) -> str | None:
    """What elements too large for a front of half-thickness ``delta`` (nm) do; None where they are not."""
    finest = section.actual_size if config.geometry.shape == "file" else resolution(config)[0]
    start = config.front.conversion_start
    enough, usual = resolving_size(delta, start), resolving_size(delta, USUAL_START)
    if finest is None or finest <= enough * (1.3 if enough == usual else 1.0):
        return None
    said = f"elements of {finest:.4g} nm do not resolve a front of half-thickness {delta:g} nm"
    if enough == usual:
        return f"{said}: take {enough:g} nm, or figures scatter by a tenth"
    return (f"{said} that converts from xi_lo = {start:g} on: take {enough:.2g} nm, or front.conversion_start: "
            f"{USUAL_START:g} with {usual:g} nm, or figures are off by a tenth and more")


def force_note(config: Config, section: Section) -> str | None:
    """What becomes of a wire under an axial force that its reacted phase cannot carry alone; None where it can.

    Raises
    ------
    ConfigError
        The unreacted wire yields under the force. Without hardening there is then no equilibrium.
    """
    force, host, product = config.mechanics.axial_force, config.material.mechanics.host, (
        config.material.mechanics.reacted)
    if section.outline.interfaces:
        return None  # what the layers carry is not counted up here
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
