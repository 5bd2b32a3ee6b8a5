"""Depth of the reacted shell below every surface node, against sections whose depth is known in closed form."""

from __future__ import annotations

import numpy as np
import pytest
from numpy.testing import assert_allclose
from scipy.spatial import Delaunay

from femanode.mesh.outline import Annulus
from femanode.mesh.section import build_section
from femanode.mesh.spaces import Spaces, build_spaces
from femanode.postprocess.shape import Ray
from femanode.postprocess.shell import Shell, host_depth
from tests.helpers import section_spaces

R, FRONT = 64.5, 40.0
STRETCH = np.array([[2.0], [0.5]])


def behind(spaces: Spaces, inner: float = FRONT) -> np.ndarray:
    """Signed distance behind a round front."""
    return np.asarray(np.hypot(*spaces.nodes) - inner)


SECTIONS = [("quarter", 0.0), ("half", 0.0), ("full", 0.0), ("quarter", 20.0), ("full", 20.0)]


@pytest.fixture(scope="module", params=SECTIONS, ids=lambda p: f"{p[0]} {p[1]:g}")
def section(request: pytest.FixtureRequest) -> tuple[str, float, Spaces, Shell]:
    sector, inner = request.param
    spaces = section_spaces(R, 4.0, sector, inner)
    return sector, inner, spaces, Shell(spaces)


def test_radii_of_a_stretched_section_stretch_as_they_point(section: tuple[str, float, Spaces, Shell]) -> None:
    # x -> 2 x, y -> y/2: a radius at angle t grows by |(2 cos t, sin t/2)|; the front is read off linear elements of
    # 2.5 nm at most, whose chord of a circle of 40 nm is 2.5^2/(8 x 40) = 0.02 nm off
    _, _, spaces, shell = section
    reference, deformed = shell.depths(behind(spaces), spaces.nodes * STRETCH)
    assert_allclose(reference, R - FRONT, rtol=0, atol=0.02)
    wanted = np.hypot(2.0 * np.cos(shell.angle), 0.5 * np.sin(shell.angle))
    # atol: radii are turned by 1e-7 off the nodes
    assert_allclose(deformed / reference, wanted, rtol=0, atol=1e-6)


def test_a_front_outside_has_no_shell_and_one_that_is_through_the_whole_wall(
        section: tuple[str, float, Spaces, Shell]) -> None:
    _, inner, spaces, shell = section
    for distance, depth in ((-behind(spaces, -1.0), 0.0), (behind(spaces, -1.0), R - inner), (0.0 * spaces.mass, 0.0)):
        # an inner circle of 20 nm is a polygon of edges of 2.6 nm: 2.6^2/(8 x 20) = 0.043 nm
        assert_allclose(shell.depths(distance, spaces.nodes), depth, rtol=0, atol=0.045)


def test_radii_reach_an_axis_that_lies_inside_a_triangle() -> None:
    # three nodes about the axis, twenty-four on the rim: as a mesh from file may have it
    t = np.linspace(0.0, 2 * np.pi, 24, endpoint=False)
    rings = [(2.0, t[3::8]), (6.0, t[::2] + 0.1), (10.0, t)]
    points = np.concatenate([r * np.stack([np.cos(a), np.sin(a)]) for r, a in rings], axis=1)
    section = build_section(points, Delaunay(points.T).simplices.T.astype(np.intp), "full", Annulus(10.0), 4.0, "test")
    spaces = build_spaces(section.mesh)
    assert np.hypot(*spaces.nodes).min() > 0.5
    assert_allclose(Shell(spaces).depths(np.ones(spaces.n_nodes), spaces.nodes), 10.0, rtol=1e-5, atol=0)


def test_depth_is_taken_from_the_surface_inwards(section: tuple[str, float, Spaces, Shell]) -> None:
    # a second reacted ring further in is no shell
    _, _, spaces, shell = section
    r = np.hypot(*spaces.nodes)
    rings = np.maximum(r - 50.0, np.minimum(r - 25.0, 35.0 - r))
    assert_allclose(shell.depths(rings, spaces.nodes)[0], R - 50.0, rtol=0, atol=0.02)


def test_an_oval_front_has_its_depth_on_both_axes() -> None:
    spaces = section_spaces(R, 4.0)
    shell, distance = Shell(spaces), np.hypot(spaces.nodes[0] / 30.0, spaces.nodes[1] / 50.0) - 1.0
    depth = shell.depths(distance, spaces.nodes)[0]
    t = shell.angle
    # the level is curved between nodes 2 nm apart: 2^2/8 times its second derivative 1/30 over its slope 1/50
    assert_allclose(depth, R - 1.0 / np.hypot(np.cos(t) / 30.0, np.sin(t) / 50.0), rtol=0, atol=0.03)
    rays = [Ray(spaces, d, Annulus(R)).front_depth(distance) for d in ((1.0, 0.0), (0.0, 1.0))]
    assert_allclose(depth[[0, -1]], rays, rtol=0, atol=0.02)


def test_tangents_are_those_of_an_ellipse(section: tuple[str, float, Spaces, Shell]) -> None:
    sector, _, spaces, shell = section
    wanted = np.stack([-2.0 * np.sin(shell.angle), 0.5 * np.cos(shell.angle)])
    assert_allclose(shell.tangents(spaces.nodes * STRETCH, sector), wanted / np.hypot(*wanted), rtol=0, atol=1e-9)


def test_host_is_as_deep_as_the_circle_inscribed_in_it(section: tuple[str, float, Spaces, Shell]) -> None:
    _, inner, spaces, _ = section
    # the deepest node is at the inner circle or within 1.2 nm of the axis
    assert_allclose(host_depth(spaces, behind(spaces)), FRONT - inner, rtol=0, atol=0.05 if inner else 1.2)
    assert host_depth(spaces, behind(spaces, -1.0)) == 0.0
    assert host_depth(spaces, -behind(spaces, -1.0)) == np.inf
