"""Mesh files as other programs write them, for tests: Gmsh's format 4.1 with entities, and spoiled sections."""

from __future__ import annotations

from pathlib import Path

import meshio
import numpy as np

from femanode.mesh.build import make_section

#: Curves of a quarter by their tag: where their edges lie.
CURVES = {1: "y0", 2: "surface", 3: "x0"}


def quarter(radius: float = 10.0, elements: int = 4) -> tuple[np.ndarray, np.ndarray, dict[str, np.ndarray]]:
    """Straight quarter disc: points (p, 3) and triangles (t, 3), and the edges (e, 2) of each curve by its name."""
    mesh = make_section("circle", radius, 0.0, radius / elements, "quarter").mesh
    corners = mesh.doflocs[:, : mesh.nvertices]
    edges = {name: mesh.facets[:, facets].T.copy() for name, facets in mesh.boundaries.items()}
    return np.vstack([corners, np.zeros(corners.shape[1])]).T.copy(), mesh.t.T.copy(), edges


def disc(n: int = 4) -> tuple[np.ndarray, np.ndarray]:
    """Points and triangles of :func:`quarter` with radius 10, to be spoiled by a test."""
    return quarter(10.0, n)[:2]


def saved(path: Path, points: np.ndarray, cells: np.ndarray, kind: str = "triangle") -> Path:
    """Write a mesh file of one kind of cell."""
    meshio.Mesh(points, [(kind, cells)]).write(path / "section.vtu")
    return path / "section.vtu"


def write_gmsh4(path: Path, points: np.ndarray, blocks: list[tuple[int, int, np.ndarray]],
                groups: dict[tuple[int, int], int], names: dict[tuple[int, int], str]) -> Path:
    """Write ASCII of format 4.1 as Gmsh does: blocks of (dimension, entity, cells), a table of entities with groups.

    ``groups`` gives the group of an entity (dimension, tag); one that is not there has none.
    """
    lines = ["$MeshFormat", "4.1 0 8", "$EndMeshFormat"]
    if names:
        lines += ["$PhysicalNames", str(len(names)), *(f'{d} {n} "{name}"' for (d, n), name in names.items()),
                  "$EndPhysicalNames"]
    curves, faces = ([tag for d, tag, _ in blocks if d == dim] for dim in (1, 2))
    lines += ["$Entities", f"0 {len(curves)} {len(faces)} 0"]
    for dim, tags in ((1, curves), (2, faces)):
        for tag in tags:
            group = groups.get((dim, tag))
            lines.append(f"{tag} 0 0 0 1 1 0 " + (f"1 {group} " if group else "0 ") + "0")
    lines += ["$EndEntities", "$Nodes", f"1 {len(points)} 1 {len(points)}", f"2 1 0 {len(points)}"]
    lines += [*map(str, range(1, len(points) + 1)), *(" ".join(map(repr, map(float, p))) for p in points), "$EndNodes"]
    count = sum(len(cells) for _, _, cells in blocks)
    lines += ["$Elements", f"{len(blocks)} {count} 1 {count}"]
    number = 1
    for dim, tag, cells in blocks:
        lines.append(f"{dim} {tag} {dim} {len(cells)}")
        for cell in cells:
            lines.append(" ".join(map(str, [number, *(cell + 1)])))
            number += 1
    path.write_text("\n".join([*lines, "$EndElements", ""]))
    return path
