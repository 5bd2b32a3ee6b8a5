"""Sections revolved about x = 0: volumes and areas of rings, the Laplacian on the axis, depths by volume."""

from __future__ import annotations

import numpy as np
import pytest
from numpy.testing import assert_allclose

from femanode.mesh.ellipse import Ellipse
from femanode.mesh.outline import Annulus
from femanode.mesh.revolved import Revolved
from femanode.verify.bench import ball


def test_measures_are_those_of_the_hemisphere() -> None:
    s = ball(10.0, 1.0)
    assert s.weight.sum() == pytest.approx(2.0 / 3.0 * np.pi * 1000.0, rel=1e-5)  # parabolic edges
    chords = 1.0 - np.sinc(0.1 / np.pi)  # a polygon of chords of 0.1 rad lacks about this share of an arc
    assert s.mass.sum() == pytest.approx(2.0 / 3.0 * np.pi * 1000.0, rel=2.0 * chords)
    assert s.reacting_length.sum() == pytest.approx(2.0 * np.pi * 100.0, rel=2.0 * chords)
    assert s.mass[s.x0].min() > 0.0


def test_the_laplacian_knows_the_rings_also_on_the_axis() -> None:
    """r^2 + z^2 has the Laplacian 6, log r would have 0: fluxes over the lumped volumes, away from the surface."""
    s = ball(10.0, 0.5)
    inside = np.hypot(*s.nodes) < 8.0
    found = -s.laplacian_action(1.0, (s.nodes**2).sum(axis=0)) / s.mass
    assert np.average(found[inside], weights=s.mass[inside]) == pytest.approx(6.0, rel=2e-3)
    axis = inside & (s.nodes[0] == 0.0)
    # lumped linear elements are right on average only; a third of each ring to a node would leave 4.2 here
    assert found[axis].mean() == pytest.approx(6.0, rel=0.1)


@pytest.mark.parametrize(("outline", "depth"), [
    (Annulus(10.0), 10.0 * (1.0 - 0.4 ** (1 / 3))),
    (Annulus(10.0, 5.0), 10.0 - (1000.0 - 0.6 * 875.0) ** (1 / 3)),
    (Annulus(10.0, 5.0, "inner"), (125.0 + 0.6 * 875.0) ** (1 / 3) - 5.0)])
def test_the_equivalent_depth_is_by_volume(outline: Annulus, depth: float) -> None:
    # counted on a grid of 400 points to the width: a quarter of a per cent of it
    assert Revolved(outline).equivalent_depth(0.6) == pytest.approx(depth, abs=0.05)


def test_the_depth_of_a_slim_spheroid_is_counted_by_volume() -> None:
    """Small depths d of a prolate spheroid 4 x 8: volume is surface times d, 2 pi b^2 [1 + (a/(b e)) asin e]."""
    a, b, d = 8.0, 4.0, 0.05
    e = np.sqrt(1.0 - (b / a) ** 2)
    surface = 2.0 * np.pi * b**2 * (1.0 + a / (b * e) * np.arcsin(e))
    share = surface * d / (4.0 / 3.0 * np.pi * a * b**2)
    assert Revolved(Ellipse(b, a, 0.0)).equivalent_depth(share) == pytest.approx(d, abs=0.02)


def test_half_and_quarter_have_the_same_measures() -> None:
    quarter, half = ball(10.0, 1.0), ball(10.0, 1.0, half=True)
    assert half.weight.sum() == pytest.approx(2.0 * quarter.weight.sum(), rel=1e-12)
    assert half.reacting_length.sum() == pytest.approx(2.0 * quarter.reacting_length.sum(), rel=1e-12)
    assert_allclose(half.nodes[0].min(), 0.0, atol=1e-12)
