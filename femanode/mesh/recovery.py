"""Nodal values from quadrature points by patch recovery.

Around every corner node a plane is fitted by least squares to the quadrature points of all elements that meet there,
and evaluated at the node. A mid-side node takes the mean of the planes of its two neighbours. Fields linear in position
are reproduced exactly, also on the surface, and the scatter between the points of an element is averaged out
(Zienkiewicz & Zhu 1992).

At a symmetry line the patch is completed by its mirror image, so that a quarter or half gives the same as the whole
section. The plane through points and images has no slope across the line if the field is even (scalars and normal
stresses), and nothing but that slope if it is odd (the shear stress of x and y, which is zero on the line).
"""

from __future__ import annotations

from functools import cached_property

import numpy as np
import scipy.sparse as sp
from numpy.typing import NDArray

from femanode.mesh.section import REACTING
from femanode.mesh.spaces import Spaces
from femanode.numerics.arrays import Array, IntArray


class Recovery:
    """Linear map from point values (elem, qp) to nodal values (N,), built once per mesh.

    Stress jumps where layers meet. The patches of a node end there: a node on an interface has the values of what
    reacts, and :meth:`within` gives those of the other side.
    """

    def __init__(self, spaces: Spaces) -> None:
        self._spaces = spaces
        self._parts = {int(region): _Patches(spaces, np.flatnonzero(spaces.region == region))
                       for region in np.unique(spaces.region)}

    def __call__(self, at_points: Array, *, odd: bool = False) -> Array:
        """Nodal values (N,) of a field given at the points (elem, qp).

        Parameters
        ----------
        at_points : (elem, qp)
        odd : bool
            Whether the field changes sign at a mirror line of the section, as the shear stress of x and y does.
        """
        values = self.within(REACTING, at_points, odd=odd)
        for region in sorted(self._parts)[1:]:
            idle = np.unique(self._spaces.cells[:, self._spaces.region == region])
            idle = idle[self._spaces.idle[idle]]
            values[idle] = self.within(region, at_points, odd=odd)[idle]
        return values

    def within(self, region: int, at_points: Array, *, odd: bool = False) -> Array:
        """Nodal values (N,) of one region, from its own points only; without meaning at nodes of no element of it."""
        return self._parts[region](at_points, odd=odd)


class _Patches:
    """Recovery from the points of some elements."""

    def __init__(self, spaces: Spaces, elements: IntArray) -> None:
        self._spaces, self._elements = spaces, elements
        cells = spaces.cells[:, elements]
        self._middle, first = np.unique(cells[3:].ravel(), return_index=True)
        self._ends = np.stack([cells[[0, 1, 2]].ravel()[first], cells[[1, 2, 0]].ravel()[first]])
        apart = spaces.nodes[:, self._middle][:, None] - spaces.nodes[:, self._ends]
        self._apart = apart / np.sqrt(spaces.weight.mean())

    def __call__(self, at_points: Array, *, odd: bool = False) -> Array:
        """Nodal values (N,) of a field given at the points of all elements (elem, qp)."""
        planes = self._odd if odd else self._even
        flat = np.broadcast_to(at_points, self._spaces.weight.shape)[self._elements].ravel()
        values, along_x, along_y = (planes @ flat).reshape(3, -1)
        ends, apart = self._ends, self._apart
        at_ends = values[ends] + apart[0] * along_x[ends] + apart[1] * along_y[ends]
        values[self._middle] = at_ends.mean(axis=0)
        return np.asarray(values)

    @cached_property
    def _even(self) -> sp.csr_matrix:
        """Height and slopes of the planes of fields that are even in the symmetry lines, (3 N, elem qp)."""
        return self._planes(odd=False)

    @cached_property
    def _odd(self) -> sp.csr_matrix:
        """The same of fields that are odd in them."""
        return self._planes(odd=True) if len(self._spaces.x0) + len(self._spaces.y0) else self._even

    def _planes(self, *, odd: bool) -> sp.csr_matrix:
        """Matrix from the values at the points to height and slopes of the planes at the corner nodes."""
        spaces = self._spaces
        n, n_elem, n_qp = spaces.n_nodes, len(self._elements), spaces.weight.shape[1]
        cells, qp_xy = spaces.cells[:, self._elements], spaces.qp_xy[:, self._elements]
        # One entry per (corner node, point of an element that has it).
        node = np.repeat(cells[:3].ravel(), n_qp)
        element = np.tile(np.repeat(np.arange(n_elem), n_qp), 3)
        qp = np.tile(np.arange(n_qp), 3 * n_elem)
        offset = np.stack([qp_xy[d, element, qp] - spaces.nodes[d, node] for d in range(2)])
        present = _terms(spaces, odd=odd)
        basis = np.stack([np.ones(len(node)), *(offset / np.sqrt(spaces.weight.mean()))]) * present[:, node]
        moments = np.zeros((n, 3, 3))
        for i in range(3):
            for j in range(3):
                moments[:, i, j] = np.bincount(node, basis[i] * basis[j], n)
            moments[:, i, i] += ~present[i]
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
        return sp.vstack([height, *slopes], format="csr")


def _terms(spaces: Spaces, *, odd: bool) -> NDArray[np.bool_]:
    """Mask (3, N) of the terms (height, slope along x, slope along y) that the plane of each node has.

    The other terms vanish in a fit that includes the mirror images. Leaving them out is the same as adding the images.
    """
    present = np.ones((3, spaces.n_nodes), bool)
    for line, across in ((spaces.x0, 1), (spaces.y0, 2)):
        kept = np.zeros(3, bool)
        kept[across] = True
        present[:, line] &= (kept if odd else ~kept)[:, None]
    return present
