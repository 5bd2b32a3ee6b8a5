"""rslab's factors: indefinite and singular matrices, what it refuses wrongly, its threads, matrices with drift."""

from __future__ import annotations

import os
import subprocess
import sys

import numpy as np
import pytest
import scipy.sparse as sp
import scipy.sparse.linalg as spla
import skfem
from numpy.testing import assert_allclose, assert_array_equal
from skfem.models.elasticity import linear_elasticity

from femanode.numerics import compiled
from femanode.numerics.linear import SingularMatrix, SymmetricSolver

rslab = pytest.importorskip("rslab")


def disc(refinements: int) -> tuple[sp.csc_matrix, sp.csc_matrix]:
    """Stiffness and mass of an elastic disc of quadratic triangles that is held at its rim, by scikit-fem."""
    basis = skfem.Basis(skfem.MeshTri.init_circle(refinements), skfem.ElementVector(skfem.ElementTriP2()))
    inner = basis.complement_dofs(basis.get_dofs())
    mass = skfem.BilinearForm(lambda u, v, w: u[0] * v[0] + u[1] * v[1]).assemble(basis)
    parts = [sp.csc_matrix((A + A.T) / 2)[inner][:, inner] for A in (linear_elasticity(1.0, 0.5).assemble(basis), mass)]
    for part in parts:
        part.sort_indices()
    return parts[0], parts[1]


def factored(matrix: sp.csc_matrix, accuracy: float = 1e-11) -> SymmetricSolver:
    own = SymmetricSolver("rslab", accuracy=accuracy)
    own.factorise(matrix)
    return own


def test_a_tangent_beyond_its_collapse_has_as_many_negative_pivots_as_eigenvalues_below() -> None:
    """Sylvester: the signs of the pivots of K - s M count the eigenvalues below s; the solutions are those of SuperLU's
    own pivoting."""
    K, M = disc(3)
    values = np.sort(spla.eigsh(K, k=8, M=M, sigma=0.0)[0])
    b = np.random.default_rng(1).normal(size=(K.shape[0], 2))
    for below in (0, 3, 6):
        s = values[0] / 2 if below == 0 else (values[below - 1] + values[below]) / 2
        expected = int(np.sum(values < s))
        matrix = sp.csc_matrix(K - s * M)
        own = factored(matrix)
        assert own._method.rough
        assert own._method._factor.inertia == (K.shape[0] - expected, expected, 0)
        wanted = spla.splu(matrix).solve(b)
        assert_allclose(own.solve(b), wanted, rtol=0, atol=1e-9 * np.abs(wanted).max())


def test_a_singular_matrix_is_told_by_its_factors_or_by_its_solutions() -> None:
    """A section that nothing holds, one at its buckling load, and nothing at all; what comes after is solved."""
    K, M = disc(3)
    load = spla.eigsh(K, k=1, M=M, sigma=0.0)[0][0]
    b = np.random.default_rng(2).normal(size=K.shape[0])
    path = sp.diags([np.r_[1.0, np.full(398, 2.0), 1.0], -np.ones(399), -np.ones(399)], [0, 1, -1]).tocsc()
    path.sort_indices()  # scipy before 1.16 leaves the diagonals in the order in which they are given
    own = SymmetricSolver("rslab")
    for singular, rhs in ((sp.csc_matrix(K - load * M), b), (path, b[:400]), (sp.csc_matrix(0.0 * K), b)):
        with pytest.raises(SingularMatrix):
            own.factorise(singular)
            own.solve(rhs)
    own.factorise(K)
    assert_allclose(K @ own.solve(b), b, rtol=0, atol=1e-8 * np.abs(b).max())


def test_a_regular_matrix_that_rslab_refuses_is_solved_all_the_same() -> None:
    """Constraints with their multipliers, nothing on the diagonal there: rslab calls the matrix rank-deficient, and all
    its pivots by SuperLU are between 0.1 and 10."""
    K = disc(4)[0][:3000, :3000]
    B = sp.random(1500, 3000, density=0.001, random_state=1) + sp.eye(1500, 3000)
    matrix = sp.csc_matrix(sp.bmat([[K, B.T], [B, None]]))
    matrix.sort_indices()
    with pytest.raises(RuntimeError, match="rank-deficient"):
        rslab.ldlt(matrix)
    b = np.random.default_rng(3).normal(size=(4500, 2))
    own = factored(matrix)
    assert not own._method.rough
    assert_allclose(matrix @ own.solve(b), b, rtol=0, atol=1e-10)
    assert_allclose(matrix @ own.solve(b[:, 0]), b[:, 0], rtol=0, atol=1e-10)


@pytest.mark.parametrize("size", [1e-200, 1e200])
def test_what_single_precision_cannot_hold_is_factorised_in_double(size: float) -> None:
    K = size * disc(3)[0]
    b = np.random.default_rng(4).normal(size=K.shape[0])
    own = factored(K)
    assert not own._method.rough
    assert own._method._factor.factor_dtype == "float64"
    assert_allclose(K @ own.solve(b), b, rtol=0, atol=1e-10)


def test_another_pattern_with_as_many_entries_in_each_column_is_analysed_anew() -> None:
    """Seven points in a ring, each tied to its neighbours, then to the next but one."""
    own, b = SymmetricSolver("rslab"), np.arange(7.0)
    for reach in (1, 2):
        ring = sp.csc_matrix(3.0 * np.eye(7) - sum(np.roll(np.eye(7), k, axis=1) for k in (reach, -reach)))
        own.factorise(ring)
        assert_allclose(own.solve(b), np.linalg.solve(ring.toarray(), b), rtol=0, atol=1e-11)


def test_one_and_two_threads_and_every_repetition_give_the_same_bits(monkeypatch: pytest.MonkeyPatch) -> None:
    # Of this size the work is shared between threads.
    K = disc(5)[0]
    b = np.random.default_rng(5).normal(size=(K.shape[0], 3))
    found = []
    for threads in (1, 2, 2):
        monkeypatch.setattr(compiled, "threads", lambda threads=threads: threads)
        own = factored(K)
        found.append((own.solve(b), own.solve(b[:, 1])))
    for several, one in found[1:]:
        assert_array_equal(several, found[0][0])
        assert_array_equal(one, found[0][1])


def test_factors_depend_on_no_matrix_before_and_nothing_is_printed(capfd: pytest.CaptureFixture[str]) -> None:
    K, M = disc(3)
    b = np.random.default_rng(6).normal(size=K.shape[0])
    for symmetric in (True, False):
        used, fresh = (SymmetricSolver("rslab", symmetric=symmetric) for _ in range(2))
        used.factorise(sp.csc_matrix(K + 1e3 * M))
        used.solve(b)
        for own in (used, fresh):
            own.factorise(K)
        assert_array_equal(used.solve(b), fresh.solve(b))
        with pytest.raises(SingularMatrix):
            used.factorise(sp.csc_matrix(0.0 * K))
    assert capfd.readouterr() == ("", "")  # rslab tells of settings that it ignores


@pytest.mark.parametrize("backend", ["auto", "rslab", "scipy"])
def test_a_matrix_with_drift_is_solved_by_its_own_entries(backend: str) -> None:
    """Both triangles count: E K/E has the solution E (the solution of K for b/E), which no symmetric part has."""
    K = disc(3)[0]
    weight = np.exp(np.linspace(-1.0, 1.0, K.shape[0]))
    drift = sp.csc_matrix(sp.diags(weight) @ K @ sp.diags(1.0 / weight))
    drift.sort_indices()
    b = np.random.default_rng(7).normal(size=(K.shape[0], 2))
    own = SymmetricSolver(backend, accuracy=1e-14, symmetric=False)
    assert own.name == ("rslab" if backend != "scipy" else own.name)
    own.factorise(drift)
    wanted = weight[:, None] * np.linalg.solve(K.toarray(), b / weight[:, None])
    assert_allclose(own.solve(b), wanted, rtol=0, atol=1e-11 * np.abs(wanted).max())


@pytest.mark.skipif(not hasattr(os, "fork"), reason="this system does not fork")
def test_a_fork_of_a_process_that_has_used_it_takes_scipy() -> None:
    """In a process of its own: the threads that rslab starts do not survive a fork, and waiting for them never ends."""
    code = """
import os, signal, sys
import numpy as np, scipy.sparse as sp
from femanode.numerics.linear import SymmetricSolver
A = sp.csc_matrix(sp.diags([np.full(299, -1.0), np.full(300, 2.5), np.full(299, -1.0)], [-1, 0, 1]))
A.sort_indices()
def solve():
    solver = SymmetricSolver("auto", symmetric=False)  # never PARDISO
    solver.factorise(A)
    return solver.name, float(np.abs(A @ solver.solve(np.ones(300)) - 1.0).max())
print(*solve(), flush=True)
pid = os.fork()
if pid == 0:
    signal.alarm(20)
    print(*solve(), flush=True)
    os._exit(0)
sys.exit(os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1]))
"""
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, timeout=120)
    assert done.returncode == 0, done.stderr
    first, second = (line.split() for line in done.stdout.splitlines())
    assert first[0] == "rslab" and second[0].startswith("superlu")
    assert max(float(first[1]), float(second[1])) < 1e-10
