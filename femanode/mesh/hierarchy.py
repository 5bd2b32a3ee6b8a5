"""Nested triangles of a section, and the graded meshes that can be cut from them.

A root mesh is refined regularly, every triangle into four, down to the finest level. A graded mesh is a choice of
triangles from that tree, its leaves, with neighbours at most one level apart. A leaf with one finer neighbour is halved
from the middle of that side, so that no node hangs. Meshes cut from one tree share the numbers of vertices and
triangles, so that a state is moved from one to the other by index arithmetic: triangle i of a level has the children
4 i ... 4 i + 3 (at corners 0, 1, 2, and in the middle).
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from itertools import pairwise

import numpy as np

from femanode.mesh.section import ON_LINE, Section, build_section, runs_along
from femanode.numerics.arrays import Array, BoolArray, IntArray


@dataclass(frozen=True)
class Leaves:
    """A graded choice of triangles, in the order of their first descendant on the finest level.

    Attributes
    ----------
    level, index : (n,) level of refinement, and number within it
    first : (n,) number of the first descendant on the finest level, increasing
    halved : (n,) side (0: 01, 1: 12, 2: 20) across which the neighbour is finer, or -1
    """

    level: IntArray
    index: IntArray
    first: IntArray
    halved: IntArray

    @cached_property
    def elements(self) -> IntArray:
        """(n + 1,) first element of each leaf, and the number of elements. A halved leaf has two elements."""
        return np.concatenate([[0], np.cumsum(1 + (self.halved >= 0))])

    @property
    def of_element(self) -> IntArray:
        """(elem,) leaf of each element."""
        return np.repeat(np.arange(len(self.level)), np.diff(self.elements))

    @property
    def arrays(self) -> dict[str, IntArray]:
        """Arrays by name from which the same leaves can be made again."""
        return {"level": self.level, "index": self.index, "first": self.first, "halved": self.halved}

    def owner(self, first: IntArray) -> IntArray:
        """Leaf that contains each of the given triangles ``first`` of the finest level."""
        return np.asarray(np.searchsorted(self.first, first, "right") - 1, dtype=np.int64)


class Hierarchy:
    """Regular refinement of a root section.

    Parameters
    ----------
    root : Section
        Its edges are curved on the outline and straight elsewhere. Graded meshes inherit its regions and its reacting
        boundary.
    levels : int
        Number of refinements, 0 or more.

    Attributes
    ----------
    xy : (2, n) vertices: all corners of the finest level and the middles of its sides, nm
    corners : list by level of (3, triangles) vertices at the corners
    middles : list by level of (3, triangles) vertices in the middle of the sides 01, 12, 20
    reacting : (n,) whether a vertex is the middle of a side on the boundary named ``reacting``; None without one
    """

    def __init__(self, root: Section, levels: int) -> None:
        self.root, self.levels = root, levels
        corners = np.asarray(root.mesh.t, dtype=np.int64)
        xy = np.asarray(root.mesh.p, dtype=np.float64)[:, : corners.max() + 1]
        self.corners: list[IntArray] = []
        self.middles: list[IntArray] = []
        for level in range(levels + 1):
            middles, new = _middles(corners, xy, root)
            xy = np.hstack([xy, new])
            self.corners.append(corners)
            self.middles.append(middles)
            if level < levels:
                (a, b, c), (ab, bc, ca) = corners, middles
                four = [[a, ab, ca], [ab, b, bc], [ca, bc, c], [bc, ca, ab]]
                corners = np.stack([np.stack(f) for f in four], axis=-1).reshape(3, -1)
        self.xy = xy
        self.reacting = self._inherited_reacting()

    def _inherited_reacting(self) -> BoolArray | None:
        """Mask (n,) of the middles of reacting sides on all levels; None if the root names no reacting boundary."""
        facets = (self.root.mesh.boundaries or {}).get("reacting")
        if facets is None:
            return None
        middle = np.zeros(self.xy.shape[1], bool)
        # scikit-fem numbers the sides of a triangle 01, 12, 02: those of ``middles`` in the same order.
        middle[self.middles[0][np.isin(self.root.mesh.t2f, facets)]] = True
        for above, below in pairwise(self.middles):
            for side in range(3):
                for child in (side, (side + 1) % 3):
                    middle[below[side, child::4]] = middle[above[side]]
        return middle

    @property
    def n_finest(self) -> int:
        """Triangles of the finest level."""
        return self.corners[-1].shape[1]

    def size(self, level: int) -> float:
        """Nominal edge length of a level, nm."""
        return self.root.element_size / 2.0**level

    def on_outline(self, level: int) -> BoolArray:
        """Mask of the triangles of a level that have a corner on one of the outline's curves."""
        return np.asarray(self._near[self.corners[level]].any(axis=0))

    @cached_property
    def _near(self) -> BoolArray:
        """Mask (n,) of the vertices on one of the outline's curves."""
        outline = self.root.outline
        near = [outline.off(curve, self.xy) < ON_LINE * outline.reference_radius for curve in outline.curves]
        return np.asarray(np.any(near, axis=0))

    def grade(self, wanted: list[BoolArray]) -> Leaves:
        """Coarsest graded choice that refines all triangles marked in ``wanted``, an array per level but the finest."""
        refined = [mark.copy() for mark in wanted]
        for level in range(self.levels - 1, 0, -1):
            parents = np.flatnonzero(refined[level].reshape(-1, 4).any(axis=1))
            refined[level - 1][parents] = True
        while self._close(refined):
            pass
        return self._collect(refined)

    def _close(self, refined: list[BoolArray]) -> bool:
        """Refine triangles with two hanging nodes or a neighbour two levels finer, in one sweep from fine to coarse.

        Returns whether anything has changed.
        """
        changed = False
        for level in range(self.levels - 1, -1, -1):
            while True:
                bad = self._active(refined, level) & ~refined[level]
                cells = np.flatnonzero(bad)
                hanging = self._hanging(refined, level, cells)
                deeper = self._deeper(refined, level, cells)
                again = cells[(hanging.sum(axis=0) > 1) | deeper]
                if not len(again):
                    break
                refined[level][again] = True
                changed = True
                if level:
                    refined[level - 1][again // 4] = True
        return changed

    def _active(self, refined: list[BoolArray], level: int) -> BoolArray:
        """Mask of the triangles of a level that are in the mesh or refined, that is, whose parent is refined."""
        return np.repeat(refined[level - 1], 4) if level else np.ones(self.corners[0].shape[1], bool)

    def _split(self, refined: list[BoolArray], level: int) -> BoolArray:
        """Mask (n,) of the vertices that are the middle of a side of a refined triangle of a level."""
        cut = np.zeros(self.xy.shape[1], bool)
        cut[self.middles[level][:, refined[level]]] = True
        return cut

    def _hanging(self, refined: list[BoolArray], level: int, cells: IntArray) -> BoolArray:
        """Mask (3, cells) of the sides on which a finer neighbour has a node."""
        return self._split(refined, level)[self.middles[level][:, cells]]

    def _deeper(self, refined: list[BoolArray], level: int, cells: IntArray) -> BoolArray:
        """Mask of the triangles ``cells`` with a neighbour two levels finer."""
        if level + 1 >= self.levels:
            return np.zeros(len(cells), bool)
        cut = self._split(refined, level + 1)
        below = self.middles[level + 1]
        return np.any([cut[below[side, 4 * cells + k]] for side in range(3) for k in (side, (side + 1) % 3)], axis=0)

    def _collect(self, refined: list[BoolArray]) -> Leaves:
        """Leaves of a graded choice: triangles that are in the mesh and not refined."""
        levels: list[IntArray] = []
        indices: list[IntArray] = []
        halved: list[IntArray] = []
        for level in range(self.levels + 1):
            alive = self._active(refined, level)
            cells = np.flatnonzero(alive & ~refined[level] if level < self.levels else alive)
            side = np.full(len(cells), -1, dtype=np.int64)
            if level < self.levels:
                hanging = self._hanging(refined, level, cells)
                side = np.where(hanging.any(axis=0), hanging.argmax(axis=0), -1)
            levels.append(np.full(len(cells), level, dtype=np.int64))
            indices.append(cells.astype(np.int64))
            halved.append(side)
        where, index, sides = np.concatenate(levels), np.concatenate(indices), np.concatenate(halved)
        first = index << (2 * (self.levels - where))
        order = np.argsort(first, kind="stable")
        return Leaves(where[order], index[order], first[order], sides[order])

    def nodes(self, leaves: Leaves) -> IntArray:
        """(6, elem) vertices of the elements: corners, then mid-sides 01, 12, 20."""
        out = np.empty((6, leaves.elements[-1]), dtype=np.int64)
        for level in range(self.levels + 1):
            mine = np.flatnonzero(leaves.level == level)
            whole = mine[leaves.halved[mine] < 0]
            at = leaves.index[whole]
            out[:, leaves.elements[whole]] = np.vstack([self.corners[level][:, at], self.middles[level][:, at]])
            for side in range(3):
                half = mine[leaves.halved[mine] == side]
                if len(half):
                    out[:, leaves.elements[half]], out[:, leaves.elements[half] + 1] = self._halves(
                        level, leaves.index[half], side)
        return out

    def _halves(self, level: int, at: IntArray, side: int) -> tuple[IntArray, IntArray]:
        """Nodes of the two halves of triangles cut from the middle of a side to the opposite corner."""
        i, j, k = side, (side + 1) % 3, (side + 2) % 3
        c, m, below = self.corners[level][:, at], self.middles[level][:, at], self.middles[level + 1]
        inner = below[side, 4 * at + 3]
        left, right = below[side, 4 * at + i], below[side, 4 * at + j]
        return (np.stack([c[k], c[i], m[side], m[k], left, inner]),
                np.stack([c[k], m[side], c[j], inner, right, m[j]]))

    def section(self, leaves: Leaves) -> tuple[Section, IntArray]:
        """The mesh of a choice of leaves, and the vertices (6, elem) at the nodes of its elements.

        The elements have the order of the leaves.
        """
        nodes, root = self.nodes(leaves), self.root
        used, triangles = np.unique(nodes[:3], return_inverse=True)
        section = build_section(np.ascontiguousarray(self.xy[:, used]), triangles.reshape(3, -1), root.sector,
                                root.outline, self.size(self.levels), "graded mesh")
        if root.region.any():
            ancestor = leaves.index >> (2 * leaves.level)
            section = section.with_regions(root.region[ancestor][leaves.of_element])
        if self.reacting is not None:
            section = section.with_reacting(np.unique(section.mesh.t2f[self.reacting[nodes[3:]]]))
        return section, nodes

    def spread(self, values: Array, *, quadratic: bool) -> Array:
        """``values`` (…, n) with those that are NaN interpolated from the coarser triangles that contain them.

        Quadratic interpolation is exact for fields on quadratic triangles (except in halved leaves), linear
        interpolation for fields on linear triangles of the same mesh refined once.
        """
        out = values.copy()
        for level in range(self.levels):
            six = np.vstack([self.corners[level], self.middles[level]])
            for child in range(4):
                ends = self.corners[level + 1][:, child::4]
                for side in range(3):
                    target = self.middles[level + 1][side, child::4]
                    missing = np.flatnonzero(np.isnan(out[..., target].reshape(-1, len(target))[0]))
                    if not len(missing):
                        continue
                    if quadratic:
                        nodes, weights = _stencil(child, side)
                        new = np.einsum("k,...km->...m", weights, out[..., six[nodes][:, missing]])
                    else:
                        new = 0.5 * (out[..., ends[side, missing]] + out[..., ends[(side + 1) % 3, missing]])
                    out[..., target[missing]] = new
        return out


def refined_evenly(root: Section, levels: int) -> Section:
    """The section with every triangle cut into four, ``levels`` times."""
    hierarchy = Hierarchy(root, levels)
    return hierarchy.section(hierarchy.grade([np.ones(c.shape[1], bool) for c in hierarchy.corners[:-1]]))[0]


def _middles(corners: IntArray, xy: Array, root: Section) -> tuple[IntArray, Array]:
    """Vertex numbers (3, m) of the middles of all sides, and the positions (2, k) of these new vertices.

    The middle of a side on an interface, or of a boundary side on one of the outline's curves, is moved onto it.
    """
    n = xy.shape[1]
    ends = np.stack([corners, np.roll(corners, -1, axis=0)])
    low, high = ends.min(axis=0), ends.max(axis=0)
    key, inverse, count = np.unique(low * n + high, return_inverse=True, return_counts=True)
    a, b = key // n, key % n
    new = 0.5 * (xy[:, a] + xy[:, b])
    for curve in (*root.outline.curves, *root.outline.interfaces):
        on = root.outline.off(curve, xy) < ON_LINE * root.outline.reference_radius
        bent = (count == 1) & on[a] & on[b]
        if curve in root.outline.interfaces:
            ends_on = np.stack([xy[:, a], xy[:, b]], axis=1)
            bent = runs_along(root.outline, curve, ends_on, ON_LINE * root.outline.reference_radius)
        new[:, bent] = root.outline.project(curve, new[:, bent])
    return n + inverse.reshape(corners.shape).astype(np.int64), new


def _stencil(child: int, side: int) -> tuple[IntArray, Array]:
    """Nodes of the parent that determine a quadratic field in the middle of a child's side, and their weights."""
    child_corner = np.array([[[1, 0, 0], [0.5, 0.5, 0], [0.5, 0, 0.5]], [[0.5, 0.5, 0], [0, 1, 0], [0, 0.5, 0.5]],
                             [[0.5, 0, 0.5], [0, 0.5, 0.5], [0, 0, 1]], [[0, 0.5, 0.5], [0.5, 0, 0.5], [0.5, 0.5, 0]]])
    p = 0.5 * (child_corner[child, side] + child_corner[child, (side + 1) % 3])
    weights = np.array([*(p * (2 * p - 1)), 4 * p[0] * p[1], 4 * p[1] * p[2], 4 * p[2] * p[0]])
    used = np.flatnonzero(weights)
    return used.astype(np.int64), weights[used]
