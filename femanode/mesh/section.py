"""A meshed section: its mesh, outline, named boundaries, regions, quality and checks."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass, replace

import numpy as np
import skfem

from femanode.errors import MeshError
from femanode.mesh.outline import Outline
from femanode.numerics.arrays import Array, BoolArray, IntArray

ON_LINE = 1e-5  # largest distance of a node from its curve or symmetry line, in reference radii
#: Names of the regions by their number. Every triangle belongs to one; only the first reacts, swells, holds carriers.
REGIONS = ("reacting", "core", "coating")
REACTING, CORE, COATING = range(len(REGIONS))
_LARGEST_AREA_ERROR = 0.01
#: Largest distance of the middle of an edge from the curve that its ends are on, over its length: a sixth of a circle
#: has 0.13.
_CHORD = 0.2


@dataclass(frozen=True)
class Section:
    """A meshed sector of a wire's reference cross-section.

    Attributes
    ----------
    mesh : skfem.MeshTri2
        Quadratic triangles of positive area, nm: edges on the outline's curves are curved, all others straight.
        Named boundaries: ``surface`` (all of the outer one), ``inner`` (annulus), ``x0`` (x = 0; quarter), ``y0``
        (y = 0; quarter and half), the outline's interfaces between layers (curved too), and ``reacting`` if that is not
        the whole of ``surface``. Named subdomains are the
        triangles of the regions in `REGIONS`; triangles in none of them react.
    sector : str
        ``'quarter'`` (x, y >= 0), ``'half'`` (y >= 0) or ``'full'``.
    outline : Outline
        The curves that bound the whole section.
    element_size : float
        Requested edge length, nm; for a mesh from a file without a request, its mean. See `actual_size`.
    notes : tuple of str
        What of a mesh file was changed or not used, in sentences.
    """

    mesh: skfem.MeshTri2
    sector: str
    outline: Outline
    element_size: float
    notes: tuple[str, ...] = ()

    @property
    def radius(self) -> float:
        """Reference radius of the outline, nm."""
        return self.outline.reference_radius

    @property
    def exact_area(self) -> float:
        """Area of the true sector, nm^2."""
        return self.outline.area(self.sector)

    @property
    def region(self) -> IntArray:
        """Number of each triangle's region in `REGIONS`, (elem,)."""
        return region_of(self.mesh)

    def with_regions(self, region: IntArray) -> Section:
        """The section with the region of each triangle given by its number in `REGIONS`, (elem,)."""
        groups = {name: np.flatnonzero(region == number).astype(np.int32) for number, name in enumerate(REGIONS)}
        return replace(self, mesh=self.mesh.with_subdomains({k: v for k, v in groups.items() if v.size}))

    def with_reacting(self, facets: IntArray) -> Section:
        """The section with only the given facets of its mesh reacting: carriers enter nowhere else."""
        return replace(self, mesh=self.mesh.with_boundaries({"reacting": facets}))

    @property
    def area(self) -> float:
        """Area of the mesh, curved edges included, nm^2."""
        # exact: the three-point rule integrates the quadratic Jacobian
        where, weight = skfem.quadrature.get_quadrature(skfem.ElementTriP2, 2)
        return float((self.mesh.mapping().detDF(where) @ weight).sum())

    @property
    def actual_size(self) -> float:
        """Mean edge length, nm."""
        return float(edge_lengths(self.mesh.p, self.mesh.t).mean())

    def quality(self) -> dict[str, float]:
        """Return measures of the shape of the straight-sided triangles.

        Returns
        -------
        dict
            ``quality_min``, ``quality_mean`` of 2 (inradius)/(circumradius), 1 for an equilateral triangle;
            ``edge_min``, ``edge_max``, nm; ``area_error``, relative to the true sector.
        """
        a, b, c = edges = edge_lengths(self.mesh.p, self.mesh.t)
        area = signed_areas(self.mesh.p, self.mesh.t)
        # r = 2 A / (a + b + c), R = a b c / (4 A)
        shape = 16.0 * area**2 / ((a + b + c) * a * b * c)
        return {
            "quality_min": float(shape.min()),
            "quality_mean": float(shape.mean()),
            "edge_min": float(edges.min()),
            "edge_max": float(edges.max()),
            "area_error": abs(self.area / self.exact_area - 1.0),
        }

    def hash(self) -> str:
        """Return the SHA-256 of nodes and triangles, as hexadecimal."""
        digest = hashlib.sha256(np.ascontiguousarray(self.mesh.doflocs, dtype="<f8").tobytes())
        digest.update(np.ascontiguousarray(self.mesh.t, dtype="<i4").tobytes())
        return digest.hexdigest()


def region_of(mesh: skfem.MeshTri2) -> IntArray:
    """Number of each triangle's region in `REGIONS`, (elem,); a triangle in no subdomain of the mesh is `REACTING`."""
    region = np.full(mesh.nelements, REACTING, dtype=np.int64)
    for name, cells in (mesh.subdomains or {}).items():
        region[cells] = REGIONS.index(name)
    return region


def build_section(points: Array, triangles: IntArray, sector: str, outline: Outline, size: float, where: str,
                  ) -> Section:
    """Make a section of straight triangles: name the boundary, curve it, check it against the true sector.

    Parameters
    ----------
    points : ndarray, shape (2, n)
        nm, each used by a triangle.
    triangles : ndarray, shape (3, m)
        Counter-clockwise.
    sector, outline, size
        As in `Section`.
    where : str
        Names the mesh in errors.

    Raises
    ------
    MeshError
        The boundary is not that of the sector, an element folds, or the area is not the sector's.
    """
    # scikit-fem copies what is not contiguous too, but tells the user so.
    straight = skfem.MeshTri(np.ascontiguousarray(points), np.ascontiguousarray(triangles, dtype=np.int32),
                             sort_t=False)
    mesh = skfem.MeshTri2.from_mesh(straight)
    # from_mesh maps the nodes through the elements and loses their last digit
    mesh.doflocs[:, : points.shape[1]] = points
    mesh.doflocs[:, mesh.dofs.facet_dofs[0]] = 0.5 * (points[:, mesh.facets[0]] + points[:, mesh.facets[1]])
    boundary = mesh.boundary_facets()
    ends = points[:, mesh.facets[:, boundary]]
    tolerance = 2.0 * ON_LINE * outline.reference_radius
    on = {
        **{curve: outline.off(curve, ends) < tolerance for curve in outline.curves},
        "x0": (np.abs(ends[0]) < tolerance) & (sector == "quarter"),
        "y0": (np.abs(ends[1]) < tolerance) & (sector != "full"),
    }
    facets = {
        name: boundary[np.all(both, axis=0)] for name, both in on.items() if np.any(np.all(both, axis=0))
    }
    stray = np.setdiff1d(boundary, np.concatenate([boundary[:0], *facets.values()]))
    if stray.size:
        x, y = points[:, mesh.facets[:, stray]].mean(axis=1).T[0]
        raise MeshError(
            f"boundary edge at ({x:.6g}, {y:.6g}) is on no {outline}, no symmetry line",
            where=where,
            allowed="a section about (0, 0): all of it, y >= 0, or x >= 0 and y >= 0",
            hint=f"{stray.size} such edges: not on the outline, not centred, turned, a hole or a crack",
        )
    for curve in outline.curves:
        if curve in facets:
            nodes = mesh.dofs.facet_dofs[0, facets[curve]]
            mesh.doflocs[:, nodes] = outline.project(curve, mesh.doflocs[:, nodes])
    for curve in outline.interfaces:
        facets[curve] = np.flatnonzero(runs_along(outline, curve, points[:, mesh.facets], tolerance))
        nodes = mesh.dofs.facet_dofs[0, facets[curve]]
        mesh.doflocs[:, nodes] = outline.project(curve, mesh.doflocs[:, nodes])
    if outline.partial:
        middle = mesh.doflocs[:, mesh.dofs.facet_dofs[0]]
        facets["reacting"] = np.sort(np.concatenate([
            facets[curve][outline.reacts(curve, middle[:, facets[curve]])]
            for curve in (*outline.curves, *outline.interfaces)]))
    section = Section(mesh=mesh.with_boundaries(facets), sector=sector, outline=outline, element_size=size)
    _check_geometry(section, where)
    return section


def runs_along(outline: Outline, curve: str, ends: Array, tolerance: float) -> BoolArray:
    """Whether edges with the given ``ends`` (2, 2, n), one end after the other, lie along a curve, (n,).

    Both ends are on it, and the middle no farther from it than a chord's: an edge across a corner is none of the curve.
    """
    on = np.all(outline.off(curve, ends) < tolerance, axis=0)
    near = np.flatnonzero(on)
    length = np.sqrt(((ends[:, 0, near] - ends[:, 1, near]) ** 2).sum(axis=0))
    on[near] = outline.off(curve, ends[:, :, near].mean(axis=1)) < _CHORD * length
    return np.asarray(on)


def edge_lengths(points: Array, triangles: IntArray) -> Array:
    """Return the three edge lengths of each triangle, shape (3, m), of points (2, n) and triangles (3, m)."""
    lengths: Array = np.stack(
        [np.hypot(*(points[:, triangles[(i + 1) % 3]] - points[:, triangles[i]])) for i in range(3)]  # lengths of edges
    )
    return lengths


def signed_areas(points: Array, triangles: IntArray) -> Array:
    """Return the area of each straight triangle, negative if it runs clockwise, shape (m,)."""
    a, b, c = (points[:, corner] for corner in triangles[:3])
    area: Array = 0.5 * ((b[0] - a[0]) * (c[1] - a[1]) - (b[1] - a[1]) * (c[0] - a[0]))
    return area


def _check_geometry(section: Section, where: str) -> None:
    """Raise MeshError if a curved edge folds an element, or the mesh does not fill the sector."""
    mesh = section.mesh
    # the Jacobian is quadratic, so corners and edge midpoints see a fold
    at_nodes = mesh.mapping().detDF(skfem.ElementTriP2.doflocs.T).min(axis=1)
    worst = int(at_nodes.argmin())
    if not at_nodes[worst] > 0.0:
        x, y = mesh.p[:, mesh.t[:, worst]].mean(axis=1)
        hint = "use smaller elements on the outline"
        raise MeshError(
            f"element {worst} at ({x:.6g}, {y:.6g}) folds when its edge is curved", where=where, hint=hint
        )
    if abs(section.area / section.exact_area - 1.0) > _LARGEST_AREA_ERROR:
        found = f"a mesh area of {section.area:.6g} nm^2: holes, overlaps or too coarse"
        raise MeshError(
            found, where=where, allowed=f"{section.exact_area:.6g} nm^2 for this {section.sector}"
        )
