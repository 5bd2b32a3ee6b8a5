"""Distance from chains of straight pieces, and how much of a section lies within a given distance."""

from __future__ import annotations

from functools import cached_property
from typing import Any, NamedTuple

import numpy as np
from scipy.spatial import cKDTree

from femanode.numerics.arrays import Array, BoolArray, IntArray

#: Pieces next to a point of which the nearest is taken.
_NEIGHBOURS = 8
#: Longest piece over the median length; longer ones are cut for the search only.
_LONGEST = 1.5
#: Points along the longer side of the grid on which depths are counted.
_GRID = 400


class Near(NamedTuple):
    """Of each point (...): distance to the nearest piece, the nearest place and the unit normal there, (2, ...)."""

    distance: Array
    place: Array
    normal: Array


class Segments:
    """Straight pieces from ``start`` to ``end``, (2, m), nm, with the material on their left."""

    def __init__(self, start: Array, end: Array) -> None:
        self.start, self.end = start, end

    @cached_property
    def _search(self) -> tuple[Any, IntArray]:
        """Tree of the middles of short parts, and the piece that each belongs to."""
        way = self.end - self.start
        length = np.sqrt((way**2).sum(axis=0))
        parts = np.maximum(np.ceil(length / (_LONGEST * np.median(length))), 1).astype(np.int64)
        piece = np.repeat(np.arange(len(parts)), parts)
        place = (np.arange(len(piece)) - np.repeat(np.cumsum(parts) - parts, parts) + 0.5) / parts[piece]
        return cKDTree((self.start[:, piece] + place * way[:, piece]).T), piece

    def near(self, points: Array) -> Near:
        """Nearest place, distance and normal of points (2, ...), where several pieces are equally near their mean."""
        flat = points.reshape(2, -1)
        tree, piece = self._search
        _, found = tree.query(flat.T, k=min(_NEIGHBOURS, len(piece)))
        candidates = piece[np.asarray(found).reshape(flat.shape[1], -1)].T  # (k, n)
        start, way = self.start[:, candidates], (self.end - self.start)[:, candidates]
        square = (way**2).sum(axis=0)
        share = np.clip(((flat[:, None] - start) * way).sum(axis=0) / square, 0.0, 1.0)
        foot = start + share * way
        gap = np.sqrt(((flat[:, None] - foot) ** 2).sum(axis=0))
        best, column = gap.argmin(axis=0), np.arange(flat.shape[1])
        least = gap[best, column]
        alike = gap <= least + 1e-9 * np.sqrt(np.median(square))
        normal = (np.stack([way[1], -way[0]]) / np.sqrt(square) * alike).sum(axis=1)
        normal = normal / np.maximum(np.sqrt((normal**2).sum(axis=0)), 1e-300)
        shape = points.shape[1:]
        return Near(least.reshape(shape), foot[:, best, column].reshape(points.shape), normal.reshape(points.shape))


def grid_over(low: Array, high: Array) -> Array:
    """Middles (2, n) of the squares of a grid over the box from ``low`` to ``high``, each (2,), nm."""
    width = float((high - low).max()) / _GRID
    x, y = (np.arange(a + 0.5 * width, b, width) for a, b in zip(low, high, strict=True))
    return np.stack(np.meshgrid(x, y)).reshape(2, -1)


class Depths:
    """How much of a section lies how deep, from the depths (n,) of evenly spread points, nm.

    Where a point stands for more than another, ``weight`` (n,) says how much.
    """

    def __init__(self, depths: Array, inside: BoolArray, weight: Array | None = None) -> None:
        found = np.maximum(depths[inside], 0.0)
        order = np.argsort(found, kind="stable")
        self._sorted, self._share = found[order], (np.arange(len(found)) + 0.5) / len(found)
        if weight is not None:
            total = np.cumsum(weight[inside][order])
            self._share = (total - 0.5 * weight[inside][order]) / total[-1]

    @property
    def deepest(self) -> float:
        """Largest depth, nm."""
        return float(self._sorted[-1])

    def within(self, fraction: float) -> float:
        """Depth above which ``fraction`` of the section lies, nm."""
        return float(np.interp(fraction, np.concatenate([[0.0], self._share, [1.0]]),
                               np.concatenate([[0.0], self._sorted, self._sorted[-1:]])))
