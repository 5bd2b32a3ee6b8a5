"""Distance, reach and area of regular polygons against their flats, corners and closed forms."""

from __future__ import annotations

import numpy as np
import pytest
from numpy.testing import assert_allclose

from femanode.mesh.polygon import Polygon

POINTS = np.random.default_rng(5).uniform(-90.0, 90.0, (2, 800))


def rounded_distance(points: np.ndarray, n: int, r: float, rho: float, turn: float) -> np.ndarray:
    """Depth below a polygon of apothem r - rho grown by rho: distance to that smaller polygon's sides and corners."""
    small = r - rho
    angle = turn + np.pi / n + np.arange(n) * 2.0 * np.pi / n
    corner = small / np.cos(np.pi / n) * np.stack([np.cos(angle), np.sin(angle)])
    gap = np.full(points.shape[1], np.inf)
    for k in range(n):
        a, b = corner[:, k], corner[:, (k + 1) % n]
        share = np.clip((b - a) @ (points - a[:, None]) / ((b - a) @ (b - a)), 0.0, 1.0)
        gap = np.minimum(gap, np.hypot(*(points - a[:, None] - np.outer(b - a, share))))
    normal = turn + np.arange(n) * 2.0 * np.pi / n
    inside = (np.stack([np.cos(normal), np.sin(normal)]).T @ points <= small).all(axis=0)
    return np.where(inside, gap, -gap) + rho


@pytest.mark.parametrize(("n", "r", "rho", "turn"), [(6, 50.0, 0.0, 0.0), (6, 50.0, 5.0, 0.0), (4, 40.0, 2.0, 0.4),
                                                     (3, 30.0, 10.0, 0.0)])
def test_depth_and_reach(n: int, r: float, rho: float, turn: float) -> None:
    polygon = Polygon(n, r, rho, turn)
    wanted = rounded_distance(POINTS, n, r, rho, turn)
    assert_allclose(polygon.depth(POINTS), wanted, rtol=0, atol=1e-10)
    feet = polygon.project("surface", POINTS)
    assert_allclose(rounded_distance(feet, n, r, rho, turn), 0.0, rtol=0, atol=1e-10)
    directions = POINTS / np.hypot(*POINTS)
    inner, outer = polygon.reach(directions)
    assert not inner.any()
    assert_allclose(rounded_distance(outer * directions, n, r, rho, turn), 0.0, rtol=0, atol=1e-9)


def test_at_a_sharp_corner_the_normal_lies_between_those_of_its_flats() -> None:
    # at 30 degrees from the x axis, to which the flats' normals have 0 and 60 degrees
    corner = 50.0 / np.cos(np.pi / 6.0) * np.array([[np.cos(np.pi / 6.0)], [np.sin(np.pi / 6.0)]])
    assert_allclose(Polygon(6, 50.0).normal(corner), [[np.sqrt(0.75)], [0.5]], rtol=0, atol=1e-9)


def test_equivalent_depth_and_area() -> None:
    sharp = Polygon(6, 50.0)
    assert_allclose([sharp.equivalent_depth(1.0 - (1.0 - L / 50.0) ** 2) for L in (0.0, 7.0, 50.0)], [0.0, 7.0, 50.0],
                    rtol=0, atol=1e-12)
    soft, full = Polygon(6, 50.0, 5.0), 6.0 * np.tan(np.pi / 6.0)

    def area(r: float, rho: float) -> float:
        """Smaller hexagon, strips along its six sides, and together one circle."""
        small = r - rho
        return float(full * small**2 + 2.0 * full * small * rho + np.pi * rho**2)

    assert_allclose(soft.area("half"), 0.5 * area(50.0, 5.0), rtol=1e-14)
    for L in (1.0, 5.0, 20.0):
        left = area(50.0 - L, max(5.0 - L, 0.0))
        assert_allclose(soft.equivalent_depth(1.0 - left / area(50.0, 5.0)), L, rtol=1e-9)


@pytest.mark.parametrize(("n", "degrees", "sector"), [(6, 0.0, "quarter"), (6, 30.0, "quarter"), (6, 10.0, "full"),
                                                      (3, 0.0, "half"), (3, 30.0, "full"), (5, 36.0, "half"),
                                                      (4, 45.0, "quarter")])
def test_mirror_lines(n: int, degrees: float, sector: str) -> None:
    assert Polygon(n, 50.0, 1.0, float(np.radians(degrees))).smallest_sector == sector
