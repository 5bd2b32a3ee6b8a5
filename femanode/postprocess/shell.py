"""The reacted shell below every surface node: its depth in the reference and in the deformed section.

A line runs from every node of the surface along the inward normal; on a circle that is a radius. It is cut once per
mesh at the sides of the linear sub-triangles it crosses; on each piece the front's signed distance is linear and the
deformation gradient is constant, so that the depth of the front and the length of the deformed image follow without
sampling.
"""

from __future__ import annotations

import numpy as np
from scipy.spatial import cKDTree

from femanode.mesh.outline import Outline
from femanode.mesh.spaces import Spaces, scatter
from femanode.numerics.arrays import Array, IntArray

#: Angle by which the radii are turned off the surface nodes, rad: a radius that runs along the sides of triangles would
#: by rounding be found in both neighbours or in neither.
_ASIDE = 1e-7


class Shell:
    """Lines along the inward normals through the surface nodes of one mesh.

    Parameters
    ----------
    spaces : Spaces
    outline : Outline, optional
        Of the section; a circle, whose normals are radii, where none is given.

    Attributes
    ----------
    nodes : (n,) nodes on the surface of what reacts, by rising polar angle in the reference section
    angle : (n,) those angles, rad
    """

    def __init__(self, spaces: Spaces, outline: Outline | None = None) -> None:
        surface = spaces.skin
        angle = np.arctan2(spaces.nodes[1, surface], spaces.nodes[0, surface])
        order = np.argsort(angle, kind="stable")
        self.nodes, self.angle = surface[order], angle[order]
        size = float(np.hypot(*spaces.nodes[:, surface]).max())  # the section's size
        # Turned towards the middle: the end radii of a quarter or a half lie on the edge of its mesh.
        middle = 0.5 * (self.angle[0] + self.angle[-1])
        theta = self.angle + _ASIDE * np.where(self.angle > middle, -1.0, 1.0)
        along = np.stack([np.cos(theta), np.sin(theta)])
        start = np.zeros((2, 1))
        if outline is None or outline.round:
            tri, ray = _candidates(spaces, theta)
        else:
            # A line begins where no front from its surface node can get without meeting another.
            turn = _ASIDE * np.where(self.angle > middle, -1.0, 1.0)
            normal = outline.normal(spaces.nodes[:, self.nodes])
            along = normal + turn * np.stack([-normal[1], normal[0]])
            start = spaces.nodes[:, self.nodes] - outline.wall * along
            tri, ray = _crossing(spaces, start, along, outline.wall)
            start = start[:, ray]
        grad = spaces.sub_grad[:, :, tri]
        centre = spaces.nodes[:, spaces.sub[:, tri]].mean(axis=1) - start
        # Share of each corner on the radius: at + rise r; inside a triangle where all three are positive.
        at, rise = 1.0 / 3.0 - np.einsum("kip,ip->kp", grad, centre), np.einsum("kip,ip->kp", grad, along[:, ray])
        with np.errstate(divide="ignore", invalid="ignore"):
            zero = -at / rise
        inner = np.maximum(np.where(rise > 0, zero, -np.inf).max(axis=0), 0.0)
        outer = np.where(rise < 0, zero, np.inf).min(axis=0)
        crossed = outer - inner > 1e-12 * size
        self._ray, self._corners = ray[crossed], spaces.sub[:, tri[crossed]]
        self._inner, self._outer, self._rise = inner[crossed], outer[crossed], rise[:, crossed]
        self._share = [at[:, crossed] + self._rise * r for r in (self._inner, self._outer)]

    def depths(self, distance: Array, position: Array) -> tuple[Array, Array]:
        """Depth of the front's middle below every surface node, in the reference and in the deformed section.

        Parameters
        ----------
        distance : (N,)
            Signed distance behind the front, nm: positive where reacted, zero at the front's middle.
        position : (2, N)
            Deformed nodes, nm.

        Returns
        -------
        reference, deformed : (n,)
            nm. Zero where the front has not passed the surface node; the whole wall where it has passed it all.
            ``deformed`` is the length of the deformed image of the reference radius down to the front.
        """
        values = distance[self._corners]
        low, high = (np.sum(share * values, axis=0) for share in self._share)
        # The outermost point of each radius that is not behind the front.
        share = low / np.where(high > low, low - high, 1.0)
        ahead = np.where(high <= 0, self._outer, np.where(low <= 0, self._inner + share * (self._outer - self._inner),
                                                          0.0))
        front = np.zeros(len(self.nodes))
        np.maximum.at(front, self._ray, ahead)
        reach = np.maximum(self._outer - np.maximum(self._inner, front[self._ray]), 0.0)
        stretch = np.hypot(*np.sum(position[:, self._corners] * self._rise, axis=1))  # stretch of a line
        return scatter(self._ray, reach, len(self.nodes)), scatter(self._ray, reach * stretch, len(self.nodes))

    def tangents(self, position: Array, sector: str) -> Array:
        """Unit tangents of the deformed outline at the surface nodes, (2, n), by rising angle.

        Derivatives of the parabola through each node and its two neighbours; at the ends of a quarter or a half the
        mirror image of the neighbour is taken.
        """
        points, angle = position[:, self.nodes], self.angle
        if sector == "full":
            before, after = points[:, -1:], points[:, :1]
            start, end = angle[-1:] - 2.0 * np.pi, angle[:1] + 2.0 * np.pi
        else:
            before = points[:, 1:2] * [[1.0], [-1.0]]
            after = points[:, -2:-1] * ([[-1.0], [1.0]] if sector == "quarter" else [[1.0], [-1.0]])
            start, end = 2.0 * angle[:1] - angle[1:2], 2.0 * angle[-1:] - angle[-2:-1]
        step = np.diff(np.concatenate([start, angle, end]))
        rise = np.diff(np.concatenate([before, points, after], axis=1), axis=1) / step
        slope = (rise[:, :-1] * step[1:] + rise[:, 1:] * step[:-1]) / (step[1:] + step[:-1])
        return np.asarray(slope / np.maximum(np.hypot(*slope), 1e-300))  # size of a vector


def deepest_point(spaces: Spaces, distance: Array, outline: Outline) -> float:
    """Largest depth below the reacting surface, nm, of a place that the front has reached; 0 where it has not entered.

    ``distance`` (N,) is the signed distance behind the front, nm.
    """
    reached = np.flatnonzero(distance > 0.0)
    if not len(reached):
        return 0.0
    i, j = spaces.edges[:, (distance[spaces.edges] > 0).sum(axis=0) == 1]
    share = distance[i] / (distance[i] - distance[j])
    front = spaces.nodes[:, i] + share * (spaces.nodes[:, j] - spaces.nodes[:, i])
    places = front if front.size else spaces.nodes[:, reached]
    return max(float(outline.depth(places).max()), 0.0)


def host_depth(spaces: Spaces, distance: Array) -> float:
    """Largest distance of a host point from the front, nm, in the reference section: 0 where no host is left.

    Infinite where no node is behind the front.
    """
    if not (distance > 0).any():
        return float("inf")
    if not (distance <= 0).any():
        return 0.0
    i, j = spaces.edges[:, (distance[spaces.edges] > 0).sum(axis=0) == 1]
    share = distance[i] / (distance[i] - distance[j])
    front = spaces.nodes[:, i] + share * (spaces.nodes[:, j] - spaces.nodes[:, i])
    nearest, _ = cKDTree(front.T).query(spaces.nodes[:, distance <= 0].T)
    return float(np.max(nearest))


def _crossing(spaces: Spaces, start: Array, along: Array, length: float) -> tuple[IntArray, IntArray]:
    """Pairs (triangle, line) that may cross: the circle about the triangle meets the piece of ``length`` from a start.

    ``start`` and ``along`` are (2, n), one per line.
    """
    corner = spaces.nodes[:, spaces.sub]
    centre = corner.mean(axis=1)
    size = np.sqrt(((corner - centre[:, None]) ** 2).sum(axis=0)).max(axis=0)
    tri, line = [], []
    for k, (x0, y0, dx, dy) in enumerate(np.vstack([start, along]).T):
        x, y = centre[0] - x0, centre[1] - y0
        near = np.flatnonzero(np.abs(dx * y - dy * x) <= size)
        s = dx * x[near] + dy * y[near]
        near = near[(s >= -size[near]) & (s <= length + size[near])]
        tri.append(near)
        line.append(np.full(len(near), k))
    return np.concatenate(tri), np.concatenate(line)


def _candidates(spaces: Spaces, theta: Array) -> tuple[IntArray, IntArray]:
    """Pairs (triangle, radius) that may cross: the radius' angle lies within the triangle's."""
    corner = spaces.nodes[:, spaces.sub]
    centre = corner.mean(axis=1)
    middle = np.arctan2(centre[1], centre[0])
    off = (np.arctan2(corner[1], corner[0]) - middle + np.pi) % (2.0 * np.pi) - np.pi
    # The angles of the corners do not bound a triangle that contains the axis: every radius is tried with it.
    size = np.hypot(*(corner - centre[:, None])).max(axis=0)  # sizes of triangles
    near = np.hypot(*corner).min(axis=0) < 2.0 * size  # is the axis near
    n = len(theta)
    turned = np.concatenate([theta - 2.0 * np.pi, theta, theta + 2.0 * np.pi])
    slack = 2.0 * _ASIDE
    first = np.where(near, n, np.searchsorted(turned, middle + off.min(axis=0) - slack))
    count = np.where(near, n, np.searchsorted(turned, middle + off.max(axis=0) + slack) - first)
    tri = np.repeat(np.arange(len(count)), count)
    place = np.arange(len(tri)) - np.repeat(np.cumsum(count) - count, count)
    return tri, (np.repeat(first, count) + place) % n
