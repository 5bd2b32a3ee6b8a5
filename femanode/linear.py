"""Sparse symmetric solvers behind one class (part of the *solver*).

``pardiso`` (extra ``fast``) reuses its analysis between factorisations. ``scipy`` is SuperLU in symmetric mode on a
nested-dissection ordering by METIS where pymetis is installed, minimum degree otherwise; SuperLU's default column
ordering is several times slower on these matrices and serves only as the fall-back of a failed factorisation.
"""

from __future__ import annotations

import importlib.util
from typing import Any, Literal

import numpy as np
import scipy.sparse as sp
import scipy.sparse.linalg as spla
from numpy.typing import NDArray

Array = NDArray[np.float64]
Index = NDArray[np.int64]
Backend = Literal["auto", "scipy", "pardiso"]


class Pattern:
    """Fixed sparsity: scatters element matrices into CSC data without sorting again.

    Parameters
    ----------
    element_dofs : (k, elem)
        Global numbers per element; negative entries are constrained and dropped.
    n : int
        Number of free unknowns.
    """

    def __init__(self, element_dofs: Index, n: int) -> None:
        k, m = element_dofs.shape
        rows = np.broadcast_to(element_dofs.T[:, :, None], (m, k, k)).ravel()
        cols = np.broadcast_to(element_dofs.T[:, None, :], (m, k, k)).ravel()
        keep = (rows >= 0) & (cols >= 0)
        key = np.where(keep, cols.astype(np.int64) * n + rows, np.int64(n) * n)
        unique, inverse = np.unique(key, return_inverse=True)
        self.nnz = len(unique) - int(unique[-1] == np.int64(n) * n)
        unique = unique[: self.nnz]
        self.slot = inverse.astype(np.int64).ravel()
        self.n = n
        self.indices = (unique % n).astype(np.int32)
        self.indptr = np.searchsorted(unique // n, np.arange(n + 1)).astype(np.int32)

    def matrix(self, element_matrices: Array) -> sp.csc_matrix:
        """CSC matrix from (elem, k, k) element matrices."""
        data = np.bincount(self.slot, element_matrices.ravel(), self.nnz + 1)[: self.nnz]
        return sp.csc_matrix((data, self.indices, self.indptr), shape=(self.n, self.n))


class SymmetricSolver:
    """Factorises matrices of one sparsity pattern and solves with them.

    Parameters
    ----------
    backend : 'auto' | 'scipy' | 'pardiso'
        ``auto`` takes pardiso where it is installed.

    Attributes
    ----------
    name : str
        What is in use, for the manifest.
    factorisations : int
    """

    def __init__(self, backend: Backend = "auto") -> None:
        has_pardiso = importlib.util.find_spec("pypardiso") is not None
        if backend == "pardiso" and not has_pardiso:
            raise ImportError("pypardiso is not installed; use solver.linear: scipy or install the extra [fast]")
        self._pardiso = backend != "scipy" and has_pardiso
        self._permutation: Index | None = None
        self._handle: Any = None
        self._upper: sp.csr_matrix | None = None
        self._matrix: sp.csc_matrix | None = None
        self.factorisations = 0
        metis = importlib.util.find_spec("pymetis") is not None
        self.name = "pardiso" if self._pardiso else ("superlu-metis" if metis else "superlu-mmd")

    def factorise(self, matrix: sp.csc_matrix) -> None:
        """Numeric factorisation; the ordering is computed at the first call.

        Raises
        ------
        RuntimeError
            The matrix is singular to working precision.
        """
        self.factorisations += 1
        self._matrix = matrix
        if self._pardiso:
            self._factorise_pardiso(matrix)
            return
        if self._permutation is None:
            self._permutation = _ordering(matrix)
        p = self._permutation
        natural = self.name == "superlu-metis"
        try:
            self._handle = spla.splu(matrix[p][:, p] if natural else matrix,
                                     permc_spec="NATURAL" if natural else "MMD_AT_PLUS_A",
                                     diag_pivot_thresh=0.0, options={"SymmetricMode": True})
        except RuntimeError:
            self._handle = spla.splu(matrix[p][:, p] if natural else matrix)

    def solve(self, rhs: Array) -> Array:
        """Solve with the last factorisation; rhs (n,) or (n, k). One step of refinement guards weak pivots."""
        matrix = self._matrix
        if matrix is None:
            raise RuntimeError("solve before factorise")
        x = self._apply(rhs)
        residual = rhs - matrix @ x
        size = np.linalg.norm(rhs)
        if np.linalg.norm(residual) > 1e-11 * size:
            x = x + self._apply(residual)
            # PARDISO neither raises nor warns on a singular matrix.
            if not np.linalg.norm(rhs - matrix @ x) <= 1e-4 * size:
                raise RuntimeError("the matrix is singular to working precision")
        return x

    def _apply(self, rhs: Array) -> Array:
        if self._pardiso:
            return self._solve_pardiso(rhs)
        p = self._permutation
        if self.name != "superlu-metis" or p is None:
            return np.asarray(self._handle.solve(rhs))
        x = np.empty_like(rhs)
        x[p] = self._handle.solve(rhs[p])
        return x

    def _factorise_pardiso(self, matrix: sp.csc_matrix) -> None:
        import pypardiso

        # The lower triangle by columns is the upper one by rows, which is what PARDISO wants of a symmetric matrix.
        upper = sp.csr_matrix(sp.tril(matrix, format="csc").T)
        upper.sort_indices()
        # An analysis is good for one pattern only; with another, PARDISO returns garbage without a word.
        if self._upper is None or not _same_pattern(upper, self._upper):
            self._handle = pypardiso.PyPardisoSolver(mtype=-2)
            self._handle.set_phase(12)
        else:
            self._handle.set_phase(22)
        self._upper = upper
        self._handle._call_pardiso(upper, np.zeros((matrix.shape[0], 1)))

    def _solve_pardiso(self, rhs: Array) -> Array:
        self._handle.set_phase(33)
        b = np.asfortranarray(rhs.reshape(len(rhs), -1))
        return np.asarray(self._handle._call_pardiso(self._upper, b)).reshape(rhs.shape)


def _same_pattern(a: sp.csr_matrix, b: sp.csr_matrix) -> bool:
    return np.array_equal(a.indptr, b.indptr) and np.array_equal(a.indices, b.indices)


def _ordering(matrix: sp.csc_matrix) -> Index:
    """Fill-reducing symmetric permutation (nested dissection), or the identity without pymetis."""
    if importlib.util.find_spec("pymetis") is None:
        return np.arange(matrix.shape[0])
    import pymetis

    graph = sp.csr_matrix(matrix)
    rows = np.repeat(np.arange(graph.shape[0]), np.diff(graph.indptr))
    off = rows != graph.indices
    start = np.concatenate([[0], np.cumsum(np.bincount(rows[off], minlength=graph.shape[0]))])
    starts, neighbours = start.astype(np.int32), graph.indices[off].astype(np.int32)
    if hasattr(pymetis, "CSRAdjacency"):  # from 2025.2, where the older form is deprecated
        permutation, _ = pymetis.nested_dissection(pymetis.CSRAdjacency(starts, neighbours))
    else:
        permutation, _ = pymetis.nested_dissection(xadj=starts, adjncy=neighbours)
    return np.asarray(permutation, dtype=np.int64)
