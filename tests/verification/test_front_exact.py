"""Anisotropic front without stress against the construction of its convex core.

Every plane of normal n moves at v(n); the core is what no plane has passed, so that the fastest planes bound it:
core = intersection over theta of {x . n <= R - v(theta) t}. For v = 1 + 1/2 cos 4 theta, R = 1, the fastest planes are
those along the axes, and the areas at t = 0.1, 0.3, 0.5 are 2.48579, 1.14227, 0.24529.
"""

from __future__ import annotations

import numpy as np
import pytest
from numpy.testing import assert_allclose

from femanode.front import Front, Kinetics
from tests.fronts import Array
from tests.helpers import section_spaces

EXACT = {0.1: 2.48579, 0.3: 1.14227, 0.5: 0.24529}


class Fourfold:
    """v = 1 + 1/2 cos 4 theta; cos 4 theta = 1 - 8 nx^2 ny^2."""

    def rate(self, nx: Array, ny: Array) -> Array:
        return 1.0 + 0.5 * (1.0 - 8.0 * nx**2 * ny**2)


def core_areas(elements: int) -> Array:
    """Areas of the core at the times of ``EXACT``, with ``elements`` along the radius and delta one element."""
    delta = 1.0 / elements
    s = section_spaces(1.0, delta)
    front = Front(s, delta, 0.35, Fourfold(), Kinetics(1.0, -50.0, 0.0, 0.0))
    xi = 1.0 / (1.0 + np.exp(np.clip((1.0 - np.hypot(*s.nodes)) / delta, 0.0, 600.0)))
    t, areas = 0.0, []
    for target in EXACT:
        steps = int(np.ceil((target - t) / (0.33 * delta)))
        dt = (target - t) / steps
        for _ in range(steps):
            n = front.normals(xi)
            half = front.advance(xi, front.rate.rate(n[0], n[1]), n, 0.5 * dt)
            n = front.normals(half)
            xi = front.advance(xi, front.rate.rate(n[0], n[1]), n, dt)
        t = target
        areas.append(4.0 * float(np.sum(s.mass * np.clip((1.0 - xi - 0.45) / 0.1, 0.0, 1.0))))
    return np.array(areas)


@pytest.fixture(scope="module")
def areas() -> dict[int, Array]:
    return {n: core_areas(n) for n in (10, 20, 40, 80)}


def test_the_numbers_are_those_of_the_construction() -> None:
    theta = np.linspace(0.0, 2.0 * np.pi, 1441)[:-1]
    side = 0.0025
    x, y = np.meshgrid(np.arange(0.5 * side, 1.0, side), np.arange(0.5 * side, 1.0, side))
    for t, area in EXACT.items():
        inside = np.ones(x.shape, bool)
        for a in theta:
            inside &= x * np.cos(a) + y * np.sin(a) <= 1.0 - (1.0 + 0.5 * np.cos(4.0 * a)) * t
        assert_allclose(4.0 * side**2 * inside.sum(), area, rtol=0, atol=0.006)


def test_core_areas_at_80_elements(areas: dict[int, Array]) -> None:
    # A front that took the rate of the radius instead of that of its normal would leave 2.66, 1.62, 0.88 of area.
    assert_allclose(areas[80], list(EXACT.values()), rtol=0, atol=0.013)


def test_error_is_of_first_order_in_the_front_width(areas: dict[int, Array]) -> None:
    errors = np.array([np.abs(areas[n] - list(EXACT.values())) for n in (10, 20, 40, 80)])
    order = np.log2(errors[:-1] / errors[1:])
    assert np.all(order[1:] > 0.85)
    assert np.all(order[1:] < 1.7)


def test_the_front_runs_ahead_by_less_than_1_4_of_its_width(areas: dict[int, Array]) -> None:
    # The gain delta/r of a closing front makes the core too small at every resolution, never too large.
    missing = np.array([(np.array(list(EXACT.values())) - areas[n]) * n for n in (20, 40, 80)])
    assert np.all(missing > 0.3)
    assert np.all(missing < 1.4)
