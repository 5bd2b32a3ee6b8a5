"""The curves that bound a wire's reference cross-section, and what is measured from them.

"Depth below the surface", "outward normal" and "radius of the section" are defined here and nowhere else. Another shape
of section is another class with the methods of :class:`Outline`. The rest of the package must not derive the distance
from the surface from the distance from the axis, which is right for a circle only.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Protocol, Self

import numpy as np

from femanode.numerics.arrays import Array, BoolArray

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
    def round(self) -> bool:
        """Whether a front that is the same in all directions stays a circle about the axis."""

    @property
    def curves(self) -> tuple[str, ...]:
        """Names of the boundaries that lie on a curve, the outer one (``surface``) first; all others are straight."""

    @property
    def interfaces(self) -> tuple[str, ...]:
        """Names of the curves inside the section at which layers of other materials meet the reacting part."""

    @property
    def reacting_part(self) -> Outline:
        """The outline of the part that reacts: itself where there are no other layers."""

    @property
    def partial(self) -> bool:
        """Whether the boundary through which carriers enter is another than the whole of ``surface``."""

    def reacts(self, curve: str, points: Array) -> BoolArray:
        """Whether carriers enter at the points (2, ...) of a curve, (...)."""

    @property
    def corners(self) -> tuple[float, ...]:
        """Polar angles, rad, at which a mesh must have a node of the surface."""

    @property
    def smallest_sector(self) -> str:
        """Smallest sector that has the outline's mirror lines: ``'quarter'``, ``'half'`` or ``'full'``."""

    def depth(self, points: Array) -> Array:
        """Distance of points (2, ...) below the reacting surface along its normal, (...), nm; negative outside."""

    def normal(self, points: Array) -> Array:
        """Outward unit normal at the point of the boundary nearest to each of the points, (2, ...)."""

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

    @property
    def revolved(self) -> bool:
        """Whether the section is half of a cut through the axis x = 0 of a body of revolution; plane otherwise."""


class Plane:
    """What outlines of the cross-section of a wire have in common."""

    @property
    def revolved(self) -> bool:
        """False."""
        return False


class OneMaterial(Plane):
    """What outlines of a section without layers have in common."""

    @property
    def interfaces(self) -> tuple[str, ...]:
        """None."""
        return ()

    @property
    def reacting_part(self) -> Self:
        """All of it."""
        return self


class Filled(OneMaterial):
    """What outlines without a hole that are no circles have in common: one boundary, all of which reacts."""

    @property
    def solid(self) -> bool:
        """True: there is no hole."""
        return True

    @property
    def round(self) -> bool:
        """False."""
        return False

    @property
    def curves(self) -> tuple[str, ...]:
        """One curve."""
        return ("surface",)

    @property
    def partial(self) -> bool:
        """False: all of the surface reacts."""
        return False

    def reacts(self, curve: str, points: Array) -> BoolArray:
        """True everywhere."""
        return np.ones(points.shape[1:], bool)


#: Boundaries that react, by the word for them in the configuration.
REACTING_SIDES = {"outer": ("surface",), "inner": ("inner",), "both": ("surface", "inner")}


class Sided(OneMaterial):
    """What outlines that may have a hole have in common: ``side``, one of `REACTING_SIDES`, says what reacts."""

    side: str

    @property
    def partial(self) -> bool:
        """Whether the inner side reacts."""
        return self.side != "outer"

    def reacts(self, curve: str, points: Array) -> BoolArray:
        """The same for all points of a curve."""
        return np.full(points.shape[1:], curve in REACTING_SIDES[self.side])


def turned(points: Array, angle: float) -> Array:
    """Points or vectors (2, ...) turned by an angle (rad)."""
    if angle == 0.0:
        return points
    c, s = np.cos(angle), np.sin(angle)
    return np.stack([c * points[0] - s * points[1], s * points[0] + c * points[1]])


def smallest_sector(rotation: float, step: float) -> str:
    """Smallest sector of an outline with mirror lines at ``rotation`` and every ``step`` (rad) from there."""
    def mirror(angle: float) -> bool:
        turns = (angle - rotation) / step
        return abs(turns - round(turns)) < 1e-9

    return "full" if not mirror(0.0) else "quarter" if mirror(0.5 * np.pi) else "half"


@dataclass(frozen=True)
class Annulus(Sided):
    """A circle about the origin, with a concentric hole where ``inner_radius`` is above 0; nm.

    ``side`` says which boundary reacts, one of `REACTING_SIDES`; a circle has only ``'outer'``.
    """

    radius: float
    inner_radius: float = 0.0
    side: str = "outer"

    def __str__(self) -> str:
        if self.solid:
            return f"circle (radius {self.radius:g} nm)"
        return f"annulus (radii {self.radius:g} nm and {self.inner_radius:g} nm), reacting: {self.side}"

    @property
    def reference_radius(self) -> float:
        """Outer radius, nm."""
        return self.radius

    @property
    def wall(self) -> float:
        """Outer minus inner radius, nm; half of it where both sides react."""
        wall = self.radius - self.inner_radius
        return 0.5 * wall if self.side == "both" else wall

    @property
    def solid(self) -> bool:
        """Whether there is no hole."""
        return self.inner_radius == 0.0

    @property
    def round(self) -> bool:
        """True."""
        return True

    @property
    def curves(self) -> tuple[str, ...]:
        """The outer circle and, of an annulus, the inner one."""
        return ("surface",) if self.solid else ("surface", "inner")

    @property
    def corners(self) -> tuple[float, ...]:
        """None."""
        return ()

    @property
    def smallest_sector(self) -> str:
        """A quarter."""
        return "quarter"

    def depth(self, points: Array) -> Array:
        """R - r, nm, from the inner side r - r_i, from both the smaller of the two."""
        r = np.hypot(*points)  # a circle's depth is its radius less the distance from the axis
        outer, inner = self.radius - r, r - self.inner_radius
        return np.asarray({"outer": outer, "inner": inner, "both": np.minimum(outer, inner)}[self.side])

    def normal(self, points: Array) -> Array:
        """(x, y)/r, at the inner side -(x, y)/r; zero on the axis, where there is none."""
        r = np.hypot(*points)  # and its normal points away from the axis
        normal = points / np.where(r > 0.0, r, 1.0)
        if self.side == "outer":
            return np.asarray(normal)
        nearer_inside = r - self.inner_radius < self.radius - r
        return np.asarray(np.where(nearer_inside, -normal, normal))

    def reach(self, direction: Array) -> tuple[Array, Array]:
        """The two radii, whatever the direction."""
        shape = direction.shape[1:]
        return np.full(shape, self.inner_radius), np.full(shape, self.radius)

    def off(self, curve: str, points: Array) -> Array:
        """abs(r - radius of the circle), nm."""
        return np.asarray(np.abs(np.hypot(*points) - self._circle(curve)))  # distance from a circle

    def project(self, curve: str, points: Array) -> Array:
        """Points moved along their radius."""
        return np.asarray(points * (self._circle(curve) / np.hypot(*points)))  # nearest point of a circle

    def area(self, sector: str) -> float:
        """Half the sector's angle times R^2 - r^2, nm^2."""
        return float(0.5 * SPANS[sector] * (self.radius**2 - self.inner_radius**2))

    def equivalent_depth(self, fraction: float) -> float:
        """R - sqrt[R^2 - f (R^2 - r^2)], nm, with f the fraction, R and r the outer and inner radius.

        From the inner side it is sqrt[r^2 + f (R^2 - r^2)] - r, from both f (R - r)/2.
        """
        R, inner = self.radius, self.inner_radius
        if self.side == "both":
            return 0.5 * fraction * (R - inner)
        if self.side == "inner":
            return float(np.sqrt(inner**2 + fraction * (R**2 - inner**2))) - inner
        return R - float(np.sqrt(R**2 - fraction * (R**2 - inner**2)))

    def _circle(self, curve: str) -> float:
        return {"surface": self.radius, "inner": self.inner_radius}[curve]
