"""One time step: a candidate for the next state, made in four stages. The present state is not changed.

    advance_front   moves front and carriers to the end of the step, with the stress that drives the front extrapolated
                    to the middle of the step
    swell           content, elastic constants and flow stress, and the plastic metric of material the front has passed
    equilibrate     displacement and stress
    feel            the stress that drives the front at the end of the step, its trend for the next extrapolation, and
                    the error of the extrapolation just made

Equilibrium is solved once in a step. :mod:`femanode.solver.stepping` rejects a candidate whose front would have moved
to a noticeably different place with the stress at the end of the step.
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

#: Travel of the front, in delta, over which the trend of its stress is fitted.
SMOOTHING = 1.0

#: Least share of the difference between computed and extrapolated stress that is taken over in a step. Otherwise the
#: share goes with the travel, and a front that hardly moves would keep an outdated stress.
LEAST_GAIN = 0.3


@dataclass(frozen=True)
class Pace:
    """What step control carries from step to step: the step to try next, and its bound after a rejection; s."""

    dt: float
    ceiling: float = np.inf


@dataclass(frozen=True)
class Candidate:
    """A proposed state, and what is needed to judge and record it.

    Attributes
    ----------
    state : the proposed state
    balance : carriers that are there, that came in, and their mismatch
    equilibrium : outcome of the equilibrium solve
    coupling_error : error of the front's position from extrapolating its stress, in delta
    advance : distance that the fastest part of the front has moved in the step, in delta
    drive : mean v/k of the front at the end of the step
    headroom : by how much the mean activity of the surface can still rise
    energy : energies of the step
    pace : set on acceptance; `march` can be continued from it and ``state``
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
    """What equilibrium depends on besides the displacement, at the quadrature points.

    Attributes
    ----------
    Jc : (elem, qp) stress-free volume ratio
    law : elastic constants and flow stress
    metric : (4, elem, qp) inverse plastic metric after the step's reaction, before its flow
    """

    Jc: Array
    law: Moduli
    metric: Array


@dataclass(frozen=True)
class Felt:
    """The front's stress at the end of a step, and what follows from it.

    Attributes
    ----------
    stress : (N,) driving stress, averaged across the front and smoothed over its travel, GPa
    trend : (N,) change of that stress per mean travel of the front, GPa/nm
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
    """By how much the mean activity of the surface can still rise.

    Under a given current it rises up to that of the cut-off, behind a film up to 1. It is 0 on a bare surface at
    activity 1. ``depletion`` is 1 - c (N,).
    """
    applied, length = physics.applied[state.step], physics.spaces.reacting_length
    if follows_outside(physics, state):
        return 0.0
    return max(applied.cutoff - 1.0 + float(np.sum(length * depletion) / length.sum()), 0.0)


def propose(physics: Physics, state: State, dt: float) -> Candidate:
    """Candidate for the state after ``dt`` (s).

    Raises
    ------
    StepFailed
        One of the stages has no result; the message says which, and why.
    """
    try:
        moved = advance_front(physics, state, dt)
        swollen = swell(physics, state, moved)
        eq = equilibrate(physics, state, swollen, dt)
        felt = feel(physics, state, moved, eq, dt)
    except SingularMatrix as error:
        raise StepFailed(str(error)) from error
    new = _assembled(state, moved, eq, felt, dt, physics.swelling_stress(eq, moved.xi, moved.c))
    return Candidate(
        new, balance=moved.balance, equilibrium=eq, coupling_error=felt.error, advance=felt.advance, drive=felt.drive,
        headroom=headroom(physics, state, moved.depletion), energy=step_energy(physics, state, new, eq, swollen.law))


def swell(physics: Physics, state: State, moved: Moved) -> Swollen:
    """Volume ratio and constants after the step's reaction, and the plastic metric of what the front has passed."""
    h, C = physics.content_at_points(moved.xi, moved.c)
    return Swollen(Jc=physics.swelling(C), law=physics.moduli(h, C), metric=physics.passed(state, moved.xi, moved.c))


def equilibrate(physics: Physics, state: State, swollen: Swollen, dt: float) -> Equilibrium:
    """Equilibrium at the end of the step.

    The first guess continues the motion of the last step; where that fails, the displacement of ``state`` is the guess.
    """
    # Only half of the last motion: all of it would move elements that have finished swelling too far, and cost a tenth
    # more iterations.
    guess, axial = state.u + 0.5 * dt * state.u_rate, state.axial + state.axial_rate * (0.5 * dt)
    given = (swollen.metric, state.eqps, swollen.Jc, swollen.law, dt)
    try:
        return physics.mechanics.solve(guess, axial, *given)
    except NoEquilibrium as first:
        again = physics.mechanics.solve(state.u, state.axial, *given)
        return replace(again, iterations=again.iterations + first.iterations)


def feel(physics: Physics, state: State, moved: Moved, eq: Equilibrium, dt: float) -> Felt:
    """The front's stress at the end of the step, its trend, and the error of the extrapolation over the step."""
    front, xi = physics.front, moved.xi
    averager = front.averager(xi, moved.averager)
    computed = averager(physics.driving_stress(xi, moved.c, eq))
    activity = moved.activity(physics, averager)
    extrapolated = state.front_stress + moved.travel * state.front_stress_trend
    near = on_front(xi)
    if not near.any():
        # The step has converted all that was left: the front that moved is the one at its beginning.
        near = on_front(state.xi)
    advance = dt / front.delta * float(np.max(moved.speed[near], initial=0.0))
    # Linear trend by discounted least squares over about one half-thickness of travel. The mesh puts a ripple of that
    # period on the averaged stress, which extrapolation from two values would amplify.
    keep = np.exp(-advance / SMOOTHING)
    surprise = computed - extrapolated
    stress = extrapolated + max(1.0 - keep**2, LEAST_GAIN) * surprise
    trend = state.front_stress_trend + (1.0 - keep) ** 2 * surprise / max(moved.travel, 1e-3 * front.delta)
    n = front.normals(xi)
    miss = front.speed(n, stress, activity) - front.speed(n, extrapolated, activity)
    # The stress in the middle of the step has half the error of that at its end, hence 0.5. The root mean square over
    # the front is taken, as the stress of the next step corrects the error of a single node.
    error = 0.5 * dt / front.delta * float(np.sqrt(front_mean(miss**2, xi, physics.spaces)))
    drive = front_mean(front.kinetics.drive(stress, activity), xi, physics.spaces)
    return Felt(stress=stress, trend=trend, activity=activity, curvature=front.curvature(n, averager),
                drive=drive if near.any() else 1.0, advance=advance, error=error)


def _assembled(state: State, moved: Moved, eq: Equilibrium, felt: Felt, dt: float, point_stress: Array) -> State:
    """The state at the end of a step, put together from the results of its stages."""
    return State(
        t=state.t + dt, dt=dt, step=state.step, xi=moved.xi, depletion=moved.depletion, u=eq.u, axial=eq.axial,
        Cp_inv=eq.response.Cp_inv, eqps=eq.response.eqps, front_stress=felt.stress, activity=felt.activity,
        point_stress=point_stress, u_rate=(eq.u - state.u) / dt, axial_rate=(eq.axial - state.axial) / dt,
        front_stress_trend=felt.trend, outside=moved.outside, entered=moved.entered, curvature=felt.curvature)
