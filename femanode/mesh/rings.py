"""Triangulation in concentric rings of a disc or annulus, or of a quarter or half of one: points and triangles only.

Every mesh is made of one wedge of 15 degrees, mirrored again and again. Each multiple of 15 degrees is therefore a
mirror line of the mesh, so that it has the mirror lines of two-, three-, four- and sixfold crystals, and a quarter, a
half and a whole section of the same sizes are parts of one mesh.

A ring has k equal segments in a *part* of 30 degrees, k = 1 or even. A *plain* ring has a node on every mirror line
(for k = 1 on every second one). A *staggered* ring has a segment across each mirror line, which is cut in two there.
Plain and staggered rings of equal k alternate. This makes nearly equilateral triangles, halves of them at the mirror
lines, and a surface with equal nodes. Where k changes both rings are plain, which keeps the wedge symmetric.
"""

from __future__ import annotations

from itertools import pairwise, product
from typing import NamedTuple

import numpy as np

from femanode.errors import MeshError
from femanode.numerics.arrays import Array, BoolArray, IntArray

#: Angle of a part of the rings, rad, and the number of parts in a quarter.
_PART = np.pi / 6.0
_QUARTER = 3
#: Spacing of two rings over the element size, and length of segments over the element size. The triangles are flatter
#: than equilateral ones of the same area, because their halves at the mirror lines would otherwise be slender.
_ROW = 0.78
_EDGE = 1.15
#: Radius of the innermost ring of a disc, in element sizes; with less its twelve chords would be short.
_FIRST = 1.7
#: Largest edge over its distance from the centre, so that elements grow gradually outwards from a narrow hole.
_WIDEST = 0.5
#: Smallest quality, 2 inradius/circumradius, aimed at, and the cost per shortfall from it.
_QUALITY, _SHORT = 0.73, 6.0
#: Cost weight of the segment length on the outline, relative to other rings: it limits how well the circle is met.
_OUTLINE = 4.0
#: Segments in a part above which a change of k by 2 is so small that no triangle becomes slender.
_FINE = 12
#: Rows in a layer from which on only two numbers of rows are tried.
_THICK = 8
#: Cost of a surface ring without a staggered ring below it; its nodes would be unequal.
_UNEVEN = 1.0


class _Ring(NamedTuple):
    """A ring: number k of segments in a part (0 for the centre), and whether it is staggered."""

    k: int
    staggered: bool

    @property
    def places(self) -> IntArray:
        """Positions of the nodes of a part along the ring, both ends included, in half segments; one for the centre."""
        if self.k == 0:
            return np.zeros(1, dtype=np.intp)
        if not self.staggered:
            return np.arange(0, 2 * self.k + 1, 2)
        return np.unique(np.concatenate([[0, self.k, 2 * self.k], np.arange(1, 2 * self.k, 2)]))

    @property
    def radial(self) -> Array:
        """Radii of these nodes, relative to the ring's. Nodes that cut a segment in two lie on its chord."""
        cut = (self.places % 2 == 0) & self.staggered
        return np.where(cut, np.cos(0.5 * _PART / max(self.k, 1)), 1.0)

    @property
    def steps(self) -> int:
        """Number of segments in a part, with both halves of those that are cut."""
        return len(self.places) - 1

    def first_wedge(self) -> tuple[IntArray, BoolArray]:
        """Middles (in half segments) of the segments that reach into the first wedge, and which of them lie within it.

        The middle of a cut segment is on the mirror line, for either half.
        """
        places = self.places
        reach = places[:-1] < self.k
        middles = (places[:-1] + places[1:])[reach]
        whole = middles < 2 * self.k
        half = np.diff(places)[reach] == 1
        middles[half] = np.where(places[:-1][reach][half] == 0, 0, 2 * self.k)
        return middles, whole


def triangulate_rings(radius: float, inner_radius: float, element_size: float, sector: str,
                      between: tuple[float, ...] = ()) -> tuple[Array, IntArray]:
    """Fill a sector of a disc or annulus with triangles of nearly equal size.

    Parameters
    ----------
    radius, inner_radius : float
        Outer and inner radius, nm; with inner radius 0 there is a node at exactly (0, 0).
    element_size : float
        Wanted edge length, nm.
    sector : str
        ``'quarter'`` (x, y >= 0), ``'half'`` (y >= 0) or ``'full'``. Nodes and triangles of the half are those of the
        quarter, followed by their mirror images in x = 0; of the full section, those of the half and their images in
        y = 0.
    between : tuple of float
        Radii of circles, nm, rising, along which edges must run.

    Returns
    -------
    points : ndarray, shape (2, n)
        nm; mirror images agree to the last bit, and nodes on the axes have a coordinate of exactly 0.
    triangles : ndarray, shape (3, m)
        Counter-clockwise.
    """
    rings = _layers((inner_radius, *between, radius), element_size) if between else _rings(radius, inner_radius,
                                                                                           element_size)
    points, triangles = _quarter(*rings)
    for axis in {"quarter": (), "half": (0,), "full": (0, 1)}[sector]:
        points, triangles = with_image(points, triangles, axis)
    return points, triangles


def _rings(radius: float, inner_radius: float, element_size: float) -> tuple[Array, list[_Ring]]:
    """Radii of the rings, nm, and the rings; of a few possible numbers of rings the one of least cost."""
    radii = [inner_radius]
    while radii[-1] < radius:
        step = _ROW * min(element_size, _WIDEST * radii[-1])
        radii.append(radii[-1] + (step if radii[-1] > 0.0 else _FIRST * element_size))
    fewer = max(len(radii) - 2, 3)
    choices = [_fitted(np.array(radii[:n]), radius, element_size) for n in range(fewer, len(radii) + 1)]
    _, found, rings = min(choices, key=lambda choice: choice[0])
    return found, rings


def _layers(circles: tuple[float, ...], element_size: float) -> tuple[Array, list[_Ring]]:
    """Radii of the rings, nm, and the rings, of layers that meet on ``circles``; the choice of least cost."""
    options = [_rows(low, high, element_size) for low, high in pairwise(circles)]
    best: tuple[float, Array, list[_Ring]] = (np.inf, np.zeros(0), [])
    for rows in product(*options):
        radii = np.concatenate([circles[:1], *(part for _, part in rows)])
        ends = np.cumsum([len(part) for _, part in rows])
        cost, rings = _counts(radii, element_size, frozenset(map(int, ends)))
        cost += sum(paid for paid, _ in rows)
        if cost < best[0]:
            best = cost, radii, rings
    if not best[2]:
        raise MeshError(f"no rings of elements of {element_size:g} nm between circles of radii "
                        f"{', '.join(f'{r:g}' for r in circles)} nm", where="mesh.element_size",
                        hint="take smaller ones")
    return best[1:]


def _rows(low: float, high: float, element_size: float) -> list[tuple[float, Array]]:
    """Cost and radii (nm, without ``low``) of a layer's rings, for a few numbers of them."""
    radii = [low]
    while radii[-1] < high:
        step = _ROW * min(element_size, _WIDEST * radii[-1])
        radii.append(radii[-1] + (step if radii[-1] > 0.0 else _FIRST * element_size))
    found = []
    rows = len(radii) - 1  # in a thick layer one more or less hardly matters
    for n in range(max(rows - 1, 1), rows + 1 if rows > _THICK else rows + 3):
        part = np.array(radii[1 : n + 1]) if n < len(radii) else np.linspace(low, high, n + 1)[1:]
        stretch = (high - low) / (part[-1] - low)
        part = low + (part - low) * stretch
        part[-1] = high
        wanted = rows / n if n > rows else stretch
        found.append((n * float(np.log(wanted)) ** 2, part))
    return found


def _fitted(radii: Array, radius: float, element_size: float) -> tuple[float, Array, list[_Ring]]:
    """Cost, radii (nm) and rings for the given number of radii; ring spacings are fitted to the segment lengths."""
    inner = radii[0]
    for _ in range(3):
        stretch = (radius - inner) / (radii[-1] - inner)
        last = inner + (radii - inner) * stretch
        last[-1] = radius
        cost, rings = _counts(last, element_size)
        edge = _PART * last / np.maximum([ring.k for ring in rings], 1)
        step = _ROW * np.sqrt(element_size * 0.5 * (edge[1:] + edge[:-1]))
        if inner == 0.0:
            step[0] = _FIRST * element_size
        radii = inner + np.concatenate([[0.0], np.cumsum(step)])
    return cost + len(radii) * float(np.log(stretch)) ** 2, last, rings


def _counts(radii: Array, element_size: float, plain: frozenset[int] = frozenset()) -> tuple[float, list[_Ring]]:
    """Least cost, and the rings that have it, by dynamic programming from the innermost ring outwards.

    The rings of the numbers ``plain`` are plain, as the outermost is. The cost is infinite where no rings fit.
    """
    paths: dict[_Ring, tuple[float, list[_Ring]]] = {}
    for i, r in enumerate(radii):
        if r == 0.0:
            paths[_Ring(0, False)] = (0.0, [_Ring(0, False)])
            continue
        inside = 0 < i < len(radii) - 1 and i not in plain
        wanted = _PART * r / (_EDGE * min(element_size, _WIDEST * r))
        new: dict[_Ring, tuple[float, list[_Ring]]] = {}
        for ring in _candidates(wanted, inside=inside):
            cost = (1.0 if inside else _OUTLINE) * float(np.log(ring.k / wanted)) ** 2
            for last, (paid, path) in paths.items() if i else [(ring, (0.0, []))]:
                if i and not _may_follow(last, ring):
                    continue
                total = paid + cost
                if i:
                    if last.k <= _FINE:
                        total += _SHORT * max(0.0, _QUALITY - _worst(last, ring, float(radii[i - 1]), float(r)))
                    total += _UNEVEN * (i == len(radii) - 1 and last.staggered == ring.staggered)
                if ring not in new or total < new[ring][0]:
                    new[ring] = (total, [*path, ring])
        paths = new
    return min(paths.values(), key=lambda path: path[0], default=(np.inf, []))


def _candidates(wanted: float, *, inside: bool) -> list[_Ring]:
    """Rings with about the ``wanted`` number of segments in a part; on the outlines only plain ones."""
    nearest = 2 * round(0.5 * wanted)
    counts = {1, *(k for k in range(nearest - 4, nearest + 5, 2) if k > 0)}
    return [_Ring(k, staggered) for k in sorted(counts) for staggered in ((False, True) if inside else (False,))]


def _may_follow(inner: _Ring, outer: _Ring) -> bool:
    """Whether two rings can be joined by triangles that are symmetric about the mirror lines.

    Two segments that face each other across a mirror line would form a quadrilateral, which has no symmetric cut.
    """
    if inner.k == outer.k:
        return inner.staggered != outer.staggered
    step = {0: 1, 1: 2}.get(inner.k, inner.k + 2)
    return outer.k == step and not inner.staggered and not outer.staggered


def _worst(inner: _Ring, outer: _Ring, inner_radius: float, outer_radius: float) -> float:
    """Smallest quality of the triangles between two rings."""
    which, places = _between(inner, outer)
    at = [r * ring.radial * np.exp(0.5j * _PART / max(ring.k, 1) * ring.places)
          for ring, r in ((inner, inner_radius), (outer, outer_radius))]
    corners = np.where(which == 0, at[0][np.minimum(places, inner.steps)], at[1][np.minimum(places, outer.steps)])
    side = corners[[1, 2, 0]] - corners
    a, b, c = np.abs(side)
    area = 0.5 * np.abs((side[0] * side[1].conj()).imag)
    return float((16.0 * area**2 / ((a + b + c) * a * b * c)).min())


def _quarter(radii: Array, rings: list[_Ring]) -> tuple[Array, IntArray]:
    """Points and triangles of the quarter, ring by ring from the inside, each from the x axis to the y axis."""
    nodes = np.array([_QUARTER * ring.steps + 1 for ring in rings])
    first = np.concatenate([[0], np.cumsum(nodes)])
    found = []
    for i, (inner, outer) in enumerate(pairwise(rings)):
        which, places = _between(inner, outer)
        steps = np.array([inner.steps, outer.steps])
        found += [first[i + which] + places + part * steps[which] for part in range(_QUARTER)]
    ring = np.repeat(np.arange(len(rings)), nodes)
    angle, radial = (np.concatenate(parts) for parts in zip(*map(_nodes, rings), strict=True))
    mirror = first[ring] + first[ring + 1] - 1 - np.arange(len(ring))  # in the diagonal x = y
    below, diagonal = np.arange(len(ring)) < mirror, np.arange(len(ring)) == mirror
    unit = np.stack([np.cos(angle), np.sin(angle)])
    unit = np.where(below, unit, unit[::-1, mirror])
    unit[:, diagonal] = np.sqrt(0.5)
    return radii[ring] * radial * unit, np.hstack(found)


def _nodes(ring: _Ring) -> tuple[Array, Array]:
    """Angles (rad) of a ring's nodes in the quarter, and their radii relative to the ring's."""
    if ring.k == 0:
        return np.zeros(1), np.ones(1)
    angle, last = ring.places[:-1] * (0.5 * _PART / ring.k), np.full(1, _QUARTER * _PART)
    return (np.concatenate([*(angle + part * _PART for part in range(_QUARTER)), last]),
            np.concatenate([*(ring.radial[:-1],) * _QUARTER, ring.radial[-1:]]))


def _between(inner: _Ring, outer: _Ring) -> tuple[IntArray, IntArray]:
    """Triangles of one part between two rings: ring (0 or 1) of each corner, and its position there, both (3, m).

    Segments are joined in the order of their middles, which always gives the shorter diagonal.
    """
    if inner.k == 0:
        one = np.arange(outer.steps)
        return np.array([[0], [1], [1]]) + 0 * one, np.array([0 * one, one, one + 1])
    (middle_a, whole_a), (middle_b, whole_b) = inner.first_wedge(), outer.first_wedge()
    middle_a, middle_b = middle_a * outer.k, middle_b * inner.k  # in a common unit
    a, b = np.arange(len(middle_a)), np.arange(len(middle_b))
    tip_a, tip_b = np.searchsorted(middle_b, middle_a), np.searchsorted(middle_a, middle_b, "right")
    which = np.hstack([np.array([[0], [1], [0]]) + 0 * a, np.array([[0], [1], [1]]) + 0 * b])
    places = np.hstack([np.array([a, tip_a, a + 1]), np.array([tip_b, b, b + 1])])
    whole = np.hstack([whole_a, whole_b])  # the others are their own mirror images
    image = np.where(which == 0, inner.steps, outer.steps) - places
    return np.hstack([which, which[[0, 2, 1]][:, whole]]), np.hstack([places, image[[0, 2, 1]][:, whole]])


def with_image(points: Array, triangles: IntArray, axis: int) -> tuple[Array, IntArray]:
    """Points and triangles with their mirror images in x = 0 (axis 0) or y = 0 (axis 1); points on it are shared."""
    off = points[axis] != 0.0
    image = np.where(off, points.shape[1] + np.cumsum(off) - 1, np.arange(points.shape[1]))
    sign = np.array([[-1.0], [1.0]]) if axis == 0 else np.array([[1.0], [-1.0]])
    return np.hstack([points, sign * points[:, off]]), np.hstack([triangles, image[triangles[[0, 2, 1]]]])
