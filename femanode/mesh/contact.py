"""A section of which only an arc of the outer surface reacts, as where a wire touches an electrolyte."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

import numpy as np

from femanode.mesh.derived import Derived
from femanode.mesh.outline import OneMaterial
from femanode.mesh.segments import Depths, Segments, grid_over
from femanode.numerics.arrays import Array, BoolArray

#: Straight pieces that stand for the arc in distances; their chords miss a circle by 2e-7 of its radius.
_PIECES = 2000


@dataclass(frozen=True, eq=False)
class Contact(OneMaterial, Derived):
    """An outline that reacts from polar angle ``start`` to ``end`` (rad, counter-clockwise) of its outer surface.

    The front enters parallel to the arc and goes round its ends in circles. With ``belt`` the section is half of a cut
    through a body of revolution: what holds for x >= 0 holds for the mirror image.
    """

    start: float
    end: float
    belt: bool = False

    def __str__(self) -> str:
        arc = f"{np.degrees(self.start):g} to {np.degrees(self.end):g} degrees"
        return f"{self.base}, of which the surface from {arc} reacts"

    @property
    def round(self) -> bool:
        """False: a front from an arc is no circle about the axis."""
        return False

    @property
    def partial(self) -> bool:
        """True."""
        return True

    def reacts(self, curve: str, points: Array) -> BoolArray:
        """Whether the polar angle lies within the arc."""
        along = (np.arctan2(points[1], self._across(points)[0]) - self.start) % (2.0 * np.pi)
        return np.asarray((along < self.end - self.start) & (curve == "surface"))

    @property
    def corners(self) -> tuple[float, ...]:
        """Those of the outline, and the ends of the arc."""
        ends = (self.start, self.end)
        return (*self.base.corners, *ends, *(np.pi - end for end in ends if self.belt))

    @property
    def smallest_sector(self) -> str:
        """A half where the outline and the arc have the x axis as a mirror line; that of the outline for a belt."""
        if self.belt:
            return self.base.smallest_sector
        middle = 0.5 * (self.start + self.end) / np.pi
        return "half" if self.base.smallest_sector != "full" and abs(middle - round(middle)) < 1e-9 else "full"

    def depth(self, points: Array) -> Array:
        """Distance to the arc, nm; negative outside of the section."""
        distance = self._arc.near(self._across(points)).distance
        return np.asarray(np.where(self._inside(points), distance, -distance))

    def equivalent_depth(self, fraction: float) -> float:
        """Distance (nm) from the arc within which ``fraction`` of the area lies, counted on a grid."""
        return self._depths.within(fraction)

    @cached_property
    def _arc(self) -> Segments:
        angle = np.linspace(self.start, self.end, _PIECES + 1)
        # corners between two of these points are kept
        angle = np.unique(np.concatenate([angle, self._corners_within()]))
        direction = np.stack([np.cos(angle), np.sin(angle)])
        points = direction * self.base.reach(direction)[1]
        return Segments(points[:, :-1], points[:, 1:])

    def _across(self, points: Array) -> Array:
        """Points (2, ...), those with x < 0 mirrored where the arc is a belt."""
        return np.stack([np.abs(points[0]), points[1]]) if self.belt else points

    def _corners_within(self) -> list[float]:
        turned = [self.start + (c - self.start) % (2.0 * np.pi) for c in self.base.corners]
        return [c for c in turned if c < self.end]

    def _inside(self, points: Array) -> BoolArray:
        r = np.sqrt((points**2).sum(axis=0))
        # on the axis any direction will do
        east = np.array([1.0, 0.0]).reshape(2, *(1,) * r.ndim)
        inner, outer = self.base.reach(np.where(r > 0.0, points / np.where(r > 0.0, r, 1.0), east))
        # a point of the surface itself, moved by rounding, is at no distance from it
        return np.asarray((r >= inner * (1.0 - 1e-9)) & (r <= outer * (1.0 + 1e-9)))

    @cached_property
    def _depths(self) -> Depths:
        most = 1.01 * float(self.base.reach(_all_round())[1].max())
        points = grid_over(np.array([-most, -most]), np.array([most, most]))
        return Depths(self.depth(points), self._inside(points))


def _all_round() -> Array:
    """Unit vectors in 720 directions, (2, 720)."""
    angle = np.linspace(0.0, 2.0 * np.pi, 721)[:-1]
    return np.stack([np.cos(angle), np.sin(angle)])
