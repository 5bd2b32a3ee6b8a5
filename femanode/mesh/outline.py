"""The curves that bound a wire's reference cross-section, and what is measured from them.

"Depth below the surface", "outward normal" and "radius of the section" are defined here and nowhere else. Another shape
of section is another class with the methods of :class:`Outline`. The rest of the package must not derive the distance
from the surface from the distance from the axis, which is right for a circle only.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Protocol

import numpy as np

from femanode.numerics.arrays import Array

#: Angle of each sector about the axis, rad.
SPANS = {"quarter": 0.5 * np.pi, "half": np.pi, "full": 2.0 * np.pi}


class Outline(Protocol):
    """Outline of a section about the origin; lengths in nm, points of shape (2, ...)."""

    @property
    def reference_radius(self) -> float:
        """Length, nm, to which depth fractions, diameters and the equivalent depth refer; the radius of a circle."""

    @property
    def wall(self) -> float:
        """Thickness that can react, nm: from the reacting surface to the innermost material."""

    @property
    def solid(self) -> bool:
        """Whether there is material on the axis."""

    @property
    def curves(self) -> tuple[str, ...]:
        """Names of the boundaries that lie on a curve, the outer one (``surface``) first; all others are straight."""

    def depth(self, points: Array) -> Array:
        """Distance of points (2, ...) below the reacting surface along its normal, (...), nm; negative outside."""

    def normal(self, points: Array) -> Array:
        """Outward unit normal at the point of the reacting surface nearest to each of the points, (2, ...)."""

    def reach(self, direction: Array) -> tuple[Array, Array]:
        """Distances from the axis at which a ray enters and leaves the section, each (...), nm.

        ``direction`` holds unit vectors, (2, ...).
        """

    def off(self, curve: str, points: Array) -> Array:
        """Distance of points (2, ...) from a curve, (...), nm, not negative."""

    def project(self, curve: str, points: Array) -> Array:
        """Points (2, ...) near a curve, moved onto it."""

    def area(self, sector: str) -> float:
        """Area of a sector, nm^2."""

    def equivalent_depth(self, fraction: float) -> float:
        """Depth (nm) at which a front, equally deep everywhere, has converted ``fraction`` of the section's area."""


@dataclass(frozen=True)
class Annulus:
    """A circle about the origin, with a concentric hole where ``inner_radius`` is above 0; nm. The outside reacts."""

    radius: float
    inner_radius: float = 0.0

    def __str__(self) -> str:
        return f"circle (radius {self.radius:g} nm)"

    @property
    def reference_radius(self) -> float:
        """Outer radius, nm."""
        return self.radius

    @property
    def wall(self) -> float:
        """Outer minus inner radius, nm."""
        return self.radius - self.inner_radius

    @property
    def solid(self) -> bool:
        """Whether there is no hole."""
        return self.inner_radius == 0.0

    @property
    def curves(self) -> tuple[str, ...]:
        """The outer circle and, of an annulus, the inner one."""
        return ("surface",) if self.solid else ("surface", "inner")

    def depth(self, points: Array) -> Array:
        """R - r, nm."""
        return np.asarray(self.radius - np.hypot(*points))

    def normal(self, points: Array) -> Array:
        """(x, y)/r; zero on the axis, where there is none."""
        r = np.hypot(*points)
        return np.asarray(points / np.where(r > 0.0, r, 1.0))

    def reach(self, direction: Array) -> tuple[Array, Array]:
        """The two radii, whatever the direction."""
        shape = direction.shape[1:]
        return np.full(shape, self.inner_radius), np.full(shape, self.radius)

    def off(self, curve: str, points: Array) -> Array:
        """abs(r - radius of the circle), nm."""
        return np.asarray(np.abs(np.hypot(*points) - self._circle(curve)))

    def project(self, curve: str, points: Array) -> Array:
        """Points moved along their radius."""
        return np.asarray(points * (self._circle(curve) / np.hypot(*points)))

    def area(self, sector: str) -> float:
        """Half the sector's angle times R^2 - r^2, nm^2."""
        return float(0.5 * SPANS[sector] * (self.radius**2 - self.inner_radius**2))

    def equivalent_depth(self, fraction: float) -> float:
        """R - sqrt[R^2 - f (R^2 - r^2)], nm, with f the fraction, R and r the outer and inner radius."""
        R, inner = self.radius, self.inner_radius
        return R - float(np.sqrt(R**2 - fraction * (R**2 - inner**2)))

    def _circle(self, curve: str) -> float:
        return {"surface": self.radius, "inner": self.inner_radius}[curve]
