"""Time stepping: a rejected candidate leaves nothing behind, times are hit, and a run says why it ends."""

from __future__ import annotations

import dataclasses
import hashlib
from collections.abc import Callable, Iterator
from dataclasses import replace

import numpy as np
import pytest
from numpy.testing import assert_allclose
from scipy.optimize import brentq

from femanode.errors import ConvergenceError
from femanode.solver.advance import advance_front
from femanode.solver.candidate import Candidate, Pace, propose
from femanode.solver.failure import StepFailed
from femanode.solver.physics import Physics
from femanode.solver.reasons import StopReason
from femanode.solver.state import State
from femanode.solver.stepping import Limits, Tally, check, march
from tests.fronts import FAR, Layer, layer, strip, unstressed
from tests.helpers import isotropic_physics, pristine_state

Proposer = Callable[[Physics, State, float], Candidate]


def digest(state: State) -> str:
    """Hash of every bit of a state."""
    parts = [np.asarray(getattr(state, f.name)).tobytes() for f in dataclasses.fields(State)]
    return hashlib.sha256(b"".join(parts)).hexdigest()


@pytest.fixture(scope="module")
def wire() -> Iterator[tuple[Physics, State]]:
    """Coarse isotropic wire, some way into the run: swollen, with plastic flow."""
    physics = isotropic_physics(delta=8.0)
    state = pristine_state(physics)
    for candidate, _ in march(physics, state, Limits(end=240.0), [], Tally()):
        state = candidate.state
    assert state.eqps.max() > 0.09
    yield physics, state


@pytest.mark.parametrize("trend", [-0.3, -0.05, 0.02])
def test_travel_agrees_with_the_stress_half_way_through_it(wire: tuple[Physics, State], trend: float) -> None:
    # k 0.05 nm/s, -0.15 eV per carrier of 14.9 A^3, 300 K; uniform stress that changes along the way
    physics, state = wire
    ones, dt = np.ones_like(state.xi), 40.0
    stressed = replace(state, front_stress=-0.9 * ones, front_stress_trend=trend * ones, activity=ones)
    moved = advance_front(physics, stressed, dt)

    def left(travel: float) -> float:
        eV_per_GPa_nm3, volume = 6.241509, 2.8 * 0.02 / 3.75
        energy = -0.15 - (-0.9 + 0.5 * travel * trend) * volume * eV_per_GPa_nm3
        return travel - dt * 0.05 * (1.0 - float(np.exp(energy / (8.617333e-5 * 300.0))))

    assert_allclose(moved.travel, brentq(left, 0.0, 3.0), rtol=2e-4, atol=0)


@pytest.mark.parametrize("dt", [2.0, 20.0])
def test_the_front_is_where_the_speed_of_the_step_takes_it(wire: tuple[Physics, State], dt: float) -> None:
    # However few times the sweeps have moved it: 1e-4 in extent is what they agree to. The wire's 0.05 nm/s are the
    # same in all directions. The activity of the start is wrong by a tenth, so that the first sweep's front is too.
    physics, state = wire
    moved = advance_front(physics, replace(state, activity=0.9 * np.ones_like(state.xi)), dt)
    there = physics.front.travel(state.xi, moved.speed / 0.05, dt, state.curvature)
    assert np.abs(there - state.xi).max() > 1e-3
    assert_allclose(moved.xi, there, rtol=0, atol=1e-4)


def test_a_step_too_long_for_its_stress_is_refused(wire: tuple[Physics, State]) -> None:
    # the travel that half a step of the fixed point would have to find is where its slope is below -3
    physics, state = wire
    ones = np.ones_like(state.xi)
    stressed = replace(state, front_stress=-0.9 * ones, front_stress_trend=-0.3 * ones, activity=ones)
    with pytest.raises(StepFailed, match="do not agree"):
        propose(physics, stressed, 200.0)
    propose(physics, stressed, 20.0)


def nan_in_displacement(candidate: Candidate, state: State) -> Candidate:
    u = candidate.state.u.copy()
    u[0, 5] = np.nan
    return replace(candidate, state=replace(candidate.state, u=u))


def nan_in_extent(candidate: Candidate, state: State) -> Candidate:
    xi = candidate.state.xi.copy()
    xi[3] = np.nan
    return replace(candidate, state=replace(candidate.state, xi=xi))


def flow(candidate: Candidate, state: State) -> Candidate:
    return replace(candidate, state=replace(candidate.state, eqps=state.eqps + 1.5))


def too_far(candidate: Candidate, state: State) -> Candidate:
    return replace(candidate, advance=0.8)


def lost(candidate: Candidate, state: State) -> Candidate:
    return replace(candidate, balance=replace(candidate.balance, error=1e-3))


@pytest.mark.parametrize(("spoil", "reason"), [
    (nan_in_displacement, "u is not finite"), (nan_in_extent, "xi is not finite"), (flow, "plastic strain increment"),
    (too_far, "front advance"), (lost, "content balance off")])
def test_a_spoilt_candidate_is_rejected_and_leaves_nothing_behind(
        wire: tuple[Physics, State], spoil: Callable[[Candidate, State], Candidate], reason: str) -> None:
    physics, start = wire
    seen: list[tuple[State, str, float]] = []

    def proposer(physics: Physics, state: State, dt: float) -> Candidate:
        seen.append((state, digest(state), dt))
        candidate = propose(physics, state, dt)
        return spoil(candidate, state) if len(seen) == 2 else candidate

    end = start.t + 200.0
    tally = Tally()
    results = list(march(physics, start, Limits(end=end), [], tally, proposer))
    # The second proposal was refused: the third starts from the very same object, untouched, with half the step.
    (second, hash_2, dt_2), (third, hash_3, dt_3) = seen[1], seen[2]
    assert third is second
    assert hash_3 == hash_2 == digest(second)
    assert_allclose(dt_3, 0.5 * dt_2, rtol=1e-12, atol=0)
    assert tally.rejected == 1
    assert tally.reasons == {reason: 1}
    assert tally.accepted == len(results) == len(seen) - 1
    last, stop = results[-1]
    assert stop is StopReason.END_TIME
    assert last.state.t == end
    assert np.all(np.isfinite(last.state.u))


def test_a_failed_newton_solve_is_rejected_and_the_run_goes_on(wire: tuple[Physics, State],
                                                              monkeypatch: pytest.MonkeyPatch) -> None:
    physics, start = wire
    seen: list[tuple[State, str]] = []

    def proposer(physics: Physics, state: State, dt: float) -> Candidate:
        seen.append((state, digest(state)))
        monkeypatch.setattr(physics.mechanics, "max_iterations", 1 if len(seen) == 2 else 25)
        return propose(physics, state, dt)

    tally = Tally()
    results = list(march(physics, start, Limits(end=start.t + 200.0), [], tally, proposer))
    assert tally.reasons == {"no convergence": 1}
    assert seen[2][0] is seen[1][0]
    assert seen[2][1] == seen[1][1] == digest(seen[1][0])
    assert results[-1][1] is StopReason.END_TIME


def test_accepted_states_keep_the_bits_they_were_accepted_with(wire: tuple[Physics, State]) -> None:
    physics, start = wire
    kept = [(start, digest(start))]
    for candidate, _ in march(physics, start, Limits(end=start.t + 200.0), [], Tally()):
        kept.append((candidate.state, digest(candidate.state)))
    assert all(digest(state) == before for state, before in kept)


def test_a_plastic_jump_passes_only_where_no_smaller_step_resolves_it(wire: tuple[Physics, State]) -> None:
    # The bound is 1.0 in a step of a quarter of delta; a snap stays as large however small the step.
    physics, start = wire
    jump = flow(Candidate(replace(start, t=start.t + 1.0), advance=0.2), start)
    assert check(jump, start, physics, Limits(end=1e3)).startswith("plastic strain increment 1.50")
    assert check(replace(jump, advance=0.05), start, physics, Limits(end=1e3)) == ""


@pytest.mark.parametrize(("spoil", "quantity"), [(nan_in_displacement, "u is not finite")])
def test_a_step_below_the_floor_ends_with_time_and_quantity(wire: tuple[Physics, State], quantity: str,
                                                           spoil: Callable[[Candidate, State], Candidate]) -> None:
    # Neither the same step for ever nor one that tends to zero
    physics, start = wire
    calls = []

    def proposer(physics: Physics, state: State, dt: float) -> Candidate:
        calls.append(dt)
        return spoil(Candidate(replace(state, t=state.t + dt)), state)

    before = digest(start)
    limits = Limits(end=start.t + 60.0, min_step=0.5)
    with pytest.raises(ConvergenceError, match=rf"t = 240 s: step fell to .* s: {quantity}"):
        list(march(physics, start, limits, [], Tally(), proposer))
    assert len(calls) < 12
    assert min(calls) >= 0.5
    assert digest(start) == before


def test_check_names_each_bound(wire: tuple[Physics, State]) -> None:
    physics, start = wire
    good = propose(physics, start, 5.0)
    limits = Limits(end=1e3)
    assert check(good, start, physics, limits) == ""
    assert "stress extrapolation" in check(replace(good, coupling_error=0.06), start, physics, limits)
    assert "content increment" in check(good, start, physics, replace(limits, content=1e-4))


def test_a_step_that_converts_all_that_is_left_has_its_true_advance(wire: tuple[Physics, State]) -> None:
    # Nodes near the front are looked for where it ends; where nothing is left of it the advance came out as 0.
    physics, start = wire
    end = replace(start, xi=np.where(start.xi > 0.01, start.xi, 0.9), front_stress_trend=np.zeros_like(start.xi))
    candidate = propose(physics, end, 2000.0, agreed=False)
    # 2000 s at no more than 0.05 nm/s, over 8 nm
    assert 1.0 < candidate.advance < 12.5
    assert physics.converted_fraction(candidate.state.xi) > 0.9999


# Where only times matter, a plane front of speed 1 nm/s without mechanics.
@pytest.fixture(scope="module")
def front() -> Layer:
    spaces = strip(40.0, 1.0)
    return layer(spaces, FAR - spaces.nodes[0], 2.0)


def test_output_times_and_the_end_are_hit_exactly(front: Layer) -> None:
    # forty times of many digits: t + (target - t) misses some of them by a rounding
    wanted = [*np.random.default_rng(1).uniform(0.1, 17.0, 40).tolist(), 13.0, 13.0 + 1e-9]
    steps = march(front.physics, front.state(5.0), Limits(end=17.3), wanted, Tally(), unstressed)
    times = [candidate.state.t for candidate, _ in steps]
    assert set(wanted) <= set(times)
    assert times[-1] == 17.3
    assert np.all(np.diff(times) > 0)


def test_any_accepted_step_can_be_gone_on_from_with_its_pace(front: Layer) -> None:
    def troubled(physics: Physics, state: State, dt: float) -> Candidate:
        if 1.0 < state.t < 3.0 and dt > 0.1:
            raise StepFailed("no")
        return unstressed(physics, state, dt)

    def go_on(state: State, pace: Pace | None) -> list[Candidate]:
        return [c for c, _ in march(front.physics, state, limits, [2.0, 7.0], Tally(), troubled, pace)]

    limits = Limits(end=9.0)
    whole = go_on(front.state(5.0), None)
    times = [c.state.t for c in whole]
    assert min(np.diff(times)) < 0.1
    for k in range(len(whole) - 1):
        state = whole[k].state
        assert [c.state.t for c in go_on(state, whole[k].pace)] == times[k + 1:]


def test_no_step_exceeds_the_front_advance(front: Layer) -> None:
    advances = [c.advance for c, _ in march(front.physics, front.state(5.0), Limits(end=15.0, front_advance=0.3), [],
                                            Tally(), unstressed)]
    assert max(advances) <= 0.3 * 1.05
    assert max(advances) > 0.25


def test_stops_at_the_wanted_fraction_to_a_millionth(front: Layer) -> None:
    limits = Limits(end=1e3, converted=0.6)
    last, stop = list(march(front.physics, front.state(5.0), limits, [], Tally(), unstressed))[-1]
    assert stop is StopReason.CONVERTED
    assert stop.value == "converted fraction reached"
    assert_allclose(front.physics.converted_fraction(last.state.xi), 0.6, rtol=0, atol=1.01e-6)
    # a plane front of 1 nm/s from 5 nm: 24 nm after 19 s
    assert_allclose(last.state.t, 19.0, rtol=0.02, atol=0)


def test_end_time_is_the_reason_otherwise(front: Layer) -> None:
    *_, (_, stop) = march(front.physics, front.state(5.0), Limits(end=4.0, converted=None), [], Tally(), unstressed)
    assert stop is StopReason.END_TIME
    assert stop.value == "end time reached"


def test_only_the_last_candidate_has_a_reason(front: Layer) -> None:
    tally = Tally()
    reasons = [stop for _, stop in march(front.physics, front.state(5.0), Limits(end=10.0), [], tally, unstressed)]
    assert all(r is None for r in reasons[:-1])
    assert len(reasons) == tally.accepted


def test_a_wire_arrests_cleanly_and_stays_where_it_is() -> None:
    # model.md 4: the front's tail must not keep running once the front has stopped
    physics = isotropic_physics(delta=8.0)
    tally, fraction, stopped = Tally(), [], []
    steps = march(physics, pristine_state(physics), Limits(end=18000.0), [], tally)
    for candidate, stop in steps:
        state = candidate.state
        fraction.append(physics.converted_fraction(state.xi))
        stopped.append(stop)
    assert stopped[-1] is StopReason.ARRESTED
    assert stopped[-1].value == "front arrested"
    assert candidate.drive <= 1e-3
    assert tally.newton >= tally.accepted
    *_, (candidate, stop) = march(physics, state, Limits(end=state.t + 1e5, arrest=None), [], Tally())
    assert stop is StopReason.END_TIME
    # what is left of v/k = 1e-3 takes this wide front a thirtieth of its half-thickness further, 0.004 of the section
    assert_allclose(physics.converted_fraction(candidate.state.xi), fraction[-1], rtol=0, atol=6e-3)


def test_an_end_without_a_drive_is_an_arrest_at_once() -> None:
    physics = isotropic_physics(delta=8.0, dG0=0.1)
    steps = list(march(physics, pristine_state(physics), Limits(end=100.0), [], Tally()))
    assert len(steps) == 1
    assert steps[0][1] is StopReason.ARRESTED
    assert np.array_equal(steps[0][0].state.xi, pristine_state(physics).xi)


def test_a_front_too_thick_for_the_diffusivity_is_named_as_the_cause() -> None:
    # v delta c_f/((1 - c_f) D) = 0.05 * 5 * 1.5/0.01 = 37; at 1, delta is 0.13 nm
    physics = isotropic_physics(20.0, D=0.01, sigma_Y=0.1)
    limits = Limits(end=1e6, min_step=0.1, arrest=None)
    with pytest.raises(ConvergenceError, match=r"filling of the reacted phase leaves \[0, 1\].*layer thinner than the "
                                               r"front, .* = \d\d: take a front\.half_thickness below 0\.1\d* nm"):
        for _ in march(physics, pristine_state(physics, 20.0), limits, [], Tally()):
            pass


@pytest.mark.parametrize("reason", ["content balance off by 3e-08 (allowed 1e-08)",
                                    "content and diffusivity do not agree after 60 sweeps", "flow is nowhere"])
def test_other_failures_of_the_carriers_are_told_with_that_cause(reason: str) -> None:
    # 370 times the above; no front is as thin as 0.0013 nm
    physics = isotropic_physics(20.0, D=0.0001, sigma_Y=0.1)

    def fails(*_: object) -> Candidate:
        raise StepFailed(reason)

    with pytest.raises(ConvergenceError) as told:
        next(march(physics, pristine_state(physics, 20.0), Limits(end=1e6, min_step=0.1), [], Tally(), proposer=fails))
    assert str(told.value).endswith(reason) == (reason == "flow is nowhere")
    assert ("= 3.7e+03: such slow diffusion is out of reach" in str(told.value)) == reason.startswith("content")
