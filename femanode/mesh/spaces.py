"""Nodes, quadrature arrays and assembly data of one mesh.

The displacement lives on quadratic triangles (P2) with three quadrature points. The extent of reaction, the
activity and all averages live on linear triangles (P1) of the same mesh refined once: their nodes are the P2 nodes,
so that every nodal array has one length N, and each quadrature point is the centroid of a corner sub-triangle.

An axisymmetric section is half of a cut through the axis of a body of revolution: x is the radius r, y the axis z. A
measure then is that of the ring which a piece of the section sweeps: areas below are volumes (nm^3), lengths are areas
(nm^2), the conductances have nm. What integrates with them solves the equations of the body.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

import numpy as np
import skfem

from femanode.mesh.measures import boundary_length, scatter, shares
from femanode.mesh.outline import Outline
from femanode.mesh.section import COATING, REACTING, region_of
from femanode.numerics.arrays import Array, BoolArray, IntArray
from femanode.numerics.ordering import node_rank

__all__ = ["NOTHING", "Spaces", "build_spaces", "linear_gradients", "scatter"]

#: Area of a node in no element that reacts, nm^2: nothing in any sum, and its fields are not divided by 0.
NOTHING = 1e-200


@dataclass(frozen=True)
class Spaces:
    """Arrays computed once per mesh.

    Attributes
    ----------
    nodes : (2, N) node positions, nm
    cells : (6, elem) node numbers, corners then mid-sides 01, 12, 20
    N : (6, 3) P2 shape functions at the quadrature points
    dN : (6, 2, elem, 3) gradients of the P2 shape functions, 1/nm
    weight : (elem, 3) quadrature weights, nm^2
    qp_xy : (2, elem, 3) quadrature point positions, nm
    qp_nodes : (3, elem, 3) nodes of the sub-triangle around each quadrature point
    qp_grad : (3, 2, elem, 3) gradients of that sub-triangle's linear shape functions, 1/nm
    sub : (3, sub) nodes of the sub-triangles that react, four for each element
    sub_grad : (3, 2, sub) gradients of their linear shape functions, 1/nm
    sub_area : (sub,) their areas, nm^2
    edges : (2, edge) node pairs i < j of the sub-triangles' sides
    conductance : (edge,) minus the off-diagonal entries of the Laplacian's stiffness matrix, dimensionless
    mass : (N,) lumped areas, nm^2; `NOTHING` at idle nodes
    reacts : (elem,) 1 for elements that react, 0 in other layers
    idle : (N,) mask of the nodes that belong to no element that reacts
    region : (elem,) number of each element's region in :data:`femanode.mesh.section.REGIONS`
    reacting : nodes on the boundary through which carriers enter
    reacting_length : (N,) its lumped lengths, nm; 0 off the boundary
    outward : (2, N) unit normal out of the section on the reacting boundary
    skin : nodes on the outer boundary of what reacts: ``outer``, or those beneath a coating
    skin_length : (N,) its lumped lengths, nm; 0 off the boundary
    outer : nodes on the whole outer boundary
    outer_length : (N,) its lumped lengths, nm; 0 off the boundary
    x0, y0 : nodes on the symmetry lines (empty where there are none)
    corner_point : which quadrature point is nearest to each corner of its element
    spacing : distance of nodes, nm, where it is smallest
    hoop : (6, elem, 3) shape functions over the radius, 1/nm, in an axisymmetric section; None in a plane one
    """

    nodes: Array
    cells: IntArray
    N: Array
    dN: Array
    weight: Array
    qp_xy: Array
    qp_nodes: IntArray
    qp_grad: Array
    sub: IntArray
    sub_grad: Array
    sub_area: Array
    edges: IntArray
    conductance: Array
    mass: Array
    reacts: Array
    idle: BoolArray
    region: IntArray
    reacting: IntArray
    reacting_length: Array
    outward: Array
    skin: IntArray
    skin_length: Array
    outer: IntArray
    outer_length: Array
    x0: IntArray
    y0: IntArray
    corner_point: tuple[int, int, int]
    spacing: float
    hoop: Array | None = None

    @property
    def n_nodes(self) -> int:
        """Number of nodes N."""
        return self.nodes.shape[1]

    @cached_property
    def live(self) -> IntArray:
        """Nodes of elements that react, of all where there are no other layers."""
        return np.flatnonzero(~self.idle)

    @property
    def layered(self) -> bool:
        """Whether there are elements that do not react."""
        return bool(self.region.any())

    @cached_property
    def rank(self) -> IntArray:
        """Place of each node in the order of elimination, (N,), which all linear solvers on this mesh share."""
        return node_rank(self.cells, self.n_nodes)

    @cached_property
    def sharing(self) -> Array:
        """Number of images of the sector that share each node, (N,): 1; on a symmetry line 2; where two meet 4."""
        share = np.ones(self.n_nodes)
        share[self.x0] *= 2.0
        share[self.y0] *= 2.0
        return share

    def at_points(self, nodal: Array) -> Array:
        """Value of a linear nodal field at the quadrature points, (elem, 3)."""
        return nodal[self.qp_nodes].mean(axis=0)

    def at_reacting_points(self, nodal: Array) -> Array:
        """The same of a field that other layers do not have: 0 in those, also next to where they meet what reacts."""
        return self.at_points(nodal) * self.reacts[:, None]

    def vector_at_points(self, nodal: Array) -> Array:
        """Values of a linear nodal vector field (2, N) at the quadrature points, (2, elem, 3)."""
        return nodal[:, self.qp_nodes].mean(axis=1)

    def gradient_at_points(self, nodal: Array) -> Array:
        """Gradient of a linear nodal field at the quadrature points, (2, elem, 3)."""
        return np.einsum("kieq,keq->ieq", self.qp_grad, nodal[self.qp_nodes])

    def to_nodes(self, at_points: Array) -> Array:
        """Lumped projection of quadrature values to nodes, (N,): weighted mean over the points around a node.

        Only points that react count; idle nodes get 0.
        """
        share = np.broadcast_to(self.weight * self.reacts[:, None] / 3.0, self.qp_nodes.shape)
        total = np.where(self.idle, 1.0, scatter(self.qp_nodes, share, self.n_nodes))
        return scatter(self.qp_nodes, share * at_points, self.n_nodes) / total

    def extrapolate(self, at_points: Array) -> Array:
        """Nodal values (N,) of the linear fields through each element's three points, averaged over elements.

        Unlike :meth:`to_nodes` this reaches the surface: a field linear in position is reproduced there.
        """
        total = at_points.sum(axis=1)
        corner = np.empty((3, self.cells.shape[1]))
        own = self.corner_point
        for k in range(3):
            corner[k] = 2.0 * at_points[:, own[k]] - total / 3.0
        values = np.stack([*corner, *(0.5 * (corner[i] + corner[j]) for i, j in ((0, 1), (1, 2), (2, 0)))])
        share = np.broadcast_to(self.weight.sum(axis=1), values.shape)
        weight = scatter(self.cells, share, self.n_nodes)
        return scatter(self.cells, share * values, self.n_nodes) / weight

    def laplacian_action(self, coefficient: Array | float, nodal: Array) -> Array:
        """Sum over j of g_ij k_ij (f_i - f_j), (N,), with g the conductances and f the nodal field (N,).

        ``coefficient`` k is one number or one for each edge, (edge,).
        """
        i, j = self.edges
        flow = self.conductance * coefficient * (nodal[i] - nodal[j])
        return scatter(i, flow, self.n_nodes) - scatter(j, flow, self.n_nodes)


def build_spaces(mesh: skfem.MeshTri2, outline: Outline | None = None) -> Spaces:
    """Build the arrays of :class:`Spaces` from a quadratic triangle mesh with named boundaries.

    Parameters
    ----------
    mesh : skfem.MeshTri2
        Boundaries ``surface`` (required: the outer one), ``reacting`` (all of ``surface`` where it is missing), ``x0``
        and ``y0`` (optional). Its subdomains are regions, see :class:`femanode.mesh.section.Section`.
    outline : Outline, optional
        Gives the outward normals. Without it they are those of the boundary's edges, taken as straight. If it is
        revolved, the section is axisymmetric; all its nodes have x >= 0.
    """
    axisymmetric = outline is not None and outline.revolved
    basis = skfem.Basis(mesh, skfem.ElementTriP2(), intorder=2)
    cells = np.asarray(basis.element_dofs, dtype=np.int64)
    nodes = np.asarray(basis.doflocs)
    N = np.stack([np.asarray(basis.basis[k][0])[0] for k in range(6)])
    dN = np.stack([basis.basis[k][0].grad for k in range(6)])
    a, b, c, ab, bc, ca = cells
    sub_corner = np.stack([np.stack([a, ab, ca]), np.stack([ab, b, bc]), np.stack([ca, bc, c])])  # (corner, 3, elem)
    middle = np.stack([ab, bc, ca])
    sub = np.concatenate([sub_corner[0], sub_corner[1], sub_corner[2], middle], axis=1)
    # Which corner each quadrature point belongs to, from the reference coordinates.
    X = np.asarray(basis.X)
    corner = np.argmax(np.stack([1 - X[0] - X[1], X[0], X[1]]), axis=0)
    qp_nodes = np.stack([sub_corner[k] for k in corner], axis=-1)
    sub_grad, sub_size = linear_gradients(nodes, sub)
    share, sub_area = shares(nodes, sub, sub_size, axisymmetric=axisymmetric)
    n_elem = cells.shape[1]
    qp_grad = np.stack([sub_grad[:, :, k * n_elem:(k + 1) * n_elem] for k in corner], axis=-1)
    n = nodes.shape[1]
    edges, conductance, count = _edge_conductance(sub, sub_grad, sub_area)
    free = edges[:, count == 1]
    region = region_of(mesh)
    around = free
    if region.any():
        # Front and carriers know nothing of other layers.
        kept = np.tile(region == REACTING, 4)
        sub, sub_grad, sub_area = sub[:, kept], sub_grad[:, :, kept], sub_area[kept]
        sub_size, share = sub_size[kept], share[..., kept]
        edges, conductance, count = _edge_conductance(sub, sub_grad, sub_area)
        around = edges[:, count == 1]
    mass = scatter(sub, share, n)
    idle = mass == 0.0
    mass[idle] = NOTHING
    named = mesh.boundaries or {}

    def on(name: str) -> IntArray:
        return np.asarray(basis.get_dofs(name).flatten(), dtype=np.int64) if name in named else np.zeros(0, np.int64)

    outer, x0, y0 = on("surface"), on("x0"), on("y0")
    reacting = on("reacting") if "reacting" in named else outer
    skin = reacting if np.any(region == COATING) else outer
    outward = (_edge_normals(nodes, sub, _ending_on(around, reacting, n), x0, y0) if outline is None
               else outline.normal(nodes))
    qp_xy, weight = np.asarray(basis.mapping.F(basis.X)), np.asarray(basis.dx)

    def length(edge: IntArray) -> Array:
        return boundary_length(nodes, edge, axisymmetric=axisymmetric)

    return Spaces(
        nodes=nodes, cells=cells, N=N, dN=dN, weight=2.0 * np.pi * qp_xy[0] * weight if axisymmetric else weight,
        qp_xy=qp_xy, hoop=N[:, None, :] / qp_xy[0] if axisymmetric else None,
        spacing=float(np.sqrt(4.0 / np.sqrt(3.0) * sub_size.min())),
        qp_nodes=qp_nodes, qp_grad=qp_grad, sub=sub, sub_grad=sub_grad, sub_area=sub_area, edges=edges,
        conductance=conductance, mass=mass, region=region, reacts=(region == REACTING).astype(float), idle=idle,
        reacting=reacting, reacting_length=length(_ending_on(around, reacting, n)), outward=outward,
        skin=skin, skin_length=length(_ending_on(around, skin, n)), outer=outer,
        outer_length=length(_ending_on(free, outer, n)), x0=x0, y0=y0,
        corner_point=(int(np.argmax(corner == 0)), int(np.argmax(corner == 1)), int(np.argmax(corner == 2))))


def linear_gradients(nodes: Array, tri: IntArray) -> tuple[Array, Array]:
    """Gradients (3, 2, n) of linear shape functions and areas (n,); orientation does not matter."""
    p = nodes[:, tri]
    opposite = np.stack([p[:, 2] - p[:, 1], p[:, 0] - p[:, 2], p[:, 1] - p[:, 0]])  # edges (3, 2, n)
    twice = opposite[2, 0] * -opposite[1, 1] + opposite[2, 1] * opposite[1, 0]
    grad = np.stack([-opposite[:, 1], opposite[:, 0]], axis=1) / twice
    return grad, 0.5 * np.abs(twice)


def _edge_conductance(tri: IntArray, grad: Array, area: Array) -> tuple[IntArray, Array, IntArray]:
    """Unique edges (2, edge), -integral of grad N_i . grad N_j for each, and how many triangles share it."""
    pairs, values = [], []
    for i, j in ((0, 1), (1, 2), (2, 0)):
        pairs.append(np.sort(tri[[i, j]], axis=0))
        values.append(-np.einsum("kn,kn,n->n", grad[i], grad[j], area))
    both = np.concatenate(pairs, axis=1)
    n = int(tri.max()) + 1
    key, inverse, count = np.unique(both[0] * n + both[1], return_inverse=True, return_counts=True)
    return np.stack([key // n, key % n]), scatter(inverse, np.concatenate(values), len(key)), count


def _ending_on(edge: IntArray, boundary: IntArray, n: int) -> IntArray:
    """Those edges of ``edge`` (2, b) whose two ends are among the nodes ``boundary``; ``n`` is the number of nodes."""
    on = np.zeros(n, bool)
    on[boundary] = True
    return edge[:, on[edge[0]] & on[edge[1]]]


def _edge_normals(nodes: Array, tri: IntArray, edge: IntArray, x0: IntArray, y0: IntArray) -> Array:
    """Outward unit normals (2, N) at the nodes of boundary edges (2, b), 0 elsewhere.

    A node has the mean of its two edges' normals, weighted with their lengths.
    """
    n = nodes.shape[1]
    sides = np.concatenate([tri[[0, 1, 2]], tri[[1, 2, 0]], tri[[2, 0, 1]]], axis=1)  # two ends, and the corner facing
    i, j, facing = sides[:, np.isin(sides[:2].min(axis=0) * n + sides[:2].max(axis=0), edge[0] * n + edge[1])]
    along, inwards = nodes[:, j] - nodes[:, i], nodes[:, facing] - nodes[:, i]
    normal = np.stack([along[1], -along[0]])
    normal *= np.where((normal * inwards).sum(axis=0) > 0.0, -1.0, 1.0)
    total = np.stack([scatter(i, part, n) + scatter(j, part, n) for part in normal])
    # On a symmetry line the second edge is the mirror image of the first.
    total[0, x0] = 0.0
    total[1, y0] = 0.0
    size = np.hypot(*total)  # size of a vector
    return np.asarray(total / np.where(size > 0.0, size, 1.0))
