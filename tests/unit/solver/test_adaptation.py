"""Where a graded mesh is fine, and when it is changed."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
from numpy.testing import assert_array_equal

from femanode.solver.adaptation import Grading, front_outruns, initial_leaves, leaves_for
from tests.helpers import graded


def test_the_first_mesh_is_fine_at_the_surface_and_coarse_at_the_centre(before) -> None:
    problem, _ = before
    h = graded(problem).hierarchy
    leaves = initial_leaves(h, Grading(), 0.9)
    centre = np.hypot(*h.xy[:, h.corners[0]].mean(axis=1))
    assert leaves.level[np.flatnonzero(leaves.first >= 0)].max() == h.levels
    depth = 30.0 - np.hypot(*np.stack([h.xy[:, h.corners[level][:, i]].mean(axis=1)
                                       for level, i in zip(leaves.level, leaves.index, strict=True)]).T)
    assert_array_equal(leaves.level[depth < 4.4], h.levels)  # 5 half-thicknesses are 4.5 nm
    assert leaves.level[depth > 25.0].max() < h.levels
    assert centre.min() < 4.0


def test_the_mesh_is_changed_before_the_front_reaches_coarse_elements(before, after) -> None:
    problem, state = before
    new, moved = after
    assert front_outruns(graded(problem), problem.physics.spaces, state, problem.physics.front, problem.grading)
    assert not front_outruns(graded(new), new.physics.spaces, moved, new.physics.front, new.grading)
    # fewer elements in the end than an even mesh has, and the finest where the front is
    on = new.physics.spaces.element_mean(moved.xi * (1 - moved.xi))[:, 0] > 0.02
    leaves = graded(new).leaves
    assert on.any()
    assert_array_equal(leaves.level[leaves.of_element][on], leaves.level.max())
    assert len(leaves.level) < 0.85 * graded(new).hierarchy.n_finest  # thick fronts save little


def test_what_would_fold_as_one_element_stays_fine(before, after) -> None:
    (problem, state), (new, _) = before, after
    mesh, now = graded(problem), graded(new).leaves
    at = np.flatnonzero(mesh.leaves.level[mesh.leaves.owner(now.first)] > now.level)
    at = at[now.halved[at] < 0][0]  # merged in the next mesh, and no neighbour finer
    h, level, index = mesh.hierarchy, now.level[at], now.index[at]
    corner, middle = h.corners[level][:, index], h.middles[level][:, index]
    # Its first mid-side node put at 0.1 of the deformed side: at that end a quadratic map has slope 4 * 0.1 - 1 < 0.
    ends = (h.xy + mesh.on_vertices(state.u, quadratic=True))[:, corner[:2]]
    u = state.u.copy()
    u[:, mesh.vertex == middle[0]] = (0.9 * ends[:, :1] + 0.1 * ends[:, 1:]) - h.xy[:, middle[:1]]
    chosen = leaves_for(mesh, replace(state, u=u), problem.physics.front, problem.grading)
    assert np.any((now.level == level) & (now.index == index))
    assert not np.any((chosen.level == level) & (chosen.index == index))
    xy, nodes = h.xy + mesh.on_vertices(u, quadratic=True), h.nodes(chosen)
    for element in range(nodes.shape[1]):
        owner = chosen.of_element[element]
        if mesh.leaves.level[mesh.leaves.owner(chosen.first[owner:owner + 1])][0] > chosen.level[owner]:
            p = xy[:, nodes[:, element]]
            # derivatives of a quadratic map at its corner 0, from both sides that meet there
            along = -3.0 * p[:, 0] - p[:, 1] + 4.0 * p[:, 3], -3.0 * p[:, 0] - p[:, 2] + 4.0 * p[:, 5]
            assert np.linalg.det(np.stack(along)) > 0.0


def test_content_is_conserved(before, after) -> None:
    (problem, state), (new, moved) = before, after
    held = problem.physics.spaces.mass @ problem.physics.content_at_nodes(state)
    assert_allclose(new.physics.spaces.mass @ new.physics.content_at_nodes(moved), held, rtol=1e-14, atol=0)


def test_common_nodes_and_elements_keep_their_values_to_the_bit(before, after) -> None:
    (problem, state), (new, moved) = before, after
    old_at = {v: i for i, v in enumerate(graded(problem).vertex.tolist())}
    common = [(old_at[v], i) for i, v in enumerate(graded(new).vertex.tolist()) if v in old_at]
    a, b = np.array(common).T
    assert len(a) > 500
    assert_array_equal(moved.xi[b], state.xi[a])
    # displacement settles where elements were merged, by a twentieth of an element of 0.9 nm
    assert_allclose(moved.u[:, b], state.u[:, a], rtol=0, atol=0.045)
    assert np.abs(moved.u[:, b] - state.u[:, a]).max() > 0
    assert_array_equal(moved.front_stress[b], state.front_stress[a])
    was, now = graded(problem).leaves, graded(new).leaves
    key = [{(int(lv), int(i), int(h)): n for n, (lv, i, h) in enumerate(zip(m.level, m.index, m.halved, strict=True))}
           for m in (was, now)]
    shared = [(key[0][k], key[1][k]) for k in key[0].keys() & key[1].keys() if k[2] < 0]
    one, two = np.array(shared).T
    assert_array_equal(moved.Cp_inv[:, now.elements[two]], state.Cp_inv[:, was.elements[one]])
    assert_array_equal(moved.eqps[now.elements[two]], state.eqps[was.elements[one]])


def test_refinement_ahead_of_the_front_moves_no_history(before, after) -> None:
    (problem, _), (new, moved) = before, after
    was, now = graded(problem).leaves, graded(new).leaves
    finer = np.flatnonzero(was.level[was.owner(now.first)] < now.level)
    elements = np.flatnonzero(np.isin(now.of_element, finer))
    assert len(elements) > 20
    untouched = moved.eqps[elements].max(axis=1) == 0.0
    assert untouched.all()
    assert_array_equal(moved.Cp_inv[:, elements].transpose(1, 2, 0), np.broadcast_to([1.0, 1.0, 0.0, 1.0],
                                                                                     (len(elements), 3, 4)))


def test_plastic_flow_stays_isochoric_where_elements_are_merged(before, after) -> None:
    (problem, _), (new, moved) = before, after
    was, now = graded(problem).leaves, graded(new).leaves
    coarser = np.flatnonzero(was.level[was.owner(now.first)] > now.level)
    C = moved.Cp_inv[:, np.isin(now.of_element, coarser)]
    assert C.shape[1] > 20
    assert np.abs(C[0] - 1.0).max() > 0.1
    assert_allclose((C[0] * C[1] - C[2] ** 2) * C[3], 1.0, rtol=1e-12, atol=0)


def test_the_core_feels_a_change_of_mesh_by_less_than_two_per_cent(before, after) -> None:
    stress = []
    for problem, state in (before, after):
        p = problem.physics
        h, C = p.content_at_points(state.xi, state.c)
        Jc = 1.0 + p.mixture.expansion * C
        eq = p.mechanics.solve(state.u, state.axial, state.Cp_inv, state.eqps, Jc, p.moduli(h, C), 1.0)
        assert eq.converged and eq.response is not None
        core = np.hypot(*p.spaces.qp_xy).min(axis=1) < 5.0
        stress.append(float((eq.response.mean_mandel * p.spaces.weight)[core].sum() / p.spaces.weight[core].sum()))
    assert abs(stress[0]) > 0.05
    # elements are merged where a front of one element left its unevenness; 1.5 % on this mesh
    assert_allclose(stress[1], stress[0], rtol=0.02, atol=0)


def test_there_and_back_is_where_we_were(before, after) -> None:
    # The front's band has the same nodes in both meshes; behind it coarse nodes are a choice of the fine ones.
    (problem, state), (new, moved) = before, after
    back = transfer(new.physics, graded(new), moved, problem.physics, graded(problem))
    band = (state.xi > 0.02) & (state.xi < 0.98)
    assert band.sum() > 100
    assert_array_equal(back.xi[band], state.xi[band])
    # On the outline itself a coarse side has other points than the fine ones.
    inside = np.hypot(*problem.physics.spaces.nodes) < 29.0
    assert_allclose(back.u[:, inside], state.u[:, inside], rtol=0, atol=0.045)


def test_flow_that_varies_within_a_triangle_keeps_it_refined(before) -> None:
    problem, state = before
    mesh, front = graded(problem), problem.physics.front
    # a line that no edges of the mesh follow
    steep = replace(state, eqps=np.where(problem.physics.spaces.qp_xy[0] > 20.0, 2.0, 0.0))
    normal = leaves_for(mesh, state, front, problem.grading)
    kept = leaves_for(mesh, steep, front, problem.grading)
    assert len(kept.level) > len(normal.level)
