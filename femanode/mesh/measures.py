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

    Of a ring they are volumes, a corner's the integral of its shape function. With a third of the ring for each corner,
    the Laplacian would be 30 % too small on the axis; so it is right to 6 % there, and to second order elsewhere.
    """
    if not axisymmetric:
        return area / 3.0, area
    r = nodes[0, tri]
    total = r.sum(axis=0)
    return 2.0 * np.pi * area / 12.0 * (r + total), 2.0 * np.pi * area * total / 3.0


def side_conductances(grad: Array, area: Array) -> Array:
    """-grad N_i . grad N_j times area for the sides 01, 12, 20 of triangles, (3 n,).

    Parameters
    ----------
    grad : (3, 2, n) gradients of the linear shape functions
    area : (n,)
    """
    sides = ((0, 1), (1, 2), (2, 0))
    return np.concatenate([-np.einsum("kn,kn,n->n", grad[i], grad[j], area) for i, j in sides])
