"""Numeric factorisation L D L^T by fronts, and its triangular solves (compiled part of *linear*).

Each supernode assembles a dense front from the matrix and its children's updates, eliminates its columns and hands the
rest on (Duff & Reid 1983, ACM Trans. Math. Softw. 9, 302). Pivots are taken as they come: no exchange for stability, so
that the caller has to look at the residual. Dense blocks are stored by columns of the factor: ``block[j, i]`` is row i,
i >= j. Columns are kept unscaled, W = L D.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from femanode import compiled
from femanode.compiled import compiled as compiled_function
from femanode.compiled import vectorised
from femanode.elimination import analyse, padded

Array = NDArray[np.float64]
Index = NDArray[np.int64]
Short = NDArray[np.int32]

#: Rows done at a time: eight columns of them stay in the first cache.
TILE = 256

#: Operations below which threads are not worth their start.
LEAST = 3e7


class Factor:
    """Factor of matrices with one pattern.

    Parameters
    ----------
    indptr, indices : pattern of both triangles, by columns
    order : (n,) fill-reducing order
    """

    def __init__(self, indptr: Short, indices: Short, order: Index) -> None:
        y = analyse(indptr, indices, order)
        lower = y.target >= 0
        self._source, self._target = np.flatnonzero(lower).astype(np.int32), y.target[lower]
        self.symbolic = y = y._replace(target=self._target)  # what is not needed is not kept
        self._panels = np.empty(int(y.panel[-1]) + 8)  # the last rows are read in eights
        self._inverse_pivots = np.empty(len(y.order))
        self._stack = np.empty(y.stack_size + 8)
        self._children = _children(y.parent)
        width, height = np.diff(y.first), np.diff(y.start)
        self._large = float(np.sum(width * height.astype(float) ** 2)) > LEAST

    def factorise(self, data: Array) -> bool:
        """Factorise the matrix with these entries (nnz,); False where a pivot vanished or is no number."""
        y = self.symbolic
        shared = (self._panels, self._inverse_pivots, self._stack, y.first, y.start, y.panel, y.relative, y.stack,
                  y.spare, *self._children)
        _load(self._panels, data, self._source, self._target)
        if self._large and compiled.threads() > 1:
            compiled.each(_eliminate, [(y.begin[i:i + 1], y.end[i:i + 1]) for i in range(len(y.begin))], *shared)
            for s in y.remain:
                self._eliminate_shared(int(s), shared)
        else:
            _eliminate(y.begin, y.end, *shared)
            _eliminate(y.remain, y.remain + 1, *shared)
        smallest, largest = _extremes(self._inverse_pivots)
        return bool(smallest > 1e-14 * largest and np.isfinite(largest))

    def _eliminate_shared(self, s: int, shared: Any) -> None:
        """One large front, its update shared between threads by rows."""
        y = self.symbolic
        k = int(y.first[s + 1] - y.first[s])
        r = int(y.start[s + 1] - y.start[s]) - k
        stride = (k + r + 7) // 8 * 8
        _front(s, False, *shared)
        pivots = self._inverse_pivots[y.first[s]:y.first[s + 1]]
        compiled.share(_subtract, (r + TILE - 1) // TILE, self._stack, int(y.spare[s]), (r + 7) // 8 * 8, self._panels,
                       int(y.panel[s]) + k, stride, pivots, k, r, r, least=1)
        _settle(s, *shared)

    def solve(self, rhs: Array) -> Array:
        """Solve for rhs (n,) or (n, k)."""
        y = self.symbolic
        x = np.ascontiguousarray(rhs.reshape(len(rhs), -1)[y.order].T)
        for column in x:
            _substitute(column, self._panels, self._inverse_pivots, y.first, y.start, y.rows, y.panel)
        out = np.empty_like(x.T)
        out[y.order] = x.T
        return out.reshape(rhs.shape)


@compiled_function
def _load(panels: Array, data: Array, source: Short, target: Short) -> None:
    panels[:] = 0.0
    for p in range(len(target)):
        panels[target[p]] += data[source[p]]


@compiled_function
def _children(parent: Index) -> tuple[Index, Index]:
    """First child of each supernode and next sibling, -1 for none."""
    m = len(parent)
    child, sibling = np.full(m + 1, -1, np.int64), np.full(m, -1, np.int64)
    for s in range(m - 1, -1, -1):
        sibling[s] = child[parent[s]]
        child[parent[s]] = s
    return child, sibling


@compiled_function
def _extremes(inverse: Array) -> tuple[float, float]:
    """Smallest and largest pivot by size; a pivot that is no number gives 0."""
    low, high = np.inf, 0.0
    for d in inverse:
        size = 1.0 / abs(d)
        if not size > 0.0:
            return 0.0, high
        low, high = min(low, size), max(high, size)
    return low, high


@compiled_function
def _eliminate(begin: Index, end: Index, panels: Array, inverse: Array, stack: Array, first: Index, start: Index,
               panel: Index, relative: Short, place: Index, spare: Index, child: Index, sibling: Index) -> None:
    """Whole fronts of ranges of supernodes, in turn."""
    for part in range(len(begin)):
        for s in range(begin[part], end[part]):
            _front(s, True, panels, inverse, stack, first, start, panel, relative, place, spare, child, sibling)


@compiled_function
def _front(s: int, whole: bool, panels: Array, inverse: Array, stack: Array, first: Index, start: Index, panel: Index,
           relative: Short, place: Index, spare: Index, child: Index, sibling: Index) -> None:
    """Assemble one supernode and eliminate its columns; the update of the rest only when ``whole``."""
    k, m = first[s + 1] - first[s], start[s + 1] - start[s]
    r, high, wide = m - k, padded(m), padded(m - k)
    W, U = panels[panel[s]:panel[s + 1]].reshape(k, high), stack[spare[s]:spare[s] + r * wide].reshape(r, wide)
    U[:] = 0.0
    c = child[s]
    while c != -1:
        kc = first[c + 1] - first[c]
        rc = start[c + 1] - start[c] - kc
        V = stack[place[c]:place[c] + rc * padded(rc)].reshape(rc, padded(rc))
        _add(W, U, V, relative[start[c] + kc:start[c + 1]])
        c = sibling[c]
    pivots = inverse[first[s]:first[s + 1]]
    _columns(panels, panel[s], high, pivots, k)
    if whole:
        _subtract(0, (r + TILE - 1) // TILE, stack, spare[s], wide, panels, panel[s] + k, high, pivots, k, r, r)
        _settle(s, panels, inverse, stack, first, start, panel, relative, place, spare, child, sibling)


@compiled_function
def _settle(s: int, panels: Array, inverse: Array, stack: Array, first: Index, start: Index, panel: Index,
            relative: Short, place: Index, spare: Index, child: Index, sibling: Index) -> None:
    """Move an update matrix down to where the children's were."""
    r = start[s + 1] - start[s] - (first[s + 1] - first[s])
    if place[s] != spare[s]:
        for i in range(r * padded(r)):
            stack[place[s] + i] = stack[spare[s] + i]


@compiled_function
def _add(W: Array, U: Array, V: Array, where: Short) -> None:
    """Add a child's update V to the front of columns W over the remainder U."""
    k, r = len(W), len(where)
    for j in range(r):
        at = where[j]
        if at < k:
            for i in range(j, r):
                W[at, where[i]] += V[j, i]
        else:
            for i in range(j, r):
                U[at - k, where[i] - k] += V[j, i]


@vectorised
def _columns(panels: Array, at: int, high: int, inverse: Array, k: int) -> None:
    """Eliminate the k columns of a front, four at a time."""
    for j0 in range(0, k, 4):
        j1 = min(j0 + 4, k)
        low = j0 // 8 * 8
        blocks = (high - low) // 8
        if j0 > 0:
            for tile in range(0, 8 * blocks, TILE):
                _block(panels, at + j0 * high + low + tile, high, panels, at + low + tile, high, at + j0, inverse, j0,
                       j1 - j0, min(blocks - tile // 8, TILE // 8))
        for j in range(j0, j1):
            inverse[j] = 1.0 / panels[at + j * high + j]
            w = panels[at + j * high + low:at + (j + 1) * high]
            for q in range(j + 1, j1):
                a = panels[at + j * high + q] * inverse[j]
                c = panels[at + q * high + low:at + (q + 1) * high]
                for i in range(8 * blocks):
                    c[i] -= a * w[i]


@vectorised
def _subtract(begin: int, end: int, c: Array, at: int, wide: int, w: Array, of: int, high: int, inverse: Array, k: int,
              n: int, m: int) -> None:
    """C[j, i] -= sum_p W[p, i] W[p, j]/d_p for n columns j of m rows i >= j, in tiles ``begin`` to ``end`` of rows.

    Rows go by 256: eight columns of them stay in the first cache. A few above the diagonal are done as well, to
    begin at a multiple of eight; they are never read.
    """
    for tile in range(begin, end):
        i0, i1 = tile * TILE, min(padded(m), (tile + 1) * TILE)
        for j in range(0, min(n, i1), 4):
            low = max(i0, j // 8 * 8)
            _block(c, at + j * wide + low, wide, w, of + low, high, of + j, inverse, k, min(4, n - j), (i1 - low) // 8)


@vectorised
def _block(c: Array, at: int, wide: int, w: Array, of: int, high: int, row: int, d: Array, k: int, n: int,
           eights: int) -> None:
    """Up to four columns at ``at`` take k updates: rows at ``of``, factors at ``row`` of each column of W."""
    m = 8 * eights
    if n < 4:
        for j in range(n):
            c0 = c[at + j * wide:at + j * wide + m]
            for p in range(k):
                v0, w0 = w[row + j + p * high] * d[p], w[of + p * high:of + p * high + m]
                for i in range(8 * eights):
                    c0[i] -= w0[i] * v0
        return
    c0, c1 = c[at:at + m], c[at + wide:at + wide + m]
    c2, c3 = c[at + 2 * wide:at + 2 * wide + m], c[at + 3 * wide:at + 3 * wide + m]
    for p in range(0, k - 3, 4):
        q, o = row + p * high, of + p * high
        v00, v01, v02, v03 = w[q] * d[p], w[q + 1] * d[p], w[q + 2] * d[p], w[q + 3] * d[p]
        q, d1 = q + high, d[p + 1]
        v10, v11, v12, v13 = w[q] * d1, w[q + 1] * d1, w[q + 2] * d1, w[q + 3] * d1
        q, d2 = q + high, d[p + 2]
        v20, v21, v22, v23 = w[q] * d2, w[q + 1] * d2, w[q + 2] * d2, w[q + 3] * d2
        q, d3 = q + high, d[p + 3]
        v30, v31, v32, v33 = w[q] * d3, w[q + 1] * d3, w[q + 2] * d3, w[q + 3] * d3
        w0, w1 = w[o:o + m], w[o + high:o + high + m]
        w2, w3 = w[o + 2 * high:o + 2 * high + m], w[o + 3 * high:o + 3 * high + m]
        for i in range(8 * eights):
            x0, x1, x2, x3 = w0[i], w1[i], w2[i], w3[i]
            c0[i] -= x0 * v00 + x1 * v10 + x2 * v20 + x3 * v30
            c1[i] -= x0 * v01 + x1 * v11 + x2 * v21 + x3 * v31
            c2[i] -= x0 * v02 + x1 * v12 + x2 * v22 + x3 * v32
            c3[i] -= x0 * v03 + x1 * v13 + x2 * v23 + x3 * v33
    for p in range(k - k % 4, k):
        q, o = row + p * high, of + p * high
        v00, v01, v02, v03 = w[q] * d[p], w[q + 1] * d[p], w[q + 2] * d[p], w[q + 3] * d[p]
        w0 = w[o:o + m]
        for i in range(8 * eights):
            c0[i] -= w0[i] * v00
            c1[i] -= w0[i] * v01
            c2[i] -= w0[i] * v02
            c3[i] -= w0[i] * v03


@vectorised
def _substitute(x: Array, panels: Array, inverse: Array, first: Index, start: Index, rows: Short, panel: Index) -> None:
    """Solve in place, unknowns in eliminated order."""
    m = len(first) - 1
    widest = 0
    for s in range(m):
        widest = max(widest, start[s + 1] - start[s])
    local = np.empty(widest)
    for s in range(m):
        k, h, f = first[s + 1] - first[s], start[s + 1] - start[s], first[s]
        W, row = panels[panel[s]:panel[s + 1]].reshape(k, padded(h)), rows[start[s]:start[s + 1]]
        for i in range(k, h):
            local[i] = 0.0
        for j in range(k):
            y = x[f + j] * inverse[f + j]
            x[f + j] = y
            w = W[j]
            for i in range(j + 1, k):
                x[f + i] -= w[i] * y
            for i in range(k, h):
                local[i] += w[i] * y
        for i in range(k, h):
            x[row[i]] -= local[i]
    for s in range(m - 1, -1, -1):
        k, h, f = first[s + 1] - first[s], start[s + 1] - start[s], first[s]
        W, row = panels[panel[s]:panel[s + 1]].reshape(k, padded(h)), rows[start[s]:start[s + 1]]
        for i in range(h):
            local[i] = x[row[i]]
        for j in range(k - 1, -1, -1):
            w, total = W[j], 0.0
            for i in range(j + 1, h):
                total += w[i] * local[i]
            local[j] -= total * inverse[f + j]
            x[f + j] = local[j]
