"""Sums over the pieces of a mesh, and what areas and lengths stand for: themselves, or the rings that they sweep."""

from __future__ import annotations

import numpy as np

from femanode.numerics.arrays import Array, IntArray


def scatter(index: IntArray, values: Array, n: int) -> Array:
    """Sum of ``values`` by their ``index``, (n,); shapes agree or broadcast."""
    flat = np.broadcast_to(values, index.shape).ravel()
    return np.asarray(np.bincount(index.ravel(), flat, n), dtype=np.float64)


def boundary_length(nodes: Array, edge: IntArray, *, axisymmetric: bool) -> Array:
    """Half the summed length (N,) of the boundary edges ``edge`` (2, b) that end at each node, nm.

    Revolved: the area of the rings that the near halves of those edges sweep, nm^2.
    """
    length = np.hypot(*(nodes[:, edge[0]] - nodes[:, edge[1]]))  # lengths of edges
    if axisymmetric:
        r = nodes[0, edge]
        return scatter(edge, length / 2.0 * (2.0 * np.pi * (0.75 * r + 0.25 * r[::-1])), nodes.shape[1])
    return scatter(edge, length / 2.0, nodes.shape[1])


def shares(nodes: Array, tri: IntArray, area: Array, *, axisymmetric: bool) -> tuple[Array, Array]:
    """What each triangle gives to its corners, (n,) or (3, n), and its own measure (n,).

    Of a ring they are volumes. A corner's is that of the points nearest to it in area coordinates, whose middle has the
    coordinates (11/18, 7/36, 7/36): with the integrals of the shape functions the Laplacian would be a quarter too
    small on the axis, with a third of the ring by half.
    """
    if not axisymmetric:
        return area / 3.0, area
    r = nodes[0, tri]
    total = r.sum(axis=0)
    return 2.0 * np.pi * area / 3.0 * (11.0 / 18.0 * r + 7.0 / 36.0 * (total - r)), 2.0 * np.pi * area * total / 3.0
