"""One time step: a candidate for the next state, made in four stages. The present state is not changed.

    advance_front   moves front and carriers to the end of the step, with the stress that drives the front extrapolated
                    to the middle of the step
    swell           content, elastic constants and flow stress, and the plastic metric of material the front has passed
    equilibrate     displacement and stress
    feel            the stress that drives the front at the end of the step, its trend for the next extrapolation, and
                    the error of the extrapolation just made

The last three are in :mod:`femanode.solver.stages`. Equilibrium is solved once in a step, unless front or carriers are
to agree with the stress at its end. :mod:`femanode.solver.stepping` rejects a candidate whose front would have moved to
a noticeably different place with that stress.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np

from femanode.constitutive.swelling import conversion
from femanode.numerics.arrays import Array
from femanode.numerics.linear import SingularMatrix, inner
from femanode.numerics.mixing import Anderson
from femanode.solver.advance import Moved, advance_front, follows_outside
from femanode.solver.averaging import front_mean
from femanode.solver.energy import Energy, step_energy
from femanode.solver.failure import StepFailed
from femanode.solver.ledger import Spent, spent
from femanode.solver.mechanics import Equilibrium
from femanode.solver.physics import Physics
from femanode.solver.stages import Felt, Swollen, equilibrate, feel, swell
from femanode.solver.state import State
from femanode.solver.surfacefilm import surface_stretch
from femanode.solver.transport import Balance

#: Stress and carriers agree when the action of the one on the other differs by less than `AGREED`, in V, and by less
#: than `CLOSE` of itself (root mean squares over the reacted section), but no less than `NOTHING` is asked for.
AGREED, CLOSE, NOTHING = 2e-4, 2e-3, 2e-6

#: The rounds that are made for it at most, how many of them are mixed, and the share of the difference that the first
#: round takes over.
MOST_ROUNDS, MIXED, FIRST = 25, 6, 0.2

#: Error of the front's position (delta) below which it does not matter how it is told.
TOLD = 1e-3

#: Error of the front's way that is left, over its advance, of which at least and at most `COUNTS` (delta) counts; and
#: the rounds that are made for it.
ALLOWED, COUNTS, MOST_LOOKS = 0.03, (0.025, 0.25), 8


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
    rounds : how often its stages were repeated until front and stress agreed
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
    rounds: int = 1
    pace: Pace | None = None


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


def propose(physics: Physics, state: State, dt: float, *, agreed: bool = True) -> Candidate:
    """Candidate for the state after ``dt`` (s).

    With ``agreed`` the stages are repeated until the front has moved with the stress that it feels at the end; without,
    and where stress drives the carriers too, it moves with the extrapolated one, and only step control looks at the
    difference.

    Raises
    ------
    StepFailed
        One of the stages has no result; the message says which, and why.
    """
    try:
        if agreed and not physics.carrier_volume:
            moved, swollen, eq, felt, rounds = _with_front_in_agreement(physics, state, dt)
        else:
            moved, swollen, eq = _in_agreement(physics, state, dt)
            felt, rounds = _told_with_supply(physics, state, dt, moved, feel(physics, state, moved, eq, dt)), 1
    except SingularMatrix as error:
        raise StepFailed(str(error)) from error
    film = state.film if physics.film is None else physics.film.after(
        state.film, surface_stretch(physics.spaces, eq.F, eq.F33), dt)
    new = _assembled(state, moved, eq, felt, dt, physics.swelling_stress(eq, moved.xi, moved.c), film)
    return Candidate(
        new, balance=moved.balance, equilibrium=eq, coupling_error=felt.error, advance=felt.advance, drive=felt.drive,
        headroom=headroom(physics, state, moved.depletion), energy=step_energy(physics, state, new, eq, swollen.law),
        filled=filled(physics, state, moved), spent=spent(physics, state, new, moved.balance), rounds=rounds)


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
    moved: Moved | None = None
    for _ in range(MOST_ROUNDS):
        moved = advance_front(physics, state, dt, shift, guess=moved)
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


def _told_with_supply(physics: Physics, state: State, dt: float, moved: Moved, felt: Felt,
                      guess: Array | float = 0.0) -> Felt:
    """``felt`` with the error of the front's position as it is where carriers are in short supply.

    Their activity answers to the stress: a front that is held back leaves more of a given current to the places where
    it is not, and moves on in the mean. An error told at the activity of the step is then many times too large, above
    all near equilibrium, where speed answers steeply to stress. The front is moved anew, with its stress at the end of
    the step, from ``state``, whose stress has ``guess`` (N,), GPa, in it.
    """
    # A value that is no number is told as it is.
    if not felt.error > TOLD or follows_outside(physics, state):
        return felt
    front, xi, spaces = physics.front, moved.xi, physics.spaces
    better = replace(state, front_stress=state.front_stress + (felt.surprise - guess))
    try:
        again = advance_front(physics, better, dt, moved.shift, guess=moved)
    except StepFailed:
        return felt
    off = (front.log_odds(again.xi) - front.log_odds(xi)) / front.delta
    # The stress in the middle of the step has half the error of that at its end.
    return replace(felt, error=min(0.5 * float(np.sqrt(front_mean(off**2, xi, spaces))), felt.error))


def _with_front_in_agreement(physics: Physics, state: State, dt: float,
                             ) -> tuple[Moved, Swollen, Equilibrium, Felt, int]:
    """The four stages, repeated until the front's way with the stress at the end of the step is that it has made, and
    the number of rounds.

    A front near rest answers to stress so strongly that an extrapolated one makes it overshoot in one step and stand
    still in the next, however short these are. The first round is the step without repetition, and is kept where its
    error is small enough.

    Raises
    ------
    StepFailed
        They do not agree after `MOST_LOOKS` rounds.
    """
    guess, last, mixing = np.zeros_like(state.front_stress), None, Anderson(MIXED)
    moved: Moved | None = None
    for look in range(MOST_LOOKS):
        pushed = replace(state, front_stress=state.front_stress + guess) if look else state
        moved = advance_front(physics, pushed, dt, guess=moved)
        swollen = swell(physics, state, moved)
        last = equilibrate(physics, state, swollen, dt, last)
        felt = _told_with_supply(physics, pushed, dt, moved, feel(physics, state, moved, last, dt, guess), guess)
        if not felt.error > ALLOWED * float(np.clip(felt.advance, *COUNTS)) * (1.0 if look else 2.0):
            return moved, swollen, last, felt, look + 1
        weight = np.sqrt(physics.spaces.mass * moved.xi * (1.0 - moved.xi))
        guess = mixing.next(guess, felt.better, weight)
    raise StepFailed(f"front and stress do not agree after {MOST_LOOKS} rounds: {felt.error:.2g} delta are left")


def _assembled(state: State, moved: Moved, eq: Equilibrium, felt: Felt, dt: float, point_stress: Array,
               film: Array) -> State:
    """The state at the end of a step, put together from the results of its stages."""
    return State(
        t=state.t + dt, dt=dt, step=state.step, began=state.began, carried=moved.balance.inflow / dt, xi=moved.xi,
        depletion=moved.depletion, shift=moved.shift, u=eq.u, axial=eq.axial,
        Cp_inv=eq.response.Cp_inv, eqps=eq.response.eqps, front_stress=felt.stress, activity=felt.activity,
        point_stress=point_stress, u_rate=(eq.u - state.u) / dt, axial_rate=(eq.axial - state.axial) / dt,
        front_stress_trend=felt.trend, host_stress=felt.host, host_stress_trend=felt.host_trend,
        outside=moved.outside, entered=moved.entered, curvature=felt.curvature,
        film=film)
