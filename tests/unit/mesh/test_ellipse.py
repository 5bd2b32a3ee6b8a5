"""Distance, normal and area of an ellipse against definitions and closed forms."""

from __future__ import annotations

import numpy as np
import pytest
from numpy.testing import assert_allclose
from scipy.special import ellipe

from femanode.mesh.ellipse import Ellipse

POINTS = np.random.default_rng(3).uniform(-130.0, 130.0, (2, 500))


@pytest.mark.parametrize("ellipse", [Ellipse(100.0, 50.0), Ellipse(50.0, 100.0), Ellipse(100.0, 50.0, 0.5)], ids=str)
def test_depth_is_the_distance_to_the_nearest_point(ellipse: Ellipse) -> None:
    t = np.linspace(0.0, 2.0 * np.pi, 20001)
    c, s = np.cos(ellipse.rotation), np.sin(ellipse.rotation)
    x, y = ellipse.a * np.cos(t), ellipse.b * np.sin(t)
    curve = np.stack([c * x - s * y, s * x + c * y])
    gap = np.array([np.hypot(*(curve - p[:, None])).min() for p in POINTS.T])
    # points of the curve stand 0.03 nm apart: 0.015^2/(2 gap) is the most that the nearest is farther
    assert_allclose(np.abs(ellipse.depth(POINTS)), gap, rtol=0, atol=2e-4 / gap.min())
    u, v = c * POINTS[0] + s * POINTS[1], c * POINTS[1] - s * POINTS[0]
    assert np.all((ellipse.depth(POINTS) > 0.0) == ((u / ellipse.a) ** 2 + (v / ellipse.b) ** 2 < 1.0))
    feet = ellipse.project("surface", POINTS)
    assert_allclose(ellipse.depth(feet), 0.0, rtol=0, atol=1e-10)
    # the way to the nearest point is along the normal
    assert_allclose(POINTS + ellipse.depth(POINTS) * ellipse.normal(POINTS), feet, rtol=0, atol=1e-6)


def test_equivalent_depth_is_that_of_the_parallel_curve() -> None:
    a, b = 100.0, 50.0
    ellipse, P = Ellipse(a, b), 4.0 * a * float(ellipe(1.0 - (b / a) ** 2))
    # until the parallel curve gets a corner, at b^2/a = 25 nm
    for L in (0.5, 10.0, 25.0):
        assert_allclose(ellipse.equivalent_depth((P * L - np.pi * L**2) / (np.pi * a * b)), L, rtol=1e-7)
    # later by counting points of a grid, each 0.2 nm wide
    grid = np.stack(np.meshgrid(np.arange(0.1, a, 0.2), np.arange(0.1, b, 0.2))).reshape(2, -1)
    depth = ellipse.depth(grid)
    for L in (35.0, 45.0):
        share = float(np.sum((depth > 0.0) & (depth < L)) / np.sum(depth > 0.0))
        assert_allclose(ellipse.equivalent_depth(share), L, rtol=1e-3)
    assert ellipse.equivalent_depth(0.0) == 0.0 and ellipse.equivalent_depth(1.0) == b
