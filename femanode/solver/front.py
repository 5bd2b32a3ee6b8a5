"""Reaction front: the travelling-wave equation of its extent, its direction and its curvature.

The extent xi obeys, with v the front speed extended along the normal and delta the front's half-thickness,

    d xi/dt = v [xi (1 - xi)/delta + delta lap xi - xi (1 - xi)(1 - 2 xi)/delta],

whose steady profile is 1/2 [1 + tanh(s/2 delta)] moving at v. Every term carries v: a stopped front stands still.

v stands before the Laplacian. Within the divergence, div(v delta grad xi), it would add delta grad v . grad xi: where
the direction turns across the front so does v, and a wave (p across the front, q along it) would spread at
rate -delta (v (p^2 + q^2) + v' p q), v' the change of v with the angle. For |v'| > 2 v that form is not definite: waves
grow, the shorter the faster, and the front breaks into steps whose size is the mesh's. Silicon's |v'|/v reaches 6.4.

Along a curved front its diffusion adds -v delta kappa, kappa the divergence of the normal n = -grad xi/|grad xi|: a
round front would run at v (1 + delta/a). That is taken off, with kappa smoothed along the front, so that a corrugation
finer than a few delta goes on being smoothed away.
"""

from __future__ import annotations

from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from femanode.constitutive.kinetics import Kinetics
from femanode.constitutive.swelling import conversion
from femanode.mesh.spaces import Spaces, scatter
from femanode.numerics import compiled
from femanode.numerics.arrays import Array, IntArray
from femanode.numerics.linear import Backend, SymmetricSolver
from femanode.numerics.pattern import Pattern
from femanode.solver.averaging import Averager
from femanode.solver.failure import StepFailed


class Rate(Protocol):
    """Orientation law: rate of a front with in-plane normal components (nm/s)."""

    def rate(self, nx: Array, ny: Array) -> Array: ...


def _steepness(rate: Rate) -> float:
    """Largest |dk/d angle| over the largest k in the section, 1/rad; 0 without dependence on direction."""
    angle = np.linspace(0.0, 2.0 * np.pi, 1441)
    k = rate.rate(np.cos(angle), np.sin(angle))
    slope = float(np.abs(np.diff(k)).max() / angle[1])
    return slope / float(k.max()) if slope > 1e-6 * k.max() else 0.0


def on_front(xi: Array) -> NDArray[np.bool_]:
    """Nodes within about five half-thicknesses of the front."""
    return xi * (1.0 - xi) > 6e-3


class Front:
    """Front equation and averages on one mesh.

    Parameters
    ----------
    spaces : Spaces
    half_thickness : float
        delta, nm.
    start : float
        xi at which conversion begins.
    rate : Rate
        Orientation law k(n).
    kinetics : Kinetics
    """

    #: Reach of the average along the normal, in delta; sideways it reaches sqrt(side_share) times as far. Along the
    #: normal it is long, so that the two sides of a front about to stop do not stop at different times.
    reach, side_share = 4.0, 0.075
    #: Least weight of a direction in the average, over that of the fastest.
    least_share = 0.01
    #: Largest curvature that is taken off, times delta: at a corner, within delta, a front has none.
    most_curved = 0.5
    #: Applications of the average that smooth the curvature: some four delta along the front.
    curvature_passes = 4
    #: Least stiffness of the average away from the front, over that within it: enough to extend it along the normal.
    least_stiff = 1e-3
    #: Largest advance between two looks at the direction, in node spacings, times the steepness |d ln k/d angle|.
    courant = 0.4
    #: Change of xi below which an average serves on: 0.004 delta.
    same = 1e-3
    #: A step of the allowed advance takes about ten; far more mean that a speed is wrong, not that time is needed.
    most_substeps = 5000

    def __init__(self, spaces: Spaces, half_thickness: float, start: float, rate: Rate, kinetics: Kinetics,
                 backend: Backend = "auto") -> None:
        self.spaces, self.delta, self.start = spaces, half_thickness, start
        self.rate, self.kinetics = rate, kinetics
        self._pattern = Pattern(spaces.sub, spaces.n_nodes)
        self._solver = SymmetricSolver(backend, spaces.rank)
        self._links: tuple[IntArray, IntArray, IntArray] | None = None
        self._blocks = np.empty((spaces.sub.shape[1], 3, 3))
        if compiled.available():
            from femanode.solver.node_loops import neighbours

            self._links = neighbours(spaces.edges, spaces.n_nodes)
        self._spacing = float(np.sqrt(4.0 / np.sqrt(3.0) * spaces.sub_area.min()))
        self._steepness = _steepness(rate)

    def initial_extent(self, depth: Array) -> Array:
        """Travelling profile still outside the section, so far that no point at ``depth`` >= 0 (nm) has converted."""
        at_surface = max(0.95 * self.start, 0.05)
        return 1.0 / (1.0 + (1.0 / at_surface - 1.0) * np.exp(np.minimum(depth / self.delta, 600.0)))

    def log_odds(self, xi: Array) -> Array:
        """delta ln(xi/(1 - xi)): the signed distance behind a travelling front, nm; exact for linear elements."""
        bounded = np.clip(xi, 1e-14, 1 - 1e-14)
        return self.delta * np.log(bounded / (1.0 - bounded))

    def normals(self, xi: Array) -> Array:
        """Unit normals -grad xi/|grad xi| at nodes, (2, N); zero where they are undefined."""
        s = self.spaces
        grad = np.einsum("kin,kn->in", s.sub_grad, self.log_odds(xi)[s.sub]) * s.sub_area
        n = -np.stack([scatter(s.sub, g, s.n_nodes) for g in grad])
        # A recovered normal must lie in a symmetry line, or the front kinks there.
        n[0, s.x0] = 0.0
        n[1, s.y0] = 0.0
        size = np.hypot(*n) / (3.0 * s.mass)
        return np.where(size > 1e-3, n / np.where(size > 1e-3, 3.0 * s.mass * size, 1.0), 0.0)

    def speed(self, n: Array, stress: Array, activity: Array) -> Array:
        """Front speed v at nodes, nm/s."""
        return self.rate.rate(n[0], n[1]) * self.kinetics.drive(stress, activity)

    def curvature(self, n: Array, average: Averager) -> Array:
        """Divergence of the unit normals (2, N), smoothed along the front, (N,), 1/nm: -1/a of a core of radius a."""
        s = self.spaces
        defined = (n * n).sum(axis=0) > 0.5
        div = np.einsum("kieq,ikeq->eq", s.qp_grad, n[:, s.qp_nodes])
        kappa = average(np.where(defined[s.qp_nodes].all(axis=0), div, 0.0))
        for _ in range(self.curvature_passes - 1):
            kappa = average(s.at_points(kappa))
        # Of the surface parallel to the front through each node, so that it also holds where the front will be.
        behind = np.clip(self.log_odds(average.xi), -5.0 * self.delta, 5.0 * self.delta)
        kappa = kappa / np.maximum(1.0 - kappa * behind, 0.2)
        bound = self.most_curved / self.delta
        return np.clip(kappa, -bound, bound)

    def travel(self, xi: Array, drive: Array, dt: float, kappa: Array) -> Array:
        """xi after dt at v/k = ``drive`` (N,) and curvature ``kappa`` (N,), both frozen, while its direction changes.

        With a rate as sharp as silicon's a front that kept its normals over a step would overshoot where it turns: they
        are looked up anew often enough for the rate's change with direction not to outrun the mesh (Courant's limit).
        """
        done = 0.0
        while done < dt:
            n = self.normals(xi)
            v = self.rate.rate(n[0], n[1]) * drive
            fastest = float(np.max(v[on_front(xi)], initial=0.0)) * self._steepness
            left = dt - done
            parts = np.ceil(left * fastest / (self.courant * self._spacing)) if self._steepness > 0 else 1.0
            part = left / min(max(parts, 1.0), self.most_substeps)
            # What has reacted stays so, also at a corner, where the curvature that is taken off is not the front's own.
            xi = np.maximum(self.advance(xi, v, n, part, kappa), xi)
            done = dt if part == left else done + part
        return xi

    def advance(self, xi: Array, v: Array, n: Array, dt: float, kappa: Array | None = None) -> Array:
        """xi after dt under the nodal speed v (frozen), by classical Runge-Kutta within its stability limit.

        ``kappa`` (N,) is the curvature whose effect is taken off; None leaves the equation as it is.

        Raises
        ------
        ValueError
            A speed is negative: the equation has no front that goes back.
        StepFailed
            A speed needs more than ``most_substeps`` steps within the limit.
        """
        s = self.spaces
        if not v.min() >= 0.0:
            raise ValueError(f"front speed {v.min():.3g} nm/s: a front goes forward or stands still")
        flow = self.delta * s.conductance
        # Area per speed: a front that stands still is as good as one of infinite area.
        slowness = np.divide(s.mass, v, out=np.full_like(v, np.inf), where=v > 0.0)
        stiff = scatter(s.edges, np.abs(flow), s.n_nodes) / slowness
        # On the surface the profile goes on outside: its slope xi (1 - xi)/delta enters as a flux.
        inflow = v * s.reacting_length / s.mass * np.maximum(-np.einsum("in,in->n", n, s.outward), 0.0)
        if kappa is not None:
            # v delta kappa |grad xi|, with the profile's slope.
            inflow = inflow + v * kappa
        growth = 2.0 * v / self.delta

        def change(y: Array) -> Array:
            bulk = y * (1.0 - y)
            return bulk * (growth * y + inflow) - s.laplacian_action(self.delta, y) / slowness

        needed = dt * (2.0 * float(stiff.max()) + float(growth.max())) / 2.5
        if not needed < self.most_substeps:
            raise StepFailed(f"front speed out of range: {v.max():.3g} nm/s over a step of {dt:.3g} s")
        steps = max(int(np.ceil(needed)), 1)
        h = dt / steps
        if self._links is not None:
            from femanode.solver.node_loops import advance

            xi = advance(compiled.readable(xi, xi.shape), growth, inflow, flow, slowness, *self._links, h, steps)
            return np.clip(xi, 0.0, 1.0)
        for _ in range(steps):
            k1 = change(xi)
            k2 = change(xi + 0.5 * h * k1)
            k3 = change(xi + 0.5 * h * k2)
            xi = xi + h / 6.0 * (k1 + 2.0 * k2 + 2.0 * k3 + change(xi + h * k3))
        return np.clip(xi, 0.0, 1.0)

    def weight(self, xi: Array) -> Array:
        """delta |grad h| at the quadrature points, (elem, qp), dimensionless: the mean over each element.

        Point by point it would weigh the steepest part of the front most, where the activity is lowest: a front under
        diffusion control would be 6 % slow instead of 3 %.
        """
        s = self.spaces
        grad = s.gradient_at_points(conversion(xi, self.start))
        size = np.hypot(grad[0], grad[1]) * s.weight
        return np.broadcast_to((self.delta * size.sum(axis=1) / s.weight.sum(axis=1))[:, None], s.weight.shape)

    def _share(self, xi: Array) -> Array:
        """Rate of each node's direction over the largest on the front, (N,), at least ``least_share``; 1 off the front.

        What swells counts: where fast and slow directions meet within the reach, the average is that of the fast one.
        """
        n, near = self.normals(xi), on_front(xi)
        rate = self.rate.rate(n[0], n[1])
        largest = float(np.max(rate[near], initial=0.0))
        return np.where(near & (largest > 0.0), np.maximum(rate / max(largest, 1e-300), self.least_share), 1.0)

    def averager(self, xi: Array, last: Averager | None = None) -> Averager:
        """The average across the front at extent ``xi``, ready to be applied to several fields.

        Its weight is |grad h| times the rate of the front's direction: what the front swells as it moves.

        The ``last`` one that was made is given back where the front has hardly moved since.
        """
        s = self.spaces
        if last is not None and float(np.max(np.abs(xi - last.xi))) < self.same:
            return last
        w = self.weight(xi) * s.at_points(self._share(xi)) * s.weight
        lumped = scatter(s.qp_nodes, w / 3.0, s.n_nodes)
        return Averager(s, xi, w, self._pattern.matrix(self._stiffness(xi), lumped + 1e-6 * s.mass), self._solver)

    def _stiffness(self, xi: Array) -> Array:
        """Stiffness of the average on every sub-triangle, (sub, 3, 3), nm^2; good until the next call."""
        s, depth, reach2 = self.spaces, self.log_odds(xi), (self.reach * self.delta) ** 2
        # Stiff within the front only: through the sections on both sides it would reach along it much farther.
        middle = xi[s.sub].mean(axis=0)
        area = s.sub_area * np.maximum(4.0 * middle * (1.0 - middle), self.least_stiff)
        if self._links is not None:
            from femanode.solver.node_loops import average_blocks

            compiled.share(average_blocks, s.sub.shape[1], depth, s.sub, s.sub_grad, area, reach2,
                           self.side_share, self._blocks, least=5000)
            return self._blocks
        grad = np.einsum("kin,kn->in", s.sub_grad, depth[s.sub])
        size = np.hypot(*grad)
        n = np.where(size > 1e-3, grad / np.where(size > 1e-3, size, 1.0), 0.0)
        along = np.einsum("in,kin->kn", n, s.sub_grad)
        stiffness = np.einsum("kn,ln->nkl", along, along)
        stiffness += self.side_share * np.einsum("kin,lin->nkl", s.sub_grad, s.sub_grad)
        return np.asarray(stiffness * (reach2 * area)[:, None, None])
