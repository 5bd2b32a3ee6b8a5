"""Sparse assembly and symmetric solvers behind two classes (part of the *solver*).

``pardiso`` (extra ``fast``) keeps its analysis between factorisations. ``scipy`` is SuperLU in symmetric mode; its
default column ordering is several times slower on these matrices and serves only as the fall-back of a failed
factorisation. Its order is a nested dissection by METIS where pymetis is installed, minimum degree otherwise; PARDISO
brings its own.
"""

from __future__ import annotations

import contextlib
import importlib.util
import os
from typing import Any, Literal, Protocol

import numpy as np
import scipy.sparse as sp
import scipy.sparse.linalg as spla
from numpy.typing import NDArray

from femanode import compiled, ordering

Array = NDArray[np.float64]
Index = NDArray[np.int64]
Backend = Literal["auto", "pardiso", "scipy"]


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
        self.n = n
        self._diagonal: Index | None = None
        self._sources: tuple[NDArray[np.int32], NDArray[np.int32]] | None = None
        if compiled.available():
            from femanode.assembly import csc_pattern

            numbers = np.ascontiguousarray(element_dofs, dtype=np.int64)
            self.indptr, self.indices, start, source = csc_pattern(numbers, n)
            self._sources = (start, source)
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
        flat = element_matrices.ravel()
        if self._sources is None:
            return np.asarray(np.bincount(self._slot, flat, self.nnz + 1)[: self.nnz], dtype=np.float64)
        from femanode.assembly import gather

        out = np.empty(self.nnz)
        compiled.share(gather, self.nnz, flat, *self._sources, out, least=20_000)
        return out

    def matrix(self, element_matrices: Array, diagonal: Array | None = None) -> sp.csc_matrix:
        """CSC matrix from (elem, k, k) element matrices, and what to add to its diagonal, (n,)."""
        data = self.data(element_matrices)
        if diagonal is not None:
            data[self.diagonal] += diagonal
        return sp.csc_matrix((data, self.indices, self.indptr), shape=(self.n, self.n))

    @property
    def diagonal(self) -> Index:
        """Places of the diagonal entries in the data, (n,); every unknown must belong to an element."""
        if self._diagonal is None:
            self._diagonal = np.flatnonzero(self.indices == np.repeat(np.arange(self.n), np.diff(self.indptr)))
        return self._diagonal


class _Method(Protocol):
    """One way to factorise: raises RuntimeError for a matrix that is singular to its eyes."""

    name: str

    def factorise(self, matrix: sp.csc_matrix) -> None: ...

    def solve(self, rhs: Array) -> Array: ...


class SymmetricSolver:
    """Factorises matrices of one sparsity pattern and solves with them.

    Parameters
    ----------
    backend : 'auto' | 'pardiso' | 'scipy'
        ``auto`` takes pardiso where it is installed.
    rank : (n,), optional
        Place of each unknown in the elimination, where the caller knows a good one; ties stay in their order.

    Attributes
    ----------
    name : str
        What is in use, for the manifest.
    factorisations : int
    """

    def __init__(self, backend: Backend = "auto", rank: Index | None = None) -> None:
        if backend == "pardiso" and importlib.util.find_spec("pypardiso") is None:
            raise ImportError("pypardiso is not installed; use solver.linear: scipy or install the extra [fast]")
        order = None if rank is None else np.argsort(rank, kind="stable").astype(np.int64)
        has_pardiso = importlib.util.find_spec("pypardiso") is not None
        self._method: _Method = _Pardiso() if backend != "scipy" and has_pardiso else _SuperLU(order)
        self.name = self._method.name
        self._matrix: sp.csc_matrix | None = None
        self.factorisations = 0

    def factorise(self, matrix: sp.csc_matrix) -> None:
        """Numeric factorisation; the ordering is computed at the first call.

        Raises
        ------
        RuntimeError
            The matrix is singular to working precision.
        """
        self.factorisations += 1
        if not np.all(np.isfinite(matrix.data)):
            raise RuntimeError("the matrix has entries that are not finite")
        self._matrix = matrix
        self._method.factorise(matrix)

    def solve(self, rhs: Array) -> Array:
        """Solve with the last factorisation; rhs (n,) or (n, k). One step of refinement guards weak pivots."""
        matrix = self._matrix
        if matrix is None:
            raise RuntimeError("solve before factorise")
        x, error = self._refined(matrix, rhs)
        # PARDISO neither raises nor warns on a singular matrix.
        if not error <= 1e-4:
            raise RuntimeError("the matrix is singular to working precision")
        return x

    def _refined(self, matrix: sp.csc_matrix, rhs: Array) -> tuple[Array, float]:
        """Solution and its residual over the right side."""
        x = self._method.solve(rhs)
        residual = rhs - matrix @ x
        size, error = float(np.linalg.norm(rhs)), float(np.linalg.norm(residual))
        if not error > 1e-11 * size:  # also where the matrix was no number: the caller sees it in x
            return x, 0.0
        x = x + self._method.solve(residual)
        return x, float(np.linalg.norm(rhs - matrix @ x)) / size


class _SuperLU:
    def __init__(self, order: Index | None) -> None:
        self._ordered = ordering.has_metis()
        self.name = "superlu-metis" if self._ordered else "superlu-mmd"
        self._permutation = order if self._ordered else None
        self._handle: Any = None

    def factorise(self, matrix: sp.csc_matrix) -> None:
        if self._ordered:
            if self._permutation is None or len(self._permutation) != matrix.shape[0]:
                self._permutation = ordering.matrix_order(matrix)
            # Unknowns that are numbered in the order of their elimination are taken as they come.
            if np.any(np.diff(self._permutation) != 1):
                matrix = matrix[self._permutation][:, self._permutation]
        try:
            self._handle = spla.splu(matrix, permc_spec="NATURAL" if self._ordered else "MMD_AT_PLUS_A",
                                     diag_pivot_thresh=0.0, options={"SymmetricMode": True})
        except RuntimeError:
            self._handle = spla.splu(matrix)

    def solve(self, rhs: Array) -> Array:
        p = self._permutation
        if p is None:
            return np.asarray(self._handle.solve(rhs))
        x = np.empty_like(rhs)
        x[p] = self._handle.solve(rhs[p])
        return x


class _Pardiso:
    name = "pardiso"

    def __init__(self) -> None:
        self._handle: Any = None
        self._upper: sp.csr_matrix | None = None

    def factorise(self, matrix: sp.csc_matrix) -> None:
        import pypardiso

        # The lower triangle by columns is the upper one by rows, which is what PARDISO wants of a symmetric matrix.
        upper = sp.csr_matrix(sp.tril(matrix, format="csc").T)
        upper.sort_indices()
        # An analysis is good for one pattern only; with another, PARDISO returns garbage without a word.
        if self._upper is None or not _same_pattern(upper, self._upper):
            self._release()
            self._handle = pypardiso.PyPardisoSolver(mtype=-2)
            # The next one need not search the disk for the library: that takes a second.
            os.environ.setdefault("PYPARDISO_MKL_RT", self._handle.libmkl._name)
            self._handle.set_phase(12)
        else:
            self._handle.set_phase(22)
        self._upper = upper
        self._handle._call_pardiso(upper, np.zeros((matrix.shape[0], 1)))

    def _release(self) -> None:
        """Give back what the library holds; it does not do so by itself."""
        if self._handle is not None:
            self._handle.free_memory(everything=True)
            self._handle = None

    def __del__(self) -> None:
        with contextlib.suppress(Exception):
            self._release()

    def solve(self, rhs: Array) -> Array:
        self._handle.set_phase(33)
        b = np.asfortranarray(rhs.reshape(len(rhs), -1))
        return np.asarray(self._handle._call_pardiso(self._upper, b)).reshape(rhs.shape)


def _same_pattern(a: sp.csr_matrix, b: sp.csr_matrix) -> bool:
    return np.array_equal(a.indptr, b.indptr) and np.array_equal(a.indices, b.indices)
