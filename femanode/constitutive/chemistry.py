"""Content of the reacted phase as a function of the level of its carriers, and the level as one of the potential.

The content y is that of the reacted phase alone, relative to the full phase. A point with converted fraction h holds
C = h y. The level is whatever measure of the carriers' chemical potential the law is simplest in; it is 1 in the full
phase without stress. An ideal solution takes the activity. Carriers flow from high levels to low ones.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Protocol

import numpy as np

from femanode.numerics.arrays import Array


class Chemistry(Protocol):
    """Relations between content y, level and potential of the reacted phase; y = 1 at level 1.

    Attributes
    ----------
    at_front : content in which the phase forms at the front
    lowest : least content of the phase
    """

    @property
    def at_front(self) -> float: ...

    @property
    def lowest(self) -> float: ...

    @property
    def full(self) -> float:
        """Open-circuit potential of the full phase against the carrier metal, V."""
        ...

    def content(self, level: Array) -> Array:
        """Content y."""
        ...

    def level(self, content: Array) -> Array:
        """The inverse of :meth:`content`."""
        ...

    def tangent(self, level: Array) -> tuple[Array | float, Array | float]:
        """Offset b and capacity y' of the tangent y = b - y' (1 - level) to the content at ``level``."""
        ...

    def secant(self, one: Array, other: Array) -> Array | float:
        """Difference of content between two levels, divided by the difference of the levels."""
        ...

    def potential(self, level: float) -> float:
        """Open-circuit potential against the carrier metal, V; NaN where the law has none."""
        ...

    def level_at(self, potential: float) -> float:
        """Level in equilibrium with a potential against the carrier metal, V."""
        ...

    def shift(self, stress: Array, volume: float) -> Array:
        """By how much the level has to rise to hold the same content under a mean stress.

        Parameters
        ----------
        stress : mean stress of the stress-free frame, GPa
        volume : partial molar volume of the carriers over their charge, V/GPa
        """
        ...


@dataclass(frozen=True)
class IdealSolution:
    """An ideal solution of the carriers above the content in which the phase forms: y = at_front + (1 - at_front) a.

    The level is the activity a. Stress does not act on the carriers: an ideal solution has no largest content, so that
    tension would fill it without bound.

    Attributes
    ----------
    at_front : content in which the phase forms
    full : potential of the full phase (a = 1), V
    thermal : kT/(z e), V; the potential is full - thermal ln a
    """

    at_front: float
    full: float = 0.0
    thermal: float = 1.0

    @property
    def lowest(self) -> float:
        """An ideal solution holds at least what the phase forms with."""
        return self.at_front

    def content(self, level: Array) -> Array:
        """See :meth:`Chemistry.content`."""
        return self.at_front + (1.0 - self.at_front) * level

    def level(self, content: Array) -> Array:
        """See :meth:`Chemistry.level`."""
        return (content - self.at_front) / (1.0 - self.at_front)

    def tangent(self, level: Array) -> tuple[float, float]:
        """See :meth:`Chemistry.tangent`; y(a) is its own tangent."""
        return 1.0, 1.0 - self.at_front

    def secant(self, one: Array, other: Array) -> float:
        """See :meth:`Chemistry.secant`."""
        return 1.0 - self.at_front

    def potential(self, level: float) -> float:
        """See :meth:`Chemistry.potential`; NaN at activity 0."""
        return self.full - self.thermal * float(np.log(level)) if level > 0.0 else float("nan")

    def level_at(self, potential: float) -> float:
        """See :meth:`Chemistry.level_at`."""
        return float(np.exp(-(potential - self.full) / self.thermal))

    def shift(self, stress: Array, volume: float) -> Array:
        """See :meth:`Chemistry.shift`; none."""
        return np.zeros_like(stress)
