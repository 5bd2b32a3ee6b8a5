"""Factors by rslab, a solver that comes with every installation and gives the same bits with any number of threads."""

from __future__ import annotations

import os
from typing import Any

import numpy as np
import scipy.sparse as sp
import scipy.sparse.linalg as spla
from numpy.typing import NDArray

from femanode.numerics import compiled
from femanode.numerics.arrays import Array, IntArray

#: Matrices with entries beyond this are factorised in double precision: in single their sums could overflow.
_LARGEST_SINGLE = 1e30

#: Number of the process that has used rslab first. Its threads start then, and stay behind when the process forks: the
#: fork's first analysis would wait for them for ever.
_users: list[int] = []


def obstacle() -> str:
    """Why rslab cannot be had here; empty where it can."""
    if _users and _users[0] != os.getpid():
        return "this process is a fork of one that has used it"
    try:
        import rslab  # noqa: F401
    except ImportError as error:
        return str(error)
    return ""


def _panicked(error: BaseException) -> bool:
    """Whether rslab has met a fault of its own, which its language raises past ``except Exception``."""
    return type(error).__name__ == "PanicException"


class Rslab:
    """Factors in single precision, of a pattern that is analysed once: L D L^T with pivots of one or two rows, or L U.

    :class:`~femanode.numerics.linear.SymmetricSolver` brings the missing digits back by refinement. What rslab cannot
    factorise goes to SuperLU with its pivoting: among them are matrices that are not singular, as those of constraints
    with their multipliers.

    Parameters
    ----------
    symmetric : bool
        Whether the matrices are; then only their lower triangles are read.
    """

    # A factorisation takes the time of six to eight solutions, which conjugate gradients on old factors need as well.
    name, costly = "rslab", False

    def __init__(self, *, symmetric: bool = True) -> None:
        self._symmetric = symmetric
        self._pattern: tuple[NDArray[Any], NDArray[Any]] | None = None
        self._lower: IntArray | None = None
        self._analysis: Any = None
        self._factor: Any = None
        self.rough = True

    def factorise(self, matrix: sp.csc_matrix, *, exact: bool = False) -> None:
        if self._pattern is None or not (np.array_equal(matrix.indptr, self._pattern[0])
                                         and np.array_equal(matrix.indices, self._pattern[1])):
            self._analyse(matrix)
        self._factor = None  # its memory is needed for the next
        data = matrix.data if self._lower is None else matrix.data[self._lower]
        single = not exact and bool(np.abs(data).max(initial=0.0) < _LARGEST_SINGLE)
        for precision in ("float32", None) if single else (None,):
            try:
                factor = self._analysis.factor(data, factor_dtype=precision)
            except RuntimeError:
                continue
            except BaseException as error:
                if not _panicked(error):
                    raise
                continue
            self.rough = precision is not None
            self._factor = factor
            return
        self._factor, self.rough = spla.splu(matrix), False

    def _analyse(self, matrix: sp.csc_matrix) -> None:
        import rslab

        self._pattern = None
        if not matrix.has_sorted_indices:
            raise ValueError("the rows of a column are not in order")
        path: dict[str, Any] = {"path": "ldlt"}
        if self._symmetric:
            columns = np.repeat(np.arange(matrix.shape[0]), np.diff(matrix.indptr))
            self._lower = np.flatnonzero(matrix.indices >= columns)
        else:
            # Without matching the analysis depends on the pattern alone, and the factors on no earlier matrix.
            path = {"path": "lu", "matching": False}
        if not _users:
            _users.append(os.getpid())
        self._analysis = rslab.analyze(matrix, ordering="auto", threads=compiled.threads(), **path)
        self._pattern = (matrix.indptr, matrix.indices)

    def solve(self, rhs: Array) -> Array:
        # Right sides are scaled, as residuals may be too small for single precision.
        scale = float(np.abs(rhs).max(initial=0.0)) if self.rough else 1.0
        if scale == 0.0:
            return np.zeros_like(rhs)
        b = np.ascontiguousarray(rhs / scale)
        many = b.ndim > 1 and not isinstance(self._factor, spla.SuperLU)
        try:
            return np.asarray(self._factor.solve_many(b) if many else self._factor.solve(b)) * scale
        except BaseException as error:
            if not _panicked(error):
                raise
            raise RuntimeError(f"rslab failed ({error})") from error
