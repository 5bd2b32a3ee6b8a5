"""The outline of a wire with facets: a regular polygon, its corners sharp or rounded."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from femanode.mesh.outline import SPANS, Filled, smallest_sector, turned
from femanode.numerics.arrays import Array


@dataclass(frozen=True)
class Polygon(Filled):
    """A regular polygon about the origin. The outside reacts.

    Attributes
    ----------
    sides : number of flats
    apothem : distance of the flats from the axis, nm: half the diameter across flats
    rounding : radius of the corners, nm; 0 for sharp ones
    rotation : angle of a flat's normal from x, rad
    """

    sides: int
    apothem: float
    rounding: float = 0.0
    rotation: float = 0.0

    def __str__(self) -> str:
        corner = f"rounded by {self.rounding:g} nm" if self.rounding else "sharp"
        turn = f", turned by {np.degrees(self.rotation):g} degrees" if self.rotation else ""
        return f"polygon of {self.sides} corners ({corner}), {2 * self.apothem:g} nm across flats{turn}"

    @property
    def reference_radius(self) -> float:
        """Radius of the circle of the same area, nm."""
        return float(np.sqrt(self.area("full") / np.pi))

    @property
    def wall(self) -> float:
        """The apothem, nm."""
        return self.apothem

    @property
    def corners(self) -> tuple[float, ...]:
        """Angles of the corners, rad."""
        step = 2.0 * np.pi / self.sides
        return tuple(self.rotation + step * (np.arange(self.sides) + 0.5))

    @property
    def smallest_sector(self) -> str:
        """A quarter where x and y each run through a corner or the middle of a flat, a half where x does."""
        return smallest_sector(self.rotation, np.pi / self.sides)

    def depth(self, points: Array) -> Array:
        """Distance to the nearest flat or rounded corner, nm; negative outside."""
        (u, w), _ = self._folded(points)
        du, dw = u - (self.apothem - self.rounding), w - self._flat
        # hypot: distance from the middle of a corner's arc; for a sharp one, outside, from the corner
        return np.asarray(np.where((dw > 0.0) & (du > 0.0), self.rounding - np.hypot(du, dw), self.apothem - u))

    def normal(self, points: Array) -> Array:
        """Normal of the nearest flat, or away from the middle of the nearest arc; on a sharp corner between both."""
        (u, w), turn = self._folded(points)
        du, dw = u - (self.apothem - self.rounding), w - self._flat
        size = np.hypot(du, dw)  # hypot: size of a vector
        around = (dw > 0.0) & (du > 0.0) & (size > 1e-9 * self.apothem)
        local = np.where(around, np.stack([du, dw]) / np.where(around, size, 1.0), _east(u))
        if self.rounding == 0.0:
            half = np.pi / self.sides
            middle = np.array([np.cos(half), np.sin(half)]).reshape(2, *(1,) * u.ndim)
            local = np.where(~around & (np.abs(dw) <= 1e-9 * self.apothem), middle, local)
        return self._unfolded(local, turn)

    def reach(self, direction: Array) -> tuple[Array, Array]:
        """0, and the distance to flat or arc."""
        (u, w), _ = self._folded(direction)
        flat = self.apothem / u
        cu, cw, radius = self.apothem - self.rounding, self._flat, self.rounding
        along = cu * u + cw * w
        arc = along + np.sqrt(np.maximum(along**2 - cu**2 - cw**2 + radius**2, 0.0))
        outer = np.where(flat * w > cw, arc, flat) if radius > 0.0 else flat
        return np.zeros_like(outer), np.asarray(outer)

    def off(self, curve: str, points: Array) -> Array:
        """abs(depth), nm."""
        return np.asarray(np.abs(self.depth(points)))

    def project(self, curve: str, points: Array) -> Array:
        """Points moved along the normal."""
        return np.asarray(points + self.depth(points) * self.normal(points))

    def area(self, sector: str) -> float:
        """Area of a sector that has the mirrors of the polygon, nm^2."""
        return SPANS[sector] / (2.0 * np.pi) * self._area(self.apothem, self.rounding)

    def equivalent_depth(self, fraction: float) -> float:
        """Depth L (nm) of a front parallel to the flats that has converted ``fraction`` of the area.

        What is left is a polygon of apothem r - L whose corners have the radius rho - L, and are sharp from L = rho on:
        n tan(pi/n) r^2 - (n tan(pi/n) - pi) rho^2.
        """
        left = max(1.0 - float(fraction), 0.0) * self._area(self.apothem, self.rounding)
        sharp = self.sides * float(np.tan(np.pi / self.sides))
        r, rho = self.apothem, self.rounding
        L = r - float(np.sqrt(left / sharp))
        if rho > L:
            # pi L^2 - P L + A = left, with P = 2 (sharp r - (sharp - pi) rho) and A the whole area
            half = sharp * r - (sharp - np.pi) * rho
            gone = self._area(r, rho) - left
            L = gone / (half + float(np.sqrt(max(half**2 - np.pi * gone, 0.0))))
        return float(max(L, 0.0))

    @property
    def _flat(self) -> float:
        """Half the length of a flat's straight part, nm."""
        return (self.apothem - self.rounding) * float(np.tan(np.pi / self.sides))

    def _area(self, r: float, rho: float) -> float:
        sharp = self.sides * float(np.tan(np.pi / self.sides))
        return float(sharp * r**2 - (sharp - np.pi) * rho**2)

    def _folded(self, points: Array) -> tuple[Array, tuple[Array, Array]]:
        """Components (2, ...) along the nearest flat's normal and, not negative, along the flat; how to turn back."""
        local = turned(points, -self.rotation)
        step = 2.0 * np.pi / self.sides
        turn = step * np.rint(np.arctan2(local[1], local[0]) / step)
        c, s = np.cos(turn), np.sin(turn)
        u, w = c * local[0] + s * local[1], c * local[1] - s * local[0]
        return np.stack([u, np.abs(w)]), (turn, np.where(w < 0.0, -1.0, 1.0))

    def _unfolded(self, local: Array, turn: tuple[Array, Array]) -> Array:
        """Vectors (2, ...) of :meth:`_folded` components in x and y."""
        angle, sign = turn
        c, s, u, w = np.cos(angle), np.sin(angle), local[0], sign * local[1]
        return turned(np.stack([c * u - s * w, s * u + c * w]), self.rotation)


def _east(like: Array) -> Array:
    """Unit vectors along the first axis, (2, ...)."""
    return np.stack([np.ones_like(like), np.zeros_like(like)])
