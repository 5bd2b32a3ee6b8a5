"""Moves a state from one mesh of a hierarchy to the next.

Elements are refined in pristine material, where only a smooth elastic displacement has to be interpolated. Where
elements are merged, the elastic strain is transferred and the plastic metric follows from it and the new deformation,
so that stresses stay near equilibrium. The number of carriers in the section does not change.
"""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from femanode.constitutive.elastoplasticity import plastic_metric, trial_strain
from femanode.mesh.hierarchy import Leaves
from femanode.mesh.spaces import Spaces
from femanode.numerics.arrays import Array, BoolArray, IntArray
from femanode.numerics.linear import inner
from femanode.solver.grading import TIE, GradedMesh
from femanode.solver.mechanics import NoEquilibrium
from femanode.solver.physics import Physics
from femanode.solver.state import State

#: Elastic solves after elements were merged. Merging lowers the pressure in the core; four solves halve that loss, and
#: more gain little.
SETTLING = 4


def transfer(old: Physics, old_mesh: GradedMesh, state: State, new: Physics, mesh: GradedMesh) -> State:
    """The same state on another mesh of the hierarchy.

    Elements common to both meshes keep their plastic history bit for bit. Common nodes keep their values, except that
    where elements were merged the displacement is solved for anew, elastically (see :func:`_settled`).

    Parameters
    ----------
    old, old_mesh : solvers and mesh that ``state`` is on
    new, mesh : solvers and mesh that the result is on
    """
    delta = old.front.delta
    odds = old_mesh.on_vertices(old.front.log_odds(state.xi), quadratic=False)[mesh.vertex]
    fields = np.stack([state.xi, state.depletion, state.front_stress, state.activity, state.front_stress_trend,
                       state.curvature, state.shift, state.host_stress, state.host_stress_trend, *state.film])
    linear = old_mesh.on_vertices(fields, quadratic=False)[:, mesh.vertex]
    known = np.zeros(mesh.hierarchy.xy.shape[1], bool)
    known[old_mesh.vertex] = True
    # Ahead of the front xi decays exponentially, so that its logarithm is interpolated, which is nearly linear.
    xi = np.where(known[mesh.vertex], linear[0], 1.0 / (1.0 + np.exp(-odds / delta)))
    xi[new.spaces.idle] = 0.0
    quadratic = old_mesh.on_vertices(np.concatenate([state.u, state.u_rate]), quadratic=True)[:, mesh.vertex]
    depletion = _conserving(old, state, new, xi, linear[1], linear[6])
    moved = replace(state, xi=xi, depletion=depletion, shift=linear[6], film=linear[9:], front_stress=linear[2],
                    u=np.ascontiguousarray(quadratic[:2]), activity=linear[3], front_stress_trend=linear[4],
                    curvature=linear[5], host_stress=linear[7], host_stress_trend=linear[8],
                    u_rate=np.ascontiguousarray(quadratic[2:]))
    moved, coarser = _with_history(old, old_mesh, state, new, mesh, moved)
    return _settled(new, moved, coarser) if len(coarser) else moved


def _conserving(old: Physics, state: State, new: Physics, xi: Array, depletion: Array, shift: Array) -> Array:
    """Depletion (N,), shifted by the same amount everywhere in reacted material so that no carrier is lost."""
    held = inner(old.spaces.mass, old.content_at_nodes(state))
    for _ in range(10):
        trial = replace(state, xi=xi, depletion=depletion, shift=shift)
        excess = inner(new.spaces.mass, new.content_at_nodes(trial)) - held
        if abs(excess) <= 1e-15 * held:
            break
        capacity = new.spaces.mass * new.chemistry.tangent(trial.c)[1] * (xi > 0.99)
        capacity[new.transport.held] = 0.0
        if not np.any(capacity):
            break
        depletion = depletion + excess / float(capacity.sum()) * (capacity > 0)
    return depletion


def _with_history(old: Physics, old_mesh: GradedMesh, state: State, new: Physics, mesh: GradedMesh, moved: State,
                  ) -> tuple[State, IntArray]:
    """``moved`` with its plastic history, and the elements (k,) whose history was fitted and is not zero.

    An element of both meshes keeps its history. An element within a larger old one takes that of the nearest old point.
    An element that replaces smaller ones takes a fit through all of their points.
    """
    was, now = old_mesh.leaves, mesh.leaves
    owner = was.owner(now.first)
    same = (was.level[owner] == now.level) & (was.halved[owner] == now.halved)
    finer = (was.level[owner] < now.level)
    shape = new.spaces.weight.shape
    Cp_inv, eqps, stress = np.empty((4, *shape)), np.empty(shape), np.empty(shape)
    kind = now.of_element
    within = np.arange(len(kind)) - now.elements[kind]

    to = np.flatnonzero(same[kind])
    source = was.elements[owner[kind[to]]] + within[to]
    Cp_inv[:, to], eqps[to], stress[to] = state.Cp_inv[:, source], state.eqps[source], state.point_stress[source]
    to = np.flatnonzero(finer[kind] & ~same[kind])
    where = _nearest(old.spaces, new.spaces, to, was.elements[owner[kind[to]]], was.halved[owner[kind[to]]] >= 0)
    metric = _read(state.Cp_inv, *where)
    # The mean of two metrics of determinant 1 has a determinant above 1.
    Cp_inv[:, to] = metric / np.cbrt((metric[0] * metric[1] - metric[2] ** 2) * metric[3])
    eqps[to], stress[to] = _read(np.stack([state.eqps, state.point_stress]), *where)
    coarser = np.flatnonzero(~(same | finer))
    to = np.flatnonzero(~(same | finer)[kind])
    if len(to):
        Cp_inv[:, to], eqps[to], stress[to] = _fitted(old, old_mesh, state, new, now, moved, coarser, to)
    return replace(moved, Cp_inv=Cp_inv, eqps=eqps, point_stress=stress), to[eqps[to].max(axis=1) > 0.0]


def _settled(new: Physics, moved: State, coarser: IntArray) -> State:
    """State in equilibrium, found without plastic flow; merged elements ``coarser`` (k,) keep their elastic deviator.

    The nodes that remain of a finer mesh are displaced unevenly, as that mesh was. In a larger element this unevenness
    would mean a pressure, under which the shell would flow and lose its stress. Elastic solves even it out.
    """
    h, C = new.content_at_points(moved.xi, moved.c)
    Jc = new.swelling(C)
    law = new.moduli(h, C)
    unyielding = replace(law, sigma_Y=np.full_like(C, 1e6))
    F = new.mechanics.deformation(moved.u)[:, :, coarser]
    F33 = new.mechanics.stretch(moved.u, moved.axial).F33[coarser]
    dev = _deviator(trial_strain(F, F33, moved.Cp_inv[:, coarser], Jc[coarser])[0])
    for _ in range(SETTLING):
        try:
            eq = new.mechanics.solve(moved.u, moved.axial, moved.Cp_inv, moved.eqps, Jc, unyielding, 1.0)
        except NoEquilibrium:
            break
        F, F33 = eq.F[:, :, coarser], eq.F33[coarser]
        J = (F[0, 0] * F[1, 1] - F[0, 1] * F[1, 0]) * F33
        Cp_inv = moved.Cp_inv.copy()
        Cp_inv[:, coarser] = plastic_metric(F, F33, np.log(J / Jc[coarser]) / 3.0, dev, Jc[coarser])
        moved = replace(moved, u=eq.u, axial=eq.axial, Cp_inv=Cp_inv)
    return moved


def _nearest(old: Spaces, new: Spaces, to: IntArray, source: IntArray, halved: BoolArray) -> tuple[IntArray, Array]:
    """Nearest old points of the points of the new elements ``to`` (m,), as weights.

    Only the nearest point counts. Two that are equally near, as two points of a triangle are to one of its middle
    child, count half each, since a choice between them would treat mirror images differently.

    Parameters
    ----------
    source : (m,) first element of the old leaf that holds each new element
    halved : (m,) whether that leaf consists of two elements

    Returns
    -------
    candidates : (m, 2) the elements of the old leaf
    weight : (m, 3, 2, 3) for each new point, weights of the points of the two
    """
    candidates = np.stack([source, source + halved], axis=1)  # a whole leaf has one element: twice the same
    x = old.qp_xy[:, candidates][:, :, None]
    gap = ((x - new.qp_xy[:, to][..., None, None]) ** 2).sum(axis=0)
    nearest = gap.min(axis=(2, 3), keepdims=True)
    near = gap <= nearest * (1.0 + TIE)
    return candidates, near / near.sum(axis=(2, 3), keepdims=True)


def _read(values: Array, candidates: IntArray, weight: Array) -> Array:
    """Weighted means (k, m, 3) of ``values`` (k, elem, 3) for the candidates and weights of :func:`_nearest`."""
    return np.asarray(np.einsum("kmeq,mpeq->kmp", values[:, candidates], weight))


def _fitted(old: Physics, old_mesh: GradedMesh, state: State, new: Physics, now: Leaves, moved: State,
            coarser: IntArray, to: IntArray) -> tuple[Array, Array, Array]:
    """Cp_inv (4, k, 3), eqps and mean stress (k, 3) of the merged elements ``to`` (k,) of the leaves ``coarser``.

    The deviator of the elastic strain, its length, the plastic strain and the mean stress at all old points within a
    leaf are each fitted by a plane (least squares), which is evaluated at the new points.
    """
    was = old_mesh.leaves
    descendants = 1 << (2 * (old_mesh.hierarchy.levels - now.level[coarser]))
    start = was.owner(now.first[coarser])
    stop = was.owner(now.first[coarser] + descendants - 1) + 1
    begin, end = was.elements[start], was.elements[stop]
    group = np.repeat(np.arange(len(coarser)), end - begin)
    sources = np.arange(len(group)) - np.repeat(np.cumsum(end - begin) - (end - begin), end - begin) + begin[group]
    target = np.searchsorted(coarser, now.of_element[to])

    F = old.mechanics.deformation(state.u)[:, :, sources]
    C = old.content_at_points(state.xi, state.c)[1]
    F33 = old.mechanics.stretch(state.u, state.axial).F33[sources]
    strain, _ = trial_strain(F, F33, state.Cp_inv[:, sources], old.swelling(C)[sources])
    shape = _deviator(strain)
    values = np.concatenate([shape, _norm(shape)[None], state.eqps[None, sources], state.point_stress[None, sources]])
    fit = _plane_fit(values, old.spaces.qp_xy[:, sources], old.spaces.weight[sources], group, len(coarser),
                     new.spaces.qp_xy[:, to], target)
    untouched = np.bincount(group, state.eqps[sources].max(axis=1), len(coarser))[target] == 0.0
    F_new = new.mechanics.deformation(moved.u)[:, :, to]
    F33_new = new.mechanics.stretch(moved.u, moved.axial).F33[to]
    Jc = new.volume_ratio(moved.xi, moved.c)[to]
    J = (F_new[0, 0] * F_new[1, 1] - F_new[0, 1] * F_new[1, 0]) * F33_new
    # The mean of deviators of different direction is shorter than each of them. Given their mean length, a shell that
    # is at its flow stress remains there.
    dev = fit[:4] * (fit[4] / np.maximum(_norm(fit[:4]), 1e-12))
    Cp_inv = plastic_metric(F_new, F33_new, np.log(J / Jc) / 3.0, dev, Jc)
    unit = np.array([1.0, 1.0, 0.0, 1.0])[:, None, None]
    eqps = np.where(untouched[:, None], 0.0, np.maximum(fit[5], 0.0))
    return np.where(untouched[:, None], unit, Cp_inv), eqps, fit[6]


def _deviator(strain: Array) -> Array:
    """Deviator of a tensor (4, ...) with components 11, 22, 12, 33."""
    dev = strain.copy()
    dev[[0, 1, 3]] -= (strain[0] + strain[1] + strain[3]) / 3.0
    return dev


def _norm(dev: Array) -> Array:
    """Euclidean norm (...) of a tensor (4, ...)."""
    return np.asarray(np.sqrt(dev[0] ** 2 + dev[1] ** 2 + 2.0 * dev[2] ** 2 + dev[3] ** 2))


def _plane_fit(values: Array, xy: Array, weight: Array, group: IntArray, n: int, at: Array, target: IntArray) -> Array:
    """Least-squares planes through ``values`` (k, m, 3), one for each of ``n`` groups, evaluated at other points.

    Parameters
    ----------
    xy, weight : (2, m, 3) and (m, 3), positions and weights of the values
    group : (m,) group of each value
    at : (2, t, 3) points at which the planes are evaluated
    target : (t,) group whose plane is taken there

    Returns
    -------
    (k, t, 3)
    """
    total = np.bincount(group, weight.sum(axis=1), n)
    centre = np.stack([np.bincount(group, (weight * x).sum(axis=1), n) / total for x in xy])
    scale = np.sqrt(total)
    basis = np.stack([np.ones_like(weight), *((xy - centre[:, group, None]) / scale[group, None])])
    moments = np.empty((n, 3, 3))
    for i in range(3):
        for j in range(3):
            moments[:, i, j] = np.bincount(group, (weight * basis[i] * basis[j]).sum(axis=1), n)
    loads = np.stack([[np.bincount(group, (weight * b * v).sum(axis=1), n) for b in basis] for v in values])
    planes = np.linalg.solve(moments[None], np.moveaxis(loads, 2, 1)[..., None])[..., 0]  # (k, n, 3)
    where = np.stack([np.ones(at.shape[1:]), *((at - centre[:, target, None]) / scale[target, None])])
    return np.einsum("kti,itq->ktq", planes[:, target], where)
