"""Elimination order of the unknowns: nested dissection, or minimum degree without pymetis."""

from __future__ import annotations

import importlib.util

import numpy as np
import scipy.sparse as sp
import scipy.sparse.linalg as spla

from femanode.numerics.arrays import IntArray


def has_metis() -> bool:
    """Whether nested dissection is to be had."""
    return importlib.util.find_spec("pymetis") is not None


def graph_order(graph: sp.csr_matrix) -> IntArray:
    """Vertices of a symmetric graph in an order whose elimination adds few entries; the values in it do not matter."""
    n = graph.shape[0]
    rows = np.repeat(np.arange(n), np.diff(graph.indptr))
    if not has_metis() or n < 2:
        # Only the order of this factorisation is wanted; a large diagonal keeps it from failing.
        ones = sp.csc_matrix((np.ones(graph.nnz), graph.indices, graph.indptr), shape=graph.shape)
        done = spla.splu(sp.csc_matrix(ones + 1e6 * sp.identity(n)), permc_spec="MMD_AT_PLUS_A", diag_pivot_thresh=0.0,
                         options={"SymmetricMode": True})
        return np.argsort(done.perm_c).astype(np.int64)
    import pymetis

    off = rows != graph.indices
    starts = np.concatenate([[0], np.cumsum(np.bincount(rows[off], minlength=n))]).astype(np.int32)
    neighbours = graph.indices[off].astype(np.int32)
    if hasattr(pymetis, "CSRAdjacency"):  # from 2025.2, where the older form is deprecated
        order, _ = pymetis.nested_dissection(pymetis.CSRAdjacency(starts, neighbours))
    else:
        order, _ = pymetis.nested_dissection(xadj=starts, adjncy=neighbours)
    return np.asarray(order, dtype=np.int64)


def node_rank(cells: IntArray, n: int) -> IntArray:
    """Place of every node (n,) of quadratic triangles (6, elem) in the elimination, from a dissection of the corners.

    A mid-side node goes just before the earlier of its two ends: then what separates the corners separates all nodes,
    and the graph to be dissected has a quarter of the vertices.
    """
    corners, local = np.unique(cells[:3], return_inverse=True)
    tri = local.reshape(3, -1)
    ends = np.concatenate([tri[[0, 1]], tri[[1, 2]], tri[[2, 0]]], axis=1)
    both = np.concatenate([ends, ends[::-1]], axis=1)
    count = len(corners)
    graph = sp.coo_matrix((np.ones(both.shape[1]), (both[0], both[1])), shape=(count, count)).tocsr()
    corner_place = np.empty(count, np.int64)
    corner_place[graph_order(graph)] = np.arange(count)
    key = np.zeros(n)
    key[corners] = corner_place
    key[cells[3:].ravel()] = np.minimum(*corner_place[ends]) - 0.5
    rank = np.empty(n, np.int64)
    rank[np.argsort(key, kind="stable")] = np.arange(n)
    return rank
