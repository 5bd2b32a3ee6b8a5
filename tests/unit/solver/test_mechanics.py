"""Equilibrium of small sections: closed forms, patch test, global derivatives, and what a failure leaves behind."""

from __future__ import annotations

import dataclasses
from typing import Any

import numpy as np
import pytest
import skfem
from numpy.testing import assert_allclose, assert_array_equal
from numpy.typing import NDArray
from scipy.optimize import brentq

from femanode.constitutive.elastoplasticity import Moduli, respond
from femanode.mesh.spaces import Spaces, build_spaces, scatter
from femanode.solver.axial import STRAIGHT, Axial
from femanode.solver.elements import calmed, element_stiffness
from femanode.solver.mechanics import Equilibrium, Mechanics, NoEquilibrium
from tests.helpers import moduli, section_spaces, unit_plastic

Array = NDArray[np.float64]
E, NU = 100.0, 0.28


@pytest.fixture(scope="module")
def quarter() -> Spaces:
    """Quarter disc, R = 1, some 30 curved and straight elements."""
    return section_spaces(1.0, 0.25)


def two_elements(flip: bool = False) -> Spaces:
    """A curved and a straight element; x = 0 and y = 0 are symmetry lines."""
    t = np.array([[0, 1], [1, 2], [3, 3]]) if not flip else np.array([[3, 3], [1, 1], [0, 2]])
    points = np.array([[0.0, 1.0, 0.8, 0.0], [0.0, 0.0, 0.8, 1.0]])
    mesh = skfem.MeshTri2.from_mesh(skfem.MeshTri(points, t, sort_t=False))
    middle = mesh.dofs.facet_dofs[0, mesh.facets_satisfying(lambda x: x[0] > 0.85)]
    mesh.doflocs[0, middle] += 0.06
    lines = {"surface": lambda x: x[0] + x[1] > 1.2, "x0": lambda x: x[0] < 1e-9, "y0": lambda x: x[1] < 1e-9}
    return build_spaces(mesh.with_boundaries(lines))


def run(mech: Mechanics, Jc: Array | float, law: Moduli | None = None, *, u: Array | None = None,
        axial: Axial = STRAIGHT, Cp_inv: Array | None = None, eqps: Array | None = None,
        dt: float = 1.0) -> Equilibrium:
    """Solve with defaults: elastic, from rest."""
    s = mech.spaces
    shape = s.weight.shape
    return mech.solve(np.zeros((2, s.n_nodes)) if u is None else u, axial,
                      unit_plastic(shape) if Cp_inv is None else Cp_inv, np.zeros(shape) if eqps is None else eqps,
                      np.broadcast_to(Jc, shape).copy(), moduli(E, NU, shape=shape) if law is None else law, dt)


def done(eq: Equilibrium) -> Any:
    """The response of a solve that must have converged."""
    assert eq.response is not None
    return eq.response


@pytest.mark.parametrize("sector", ["quarter", "half", "full"])
@pytest.mark.parametrize("strength", [np.inf, 1.0])
@pytest.mark.parametrize("Jc", [1.02, 3.8])
def test_free_swelling_is_without_stress_in_generalised_plane_strain(sector: str, strength: float, Jc: float) -> None:
    """F = Jc^(1/3) I and zero stress; in plane strain the axial stretch would be 1 and the stress E ln(Jc)/3."""
    s = section_spaces(1.0, 0.5, sector)
    mech = Mechanics(s, sector, axial="generalized")
    law = moduli(E, NU, strength, shape=s.weight.shape)
    u, axial = np.zeros((2, s.n_nodes)), STRAIGHT
    # full content in steps of the size a front makes; the elastic body takes it at once as well
    for part in np.linspace(0, 1, 2 if Jc < 2 else 9)[1:]:
        eq = run(mech, 1 + part * (Jc - 1), law, u=u, axial=axial)
        response = done(eq)
        u, axial = eq.u, eq.axial
    stretch = Jc ** (1 / 3)
    assert_allclose(eq.axial.stretch, stretch, rtol=1e-9)
    assert_allclose(eq.F, np.broadcast_to((stretch * np.eye(2))[:, :, None, None], eq.F.shape), atol=1e-8)
    assert_allclose(response.tau, 0.0, atol=1e-6)
    assert_allclose(response.eqps, 0.0, atol=1e-12)
    assert_allclose(eq.axial_force, 0.0, atol=1e-8)


@pytest.mark.parametrize("Jc", [1.001, 1.3, 3.8])
@pytest.mark.parametrize("sector", ["quarter", "half", "full"])
def test_uniform_elastic_swelling_in_plane_strain(sector: str, Jc: float) -> None:
    """In-plane stress is zero: e_z = -ln(Jc)/3, e_r = -nu e_z, tau_z = Jc E e_z, radius Jc^((1+nu)/3)."""
    s = section_spaces(1.0, 0.5, sector)
    eq = run(Mechanics(s, sector), Jc)
    tau = done(eq).tau
    axial = -np.log(Jc) / 3
    assert_allclose(tau[3], Jc * E * axial, rtol=1e-9)
    assert_allclose(tau[:3], 0.0, atol=1e-7)
    assert_allclose(np.hypot(*(s.nodes + eq.u))[s.outer], np.hypot(*s.nodes[:, s.outer]) * Jc ** ((1 + NU) / 3),
                    rtol=1e-9)
    assert eq.axial == STRAIGHT
    assert np.all(eq.F33 == 1.0)


def test_uniform_plastic_swelling_in_plane_strain(quarter: Spaces) -> None:
    """sigma_Y = 1: axial stress is held at -Jc sigma_Y (tau), the rest of the swelling goes into the plane.

    Uniaxial compression to e = -ln(Jc)/3: plastic part e + sigma_Y/E, transverse nu sigma_Y/E - (e + sigma_Y/E)/2.
    """
    Jc, law = 1.6, moduli(E, NU, 1.0, shape=quarter.weight.shape)
    eq = run(Mechanics(quarter, "quarter"), Jc, law)
    response = done(eq)
    plastic = np.log(Jc) / 3 - 1.0 / E
    assert_allclose(response.tau[3], -Jc, rtol=1e-9)
    assert_allclose(response.eqps, plastic, rtol=1e-9)
    assert_allclose(response.mean_mandel, -1.0 / 3.0, rtol=1e-8)
    size = Jc ** (1 / 3) * np.exp(NU / E + 0.5 * plastic)
    i = np.argmax(quarter.nodes[0])
    assert_allclose(1.0 + eq.u[0, i], size, rtol=1e-9)


def held_all_round(s: Spaces) -> Spaces:
    """The same section with every boundary node held where the first guess puts it."""
    r = np.hypot(*s.nodes)
    rim = np.flatnonzero(np.isclose(r, r.max()) | (np.abs(s.nodes).min(axis=0) < 1e-9))
    return dataclasses.replace(s, x0=rim, y0=rim)


@pytest.mark.parametrize("strength", [np.inf, 0.5])
def test_patch_of_curved_elements_takes_a_linear_displacement(quarter: Spaces, strength: float) -> None:
    """Boundary moved by F X - X, inner nodes displaced at random: they come back, and F and the stress are uniform."""
    F = np.array([[1.15, 0.2], [-0.1, 0.92]])
    s = held_all_round(quarter)
    linear = (F - np.eye(2)) @ s.nodes
    inner = np.setdiff1d(np.arange(s.n_nodes), s.x0)
    assert len(inner) > 20
    start = linear.copy()
    start[:, inner] += 0.01 * np.random.default_rng(0).uniform(-1, 1, (2, len(inner)))
    eq = run(Mechanics(s, "quarter", tolerance=1e-12), 1.1, moduli(E, NU, strength, 0.1, shape=s.weight.shape), u=start)
    response = done(eq)
    assert_allclose(eq.u, linear, atol=1e-9)
    assert_allclose(eq.F, np.broadcast_to(F[:, :, None, None], eq.F.shape), atol=1e-8)
    assert_allclose(response.tau, np.broadcast_to(response.tau[:, :1, :1], response.tau.shape), atol=1e-6)
    if strength < 1:
        assert response.eqps.min() > 0.05


def test_rigid_motion_of_nodes_is_a_rotation_everywhere(quarter: Spaces) -> None:
    Q = np.array([[0.6, -0.8], [0.8, 0.6]])
    F = Mechanics(quarter, "quarter").deformation((Q - np.eye(2)) @ quarter.nodes + np.array([[3.0], [-2.0]]))
    assert_allclose(F, np.broadcast_to(Q[:, :, None, None], F.shape), atol=1e-12)


def energy_problem(flip: bool, strength: float, H: float) -> tuple[Mechanics, Array, Array, Array, Array, Moduli]:
    """Two elements with a plastic past in a strained state out of equilibrium, as (mech, u, Cp_inv, eqps, Jc, law)."""
    s = two_elements(flip)
    rng = np.random.default_rng(3)
    shape = s.weight.shape
    mech = Mechanics(s, "quarter", axial="generalized", axial_force=0.7)
    u = 0.08 * rng.normal(size=(2, s.n_nodes))
    past = respond(mech.deformation(0.05 * rng.normal(size=(2, s.n_nodes))), 1.03, unit_plastic(shape),
                   np.zeros(shape), np.ones(shape), moduli(E, NU, 0.5, shape=shape), 1.0)
    return mech, u, past.Cp_inv, past.eqps, rng.uniform(1.0, 1.5, shape), moduli(E, NU, strength, H, shape=shape)


@pytest.mark.parametrize("flip", [False, True])
@pytest.mark.parametrize(("strength", "H"), [(np.inf, 0.0), (1.0, 0.0), (1.0, 3.0)])
def test_stiffness_is_the_derivative_of_the_forces(strength: float, H: float, flip: bool) -> None:
    """Global residual, axial force included, by fourth-order differences against the assembled matrices."""
    mech, u, Cp_inv, eqps, Jc, law = energy_problem(flip, strength, H)
    s, F33 = mech.spaces, 1.1
    n = 2 * s.n_nodes

    def forces(x: Array) -> Array:
        at = x[:-1].reshape(-1, 2).T
        stretch = mech.stretch(at, Axial(x[-1]))
        response, parts = mech.elements.respond(mech.deformation(at), stretch, Cp_inv, eqps, Jc, law, 1.0)
        residual, axial, _ = mech._assemble(parts, stretch, response, at)
        return np.append(residual, axial)

    x0 = np.append(u.T.ravel(), F33)
    moving = np.append(mech._free, n)
    step, wanted = 3e-5, np.zeros((len(moving), len(moving)))
    for column, i in enumerate(moving):
        e = np.zeros(n + 1)
        e[i] = step
        wanted[:, column] = (-forces(x0 + 2 * e) + 8 * forces(x0 + e) - 8 * forces(x0 - e) + forces(x0 - 2 * e)) / (
            12 * step)
    F = mech.deformation(u)
    response = respond(F, F33, Cp_inv, eqps, Jc, law, 1.0)
    if strength < 2:
        assert (response.eqps > eqps + 1e-3).all()
    Ke, coupling, K33 = element_stiffness(s, F, np.full(s.weight.shape, F33), response, response.tau)
    got = np.zeros_like(wanted)
    got[:-1, :-1] = mech._pattern.matrix(Ke).toarray()
    got[-1, :-1] = got[:-1, -1] = scatter(mech._dofs, coupling, n)[mech._free]
    got[-1, -1] = K33
    assert_allclose(got, wanted, rtol=1e-6, atol=1e-7 * np.abs(wanted).max())
    assert_allclose(Ke, Ke.transpose(0, 2, 1), rtol=1e-10, atol=1e-11 * np.abs(Ke).max())
    # the calmed tangent leaves a part of the pressure out, and only in the stress terms
    calm, _, _ = element_stiffness(s, F, np.full(s.weight.shape, F33), response, calmed(response.tau))
    assert np.abs(calm - Ke).max() > 1e-2 * np.abs(Ke).max()


def test_calmed_stress_keeps_the_deviator_and_bounds_the_mean() -> None:
    """Means 2 and -9 on deviators of norm sqrt(6 + 2): the second is cut to sqrt 8."""
    tau = np.array([[2 + 2.0, -9 + 2.0], [2 - 1.0, -9 - 1.0], [1.0, 1.0], [2 - 1.0, -9 - 1.0]])[:, None, :]
    kept = tau.copy()
    got = calmed(tau)
    assert_array_equal(tau, kept)
    assert_allclose(got[:, 0, 0], [4.0, 1.0, 1.0, 1.0], rtol=1e-14)
    assert_allclose(got[:, 0, 1], [2 - np.sqrt(8), -1 - np.sqrt(8), 1.0, -1 - np.sqrt(8)], rtol=1e-13)


def test_response_without_tangent_is_refused() -> None:
    mech, u, Cp_inv, eqps, Jc, law = energy_problem(False, 1.0, 0.0)
    F = mech.deformation(u)
    response = respond(F, 1.0, Cp_inv, eqps, Jc, law, 1.0, tangent=False)
    with pytest.raises(ValueError, match="response without tangent"):
        element_stiffness(mech.spaces, F, np.ones(F.shape[2:]), response, response.tau)


def test_newtons_method_converges_quadratically() -> None:
    """Exact tangent near the solution: the residual is squared; with a wrong one it falls by a constant factor."""
    s = section_spaces(1.0, 0.3)
    r = np.hypot(*s.qp_xy)
    Jc = 1 + 0.2 * (r > 0.6)
    sizes = []
    for limit in range(1, 9):
        mech = Mechanics(s, "quarter", tolerance=1e-13)
        mech.max_iterations = limit
        mech.solver.near = 1e-12  # every tangent with factors of its own, or its own digits
        try:
            sizes.append(run(mech, Jc, moduli(E, NU, 1.0, 0.1, shape=s.weight.shape)).residual)
        except NoEquilibrium as stopped:
            sizes.append(stopped.residual)
    inside = [i for i in range(1, 8) if 1e-9 < sizes[i - 1] < 1e-2 and sizes[i] > 1e-13]
    assert inside, sizes
    for i in inside:
        assert sizes[i] < 50 * sizes[i - 1] ** 2 + 1e-12, sizes


@pytest.mark.parametrize("sector", ["quarter", "half", "full"])
@pytest.mark.parametrize("force", [25.0, -40.0])
@pytest.mark.parametrize("Jc", [1.0, 1.5])
def test_axial_force_stretches_a_swollen_bar(sector: str, force: float, Jc: float) -> None:
    """N = pi R^2 Jc E e/(Jc^(1/3) exp e), F33 = Jc^(1/3) exp e: the same for every sector, N for the whole section."""
    s = section_spaces(1.0, 0.5, sector)
    part = {"quarter": 0.25, "half": 0.5, "full": 1.0}[sector]
    eq = run(Mechanics(s, sector, axial="generalized", axial_force=force), Jc)
    tau = done(eq).tau
    size = Jc ** (1 / 3)
    # the mesh's own area: the polygon of curved edges misses 2e-4 of the circle
    area = s.weight.sum() / part
    assert_allclose(area, np.pi, rtol=1e-3)
    strain = brentq(lambda e: area * Jc * E * e / (size * np.exp(e)) - force, -0.5, 0.5, xtol=1e-15)
    assert_allclose(eq.F33, size * np.exp(strain), rtol=1e-9)
    assert_allclose(tau[3], Jc * E * strain, rtol=1e-8)
    # the force that comes out, from the stresses themselves
    assert_allclose(np.sum(tau[3] / eq.F33 * s.weight) / part, force, rtol=1e-9)
    assert_allclose(eq.axial_force, force * part, rtol=1e-9)
    i = np.argmax(s.nodes[0])
    assert_allclose(np.hypot(*(s.nodes + eq.u)[:, i]), size * np.exp(-NU * strain), rtol=1e-8)


def test_axial_force_balances_within_an_uneven_section() -> None:
    """A swollen rim around a core: quarter, half and full agree, and the axial force is the given one in each."""
    stretches = []
    for sector, part in (("quarter", 0.25), ("half", 0.5), ("full", 1.0)):
        s = section_spaces(1.0, 0.2, sector)
        # smooth, so that three different meshes see the same body
        Jc = 1 + 0.3 * np.hypot(*s.qp_xy) ** 4
        law = moduli(E, NU, 2.0, 5.0, shape=Jc.shape)
        eq = run(Mechanics(s, sector, axial="generalized", axial_force=3.0), Jc, law)
        response = done(eq)
        assert response.eqps.max() > 0.01
        assert_allclose(np.sum(response.tau[3] / eq.F33 * s.weight) / part, 3.0, rtol=1e-4)
        stretches.append(eq.axial.stretch)
    # the sectors' meshes are turned copies of one another; the centre of the full one differs
    assert_allclose(stretches, stretches[0], rtol=1e-6)
    assert stretches[0] > 1.01


@pytest.mark.parametrize("axial", ["plane_strain", "generalized"])
def test_at_least_one_iteration_is_made(quarter: Spaces, axial: str) -> None:
    mech = Mechanics(quarter, "quarter", axial=axial)
    rest = run(mech, 1.0)
    done(rest)
    assert rest.iterations == 1
    assert_allclose(rest.u, 0.0, atol=1e-12)
    first = run(mech, 1.05)
    done(first)
    again = run(mech, 1.05, u=first.u, axial=first.axial)
    done(again)
    assert again.iterations >= 1
    # a change of load within the tolerance moves the answer all the same: u grows by (1 + nu)/3 (or 1/3) of 1e-7
    more = run(mech, 1.05 * (1 + 1e-7), u=again.u, axial=again.axial)
    done(more)
    i = np.argmax(quarter.nodes[0])
    wanted = (1 + again.u[0, i]) * 1e-7 / 3 * (1.0 if axial == "generalized" else 1 + NU)
    assert_allclose(more.u[0, i] - again.u[0, i], wanted, rtol=1e-2)


@pytest.mark.parametrize("axial", ["plane_strain", "generalized"])
def test_forces_on_the_rim_press_the_section_uniformly(axial: str) -> None:
    """Pressure p all round: in-plane stress -p, axial -2 nu p in plane strain and 0 with free ends, for every element.

    Simpson's rule carries a pressure exactly to a parabolic edge. p/E = 1e-7: dead and following load are the same.
    """
    s, pressure = section_spaces(1.0, 0.25), 1e-7 * E
    load = np.zeros((2, s.n_nodes))
    order = s.outer[np.argsort(np.arctan2(s.nodes[1, s.outer], s.nodes[0, s.outer]))]
    for a, m, b in zip(order[:-2:2], order[1:-1:2], order[2::2], strict=True):
        # integral of N_i times the outward normal, (dy, -dx) along the edge, quadratic in its parameter
        xa, xm, xb = s.nodes[:, a], s.nodes[:, m], s.nodes[:, b]
        d = [-3 * xa + 4 * xm - xb, xb - xa, xa - 4 * xm + 3 * xb]
        for node, weights in ((a, (1, 0, 0)), (m, (0, 4, 0)), (b, (0, 0, 1))):
            tangent = sum(w * t for w, t in zip(weights, d, strict=True)) / 6.0
            load[:, node] -= pressure * np.array([tangent[1], -tangent[0]])
    mech = Mechanics(s, "quarter", axial=axial, load=load, tolerance=1e-10)
    tau = done(run(mech, 1.0)).tau
    wanted = np.array([-1.0, -1.0, 0.0, -2.0 * NU if axial == "plane_strain" else 0.0]) * pressure
    # the edge's load is exact, so that what is left is the linearisation, 1e-7, and the solver's tolerance
    assert_allclose(tau, np.broadcast_to(wanted[:, None, None], tau.shape), rtol=0, atol=1e-5 * pressure)


def frozen(*arrays: Array) -> list[Array]:
    """Copies to compare with; the arrays themselves are made read-only."""
    copies = [a.copy() for a in arrays]
    for a in arrays:
        a.flags.writeable = False
    return copies


@pytest.mark.parametrize("backend", ["scipy", "pardiso"])
@pytest.mark.parametrize("axial", ["plane_strain", "generalized"])
@pytest.mark.parametrize(("bad", "why"), [("nan", r"."), ("huge", r"."), ("few", "no convergence"),
                                          ("inverted", "first guess inverts an element")])
def test_a_solve_that_fails_says_where_and_changes_nothing(quarter: Spaces, bad: str, why: str, axial: str,
                                                           backend: Any) -> None:
    if backend == "pardiso":
        pytest.importorskip("pypardiso")
    s = quarter
    shape = s.weight.shape
    mech = Mechanics(s, "quarter", axial=axial, backend=backend)
    u, Cp_inv, eqps, Jc = np.zeros((2, s.n_nodes)), unit_plastic(shape), np.zeros(shape), np.ones(shape)
    law = moduli(E, NU, 1.0, shape=shape)
    worst = 7
    if bad == "nan":
        Jc[worst] = np.nan
    elif bad == "huge":
        Jc[worst] = 1e30
    elif bad == "few":
        Jc[:] = 1 + 2 * (np.hypot(*s.qp_xy) > 0.5)
        mech.max_iterations = 1
    else:
        inner = s.cells[:3, worst][~np.isin(s.cells[:3, worst], s.outer)][0]
        u[:, inner] += 0.6
    copies = frozen(u, Cp_inv, eqps, Jc)
    pattern = rf"{why}.* after \d+ Newton iterations .*in element \d+ at x = -?\d.* nm, y = -?\d.* nm"
    with np.errstate(all="ignore"), pytest.raises(NoEquilibrium, match=pattern) as failure:
        mech.solve(u, STRAIGHT, Cp_inv, eqps, Jc, law, 1.0)
    for now, before in zip((u, Cp_inv, eqps, Jc), copies, strict=True):
        assert_array_equal(now, before)
    if bad == "inverted":
        # the message names an inverted element and its place
        det = mech.deformation(u)
        det = det[0, 0] * det[1, 1] - det[0, 1] * det[1, 0]
        e = int(np.argmin(det.min(axis=1)))
        x, y = s.qp_xy[:, e].mean(axis=1)
        assert f"in element {e} at x = {x:.2f} nm, y = {y:.2f} nm" in str(failure.value)
    # and the same object goes on to solve the next candidate
    mech.max_iterations = 25
    done(run(mech, 1.1))
