"""Reaction front: the equation that moves it, its direction and its curvature.

The extent of reaction xi goes from 0 in the host to 1 in the product. It obeys, with v the front speed extended along
the normal and delta the front's half-thickness,

    d xi/dt = v [xi (1 - xi)/delta + delta lap xi - xi (1 - xi)(1 - 2 xi)/delta],

whose steady profile is 1/2 [1 + tanh(x/(2 delta))], x the distance behind the front, moving at v. Every term has the
factor v, so that a stopped front does not change at all.

The factor v stands before the Laplacian, not inside the divergence. The form div(v delta grad xi) has the additional
term delta grad v . grad xi, and v varies across the front wherever the front's direction does. A wave-like disturbance
of a plane front (wave numbers p along its normal and q along the front) would then grow at the rate
-delta (v (p^2 + q^2) + v' p q), with v' the derivative of v by the angle of the normal. For |v'| > 2 v some waves grow,
the shorter the faster, and the front breaks into steps of the size of the mesh. For silicon |v'|/v reaches 6.4.

On a curved front the diffusion term adds -v delta kappa to the speed, where kappa is the divergence of the normal
n = -grad xi/|grad xi|: a round front about a core of radius a would run at v (1 + delta/a). This part is removed with a
kappa that is smoothed along the front. Corrugations finer than a few delta are absent from the smoothed kappa, so that
the diffusion term still levels them.
"""

from __future__ import annotations

from typing import Protocol

import numpy as np
import scipy.sparse as sp
from numpy.typing import NDArray

from femanode.constitutive.kinetics import Kinetics
from femanode.constitutive.swelling import conversion
from femanode.mesh.spaces import Spaces, scatter
from femanode.numerics import chebyshev, compiled
from femanode.numerics.arrays import Array, IntArray
from femanode.numerics.linear import Backend, SymmetricSolver
from femanode.numerics.pattern import Pattern
from femanode.solver.averaging import Averager
from femanode.solver.failure import StepFailed

#: Of a step whose extent is no number.
NO_EXTENT = "front equation gave a value that is not finite"


class Rate(Protocol):
    """Direction law: rate k(n), nm/s, of an unstressed front from the in-plane components of its normal."""

    def rate(self, nx: Array, ny: Array) -> Array: ...


def _steepness(rate: Rate) -> float:
    """Largest |dk/d angle| divided by the largest k in the section, 1/rad; 0 where k is the same in all directions."""
    angle = np.linspace(0.0, 2.0 * np.pi, 1441)
    k = rate.rate(np.cos(angle), np.sin(angle))
    slope = float(np.abs(np.diff(k)).max() / angle[1])
    return slope / float(k.max()) if slope > 1e-6 * k.max() else 0.0


def on_front(xi: Array) -> NDArray[np.bool_]:
    """Mask (N,) of the nodes within about five half-thicknesses of the front."""
    return xi * (1.0 - xi) > 6e-3


class Front:
    """Front equation and averages across the front on one mesh.

    Parameters
    ----------
    spaces : Spaces
    half_thickness : float
        delta, nm.
    start : float
        xi at which conversion begins.
    rate : Rate
        Direction law k(n).
    kinetics : Kinetics
    backend : Backend
        Linear solver of the averages.
    """

    #: Reach of the average along the normal, in delta; sideways it reaches sqrt(side_share) times as far. It is long
    #: along the normal so that the outer and inner side of a slow front stop at the same time.
    reach, side_share = 4.0, 0.075
    #: Least weight of a direction in the average, relative to the weight of the fastest direction.
    least_share = 0.01
    #: Largest curvature that is removed from the speed, times delta. The curvature of a corner, which is sharp within
    #: delta, means nothing.
    most_curved = 0.5
    #: How often the average is applied to smooth the curvature; four times smooth over some four delta along the front.
    curvature_passes = 4
    #: Stiffness of the average far from the front, relative to that within: just enough to extend it along the normal.
    least_stiff = 1e-3
    #: Largest advance before the front's direction is computed anew, in node spacings over the steepness
    #: |d ln k/d angle|.
    courant = 0.4
    #: An average is used again until xi has changed by this much at some node, which is 0.004 delta of travel.
    same = 1e-3
    #: Most parts of one step, and the longest step over the time of the fastest decay between nodes. A step of the
    #: allowed advance takes about ten parts, one of them ten such times; far more mean that a speed is wrong.
    most_substeps, most_decays = 5000, 12500.0
    #: Largest growth of xi, relative, in a substep; the front's speed is then right to 4e-4.
    most_growth = 0.1

    def __init__(self, spaces: Spaces, half_thickness: float, start: float, rate: Rate, kinetics: Kinetics,
                 backend: Backend = "auto") -> None:
        self.spaces, self.delta, self.start = spaces, half_thickness, start
        self.rate, self.kinetics = rate, kinetics
        number = np.where(spaces.idle, -1, np.cumsum(~spaces.idle) - 1)
        self._pattern = Pattern(number[spaces.sub], len(spaces.live))
        self.solver = SymmetricSolver(backend, spaces.rank[spaces.live], accuracy=1e-9,
                                      purpose="the average across the front")
        self._links: tuple[IntArray, IntArray, IntArray] | None = None
        self._blocks = np.empty((spaces.sub.shape[1], 3, 3))
        if compiled.available():
            from femanode.solver.node_loops import neighbours

            self._links = neighbours(spaces.edges, spaces.n_nodes)
        self._spacing = spaces.spacing
        self._steepness = _steepness(rate)

    def initial_extent(self, depth: Array) -> Array:
        """Extent xi (N,) of a front just outside the surface: at no node, of ``depth`` >= 0 (N,), nm, is h above 0.

        The profile is the steady one, placed so that its value at the surface lies just below ``start``.
        """
        at_surface = max(0.95 * self.start, 0.05)
        return 1.0 / (1.0 + (1.0 / at_surface - 1.0) * np.exp(np.minimum(depth / self.delta, 600.0)))

    def log_odds(self, xi: Array) -> Array:
        """delta ln(xi/(1 - xi)), nm: signed distance from the middle of the front, positive in the product.

        For the steady profile it is linear in position, so that linear elements give its gradient exactly.
        """
        bounded = np.clip(xi, 1e-14, 1 - 1e-14)
        return self.delta * np.log(bounded / (1.0 - bounded))

    def normals(self, xi: Array) -> Array:
        """Unit normals -grad xi/|grad xi| at nodes, (2, N); zero where they are undefined.

        Raises
        ------
        StepFailed
            A gradient is not finite: it would be no front, and pass for none.
        """
        spaces = self.spaces
        if self._links is not None:
            from femanode.solver.node_loops import nodal_gradient

            n = -nodal_gradient(self.log_odds(xi), spaces.sub, spaces.sub_grad, spaces.sub_area)
        else:
            grad = np.einsum("kin,kn->in", spaces.sub_grad, self.log_odds(xi)[spaces.sub]) * spaces.sub_area
            n = -np.stack([scatter(spaces.sub, g, spaces.n_nodes) for g in grad])
        # On a symmetry line the normal must lie along the line, otherwise the front would have a kink there.
        n[0, spaces.x0] = 0.0
        n[1, spaces.y0] = 0.0
        size = np.hypot(*n) / (3.0 * spaces.mass)  # size of a vector
        if not np.all(np.isfinite(size)):
            raise StepFailed("the front's normals are not finite" if np.all(np.isfinite(xi)) else NO_EXTENT)
        return np.where(size > 1e-3, n / np.where(size > 1e-3, 3.0 * spaces.mass * size, 1.0), 0.0)

    def speed(self, n: Array, stress: Array, activity: Array, factor: Array) -> Array:
        """Front speed v (N,), nm/s, from unit normals (2, N), averaged driving stress (N,), GPa, and activity (N,).

        ``factor`` (N,) is that of the rate: :meth:`femanode.solver.physics.Physics.rate_factor`.
        """
        return factor * self.rate.rate(n[0], n[1]) * self.kinetics.drive(stress, activity)

    def curvature(self, n: Array, average: Averager) -> Array:
        """Divergence (N,), 1/nm, of unit normals (2, N), smoothed along the front; -1/a around a core of radius a.

        In an axisymmetric section it is the sum of both principal curvatures, -2/a around a round core: that of the
        line in the section and that of the ring, n_r/r, each as said here.
        """
        spaces = self.spaces
        div = np.einsum("kieq,ikeq->eq", spaces.qp_grad, n[:, spaces.qp_nodes])
        if spaces.hoop is None:
            return self._curved(div, n, average)
        return self._curved(div, n, average) + self._curved(spaces.at_points(n[0]) / spaces.qp_xy[0], n, average)

    def _curved(self, at_points: Array, n: Array, average: Averager) -> Array:
        """One principal curvature (N,) of the front, smoothed along it, from its values at points (elem, qp)."""
        spaces = self.spaces
        defined = (n * n).sum(axis=0) > 0.5
        kappa = average(np.where(defined[spaces.qp_nodes].all(axis=0), at_points, 0.0))
        for _ in range(self.curvature_passes - 1):
            kappa = average(spaces.at_points(kappa))
        # Curvature of the parallel curve through each node, so that it is right where the front arrives later.
        behind = np.clip(self.log_odds(average.xi), -5.0 * self.delta, 5.0 * self.delta)
        kappa = kappa / np.maximum(1.0 - kappa * behind, 0.2)
        bound = self.most_curved / self.delta
        return np.clip(kappa, -bound, bound)

    def travel(self, xi: Array, drive: Array, dt: float, kappa: Array) -> Array:
        """Extent xi (N,) after ``dt``, with the normals updated within the step.

        Where k depends on direction as sharply as in silicon, a front that kept its normals over a whole step would
        overshoot wherever it turns. The step is therefore cut into parts, and normals and k(n) are computed anew for
        each; a part is so short that the front advances by at most ``courant`` node spacings over the steepness of k.

        Parameters
        ----------
        xi : (N,) extent at the start of the step
        drive : (N,) v/k(n), frozen over the step
        dt : length of the step, s
        kappa : (N,) smoothed curvature, 1/nm, frozen over the step
        """
        done = 0.0
        while done < dt:
            n = self.normals(xi)
            v = self.rate.rate(n[0], n[1]) * drive
            fastest = float(np.max(v[on_front(xi)], initial=0.0)) * self._steepness
            left = dt - done
            parts = np.ceil(left * fastest / (self.courant * self._spacing)) if self._steepness > 0 else 1.0
            part = left / min(max(parts, 1.0), self.most_substeps)
            # The reaction does not go back. At a corner the curvature term alone could lower xi, as kappa is smoothed.
            xi = np.maximum(self.advance(xi, v, n, part, kappa), xi)
            done = dt if part == left else done + part
        return xi

    def advance(self, xi: Array, v: Array, n: Array, dt: float, kappa: Array | None = None) -> Array:
        """Extent xi (N,) after ``dt`` at fixed speed and normals, by a stabilised Runge-Kutta method.

        Diffusion between the nodes asks for far shorter explicit steps than the growth of xi does. Steps are as long as
        growth allows, each with the stages that diffusion needs: see :mod:`femanode.numerics.chebyshev`.

        Parameters
        ----------
        xi : (N,) extent at the start
        v : (N,) front speed, nm/s
        n : (2, N) unit normals
        dt : s
        kappa : (N,) curvature, 1/nm, whose effect on the speed is removed; None leaves the equation as it is

        Raises
        ------
        ValueError
            A speed is negative; the equation has no front that goes back.
        StepFailed
            The step is more than ``most_decays`` times as long as the fastest decay, or a speed is not finite.
        """
        spaces = self.spaces
        if not np.all(np.isfinite(v)):
            raise StepFailed("the front's speed is not finite")
        if v.min() < 0.0:
            raise ValueError(f"front speed {v.min():.3g} nm/s: a front goes forward or stands still")
        flow = self.delta * spaces.conductance
        # Area over speed; where the speed is 0 it is infinite, and the quotients below become 0.
        slowness = np.divide(spaces.mass, v, out=np.full_like(v, np.inf), where=v > 0.0)
        stiff = scatter(spaces.edges, np.abs(flow), spaces.n_nodes) / slowness
        # The profile continues outside the surface: its slope there, xi (1 - xi)/delta, enters as a boundary flux.
        inflow = v * spaces.reacting_length / spaces.mass * np.maximum(-np.einsum("in,in->n", n, spaces.outward), 0.0)
        if kappa is not None:
            # v delta kappa |grad xi| with |grad xi| = xi (1 - xi)/delta, the slope of the steady profile.
            inflow = inflow + v * kappa
        growth = 2.0 * v / self.delta

        def change(extent: Array) -> Array:
            bulk = extent * (1.0 - extent)
            return bulk * (growth * extent + inflow) - spaces.laplacian_action(self.delta, extent) / slowness

        fastest, decay = float(growth.max()), 2.0 * float(stiff.max())
        if not dt * (decay + fastest) < self.most_decays:
            raise StepFailed(f"front speed out of range: {v.max():.3g} nm/s over a step of {dt:.3g} s")
        steps = max(int(np.ceil(dt * fastest / self.most_growth)), 1)
        substep = dt / steps
        stages = chebyshev.enough(substep * (decay + fastest))
        if self._links is not None:
            from femanode.solver.node_loops import advance

            xi = advance(compiled.readable(xi, xi.shape), growth, inflow, flow, slowness, *self._links, substep,
                         steps, stages.last, stages.before, stages.slope, stages.first)
            return np.clip(xi, 0.0, 1.0)
        for _ in range(steps):
            at_start = substep * change(xi)
            # In increments, so that a front at rest keeps every bit.
            older, old = np.zeros_like(xi), stages.slope[1] * at_start
            for j in range(2, len(stages.slope)):
                older, old = old, (stages.last[j] * old + stages.before[j] * older
                                   + stages.slope[j] * substep * change(xi + old) + stages.first[j] * at_start)
            xi = xi + old
        return np.clip(xi, 0.0, 1.0)

    def weight(self, xi: Array) -> Array:
        """Weight of the average across the front: delta |grad h|, dimensionless, (elem, qp), h the converted fraction.

        Each element has its mean value at all of its points. Values point by point would favour the steepest part of
        the front, where the activity is lowest, and make a diffusion-controlled front 6 % too slow instead of 3 %.
        """
        spaces = self.spaces
        grad = spaces.gradient_at_points(conversion(xi, self.start))
        size = np.hypot(grad[0], grad[1]) * spaces.weight  # size of a gradient
        mean = self.delta * size.sum(axis=1) / spaces.weight.sum(axis=1) * spaces.reacts
        return np.broadcast_to(mean[:, None], spaces.weight.shape)

    def _share(self, xi: Array) -> Array:
        """Rate k(n) of each node over the largest on the front, (N,), at least ``least_share``; 1 off the front.

        A fast direction converts, and so swells, more material. Where a fast and a slow direction meet within the reach
        of the average, it is therefore mainly taken over the fast one.
        """
        n, near = self.normals(xi), on_front(xi)
        rate = self.rate.rate(n[0], n[1])
        largest = float(np.max(rate[near], initial=0.0))
        return np.where(near & (largest > 0.0), np.maximum(rate / max(largest, 1e-300), self.least_share), 1.0)

    def averager(self, xi: Array, last: Averager | None = None) -> Averager:
        """The average across the front at extent ``xi`` (N,), ready to be applied to several fields.

        Its weight is |grad h| times the rate of the front's direction, which is proportional to the swelling that the
        moving front makes. Where xi differs from that of the ``last`` averager by less than ``same`` everywhere, the
        last one is returned again, which saves a factorisation.
        """
        spaces = self.spaces
        if last is not None and float(np.max(np.abs(xi - last.xi))) < self.same:
            return last
        w = self.weight(xi) * spaces.at_points(self._share(xi)) * spaces.weight
        lumped = scatter(spaces.qp_nodes, w / 3.0, spaces.n_nodes)
        return Averager(spaces, xi, w, self.averaging_matrix(xi, lumped), self.solver)

    def averaging_matrix(self, xi: Array, lumped: Array) -> sp.csc_matrix:
        """Matrix (live, live) of an average whose weight at the nodes is ``lumped`` (N,), nm^2."""
        return self._pattern.matrix(self._stiffness(xi), (lumped + 1e-6 * self.spaces.mass)[self.spaces.live])

    def _stiffness(self, xi: Array) -> Array:
        """Stiffness of the average on every sub-triangle, (sub, 3, 3), nm^2; may be overwritten by the next call."""
        spaces, depth, reach2 = self.spaces, self.log_odds(xi), (self.reach * self.delta) ** 2
        # Stiff within the front only. Stiff material on both sides would spread the average much farther sideways. And
        # not where two fronts are as near: there the distance, which grows by 1 per nm elsewhere, turns, and what went
        # on spreading gave two fronts 7 delta apart nearly one and the same stress.
        middle = xi[spaces.sub].mean(axis=0)
        area = spaces.sub_area * np.maximum(4.0 * middle * (1.0 - middle), self.least_stiff)
        if self._links is not None:
            from femanode.solver.node_loops import average_blocks

            compiled.share(average_blocks, spaces.sub.shape[1], depth, spaces.sub, spaces.sub_grad, area, reach2,
                           self.side_share, self._blocks, least=5000)
            return self._blocks
        grad = np.einsum("kin,kn->in", spaces.sub_grad, depth[spaces.sub])
        size = np.hypot(*grad)  # size of a gradient
        n = np.where(size > 1e-3, grad / np.where(size > 1e-3, size, 1.0), 0.0)
        along = np.einsum("in,kin->kn", n, spaces.sub_grad)
        stiffness = np.einsum("kn,ln->nkl", along, along)
        stiffness += self.side_share * np.einsum("kin,lin->nkl", spaces.sub_grad, spaces.sub_grad)
        return np.asarray(stiffness * (reach2 * area * np.minimum(1.0, size**2))[:, None, None])
