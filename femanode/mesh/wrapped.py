"""A section of any convex outline in layers: a core of the same shape and a coating of even thickness.

Round sections have their own class (:mod:`femanode.mesh.layers`), whose meshes are rings.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

import numpy as np
from scipy.integrate import trapezoid

from femanode.mesh.derived import Derived
from femanode.mesh.layers import Stack
from femanode.mesh.outline import SPANS, OneMaterial, Outline
from femanode.mesh.section import COATING, CORE, ON_LINE, REACTING
from femanode.mesh.segments import Depths, grid_over
from femanode.numerics.arrays import Array, IntArray

#: Directions in which the area within a coating is summed, and rounds of the search for its surface along a ray.
_DIRECTIONS, _ROUNDS = 40001, 60


@dataclass(frozen=True, eq=False)
class Scaled(OneMaterial, Derived):
    """An outline shrunk about the origin to ``scale`` of its size: the surface of a core."""

    scale: float

    def __str__(self) -> str:
        return f"{self.scale:g} of {self.base}"

    @property
    def wall(self) -> float:
        """That of the base, scaled, nm."""
        return self.scale * self.base.wall

    @property
    def reference_radius(self) -> float:
        """That of the base, scaled, nm."""
        return self.scale * self.base.reference_radius

    def depth(self, points: Array) -> Array:
        """Distance below the surface, nm."""
        return np.asarray(self.scale * self.base.depth(points / self.scale))

    def normal(self, points: Array) -> Array:
        """Outward normal."""
        return self.base.normal(points / self.scale)

    def reach(self, direction: Array) -> tuple[Array, Array]:
        """Those of the base, scaled."""
        inner, outer = self.base.reach(direction)
        return self.scale * inner, self.scale * outer

    def off(self, curve: str, points: Array) -> Array:
        """Distance from a curve, nm."""
        return np.asarray(self.scale * self.base.off(curve, points / self.scale))

    def project(self, curve: str, points: Array) -> Array:
        """Nearest points of a curve."""
        return np.asarray(self.scale * self.base.project(curve, points / self.scale))

    def area(self, sector: str) -> float:
        """That of the base, scaled twice, nm^2."""
        return self.scale**2 * self.base.area(sector)

    def equivalent_depth(self, fraction: float) -> float:
        """That of the base, scaled, nm."""
        return self.scale * self.base.equivalent_depth(fraction)


@dataclass(frozen=True, eq=False)
class Hollow(OneMaterial, Derived):
    """An outline with a hole: what reacts about a core. The outside reacts."""

    hole: Scaled

    def __str__(self) -> str:
        return f"{self.base} about a core"

    @property
    def wall(self) -> float:
        """Least thickness between core and surface, nm."""
        return self.base.wall - self.hole.wall

    @property
    def solid(self) -> bool:
        """False."""
        return False

    def reach(self, direction: Array) -> tuple[Array, Array]:
        """Where a ray leaves the core, and the section."""
        return self.hole.reach(direction)[1], self.base.reach(direction)[1]

    def area(self, sector: str) -> float:
        """Without the core, nm^2."""
        return self.base.area(sector) - self.hole.area(sector)

    def equivalent_depth(self, fraction: float) -> float:
        """Depth (nm) within which ``fraction`` of the area lies, counted on a grid."""
        return self._depths.within(fraction)

    @cached_property
    def _depths(self) -> Depths:
        angle = np.linspace(0.0, 2.0 * np.pi, 721)[:-1]
        most = np.full(2, 1.01 * float(self.base.reach(np.stack([np.cos(angle), np.sin(angle)]))[1].max()))
        points = grid_over(-most, most)
        return Depths(self.base.depth(points), (self.base.depth(points) > 0.0) & (self.hole.depth(points) < 0.0))


@dataclass(frozen=True, eq=False)
class Wrapped(Stack):
    """A solid, convex outline that reacts on its outside, with a core within it and a coating on it.

    Attributes
    ----------
    wire : the outline without its coating
    core : size of the core over that of the wire; 0 without one
    coating : thickness of the coating along the normal, nm; 0 without one
    """

    wire: Outline
    core: float = 0.0
    coating: float = 0.0

    def __str__(self) -> str:
        inside = f", core of {self.core:.3g} of its size" if self.core else ""
        outside = f", coating of {self.coating:g} nm" if self.coating else ""
        return f"{self.wire}{inside}{outside}"

    @property
    def thinnest(self) -> float:
        """Thickness of the thinnest layer that does not react, nm."""
        return min(value for value in (self.core * self.wire.wall, self.coating) if value)

    @property
    def between(self) -> tuple[Outline, ...]:
        """Outlines of the same curves, from the inside."""
        return (Scaled(self.wire, self.core),) * bool(self.core) + (self.wire,) * bool(self.coating)

    @property
    def reacting_part(self) -> Outline:
        """The outline between core and coating."""
        return Hollow(self.wire, Scaled(self.wire, self.core)) if self.core else self.wire

    def reach(self, direction: Array) -> tuple[Array, Array]:
        """0, and the distance to the coating's surface, by Newton's method.

        The distance to a convex outline is a convex function along a ray: one step leads beyond the root, and the
        others back to it.
        """
        inner, outer = self.wire.reach(direction)
        if not self.coating:
            return inner, outer
        size = self.wire.reference_radius
        r = outer + self.coating
        for _ in range(_ROUNDS):
            at = r * direction
            step = (self.wire.depth(at) + self.coating) / (self.wire.normal(at) * direction).sum(axis=0)
            r = r + step
            if np.all(np.abs(step) < 1e-13 * size):
                break
        return inner, r

    def off(self, curve: str, points: Array) -> Array:
        """Distance from a curve, nm."""
        if curve == "surface":
            return np.asarray(np.abs(self.wire.depth(points) + self.coating))
        return self._curve(curve).off("surface", points)

    def project(self, curve: str, points: Array) -> Array:
        """Nearest points of a curve."""
        if curve == "surface":
            way = self.wire.depth(points) + self.coating
            return np.asarray(points + way * self.wire.normal(points))
        return self._curve(curve).project("surface", points)

    def area(self, sector: str) -> float:
        """Area of a sector, nm^2: of a coated one half the integral of the squared reach by the angle."""
        if not self.coating:
            return self.wire.area(sector)
        angle = np.linspace(0.0, SPANS[sector], _DIRECTIONS)
        return float(0.5 * trapezoid(self.reach(np.stack([np.cos(angle), np.sin(angle)]))[1] ** 2, angle))

    def region(self, points: Array, triangles: IntArray) -> IntArray:
        """Region of each triangle (3, m) of points (2, n), (m,): a number of `femanode.mesh.section.REGIONS`."""
        middle = points[:, triangles].mean(axis=1)
        core = np.full(middle.shape[1], bool(self.core))
        if self.core:
            core = Scaled(self.wire, self.core).depth(middle) > 0.0
        outside = (self.wire.depth(middle) < 0.0) & (self.coating > 0.0)
        return np.where(core, CORE, np.where(outside, COATING, REACTING))

    def _curve(self, curve: str) -> Outline:
        return Scaled(self.wire, self.core) if curve == "core" else self.wire


def straddles(curve: Outline, points: Array, triangles: IntArray) -> bool:
    """Whether one of the triangles (3, m) of points (2, n) has corners on both sides of a closed curve."""
    depth = curve.depth(points)
    near = ON_LINE * curve.reference_radius
    return bool(np.any((depth > near)[triangles].any(axis=0) & (depth < -near)[triangles].any(axis=0)))
