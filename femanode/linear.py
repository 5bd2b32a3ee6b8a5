"""Sparse assembly and symmetric solvers behind two classes (part of the *solver*).

``pardiso`` (extra ``fast``) keeps its analysis between factorisations. ``scipy`` is SuperLU in symmetric mode; its
default column ordering is several times slower on these matrices and serves only as the fall-back of a failed
factorisation. Its order is a nested dissection by METIS where pymetis is installed, minimum degree otherwise; PARDISO
brings its own.
"""

from __future__ import annotations

import contextlib
import importlib.metadata
import importlib.util
import os
from pathlib import Path
from typing import Any, ClassVar, Literal, Protocol

import numpy as np
import scipy.sparse as sp
import scipy.sparse.linalg as spla
from numpy.typing import NDArray

from femanode import compiled, ordering

Array = NDArray[np.float64]
Index = NDArray[np.int64]
Backend = Literal["auto", "pardiso", "scipy"]

#: Entries beyond this are not for single precision: what is summed of them must not overflow.
_LARGEST_SINGLE = 1e30


def inner(a: Array, b: Array) -> float:
    """Sum of the products of two arrays of one shape.

    BLAS wakes its threads for that, which beside those of another library takes longer than the sum.
    """
    return float(np.einsum("i,i->", a.ravel(), b.ravel()))


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
    """One way to factorise: raises RuntimeError for a matrix that is singular to its eyes.

    ``rough`` where its solutions have to be refined, and would have to be less with ``exact`` factors; ``costly`` where
    a factorisation takes more than ten times as long as a solution.
    """

    name: str
    rough: bool
    costly: bool

    def factorise(self, matrix: sp.csc_matrix, *, exact: bool = False) -> None: ...

    def solve(self, rhs: Array) -> Array: ...


class SymmetricSolver:
    """Factorises matrices of one sparsity pattern and solves with them.

    Parameters
    ----------
    backend : 'auto' | 'pardiso' | 'scipy'
        ``auto`` takes pardiso where it is installed.
    rank : (n,), optional
        Place of each unknown in the elimination, where the caller knows a good one; ties stay in their order.
    accuracy : float
        Residual of a solution, over its right side, that is enough; refinement ends earlier where it gains no more.

    Attributes
    ----------
    name : str
        What is in use, for the manifest.
    factorisations : int
    """

    #: Residuals over the right side above which factors in single precision will not do, and above which a matrix
    #: counts as singular; how often a solution is refined.
    poor, singular, most_refinements = 1e-9, 1e-4, 8
    #: Residual of `solve_near` over the right side, and how many iterations it may take.
    near, most_iterations = 3e-2, 12

    def __init__(self, backend: Backend = "auto", rank: Index | None = None, accuracy: float = 1e-11) -> None:
        self.accuracy = accuracy
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
        self._matrix = None
        self._method.factorise(matrix)
        self._matrix = matrix

    def solve(self, rhs: Array) -> Array:
        """Solve with the last factorisation; rhs (n,) or (n, k)."""
        matrix = self._matrix
        if matrix is None:
            raise RuntimeError("solve before factorise")
        x, error = self._refined(matrix, rhs)
        if error > max(self.accuracy, self.poor) and self._method.rough:
            self._method.factorise(matrix, exact=True)
            x, error = self._refined(matrix, rhs)
        # PARDISO neither raises nor warns on a singular matrix.
        if not error <= self.singular:
            raise RuntimeError("the matrix is singular to working precision")
        return x

    def solve_near(self, matrix: sp.csc_matrix, rhs: Array) -> Array:
        """Solution for a matrix like the one last factorised, with a residual of :attr:`near` of the right side.

        Where a factorisation takes as long as many solutions, the old factors serve conjugate gradients as long as
        those need few iterations; otherwise they are made anew.
        """
        if self._method.costly and self._matrix is not None:
            columns = rhs.reshape(len(rhs), -1).T
            found: list[Array] = []
            for b in columns:
                x = self._conjugate(matrix, b)
                if x is None:
                    break
                found.append(x)
            if len(found) == len(columns):
                return np.stack(found, axis=1).reshape(rhs.shape)
        self.factorise(matrix)
        return self.solve(rhs)

    def _conjugate(self, matrix: sp.csc_matrix, b: Array) -> Array | None:
        """Conjugate gradients on the old factors; None where they are not good enough for this matrix."""
        old = spla.LinearOperator(matrix.shape, self._method.solve, dtype=np.float64)
        x, failed = spla.cg(matrix, b, rtol=self.near, maxiter=self.most_iterations, M=old)
        return None if failed or not np.all(np.isfinite(x)) else np.asarray(x)

    def _refined(self, matrix: sp.csc_matrix, rhs: Array) -> tuple[Array, float]:
        """Solution and its residual over the right side, refined while that gains a digit each time."""
        x, size = self._method.solve(rhs), np.sqrt(inner(rhs, rhs))
        residual = rhs - matrix @ x
        error = float(np.sqrt(inner(residual, residual)))
        if not np.isfinite(error) and np.isfinite(size):
            return x, np.inf
        for _ in range(self.most_refinements):
            if not error > self.accuracy * size:  # also where the right side was no number: the caller sees it in x
                return x, 0.0
            better = x + self._method.solve(residual)
            residual = rhs - matrix @ better
            last, error = error, float(np.sqrt(inner(residual, residual)))
            if error < last:
                x = better
            if not error < 0.1 * last:
                error = min(error, last)
                break
        return x, error / size


class _SuperLU:
    """Factors in single precision, a quarter sooner and in half the memory; refinement brings the digits back."""

    costly = True

    def __init__(self, order: Index | None) -> None:
        self._ordered = ordering.has_metis()
        self.name = "superlu-metis" if self._ordered else "superlu-mmd"
        self._permutation = order if self._ordered else None
        self._handle: Any = None
        self.rough = True

    def factorise(self, matrix: sp.csc_matrix, *, exact: bool = False) -> None:
        if self._ordered:
            if self._permutation is None or len(self._permutation) != matrix.shape[0]:
                self._permutation = ordering.matrix_order(matrix)
            # Unknowns that are numbered in the order of their elimination are taken as they come.
            if np.any(np.diff(self._permutation) != 1):
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


class _Pardiso:
    """Cholesky while matrices are positive definite, which takes half the time; from the first that is not, LDL^T."""

    name, rough, costly = "pardiso", False, False
    #: Its own settings but for the refinement in each solve, which takes longer than the solve: see SymmetricSolver.
    parameters: ClassVar[dict[int, int]] = {1: 1, 2: 2, 8: 0, 10: 8, 21: 1, 24: 1}
    definite, indefinite = 2, -2

    def __init__(self) -> None:
        self._handle: Any = None
        self._pattern: tuple[NDArray[Any], NDArray[Any]] | None = None
        self._lower: Index = np.zeros(0, np.int64)
        self._upper: sp.csr_matrix | None = None
        self._fresh = True

    def factorise(self, matrix: sp.csc_matrix, *, exact: bool = False) -> None:
        _find_mkl()
        from pypardiso.pardiso_wrapper import PyPardisoError

        # An analysis is good for one pattern only; with another, PARDISO returns garbage without a word.
        if self._pattern is None or not (np.array_equal(matrix.indptr, self._pattern[0])
                                         and np.array_equal(matrix.indices, self._pattern[1])):
            self._take_pattern(matrix)
            self._begin(self.definite)
        np.take(matrix.data, self._lower, out=self._upper_matrix.data)
        try:
            self._call(12 if self._fresh else 22)
        except PyPardisoError as error:
            if self._handle.mtype != self.definite:
                raise RuntimeError(str(error)) from None
            self._begin(self.indefinite)
            try:
                self._call(12)
            except PyPardisoError as again:
                raise RuntimeError(str(again)) from None
        self._fresh = False

    def _take_pattern(self, matrix: sp.csc_matrix) -> None:
        n = matrix.shape[0]
        columns = np.repeat(np.arange(n), np.diff(matrix.indptr))
        # The lower triangle by columns is the upper one by rows, which is what PARDISO wants of a symmetric matrix.
        self._lower = np.flatnonzero(matrix.indices >= columns)
        if not matrix.has_sorted_indices:
            self._lower = self._lower[np.lexsort((matrix.indices[self._lower], columns[self._lower]))]
        starts = np.concatenate([[0], np.cumsum(np.bincount(columns[self._lower], minlength=n))])
        self._upper = sp.csr_matrix((np.empty(len(self._lower)), matrix.indices[self._lower], starts), shape=(n, n))
        self._pattern = (matrix.indptr, matrix.indices)

    @property
    def _upper_matrix(self) -> sp.csr_matrix:
        if self._upper is None:
            raise RuntimeError("solve before factorise")
        return self._upper

    def _begin(self, kind: int) -> None:
        """Be ready to analyse a pattern for matrices of one kind."""
        _find_mkl()
        import pypardiso

        self._release()
        self._handle, self._fresh = pypardiso.PyPardisoSolver(mtype=kind), True
        os.environ.setdefault("PYPARDISO_MKL_RT", self._handle.libmkl._name)
        for number, value in self.parameters.items():
            self._handle.set_iparm(number, value)

    def _call(self, phase: int, rhs: Array | None = None) -> Array:
        upper = self._upper_matrix
        self._handle.set_phase(phase)
        return np.asarray(self._handle._call_pardiso(upper, np.zeros((upper.shape[0], 1)) if rhs is None else rhs))

    def _release(self) -> None:
        """Give back what the library holds; it does not do so by itself."""
        if self._handle is not None:
            self._handle.free_memory(everything=True)
            self._handle = None

    def __del__(self) -> None:
        with contextlib.suppress(Exception):
            self._release()

    def solve(self, rhs: Array) -> Array:
        from pypardiso.pardiso_wrapper import PyPardisoError

        try:
            return self._call(33, np.asfortranarray(rhs.reshape(len(rhs), -1))).reshape(rhs.shape)
        except PyPardisoError as error:
            raise RuntimeError(str(error)) from None


def _find_mkl() -> None:
    """Tell pypardiso where its library is, as the package that brought it lists it: a search of the disk takes 1 s."""
    if "PYPARDISO_MKL_RT" in os.environ:
        return
    with contextlib.suppress(importlib.metadata.PackageNotFoundError):
        for file in importlib.metadata.files("mkl") or []:
            if "mkl_rt" in file.name and Path(file.locate()).is_file():
                os.environ["PYPARDISO_MKL_RT"] = str(Path(file.locate()).resolve())
                return
