"""What an outline made of another one takes over from it: everything, unless it says otherwise."""

from __future__ import annotations

from dataclasses import dataclass

from femanode.mesh.outline import Outline
from femanode.numerics.arrays import Array, BoolArray


@dataclass(frozen=True, eq=False)
class Derived:
    """Base of an outline that changes some properties of ``base``; those here are the same."""

    base: Outline

    @property
    def reference_radius(self) -> float:
        """That of the base, nm."""
        return self.base.reference_radius

    @property
    def wall(self) -> float:
        """That of the base, nm: what elements and front have to be small against."""
        return self.base.wall

    @property
    def solid(self) -> bool:
        """Whether there is material at the origin."""
        return self.base.solid

    @property
    def round(self) -> bool:
        """Whether a front that is the same in all directions stays round."""
        return self.base.round

    @property
    def curves(self) -> tuple[str, ...]:
        """Those of the base."""
        return self.base.curves

    @property
    def interfaces(self) -> tuple[str, ...]:
        """Those of the base."""
        return self.base.interfaces

    @property
    def partial(self) -> bool:
        """As of the base."""
        return self.base.partial

    def reacts(self, curve: str, points: Array) -> BoolArray:
        """As of the base."""
        return self.base.reacts(curve, points)

    @property
    def corners(self) -> tuple[float, ...]:
        """Those of the base."""
        return self.base.corners

    @property
    def smallest_sector(self) -> str:
        """That of the base."""
        return self.base.smallest_sector

    def depth(self, points: Array) -> Array:
        """Distance below the reacting surface of the base, nm."""
        return self.base.depth(points)

    def normal(self, points: Array) -> Array:
        """Outward normal of the base."""
        return self.base.normal(points)

    def reach(self, direction: Array) -> tuple[Array, Array]:
        """Those of the base."""
        return self.base.reach(direction)

    def off(self, curve: str, points: Array) -> Array:
        """Distance from a curve of the base, nm."""
        return self.base.off(curve, points)

    def project(self, curve: str, points: Array) -> Array:
        """Nearest points of a curve of the base."""
        return self.base.project(curve, points)

    def area(self, sector: str) -> float:
        """That of the base, nm^2."""
        return self.base.area(sector)
