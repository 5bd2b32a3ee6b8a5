"""Compiled: the sparsity pattern of element matrices."""

from __future__ import annotations

import numpy as np

from femanode.numerics.arrays import IntArray, ShortArray
from femanode.numerics.compiled import compiled


@compiled
def _places_of_unknowns(dofs: IntArray, n: int) -> tuple[IntArray, IntArray]:
    """Where unknown c stands in ``dofs`` (k, elem): places e k + i, ascending, in ``where[begin[c]:begin[c + 1]]``."""
    k, m = dofs.shape
    begin = np.zeros(n + 1, np.int64)
    for i in range(k):
        for e in range(m):
            if dofs[i, e] >= 0:
                begin[dofs[i, e] + 1] += 1
    begin = np.cumsum(begin)
    at, where = begin.copy(), np.empty(begin[n], np.int64)
    for e in range(m):
        for i in range(k):
            if dofs[i, e] >= 0:
                where[at[dofs[i, e]]] = e * k + i
                at[dofs[i, e]] += 1
    return begin, where


@compiled
def csc_pattern(dofs: IntArray, n: int) -> tuple[ShortArray, ShortArray, IntArray]:
    """CSC pattern of element matrices with unknowns ``dofs`` (k, elem), and where their entries go.

    Returns
    -------
    indptr : (n + 1,); indices : (nnz,) ascending within each column
    slot : (elem k k,) place of each entry of the element matrices in the data; nnz where an unknown is constrained
    """
    k, m = dofs.shape
    begin, where = _places_of_unknowns(dofs, n)
    # Room for the worst case; what stays untouched takes no memory.
    indptr, indices = np.zeros(n + 1, np.int32), np.empty(k * begin[n], np.int32)
    slot = np.full(m * k * k, -1, np.int64)
    mark, place = np.full(n, -1, np.int64), np.empty(n, np.int64)
    nnz = 0
    for c in range(n):
        first = nnz
        for p in range(begin[c], begin[c + 1]):
            e = where[p] // k
            for i in range(k):
                r = dofs[i, e]
                if r >= 0 and mark[r] != c:
                    mark[r] = c
                    indices[nnz] = r
                    nnz += 1
        # By insertion: there are some forty, and numpy's sort would take a third of what all loops take to compile.
        for q in range(first + 1, nnz):
            r, at = indices[q], q
            while at > first and indices[at - 1] > r:
                indices[at] = indices[at - 1]
                at -= 1
            indices[at] = r
        for q in range(first, nnz):
            place[indices[q]] = q
        for p in range(begin[c], begin[c + 1]):
            e, j = where[p] // k, where[p] % k
            for i in range(k):
                r = dofs[i, e]
                if r >= 0:
                    slot[(e * k + i) * k + j] = place[r]
        indptr[c + 1] = nnz
    for p in range(m * k * k):
        if slot[p] < 0:
            slot[p] = nnz
    return indptr, indices[:nnz], slot
