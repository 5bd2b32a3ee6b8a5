"""Factors of a symmetric matrix by SuperLU, which comes with scipy.

The elimination order is the caller's where pymetis is installed, so that it is a nested dissection; otherwise, or where
the caller has none, SuperLU takes its own minimum degree. Its default order is several times slower on these matrices
and is taken only where the factorisation has failed otherwise.
"""

from __future__ import annotations

from typing import Any

import numpy as np
import scipy.sparse as sp
import scipy.sparse.linalg as spla

from femanode.numerics import ordering
from femanode.numerics.arrays import Array, IntArray

#: Matrices with entries beyond this are factorised in double precision: in single their sums could overflow.
_LARGEST_SINGLE = 1e30


class SuperLU:
    """SuperLU's factors, in single precision: three quarters of the time and half of the memory of double.

    :class:`~femanode.numerics.linear.SymmetricSolver` brings the missing digits back by refinement.
    """

    costly = True

    def __init__(self, order: IntArray | None) -> None:
        self._ordered = order is not None and ordering.has_metis()
        self.name = "superlu-metis" if self._ordered else "superlu-mmd"
        self._permutation = order if self._ordered else None
        self._handle: Any = None
        self.rough = True

    def factorise(self, matrix: sp.csc_matrix, *, exact: bool = False) -> None:
        if self._permutation is not None and len(self._permutation) != matrix.shape[0]:
            raise ValueError(f"an order of {len(self._permutation)} unknowns for a matrix of {matrix.shape[0]}")
        # Where the unknowns are numbered in the order of elimination, no permutation is needed.
        if self._permutation is not None and np.any(np.diff(self._permutation) != 1):
            matrix = matrix[self._permutation][:, self._permutation]
        self.rough = not exact and bool(np.abs(matrix.data).max(initial=0.0) < _LARGEST_SINGLE)
        self._handle = None  # its memory is needed for the next
        try:
            self._handle = spla.splu(matrix.astype(np.float32) if self.rough else matrix,
                                     permc_spec="NATURAL" if self._ordered else "MMD_AT_PLUS_A", diag_pivot_thresh=0.0,
                                     options={"SymmetricMode": True})
        except RuntimeError:
            self._handle, self.rough = spla.splu(matrix), False

    def solve(self, rhs: Array) -> Array:
        # Right sides are scaled, as residuals may be too small for single precision.
        scale = float(np.abs(rhs).max(initial=0.0)) if self.rough else 1.0
        if scale == 0.0:
            return np.zeros_like(rhs)
        p = self._permutation
        b = rhs if p is None else rhs[p]
        found = self._handle.solve((b / scale).astype(np.float32)).astype(np.float64) * scale if self.rough else (
            self._handle.solve(b))
        if p is None:
            return np.asarray(found)
        x = np.empty_like(rhs)
        x[p] = found
        return x
