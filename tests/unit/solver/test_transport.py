"""Carrier balance: conservation, and the closed forms of diffusion and of a front fed by diffusion."""

from __future__ import annotations

from pathlib import Path

import meshio
import numpy as np
import pytest
from numpy.testing import assert_allclose
from scipy.special import i0, i1

from femanode.constitutive.chemistry import IdealSolution
from femanode.constitutive.opencircuit import OpenCircuit
from femanode.constitutive.swelling import content, conversion
from femanode.mesh.build import make_section
from femanode.mesh.files import read_section
from femanode.mesh.spaces import Spaces, build_spaces
from femanode.solver.applied import Applied
from femanode.solver.failure import StepFailed
from femanode.solver.transport import Transport
from tests.fronts import FAR, Array, layer, strip, wedge
from tests.helpers import section_spaces


def constant(D: float):  # type: ignore[no-untyped-def]
    return lambda C: np.full_like(C, D)


def graded_file(folder: Path) -> Spaces:
    """Quarter disc of 20 nm from a file, its elements several times finer at the surface."""
    section = make_section("circle", 20.0, 0.0, 2.0, "quarter")
    p = section.mesh.p[:, : section.mesh.t.max() + 1]
    r = np.minimum(np.hypot(*p) / 20.0, 1.0)
    p = p * np.where(r > 0, (1.0 - (1.0 - r) ** 1.8) / np.where(r > 0, r, 1.0), 1.0)
    path = folder / "graded.vtu"
    meshio.write(path, meshio.Mesh(np.column_stack([*p, 0 * p[0]]), [("triangle", section.mesh.t.T)]))
    return build_spaces(read_section(path).mesh)


@pytest.mark.parametrize("dV_D", [0.0, 0.5])
def test_content_is_conserved_on_a_graded_mesh_with_table_and_sink(tmp_path: Path, dV_D: float) -> None:
    # What the inner nodes gain is what the fluxes carried in, to the accuracy of the linear solve
    s = graded_file(tmp_path)
    table = [0.0, 0.6, 1.0], [1.0, 20.0, 80.0]
    transport = Transport(s, IdealSolution(0.6), lambda C: np.interp(C, *table), dV_D)
    r = np.hypot(*s.nodes)
    h_n, h = (np.clip((r - a) / 4.0 + 0.5, 0.0, 1.0) for a in (12.0, 11.0))
    C_n, stress = content(h_n, np.ones(s.n_nodes), 0.6), -1.0 + 0.02 * r
    sink = (0.3 * h * (1 - h), np.full(s.n_nodes, 0.8))
    e = transport.solve(C_n, h, np.zeros(s.n_nodes), stress, 2.0, sink=sink)
    e = transport.solve(C_n, h, e, stress, 2.0)
    assert e.max() > 0.05  # diffusion does limit here
    C = content(h, 1.0 - e, 0.6)
    balance = transport.balance(C_n, h, e, stress, 2.0)
    assert balance.error < 1e-12
    change = float(np.sum(s.mass * (C - C_n)))
    assert_allclose([balance.total, balance.inflow], [np.sum(s.mass * C), change], rtol=1e-11, atol=0)
    if dV_D == 0.0:
        # the flux out of the surface nodes assembled here from the gradients: D and h by their means over triangles
        D = np.interp(C, *table)[s.sub].mean(axis=0) * h[s.sub].mean(axis=0) * 0.4
        flux = D * s.sub_area * np.einsum("kin,kn->in", s.sub_grad, (1.0 - e)[s.sub])
        lost = np.zeros(s.n_nodes)
        np.add.at(lost, s.sub, np.einsum("kin,in->kn", s.sub_grad, flux))
        inner = np.setdiff1d(np.arange(s.n_nodes), s.reacting)
        gained = float(np.sum((s.mass * (C - C_n))[inner]))
        assert_allclose(2.0 * lost[s.reacting].sum(), gained, rtol=1e-6, atol=0)  # the host's 1e-9 is not in it


def test_conservation_beside_the_unreacted_host_is_exact() -> None:
    # Rows of the host are nine orders below the others; a solver that perturbs them loses 1e-9 of the change.
    spaces = strip(60.0, 0.5)
    case = layer(spaces, FAR - spaces.nodes[0], 1.0, k=0.05, D=57.0, c_front=0.95)
    state = case.state(20.0)
    front, transport = case.physics.front, case.physics.transport
    C_n = case.physics.content_at_nodes(state)
    xi = front.advance(state.xi, np.full(spaces.n_nodes, 0.05), front.normals(state.xi), 10.0)
    h = conversion(xi, 0.35)
    zero = np.zeros(spaces.n_nodes)
    e = transport.solve(C_n, h, zero, zero, 10.0)
    assert transport.balance(C_n, h, e, zero, 10.0).error < 1e-11


def test_a_step_too_short_to_change_anything_is_not_called_unbalanced() -> None:
    # the change is then the rounding of the content itself, and halving the step would only make it worse
    spaces = strip(60.0, 0.5)
    case = layer(spaces, FAR - spaces.nodes[0], 1.0, c_front=0.5)
    state = case.state(20.0)
    front, transport = case.physics.front, case.physics.transport
    C_n = case.physics.content_at_nodes(state)
    xi = front.advance(state.xi, np.ones(spaces.n_nodes), front.normals(state.xi), 1e-10)
    h, zero = conversion(xi, 0.35), np.zeros(spaces.n_nodes)
    e = transport.solve(C_n, h, zero, zero, 1e-10)
    assert transport.balance(C_n, h, e, zero, 1e-10).error < 1e-8


def test_a_loss_is_seen() -> None:
    # a thousandth of the change taken away behind the solver's back
    s = section_spaces(20.0, 2.0)
    transport, one = Transport(s, IdealSolution(0.6), constant(50.0)), np.ones(s.n_nodes)
    C_n, h = content(0.5 * one, one, 0.6), 0.6 * one
    e = transport.solve(C_n, h, 0 * one, 0 * one, 1.0)
    assert transport.balance(C_n, h, e, 0 * one, 1.0).error < 1e-12
    assert transport.balance(C_n + 1e-4, h, e, 0 * one, 1.0).error > 1e-5


def test_steady_diffusion_with_uniform_uptake_is_a_parabola() -> None:
    # div(D grad c) = q, c(R) = 1: c = 1 - q (R^2 - r^2)/(4 D); a factor 1 - c_f on D left out shows as 10 %.
    R, D, q, c_f = 20.0, 50.0, 0.3, 0.1
    s = section_spaces(R, 1.0)
    transport, one = Transport(s, IdealSolution(c_f), constant(D)), np.ones(s.n_nodes)
    e = 0 * one
    for _ in range(60):
        e = transport.solve(content(one, 1.0 - e, c_f) - q * 10.0, one, e, 0 * one, 10.0)
    r2 = np.sum(s.nodes**2, axis=0)
    assert_allclose(e, q * (R * R - r2) / (4.0 * D * (1.0 - c_f)), rtol=0, atol=2e-3)


def test_steady_diffusion_in_an_annulus_of_two_layers() -> None:
    # No flux through the inner wall: uptake q between 10 and 20 nm draws c = 1 - q/(4D) [(R^2 - r^2) - 2 a^2 ln(R/r)].
    R, a, D, q = 20.0, 10.0, 50.0, 0.5
    s = section_spaces(R, 1.0, inner=a)
    transport, one = Transport(s, IdealSolution(0.0), constant(D)), np.ones(s.n_nodes)
    e = 0 * one
    for _ in range(60):
        e = transport.solve(1.0 - e - q * 10.0, one, e, 0 * one, 10.0)
    r = np.hypot(*s.nodes)
    assert_allclose(e, q / (4.0 * D) * ((R * R - r * r) - 2.0 * a * a * np.log(R / r)), rtol=0, atol=2e-3)


def test_filling_of_a_cylinder_follows_crank() -> None:
    # Crank's series at Dt/R^2 = 0.05, from 0.1 to 1: mean 0.5069
    R = 20.0
    s = section_spaces(R, 1.0)
    transport, one, zero = Transport(s, IdealSolution(0.0), constant(1.0)), np.ones(s.n_nodes), np.zeros(s.n_nodes)
    e, dt = 0.9 * one, 0.05 * R * R / 200
    for _ in range(200):
        e = transport.solve(1.0 - e, one, e, zero, dt)
    assert_allclose(1.0 - np.sum(s.mass * e) / s.mass.sum(), 0.5069, rtol=0.01, atol=0)


def test_stress_drives_carriers_to_where_it_is_tensile() -> None:
    # No flux in equilibrium: c = exp(dV_D (s - s_surface)/kT), whatever D; dV_D/kT = 0.5 per GPa, 2 GPa across
    s = strip(40.0, 1.0)
    depth = FAR - s.nodes[0]
    transport, one = Transport(s, IdealSolution(0.0), constant(50.0), 0.5), np.ones(s.n_nodes)
    e, stress = 0 * one, -2.0 * depth / 40.0
    for _ in range(20):
        e = transport.solve(1.0 - e, one, e, stress, 1e4)
    assert_allclose(1.0 - e, np.exp(-depth / 40.0), rtol=1e-6, atol=0)


# A front fed by diffusion: N/c* = c_f/(1 - c_f) carriers per area of front over the range of the activity, and the
# front's own k is k c*/N of the cylinder law (see femanode.laws).
def plane(damkohler: float, c_front: float, delta: float = 1.0) -> tuple[Array, Array, float]:
    length, ratio = 60.0, c_front / (1.0 - c_front)
    D = 0.05 * length * ratio / damkohler
    s = strip(length, 0.5 * delta)
    t, f = layer(s, FAR - s.nodes[0], delta, k=0.05, D=D, c_front=c_front).follow(0.6)
    return t, f * length, D


def test_plane_front_limited_by_the_reaction_goes_with_time() -> None:
    t, X, _ = plane(1e-4, 0.95)
    late = X > 8.0
    assert np.polyfit(np.log(t[late]), np.log(X[late]), 1)[0] >= 0.95
    assert_allclose(X[-1] / t[-1], 0.05, rtol=0.005, atol=0)


def test_plane_front_limited_by_diffusion_goes_with_the_root_of_time() -> None:
    t, X, D = plane(100.0, 5.0 / 6.0)
    late = X > 10.0
    assert_allclose(np.polyfit(np.log(t[late]), np.log(X[late]), 1)[0], 0.5, rtol=0, atol=0.03)
    # Neumann's exact factor for c*/N = 0.2 is 0.306424; the quasi-steady one would be 0.3162
    growth = np.polyfit(t[late], X[late] ** 2, 1)[0]
    assert_allclose(np.sqrt(growth / (4.0 * D)), 0.306424, rtol=0.02, atol=0)


@pytest.mark.parametrize(("damkohler", "c_front", "tolerance"), [(1e-3, 0.95, 0.03), (3.0, 0.95, 0.03),
                                                                (30.0, 0.95, 0.03)])
def test_front_in_a_cylinder_follows_the_linear_parabolic_law(damkohler: float, c_front: float,
                                                              tolerance: float) -> None:
    # t = (R - s)/k + N/(c* D) [(R^2 - s^2)/4 - (s^2/2) ln(R/s)]: a closing front gains nothing by its curvature, of
    # which this wedge of one row, whose normals are one-sided at its sides, takes off two thirds: 2.5 % stay. The
    # quasi-steady error is 0.9 % at N/c* = 19.
    R, delta, k = 50.0, 2.0, 0.05
    ratio = c_front / (1.0 - c_front)
    D = k * R * ratio / damkohler
    s = wedge(R, 20.0, 0.5 * delta)
    t, f = layer(s, R - np.hypot(*s.nodes), delta, k=k, D=D, c_front=c_front).follow(0.72)
    at = np.array([0.3, 0.5, 0.7])
    front = np.sqrt(R**2 - at * (R**2 - 20.0**2))
    reaction = R - front
    diffusion = (R**2 - front**2) / 4.0 - 0.5 * front**2 * np.log(R / front)
    assert_allclose(np.interp(at, f, t), reaction / k + ratio / D * diffusion, rtol=tolerance, atol=0)


def test_content_and_diffusivity_that_do_not_settle_are_told() -> None:
    # so steep a fall of D that the sweeps find the section full and empty in turn
    s, one = section_spaces(30.0, 3.0), np.ones(section_spaces(30.0, 3.0).n_nodes)
    transport = Transport(s, IdealSolution(0.0), lambda C: np.where(C < 0.5, 1e4, 1e-3))
    with pytest.raises(StepFailed, match="content and diffusivity do not agree after 60 sweeps"):
        transport.step(0.2 * one, one, 0.8 * one, 0 * one, 10.0)


@pytest.mark.parametrize("length", [2.0, 4.0])
def test_sweeps_that_jump_back_and_forth_on_a_measured_curve_are_brought_together(length: float) -> None:
    # Where D is constant the level's equation is Fick's law of the content, whatever the curve; one step of the
    # backward Euler method from nothing gives the mean content 2 (l/R) I1(R/l)/I0(R/l) y_s with l = sqrt(D dt). For l
    # of one element plain sweeps end in a circle over two levels.
    radius, D = 20.0, 3e4
    s, curve = section_spaces(radius, 2.0), OpenCircuit((1e-9, 0.3, 0.7, 1.0), (0.689, 0.3445, 0.2067, 0.01378), 0.3)
    one, empty, applied = np.ones(s.n_nodes), curve.level_at(0.689), Applied(level=curve.level_at(0.0214))
    C_n = curve.content(empty * one)
    transport = Transport(s, curve, lambda C: np.full_like(C, D))
    dt = length**2 / D
    drop, outside = transport.step(C_n, one, (1.0 - empty) * one, 0 * one, dt, applied=applied)
    mean = float(np.sum(s.mass * curve.content(1.0 - outside - drop)) / np.sum(s.mass))
    at_surface = float(curve.content(np.array(applied.level)))
    x = radius / length
    assert_allclose(mean, 2.0 / x * i1(x) / i0(x) * at_surface, rtol=0.02, atol=0)
    assert transport.balance(C_n, one, drop, 0 * one, dt, outside).error < 1e-10


class Curved:
    """Content a (1 + a)/2: a phase that holds the more per activity the fuller it is."""

    at_front = lowest = full = 0.0

    def content(self, activity: Array) -> Array:
        return 0.5 * activity * (1.0 + activity)

    def secant(self, one: Array, other: Array) -> Array:
        return 0.5 * (1.0 + one + other)

    def shift(self, stress: Array, volume: float) -> Array:
        return np.zeros_like(stress)

    def level(self, content: Array) -> Array:
        return 0.5 * (np.sqrt(1.0 + 8.0 * content) - 1.0)

    def tangent(self, activity: Array) -> tuple[Array, Array]:
        capacity = 0.5 + activity
        return self.content(activity) + capacity * (1.0 - activity), capacity

    def potential(self, activity: float) -> float:
        return float("nan")

    def level_at(self, potential: float) -> float:
        return float("nan")


def test_another_law_of_content_fills_with_what_came_in() -> None:
    # uniform filling through a surface without resistance to it: D so fast that the activity is even
    s = section_spaces(30.0, 3.0)
    one, law = np.ones(s.n_nodes), Curved()
    transport, current = Transport(s, law, constant(1e7)), 0.5
    C_n = law.content(0.3 * one)
    d, outside = transport.step(C_n, one, 0.7 * one, 0 * one, 20.0, applied=Applied(current))
    gained = current * 20.0 / float(s.mass.sum())
    # y(0.3) = 0.195; a = [sqrt(1 + 8 y) - 1]/2
    expected = 0.5 * (np.sqrt(1.0 + 8.0 * (0.195 + gained)) - 1.0)
    assert_allclose(1.0 - outside - d, expected, rtol=1e-5, atol=0)
    assert transport.balance(C_n, one, d, 0 * one, 20.0, outside).error < 1e-9


def test_through_a_stretched_layer_carriers_flow_as_through_one_as_long() -> None:
    # x times 2.5, y times 1.2: per reference width the flux is D/(2.5^2 L), whatever the width has become
    s, D, L = strip(20.0, 1.0), 7.0, 20.0
    transport = Transport(s, IdealSolution(0.0), constant(D), deformed=True)
    u = np.stack([1.5 * (s.nodes[0] - FAR), 0.2 * s.nodes[1]])
    one, shape = np.ones(s.n_nodes), transport.shape(u)
    onward, _ = transport.conductances(one, 0.0 * one, 0.0 * one, shape=shape)
    plain, _ = transport.conductances(one, 0.0 * one, 0.0 * one)
    level = 1.0 - (FAR - s.nodes[0]) / L
    i, j = transport._edges

    def energy(g: Array) -> float:
        return float(np.sum(g * (level[i] - level[j]) ** 2))

    assert_allclose(energy(onward) / energy(plain), 1.0 / 2.5**2, rtol=1e-9)  # positions near 1e6
    assert Transport(s, IdealSolution(0.0), constant(D)).shape(u) is None
