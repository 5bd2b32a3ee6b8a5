"""An outline that is no circle, for tests that a circle would pass by chance."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.special import ellipe

from femanode.mesh.build import make_section
from femanode.mesh.outline import SPANS
from femanode.mesh.section import Section, build_section

Array = NDArray[np.float64]


@dataclass(frozen=True)
class Ellipse:
    """Half axes a >= b along x and y, nm."""

    a: float
    b: float

    @property
    def reference_radius(self) -> float:
        return self.a

    @property
    def wall(self) -> float:
        return self.b

    @property
    def solid(self) -> bool:
        return True

    @property
    def curves(self) -> tuple[str, ...]:
        return ("surface",)

    def foot(self, points: Array) -> Array:
        """Nearest point of the ellipse: the root of a convex, falling function, by Newton's iteration from its left."""
        x, y = np.abs(points) / self.b
        y = np.maximum(y, 1e-9)
        square = (self.a / self.b) ** 2
        s = y - 1.0
        for _ in range(100):
            g = square * (x / (s + square)) ** 2 + (y / (s + 1.0)) ** 2 - 1.0
            slope = -2.0 * (square * x**2 / (s + square) ** 3 + y**2 / (s + 1.0) ** 3)
            s = s - g / slope
        at = np.stack([square * x / (s + square), y / (s + 1.0)]) * self.b
        return np.asarray(np.copysign(at, points))

    def depth(self, points: Array) -> Array:
        inside = (points[0] / self.a) ** 2 + (points[1] / self.b) ** 2 < 1.0
        return np.asarray(np.where(inside, 1.0, -1.0) * np.hypot(*(points - self.foot(points))))

    def normal(self, points: Array) -> Array:
        x, y = self.foot(points)
        normal = np.stack([x / self.a**2, y / self.b**2])
        return np.asarray(normal / np.hypot(*normal))

    def reach(self, direction: Array) -> tuple[Array, Array]:
        out = 1.0 / np.hypot(direction[0] / self.a, direction[1] / self.b)
        return np.zeros_like(out), out

    def off(self, curve: str, points: Array) -> Array:
        return np.asarray(np.abs(self.depth(points)))

    def project(self, curve: str, points: Array) -> Array:
        return self.foot(points)

    def area(self, sector: str) -> float:
        return float(0.5 * SPANS[sector] * self.a * self.b)

    def equivalent_depth(self, fraction: float) -> float:
        # Of a front everywhere equally deep, L < b^2/a, pi a b - P L + pi L^2 is left, P the circumference.
        P = 4.0 * self.a * float(ellipe(1.0 - (self.b / self.a) ** 2))
        return (P - float(np.sqrt(P * P - 4.0 * np.pi**2 * self.a * self.b * fraction))) / (2.0 * np.pi)


def ellipse_section(a: float, b: float, size: float, sector: str = "quarter") -> Section:
    """A disc's mesh of elements of ``size`` (nm), squeezed along y, its edges curved on the ellipse."""
    mesh = make_section("circle", a, 0.0, size, sector).mesh
    corners = mesh.doflocs[:, : mesh.t.max() + 1] * [[1.0], [b / a]]
    return build_section(corners, mesh.t.astype(np.int64), sector, Ellipse(a, b), size, "ellipse")
