"""The numbers of the case ``anisotropic-core``, from the construction itself.

Every plane of normal n moves at v(n); the core is what no plane has passed, so that the fastest planes bound it:
core = intersection over theta of {x . n <= R - v(theta) t}. For v = 1 + 1/2 cos 4 theta, R = 1, the fastest planes are
those along the axes, and the areas at t = 0.1, 0.3, 0.5 are 2.48579, 1.14227, 0.24529.
"""

from __future__ import annotations

import numpy as np
from numpy.testing import assert_allclose

EXACT = {0.1: 2.48579, 0.3: 1.14227, 0.5: 0.24529}


def test_the_numbers_are_those_of_the_construction() -> None:
    theta = np.linspace(0.0, 2.0 * np.pi, 1441)[:-1]
    side = 0.0025
    x, y = np.meshgrid(np.arange(0.5 * side, 1.0, side), np.arange(0.5 * side, 1.0, side))
    for t, area in EXACT.items():
        inside = np.ones(x.shape, bool)
        for a in theta:
            inside &= x * np.cos(a) + y * np.sin(a) <= 1.0 - (1.0 + 0.5 * np.cos(4.0 * a)) * t
        assert_allclose(4.0 * side**2 * inside.sum(), area, rtol=0, atol=0.006)
