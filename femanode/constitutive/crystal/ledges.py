"""Direction law k(n) of a crystal whose facets advance by the flow of ledges; it has cusps at {111} and {100}.

:mod:`femanode.constitutive.crystal.rates` uses it for materials that ask for it.
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
#: Power p of the soft maximum of two shortfalls, times `rounding`. Near the edge where a {111} and a {100} branch meet,
#: the ratio of their shortfalls changes by a factor e in 8.5 degrees. With this p the term ratio^p of the soft maximum,
#: which rounds the edge, has fallen to 6 % at an angle of `rounding` from it.
_POWER = 24.0 * pi / 180.0
#: Least half-width of the soft cut at k{110}, in k{110}; keeps it above 0 where the ledges only just reach k{110}.
_LEAST = 1e-9


@dataclass(frozen=True)
class Ledges:
    """What the ledge law needs besides the rates.

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
    """Branch of one family of facets: v_f = k_f cos(theta) + u_f r(sin(theta)), see `make_ledge_law`.

    Attributes
    ----------
    rate, speed : k_f and u_f, in units of k{110}
    width : half-width of the soft cut at 1
    rounding : sine of the rounding angle
    """

    rate: float
    speed: float
    width: float
    rounding: float

    def shortfall(self, cosine: Array) -> Array:
        """Shortfall 1 - v_f of the branch, softly cut at 0; `cosine` is that of the angle theta from the facet."""
        # Beyond its largest value, at tan(theta) = u/k, the branch keeps it: a distant facet does not slow a front.
        c = np.maximum(cosine, self.rate / hypot(self.rate, self.speed))  # a hypotenuse
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
        ln k of a front that no facet slows: ln k{110} unless a family is faster than {110}.
    facets : tuple
        Branches of the families {111} and {100}; None for a family that is not slower than {110}.
    power : float
        Power of the soft maximum of their shortfalls.
    """

    rough: Callable[[Array, Array, Array], Array]
    facets: tuple[_Facet | None, _Facet | None]
    power: float

    def __call__(self, n1: Array, n2: Array, n3: Array) -> Array:
        a, b, c = np.abs(n1), np.abs(n2), np.abs(n3)
        # Of each family only the nearest facet counts: the branches of the others lie above k{110}.
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

    On a front tilted by theta from a facet the density of ledges is proportional to tan(theta). They sweep over the
    facet at the speed u, and the front advances along its own normal at (Burton, Cabrera & Frank, Phil. Trans. R. Soc.
    A 243 (1951) 299)

        v_f = k_f cos(theta_f) + u_f r(sin(theta_f)),

    which has a cusp of slope u_f at the facet. The cusp is rounded, r(z) = z beyond ``rounding`` and z^2 (2 q - z)/q^2
    within, q = sin(rounding), such that the rate at the facet itself stays k_f. No front is faster than a rough one,
    which has the rate of {110}. The nearest facets of {111} and {100} reduce that rate by their shortfalls
    d_f = 1 - v_f/k{110}, cut softly at 0:

        k = k{110} [1 - (d_111^p + d_100^p)^(1/p)],   p = 24 degrees/rounding.

    With the default speeds v_f reaches k{110} half of ``rounding`` before <110>, so that the soft cut ends at <110>.
    The rates of the three directions are met exactly, and k is positive and continuous in the data. A family
    that is not slower than {110} has no facets: its d_f is 0, and in place of k{110} before the bracket stand the cubic
    harmonics through the faster rates.

    Parameters
    ----------
    k100, k110, k111 : float
        Rates, nm/s, positive.
    ledges : Ledges
        A given speed should be at least (k{110} - k_f cos(theta))/sin(theta), theta the angle from the facet to <110>.
        With a smaller one v_f stays below k{110} there, and the rate of <110> is not met.
    rough : callable
        ln k of a rough front from the three components of a unit normal in crystal axes; passes through k{110} and
        through rates above it.

    Returns
    -------
    LedgeLaw
    """
    facets = tuple(_facet(name, float(k / k110), None if u is None else u / k110, ledges.rounding)
                   for name, k, u in (("111", k111, ledges.speed_111), ("100", k100, ledges.speed_100)))
    return LedgeLaw(rough, (facets[0], facets[1]), _POWER / ledges.rounding)


def _facet(name: str, rate: float, speed: float | None, rounding: float) -> _Facet | None:
    """Branch of the family ``name``, rates in units of k{110}; None if it is not slower than {110}."""
    if rate >= 1.0:
        return None
    end = _TO_110[name]
    reached = end - 0.5 * rounding
    u = (1.0 - rate * cos(reached)) / sin(reached) if speed is None else speed
    turned = min(end, atan2(u, rate))
    beyond = rate * cos(turned) + u * sin(turned) - 1.0
    # So narrow that the soft cut changes the rate neither at the facet, where the shortfall is 1 - rate, nor at <110>.
    width = max(min(0.5 * rounding * u, beyond, 1.0 - rate), _LEAST)
    return _Facet(rate, u, width, sin(rounding))
