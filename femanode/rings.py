"""Concentric-ring triangulation of a disc, an annulus or a sector of them: points and triangles only.

On the line config -> mesh -> state -> solver -> output -> postprocess this is the inside of the mesh.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

import numpy as np
from numpy.typing import NDArray

_ROW = np.sqrt(3.0) / 2.0  # spacing of rows of equilateral triangles, in edge lengths
# rounding the count up from .2 instead of .5 keeps the innermost rings from tripling (quality 0.72 -> 0.81)
_ROUND_UP = 0.3
# turning closed rings by (half the golden ratio) times the square of their number leaves no regular pattern
_TURN = 0.25 * (np.sqrt(5.0) - 1.0)
# equal parts of a closed section that is going to be refined, and the fewer ones of its innermost rings
_PARTS = 24
_INNERMOST = (6, 12)


@dataclass(frozen=True)
class _Ring:
    """One circle of points: first node, number of segments, whether it closes, and its turn in segments."""

    first: int
    segments: int
    closed: bool
    offset: float

    @property
    def nodes(self) -> int:
        """Number of nodes; the centre is a ring of one node and no segment."""
        return max(1, self.segments if self.closed else self.segments + 1)

    def at(self, index: NDArray[np.intp]) -> NDArray[np.intp]:
        """Global node of a position along the ring, wrapping round on a full circle."""
        return self.first + index % self.nodes

    def middles(self) -> NDArray[np.float64]:
        """Midpoints of the segments, in spans."""
        middles: NDArray[np.float64] = (np.arange(self.segments) + 0.5 + self.offset) / self.segments
        return middles

    def before(self, fraction: NDArray[np.float64], side: Literal["left", "right"]) -> NDArray[np.intp]:
        """Number of segments (on a circle modulo all) with their midpoint before, or at (right), a place."""
        middles = self.middles()
        if self.closed:
            middles = np.concatenate([middles - 1.0, middles, middles + 1.0])
        return np.searchsorted(middles, fraction, side)


def triangulate_rings(
    radius: float, inner_radius: float, element_size: float, span: float, *, alike: bool = False
) -> tuple[NDArray[np.float64], NDArray[np.intp]]:
    """Fill a sector of a disc or annulus with triangles of about equal size.

    Rings are equally spaced by about sqrt(3)/2 element sizes, each with as many equal segments as its arc
    holds element sizes. Open rings and the outermost closed one start on the x axis; the other closed rings
    are turned, as their stagger would otherwise draw five lobes that a front could follow. Two neighbouring
    rings are joined by always closing with the shorter diagonal, which is the order in which the midpoint
    angles of their segments come.

    Parameters
    ----------
    radius, inner_radius : float
        Outer and inner radius, nm; 0 inside gives a centre node at exactly (0, 0).
    element_size : float
        Wanted edge length, nm.
    span : float
        Angle of the sector from the x axis, rad: pi/2, pi, or 2 pi (closed).
    alike : bool
        Make a closed section of 24 equal parts, as the root of a refined mesh: elements so large would otherwise
        press lobes into a shell that flows, which has nothing to hold them back.

    Returns
    -------
    points : ndarray, shape (2, n)
        nm; those on the ends of a quarter or half are exactly on x = 0 and y = 0.
    triangles : ndarray, shape (3, m)
        Counter-clockwise.
    """
    closed = bool(np.isclose(span, 2.0 * np.pi))
    rows = max(1, round((radius - inner_radius) / (_ROW * element_size)))
    points: list[NDArray[np.float64]] = []
    triangles: list[NDArray[np.intp]] = []
    previous: _Ring | None = None
    first = 0
    for i, r in enumerate(np.linspace(inner_radius, radius, rows + 1)):
        if closed and alike:
            segments, offset = _in_parts(r * span / element_size), 0.5 * ((rows - i) % 2)
        else:
            segments = max(1, round(span / (0.5 * np.pi)), round(r * span / element_size + _ROUND_UP)) if r else 0
            offset = (_TURN * (rows - i) ** 2) % 1.0 if closed else 0.0
        ring = _Ring(first, segments, closed, offset)
        points.append(_arc(r, ring, span))
        if previous is not None:
            triangles.append(_zip_rings(previous, ring))
        previous = ring
        first += ring.nodes
    return np.hstack(points), np.hstack(triangles)


def _in_parts(wanted: float) -> int:
    """Number of segments of a ring nearest in proportion to the wanted one; 0 at the centre."""
    if wanted == 0.0:
        return 0
    choice = np.array([*_INNERMOST, *(_PARTS * np.arange(1, 2 + int(wanted / _PARTS)))])
    return int(choice[np.argmin(np.abs(np.log(choice / wanted)))])


def _arc(r: float, ring: _Ring, span: float) -> NDArray[np.float64]:
    """Points of a ring, exact where cosine or sine is zero."""
    angle = (np.arange(ring.nodes) + ring.offset) * (span / max(1, ring.segments))
    unit = np.array([np.cos(angle), np.sin(angle)])
    unit[np.abs(unit) < 1e-12] = 0.0
    return r * unit


def _zip_rings(inner: _Ring, outer: _Ring) -> NDArray[np.intp]:
    """Triangles between two rings, counter-clockwise."""
    a, b = np.arange(inner.segments), np.arange(outer.segments)
    if inner.segments == 0:
        return np.array([np.full_like(b, inner.first), outer.at(b), outer.at(b + 1)])
    tip_a, tip_b = outer.before(inner.middles(), "left"), inner.before(outer.middles(), "right")
    on_inner = np.array([inner.at(a), outer.at(tip_a), inner.at(a + 1)])
    on_outer = np.array([inner.at(tip_b), outer.at(b), outer.at(b + 1)])
    return np.hstack([on_inner, on_outer])
