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
    """Half widths ``a`` along x and ``b`` along y, corners of radius ``rounding``, nm; turned by ``rotation``, rad.

    The outside reacts.
    """

    a: float
    b: float
    rounding: float = 0.0
    rotation: float = 0.0

    def __str__(self) -> str:
        corner = f", corners rounded by {self.rounding:g} nm" if self.rounding else ""
        turn = f", turned by {np.degrees(self.rotation):g} degrees" if self.rotation else ""
        return f"rectangle of {2 * self.a:g} nm x {2 * self.b:g} nm{corner}{turn}"

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
        """Angles of the corners, rad; of rounded ones that of the middle of the arc."""
        inward = self.rounding * (1.0 - np.sqrt(0.5))
        half = float(np.arctan2(self.b - inward, self.a - inward))
        return tuple(self.rotation + angle for angle in (half, np.pi - half, np.pi + half, 2.0 * np.pi - half))

    @property
    def smallest_sector(self) -> str:
        """A quarter where the sides lie along x and y, otherwise the whole."""
        return smallest_sector(self.rotation, 0.5 * np.pi)

    def depth(self, points: Array) -> Array:
        """Distance to the nearest side or arc, nm; negative outside, where the nearest point may be a sharp corner."""
        gap, _ = self._gaps(points)
        # hypot: distance from the middle of a corner's arc
        return np.asarray(self.rounding - np.where((gap > 0.0).all(axis=0), np.hypot(*gap), gap.max(axis=0)))

    def normal(self, points: Array) -> Array:
        """Normal of the nearest side, away from the middle of a corner's arc; between two sides that are equally near.
        """
        gap, sign = self._gaps(points)
        nearest = (gap >= gap.max(axis=0) - _TIE * (self.a + self.b)).astype(float)
        around = (gap > _TIE * (self.a + self.b)).all(axis=0)
        way = np.where(around, gap, nearest)
        return turned(sign * way / np.hypot(*way), self.rotation)  # hypot: size of a vector

    def reach(self, direction: Array) -> tuple[Array, Array]:
        """0, and the distance to the side or arc that the ray meets first."""
        x, y = np.abs(turned(direction, -self.rotation))
        outer = 1.0 / np.maximum(x / self.a, y / self.b)
        if self.rounding:
            cx, cy = self.a - self.rounding, self.b - self.rounding
            along = cx * x + cy * y
            arc = along + np.sqrt(np.maximum(along**2 - cx**2 - cy**2 + self.rounding**2, 0.0))
            outer = np.where((outer * x > cx) & (outer * y > cy), arc, outer)
        return np.zeros_like(outer), np.asarray(outer)

    def off(self, curve: str, points: Array) -> Array:
        """abs(depth), nm."""
        return np.asarray(np.abs(self.depth(points)))

    def project(self, curve: str, points: Array) -> Array:
        """Points moved along the normal."""
        return np.asarray(points + self.depth(points) * self.normal(points))

    def area(self, sector: str) -> float:
        """Area of a sector that has the mirrors of the rectangle, 4 a b - (4 - pi) rho^2 in all, nm^2."""
        whole = 4.0 * self.a * self.b - (4.0 - np.pi) * self.rounding**2
        return float(SPANS[sector] / (2.0 * np.pi) * whole)

    def equivalent_depth(self, fraction: float) -> float:
        """Depth L (nm) of a front parallel to the sides that has converted ``fraction`` of the area.

        It leaves 4 (a - L)(b - L) - (4 - pi)(rho - L)^2, without the last term from L = rho on.
        """
        a, b, rho = self.a, self.b, self.rounding
        gone = min(max(float(fraction), 0.0), 1.0) * self.area("full")
        # pi L^2 - P L + gone = 0 with the perimeter P
        half = 2.0 * (a + b) - (4.0 - np.pi) * rho
        L = gone / (half + float(np.sqrt(max(half**2 - np.pi * gone, 0.0))))
        if rho < L:
            cut = gone + (4.0 - np.pi) * rho**2  # of the sharp rectangle
            L = 0.5 * cut / (a + b + float(np.sqrt(max((a + b) ** 2 - cut, 0.0))))
        return float(L)

    def _gaps(self, points: Array) -> tuple[Array, Array]:
        """How far points (2, ...) lie beyond the ends of the straight parts (negative: before), and on which side."""
        local = turned(points, -self.rotation)
        size = np.array([self.a - self.rounding, self.b - self.rounding]).reshape(2, *(1,) * (points.ndim - 1))
        return np.abs(local) - size, np.where(local < 0.0, -1.0, 1.0)
