"""Fields by name: uniform strains with hand-computed stresses, and the solver's own stress recovered."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from numpy.testing import assert_allclose

from femanode.config.loading import Config
from femanode.output.fieldset import FieldSet
from femanode.solver.axial import Axial
from femanode.solver.candidate import Candidate, propose
from femanode.solver.problem import Problem, build_problem
from femanode.solver.stepping import Tally as Steps
from femanode.solver.stepping import march
from tests.fronts import coarse_case

# Host: E 160 GPa, nu 0.22: K = 160/1.68, G = 160/2.44
K, G = 95.238095, 65.573770


@pytest.fixture(scope="module")
def problem() -> Problem:
    return build_problem(Config.from_mapping(coarse_case()))


def stretched(problem: Problem, x: float, y: float, z: float = 1.0) -> FieldSet:
    state, nodes = problem.initial_state(), problem.physics.spaces.nodes
    return FieldSet(problem, replace(state, u=nodes * np.array([[x - 1.0], [y - 1.0]]), axial=Axial(z)))


def test_equal_biaxial_stretch_has_one_stress_in_the_plane(problem: Problem) -> None:
    # tau = K 2e + 2G (e - 2e/3), e = ln 1.001; Cauchy by J = 1.001^2
    fields, e = stretched(problem, 1.001, 1.001), np.log(1.001)
    plane, axial = (2 * K + 2 * G / 3) * e / 1.001**2, (2 * K - 4 * G / 3) * e / 1.001**2
    points = fields.at_points
    for name, value in (("hoop_stress_GPa", plane), ("radial_stress_GPa", plane), ("axial_stress_GPa", axial),
                        ("mean_stress_GPa", 2 * K * e / 1.001**2), ("max_principal_stress_GPa", plane),
                        ("von_mises_GPa", plane - axial), ("volume_ratio", 1.001**2)):
        assert_allclose(points[name], value, rtol=1e-6, atol=0, err_msg=name)


def test_hoop_and_radial_of_a_uniaxial_stretch_turn_with_the_place(problem: Problem) -> None:
    # sigma_xx = (K + 4G/3) e/1.002, sigma_yy = (K - 2G/3) e/1.002; a point at the deformed polar angle phi has
    # radial = xx cos^2 + yy sin^2. Hoop and radial exchanged, or the reference angle, would show.
    fields, e = stretched(problem, 1.002, 1.0), np.log(1.002)
    xx, yy = (K + 4 * G / 3) * e / 1.002, (K - 2 * G / 3) * e / 1.002
    x, y = problem.physics.spaces.qp_xy
    phi = np.arctan2(y, 1.002 * x)
    radial = xx * np.cos(phi) ** 2 + yy * np.sin(phi) ** 2
    points = fields.at_points
    assert_allclose(points["radial_stress_GPa"], radial, rtol=1e-4, atol=0)
    assert_allclose(points["hoop_stress_GPa"], xx + yy - radial, rtol=1e-4, atol=0)
    assert_allclose(points["max_principal_stress_GPa"], xx, rtol=1e-6, atol=0)
    assert_allclose(points["von_mises_GPa"], 2 * G * e / 1.002, rtol=1e-6, atol=0)


def test_the_axial_stretch_counts(problem: Problem) -> None:
    fields, e = stretched(problem, 1.0, 1.0, 1.001), np.log(1.001)
    assert_allclose(fields.at_points["axial_stress_GPa"], (K + 4 * G / 3) * e / 1.001, rtol=1e-6, atol=0)
    assert_allclose(fields.at_points["volume_ratio"], 1.001, rtol=1e-12, atol=0)
    assert_allclose(fields.at_points["max_principal_stress_GPa"], fields.at_points["axial_stress_GPa"], rtol=0, atol=0)


def test_nodal_arrays_have_the_names_and_shapes_of_the_contract(problem: Problem) -> None:
    fields = stretched(problem, 1.001, 1.002)
    nodes = fields.at_nodes
    n = problem.physics.spaces.n_nodes
    assert set(nodes) == {
        "displacement", "extent", "content", "activity", "cauchy_stress_GPa", "hoop_stress_GPa", "radial_stress_GPa",
        "axial_stress_GPa", "mean_stress_GPa", "von_mises_GPa", "eqps", "max_principal_stress_GPa", "front_rate_nm_s",
        "volume_ratio"}
    assert nodes["displacement"].shape == (n, 3)
    assert nodes["cauchy_stress_GPa"].shape == (n, 6)
    assert np.all(nodes["displacement"][:, 2] == 0.0)
    # VTK's order of a symmetric tensor: xx, yy, zz, xy, yz, xz
    xx, yy, zz, xy = nodes["cauchy_stress_GPa"][:, :4].T
    assert_allclose(zz, nodes["axial_stress_GPa"], rtol=1e-9, atol=1e-12)
    assert_allclose((xx + yy + zz) / 3.0, nodes["mean_stress_GPa"], rtol=1e-9, atol=1e-12)
    assert np.all(yy > xx)
    assert_allclose(xy, 0.0, rtol=0, atol=1e-9)


def test_the_stress_recovered_from_a_state_is_the_solver_s(problem: Problem) -> None:
    # with plastic flow and swelling; a second return mapping would change it where the step was plastic
    candidates: list[Candidate] = []
    for candidate, _ in march(problem.physics, problem.initial_state(), problem.limits, [], Steps(), propose):
        candidates.append(candidate)
    last = candidates[-1]
    assert last.equilibrium is not None
    assert last.state.eqps.max() > 0.3
    fields = FieldSet(problem, last.state)
    assert_allclose(fields.tau[0], last.equilibrium.response.tau, rtol=0, atol=1e-7)
    taken = FieldSet(problem, last.state, last.equilibrium)
    for name, values in fields.at_points.items():
        assert_allclose(taken.at_points[name], values, rtol=0, atol=1e-7, err_msg=name)
    # nowhere in the reacted shell is the flow stress exceeded: Mandel's, which is Kirchhoff's over Jc
    t = fields.tau[0]
    mises = np.sqrt(0.5 * ((t[0] - t[1]) ** 2 + (t[1] - t[3]) ** 2 + (t[3] - t[0]) ** 2) + 3.0 * t[2] ** 2)
    _, C = problem.physics.content_at_points(last.state.xi, last.state.c)
    assert np.max((mises / (1.0 + 2.8 * C))[C > 0.5]) < 1.0 + 1e-6
