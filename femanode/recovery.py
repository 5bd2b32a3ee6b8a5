"""Nodal values from quadrature points by patch recovery (tool of *output* and *postprocess*).

Around every corner node a plane is fitted by least squares to the points of all elements that meet there, and read off
at the node; a mid-side node takes the mean of its two neighbours' planes. Fields linear in position come back exactly,
also on the surface, and the scatter between the points of an element is averaged out (Zienkiewicz & Zhu 1992).
"""

from __future__ import annotations

import numpy as np
import scipy.sparse as sp
from numpy.typing import NDArray

from femanode.spaces import Spaces

Array = NDArray[np.float64]


class Recovery:
    """Linear map from point values (elem, qp) to nodal values (N,), built once per mesh."""

    def __init__(self, spaces: Spaces) -> None:
        n, (n_elem, n_qp) = spaces.n_nodes, spaces.weight.shape
        cells = spaces.cells
        self._shape = (n_elem, n_qp)
        # One entry per (corner node, point of an element that has it).
        node = np.repeat(cells[:3].ravel(), n_qp)
        element = np.tile(np.repeat(np.arange(n_elem), n_qp), 3)
        qp = np.tile(np.arange(n_qp), 3 * n_elem)
        offset = np.stack([spaces.qp_xy[d, element, qp] - spaces.nodes[d, node] for d in range(2)])
        basis = np.stack([np.ones(len(node)), *(offset / np.sqrt(spaces.weight.mean()))])
        moments = np.zeros((n, 3, 3))
        for i in range(3):
            for j in range(3):
                moments[:, i, j] = np.bincount(node, basis[i] * basis[j], n)
        corner = np.unique(cells[:3])
        inverse = np.zeros_like(moments)
        inverse[corner] = np.linalg.inv(moments[corner])
        fit = np.einsum("mij,jm->im", inverse[node], basis)  # plane coefficients per unit point value
        column = element * n_qp + qp
        size = (n, n_elem * n_qp)
        planes = [sp.csr_matrix((f, (node, column)), shape=size) for f in fit]
        middle, first = np.unique(cells[3:].ravel(), return_index=True)
        ends = np.stack([cells[[0, 1, 2]].ravel()[first], cells[[1, 2, 0]].ravel()[first]])
        matrix = planes[0]
        for end in ends:
            d = (spaces.nodes[:, middle] - spaces.nodes[:, end]) / np.sqrt(spaces.weight.mean())
            pick = sp.csr_matrix((np.full(len(middle), 0.5), (middle, end)), shape=(n, n))
            slopes = [sp.csr_matrix((0.5 * d[k], (middle, end)), shape=(n, n)) @ planes[1 + k] for k in range(2)]
            matrix = matrix + pick @ planes[0] + slopes[0] + slopes[1]
        self._matrix = sp.csr_matrix(matrix)

    def __call__(self, at_points: Array) -> Array:
        """Nodal values (N,) of a field given at the points (elem, qp)."""
        return np.asarray(self._matrix @ np.broadcast_to(at_points, self._shape).ravel())
