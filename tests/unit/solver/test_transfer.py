"""Moving a state from one graded mesh to the next: what must stay, stays; what is fitted, is fitted exactly."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
from numpy.testing import assert_allclose, assert_array_equal

from femanode.solver.transfer import _nearest, _plane_fit, _read, transfer
from tests.helpers import graded


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


def test_a_point_as_near_to_two_old_ones_takes_the_mean_of_both(before, after) -> None:
    # A triangle's middle child has a point half way between two of the triangle's: one of them would be a choice
    # between mirror images, made by the order of the corners.
    old, new = before[0].physics.spaces, after[0].physics.spaces
    element, x = 0, old.qp_xy[:, 0]
    points = np.stack([0.5 * (x[:, 0] + x[:, 1]), x[:, 2], x[:, 1]], axis=1)
    shifted = replace(new, qp_xy=points[:, None])
    where = _nearest(old, shifted, np.array([0]), np.array([element]), np.array([False]))
    values = np.zeros((1, *old.weight.shape))
    values[0, element] = [1.0, 5.0, 7.0]
    assert_allclose(_read(values, *where)[0, 0], [3.0, 7.0, 5.0], rtol=1e-14, atol=0)


def test_plane_fit_reproduces_planes() -> None:
    rng = np.random.default_rng(1)
    xy = rng.uniform(0.0, 3.0, (2, 12, 3))
    weight = rng.uniform(0.5, 1.0, (12, 3))
    group = np.repeat([0, 1, 2], 4)
    at, target = rng.uniform(0.0, 3.0, (2, 5, 3)), np.array([0, 1, 2, 1, 0])
    slope = np.array([[1.0, -2.0, 0.5], [0.3, 0.7, -1.0]])  # (field, 1 x y)

    def plane(p: np.ndarray) -> np.ndarray:
        return slope[:, 0, None, None] + slope[:, 1, None, None] * p[0] + slope[:, 2, None, None] * p[1]

    assert_allclose(_plane_fit(plane(xy), xy, weight, group, 3, at, target), plane(at), rtol=0, atol=1e-12)
