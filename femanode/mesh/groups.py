"""Physical groups of a mesh file: they name boundaries that the geometry shows anyway, and must agree with it."""

from __future__ import annotations

from pathlib import Path

import meshio
import numpy as np
import skfem
from meshio.gmsh import _gmsh41

from femanode.errors import MeshError, one_line
from femanode.numerics.arrays import IntArray

TAGS = ("surface", "inner", "x0", "y0")
#: What the curve of each name is, for messages.
_CURVES = {"surface": "the outer circle", "inner": "the inner circle", "x0": "the line x = 0", "y0": "the line y = 0"}
_GMSH, _OWN = "gmsh:physical", "boundary"
Edges = set[tuple[int, ...]]


def check_groups(mesh: skfem.MeshTri2, raw: meshio.Mesh, place: IntArray, where: str) -> list[str]:
    """Compare the groups of lines in a file with the boundaries found from the geometry.

    A group named as in `TAGS` must have exactly the edges of that boundary. One without a name may have any edges
    of the boundary, and says nothing. One with another name is not used.

    Parameters
    ----------
    mesh : skfem.MeshTri2
        The section's mesh, with its boundaries named.
    raw : meshio.Mesh
        What the file holds.
    place : ndarray of int, shape (n,)
        Number in `mesh` of each node of the file; -1 for one that no triangle has.
    where : str
        Names the file in errors.

    Returns
    -------
    list of str
        Sentences on groups that are not used.

    Raises
    ------
    MeshError
        A named group has other edges than its boundary, or one without a name has edges inside the section.
    """
    key = next((key for key in (_GMSH, _OWN) if key in raw.cell_data), None)
    if key is None:
        return []
    names, groups = _names(raw, key), _edges_by_number(raw, key, place)
    named: dict[str, Edges] = {}
    for number, edges in groups.items():
        if names.get(number) in TAGS:
            named.setdefault(names[number], set()).update(edges)
    facets = {name: _edges_of(mesh, mesh.boundaries.get(name, np.zeros(0, dtype=int))) for name in TAGS}
    for name in (tag for tag in TAGS if tag in named):
        _require_whole(name, named[name], facets[name], key, where)
    unnamed = sorted(set(groups) - set(names))
    boundary = _edges_of(mesh, mesh.boundary_facets())
    for number in unnamed:
        if key == _GMSH and (inside := groups[number] - boundary):
            found = f"{len(inside)} of its {len(groups[number])} edges are not on the boundary"
            raise MeshError(f"group {number} has no name, and {found}", where=where,
                            allowed=f"groups named {', '.join(TAGS)}, or none",
                            hint='in Gmsh: Physical Curve("surface") = {every arc of the outer circle}, and so on; '
                                 "no group for curves inside")
    return _notes_on(raw, key, names, groups, unnamed)


def _require_whole(name: str, edges: Edges, there: Edges, key: str, where: str) -> None:
    """Raise MeshError unless a named group has exactly the edges of its boundary."""
    if edges == there:
        return
    found = f"group '{name}' has {len(edges)} edges, {len(edges & there)} of them on its boundary"
    hint = (f'in Gmsh: Physical Curve("{name}") = {{every curve on {_CURVES[name]}}}' if key == _GMSH else
            f"the cell array '{_OWN}' is read as " + ", ".join(f"{i} {tag}" for i, tag in enumerate(TAGS, start=1)))
    allowed = f"all {len(there)} edges of {_CURVES[name]}, or no such group"
    raise MeshError(found, where=where, allowed=allowed, hint=hint)


def _notes_on(raw: meshio.Mesh, key: str, names: dict[int, str], groups: dict[int, Edges], unnamed: list[int],
              ) -> list[str]:
    """Sentences on the groups that are not used."""
    notes = []
    if unnamed:
        numbers = ", ".join(map(str, unnamed))
        notes.append(f"mesh file: the groups without a name ({numbers}) are not used; the boundaries are found from "
                     "where the edges lie")
    foreign = [names[number] for number in sorted(groups) if names.get(number, TAGS[0]) not in TAGS]
    if foreign:
        listed = ", ".join(f"'{name}'" for name in foreign)
        verb = "is" if len(foreign) == 1 else "are"
        notes.append(f"mesh file: {listed} {verb} not used; names that are: {', '.join(TAGS)}")
    regions = {int(mark) for block, marks in _marked(raw, key) if block.type.startswith("triangle") for mark in marks}
    if key == _GMSH and len(regions) > 1:
        notes.append(f"mesh file: its {len(regions)} groups of triangles are one material here; all of it reacts")
    return notes


def _names(raw: meshio.Mesh, key: str) -> dict[int, str]:
    """Names of the groups of lines by their number."""
    if key == _OWN:
        return dict(enumerate(TAGS, start=1))
    return {int(value[0]): one_line(str(name)) for name, value in raw.field_data.items()
            if len(value) > 1 and int(value[1]) == 1}


def _marked(raw: meshio.Mesh, key: str) -> list[tuple[meshio.CellBlock, IntArray]]:
    """Blocks of cells with the group of each cell; those whose array is no plain number are left out."""
    found = []
    for block, marks in zip(raw.cells, raw.cell_data[key], strict=False):
        marks = np.asarray(marks)
        if marks.ndim == 1 and marks.dtype.kind in "iuf" and len(marks) == len(block.data):
            found.append((block, np.nan_to_num(marks).astype(np.int64)))
    return found


def _edges_by_number(raw: meshio.Mesh, key: str, place: IntArray) -> dict[int, Edges]:
    """Edges of each group of lines, by its number; 0 stands for no group."""
    groups: dict[int, Edges] = {}
    for block, marks in _marked(raw, key):
        if block.type in ("line", "line3"):
            for ends, mark in zip(np.sort(place[block.data[:, :2]], axis=1).tolist(), marks.tolist(), strict=True):
                if mark:
                    groups.setdefault(mark, set()).add(tuple(ends))
    return groups


def _edges_of(mesh: skfem.MeshTri2, facets: IntArray) -> Edges:
    """Facets of the mesh as pairs of nodes, the lower number first."""
    return set(map(tuple, np.sort(mesh.facets[:, facets], axis=0).T.tolist()))


def read_partly_grouped(path: Path, scratch: Path) -> meshio.Mesh:
    """Read a file of Gmsh's format 4 in which only some curves or surfaces have a group, which meshio refuses.

    The mesh is read without the table of groups, from a copy in the folder ``scratch``; the table is read apart.

    Raises
    ------
    ValueError
        The file is none of these.
    """
    data = path.read_bytes()
    begin, end = data.find(b"$Entities"), data.find(b"$EndEntities")
    head = data[:64].split(b"\n")[1].split() if data.startswith(b"$MeshFormat") else []
    if not 0 < begin < end or len(head) != 3 or head[0] != b"4.1":
        raise ValueError("no table of entities")
    with open(path, "rb") as stream:
        stream.seek(data.index(b"\n", begin) + 1)
        groups, _ = _gmsh41._read_entities(stream, head[1] == b"0", int(head[2]))
    bare = scratch / "bare.msh"
    bare.write_bytes(data[:begin] + data[data.index(b"\n", end) + 1:])
    raw = meshio.read(bare)
    raw.cell_data[_GMSH] = [
        np.array([next(iter(groups[block.dim].get(int(tag), [])), 0) for tag in tags], dtype=np.int64)
        for block, tags in zip(raw.cells, raw.cell_data["gmsh:geometrical"], strict=True)]
    return raw
