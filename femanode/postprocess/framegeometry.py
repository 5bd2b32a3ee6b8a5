"""Geometry of a stored frame: mirror images of a sector, contour lines, the chain of nodes along the edge."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np

from femanode.numerics.arrays import Array, IntArray
from femanode.output.linearcells import split_quadratic
from femanode.output.runfolder import FrameMesh

__all__ = ["MIRRORS", "connected_parts", "distance_from_axis", "free_edges", "level_segments", "reference_radius",
           "split_quadratic", "within"]

MIRRORS: Mapping[str, tuple[tuple[int, int], ...]] = {
    "quarter": ((1, 1), (-1, 1), (-1, -1), (1, -1)),
    "half": ((1, 1), (1, -1)),
    "full": ((1, 1),),
}


def distance_from_axis(points: Array) -> Array:
    """Distance of points (n, 2) from the wire's axis, (n,), nm."""
    return np.asarray(np.hypot(*points.T))  # what the name says


def reference_radius(mesh: FrameMesh) -> float:
    """Radius of the section as it was grown, nm: the largest distance of a node from the axis."""
    return float(distance_from_axis(mesh.points).max())


def level_segments(points: Array, triangles: IntArray, values: Array, level: float) -> Array:
    """Straight pieces of a contour line on linear triangles.

    Parameters
    ----------
    points : ndarray, shape (n, 2)
    triangles : ndarray of int, shape (m, 3)
    values : ndarray, shape (n,)
    level : float

    Returns
    -------
    ndarray, shape (k, 2, 2)
        Two end points for each triangle that the contour crosses.
    """
    above = values > level  # strict on one side only, so a node at the level makes no stray piece
    crossed = triangles[np.ptp(above[triangles].astype(int), axis=1) == 1]
    starts, ends = crossed, np.roll(crossed, -1, axis=1)
    cut = above[starts] != above[ends]
    start, end = starts[cut], ends[cut]
    share = (level - values[start]) / (values[end] - values[start])
    cuts: Array = points[start] + share[:, None] * (points[end] - points[start])
    return cuts.reshape((-1, 2, 2))


def connected_parts(triangles: IntArray) -> list[tuple[IntArray, IntArray]]:
    """Parts of a mesh that share no node, as the layers of a section: nodes of each, and its triangles of those.

    Parameters
    ----------
    triangles : ndarray of int, shape (m, 3)

    Returns
    -------
    list of (ndarray of int, shape (k,), ndarray of int, shape (l, 3))
        The triangles hold places in the list of nodes.
    """
    from scipy.sparse import coo_array
    from scipy.sparse.csgraph import connected_components

    start, end = triangles[:, [0, 1]].T.ravel(), triangles[:, [1, 2]].T.ravel()
    size = int(triangles.max()) + 1
    _, part = connected_components(coo_array((np.ones(len(start)), (start, end)), shape=(size, size)), directed=False)
    found = []
    for number in np.unique(part[triangles[:, 0]]):
        own = triangles[part[triangles[:, 0]] == number]
        nodes, places = np.unique(own, return_inverse=True)
        found.append((nodes, places.reshape(own.shape)))
    return found


def free_edges(mesh: FrameMesh, sector: str) -> list[IntArray]:
    """Node chains along the section's edge, without the mirror lines of the sector.

    Parameters
    ----------
    mesh : FrameMesh
    sector : str

    Returns
    -------
    list of ndarray of int
        Nodes in order, midside nodes included; a closed chain repeats its first node.
    """
    sides = np.concatenate([mesh.triangles6[:, side] for side in ([0, 3, 1], [1, 4, 2], [2, 5, 0])])
    keys = np.sort(sides[:, [0, 2]], axis=1)
    _, first, count = np.unique(keys, axis=0, return_index=True, return_counts=True)
    sides = sides[first[count == 1]]
    size = float(np.abs(mesh.points).max())
    for axis in {"quarter": (0, 1), "half": (1,), "full": ()}[sector]:
        on_line = np.abs(mesh.points[sides][:, :, axis]).max(axis=1) < 1e-6 * size
        sides = sides[~on_line]
    return _chains(sides)


def within(mesh: FrameMesh, edges: list[IntArray]) -> list[bool]:
    """Which of the chains of :func:`free_edges` have another at the same place: two layers meet there."""
    places = [np.unique(np.round(mesh.points[edge], 6), axis=0) for edge in edges]
    return [any(i != j and np.array_equal(here, there) for j, there in enumerate(places))
            for i, here in enumerate(places)]


def _chains(sides: IntArray) -> list[IntArray]:
    """Join (start, middle, end) sides, of any orientation, into chains of nodes."""
    around: dict[int, list[int]] = {}
    for row, (start, _, end) in enumerate(sides.tolist()):
        around.setdefault(start, []).append(row)
        around.setdefault(end, []).append(row)
    open_ends = [node for node, rows in around.items() if len(rows) == 1]
    unused = set(range(len(sides)))
    chains = []
    for seed in [*open_ends, *around]:
        chain = [seed]
        while free := [row for row in around[chain[-1]] if row in unused]:
            row = free[0]
            unused.remove(row)
            start, middle, end = sides[row].tolist()
            chain += [middle, end if chain[-1] == start else start]
        if len(chain) > 1:
            chains.append(np.array(chain))
    return chains
