"""Symbolic factorisation: elimination tree, supernodes and where everything goes (compiled part of *linear*).

A supernode is a run of columns of the factor with one row pattern; its columns and those rows make a dense front. Small
neighbours in the tree are merged at the price of some stored zeros: dense loops want columns.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from femanode.compiled import compiled

Index = NDArray[np.int64]
Short = NDArray[np.int32]


class Symbolic(NamedTuple):
    """What factors of one sparsity pattern share.

    Attributes
    ----------
    order : (n,) unknown eliminated at each place
    first : (s + 1,) first column of each supernode, in eliminated order
    start : (s + 1,) where its rows begin in ``rows``; ``rows`` are its columns, then those below, ascending
    panel : (s + 1,) where its columns begin in the factor
    parent : (s,) supernode that takes its update, s where there is none
    relative : like ``rows``: place of each row within the parent's front (its own columns: unused)
    target : (nnz,) place in the factor of every entry of the matrix, -1 for the upper triangle
    stack, spare : (s,) place of its update matrix, and where it is made while those of its children are still there
    stack_size : numbers in all
    begin, end : (t,) subtrees that can be done side by side, as ranges of supernodes
    remain : supernodes to be done after them, ascending
    """

    order: Index
    first: Index
    start: Index
    rows: Short
    panel: Index
    parent: Index
    relative: Short
    target: Short
    stack: Index
    spare: Index
    stack_size: int
    begin: Index
    end: Index
    remain: Index


def analyse(indptr: Short, indices: Short, order: Index) -> Symbolic:
    """Symbolic factorisation of a symmetric pattern (both triangles, CSC) in the given order.

    The order is changed within what leaves the fill as it is, so that supernodes are contiguous.
    """
    len(order)
    parent = _tree(indptr, indices, order, _inverse(order))
    post = _postorder(parent)
    order = order[post]
    parent = _relabel(parent, post)
    inverse = _inverse(order)
    count = _column_counts(indptr, indices, order, inverse, parent)
    super_of, columns, above = _supernodes(parent, count)
    owner = _merge(columns, count[np.cumsum(columns) - columns], above)
    order, first, above = _renumber(order, super_of, columns, owner, above)
    inverse = _inverse(order)
    start, rows = _rows(indptr, indices, order, inverse, first, above)
    width, height = np.diff(first), np.diff(start)
    panel = np.concatenate([np.zeros(1, np.int64), np.cumsum(width * ((height + 7) // 8 * 8))])
    if panel[-1] >= 2**31:
        raise MemoryError(f"a factor of {panel[-1]:.2e} numbers")
    relative, target = _places(indptr, indices, inverse, first, start, rows, panel, above)
    begin, end, remain = _tasks(width, height, above)
    stack, spare, size = _stack(width, height, above, begin, end, remain)
    return Symbolic(order, first, start, rows, panel, above, relative, target, stack, spare, int(size), begin, end,
                    remain)


@compiled
def _inverse(order: Index) -> Index:
    out = np.empty_like(order)
    for i in range(len(order)):
        out[order[i]] = i
    return out


@compiled
def _tree(indptr: Short, indices: Short, order: Index, inverse: Index) -> Index:
    """Elimination tree (Liu 1986) of the permuted pattern; -1 marks roots."""
    n = len(order)
    parent, ancestor = np.full(n, -1, np.int64), np.full(n, -1, np.int64)
    for j in range(n):
        c = order[j]
        for p in range(indptr[c], indptr[c + 1]):
            i = inverse[indices[p]]
            while i != -1 and i < j:
                up = ancestor[i]
                ancestor[i] = j
                if up == -1:
                    parent[i] = j
                i = up
    return parent


@compiled
def _postorder(parent: Index) -> Index:
    """Children before parents, subtrees together."""
    n = len(parent)
    head, sibling = np.full(n + 1, -1, np.int64), np.full(n, -1, np.int64)
    for j in range(n - 1, -1, -1):
        up = parent[j] if parent[j] >= 0 else n
        sibling[j] = head[up]
        head[up] = j
    post, waiting = np.empty(n, np.int64), np.empty(n + 1, np.int64)
    found, top = 0, 0
    waiting[0] = n
    while top >= 0:
        j = waiting[top]
        child = head[j]
        if child == -1:
            if j < n:
                post[found] = j
                found += 1
            top -= 1
        else:
            head[j] = sibling[child]
            top += 1
            waiting[top] = child
    return post


@compiled
def _relabel(parent: Index, post: Index) -> Index:
    inverse = _inverse(post)
    out = np.empty_like(parent)
    for j in range(len(post)):
        up = parent[post[j]]
        out[j] = inverse[up] if up >= 0 else -1
    return out


@compiled
def _column_counts(indptr: Short, indices: Short, order: Index, inverse: Index, parent: Index) -> Index:
    """Entries in each column of the factor, its diagonal included, by walking the tree below each row."""
    n = len(order)
    count, mark = np.ones(n, np.int64), np.full(n, -1, np.int64)
    for i in range(n):
        mark[i] = i
        c = order[i]
        for p in range(indptr[c], indptr[c + 1]):
            k = inverse[indices[p]]
            if k < i:
                while mark[k] != i:
                    mark[k] = i
                    count[k] += 1
                    k = parent[k]
    return count


@compiled
def _supernodes(parent: Index, count: Index) -> tuple[Index, Index, Index]:
    """Runs of columns with one pattern: number of each column's run, columns per run, and the tree of runs."""
    n = len(parent)
    super_of, columns = np.empty(n, np.int64), np.zeros(n, np.int64)
    s = -1
    for j in range(n):
        if j == 0 or parent[j - 1] != j or count[j] != count[j - 1] - 1:
            s += 1
        super_of[j] = s
        columns[s] += 1
    above = np.full(s + 1, s + 1, np.int64)
    for j in range(n):
        if parent[j] >= 0 and super_of[parent[j]] != super_of[j]:
            above[super_of[j]] = super_of[parent[j]]
    return super_of, columns[: s + 1], above


@compiled
def _merge(columns: Index, height: Index, above: Index) -> Index:
    """Which supernode each one joins (itself, where it stays): small ones go into their parents.

    A child of k columns under a parent of K columns and H rows makes a front of k + K columns and k + H rows; what it
    stores beyond its own pattern are zeros. Up to 16 columns few zeros are dear, beyond only a small share is let in.
    """
    m = len(columns)
    owner, K, H, zeros = np.arange(m), columns.copy(), height.copy(), np.zeros(m, np.int64)
    for s in range(m - 2, -1, -1):
        up = above[s]
        if up >= m:
            continue
        top = owner[up]
        k, wide = columns[s], columns[s] + K[top]
        added = k * (k + H[top] - height[s])
        stored = wide * (wide + 1) // 2 + wide * (H[top] - K[top])
        share = (zeros[top] + added) / stored
        if wide <= 8 or (wide <= 24 and share < 0.5) or (wide <= 64 and share < 0.12) or share < 0.03:
            owner[s] = top
            K[top], H[top], zeros[top] = wide, H[top] + k, zeros[top] + added
    return owner


@compiled
def _renumber(order: Index, super_of: Index, columns: Index, owner: Index, above: Index,
              ) -> tuple[Index, Index, Index]:
    """Order, first columns and tree after merging, supernodes in postorder."""
    m, n = len(columns), len(order)
    up = np.full(m, -1, np.int64)
    for s in range(m):
        if owner[s] == s and above[s] < m:
            up[s] = owner[above[s]]
    post = _postorder(up)
    number, kept = np.full(m, -1, np.int64), 0
    for s in post:
        if owner[s] == s:
            number[s] = kept
            kept += 1
    first, tree = np.zeros(kept + 1, np.int64), np.full(kept, kept, np.int64)
    for s in range(m):
        first[number[owner[s]] + 1] += columns[s]
        if owner[s] == s and up[s] >= 0:
            tree[number[s]] = number[up[s]]
    first = np.cumsum(first)
    place, new = first.copy(), np.empty(n, np.int64)
    for j in range(n):
        s = number[owner[super_of[j]]]
        new[place[s]] = order[j]
        place[s] += 1
    return new, first, tree


@compiled
def _rows(indptr: Short, indices: Short, order: Index, inverse: Index, first: Index, above: Index,
          ) -> tuple[Index, Short]:
    """Row pattern of every supernode: its matrix entries and its children's rows."""
    m, n = len(above), len(order)
    child, sibling = np.full(m, -1, np.int64), np.full(m, -1, np.int64)
    mark = np.full(n, -1, np.int64)
    start, rows = np.zeros(m + 1, np.int64), np.empty(max(4 * n, 1024), np.int32)
    found = 0
    for s in range(m):
        begin, end = first[s], first[s + 1]
        if found + n > len(rows):
            rows = np.concatenate((rows, np.empty(len(rows) + n, np.int32)))
        for j in range(begin, end):
            mark[j] = s
            rows[found] = j
            found += 1
        below = found
        for j in range(begin, end):
            c = order[j]
            for p in range(indptr[c], indptr[c + 1]):
                i = inverse[indices[p]]
                if i >= end and mark[i] != s:
                    mark[i] = s
                    rows[found] = i
                    found += 1
        c = child[s]
        while c != -1:
            for p in range(start[c], start[c + 1]):
                i = np.int64(rows[p])
                if i >= end and mark[i] != s:
                    mark[i] = s
                    rows[found] = i
                    found += 1
            c = sibling[c]
        rows[below:found] = np.sort(rows[below:found])
        start[s + 1] = found
        if above[s] < m:
            sibling[s] = child[above[s]]
            child[above[s]] = s
    return start, rows[:found].copy()


@compiled
def _places(indptr: Short, indices: Short, inverse: Index, first: Index, start: Index, rows: Short, panel: Index,
            above: Index) -> tuple[Short, Short]:
    """Where update rows go in the parent's front, and matrix entries in the factor."""
    m, n = len(above), len(inverse)
    order = _inverse(inverse)
    relative, target = np.zeros(len(rows), np.int32), np.full(indptr[n], -1, np.int32)
    for s in range(m):
        up = above[s]
        if up < m:
            q = start[up]
            for p in range(start[s] + first[s + 1] - first[s], start[s + 1]):
                while rows[q] != rows[p]:
                    q += 1
                relative[p] = q - start[up]
    local = np.zeros(n, np.int64)
    for s in range(m):
        stride = padded(start[s + 1] - start[s])
        for p in range(start[s], start[s + 1]):
            local[rows[p]] = p - start[s]
        for j in range(first[s], first[s + 1]):
            c = order[j]
            at = panel[s] + (j - first[s]) * stride
            for p in range(indptr[c], indptr[c + 1]):
                i = inverse[indices[p]]
                if i >= j:
                    target[p] = at + local[i]
    return relative, target


@compiled
def _tasks(width: Index, height: Index, above: Index) -> tuple[Index, Index, Index]:
    """First and last supernodes of subtrees that can be done side by side, and what remains after them.

    The dearest subtree is opened until none has more than a sixteenth of all operations: what was opened remains.
    """
    m = len(width)
    lowest, work = np.arange(m), np.zeros(m)
    for s in range(m):
        for j in range(width[s]):
            work[s] += (height[s] - j) ** 2
    own = work.copy()
    for s in range(m):
        if above[s] < m:
            work[above[s]] += work[s]
            lowest[above[s]] = min(lowest[above[s]], lowest[s])
    opened = np.zeros(m, np.bool_)
    limit = own.sum() / 16.0
    for s in range(m - 1, -1, -1):
        if work[s] > limit and (above[s] >= m or opened[above[s]]):
            opened[s] = True
    count = 0
    begin, end = np.empty(m, np.int64), np.empty(m, np.int64)
    for s in range(m):
        if not opened[s] and (above[s] >= m or opened[above[s]]):
            begin[count], end[count] = lowest[s], s + 1
            count += 1
    return begin[:count].copy(), end[:count].copy(), np.flatnonzero(opened)


@compiled
def _stack(width: Index, height: Index, above: Index, begin: Index, end: Index, remain: Index,
           ) -> tuple[Index, Index, int]:
    """Places of the update matrices: one takes the room its children's free, once they are added.

    Every subtree that may run beside others has room of its own, and so has what remains.
    """
    m = len(width)
    place, spare = np.zeros(m, np.int64), np.zeros(m, np.int64)
    lowest = np.full(m + 1, -1, np.int64)
    floor = 0
    for part in range(len(begin) + 1):
        last = part == len(begin)
        top, most = floor, floor
        for p in range(len(remain) if last else end[part] - begin[part]):
            s = remain[p] if last else begin[part] + p
            square = (height[s] - width[s]) * padded(height[s] - width[s])
            base = lowest[s] if lowest[s] >= 0 else top
            place[s], spare[s] = base, top
            most = max(most, top + square)
            top = base + square
            # The last of a subtree is read from where it is.
            inside = last or s + 1 < end[part]
            if inside and above[s] < m and lowest[above[s]] < 0:
                lowest[above[s]] = base
        floor = most
    return place, spare, floor


@compiled
def padded(rows: int) -> int:
    """Rows as stored: a multiple of eight, so that loops over them leave no remainder."""
    return (rows + 7) // 8 * 8
