"""Which outline the boundary of a mesh from another program is: circles about the axis, or any other."""

from __future__ import annotations

import numpy as np

from femanode.errors import MeshError
from femanode.mesh.outline import Annulus, Outline
from femanode.mesh.section import ON_LINE
from femanode.mesh.traced import trace
from femanode.numerics.arrays import Array, IntArray

#: Longest edge, in radii, that is taken for a chord of a circle; longer ones are sides of a polygon.
_LONGEST_CHORD = 0.9


def circles_of(points: Array, edges: IntArray, sector: str, radius: float, tolerance: float,
               ) -> tuple[tuple[float, ...], IntArray]:
    """Outer and inner radius, nm, if the boundary consists of circles, otherwise nothing; and its edges on no line.

    Parameters
    ----------
    points : (2, n) nodes, nm
    edges : (2, b) boundary edges
    sector : the sector that the mesh is
    radius : largest distance of a node from the axis, nm
    tolerance : distance within which a node is on a curve, nm

    Returns
    -------
    circles : tuple of float
        Outer and inner radius; the latter 0 without a hole.
    edges : (2, m)
        Those that lie on no symmetry line.
    """
    inner, curved = _inner_radius(points, edges, radius, tolerance), _off_lines(points, edges, sector, tolerance)
    return ((radius, inner) if _on_circles(points, curved, radius, inner, tolerance) else ()), curved


def outline_of(points: Array, edges: IntArray, sector: str, circles: tuple[float, ...], side: str, where: str,
               ) -> Outline:
    """The outline of a mesh from what :func:`circles_of` returned; ``side`` says which boundary reacts.

    Raises
    ------
    MeshError
        As :func:`femanode.mesh.traced.trace`.
    """
    if not circles:
        return trace(points, edges, sector, side, where)
    if circles[1] == 0.0 and side != "outer":
        raise MeshError(f"no hole, but reacting: {side}", where=where, allowed="reacting: outer")
    return Annulus(circles[0], circles[1], side)


def _off_lines(points: Array, edges: IntArray, sector: str, tolerance: float) -> IntArray:
    """Those of the boundary edges (2, b) that lie on no symmetry line of the sector."""
    kept = np.ones(edges.shape[1], bool)
    for i in {"quarter": (0, 1), "half": (1,), "full": ()}[sector]:
        kept &= (np.abs(points[i, edges]) >= tolerance).any(axis=0)
    return edges[:, kept]


def _on_circles(points: Array, edges: IntArray, radius: float, inner: float, tolerance: float) -> bool:
    """Whether all of these boundary edges join near nodes of one of the two circles."""
    r = np.hypot(*points)[edges]  # circles about the axis are what is looked for
    near = max(2.0 * ON_LINE * radius, tolerance)
    length = np.hypot(*(points[:, edges[1]] - points[:, edges[0]]))  # lengths of edges
    on = [np.all(np.abs(r - circle) < near, axis=0) & (length < _LONGEST_CHORD * circle) for circle in (radius, inner)]
    return bool(np.all(on[0] | on[1]))


def _inner_radius(points: Array, edges: IntArray, radius: float, tolerance: float) -> float:
    """Radius of the hole, nm; 0 without one.

    There is a hole if boundary edges join innermost nodes. Edges of a symmetry line through the origin do not count.
    """
    r = np.hypot(*points)  # distance from the axis, to find a round hole
    innermost = (r[edges] < r.min() + 2.0 * tolerance).all(axis=0)
    middle = np.hypot(*points[:, edges].mean(axis=1))  # the same of their middles
    there = innermost & (middle > 0.4 * r.min())
    return rounded(float(np.median(r[np.unique(edges[:, there])]))) if there.any() else 0.0


def rounded(value: float) -> float:
    """Rounded to 12 digits, so that 64.49999999999999 becomes 64.5."""
    return float(f"{value:.12g}")
