"""Meshes of cross-sections, or of a sector of one, made by the program."""

from __future__ import annotations

import numpy as np

from femanode.errors import MeshError
from femanode.mesh.layers import Layered
from femanode.mesh.outline import SPANS, Annulus, Outline
from femanode.mesh.rings import triangulate_rings
from femanode.mesh.section import Section, build_section

__all__ = ["Section", "make_layers", "make_section", "require_size"]

_MAX_ELEMENTS = 4_000_000


def make_section(shape: str, radius: float, inner_radius: float, element_size: float, sector: str,
                 reacting: str = "outer") -> Section:
    """Mesh a circle or an annulus with concentric rings of triangles.

    Quarter, half and full sections of the same sizes are parts of one mesh, see :mod:`femanode.mesh.rings`.

    Parameters
    ----------
    shape : str
        ``'circle'`` or ``'annulus'``.
    radius, inner_radius : float
        nm; `inner_radius` is 0 for a circle.
    element_size : float
        Wanted edge length, nm.
    sector : str
        ``'quarter'``, ``'half'`` or ``'full'``.
    reacting : str
        Side that reacts: ``'outer'``, of an annulus also ``'inner'`` or ``'both'``.

    Raises
    ------
    MeshError
        The sizes make no section, or the elements are too coarse or too many.
    """
    if sector not in SPANS:
        raise MeshError(f"sector '{sector}'", where="geometry.sector", allowed=", ".join(SPANS))
    if shape not in ("circle", "annulus"):
        raise MeshError(f"shape '{shape}'", where="geometry.shape", allowed="circle, annulus")
    if not (np.isfinite(radius) and radius > 0.0):
        raise MeshError(f"radius {radius:g} nm", where="geometry.diameter", allowed="above 0 nm")
    if inner_radius != 0.0 if shape == "circle" else not 0.0 < inner_radius < radius:
        allowed = "0 nm for a circle" if shape == "circle" else f"between 0 and {radius:g} nm"
        raise MeshError(f"inner radius {inner_radius:g} nm", where="geometry.inner_diameter", allowed=allowed)
    require_size(element_size, radius, inner_radius, sector)
    points, triangles = triangulate_rings(radius, inner_radius, element_size, sector)
    return build_section(points, triangles, sector, Annulus(radius, inner_radius, reacting), element_size,
                         "generated mesh")


def make_layers(outline: Layered, element_size: float, sector: str) -> Section:
    """Mesh a round section in layers, with edges along the circles at which they meet; arguments as above.

    Raises
    ------
    MeshError
        No such mesh of elements of this size was found.
    """
    inner, *between, outer = outline.radii
    points, triangles = triangulate_rings(outer, inner, element_size, sector, tuple(between))
    section = build_section(points, triangles, sector, outline, element_size, "generated mesh")
    return section.with_regions(outline.region(points, triangles))


def require_size(element_size: float, radius: float, inner_radius: float, sector: str) -> None:
    """Check that an element size (nm) gives neither too many elements nor fewer than two rows.

    Raises
    ------
    MeshError
        The size is out of this range.
    """
    require_size_on(Annulus(radius, inner_radius), element_size, sector)


def require_size_on(outline: Outline, element_size: float, sector: str) -> None:
    """As :func:`require_size`, for any outline.

    Raises
    ------
    MeshError
        The size is out of this range.
    """
    largest = 0.5 * outline.wall
    finest = np.sqrt(outline.area(sector) / (0.5 * _MAX_ELEMENTS * np.sqrt(0.75)))
    if not finest <= element_size <= largest:
        allowed = f"{finest:.3g} nm ({_MAX_ELEMENTS} elements) to {largest:.3g} nm (two rows of elements)"
        raise MeshError(f"element size {element_size:g} nm", where="mesh.element_size", allowed=allowed,
                        hint=f"the section is {2 * outline.reference_radius:g} nm wide")
