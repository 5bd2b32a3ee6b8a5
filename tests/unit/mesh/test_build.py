"""Sections: geometry against closed forms, and every way a mesh file can be wrong."""

from __future__ import annotations

from pathlib import Path

import meshio
import numpy as np
import pytest
import skfem
from numpy.testing import assert_allclose
from scipy.spatial import cKDTree

from femanode.errors import MeshError
from femanode.mesh.build import Section, make_section, read_section, write_section
from femanode.mesh.outline import Annulus

MESHES = Path(__file__).parents[3] / "meshes"
PARTS = {"quarter": 0.25, "half": 0.5, "full": 1.0}
SECTORS = tuple(PARTS)
SHAPES = [("circle", 0.0), ("annulus", 20.0)]


def disc(n: int = 4) -> tuple[np.ndarray, np.ndarray]:
    """Straight quarter disc of radius 10: points (p, 3) and triangles (t, 3) to be spoiled by a test."""
    mesh = make_section("circle", 10.0, 0.0, 10.0 / n, "quarter").mesh
    corners = mesh.doflocs[:, : mesh.nvertices]
    return np.vstack([corners, np.zeros(corners.shape[1])]).T.copy(), mesh.t.T.copy()


def saved(path: Path, points: np.ndarray, cells: np.ndarray, kind: str = "triangle") -> Path:
    """Write a mesh file of one kind of cell."""
    meshio.Mesh(points, [(kind, cells)]).write(path / "section.vtu")
    return path / "section.vtu"


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


@pytest.mark.parametrize("suffix", [".msh", ".vtu"])
@pytest.mark.parametrize("sector", SECTORS)
@pytest.mark.parametrize(("shape", "inner"), SHAPES)
def test_written_section_reads_back_the_same(
    tmp_path: Path, shape: str, inner: float, sector: str, suffix: str
) -> None:
    section = make_section(shape, 64.5, inner, 6.0, sector)
    write_section(section, tmp_path / f"section{suffix}")
    again = read_section(tmp_path / f"section{suffix}", element_size=6.0, diameter=129.0)
    assert again.hash() == section.hash()
    assert (again.sector, again.outline, again.element_size) == (sector, Annulus(64.5, inner), 6.0)
    assert {n: set(f) for n, f in again.mesh.boundaries.items()} == {
        n: set(f) for n, f in section.mesh.boundaries.items()
    }


def test_written_msh_names_its_groups(tmp_path: Path) -> None:
    section = make_section("circle", 10.0, 0.0, 2.0, "quarter")
    write_section(section, tmp_path / "a.msh")
    raw = meshio.read(tmp_path / "a.msh")
    assert set(raw.field_data) == {"surface", "x0", "y0", "section"}
    assert {block.type for block in raw.cells} == {"triangle6", "line3"}
    with pytest.raises(MeshError, match=r"suffix '.stl'; allowed: .msh, .vtu"):
        write_section(section, tmp_path / "a.stl")
    with pytest.raises(MeshError, match="cannot write"):
        write_section(section, tmp_path / "nowhere" / "a.msh")


@pytest.mark.parametrize(
    ("name", "sector", "size"), [("quarter_129nm", "quarter", 2.0), ("disc_129nm", "full", 4.0)]
)
def test_shipped_meshes_are_sections_of_the_129_nm_wire(name: str, sector: str, size: float) -> None:
    section = read_section(MESHES / f"{name}.msh", diameter=129.0)
    assert (section.sector, section.outline) == (sector, Annulus(64.5))
    quality = section.quality()
    assert abs(section.element_size / size - 1.0) < 0.1
    assert quality["quality_min"] > 0.6
    assert quality["quality_mean"] > 0.9
    assert quality["area_error"] < 1e-6
    assert np.any(np.hypot(*section.mesh.p) == 0.0)


def test_straight_and_quadratic_files_are_curved_onto_the_circle(tmp_path: Path) -> None:
    points, triangles = disc()
    straight = read_section(saved(tmp_path, points, triangles))
    # triangle6 with every midpoint on its chord, as programs without curved edges write
    plain = skfem.MeshTri2.from_mesh(skfem.MeshTri(points[:, :2].T.copy(), triangles.T.copy(), sort_t=False))
    quadratic = read_section(
        saved(tmp_path, np.pad(plain.doflocs.T, ((0, 0), (0, 1))), plain.dofs.element_dofs.T, "triangle6")
    )
    for section in (straight, quadratic):
        # 25 pi exactly; straight edges would give 0.6 % less
        assert_allclose(section.area, 25.0 * np.pi, rtol=1e-5)
        assert (section.sector, section.radius) == ("quarter", 10.0)


def test_clockwise_triangles_are_turned_and_few_digits_forgiven(tmp_path: Path) -> None:
    points, triangles = disc()
    triangles[::3] = triangles[::3, ::-1]
    section = read_section(saved(tmp_path, np.round(points, 5), triangles))
    p, t = section.mesh.p, section.mesh.t
    area = np.linalg.det(
        np.stack([p[:, t[1]] - p[:, t[0]], p[:, t[2]] - p[:, t[0]]], axis=-1).transpose(1, 0, 2)
    )
    assert area.min() > 0.0
    rim = np.hypot(
        *section.mesh.doflocs[:, section.mesh.dofs.get_facet_dofs(section.mesh.boundaries["surface"]).all()]
    )
    assert_allclose(rim, section.radius, rtol=4e-16)
    assert_allclose(section.radius, 10.0, rtol=1e-6)
    assert_allclose(section.area, 25.0 * np.pi, rtol=1e-5)


def test_unreadable_files_are_one_line_and_say_nothing_else(
    tmp_path: Path, capfd: pytest.CaptureFixture
) -> None:
    (tmp_path / "text.vtu").write_text("not a mesh")
    (tmp_path / "text.msh").write_text("$MeshFormat\n4.1 0 8\n$EndMeshFormat\n$Nodes\n1 2")
    (tmp_path / "text.xyzzy").write_text("1 2 3")
    for name in ("text.vtu", "text.msh", "text.xyzzy"):
        with pytest.raises(MeshError, match=rf"{name}: cannot be read as a mesh \(") as caught:
            read_section(tmp_path / name)
        assert "\n" not in str(caught.value)
    with pytest.raises(MeshError, match=r"absent\.msh: no such file"):
        read_section(tmp_path / "absent.msh")
    assert capfd.readouterr() == ("", "")


def test_three_dimensional_meshes_are_refused(tmp_path: Path) -> None:
    points, triangles = disc()
    with pytest.raises(MeshError, match="cells of type tetra; allowed: either triangle or triangle6"):
        read_section(saved(tmp_path, np.vstack([np.eye(3), [0, 0, 0]]), np.array([[0, 1, 2, 3]]), "tetra"))
    points[5, 2] = 0.1
    with pytest.raises(MeshError, match="off the plane z = 0"):
        read_section(saved(tmp_path, points, triangles))


def test_flat_element_is_named_with_its_place(tmp_path: Path) -> None:
    points, triangles = disc()
    # a sliver of collinear nodes on the x axis: from the second ring's end to the third's
    spoiled = np.vstack([triangles, [[0, 0, 0]]])
    on_x = np.flatnonzero(points[:, 1] == 0.0)[:3]
    spoiled[-1] = on_x
    x = points[on_x, 0].mean()
    with pytest.raises(MeshError, match=rf"element {len(triangles)} at \({x:.6g}, 0\) has no area"):
        read_section(saved(tmp_path, points, spoiled))


def test_nodes_without_element_and_separate_pieces_are_refused(tmp_path: Path) -> None:
    points, triangles = disc()
    loose = np.vstack([points, [[3.0, 4.0, 0.0]]])
    with pytest.raises(MeshError, match=rf"1 unconnected nodes, the first is node {len(points)} at \(3, 4\)"):
        read_section(saved(tmp_path, loose, triangles))
    twice = np.vstack([points, points * [-1, 1, 1]]), np.vstack([triangles, triangles[:, ::-1] + len(points)])
    with pytest.raises(MeshError, match="2 pieces that share no node"):
        read_section(saved(tmp_path, *twice))
    with pytest.raises(MeshError, match="3 triangles share the edge"):
        read_section(saved(tmp_path, loose, np.vstack([triangles, [[*triangles[0, 1:], len(points)]]])))
    points[3, 0] = np.nan
    with pytest.raises(MeshError, match="node 3 is not finite"):
        read_section(saved(tmp_path, points, triangles))


def test_other_outlines_than_a_centred_circle_are_refused(tmp_path: Path) -> None:
    points, triangles = disc(8)
    hole = np.any(np.abs(points[triangles][:, :, :2].mean(axis=1) - [5.0, 5.0]) > 1.5, axis=1)
    spoiled = {
        "square": (
            np.array([[0.0, 0, 0], [1, 0, 0], [1, 1, 0], [0, 1, 0]]),
            np.array([[0, 1, 2], [0, 2, 3]]),
        ),
        "ellipse": (points * [1.0, 0.9, 1.0], triangles),
        "not centred": (points + np.array([3.0, 0.0, 0.0]), triangles),
        "left quarter": (points * [-1.0, 1.0, 1.0], triangles),
        "hole": (
            points[np.unique(triangles[hole])],
            np.unique(triangles[hole], return_inverse=True)[1].reshape(-1, 3),
        ),
    }
    for case, (p, t) in spoiled.items():
        with pytest.raises(
            MeshError, match=r"boundary edge at .*not circular, not centred, a hole or a crack"
        ):
            read_section(saved(tmp_path, p, t))
            pytest.fail(f"{case} was accepted")


def test_half_is_recognised_without_a_node_at_the_origin(tmp_path: Path) -> None:
    # two inner nodes on the diameter: the edge between them bounds the half, not a hole
    angle = np.linspace(0.0, np.pi, 7)
    points = np.zeros((9, 3))
    points[:7, :2] = 10.0 * np.column_stack([np.cos(angle), np.sin(angle)])
    points[7:, 0] = [3.0, -3.0]
    cells = [[7, 0, 1], [7, 1, 2], [7, 2, 3], [7, 3, 8], [8, 3, 4], [8, 4, 5], [8, 5, 6]]
    section = read_section(saved(tmp_path, points, np.array(cells)))
    assert section.sector == "half" and section.outline.solid
    # parabolas on arcs of 30 degrees; chords would miss 4.5e-2
    assert_allclose(section.area, 50.0 * np.pi, rtol=3e-4)


def test_diameter_and_groups_have_to_agree(tmp_path: Path) -> None:
    with pytest.raises(MeshError, match="a diameter of 129 nm; allowed: 200 nm; coordinates are taken as nm"):
        read_section(MESHES / "disc_129nm.msh", diameter=200.0)
    section = make_section("circle", 10.0, 0.0, 2.0, "quarter")
    write_section(section, tmp_path / "a.msh")
    text = (tmp_path / "a.msh").read_bytes()
    (tmp_path / "b.msh").write_bytes(text.replace(b'"x0"', b'"?"').replace(b'"y0"', b'"x0"'))
    count = section.mesh.boundaries["y0"].size
    with pytest.raises(MeshError, match=rf"group 'x0' has {count} edges, 0 of them on its boundary"):
        read_section(tmp_path / "b.msh")
