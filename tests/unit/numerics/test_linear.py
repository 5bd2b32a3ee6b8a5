"""Sparse assembly against scipy's, solvers against dense solves, with and without the optional packages."""

from __future__ import annotations

import importlib.util
import sys
from typing import Any

import numpy as np
import pytest
import scipy.sparse as sp
import scipy.sparse.linalg as spla
from numpy.testing import assert_allclose, assert_array_equal

from femanode.numerics.linear import Backend, SingularMatrix, SymmetricSolver
from femanode.numerics.pattern import Pattern

BACKENDS = ["superlu-metis", "superlu-mmd", "rslab", "pardiso"]


def hide(monkeypatch: pytest.MonkeyPatch, *names: str) -> None:
    """Make optional packages look as if they were not installed."""
    real = importlib.util.find_spec

    def find(name: str, package: str | None = None) -> Any:
        return None if name in names else real(name, package)

    monkeypatch.setattr(importlib.util, "find_spec", find)
    for name in names:
        # an import that happens all the same fails, as it would there
        monkeypatch.setitem(sys.modules, name, None)


def solver(backend: str, monkeypatch: pytest.MonkeyPatch, n: int = 144) -> SymmetricSolver:
    """Of n unknowns; with METIS in an order of its own."""
    if backend == "pardiso":
        pytest.importorskip("pypardiso")
        return SymmetricSolver("pardiso")
    if backend == "rslab":
        pytest.importorskip("rslab")
        return SymmetricSolver("rslab")
    if backend == "superlu-metis":
        pytest.importorskip("pymetis")
        return SymmetricSolver("scipy", np.random.default_rng(1).permutation(n))
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


@pytest.mark.parametrize("backend", ["scipy", "rslab"])
def test_single_precision_factors_give_all_digits(backend: Backend) -> None:
    if backend == "rslab":
        pytest.importorskip("rslab")
    matrix, b = grid(30), np.random.default_rng(3).normal(size=(900, 2)) * [1e-60, 1e60]
    own = SymmetricSolver(backend, accuracy=1e-14)
    own.factorise(matrix)
    assert own._method.rough
    for k in range(2):
        wanted = spla.spsolve(matrix, b[:, k])
        assert_allclose(own.solve(b[:, k]), wanted, rtol=0, atol=1e-12 * np.abs(wanted).max())
    assert own._method.rough
    assert_array_equal(own.solve(np.zeros(900)), 0.0)


@pytest.mark.parametrize("backend", ["scipy", "rslab"])
@pytest.mark.parametrize("factor", [1.0, 1e37])
def test_what_single_precision_cannot_solve_is_factorised_again(factor: float, backend: Backend) -> None:
    if backend == "rslab":
        pytest.importorskip("rslab")
    # smallest eigenvalue 1e-9 of the largest, and the constant vector belongs to it
    matrix, ones = factor * grid(30, shift=1e-8), np.ones(900)
    own = SymmetricSolver(backend)
    own.factorise(matrix)
    assert own._method.rough == (factor == 1.0)
    x = own.solve(matrix @ ones)
    assert not own._method.rough
    assert_allclose(x, ones, rtol=0, atol=1e-6)


@pytest.mark.parametrize("backend", ["superlu-metis", "rslab"])
def test_a_failed_factorisation_leaves_nothing_to_solve_with(backend: str, monkeypatch: pytest.MonkeyPatch) -> None:
    own, matrix = solver(backend, monkeypatch), grid()
    own.factorise(matrix)
    with pytest.raises(RuntimeError):
        own.factorise(0.0 * matrix)
    with pytest.raises(RuntimeError, match="solve before factorise"):
        own.solve(np.ones(144))


def test_old_factors_serve_a_matrix_like_theirs_and_no_other(monkeypatch: pytest.MonkeyPatch) -> None:
    matrix, b = grid(20), np.random.default_rng(4).normal(size=(400, 2))
    like, other = grid(20, shift=0.33), grid(20, shift=0.3, seed=5) + sp.diags(np.geomspace(1.0, 1e4, 400)).tocsc()
    own = solver("superlu-metis", monkeypatch, 400)
    own.factorise(matrix)
    x = own.solve_near(like, b)
    assert own.factorisations == 1
    assert 1e-8 < np.linalg.norm(like @ x - b) / np.linalg.norm(b) < own.near
    x = own.solve_near(other, b)
    assert own.factorisations == 2
    assert_allclose(other @ x, b, rtol=0, atol=1e-9 * np.abs(b).max())
    # the new factors are the ones that serve from here on
    own.solve_near(other + 0.01 * sp.identity(400).tocsc(), b[:, 0])
    assert own.factorisations == 2


def test_pardiso_goes_on_where_a_matrix_is_not_definite() -> None:
    pytest.importorskip("pypardiso")
    own, b = SymmetricSolver("pardiso"), np.random.default_rng(6).normal(size=144)
    for shift in (0.3, -0.7, 0.5, -1.1):
        matrix = grid(shift=shift)
        assert (np.linalg.eigvalsh(matrix.toarray()).min() > 0) == (shift > 0)
        own.factorise(matrix)
        assert_allclose(matrix @ own.solve(b), b, rtol=0, atol=1e-10 * np.abs(b).max())


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
    s = solver(backend, monkeypatch, 3)
    A = sp.csc_matrix(np.array([[0.0, 2.0, 0.0], [2.0, 0.0, 1.0], [0.0, 1.0, 3.0]]))
    s.factorise(A)
    assert_allclose(s.solve(np.array([2.0, 3.0, 4.0])), np.linalg.solve(A.toarray(), [2.0, 3.0, 4.0]), rtol=1e-10)


@pytest.mark.parametrize("backend", ["superlu-metis", "superlu-mmd", "rslab"])
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


def test_what_is_not_solved_is_named_for_what_it_is() -> None:
    own = SymmetricSolver("scipy", purpose="the carrier balance")
    A, b = grid(), np.ones(grid().shape[0])
    own.factorise(A)
    with pytest.raises(SingularMatrix, match=r"^linear solve of the carrier balance: the right side has entries that"):
        own.solve(np.where(np.arange(len(b)) == 3, np.nan, b))

    def breaks(rhs: np.ndarray) -> np.ndarray:
        raise RuntimeError("the library has failed")

    own._method.solve = breaks  # type: ignore[method-assign]
    with pytest.raises(SingularMatrix, match=r"^linear solve of the carrier balance: the library has failed$"):
        own.solve(b)


def test_auto_takes_the_quickest_that_is_installed(monkeypatch: pytest.MonkeyPatch) -> None:
    if importlib.util.find_spec("pypardiso") is not None:
        assert SymmetricSolver("auto").name == "pardiso"
    assert SymmetricSolver("scipy").name.startswith("superlu")
    hide(monkeypatch, "pypardiso")
    if importlib.util.find_spec("rslab") is not None:
        assert SymmetricSolver("auto").name == "rslab"
    hide(monkeypatch, "rslab")
    assert SymmetricSolver("auto").name.startswith("superlu")
    with pytest.raises(ImportError, match=r"pypardiso is not installed; use solver.linear: scipy"):
        SymmetricSolver("pardiso")
    with pytest.raises(ImportError, match=r"rslab cannot be used \(.*rslab.*\); use solver.linear: scipy"):
        SymmetricSolver("rslab")


@pytest.mark.parametrize("backend", ["superlu-mmd", "rslab", "pardiso"])
def test_another_pattern_is_analysed_anew(backend: str, monkeypatch: pytest.MonkeyPatch) -> None:
    s = solver(backend, monkeypatch)
    for n in (12, 9):
        A, b = grid(n), np.linspace(-1, 1, n * n)
        s.factorise(A)
        assert_allclose(s.solve(b), np.linalg.solve(A.toarray(), b), rtol=1e-10, atol=1e-12)


def test_an_order_that_is_given_is_kept_to() -> None:
    """Reversed and as it comes the answer is the same; one that is no order of this matrix is refused."""
    A, b = grid(), np.linspace(-1.0, 2.0, 144)
    if importlib.util.find_spec("pymetis") is not None:
        with pytest.raises(ValueError, match="an order of 7 unknowns for a matrix of 144"):
            SymmetricSolver("scipy", np.arange(7)).factorise(A)
    for rank in (np.arange(144), np.arange(144)[::-1]):
        s = SymmetricSolver("scipy", rank)
        s.factorise(A)
        assert_allclose(s.solve(b), np.linalg.solve(A.toarray(), b), rtol=1e-9, atol=1e-11)


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


def test_what_is_added_to_the_diagonal() -> None:
    Ke = np.ones((2, 2, 2))
    got = Pattern(np.array([[0, 1], [1, 2]]), 3).matrix(Ke, np.array([10.0, 20.0, 30.0]))
    assert_array_equal(got.toarray(), [[11, 1, 0], [1, 22, 1], [0, 1, 31]])
