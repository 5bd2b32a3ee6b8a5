"""Carrier balance in the reacted phase.

    dC/dt = div{ h D y'(l) grad l },   D = D0(C) exp(dV_a sigma/kT),   C = h y(l - s)

with h the converted fraction, l the level of the carriers (a measure of their chemical potential), y the content of the
reacted phase, s the share of the level that is due to stress (:mod:`femanode.constitutive.chemistry`), sigma the mean
stress and dV_a the activation volume of diffusion. In an ideal solution l is the activity and s is 0; there a drift
- h D y' l dV_D/kT grad sigma can be added instead, whose volume dV_D is a parameter.

Outside the surface the level l_o is the same everywhere. It is given (potentiostatic), or whatever lets the given
current in or out; that current spreads over the surface as the section takes it up. A bare surface has the level l_o.
Through a film of thickness L_f and diffusivity D_f the flux (D_f/L_f)[y(l_o) - y(l)] enters per reference length: the
film is taken to hold carriers over the same range of the level as the reacted phase, and to store none.

Discretised on the linear triangles with lumped storage and fluxes along their sides (exponentially fitted where stress
drives them), backward Euler in time. What leaves one node enters another, so that content is conserved to the accuracy
of the linear solve. The unknown is the drop l_o - l: where diffusion is fast, l differs from l_o so little that its
differences would be lost to rounding.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import scipy.sparse as sp

from femanode.constitutive.chemistry import Chemistry
from femanode.mesh.measures import side_conductances
from femanode.mesh.spaces import Spaces, linear_gradients, scatter
from femanode.numerics import compiled
from femanode.numerics.arrays import Array
from femanode.numerics.linear import Backend, SymmetricSolver
from femanode.numerics.mixing import Anderson
from femanode.numerics.pattern import Pattern
from femanode.solver.applied import FULL_ACTIVITY, Applied
from femanode.solver.failure import StepFailed

#: Conductance of the unreacted host over that of the reacted phase. It keeps the matrix regular; as the host stores
#: nothing, no carrier is lost to it.
HOST_CONDUCTANCE = 1e-9

#: Beginning of what a step says whose content and diffusivity do not settle.
NO_AGREEMENT = "content and diffusivity do not agree"


@dataclass(frozen=True)
class Balance:
    """Carriers before and after a step, counted as content times area.

    Attributes
    ----------
    total : what the meshed sector holds at the end, nm^2
    inflow : what came through the surface in the step, nm^2
    error : |change - inflow| relative to the change
    dissipated : sum of fluxes times differences of the level in section and film, times the length of the step
    """

    total: float
    inflow: float
    error: float
    dissipated: float = 0.0


class Transport:
    """Carrier balance on one mesh.

    Parameters
    ----------
    spaces : Spaces
    chemistry : Chemistry
        Content of the reacted phase as a function of its activity.
    diffusivity : callable
        D0 in nm^2/s as a function of content (N,).
    dV_over_kT : float
        dV_D/kT of the drift in an ideal solution, 1/GPa.
    backend : Backend
        Linear solver; where stress drives carriers the matrix is not symmetric, and rslab or SuperLU is taken.
    film : float, optional
        h_f = D_f/L_f of a film on the surface, nm/s; None for a bare one.
    activation : float, optional
        dV_a/kT of the diffusivity, 1/GPa; by default that of the drift.
    deformed : bool
        Carriers diffuse through the section as swollen, not as grown.

    Attributes
    ----------
    held : (N,) mask of the nodes whose level is that outside: those of a bare surface, and idle ones
    """

    #: Where D0 or y'(c) depend on content, the balance is solved in sweeps: the largest number of them, the change of
    #: activity (times h) at which they end, and the change that is accepted after the last one.
    most_sweeps, settled, good_enough = 30, 1e-13, 1e-8
    #: Where sweeps jump back and forth, or creep, as at a peak or an end of y'(l): after so many, a change of more than
    #: this part of the one before has them mixed with so many before (Anderson); they may then be twice as many.
    plain_sweeps, slow, mixed = 6, 0.6, 10

    def __init__(self, spaces: Spaces, chemistry: Chemistry, diffusivity: Callable[[Array], Array],
                 dV_over_kT: float = 0.0, backend: Backend = "auto", film: float | None = None,
                 activation: float | None = None, *, deformed: bool = False) -> None:
        self.spaces, self.chemistry, self.diffusivity, self.dV_over_kT = spaces, chemistry, diffusivity, dV_over_kT
        self.film, self.activation = film, dV_over_kT if activation is None else activation
        self.deformed = deformed
        self.held = np.zeros(spaces.n_nodes, bool)
        self.held[spaces.reacting] = film is None
        self.held |= spaces.idle
        self._free = np.flatnonzero(~self.held)
        # The residual of the solution is the error of the content balance.
        self._solver = SymmetricSolver(backend, spaces.rank[self._free], accuracy=1e-14, symmetric=not dV_over_kT,
                                       purpose="the carrier balance")
        number = np.where(self.held, -1, np.cumsum(~self.held) - 1)
        self._pattern = Pattern(number[spaces.sub], len(self._free))
        self._compiled = compiled.available()
        self._blocks = np.zeros((spaces.sub.shape[1], 3, 3))
        # Sides triangle by triangle: the fluxes of one triangle are dissipative in sum even where it has an obtuse
        # angle. With one coefficient per edge, summed over its two triangles, they would not be.
        tri, grad = spaces.sub, spaces.sub_grad
        sides = ((0, 1), (1, 2), (2, 0))
        self._edges = np.concatenate([tri[[i, j]] for i, j in sides], axis=1)
        self._shape = side_conductances(grad, spaces.sub_area)

    def content(self, h: Array, depletion: Array, shift: Array | float = 0.0) -> Array:
        """Content C = h y, (N,), of nodes with converted fraction ``h`` (N,) and ``depletion`` 1 - l (N,).

        ``shift`` (N,) is the share of the level that is due to stress.
        """
        return h * self.chemistry.content(1.0 - depletion - shift)

    def film_conductance(self, outside: float, depletion: Array, openness: Array | float = 1.0) -> Array:
        """Flux into each surface node per drop of the level, nm^2/s, (N,); 0 without a film.

        ``openness`` (N,) is the film's conductance relative to the initial one.
        """
        if self.film is None:
            return np.zeros(self.spaces.n_nodes)
        per_level = self.chemistry.secant(np.full_like(depletion, 1.0 - outside), 1.0 - depletion)
        return np.asarray(self.film * per_level * self.spaces.reacting_length * openness)

    def shape(self, u: Array) -> Array | None:
        """Conductances of the sides (3 sub,) in the section displaced by ``u`` (2, N); None where that as grown counts.

        With the activity as what drives, and the content of the product given per host, the flux per reference area is
        -h D y' F^-1 F^-T grad l.
        """
        if not self.deformed:
            return None
        spaces = self.spaces
        return side_conductances(linear_gradients(spaces.nodes + u, spaces.sub)[0], spaces.sub_area)

    def conductances(self, h: Array, depletion: Array, stress: Array, shift: Array | float = 0.0,
                     shape: Array | None = None) -> tuple[Array, Array]:
        """Coefficients (onward, back), each (3 sub,), nm^2/s, of the flux onward l_i - back l_j along the sides i-j.

        The sides are those of the sub-triangles; ``h``, ``depletion``, ``stress`` (mean stress, GPa) and ``shift`` are
        (N,); ``shape`` is that of :meth:`shape`.
        """
        C = self.content(h, depletion, shift)
        i, j = self._edges
        D = self.diffusivity(C) * np.exp(np.clip(self.activation * stress, -30.0, 30.0))
        tri = self.spaces.sub
        capacity = np.asarray(self.chemistry.tangent(1.0 - depletion - shift)[1])
        if capacity.ndim:
            capacity = capacity[tri].mean(axis=0)
        inside = capacity * (h[tri].mean(axis=0) + HOST_CONDUCTANCE) * D[tri].mean(axis=0)
        base = (self._shape if shape is None else shape) * np.tile(inside, 3)
        if not self.dV_over_kT:
            return base, base
        potential = self.dV_over_kT * stress
        jump = potential[j] - potential[i]
        return base * _bernoulli(-jump), base * _bernoulli(jump)

    def solve(self, C_n: Array, h: Array, guess: Array, stress: Array, dt: float,
              sink: tuple[Array, Array] | None = None, applied: Applied = FULL_ACTIVITY) -> Array:
        """Depletion 1 - c (N,) at the end of the step; see :meth:`step`."""
        drop, outside = self.step(C_n, h, guess, stress, dt, sink, applied=applied)
        return outside + drop

    def step(self, C_n: Array, h: Array, guess: Array, stress: Array, dt: float,
             sink: tuple[Array, Array] | None = None, least: float = -np.inf,
             applied: Applied = FULL_ACTIVITY, shift: Array | float = 0.0,
             openness: Array | float = 1.0, shape: Array | None = None, *, roughly: bool = False,
             ) -> tuple[Array, float]:
        """Solve for the drop l_o - l (N,) at the end of a step and the depletion 1 - l_o outside.

        Parameters
        ----------
        C_n : (N,) content at the start of the step
        h : (N,) converted fraction at the end of the step
        guess : (N,) depletion 1 - l at which content and diffusivity are first evaluated
        stress : (N,) mean stress, GPa
        dt : s
        sink : (gain, about), optional
            Makes the front's uptake implicit in the level, without which fast fronts oscillate. ``gain`` (N,) is the
            derivative of h by the level that drives the front, ``about`` (N,) the level for which ``h`` holds.
        least : float
            Smallest depletion outside. Where a given current asks for a smaller one, less than that current flows.
        applied : Applied
            Current, or level.
        shift : (N,) share of the level that is due to stress
        openness : (N,) conductance of the film relative to the initial one
        shape : (3 sub,), optional
            Conductances of the sides in the deformed section, see :meth:`shape`.
        roughly : bool
            Leave content and diffusivity as they are after one sweep. Otherwise they are settled, less closely where
            there is a ``sink``, as more sweeps between front and carriers follow then.

        Raises
        ------
        StepFailed
            Nothing can take up the given current, or content and diffusivity still change in the last sweep.
        """
        spaces = self.spaces
        depletion, outside, change = guess, self._outside(guess), np.inf
        mixing: Anderson | None = None
        if applied.current == 0.0 and not np.any(h):
            # Nothing has reacted yet, so that no level follows from no current: it stays as it was.
            return np.zeros_like(guess), outside
        for sweep in range(2 * self.most_sweeps):
            onward, back = self.conductances(h, depletion, stress, shift, shape)
            offset, capacity = self.chemistry.tangent(1.0 - depletion - shift)
            storage = spaces.mass / dt * h * capacity
            load = spaces.mass / dt * (h * (offset - capacity * shift) - C_n)
            if sink is not None:
                extra = spaces.mass / dt * (offset - capacity * (depletion + shift)) * sink[0]
                storage, load = storage + extra, load + extra * (1.0 - sink[1])
            film = self.film_conductance(outside, depletion, openness)
            last, before = outside, change
            drop, outside = self._linear_solve(onward, back, storage, load, stress, least, applied, film)
            change = float(np.max(np.abs(outside + drop - depletion) * h, initial=0.0))
            if self.film is not None and np.ndim(capacity):
                # A measured curve makes the film's conductance depend on the level outside.
                change = max(change, abs(outside - last))
            enough = self.settled if sink is None else self.good_enough
            if change < enough or roughly or (self._constant and np.ndim(capacity) == 0):
                return drop, outside
            if mixing is None and sweep >= self.plain_sweeps and change > max(self.slow * before, self.good_enough):
                mixing = Anderson(depth=self.mixed, first=0.5)
            depletion = outside + drop if mixing is None else mixing.next(depletion, outside + drop, h)
            if sweep + 1 >= self.most_sweeps and (mixing is None or change < self.good_enough):
                break
        if not change < self.good_enough:
            raise StepFailed(f"{NO_AGREEMENT} after {sweep + 1} sweeps: the level still "
                             f"changes by {change:.1e}")
        return drop, outside

    def _outside(self, depletion: Array) -> float:
        """First guess of the depletion outside: the mean of the surface."""
        length = self.spaces.reacting_length
        return float(np.sum(length * depletion) / length.sum())

    @property
    def _constant(self) -> bool:
        probe = self.diffusivity(np.linspace(0.0, 1.0, 5))
        return bool(np.ptp(probe) == 0.0)

    def _linear_solve(self, onward: Array, back: Array, storage: Array, load: Array, stress: Array, least: float,
                      applied: Applied, film: Array) -> tuple[Array, float]:
        """Drop and depletion outside for given coefficients.

        The drop is linear in the depletion outside, so that two solutions give it: one for depletion 0, one for the
        change per unit. The given current then determines the depletion.
        """
        i, j = self._edges
        n = self.spaces.n_nodes
        # Net flux out of each node at activity 1 everywhere: 0 unless stress drives carriers.
        drift = scatter(i, onward - back, n) - scatter(j, onward - back, n) if self.dV_over_kT else np.zeros(n)
        reduced = self._operator(onward, back, storage + film)
        # Scaled to a unit diagonal: the host's rows are nine orders of magnitude smaller than the others, and solvers
        # would take them for singular and perturb them.
        scale = 1.0 / np.sqrt(reduced.diagonal())
        reduced.data *= scale[reduced.indices] * np.repeat(scale, np.diff(reduced.indptr))
        self._solver.factorise(reduced)
        rest = np.exp(np.clip(self.dV_over_kT * stress, -30.0, 30.0)) if self.dV_over_kT else np.ones(n)

        def solved(supply: Array) -> Array:
            drop = np.zeros(n)
            drop[self._free] = scale * self._solver.solve(scale * supply[self._free])
            if self.film is not None:
                # Behind a resistive film the sum of all equations gives the mean drop far better than the solve does.
                whole = storage + film
                drop += rest * float(np.sum(supply) - np.sum(whole * drop)) / float(np.sum(whole * rest))
            return drop

        current = applied.current
        if current is None and applied.reaction is not None:
            drop, unit = solved(load + drift), solved(-storage - drift)
            takes = float(np.sum(storage * (1.0 + unit)))
            outside = applied.depletion_outside(self.chemistry, float(np.sum(load - storage * drop)), takes)
            return drop + outside * unit, outside
        if current is None:
            outside = 1.0 - applied.level
            return solved(load + drift - outside * (storage + drift) if outside else load + drift), outside
        drop = solved(load + drift)
        unit = solved(-storage - drift)
        takes = float(np.sum(storage * (1.0 + unit)))
        if not takes > 0.0 and np.isinf(least):
            raise StepFailed("nothing takes up the given current")
        outside = max(float(np.sum(load - storage * drop) - current) / takes, least) if takes > 0.0 else least
        return drop + outside * unit, outside

    def _operator(self, onward: Array, back: Array, storage: Array) -> sp.csc_matrix:
        """Matrix of the nodes that are not held."""
        blocks = self._blocks
        if self._compiled:
            from femanode.solver.node_loops import flux_blocks

            flux_blocks(onward, back, blocks)
        else:
            blocks[:] = 0.0
            sides = ((0, 1), (1, 2), (2, 0))
            for (i, j), p, q in zip(sides, onward.reshape(3, -1), back.reshape(3, -1), strict=True):
                blocks[:, i, i] += p
                blocks[:, i, j] -= q
                blocks[:, j, j] += q
                blocks[:, j, i] -= p
        return self._pattern.matrix(blocks, storage[self._free])

    def balance(self, C_n: Array, h: Array, drop: Array, stress: Array, dt: float, outside: float = 0.0,
                shift: Array | float = 0.0, openness: Array | float = 1.0, shape: Array | None = None) -> Balance:
        """Compare the change of content in a step with the inflow through the surface.

        ``drop`` (N,) and ``outside`` are what :meth:`step` returned, the other arguments those it was given.
        """
        spaces = self.spaces
        depletion = outside + drop
        C = self.content(h, depletion, shift)
        onward, back = self.conductances(h, depletion, stress, shift, shape)
        i, j = self._edges
        flow = ((onward - back) * (1.0 - outside) if self.dV_over_kT else 0.0) - (onward * drop[i] - back * drop[j])
        out = scatter(i, flow, spaces.n_nodes) - scatter(j, flow, spaces.n_nodes)
        stored = spaces.mass * (C - C_n)
        # Through a bare surface comes what its nodes store and what they pass inwards; through a film, its flux.
        across = self.film_conductance(outside, depletion, openness)
        through = float(np.sum(across * drop))
        lost = float(np.sum(flow * (drop[j] - drop[i])) + np.sum(across * drop**2))
        inflow = float(np.sum(stored[self.held]) + dt * np.sum(out[self.held])) + dt * through
        change = float(stored.sum())
        # Rounding leaves an error of 1e-16 of the whole section, so that a tiny change has no relative accuracy. On a
        # measured curve it is ten times that, and a rest changes nothing at all.
        curved = np.ndim(self.chemistry.tangent(1.0 - depletion)[1]) > 0
        scale = max(abs(change), (1e-5 if curved else 1e-7) * float(spaces.mass.sum()))
        return Balance(float(np.sum(spaces.mass * C)), inflow, abs(change - inflow) / scale, dt * lost)


def _bernoulli(x: Array) -> Array:
    """x/(exp x - 1), from its series near 0."""
    small = np.abs(x) < 1e-4
    y = np.where(small, 1.0, x)
    return np.where(small, 1.0 - 0.5 * x + x * x / 12.0, y / np.expm1(y))
