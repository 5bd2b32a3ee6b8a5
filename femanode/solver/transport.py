"""Carrier balance in the reacted phase.

    dC/dt = div{ h D y'(c) [grad c - c dV_D grad(s)/kT] },   D = D0(C) exp(dV_D s/kT),   C = h y(c)

with y(c) the content of the reacted phase at activity c (:mod:`femanode.constitutive.chemistry`), c_f that in which it
forms.

Outside the surface the activity is a_o everywhere: 1 (potentiostatic), or what carries the given current, which
spreads over the surface as the section takes it up. A bare surface is held at a_o. Through a film of thickness L_f and
diffusivity D_f comes h_f (1 - c_f) (a_o - c) per reference length, h_f = D_f/L_f: the film is taken to hold carriers
over the same range of the activity as the reacted phase, and to store none.

Discretised on the linear triangles with lumped storage and edge fluxes (exponentially fitted where stress drives
them), backward Euler: what leaves one node enters another, so content is conserved to the accuracy of the linear solve.
The unknown is the drop d = a_o - c from outside: where transport is no limit c differs from a_o by less than rounding
would leave of its differences.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import scipy.sparse as sp

from femanode.constitutive.chemistry import Chemistry
from femanode.mesh.spaces import Spaces, scatter
from femanode.numerics import compiled
from femanode.numerics.arrays import Array
from femanode.numerics.linear import Backend, SymmetricSolver
from femanode.numerics.pattern import Pattern
from femanode.solver.failure import StepFailed

#: Conductance of the unreacted host over that of the reacted phase; it stores nothing, so no carrier is lost to it.
HOST_CONDUCTANCE = 1e-9


@dataclass(frozen=True)
class Balance:
    """Carriers (content times area, nm^2) at the end of a step, what crossed the surface, and their mismatch."""

    total: float
    inflow: float
    error: float


@dataclass(frozen=True)
class Applied:
    """What is applied outside the reacting surface in one step of a protocol.

    ``current`` carriers per time through the whole meshed surface (content nm^2/s), None for activity 1; ``cutoff``
    activity outside at which a given current ends.
    """

    current: float | None = None
    cutoff: float = 1.0


#: Activity 1 outside the surface.
FULL_ACTIVITY = Applied()


class Transport:
    """Carrier balance on one mesh.

    Parameters
    ----------
    spaces : Spaces
    chemistry : Chemistry
        Content of the reacted phase over its activity.
    diffusivity : callable
        D0 in nm^2/s of content (N,).
    dV_over_kT : float
        dV_D/kT, 1/GPa.
    film : float, optional
        h_f = D_f/L_f of a film on the surface, nm/s; None for a bare one.

    Attributes
    ----------
    held : (N,) nodes whose activity is the one outside: those of a bare surface
    """

    #: Sweeps between content and a diffusivity that depends on it: most of them, change of activity (times h) below
    #: which they end, and below which the last will do.
    most_sweeps, settled, good_enough = 30, 1e-13, 1e-8

    def __init__(self, spaces: Spaces, chemistry: Chemistry, diffusivity: Callable[[Array], Array],
                 dV_over_kT: float = 0.0, backend: Backend = "auto", film: float | None = None) -> None:
        self.spaces, self.chemistry, self.diffusivity, self.dV_over_kT = spaces, chemistry, diffusivity, dV_over_kT
        self.film = film
        self.held = np.zeros(spaces.n_nodes, bool)
        self.held[spaces.reacting] = film is None
        self._film = (film or 0.0) * (1.0 - chemistry.at_front) * spaces.reacting_length
        self._free = np.flatnonzero(~self.held)
        # What rounding leaves in the solution is what the content's balance is off by.
        self._solver = SymmetricSolver("scipy" if dV_over_kT else backend, spaces.rank[self._free], accuracy=1e-14)
        number = np.where(self.held, -1, np.cumsum(~self.held) - 1)
        self._pattern = Pattern(number[spaces.sub], len(self._free))
        self._compiled = compiled.available()
        self._blocks = np.zeros((spaces.sub.shape[1], 3, 3))
        # Edges triangle by triangle: summed over each triangle the flux is dissipative also where an angle is obtuse,
        # which one coefficient for both sides of an edge is not.
        tri, grad = spaces.sub, spaces.sub_grad
        sides = ((0, 1), (1, 2), (2, 0))
        self._edges = np.concatenate([tri[[i, j]] for i, j in sides], axis=1)
        self._shape = np.concatenate([-np.einsum("kn,kn,n->n", grad[i], grad[j], spaces.sub_area) for i, j in sides])

    def content(self, h: Array, depletion: Array) -> Array:
        """Content C = h y of nodes of converted fraction ``h`` and ``depletion`` 1 - c, (N,)."""
        return h * self.chemistry.content(1.0 - depletion)

    def conductances(self, h: Array, depletion: Array, stress: Array) -> tuple[Array, Array]:
        """Coefficients (3 sub,) of the flux a c_i - b c_j along the sides i-j of the sub-triangles, nm^2/s."""
        C = self.content(h, depletion)
        i, j = self._edges
        potential = self.dV_over_kT * stress
        D = self.diffusivity(C) * np.exp(np.clip(potential, -30.0, 30.0))
        tri = self.spaces.sub
        capacity = np.asarray(self.chemistry.tangent(1.0 - depletion)[1])
        if capacity.ndim:
            capacity = capacity[tri].mean(axis=0)
        inside = capacity * (h[tri].mean(axis=0) + HOST_CONDUCTANCE) * D[tri].mean(axis=0)
        base = self._shape * np.tile(inside, 3)
        if not self.dV_over_kT:
            return base, base
        jump = potential[j] - potential[i]
        return base * _bernoulli(-jump), base * _bernoulli(jump)

    def solve(self, C_n: Array, h: Array, guess: Array, stress: Array, dt: float,
              sink: tuple[Array, Array] | None = None, applied: Applied = FULL_ACTIVITY) -> Array:
        """Depletion 1 - c (N,) at the end of the step; see :meth:`step`."""
        d, outside = self.step(C_n, h, guess, stress, dt, sink, applied=applied)
        return outside + d

    def step(self, C_n: Array, h: Array, guess: Array, stress: Array, dt: float,
             sink: tuple[Array, Array] | None = None, least: float = -np.inf,
             applied: Applied = FULL_ACTIVITY) -> tuple[Array, float]:
        """Drop d = a_o - c (N,) and depletion 1 - a_o outside at the end of the step for the converted fraction ``h``.

        Parameters
        ----------
        C_n : (N,) content at the start of the step
        guess : (N,) depletion 1 - c at which D(C) is first evaluated
        stress : (N,) mean stress, GPa
        sink : (dh/da, a), optional
            Sensitivity of h to the activity a that drives the front, and the a that ``h`` was computed with: makes the
            front's uptake implicit, without which fast fronts oscillate.
        least : float
            Depletion outside below which a given current is not followed: less of it then flows.

        applied : Applied
            Current, or activity 1.

        Raises
        ------
        StepFailed
            Nothing can take up the given current, or content and diffusivity do not agree after all sweeps.
        """
        s = self.spaces
        depletion, change = guess, np.inf
        for _ in range(self.most_sweeps):
            a, b = self.conductances(h, depletion, stress)
            offset, capacity = self.chemistry.tangent(1.0 - depletion)
            storage = s.mass / dt * h * capacity
            load = s.mass / dt * (h * offset - C_n)
            if sink is not None:
                extra = s.mass / dt * (offset - capacity * depletion) * sink[0]
                storage, load = storage + extra, load + extra * (1.0 - sink[1])
            d, outside = self._linear_solve(a, b, storage, load, stress, least, applied.current)
            change = float(np.max(np.abs(outside + d - depletion) * h, initial=0.0))
            depletion = outside + d
            if change < self.settled or (self._constant and np.ndim(capacity) == 0):
                return d, outside
        if not change < self.good_enough:
            raise StepFailed(f"content and diffusivity do not agree after {self.most_sweeps} sweeps: activity still "
                             f"changes by {change:.1e}")
        return d, outside

    @property
    def _constant(self) -> bool:
        probe = self.diffusivity(np.linspace(0.0, 1.0, 5))
        return bool(np.ptp(probe) == 0.0)

    def _linear_solve(self, a: Array, b: Array, storage: Array, load: Array, stress: Array, least: float,
                      current: float | None) -> tuple[Array, float]:
        """Drop and depletion outside: with a given current, the sum of the drops at outside 0 and per unit of it."""
        i, j = self._edges
        n = self.spaces.n_nodes
        # What equal activity everywhere would send: nothing, unless stress drives it.
        drift = scatter(i, a - b, n) - scatter(j, a - b, n) if self.dV_over_kT else np.zeros(n)
        reduced = self._operator(a, b, storage + self._film)
        # To a unit diagonal: solvers take the host's rows, nine orders below the others, for singular and perturb them.
        scale = 1.0 / np.sqrt(reduced.diagonal())
        reduced.data *= scale[reduced.indices] * np.repeat(scale, np.diff(reduced.indptr))
        self._solver.factorise(reduced)
        rest = np.exp(np.clip(self.dV_over_kT * stress, -30.0, 30.0)) if self.dV_over_kT else np.ones(n)

        def drop(supply: Array) -> Array:
            d = np.zeros(n)
            d[self._free] = scale * self._solver.solve(scale * supply[self._free])
            if self.film is not None:
                # Behind a resistive film the mean of d is known from the balance alone far better than from the solve.
                whole = storage + self._film
                d += rest * float(np.sum(supply) - np.sum(whole * d)) / float(np.sum(whole * rest))
            return d

        d = drop(load + drift)
        if current is None:
            return d, 0.0
        unit = drop(-storage - drift)
        takes = float(np.sum(storage * (1.0 + unit)))
        if not takes > 0.0 and np.isinf(least):
            raise StepFailed("nothing takes up the given current")
        outside = max(float(np.sum(load - storage * d) - current) / takes, least) if takes > 0.0 else least
        return d + outside * unit, outside

    def _operator(self, a: Array, b: Array, storage: Array) -> sp.csc_matrix:
        """Matrix of the free nodes."""
        blocks = self._blocks
        if self._compiled:
            from femanode.solver.node_loops import flux_blocks

            flux_blocks(a, b, blocks)
        else:
            blocks[:] = 0.0
            sides = ((0, 1), (1, 2), (2, 0))
            for (i, j), p, q in zip(sides, a.reshape(3, -1), b.reshape(3, -1), strict=True):
                blocks[:, i, i] += p
                blocks[:, i, j] -= q
                blocks[:, j, j] += q
                blocks[:, j, i] -= p
        return self._pattern.matrix(blocks, storage[self._free])

    def balance(self, C_n: Array, h: Array, d: Array, stress: Array, dt: float, outside: float = 0.0) -> Balance:
        """Compare the change of content with what came through the surface, for the drops and depletion of a step."""
        s = self.spaces
        C = self.content(h, outside + d)
        a, b = self.conductances(h, outside + d, stress)
        i, j = self._edges
        flow = ((a - b) * (1.0 - outside) if self.dV_over_kT else 0.0) - (a * d[i] - b * d[j])
        out = scatter(i, flow, s.n_nodes) - scatter(j, flow, s.n_nodes)
        stored = s.mass * (C - C_n)
        # A bare surface passes what its nodes store themselves and send inwards, a film what drops across it.
        inflow = float(np.sum(stored[self.held]) + dt * np.sum(out[self.held]) + dt * np.sum(self._film * d))
        change = float(stored.sum())
        # Contents are known to 1e-16 of the section, so that a smaller change has no accuracy of its own.
        scale = max(abs(change), 1e-7 * float(s.mass.sum()))
        return Balance(float(np.sum(s.mass * C)), inflow, abs(change - inflow) / scale)


def _bernoulli(x: Array) -> Array:
    """x/(exp x - 1), from its series near 0."""
    small = np.abs(x) < 1e-4
    y = np.where(small, 1.0, x)
    return np.where(small, 1.0 - 0.5 * x + x * x / 12.0, y / np.expm1(y))
