"""Mesh files: what is read from them, and every way in which one can be wrong."""

from __future__ import annotations

import threading
import time
from pathlib import Path

import meshio
import numpy as np
import pytest
import skfem
from numpy.testing import assert_allclose

from femanode.errors import MeshError
from femanode.mesh import patience
from femanode.mesh.build import make_section
from femanode.mesh.files import read_section, write_section
from femanode.mesh.outline import Annulus
from tests.meshfiles import disc, saved

MESHES = Path(__file__).parents[3] / "meshes"
SECTORS = ("quarter", "half", "full")
SHAPES = [("circle", 0.0), ("annulus", 20.0)]


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
    with pytest.raises(MeshError, match=r"cannot write: .*; choose another file with -o"):
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
        assert str(caught.value).endswith("; it may be cut short, or no mesh: open it in Gmsh and save it anew")
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
