"""What ends a step of a protocol. Each kind of end says whether a time step passes it, and whether it is reached."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Protocol

import numpy as np

from femanode.constitutive.swelling import conversion
from femanode.solver.candidate import Candidate
from femanode.solver.physics import Physics
from femanode.solver.reasons import StopReason
from femanode.solver.state import State

#: How far above and below the cut-off a run may end, relative to the activity of the cut-off; 1e-3 is 0.03 mV.
ABOVE_CUTOFF, BELOW_CUTOFF = 1e-3, 1e-4

#: The front has entered everywhere when less than this share of the surface is unconverted.
FRONT_IN = 0.01

#: How far above the wanted converted fraction a run may end.
ABOVE_FRACTION = 1e-6


class Event(Protocol):
    """An end of a protocol's step.

    Attributes
    ----------
    reason : what the user is told
    binding : whether a time step that passes the end is cut there even if it was rejected for another reason. An end
        beyond which the step may have no solution needs this.
    """

    @property
    def reason(self) -> StopReason: ...

    @property
    def binding(self) -> bool: ...

    def crossing(self, physics: Physics, old: State, new: State) -> float | None:
        """Length (s) of the shorter time step that stops at the end; None if the step does not pass it."""
        ...

    def reached(self, physics: Physics, old: State, candidate: Candidate) -> bool:
        """Whether an accepted candidate is at the end."""
        ...


@dataclass(frozen=True)
class EndTime:
    """A time, s. `march` chooses its steps such that they hit it."""

    time: float
    reason: StopReason = StopReason.END_TIME
    binding: bool = False

    def crossing(self, physics: Physics, old: State, new: State) -> float | None:
        """See :meth:`Event.crossing`."""
        return None if not old.t < self.time < new.t else self.time - old.t

    def reached(self, physics: Physics, old: State, candidate: Candidate) -> bool:
        """See :meth:`Event.reached`."""
        return candidate.state.t >= self.time


@dataclass(frozen=True)
class Converted:
    """A converted fraction of the section's area."""

    fraction: float
    reason: StopReason = StopReason.CONVERTED
    binding: bool = False

    def crossing(self, physics: Physics, old: State, new: State) -> float | None:
        """See :meth:`Event.crossing`; the fraction is interpolated linearly over the step."""
        f0, f1 = physics.converted_fraction(old.xi), physics.converted_fraction(new.xi)
        if f1 <= self.fraction + ABOVE_FRACTION or f0 >= self.fraction:
            return None
        return new.dt * (self.fraction - f0) / (f1 - f0)

    def reached(self, physics: Physics, old: State, candidate: Candidate) -> bool:
        """See :meth:`Event.reached`."""
        new = candidate.state
        return physics.converted_fraction(new.xi) >= self.fraction - ABOVE_FRACTION


@dataclass(frozen=True)
class Arrested:
    """The front has come to rest: its mean drive v/k is below ``drive``.

    What a rise of the surface's activity could still add (the headroom of the candidate) counts as drive.
    """

    drive: float
    reason: StopReason = StopReason.ARRESTED
    binding: bool = False

    def crossing(self, physics: Physics, old: State, new: State) -> float | None:
        """See :meth:`Event.crossing`: a front that comes to rest passes nothing."""
        return None

    def reached(self, physics: Physics, old: State, candidate: Candidate) -> bool:
        """See :meth:`Event.reached`; a front that is still entering under a given current is not at rest."""
        begun = physics.applied[old.step].current is None or old.entered
        return begun and candidate.drive + candidate.headroom <= self.drive


@dataclass(frozen=True)
class CutOff:
    """The level outside the surface has reached that of the cut-off. Applies where a current into it is given."""

    reason: StopReason = StopReason.CUTOFF
    binding: bool = True

    def crossing(self, physics: Physics, old: State, new: State) -> float | None:
        """See :meth:`Event.crossing`; the level is interpolated linearly over the step."""
        applied = physics.applied[old.step]
        if applied.current is None or not old.entered:
            return None
        a0, a1 = 1.0 - old.outside, 1.0 - new.outside
        if a1 <= applied.cutoff + ABOVE_CUTOFF * abs(applied.cutoff) or a0 >= applied.cutoff:
            return None
        return new.dt * (applied.cutoff - a0) / (a1 - a0)

    def reached(self, physics: Physics, old: State, candidate: Candidate) -> bool:
        """See :meth:`Event.reached`.

        A front that is still entering may need the cut-off's activity for a while. That is an end only if it could not
        carry the current once it has entered everywhere.
        """
        applied, new = physics.applied[old.step], candidate.state
        if applied.current is None:
            return False
        at_cutoff = 1.0 - new.outside >= applied.cutoff - BELOW_CUTOFF * abs(applied.cutoff)
        return at_cutoff and (old.entered or not (new.entered or may_carry(physics, new)))


def usual_ends(end: float, converted: float | None, arrest: float | None) -> tuple[Event, ...]:
    """Ends by cut-off of a current, converted fraction, mean drive and time ``end`` (s), in order of precedence."""
    ends: list[Event] = []
    if converted is not None:
        ends.append(Converted(converted))
    if arrest is not None:
        ends.append(Arrested(arrest))
    return (CutOff(), *ends, EndTime(end))


def may_carry(physics: Physics, state: State) -> bool:
    """Whether the front, not yet everywhere in, will carry the given current at the cut-off once it is."""
    spaces, front, applied = physics.spaces, physics.front, physics.applied[state.step]
    if applied.current is None:
        return True
    length, film = spaces.reacting_length, physics.transport.film
    waiting = float(np.sum(length * (1.0 - conversion(state.xi, front.start))) / length.sum())
    below = applied.cutoff - 0.5 * applied.bound
    per_level = float(np.mean(physics.chemistry.secant(np.array([applied.cutoff]), np.array([below]))))
    across = 0.0 if film is None else applied.current / (film * per_level * float(length.sum()))
    activity = np.full(spaces.n_nodes, max(applied.cutoff - across, applied.cutoff - 2.0 * applied.bound))
    speed = physics.speed(state, activity)
    takes = float(np.sum(length * speed * physics.chemistry.content(activity)))
    return waiting > FRONT_IN and takes > applied.current
