"""Content of the reacted phase as a function of the activity of its carriers, and activity as one of the potential.

The content y is that of the reacted phase alone, relative to the full phase. A point with converted fraction h holds
C = h y.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Protocol

import numpy as np

from femanode.numerics.arrays import Array


class Chemistry(Protocol):
    """Relations between content y, activity a and potential of the reacted phase; a = 1 at y = 1.

    Attributes
    ----------
    at_front : content in which the phase forms at the front
    """

    @property
    def at_front(self) -> float: ...

    def content(self, activity: Array) -> Array:
        """y(a)."""
        ...

    def activity(self, content: Array) -> Array:
        """a(y), the inverse of :meth:`content`."""
        ...

    def tangent(self, activity: Array) -> tuple[Array | float, Array | float]:
        """Offset b and capacity dy/da of the tangent y = b - dy/da (1 - a) to y(a) at ``activity``."""
        ...

    def potential(self, activity: float) -> float:
        """Open-circuit potential against the carrier metal, V; NaN at activity 0."""
        ...

    def activity_at(self, potential: float) -> float:
        """Activity in equilibrium with a potential against the carrier metal, V."""
        ...


@dataclass(frozen=True)
class IdealSolution:
    """An ideal solution of the carriers above the content in which the phase forms: y = at_front + (1 - at_front) a.

    Attributes
    ----------
    at_front : content in which the phase forms
    full : potential of the full phase (a = 1), V
    thermal : kT/(z e), V; the potential is full - thermal ln a
    """

    at_front: float
    full: float = 0.0
    thermal: float = 1.0

    def content(self, activity: Array) -> Array:
        """See :meth:`Chemistry.content`."""
        return self.at_front + (1.0 - self.at_front) * activity

    def activity(self, content: Array) -> Array:
        """See :meth:`Chemistry.activity`."""
        return (content - self.at_front) / (1.0 - self.at_front)

    def tangent(self, activity: Array) -> tuple[float, float]:
        """See :meth:`Chemistry.tangent`; y(a) is its own tangent."""
        return 1.0, 1.0 - self.at_front

    def potential(self, activity: float) -> float:
        """See :meth:`Chemistry.potential`."""
        return self.full - self.thermal * float(np.log(activity)) if activity > 0.0 else float("nan")

    def activity_at(self, potential: float) -> float:
        """See :meth:`Chemistry.activity_at`."""
        return float(np.exp(-(potential - self.full) / self.thermal))
