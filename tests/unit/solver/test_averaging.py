"""The average across the front keeps its answer, whatever other averages are made on the same mesh."""

from __future__ import annotations

import numpy as np
from numpy.testing import assert_allclose

from femanode.constitutive.kinetics import MassAction
from femanode.solver.averaging import front_mean
from femanode.solver.front import Front
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
