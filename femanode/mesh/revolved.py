"""The outline of a body of revolution: half of its cut through the axis x = 0, x being the radius and y the axis."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

import numpy as np

from femanode.mesh.derived import Derived
from femanode.mesh.outline import Outline
from femanode.mesh.segments import Depths, grid_over


@dataclass(frozen=True, eq=False)
class Revolved(Derived):
    """An outline about the origin, symmetric in x, that is revolved about x = 0: a circle gives a sphere.

    Curves, depths and the area are those of the cut; what converts is the volume.
    """

    def __str__(self) -> str:
        return f"{self.base}, revolved about x = 0"

    @property
    def revolved(self) -> bool:
        """True."""
        return True

    @property
    def reacting_part(self) -> Outline:
        """The part that reacts, itself revolved."""
        return Revolved(self.base.reacting_part)

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
