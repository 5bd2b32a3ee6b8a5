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
from femanode.constitutive.swelling import conversion
from femanode.numerics.arrays import Array
from femanode.numerics.linear import SingularMatrix, inner
from femanode.numerics.mixing import Anderson
from femanode.solver.advance import Moved, advance_front, follows_outside
from femanode.solver.averaging import front_mean
from femanode.solver.energy import Energy, step_energy
from femanode.solver.failure import StepFailed
from femanode.solver.front import on_front
from femanode.solver.ledger import Spent, spent
from femanode.solver.mechanics import Equilibrium, NoEquilibrium
from femanode.solver.physics import Physics
from femanode.solver.state import State
from femanode.solver.surfacefilm import surface_stretch
from femanode.solver.transport import Balance

#: Travel of the front, in delta, over which the trend of its stress is fitted.
SMOOTHING = 1.0

#: Least share of the difference between computed and extrapolated stress that is taken over in a step. Otherwise the
#: share goes with the travel, and a front that hardly moves would keep an outdated stress.
LEAST_GAIN = 0.3

#: Stress and carriers agree when the action of the one on the other differs by less than `AGREED`, in V, and by less
#: than `CLOSE` of itself (root mean squares over the reacted section), but no less than `NOTHING` is asked for.
AGREED, CLOSE, NOTHING = 2e-4, 2e-3, 2e-6

#: The rounds that are made for it at most, how many of them are mixed, and the share of the difference that the first
#: round takes over.
MOST_ROUNDS, MIXED, FIRST = 25, 6, 0.2


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
    equilibrium : outcome of the last equilibrium solve of the step
    coupling_error : error of the front's position from extrapolating its stress, in delta
    advance : distance that the fastest part of the front has moved in the step, in delta
    drive : mean v/k of the front at the end of the step
    headroom : by how much the mean level of the surface can still rise
    filled : largest change of the reacted phase's content at a node
    energy : energies of the step
    spent : where the electrical work went, for a chemistry that tells
    pace : set on acceptance; `march` can be continued from it and ``state``
    """

    state: State
    balance: Balance | None = None
    equilibrium: Equilibrium | None = None
    coupling_error: float = 0.0
    advance: float = 0.0
    drive: float = 1.0
    headroom: float = 0.0
    filled: float = 0.0
    energy: Energy | None = None
    spent: Spent | None = None
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
    stress : (N,) driving stress, averaged across the front and smoothed over its travel, with that of the front's
        interface, GPa
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
    """By how much the mean level of the surface can still rise.

    Under a given current it rises up to that of the cut-off, behind a film up to the one outside. It is 0 on a bare
    surface at a given level. ``depletion`` is 1 - l (N,).
    """
    applied, length = physics.applied[state.step], physics.spaces.reacting_length
    bare = applied.current is None and physics.transport.film is None
    if follows_outside(physics, state) or bare or applied.current == 0.0:
        return 0.0
    highest = applied.level if applied.current is None else applied.cutoff
    return max(highest - 1.0 + float(np.sum(length * depletion) / length.sum()), 0.0)


def propose(physics: Physics, state: State, dt: float) -> Candidate:
    """Candidate for the state after ``dt`` (s).

    Raises
    ------
    StepFailed
        One of the stages has no result; the message says which, and why.
    """
    try:
        moved, swollen, eq = _in_agreement(physics, state, dt)
        felt = feel(physics, state, moved, eq, dt)
    except SingularMatrix as error:
        raise StepFailed(str(error)) from error
    film = state.film if physics.film is None else physics.film.after(
        state.film, surface_stretch(physics.spaces, eq.F, eq.F33), dt)
    new = _assembled(state, moved, eq, felt, dt, physics.swelling_stress(eq, moved.xi, moved.c), film)
    return Candidate(
        new, balance=moved.balance, equilibrium=eq, coupling_error=felt.error, advance=felt.advance, drive=felt.drive,
        headroom=headroom(physics, state, moved.depletion), energy=step_energy(physics, state, new, eq, swollen.law),
        filled=filled(physics, state, moved), spent=spent(physics, state, new, moved.balance))


def filled(physics: Physics, state: State, moved: Moved) -> float:
    """Largest change of the reacted phase's content in the step, weighted with the fraction converted before it.

    Where a protocol's step begins, a bare surface takes the new potential at once. No shorter time step makes that
    change smaller, so that it does not count; what it brings about within the section does.
    """
    chemistry, h = physics.chemistry, conversion(state.xi, physics.front.start)
    change = h * np.abs(chemistry.content(moved.c) - chemistry.content(state.c))
    applied = physics.applied[state.step]
    if state.t <= state.began and applied.current is None and applied.reaction is None:
        change[physics.transport.held] = 0.0
    return float(np.max(change, initial=0.0))


def _in_agreement(physics: Physics, state: State, dt: float) -> tuple[Moved, Swollen, Equilibrium]:
    """The first three stages; where stress acts on the carriers, repeated until its action and the stress agree.

    Stress moves carriers, and their swelling changes the stress. Elastic material answers a change of content by a
    stress that would drive several times as many carriers back, so that plain repetition diverges; Anderson's mixing
    makes the iteration converge whether the material is elastic or flows.

    Raises
    ------
    StepFailed
        They do not agree after `MOST_ROUNDS`.
    """
    shift, mixing, guess = state.shift, Anderson(MIXED, FIRST), None
    for _ in range(MOST_ROUNDS):
        moved = advance_front(physics, state, dt, shift)
        swollen = swell(physics, state, moved)
        eq = equilibrate(physics, state, swollen, dt, guess)
        if not physics.carrier_volume:
            return moved, swollen, eq
        weight = physics.spaces.mass * conversion(moved.xi, physics.front.start)
        found = physics.shift(physics.swelling_stress(eq, moved.xi, moved.c))
        total = max(float(weight.sum()), 1e-300)
        size, whole = (float(np.sqrt(inner(weight, off**2) / total)) for off in (found - shift, found))
        if size < max(min(AGREED, CLOSE * whole), NOTHING):
            return moved, swollen, eq
        shift, guess = mixing.next(shift, found, np.sqrt(weight)), eq
    raise StepFailed(f"stress and carriers do not agree after {MOST_ROUNDS} rounds: {1e3 * size:.2g} mV are left")


def swell(physics: Physics, state: State, moved: Moved) -> Swollen:
    """Volume ratio and constants after the step's reaction, and the plastic metric of what the front has passed."""
    h, C = physics.content_at_points(moved.xi, moved.c)
    return Swollen(Jc=physics.swelling(C), law=physics.moduli(h, C), metric=physics.passed(state, moved.xi, moved.c))


def equilibrate(physics: Physics, state: State, swollen: Swollen, dt: float, last: Equilibrium | None = None,
                ) -> Equilibrium:
    """Equilibrium at the end of the step.

    The first guess is that of the ``last`` round, or continues the motion of the last step; where that fails, the
    displacement of ``state`` is the guess.
    """
    # Only half of the last motion: all of it would move elements that have finished swelling too far, and cost a tenth
    # more iterations.
    guess, axial = state.u + 0.5 * dt * state.u_rate, state.axial + state.axial_rate * (0.5 * dt)
    if last is not None:
        guess, axial = last.u, last.axial
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
    activity, n = moved.activity(physics, averager), front.normals(xi)
    curvature = front.curvature(n, averager)
    if physics.interface is not None:
        # Averaged, as speeds that differ across the front would change its width.
        due = physics.interface.stress(curvature, averager(physics.growth(moved.c)))
        computed = computed + averager(physics.spaces.at_points(due))
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
    miss = front.speed(n, stress, activity) - front.speed(n, extrapolated, activity)
    # The stress in the middle of the step has half the error of that at its end, hence 0.5. The root mean square over
    # the front is taken, as the stress of the next step corrects the error of a single node.
    error = 0.5 * dt / front.delta * float(np.sqrt(front_mean(miss**2, xi, physics.spaces)))
    drive = front_mean(front.kinetics.drive(stress, activity), xi, physics.spaces)
    return Felt(stress=stress, trend=trend, activity=activity, curvature=curvature,
                drive=drive if near.any() else 1.0, advance=advance, error=error)


def _assembled(state: State, moved: Moved, eq: Equilibrium, felt: Felt, dt: float, point_stress: Array,
               film: Array) -> State:
    """The state at the end of a step, put together from the results of its stages."""
    return State(
        t=state.t + dt, dt=dt, step=state.step, began=state.began, carried=moved.balance.inflow / dt, xi=moved.xi,
        depletion=moved.depletion, shift=moved.shift, u=eq.u, axial=eq.axial,
        Cp_inv=eq.response.Cp_inv, eqps=eq.response.eqps, front_stress=felt.stress, activity=felt.activity,
        point_stress=point_stress, u_rate=(eq.u - state.u) / dt, axial_rate=(eq.axial - state.axial) / dt,
        front_stress_trend=felt.trend, outside=moved.outside, entered=moved.entered, curvature=felt.curvature,
        film=film)
