"""Where an adaptive mesh is fine, near the front, and when it no longer is where the front has come to.

Elements are refined ahead of the front, while they are pristine, and merged behind it, once reaction and most of the
plastic flow are over. :mod:`femanode.solver.adaptation` changes the mesh.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from femanode.mesh.hierarchy import Hierarchy, Leaves
from femanode.mesh.spaces import Spaces
from femanode.numerics.arrays import Array, BoolArray, IntArray
from femanode.solver.front import Front
from femanode.solver.state import State

#: Tolerance in comparing distances, relative to the finest size: those of mirror images, equal but for rounding, must
#: compare alike.
TIE = 1e-6


#: Distance behind the front, in delta, from which on it makes no difference to the mesh.
FAR_BEHIND = 100.0


@dataclass(frozen=True)
class Grading:
    """How the size of elements follows the front.

    Attributes
    ----------
    behind, ahead : float
        How far the finest elements extend on both sides of the front, in half-thicknesses delta. A round front of
        delta = R/80 stops at a converted fraction of 0.4660 with ``ahead`` at 3.5 or 5; with smaller values it stops at
        0.4666 (3), 0.4678 (2.5) and 0.4731 (2).
    travel : float
        Additional extent ahead in a new mesh, in delta: the front can travel this far before the mesh is changed again.
    growth_ahead, growth_behind : float
        Beyond that extent, the size of an element may exceed the finest by its distance from there over this number.
    coarsest_behind, coarsest_surface : float
        Largest size behind the front, and there on the outline's curves, where hoop stress is read; in finest sizes.
    flow_spread : float
        A triangle stays refined if the equivalent plastic strain within it varies by more than this.
    least_growth : float
        A triangle stays refined if, as one element, its area would somewhere have grown by less than this share of its
        mean growth; it is about to fold there.
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
    """One mesh of a hierarchy.

    Attributes
    ----------
    hierarchy : the tree of triangles
    leaves : the triangles of this mesh
    vertex : (N,) vertex of the hierarchy at each node
    """

    hierarchy: Hierarchy
    leaves: Leaves
    vertex: IntArray

    def on_vertices(self, nodal: Array, *, quadratic: bool) -> Array:
        """Values (…, vertices) of a nodal field (…, N) at all vertices of the hierarchy.

        Where this mesh has no node they are interpolated, linearly or quadratically.
        """
        values = np.full((*nodal.shape[:-1], self.hierarchy.xy.shape[1]), np.nan)
        values[..., self.vertex] = nodal
        return self.hierarchy.spread(values, quadratic=quadratic)


def initial_leaves(hierarchy: Hierarchy, grading: Grading, delta: float) -> Leaves:
    """Leaves for a front about to enter through the surface."""
    depth = hierarchy.root.outline.depth(hierarchy.xy)
    return hierarchy.grade(_wanted(hierarchy, grading, delta, -depth))


def leaves_for(mesh: GradedMesh, state: State, front: Front, grading: Grading) -> Leaves:
    """Leaves of a mesh that suits the front of ``state``; ``mesh`` is the present one."""
    hierarchy = mesh.hierarchy
    distance = mesh.on_vertices(front.log_odds(state.xi), quadratic=False)
    if hierarchy.root.region.any():
        # A coating is meshed as what the front has left behind.
        distance = np.where(hierarchy.root.outline.depth(hierarchy.xy) < -TIE * hierarchy.root.radius,
                            FAR_BEHIND * front.delta, distance)
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
    """Whether an element coarser than the finest has come within ``ahead`` or ``behind`` of the front."""
    coarse = (mesh.leaves.level[mesh.leaves.of_element] < mesh.hierarchy.levels) & (spaces.reacts > 0.0)
    nearest = front.log_odds(state.xi)[spaces.cells].max(axis=0)[coarse]
    farthest = front.log_odds(state.xi)[spaces.cells].min(axis=0)[coarse]
    return bool(np.any((nearest > -grading.ahead * front.delta) & (farthest < grading.behind * front.delta)))


def _wanted(hierarchy: Hierarchy, grading: Grading, delta: float, distance: Array) -> list[BoolArray]:
    """Marks of the triangles that are too large for their distance from the front, an array per level but the finest.

    ``distance`` is given at the vertices of the hierarchy, nm, positive behind the front.
    """
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
    """Marks, per level but the finest, of refined triangles within which plastic strain varies by more than ``spread``.

    One element of their size could not represent it.
    """
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
            # Every second result of reduceat belongs to a pair of bounds. It takes no bound at the very end; without it
            # the last range goes to the end anyway.
            bounds = np.stack([ends[refined], ends[refined + 1]], axis=1).ravel()
            bounds = bounds[:-1] if bounds[-1] == len(low) else bounds
            mark[refined] = np.maximum.reduceat(high, bounds)[::2] - np.minimum.reduceat(low, bounds)[::2] > spread
        marks.append(mark)
    return marks


def _folding(mesh: GradedMesh, leaves: Leaves, moved: Array, least: float) -> IntArray:
    """Numbers of the leaves that replace finer ones and whose elements would be close to folding somewhere.

    ``moved`` (2, vertices) are the present positions of the hierarchy's vertices, ``least`` is the least growth.
    """
    nodes = mesh.hierarchy.nodes(leaves)
    growth = _areas(moved[:, nodes]) / _areas(mesh.hierarchy.xy[:, nodes])
    folding = leaves.of_element[growth.min(axis=0) < least * growth.mean(axis=0)]
    was = mesh.leaves
    return np.unique(folding[was.level[was.owner(leaves.first[folding])] > leaves.level[folding]])


def _areas(xy: Array) -> Array:
    """Jacobian determinants (6, n) at the nodes of quadratic triangles with nodes ``xy`` (2, 6, n)."""
    L = np.array([[1, 0, 0], [0, 1, 0], [0, 0, 1], [0.5, 0.5, 0], [0, 0.5, 0.5], [0.5, 0, 0.5]])
    along = []
    for i, j in ((1, 0), (2, 0)):  # derivatives by L_1 and L_2, where L_0 = 1 - L_1 - L_2
        d = np.zeros(3)
        d[i], d[j] = 1.0, -1.0
        sides = [4.0 * (L[:, a] * d[b] + L[:, b] * d[a]) for a, b in ((0, 1), (1, 2), (2, 0))]
        along.append(np.einsum("ks,dkn->dsn", np.stack([*((4.0 * L - 1.0) * d).T, *sides]), xy))
    return np.asarray(along[0][0] * along[1][1] - along[0][1] * along[1][0])
