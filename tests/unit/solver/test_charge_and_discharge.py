"""Protocols on small sections: what ends their steps, what they skip, and what stays conserved."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from numpy.testing import assert_allclose
from scipy.special import jn_zeros

from femanode.config.loading import Config
from femanode.numerics.arrays import Array
from femanode.solver.candidate import Candidate
from femanode.solver.problem import Problem, build_problem
from femanode.solver.protocol import Ended
from femanode.solver.reasons import StopReason
from femanode.solver.state import State
from femanode.solver.stepping import Tally, march
from femanode.solver.surfacefilm import SurfaceFilm, surface_stretch

CURVE = {"content": [0, 0.05, 0.2, 0.5, 0.8, 1], "value": ["1 V", "0.6 V", "0.41 V", "0.29 V", "0.19 V", "0.05 V"]}


def wire(protocol: list[str], **more: object) -> Problem:
    raw = {"name": "wire", "geometry": {"shape": "circle", "diameter": "20 nm"}, "material": "Li-Si",
           "overrides": {"front.rates": {"isotropic": "0.1 nm/s"}, "chemistry.law": "open_circuit",
                         "chemistry.open_circuit": CURVE},
           "initial": {"reacted": True, "content": 0.2}, "boundary": {"protocol": protocol},
           "mechanics": {"axial": "generalized"}, "mesh": {"element_size": "2.5 nm", "adaptive": False},
           "front": {"half_thickness": "2.5 nm"}, "time": {"end": "1000 h"}, **more}
    return build_problem(Config.from_mapping(raw))


def follow(problem: Problem, state: State | None = None) -> tuple[list[Candidate], list[Ended]]:
    """All accepted candidates of a protocol, and what was said of its steps."""
    state = problem.initial_state() if state is None else state
    found: list[Candidate] = []
    said: list[Ended] = []
    while True:
        reason = StopReason.END_TIME
        for candidate, stop in march(problem.physics, state, problem.limits, [], Tally(),
                                     ends=problem.protocol.steps[state.step].ends):
            found.append(candidate)
            state, reason = candidate.state, stop or reason
        following, more = problem.protocol.after(problem.physics, state, reason)
        said += more
        if following is state:
            return found, said
        state = following


def charge(problem: Problem, state: State) -> float:
    mass = problem.physics.spaces.mass
    return float(np.sum(mass * problem.physics.content_at_nodes(state)) / mass.sum())


def potential(problem: Problem, state: State) -> float:
    return problem.physics.chemistry.potential(1.0 - state.outside)


def test_every_end_ends_its_step() -> None:
    problem = wire(["Lithiate at C/2 until 0.2 V", "Hold at 0.2 V until C/20", "Rest for 20 min",
                    "Delithiate at 1C until 50 %", "Delithiate at 0.01 mA/cm^2 until 0.5 V or for 6 min"])
    found, said = follow(problem)
    assert [one.reason for one in said] == [
        "potential reached", "current reached", "time of the step over", "state of charge reached",
        "time of the step over"]
    last = {c.state.step: c for c in found}
    area = float(problem.physics.spaces.mass.sum())
    assert potential(problem, last[0].state) == pytest.approx(0.2, abs=1e-3)
    assert potential(problem, last[1].state) == pytest.approx(0.2, abs=1e-12)
    assert last[1].state.carried == pytest.approx(area / 20.0 / 3600.0, rel=0.021)
    assert last[2].state.t - last[1].state.t == pytest.approx(1200.0, rel=1e-9)
    assert charge(problem, last[3].state) == pytest.approx(0.5, abs=1e-6)
    assert last[4].state.t - last[3].state.t == pytest.approx(360.0, rel=1e-9)
    # 1C takes out what an hour's share of the section holds
    assert charge(problem, last[2].state) - 0.5 == pytest.approx((last[3].state.t - last[2].state.t) / 3600.0, rel=1e-9)
    # 0.01 mA/cm^2 = 0.62415 e/(nm^2 s) of 187.31 Li/nm^3 through pi d
    out = 0.62415 / 187.3127 * 360.0 * np.pi * 20.0 / (np.pi * 100.0)
    assert charge(problem, last[3].state) - charge(problem, last[4].state) == pytest.approx(out, rel=6e-3)  # chords


def test_content_follows_the_current_and_nothing_is_lost() -> None:
    problem = wire(["Lithiate at 1C until 80 %", "Delithiate at 1C until 30 %"])
    found, _ = follow(problem)
    through = sum(c.balance.inflow for c in found if c.balance) / float(problem.physics.spaces.mass.sum())
    assert charge(problem, found[-1].state) - 0.2 == pytest.approx(through, abs=1e-12)
    assert max(c.balance.error for c in found if c.balance) < 1e-8


def test_a_cycle_is_repeated_and_numbered() -> None:
    problem = wire([], boundary={"protocol": ["Lithiate at 2C until 40 %", "Delithiate at 2C until 20.5 %"],
                                 "cycles": 3})
    steps = problem.protocol.steps
    assert [(s.cycle, s.number) for s in steps] == [(1, 1), (1, 2), (2, 1), (2, 2), (3, 1), (3, 2)]
    found, said = follow(problem)
    assert len(said) == 6
    ends = [charge(problem, [c for c in found if c.state.step == k][-1].state) for k in range(6)]
    assert_allclose(ends, [0.4, 0.205] * 3, rtol=0, atol=1e-6)


def test_what_cannot_begin_is_skipped_and_said() -> None:
    _, said = follow(wire(["Lithiate at 1C until 50 %", "Lithiate at C/2 until 40 %", "Rest for 1 min"]))
    assert said[1].reason.startswith("not begun: the state of charge is 0.5000") and said[1].ended == said[0].ended
    assert said[2].reason == "time of the step over"


@pytest.mark.parametrize("steps", [
    ["Lithiate at C/5 until 20 mV", "Lithiate at 2C until 25 mV"],
    ["Lithiate at C/5 until 20 mV", "Hold at 20 mV until C/20", "Lithiate at C/20 until 21 mV"],
    ["Delithiate at C/5 until 0.15 V", "Delithiate at 1C until 0.14 V"]])
def test_a_step_whose_potential_is_passed_is_not_begun(steps: list[str]) -> None:
    found, said = follow(wire([*steps, "Rest for 1 s"]))
    last = len(steps) - 1
    assert said[last].reason == "not begun: the potential is beyond its end already"
    assert said[last].begun == said[last].ended == said[last - 1].ended
    assert last not in {c.state.step for c in found}


def test_a_smaller_or_an_opposite_current_is_tried_where_the_potential_is_passed() -> None:
    # its overpotential may bring the potential back
    _, said = follow(wire(["Lithiate at 2C until 20 mV", "Lithiate at C/50 until 21 mV", "Delithiate at C/5 until 1 V",
                           "Lithiate at C/5 until 0.9 V"]))
    assert not any(one.reason.startswith("not begun") for one in said)


def test_a_full_and_an_empty_phase_end_a_step_without_another_end() -> None:
    _, said = follow(wire(["Lithiate at 1C for 100 h", "Delithiate at 1C for 100 h"]))
    assert [one.reason for one in said] == ["cut-off reached", "cut-off reached"]


def test_butler_and_volmer_cost_potential_but_no_content() -> None:
    protocol = ["Lithiate at 1C until 30 %", "Delithiate at 1C until 25 %"]
    reaction = {"exchange_current": "0.001 mA/cm^2", "transfer": 0.5}
    plain, costly = (wire([], boundary={"protocol": protocol, **more}) for more in ({}, {"reaction": reaction}))
    ends = []
    for problem in (plain, costly):
        found, said = follow(problem)
        assert [one.reason for one in said] == ["state of charge reached"] * 2
        ends.append([[c for c in found if c.state.step == k][-1] for k in (0, 1)])
    for a, b in zip(*ends, strict=True):
        assert_allclose(a.state.outside, b.state.outside, rtol=0, atol=1e-9)
    # 1C of this section: 5 nm/h of content, of 187.31 e/nm^3, is 0.0042 mA/cm^2, four times the exchange current
    law = costly.physics.applied[0].reaction
    assert law is not None
    spaces = plain.physics.spaces
    density = float(spaces.mass.sum() / spaces.reacting_length.sum()) / 3600.0 * 187.3127 * 0.01602176634
    expected = 2.0 * 0.0258520 * np.arcsinh(0.5 * density / 0.001)
    assert law.overpotential(costly.physics.applied[0].current or 0.0) == pytest.approx(expected, rel=1e-4)


def test_a_held_potential_behind_a_slow_reaction() -> None:
    problem = wire([], boundary={"protocol": ["Hold at 0.2 V for 2 min"],
                                 "reaction": {"exchange_current": "0.001 mA/cm^2"}})
    found, _ = follow(problem)
    law = problem.physics.applied[0].reaction
    assert law is not None
    for c in found:
        # what the surface lies above the electrode is what its current costs
        assert potential(problem, c.state) - 0.2 == pytest.approx(law.overpotential(c.state.carried), abs=1e-9)
    assert found[0].state.carried > found[-1].state.carried > 0.0


def test_a_film_grows_with_the_root_of_time_and_breaks_where_it_is_stretched() -> None:
    one = np.ones((2, 3))
    growing = SurfaceFilm(2.0, rate=0.1)
    film = one
    for _ in range(400):
        film = growing.after(film, np.ones(3), 25.0)
    assert_allclose(film[0], 1.0 + 0.1 / 2.0 * np.sqrt(1e4), rtol=1e-12, atol=0)
    breaking = SurfaceFilm(2.0, breaks=True)
    thick = np.array([[3.0, 3.0, 3.0], [1.0, 1.0, 1.2]])
    after = breaking.after(thick, np.array([1.0, 1.5, 1.1]), 1.0)
    # conductance per initial length, over the initial: longest/thickness; the fresh half at 1 adds to the old third
    assert_allclose(after[1] / after[0], [1.0 / 3.0, 1.0 / 3.0 + 0.5, 1.2 / 3.0], rtol=1e-12, atol=0)
    assert_allclose(after[1], [1.0, 1.5, 1.2], rtol=1e-12, atol=0)


def test_the_stretch_of_the_surface_is_that_along_it() -> None:
    problem = wire(["Rest for 1 min"])
    spaces = problem.physics.spaces
    F = np.zeros((2, 2, *spaces.weight.shape))
    F[0, 0], F[1, 1] = 1.5, 1.2

    def along(x: Array) -> Array:
        return np.hypot(1.5 * x[1], 1.2 * x[0]) / np.hypot(*x)

    got = surface_stretch(spaces, F, np.ones(spaces.weight.shape))
    assert_allclose(got[spaces.reacting], along(spaces.nodes[:, spaces.reacting]), rtol=0, atol=5e-3)
    inside = np.setdiff1d(np.arange(spaces.n_nodes), spaces.reacting)
    assert np.all(got[inside] == 1.0)


def test_a_section_that_has_reacted_has_swollen_without_stress() -> None:
    for axial in ("generalized", "plane_strain"):
        problem = wire(["Rest for 1 min"], initial={"reacted": True, "content": 0.5}, mechanics={"axial": axial})
        found, _ = follow(problem)
        state = found[-1].state
        assert found[-1].equilibrium is not None
        assert float(np.abs(found[-1].equilibrium.response.tau).max()) < 1e-9
        J = 1.0 + 2.8 * 0.5
        stretch = np.cbrt(J) if axial == "generalized" else 1.0
        across = np.sqrt(J / stretch)
        assert state.axial.stretch == pytest.approx(stretch, rel=1e-9)
        assert_allclose(state.u, (across - 1.0) * problem.physics.spaces.nodes, rtol=0, atol=1e-8)
        # the rest lasts, and nothing moves: a state in equilibrium with its own potential, U(0.5) = 0.29 V
        assert potential(problem, state) == pytest.approx(0.29, abs=1e-9)


def test_stress_acts_on_the_potential_by_62_millivolt_per_gigapascal_of_film() -> None:
    # Filled with its length held, a wire is compressed along its axis up to the flow stress: mean stress -sigma/3.
    problem = wire(["Lithiate at C/50 until 60 %"], initial={"reacted": True, "content": 0.4},
                   mechanics={"axial": "plane_strain"})
    found, _ = follow(problem)
    state, eq = found[-1].state, found[-1].equilibrium
    assert eq is not None
    mean = float(eq.response.mean_mandel.mean())
    assert mean < -0.2  # it flows
    level = problem.physics.chemistry.level(np.array([charge(problem, state)]))
    stress_free = problem.physics.chemistry.potential(float(level[0]))
    assert potential(problem, state) - stress_free == pytest.approx(0.0933 * mean, rel=0.01)


def test_a_state_of_any_step_is_stored_whole() -> None:
    from femanode.solver.state import state_from

    problem = wire(["Lithiate at 1C until 25 %", "Delithiate at 1C until 22 %"])
    found, _ = follow(problem)
    middle = next(c for c in found if c.state.step == 1)
    again = state_from(middle.state.part())
    for name in ("began", "carried", "step", "outside"):
        assert getattr(again, name) == getattr(middle.state, name)
    onward, _ = follow(problem, replace(again))
    straight = [c for c in found if c.state.t > middle.state.t]
    assert charge(problem, onward[-1].state) == pytest.approx(charge(problem, straight[-1].state), abs=1e-9)


@pytest.mark.parametrize("boundary", [{"potential": "10 mV"}, {"protocol": ["Hold at 10 mV for 0.2 s"]}])
def test_a_potential_applied_at_once_fills_a_bare_cylinder_as_diffusion_does(boundary: dict[str, object]) -> None:
    # The surface takes its new content in no time, however short the step; only what follows within is bounded.
    problem = wire([], boundary=boundary, material="Li-a-Si", initial={"reacted": True}, time={"end": "0.2 s"},
                   overrides={"transport.diffusivity": "2e-12 cm^2/s"}, mesh={"element_size": "1.25 nm"})
    start = problem.initial_state()
    assert charge(problem, start) < 0.7
    candidates, _ = follow(problem, start)
    last = candidates[-1].state
    share = (charge(problem, last) - charge(problem, start)) / (1.0 - charge(problem, start))
    # Crank: 1 - sum 4/a^2 exp(-a^2 D t/R^2) with the zeros a of J0; D = 200 nm^2/s, R = 10 nm
    zeros = jn_zeros(0, 50)
    exact = 1.0 - float(np.sum(4.0 / zeros**2 * np.exp(-(zeros**2) * 200.0 * last.t / 10.0**2)))
    assert 0.5 < exact < 0.95
    # eight elements along the radius and steps that fill by 0.02 each
    assert share == pytest.approx(exact, rel=0.02)


@pytest.mark.parametrize("law", ["ideal", "open_circuit"])
def test_a_protocol_may_begin_with_a_rest_which_changes_nothing(law: str) -> None:
    # Before anything has reacted nothing happens at rest: what follows is what it is without one.
    def ends(protocol: list[str]) -> tuple[int, float, float]:
        problem = wire(protocol, initial={}, overrides={"front.rates": {"isotropic": "0.1 nm/s"}, "chemistry.law": law})
        candidates, said = follow(problem)
        assert [one.reason for one in said] == [StopReason.TIME.value] * len(protocol)
        last = candidates[-1].state
        return len(candidates), last.t, charge(problem, last)

    steps, t, there = ends(["Lithiate at 2C for 60 s"])
    assert there > 0.03
    rested, later, same = ends(["Rest for 667 s", "Lithiate at 2C for 60 s"])
    assert later == pytest.approx(t + 667.0, rel=1e-12)
    assert rested > steps
    # C-rate times time, less what a front that is only entering does not take; how much that is goes by the steps
    assert there == pytest.approx(2.0 * 60.0 / 3600.0, rel=0.06)
    assert same == pytest.approx(2.0 * 60.0 / 3600.0, rel=0.06)


@pytest.mark.parametrize("film", [None, {"thickness": "1 nm", "diffusivity": "1e-8 cm^2/s"}])
def test_what_fills_faster_than_steps_can_follow_fills_at_once(film: dict[str, str] | None) -> None:
    # R^2/D is 1e-6 s, the shortest step 1e-5 s: within the run all is full, and every carrier came through the surface.
    problem = wire([], boundary={"potential": "10 mV", "film": film}, material="Li-a-Si", initial={"reacted": True},
                   overrides={"transport.diffusivity": "1e-6 cm^2/s"}, time={"end": "10000 s"})
    start = problem.initial_state()
    candidates, _ = follow(problem, start)
    assert charge(problem, candidates[-1].state) == pytest.approx(1.0, abs=1e-6)
    came = sum(one.balance.inflow for one in candidates if one.balance is not None)
    area = float(problem.physics.spaces.mass.sum())
    assert came == pytest.approx((1.0 - charge(problem, start)) * area, rel=1e-6)
