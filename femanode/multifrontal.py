"""Numeric factorisation L D L^T by fronts, and its triangular solves (compiled part of *linear*).

Each supernode assembles a dense front from the matrix and its children's updates, eliminates its columns and hands the
rest on (Duff & Reid 1983, ACM Trans. Math. Softw. 9, 302). Pivots are taken as they come: no exchange for stability, so
that the caller has to look at the residual. Dense blocks are stored by columns of the factor: ``block[j, i]`` is row i,
i >= j. Columns are kept unscaled, W = L D.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from femanode.compiled import compiled, vectorised
from femanode.elimination import analyse

Array = NDArray[np.float64]
Index = NDArray[np.int64]
Short = NDArray[np.int32]

class Factor:
    """Factor of matrices with one pattern.

    Parameters
    ----------
    indptr, indices : pattern of both triangles, by columns
    order : (n,) fill-reducing order
    """

    def __init__(self, indptr: Short, indices: Short, order: Index) -> None:
        self.symbolic = symbolic = analyse(indptr, indices, order)
        self._panels = np.empty(int(symbolic.panel[-1]))
        self._inverse_pivots = np.empty(len(symbolic.order))
        self._stack = np.empty(symbolic.stack_size)

    def factorise(self, data: Array) -> bool:
        """Factorise the matrix with these entries (nnz,); False where a pivot vanished or is no number."""
        y = self.symbolic
        _load(self._panels, data, y.target)
        smallest, largest = _eliminate(self._panels, self._inverse_pivots, self._stack, y.first, y.start, y.panel,
                                       y.parent, y.relative, y.stack, y.spare)
        return bool(smallest > 1e-14 * largest and np.isfinite(largest))

    def solve(self, rhs: Array) -> Array:
        """Solve for rhs (n,) or (n, k)."""
        y = self.symbolic
        x = np.ascontiguousarray(rhs.reshape(len(rhs), -1)[y.order].T)
        for column in x:
            _substitute(column, self._panels, self._inverse_pivots, y.first, y.start, y.rows, y.panel)
        out = np.empty_like(x.T)
        out[y.order] = x.T
        return out.reshape(rhs.shape)


@compiled
def _load(panels: Array, data: Array, target: Short) -> None:
    panels[:] = 0.0
    for p in range(len(target)):
        if target[p] >= 0:
            panels[target[p]] += data[p]


@compiled
def _eliminate(panels: Array, inverse: Array, stack: Array, first: Index, start: Index, panel: Index, parent: Index,
               relative: Short, place: Index, spare: Index) -> tuple[float, float]:
    """All fronts in turn; smallest and largest pivot."""
    m = len(parent)
    child, sibling = np.full(m + 1, -1, np.int64), np.full(m, -1, np.int64)
    for s in range(m - 1, -1, -1):
        sibling[s] = child[parent[s]]
        child[parent[s]] = s
    smallest, largest = np.inf, 0.0
    for s in range(m):
        low, high = _front(s, panels, inverse, stack, first, start, panel, relative, place, spare, child, sibling)
        smallest, largest = min(smallest, low), max(largest, high)
    return smallest, largest


@compiled
def _front(s: int, panels: Array, inverse: Array, stack: Array, first: Index, start: Index, panel: Index,
           relative: Short, place: Index, spare: Index, child: Index, sibling: Index) -> tuple[float, float]:
    """Assemble and eliminate one supernode."""
    k, m = first[s + 1] - first[s], start[s + 1] - start[s]
    r = m - k
    W = panels[panel[s]:panel[s + 1]].reshape(k, m)
    U = stack[spare[s]:spare[s] + r * r].reshape(r, r)
    U[:] = 0.0
    c = child[s]
    while c != -1:
        kc = first[c + 1] - first[c]
        rc = start[c + 1] - start[c] - kc
        _add(W, U, stack[place[c]:place[c] + rc * rc].reshape(rc, rc), relative[start[c] + kc:start[c + 1]])
        c = sibling[c]
    pivots = inverse[first[s]:first[s + 1]]
    low, high = _columns(W, pivots)
    _subtract(U, W[:, k:], pivots, W[:, k:], k, r)
    if place[s] != spare[s]:
        stack[place[s]:place[s] + r * r] = stack[spare[s]:spare[s] + r * r]
    return low, high


@compiled
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


@compiled
def _columns(W: Array, inverse: Array) -> tuple[float, float]:
    """Eliminate the columns of a front, four at a time; smallest and largest pivot."""
    k, m = W.shape
    low, high = np.inf, 0.0
    for j0 in range(0, k, 4):
        j1 = min(j0 + 4, k)
        if j0 > 0:
            _subtract(W[j0:j1, j0:], W[:j0, j0:], inverse, W[:j0, j0:], j0, j1 - j0)
        for j in range(j0, j1):
            d = W[j, j]
            low, high = min(low, abs(d)), max(high, abs(d))
            inverse[j] = 1.0 / d
            for q in range(j + 1, j1):
                a = W[j, q] * inverse[j]
                for i in range(q, m):
                    W[q, i] -= a * W[j, i]
    return low, high


@vectorised
def _subtract(C: Array, W: Array, inverse: Array, V: Array, k: int, n: int) -> None:
    """C[j, i] -= sum_p W[p, i] V[p, j]/d_p for the n columns j of C and rows i >= j.

    Rows go by 256: eight columns of them stay in the first cache.
    """
    m = C.shape[1]
    for i0 in range(0, m, 256):
        i1 = min(m, i0 + 256)
        for j in range(0, min(n, i1), 4):
            s = max(i0, j)
            if j + 4 <= n:
                c0, c1, c2, c3 = C[j, s:i1], C[j + 1, s:i1], C[j + 2, s:i1], C[j + 3, s:i1]
                for p in range(0, k - 3, 4):
                    _four_by_four(c0, c1, c2, c3, W[p:p + 4, s:i1], V[p:p + 4, j:j + 4], inverse[p:p + 4])
                for p in range(k - k % 4, k):
                    d = inverse[p]
                    v0, v1, v2, v3 = V[p, j] * d, V[p, j + 1] * d, V[p, j + 2] * d, V[p, j + 3] * d
                    w = W[p, s:i1]
                    for i in range(i1 - s):
                        c0[i] -= w[i] * v0
                        c1[i] -= w[i] * v1
                        c2[i] -= w[i] * v2
                        c3[i] -= w[i] * v3
            else:
                for q in range(j, n):
                    c0 = C[q, s:i1]
                    for p in range(k):
                        v0, w = V[p, q] * inverse[p], W[p, s:i1]
                        for i in range(i1 - s):
                            c0[i] -= w[i] * v0


@vectorised
def _four_by_four(c0: Array, c1: Array, c2: Array, c3: Array, W: Array, V: Array, d: Array) -> None:
    """Four columns take four updates: all that is needed twice stays in registers."""
    v00, v01, v02, v03 = V[0, 0] * d[0], V[0, 1] * d[0], V[0, 2] * d[0], V[0, 3] * d[0]
    v10, v11, v12, v13 = V[1, 0] * d[1], V[1, 1] * d[1], V[1, 2] * d[1], V[1, 3] * d[1]
    v20, v21, v22, v23 = V[2, 0] * d[2], V[2, 1] * d[2], V[2, 2] * d[2], V[2, 3] * d[2]
    v30, v31, v32, v33 = V[3, 0] * d[3], V[3, 1] * d[3], V[3, 2] * d[3], V[3, 3] * d[3]
    w0, w1, w2, w3 = W[0], W[1], W[2], W[3]
    for i in range(len(c0)):
        x0, x1, x2, x3 = w0[i], w1[i], w2[i], w3[i]
        c0[i] -= x0 * v00 + x1 * v10 + x2 * v20 + x3 * v30
        c1[i] -= x0 * v01 + x1 * v11 + x2 * v21 + x3 * v31
        c2[i] -= x0 * v02 + x1 * v12 + x2 * v22 + x3 * v32
        c3[i] -= x0 * v03 + x1 * v13 + x2 * v23 + x3 * v33


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
        W, row = panels[panel[s]:panel[s + 1]].reshape(k, h), rows[start[s]:start[s + 1]]
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
        W, row = panels[panel[s]:panel[s + 1]].reshape(k, h), rows[start[s]:start[s + 1]]
        for i in range(h):
            local[i] = x[row[i]]
        for j in range(k - 1, -1, -1):
            w, total = W[j], 0.0
            for i in range(j + 1, h):
                total += w[i] * local[i]
            local[j] -= total * inverse[f + j]
            x[f + j] = local[j]
