"""Ends of a protocol's step: where a time step passes them, and when they are reached."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from numpy.testing import assert_allclose

from femanode.solver.advance import advance_front
from femanode.solver.applied import FULL_ACTIVITY, Applied
from femanode.solver.candidate import Candidate
from femanode.solver.ends import Arrested, Converted, CutOff, EndTime, usual_ends
from femanode.solver.protocol import Protocol, Step
from femanode.solver.reasons import StopReason
from femanode.solver.stepping import Limits, Tally, march
from tests.fronts import FAR, Layer, layer, strip, unstressed


def plane(applied: Applied = FULL_ACTIVITY) -> Layer:
    """Plane front of half-thickness 1 in a strip of 60 nm, v = a nm/s."""
    s = strip(60.0, 0.5)
    return layer(s, FAR - s.nodes[0], 1.0, applied=applied)


def test_a_fraction_is_crossed_in_proportion() -> None:
    # fractions 10/60 and 13/60 with a step of 3 s between them: 12/60 is two thirds of the way
    case = plane()
    old, new = case.state(10.0), replace(case.state(13.0), t=3.0, dt=3.0)
    assert_allclose(Converted(0.2).crossing(case.physics, old, new), 2.0, rtol=1e-3, atol=0)
    assert Converted(0.3).crossing(case.physics, old, new) is None
    assert not Converted(0.3).reached(case.physics, old, Candidate(new))
    assert Converted(0.2).reached(case.physics, old, Candidate(new))


def test_a_cut_off_is_crossed_in_proportion_and_binds_a_rejected_step() -> None:
    case = plane(Applied(0.5, cutoff=0.8))
    old = replace(case.state(10.0), entered=True, outside=0.3)
    new = replace(old, t=2.0, dt=2.0, outside=0.1)
    # activity 0.7 to 0.9 in 2 s: 0.8 after one
    assert_allclose(CutOff().crossing(case.physics, old, new), 1.0, rtol=1e-12, atol=0)
    assert CutOff().binding
    assert not any(event.binding for event in usual_ends(1.0, 0.5, 1e-3) if not isinstance(event, CutOff))
    assert CutOff().crossing(case.physics, replace(old, entered=False), new) is None
    assert not CutOff().reached(case.physics, old, Candidate(replace(new, outside=0.21)))
    assert CutOff().reached(case.physics, old, Candidate(replace(new, outside=0.2)))


def test_a_time_and_a_rest() -> None:
    case = plane()
    old, new = case.state(10.0), replace(case.state(10.5), t=5.0, dt=5.0)
    assert EndTime(4.0).crossing(case.physics, old, new) == 4.0
    assert EndTime(6.0).crossing(case.physics, old, new) is None
    assert EndTime(5.0).reached(case.physics, old, Candidate(new))
    assert Arrested(1e-3).reached(case.physics, old, Candidate(new, drive=9e-4))
    assert not Arrested(1e-3).reached(case.physics, old, Candidate(new, drive=9e-4, headroom=0.1))


def test_the_first_of_the_ends_gives_the_reason() -> None:
    case = plane()
    ends = (Converted(0.2), EndTime(3.0))
    *_, (last, stop) = march(case.physics, case.state(10.0), Limits(end=50.0), [3.0], Tally(), unstressed, ends=ends)
    assert stop is StopReason.CONVERTED
    assert_allclose(case.physics.converted_fraction(last.state.xi), 0.2, rtol=0, atol=1e-6)
    # 2 nm at 1 nm/s
    assert_allclose(last.state.t, 2.0, rtol=0.01, atol=0)


def test_a_state_in_the_second_step_of_a_protocol_is_driven_by_what_that_applies() -> None:
    protocol = Protocol((Step(FULL_ACTIVITY, (EndTime(1.0),)), Step(Applied(0.2), (EndTime(2.0),))))
    case = plane()
    physics = replace(case.physics, applied=protocol.applied)
    first = replace(case.state(10.0), entered=True)
    second = replace(first, step=1)
    free, given = advance_front(physics, first, 0.5), advance_front(physics, second, 0.5)
    assert free.outside == 0.0
    assert_allclose(given.balance.inflow, 0.2 * 0.5, rtol=1e-9, atol=0)
    assert given.travel < free.travel


@pytest.mark.parametrize(("converted", "arrest", "count"), [(None, None, 2), (0.5, None, 3), (0.5, 1e-3, 4)])
def test_usual_ends_are_those_that_are_given(converted: float | None, arrest: float | None, count: int) -> None:
    reasons = [event.reason for event in usual_ends(10.0, converted, arrest)]
    assert len(reasons) == count
    # the capacity under a current is that at the cut-off, whatever else happens in the same step
    assert (reasons[0], reasons[-1]) == (StopReason.CUTOFF, StopReason.END_TIME)
    assert np.unique([reason.value for reason in reasons]).size == count
