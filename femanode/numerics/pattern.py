"""Fixed sparsity of an assembled matrix, and the sums of element matrices into it."""

from __future__ import annotations

import numpy as np
import scipy.sparse as sp

from femanode.numerics import compiled
from femanode.numerics.arrays import Array, IntArray


class Pattern:
    """Fixed sparsity: scatters element matrices into CSC data without sorting again.

    Parameters
    ----------
    element_dofs : (k, elem)
        Global numbers per element; negative entries are constrained and dropped.
    n : int
        Number of free unknowns.
    """

    def __init__(self, element_dofs: IntArray, n: int) -> None:
        self.n = n
        self._diagonal: IntArray | None = None
        if compiled.available():
            from femanode.numerics.assembly_loops import csc_pattern

            numbers = np.ascontiguousarray(element_dofs, dtype=np.int64)
            self.indptr, self.indices, self._slot = csc_pattern(numbers, n)
            self.nnz = len(self.indices)
            return
        k, m = element_dofs.shape
        rows = np.broadcast_to(element_dofs.T[:, :, None], (m, k, k)).ravel()
        cols = np.broadcast_to(element_dofs.T[:, None, :], (m, k, k)).ravel()
        keep = (rows >= 0) & (cols >= 0)
        key = np.where(keep, cols.astype(np.int64) * n + rows, np.int64(n) * n)
        unique, inverse = np.unique(key, return_inverse=True)
        self.nnz = len(unique) - int(unique[-1] == np.int64(n) * n)
        unique = unique[: self.nnz]
        self._slot = inverse.astype(np.int64).ravel()
        self.indices = (unique % n).astype(np.int32)
        self.indptr = np.searchsorted(unique // n, np.arange(n + 1)).astype(np.int32)

    def data(self, element_matrices: Array) -> Array:
        """CSC data (nnz,) from (elem, k, k) element matrices, each entry summed in the order of the elements."""
        return np.asarray(np.bincount(self._slot, element_matrices.ravel(), self.nnz + 1)[: self.nnz], dtype=np.float64)

    def matrix(self, element_matrices: Array, diagonal: Array | None = None) -> sp.csc_matrix:
        """CSC matrix from (elem, k, k) element matrices, and what to add to its diagonal, (n,)."""
        data = self.data(element_matrices)
        if diagonal is not None:
            data[self.diagonal] += diagonal
        return sp.csc_matrix((data, self.indices, self.indptr), shape=(self.n, self.n))

    @property
    def diagonal(self) -> IntArray:
        """Places of the diagonal entries in the data, (n,); every unknown must belong to an element."""
        if self._diagonal is None:
            self._diagonal = np.flatnonzero(self.indices == np.repeat(np.arange(self.n), np.diff(self.indptr)))
        return self._diagonal
