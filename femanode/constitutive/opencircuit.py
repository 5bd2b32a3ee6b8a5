"""A reacted phase whose open-circuit potential was measured over its content."""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np
from scipy.interpolate import PchipInterpolator

from femanode.numerics.arrays import Array

#: Change of content per V beyond the ends of the table. It keeps the balance solvable where a step tries a potential at
#: which the phase is full or empty already, and is so small that the content leaves the table by less than 0.005.
BEYOND = 0.02

#: Within this many V beyond the ends the slope goes from that of the table to the above. What diffuses is proportional
#: to the slope: with a jump of it the balance has no solution where a level lies at the end.
FADING = 2e-3


@dataclass(frozen=True)
class OpenCircuit:
    """Content over potential, interpolated monotonically between measured points (Fritsch and Carlson 1980).

    The level is 1 minus the potential above that of the full phase, in V, so that carriers flow down the gradient of
    their chemical potential. Mean stress sigma moves the potential at which a content is in equilibrium by
    Omega sigma/(z e), with Omega the partial molar volume: tension raises it.

    Attributes
    ----------
    contents : (n,) contents y in (0, 1], rising to 1
    potentials : (n,) open-circuit potentials against the carrier metal without stress, V, falling
    equilibrium : potential at which the front's reaction is in equilibrium without stress, V
    """

    contents: tuple[float, ...]
    potentials: tuple[float, ...]
    equilibrium: float
    _content: PchipInterpolator = field(init=False, repr=False, compare=False)
    _slope: PchipInterpolator = field(init=False, repr=False, compare=False)
    _area: PchipInterpolator = field(init=False, repr=False, compare=False)
    _ends: tuple[float, float] = field(init=False, repr=False, compare=False)
    _excess: tuple[float, float] = field(init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        levels = 1.0 - (np.array(self.potentials) - self.full)
        curve = PchipInterpolator(levels, np.array(self.contents))
        object.__setattr__(self, "_content", curve)
        object.__setattr__(self, "_slope", curve.derivative())
        object.__setattr__(self, "_area", curve.antiderivative())
        object.__setattr__(self, "_ends", (float(levels[0]), float(levels[-1])))
        slopes = self._slope(np.array(self._ends))
        object.__setattr__(self, "_excess", tuple(max(float(s) - BEYOND, 0.0) for s in slopes))

    @property
    def full(self) -> float:
        """Potential of the full phase, V."""
        return self.potentials[-1]

    @property
    def at_front(self) -> float:
        """Content in equilibrium with the front's reaction."""
        return float(self.content(np.array(self.level_at(self.equilibrium))))

    @property
    def lowest(self) -> float:
        """Least content of the table."""
        return self.contents[0]

    def content(self, level: Array) -> Array:
        """See :meth:`femanode.constitutive.chemistry.Chemistry.content`."""
        inside = np.clip(level, *self._ends)
        beyond, excess = level - inside, self._beyond(level)
        fading = excess * FADING * np.sign(beyond) * -np.expm1(-np.abs(beyond) / FADING)
        return np.asarray(self._content(inside) + BEYOND * beyond + fading)

    def _beyond(self, level: Array) -> Array:
        """By how much the table's slope at the end that is nearer exceeds `BEYOND`, 1/V."""
        return np.where(level < self._ends[0], *self._excess)

    def level(self, content: Array) -> Array:
        """See :meth:`femanode.constitutive.chemistry.Chemistry.level`; bisection, then Newton's method."""
        low, high = np.full_like(content, self._ends[0] - 1.0), np.full_like(content, self._ends[1] + 1.0)
        for _ in range(40):
            middle = 0.5 * (low + high)
            above = self.content(middle) > content
            low, high = np.where(above, low, middle), np.where(above, middle, high)
        level = 0.5 * (low + high)
        for _ in range(3):
            level = np.clip(level - (self.content(level) - content) / self._capacity(level), low, high)
        return np.asarray(level)

    def _capacity(self, level: Array) -> Array:
        inside = np.clip(level, *self._ends)
        fading = self._beyond(level) * np.exp(-np.abs(level - inside) / FADING)
        return np.where(level == inside, np.maximum(self._slope(inside), BEYOND), BEYOND + fading)

    def tangent(self, level: Array) -> tuple[Array, Array]:
        """See :meth:`femanode.constitutive.chemistry.Chemistry.tangent`."""
        capacity = self._capacity(level)
        return self.content(level) + capacity * (1.0 - level), capacity

    def secant(self, one: Array, other: Array) -> Array:
        """See :meth:`femanode.constitutive.chemistry.Chemistry.secant`."""
        gap = one - other
        near = np.abs(gap) < 1e-7
        return np.where(near, self._capacity(0.5 * (one + other)),
                        (self.content(one) - self.content(other)) / np.where(near, 1.0, gap))

    def free_energy(self, level: Array) -> Array:
        """Free energy of the phase, V, minus the integral of the potential over the content, up to a constant."""
        low, high = self._ends
        inside = np.clip(level, low, high)
        beyond = level - inside
        far = np.abs(beyond)
        area = self._area(inside) + beyond * (self._content(inside) + 0.5 * BEYOND * beyond)
        area += self._beyond(level) * FADING * (far + FADING * np.expm1(-far / FADING))
        return np.asarray(-(self.full + 1.0 - level) * self.content(level) - area)

    def potential(self, level: float) -> float:
        """See :meth:`femanode.constitutive.chemistry.Chemistry.potential`."""
        return self.full + 1.0 - level

    def level_at(self, potential: float) -> float:
        """See :meth:`femanode.constitutive.chemistry.Chemistry.level_at`."""
        return 1.0 - (potential - self.full)

    def shift(self, stress: Array, volume: float) -> Array:
        """See :meth:`femanode.constitutive.chemistry.Chemistry.shift`: the potential rises by volume sigma, V."""
        return np.asarray(-volume * stress)
