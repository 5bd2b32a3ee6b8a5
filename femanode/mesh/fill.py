"""Triangles for a section of any outline that is seen whole from the axis.

Nodes are first set on the boundary at equal distances along it, with one at each corner and where symmetry lines meet
it. The inside is filled with a lattice, whose nodes then push each other apart while the boundary stays (springs, as in
Persson & Strang 2004, SIAM Review 46, 329), with Delaunay's triangles in each round. A symmetric section is made of the
mirror images of its smallest sector, so that quarter, half and full are parts of one mesh.

Only coarse meshes are made this way; a fine one is a coarse one refined (:mod:`femanode.mesh.hierarchy`).
"""

from __future__ import annotations

from itertools import pairwise

import numpy as np
from scipy.spatial import Delaunay, cKDTree

from femanode.errors import MeshError
from femanode.mesh.outline import SPANS, Outline
from femanode.mesh.rings import with_image
from femanode.mesh.section import Section, build_section, edge_lengths, signed_areas
from femanode.mesh.wrapped import Wrapped, straddles
from femanode.numerics.arrays import Array, BoolArray, IntArray

#: Rounds of springs, the share of a spring's force by which a node moves, and the length at rest over the mean length.
_ROUNDS, _STEP, _LONGER = 60, 0.2, 1.2
#: Least distance of the lattice's nodes from those of the boundary, in element sizes.
_APART = 0.7
#: Places of the lattice that are tried, relative to its cell; the mesh with the best worst triangle is taken.
_PLACES = tuple((0.31 * k % 1.0, 0.57 * k % 1.0) for k in range(4))
#: Points along the boundary, per radian, at which its length is measured.
_DENSE = 2000
_LEAST_QUALITY = 0.3


def fill_section(outline: Outline | Wrapped, element_size: float, sector: str) -> Section:
    """Mesh a sector of an outline.

    Parameters
    ----------
    outline : Outline
        Every ray from the axis leaves the section once.
    element_size : float
        Wanted edge length, nm.
    sector : str
        ``'quarter'``, ``'half'`` or ``'full'``, no smaller than the outline's smallest.

    Raises
    ------
    MeshError
        No mesh of useful triangles was found.
    """
    smallest = outline.smallest_sector
    between = outline.between if isinstance(outline, Wrapped) else ()
    border = _border(outline, element_size, smallest, between)
    best: tuple[float, Array, IntArray] | None = None
    for place in _PLACES:
        points, triangles = _filled(outline, border, element_size, place)
        a, b, c = edge_lengths(points, triangles)
        quality = float((16.0 * signed_areas(points, triangles) ** 2 / ((a + b + c) * a * b * c)).min())
        if not _closed(triangles, border.shape[1]) or any(straddles(curve, points, triangles) for curve in between):
            continue
        if best is None or quality > best[0]:
            best = quality, points, triangles
    if best is None or best[0] < _LEAST_QUALITY:
        raise MeshError(f"no mesh of the {outline} with elements of {element_size:g} nm", where="mesh.element_size",
                        hint="take other elements, or mesh the section with another program (geometry.shape: file)")
    _, points, triangles = best
    images = {"quarter": 0, "half": 1, "full": 2}
    for axis in range(images[smallest], images[sector]):
        points, triangles = with_image(points, triangles, axis)
    section = build_section(points, triangles, sector, outline, element_size, "generated mesh")
    return section.with_regions(outline.region(points, triangles)) if isinstance(outline, Wrapped) else section


def _border(outline: Outline, size: float, sector: str, between: tuple[Outline, ...] = ()) -> Array:
    """Nodes (2, b) that stay: on the curves of a sector, on those of layers between, and on its symmetry lines.

    The nodes of a thin coating's surface face those of the curve within it, so that the edges of both are Delaunay's.
    """
    span = SPANS[sector]
    found = [_along(curve, 0, size, span) for curve in between]
    if isinstance(outline, Wrapped) and 0.0 < outline.coating < size:
        faced = found[-1]
        on = outline.project("surface", faced + 0.5 * outline.coating * outline.normal(faced))
        found.append(np.where(faced == 0.0, 0.0, on))
    else:
        found += [_along(outline, index, size, span) for index in range(len(outline.curves))]
    for angle in {"quarter": (0.0, span), "half": (0.0, span), "full": ()}[sector]:
        direction = _direction(np.array([angle]))[:, 0]
        inner, outer = map(float, outline.reach(direction))
        stops = [inner, *(float(curve.reach(direction)[1]) for curve in between), outer]
        for start, end in pairwise(stops):
            n = max(round((end - start) / size), 1)
            # The axis is a node of one of the lines only, and the ends of a line belong to the curves.
            first = 0 if outline.solid and angle == 0.0 and start == inner else 1
            found.append(direction[:, None] * (start + (end - start) * np.arange(first, n) / n))
    if sector == "full" and outline.solid:
        found.append(np.zeros((2, 1)))
    return np.hstack(found)


def _along(outline: Outline, index: int, size: float, span: float) -> Array:
    """Nodes (2, m) at equal distances along the outer (0) or inner (1) curve, with one at each corner."""
    whole = span > 1.99 * np.pi
    breaks = sorted({0.0, span} | {angle % (2.0 * np.pi) for angle in outline.corners if angle % (2.0 * np.pi) < span})
    breaks = [a for i, a in enumerate(breaks) if i == 0 or a - breaks[i - 1] > 1e-9]
    if whole and outline.corners:
        # Without a node at angle 0, where there is nothing.
        breaks = [a for a in breaks if 1e-9 < a < span - 1e-9 or any(abs(a - c % span) < 1e-9 for c in outline.corners)]
        breaks.append(breaks[0] + span)
    angles = []
    for start, end in pairwise(breaks):
        dense = np.linspace(start, end, max(int(_DENSE * (end - start)), 20))
        points = _direction(dense) * outline.reach(_direction(dense))[1 - index]
        length = np.concatenate([[0.0], np.cumsum(np.sqrt((np.diff(points, axis=1) ** 2).sum(axis=0)))])
        n = max(round(length[-1] / size), 1)
        angles.append(np.interp(np.arange(n) * length[-1] / n, length, dense))
    if not whole:
        angles.append(np.array([span]))
    direction = _direction(np.concatenate(angles))
    return np.asarray(direction * outline.reach(direction)[1 - index])


def _direction(angle: Array) -> Array:
    """Unit vectors (2, n); components along the axes are exact."""
    out = np.stack([np.cos(angle), np.sin(angle)])
    out[np.abs(out) < 1e-12] = 0.0
    return out


def _filled(outline: Outline, border: Array, size: float, place: tuple[float, float]) -> tuple[Array, IntArray]:
    """Points (2, n), those of the border first, and triangles (3, m) of a sector."""
    low, high = border.min(axis=1), border.max(axis=1)
    row = size * np.sqrt(0.75)
    x, y = np.meshgrid(np.arange(low[0] - size, high[0] + size, size), np.arange(low[1] - row, high[1] + row, row))
    x = x + 0.5 * size * (np.arange(len(y)) % 2)[:, None]
    inside = np.stack([x.ravel() + place[0] * size, y.ravel() + place[1] * row])
    nearest, _ = cKDTree(border.T).query(inside.T)
    inside = inside[:, (nearest > _APART * size) & _within(outline, inside, low, high)]
    fixed = border.shape[1]
    points = np.hstack([border, inside])
    for _ in range(_ROUNDS):
        triangles = _delaunay(outline, points, low, high)
        bars = np.unique(np.sort(np.hstack([triangles[[0, 1]], triangles[[1, 2]], triangles[[2, 0]]]), axis=0), axis=1)
        way = points[:, bars[0]] - points[:, bars[1]]
        length = np.sqrt((way**2).sum(axis=0))
        push = np.maximum(_LONGER * np.sqrt(np.mean(length**2)) - length, 0.0) / length * way
        moved = points.copy()
        for end, sign in ((0, 1.0), (1, -1.0)):
            for i in range(2):
                moved[i] += _STEP * sign * np.bincount(bars[end], push[i], points.shape[1])
        keep = _within(outline, moved, low, high)
        keep[:fixed] = False
        points[:, keep] = moved[:, keep]
    return points, _delaunay(outline, points, low, high)


def _within(outline: Outline, points: Array, low: Array, high: Array) -> BoolArray:
    """Whether points (2, n) lie in the section and in the box of the sector."""
    r = np.sqrt((points**2).sum(axis=0))
    inner, outer = outline.reach(points / np.where(r > 0.0, r, 1.0))
    box = np.all((points > low[:, None] - 1e-9 * r.max()) & (points < high[:, None] + 1e-9 * r.max()), axis=0)
    return np.asarray((r > inner) & (r < outer) & box)


def _closed(triangles: IntArray, fixed: int) -> bool:
    """Whether the triangles (3, m) end at edges between the first ``fixed`` nodes only, those of the border."""
    edges = np.sort(np.hstack([triangles[[0, 1]], triangles[[1, 2]], triangles[[2, 0]]]), axis=0)
    found, count = np.unique(edges, axis=1, return_counts=True)
    return bool(found[:, count == 1].max() < fixed)


def _delaunay(outline: Outline, points: Array, low: Array, high: Array) -> IntArray:
    """Counter-clockwise triangles (3, m) of Delaunay whose middles lie in the sector, without flat ones."""
    triangles = np.asarray(Delaunay(points.T).simplices.T, dtype=np.int64)
    area = signed_areas(points, triangles)
    flat = np.abs(area) < 1e-6 * edge_lengths(points, triangles).max(axis=0) ** 2
    kept = ~flat & _within(outline, points[:, triangles].mean(axis=1), low, high)
    triangles, area = triangles[:, kept], area[kept]
    triangles[1:, area < 0.0] = triangles[:0:-1, area < 0.0]
    return triangles
