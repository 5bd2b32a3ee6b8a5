"""What is measured from an outline, against closed forms; an ellipse shows that no circle is taken for granted."""

from __future__ import annotations

import numpy as np
import pytest
from numpy.testing import assert_allclose

from femanode.mesh.hierarchy import Hierarchy
from femanode.mesh.outline import Annulus
from femanode.mesh.spaces import build_spaces
from femanode.verify.bench import FAR, strip
from tests.outlines import ellipse_section


def test_depth_and_normal_of_a_circle() -> None:
    circle = Annulus(10.0)
    points = np.array([[3.0, 0.0, -6.0, 0.0], [4.0, -10.0, 8.0, 0.0]])
    assert_allclose(circle.depth(points), [5.0, 0.0, 0.0, 10.0], rtol=0, atol=1e-14)
    # on the axis there is no direction, and no NaN
    assert_allclose(circle.normal(points), [[0.6, 0.0, -0.6, 0.0], [0.8, -1.0, 0.8, 0.0]], rtol=0, atol=1e-15)
    assert circle.curves == ("surface",) and circle.solid


def test_a_ring_has_two_curves_a_wall_and_an_equivalent_depth() -> None:
    ring = Annulus(5.0, 3.0)
    assert (ring.curves, ring.solid, ring.wall) == (("surface", "inner"), False, 2.0)
    assert_allclose(ring.off("inner", np.array([[0.0], [-4.0]])), 1.0, rtol=1e-15)
    assert_allclose(ring.project("inner", np.array([[4.0], [0.0]])), [[3.0], [0.0]], rtol=1e-15)
    # a quarter of pi (25 - 9); 9/16 of it lies outside of the circle of radius 4
    assert_allclose(ring.area("quarter"), 4.0 * np.pi, rtol=1e-15)
    assert_allclose([ring.equivalent_depth(f) for f in (0.0, 9.0 / 16.0, 1.0)], [0.0, 1.0, 2.0], rtol=1e-14, atol=0)


@pytest.mark.parametrize("levels", [0, 2])
def test_edges_are_curved_on_the_outline_at_every_level_of_refinement(levels: int) -> None:
    h = Hierarchy(ellipse_section(10.0, 5.0, 1.25), levels)
    section, _ = h.section(h.grade([np.ones(c.shape[1], bool) for c in h.corners[:-1]]))
    spaces = build_spaces(section.mesh, section.outline)
    x, y = spaces.nodes[:, spaces.outer]
    assert_allclose((x / 10.0) ** 2 + (y / 5.0) ** 2, 1.0, rtol=1e-9, atol=0)
    # a quarter of pi a b; quadratic edges are off by (size/radius of curvature)^4/120, at the tip (1.25/2.5)^4/120
    assert_allclose(section.area, 12.5 * np.pi, rtol=5e-4 / 4.0**levels, atol=0)
    # next to the outline elements stay finer behind the front: those and no others are found on it
    assert h.on_outline(levels).sum() > 0
    corner = h.xy[:, h.corners[levels][:, h.on_outline(levels)]]
    assert_allclose(((corner[0] / 10.0) ** 2 + (corner[1] / 5.0) ** 2).max(axis=0), 1.0, rtol=1e-9, atol=0)


def test_without_an_outline_normals_are_those_of_the_edges() -> None:
    plane = strip(10.0, 1.0)
    assert_allclose(plane.outward[:, plane.reacting], [[1.0] * 3, [0.0] * 3], rtol=0, atol=1e-12)
    assert plane.nodes[0].max() == FAR
    section = ellipse_section(10.0, 5.0, 0.5)
    by_edges, by_outline = build_spaces(section.mesh), build_spaces(section.mesh, section.outline)
    on = by_edges.reacting
    # chords of a quarter of a nm turn by half their angle, 0.125/2.5 at the tip, to either side of a node
    assert_allclose(by_edges.outward[:, on], by_outline.outward[:, on], rtol=0, atol=0.01)
    assert_allclose(by_edges.outward[1, by_edges.y0], 0.0, rtol=0, atol=0)
    # where the ellipse runs at 45 degrees the direction from the axis is 18.4 degrees off
    assert np.abs(by_outline.outward[:, on] - Annulus(10.0).normal(by_outline.nodes[:, on])).max() > 0.3
