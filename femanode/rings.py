"""Ring triangulation of a disc or an annulus, or of the quarter or half of one: points and triangles only.

On the line config -> mesh -> state -> solver -> output -> postprocess this is the inside of the mesh.

Every section is put together from one wedge of 15 degrees, mirrored again and again, so that each multiple of 15
degrees is a mirror line of the mesh: those are the mirrors that two-, three-, four- and sixfold crystals and round
sections have. A quarter, a half and a whole section of the same sizes are therefore parts of one mesh.
"""

from __future__ import annotations

import numpy as np
import scipy.sparse as sp
from numpy.typing import NDArray

Floats = NDArray[np.float64]
Ints = NDArray[np.intp]

#: Equal parts of the circle, each the mirror image of the next and itself made of two mirrored wedges; three a quarter.
_PARTS = 12
_QUARTER = _PARTS // 4
#: Spacing of rows of equilateral triangles, in edge lengths.
_ROW = np.sqrt(3.0) / 2.0
#: Radius of the innermost ring of a disc, in rows: its twelve chords would otherwise be short beside the other edges.
_FIRST = 1.7
#: Largest spacing of two rings, in segments of the inner one: rings round a narrow hole widen step by step.
_WIDEST = 1.2
#: Sweeps that move nodes along their rings to the mean of their neighbours, which turns right angles towards 60 degrees.
_SWEEPS = 10


def triangulate_rings(radius: float, inner_radius: float, element_size: float, sector: str) -> tuple[Floats, Ints]:
    """Fill a sector of a disc or annulus with triangles of about equal size.

    Rings lie about sqrt(3)/2 element sizes apart, each with as many segments as its arc holds element sizes, rounded to
    a number that the mirror lines allow. Two neighbouring rings are joined in the order of the midpoints of their
    segments, which is always closing with the shorter diagonal. Round a disc's centre, where twelve parts meet,
    edges go down to 0.5 and up to 1.6 element sizes; the smallest quality (2 inradius/circumradius) is 0.73.

    Parameters
    ----------
    radius, inner_radius : float
        Outer and inner radius, nm; 0 inside gives a centre node at exactly (0, 0).
    element_size : float
        Wanted edge length, nm.
    sector : str
        ``'quarter'`` (x, y >= 0), ``'half'`` (y >= 0) or ``'full'``. The half begins with the quarter's nodes and
        triangles and goes on with their mirror images in x = 0, the full section with those of the half in y = 0.

    Returns
    -------
    points : ndarray, shape (2, n)
        nm; mirror images agree to the last bit, and nodes on the axes have a coordinate of exactly 0.
    triangles : ndarray, shape (3, m)
        Counter-clockwise.
    """
    radii, counts = _rings(radius, inner_radius, element_size)
    points, triangles = _quarter(radii, counts)
    for axis in {"quarter": (), "half": (0,), "full": (0, 1)}[sector]:
        points, triangles = _with_image(points, triangles, axis)
    return points, triangles


def _rings(radius: float, inner_radius: float, element_size: float) -> tuple[Floats, list[int]]:
    """Radii of the rings, nm, and segments of each in a part; 0 segments at the centre."""
    radii, counts = _march(inner_radius, element_size, _ROW, outer=radius)
    rows = len(radii) - 1
    if rows > 2 and radii[-1] - radius > 0.5 * (radii[-1] - radii[-2]):
        rows -= 1
    rows, spacing = max(rows, 2), _ROW
    for _ in range(8):
        # As many rows as fit best, stretched until they do.
        radii, counts = _march(inner_radius, element_size, spacing, rows=rows)
        spacing *= (radius - inner_radius) / (radii[-1] - inner_radius)
    stretched = inner_radius + (radii - inner_radius) * ((radius - inner_radius) / (radii[-1] - inner_radius))
    stretched[-1] = radius
    return stretched, counts


def _march(inner_radius: float, element_size: float, spacing: float, *, outer: float = np.inf, rows: int = 10**9,
           ) -> tuple[Floats, list[int]]:
    """Rings from the inside out, up to a number of rows or the first at or beyond a radius."""
    wanted = np.pi / 6.0 / element_size  # segments of a part, per radius
    radii, counts = [inner_radius], [max(1, round(wanted * inner_radius)) if inner_radius > 0.0 else 0]
    while radii[-1] < outer and len(radii) <= rows:
        last = counts[-1]
        if last == 0:
            radii.append(_FIRST * spacing * element_size)
            counts.append(1)
            continue
        segment = radii[-1] * np.pi / 6.0 / last
        radii.append(radii[-1] + min(spacing * np.sqrt(element_size * segment), _WIDEST * segment))
        # Between two odd numbers an edge of either ring would cross the mirror line, and no diagonal is symmetric.
        allowed = np.array([n for n in range(last, 2 * last + 1) if last % 2 == 0 or n % 2 == 0])
        counts.append(int(allowed[np.argmin(np.abs(np.log(allowed / (wanted * radii[-1]))))]))
    return np.array(radii), counts


def _quarter(radii: Floats, counts: list[int]) -> tuple[Floats, Ints]:
    """Points and triangles of the quarter; ring by ring, each from the x axis to the y axis."""
    nodes = np.array([_QUARTER * n + 1 if n else 1 for n in counts])
    first = np.concatenate([[0], np.cumsum(nodes)])
    found = []
    for i in range(len(counts) - 1):
        rings, places = _between(counts[i], counts[i + 1], flip=i % 2 == 1)
        steps = np.array(counts[i:i + 2])
        found += [first[i + rings] + places + part * steps[rings] for part in range(_QUARTER)]
    triangles = np.hstack(found)
    ring = np.repeat(np.arange(len(counts)), nodes)
    # Angles in parts, exact multiples on the mirror lines.
    angle = np.concatenate([np.arange(m) / max(n, 1) for m, n in zip(nodes, counts, strict=True)])
    free = (ring > 0) & (ring < len(counts) - 1)
    free[np.concatenate([first[:-1], first[1:] - 1])] = False
    angle = _evened(angle, triangles, free, centre=counts[0] == 0)
    mirror = first[ring] + first[ring + 1] - 1 - np.arange(len(ring))  # in the diagonal x = y
    below, diagonal = np.arange(len(ring)) < mirror, np.arange(len(ring)) == mirror
    unit = np.stack([np.cos(angle * np.pi / 6.0), np.sin(angle * np.pi / 6.0)])
    unit = np.where(below, unit, unit[::-1, mirror])
    unit[:, diagonal] = np.sqrt(0.5)
    return radii[ring] * unit, triangles


def _between(inner: int, outer: int, *, flip: bool) -> tuple[Ints, Ints]:
    """Triangles of one part between two rings: which ring (0, 1) each corner is on, and its place there, (3, m).

    Where midpoints of both rings fall together all diagonals lean towards the mirror line, or all away (``flip``).
    """
    if inner == 0:
        one = np.arange(outer)
        return np.array([[0], [1], [1]]) + 0 * one, np.array([0 * one, one, one + 1])
    a, b = np.arange((inner + 1) // 2), np.arange((outer + 1) // 2)  # segments of the first wedge, or half in it
    # Midpoints of the segments in a common unit, so that ties are exact.
    middle_a, middle_b = (2 * a + 1) * outer, (2 * b + 1) * inner
    tip_a = np.searchsorted(middle_b, middle_a, "right" if flip else "left")
    tip_b = np.searchsorted(middle_a, middle_b, "left" if flip else "right")
    rings = np.hstack([np.array([[0], [1], [0]]) + 0 * a, np.array([[0], [1], [1]]) + 0 * b])
    places = np.hstack([np.array([a, tip_a, a + 1]), np.array([tip_b, b, b + 1])])
    whole = np.hstack([2 * a + 1 < inner, 2 * b + 1 < outer])  # the others are their own mirror images
    image = np.where(rings == 0, inner, outer) - places
    return (np.hstack([rings, rings[[0, 2, 1]][:, whole]]), np.hstack([places, image[[0, 2, 1]][:, whole]]))


def _evened(angle: Floats, triangles: Ints, free: NDArray[np.bool_], *, centre: bool) -> Floats:
    """Angles with the free nodes moved along their rings towards the mean of their neighbours."""
    pairs = np.hstack([triangles[[0, 1]], triangles[[1, 2]], triangles[[2, 0]]])
    pairs = pairs[:, (pairs > 0).all(axis=0)] if centre else pairs
    pairs = np.hstack([pairs, pairs[::-1]])
    graph = sp.coo_array((np.ones(pairs.shape[1]), (pairs[0], pairs[1])), shape=(len(angle),) * 2).tocsr()
    graph.data[:] = 1.0
    count = np.maximum(np.diff(graph.indptr), 1)
    for _ in range(_SWEEPS):
        angle = np.where(free, 0.5 * (angle + (graph @ angle) / count), angle)
    return angle


def _with_image(points: Floats, triangles: Ints, axis: int) -> tuple[Floats, Ints]:
    """Points and triangles with their mirror images in x = 0 (axis 0) or y = 0 (axis 1); those on it are shared."""
    off = points[axis] != 0.0
    image = np.where(off, points.shape[1] + np.cumsum(off) - 1, np.arange(points.shape[1]))
    sign = np.array([[-1.0], [1.0]]) if axis == 0 else np.array([[1.0], [-1.0]])
    return np.hstack([points, sign * points[:, off]]), np.hstack([triangles, image[triangles[[0, 2, 1]]]])
