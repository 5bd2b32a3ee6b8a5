"""Where an adaptive mesh is fine: a choice of leaves from the hierarchy for the place where the front is.

Ahead of the front an element is refined while it is pristine; behind it elements are merged once reaction and most of
the flow are over. How the state then moves to the new mesh is in :mod:`femanode.solver.transfer`.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from femanode.constitutive.elastoplasticity import plastic_metric, trial_strain
from femanode.mesh.hierarchy import Hierarchy, Leaves
from femanode.mesh.spaces import Spaces
from femanode.numerics.arrays import Array, BoolArray, IntArray
from femanode.solver.front import Front
from femanode.solver.state import State

#: Distances that agree to this share of the finest size, as those of mirror images do, are the same to a comparison.
TIE = 1e-6


@dataclass(frozen=True)
class Grading:
    """How the size of elements follows the front.

    Attributes
    ----------
    behind, ahead : float
        Reach of the finest elements on both sides of the front, in half-thicknesses delta. Of a round front of
        delta = R/80 that stops at a converted fraction of 0.4660 with ``ahead`` at 3.5 or 5, smaller values move the
        end to 0.4666 (3), 0.4678 (2.5) and 0.4731 (2).
    travel : float
        Further reach ahead, in delta: what the front may travel before the mesh is changed again.
    growth_ahead, growth_behind : float
        Beyond that reach an element may be larger than the finest by its distance over this number.
    coarsest_behind, coarsest_surface : float
        Largest size behind the front, and on the outline's curves, where hoop stress is read off; in finest sizes.
    flow_spread : float
        A triangle stays refined where equivalent plastic strain differs by more than this within it.
    least_growth : float
        A triangle stays refined where the area of a larger element would somewhere have grown by less than this share
        of its mean growth.
    """

    behind: float = 3.5
    ahead: float = 3.5
    travel: float = 1.5
    growth_ahead: float = 0.5
    growth_behind: float = 1.5
    coarsest_behind: float = 8.0
    coarsest_surface: float = 4.0
    flow_spread: float = 0.5
    least_growth: float = 0.5


@dataclass(frozen=True)
class GradedMesh:
    """One mesh of a hierarchy: its leaves, and the vertex of the hierarchy at each node, (N,)."""

    hierarchy: Hierarchy
    leaves: Leaves
    vertex: IntArray

    def on_vertices(self, nodal: Array, *, quadratic: bool) -> Array:
        """Nodal field (…, N) at all vertices of the hierarchy, interpolated where this mesh has no node."""
        values = np.full((*nodal.shape[:-1], self.hierarchy.xy.shape[1]), np.nan)
        values[..., self.vertex] = nodal
        return self.hierarchy.spread(values, quadratic=quadratic)


def initial_leaves(hierarchy: Hierarchy, grading: Grading, delta: float) -> Leaves:
    """Leaves for a front about to enter through the surface."""
    depth = hierarchy.root.outline.depth(hierarchy.xy)
    return hierarchy.grade(_wanted(hierarchy, grading, delta, -depth))


def leaves_for(mesh: GradedMesh, state: State, front: Front, grading: Grading) -> Leaves:
    """Leaves for the front where ``state`` has it."""
    hierarchy = mesh.hierarchy
    distance = mesh.on_vertices(front.log_odds(state.xi), quadratic=False)
    wanted = _wanted(hierarchy, grading, front.delta, distance)
    for keep, mark in zip(_flowing(mesh, state, grading.flow_spread), wanted, strict=True):
        mark |= keep
    moved = hierarchy.xy + mesh.on_vertices(state.u, quadratic=True)
    while True:
        leaves = hierarchy.grade(wanted)
        folding = _folding(mesh, leaves, moved, grading.least_growth)
        if not len(folding):
            return leaves
        for level, index in zip(leaves.level[folding], leaves.index[folding], strict=True):
            wanted[level][index] = True


def front_outruns(mesh: GradedMesh, spaces: Spaces, state: State, front: Front, grading: Grading) -> bool:
    """Whether an element that is not of the finest level lies within reach of the front."""
    coarse = mesh.leaves.level[mesh.leaves.of_element] < mesh.hierarchy.levels
    nearest = front.log_odds(state.xi)[spaces.cells].max(axis=0)[coarse]
    farthest = front.log_odds(state.xi)[spaces.cells].min(axis=0)[coarse]
    return bool(np.any((nearest > -grading.ahead * front.delta) & (farthest < grading.behind * front.delta)))


def _wanted(hierarchy: Hierarchy, grading: Grading, delta: float, distance: Array) -> list[BoolArray]:
    """Triangles too large for their distance (nm, positive behind the front; by vertex), per level but the last."""
    marks = []
    for level in range(hierarchy.levels):
        around = distance[np.vstack([hierarchy.corners[level], hierarchy.middles[level]])]
        to_front = np.maximum(-around.max(axis=0) - (grading.ahead + grading.travel) * delta, 0.0)
        past = np.maximum(around.min(axis=0) - grading.behind * delta, 0.0)
        finest = hierarchy.size(hierarchy.levels)
        excess = hierarchy.size(level) - finest
        tie = TIE * finest
        reacted = around.max(axis=0) > tie
        largest = np.where(hierarchy.on_outline(level), grading.coarsest_surface, grading.coarsest_behind)
        too_large = reacted & (hierarchy.size(level) > 1.001 * largest * finest)
        near = (to_front < grading.growth_ahead * excess - tie) & (past < grading.growth_behind * excess - tie)
        marks.append(near | too_large)
    return marks


def _flowing(mesh: GradedMesh, state: State, spread: float) -> list[BoolArray]:
    """Refined triangles whose plastic strain varies too much to be described by one of their size."""
    hierarchy, leaves = mesh.hierarchy, mesh.leaves
    low = np.minimum.reduceat(state.eqps.min(axis=1), leaves.elements[:-1])
    high = np.maximum.reduceat(state.eqps.max(axis=1), leaves.elements[:-1])
    marks = []
    for level in range(hierarchy.levels):
        start = np.arange(hierarchy.corners[level].shape[1] + 1) << (2 * (hierarchy.levels - level))
        ends = np.searchsorted(leaves.first, start)
        refined = np.flatnonzero(np.diff(ends) > 1)
        mark = np.zeros(len(start) - 1, bool)
        if len(refined):
            # reduceat over pairs of bounds; a last bound at the end is left out, as it stands for "to the end".
            bounds = np.stack([ends[refined], ends[refined + 1]], axis=1).ravel()
            bounds = bounds[:-1] if bounds[-1] == len(low) else bounds
            mark[refined] = np.maximum.reduceat(high, bounds)[::2] - np.minimum.reduceat(low, bounds)[::2] > spread
        marks.append(mark)
    return marks


def _folding(mesh: GradedMesh, leaves: Leaves, moved: Array, least: float) -> IntArray:
    """Leaves coarser than what they replace whose elements would shrink towards zero somewhere.

    ``moved`` (2, vertices) is where the vertices of the hierarchy are now.
    """
    nodes = mesh.hierarchy.nodes(leaves)
    growth = _areas(moved[:, nodes]) / _areas(mesh.hierarchy.xy[:, nodes])
    folding = leaves.of_element[growth.min(axis=0) < least * growth.mean(axis=0)]
    was = mesh.leaves
    return np.unique(folding[was.level[was.owner(leaves.first[folding])] > leaves.level[folding]])


def _areas(xy: Array) -> Array:
    """Local scale of area (6, n) at the nodes of quadratic triangles with nodes ``xy`` (2, 6, n)."""
    L = np.array([[1, 0, 0], [0, 1, 0], [0, 0, 1], [0.5, 0.5, 0], [0, 0.5, 0.5], [0.5, 0, 0.5]])
    along = []
    for i, j in ((1, 0), (2, 0)):  # derivatives by L_1 and L_2, with L_0 what is left
        d = np.zeros(3)
        d[i], d[j] = 1.0, -1.0
        sides = [4.0 * (L[:, a] * d[b] + L[:, b] * d[a]) for a, b in ((0, 1), (1, 2), (2, 0))]
        along.append(np.einsum("ks,dkn->dsn", np.stack([*((4.0 * L - 1.0) * d).T, *sides]), xy))
    return np.asarray(along[0][0] * along[1][1] - along[0][1] * along[1][0])


def transfer(old: Physics, old_mesh: GradedMesh, state: State, new: Physics, mesh: GradedMesh) -> State:
    """The same state on another mesh of the hierarchy.

    Plastic history of common elements is kept bit for bit, nodal values of common nodes too unless elements were
    coarsened, for which displacement settles elastically.
    """
    delta = old.front.delta
    odds = old_mesh.on_vertices(old.front.log_odds(state.xi), quadratic=False)[mesh.vertex]
    fields = np.stack([state.xi, state.depletion, state.front_stress, state.activity, state.front_stress_trend,
                       state.curvature])
    linear = old_mesh.on_vertices(fields, quadratic=False)[:, mesh.vertex]
    known = np.zeros(mesh.hierarchy.xy.shape[1], bool)
    known[old_mesh.vertex] = True
    # The leading tail is exponential, so that it is its logarithm that is interpolated.
    xi = np.where(known[mesh.vertex], linear[0], 1.0 / (1.0 + np.exp(-odds / delta)))
    quadratic = old_mesh.on_vertices(np.concatenate([state.u, state.u_rate]), quadratic=True)[:, mesh.vertex]
    e = _conserving(old, state, new, xi, linear[1], known[mesh.vertex])
    moved = replace(state, xi=xi, depletion=e, u=np.ascontiguousarray(quadratic[:2]), front_stress=linear[2],
                    activity=linear[3], front_stress_trend=linear[4], curvature=linear[5],
                    u_rate=np.ascontiguousarray(quadratic[2:]))
    moved, coarser = _with_history(old, old_mesh, state, new, mesh, moved)
    return _settled(new, moved, coarser) if len(coarser) else moved


def _conserving(old: Physics, state: State, new: Physics, xi: Array, e: Array, known: BoolArray) -> Array:
    """Depletion shifted where the mesh has changed so that the section holds exactly what it held."""
    held = inner(old.spaces.mass, old.content_at_nodes(state))
    for _ in range(3):
        trial = replace(state, xi=xi, depletion=e)
        excess = inner(new.spaces.mass, new.content_at_nodes(trial)) - held
        if abs(excess) <= 1e-15 * held:
            break
        capacity = new.spaces.mass * (1.0 - new.chemistry.at_front) * (xi > 0.99)
        capacity[new.transport.held] = 0.0
        if not np.any(capacity):
            break
        e = e + excess / float(capacity.sum()) * (capacity > 0)
    return e


def _with_history(old: Physics, old_mesh: GradedMesh, state: State, new: Physics, mesh: GradedMesh, moved: State,
                  ) -> tuple[State, IntArray]:
    """``moved`` with its history (copied, read off at the nearest point, or fitted), and the elements where fitted."""
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
    """Balance of forces found without flow, at the fitted shape of the elastic strain of the elements ``coarser``.

    Nodes left over from a finer mesh carry its unevenness, which would act as pressure, make the shell flow and
    unload it.
    """
    h, C = new.content_at_points(moved.xi, moved.c)
    Jc = new.swelling(C)
    law = new.moduli(h, C)
    unyielding = replace(law, sigma_Y=np.full_like(C, 1e6))
    F = new.mechanics.deformation(moved.u)[:, :, coarser]
    F33 = new.mechanics.stretch(moved.u, moved.axial).F33[coarser]
    dev = _deviator(trial_strain(F, F33, moved.Cp_inv[:, coarser], Jc[coarser])[0])
    for _ in range(SETTLING):
        eq = new.mechanics.solve(moved.u, moved.axial, moved.Cp_inv, moved.eqps, Jc, unyielding, 1.0)
        if not eq.converged:
            break
        F, F33 = eq.F[:, :, coarser], eq.F33[coarser]
        J = (F[0, 0] * F[1, 1] - F[0, 1] * F[1, 0]) * F33
        Cp_inv = moved.Cp_inv.copy()
        Cp_inv[:, coarser] = plastic_metric(F, F33, np.log(J / Jc[coarser]) / 3.0, dev, Jc[coarser])
        moved = replace(moved, u=eq.u, axial=eq.axial, Cp_inv=Cp_inv)
    return moved


def _nearest(old: Spaces, new: Spaces, to: IntArray, source: IntArray, halved: BoolArray) -> tuple[IntArray, Array]:
    """Old elements (m, 2) of the leaves that begin at ``source``, and the weights (m, 3, 2, 3) of their points.

    The nearest point counts alone; two equally near, as a triangle's are to points of its middle child, count half
    each: one of them would be a choice between mirror images.
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
    """History of elements ``to`` from planes through the elastic strain and flow of the old points in their leaves."""
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
    # A mean of deviators is shorter than they are; a shell that is at its strength is to stay there.
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
