"""The front enters along the normal of the outline, which on an ellipse is not the direction from the axis."""

from __future__ import annotations

import numpy as np
from numpy.testing import assert_allclose

from femanode.mesh.spaces import build_spaces
from femanode.solver.front import Front, Kinetics
from tests.helpers import Isotropic
from tests.outlines import ellipse_section


def test_a_front_parallel_to_an_ellipse_enters_evenly() -> None:
    section = ellipse_section(60.0, 30.0, 1.0)
    s = build_spaces(section.mesh, section.outline)
    front = Front(s, 2.0, 0.35, Isotropic(1.0), Kinetics(1.0, -50.0, 0.0, 0.0))
    xi = 1.0 / (1.0 + np.exp(np.minimum((section.outline.depth(s.nodes) - 1.0) / 2.0, 600.0)))
    n, v = front.normals(xi), np.ones(s.n_nodes)
    entered = front.log_odds(front.advance(xi, v, n, 0.5)) - front.log_odds(xi)
    # Curvature adds v delta/rho: 2 b/a^2 = 0.017 at the side, rising to 0.13 at the tip, where it is left out.
    x, y = s.nodes[:, s.reacting]
    side = x < 40.0
    rho = ((60.0 * 30.0) ** 2 * np.hypot(x / 60.0**2, y / 30.0**2) ** 3)[side]
    # With the direction from the axis the profile's slope beyond the surface would be short by up to a fifth.
    assert_allclose(entered[s.reacting][side] - 0.5 * 2.0 / rho, 0.5, rtol=0.02, atol=0)
