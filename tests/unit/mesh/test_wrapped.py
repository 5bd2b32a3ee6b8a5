"""Layers on outlines that are no circles: areas by closed forms, edges on the interfaces, on every mesh of a tree."""

from __future__ import annotations

import numpy as np
import pytest
import skfem
from numpy.testing import assert_allclose, assert_array_equal
from scipy.special import ellipe

from femanode.mesh.ellipse import Ellipse
from femanode.mesh.fill import fill_section
from femanode.mesh.hierarchy import Hierarchy
from femanode.mesh.outline import Outline
from femanode.mesh.polygon import Polygon
from femanode.mesh.rectangle import Rectangle
from femanode.mesh.section import COATING, CORE, REACTING, Section
from femanode.mesh.spaces import build_spaces
from femanode.mesh.wrapped import Hollow, Wrapped

PARTS = {"quarter": 0.25, "half": 0.5, "full": 1.0}
#: Outline, its area and its perimeter, nm.
SHAPES = {
    "ellipse": (Ellipse(40.0, 20.0), np.pi * 800.0, 160.0 * ellipe(0.75)),
    "hexagon": (Polygon(6, 30.0, 5.0), 6.0 * np.tan(np.pi / 6.0) * 900.0 - (6.0 * np.tan(np.pi / 6.0) - np.pi) * 25.0,
                12.0 * 25.0 * np.tan(np.pi / 6.0) + 10.0 * np.pi),
    "sharp": (Polygon(6, 30.0), 6.0 * np.tan(np.pi / 6.0) * 900.0, 12.0 * 30.0 * np.tan(np.pi / 6.0)),
    "rectangle": (Rectangle(40.0, 25.0), 4000.0, 260.0)}


def areas(section: Section) -> np.ndarray:
    where, weight = skfem.quadrature.get_quadrature(skfem.ElementTriP2, 2)
    return np.bincount(section.region, section.mesh.mapping().detDF(where) @ weight, 3)


def graded(section: Section) -> Section:
    tree = Hierarchy(section, 2)
    wanted = [np.hypot(*(tree.xy[:, c].mean(axis=1) - [[25.0], [5.0]])) < 12.0 for c in tree.corners[:-1]]
    return tree.section(tree.grade(wanted))[0]


@pytest.mark.parametrize("name", SHAPES)
@pytest.mark.parametrize("t", [1.0, 4.0, 12.0])
def test_the_area_within_a_coating_is_that_of_a_parallel_curve(name: str, t: float) -> None:
    """Steiner: A + P t + pi t^2 of any convex outline."""
    wire, area, perimeter = SHAPES[name]
    assert_allclose(Wrapped(wire, 0.0, t).area("full"), area + perimeter * t + np.pi * t**2, rtol=1e-6)


@pytest.mark.parametrize("name", SHAPES)
@pytest.mark.parametrize("sector", ["quarter", "full"])
@pytest.mark.parametrize(("core", "coating", "size"), [(0.4, 3.0, 6.0), (0.0, 1.5, 3.0), (0.6, 0.0, 5.0)])
def test_every_layer_has_its_area_on_every_mesh(name: str, sector: str, core: float, coating: float, size: float,
                                                ) -> None:
    wire, area, perimeter = SHAPES[name]
    section = fill_section(Wrapped(wire, core, coating), size, sector)
    exact = np.array([area * (1.0 - core**2), area * core**2, perimeter * coating + np.pi * coating**2])
    for mesh in (section, graded(section)):
        found = areas(mesh) / PARTS[sector]
        # where an outline turns within an element its quadratic edge cuts the corner
        assert_allclose(found, exact[[REACTING, CORE, COATING]], rtol=0.02, atol=1e-9)
    assert section.quality()["quality_min"] > 0.3
    if sector == "full":
        assert section.mesh.nelements == 4 * fill_section(Wrapped(wire, core, coating), size, "quarter").mesh.nelements


@pytest.mark.parametrize("name", SHAPES)
def test_edges_run_along_the_interfaces_with_one_layer_on_either_side(name: str) -> None:
    wire = SHAPES[name][0]
    for section in (fill_section(Wrapped(wire, 0.4, 3.0), 5.0, "full"),
                    graded(fill_section(Wrapped(wire, 0.4, 3.0), 5.0, "full"))):
        mesh = section.mesh
        for curve, layer in (("wire", COATING), ("core", CORE)):
            facets = mesh.boundaries[curve]
            sides = np.sort(section.region[mesh.f2t[:, facets]], axis=0)
            assert_array_equal(sides, np.array([[REACTING], [layer]]) + 0 * sides)
            nodes = np.concatenate([mesh.facets[:, facets].ravel(), mesh.dofs.facet_dofs[0, facets]])
            on = mesh.doflocs[:, nodes] / (0.4 if curve == "core" else 1.0)
            assert_allclose(wire.depth(on), 0.0, atol=1e-6)
            # a closed curve: every node belongs to two of its edges
            assert len(facets) == len(np.unique(mesh.facets[:, facets]))


@pytest.mark.parametrize("name", SHAPES)
def test_carriers_enter_at_the_wire_and_pressure_acts_on_the_coating(name: str) -> None:
    wire, area, perimeter = SHAPES[name]
    section = fill_section(Wrapped(wire, 0.3, 3.0), 3.0, "quarter")
    s = build_spaces(section.mesh, section.outline)
    assert_allclose(4.0 * s.reacting_length.sum(), perimeter, rtol=5e-3)
    assert_allclose(4.0 * s.outer_length.sum(), perimeter + 2.0 * np.pi * 3.0, rtol=0.01)
    assert_allclose(4.0 * s.mass.sum(), area * 0.91, rtol=0.01)
    assert_allclose(wire.depth(s.nodes[:, s.reacting]), 0.0, atol=1e-6)


@pytest.mark.parametrize("name", ["hexagon", "rectangle"])
def test_the_depth_of_an_even_front_about_a_core(name: str) -> None:
    """To 5 nm, which is before the core: what the coated outline's Steiner formula takes off inwards."""
    wire, area, _ = SHAPES[name]
    inner: Outline = Wrapped(wire, 0.5, 0.0).reacting_part
    assert isinstance(inner, Hollow)
    gone = {"hexagon": area - 6.0 * np.tan(np.pi / 6.0) * 625.0, "rectangle": 4000.0 - 4.0 * 35.0 * 20.0}[name]
    assert inner.equivalent_depth(gone / (0.75 * area)) == pytest.approx(5.0, abs=0.15)
