"""A step's candidate, made in stages from a state that stays as it is.

    advance_front   front and carriers at the end of the step, at the front's stress extrapolated to its middle
    swell           content, constants and the plastic metric of what the front has passed
    equilibrate     displacement and stress that go with them
    feel            the front's stress as it is now, its memory and trend, and by how far the extrapolation was off

Equilibrium is solved once in a step; a candidate whose front would have moved otherwise with the stress that the step
ends with is rejected (:mod:`femanode.solver.stepping`).
"""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np

from femanode.constitutive.elastoplasticity import Moduli
from femanode.numerics.arrays import Array
from femanode.numerics.linear import SingularMatrix
from femanode.solver.advance import Moved, advance_front, follows_outside
from femanode.solver.averaging import front_mean
from femanode.solver.energy import Energy, step_energy
from femanode.solver.failure import StepFailed
from femanode.solver.front import on_front
from femanode.solver.mechanics import Equilibrium, NoEquilibrium
from femanode.solver.physics import Physics
from femanode.solver.state import State
from femanode.solver.transport import Balance

#: Front travel, in delta, over which the trend of the front's stress is taken.
SMOOTHING = 1.0

#: Least share of the difference between computed and foretold stress that a step takes over: where the front hardly
#: moves, its travel alone would let the stress go stale.
LEAST_GAIN = 0.3


@dataclass(frozen=True)
class Pace:
    """The controller's memory between steps: the step to try next, s, and the ceiling that failed steps left on it."""

    dt: float
    ceiling: float = np.inf


@dataclass(frozen=True)
class Candidate:
    """A proposed state with what the controller and the record need.

    Attributes
    ----------
    state : the proposed state
    balance : carriers that came in and that are there
    equilibrium : outcome of the equilibrium solve
    coupling_error : error of the front's position from extrapolating its stress, in delta
    advance : distance of the fastest part of the front, in delta
    drive : the front's mean v/k
    headroom : how far the surface's activity may still rise
    energy : energies of the step
    pace : set on acceptance: `march` goes on from it and from ``state``
    """

    state: State
    balance: Balance | None = None
    equilibrium: Equilibrium | None = None
    coupling_error: float = 0.0
    advance: float = 0.0
    drive: float = 1.0
    headroom: float = 0.0
    energy: Energy | None = None
    pace: Pace | None = None


@dataclass(frozen=True)
class Swollen:
    """What equilibrium is to be found for, at the quadrature points.

    Attributes
    ----------
    Jc : (elem, qp) stress-free volume ratio
    law : constants
    metric : (4, elem, qp) inverse plastic metric after the step's reaction, before its flow
    """

    Jc: Array
    law: Moduli
    metric: Array


@dataclass(frozen=True)
class Felt:
    """The front's stress at the end of a step.

    Attributes
    ----------
    stress : (N,) driving stress, averaged across the front and smoothed over its travel, GPa
    trend : (N,) its change per mean travel of the front, GPa/nm
    activity : (N,) activity averaged across the front
    curvature : (N,) divergence of the front's normal, 1/nm
    drive : mean v/k at that stress; 1 where there is no front
    advance : distance of the fastest part of the front in the step, in delta
    error : error of the front's position from extrapolating the stress, in delta
    """

    stress: Array
    trend: Array
    activity: Array
    curvature: Array
    drive: float
    advance: float
    error: float


def headroom(physics: Physics, state: State, depletion: Array) -> float:
    """How far the mean activity of the surface may still rise: to that of the cut-off, or to 1 behind a film."""
    applied, length = physics.applied[state.step], physics.spaces.reacting_length
    if follows_outside(physics, state):
        return 0.0
    return max(applied.cutoff - 1.0 + float(np.sum(length * depletion) / length.sum()), 0.0)


def propose(physics: Physics, state: State, dt: float) -> Candidate:
    """Advance by dt without changing ``state``.

    Raises
    ------
    StepFailed
        A stage has no result; the message says which and why.
    """
    try:
        moved = advance_front(physics, state, dt)
        swollen = swell(physics, state, moved)
        eq = equilibrate(physics, state, swollen, dt)
        felt = feel(physics, state, moved, eq, dt)
    except SingularMatrix as error:
        raise StepFailed(f"linear solve: {error}") from error
    new = _assembled(state, moved, eq, felt, dt)
    return Candidate(
        new, balance=moved.balance, equilibrium=eq, coupling_error=felt.error, advance=felt.advance, drive=felt.drive,
        headroom=headroom(physics, state, moved.depletion), energy=step_energy(physics, state, new, eq, swollen.law))


def swell(physics: Physics, state: State, moved: Moved) -> Swollen:
    """What the step's reaction makes of the points: volume, constants, and the metric of what the front has passed."""
    h, C = physics.content_at_points(moved.xi, moved.c)
    return Swollen(Jc=physics.swelling(C), law=physics.moduli(h, C), metric=physics.passed(state, moved.xi, moved.c))


def equilibrate(physics: Physics, state: State, swollen: Swollen, dt: float) -> Equilibrium:
    """Equilibrium at the end of the step: from a guess along the last motion, then from where the step began."""
    # Half of the last motion: all of it carries elements on that have done their swelling (a tenth more iterations).
    guess, axial = state.u + 0.5 * dt * state.u_rate, state.axial + state.axial_rate * (0.5 * dt)
    given = (swollen.metric, state.eqps, swollen.Jc, swollen.law, dt)
    try:
        return physics.mechanics.solve(guess, axial, *given)
    except NoEquilibrium as first:
        again = physics.mechanics.solve(state.u, state.axial, *given)
        return replace(again, iterations=again.iterations + first.iterations)


def feel(physics: Physics, state: State, moved: Moved, eq: Equilibrium, dt: float) -> Felt:
    """The front's stress at the end of the step, and by how far the extrapolation over the step was off."""
    front, xi = physics.front, moved.xi
    averager = front.averager(xi, moved.averager)
    computed = averager(physics.driving_stress(xi, moved.c, eq))
    activity = moved.activity(physics, averager)
    foretold = state.front_stress + moved.travel * state.front_stress_trend
    near = on_front(xi)
    if not near.any():
        # A step that converts all that is left has moved the front it began with.
        near = on_front(state.xi)
    advance = dt / front.delta * float(np.max(moved.speed[near], initial=0.0))
    # Linear trend by discounted least squares over about one half-thickness of travel: the mesh gives the
    # average a ripple of that period, and extrapolation would amplify it.
    keep = np.exp(-advance / SMOOTHING)
    surprise = computed - foretold
    stress = foretold + max(1.0 - keep**2, LEAST_GAIN) * surprise
    trend = state.front_stress_trend + (1.0 - keep) ** 2 * surprise / max(moved.travel, 1e-3 * front.delta)
    n = front.normals(xi)
    miss = front.speed(n, stress, activity) - front.speed(n, foretold, activity)
    # The extrapolated mean over the step errs by half of what the end of the step does. The error is the front's as a
    # whole: what a single node errs by, the next step's stress puts right.
    error = 0.5 * dt / front.delta * float(np.sqrt(front_mean(miss**2, xi, physics.spaces)))
    drive = front_mean(front.kinetics.drive(stress, activity), xi, physics.spaces)
    return Felt(stress=stress, trend=trend, activity=activity, curvature=front.curvature(n, averager),
                drive=drive if near.any() else 1.0, advance=advance, error=error)


def _assembled(state: State, moved: Moved, eq: Equilibrium, felt: Felt, dt: float) -> State:
    """The state at the end of a step, from what its stages gave."""
    return State(
        t=state.t + dt, dt=dt, step=state.step, xi=moved.xi, depletion=moved.depletion, u=eq.u, axial=eq.axial,
        Cp_inv=eq.response.Cp_inv, eqps=eq.response.eqps, front_stress=felt.stress, activity=felt.activity,
        point_stress=eq.response.mean_mandel, u_rate=(eq.u - state.u) / dt, axial_rate=(eq.axial - state.axial) / dt,
        front_stress_trend=felt.trend, outside=moved.outside, entered=moved.entered, curvature=felt.curvature)
