"""The outline of a section that comes with its mesh: straight from node to node of the boundary."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

import numpy as np
from scipy.sparse import coo_array
from scipy.sparse.csgraph import connected_components

from femanode.errors import MeshError
from femanode.mesh.outline import REACTING_SIDES, SPANS, Sided
from femanode.mesh.segments import Depths, Segments, grid_over
from femanode.numerics.arrays import Array, BoolArray, IntArray


@dataclass(frozen=True, eq=False)
class Traced(Sided):
    """Boundary of a whole section about the origin, every ray from which leaves it once.

    Attributes
    ----------
    outer, holes : pieces of the outer boundary, by rising polar angle, and of all holes; None without a hole
    sector : the sector that the mesh is
    side : which boundary reacts, one of `REACTING_SIDES`
    """

    outer: Segments
    holes: Segments | None
    sector: str
    side: str = "outer"

    def __str__(self) -> str:
        hole = "" if self.holes is None else f", with a hole, reacting: {self.side}"
        low, high = self._box
        return f"outline from the mesh file, {high[0] - low[0]:.4g} nm x {high[1] - low[1]:.4g} nm{hole}"

    @cached_property
    def reference_radius(self) -> float:
        """Radius of the circle of the area within the outer boundary, nm."""
        return float(np.sqrt(_area(self.outer) / np.pi))

    @property
    def wall(self) -> float:
        """Largest depth, nm."""
        return self._depths.deepest

    @cached_property
    def solid(self) -> bool:
        """Whether the origin lies in the material."""
        return self.holes is None or bool(self.inside(np.zeros((2, 1)))[0])

    @property
    def round(self) -> bool:
        """False."""
        return False

    @property
    def curves(self) -> tuple[str, ...]:
        """The outer boundary and, where there are some, the holes."""
        return ("surface",) if self.holes is None else ("surface", "inner")

    @property
    def corners(self) -> tuple[float, ...]:
        """None: there is a mesh."""
        return ()

    @property
    def smallest_sector(self) -> str:
        """That of the mesh."""
        return self.sector

    def depth(self, points: Array) -> Array:
        """Distance from the pieces that react, nm; negative outside."""
        distance = np.min([self._of(curve).near(points).distance for curve in REACTING_SIDES[self.side]], axis=0)
        return np.asarray(np.where(self.inside(points), distance, -distance))

    def normal(self, points: Array) -> Array:
        """Normal of the nearest piece, out of the material; in the middle between two, their mean."""
        return self._all.near(points).normal

    def reach(self, direction: Array) -> tuple[Array, Array]:
        """Where a ray enters the material (0 if the origin is in it), and where it leaves the outer boundary."""
        outer = _along_ray(self.outer, direction)
        return (np.zeros_like(outer) if self.solid or self.holes is None else _along_ray(self.holes, direction)), outer

    def off(self, curve: str, points: Array) -> Array:
        """Distance from the pieces, nm."""
        return self._of(curve).near(points).distance

    def project(self, curve: str, points: Array) -> Array:
        """Nearest places of the pieces."""
        return self._of(curve).near(points).place

    def area(self, sector: str) -> float:
        """Area of a sector, nm^2, holes left out."""
        return SPANS[sector] / (2.0 * np.pi) * _area(self._all)

    def equivalent_depth(self, fraction: float) -> float:
        """Depth (nm) within which ``fraction`` of the area lies, counted on a grid of 400 points along it."""
        return self._depths.within(fraction)

    def inside(self, points: Array) -> BoolArray:
        """Whether points (2, ...) lie in the material."""
        near = self._all.near(points)
        return np.asarray(((near.place - points) * near.normal).sum(axis=0) > 0.0)

    def _of(self, curve: str) -> Segments:
        return self.outer if curve == "surface" or self.holes is None else self.holes

    @cached_property
    def _all(self) -> Segments:
        if self.holes is None:
            return self.outer
        return Segments(np.hstack([self.outer.start, self.holes.start]), np.hstack([self.outer.end, self.holes.end]))

    @property
    def _box(self) -> tuple[Array, Array]:
        return self.outer.start.min(axis=1), self.outer.start.max(axis=1)

    @cached_property
    def _depths(self) -> Depths:
        points = grid_over(*self._box)
        return Depths(self.depth(points), self.inside(points))


def trace(points: Array, edges: IntArray, sector: str, side: str, where: str) -> Traced:
    """The outline of a mesh.

    Parameters
    ----------
    points : (2, n) nodes, nm
    edges : (2, b) pieces of the boundary without those on symmetry lines, with the material on their left
    sector : the sector that the mesh is
    side : which boundary reacts
    where : names the mesh in errors

    Raises
    ------
    MeshError
        The axis does not lie within the outline, a ray from it leaves the section more than once, or a side is to react
        that is not there.
    """
    used, local = np.unique(edges, return_inverse=True)
    local = local.reshape(edges.shape)
    graph = coo_array((np.ones(edges.shape[1]), tuple(local)), shape=(used.size,) * 2)
    _, piece = connected_components(graph, directed=False)
    r = np.sqrt((points[:, used] ** 2).sum(axis=0))
    of_edge = piece[local[0]]
    outer = of_edge == piece[int(r.argmax())]
    start, end = points[:, edges[0, outer]], points[:, edges[1, outer]]
    turn = np.arctan2(start[0] * end[1] - start[1] * end[0], (start * end).sum(axis=0))
    if np.any(turn <= 1e-12) or abs(float(turn.sum()) - SPANS[sector]) > 1e-3:
        x, y = (0.5 * (start + end))[:, int(turn.argmin())]
        raise MeshError(f"boundary edge at ({x:.6g}, {y:.6g}) is on no circle about the axis (0, 0), and the outline "
                        "is not seen whole from there", where=where,
                        allowed="a section about (0, 0), each ray from which leaves it once: all of it, y >= 0, or "
                        "x >= 0 and y >= 0", hint="not centred, turned, a sector cut elsewhere, or a deep notch")
    if side != "outer" and outer.all():
        raise MeshError(f"no hole, but reacting: {side}", where=where, allowed="reacting: outer")
    whole = _mirrored(start, end, sector)
    order = np.argsort(np.arctan2(whole[0][1], whole[0][0]))
    inner = points[:, edges[:, ~outer]]
    holes = None if outer.all() else Segments(*_mirrored(inner[:, 0], inner[:, 1], sector))
    return Traced(Segments(whole[0][:, order], whole[1][:, order]), holes, sector, side)


def _mirrored(start: Array, end: Array, sector: str) -> tuple[Array, Array]:
    """Pieces with their mirror images, which run the other way."""
    for axis in {"quarter": (0, 1), "half": (1,), "full": ()}[sector]:
        flip = np.array([[-1.0], [1.0]]) if axis == 0 else np.array([[1.0], [-1.0]])
        start, end = np.hstack([start, flip * end]), np.hstack([end, flip * start])
    return start, end


def _area(pieces: Segments) -> float:
    """Area to the left of closed chains, nm^2."""
    (ax, ay), (bx, by) = pieces.start, pieces.end
    return float(0.5 * np.sum(ax * by - ay * bx))


def _unit(vectors: Array) -> Array:
    """Vectors (2, ...) of length 1."""
    return np.asarray(vectors / np.maximum(np.sqrt((vectors**2).sum(axis=0)), 1e-300))


def _along_ray(pieces: Segments, direction: Array) -> Array:
    """Distance from the origin, (...), at which rays along unit vectors (2, ...) meet a chain about it."""
    flat = direction.reshape(2, -1)
    start, way = pieces.start, pieces.end - pieces.start
    turn = start[0] * way[1] - start[1] * way[0]
    # Along the bisector of the piece's angle: a ray within the angle is less than 90 degrees off it, however unequal
    # the distances of the piece's ends.
    middle = _unit(start) + _unit(pieces.end)
    out = np.full(flat.shape[1], 0.0)
    for k in range(start.shape[1]):
        # Rays within the angle of the piece, its ends included.
        lead = start[0, k] * flat[1] - start[1, k] * flat[0]
        lag = flat[0] * pieces.end[1, k] - flat[1] * pieces.end[0, k]
        sign = 1.0 if turn[k] > 0.0 else -1.0
        ahead = middle[:, k] @ flat > 0.0
        hit = (sign * lead >= -1e-12) & (sign * lag >= -1e-12) & ahead
        cross = flat[0, hit] * way[1, k] - flat[1, hit] * way[0, k]
        out[hit] = turn[k] / np.where(cross == 0.0, np.inf, cross)
    return out.reshape(direction.shape[1:])
