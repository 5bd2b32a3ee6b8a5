"""Carrier balance in the reacted phase (part of the *solver*).

    dC/dt = div{ h D (1 - c_f) [grad c - c dV_D grad(s)/kT] },   D = D0(C) exp(dV_D s/kT),   C = h [c_f + (1 - c_f) c]

with c held at 1 on the surface (potentiostatic). Discretised on the linear triangles with lumped storage and
edge fluxes (exponentially fitted where stress drives them), backward Euler: what leaves one node enters another, so
content is conserved to the accuracy of the linear solve. The unknown is the depletion e = 1 - c: where transport is no
limit c differs from 1 by less than rounding would leave of its differences.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import scipy.sparse as sp
from numpy.typing import NDArray

from femanode import compiled
from femanode.constitutive.swelling import content
from femanode.linear import Backend, Pattern, SymmetricSolver
from femanode.spaces import Spaces, scatter

Array = NDArray[np.float64]

#: Conductance of the unreacted host over that of the reacted phase; it stores nothing, so no carrier is lost to it.
HOST_CONDUCTANCE = 1e-9


@dataclass(frozen=True)
class Balance:
    """Carriers (content times area, nm^2) at the end of a step, what crossed the surface, and their mismatch."""

    total: float
    inflow: float
    error: float


class Transport:
    """Carrier balance on one mesh.

    Parameters
    ----------
    spaces : Spaces
    c_front : float
        Content in which the reacted phase forms, 0..1.
    diffusivity : callable
        D0 in nm^2/s of content (N,).
    dV_over_kT : float
        dV_D/kT, 1/GPa.
    """

    def __init__(self, spaces: Spaces, c_front: float, diffusivity: Callable[[Array], Array], dV_over_kT: float = 0.0,
                 backend: Backend = "auto") -> None:
        self.spaces, self.c_front, self.diffusivity, self.dV_over_kT = spaces, c_front, diffusivity, dV_over_kT
        self._held = np.zeros(spaces.n_nodes, bool)
        self._held[spaces.surface] = True
        self._free = np.flatnonzero(~self._held)
        self._solver = SymmetricSolver("scipy" if dV_over_kT else backend, spaces.rank[self._free])
        number = np.where(self._held, -1, np.cumsum(~self._held) - 1)
        self._pattern = Pattern(number[spaces.sub], len(self._free))
        self._compiled = compiled.available()
        self._blocks = np.zeros((spaces.sub.shape[1], 3, 3))
        # Edges triangle by triangle: summed over each triangle the flux is dissipative also where an angle is obtuse,
        # which one coefficient for both sides of an edge is not.
        tri, grad = spaces.sub, spaces.sub_grad
        sides = ((0, 1), (1, 2), (2, 0))
        self._edges = np.concatenate([tri[[i, j]] for i, j in sides], axis=1)
        self._shape = np.concatenate([-np.einsum("kn,kn,n->n", grad[i], grad[j], spaces.sub_area) for i, j in sides])

    def conductances(self, h: Array, C: Array, stress: Array) -> tuple[Array, Array]:
        """Coefficients (3 sub,) of the flux a c_i - b c_j along the sides i-j of the sub-triangles, nm^2/s."""
        i, j = self._edges
        potential = self.dV_over_kT * stress
        D = self.diffusivity(C) * np.exp(np.clip(potential, -30.0, 30.0))
        tri = self.spaces.sub
        inside = (1.0 - self.c_front) * (h[tri].mean(axis=0) + HOST_CONDUCTANCE) * D[tri].mean(axis=0)
        base = self._shape * np.tile(inside, 3)
        jump = potential[j] - potential[i]
        return base * _bernoulli(-jump), base * _bernoulli(jump)

    def solve(self, C_n: Array, h: Array, e_guess: Array, stress: Array, dt: float,
              sink: tuple[Array, Array] | None = None) -> Array:
        """Depletion e = 1 - c (N,) at the end of the step for the converted fraction ``h`` (N,).

        Parameters
        ----------
        C_n : (N,) content at the start of the step
        e_guess : (N,) depletion at which D(C) is first evaluated
        stress : (N,) mean stress, GPa
        sink : (dh/da, a), optional
            Sensitivity of h to the activity a that drives the front, and the a that ``h`` was computed with: makes the
            front's uptake implicit, without which fast fronts oscillate.
        """
        s, c_f = self.spaces, self.c_front
        e = e_guess
        for _ in range(30):
            C = content(h, 1.0 - e, c_f)
            a, b = self.conductances(h, C, stress)
            storage = s.mass / dt * h * (1.0 - c_f)
            load = s.mass / dt * (h - C_n)
            if sink is not None:
                extra = s.mass / dt * (1.0 - (1.0 - c_f) * e) * sink[0]
                storage, load = storage + extra, load + extra * (1.0 - sink[1])
            new = self._linear_solve(a, b, storage, load)
            change = float(np.max(np.abs(new - e) * h, initial=0.0))
            e = new
            if change < 1e-13 or self._constant:
                break
        return e

    @property
    def _constant(self) -> bool:
        probe = self.diffusivity(np.linspace(0.0, 1.0, 5))
        return bool(np.ptp(probe) == 0.0)

    def _linear_solve(self, a: Array, b: Array, storage: Array, load: Array) -> Array:
        i, j = self._edges
        n = self.spaces.n_nodes
        if self.dV_over_kT:
            load = load + scatter(i, a - b, n) - scatter(j, a - b, n)
        reduced = self._operator(a, b, storage)
        # To a unit diagonal: solvers take the host's rows, nine orders below the others, for singular and perturb them.
        scale = 1.0 / np.sqrt(reduced.diagonal())
        reduced.data *= scale[reduced.indices] * np.repeat(scale, np.diff(reduced.indptr))
        self._solver.factorise(reduced)
        e = np.zeros(n)
        e[self._free] = scale * self._solver.solve(scale * load[self._free])
        return e

    def _operator(self, a: Array, b: Array, storage: Array) -> sp.csc_matrix:
        """Matrix of the free nodes."""
        blocks = self._blocks
        if self._compiled:
            from femanode.nodal import flux_blocks

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

    def balance(self, C_n: Array, h: Array, e: Array, stress: Array, dt: float) -> Balance:
        """Compare the change of content with what the edges carried in from the surface."""
        s = self.spaces
        C = content(h, 1.0 - e, self.c_front)
        a, b = self.conductances(h, C, stress)
        i, j = self._edges
        flow = (a - b if self.dV_over_kT else 0.0) - (a * e[i] - b * e[j])
        out = scatter(i, flow, s.n_nodes) - scatter(j, flow, s.n_nodes)
        stored = s.mass * (C - C_n)
        # Through the surface: what its nodes store themselves and what they pass on inwards.
        inflow = float(np.sum(stored[self._held]) + dt * np.sum(out[self._held]))
        change = float(stored.sum())
        # Contents are known to 1e-16 of the section, so that a smaller change has no accuracy of its own.
        scale = max(abs(change), 1e-7 * float(s.mass.sum()))
        return Balance(float(np.sum(s.mass * C)), inflow, abs(change - inflow) / scale)


def _bernoulli(x: Array) -> Array:
    """x/(exp x - 1), from its series near 0."""
    small = np.abs(x) < 1e-4
    y = np.where(small, 1.0, x)
    return np.where(small, 1.0 - 0.5 * x + x * x / 12.0, y / np.expm1(y))
