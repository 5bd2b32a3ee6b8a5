"""The numbers of the cases ``anisotropic-core``, ``ledge-core`` and ``steep-core``, from the construction itself.

Every plane of normal n moves at v(n); the core is what no plane has passed, so that the fastest planes bound it:
core = intersection over theta of {x . n <= R - v(theta) t}. For v = 1 + 1/2 cos 4 theta, R = 1, the fastest planes are
those along the axes, and the areas at t = 0.1, 0.3, 0.5 are 2.48579, 1.14227, 0.24529. The ledge law is written down
here once more, for the section of a <112> wire.
"""

from __future__ import annotations

import numpy as np
from numpy.testing import assert_allclose
from scipy.spatial import ConvexHull, HalfspaceIntersection

from femanode.verify.cores import _CORE, _LEDGE_CORE, _STEEP_CORE

EXACT = {0.1: 2.48579, 0.3: 1.14227, 0.5: 0.24529}
LEDGE_EXACT = {0.2: 2.25358, 0.4: 1.41873, 0.6: 0.73772}


def test_the_numbers_are_those_of_the_construction() -> None:
    assert EXACT == _CORE
    theta = np.linspace(0.0, 2.0 * np.pi, 1441)[:-1]
    side = 0.0025
    x, y = np.meshgrid(np.arange(0.5 * side, 1.0, side), np.arange(0.5 * side, 1.0, side))
    for t, area in EXACT.items():
        inside = np.ones(x.shape, bool)
        for a in theta:
            inside &= x * np.cos(a) + y * np.sin(a) <= 1.0 - (1.0 + 0.5 * np.cos(4.0 * a)) * t
        assert_allclose(4.0 * side**2 * inside.sum(), area, rtol=0, atol=0.006)


def ledge_rate(angle: np.ndarray) -> np.ndarray:
    """k of a <112> wire, x along [1-10], with k{110} = 1, k{100} = 1/6, k{111} = 1/12 and a rounding of 3 degrees."""
    n = np.outer(np.array([1, -1, 0]) / np.sqrt(2), np.cos(angle)) + np.outer(np.array([1, 1, -1]) / np.sqrt(3),
                                                                              np.sin(angle))
    rounding = np.radians(3.0)
    q = np.sin(rounding)
    lacking = []
    for facets, k, end in ((np.array([[1, 1, 1], [-1, 1, 1], [1, -1, 1], [1, 1, -1]]) / np.sqrt(3), 1 / 12,
                            np.arctan(np.sqrt(0.5))), (np.eye(3), 1 / 6, np.pi / 4)):
        reached = end - rounding / 2
        u = (1 - k * np.cos(reached)) / np.sin(reached)
        width = k * np.cos(end) + u * np.sin(end) - 1
        tilt = np.arccos(np.clip(np.abs(facets @ n), 0, 1))
        v = k * np.cos(tilt) + u * np.where(tilt < rounding, np.sin(tilt)**2 * (2 * q - np.sin(tilt)) / q**2,
                                            np.sin(tilt))
        below = (1 - v).max(axis=0)
        lacking.append(np.where(below < width, np.clip(below + width, 0, None)**2 / (4 * width), below))
    return 1 - (lacking[0]**8 + lacking[1]**8)**(1 / 8)


def test_the_numbers_of_the_ledge_law_are_those_of_the_construction() -> None:
    assert LEDGE_EXACT == _LEDGE_CORE
    angle = np.linspace(0.0, 2.0 * np.pi, 3601)[:-1]
    for t, area in LEDGE_EXACT.items():
        planes = np.stack([np.cos(angle), np.sin(angle), ledge_rate(angle) * t - 1.0], axis=1)
        corners = HalfspaceIntersection(planes, np.zeros(2)).intersections
        # planes at every tenth of a degree leave out a triangle of area (0.1 degrees)^3/12 each at most
        assert_allclose(ConvexHull(corners).volume, area, rtol=0, atol=1e-5)


def steep_rate(angle: np.ndarray) -> np.ndarray:
    """k of a <110> wire, x along [1-10]: ln k in three cubic harmonics, through 1, 1/6 and 1/12."""
    x = np.stack([np.cos(angle), -np.cos(angle), np.sqrt(2) * np.sin(angle)]) / np.sqrt(2)
    fourth, sixth = (x**4).sum(axis=0), (x**2).prod(axis=0)
    # {100}: a + b = -ln 6; {110}: a + b/2 = 0; {111}: a + b/3 + c/27 = -ln 12
    b = -2 * np.log(6)
    a = -b / 2
    return np.exp(a + b * fourth + 27 * (-np.log(12) - a - b / 3) * sixth)


def test_the_numbers_of_the_steep_rate_are_those_of_its_planes() -> None:
    theta = np.linspace(0.0, 2.0 * np.pi, 11521)[:-1]
    for t, area in _STEEP_CORE.items():
        planes = np.stack([np.cos(theta), np.sin(theta), steep_rate(theta) * t - 1.0], axis=1)
        assert_allclose(ConvexHull(HalfspaceIntersection(planes, np.zeros(2)).intersections).volume, area, rtol=1e-5)
