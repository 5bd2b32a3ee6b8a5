"""Time stepping: a step proposes a candidate, a controller accepts or rejects it (part of the *solver*).

Nothing committed is changed before a candidate is accepted. Within a step the front and the carrier balance are
advanced first, with the front's stress extrapolated to the middle of the step; equilibrium follows once. The
candidate is rejected when the stress it ends with would have moved the front noticeably differently.
"""

from __future__ import annotations

import enum
import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field, replace

import numpy as np
from numpy.typing import NDArray

from femanode.constitutive.elastoplasticity import Moduli
from femanode.constitutive.swelling import content, conversion, volume_ratio
from femanode.errors import ConvergenceError
from femanode.front import Averager, Front
from femanode.mechanics import Equilibrium, Mechanics
from femanode.spaces import Spaces
from femanode.state import State
from femanode.transport import BARE, Balance, Transport

Array = NDArray[np.float64]


#: Front travel, in delta, over which the trend of the front's stress is taken.
SMOOTHING = 1.0


#: Largest activity, over that of the cut-off, that the sweeps of a step try; the step they then lead to is cut.
MOST_ACTIVITY = 1.5

#: How far above and below the cut-off a run may end, relative to its activity: 1e-3 is 0.03 mV.
ABOVE_CUTOFF, BELOW_CUTOFF = 1e-3, 1e-4

#: Share of the surface not yet converted below which the front counts as come in.
FRONT_IN = 0.01


#: Share of the allowed advance below which a plastic increment is a jump (a snap of the last core, a tearing neck) that
#: no smaller step resolves: it does not shrink with the step, and is let pass.
JUMP = 0.25


class StopReason(enum.Enum):
    """Why a run ended; the value is what the user reads."""

    END_TIME = "end time reached"
    CONVERTED = "converted fraction reached"
    ARRESTED = "front arrested"
    CUTOFF = "cut-off reached"


@dataclass(frozen=True)
class Limits:
    """Bounds on one step and the ends of the run.

    ``front_advance`` in delta, ``plastic`` and ``content`` largest increments at a point, ``coupling`` largest
    error of the front's position (in delta) from extrapolating its stress, ``min_step`` s, ``end`` s;
    ``arrest`` (v/k) and ``converted`` may be None.
    """

    end: float
    front_advance: float = 0.5
    plastic: float = 1.0
    content: float = 1.0
    coupling: float = 0.05
    min_step: float = 1e-9
    balance: float = 1e-8
    arrest: float | None = 1e-3
    converted: float | None = 0.99


@dataclass(frozen=True)
class Physics:
    """The solvers of one section, and the laws between them."""

    spaces: Spaces
    mechanics: Mechanics
    front: Front
    transport: Transport
    constants: Callable[[Array, Array], Moduli]
    c_front: float
    expansion: float

    def content_at_nodes(self, state: State) -> Array:
        """Carrier content C (N,)."""
        return content(conversion(state.xi, self.front.start), state.c, self.c_front)

    def content_at_points(self, xi: Array, c: Array) -> tuple[Array, Array]:
        """Converted fraction h and content C at the quadrature points, (elem, qp): each element's means.

        An element swells by exactly what it holds. Letting content vary within it instead gives the front's stress
        three times the ripple and buckles the first skin at the scale of the mesh.
        """
        h, shape = conversion(xi, self.front.start), self.spaces.weight.shape
        return (np.broadcast_to(self.spaces.element_mean(h), shape),
                np.broadcast_to(self.spaces.element_mean(content(h, c, self.c_front)), shape))

    def converted_fraction(self, xi: Array) -> float:
        """Area fraction converted, integral of h over the section."""
        mass = self.spaces.mass
        return float(np.sum(mass * conversion(xi, self.front.start)) / mass.sum())


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
    pace: Pace | None = None


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


def on_front(xi: Array) -> NDArray[np.bool_]:
    """Nodes within about five half-thicknesses of the front."""
    return xi * (1.0 - xi) > 6e-3


def front_mean(values: Array, xi: Array, spaces: Spaces) -> float:
    """Mean of nodal values over the front, weighted with xi (1 - xi)."""
    weight = spaces.mass * xi * (1.0 - xi)
    return float(np.sum(weight * values) / np.sum(weight)) if np.sum(weight) > 0 else 0.0


@dataclass(frozen=True)
class Moved:
    """Front and carriers at the end of a step.

    Extent, drop of activity from outside, depletion outside, whether a given current was carried whole, the balance,
    the front's speed (N,) and mean travel (nm) in the step.
    """

    xi: Array
    drop: Array
    outside: float
    entered: bool
    balance: Balance
    speed: Array
    travel: float

    @property
    def depletion(self) -> Array:
        """1 - c, (N,)."""
        return self.outside + self.drop

    def activity(self, physics: Physics, averager: Averager) -> Array:
        """Activity averaged across the front and extended along its normal, (N,); outside's where there is no front."""
        return 1.0 - self.outside - averager(physics.spaces.at_points(self.drop))


def headroom(physics: Physics, depletion: Array) -> float:
    """How far the mean activity of the surface may still rise: to that of the cut-off, or to 1 behind a film."""
    surface, length = physics.transport.surface, physics.spaces.surface_length
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
    moved = _advance_front(physics, state, dt)
    if isinstance(moved, str):
        return Candidate(None, moved)
    xi, e, balance, speed, travel = moved.xi, moved.depletion, moved.balance, moved.speed, moved.travel
    h, C = physics.content_at_points(xi, 1.0 - e)
    Jc = volume_ratio(C, physics.expansion)
    law = physics.constants(h, C)
    # Half of the last motion: all of it carries elements on that have done their swelling (a tenth more iterations).
    guess = state.u + 0.5 * dt * state.u_rate
    F33 = state.F33 + 0.5 * dt * state.F33_rate
    eq = physics.mechanics.solve(guess, F33, state.Cp_inv, state.eqps, Jc, law, dt)
    if not eq.converged:
        first = eq
        eq = physics.mechanics.solve(state.u, state.F33, state.Cp_inv, state.eqps, Jc, law, dt)
        eq = replace(eq, iterations=eq.iterations + first.iterations)
    if not eq.converged or eq.response is None:
        return Candidate(None, eq.message, balance, eq)
    averager = physics.front.averager(xi)
    stress = averager(eq.response.mean_mandel)
    activity = moved.activity(physics, averager)
    predicted = state.mean_stress + travel * state.mean_stress_trend
    near = on_front(xi)
    if not near.any():
        # A step that converts all that is left has moved the front it began with.
        near = on_front(state.xi)
    advance = dt / physics.front.delta * float(np.max(speed[near], initial=0.0))
    # Linear trend by discounted least squares over about one half-thickness of travel: the mesh gives the
    # average a ripple of that period, and extrapolation would amplify it.
    keep = np.exp(-advance / SMOOTHING)
    surprise = stress - predicted
    stress = predicted + (1.0 - keep**2) * surprise
    trend = state.mean_stress_trend + (1.0 - keep) ** 2 * surprise / max(travel, 1e-3 * physics.front.delta)
    front, n = physics.front, physics.front.normals(xi)
    miss = front.speed(n, stress, activity) - front.speed(n, predicted, activity)
    # The extrapolated mean over the step errs by half of what the end of the step does.
    error = 0.5 * dt / front.delta * float(np.max(np.abs(miss[near]), initial=0.0))
    drive = front_mean(front.kinetics.drive(stress, activity), xi, physics.spaces)
    new = State(state.t + dt, dt, xi, e, eq.u, eq.F33, eq.response.Cp_inv, eq.response.eqps, stress, activity,
                eq.response.mean_mandel, (eq.u - state.u) / dt, (eq.F33 - state.F33) / dt,
                trend, moved.outside, moved.entered)
    return Candidate(new, "", balance, eq, error, advance, drive if near.any() else 1.0,
                     headroom(physics, e))


def _advance_front(physics: Physics, state: State, dt: float) -> Moved | str:
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
    stress = state.mean_stress
    nodal_stress = physics.spaces.to_nodes(state.point_stress)
    activity, e, n = state.activity, state.depletion, front.normals(state.xi)
    travel = dt * front_mean(front.speed(n, stress, activity), state.xi, physics.spaces)
    previous: Array | None = None
    for sweep in range(40):
        stress = state.mean_stress + 0.5 * travel * state.mean_stress_trend
        balanced = front.kinetics.equilibrium_activity(stress)
        speed = front.speed(n, stress, activity)
        xi = front.advance(state.xi, speed, n, dt)
        if not np.all(np.isfinite(xi)):
            return "front equation gave a value that is not finite"
        h = conversion(xi, front.start)
        if previous is not None and float(np.max(np.abs(xi - previous))) < agreed:
            drop, outside = transport.step(C_n, h, e, nodal_stress, dt, least=limit)
            if not np.all(np.isfinite(drop)):
                return "carrier balance gave a value that is not finite"
            return Moved(xi, drop, outside, state.entered or outside > full,
                         transport.balance(C_n, h, drop, nodal_stress, dt, outside), speed, travel)
        previous = xi
        # Half a step of the fixed point: it converges up to three times the step at which the full one does.
        travel = 0.5 * (travel + dt * front_mean(speed, xi, physics.spaces))
        gain = np.where(activity > balanced, (h - h_n) / np.maximum(activity - balanced, 1e-6), 0.0)
        # About the last sweep's own activity the sink vanishes as sweeps agree; about the average a share of the uptake
        # stays, which is nothing only where the activity outside is given.
        about = activity if surface == BARE else 1.0 - e
        drop, outside = transport.step(C_n, h, e, nodal_stress, dt, (np.maximum(gain, 0.0), about), bound)
        e = outside + drop
        if sweep == 0:
            n = front.normals(0.5 * (xi + state.xi))
        averager = front.averager(xi)
        activity = 1.0 - outside - averager(physics.spaces.at_points(drop))
    return "front and carrier balance did not agree"


def coupling_bound(candidate: Candidate, limits: Limits) -> float:
    """Allowed coupling error in delta: falls with the advance, down to a tenth, so that a slow front stops cleanly."""
    return limits.coupling * float(np.clip(candidate.advance / limits.front_advance, 0.1, 1.0))


def check(candidate: Candidate, state: State, physics: Physics, limits: Limits) -> str:
    """Why a candidate must be rejected, or an empty string."""
    new = candidate.state
    if new is None:
        return candidate.message
    for name in ("xi", "depletion", "u", "Cp_inv", "eqps", "mean_stress"):
        if not np.all(np.isfinite(getattr(new, name))):
            return f"{name} is not finite"
    # A front that takes all there is leaves an undershoot of 1e-4; one step too many takes what is not there.
    if new.depletion.min() < -0.05 or new.depletion.max() > 1.05:
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
    speed = physics.front.speed(n, state.mean_stress, state.activity)
    near = on_front(state.xi)
    fastest = float(np.max(speed[near], initial=0.0))
    return limits.front_advance * physics.front.delta / fastest if fastest > 0 else limits.end


def _next_step(candidate: Candidate, physics: Physics, limits: Limits) -> float:
    """Step that keeps the advance and the coupling error near their bounds, at most doubling."""
    state = candidate.state
    if state is None:
        raise ValueError("no accepted state")
    bound, error = coupling_bound(candidate, limits), candidate.coupling_error
    grow = 2.0 if error <= 0 else min(2.0, 0.8 * np.sqrt(bound / error))
    return float(min(_first_step(physics, state, limits), max(grow, 0.5) * state.dt))


def march(physics: Physics, state: State, limits: Limits, stops: list[float], tally: Tally,
          proposer: Callable[[Physics, State, float], Candidate] = propose, pace: Pace | None = None,
          ) -> Iterator[tuple[Candidate, StopReason | None]]:
    """Yield accepted candidates until a stop condition holds; the last comes with its reason.

    Parameters
    ----------
    state : State
        Where to start.
    stops : list of float
        Times that must be hit exactly, s (output times); the end time always is.
    pace : Pace, optional
        Of the candidate that brought ``state``, to go on as if there had been no break.

    Raises
    ------
    ConvergenceError
        The step fell below ``limits.min_step``; ``state`` of the last candidate yielded is still good.
    """
    times = sorted({t for t in stops if state.t < t < limits.end} | {limits.end})
    if pace is None:
        pace = Pace(_first_step(physics, state, limits))
    while True:
        target = next(t for t in times if t > state.t)
        # A step that would leave a sliver before the target is stretched over it or halved.
        remaining = target - state.t
        step = remaining if pace.dt >= remaining else (0.5 * remaining if pace.dt > 0.7 * remaining else pace.dt)
        candidate = proposer(physics, state, step)
        reason = check(candidate, state, physics, limits)
        retry = _cut(physics, state, candidate.state, limits, passed=not reason)
        if retry is not None:
            pace = replace(pace, dt=retry)
            continue
        if reason or candidate.state is None:
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
        stop = _stop(physics, state, candidate, limits)
        yield candidate, stop
        if stop is not None:
            return
        state = new


def _cut(physics: Physics, old: State, new: State | None, limits: Limits, *, passed: bool) -> float | None:
    """Shorter step that ends where the run does, or None where the candidate does not overshoot."""
    if new is None:
        return None
    retry = _cut_at_activity(physics, old, new)
    if retry is None and passed and limits.converted is not None:
        return _cut_at_fraction(physics, old, new, limits.converted)
    # So steep a rise is no matter of the step any more.
    return retry if retry is None or retry > limits.min_step else None


def _cut_at_fraction(physics: Physics, old: State, new: State, wanted: float) -> float | None:
    """Shorter step that ends at the wanted converted fraction, or None where the candidate does not overshoot."""
    f0, f1 = physics.converted_fraction(old.xi), physics.converted_fraction(new.xi)
    if f1 <= wanted + 1e-6 or f0 >= wanted:
        return None
    return new.dt * (wanted - f0) / (f1 - f0)


def _cut_at_activity(physics: Physics, old: State, new: State) -> float | None:
    """Shorter step that ends at the cut-off of a given current, or None where the candidate does not overshoot."""
    surface = physics.transport.surface
    if surface.current is None or not old.entered:
        return None
    a0, a1 = 1.0 - old.outside, 1.0 - new.outside
    if a1 <= surface.cutoff * (1.0 + ABOVE_CUTOFF) or a0 >= surface.cutoff:
        return None
    return new.dt * (surface.cutoff - a0) / (a1 - a0)


def _may_carry(physics: Physics, state: State) -> bool:
    """Whether a front that has not come in everywhere could carry the given current once it has, at the cut-off."""
    s, front, surface = physics.spaces, physics.front, physics.transport.surface
    if surface.current is None:
        return True
    length = s.surface_length
    waiting = float(np.sum(length * (1.0 - conversion(state.xi, front.start))) / length.sum())
    across = 0.0 if surface.film is None else surface.current / (
        surface.film * (1.0 - physics.c_front) * float(length.sum()))
    speed = front.speed(front.normals(state.xi), state.mean_stress, np.full(s.n_nodes, surface.cutoff - across))
    return waiting > FRONT_IN and physics.c_front * float(np.sum(length * speed)) > surface.current


def _stop(physics: Physics, old: State, candidate: Candidate, limits: Limits) -> StopReason | None:
    new = candidate.state
    if new is None:
        return None
    surface = physics.transport.surface
    if limits.converted is not None and physics.converted_fraction(new.xi) >= limits.converted - 1e-6:
        return StopReason.CONVERTED
    begun = surface.current is None or old.entered
    if limits.arrest is not None and begun and candidate.drive + candidate.headroom <= limits.arrest:
        return StopReason.ARRESTED
    if surface.current is not None:
        at_cutoff = 1.0 - new.outside >= surface.cutoff * (1.0 - BELOW_CUTOFF)
        if at_cutoff and (old.entered or not (new.entered or _may_carry(physics, new))):
            return StopReason.CUTOFF
    return StopReason.END_TIME if new.t >= limits.end else None


__all__ = ["Averager", "Candidate", "Limits", "Pace", "Physics", "StopReason", "Tally", "check", "march", "on_front",
           "propose"]
