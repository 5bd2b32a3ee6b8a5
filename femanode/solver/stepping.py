"""Time stepping: a step proposes a candidate, a controller accepts or rejects it.

Nothing committed is changed before a candidate is accepted. It is rejected when the stress it ends with would have
moved the front noticeably differently.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field, replace

import numpy as np

from femanode.constitutive.swelling import conversion
from femanode.errors import ConvergenceError
from femanode.solver.candidate import Candidate, Pace, propose
from femanode.solver.ends import Event, StopReason, usual_ends
from femanode.solver.failure import StepFailed
from femanode.solver.front import on_front
from femanode.solver.physics import Physics
from femanode.solver.state import State

#: Share of the allowed advance below which a plastic increment is a jump (a snap of the last core, a tearing neck) that
#: no smaller step resolves: it does not shrink with the step, and is let pass.
JUMP = 0.25


#: Makes a candidate of a state and a time step, or raises StepFailed.
Proposer = Callable[[Physics, State, float], Candidate]


@dataclass(frozen=True)
class Limits:
    """Bounds on one step and the ends of the run.

    ``front_advance`` in delta, ``plastic`` and ``content`` largest increments at a point, ``coupling`` largest
    error of the front's position (in delta) from extrapolating its stress, ``min_step`` s, ``end`` s;
    ``arrest`` (v/k) and ``converted`` may be None.
    """

    end: float
    front_advance: float = 0.25
    plastic: float = 1.0
    content: float = 1.0
    coupling: float = 0.05
    min_step: float = 1e-9
    balance: float = 1e-8
    arrest: float | None = 1e-3
    converted: float | None = 0.99


@dataclass
class Tally:
    """Counters of a run, for the manifest."""

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
    """Allowed coupling error in delta: falls with the advance, down to a tenth, so that a slow front stops cleanly."""
    return limits.coupling * float(np.clip(candidate.advance / limits.front_advance, 0.1, 1.0))


def check(candidate: Candidate, state: State, physics: Physics, limits: Limits) -> str:
    """Why a candidate must be rejected; empty where it is accepted."""
    new = candidate.state
    for name in ("xi", "depletion", "u", "Cp_inv", "eqps", "front_stress", "curvature"):
        if not np.all(np.isfinite(getattr(new, name))):
            return f"{name} is not finite"
    # A front that takes all there is leaves an undershoot of 1e-4; one step too many takes what is not there. What is
    # missing counts by the share that is converted: a node that has just begun to convert holds next to nothing.
    h = conversion(new.xi, physics.front.start)
    if new.depletion.min() < -0.05 or float(np.max(h * (new.depletion - 1.0))) > 0.05:
        return f"activity leaves [0, 1]: {1.0 - new.depletion.max():.3g} to {1.0 - new.depletion.min():.3g}"
    if candidate.balance is not None and candidate.balance.error > limits.balance:
        return f"content balance off by {candidate.balance.error:.1e} (allowed {limits.balance:.0e})"
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
    return ""


def _first_step(physics: Physics, state: State, limits: Limits) -> float:
    n = physics.front.normals(state.xi)
    speed = physics.front.speed(n, state.front_stress, state.activity)
    near = on_front(state.xi)
    fastest = float(np.max(speed[near], initial=0.0))
    return limits.front_advance * physics.front.delta / fastest if fastest > 0 else limits.end


def _next_step(candidate: Candidate, physics: Physics, limits: Limits) -> float:
    """Step that keeps the advance and the coupling error near their bounds, at most doubling."""
    state = candidate.state
    bound, error = coupling_bound(candidate, limits), candidate.coupling_error
    grow = 2.0 if error <= 0 else min(2.0, 0.8 * np.sqrt(bound / error))
    return float(min(_first_step(physics, state, limits), max(grow, 0.5) * state.dt))


def march(physics: Physics, state: State, limits: Limits, stops: list[float], tally: Tally,
          proposer: Proposer = propose, pace: Pace | None = None,
          ends: Sequence[Event] | None = None) -> Iterator[tuple[Candidate, StopReason | None]]:
    """Yield accepted candidates until a stop condition holds; the last comes with its reason.

    Parameters
    ----------
    state : State
        Where to start.
    stops : list of float
        Times that must be hit exactly, s (output times); the end time always is.
    pace : Pace, optional
        Of the candidate that brought ``state``, to go on as if there had been no break.
    ends : sequence of Event, optional
        What ends the march, in order of precedence; by default the end time, the converted fraction and the drive of
        ``limits``, and the cut-off of a given current.

    Raises
    ------
    ConvergenceError
        The step fell below ``limits.min_step``; ``state`` of the last candidate yielded is still good.
    """
    times = sorted({t for t in stops if state.t < t < limits.end} | {limits.end})
    if pace is None:
        pace = Pace(_first_step(physics, state, limits))
    if ends is None:
        ends = usual_ends(limits.end, limits.converted, limits.arrest)
    while True:
        target = next(t for t in times if t > state.t)
        # A step that would leave a sliver before the target is stretched over it or halved.
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
                raise ConvergenceError(f"t = {state.t:.6g} s: step fell to {pace.dt:.2e} s: {reason}")
            continue
        tally.accepted += 1
        tally.newton += candidate.equilibrium.iterations if candidate.equilibrium else 0
        new = candidate.state
        if step == remaining:
            new = replace(new, t=target)
        # What failed a moment ago is approached again by small stages: a failed solve costs several good ones.
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
    """An acceptable candidate; else None, why there is none, and the length of a shorter step that ends at an end."""
    try:
        candidate = proposer(physics, state, step)
    except StepFailed as error:
        return None, str(error), None
    reason = check(candidate, state, physics, limits)
    retry = _cut(physics, state, candidate.state, ends, limits.min_step, passed=not reason)
    return (candidate if not reason and retry is None else None), reason, retry


def _cut(physics: Physics, old: State, new: State, ends: Sequence[Event], least: float, *, passed: bool,
         ) -> float | None:
    """Length of the shorter step that ends at the first end that the candidate passes; None where it passes none.

    Shorter than ``least`` an end cannot be located: the step is then taken as it is, a little beyond the end.
    """
    found = [event.crossing(physics, old, new) for event in ends if passed or event.binding]
    first = min((length for length in found if length is not None), default=None)
    return first if first is None or first > least else None
