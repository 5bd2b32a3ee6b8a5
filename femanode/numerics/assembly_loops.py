"""Compiled: the sparsity pattern of element matrices, and the sums of their entries into it."""

from __future__ import annotations

import numpy as np

from femanode.numerics.arrays import Array, IntArray, ShortArray
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
def csc_pattern(dofs: IntArray, n: int) -> tuple[ShortArray, ShortArray, ShortArray, ShortArray]:
    """CSC pattern of element matrices with unknowns ``dofs`` (k, elem), and where its entries come from.

    Returns
    -------
    indptr : (n + 1,); indices : (nnz,) ascending within each column
    start : (nnz + 1,) where the contributions to each entry begin in ``source``: places in the flat (elem, k, k) array
    """
    k = dofs.shape[0]
    begin, where = _places_of_unknowns(dofs, n)
    indptr, indices = np.zeros(n + 1, np.int32), np.empty(k * begin[n], np.int32)
    mark, count = np.full(n, -1, np.int64), np.zeros(n, np.int64)
    # Room for the worst case; what stays untouched takes no memory.
    start, source = np.empty(k * begin[n] + 1, np.int32), np.empty(k * begin[n], np.int32)
    nnz, taken = 0, 0
    for c in range(n):
        first = nnz
        for p in range(begin[c], begin[c + 1]):
            e = where[p] // k
            for i in range(k):
                r = dofs[i, e]
                if r >= 0:
                    if mark[r] != c:
                        mark[r] = c
                        count[r] = 0
                        indices[nnz] = r
                        nnz += 1
                    count[r] += 1
        indices[first:nnz] = np.sort(indices[first:nnz])
        for q in range(first, nnz):
            r = indices[q]
            start[q] = taken
            taken += count[r]
            count[r] = start[q]
        for p in range(begin[c], begin[c + 1]):
            e, j = where[p] // k, where[p] % k
            for i in range(k):
                r = dofs[i, e]
                if r >= 0:
                    source[count[r]] = (e * k + i) * k + j
                    count[r] += 1
        indptr[c + 1] = nnz
    start[nnz] = taken
    return indptr, indices[:nnz], start[:nnz + 1], source[:taken]


@compiled
def gather(begin: int, end: int, values: Array, start: ShortArray, source: ShortArray, out: Array) -> None:
    """Sum for each place of ``out`` its contributions, in a fixed order."""
    for i in range(begin, end):
        total = 0.0
        for p in range(start[i], start[i + 1]):
            total += values[source[p]]
        out[i] = total
