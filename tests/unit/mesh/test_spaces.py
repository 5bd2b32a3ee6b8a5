"""Areas, shape functions, sub-triangles and averages against what linear fields and circles must give."""

from __future__ import annotations

import numpy as np
import pytest
import skfem
from numpy.testing import assert_allclose, assert_array_equal

from femanode.mesh.build import make_section
from femanode.mesh.spaces import Spaces, build_spaces, scatter
from tests.helpers import section_spaces

PARTS = {"quarter": 0.25, "half": 0.5, "full": 1.0}
SLOPE = np.array([0.7, -1.3])


def linear(xy: np.ndarray) -> np.ndarray:
    """A field linear in position."""
    return np.asarray(2.0 + np.tensordot(SLOPE, xy, axes=1))


@pytest.fixture(scope="module", params=[("quarter", 0.0), ("full", 0.0), ("half", 2.0)], ids=str)
def spaces(request: pytest.FixtureRequest) -> Spaces:
    """Discs of radius 5 in quarter and full, and half a tube."""
    sector, inner = request.param
    return section_spaces(5.0, 0.8, sector, inner)


@pytest.mark.parametrize("sector", PARTS)
@pytest.mark.parametrize("inner", [0.0, 2.0])
def test_weights_and_lumped_areas_sum_to_the_sector(sector: str, inner: float) -> None:
    s = section_spaces(5.0, 0.5, sector, inner)
    area = PARTS[sector] * np.pi * (25.0 - inner**2)
    # isoparametric P2 edges: relative error (h/R)^4/120 per edge; straight edges would miss 1.6e-3
    assert_allclose(s.weight.sum(), area, rtol=2e-5)
    # chords between P2 nodes, half the edge length: (0.25/5)^2/6 = 4e-4 too little on the outside
    assert_allclose(s.mass.sum(), area, rtol=1e-3)
    assert_allclose(s.sub_area.sum(), s.mass.sum(), rtol=1e-13)
    assert s.mass.min() > 0 and s.weight.min() > 0


def test_lumped_area_integrates_linear_fields_of_straight_triangles() -> None:
    # two triangles over a 3 x 2 rectangle: centroid (1.5, 1), so the integral is area times the value there
    mesh = skfem.MeshTri(np.array([[0.0, 3.0, 3.0, 0.0], [0.0, 0.0, 2.0, 2.0]]), np.array([[0, 0], [1, 2], [2, 3]]))
    s = build_spaces(skfem.MeshTri2.from_mesh(mesh).with_boundaries({"surface": lambda x: x[0] > 2.9}))
    assert_allclose((s.mass * linear(s.nodes)).sum(), 6.0 * (2.0 + 0.7 * 1.5 - 1.3 * 1.0), rtol=1e-13)
    assert_allclose((s.weight * linear(s.qp_xy)).sum(), 6.0 * (2.0 + 0.7 * 1.5 - 1.3 * 1.0), rtol=1e-13)
    # three points are exact to second degree: integral of x^2 = 3^3/3 * 2
    assert_allclose((s.weight * s.qp_xy[0] ** 2).sum(), 18.0, rtol=1e-13)
    # corners on the diagonal belong to both triangles; each sub-triangle has 3/4 nm^2
    assert_allclose(np.sort(s.mass), np.sort([0.25, 0.25, 0.5, 0.5, 0.75, 0.75, 0.75, 0.75, 1.5]), rtol=1e-13)


def test_p2_gradients_are_exact_for_linear_fields_on_curved_elements(spaces: Spaces) -> None:
    values = linear(spaces.nodes)[spaces.cells]
    grad = np.einsum("ke,kieq->ieq", values, spaces.dN)
    assert_allclose(grad, np.broadcast_to(SLOPE[:, None, None], grad.shape), rtol=1e-11)
    assert_allclose(np.einsum("ke,kq->eq", values, spaces.N), linear(spaces.qp_xy), rtol=1e-12, atol=1e-14)
    assert_allclose(spaces.N.sum(axis=0), 1.0, rtol=1e-13)
    assert_allclose(spaces.dN.sum(axis=0), 0.0, atol=1e-11)


def test_p2_gradients_are_exact_for_quadratic_fields_inside() -> None:
    s = section_spaces(5.0, 0.8)
    # straight-sided elements only: those without a node on the surface
    inside = ~np.isin(s.cells, s.outer).any(axis=0)
    x, y = s.nodes
    grad = np.einsum("ke,kieq->ieq", (x * x - 3 * x * y)[s.cells], s.dN)[:, inside]
    X, Y = s.qp_xy[:, inside]
    assert_allclose(grad, [2 * X - 3 * Y, -3 * X], atol=1e-10)


def test_linear_fields_of_the_sub_triangles_are_exact(spaces: Spaces) -> None:
    f = linear(spaces.nodes)
    grad = spaces.gradient_at_points(f)
    assert_allclose(grad, np.broadcast_to(SLOPE[:, None, None], grad.shape), rtol=1e-11)
    sub = np.einsum("kn,kin->in", f[spaces.sub], spaces.sub_grad)
    assert_allclose(sub, np.broadcast_to(SLOPE[:, None], sub.shape), rtol=1e-11)


def test_quadrature_points_are_centroids_of_the_corner_sub_triangles(spaces: Spaces) -> None:
    centroid = spaces.nodes[:, spaces.qp_nodes].mean(axis=1)
    straight = ~np.isin(spaces.cells, np.flatnonzero(_on_circle(spaces))).any(axis=0)
    assert straight.sum() > 10
    assert_allclose(spaces.qp_xy[:, straight], centroid[:, straight], atol=1e-13)
    assert_allclose(spaces.at_points(linear(spaces.nodes))[straight], linear(spaces.qp_xy[:, straight]), rtol=1e-12)
    # on a curved edge they part by part of its sagitta, h^2/8R = 0.016 nm outside and 0.04 nm on the small circle
    assert np.abs(spaces.qp_xy - centroid).max() < 0.01
    # the corner that names a point is the element's nearest
    for k, q in enumerate(spaces.corner_point):
        away = [np.hypot(*(spaces.nodes[:, spaces.cells[j]] - spaces.qp_xy[..., q])) for j in range(3)]
        assert_array_equal(np.argmin(away, axis=0), k)
        assert np.all((spaces.qp_nodes[:, :, q] == spaces.cells[k]).any(axis=0))


def _on_circle(s: Spaces) -> np.ndarray:
    r = np.hypot(*s.nodes)
    return np.asarray(np.isclose(r, r.max()) | (np.isclose(r, r.min()) & (r.min() > 0)))


def test_extrapolation_is_exact_for_linear_fields_up_to_the_surface() -> None:
    # straight-sided: within an element the field through three points is then the field itself
    s = build_spaces(skfem.MeshTri2.from_mesh(skfem.MeshTri.init_circle(2)).with_boundaries(
        {"surface": lambda x: np.hypot(*x) > 0.9}))
    assert_allclose(s.extrapolate(linear(s.qp_xy)), linear(s.nodes), rtol=1e-12)
    # the lumped projection keeps constants only
    assert_allclose(s.to_nodes(np.full(s.weight.shape, 3.0)), 3.0, rtol=1e-13)
    assert np.abs(s.to_nodes(linear(s.qp_xy)) - linear(s.nodes)).max() > 0.01


def test_extrapolation_on_curved_elements_is_good_to_the_sagitta(spaces: Spaces) -> None:
    # slope 1.5 times sagitta 0.07 of the twelve edges of the small circle
    assert_allclose(spaces.extrapolate(linear(spaces.qp_xy)), linear(spaces.nodes), atol=0.06)


def test_lumped_projection_keeps_the_integral(spaces: Spaces) -> None:
    values = np.cos(spaces.qp_xy[0])
    share = np.broadcast_to(spaces.weight / 3.0, spaces.qp_nodes.shape)
    total = scatter(spaces.qp_nodes, share, spaces.n_nodes)
    assert_allclose((total * spaces.to_nodes(values)).sum(), (spaces.weight * values).sum(), rtol=1e-12)


def test_conductances_leave_linear_fields_in_balance(spaces: Spaces) -> None:
    """div grad of a linear field is zero at inner nodes; the flux through the surface is its slope times the normal."""
    flow = spaces.laplacian_action(np.ones(spaces.edges.shape[1]), linear(spaces.nodes))
    edge = np.zeros(spaces.n_nodes, bool)
    edge[np.concatenate([spaces.x0, spaces.y0])] = True
    inner = ~(edge | _on_circle(spaces))
    assert inner.sum() > 20
    assert_allclose(flow[inner], 0.0, atol=1e-12)
    # Dirichlet energy of a linear field: |slope|^2 times the area
    assert_allclose((flow * linear(spaces.nodes)).sum(), (SLOPE @ SLOPE) * spaces.sub_area.sum(), rtol=1e-12)


def test_conductances_solve_the_laplace_problem_of_a_linear_field() -> None:
    s = section_spaces(5.0, 0.6, "full")
    i, j = s.edges
    n = s.n_nodes
    dense = np.zeros((n, n))
    np.add.at(dense, (i, j), -s.conductance)
    np.add.at(dense, (j, i), -s.conductance)
    np.fill_diagonal(dense, -dense.sum(axis=1))
    free = np.setdiff1d(np.arange(n), s.outer)
    f = linear(s.nodes)
    got = np.linalg.solve(dense[np.ix_(free, free)], -dense[np.ix_(free, s.outer)] @ f[s.outer])
    assert_allclose(got, f[free], rtol=1e-11, atol=1e-13)
    # an edge between two angles that add up to 180 degrees and x more conducts -sin x/2 or so backwards: 7 degrees
    assert s.conductance.min() > -0.07


def test_edges_join_each_pair_once(spaces: Spaces) -> None:
    i, j = spaces.edges
    assert np.all(i < j)
    assert len(np.unique(i * spaces.n_nodes + j)) == len(i)
    # Euler: nodes - edges + triangles = 1 for a disc sector, also with a hole that reaches the symmetry line
    assert spaces.n_nodes - len(i) + spaces.sub.shape[1] == 1


@pytest.mark.parametrize("sector", PARTS)
@pytest.mark.parametrize("inner", [0.0, 2.0])
def test_the_outer_length_is_the_outer_arc_only(sector: str, inner: float) -> None:
    s = section_spaces(5.0, 0.5, sector, inner)
    arc = PARTS[sector] * 2 * np.pi * 5.0
    # chords of 0.25: (0.25/5)^2/24 = 1e-4 short
    assert_allclose(s.outer_length.sum(), arc, rtol=3e-4)
    assert s.outer_length.sum() < arc
    assert_allclose(np.hypot(*s.nodes[:, s.outer]), 5.0, rtol=1e-12)
    off = np.setdiff1d(np.arange(s.n_nodes), s.outer)
    assert_array_equal(s.outer_length[off], 0.0)
    assert s.outer_length[s.outer].min() > 0


def test_symmetry_lines_carry_their_nodes() -> None:
    quarter, half, full = (section_spaces(5.0, 0.5, sector) for sector in PARTS)
    for s, lines in ((quarter, (True, True)), (half, (False, True)), (full, (False, False))):
        for axis, nodes, there in ((0, s.x0, lines[0]), (1, s.y0, lines[1])):
            wanted = np.flatnonzero(np.abs(s.nodes[axis]) < 1e-9) if there else []
            assert_array_equal(np.sort(nodes), wanted)


def test_order_of_an_elements_nodes_does_not_matter() -> None:
    """Triangles listed from any corner and in either sense give the same weights, gradients and averages."""
    straight = make_section("circle", 5.0, 0.0, 1.0, "quarter").mesh
    points, t = straight.doflocs[:, : straight.nvertices].copy(), straight.t.copy()
    turned = t.copy()
    for e in range(t.shape[1]):
        order = [(0, 1, 2), (1, 2, 0), (2, 0, 1), (0, 2, 1), (2, 1, 0), (1, 0, 2)][e % 6]
        turned[:, e] = t[list(order), e]
    both = []
    for cells in (t, turned):
        mesh = skfem.MeshTri2.from_mesh(skfem.MeshTri(points, cells, sort_t=False))
        both.append(build_spaces(mesh.with_boundaries({"surface": lambda x: np.hypot(*x) > 4.8})))
    one, two = both
    assert (two.dN is not one.dN) and np.any(one.cells != two.cells)
    order = [np.lexsort(np.round(s.nodes, 9)) for s in both]
    assert_allclose(one.mass[order[0]], two.mass[order[1]], rtol=1e-12)
    assert_allclose(two.weight.sum(axis=1), one.weight.sum(axis=1), rtol=1e-12)
    assert two.weight.min() > 0 and two.sub_area.min() > 0
    f = [linear(s.nodes) + 0.1 * s.nodes[0] ** 2 for s in both]
    assert_allclose(two.extrapolate(two.at_points(f[1]))[order[1]], one.extrapolate(one.at_points(f[0]))[order[0]],
                    rtol=1e-12)
    grad = two.gradient_at_points(linear(two.nodes))
    assert_allclose(grad, np.broadcast_to(SLOPE[:, None, None], grad.shape), rtol=1e-11)
    flow = [s.laplacian_action(np.ones(s.edges.shape[1]), v) for s, v in zip(both, f, strict=True)]
    assert_allclose(flow[1][order[1]], flow[0][order[0]], atol=1e-12)


def test_scatter_adds_up() -> None:
    assert_array_equal(scatter(np.array([[0, 2], [2, 2]]), np.array([1.0, 10.0]), 4), [1.0, 0.0, 21.0, 0.0])
