"""Meshes of sections from files of other programs, and files for them."""

from __future__ import annotations

import contextlib
import io
import tempfile
import warnings
from dataclasses import replace
from pathlib import Path

import meshio
import numpy as np
from scipy.sparse import coo_array
from scipy.sparse.csgraph import connected_components

from femanode.errors import MeshError
from femanode.mesh.boundary import circles_of, outline_of, rounded
from femanode.mesh.groups import TAGS, check_groups, read_partly_grouped
from femanode.mesh.patience import within_reason
from femanode.mesh.section import ON_LINE, Section, build_section, edge_lengths, signed_areas
from femanode.numerics.arrays import Array, IntArray

__all__ = ["TAGS", "UNITS", "read_section", "write_section"]

#: Units of a file's coordinates, in nm.
UNITS = {"nm": 1.0, "um": 1e3, "mm": 1e6, "m": 1e9, "angstrom": 0.1}
#: Diameters of wires, nm. Below there are no grains of matter, above no wire that reacts while one waits for it.
NARROWEST, WIDEST = 1.0, 1e5
#: Below this, nm, a file's unit is asked about where it is not confirmed by a diameter: a wire of some um, in um.
THIN = 5.0
#: Characters of what a library says of a damaged file, which may be a line for each line.
LONGEST = 300
_IGNORED_CELLS = ("vertex", "line", "line3")


def read_section(path: str | Path, element_size: float | None = None, diameter: float | None = None, unit: str = "nm",
                 reacting: str = "outer") -> Section:
    """Read a section of triangles from any file meshio reads; edges on circles about the axis are curved.

    The wire's axis is the origin. A mesh in x, y >= 0 is a quarter, one in y >= 0 a half. Boundaries are found from
    where the edges lie; groups named surface, inner, x0, y0 in the file must agree with them. Clockwise triangles are
    turned. Of quadratic triangles only the corners are used. Nodes that no triangle has are left out. An outline
    that is no circle about the axis is taken as it is, straight from node to node.

    Parameters
    ----------
    path : path
        ``.msh``, ``.vtu``, ...
    element_size : float, optional
        Kept as the requested size, nm; it does not change the mesh.
    diameter : float, optional
        Diameter that the mesh must have, nm.
    unit : str
        Unit of the coordinates, one of `UNITS`.
    reacting : str
        Side that reacts: ``'outer'``, or with a hole ``'inner'`` or ``'both'``.

    Raises
    ------
    MeshError
        The file cannot be read, its diameter (twice the largest distance from the axis) is another or no wire's, or its
        mesh is no section about the origin.
    """
    where = str(path)
    raw = _read_file(Path(path))
    cells = _triangles_of(raw, where)
    numbers, corners = np.unique(cells[:, :3], return_inverse=True)
    triangles = corners.reshape(-1, 3).T.copy()
    points = UNITS[unit] * _in_plane(raw, numbers, where)
    tolerance = _tolerance(points)
    r = np.hypot(*points)  # distance from the axis, to find circles
    radius = rounded(float(np.median(r[r > r.max() - 2.0 * tolerance])))
    _require_wire(2.0 * radius, diameter, unit, where)
    _require_apart(points, numbers, radius, where)
    _turn(points, triangles, where)
    edges = _free_edges(points, triangles, where)
    lower = points.min(axis=1) > -tolerance
    sector = ("quarter" if lower[0] else "half") if lower[1] else "full"
    circles, curved = circles_of(points, edges, sector, radius, tolerance)
    moved = _move_onto(points, sector, circles, tolerance)
    outline = outline_of(points, curved, sector, circles, reacting, where)
    size = element_size or float(edge_lengths(points, triangles).mean())
    section = build_section(points, triangles, sector, outline, size, where)
    place = np.full(len(raw.points), -1)
    place[numbers] = np.arange(numbers.size)
    notes = check_groups(section.mesh, raw, place, where)
    if diameter is None and 2.0 * radius < THIN:
        notes.append(f"mesh file: the wire is {2.0 * radius:.4g} nm wide with its coordinates taken as {unit}; "
                     "geometry.diameter confirms it, geometry.unit corrects it: is it meant?")
    notes += _notes_on(moved, radius, len(place) - np.unique(cells).size)
    if not circles:
        notes.append(f"mesh file: no circle about the axis; {outline}, taken as it is, straight from node to node")
    return replace(section, notes=tuple(notes))


def write_section(section: Section, path: str | Path) -> None:
    """Write quadratic triangles and tagged boundary edges for other programs, through meshio.

    ``.msh`` (Gmsh 2.2) carries physical groups by name, ``.vtu`` the cell array ``boundary`` (0 for
    triangles, then the position in `TAGS` from 1). `read_section` reads both back.

    Raises
    ------
    MeshError
        The suffix is another, the file cannot be written, or the section has inert cells or a partly reacting
        surface, for which these files have no group yet.
    """
    path, mesh = Path(path), section.mesh
    if section.region.any() or set(mesh.boundaries) - set(TAGS):
        raise MeshError("inert cells or a partly reacting surface", where=str(path), allowed="one region, all reacting")
    if path.suffix not in (".msh", ".vtu"):
        raise MeshError(f"suffix '{path.suffix}'", where=str(path), allowed=".msh, .vtu")
    cells = [("triangle6", mesh.dofs.element_dofs.T)]
    marks = [np.zeros(mesh.nelements, dtype=np.int32)]
    for name, facets in mesh.boundaries.items():
        cells.append(("line3", np.vstack([mesh.facets[:, facets], mesh.dofs.facet_dofs[:, facets]]).T))
        marks.append(np.full(facets.size, TAGS.index(name) + 1, dtype=np.int32))
    out = meshio.Mesh(np.pad(mesh.doflocs.T, ((0, 0), (0, 1))), cells)
    try:
        if path.suffix == ".vtu":
            out.cell_data = {"boundary": marks}
            meshio.write(path, out)
        else:
            groups = [np.where(mark == 0, len(TAGS) + 1, mark) for mark in marks]
            out.cell_data = {"gmsh:physical": groups, "gmsh:geometrical": groups}
            out.field_data = {
                name: np.array([i + 1, 1]) for i, name in enumerate(TAGS) if name in mesh.boundaries
            }
            out.field_data["section"] = np.array([len(TAGS) + 1, 2])
            meshio.write(path, out, file_format="gmsh22")
    except OSError as error:
        raise MeshError(f"cannot write: {error.strerror}", where=str(path),
                        hint="choose another file with -o") from None


def _read_file(path: Path) -> meshio.Mesh:
    """meshio.read, with what it prints and its SystemExit turned into a MeshError."""
    if not path.is_file():
        raise MeshError("no such file", where=str(path), allowed="a mesh file, e.g. .msh or .vtu")
    if not path.stat().st_size:
        raise MeshError("an empty file", where=str(path), allowed="a mesh file, e.g. .msh or .vtu")
    said = io.StringIO()
    try:
        with warnings.catch_warnings(), contextlib.redirect_stdout(said), contextlib.redirect_stderr(said):
            warnings.simplefilter("ignore")
            try:
                return within_reason(meshio.read, path)
            except ValueError as error:
                if "gmsh:physical" not in str(error):
                    raise
                with tempfile.TemporaryDirectory() as scratch:
                    return within_reason(read_partly_grouped, path, Path(scratch))
    # on a damaged file the readers raise any kind of exception
    except (Exception, SystemExit) as error:
        reason = " ".join(said.getvalue().split()) or f"{type(error).__name__}: {error}".strip(": ")
        short = reason if len(reason) <= LONGEST else f"{reason[:LONGEST]}..."
        raise MeshError(f"cannot be read as a mesh ({short})", where=str(path),
                        hint="it may be cut short, or no mesh: open it in Gmsh and save it anew") from None


def _triangles_of(raw: meshio.Mesh, where: str) -> IntArray:
    """Triangles of a file, (m, 3 or 6), with the file's numbers of their nodes."""
    kinds = {block.type for block in raw.cells if len(block.data)} - set(_IGNORED_CELLS)
    if len(kinds) != 1 or not kinds <= {"triangle", "triangle6"}:
        hint = ("in Gmsh: mesh in 2-D, and a Physical Surface, or Mesh.SaveAll = 1" if not kinds else
                "in Gmsh: Mesh.RecombineAll = 0" if kinds & {"quad", "quad8", "quad9"} else "")
        raise MeshError(f"cells of type {', '.join(sorted(kinds)) or 'none'}", where=where,
                        allowed="either triangle or triangle6, besides lines and points", hint=hint)
    cells: IntArray = np.vstack([block.data for block in raw.cells if block.type in kinds]).astype(np.intp)
    if cells.min() < 0 or cells.max() >= len(raw.points):
        raise MeshError(f"triangles with nodes that are not there, of {len(raw.points)}", where=where,
                        hint="the file is damaged or cut short")
    return cells


def _in_plane(raw: meshio.Mesh, numbers: IntArray, where: str) -> Array:
    """Coordinates x and y, (2, n), of the nodes with the given numbers; in the file's unit."""
    points = np.asarray(raw.points, dtype=float)[numbers]
    if not np.isfinite(points).all():
        node = numbers[np.argmin(np.isfinite(points).all(axis=1))]
        raise MeshError(f"node {node} is not finite", where=where)
    if points.shape[1] not in (2, 3) or np.any(np.abs(points[:, 2:]) > ON_LINE * np.ptp(points, axis=0).max()):
        raise MeshError("nodes off the plane z = 0", where=where, allowed="a plane mesh in x and y")
    plane: Array = points[:, :2].T.copy()
    return plane


def _tolerance(points: Array) -> float:
    """Distance within which a node is on a curve, nm: `ON_LINE` radii, or more where coordinates have few digits."""
    exact, largest = ON_LINE * float(np.hypot(*points).max()), float(np.abs(points).max())  # the section's size
    for places in (2, 3, 4):
        step = 10.0 ** (np.floor(np.log10(largest)) - places) if largest > 0.0 else 0.0
        scaled = points / step if step > 0.0 else np.full(1, 0.5)
        # single precision keeps seven digits
        if np.abs(scaled - np.rint(scaled)).max() < min(0.05, 1e-7 * largest / step):
            return max(exact, 0.75 * step)
    return exact


def _require_wire(found: float, diameter: float | None, unit: str, where: str) -> None:
    """Raise MeshError if a diameter (nm) is not the one asked for, or no wire's; say which unit would do."""
    def fits(width: float) -> bool:
        if diameter is not None:
            return abs(width / diameter - 1.0) <= 1e-3
        return NARROWEST <= width <= WIDEST

    if fits(found):
        return
    others = {name: found / UNITS[unit] * scale for name, scale in UNITS.items() if name != unit}
    right = [f"{name} gives {_length(width)}" for name, width in others.items() if fits(width)]
    scale = f"coordinates are taken as {unit}"
    hint = (f"{scale}; geometry.unit: {', '.join(right)}" if right else
            f"{scale}; scale the mesh or change geometry.diameter" if diameter is not None else
            f"{scale}, and no other unit gives a wire")
    allowed = f"{NARROWEST:g} nm to {WIDEST / 1e3:g} um" if diameter is None else f"{diameter:g} nm"
    raise MeshError(f"a diameter of {found:g} nm", where=where, allowed=allowed, hint=hint)


def _length(width: float) -> str:
    """A length in nm, in um from 1 um on."""
    return f"{width:.4g} nm" if width < 1e3 else f"{1e-3 * width:.4g} um"


def _require_apart(points: Array, numbers: IntArray, radius: float, where: str) -> None:
    """Raise MeshError if nodes lie on one another."""
    cell = np.round(points / (1e-7 * radius))
    _, first, which, count = np.unique(cell, axis=1, return_index=True, return_inverse=True, return_counts=True)
    if count.max() > 1:
        twice = int(count.argmax())
        a, b = np.flatnonzero(which.ravel() == twice)[:2]
        x, y = points[:, a]
        found = f"{_count(len(numbers) - len(first), 'node')} on another, such as {numbers[a]} on {numbers[b]}"
        raise MeshError(f"{found} at ({x:.6g}, {y:.6g})", where=where, allowed="one node at a place",
                        hint="merge duplicate nodes; in Gmsh: Coherence Mesh")


def _turn(points: Array, triangles: IntArray, where: str) -> None:
    """Turn clockwise triangles (3, m) in place; MeshError if one has no area."""
    area = signed_areas(points, triangles)
    flat = np.abs(area) <= 1e-9 * edge_lengths(points, triangles).max(axis=0) ** 2
    if flat.any():
        x, y = points[:, triangles[:, flat.argmax()]].mean(axis=1)
        raise MeshError(f"element {flat.argmax()} at ({x:.6g}, {y:.6g}) has no area", where=where)
    triangles[1:, area < 0.0] = triangles[:0:-1, area < 0.0]


def _free_edges(points: Array, triangles: IntArray, where: str) -> IntArray:
    """Boundary edges (2, b) of one connected piece in which no edge has more than two triangles, and none overlap."""
    directed = np.hstack([triangles[[0, 1]], triangles[[1, 2]], triangles[[2, 0]]])
    unique, count = np.unique(np.sort(directed, axis=0), axis=1, return_counts=True)
    if count.max() > 2:
        x, y = points[:, unique[:, count.argmax()]].mean(axis=1)
        raise MeshError(
            f"{count.max()} triangles share the edge at ({x:.6g}, {y:.6g})", where=where, allowed="2"
        )
    # of two counter-clockwise neighbours one runs along their edge forwards, the other backwards
    one_way, twice = np.unique(directed, axis=1, return_counts=True)
    if twice.max() > 1:
        x, y = points[:, one_way[:, twice.argmax()]].mean(axis=1)
        raise MeshError(f"two triangles overlap at the edge at ({x:.6g}, {y:.6g})", where=where,
                        allowed="neighbours on either side of their edge", hint="a node has been moved too far")
    graph = coo_array((np.ones(unique.shape[1]), tuple(unique)), shape=(points.shape[1],) * 2)
    pieces, _ = connected_components(graph, directed=False)
    if pieces > 1:
        raise MeshError(f"{pieces} pieces that share no node", where=where, allowed="one piece")
    # as they run in their triangle, with the material on their left
    n = points.shape[1]
    once = np.isin(directed.min(axis=0) * n + directed.max(axis=0), (unique[0] * n + unique[1])[count == 1])
    free: IntArray = directed[:, once]
    return free


def _move_onto(points: Array, sector: str, circles: tuple[float, ...], tolerance: float) -> float:
    """Move nodes within ``tolerance`` (nm) onto symmetry lines and circles, in place; returns the longest way, nm."""
    before = points.copy()
    for i in {"quarter": (0, 1), "half": (1,), "full": ()}[sector]:
        points[i, np.abs(points[i]) < tolerance] = 0.0
    r = np.hypot(*points)  # distance from the axis
    for circle in circles:
        # nodes written with few digits are moved back onto their circle; exact ones are not touched
        near = (np.abs(r - circle) < tolerance) & (np.abs(r - circle) > 1e-12 * circles[0]) & (r > 0.0)
        points[:, near] *= circle / r[near]
    return float(np.hypot(*(points - before)).max())  # lengths of ways


def _notes_on(moved: float, radius: float, loose: int) -> list[str]:
    """Sentences on nodes that were moved by so much, nm, and on so many that were left out."""
    notes = []
    if moved > ON_LINE * radius:
        notes.append(f"mesh file: its coordinates have few digits; nodes are moved by up to {moved:.1g} nm onto the "
                     "circles and symmetry lines")
    if loose:
        notes.append(f"mesh file: {_count(loose, 'node')} in no triangle left out, such as centres of arcs")
    return notes


def _count(n: int, what: str) -> str:
    """``1 node``, ``2 nodes``."""
    return f"{n} {what}" if n == 1 else f"{n} {what}s"
