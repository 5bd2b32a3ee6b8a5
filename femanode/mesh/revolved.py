"""The outline of a body of revolution: half of its cut through the axis x = 0, x being the radius and y the axis."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

import numpy as np

from femanode.mesh.outline import Outline
from femanode.mesh.segments import Depths, grid_over
from femanode.numerics.arrays import Array, BoolArray


@dataclass(frozen=True, eq=False)
class Revolved:
    """An outline about the origin, symmetric in x, that is revolved about x = 0: a circle gives a sphere.

    Curves, depths and the area are those of the cut; what converts is the volume.
    """

    base: Outline

    def __str__(self) -> str:
        return f"{self.base}, revolved about x = 0"

    @property
    def revolved(self) -> bool:
        """True."""
        return True

    @property
    def reference_radius(self) -> float:
        """That of the cut, nm."""
        return self.base.reference_radius

    @property
    def wall(self) -> float:
        """That of the cut, nm."""
        return self.base.wall

    @property
    def solid(self) -> bool:
        """Whether there is material at the origin."""
        return self.base.solid

    @property
    def round(self) -> bool:
        """Whether a front that is the same in all directions stays a sphere."""
        return self.base.round

    @property
    def curves(self) -> tuple[str, ...]:
        """Those of the cut."""
        return self.base.curves

    @property
    def interfaces(self) -> tuple[str, ...]:
        """Those of the cut."""
        return self.base.interfaces

    @property
    def reacting_part(self) -> Outline:
        """The part that reacts, itself revolved."""
        return Revolved(self.base.reacting_part)

    @property
    def partial(self) -> bool:
        """As of the cut."""
        return self.base.partial

    def reacts(self, curve: str, points: Array) -> BoolArray:
        """As of the cut."""
        return self.base.reacts(curve, points)

    @property
    def corners(self) -> tuple[float, ...]:
        """Those of the cut."""
        return self.base.corners

    @property
    def smallest_sector(self) -> str:
        """That of the cut."""
        return self.base.smallest_sector

    def depth(self, points: Array) -> Array:
        """Distance below the reacting surface, nm: the nearest point lies in the same cut."""
        return self.base.depth(points)

    def normal(self, points: Array) -> Array:
        """Outward normal in the cut."""
        return self.base.normal(points)

    def reach(self, direction: Array) -> tuple[Array, Array]:
        """Those of the cut."""
        return self.base.reach(direction)

    def off(self, curve: str, points: Array) -> Array:
        """Distance from a curve of the cut, nm."""
        return self.base.off(curve, points)

    def project(self, curve: str, points: Array) -> Array:
        """Nearest points of a curve of the cut."""
        return self.base.project(curve, points)

    def area(self, sector: str) -> float:
        """Area of a sector of the cut, nm^2."""
        return self.base.area(sector)

    def equivalent_depth(self, fraction: float) -> float:
        """Depth (nm) within which ``fraction`` of the volume lies: of a solid sphere R - R (1 - f)^(1/3)."""
        if self.round and self.solid and not self.interfaces:
            return self.reference_radius * (1.0 - float(np.cbrt(1.0 - fraction)))
        return self._depths.within(fraction)

    @cached_property
    def _depths(self) -> Depths:
        part = self.base.reacting_part
        angle = np.linspace(0.0, 2.0 * np.pi, 721)[:-1]
        most = 1.01 * float(part.reach(np.stack([np.cos(angle), np.sin(angle)]))[1].max())
        points = grid_over(np.array([0.0, -most]), np.array([most, most]))
        r = np.sqrt((points**2).sum(axis=0))
        inner, outer = part.reach(points / r)
        return Depths(part.depth(points), (r >= inner) & (r <= outer), points[0])
