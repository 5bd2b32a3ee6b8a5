"""Generated sections: geometry against closed forms."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import skfem
from numpy.testing import assert_allclose
from scipy.spatial import cKDTree

from femanode.errors import MeshError
from femanode.mesh.build import Section, make_section
from femanode.mesh.files import read_section

MESHES = Path(__file__).parents[3] / "meshes"
PARTS = {"quarter": 0.25, "half": 0.5, "full": 1.0}
SECTORS = tuple(PARTS)
SHAPES = [("circle", 0.0), ("annulus", 20.0)]


@pytest.mark.parametrize("sector", SECTORS)
@pytest.mark.parametrize(("shape", "inner"), SHAPES)
@pytest.mark.parametrize("size", [1.3, 2.5, 8.0])
def test_generated_section_is_the_true_sector(shape: str, inner: float, size: float, sector: str) -> None:
    section = make_section(shape, 64.5, inner, size, sector)
    area = PARTS[sector] * np.pi * (64.5**2 - inner**2)
    basis = skfem.Basis(section.mesh, skfem.ElementVector(skfem.ElementTriP2()), intorder=2)
    assert basis.X.shape == (2, 3)
    assert basis.dx.min() > 0.0
    # straight edges would miss 7e-5 to 3e-3 of the area at these sizes
    assert_allclose(basis.dx.sum(), area, rtol=2e-5)
    assert_allclose((section.exact_area, section.area), area, rtol=2e-5)
    coarse = size > 0.1 * (64.5 - inner)
    quality = section.quality()
    assert quality["quality_min"] > 0.7
    assert quality["quality_mean"] > (0.86 if coarse else 0.91)
    assert quality["area_error"] < 2e-5
    # halves of edges at the mirror lines, the twelve spokes of the centre
    assert 0.45 * size < quality["edge_min"] <= quality["edge_max"] < 1.85 * size
    assert abs(section.actual_size / size - 1.0) < (0.2 if coarse else 0.05)
    # equilateral triangles of edge h have area sqrt(3)/4 h^2; the mirror lines cost most where there are few elements
    assert 0.95 < section.mesh.nelements / (area / (np.sqrt(0.1875) * size**2)) < (1.55 if coarse else 1.1)


@pytest.mark.parametrize("ratio", [3.0, 4.0, 5.2, 6.1, 8.0, 9.5, 11.0, 13.0, 15.9, 21.0, 34.0])
@pytest.mark.parametrize("inner", [0.0, 0.02, 0.2, 0.6, 0.9])
def test_triangles_are_good_whatever_the_size(inner: float, ratio: float) -> None:
    section = make_section("annulus" if inner else "circle", 1.0, inner, (1.0 - inner) / ratio, "quarter")
    # round a narrow hole twelve segments have to widen to the elements' size
    least = 0.45 if 0.0 < inner < 0.1 else (0.65 if ratio < 8.0 else 0.72)
    assert section.quality()["quality_min"] > least


@pytest.mark.parametrize("sector", SECTORS)
@pytest.mark.parametrize(("shape", "inner"), SHAPES)
def test_named_boundaries_have_their_true_length(shape: str, inner: float, sector: str) -> None:
    mesh = make_section(shape, 50.0, inner, 2.0, sector).mesh
    straight = {
        "quarter": {"x0": 50.0 - inner, "y0": 50.0 - inner},
        "half": {"y0": 2 * (50.0 - inner)},
        "full": {},
    }
    expected = {"surface": PARTS[sector] * 100.0 * np.pi, **straight[sector]}
    if inner:
        expected["inner"] = PARTS[sector] * 2.0 * np.pi * inner
    assert set(mesh.boundaries) == set(expected)
    for name, length in expected.items():
        basis = skfem.FacetBasis(mesh, skfem.ElementTriP2(), facets=mesh.boundaries[name], intorder=4)
        assert_allclose(basis.dx.sum(), length, rtol=1e-6)
    assert sum(f.size for f in mesh.boundaries.values()) == mesh.boundary_facets().size


@pytest.mark.parametrize("sector", SECTORS)
def test_nodes_lie_exactly_on_lines_circle_and_centre(sector: str) -> None:
    mesh = make_section("circle", 64.5, 0.0, 3.0, sector).mesh
    assert mesh.doflocs[:, 0].tolist() == [0.0, 0.0]
    on_surface = mesh.dofs.get_facet_dofs(mesh.boundaries["surface"]).all()
    # two roundings of 64.5
    assert_allclose(np.hypot(*mesh.doflocs[:, on_surface]), 64.5, rtol=4e-16)
    for name, row in (("x0", 0), ("y0", 1)):
        if name in mesh.boundaries:
            assert not mesh.doflocs[row, mesh.dofs.get_facet_dofs(mesh.boundaries[name]).all()].any()
    inside = np.setdiff1d(np.arange(mesh.nfacets), mesh.boundary_facets())
    middle = mesh.doflocs[:, mesh.facets[:, inside]].mean(axis=1)
    assert_allclose(mesh.doflocs[:, mesh.dofs.facet_dofs[0, inside]], middle, rtol=0, atol=1e-13)


def lobes(mesh: skfem.MeshTri2, m: int) -> float:
    """How far the edges' angle to the ray (six-fold) varies as m lobes round the section, 0 to 1."""
    ends = mesh.doflocs[:, mesh.facets]
    x, y = ends.mean(axis=1)
    dx, dy = ends[:, 1] - ends[:, 0]
    place = np.arctan2(y, x)
    return float(abs(np.exp(1j * (6.0 * (np.arctan2(dy, dx) - place) + m * place)).mean()))


def test_full_sections_have_no_pattern_that_a_front_could_follow() -> None:
    # what the mirrors of every 15 degrees leave is lobes of 12, 24, ...; rings that all start on the x axis without
    # being made of equal parts give 0.31 at m = 5, a frontal (lattice) mesh 0.8 at m = 6
    rings = make_section("circle", 64.5, 0.0, 1.0, "full").mesh
    assert max(lobes(rings, m) for m in range(1, 12)) < 1e-10
    delaunay = read_section(MESHES / "disc_129nm.msh").mesh
    # 3300 edges without any order leave 0.017
    assert max(lobes(delaunay, m) for m in range(1, 9)) < 0.05


def triangles(section: Section, mirror: np.ndarray | None = None) -> set[frozenset[tuple[float, float]]]:
    """Triangles by the places of their six nodes, mirrored first where asked."""
    sign = np.ones((2, 1)) if mirror is None else mirror[:, None]
    places = sign * section.mesh.doflocs + 0.0
    return {frozenset(map(tuple, places[:, six].T.tolist())) for six in section.mesh.dofs.element_dofs.T}


@pytest.mark.parametrize("size", [1.7, 8.0, 14.0])
@pytest.mark.parametrize(("shape", "inner"), [*SHAPES, ("annulus", 2.0)])
def test_quarter_half_and_full_are_parts_of_one_mesh_to_the_last_bit(shape: str, inner: float, size: float) -> None:
    quarter, half, full = (make_section(shape, 64.5, inner, size, sector) for sector in SECTORS)
    in_x, in_y = np.array([-1.0, 1.0]), np.array([1.0, -1.0])
    assert triangles(half) == triangles(quarter) | triangles(quarter, in_x)
    assert triangles(full) == triangles(half) | triangles(half, in_y)
    assert full.mesh.nelements == 2 * half.mesh.nelements == 4 * quarter.mesh.nelements


@pytest.mark.parametrize("size", [1.7, 8.0, 14.0])
@pytest.mark.parametrize(("shape", "inner"), SHAPES)
def test_every_15_degrees_is_a_mirror_line_of_the_mesh(shape: str, inner: float, size: float) -> None:
    mesh = make_section(shape, 64.5, inner, size, "full").mesh
    # nodes of the quadratic mesh: the middle of every edge is among them, so that triangles are compared too
    z = mesh.doflocs[0] + 1j * mesh.doflocs[1]
    nodes = cKDTree(np.stack([z.real, z.imag], axis=1))
    for line in range(12):
        image = np.exp(2j * np.pi * line / 12) * z.conj()
        assert nodes.query(np.stack([image.real, image.imag], axis=1))[0].max() < 1e-11


def test_hash_follows_nodes_and_triangles() -> None:
    first = make_section("circle", 10.0, 0.0, 2.0, "quarter")
    assert first.hash() == make_section("circle", 10.0, 0.0, 2.0, "quarter").hash()
    assert first.hash() != make_section("circle", 10.001, 0.0, 2.0, "quarter").hash()
    assert len(first.hash()) == 64


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (("square", 10.0, 0.0, 1.0, "full"), "geometry.shape: shape 'square'; allowed: circle, annulus"),
        (("circle", 10.0, 0.0, 1.0, "third"), "sector 'third'"),
        (("circle", -1.0, 0.0, 1.0, "full"), "radius -1 nm"),
        (("circle", float("nan"), 0.0, 1.0, "full"), "radius nan"),
        (("circle", 10.0, 3.0, 1.0, "full"), "inner radius 3 nm; allowed: 0 nm"),
        (("annulus", 10.0, 12.0, 1.0, "full"), "inner radius 12 nm; allowed: between 0 and 10 nm"),
        (("annulus", 10.0, 0.0, 1.0, "full"), "inner radius 0 nm"),
        (("circle", 10.0, 0.0, 6.0, "full"), "mesh.element_size: element size 6 nm; allowed: .* to 5 nm"),
        (("circle", 64.5, 0.0, 1e-3, "full"), "element size 0.001 nm; allowed: .*4000000 elements"),
        (("circle", 10.0, 0.0, float("nan"), "full"), "element size nan"),
    ],
)
def test_impossible_sections_are_refused(arguments: tuple, message: str) -> None:
    with pytest.raises(MeshError, match=message):
        make_section(*arguments)
