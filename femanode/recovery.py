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
        # Height and slopes of the plane at each corner, one pattern for all three.
        height = sp.csr_matrix((fit[0], (node, column)), shape=size)
        where = sp.csr_matrix((np.arange(1.0, len(node) + 1.0), (node, column)), shape=size).data.astype(np.int64) - 1
        slopes = [sp.csr_matrix((f[where], height.indices, height.indptr), shape=size) for f in fit[1:]]
        self._planes = sp.vstack([height, *slopes], format="csr")
        self._middle, first = np.unique(cells[3:].ravel(), return_index=True)
        self._ends = np.stack([cells[[0, 1, 2]].ravel()[first], cells[[1, 2, 0]].ravel()[first]])
        apart = spaces.nodes[:, self._middle][:, None] - spaces.nodes[:, self._ends]
        self._apart = apart / np.sqrt(spaces.weight.mean())

    def __call__(self, at_points: Array) -> Array:
        """Nodal values (N,) of a field given at the points (elem, qp)."""
        values, along_x, along_y = (self._planes @ np.broadcast_to(at_points, self._shape).ravel()).reshape(3, -1)
        ends, apart = self._ends, self._apart
        at_ends = values[ends] + apart[0] * along_x[ends] + apart[1] * along_y[ends]
        values[self._middle] = at_ends.mean(axis=0)
        return np.asarray(values)
