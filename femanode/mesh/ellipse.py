"""The outline of an elliptical section: distance, normal, and the area behind an even front."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from scipy.integrate import trapezoid
from scipy.optimize import brentq

from femanode.mesh.outline import SPANS, Filled, smallest_sector, turned
from femanode.numerics.arrays import Array

_MOST_ITERATIONS = 100
#: Points along a quarter of the ellipse at which areas are summed.
_SAMPLES = 2001


@dataclass(frozen=True)
class Ellipse(Filled):
    """Half axes ``a`` along x and ``b`` along y, nm, then turned by ``rotation`` (rad). The outside reacts."""

    a: float
    b: float
    rotation: float = 0.0

    def __str__(self) -> str:
        turn = f", turned by {np.degrees(self.rotation):g} degrees" if self.rotation else ""
        return f"ellipse of {2 * self.a:g} nm x {2 * self.b:g} nm{turn}"

    @property
    def reference_radius(self) -> float:
        """Radius of the circle of the same area, sqrt(a b), nm."""
        return float(np.sqrt(self.a * self.b))

    @property
    def wall(self) -> float:
        """The smaller half axis, nm."""
        return min(self.a, self.b)

    @property
    def corners(self) -> tuple[float, ...]:
        """None."""
        return ()

    @property
    def smallest_sector(self) -> str:
        """A quarter where the axes lie along x and y, otherwise the whole."""
        return smallest_sector(self.rotation, 0.5 * np.pi)

    def depth(self, points: Array) -> Array:
        """Distance to the nearest point of the ellipse, nm; negative outside."""
        local = turned(points, -self.rotation)
        inside = (local[0] / self.a) ** 2 + (local[1] / self.b) ** 2 < 1.0
        # hypot: length of the way to the nearest point
        return np.asarray(np.where(inside, 1.0, -1.0) * np.hypot(*(local - self._foot(local))))

    def normal(self, points: Array) -> Array:
        """Gradient of (x/a)^2 + (y/b)^2 at the nearest point, made a unit vector."""
        x, y = self._foot(turned(points, -self.rotation))
        normal = np.stack([x / self.a**2, y / self.b**2])
        return turned(normal / np.hypot(*normal), self.rotation)  # hypot: size of a vector

    def reach(self, direction: Array) -> tuple[Array, Array]:
        """0, and a b/sqrt[(b cos)^2 + (a sin)^2]."""
        x, y = turned(direction, -self.rotation)
        outer = 1.0 / np.hypot(x / self.a, y / self.b)  # hypot: closed form of the ellipse
        return np.zeros_like(outer), outer

    def off(self, curve: str, points: Array) -> Array:
        """abs(depth), nm."""
        return np.asarray(np.abs(self.depth(points)))

    def project(self, curve: str, points: Array) -> Array:
        """The nearest points of the ellipse."""
        return turned(self._foot(turned(points, -self.rotation)), self.rotation)

    def area(self, sector: str) -> float:
        """Half the sector's angle times a b, nm^2; of the sectors that have its mirrors."""
        return float(0.5 * SPANS[sector] * self.a * self.b)

    def equivalent_depth(self, fraction: float) -> float:
        """Depth L (nm) at which the curves parallel to the ellipse have swept ``fraction`` of its area.

        The part of the front that starts at parameter t sweeps w (s - kappa s^2/2) dt, w the length of the curve and
        kappa its curvature there, and s = min(L, m): at the depth m = b w/a it meets its mirror image on the long axis
        (a >= b). Up to L = b^2/a this is P L - pi L^2, P the circumference.
        """
        long, short = max(self.a, self.b), min(self.a, self.b)
        t = np.linspace(0.0, 0.5 * np.pi, _SAMPLES)
        w = np.sqrt((long * np.sin(t)) ** 2 + (short * np.cos(t)) ** 2)

        def missing(depth: float) -> float:
            s = np.minimum(depth, short * w / long)
            swept = w * s - 0.5 * long * short / w**2 * s**2
            return float(4.0 * trapezoid(swept, t)) / (np.pi * long * short) - fraction

        if fraction <= 0.0 or missing(short) <= 0.0:
            return 0.0 if fraction <= 0.0 else short
        return float(brentq(missing, 0.0, short, xtol=1e-12 * short))

    def _foot(self, points: Array) -> Array:
        """Nearest points (2, ...) of the ellipse in its own axes.

        They are (a^2 x/(s + a^2), b^2 y/(s + b^2)), s the root of a convex, falling function, found by Newton's
        iteration from its left, where it cannot overshoot (Eberly, Distance from a point to an ellipse).
        """
        if self.b > self.a:
            return Ellipse(self.b, self.a)._foot(points[::-1])[::-1]
        x, y = np.abs(points) / self.b
        # A point on the long axis has two nearest points, or the tip; this takes the former as a limit.
        y = np.maximum(y, 1e-9)
        square = (self.a / self.b) ** 2
        s = np.maximum(y - 1.0, np.sqrt(square) * x - square)
        for _ in range(_MOST_ITERATIONS):
            g = square * (x / (s + square)) ** 2 + (y / (s + 1.0)) ** 2 - 1.0
            slope = -2.0 * (square * x**2 / (s + square) ** 3 + y**2 / (s + 1.0) ** 3)
            step = -g / slope
            s = s + step
            if np.all(np.abs(step) <= 1e-14 * (1.0 + np.abs(s))):
                break
        at = np.stack([square * x / (s + square), y / (s + 1.0)])
        at = at / np.sqrt(at[0] ** 2 / square + at[1] ** 2) * self.b
        return np.asarray(np.copysign(at, points))
