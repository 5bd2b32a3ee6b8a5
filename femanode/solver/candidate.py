"""A step's candidate: front and carriers, then equilibrium, from a state that stays as it is (part of the *solver*).

The front and the carrier balance are advanced first, with the front's stress extrapolated to the middle of the step;
equilibrium follows once.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np

from femanode.constitutive.swelling import conversion, volume_ratio
from femanode.mesh.spaces import Spaces
from femanode.numerics.arrays import Array
from femanode.numerics.linear import inner
from femanode.solver.energy import Energy, step_energy
from femanode.solver.front import Averager, on_front
from femanode.solver.mechanics import Equilibrium
from femanode.solver.physics import Physics
from femanode.solver.state import State
from femanode.solver.transport import BARE, Balance

#: Front travel, in delta, over which the trend of the front's stress is taken.
SMOOTHING = 1.0

#: Least share of the difference between computed and foretold stress that a step takes over: where the front hardly
#: moves, its travel alone would let the stress go stale.
LEAST_GAIN = 0.3

#: Largest activity, over that of the cut-off, that the sweeps of a step try; the step they then lead to is cut.
MOST_ACTIVITY = 1.5


@dataclass(frozen=True)
class Pace:
    """The controller's memory between steps: the step to try next, s, and the ceiling that failed steps left on it."""

    dt: float
    ceiling: float = np.inf


@dataclass(frozen=True)
class Candidate:
    """A proposed state with what the controller and the record need.

    ``state`` is None when a solve failed; ``drive`` is the front's mean v/k, ``headroom`` how far the
    surface's activity may still rise; ``pace`` is set on acceptance, and `march` goes on from both.
    """

    state: State | None
    message: str = ""
    balance: Balance | None = None
    equilibrium: Equilibrium | None = None
    coupling_error: float = 0.0
    advance: float = 0.0
    drive: float = 1.0
    headroom: float = 0.0
    energy: Energy | None = None
    pace: Pace | None = None


def front_mean(values: Array, xi: Array, spaces: Spaces) -> float:
    """Mean of nodal values over the front, weighted with xi (1 - xi)."""
    weight = spaces.mass * xi * (1.0 - xi)
    return float(np.sum(weight * values) / np.sum(weight)) if np.sum(weight) > 0 else 0.0


@dataclass(frozen=True)
class Moved:
    """Front and carriers at the end of a step.

    Extent, drop of activity from outside, depletion outside, whether a given current was carried whole, the balance,
    the front's speed (N,) and mean travel (nm) in the step, the average across it.
    """

    xi: Array
    drop: Array
    outside: float
    entered: bool
    balance: Balance
    speed: Array
    travel: float
    averager: Averager

    @property
    def depletion(self) -> Array:
        """1 - c, (N,)."""
        return self.outside + self.drop

    def activity(self, physics: Physics, averager: Averager) -> Array:
        """See :func:`activity_at_front`."""
        return activity_at_front(physics, averager, self.outside, self.drop)


def activity_at_front(physics: Physics, averager: Averager, outside: float, drop: Array) -> Array:
    """Activity averaged across the front and extended along its normal, (N,); outside's where there is no front."""
    return 1.0 - outside - averager(physics.spaces.at_points(drop))


def headroom(physics: Physics, depletion: Array) -> float:
    """How far the mean activity of the surface may still rise: to that of the cut-off, or to 1 behind a film."""
    surface, length = physics.transport.surface, physics.spaces.reacting_length
    if surface == BARE:
        return 0.0
    return max(surface.cutoff - 1.0 + float(np.sum(length * depletion) / length.sum()), 0.0)


def propose(physics: Physics, state: State, dt: float) -> Candidate:
    """Advance by dt without changing ``state``."""
    try:
        return _propose(physics, state, dt)
    except RuntimeError as error:
        return Candidate(None, f"linear solve: {error}")


def _propose(physics: Physics, state: State, dt: float) -> Candidate:
    moved = advance_front(physics, state, dt)
    if isinstance(moved, str):
        return Candidate(None, moved)
    xi, e, balance, speed, travel = moved.xi, moved.depletion, moved.balance, moved.speed, moved.travel
    h, C = physics.content_at_points(xi, 1.0 - e)
    Jc = volume_ratio(C, physics.expansion)
    law = physics.constants(h, C)
    # Half of the last motion: all of it carries elements on that have done their swelling (a tenth more iterations).
    guess = state.u + 0.5 * dt * state.u_rate
    F33 = state.F33 + 0.5 * dt * state.F33_rate
    metric = physics.passed(state, xi, 1.0 - e)
    eq = physics.mechanics.solve(guess, F33, metric, state.eqps, Jc, law, dt)
    if not eq.converged:
        first = eq
        eq = physics.mechanics.solve(state.u, state.F33, metric, state.eqps, Jc, law, dt)
        eq = replace(eq, iterations=eq.iterations + first.iterations)
    if not eq.converged or eq.response is None:
        return Candidate(None, eq.message, balance, eq)
    averager = physics.front.averager(xi, moved.averager)
    stress = averager(physics.driving_stress(xi, 1.0 - e, eq))
    activity = moved.activity(physics, averager)
    predicted = state.front_stress + travel * state.front_stress_trend
    near = on_front(xi)
    if not near.any():
        # A step that converts all that is left has moved the front it began with.
        near = on_front(state.xi)
    advance = dt / physics.front.delta * float(np.max(speed[near], initial=0.0))
    # Linear trend by discounted least squares over about one half-thickness of travel: the mesh gives the
    # average a ripple of that period, and extrapolation would amplify it.
    keep = np.exp(-advance / SMOOTHING)
    surprise = stress - predicted
    stress = predicted + max(1.0 - keep**2, LEAST_GAIN) * surprise
    trend = state.front_stress_trend + (1.0 - keep) ** 2 * surprise / max(travel, 1e-3 * physics.front.delta)
    front, n = physics.front, physics.front.normals(xi)
    miss = front.speed(n, stress, activity) - front.speed(n, predicted, activity)
    # The extrapolated mean over the step errs by half of what the end of the step does. The error is the front's as a
    # whole: what a single node errs by, the next step's stress puts right.
    error = 0.5 * dt / front.delta * float(np.sqrt(front_mean(miss**2, xi, physics.spaces)))
    drive = front_mean(front.kinetics.drive(stress, activity), xi, physics.spaces)
    new = State(state.t + dt, dt, xi, e, eq.u, eq.F33, eq.response.Cp_inv, eq.response.eqps, stress, activity,
                eq.response.mean_mandel, (eq.u - state.u) / dt, (eq.F33 - state.F33) / dt,
                trend, moved.outside, moved.entered, front.curvature(n, averager))
    return Candidate(new, "", balance, eq, error, advance, drive if near.any() else 1.0,
                     headroom(physics, e), step_energy(physics, state, new, eq, law))


def advance_front(physics: Physics, state: State, dt: float) -> Moved | str:
    """Front and carrier balance over dt at extrapolated stress, or why not.

    The stress is extrapolated in travel, not in time: where it is about to stop the front, the step is implicit in it.
    """
    front, transport, surface = physics.front, physics.transport, physics.transport.surface
    # While the front is still coming in there is little to take the current: what the cut-off gives then flows.
    full = 1.0 - surface.cutoff
    limit, bound = (-np.inf, 1.0 - MOST_ACTIVITY * surface.cutoff) if state.entered else (full, full)
    # Where the supply is limited, what the front takes too much or too little shows in the activity of a thin skin.
    agreed = 1e-4 if surface == BARE else 1e-5 * (1.0 - physics.c_front)
    C_n = physics.content_at_nodes(state)
    h_n = conversion(state.xi, front.start)
    nodal_stress = physics.spaces.to_nodes(state.point_stress)
    xi, activity, e, n = state.xi, state.activity, state.depletion, front.normals(state.xi)
    drive, travel = _drive(physics, state, n, activity, xi, 0.0, dt)
    # The front goes where it points half way through the step.
    n = front.normals(0.5 * (xi + front.travel(xi, drive, dt, state.curvature)))
    averager: Averager | None = None
    previous = np.full_like(xi, np.inf)
    for _ in range(40):
        drive, travel = _drive(physics, state, n, activity, xi, travel, dt)
        xi = front.travel(state.xi, drive, dt, state.curvature)
        if not np.all(np.isfinite(xi)):
            return "front equation gave a value that is not finite"
        h = conversion(xi, front.start)
        if averager is not None and float(np.max(np.abs(xi - previous))) < agreed:
            drop, outside = transport.step(C_n, h, e, nodal_stress, dt, least=limit)
            if not np.all(np.isfinite(drop)):
                return "carrier balance gave a value that is not finite"
            return Moved(xi, drop, outside, state.entered or outside > full,
                         transport.balance(C_n, h, drop, nodal_stress, dt, outside),
                         front.rate.rate(n[0], n[1]) * drive, travel, averager)
        previous = xi
        stress = state.front_stress + 0.5 * travel * state.front_stress_trend
        balanced = front.kinetics.equilibrium_activity(stress)
        gain = np.where(activity > balanced, (h - h_n) / np.maximum(activity - balanced, 1e-6), 0.0)
        # About the last sweep's own activity the sink vanishes as sweeps agree; about the average a share of the uptake
        # stays, which is nothing only where the activity outside is given.
        about = activity if surface == BARE else 1.0 - e
        drop, outside = transport.step(C_n, h, e, nodal_stress, dt, (np.maximum(gain, 0.0), about), bound)
        e = outside + drop
        averager = front.averager(xi, averager)
        activity = activity_at_front(physics, averager, outside, drop)
    return "front and carrier balance did not agree"


def _drive(physics: Physics, state: State, n: Array, activity: Array, xi: Array, travel: float, dt: float,
           ) -> tuple[Array, float]:
    """v/k (N,) of a front of normals ``n`` at ``activity``, and the mean travel that agrees with its stress.

    ``xi`` tells where the front is, ``travel`` is a first guess. RuntimeError where none is found: the step is too
    long.
    """
    front, weight = physics.front, physics.spaces.mass * xi * (1.0 - xi)
    rate, total = front.rate.rate(n[0], n[1]), max(float(weight.sum()), 1e-300)
    for _ in range(60):
        drive = front.kinetics.drive(state.front_stress + 0.5 * travel * state.front_stress_trend, activity)
        found = dt * inner(weight, rate * drive) / total
        if abs(found - travel) < 1e-5 * front.delta:
            break
        # Half a step of the fixed point: it converges up to three times the time step at which the full one does.
        travel = 0.5 * (travel + found)
    else:
        raise RuntimeError("the front's speed and its stress along the way do not agree")
    return drive, travel
