"""Physical groups of mesh files: what agrees with the geometry is read, what contradicts it is refused."""

from __future__ import annotations

from pathlib import Path

import meshio
import numpy as np
import pytest

from femanode.errors import MeshError
from femanode.mesh.build import make_section
from femanode.mesh.files import read_section, write_section
from tests.meshfiles import CURVES, quarter, write_gmsh4

NAMES = {(1, 1): "y0", (1, 2): "surface", (1, 3): "x0"}
UNUSED = "mesh file: the groups without a name ({}) are not used; the boundaries are found from where the edges lie"


def written(folder: Path, version: int, groups: dict[tuple[int, int], int], names: dict[tuple[int, int], str],
            extra: np.ndarray | None = None) -> Path:
    """A quarter with its three curves, in format 2.2 or 4.1; ``extra`` are edges of a fourth curve, inside.

    ``groups`` gives the group of a curve or surface (dimension, tag); ``names`` the name of a group.
    """
    points, triangles, edges = quarter()
    blocks = [(1, tag, edges[name]) for tag, name in CURVES.items()]
    blocks += [] if extra is None else [(1, 4, extra)]
    blocks += [(2, 1, triangles)]
    path = folder / "section.msh"
    if version == 4:
        return write_gmsh4(path, points, blocks, groups, names)
    marks = [np.full(len(cells), groups.get((dim, tag), 0)) for dim, tag, cells in blocks]
    mesh = meshio.Mesh(points, [("line" if dim == 1 else "triangle", cells) for dim, _, cells in blocks],
                       cell_data={"gmsh:physical": marks, "gmsh:geometrical": marks},
                       field_data={name: np.array([number, dim]) for (dim, number), name in names.items()})
    meshio.write(path, mesh, file_format="gmsh22")
    return path


@pytest.mark.parametrize("version", [2, 4])
@pytest.mark.parametrize(("groups", "names", "notes"), [
    ({}, {}, []),
    ({(1, 1): 1, (1, 2): 2, (1, 3): 3, (2, 1): 4}, {**NAMES, (2, 4): "section"}, []),
    # numbers without names, in another order than the program's own
    ({(1, 1): 1, (1, 2): 2, (1, 3): 3, (2, 1): 1}, {}, [UNUSED.format("1, 2, 3")]),
    ({(1, 1): 7, (1, 2): 7, (1, 3): 7, (2, 1): 1}, {}, [UNUSED.format("7")]),
    # curves with a group, the surface without one, saved with Mesh.SaveAll
    ({(1, 1): 1, (1, 2): 2, (1, 3): 3}, NAMES, []),
    ({(1, 2): 2}, {}, [UNUSED.format("2")]),
    ({(1, 2): 2}, NAMES, []),
    ({(2, 1): 1}, {(2, 1): "silicon"}, []),
    # some with names
    ({(1, 1): 1, (1, 2): 2, (1, 3): 3, (2, 1): 1}, {(1, 2): "surface"}, [UNUSED.format("1, 3")]),
    ({(1, 1): 1, (1, 2): 2, (1, 3): 3}, {(1, 1): "bottom", (1, 2): "surface", (1, 3): "x0"},
     ["mesh file: 'bottom' is not used; names that are: surface, inner, x0, y0"]),
    ({(1, 1): 1, (1, 2): 2, (1, 3): 3}, {(1, 1): "bottom", (1, 2): "surface", (1, 3): "left"},
     ["mesh file: 'bottom', 'left' are not used; names that are: surface, inner, x0, y0"]),
])
def test_groups_that_agree_are_read_whether_named_or_not(
    tmp_path: Path, version: int, groups: dict, names: dict, notes: list[str]
) -> None:
    section = read_section(written(tmp_path, version, groups, names))
    _, triangles, edges = quarter()
    assert section.mesh.nelements == len(triangles)
    assert {name: facets.size for name, facets in section.mesh.boundaries.items()} == {
        name: len(ends) for name, ends in edges.items()}
    assert list(section.notes) == notes


@pytest.mark.parametrize("version", [2, 4])
@pytest.mark.parametrize(("groups", "names", "message"), [
    ({(1, 1): 1, (1, 2): 2, (1, 3): 3}, {(1, 1): "surface", (1, 2): "y0", (1, 3): "x0"},
     r"group 'surface' has 4 edges, 0 of them on its boundary; allowed: all \d+ edges of the outer circle, or no such"
     r' group; in Gmsh: Physical Curve\("surface"\) = {every curve on the outer circle}$'),
    ({(1, 1): 1, (1, 2): 1}, {(1, 1): "surface"}, r"group 'surface' has \d+ edges, \d+ of them on its boundary"),
    ({(1, 1): 1, (1, 2): 2}, {(1, 1): "inner"}, r"group 'inner' has 4 edges, 0 of .*allowed: all 0 edges of the inner"),
])
def test_named_groups_that_contradict_the_geometry_are_refused(
    tmp_path: Path, version: int, groups: dict, names: dict, message: str
) -> None:
    with pytest.raises(MeshError, match=rf"section\.msh: {message}"):
        read_section(written(tmp_path, version, groups, names))


@pytest.mark.parametrize("version", [2, 4])
def test_a_surface_that_is_only_partly_in_its_group_is_refused(tmp_path: Path, version: int) -> None:
    _, _, edges = quarter()
    arc = edges["surface"]
    path = written(tmp_path, version, {(1, 4): 2}, {(1, 2): "surface"}, arc[:2])
    with pytest.raises(MeshError, match=rf"group 'surface' has 2 edges, 2 of them .*allowed: all {len(arc)} edges"):
        read_section(path)


@pytest.mark.parametrize("version", [2, 4])
def test_a_group_without_a_name_inside_the_section_is_refused_and_one_with_a_name_told(
    tmp_path: Path, version: int
) -> None:
    _, triangles, edges = quarter()
    boundary = {tuple(sorted(map(int, ends))) for curve in edges.values() for ends in curve}
    inside = next([a, b] for t in triangles for a, b in zip(sorted(t), sorted(t)[1:], strict=False)
                  if (int(a), int(b)) not in boundary)
    curve = np.array([inside])
    with pytest.raises(MeshError, match=r"section\.msh: group 4 has no name, and 1 of its 1 edges are not on the "
                                        r"boundary; allowed: groups named surface, inner, x0, y0, or none; in Gmsh: "):
        read_section(written(tmp_path, version, {(1, 4): 4, (1, 2): 2}, {}, curve))
    section = read_section(written(tmp_path, version, {(1, 4): 4}, {(1, 4): "interface"}, curve))
    assert section.notes == ("mesh file: 'interface' is not used; names that are: surface, inner, x0, y0",)


def test_several_groups_of_triangles_are_one_material_and_that_is_said(tmp_path: Path) -> None:
    points, triangles, _ = quarter()
    path = write_gmsh4(tmp_path / "a.msh", points, [(2, 1, triangles[:9]), (2, 2, triangles[9:])],
                       {(2, 1): 1, (2, 2): 2}, {(2, 1): "core", (2, 2): "shell"})
    section = read_section(path)
    assert section.mesh.nelements == len(triangles)
    assert section.notes == ("mesh file: its 2 groups of triangles are one material here; all of it reacts",)


def test_the_array_of_a_vtu_is_read_by_its_numbers(tmp_path: Path) -> None:
    write_section(make_section("circle", 10.0, 0.0, 2.0, "quarter"), tmp_path / "a.vtu")
    raw = meshio.read(tmp_path / "a.vtu")
    raw.cell_data["boundary"] = [np.where(marks == 3, 1, np.where(marks == 1, 3, marks))
                                 for marks in raw.cell_data["boundary"]]
    raw.write(tmp_path / "b.vtu")
    with pytest.raises(MeshError, match=r"group 'surface' has 6 edges, 0 of .*'boundary' is read as 1 surface, 2"):
        read_section(tmp_path / "b.vtu")
    # an array of that name that holds something else says nothing
    raw.cell_data["boundary"] = [np.ones((len(block.data), 3)) for block in raw.cells]
    raw.write(tmp_path / "c.vtu")
    assert read_section(tmp_path / "c.vtu").sector == "quarter"
