"""Meshes of any outline: parts of one another, of good triangles, their nodes where the outline is."""

from __future__ import annotations

import numpy as np
import pytest
from numpy.testing import assert_allclose
from scipy.spatial import cKDTree

from femanode.mesh.ellipse import Ellipse
from femanode.mesh.fill import fill_section
from femanode.mesh.hierarchy import refined_evenly
from femanode.mesh.outline import Outline
from femanode.mesh.polygon import Polygon

OUTLINES = [(Ellipse(60.0, 30.0), "quarter"), (Ellipse(60.0, 30.0, 0.4), "full"), (Polygon(6, 50.0), "quarter"),
            (Polygon(6, 50.0, 4.0), "quarter"), (Polygon(3, 30.0, 3.0), "half"), (Polygon(5, 40.0), "half"),
            (Polygon(4, 40.0, 0.0, 0.3), "full")]


@pytest.mark.parametrize(("outline", "smallest"), OUTLINES, ids=str)
def test_sectors_are_parts_of_one_mesh_of_good_triangles(outline: Outline, smallest: str) -> None:
    assert outline.smallest_sector == smallest
    sectors = ("quarter", "half", "full")[("quarter", "half", "full").index(smallest):]
    size = outline.wall / 8.0
    sections = [fill_section(outline, size, sector) for sector in sectors]
    whole = sections[-1]
    for section in sections:
        q = section.quality()
        # 1 is an equilateral triangle; straight edges at a sharp corner of 60 degrees leave no more than that
        assert q["quality_min"] > 0.5 and q["quality_mean"] > 0.9
        assert 0.3 * size < q["edge_min"] and q["edge_max"] < 1.8 * size
        assert cKDTree(whole.mesh.p.T).query(section.mesh.p.T)[0].max() == 0.0
        images = {"quarter": 4.0, "half": 2.0, "full": 1.0}[section.sector]
        assert_allclose(section.area * images, whole.area, rtol=1e-13)


def test_refined_edges_are_put_back_on_the_true_outline() -> None:
    # pi a b, and 6 tan 30 r^2 less what six corners of 60 degrees to either side of 4 nm take off
    areas = {Ellipse(60.0, 30.0): np.pi * 1800.0,
             Polygon(6, 50.0, 4.0): 6.0 * np.tan(np.pi / 6.0) * (2500.0 - 16.0) + 16.0 * np.pi}
    for outline, area in areas.items():
        assert_allclose(outline.area("full"), area, rtol=1e-14)
        errors = [abs(refined_evenly(fill_section(outline, 6.0, "quarter"), levels).area * 4.0 / area - 1.0)
                  for levels in (0, 1, 2)]
        # chords alone would gain a factor of four per level and start at 1e-3; quadratic edges gain sixteen
        assert errors[2] < errors[0] / 30.0 and errors[2] < 2e-5
    section = refined_evenly(fill_section(Ellipse(60.0, 30.0), 6.0, "half"), 2)
    x, y = section.mesh.doflocs[:, np.unique(section.mesh.dofs.facet_dofs[0, section.mesh.boundaries["surface"]])]
    assert_allclose((x / 60.0) ** 2 + (y / 30.0) ** 2, 1.0, rtol=1e-12)


def test_corners_are_nodes_and_edges_of_a_sharp_polygon_straight() -> None:
    section = fill_section(Polygon(6, 50.0), 6.0, "full")
    angle = np.pi / 6.0 + np.arange(6) * np.pi / 3.0
    corners = 50.0 / np.cos(np.pi / 6.0) * np.stack([np.cos(angle), np.sin(angle)])
    assert cKDTree(section.mesh.p.T).query(corners.T)[0].max() < 1e-12
    assert_allclose(section.area, 6.0 * np.tan(np.pi / 6.0) * 2500.0, rtol=1e-13)
