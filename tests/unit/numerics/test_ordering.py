"""Elimination orders: permutations, with little fill, also without METIS."""

from __future__ import annotations

import importlib.util
from typing import Any

import numpy as np
import pytest
import scipy.sparse as sp
import scipy.sparse.linalg as spla
from numpy.testing import assert_array_equal

from femanode.numerics.ordering import graph_order, node_rank
from femanode.numerics.pattern import Pattern
from tests.helpers import section_spaces


def fill(matrix: sp.csc_matrix, order: np.ndarray) -> int:
    """Entries of the factor of a matrix with this pattern, made positive definite."""
    n = matrix.shape[0]
    heavy = sp.csc_matrix((np.ones(matrix.nnz), matrix.indices, matrix.indptr), shape=matrix.shape)
    heavy = heavy + 1e3 * sp.identity(n, format="csc")
    return int(spla.splu(sp.csc_matrix(heavy[order][:, order]), permc_spec="NATURAL", diag_pivot_thresh=0.0,
                         options={"SymmetricMode": True}).L.nnz)


def elasticity(size: float) -> tuple[Any, sp.csc_matrix]:
    """Spaces of a quarter disc of radius 1 and the pattern of two unknowns per node."""
    s = section_spaces(1.0, size)
    dofs = np.stack([2 * s.cells, 2 * s.cells + 1], axis=1).reshape(12, -1)
    return s, Pattern(dofs, 2 * s.n_nodes).matrix(np.ones((dofs.shape[1], 12, 12)))


@pytest.mark.parametrize("metis", [True, False])
def test_orders_are_permutations_of_little_fill(metis: bool, monkeypatch: pytest.MonkeyPatch) -> None:
    """Ring by ring a band of width b = 2 (nodes of the arc) fills n b; dissected it is less than a third of that."""
    if metis:
        pytest.importorskip("pymetis")
    else:
        real = importlib.util.find_spec
        monkeypatch.setattr(importlib.util, "find_spec", lambda n, p=None: None if n == "pymetis" else real(n, p))
    s, matrix = elasticity(0.035)
    n = matrix.shape[0]
    rank = node_rank(s.cells, s.n_nodes)
    assert_array_equal(np.sort(rank), np.arange(s.n_nodes))
    from_nodes = np.argsort(np.repeat(rank, 2), kind="stable")
    from_matrix = graph_order(sp.csr_matrix(matrix))
    assert_array_equal(np.sort(from_matrix), np.arange(n))
    band = n * 2 * len(s.outer)
    assert fill(matrix, from_nodes) < band / 3
    assert fill(matrix, from_matrix) < band / 3
    # the cheap order of the corners is as good as the dear one of all unknowns
    assert fill(matrix, from_nodes) < 1.1 * fill(matrix, from_matrix)


def test_graphs_without_edges_and_of_one_vertex() -> None:
    assert_array_equal(graph_order(sp.csr_matrix((1, 1))), [0])
    assert_array_equal(np.sort(graph_order(sp.csr_matrix((5, 5)))), np.arange(5))
