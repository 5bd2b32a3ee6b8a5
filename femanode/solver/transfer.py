"""How a state moves from one mesh of a hierarchy to the next.

Where an element is refined the material is pristine, so that nothing but smooth elastic displacement is interpolated.
Where elements are merged the elastic strain is carried over and not the plastic one, so that stresses stay near
equilibrium; the section holds as many carriers as before.
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

#: Elastic solves after a change of mesh: four leave half of the loss of core pressure that none does, more gain little.
SETTLING = 4


def transfer(old: Physics, old_mesh: GradedMesh, state: State, new: Physics, mesh: GradedMesh) -> State:
    """The same state on another mesh of the hierarchy.

    Elements that both meshes have keep their plastic history bit for bit. Nodes that both have keep their values too,
    but for displacement where elements were merged: it is solved for anew, elastically (see :func:`_settled`).
    """
    delta = old.front.delta
    odds = old_mesh.on_vertices(old.front.log_odds(state.xi), quadratic=False)[mesh.vertex]
    fields = np.stack([state.xi, state.depletion, state.front_stress, state.activity, state.front_stress_trend,
                       state.curvature])
    linear = old_mesh.on_vertices(fields, quadratic=False)[:, mesh.vertex]
    known = np.zeros(mesh.hierarchy.xy.shape[1], bool)
    known[old_mesh.vertex] = True
    # Ahead of the front xi falls off exponentially: its logarithm is linear, and can be interpolated.
    xi = np.where(known[mesh.vertex], linear[0], 1.0 / (1.0 + np.exp(-odds / delta)))
    quadratic = old_mesh.on_vertices(np.concatenate([state.u, state.u_rate]), quadratic=True)[:, mesh.vertex]
    depletion = _conserving(old, state, new, xi, linear[1])
    moved = replace(state, xi=xi, depletion=depletion, u=np.ascontiguousarray(quadratic[:2]), front_stress=linear[2],
                    activity=linear[3], front_stress_trend=linear[4], curvature=linear[5],
                    u_rate=np.ascontiguousarray(quadratic[2:]))
    moved, coarser = _with_history(old, old_mesh, state, new, mesh, moved)
    return _settled(new, moved, coarser) if len(coarser) else moved


def _conserving(old: Physics, state: State, new: Physics, xi: Array, depletion: Array) -> Array:
    """Depletion (N,) shifted in what has reacted, by the same amount everywhere, so that no carrier is lost."""
    held = inner(old.spaces.mass, old.content_at_nodes(state))
    for _ in range(3):
        trial = replace(state, xi=xi, depletion=depletion)
        excess = inner(new.spaces.mass, new.content_at_nodes(trial)) - held
        if abs(excess) <= 1e-15 * held:
            break
        capacity = new.spaces.mass * (1.0 - new.chemistry.at_front) * (xi > 0.99)
        capacity[new.transport.held] = 0.0
        if not np.any(capacity):
            break
        depletion = depletion + excess / float(capacity.sum()) * (capacity > 0)
    return depletion


def _with_history(old: Physics, old_mesh: GradedMesh, state: State, new: Physics, mesh: GradedMesh, moved: State,
                  ) -> tuple[State, IntArray]:
    """``moved`` with its plastic history, and the elements (k,) whose history was fitted and is not zero.

    An element that both meshes have takes its history over; one within a larger old element that of the nearest old
    point; one that replaces smaller ones a fit through all of their points.
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
    # The mean of two metrics of determinant 1 has a larger one.
    Cp_inv[:, to] = metric / np.cbrt((metric[0] * metric[1] - metric[2] ** 2) * metric[3])
    eqps[to], stress[to] = _read(np.stack([state.eqps, state.point_stress]), *where)
    coarser = np.flatnonzero(~(same | finer))
    to = np.flatnonzero(~(same | finer)[kind])
    if len(to):
        Cp_inv[:, to], eqps[to], stress[to] = _fitted(old, old_mesh, state, new, now, moved, coarser, to)
    return replace(moved, Cp_inv=Cp_inv, eqps=eqps, point_stress=stress), to[eqps[to].max(axis=1) > 0.0]


def _settled(new: Physics, moved: State, coarser: IntArray) -> State:
    """State in balance, found without flow; elements ``coarser`` keep the deviator of their fitted elastic strain.

    The nodes that are left of a finer mesh are displaced as unevenly as that was. Taken for strain of a larger element
    this would be a pressure, under which the shell would flow and lose its stress.
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
    """Old elements (m, 2) of the leaves that begin at ``source``, and the weights (m, 3, 2, 3) of their points.

    Only the nearest point counts. Where two are equally near, as two points of a triangle are to one of its middle
    child, each counts half: taking one of them would treat mirror images differently.
    """
    candidates = np.stack([source, source + halved], axis=1)  # a whole leaf has one element: twice the same
    x = old.qp_xy[:, candidates][:, :, None]
    gap = ((x - new.qp_xy[:, to][..., None, None]) ** 2).sum(axis=0)
    nearest = gap.min(axis=(2, 3), keepdims=True)
    near = gap <= nearest * (1.0 + TIE)
    return candidates, near / near.sum(axis=(2, 3), keepdims=True)


def _read(values: Array, candidates: IntArray, weight: Array) -> Array:
    """Values (k, elem, 3) at points of the given elements and weights, (k, m, 3)."""
    return np.asarray(np.einsum("kmeq,mpeq->kmp", values[:, candidates], weight))


def _fitted(old: Physics, old_mesh: GradedMesh, state: State, new: Physics, now: Leaves, moved: State,
            coarser: IntArray, to: IntArray) -> tuple[Array, Array, Array]:
    """Cp_inv (4, k, 3), eqps and driving stress (k, 3) of the elements ``to`` of the leaves ``coarser``.

    Through the elastic strain deviator, its length, the plastic strain and the stress at all old points within a leaf
    goes a plane by least squares, read off at the new points.
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
    # The mean of deviators that differ in direction is shorter than they are: with their mean length a shell that is
    # at its flow stress stays there.
    dev = fit[:4] * (fit[4] / np.maximum(_norm(fit[:4]), 1e-12))
    Cp_inv = plastic_metric(F_new, F33_new, np.log(J / Jc) / 3.0, dev, Jc)
    unit = np.array([1.0, 1.0, 0.0, 1.0])[:, None, None]
    eqps = np.where(untouched[:, None], 0.0, np.maximum(fit[5], 0.0))
    return np.where(untouched[:, None], unit, Cp_inv), eqps, fit[6]


def _deviator(strain: Array) -> Array:
    dev = strain.copy()
    dev[[0, 1, 3]] -= (strain[0] + strain[1] + strain[3]) / 3.0
    return dev


def _norm(dev: Array) -> Array:
    return np.asarray(np.sqrt(dev[0] ** 2 + dev[1] ** 2 + 2.0 * dev[2] ** 2 + dev[3] ** 2))


def _plane_fit(values: Array, xy: Array, weight: Array, group: IntArray, n: int, at: Array, target: IntArray) -> Array:
    """Least-squares planes of ``values`` (k, m, 3) by ``group`` (m,), read off at ``at`` (2, t, 3) in ``target``."""
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
