"""A round section in layers: a core and a coating that do not react, and the reacting material between them."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np

from femanode.mesh.outline import SPANS, Annulus, Outline, Plane
from femanode.mesh.section import COATING, CORE, ON_LINE, REACTING
from femanode.numerics.arrays import Array, BoolArray, IntArray


class Stack(Plane):
    """What outlines of a section in layers have in common, whatever their shape: core, reacting wire and coating.

    Depth, radius and wall are those of the part that reacts; curves, reach and area those of the whole section.
    """

    wire: Outline
    core: float
    coating: float

    @property
    def reacting_part(self) -> Outline:
        """The outline between core and coating."""
        raise NotImplementedError

    @property
    def reference_radius(self) -> float:
        """That of the wire without its coating, nm."""
        return self.wire.reference_radius

    @property
    def wall(self) -> float:
        """Thickness of the reacting layer, nm."""
        return self.reacting_part.wall

    @property
    def solid(self) -> bool:
        """Whether there is no hole."""
        return self.wire.solid

    @property
    def round(self) -> bool:
        """Whether a front that is the same in all directions stays round."""
        return self.wire.round

    @property
    def curves(self) -> tuple[str, ...]:
        """The outer one and, of a tube, the inner one."""
        return self.wire.curves

    @property
    def interfaces(self) -> tuple[str, ...]:
        """``core`` and ``wire``: the curves about the core and within the coating, as far as there are some."""
        return ("core",) * bool(self.core) + ("wire",) * bool(self.coating)

    @property
    def partial(self) -> bool:
        """Whether there is a coating: carriers then enter through the curve within it."""
        return self.coating > 0.0

    def reacts(self, curve: str, points: Array) -> BoolArray:
        """The same for all points of a curve."""
        return np.full(points.shape[1:], curve == ("wire" if self.coating else "surface"))

    @property
    def corners(self) -> tuple[float, ...]:
        """Those of the wire."""
        return self.wire.corners

    @property
    def smallest_sector(self) -> str:
        """That of the wire."""
        return self.wire.smallest_sector

    def depth(self, points: Array) -> Array:
        """Distance below the wire's surface, nm; negative in the coating."""
        return self.wire.depth(points)

    def normal(self, points: Array) -> Array:
        """Normal of the wire; that of its coating is the same."""
        return self.wire.normal(points)

    def equivalent_depth(self, fraction: float) -> float:
        """Depth (nm) of an even front that has converted ``fraction`` of the reacting layer's area."""
        return self.reacting_part.equivalent_depth(fraction)


@dataclass(frozen=True)
class Layered(Stack):
    """A circle or annulus that reacts on its outside, with a core within it and a coating on it.

    Attributes
    ----------
    wire : the circle or annulus without its coating
    core : radius of the core, nm; 0 without one
    coating : thickness of the coating, nm; 0 without one
    """

    wire: Annulus
    core: float = 0.0
    coating: float = 0.0

    def __str__(self) -> str:
        inside = f", core of radius {self.core:g} nm" if self.core else ""
        outside = f", coating of {self.coating:g} nm" if self.coating else ""
        return f"{self.wire}{inside}{outside}"

    @property
    def radii(self) -> tuple[float, ...]:
        """Radii of all circles from the inside, nm; 0 first where there is no hole."""
        outside = (self.wire.radius,) if not self.coating else (self.wire.radius, self.wire.radius + self.coating)
        return (self.wire.inner_radius, self.core, *outside) if self.core else (self.wire.inner_radius, *outside)

    @property
    def thinnest(self) -> float:
        """Thickness of the thinnest layer that does not react, nm."""
        return min(value for value in (self.core, self.coating) if value)

    @property
    def reacting_part(self) -> Annulus:
        """The annulus between core and coating."""
        return replace(self.wire, inner_radius=self.core) if self.core else self.wire

    def reach(self, direction: Array) -> tuple[Array, Array]:
        """Radii of the hole and of the coating's surface."""
        inner, outer = self.wire.reach(direction)
        return inner, outer + self.coating

    def off(self, curve: str, points: Array) -> Array:
        """abs(r - radius of the circle), nm."""
        return np.asarray(np.abs(np.hypot(*points) - self._circle(curve)))  # distance from a circle

    def project(self, curve: str, points: Array) -> Array:
        """Points moved along their radius."""
        return np.asarray(points * (self._circle(curve) / np.hypot(*points)))  # nearest point of a circle

    def area(self, sector: str) -> float:
        """Half the sector's angle times the difference of the squared radii, nm^2."""
        outer = self.wire.radius + self.coating
        return float(0.5 * SPANS[sector] * (outer**2 - self.wire.inner_radius**2))

    def region(self, points: Array, triangles: IntArray) -> IntArray:
        """Region of each triangle (3, m) of points (2, n), (m,): a number of `femanode.mesh.section.REGIONS`."""
        r = np.hypot(*points)[triangles]  # layers are circles about the axis
        near = ON_LINE * self.wire.radius
        inside = np.all(r < self.core + near, axis=0) & (self.core > 0.0)
        outside = np.all(r > self.wire.radius - near, axis=0) & (self.coating > 0.0)
        return np.where(inside, CORE, np.where(outside, COATING, REACTING))

    def _circle(self, curve: str) -> float:
        return {"surface": self.wire.radius + self.coating, "inner": self.wire.inner_radius, "core": self.core,
                "wire": self.wire.radius}[curve]
