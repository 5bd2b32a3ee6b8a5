"""Mesh files: what is read from them, and every way in which one can be wrong."""

from __future__ import annotations

import threading
import time
from pathlib import Path
from typing import get_args

import meshio
import numpy as np
import pytest
import skfem
from numpy.testing import assert_allclose

from femanode.config.geometry import CoordinateUnit
from femanode.errors import MeshError
from femanode.mesh import files, patience
from femanode.mesh.build import make_section
from femanode.mesh.files import read_section, write_section
from femanode.mesh.outline import Annulus
from femanode.units import parse_quantity

MESHES = Path(__file__).parents[3] / "meshes"
SECTORS = ("quarter", "half", "full")
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


def test_nodes_without_element_are_left_out_and_separate_pieces_refused(tmp_path: Path) -> None:
    points, triangles = disc()
    loose = np.vstack([points, [[3.0, 4.0, 0.0]]])
    left_out = read_section(saved(tmp_path, loose, triangles))
    assert left_out.notes == ("mesh file: 1 node in no triangle left out, such as centres of arcs",)
    assert left_out.hash() == read_section(saved(tmp_path, points, triangles)).hash()
    apart = np.vstack([points, points * -1.0 - [1.0, 1.0, 0.0]]), np.vstack([triangles, triangles + len(points)])
    with pytest.raises(MeshError, match="2 pieces that share no node"):
        read_section(saved(tmp_path, *apart))
    with pytest.raises(MeshError, match="3 triangles share the edge"):
        read_section(saved(tmp_path, loose, np.vstack([triangles, [[*triangles[0, 1:], len(points)]]])))
    points[3, 0] = np.nan
    with pytest.raises(MeshError, match="node 3 is not finite"):
        read_section(saved(tmp_path, points, triangles))


def test_sections_that_are_not_seen_whole_from_the_axis_are_refused(tmp_path: Path) -> None:
    points, triangles = disc(8)
    crack = np.any(np.abs(points[triangles][:, :, :2].mean(axis=1) - [9.0, 3.0]) > [3.0, 1.0], axis=1)
    spoiled = {
        "left quarter": (points * [-1.0, 1.0, 1.0], triangles),
        "far from the axis": (points + np.array([30.0, 0.0, 0.0]), triangles),
        "notch": (points[np.unique(triangles[crack])],
                  np.unique(triangles[crack], return_inverse=True)[1].reshape(-1, 3)),
    }
    for case, (p, t) in spoiled.items():
        with pytest.raises(MeshError, match=r"boundary edge at .*not seen whole from there; .*not centred, turned"):
            read_section(saved(tmp_path, p, t))
            pytest.fail(f"{case} was accepted")
    with pytest.raises(MeshError, match="no hole, but reacting: inner; allowed: reacting: outer"):
        read_section(saved(tmp_path, points, triangles), reacting="inner")
    with pytest.raises(MeshError, match="no hole, but reacting: both"):
        read_section(saved(tmp_path, points * [1.0, 0.5, 1.0], triangles), reacting="both")


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


def spoiled(case: str) -> tuple[np.ndarray, list[tuple[str, np.ndarray]]]:
    """Points and cells of a quarter, half, full disc or ring of radius 10, right or wrong in the way ``case`` says."""
    sector = next((word for word in ("half", "full") if word in case), "quarter")
    ring = "annulus" if "annulus" in case else "circle"
    mesh = make_section(ring, 10.0, 4.0 if ring == "annulus" else 0.0, 1.5, sector).mesh
    points = np.vstack([mesh.doflocs[:, : mesh.nvertices], np.zeros(mesh.nvertices)]).T.copy()
    t = mesh.t.T.astype(np.int64)
    x, y, z = points.T
    inside = int(np.argmin(np.hypot(x - 4.0, y - 3.0)))
    turn = np.deg2rad(30.0)
    if "second order" in case:
        points = np.pad(mesh.doflocs.T, ((0, 0), (0, 1)))
        return points, [("triangle6", mesh.dofs.element_dofs.T.astype(np.int64))]
    match case:
        case "turned quarter":
            points = np.stack([np.cos(turn) * x - np.sin(turn) * y, np.sin(turn) * x + np.cos(turn) * y, z], axis=1)
        case "right half":
            points = points[:, [1, 0, 2]] * [1.0, -1.0, 1.0]
        case "all triangles clockwise full":
            t = t[:, ::-1].copy()
        case "some triangles clockwise full":
            t[::3] = t[::3, ::-1]
        case "node dragged across its neighbours":
            points[inside] += [1.9, 0.0, 0.0]
        case "in the plane x, z":
            points = points[:, [0, 2, 1]]
        case "in a plane of its own, z = 5":
            points[:, 2] = 5.0
        case "not a number":
            points[7, 1] = np.nan
        case "not a number where no triangle is":
            points = np.vstack([points, [[np.nan, 0.0, 0.0]]])
        case "arc centres":
            points = np.vstack([[[0.0, 0.0, 0.0]], points, [[3.0, 3.0, 0.0]]])
            return points, [("triangle", t + 1), ("vertex", np.array([[0]]))]
        case "infinite":
            points[7, 1] = np.inf
        case "far too large":
            points *= 1e200
        case "one node far away":
            points[inside] = [1e7, 0.0, 0.0]
        case "triangle soup":
            return points[t.ravel()], [("triangle", np.arange(t.size).reshape(-1, 3))]
        case "slit":
            points, t = np.vstack([points, points[inside]]), t.copy()
            where = np.argwhere(t == inside)
            t[tuple(where[0])] = len(points) - 1
        case "two parts":
            points = np.vstack([points, [-1.0, -1.0, 1.0] * points - [1.0, 1.0, 0.0]])
            t = np.vstack([t, t + mesh.nvertices])
        case "one triangle twice":
            t = np.vstack([t, t[:1]])
        case "node that is not there":
            t[3, 1] = 5000
        case "node before the first":
            t[3, 1] = -1
        case "only lines":
            return points, [("line", mesh.facets.T.astype(np.int64))]
        case "only points":
            return points, [("vertex", np.arange(len(points))[:, None])]
        case "quads":
            grid = np.array([[0.0, 0, 0], [1, 0, 0], [1, 1, 0], [0, 1, 0]])
            return 10.0 * grid, [("quad", np.array([[0, 1, 2, 3]]))]
        case "mixed":
            far = np.vstack([points, [[20.0, 0, 0], [20.0, 1, 0]]])
            return far, [("triangle", t), ("quad", np.array([[0, 1, len(far) - 2, len(far) - 1]]))]
        case "three decimals full" | "three decimals annulus half" | "three decimals quarter":
            points = np.round(points, 3)
        case "one decimal":
            points = np.round(points, 1)
    return points, [("triangle", t)]


#: Each case, the formats it is written in, and (sector, inner radius) as it is read, or the reason of refusal.
FILES: dict[str, tuple[str, tuple[str, float] | str]] = {
    "quarter": (".msh .msh4 .vtu .inp .xdmf .vtk .bdf", ("quarter", 0.0)),
    "half": (".msh .msh4 .vtu .xdmf", ("half", 0.0)),
    "full": (".msh .msh4 .vtu .inp", ("full", 0.0)),
    "annulus quarter": (".msh .vtu", ("quarter", 4.0)),
    "annulus half": (".msh", ("half", 4.0)),
    "annulus full": (".msh4 .xdmf", ("full", 4.0)),
    "second order full": (".msh .msh4 .vtu .inp .xdmf", ("full", 0.0)),
    "second order annulus half": (".msh .vtu", ("half", 4.0)),
    "all triangles clockwise full": (".msh .vtu", ("full", 0.0)),
    "some triangles clockwise full": (".msh4", ("full", 0.0)),
    "three decimals full": (".msh .vtu", ("full", 0.0)),
    "three decimals annulus half": (".msh", ("half", 4.0)),
    "three decimals quarter": (".inp", ("quarter", 0.0)),
    "one decimal": (".vtu", ("quarter", 0.0)),
    "arc centres": (".msh .vtu", ("quarter", 0.0)),
    "not a number where no triangle is": (".vtu", ("quarter", 0.0)),
    "turned quarter": (".msh", r"is on no circle .*turned"),
    "right half": (".msh", r"is on no circle .*turned"),
    "node dragged across its neighbours": (".msh .vtu", "two triangles overlap at the edge at"),
    "in the plane x, z": (".vtu", "nodes off the plane z = 0; allowed: a plane mesh in x and y"),
    "in a plane of its own, z = 5": (".vtu", "nodes off the plane z = 0"),
    "not a number": (".vtu .msh", "node 7 is not finite"),
    "infinite": (".vtu", "node 7 is not finite"),
    "far too large": (".vtu", r"a diameter of 2e\+201 nm; allowed: 1 nm to 100 um; .*no other unit gives a wire"),
    "one node far away": (".vtu", r"a diameter of 2e\+07 nm; allowed: 1 nm to 100 um"),
    "triangle soup": (".vtu", r"\d+ nodes on another, such as \d+ on \d+ at .*merge duplicate nodes"),
    "slit": (".vtu .msh", r"1 node on another, such as \d+ on \d+ at .*merge duplicate nodes"),
    "two parts": (".msh .vtu", "2 pieces that share no node"),
    "one triangle twice": (".vtu", "triangles share the edge|two triangles overlap"),
    "node that is not there": (".vtu", r"triangles with nodes that are not there, of \d+; the file is damaged"),
    "node before the first": (".vtu", "triangles with nodes that are not there"),
    "only lines": (".msh .vtu", "cells of type none; allowed: .*in Gmsh: mesh in 2-D"),
    "only points": (".vtu", "cells of type none"),
    "quads": (".msh .vtu .inp", "cells of type quad; .*Mesh.RecombineAll = 0"),
    "mixed": (".msh .vtu", "cells of type quad, triangle; .*RecombineAll"),
}


@pytest.mark.parametrize(("case", "suffix"), [(case, suffix) for case, (suffixes, _) in FILES.items()
                                              for suffix in suffixes.split()])
def test_a_file_is_read_as_it_is_or_refused_in_one_line(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture, case: str, suffix: str
) -> None:
    monkeypatch.chdir(tmp_path)  # the heavy data of XDMF are written beside it
    points, cells = spoiled(case)
    path = tmp_path / f"section{'.msh' if suffix == '.msh4' else suffix}"
    form = {".msh": "gmsh22", ".msh4": "gmsh"}.get(suffix)
    meshio.write(path, meshio.Mesh(points, cells), **({"file_format": form} if form else {}))
    capfd.readouterr()
    expected = FILES[case][1]
    if isinstance(expected, str):
        with pytest.raises(MeshError, match=rf"section\.[a-z]+: .*{expected}") as caught:
            read_section(path)
        assert "\n" not in str(caught.value)
    else:
        section = read_section(path)
        sector, inner = expected
        part = {"quarter": 0.25, "half": 0.5, "full": 1.0}[sector]
        assert section.sector == sector
        # rounding moves the radii by no more than it moves a node; parabolas for arcs miss 1e-5 of the area
        assert_allclose((section.outline.radius, section.outline.inner_radius), (10.0, inner),
                        atol=0.08 if case == "one decimal" else 1e-3)
        assert_allclose(section.area, part * np.pi * (section.radius**2 - inner**2), rtol=3e-4)
        rim = section.mesh.dofs.get_facet_dofs(section.mesh.boundaries["surface"]).all()
        assert_allclose(np.hypot(*section.mesh.doflocs[:, rim]), section.radius, rtol=1e-12)
    assert capfd.readouterr() == ("", "")


@pytest.mark.parametrize(("suffix", "form"), [(".msh", "gmsh22"), (".msh", "gmsh"), (".vtu", "vtu"), (".vtk", "vtk"),
                                              (".inp", "abaqus")])
def test_a_file_cut_short_anywhere_is_refused(tmp_path: Path, suffix: str, form: str) -> None:
    points, cells = spoiled("quarter")
    whole = tmp_path / f"whole{suffix}"
    meshio.write(whole, meshio.Mesh(points, cells), file_format=form)
    data, expected = whole.read_bytes(), read_section(whole).hash()
    path = tmp_path / f"cut{suffix}"
    refused = 0
    for share in np.linspace(0.0, 0.99, 40):
        path.write_bytes(data[: int(share * len(data))])
        try:
            # what is missing may be only the last line
            assert read_section(path).hash() == expected
        except MeshError as error:
            assert str(error).startswith(str(path)) and "\n" not in str(error)
            refused += 1
    assert refused >= 38


UNITS = {"nm": 1.0, "um": 1e-3, "mm": 1e-6, "m": 1e-9, "angstrom": 10.0}


def test_every_unit_of_the_configuration_is_known_with_its_length() -> None:
    assert set(files.UNITS) == set(get_args(get_args(CoordinateUnit)[0]))
    for unit, length in files.UNITS.items():
        assert length == parse_quantity(f"1 {unit}", "nm")


@pytest.mark.parametrize("unit", UNITS)
def test_coordinates_in_any_unit_are_the_same_wire(tmp_path: Path, unit: str) -> None:
    raw = meshio.read(MESHES / "quarter_129nm.msh")
    raw.points = raw.points * UNITS[unit]
    meshio.write(tmp_path / "a.vtu", meshio.Mesh(raw.points, raw.cells))
    section = read_section(tmp_path / "a.vtu", diameter=129.0, unit=unit)
    assert_allclose(section.radius, 64.5, rtol=1e-12)
    assert_allclose(section.mesh.p, read_section(MESHES / "quarter_129nm.msh").mesh.p, rtol=0, atol=1e-12)


@pytest.mark.parametrize(("width", "diameter", "noted"), [(2.4, None, True), (2.4, 2.4, False), (24.0, None, False)])
def test_a_wire_so_thin_that_its_unit_may_be_another_is_asked_about(
    tmp_path: Path, width: float, diameter: float | None, noted: bool
) -> None:
    # 2.4 um written in um
    points, triangles = disc()
    notes = read_section(saved(tmp_path, 0.05 * width * points, triangles), diameter=diameter).notes
    assert [note for note in notes if "2.4 nm wide" in note and note.endswith("is it meant?")] == list(notes) * noted
    assert len(notes) == noted


@pytest.mark.parametrize(("width", "unit", "diameter", "message"), [
    # 129 nm in um and in m, taken as nm: once run as wires thinner than an atom
    (0.129, "nm", None, "a diameter of 0.129 nm; allowed: 1 nm to 100 um; coordinates are taken as nm; "
                        "geometry.unit: um gives 129 nm"),
    (1.29e-7, "nm", None, r"a diameter of 1\.29e-07 nm; .*geometry.unit: m gives 129 nm$"),
    (1290.0, "um", None, r"a diameter of 1\.29e\+06 nm; .*taken as um; geometry.unit: nm gives 1\.29 um, angstrom gives"
                         " 129 nm$"),
    (129.0, "m", None, r"taken as m; geometry.unit: nm gives 129 nm, angstrom gives 12.9 nm$"),
    # a width that either unit makes a wire is told by the diameter that is asked for
    (2.0, "nm", 2000.0, "2 nm; allowed: 2000 nm; coordinates are taken as nm; geometry.unit: um gives 2 um$"),
    (2.0, "nm", 3000.0, "a diameter of 2 nm; allowed: 3000 nm; .*scale the mesh or change geometry.diameter$"),
    (1e-30, "nm", None, "no other unit gives a wire$"),
])
def test_a_diameter_of_no_wire_asks_for_the_unit(
    tmp_path: Path, width: float, unit: str, diameter: float | None, message: str
) -> None:
    points, triangles = disc()
    with pytest.raises(MeshError, match=rf"section\.vtu: .*{message}"):
        read_section(saved(tmp_path, 0.05 * width * points, triangles), diameter=diameter, unit=unit)


@pytest.mark.parametrize("width", [1.0, 1e5])
def test_the_narrowest_and_the_widest_wire_are_read(tmp_path: Path, width: float) -> None:
    points, triangles = disc()
    assert_allclose(2.0 * read_section(saved(tmp_path, 0.05 * width * points, triangles)).radius, width, rtol=1e-12)


@pytest.mark.parametrize("radius", [3.7, 64.5, 812.3])
@pytest.mark.parametrize("single", [False, True])
def test_three_decimals_are_enough_and_said(tmp_path: Path, radius: float, single: bool) -> None:
    # half a step of 0.001 in x and in y: at most 0.00071 nm
    mesh = make_section("annulus", radius, 0.4 * radius, 0.05 * radius, "half").mesh
    points = np.round(mesh.doflocs[:, : mesh.nvertices].T, 3)
    points = np.pad(points.astype(np.float32 if single else float), ((0, 0), (0, 1)))
    section = read_section(saved(tmp_path, points, mesh.t.T))
    assert_allclose((section.radius, section.outline.inner_radius), (radius, 0.4 * radius), atol=8e-4)
    assert set(section.mesh.boundaries) == {"surface", "inner", "y0"}
    assert_allclose(section.area, 0.5 * np.pi * 0.84 * section.radius**2, rtol=1e-3)
    # what 1e-5 of the radius covers is not worth a word
    assert bool(section.notes) == (radius < 10.0)
    assert all("few digits; nodes are moved by up to 0.000" in note for note in section.notes)


def test_a_reader_that_does_not_come_back_is_stopped(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    # meshio reads a file of Stanford's format without an end of its header for ever
    monkeypatch.setattr(patience, "LEAST", 0.6)
    path = tmp_path / "cut.ply"
    path.write_text("ply\nformat ascii 1.0\nelement vertex 22\nproperty double x\n")
    with pytest.raises(MeshError, match=r"its reader has not come back in 1 s"):
        read_section(path)
    until = time.monotonic() + 10.0
    while any("work" in thread.name for thread in threading.enumerate()):
        assert time.monotonic() < until, "the reader still runs"
        time.sleep(0.05)
