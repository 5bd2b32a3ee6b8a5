"""Factors of a symmetric matrix by Intel's PARDISO, through pypardiso (extra ``fast``); it brings its own ordering."""

from __future__ import annotations

import contextlib
import importlib.metadata
import os
from pathlib import Path
from typing import Any, ClassVar

import numpy as np
import scipy.sparse as sp
from numpy.typing import NDArray

from femanode.numerics.arrays import Array, IntArray


class Pardiso:
    """PARDISO's factors: Cholesky, at half the time, until a matrix is not positive definite; from then on LDL^T."""

    name, rough, costly = "pardiso", False, False
    #: PARDISO's defaults (iparm), but without refinement in every solve, which takes longer than the solve itself;
    #: SymmetricSolver refines where it is needed.
    parameters: ClassVar[dict[int, int]] = {1: 1, 2: 2, 8: 0, 10: 8, 21: 1, 24: 1}
    definite, indefinite = 2, -2

    def __init__(self) -> None:
        self._handle: Any = None
        self._pattern: tuple[NDArray[Any], NDArray[Any]] | None = None
        self._lower: IntArray = np.zeros(0, np.int64)
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
            if self._handle.mtype != self.definite or _names_memory(error):
                raise _failure(error) from None
            self._begin(self.indefinite)
            try:
                self._call(12)
            except PyPardisoError as again:
                raise _failure(again) from None
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
            raise _failure(error) from None


def _names_memory(error: Exception) -> bool:
    """Whether PARDISO says that it has found no memory, in core or on the disk."""
    return getattr(error, "value", None) in (-2, -9)


def _failure(error: Exception) -> RuntimeError | MemoryError:
    """What PARDISO's error is called here."""
    return MemoryError(f"PARDISO: {error}") if _names_memory(error) else RuntimeError(str(error))


def _find_mkl() -> None:
    """Tell pypardiso where its library is, from the list of files of the package ``mkl``; its own search takes 1 s."""
    if "PYPARDISO_MKL_RT" in os.environ:
        return
    with contextlib.suppress(importlib.metadata.PackageNotFoundError):
        for file in importlib.metadata.files("mkl") or []:
            if "mkl_rt" in file.name and Path(file.locate()).is_file():
                os.environ["PYPARDISO_MKL_RT"] = str(Path(file.locate()).resolve())
                return
