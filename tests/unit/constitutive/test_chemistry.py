"""Content, activity and potential of the reacted phase: inverses of one another, and Nernst's slope."""

from __future__ import annotations

import numpy as np
from numpy.testing import assert_allclose

from femanode.constitutive.chemistry import IdealSolution

#: Forms at 0.6 of the full content, full at 10 mV, kT/e at 300 K.
LAW = IdealSolution(0.6, 0.01, 0.02585199)


def test_content_and_activity_are_inverses() -> None:
    a = np.linspace(0.0, 1.0, 7)
    assert_allclose(LAW.content(a)[[0, 3, 6]], [0.6, 0.8, 1.0], rtol=1e-12, atol=0)
    assert_allclose(LAW.level(LAW.content(a)), a, rtol=0, atol=1e-15)


def test_a_decade_of_activity_is_59_5_millivolt_at_300_kelvin() -> None:
    assert_allclose(LAW.potential(0.1) - LAW.potential(1.0), 0.0595264, rtol=1e-5, atol=0)
    assert_allclose(LAW.level_at(LAW.potential(0.3)), 0.3, rtol=1e-12, atol=0)
    assert np.isnan(LAW.potential(0.0))


def test_the_tangent_touches_the_content() -> None:
    a, step = 0.37, 1e-6
    offset, capacity = LAW.tangent(np.array([a]))
    assert_allclose(offset - capacity * (1.0 - a), LAW.content(np.array([a])), rtol=1e-14, atol=0)
    slope = (LAW.content(np.array([a + step])) - LAW.content(np.array([a - step]))) / (2.0 * step)
    assert_allclose(capacity, slope, rtol=1e-9, atol=0)
