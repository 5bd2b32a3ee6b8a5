"""Meshes of cross-sections, or of a sector of one: generated, read from a file, or written to one."""

from __future__ import annotations

import contextlib
import io
from pathlib import Path

import meshio
import numpy as np
import skfem
from scipy.sparse import coo_array
from scipy.sparse.csgraph import connected_components

from femanode.errors import MeshError
from femanode.mesh.outline import SPANS, Annulus
from femanode.mesh.rings import triangulate_rings
from femanode.mesh.section import ON_LINE, Section, build_section, edge_lengths, signed_areas
from femanode.numerics.arrays import Array, IntArray

__all__ = ["TAGS", "Section", "make_section", "read_section", "write_section"]

TAGS = ("surface", "inner", "x0", "y0")
_MAX_ELEMENTS = 4_000_000
_IGNORED_CELLS = ("vertex", "line", "line3")


def make_section(shape: str, radius: float, inner_radius: float, element_size: float, sector: str,
                 ) -> Section:
    """Mesh a circle or an annulus with concentric rings of triangles.

    Quarter, half and full sections of the same sizes are parts of one mesh, see :mod:`femanode.mesh.rings`.

    Parameters
    ----------
    shape : str
        ``'circle'`` or ``'annulus'``.
    radius, inner_radius : float
        nm; `inner_radius` is 0 for a circle.
    element_size : float
        Wanted edge length, nm.
    sector : str
        ``'quarter'``, ``'half'`` or ``'full'``.

    Raises
    ------
    MeshError
        The sizes make no section, or the elements are too coarse or too many.
    """
    if sector not in SPANS:
        raise MeshError(f"sector '{sector}'", where="geometry.sector", allowed=", ".join(SPANS))
    if shape not in ("circle", "annulus"):
        raise MeshError(f"shape '{shape}'", where="geometry.shape", allowed="circle, annulus")
    if not (np.isfinite(radius) and radius > 0.0):
        raise MeshError(f"radius {radius:g} nm", where="geometry.diameter", allowed="above 0 nm")
    if inner_radius != 0.0 if shape == "circle" else not 0.0 < inner_radius < radius:
        allowed = "0 nm for a circle" if shape == "circle" else f"between 0 and {radius:g} nm"
        raise MeshError(f"inner radius {inner_radius:g} nm", where="geometry.inner_diameter", allowed=allowed)
    require_size(element_size, radius, inner_radius, sector)
    points, triangles = triangulate_rings(radius, inner_radius, element_size, sector)
    return build_section(points, triangles, sector, Annulus(radius, inner_radius), element_size, "generated mesh")


def require_size(element_size: float, radius: float, inner_radius: float, sector: str) -> None:
    """Check that an element size (nm) gives neither too many elements nor fewer than two rows.

    Raises
    ------
    MeshError
        The size is out of this range.
    """
    largest = 0.5 * (radius - inner_radius)
    finest = np.sqrt(SPANS[sector] * (radius**2 - inner_radius**2) / (_MAX_ELEMENTS * np.sqrt(0.75)))
    if not finest <= element_size <= largest:
        allowed = f"{finest:.3g} nm ({_MAX_ELEMENTS} elements) to {largest:.3g} nm (two rows of elements)"
        raise MeshError(f"element size {element_size:g} nm", where="mesh.element_size", allowed=allowed,
                        hint=f"the section is {2 * radius:g} nm wide")


def read_section(
    path: str | Path, element_size: float | None = None, diameter: float | None = None
) -> Section:
    """Read a section of triangles from any file meshio reads, and curve its edges on the circles.

    Coordinates are taken as nm, with the wire's axis at the origin. A mesh in x, y >= 0 is a quarter, one in
    y >= 0 a half. Boundaries are found from where the edges lie; groups named surface, inner, x0, y0 in the file
    must agree with them. Clockwise triangles are turned. Of quadratic triangles only the corners are used.

    Parameters
    ----------
    path : path
        ``.msh``, ``.vtu``, ...
    element_size : float, optional
        Kept as the requested size, nm; it does not change the mesh.
    diameter : float, optional
        Diameter that the mesh must have, nm.

    Raises
    ------
    MeshError
        The file cannot be read, its diameter is another, or its mesh is no section of a circle or annulus about
        the origin.
    """
    where = str(path)
    raw = _read_file(Path(path))
    points, triangles, numbers = _plane_triangles(raw, where)
    edges = _free_edges(points, triangles, where)
    r = np.hypot(*points)
    radius = _rounded(float(np.median(r[r > (1.0 - ON_LINE) * r.max()])))
    if diameter is not None and abs(2.0 * radius / diameter - 1.0) > 1e-3:
        hint = "coordinates are taken as nm; scale the mesh or change geometry.diameter"
        raise MeshError(
            f"a diameter of {2 * radius:g} nm", where=where, allowed=f"{diameter:g} nm", hint=hint
        )
    lower = points.min(axis=1) > -ON_LINE * radius
    sector = ("quarter" if lower[0] else "half") if lower[1] else "full"
    inner_radius = _inner_radius(points, edges, radius)
    for i in {"quarter": (0, 1), "half": (1,), "full": ()}[sector]:
        points[i, np.abs(points[i]) < ON_LINE * radius] = 0.0
    r = np.hypot(*points)
    for circle in (radius, inner_radius):
        # nodes written with few digits are moved back onto their circle; exact ones are not touched
        near = (np.abs(r - circle) < ON_LINE * radius) & (np.abs(r - circle) > 1e-12 * radius) & (r > 0.0)
        points[:, near] *= circle / r[near]
    size = element_size or float(edge_lengths(points, triangles).mean())
    section = build_section(points, triangles, sector, Annulus(radius, inner_radius), size, where)
    _check_tags(section.mesh, raw, numbers, where)
    return section


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
        raise MeshError(f"cannot write: {error.strerror}", where=str(path)) from None


def _read_file(path: Path) -> meshio.Mesh:
    """meshio.read, with what it prints and its SystemExit turned into a MeshError."""
    if not path.is_file():
        raise MeshError("no such file", where=str(path), allowed="a mesh file, e.g. .msh or .vtu")
    said = io.StringIO()
    try:
        with contextlib.redirect_stdout(said), contextlib.redirect_stderr(said):
            return meshio.read(path)
    # on a damaged file the readers raise any kind of exception
    except (Exception, SystemExit) as error:
        reason = " ".join(said.getvalue().split()) or f"{type(error).__name__}: {error}"
        raise MeshError(f"cannot be read as a mesh ({reason})", where=str(path)) from None


def _plane_triangles(raw: meshio.Mesh, where: str) -> tuple[Array, IntArray, IntArray]:
    """Corner points (2, n), counter-clockwise triangles (3, m), and the file's number of each point."""
    kinds = {block.type for block in raw.cells} - set(_IGNORED_CELLS)
    if len(kinds) != 1 or not kinds <= {"triangle", "triangle6"}:
        found = f"cells of type {', '.join(sorted(kinds)) or 'none'}"
        raise MeshError(found, where=where, allowed="either triangle or triangle6, besides lines and points")
    cells = np.vstack([block.data for block in raw.cells if block.type in kinds]).astype(np.intp)
    points = np.asarray(raw.points, dtype=float)
    if not np.isfinite(points).all():
        raise MeshError(f"node {np.argmin(np.isfinite(points).all(axis=1))} is not finite", where=where)
    extent = np.ptp(points, axis=0).max()
    if points.shape[1] == 3 and np.abs(points[:, 2]).max() > ON_LINE * extent:
        raise MeshError("nodes off the plane z = 0", where=where, allowed="a plane mesh in x and y")
    loose = np.setdiff1d(np.arange(len(points)), cells)
    if loose.size:
        x, y = points[loose[0], :2]
        found = f"{loose.size} unconnected nodes, the first is node {loose[0]} at ({x:.6g}, {y:.6g})"
        raise MeshError(found, where=where, hint="save only the triangles and the lines on their boundary")
    numbers, corners = np.unique(cells[:, :3], return_inverse=True)
    plane, triangles = points[numbers, :2].T.copy(), corners.reshape(-1, 3).T.copy()
    area = signed_areas(plane, triangles)
    flat = np.abs(area) <= 1e-9 * edge_lengths(plane, triangles).max(axis=0) ** 2
    if flat.any():
        x, y = plane[:, triangles[:, flat.argmax()]].mean(axis=1)
        raise MeshError(f"element {flat.argmax()} at ({x:.6g}, {y:.6g}) has no area", where=where)
    triangles[1:, area < 0.0] = triangles[:0:-1, area < 0.0]
    return plane, triangles, numbers


def _free_edges(points: Array, triangles: IntArray, where: str) -> IntArray:
    """Boundary edges (2, b) of one connected piece in which no edge has more than two triangles."""
    edges = np.sort(np.hstack([triangles[[0, 1]], triangles[[1, 2]], triangles[[2, 0]]]), axis=0)
    unique, count = np.unique(edges, axis=1, return_counts=True)
    if count.max() > 2:
        x, y = points[:, unique[:, count.argmax()]].mean(axis=1)
        raise MeshError(
            f"{count.max()} triangles share the edge at ({x:.6g}, {y:.6g})", where=where, allowed="2"
        )
    graph = coo_array((np.ones(unique.shape[1]), tuple(unique)), shape=(points.shape[1],) * 2)
    pieces, _ = connected_components(graph, directed=False)
    if pieces > 1:
        hint = "merge duplicate nodes"
        raise MeshError(f"{pieces} pieces that share no node", where=where, allowed="one piece", hint=hint)
    free: IntArray = unique[:, count == 1]
    return free


def _inner_radius(points: Array, edges: IntArray, radius: float) -> float:
    """Radius of the hole, nm; 0 without one.

    There is a hole if boundary edges join innermost nodes. Edges of a symmetry line through the origin do not count.
    """
    r = np.hypot(*points)
    innermost = (r[edges] < r.min() + ON_LINE * radius).all(axis=0)
    middle = np.hypot(*points[:, edges].mean(axis=1))
    return _rounded(r.min()) if np.any(innermost & (middle > 0.4 * r.min())) else 0.0


def _check_tags(mesh: skfem.MeshTri2, raw: meshio.Mesh, numbers: IntArray, where: str) -> None:
    """Raise MeshError if physical groups contradict the boundaries found from the geometry."""
    data = raw.cell_data.get("gmsh:physical", raw.cell_data.get("boundary", []))
    names = {int(value[0]): name for name, value in raw.field_data.items() if int(value[1]) == 1}
    names = names or dict(enumerate(TAGS, start=1))
    place = np.full(len(raw.points), -1)
    place[numbers] = np.arange(numbers.size)
    tagged: dict[str, set[tuple[int, ...]]] = {}
    for block, marks in zip(raw.cells, data, strict=False):
        if block.type in ("line", "line3"):
            for ends, mark in zip(np.sort(place[block.data[:, :2]], axis=1).tolist(), marks, strict=True):
                tagged.setdefault(names.get(int(mark), ""), set()).add(tuple(ends))
    for name in TAGS:
        there = set(map(tuple, mesh.facets[:, mesh.boundaries.get(name, [])].T.tolist()))
        if name in tagged and tagged[name] != there:
            count, right = len(tagged[name]), len(tagged[name] & there)
            found = f"group '{name}' has {count} edges, {right} of them on its boundary"
            allowed = f"all {len(there)} edges of that boundary, or no such group"
            raise MeshError(found, where=where, allowed=allowed)


def _rounded(value: float) -> float:
    """Rounded to 12 digits, so that 64.49999999999999 becomes 64.5."""
    return float(f"{value:.12g}")
