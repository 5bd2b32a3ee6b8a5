"""Regions and the reacting boundary of a section stay with its cells and edges wherever its mesh goes."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from numpy.testing import assert_allclose, assert_array_equal

from femanode.errors import MeshError
from femanode.mesh.build import make_section
from femanode.mesh.files import write_section
from femanode.mesh.hierarchy import Hierarchy
from femanode.mesh.section import CORE as INNER
from femanode.mesh.section import REACTING, Section
from femanode.mesh.spaces import build_spaces

R, CORE = 10.0, 5.0
SECTORS = ("quarter", "half", "full")


def with_core(sector: str = "quarter") -> Section:
    """Cells whose middle is within 5 nm of the axis do not react."""
    section = make_section("circle", R, 0.0, 1.0, sector)
    middle = section.mesh.p[:, section.mesh.t].mean(axis=1)
    return section.with_regions(np.where(np.hypot(*middle) < CORE, INNER, REACTING))


def with_contact(section: Section, to: float = 45.0) -> Section:
    """The part of the surface within an angle (deg) of the x axis reacts."""
    facets = section.mesh.boundaries["surface"]
    x, y = section.mesh.p[:, section.mesh.facets[:, facets]].mean(axis=1)
    return section.with_reacting(facets[np.abs(np.degrees(np.arctan2(y, x))) < to])


@pytest.mark.parametrize("sector", SECTORS)
def test_cell_groups_become_a_region_for_every_element(sector: str) -> None:
    section = with_core(sector)
    assert 0 < section.region.sum() < section.mesh.nelements
    s = build_spaces(section.mesh, section.outline)
    assert_array_equal(np.hypot(*s.nodes[:, s.cells[:3]].mean(axis=1)) < CORE, s.region == INNER)
    # a sector begins with the quarter's cells, then come their mirror images
    quarter = with_core().region
    assert_array_equal(s.region, np.tile(quarter, len(s.region) // len(quarter)))


def test_one_region_is_what_a_generated_mesh_has() -> None:
    section = make_section("circle", R, 0.0, 1.0, "quarter")
    assert_array_equal(section.region, REACTING)
    s = build_spaces(section.mesh, section.outline)
    assert_array_equal(s.reacting, s.outer)
    assert_array_equal(s.reacting_length, s.outer_length)


def graded(root: Section) -> tuple[Section, Hierarchy]:
    """A mesh of three sizes, finest at (9, 2) and out to the surface: some triangles are halved, some whole."""
    h = Hierarchy(root, 2)
    marks = [np.hypot(*(h.xy[:, h.corners[level]].mean(axis=1) - [[9.0], [2.0]])) < 1.5 + h.size(level)
             for level in range(h.levels)]
    leaves = h.grade(marks)
    assert set(leaves.level) == {0, 1, 2} and (leaves.halved >= 0).any()
    return h.section(leaves)[0], h


@pytest.mark.parametrize("sector", SECTORS)
def test_refined_cells_stay_in_the_region_of_the_cell_they_were_cut_from(sector: str) -> None:
    root = with_core(sector)
    fine, _ = graded(root)
    assert fine.mesh.nelements > root.mesh.nelements
    middle = fine.mesh.p[:, fine.mesh.t].mean(axis=1)
    # the root triangle that holds the middle of a fine one
    a, b, c = root.mesh.p[:, root.mesh.t].transpose(1, 0, 2)

    def side(p: np.ndarray, q: np.ndarray) -> np.ndarray:
        along, to = q - p, middle[:, :, None] - p[:, None]
        return along[0] * to[1] - along[1] * to[0]

    holder = np.min([side(a, b), side(b, c), side(c, a)], axis=0).argmax(axis=1)
    assert_array_equal(fine.region, root.region[holder])


@pytest.mark.parametrize("sector", SECTORS)
def test_a_reacting_part_of_the_surface_has_its_own_nodes_and_length(sector: str) -> None:
    # edges of the root end at multiples of 45 degrees, so that its length is known; chords of 0.5 nm lack 1e-4
    sides = {"quarter": 1, "half": 1, "full": 2}[sector]
    root = with_contact(make_section("circle", R, 0.0, 1.0, sector))
    for section in (root, graded(root)[0]):
        s = build_spaces(section.mesh, section.outline)
        angle = np.abs(np.degrees(np.arctan2(*s.nodes[::-1, s.outer])))
        assert_array_equal(np.sort(s.reacting), np.sort(s.outer[angle < 45.0 + 1e-9]))
        assert_allclose(s.reacting_length.sum(), sides * R * np.pi / 4.0, rtol=3e-4, atol=0)
        assert_allclose(s.outer_length.sum(), {"quarter": 0.5, "half": 1.0, "full": 2.0}[sector] * R * np.pi, rtol=3e-4)
        assert_array_equal(s.reacting_length[np.setdiff1d(s.outer, s.reacting)], 0.0)


def test_groups_that_a_mesh_file_cannot_hold_are_refused(tmp_path: Path) -> None:
    for section in (with_core(), with_contact(make_section("circle", R, 0.0, 1.0, "quarter"))):
        with pytest.raises(MeshError, match="inert cells or a partly reacting surface; allowed: one region"):
            write_section(section, tmp_path / "section.msh")


def test_moving_the_nodes_keeps_the_groups() -> None:
    # as an uneven outline does
    section = with_contact(with_core())
    moved = build_spaces(replace(section.mesh, doflocs=1.01 * section.mesh.doflocs), section.outline)
    assert_array_equal(moved.region, section.region)
    assert len(moved.reacting) < len(moved.outer)
