"""Stretch along the wire that varies linearly over the section: closed forms of bending, and consistent derivatives."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
import skfem
from numpy.testing import assert_allclose
from numpy.typing import NDArray

from femanode.constitutive.elastoplasticity import Moduli, respond
from femanode.mesh.spaces import Spaces, build_spaces, scatter
from femanode.numerics import compiled
from femanode.solver.axial import STRAIGHT, Axial, axial_resultants
from femanode.solver.elements import CompiledElements, Elements, make_elements
from femanode.solver.mechanics import Equilibrium, Mechanics, NoEquilibrium
from tests.helpers import moduli, section_spaces, unit_plastic

Array = NDArray[np.float64]
E, NU = 100.0, 0.28


@pytest.fixture(scope="module")
def disc() -> Spaces:
    """Whole disc, R = 1, of straight edges: P2 takes displacements that are quadratic in place exactly."""
    mesh = skfem.MeshTri2.from_mesh(skfem.MeshTri.init_circle(3))
    return build_spaces(mesh.with_boundaries({"surface": lambda x: np.hypot(*x) > 0.9}))


def solve(mech: Mechanics, axial: Axial, Jc: Array | float = 1.0) -> tuple[Equilibrium, Any]:
    """Elastic equilibrium from rest, and its response."""
    s, shape = mech.spaces, mech.spaces.weight.shape
    eq = mech.solve(np.zeros((2, s.n_nodes)), axial, unit_plastic(shape), np.zeros(shape),
                    np.array(np.broadcast_to(Jc, shape)), moduli(E, NU, shape=shape), 1.0)
    return eq, eq.response


def test_the_stretch_is_linear_over_the_deformed_section(disc: Spaces) -> None:
    """A place moved from (X, Y) to (1.1 X + 0.2, 0.9 Y): 1.05 (1 + 0.2 (1.1 X + 0.2) - 0.1 0.9 Y)."""
    u = disc.nodes * np.array([[0.1], [-0.1]]) + np.array([[0.2], [0.0]])
    loops = make_elements(disc)
    X, Y = disc.qp_xy
    got = loops.stretch(u, Axial(1.05, (0.2, -0.1)))
    assert_allclose(got.F33, 1.05 * (1.0 + 0.2 * (1.1 * X + 0.2) - 0.1 * 0.9 * Y), rtol=1e-13)
    straight = loops.stretch(u, Axial(1.05)).F33
    assert straight.shape == disc.weight.shape
    assert np.all(straight == 1.05)
    assert np.all(loops.stretch(u, Axial(1.05), bends=True).F33 == 1.05)


def test_differences_and_rates() -> None:
    one, two = Axial(1.0, (0.5, -0.25)), Axial(1.5, (1.0, 0.5))
    assert two - one == Axial(0.5, (0.5, 0.75))
    assert one + (two - one) / 2.0 == one + (two - one) * 0.5 == Axial(1.25, (0.75, 0.125))
    assert Axial.of(two.numbers) == two
    assert Axial.of([1.5]) == Axial(1.5)
    assert Axial.of([]) == Axial(0.0)


@pytest.mark.parametrize("curvature", [(1e-5, 0.0), (0.0, -1e-5), (6e-6, 8e-6)])
def test_a_given_curvature_bends_an_elastic_disc(disc: Spaces, curvature: tuple[float, float]) -> None:
    """sigma_z = E kappa . x with a free axial force, no stress in the plane, moments E I kappa, I = pi/4."""
    mech = Mechanics(disc, "full", axial="generalized", tolerance=1e-12)
    eq, response = solve(mech, Axial(1.0, curvature))
    assert eq.axial.curvature == curvature
    kappa, x = np.hypot(*curvature), disc.qp_xy
    wanted = E * (curvature[0] * x[0] + curvature[1] * x[1])
    # what bending moves is second order in kappa, 1e-5
    assert_allclose(response.tau[3], wanted, rtol=0, atol=2e-5 * E * kappa)
    assert_allclose(response.tau[:3], 0.0, atol=2e-5 * E * kappa)
    moments = axial_resultants(disc, mech.elements.stretch(eq.u, eq.axial), response.tau[3])
    second = np.einsum("iq,jq,q->ij", x.reshape(2, -1), x.reshape(2, -1), disc.weight.ravel())
    assert_allclose(second, np.pi / 4 * np.eye(2), atol=2e-2)  # an inscribed polygon of 32 sides has 1.3 % less
    assert_allclose(moments[1:], E * second @ curvature, rtol=0, atol=2e-5 * E * kappa)
    assert_allclose(moments[0], 0.0, atol=1e-9 * E * kappa)


def test_a_disc_that_swells_on_one_side_bends_without_stress(disc: Spaces) -> None:
    """Free strain a x, like a linear temperature, has a compatible displacement: curvature a and no stress at all.

    With the axial stretch alone free the axial stress is -E a x.
    """
    a = 1e-5
    Jc = (1.0 + a * disc.qp_xy[0]) ** 3
    eq, response = solve(Mechanics(disc, "full", axial="bending", tolerance=1e-12), STRAIGHT, Jc)
    assert_allclose(eq.axial.curvature, (a, 0.0), rtol=1e-4, atol=1e-4 * a)
    assert_allclose(response.tau, 0.0, atol=1e-4 * E * a)
    _, held = solve(Mechanics(disc, "full", axial="generalized", tolerance=1e-12), STRAIGHT, Jc)
    assert_allclose(held.tau[3], -E * a * disc.qp_xy[0], rtol=0, atol=1e-4 * E * a)


def bent(strength: float) -> tuple[Mechanics, Array, Axial, Array, Array, Array, Moduli]:
    """A strongly bent section with a plastic past out of equilibrium: mech, u, axial, Cp_inv, eqps, Jc, law."""
    mesh = skfem.MeshTri2.from_mesh(skfem.MeshTri.init_circle(1))
    s = build_spaces(mesh.with_boundaries({"surface": lambda x: np.hypot(*x) > 0.7}))
    mech = Mechanics(s, "full", axial="bending", axial_force=0.7, pressure=20.0)
    shape, rng = s.weight.shape, np.random.default_rng(3)
    u = 0.04 * rng.normal(size=(2, s.n_nodes))
    past = respond(mech.deformation(0.02 * rng.normal(size=u.shape)), 1.03, unit_plastic(shape), np.zeros(shape),
                   np.ones(shape), moduli(E, NU, 0.5, shape=shape), 1.0)
    return (mech, u, Axial(1.1, (0.15, -0.2)), past.Cp_inv, past.eqps, rng.uniform(1.0, 1.3, shape),
            moduli(E, NU, strength, 3.0, shape=shape))


@pytest.mark.parametrize("kernels", ["numpy", "numba"])
@pytest.mark.parametrize("strength", [np.inf, 1.0])
def test_stiffness_with_three_columns_is_the_derivative_of_the_forces(strength: float, kernels: str) -> None:
    """Forces, axial force and both moments by fourth-order differences against the bordered matrix, and symmetric."""
    if kernels == "numba" and not compiled.available():
        pytest.skip("needs numba")
    mech, u, axial, Cp_inv, eqps, Jc, law = bent(strength)
    s = mech.spaces
    mech.elements = (CompiledElements if kernels == "numba" else Elements)(s)
    n = 2 * s.n_nodes

    def forces(x: Array) -> Array:
        at = x[:n].reshape(-1, 2).T
        stretch = mech.stretch(at, Axial.of(x[n:]))
        response, parts = mech.elements.respond(mech.deformation(at), stretch, Cp_inv, eqps, Jc, law, 1.0)
        residual, imbalance, _ = mech._assemble(parts, stretch, response, at)
        return np.append(residual, imbalance)

    x0 = np.append(u.T.ravel(), axial.numbers)
    moving = np.append(mech._free, n + np.arange(3))
    step, wanted = 3e-5, np.zeros((len(moving), len(moving)))
    for column, i in enumerate(moving):
        e = np.zeros(n + 3)
        e[i] = step
        wanted[:, column] = (-forces(x0 + 2 * e) + 8 * forces(x0 + e) - 8 * forces(x0 - e) + forces(x0 - 2 * e)) / (
            12 * step)
    F, stretch = mech.deformation(u), mech.stretch(u, axial)
    response, _ = mech.elements.respond(F, stretch, Cp_inv, eqps, Jc, law, 1.0)
    if strength < 2:
        assert np.mean(response.eqps > eqps + 1e-3) > 0.9
    Ke, coupling, K33 = mech.elements.stiffness(F, stretch, response, calm=False)
    assert coupling.shape == (3, 12, s.cells.shape[1])
    assert mech.pressure is not None
    mech.pressure.stiffen(Ke, coupling, K33, u, axial)
    got = np.zeros_like(wanted)
    got[:-3, :-3] = mech._pattern.matrix(Ke).toarray()
    for a, column in enumerate(coupling):
        got[-3 + a, :-3] = got[:-3, -3 + a] = scatter(mech._dofs, column, n)[mech._free]
    got[-3:, -3:] = K33
    assert_allclose(got, wanted, rtol=1e-6, atol=1e-7 * np.abs(wanted).max())
    assert_allclose(got[-3:], wanted[-3:], rtol=1e-6, atol=1e-7 * np.abs(wanted[-3:]).max())


@pytest.mark.parametrize(("axial", "columns"), [("plane_strain", 0), ("generalized", 1), ("bending", 3)])
def test_newtons_method_converges_quadratically_with_every_border(axial: str, columns: int) -> None:
    """A disc bent by 0.2: with a wrong border or Schur complement the residual falls by a constant factor."""
    s = section_spaces(1.0, 0.5, "full")
    sizes = []
    for limit in range(1, 8):
        mech = Mechanics(s, "full", axial=axial, axial_force=2.0 if columns else 0.0, pressure=1.0,
                         tolerance=1e-13)
        assert mech.columns == columns
        mech.max_iterations, mech.solver.near = limit, 1e-12
        shape = s.weight.shape
        try:
            eq = mech.solve(np.zeros((2, s.n_nodes)), Axial(1.0, (0.2, 0.1)), unit_plastic(shape), np.zeros(shape),
                            1.0 + 0.2 * s.qp_xy[0], moduli(E, NU, shape=shape), 1.0)
            sizes.append(eq.residual)
        except NoEquilibrium as stopped:
            sizes.append(stopped.residual)
    inside = [i for i in range(1, 7) if 1e-9 < sizes[i - 1] < 1e-2 and sizes[i] > 1e-13]
    assert inside, sizes
    for i in inside:
        assert sizes[i] < 50 * sizes[i - 1] ** 2 + 1e-12, sizes
