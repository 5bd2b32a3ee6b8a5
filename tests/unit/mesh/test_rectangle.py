"""Distance, reach and area of rectangles against their sides, corners and closed forms; a belt of a cylinder."""

from __future__ import annotations

import numpy as np
import pytest
from numpy.testing import assert_allclose

from femanode.mesh.contact import Contact
from femanode.mesh.fill import fill_section
from femanode.mesh.rectangle import Rectangle
from femanode.mesh.revolved import Revolved
from femanode.mesh.segments import Segments

POINTS = np.random.default_rng(5).uniform(-90.0, 90.0, (2, 800))


def sides(a: float, b: float, turn: float) -> Segments:
    """The four sides as straight pieces, counter-clockwise."""
    c, s = np.cos(turn), np.sin(turn)
    corner = np.array([[c, -s], [s, c]]) @ np.array([[a, -a, -a, a], [b, b, -b, -b]])
    return Segments(corner, np.roll(corner, -1, axis=1))


@pytest.mark.parametrize(("a", "b", "turn"), [(60.0, 20.0, 0.0), (30.0, 30.0, 0.3), (25.0, 70.0, -1.0)])
def test_depth_normal_and_reach_are_those_of_four_straight_sides(a: float, b: float, turn: float) -> None:
    outline, pieces = Rectangle(a, b, 0.0, turn), sides(a, b, turn)
    near = pieces.near(POINTS)
    inside = ((near.place - POINTS) * near.normal).sum(axis=0) > 0.0
    assert_allclose(outline.depth(POINTS), np.where(inside, 1.0, -1.0) * near.distance, rtol=0, atol=1e-10)
    assert_allclose(outline.project("surface", POINTS), near.place, rtol=0, atol=1e-9)
    # along the normal the depth falls as fast as the way, until behind the middle
    assert_allclose(outline.depth(POINTS + 0.01 * outline.normal(POINTS)), outline.depth(POINTS) - 0.01, atol=1e-9)
    inner, outer = outline.reach(POINTS / np.hypot(*POINTS))
    assert not inner.any()
    assert_allclose(pieces.near(outer * POINTS / np.hypot(*POINTS)).distance, 0.0, atol=1e-9)


@pytest.mark.parametrize(("a", "b", "rho", "turn"), [(60.0, 20.0, 5.0, 0.0), (30.0, 30.0, 12.0, 0.3)])
def test_rounded_corners_are_those_of_a_smaller_rectangle_grown_by_the_rounding(a: float, b: float, rho: float,
                                                                               turn: float) -> None:
    outline, pieces = Rectangle(a, b, rho, turn), sides(a - rho, b - rho, turn)
    near = pieces.near(POINTS)
    inside = ((near.place - POINTS) * near.normal).sum(axis=0) > 0.0
    wanted = rho + np.where(inside, 1.0, -1.0) * near.distance
    assert_allclose(outline.depth(POINTS), wanted, rtol=0, atol=1e-10)
    assert_allclose(outline.depth(POINTS + 0.01 * outline.normal(POINTS)), outline.depth(POINTS) - 0.01, atol=1e-9)
    _, outer = outline.reach(POINTS / np.hypot(*POINTS))
    assert_allclose(outline.depth(outer * POINTS / np.hypot(*POINTS)), 0.0, atol=1e-9)
    # the smaller rectangle, strips along its sides, one circle: of the whole, and of what a front has left
    for depth in (0.0, 0.4 * rho, rho, 1.4 * rho):
        left = rho - depth
        u, v = (a - rho, b - rho) if left > 0 else (a - depth, b - depth)
        rest = 4.0 * u * v + 4.0 * (u + v) * max(left, 0.0) + np.pi * max(left, 0.0) ** 2
        assert outline.equivalent_depth(1.0 - rest / outline.area("full")) == pytest.approx(depth, abs=1e-9)


def test_the_depth_of_an_even_front_and_the_area() -> None:
    outline = Rectangle(60.0, 20.0)
    assert outline.area("quarter") == pytest.approx(1200.0, rel=1e-14)
    for depth in (0.0, 3.0, 20.0):
        gone = 1.0 - (60.0 - depth) * (20.0 - depth) / 1200.0
        assert outline.equivalent_depth(gone) == pytest.approx(depth, abs=1e-10)
    assert [Rectangle(60.0, 20.0, 0.0, turn).smallest_sector for turn in (0.0, 0.5 * np.pi, 0.3)] == [
        "quarter", "quarter", "full"]


def test_a_mesh_has_the_corners_and_the_area() -> None:
    section = fill_section(Rectangle(60.0, 20.0), 5.0, "quarter")
    assert section.area == pytest.approx(1200.0, rel=1e-12)
    assert np.any(np.all(np.abs(section.mesh.p - [[60.0], [20.0]]) < 1e-9, axis=0))
    assert section.quality()["quality_min"] > 0.5


def test_no_library_speaks_while_a_large_section_is_meshed(caplog: pytest.LogCaptureFixture) -> None:
    fill_section(Rectangle(60.0, 240.0, 0.0), 3.0, "quarter")
    assert caplog.records == []


def test_a_belt_reacts_on_the_side_of_a_cylinder_and_its_depth_is_by_volume() -> None:
    """30 nm radius, 60 nm half height; a belt up to z = 40 on the side: in the middle, rings of the cylinder's area."""
    end = float(np.arctan2(40.0, 30.0))
    belt = Revolved(Contact(Rectangle(30.0, 60.0), -end, end, belt=True))
    assert belt.smallest_sector == "quarter"
    on = np.array([[30.0, 30.0, 10.0, -30.0], [39.0, 41.0, 60.0, -39.0]])
    assert belt.reacts("surface", on).tolist() == [True, False, False, True]
    assert_allclose(belt.depth(np.array([[20.0, -20.0, 30.0], [0.0, 0.0, 50.0]])), [10.0, 10.0, 10.0], atol=1e-6)
    # to a depth d: a ring 80 nm high, and about its two ends a quarter of a torus of radius d
    d = 5.0
    ring = np.pi * (30.0**2 - (30.0 - d) ** 2) * 80.0
    ends = 2.0 * 2.0 * np.pi * (np.pi * d**2 / 4.0 * (30.0 - 4.0 * d / (3.0 * np.pi)))
    fraction = (ring + ends) / (np.pi * 30.0**2 * 120.0)
    # counted on a grid of 0.34 nm, along which the sides run
    assert belt.equivalent_depth(fraction) == pytest.approx(d, abs=0.3)
