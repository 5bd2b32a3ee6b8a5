"""Given currents and films: what crosses the surface, where a run under a current ends, and how it goes on."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from numpy.testing import assert_allclose

import femanode
from femanode.cli.brief import describe_plan
from femanode.config.loading import Config
from femanode.constitutive.chemistry import IdealSolution
from femanode.constitutive.swelling import content
from femanode.errors import ConfigError
from femanode.pictures.page.chartcase import Case
from femanode.pictures.page.historycharts import potential
from femanode.postprocess.runfacts import RunFacts
from femanode.simulation import journal
from femanode.solver import electrode
from femanode.solver.adaptation import adapt
from femanode.solver.applied import Applied
from femanode.solver.averaging import front_mean
from femanode.solver.candidate import propose
from femanode.solver.problem import build_problem
from femanode.solver.stepping import Tally, march
from femanode.solver.transport import Transport
from tests.fronts import coarse_case
from tests.helpers import section_spaces
from tests.unit.simulation.test_resume import Stop, after, same_run, stop

R = 20.0
#: What coarse_case overrides, and a product that bears a tenth.
SOFT = {"front.rates": {"isotropic": "0.05 nm/s"}, "transport.diffusivity": "1e-6 cm^2/s",
        "front.equilibrium_potential": "0.16 V", "mechanics.reacted.yield_stress": "0.1 GPa"}
FILM = {"thickness": "10 nm", "diffusivity": "5e-15 cm^2/s"}  # h = 0.05 nm/s


def constant(D: float):  # type: ignore[no-untyped-def]
    return lambda C: np.full_like(C, D)


@pytest.mark.parametrize("dV_D", [0.0, 0.3])
@pytest.mark.parametrize("current", [None, 4.0])
@pytest.mark.parametrize("film", [None, 0.05, 1e7])
def test_what_is_gained_has_crossed_the_surface(dV_D: float, current: float | None, film: float | None) -> None:
    # a bare surface, a resistive film and one that is none; D so fast that activities differ by rounding only
    s = section_spaces(R, 2.0)
    transport = Transport(s, IdealSolution(0.6), constant(1e8), dV_D, film=film)
    r = np.hypot(*s.nodes)
    h_n, h = (np.clip((r - a) / 4.0 + 0.5, 0.0, 1.0) for a in (15.0, 14.8))
    C_n, stress = content(h_n, np.full(s.n_nodes, 0.5), 0.6), -1.0 + 0.002 * r
    d, outside = transport.step(C_n, h, np.full(s.n_nodes, 0.5), stress, 10.0, applied=Applied(current))
    balance = transport.balance(C_n, h, d, stress, 10.0, outside)
    gained = float(np.sum(s.mass * (content(h, 1.0 - outside - d, 0.6) - C_n)))
    # what rounding leaves of a flux of 0.1 nm/s between activities times 1e8
    assert balance.error < 1e-9
    assert_allclose(balance.inflow, gained, rtol=1e-9, atol=0)
    if current is not None:
        assert_allclose(gained, current * 10.0, rtol=1e-9, atol=0)
    else:
        assert outside == 0.0
    if film == 0.05:
        # 2 R of a quarter is pi R/2 of surface; the film passes h (1 - c_f)(a_o - a)
        across = np.sum(s.reacting_length * d) / s.reacting_length.sum()
        assert_allclose(gained / 10.0, 0.05 * 0.4 * across * 0.5 * np.pi * R, rtol=1e-3, atol=0)


def test_a_steady_uptake_draws_the_surface_down_behind_a_film() -> None:
    # uptake q everywhere: c = 1 - q R/(2 h (1 - c_f)) - q (R^2 - r^2)/(4 D (1 - c_f))
    D, q, c_f, h = 50.0, 0.3, 0.1, 20.0
    s = section_spaces(R, 1.0)
    transport, one = Transport(s, IdealSolution(c_f), constant(D), film=h), np.ones(s.n_nodes)
    e = 0 * one
    for _ in range(60):
        e = transport.solve(content(one, 1.0 - e, c_f) - q * 10.0, one, e, 0 * one, 10.0)
    r2 = np.sum(s.nodes**2, axis=0)
    expected = q / (1.0 - c_f) * (R / (2.0 * h) + (R * R - r2) / (4.0 * D))
    assert_allclose(e, expected, rtol=0, atol=2e-3)


def test_less_than_the_current_flows_where_the_cut_off_does_not_give_it() -> None:
    s, one = section_spaces(R, 2.0), np.ones(section_spaces(R, 2.0).n_nodes)
    transport, applied = Transport(s, IdealSolution(0.6), constant(50.0)), Applied(1e3, cutoff=0.8)
    d, outside = transport.step(content(one, 0.5 * one, 0.6), one, 0.5 * one, 0 * one, 10.0, least=0.2,
                                applied=applied)
    assert outside == 0.2
    inflow = transport.balance(content(one, 0.5 * one, 0.6), one, d, 0 * one, 10.0, outside).inflow
    # from c = 1/2 to at most 0.8 everywhere, 0.4 of the content
    assert 0.0 < inflow < 1.001 * 0.4 * 0.3 * float(s.mass.sum())
    with pytest.raises(RuntimeError, match="nothing takes up the given current"):
        transport.step(0 * one, 0 * one, 0 * one, 0 * one, 10.0, applied=applied)


def wire(boundary: dict[str, Any], **sections: Any) -> Config:
    """60-nm wire on 6-nm elements; D so fast that the surface stands for the section."""
    mapping = coarse_case(
        geometry={"shape": "circle", "diameter": "60 nm"}, front={"half_thickness": "6 nm"}, boundary=boundary,
        mesh={"element_size": "6 nm"}, time={"end": "5 h"}, solver={"linear": "scipy"},
        output={"frames": 2, "pictures": False, "checkpoint": "1 ms"})
    return Config.from_mapping({**mapping, **sections})


@pytest.fixture(scope="module")
def run(tmp_path_factory: pytest.TempPathFactory) -> femanode.Result:
    """1 C to 30 mV."""
    return femanode.run(wire({"mode": "galvanostatic", "c_rate": 1, "cutoff": "30 mV"}),
                        tmp_path_factory.mktemp("current") / "run")


def test_a_current_is_charge_over_time_and_its_columns_agree(run: femanode.Result) -> None:
    t, h = run.history["time_s"].to_numpy(), run.history
    j = h["current_density_mA_cm2"].to_numpy()
    # 1 C through the rim of a full 60-nm section: R/2 per hour of 3.75 Li per 0.02002 nm^3
    rim = 15.0 / 3600.0 * 3.75 / 0.02002 * 1.602176634e-19 * 1e14 * 1e3
    assert_allclose(j[-1], rim, rtol=5e-3, atol=0)  # chords of 3 nm
    whole = np.flatnonzero(j > 0.999 * j.max())
    assert whole[0] <= 3  # the front comes in over 0.697 delta, in steps of a quarter of delta
    assert np.all(np.diff(whole) == 1)
    steps = np.diff(h["state_of_charge"]) / np.diff(t)
    assert_allclose(steps[whole[0]:], 1.0 / 3600.0, rtol=1e-9, atol=0)
    assert h["content_error"].max() < 1e-8
    assert_allclose(h["capacity_mAh_g"], h["state_of_charge"] * 3579.0, rtol=1e-12, atol=0)
    # potential and activity: 10 mV at activity 1, kT/e = 25.852 mV at 300 K
    assert_allclose(h["potential_V"], 0.01 - 0.0258520 * np.log(h["surface_activity"]), rtol=0, atol=1e-6)
    assert h["surface_activity"].iloc[whole[0] + 3] < 0.3 < h["surface_activity"].max()


def test_a_run_ends_at_the_cut_off_and_not_beyond(run: femanode.Result) -> None:
    assert run.summary["stop_reason"] == "cut-off reached"
    assert run.summary["self_limited"] is False
    # exp(-20 mV/kT) = 0.46133
    assert 0.46133 * (1 - 2e-4) < run.history["surface_activity"].iloc[-1] < 0.46133 * (1 + 1.1e-3)
    assert run.history["potential_V"].iloc[-1] == pytest.approx(0.030, abs=5e-5)
    assert 0.4 < run.summary["converted_fraction"] < 0.98
    # transport is no limit, however low the activity
    assert run.summary["transport_share"] < 1e-3
    assert run.summary["regime"] == "ICR"


def test_the_page_draws_potential_against_capacity(run: femanode.Result) -> None:
    figure = potential([Case(RunFacts(run), "one")])
    assert figure is not None
    capacity, shown = figure.axes[0].lines[0].get_data()
    # from where the current is carried whole, to the cut-off
    assert_allclose(capacity[-1], run.summary["capacity_mAh_g"], rtol=1e-12, atol=0)
    assert_allclose(shown[-1], 0.030, rtol=0, atol=5e-5)
    j = run.history["current_density_mA_cm2"]
    assert len(shown) == np.count_nonzero(j > 0.999 * j.max()) < len(run.history) - 1
    assert np.all(np.diff(capacity) > 0)
    assert figure.axes[0].get_ylabel() == "Potential (V)"


@pytest.mark.parametrize("boundary", [
    {"mode": "galvanostatic", "c_rate": 20},
    {"mode": "galvanostatic", "current_density": "0.05 mA/cm^2", "film": {**FILM, "thickness": "100 nm"}}],
                         ids=["front", "film"])
def test_a_current_that_cannot_be_carried_is_cut_off_at_once(boundary: dict[str, Any], tmp_path: Path) -> None:
    result = femanode.run(wire(boundary), tmp_path / "run")
    assert result.summary["stop_reason"] == "cut-off reached"
    assert len(result.history) == 2
    assert result.summary["converted_fraction"] < 0.05


def test_a_cutoff_at_which_nothing_reacts_is_refused(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match=r"cutoff: found 0\.17 V, at which nothing reacts; allowed: below 0\.16"):
        femanode.run(wire({"mode": "galvanostatic", "c_rate": 0.5, "cutoff": "170 mV"}), tmp_path / "run")
    assert not (tmp_path / "run").exists()


def test_a_current_just_below_what_the_front_takes_is_carried(tmp_path: Path) -> None:
    # 9 C asks 0.0375 nm/s of content; the front at activity 1 takes 0.05 (0.6 + 0.4) less a little, not 0.05 x 0.6
    config = wire({"mode": "galvanostatic", "c_rate": 9}, time={"end": "3 min"})
    result = femanode.run(config, tmp_path / "run")
    assert result.summary["stop_reason"] == "end time reached"
    # 0.45 would be full current from the first second; the front comes in late: 0.277 with short steps
    assert 0.26 < result.summary["state_of_charge"] < 0.45
    # an outline of 48 chords has 0.2 % less area over its length than the circle
    assert result.history["current_density_mA_cm2"].iloc[-1] == pytest.approx(0.0375 * 3.001, rel=3e-3)


def test_a_slow_current_is_no_arrest(tmp_path: Path) -> None:
    # C/500: v/k = 5e-4, below the arrest of 1e-3 that a front at a given potential would be said to be at
    config = wire({"mode": "galvanostatic", "c_rate": 0.002}, time={"end": "20 h"})
    result = femanode.run(config, tmp_path / "run")
    assert result.summary["stop_reason"] == "end time reached"
    assert result.history["front_speed_nm_s"].iloc[-1] / 0.05 < 1e-3
    assert result.history["state_of_charge"].iloc[-1] == pytest.approx(20 * 0.002, rel=0.02)


def test_under_a_current_the_error_of_the_front_is_what_shorter_steps_show() -> None:
    # Near equilibrium at C/20 the current fixes the mean advance whatever the stress: sixteen steps lead to where one
    # does, to 0.008 delta. Told at the step's own activity the error was 0.07.
    problem = build_problem(wire({"mode": "galvanostatic", "c_rate": 0.05}, time={"end": "20 h"}))
    physics, limits = problem.physics, replace(problem.limits, end=4000.0)
    *_, (last, _) = march(physics, problem.initial_state(), limits, [], Tally())
    dt, short = 4.0 * last.state.dt, last.state
    for _ in range(16):
        short = propose(physics, short, dt / 16.0, agreed=False).state
    one = propose(physics, last.state, dt, agreed=False)
    off = physics.front.log_odds(one.state.xi) - physics.front.log_odds(short.xi)
    assert one.advance > 0.2
    assert one.coupling_error < float(np.sqrt(front_mean(off**2, short.xi, physics.spaces))) / physics.front.delta


def test_behind_a_resistive_film_conversion_goes_with_time(tmp_path: Path) -> None:
    # h (1 - c_f) surface/section per time, but for the activity that the front needs: 0.007 for its speed, 0.004
    # against the stress of so soft a product (0.05 and more at 1 GPa)
    config = wire({"mode": "film", "film": {"thickness": "10 nm", "diffusivity": "5e-17 cm^2/s"}}, overrides=SOFT)
    result, s = femanode.run(config, tmp_path / "run"), build_problem(config).physics.spaces
    assert result.summary["stop_reason"] == "end time reached"
    t, charge = result.history["time_s"].to_numpy(), result.history["state_of_charge"].to_numpy()
    rate = (np.diff(charge) / np.diff(t))[charge[1:] > 0.1]
    assert_allclose(rate, 5e-4 * 0.4 * s.reacting_length.sum() / s.mass.sum() * 0.989, rtol=0.01, atol=0)
    assert result.summary["regime"] == "DCR"
    assert "potential_V" not in result.history


def test_surfaces_of_an_anisotropic_wire_share_the_current(tmp_path: Path) -> None:
    # the slow facets need not carry what the fast ones can: at one activity the front goes in faster along x
    soft = {"transport.diffusivity": "1e-6 cm^2/s", "mechanics.reacted.yield_stress": "0.3 GPa"}
    config = wire({"mode": "galvanostatic", "c_rate": 1}, overrides=soft,
                  crystal={"axis": [1, 1, 0], "in_plane": [1, -1, 0]}, time={"end": "20 min"})
    history = femanode.run(config, tmp_path / "run").history
    assert history["state_of_charge"].iloc[-1] == pytest.approx(1 / 3, abs=0.01)
    assert history["front_depth_x_nm"].iloc[-1] > 1.5 * history["front_depth_y_nm"].iloc[-1]
    assert history["surface_activity"].iloc[-1] < 0.5


@pytest.mark.parametrize("boundary", [{"mode": "galvanostatic", "c_rate": 2, "film": {**FILM, "thickness": "3 nm"}},
                                      {"mode": "galvanostatic", "c_rate": 2}], ids=["film", "bare"])
def test_a_broken_run_goes_on_across_changes_of_the_mesh(boundary: dict[str, Any], tmp_path: Path,
                                                         monkeypatch: pytest.MonkeyPatch) -> None:
    config = wire(boundary, front={"half_thickness": "1.8 nm"}, mesh={"element_size": "1.8 nm"},
                  time={"end": "11 min"})
    whole = femanode.run(config, tmp_path / "whole")
    assert whole.manifest["mesh"]["meshes"] >= 2
    assert whole.history["content_error"].max() < 1e-8
    # neither the charge nor the potential shows where the mesh changed
    assert_allclose(np.diff(whole.history["state_of_charge"])[5:] / np.diff(whole.history["time_s"])[5:], 2 / 3600.0,
                    rtol=1e-4, atol=0)
    monkeypatch.setattr(journal, "SHARE", 1e9)
    with pytest.raises(Stop):
        femanode.run(config, tmp_path / "run", report=after(round(0.7 * len(whole.history)), stop))
    same_run(femanode.run(config, tmp_path / "run", resume=True), whole)


def test_a_run_broken_just_before_the_cut_off_ends_there_too(run: femanode.Result, tmp_path: Path,
                                                             monkeypatch: pytest.MonkeyPatch) -> None:
    config = wire({"mode": "galvanostatic", "c_rate": 1, "cutoff": "30 mV"})
    monkeypatch.setattr(journal, "SHARE", 1e9)
    with pytest.raises(Stop):
        femanode.run(config, tmp_path / "run", report=after(len(run.history) - 2, stop))
    same_run(femanode.run(config, tmp_path / "run", resume=True), run)


@pytest.mark.parametrize("film", [None, FILM], ids=["bare", "film"])
def test_a_new_mesh_keeps_the_charge_and_a_bare_surface_its_activity(film: dict[str, str] | None) -> None:
    boundary = {"mode": "galvanostatic", "c_rate": 1, "film": film}
    problem = build_problem(wire(boundary, front={"half_thickness": "1.4 nm"}, mesh={"element_size": "1.4 nm"}))
    s, front = problem.physics.spaces, problem.physics.front
    r = np.hypot(*s.nodes)
    xi = 1.0 / (1.0 + np.exp(np.minimum((17.0 - r) / front.delta, 600.0)))
    state = replace(problem.initial_state(), xi=xi, outside=0.7, depletion=0.7 + 0.01 * (30.0 - r) * (r < 29.99))
    new, moved = adapt(problem, state)
    assert new is not problem
    assert len(new.physics.spaces.reacting) < len(s.reacting)  # the shell is coarser
    before, after_it = (float(p.physics.spaces.mass @ p.physics.content_at_nodes(x))
                        for p, x in ((problem, state), (new, moved)))
    assert_allclose(after_it, before, rtol=1e-13, atol=0)
    assert np.all(moved.depletion[new.physics.spaces.reacting] == 0.7) == (film is None)


def test_the_plan_says_what_is_applied() -> None:
    said = describe_plan(build_problem(wire({"mode": "galvanostatic", "current_density": "0.0125 mA/cm^2",
                                             "film": FILM})))
    assert "0.0125 mA/cm^2 of initial surface: full after 59.9 min; ends at 10 mV" in said
    # k (a - 0.003) (0.6 + 0.4 a) = h 0.4 (1 - a) with k = h = 0.05 nm/s: a = 0.3525, 0.01295 nm/s of 3.001 mA/cm^2
    assert "takes 0.0389 mA/cm^2 without stress" in said
    # without the film k (1 - 0.003) (0.6 + 0.4) = 0.04985 nm/s
    bare = describe_plan(build_problem(wire({"mode": "galvanostatic", "current_density": "0.0125 mA/cm^2"})))
    assert "takes 0.15 mA/cm^2 without stress" in bare
    assert "D/thickness = 0.05 nm/s, reaction over film k c_f/((1 - c_f) h) = 1.5: of the two, control by both" in said


def test_formulas_of_the_electrode() -> None:
    config = wire({"mode": "galvanostatic", "current_density": "0.1 mA/cm^2", "cutoff": "35.852 mV"})
    # 0.1 mA/cm^2 = 6.2415 e/(nm^2 s), of 187.31 Li/nm^3
    flux = 6.2415 * 0.1 / 187.3127
    assert electrode.applied_current(config, 1.0, 1000.0) == pytest.approx(1000.0 * flux * 10.0, rel=1e-4)
    assert electrode.current_density(config, flux * 10.0) == pytest.approx(0.1, rel=1e-4)
    assert electrode.cutoff_level(config) == pytest.approx(np.exp(-1.0), rel=1e-4)
    assert electrode.potential(config, np.exp(-1.0)) == pytest.approx(0.035852, abs=1e-6)
    assert np.isnan(electrode.potential(config, 0.0))
    with pytest.raises(ConfigError, match=r"boundary.cutoff: found 30 V.*up to 0\.79 V at boundary.potential 0.01 V"):
        electrode.cutoff_level(wire({"mode": "galvanostatic", "c_rate": 1, "cutoff": "30 V"}))
    bare = wire({"potential": "20 mV"})
    assert electrode.applied_current(bare, 1.0, 1.0) is None
    assert electrode.film_coefficient(bare) is None
