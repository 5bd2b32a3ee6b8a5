"""A step in stages: what fails is named for what it is, and nothing of it stays."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
import pytest

from femanode.numerics.linear import SingularMatrix
from femanode.solver.advance import advance_front
from femanode.solver.candidate import Candidate, Pace, propose
from femanode.solver.failure import StepFailed
from femanode.solver.physics import Physics
from femanode.solver.stages import answered
from femanode.solver.state import State
from femanode.solver.stepping import Limits, Tally, march
from tests.helpers import isotropic_physics, pristine_state


def wire() -> tuple[Physics, State]:
    """Coarse isotropic wire about to react at 0.05 nm/s."""
    physics = isotropic_physics(delta=8.0)
    return physics, pristine_state(physics)


def test_a_speed_out_of_range_is_no_failure_of_a_linear_solve() -> None:
    physics, state = wire()
    with pytest.raises(StepFailed, match=r"^front speed out of range"):
        propose(physics, state, 1e8)


def test_stress_that_outruns_the_front_is_named() -> None:
    physics, state = wire()
    ones = np.ones_like(state.xi)
    steep = replace(state, front_stress=-0.9 * ones, front_stress_trend=-40.0 * ones)
    with pytest.raises(StepFailed, match=r"^the front's speed and its stress along the way do not agree$"):
        propose(physics, steep, 400.0)


def test_a_singular_matrix_is_a_failure_of_a_linear_solve(monkeypatch: pytest.MonkeyPatch) -> None:
    physics, state = wire()

    def singular(*_: object, **__: object) -> Candidate:
        raise SingularMatrix("linear solve of the carrier balance: the matrix is singular to working precision")

    monkeypatch.setattr(physics.transport, "step", singular)
    with pytest.raises(StepFailed, match=r"^linear solve of the carrier balance: the matrix is singular"):
        propose(physics, state, 1.0)


def test_a_fault_of_the_program_is_not_taken_for_a_step_too_long(monkeypatch: pytest.MonkeyPatch) -> None:
    physics, state = wire()
    monkeypatch.setattr(physics.transport, "step", lambda *_, **__: (_ for _ in ()).throw(RuntimeError("a bug")))
    with pytest.raises(RuntimeError, match="a bug"):
        propose(physics, state, 1.0)


def test_speed_is_that_of_the_law() -> None:
    # unstressed, -0.15 eV at 300 K: a_eq = exp(-5.80) = 0.00302; 4 s at 0.05 nm/s
    physics, state = wire()
    moved = propose(physics, state, 4.0)
    assert moved.advance == pytest.approx(4.0 * 0.05 * (1.0 - 0.00302) / 8.0, rel=1e-4)


def test_a_front_that_agrees_with_its_stress_goes_nearer_to_where_short_steps_lead() -> None:
    # one step in which stress halves the speed, against sixteen
    physics = isotropic_physics(30.0, 4.0, 3.0)
    *_, (last, _) = march(physics, pristine_state(physics, 30.0), Limits(end=1e6, converted=0.35), [], Tally())
    dt, short = 8.0 * last.state.dt, last.state
    for _ in range(16):
        short = propose(physics, short, dt / 16.0).state
    way = physics.converted_fraction(short.xi)
    foretold, agreed = (propose(physics, last.state, dt, agreed=both) for both in (False, True))
    off = [abs(physics.converted_fraction(candidate.state.xi) - way) for candidate in (foretold, agreed)]
    assert off[0] > 0.01
    assert off[1] < 0.7 * off[0]
    assert agreed.coupling_error < 0.2 * foretold.coupling_error


def test_a_front_whose_stress_is_well_foretold_makes_the_same_step() -> None:
    physics, state = wire()
    foretold, agreed = (propose(physics, state, 4.0, agreed=both) for both in (False, True))
    assert np.array_equal(foretold.state.xi, agreed.state.xi)
    assert np.array_equal(foretold.state.u, agreed.state.u)


def test_the_next_guess_takes_account_of_the_stress_that_a_faster_front_would_lose() -> None:
    # drive 2 s: s = found - answer 2 (s - used), so that s = (found + 2 answer used)/(1 + 2 answer)
    found, used, answer = np.array([-0.5, -0.2, 0.1]), np.array([-0.8, -0.8, 0.3]), np.array([0.0, 3.0, 1.0])
    wanted = (found + 2.0 * answer * used) / (1.0 + 2.0 * answer)
    got = answered(lambda at: 2.0 * at, found, used, answer)
    assert np.all(np.abs(got - wanted) <= 1e-3 * np.abs(found - used))


def test_where_more_stress_would_start_a_front_that_stands_the_next_guess_starts_it() -> None:
    # The drive is 0 up to -0.5 GPa and 4 (s + 0.5) beyond: a slope at the stress used, -0.8, would know nothing of it.
    # s = 0 - 1 x 4 (s + 0.5) gives s = -0.4.
    got = answered(lambda at: 4.0 * np.maximum(at + 0.5, 0.0), np.zeros(1), np.full(1, -0.8), np.ones(1))
    assert got == pytest.approx(-0.4, abs=1e-3)


def test_a_step_made_once_more_from_its_own_result_leads_to_the_same_place() -> None:
    physics = isotropic_physics(30.0, 4.0, 3.0)
    *_, (last, _) = march(physics, pristine_state(physics, 30.0), Limits(end=1e6, converted=0.3), [], Tally())
    state, dt = last.state, last.state.dt
    once = advance_front(physics, state, dt)
    again = advance_front(physics, state, dt, guess=once)
    # what the sweeps agree to
    assert np.abs(again.xi - once.xi).max() < 1e-4
    assert np.abs(once.xi - state.xi).max() > 1e-2
    assert again.travel == pytest.approx(once.travel, rel=1e-3)


def test_a_step_that_took_many_rounds_is_followed_by_a_shorter_one() -> None:
    physics, state = wire()

    def following(rounds: int) -> float:
        def laborious(*given: Any) -> Candidate:
            return replace(propose(*given), coupling_error=0.0, rounds=rounds)

        first, _ = next(march(physics, state, Limits(end=1e3), [], Tally(), laborious, Pace(1.0)))
        assert first.pace is not None
        return first.pace.dt

    assert [following(rounds) for rounds in (1, 4, 5, 8)] == pytest.approx([2.0, 2.0, 5.0 / 6.0, 5.0 / 9.0])
