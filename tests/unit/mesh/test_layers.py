"""Sections in layers: areas, edges on the interfaces, and that both stay on every mesh of a hierarchy."""

from __future__ import annotations

import numpy as np
import pytest
import skfem
from numpy.testing import assert_allclose, assert_array_equal

from femanode.errors import MeshError
from femanode.mesh.build import make_layers
from femanode.mesh.hierarchy import Hierarchy
from femanode.mesh.layers import Layered
from femanode.mesh.outline import Annulus
from femanode.mesh.section import COATING, CORE, REACTING, Section
from femanode.mesh.spaces import build_spaces

R = 30.0
PARTS = {"quarter": 0.25, "half": 0.5, "full": 1.0}


def made(sector: str = "quarter", core: float = 10.0, coating: float = 3.0, size: float = 4.0) -> Section:
    return make_layers(Layered(Annulus(R), core, coating), size, sector)


def finer_near_the_axis(section: Section) -> Section:
    """A graded mesh of it, two levels finer around x = 25 nm, and coarse on the other side."""
    tree = Hierarchy(section, 2)
    wanted = [np.hypot(*(tree.xy[:, c].mean(axis=1) - [[25.0], [0.0]])) < 12.0 for c in tree.corners[:-1]]
    return tree.section(tree.grade(wanted))[0]


def areas(section: Section) -> np.ndarray:
    where, weight = skfem.quadrature.get_quadrature(skfem.ElementTriP2, 2)
    return np.bincount(section.region, section.mesh.mapping().detDF(where) @ weight, 3)


@pytest.mark.parametrize("sector", PARTS)
@pytest.mark.parametrize("graded", [False, True])
def test_every_layer_has_its_area_and_quarter_half_and_full_have_the_same_triangles(sector: str, graded: bool) -> None:
    section = made(sector)
    section = finer_near_the_axis(section) if graded else section
    found = areas(section) / (np.pi * PARTS[sector])
    # curved quadratic edges of 15 degrees miss a circle by 2e-5 of its area
    assert_allclose(found[[CORE, REACTING, COATING]], [10.0**2, R**2 - 10.0**2, 33.0**2 - R**2], rtol=2e-4)
    assert section.mesh.nelements == (made().mesh.nelements / 0.25 * PARTS[sector] if not graded
                                      else section.mesh.nelements)


@pytest.mark.parametrize("graded", [False, True])
@pytest.mark.parametrize(("curve", "radius", "layer"), [("wire", R, COATING), ("core", 10.0, CORE)])
def test_edges_run_along_the_interfaces_with_one_layer_on_either_side(
        curve: str, radius: float, layer: int, graded: bool) -> None:
    section = made("full")
    mesh = (finer_near_the_axis(section) if graded else section).mesh
    facets = mesh.boundaries[curve]
    nodes = np.concatenate([mesh.facets[:, facets].ravel(), mesh.dofs.facet_dofs[0, facets]])
    assert_allclose(np.hypot(*mesh.doflocs[:, nodes]), radius, rtol=1e-12)
    region = np.full(mesh.nelements, REACTING)
    for number, name in ((CORE, "core"), (COATING, "coating")):
        region[mesh.subdomains[name]] = number
    sides = np.sort(region[mesh.f2t[:, facets]], axis=0)
    assert_array_equal(sides, np.array([[REACTING], [layer]]) + 0 * sides)
    angle = np.diff(np.unwrap(np.sort(np.arctan2(*mesh.p[:, np.unique(mesh.facets[:, facets])]))))
    assert len(facets) == len(np.unique(mesh.facets[:, facets]))
    assert angle.max() < 0.6


@pytest.mark.parametrize("graded", [False, True])
def test_carriers_enter_at_the_wire_and_pressure_acts_on_the_coating(graded: bool) -> None:
    section = made("half")
    section = finer_near_the_axis(section) if graded else section
    s = build_spaces(section.mesh, section.outline)
    assert_allclose(np.hypot(*s.nodes[:, s.reacting]), R, rtol=1e-12)
    assert_allclose(np.hypot(*s.nodes[:, s.outer]), 33.0, rtol=1e-12)
    # chords of half an edge, at most 7.5 degrees, are 7e-4 shorter than their arc
    assert_allclose([s.reacting_length.sum(), s.outer_length.sum()], [np.pi * R, np.pi * 33.0], rtol=8e-4)
    assert_allclose(s.mass.sum(), 0.5 * np.pi * (R**2 - 10.0**2), rtol=4e-3)
    r = np.hypot(*s.nodes)
    assert_array_equal(s.idle, (r < 10.0 - 1e-6) | (r > R + 1e-6))
    ends = s.nodes[:, s.edges].mean(axis=1)
    assert np.all((np.hypot(*ends) > 9.6) & (np.hypot(*ends) < R + 1e-9))


@pytest.mark.parametrize(("core", "coating", "size"), [(0.0, 1.0, 2.0), (29.0, 0.0, 1.0), (2.0, 10.0, 5.0),
                                                       (20.0, 5.0, 3.0)])
def test_thin_and_thick_layers_are_made_of_good_triangles(core: float, coating: float, size: float) -> None:
    section = made(core=core, coating=coating, size=size)
    assert section.quality()["quality_min"] > 0.3
    assert {"quarter": 4}["quarter"] * section.mesh.nelements == made("full", core, coating, size).mesh.nelements


def test_an_even_front_in_the_shell_about_a_core_has_the_depth_of_an_annulus() -> None:
    outline = Layered(Annulus(R), 10.0, 3.0)
    depth = outline.equivalent_depth(0.4)
    assert_allclose(R**2 - (R - depth) ** 2, 0.4 * (R**2 - 10.0**2), rtol=1e-12)
    assert (outline.wall, outline.reference_radius, outline.thinnest) == (20.0, R, 3.0)


def test_elements_too_large_for_the_layers_are_refused() -> None:
    with pytest.raises(MeshError, match="folds when its edge is curved; use smaller elements"):
        made(core=29.99, coating=0.001, size=200.0)
