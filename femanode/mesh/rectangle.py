"""The outline of a rectangular section: a flat wire or, revolved about its middle, a cylinder of finite length."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from femanode.mesh.outline import SPANS, Filled, smallest_sector, turned
from femanode.numerics.arrays import Array

#: How far apart two sides may be from equally near, over the width, for a point to be on the line between them.
_TIE = 1e-9


@dataclass(frozen=True)
class Rectangle(Filled):
    """Half widths ``a`` along x and ``b`` along y, nm, then turned by ``rotation`` (rad). The outside reacts."""

    a: float
    b: float
    rotation: float = 0.0

    def __str__(self) -> str:
        turn = f", turned by {np.degrees(self.rotation):g} degrees" if self.rotation else ""
        return f"rectangle of {2 * self.a:g} nm x {2 * self.b:g} nm{turn}"

    @property
    def reference_radius(self) -> float:
        """Radius of the circle of the same area, nm."""
        return float(np.sqrt(self.area("full") / np.pi))

    @property
    def wall(self) -> float:
        """The smaller half width, nm."""
        return min(self.a, self.b)

    @property
    def corners(self) -> tuple[float, ...]:
        """Angles of the corners, rad."""
        half = float(np.arctan2(self.b, self.a))
        return tuple(self.rotation + angle for angle in (half, np.pi - half, np.pi + half, 2.0 * np.pi - half))

    @property
    def smallest_sector(self) -> str:
        """A quarter where the sides lie along x and y, otherwise the whole."""
        return smallest_sector(self.rotation, 0.5 * np.pi)

    def depth(self, points: Array) -> Array:
        """Distance to the nearest side, nm; negative outside, where the nearest point may be a corner."""
        gap, _ = self._gaps(points)
        beyond = np.hypot(*np.maximum(gap, 0.0))  # length of the way to the nearest point
        return np.asarray(np.where((gap <= 0.0).all(axis=0), -gap.max(axis=0), -beyond))

    def normal(self, points: Array) -> Array:
        """Normal of the nearest side, away from a corner where that is nearest; between the sides where both are."""
        gap, sign = self._gaps(points)
        beyond = np.maximum(gap, 0.0)
        nearest = (gap >= gap.max(axis=0) - _TIE * (self.a + self.b)).astype(float)
        way = np.where((beyond > 0.0).any(axis=0), beyond, nearest)
        return turned(sign * way / np.hypot(*way), self.rotation)  # hypot: size of a vector

    def reach(self, direction: Array) -> tuple[Array, Array]:
        """0, and the distance to the side that the ray meets first."""
        x, y = np.abs(turned(direction, -self.rotation))
        outer = 1.0 / np.maximum(x / self.a, y / self.b)
        return np.zeros_like(outer), outer

    def off(self, curve: str, points: Array) -> Array:
        """abs(depth), nm."""
        return np.asarray(np.abs(self.depth(points)))

    def project(self, curve: str, points: Array) -> Array:
        """The nearest points of the rectangle; of those on a line between two sides, the corner's direction."""
        return np.asarray(points + self.depth(points) * self.normal(points))

    def area(self, sector: str) -> float:
        """Area of a sector that has the mirrors of the rectangle, nm^2."""
        return SPANS[sector] / (2.0 * np.pi) * 4.0 * self.a * self.b

    def equivalent_depth(self, fraction: float) -> float:
        """Depth L (nm) with (a - L)(b - L) = (1 - f) a b."""
        a, b, f = self.a, self.b, min(max(float(fraction), 0.0), 1.0)
        return 2.0 * a * b * f / (a + b + float(np.sqrt((a + b) ** 2 - 4.0 * a * b * f)))

    def _gaps(self, points: Array) -> tuple[Array, Array]:
        """How far points (2, ...) lie beyond the nearer side of each pair (negative: before it), and on which side."""
        local = turned(points, -self.rotation)
        size = np.array([self.a, self.b]).reshape(2, *(1,) * (points.ndim - 1))
        return np.abs(local) - size, np.where(local < 0.0, -1.0, 1.0)
