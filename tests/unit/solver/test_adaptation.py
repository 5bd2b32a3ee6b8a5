"""Where a graded mesh is fine, and when it is changed."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
from numpy.testing import assert_array_equal

from femanode.solver.grading import Grading, front_outruns, initial_leaves, leaves_for
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
    on = new.physics.spaces.at_points(moved.xi * (1 - moved.xi)).mean(axis=1) > 0.02
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


def test_flow_that_varies_within_a_triangle_keeps_it_refined(before) -> None:
    problem, state = before
    mesh, front = graded(problem), problem.physics.front
    # a line that no edges of the mesh follow
    steep = replace(state, eqps=np.where(problem.physics.spaces.qp_xy[0] > 20.0, 2.0, 0.0))
    normal = leaves_for(mesh, state, front, problem.grading)
    kept = leaves_for(mesh, steep, front, problem.grading)
    assert len(kept.level) > len(normal.level)
