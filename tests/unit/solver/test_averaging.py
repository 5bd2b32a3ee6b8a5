"""The average across the front keeps its answer, whatever other averages are made on the same mesh."""

from __future__ import annotations

import numpy as np
import pytest
from numpy.testing import assert_allclose

from femanode.constitutive.kinetics import MassAction
from femanode.solver.averaging import front_mean
from femanode.solver.front import Front
from femanode.solver.stepping import Limits, Tally, march
from femanode.verify.bench import layer, unstressed, wedge
from tests.helpers import Isotropic, section_spaces

STRONG = MassAction(1.0, -50.0, 0.0, 0.0)


def test_an_older_average_answers_as_it_did() -> None:
    s = section_spaces(30.0, 1.5)
    front, r = Front(s, 2.0, 0.35, Isotropic(1.0), STRONG), np.hypot(*s.nodes)
    outer, inner = (1.0 / (1.0 + np.exp((a - r) / 2.0)) for a in (22.0, 12.0))
    points = s.at_points(r)
    average = front.averager(outer)
    first = average(points)
    front.averager(inner)(points)
    assert_allclose(average(points), first, rtol=1e-10, atol=0)
    # the radius averaged across a front at 22 nm is about that, not the 12 nm of the other
    assert abs(front_mean(first, outer, s) - 22.0) < 0.5


@pytest.mark.parametrize("apart", [7.0, 9.0, 12.0])
def test_two_fronts_near_each_other_have_averages_of_their_own(apart: float) -> None:
    # of a shell that reacts on both sides; in the middle xi is 0.06, 0.02 and 0.005
    s, delta, inner = section_spaces(30.0, 0.5, "quarter", 10.0), 1.0, 14.0
    front, r = Front(s, delta, 0.35, Isotropic(1.0), STRONG), np.hypot(*s.nodes)
    outer = inner + apart * delta
    xi = 1.0 / (1.0 + np.exp(r - inner)) + 1.0 / (1.0 + np.exp(outer - r))
    held = np.where(np.hypot(*s.qp_xy) < 0.5 * (inner + outer), -2.5, -0.1)
    average = front.averager(xi)(held)
    at_inner, at_outer = (average[np.abs(r - at) < 0.3].mean() for at in (inner, outer))
    # each its own to 1 % of the difference; 45, 30 and 12 % where what spreads the average goes on between the two
    assert_allclose(at_inner, -2.5, rtol=0, atol=0.024)
    assert_allclose(at_outer, -0.1, rtol=0, atol=0.024)


def test_a_front_that_a_film_holds_has_no_other_ahead_of_it() -> None:
    # a film a thousand times as slow as the front: the activity outside is a thousand times that of the front
    s, radius, k, c_front = wedge(64.0, 20.0, 0.5), 64.0, 0.05, 0.5
    case = layer(s, radius - np.hypot(*s.nodes), 1.28, k=k, D=100.0 * k * radius, c_front=c_front, film=0.001 * k)
    limits, tally = Limits(end=1e12, front_advance=0.5, arrest=None, converted=0.3), Tally()
    xi = case.state().xi
    for candidate, _ in march(case.physics, case.state(), limits, [], tally, unstressed):
        assert tally.accepted + tally.rejected < 60, "steps of a front that starts elsewhere"
        xi = candidate.state.xi
    depth = np.hypot(*s.nodes)[xi > 0.5].min() - np.hypot(*s.nodes)
    assert xi[depth > 8.0 * 1.28].max() < 1e-3
