"""Time stepping: each step proposes a candidate, which is accepted or rejected as a whole.

A rejected candidate leaves no trace, and the step is halved. :func:`check` holds the reasons for a rejection. One is
particular to this model: with the stress at the end of the step the front would have moved to a noticeably different
place than with the extrapolated stress.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field, replace

import numpy as np

from femanode.constitutive.swelling import conversion
from femanode.errors import ConvergenceError
from femanode.solver.advance import NO_BALANCE
from femanode.solver.candidate import Candidate, Pace, propose
from femanode.solver.ends import Event, usual_ends
from femanode.solver.failure import StepFailed
from femanode.solver.front import on_front
from femanode.solver.physics import Physics
from femanode.solver.reasons import StopReason
from femanode.solver.state import State
from femanode.solver.transport import NO_AGREEMENT

#: A plastic increment above its bound is accepted if the front advanced by less than this share of its allowed advance.
#: It is then a jump (a snap of the last core, a tearing neck), which does not become smaller with the step.
JUMP = 0.25

#: A change of content above its bound is accepted in a step of at most so many shortest ones: it is then faster than
#: steps can follow, as where a film or the whole section fills at once.
SHORTEST = 2.0

#: A step in which front and stress agreed only after so many rounds is not followed by a longer one, but by one the
#: shorter the more rounds there were: half the step takes less than half the rounds, and too long a one has none.
MANY_ROUNDS = 5

#: Makes a candidate from a state and a time step (s), or raises StepFailed.
Proposer = Callable[[Physics, State, float], Candidate]


@dataclass(frozen=True)
class Limits:
    """Bounds on one step and the ends of the run.

    Attributes
    ----------
    end : time at which the run ends, s
    front_advance : largest advance of the front in a step, in delta
    plastic, content : largest increments of equivalent plastic strain and of content at a point in a step
    filling : largest change of the reacted phase's own content at a point in a step; infinite: not looked at
    coupling : largest error of the front's position from extrapolating its stress, in delta
    min_step : shortest time step, s
    balance : largest relative error of the content balance
    arrest : mean v/k of the front below which the run ends, or None
    converted : converted fraction of the section at which the run ends, or None
    """

    end: float
    front_advance: float = 0.25
    plastic: float = 1.0
    content: float = 1.0
    filling: float = np.inf
    coupling: float = 0.05
    min_step: float = 1e-9
    balance: float = 1e-8
    arrest: float | None = 1e-3
    converted: float | None = 0.99


@dataclass
class Tally:
    """Counters of a run for its manifest: steps, Newton iterations, meshes, and rejections by reason."""

    accepted: int = 0
    rejected: int = 0
    newton: int = 0
    meshes: int = 1
    reasons: dict[str, int] = field(default_factory=dict)

    def reject(self, reason: str) -> None:
        """Count one rejected candidate under the first words of its reason."""
        self.rejected += 1
        key = re.split(r" \(| after |:| by | [0-9]", reason)[0]
        self.reasons[key] = self.reasons.get(key, 0) + 1


def coupling_bound(candidate: Candidate, limits: Limits) -> float:
    """Allowed coupling error, in delta.

    It is proportional to the advance of the step and at least a tenth of ``limits.coupling``, so that a slow front,
    which needs accuracy to come to rest at the right place, is held to a smaller error.
    """
    return limits.coupling * float(np.clip(candidate.advance / limits.front_advance, 0.1, 1.0))


#: Size of an atom, nm.
ATOM = 0.1

#: Beginnings of the reasons that a front gives which is too thick for its diffusivity.
CARRIERS = ("filling of the reacted phase leaves", "content balance off", NO_AGREEMENT, NO_BALANCE)


def check(candidate: Candidate, state: State, physics: Physics, limits: Limits) -> str:
    """Reason for which a candidate must be rejected; an empty string if it is accepted."""
    new = candidate.state
    if candidate.balance is not None and not np.isfinite(candidate.balance.error):
        return "content balance is not finite"
    if spoilt := new.not_finite() or _not_finite(candidate):
        return f"{spoilt} is not finite"
    # A front that uses up all carriers may undershoot activity 0 by 1e-4; more means that the step is too long. The
    # undershoot is weighted with h, as nodes that have just begun to convert hold almost nothing.
    h = conversion(new.xi, physics.front.start)
    lowest = physics.chemistry.lowest
    filled = (physics.chemistry.content(new.c) - lowest) / (1.0 - lowest)
    if filled.max() > 1.05 or float(np.max(-h * filled)) > 0.05:
        return f"{CARRIERS[0]} [0, 1]: {filled.min():.3g} to {filled.max():.3g}"
    if candidate.balance is not None and candidate.balance.error > limits.balance:
        return f"{CARRIERS[1]} by {candidate.balance.error:.1e} (allowed {limits.balance:.0e})"
    if candidate.coupling_error > coupling_bound(candidate, limits):
        return f"stress extrapolation moves the front by {candidate.coupling_error:.3f} delta too far or short"
    if candidate.advance > 1.05 * limits.front_advance:
        return f"front advance {candidate.advance:.2f} delta (allowed {limits.front_advance:.2f})"
    plastic = float(np.max(new.eqps - state.eqps))
    if plastic > limits.plastic and candidate.advance > JUMP * limits.front_advance:
        return f"plastic strain increment {plastic:.2f} (allowed {limits.plastic:.2f})"
    gained = float(np.max(np.abs(physics.content_at_nodes(new) - physics.content_at_nodes(state))))
    if gained > limits.content:
        return f"content increment {gained:.2f} (allowed {limits.content:.2f})"
    if candidate.filled > 1.1 * limits.filling and new.dt > SHORTEST * limits.min_step:
        return f"content of the reacted phase changes by {candidate.filled:.2g} (allowed {limits.filling:.2g})"
    return ""


def _too_thick(physics: Physics, state: State) -> str:
    """Said where carriers are held back in a layer thinner than the front, which no shorter step can mend.

    A front of speed v takes v c_f carriers, within the 1.24 delta in which it takes them up; their activity falls by
    v delta c_f/((1 - c_f) D) there. From about 1.6 on it falls to nothing.
    """
    outside = np.full(physics.spaces.n_nodes, 1.0 - state.outside)
    near, c_f = on_front(state.xi), physics.chemistry.at_front
    fastest = float(np.max(physics.speed(state, outside)[near], initial=0.0))
    if c_f >= 1.0 or not fastest > 0.0:
        return ""
    thinnest = (1.0 - c_f) * physics.diffusivity_at_front / (c_f * fastest)
    if physics.front.delta <= thinnest:
        return ""
    advice = (f"take a front.half_thickness below {thinnest:.2g} nm" if thinnest > ATOM else
              "such slow diffusion is out of reach of a front that is thicker than an atom")
    return (f"; carriers are held back in a layer thinner than the front, v delta c_f/((1 - c_f) D) = "
            f"{physics.front.delta / thinnest:.2g}: {advice}")


def _not_finite(candidate: Candidate) -> str:
    """Which figure of the step itself is not finite; empty where all are. A bound would take NaN for small."""
    figures = {"coupling error": candidate.coupling_error, "front advance": candidate.advance,
               "drive": candidate.drive, "headroom": candidate.headroom, "change of content": candidate.filled}
    if candidate.energy is not None:
        figures |= {f"energy ({name})": value for name, value in vars(candidate.energy).items()}
    if candidate.spent is not None:
        figures |= {f"electrical work ({name})": value for name, value in vars(candidate.spent).items()}
    return next((name for name, value in figures.items() if not np.isfinite(value)), "")


def _longest(physics: Physics, state: State, limits: Limits) -> float:
    """Time step (s) in which the fastest part of the front makes the allowed advance; the end time without a front."""
    speed = physics.speed(state)
    near = on_front(state.xi)
    fastest = float(np.max(speed[near], initial=0.0))
    return limits.front_advance * physics.front.delta / fastest if fastest > 0 else limits.end


def _first_step(physics: Physics, state: State, limits: Limits) -> float:
    """Time step (s) in which the fastest part of the front makes the allowed advance; the end time without a front.

    Where changes of the content are bounded, a tenth of the allowed change at the current that flows, or 1 s.
    """
    allowed = _longest(physics, state, limits)
    return min(allowed, _first_filling(physics, state, limits)) if np.isfinite(limits.filling) else allowed


def _first_filling(physics: Physics, state: State, limits: Limits) -> float:
    """Time step (s) in which the current that flows changes the mean content by a tenth of what is allowed."""
    given = physics.applied[state.step].current
    flows = max(abs(state.carried), abs(given or 0.0))
    return 0.1 * limits.filling * float(physics.spaces.mass.sum()) / flows if flows > 0.0 else 1.0


def _next_step(candidate: Candidate, physics: Physics, limits: Limits) -> float:
    """Next time step (s): keeps advance and coupling error near their bounds; half to twice the last step."""
    state = candidate.state
    bound, error = coupling_bound(candidate, limits), candidate.coupling_error
    grow = 2.0 if error <= 0 else min(2.0, 0.8 * np.sqrt(bound / error))
    if candidate.rounds >= MANY_ROUNDS:
        grow = min(grow, MANY_ROUNDS / (candidate.rounds + 1))
    if candidate.filled > 0.0:
        grow = min(grow, max(0.9 * limits.filling / candidate.filled, 0.5))
    return float(min(_longest(physics, state, limits), max(grow, 0.5) * state.dt))


def march(physics: Physics, state: State, limits: Limits, stops: list[float], tally: Tally,
          proposer: Proposer = propose, pace: Pace | None = None,
          ends: Sequence[Event] | None = None) -> Iterator[tuple[Candidate, StopReason | None]]:
    """Yield accepted candidates with None until one of the ends is reached; that one comes with the reason.

    Parameters
    ----------
    physics : Physics
    state : State
        Where to start.
    limits : Limits
    stops : list of float
        Output times that must be hit exactly, s. The end time is always hit exactly.
    tally : Tally
        Counts accepted and rejected candidates.
    proposer : Proposer
        Makes the candidates.
    pace : Pace, optional
        Pace of the candidate that led to ``state``; with it a run continues as if it had not been interrupted.
    ends : sequence of Event, optional
        What ends the march, in order of precedence. By default the converted fraction and the drive of ``limits``, the
        cut-off of a given current, and the end time.

    Raises
    ------
    ConvergenceError
        The step fell below ``limits.min_step``. The state of the last candidate yielded is still good.
    """
    times = sorted({t for t in stops if state.t < t < limits.end} | {limits.end})
    if pace is None:
        pace = Pace(_first_step(physics, state, limits))
    if ends is None:
        ends = usual_ends(limits.end, limits.converted, limits.arrest)
    while True:
        target = next(t for t in times if t > state.t)
        # So that no tiny step is left before the target, a step that covers most of the way to it is made half of it.
        remaining = target - state.t
        step = remaining if pace.dt >= remaining else (0.5 * remaining if pace.dt > 0.7 * remaining else pace.dt)
        candidate, reason, retry = _attempt(proposer, physics, state, step, limits, ends)
        if retry is not None:
            pace = replace(pace, dt=retry)
            continue
        if candidate is None:
            tally.reject(reason)
            pace = Pace(0.5 * step, ceiling=0.5 * step)
            if pace.dt < limits.min_step:
                cause = _too_thick(physics, state) if reason.startswith(CARRIERS) else ""
                raise ConvergenceError(f"t = {state.t:.6g} s: step fell to {pace.dt:.2e} s: {reason}{cause}")
            continue
        tally.accepted += 1
        tally.newton += candidate.equilibrium.iterations if candidate.equilibrium else 0
        new = candidate.state
        if step == remaining:
            new = replace(new, t=target)
        # After a rejection the ceiling on the step rises by a fifth per accepted step only, as a failed solve costs as
        # much as several good ones.
        ceiling = 1.2 * pace.ceiling
        pace = Pace(min(_next_step(candidate, physics, limits), ceiling), ceiling)
        candidate = replace(candidate, state=new, pace=pace)
        stop = next((event.reason for event in ends if event.reached(physics, state, candidate)), None)
        yield candidate, stop
        if stop is not None:
            return
        state = new


def _attempt(proposer: Proposer, physics: Physics, state: State, step: float, limits: Limits, ends: Sequence[Event],
             ) -> tuple[Candidate | None, str, float | None]:
    """Candidate, reason, retry: an acceptable candidate, or None with the reason for which it was rejected.

    ``retry`` is the length (s) of a shorter step to try instead, which stops where the candidate would pass an end.
    """
    try:
        candidate = proposer(physics, state, step)
    except StepFailed as error:
        return None, str(error), None
    reason = check(candidate, state, physics, limits)
    try:
        retry = _cut(physics, state, candidate.state, ends, limits.min_step, passed=not reason)
    except StepFailed as error:
        return None, reason or str(error), None
    return (candidate if not reason and retry is None else None), reason, retry


def _cut(physics: Physics, old: State, new: State, ends: Sequence[Event], least: float, *, passed: bool,
         ) -> float | None:
    """Length (s) of the shorter step that stops at the first end that the candidate passes; None if it passes none.

    ``passed`` says whether the candidate is acceptable otherwise; if not, only ends that are ``binding`` count. Below
    ``least`` (s) the time of an end cannot be located more closely: None is returned and the overshoot accepted.

    Raises
    ------
    StepFailed
        The time of an end is not finite.
    """
    found = [event.crossing(physics, old, new) for event in ends if passed or event.binding]
    if not all(np.isfinite(length) for length in found if length is not None):
        raise StepFailed("the time of the step's end is not finite")
    first = min((length for length in found if length is not None), default=None)
    return first if first is None or first > least else None
