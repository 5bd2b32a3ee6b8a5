"""Crack measure of sections whose stress and shape are known in closed form, and what of a run it is taken from."""

from __future__ import annotations

from dataclasses import astuple, replace

import numpy as np
import pytest
from numpy.testing import assert_allclose

from femanode.config.loading import Config
from femanode.output.fieldset import FieldSet
from femanode.postprocess import cracks
from femanode.postprocess.cracks import Site
from femanode.postprocess.record import Recorder
from femanode.postprocess.shell import Shell
from femanode.solver.axial import Axial
from femanode.solver.problem import Problem, build_problem
from tests.fronts import coarse_case
from tests.helpers import moduli

R, FRONT, GAMMA, E, NU, JC = 64.5, 40.0, 10.0, 40.0, 0.24, 3.8
K, G = E / (3 * (1 - 2 * NU)), E / (2 * (1 + NU))


@pytest.fixture(scope="module")
def problem() -> Problem:
    return build_problem(Config.from_mapping(coarse_case(front={"half_thickness": "3 nm"}, mesh={
        "element_size": "3 nm", "adaptive": False})))


def stretched(problem: Problem, ex: float, ey: float, eqps: float = 0.0) -> FieldSet:
    """A shell, reacted down to FRONT, swollen freely and stretched on top by the logarithmic strains ex and ey."""
    state, spaces = problem.initial_state(), problem.physics.spaces
    xi = 1.0 / (1.0 + np.exp(-(np.hypot(*spaces.nodes) - FRONT) / problem.half_thickness))
    grown = JC ** (1 / 3)
    u = spaces.nodes * (grown * np.exp([[ex], [ey]]) - 1.0)
    return FieldSet(problem, replace(state, xi=xi, depletion=0.0 * xi, u=u, axial=Axial(grown),
                                     eqps=np.full_like(state.eqps, eqps)))


def stresses(ex: float, ey: float) -> tuple[float, float]:
    """Cauchy stresses xx, yy of that shell: Hencky's law, Mandel stress times Jc/J."""
    p, mean = K * (ex + ey), (ex + ey) / 3
    return tuple((p + 2 * G * (e - mean)) / np.exp(ex + ey) for e in (ex, ey))  # type: ignore[return-value]


def test_a_shell_stretched_two_ways_cracks_where_tension_and_depth_are_largest(problem: Problem) -> None:
    ex, ey = 0.012, 0.002
    sx, sy = stresses(ex, ey)
    t = np.linspace(0.0, np.pi / 2, 100_001)
    fx, fy = JC ** (1 / 3) * np.exp(ex), JC ** (1 / 3) * np.exp(ey)
    along = np.stack([-fx * np.sin(t), fy * np.cos(t)])
    hoop = (along[0] ** 2 * sx + along[1] ** 2 * sy) / np.sum(along**2, axis=0)
    depth = (R - FRONT) * np.hypot(fx * np.cos(t), fy * np.sin(t))
    ratio = 1.12**2 * np.pi * hoop**2 * depth * (1 - NU**2) / E / GAMMA
    k = int(np.argmax(ratio))
    assert t[k] == pytest.approx(np.pi / 2, abs=1e-4)  # the tension along x is largest at the top, depth hardly less
    site = cracks.weakest(stretched(problem, ex, ey), Shell(problem.physics.spaces), 0.5)
    # the content at the surface is 1 to exp(-24.5/3) = 3e-4; its front is read off elements of 1.5 nm: 0.007 nm
    assert_allclose(site.ratio, ratio[k], rtol=2e-3, atol=0)
    assert_allclose([site.hoop, site.depth], [hoop[k], depth[k]], rtol=1e-3, atol=0)
    assert_allclose([site.x, site.y], [0.0, R * fy], rtol=1e-9, atol=1e-6)
    assert_allclose(site.angle, np.pi / 2, rtol=0, atol=1e-9)
    assert site.flows == 0
    assert site.bounded == 0
    # the share of the surface is counted in nodes, one of which is 1.5 nm of 101 nm
    assert_allclose(site.alike, np.mean(ratio >= 0.95 * ratio[k]), rtol=0, atol=0.03)


def test_stress_is_cut_to_what_a_free_surface_carries(problem: Problem) -> None:
    # an elastic 1.8 GPa on a flow stress of 1 GPa: the limit is 2/sqrt 3 of Jc/J = exp(-2 e)
    e = 0.03
    assert stresses(e, e)[0] > 1.7
    site = cracks.weakest(stretched(problem, e, e), Shell(problem.physics.spaces), 0.5)
    limit = 2 / np.sqrt(3) * np.exp(-2 * e)
    assert_allclose([site.hoop, site.limit], limit, rtol=1e-6, atol=0)
    depth = (R - FRONT) * JC ** (1 / 3) * np.exp(e)
    assert_allclose(site.ratio, 1.2544 * np.pi * limit**2 * depth * (1 - NU**2) / E / GAMMA, rtol=2e-3, atol=0)
    assert site.flows == 1
    assert site.bounded == site.sites == len(problem.physics.spaces.outer)
    assert site.alike == pytest.approx(1.0)


def test_the_limit_hardens_and_the_flaw_takes_the_depth_s_place() -> None:
    hard = build_problem(Config.from_mapping(coarse_case(overrides={
        "front.rates": {"isotropic": "0.05 nm/s"}, "mechanics.reacted.hardening_modulus": "0.1 GPa",
        "fracture.flaw": "5 nm"})))
    e = 0.04
    site = cracks.weakest(stretched(hard, e, e, eqps=2.0), Shell(hard.physics.spaces), 0.5)
    assert_allclose(site.limit, 2 / np.sqrt(3) * 1.2 * np.exp(-2 * e), rtol=1e-6, atol=0)
    assert site.depth == 5.0


def test_no_free_surface_that_flows_carries_more() -> None:
    # Mises' condition s^2 - s z + z^2 = 1, swept over the axial stress z
    z = np.linspace(-1.1547, 1.1547, 200_001)
    s = 0.5 * z + np.sqrt(np.maximum(1.0 - 0.75 * z**2, 0.0))
    assert_allclose(s.max(), cracks.FREE_SURFACE, rtol=1e-9, atol=0)
    assert_allclose(s[np.argmin(np.abs(z - 1.0))], 1.0, rtol=0, atol=2e-5)  # equibiaxial: the flow stress itself
    hoop, limit = cracks.bounded_hoop(np.array([-3.0, 0.5, 1.3]), np.ones(3))
    assert_allclose(hoop, [-3.0, 0.5, 1.1547005], rtol=1e-7, atol=0)
    assert_allclose(limit, 1.1547005, rtol=1e-7, atol=0)


def test_elastic_constants_come_back_from_bulk_and_shear() -> None:
    found = cracks.elastic_constants(moduli(np.array([40.0, 160.0]), np.array([0.24, 0.22]), np.ones(2), shape=(2,)))
    assert_allclose(found, [[40.0, 160.0], [0.24, 0.22]], rtol=1e-12, atol=0)


SITES = [Site(60.0 * k, 0.1 * k, ratio, 3.0, 4.0, 1.0, 1.1, 1.15, 20.0, flows, 0.1, 50.0, k)
         for k, (ratio, flows) in enumerate([(0.0, 0.0), (0.2, 0.0), (0.3, 1.0), (0.25, 0.0), (0.9, 1.0)])]


def test_the_largest_of_all_rows_before_the_tear_counts() -> None:
    whole = cracks.figures(SITES, np.zeros(5, bool), 129.0, None)
    assert whole["crack_risk"] == 0.9
    assert whole["crack_risk_until_fraction"] == pytest.approx(0.4)
    torn = cracks.figures(SITES, np.arange(5) == 4, 129.0, None)
    assert torn["crack_risk"] == 0.3
    assert torn["crack_risk_until_fraction"] == pytest.approx(0.3)
    assert torn["crack_site"]["time_s"] == 120.0
    assert torn["crack_site"]["angle_deg"] == pytest.approx(np.degrees(np.arctan2(4, 3)))
    assert torn["crack_site"]["reference_angle_deg"] == pytest.approx(np.degrees(1.0))
    assert torn["critical_diameter_nm"] == pytest.approx(430.0)
    assert (torn["crack_sites"], torn["crack_sites_bounded"]) == (200, 0 + 1 + 2 + 3)


def test_general_yield_is_said() -> None:
    at_yield = cracks.figures(SITES[:3], np.zeros(3, bool), 129.0, None)
    assert at_yield["crack_risk_bound"] is True
    assert at_yield["crack_risk_basis"].startswith("upper bound at general yield: the whole shell flows")
    elastic = cracks.figures(SITES[:2], np.zeros(2, bool), 129.0, None)
    assert elastic["crack_risk_bound"] is False
    assert elastic["crack_risk_basis"].startswith("linear-elastic")
    assert "cannot be ruled out" in cracks.warning(at_yield)
    assert "is expected" in cracks.warning(elastic)


def test_without_tension_there_is_no_site() -> None:
    none = cracks.figures(SITES[:1], np.zeros(1, bool), 129.0, None)
    assert none["crack_risk"] == 0.0
    assert none["crack_site"] is None
    assert none["critical_diameter_nm"] is None
    assert cracks.figures(SITES, np.zeros(5, bool), 129.0, 5.0)["critical_diameter_nm"] is None  # a flaw does not scale


def test_the_record_of_sites_survives_a_checkpoint(problem: Problem) -> None:
    recorder = Recorder(problem)
    recorder.initial(problem.initial_state())
    recorder.rows, recorder.moments, recorder.skins = (5 * kept for kept in (recorder.rows, recorder.moments,
                                                                            recorder.skins))
    recorder.cracks = list(SITES)
    again = Recorder(problem)
    again.restore(recorder.part(4))
    assert [astuple(site) for site in again.cracks] == [astuple(site) for site in SITES[:4]]
