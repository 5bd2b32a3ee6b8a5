"""Outline, diameters and front depth of a section: pure geometry."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from femanode.numerics.arrays import Array

if TYPE_CHECKING:  # skfem loads slowly, and pages need none of it
    from femanode.mesh.outline import Outline
    from femanode.mesh.spaces import Spaces


def full_outline(points: Array, sector: str) -> Array:
    """Closed outline (2, n) of the whole section from surface points (2, m) of one sector, by rising polar angle."""
    if sector == "quarter":
        points = np.concatenate([points, points * [[-1.0], [1.0]]], axis=1)
    if sector in ("quarter", "half"):
        points = np.concatenate([points, points * [[1.0], [-1.0]]], axis=1)
    order = np.argsort(np.arctan2(points[1], points[0]), kind="stable")
    return points[:, order]


def diameters(outline: Array, angles: Array) -> Array:
    """Chords through the axis in given directions (rad), nm; the outline must be star-shaped about the axis."""
    theta, radius = np.arctan2(outline[1], outline[0]), np.hypot(*outline)  # polar coordinates of an outline

    def reach(angle: Array) -> Array:
        return np.interp((angle + np.pi) % (2.0 * np.pi) - np.pi, theta, radius, period=2.0 * np.pi)

    return reach(angles) + reach(angles + np.pi)


def harmonics(outline: Array, orders: tuple[int, ...] = (2, 4, 6), n: int = 720) -> dict[int, float]:
    """How far an outline is from round, by the number of its bulges: Fourier amplitudes of the radius r(theta).

    Of r = r0 (1 + sum a_k cos k(theta - theta_k)) the a_k: 2 for an ellipse or dumbbell, 4 for a cross, 6 for a
    hexagon.
    Unlike a count of bulges they are numbers, which a picture of a section can be measured for and contradict.

    Parameters
    ----------
    outline : (2, m)
        Closed outline, by rising polar angle, star-shaped about the axis; nm.
    orders : tuple of int
    n : int
        Number of directions, evenly spaced.

    Returns
    -------
    dict of int to float
        a_k by order.
    """
    even = np.linspace(-np.pi, np.pi, n, endpoint=False)
    radius = np.interp(even, np.arctan2(outline[1], outline[0]), np.hypot(*outline), period=2.0 * np.pi)
    mean = float(radius.mean())
    return {k: float(2.0 * abs(np.mean(radius * np.exp(-1j * k * even))) / mean) for k in orders}


class Ray:
    """Samples nodal fields on a line from the axis to the surface in the reference section.

    Parameters
    ----------
    spaces : Spaces
    direction : (2,) unit vector
    outline : Outline
        Tells where the line enters and leaves the section.
    """

    def __init__(self, spaces: Spaces, direction: tuple[float, float], outline: Outline, n: int = 800) -> None:
        inner, outer = map(float, outline.reach(np.array(direction)))
        self.depth = np.linspace(0.0, outer - inner, n)
        # From the side that reacts; where only a hole does, outwards.
        place = outer - self.depth
        if outline.partial and float(outline.depth(np.array(direction) * outer)) > 0.5 * (outer - inner):
            place = inner + self.depth
        # Just inside, so that the polygon of the surface nodes contains every sample.
        r = np.clip(place, inner * (1 + 1e-9), outer * (1.0 - 1e-7))
        points = np.stack([r * direction[0], r * direction[1]])
        # Barycentric coordinates of every sample in every triangle that the line, prolonged, crosses.
        off = (direction[0] * spaces.nodes[1] - direction[1] * spaces.nodes[0])[spaces.sub]
        tri = np.flatnonzero((off.min(axis=0) <= 1e-9 * outer) & (off.max(axis=0) >= -1e-9 * outer))
        centre = spaces.nodes[:, spaces.sub[:, tri]].mean(axis=1)
        share = 1.0 / 3.0 + np.einsum("kit,ip->ktp", spaces.sub_grad[:, :, tri], points)
        share -= np.einsum("kit,it->kt", spaces.sub_grad[:, :, tri], centre)[:, :, None]
        depth_in = share.min(axis=0)
        best = np.argmax(depth_in, axis=0)
        sample = np.arange(n)
        self._inside = depth_in[best, sample] > -1e-6
        self._weights = share[:, best, sample].T
        self._nodes = spaces.sub[:, tri[best]].T

    def front_depth(self, distance: Array) -> float:
        """Depth (nm) at which the signed distance behind the front (N,) first falls to zero, from the surface."""
        values = np.sum(self._weights * distance[self._nodes], axis=1)[self._inside]
        depth = self.depth[self._inside]
        behind = values > 0
        if not behind[0]:
            return 0.0
        if behind.all():
            return float(self.depth[-1])
        k = int(np.argmin(behind))
        share = values[k - 1] / (values[k - 1] - values[k])
        return float(depth[k - 1] + share * (depth[k] - depth[k - 1]))
