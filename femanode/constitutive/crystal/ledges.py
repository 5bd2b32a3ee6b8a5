"""Front rate of a crystal whose facets advance by the flow of ledges: k(n) with a cusp at {111} and {100}.

The law is a pure function of arrays; :mod:`femanode.constitutive.crystal.rates` takes it where a material asks for it.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from math import atan2, cos, hypot, pi, sin, sqrt

import numpy as np

from femanode.numerics.arrays import Array

__all__ = ["LedgeLaw", "Ledges", "make_ledge_law"]

#: Angle from a facet to the nearest <110>: 35.26 degrees from {111}, 45 degrees from {100}.
_TO_110 = {"111": atan2(1.0, sqrt(2.0)), "100": pi / 4.0}
#: Power of the soft maximum times `rounding`. Where a {111} and a {100} branch meet, the ratio of their shortfalls
#: changes by a factor e in 8.5 degrees; with this power the edge is sharp again to 6 % of itself at `rounding` from it.
_POWER = 24.0 * pi / 180.0
#: Least half-width of the soft limit at k{110}, in k{110}: what keeps it defined where ledges just reach k{110}.
_LEAST = 1e-9


@dataclass(frozen=True)
class Ledges:
    """What the ledge law takes beside the rates.

    Attributes
    ----------
    rounding : float
        Angle over which cusps and edges of k(n) are rounded, rad.
    speed_100, speed_111 : float, optional
        Lateral speed of ledges on {100} and {111}, nm/s; by default the one that gives k{110} at <110>.
    """

    rounding: float
    speed_100: float | None = None
    speed_111: float | None = None


@dataclass(frozen=True)
class _Facet:
    """Branch of one family: k cos(theta) + u r(sin(theta)), in k{110}; `width` of its soft limit at 1."""

    rate: float
    speed: float
    width: float
    rounding: float

    def shortfall(self, cosine: Array) -> Array:
        """How far the branch is below k{110}, in k{110}, softly cut at 0; `cosine` of the angle from the facet."""
        # Beyond its largest value, at tan(theta) = u/k, the branch stays there: no far facet limits a front.
        c = np.maximum(cosine, self.rate / hypot(self.rate, self.speed))
        s = np.sqrt(np.maximum(1.0 - c * c, 0.0))
        near = s * s * (2.0 * self.rounding - s) / self.rounding**2
        below = 1.0 - self.rate * c - self.speed * np.where(s < self.rounding, near, s)
        soft = np.maximum(below + self.width, 0.0) ** 2 / (4.0 * self.width)
        return np.where(below < self.width, soft, below)


@dataclass(frozen=True)
class LedgeLaw:
    """ln k of the ledge law; built by `make_ledge_law`, which has the equations.

    Attributes
    ----------
    rough : callable
        ln k of a front that no facet holds back: ln k{110} unless a family is faster than {110}.
    facets : tuple
        Branch of each family, {111} and {100}, that is slower than {110}; None otherwise.
    power : float
        Power of the soft maximum of their shortfalls.
    """

    rough: Callable[[Array, Array, Array], Array]
    facets: tuple[_Facet | None, _Facet | None]
    power: float

    def __call__(self, n1: Array, n2: Array, n3: Array) -> Array:
        a, b, c = np.abs(n1), np.abs(n2), np.abs(n3)
        # The nearest facet of a family is the only one that counts: the others' branches are above k{110}.
        cosines = ((a + b + c) / sqrt(3.0), np.maximum(np.maximum(a, b), c))
        each = [f.shortfall(x) for f, x in zip(self.facets, cosines, strict=True) if f is not None]
        lacking: Array = np.zeros(np.shape(n1))
        if each:
            larger, smaller = np.maximum(each[0], each[-1]), np.minimum(each[0], each[-1])
            ratio = smaller / np.where(larger > 0.0, larger, 1.0)
            lacking = larger * (1.0 + ratio**self.power) ** (1.0 / self.power) if len(each) > 1 else each[0]
        result: Array = self.rough(n1, n2, n3) + np.log1p(-lacking)
        return result


def make_ledge_law(k100: float, k110: float, k111: float, ledges: Ledges,
                   rough: Callable[[Array, Array, Array], Array]) -> LedgeLaw:
    """Build ln k(n) of a cubic crystal from the rates of three directions and the flow of ledges.

    A front tilted by theta from a facet carries ledges in proportion to tan(theta), which sweep over it at the speed
    u; along its own normal it advances at (Burton, Cabrera & Frank, Phil. Trans. R. Soc. A 243 (1951) 299)

        v_f = k_f cos(theta_f) + u_f r(sin(theta_f)),

    a cusp of slope u_f at the facet: r(s) = s beyond ``rounding``, s^2 (2 q - s)/q^2 within, q = sin(rounding), so that
    the rate at the facet itself stays k_f. No front is faster than a rough one, which has the rate of {110}; facets
    hold it back by the shortfall d_f = 1 - v_f/k{110}, cut softly at 0, of the nearest {111} and {100}:

        k = k{110} [1 - (d_111^p + d_100^p)^(1/p)],   p = 24 degrees/rounding.

    With the default speeds v_f reaches k{110} at half of ``rounding`` before <110>, so that the soft cut ends at <110>.
    Rates of the three directions are exact, k is continuous in the data, and positive. A family that is not slower
    than {110} has no facets: d_f is 0, and k{110} before the bracket gives way to the harmonics through it.

    Parameters
    ----------
    k100, k110, k111 : float
        Rates, nm/s, positive.
    ledges : Ledges
        A speed given must be at least (k{110} - k_f cos(theta))/sin(theta), theta the angle from the facet to <110>,
        or ledges do not reach k{110} there, and k{110} is not met.
    rough : callable
        ln k of the three components of a unit normal in crystal axes: through k{110}, and through the rates above it.

    Returns
    -------
    LedgeLaw
    """
    facets = tuple(_facet(name, float(k / k110), None if u is None else u / k110, ledges.rounding)
                   for name, k, u in (("111", k111, ledges.speed_111), ("100", k100, ledges.speed_100)))
    return LedgeLaw(rough, (facets[0], facets[1]), _POWER / ledges.rounding)


def _facet(name: str, rate: float, speed: float | None, rounding: float) -> _Facet | None:
    """Branch of a family, rates in k{110}; None if it is not slower than {110}."""
    if rate >= 1.0:
        return None
    end = _TO_110[name]
    reached = end - 0.5 * rounding
    u = (1.0 - rate * cos(reached)) / sin(reached) if speed is None else speed
    turned = min(end, atan2(u, rate))
    beyond = rate * cos(turned) + u * sin(turned) - 1.0
    # Neither the facet, at 1 - rate, nor <110> may feel the soft cut.
    width = max(min(0.5 * rounding * u, beyond, 1.0 - rate), _LEAST)
    return _Facet(rate, u, width, sin(rounding))
