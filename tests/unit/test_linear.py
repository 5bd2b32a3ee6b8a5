"""Sparse assembly against scipy's, solvers against dense solves, with and without the optional packages."""

from __future__ import annotations

import importlib.util
import sys
from typing import Any

import numpy as np
import pytest
import scipy.sparse as sp
from numpy.testing import assert_allclose, assert_array_equal

from femanode.linear import Pattern, SymmetricSolver

BACKENDS = ["multifrontal", "superlu-metis", "superlu-mmd", "pardiso"]


def hide(monkeypatch: pytest.MonkeyPatch, *names: str) -> None:
    """Make optional packages look as if they were not installed."""
    real = importlib.util.find_spec

    def find(name: str, package: str | None = None) -> Any:
        return None if name in names else real(name, package)

    monkeypatch.setattr(importlib.util, "find_spec", find)
    for name in names:
        # an import that happens all the same fails, as it would there
        monkeypatch.setitem(sys.modules, name, None)


def solver(backend: str, monkeypatch: pytest.MonkeyPatch) -> SymmetricSolver:
    if backend == "pardiso":
        pytest.importorskip("pypardiso")
        return SymmetricSolver("pardiso")
    if backend == "multifrontal":
        pytest.importorskip("numba")
        return SymmetricSolver("multifrontal")
    if backend == "superlu-metis":
        pytest.importorskip("pymetis")
    else:
        hide(monkeypatch, "pymetis")
    return SymmetricSolver("scipy")


def grid(n: int = 12, shift: float = 0.3, seed: int = 0) -> sp.csc_matrix:
    """Symmetric matrix of a five-point grid with random coefficients."""
    rng = np.random.default_rng(seed)
    number = np.arange(n * n).reshape(n, n)
    pairs = np.hstack([np.stack([number[:, :-1].ravel(), number[:, 1:].ravel()]),
                       np.stack([number[:-1].ravel(), number[1:].ravel()])])
    k = rng.uniform(0.5, 2.0, pairs.shape[1])
    off = sp.coo_matrix((-k, tuple(pairs)), shape=(n * n, n * n))
    off = off + off.T
    return sp.csc_matrix(off + sp.diags(shift - np.asarray(off.sum(axis=1)).ravel()))


def test_pattern_equals_scipys_sum_with_constrained_rows_dropped() -> None:
    rng = np.random.default_rng(1)
    dofs = np.array([[0, 4, -1, 2], [1, 0, 2, 5], [2, -1, 5, 1]])  # (3, 4 elements)
    Ke = rng.normal(size=(4, 3, 3))
    wanted = np.zeros((6, 6))
    for e in range(4):
        for a in range(3):
            for b in range(3):
                if dofs[a, e] >= 0 and dofs[b, e] >= 0:
                    wanted[dofs[a, e], dofs[b, e]] += Ke[e, a, b]
    got = Pattern(dofs, 6).matrix(Ke)
    assert_allclose(got.toarray(), wanted, rtol=1e-14, atol=1e-15)
    rows = np.repeat(dofs.T[:, :, None], 3, axis=2).ravel()
    cols = np.repeat(dofs.T[:, None, :], 3, axis=1).ravel()
    keep = (rows >= 0) & (cols >= 0)
    coo = sp.coo_matrix((Ke.ravel()[keep], (rows[keep], cols[keep])), shape=(6, 6)).tocsc()
    assert_array_equal(got.indptr, coo.indptr)
    assert got.has_sorted_indices
    # unknown 3 is in no element: an empty row, not one of the constrained
    assert_array_equal(np.diff(got.indptr)[3], 0)


def test_pattern_without_constraints_and_with_nothing_but() -> None:
    Ke = np.arange(8.0).reshape(2, 2, 2)
    free = Pattern(np.array([[0, 1], [1, 2]]), 3).matrix(Ke)
    assert_array_equal(free.toarray(), [[0, 1, 0], [2, 3 + 4, 5], [0, 6, 7]])
    assert_array_equal(Pattern(np.full((2, 2), -1), 3).matrix(Ke).toarray(), np.zeros((3, 3)))


def test_pattern_is_used_again_with_other_values() -> None:
    pattern = Pattern(np.array([[0, 1], [1, 2]]), 3)
    first = pattern.matrix(np.ones((2, 2, 2)))
    pattern.matrix(np.full((2, 2, 2), 5.0))
    assert_array_equal(first.toarray(), [[1, 1, 0], [1, 2, 1], [0, 1, 1]])


@pytest.mark.parametrize("backend", BACKENDS)
@pytest.mark.parametrize("shift", [0.3, -1.7])
def test_every_backend_solves(backend: str, shift: float, monkeypatch: pytest.MonkeyPatch) -> None:
    """One and several right sides, positive definite and indefinite, against a dense solve."""
    s = solver(backend, monkeypatch)
    assert s.name == backend
    A = grid(shift=shift)
    rng = np.random.default_rng(2)
    one, many = rng.normal(size=144), rng.normal(size=(144, 3))
    s.factorise(A)
    assert_allclose(s.solve(one), np.linalg.solve(A.toarray(), one), rtol=1e-9, atol=1e-11)
    got = s.solve(many)
    assert got.shape == (144, 3)
    assert_allclose(got, np.linalg.solve(A.toarray(), many), rtol=1e-9, atol=1e-11)


@pytest.mark.parametrize("backend", BACKENDS)
def test_factorising_again_takes_the_new_values(backend: str, monkeypatch: pytest.MonkeyPatch) -> None:
    s = solver(backend, monkeypatch)
    b = np.linspace(-1.0, 2.0, 144)
    for seed in (3, 4, 5):
        A = grid(seed=seed)
        kept, right = A.copy(), b.copy()
        s.factorise(A)
        assert_allclose(s.solve(b), np.linalg.solve(A.toarray(), b), rtol=1e-9, atol=1e-11)
        assert (kept != A).nnz == 0
        assert_array_equal(b, right)
    assert s.factorisations == 3


@pytest.mark.parametrize("backend", BACKENDS)
def test_right_side_that_is_a_slice_or_read_only(backend: str, monkeypatch: pytest.MonkeyPatch) -> None:
    s = solver(backend, monkeypatch)
    A = grid()
    s.factorise(A)
    b = np.zeros((144, 4))
    b[:, ::2] = np.random.default_rng(6).normal(size=(144, 2))
    b.flags.writeable = False
    wanted = np.linalg.solve(A.toarray(), b)
    assert_allclose(s.solve(b[:, ::2]), wanted[:, ::2], rtol=1e-9, atol=1e-11)
    assert_allclose(s.solve(b[:, 2]), wanted[:, 2], rtol=1e-9, atol=1e-11)


@pytest.mark.parametrize("backend", BACKENDS)
def test_zero_diagonal_does_not_spoil_the_answer(backend: str, monkeypatch: pytest.MonkeyPatch) -> None:
    # symmetric mode without pivoting cannot take it; the fall-back or the refinement must
    s = solver(backend, monkeypatch)
    A = sp.csc_matrix(np.array([[0.0, 2.0, 0.0], [2.0, 0.0, 1.0], [0.0, 1.0, 3.0]]))
    s.factorise(A)
    assert_allclose(s.solve(np.array([2.0, 3.0, 4.0])), np.linalg.solve(A.toarray(), [2.0, 3.0, 4.0]), rtol=1e-10)


@pytest.mark.parametrize("backend", ["multifrontal", "superlu-metis", "superlu-mmd"])
def test_singular_matrix_is_a_runtime_error(backend: str, monkeypatch: pytest.MonkeyPatch) -> None:
    s = solver(backend, monkeypatch)
    A = grid().tolil()
    A[5], A[:, 5] = 0.0, 0.0
    with pytest.raises(RuntimeError, match="singular"):
        s.factorise(sp.csc_matrix(A))


def test_solving_first_is_refused() -> None:
    with pytest.raises(RuntimeError, match="solve before factorise"):
        SymmetricSolver("scipy").solve(np.ones(3))


def test_matrix_that_is_not_finite_is_a_runtime_error() -> None:
    A = grid()
    A.data[7] = np.nan
    with pytest.raises(RuntimeError, match="entries that are not finite"):
        SymmetricSolver().factorise(A)


def test_auto_takes_the_quickest_that_is_installed(monkeypatch: pytest.MonkeyPatch) -> None:
    pytest.importorskip("numba")
    assert SymmetricSolver("auto").name == "multifrontal"
    assert SymmetricSolver("scipy").name.startswith("superlu")
    hide(monkeypatch, "numba")
    if importlib.util.find_spec("pypardiso") is not None:
        assert SymmetricSolver("auto").name == "pardiso"
    with pytest.raises(ImportError, match=r"multifrontal needs numba; use solver.linear: scipy"):
        SymmetricSolver("multifrontal")
    hide(monkeypatch, "numba", "pypardiso")
    assert SymmetricSolver("auto").name.startswith("superlu")
    with pytest.raises(ImportError, match=r"pypardiso is not installed; use solver.linear: scipy"):
        SymmetricSolver("pardiso")


def test_numpy_is_kept_to_when_told(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("FEMANODE_KERNELS", "numpy")
    hide(monkeypatch, "pypardiso")
    assert SymmetricSolver("auto").name.startswith("superlu")


@pytest.mark.parametrize("shift", [0.3, -1.7])
def test_fronts_of_many_columns_and_a_forest(shift: float) -> None:
    """Two grids of 40 x 40 without a link: separators wider than the loops are unrolled, and more than one root."""
    pytest.importorskip("numba")
    A = sp.csc_matrix(sp.block_diag([grid(40, shift, 1), grid(40, shift, 2)]))
    b = np.random.default_rng(8).normal(size=3200)
    s = SymmetricSolver("multifrontal")
    s.factorise(A)
    assert_allclose(s.solve(b), np.linalg.solve(A.toarray(), b), rtol=1e-8, atol=1e-10)
    assert s._in_use.name == "multifrontal"


def test_another_pattern_is_analysed_anew() -> None:
    pytest.importorskip("numba")
    s = SymmetricSolver("multifrontal")
    for n in (12, 9):
        A, b = grid(n), np.linspace(-1, 1, n * n)
        s.factorise(A)
        assert_allclose(s.solve(b), np.linalg.solve(A.toarray(), b), rtol=1e-10, atol=1e-12)
        # not by the fall-back
        assert s._in_use.name == "multifrontal"


def test_compiled_pattern_is_numpys(monkeypatch: pytest.MonkeyPatch) -> None:
    """Same structure and, summed in the same order, the same bits; with dropped rows."""
    pytest.importorskip("numba")
    rng = np.random.default_rng(9)
    dofs = np.stack([rng.permutation(43)[:12] for _ in range(60)], axis=1) - 3
    dofs = np.maximum(dofs, -1)
    Ke = rng.normal(size=(60, 12, 12))
    fast = Pattern(dofs, 40)
    data = fast.data(Ke)
    hide(monkeypatch, "numba")
    plain = Pattern(dofs, 40)
    assert_array_equal(fast.indptr, plain.indptr)
    assert_array_equal(fast.indices, plain.indices)
    assert_array_equal(data, plain.data(Ke))
    assert plain.matrix(Ke).has_sorted_indices


def bordered(size: int = 420, border: int = 560) -> sp.csc_matrix:
    """Two dense blocks that share a dense border: fronts of more rows than are done at a time, and two subtrees."""
    rng = np.random.default_rng(10)
    n = 2 * size + border
    A = np.zeros((n, n))
    A[-border:] = rng.normal(size=(border, n))
    for k in (0, size):
        A[k:k + size, k:k + size] = rng.normal(size=(size, size))
    A = A + A.T
    return sp.csc_matrix(A + np.diag(np.abs(A).sum(axis=1)))


def test_wide_fronts_and_threads(monkeypatch: pytest.MonkeyPatch) -> None:
    """Right against a dense solve, and the same bits on one thread and on three."""
    pytest.importorskip("numba")
    from femanode import compiled, multifrontal

    monkeypatch.setattr(multifrontal, "LEAST", 0.0)
    for A in (bordered(), sp.csc_matrix(sp.block_diag([grid(40, seed=k) for k in range(3)]))):
        b = np.random.default_rng(11).normal(size=A.shape[0])
        found = []
        for count in (1, 3):
            monkeypatch.setattr(compiled, "threads", lambda count=count: count)
            s = SymmetricSolver("multifrontal", np.arange(A.shape[0]))
            s.factorise(A)
            found.append(s._in_use.solve(b))
            assert s._in_use.name == "multifrontal"
        assert_allclose(found[0], np.linalg.solve(A.toarray(), b), rtol=1e-9, atol=1e-12)
        assert_array_equal(found[0], found[1])


def test_what_is_added_to_the_diagonal() -> None:
    Ke = np.ones((2, 2, 2))
    got = Pattern(np.array([[0, 1], [1, 2]]), 3).matrix(Ke, np.array([10.0, 20.0, 30.0]))
    assert_array_equal(got.toarray(), [[11, 1, 0], [1, 22, 1], [0, 1, 31]])
