"""The manufactured solution of all equations coupled, on a quarter disc of radius R with rho = r/R.

A travelling extent whose profile meets the front's surface condition, a depletion that vanishes on the surface, a
displacement that is not axisymmetric, and fields for the two averages across the front.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from femanode.constitutive.kinetics import MassAction
from femanode.constitutive.swelling import content as content_of
from femanode.constitutive.swelling import conversion, conversion_slope
from femanode.numerics.arrays import Array
from femanode.solver.front import Front
from femanode.verify.sources import Field, divergence, gradient

R, DELTA, K, D, CF, BETA, T = 10.0, 4.0, 0.5, 4.0, 0.4, 0.4, 4.0
KINETICS = MassAction(1.0, -1.5, 0.5, 0.0)
STEP = 1e-2  # nm, of the differences


@dataclass(frozen=True)
class Exact:
    """The manufactured fields at a time, each a function of position."""

    t: float

    def xi(self, x: Array, y: Array) -> Array:
        """A front whose slope at the surface is the travelling wave's, and which is flat at the axis."""
        rho2 = (x * x + y * y) / R**2
        return np.asarray(1.0 / (1.0 + np.exp(-(0.5 * R * (rho2 - 1.0) + 1.0 + 0.15 * self.t) / DELTA)))

    def h(self, x: Array, y: Array) -> Array:
        """Converted fraction; conversion begins at xi = 0, so that the front's weight is 0 only at the axis."""
        return conversion(self.xi(x, y), 0.0)

    def e(self, x: Array, y: Array) -> Array:
        """Depletion, 0 on the surface."""
        rho2 = (x * x + y * y) / R**2
        return np.asarray((0.3 + 0.04 * self.t) * (1.0 - rho2) * (1.0 + 0.3 * (x * x - y * y) / R**2))

    def content(self, x: Array, y: Array) -> Array:
        """Carrier content."""
        return content_of(self.h(x, y), 1.0 - self.e(x, y), CF)

    def u(self, x: Array, y: Array) -> tuple[Array, Array]:
        """A displacement that grows with time and is not axisymmetric."""
        a = 0.04 + 0.01 * self.t
        return (a * x * (1.0 + 0.5 * (x * x - 0.4 * y * y) / R**2), a * y * (1.2 - 0.3 * x * x / R**2))

    def stress(self, x: Array, y: Array) -> Array:
        """The averaged stress: constant in time, so that the front's memory of its stress has no effect."""
        return np.asarray(-1.0 + 0.8 * _quartic(x, y))

    def depleted(self, x: Array, y: Array) -> Array:
        """The averaged depletion."""
        return np.asarray((0.15 + 0.02 * self.t) * (1.0 - 0.5 * _quartic(x, y)))

    def speed(self, x: Array, y: Array) -> Array:
        """v of the rate law at the averages."""
        return np.asarray(K * KINETICS.drive(self.stress(x, y), 1.0 - self.depleted(x, y)))


def _quartic(x: Array, y: Array) -> Array:
    """rho^4 (3 - 2 rho^2): no slope along the normal at the surface, flat at the axis."""
    rho2 = (x * x + y * y) / R**2
    return np.asarray(rho2**2 * (3.0 - 2.0 * rho2))


def rate_of(f: Callable[[Exact], Array], t: float) -> Array:
    """Time derivative by central differences of fourth order."""
    d = 1e-3
    near, far = f(Exact(t + d)) - f(Exact(t - d)), f(Exact(t + 2 * d)) - f(Exact(t - 2 * d))
    return np.asarray((8 * near - far) / (12 * d))


def average_source(now: Exact, field: Field, x: Array, y: Array) -> Array:
    """What averages to ``field`` across the front: field - (1/w) div[l^2 (n n + a I) grad field]."""
    def pull(a: Array, b: Array) -> tuple[Array, Array]:
        gx, gy = gradient(field, a, b, STEP)
        r = np.maximum(np.hypot(a, b), 1e-12)
        along = (gx * a + gy * b) / r
        # The length of the average within the front; the manufactured front keeps above its least value everywhere.
        bulk = 4.0 * now.xi(a, b) * (1.0 - now.xi(a, b))
        l2 = bulk * (Front.reach * DELTA) ** 2
        return l2 * (along * a / r + Front.side_share * gx), l2 * (along * b / r + Front.side_share * gy)

    slope = np.hypot(*gradient(now.xi, x, y, STEP)) * conversion_slope(now.xi(x, y), 0.0)
    w = DELTA * slope
    return np.asarray(field(x, y) + (1e-6 * field(x, y) - divergence(pull, x, y, STEP)) / w)
