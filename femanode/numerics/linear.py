"""Direct solver of sparse systems: PARDISO where it is installed (extra ``fast``), else rslab, else scipy's SuperLU.

PARDISO and rslab keep their symbolic analysis between factorisations of one sparsity pattern.
"""

from __future__ import annotations

import importlib.util
from typing import Literal, Protocol

import numpy as np
import scipy.sparse as sp
import scipy.sparse.linalg as spla

from femanode.numerics.arrays import Array, IntArray
from femanode.numerics.pardiso import Pardiso
from femanode.numerics.pulse import beat
from femanode.numerics.rslab import Rslab, obstacle
from femanode.numerics.superlu import SuperLU

Backend = Literal["auto", "pardiso", "rslab", "scipy"]


class SingularMatrix(RuntimeError):
    """A matrix that cannot be factorised, or whose solutions are no solutions; the text says of which equations."""


def inner(a: Array, b: Array) -> float:
    """Sum of the products of two arrays of one shape.

    Not by BLAS, which starts threads of its own for it: beside those of PARDISO that takes longer than the sum.
    """
    return float(np.einsum("i,i->", a.ravel(), b.ravel()))


class Method(Protocol):
    """A library that factorises; raises RuntimeError for a matrix that it finds singular.

    Attributes
    ----------
    name : str
        For the manifest.
    rough : bool
        Whether the last factors are in single precision; ``factorise(matrix, exact=True)`` makes them in double.
    costly : bool
        Whether a factorisation takes more than ten times as long as a solution.
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
    backend : 'auto' | 'pardiso' | 'rslab' | 'scipy'
        ``auto`` takes pardiso where it is installed, else rslab where that can be imported, else scipy.
    rank : (n,), optional
        Place of each unknown in the elimination, where the caller knows a good order; equal places keep the order of
        the unknowns.
    accuracy : float
        Norm of the residual over that of the right side at which refinement ends; it ends earlier where it gains no
        more.
    symmetric : bool
        Whether the matrices are. PARDISO is used for those only: others go to rslab, or to scipy.
    purpose : str
        Whose equations these are, for the text of an error.

    Raises
    ------
    ImportError
        The library that was asked for is not there.

    Attributes
    ----------
    name : str
        What is in use, for the manifest.
    factorisations : int
    """

    #: Residual over the right side above which factors in single precision are replaced by double ones; above which a
    #: matrix counts as singular; and how often a solution is refined at most.
    poor, singular, most_refinements = 1e-9, 1e-4, 8
    #: Residual of `solve_near` over the right side, and how many iterations it may take.
    near, most_iterations = 3e-2, 12

    def __init__(self, backend: Backend = "auto", rank: IntArray | None = None, accuracy: float = 1e-11, *,
                 symmetric: bool = True, purpose: str = "") -> None:
        self.accuracy, self.purpose = accuracy, purpose
        order = None if rank is None else np.argsort(rank, kind="stable").astype(np.int64)
        self._method: Method = _method(backend, order, symmetric=symmetric)
        self.name = self._method.name
        self._matrix: sp.csc_matrix | None = None
        self.factorisations = 0

    def factorise(self, matrix: sp.csc_matrix) -> None:
        """Numeric factorisation; the ordering is computed at the first call.

        Raises
        ------
        SingularMatrix
            The matrix is singular to working precision, or has entries that are not finite.
        """
        beat()
        self.factorisations += 1
        self._matrix = None
        if not np.all(np.isfinite(matrix.data)):
            raise self._failure("the matrix has entries that are not finite")
        try:
            self._method.factorise(matrix)
        except RuntimeError as error:
            raise self._failure(str(error)) from error
        self._matrix = matrix

    def solve(self, rhs: Array) -> Array:
        """Solve with the last factorisation; rhs (n,) or (n, k).

        Raises
        ------
        SingularMatrix
            There is no solution to working precision, or the right side is not finite.
        """
        matrix = self._matrix
        if matrix is None:
            raise RuntimeError("solve before factorise")
        try:
            x, error = self._refined(matrix, rhs)
            if error > max(self.accuracy, self.poor) and self._method.rough:
                self._method.factorise(matrix, exact=True)
                x, error = self._refined(matrix, rhs)
        except RuntimeError as failed:
            raise self._failure(str(failed)) from failed
        # PARDISO neither raises nor warns on a singular matrix.
        if not error <= self.singular:
            raise self._failure("the right side has entries that are not finite" if not np.all(np.isfinite(rhs)) else
                                "the matrix is singular to working precision")
        return x

    def _failure(self, why: str) -> SingularMatrix:
        return SingularMatrix(f"linear solve{f' of {self.purpose}' if self.purpose else ''}: {why}")

    def solve_near(self, matrix: sp.csc_matrix, rhs: Array) -> Array:
        """Solution for a matrix like the one last factorised, with a residual of :attr:`near` of the right side.

        Where a factorisation is costly, the old factors precondition conjugate gradients, as long as those converge in
        :attr:`most_iterations`. Otherwise the matrix is factorised.
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
        beat()
        size = np.sqrt(inner(rhs, rhs))
        if not np.isfinite(size):
            return rhs, np.inf
        x = self._method.solve(rhs)
        residual = rhs - matrix @ x
        error = float(np.sqrt(inner(residual, residual)))
        if not np.isfinite(error):
            return x, np.inf
        for _ in range(self.most_refinements):
            if not error > self.accuracy * size:
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


def _method(backend: Backend, order: IntArray | None, *, symmetric: bool) -> Method:
    """The library that was asked for; ImportError where it cannot be had."""
    has_pardiso = importlib.util.find_spec("pypardiso") is not None
    if backend == "pardiso" and not has_pardiso:
        raise ImportError("pypardiso is not installed; use solver.linear: scipy or install the extra [fast]")
    if backend == "rslab" and obstacle():
        raise ImportError(f"rslab cannot be used ({obstacle()}); use solver.linear: scipy or install rslab")
    if symmetric and (backend == "pardiso" or (backend == "auto" and has_pardiso)):
        return Pardiso()
    return SuperLU(order) if backend == "scipy" or obstacle() else Rslab(symmetric=symmetric)
