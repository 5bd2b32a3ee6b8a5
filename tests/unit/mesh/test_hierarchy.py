"""Graded meshes: conforming, on the true circle, and exact where interpolation has to be."""

from __future__ import annotations

import numpy as np
import pytest
from numpy.testing import assert_allclose, assert_array_equal

from femanode.mesh.build import make_section
from femanode.mesh.hierarchy import Hierarchy, Leaves

R = 10.0


def hierarchy(levels: int = 3, sector: str = "quarter", inner: float = 0.0, rings: int = 4) -> Hierarchy:
    shape = "annulus" if inner else "circle"
    return Hierarchy(make_section(shape, R, inner, (R - inner) / rings, sector), levels)


def around(h: Hierarchy, x: float, y: float, reach: float) -> Leaves:
    """Finest within ``reach`` of a point, as coarse as may be elsewhere."""
    marks = []
    for level in range(h.levels):
        centre = h.xy[:, h.corners[level]].mean(axis=1)
        marks.append(np.hypot(centre[0] - x, centre[1] - y) < reach + h.size(level))
    return h.grade(marks)


def areas(h: Hierarchy, level: int) -> np.ndarray:
    a, b, c = (h.xy[:, v] for v in h.corners[level])
    return 0.5 * ((b[0] - a[0]) * (c[1] - a[1]) - (b[1] - a[1]) * (c[0] - a[0]))


@pytest.mark.parametrize("sector", ["quarter", "half", "full"])
def test_every_level_fills_the_section_with_triangles_that_turn_the_same_way(sector: str) -> None:
    h = hierarchy(sector=sector)
    share = {"quarter": 0.25, "half": 0.5, "full": 1.0}[sector]
    for level in range(4):
        a = areas(h, level)
        assert a.min() > 0
        # a polygon inscribed in the circle lacks a share of the order of the squared angle of its sides
        angle = h.size(level) / R
        assert 0 < 1 - a.sum() / (share * np.pi * R**2) < 0.3 * angle**2
    # Euler: 4 times as many triangles, and the middles of sides become vertices
    assert h.n_finest == 64 * h.corners[0].shape[1]
    assert_array_equal(np.unique(h.corners[3]), np.unique(np.concatenate([h.corners[2].ravel(), h.middles[2].ravel()])))


def test_new_vertices_of_the_outline_lie_on_both_circles() -> None:
    h = hierarchy(inner=4.0, sector="full")
    r = np.hypot(*h.xy)
    assert_allclose([r.min(), r.max()], [4.0, R], rtol=1e-14, atol=0)
    # every doubling of the outline's sides is there: 2 pi R / size of the finest level's half sides
    outer = np.flatnonzero(np.abs(r - R) < 1e-12)
    assert len(outer) == 2 * 2**3 * (np.abs(np.hypot(*h.root.mesh.p[:, : h.corners[0].max() + 1]) - R) < 1e-9).sum()


@pytest.mark.parametrize(("sector", "inner"), [("quarter", 0.0), ("half", 0.0), ("full", 0.0), ("full", 4.0)])
def test_a_graded_mesh_is_conforming_and_graded(sector: str, inner: float) -> None:
    h = hierarchy(levels=4, sector=sector, inner=inner)
    leaves = around(h, 6.0, 1.0, 0.7)
    assert set(leaves.level) == {0, 1, 2, 3, 4}
    section, nodes = h.section(leaves)  # refuses hanging nodes: they would lie on a boundary that is none
    assert section.mesh.t.shape[1] == nodes.shape[1] == leaves.elements[-1]
    assert_allclose(section.area, section.exact_area, rtol=1e-4)
    # a side is shared by two triangles or lies on the outline; neighbours are at most one level apart
    level = leaves.level[leaves.of_element]
    f2t = section.mesh.f2t
    inside = f2t[1] >= 0
    assert np.abs(level[f2t[0, inside]] - level[f2t[1, inside]]).max() == 1
    # a halved leaf beside a finer pair has its half-sides, never more than two elements
    assert set(np.diff(leaves.elements)) == {1, 2}


def test_nothing_marked_is_the_root_and_everything_the_finest_level() -> None:
    h = hierarchy(levels=2)
    none = h.grade([np.zeros(c.shape[1], bool) for c in h.corners[:-1]])
    assert_array_equal(none.level, 0)
    everything = h.grade([np.ones(c.shape[1], bool) for c in h.corners[:-1]])
    assert_array_equal(everything.index, np.arange(h.n_finest))
    section, _ = h.section(everything)
    assert_allclose(np.sort(section.mesh.doflocs[0])[[0, -1]], [0.0, R], rtol=0, atol=1e-12)


def test_owner_finds_the_leaf_of_any_finest_triangle() -> None:
    h = hierarchy(levels=3)
    leaves = around(h, 2.0, 2.0, 0.5)
    finest = np.arange(h.n_finest)
    expected = np.repeat(np.arange(len(leaves.level)), 4 ** (3 - leaves.level))
    assert_array_equal(leaves.owner(finest), expected)


def test_spreading_is_exact_for_polynomials_away_from_the_curved_outline() -> None:
    h = hierarchy(levels=3)
    leaves = around(h, 3.0, 3.0, 0.5)
    used = np.unique(h.nodes(leaves))
    x, y = h.xy
    inside = np.hypot(x, y) < R - 1.5 * h.size(0)
    for quadratic, f in ((False, 1 + 2 * x - 3 * y), (True, 1 + x - y + 0.3 * x * x - 0.7 * x * y + 0.2 * y * y)):
        known = np.full(h.xy.shape[1], np.nan)
        known[used] = f[used]
        filled = h.spread(known, quadratic=quadratic)
        assert_array_equal(filled[used], f[used])
        assert_allclose(filled[inside], f[inside], rtol=0, atol=1e-12)
    # several fields at once are treated alike
    assert_allclose(h.spread(np.stack([known, 2 * known]), quadratic=True)[1], 2 * filled, rtol=1e-13, atol=1e-12)
