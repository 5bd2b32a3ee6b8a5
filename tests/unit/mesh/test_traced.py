"""Outlines that come with a mesh file: distances, areas and reacting sides of sections that are no circles."""

from __future__ import annotations

from pathlib import Path

import meshio
import numpy as np
import pytest
from numpy.testing import assert_allclose

from femanode.mesh.ellipse import Ellipse
from femanode.mesh.files import read_section
from femanode.mesh.fill import fill_section
from femanode.mesh.polygon import Polygon
from femanode.mesh.section import Section
from femanode.mesh.spaces import build_spaces
from femanode.mesh.traced import trace

SECTORS = {"quarter": 4.0, "half": 2.0, "full": 1.0}


def from_file(section: Section, folder: Path, **options: str) -> Section:
    """The straight triangles of a section, written and read back."""
    points = np.pad(section.mesh.p.T[: section.mesh.t.max() + 1], ((0, 0), (0, 1)))
    path = folder / "section.vtu"
    meshio.write(path, meshio.Mesh(points, [("triangle", section.mesh.t.T)]))
    return read_section(path, **options)


@pytest.mark.parametrize("sector", SECTORS)
def test_a_hexagon_from_a_file_is_the_hexagon(tmp_path: Path, sector: str) -> None:
    hexagon = Polygon(6, 50.0)
    section = from_file(fill_section(hexagon, 6.0, sector), tmp_path)
    assert section.sector == sector and "no circle about the axis" in section.notes[0]
    found, points = section.outline, np.random.default_rng(1).uniform(-70.0, 70.0, (2, 400))
    assert_allclose(found.depth(points), hexagon.depth(points), rtol=0, atol=1e-9)
    assert_allclose(section.area * SECTORS[sector], 6.0 * np.tan(np.pi / 6.0) * 2500.0, rtol=1e-12)
    directions = points / np.hypot(*points)
    assert_allclose(found.reach(directions)[1], hexagon.reach(directions)[1], rtol=1e-10)
    # counted on a grid of 400 points across: half a square of 0.29 nm
    for L in (1.0, 10.0, 30.0):
        assert_allclose(found.equivalent_depth(1.0 - (1.0 - L / 50.0) ** 2), L, rtol=0, atol=0.1)
    assert_allclose((found.wall, found.reference_radius), (50.0, hexagon.reference_radius), rtol=5e-3)
    spaces, own = build_spaces(section.mesh, found), build_spaces(section.mesh)
    # at a corner, where two pieces of equal weight meet, and everywhere else, normals are those of the edges
    assert_allclose(spaces.outward[:, spaces.reacting], own.outward[:, own.reacting], rtol=0, atol=0.06)


def test_an_ellipse_off_centre_is_taken_as_it_is(tmp_path: Path) -> None:
    section = fill_section(Ellipse(30.0, 20.0), 2.5, "full")
    moved = np.pad(section.mesh.p.T[: section.mesh.t.max() + 1] + np.array([5.0, 3.0]), ((0, 0), (0, 1)))
    path = tmp_path / "section.vtu"
    meshio.write(path, meshio.Mesh(moved, [("triangle", section.mesh.t.T)]))
    outline = read_section(path).outline
    # chords of 2.5 nm lie up to 2.5^2 30/(8 20^2) = 0.06 nm within the curve, and more at the tips
    assert_allclose(outline.depth(np.array([[5.0], [3.0]])), 20.0, rtol=0, atol=0.1)
    assert_allclose([float(r[0]) for r in outline.reach(np.array([[1.0], [0.0]]))],
                    [0.0, 5.0 + 30.0 * np.sqrt(1.0 - 0.15**2)], rtol=0, atol=0.06)


@pytest.mark.parametrize(("side", "depth"), [("outer", 4.0), ("inner", 11.0), ("both", 4.0)])
def test_a_square_with_a_square_hole_reacts_where_it_is_told(tmp_path: Path, side: str, depth: float) -> None:
    # a frame: four trapezoids, cut in triangles
    outer, inner = 20.0 * np.array([[1, -1, -1, 1], [1, 1, -1, -1]]), 5.0 * np.array([[1, -1, -1, 1], [1, 1, -1, -1]])
    points = np.hstack([outer, inner])
    after = [1, 2, 3, 0]
    triangles = np.array([t for k in range(4) for t in ([k, after[k], 4 + k], [after[k], 4 + after[k], 4 + k])])
    path = tmp_path / "frame.vtu"
    meshio.write(path, meshio.Mesh(np.pad(points.T, ((0, 0), (0, 1))), [("triangle", triangles)]))
    section = read_section(path, reacting=side)
    assert not section.outline.solid
    assert_allclose(section.area, 1600.0 - 100.0, rtol=1e-12)
    # 4 nm below the right side, 11 nm from the hole's
    assert_allclose(section.outline.depth(np.array([[16.0], [0.0]])), depth, rtol=1e-12)
    names = {"outer": 4, "inner": 4, "both": 8}
    facets = section.mesh.boundaries.get("reacting", section.mesh.boundaries["surface"])
    assert facets.size == names[side]
    spaces = build_spaces(section.mesh, section.outline)
    assert_allclose(spaces.reacting_length.sum(), {"outer": 160.0, "inner": 40.0, "both": 200.0}[side], rtol=1e-12)
    # out of the material: away from the axis outside, towards it at the hole
    middle = spaces.reacting[np.min(np.abs(spaces.nodes[:, spaces.reacting]), axis=0) < 1e-9]
    outwards = np.sign((spaces.outward * spaces.nodes)[:, middle].sum(axis=0))
    far = np.abs(spaces.nodes[:, middle]).max(axis=0) > 10.0
    assert_allclose(outwards, np.where(far, 1.0, -1.0))


def test_a_ray_meets_a_long_piece_whose_ends_are_at_unequal_distances() -> None:
    # A triangle with corners at 11, 11 and 242 nm: from its second corner on, rays are far from the middle of the
    # piece that they meet. By the law of sines, r = (a x b)/(d x (b - a)).
    angle = np.deg2rad([0.0, 120.0, 240.0])
    corners = np.array([11.0, 11.0, 242.0]) * np.array([np.cos(angle), np.sin(angle)])
    chain = np.array([[0, 1, 2], [1, 2, 0]])
    outline = trace(corners, chain, "full", "outer", "mesh")
    for degrees in (121.0, 140.0, 175.0, 239.0):
        d = np.array([np.cos(np.deg2rad(degrees)), np.sin(np.deg2rad(degrees))])
        a, b = corners[:, 1], corners[:, 2]
        exact = (a[0] * b[1] - a[1] * b[0]) / (d[0] * (b - a)[1] - d[1] * (b - a)[0])
        _, far = outline.reach(d)
        assert float(far) == pytest.approx(exact, rel=1e-12)
