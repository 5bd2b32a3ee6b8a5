"""Ends that only a protocol's steps have."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from femanode.constitutive.swelling import conversion
from femanode.solver.candidate import Candidate
from femanode.solver.physics import Physics
from femanode.solver.reasons import StopReason
from femanode.solver.state import State

#: How far beyond and before its level an end may be taken as reached; 1e-3 is 1 mV of a measured curve.
BEYOND, BEFORE = 1e-3, 1e-4

#: How far below the current that ends a hold it may have fallen, relative to that current.
BELOW_CURRENT = 0.02


#: Share of the surface that has to be converted before a small current of a hold is one that has fallen.
ENTERED = 0.5


@dataclass(frozen=True)
class Emptied:
    """The level outside the surface has fallen to ``level``, while carriers leave at a given current."""

    level: float
    reason: StopReason = StopReason.POTENTIAL
    binding: bool = True

    def crossing(self, physics: Physics, old: State, new: State) -> float | None:
        """See :meth:`femanode.solver.ends.Event.crossing`; the level is interpolated linearly over the step."""
        before, after = 1.0 - old.outside, 1.0 - new.outside
        if after >= self.level - BEYOND or before <= self.level:
            return None
        return new.dt * (before - self.level) / (before - after)

    def reached(self, physics: Physics, old: State, candidate: Candidate) -> bool:
        """See :meth:`femanode.solver.ends.Event.reached`."""
        return 1.0 - candidate.state.outside <= self.level + BEFORE


@dataclass(frozen=True)
class Relaxed:
    """The level outside has passed ``level`` while no current flows, or on its way there in a rest."""

    level: float
    reason: StopReason = StopReason.POTENTIAL
    binding: bool = False

    def crossing(self, physics: Physics, old: State, new: State) -> float | None:
        """See :meth:`femanode.solver.ends.Event.crossing`; rests are not cut."""
        return None

    def reached(self, physics: Physics, old: State, candidate: Candidate) -> bool:
        """See :meth:`femanode.solver.ends.Event.reached`."""
        before, after = 1.0 - old.outside, 1.0 - candidate.state.outside
        return old.t > old.began and (before - self.level) * (after - self.level) <= 0.0


@dataclass(frozen=True)
class CurrentBelow:
    """The current of a hold has fallen to ``per_area`` times the area plus ``per_length`` times the surface.

    Both are contents per time without sign: 1/s and nm/s.
    """

    per_area: float
    per_length: float = 0.0
    reason: StopReason = StopReason.CURRENT
    binding: bool = False

    def crossing(self, physics: Physics, old: State, new: State) -> float | None:
        """See :meth:`femanode.solver.ends.Event.crossing`; a current decays exponentially."""
        before, after, least = abs(old.carried), abs(new.carried), self._least(physics)
        if before <= least or after >= (1.0 - BELOW_CURRENT) * least or not after:
            return None
        return new.dt * float(np.log(before / least) / np.log(before / after))

    def _least(self, physics: Physics) -> float:
        spaces = physics.spaces
        return float(self.per_area * spaces.mass.sum() + self.per_length * spaces.reacting_length.sum())

    def reached(self, physics: Physics, old: State, candidate: Candidate) -> bool:
        """See :meth:`femanode.solver.ends.Event.reached`; not while a front is only entering, whose current rises."""
        length, new = physics.spaces.reacting_length, candidate.state
        covered = float(np.sum(length * conversion(new.xi, physics.front.start)) / length.sum())
        entering = covered < ENTERED and candidate.drive > 0.0
        return not entering and abs(new.carried) <= self._least(physics)


@dataclass(frozen=True)
class Elapsed:
    """A time, s, since the step began."""

    time: float
    reason: StopReason = StopReason.TIME
    binding: bool = False

    def crossing(self, physics: Physics, old: State, new: State) -> float | None:
        """See :meth:`femanode.solver.ends.Event.crossing`."""
        end = old.began + self.time
        return end - old.t if new.t > end * (1.0 + 1e-12) else None

    def reached(self, physics: Physics, old: State, candidate: Candidate) -> bool:
        """See :meth:`femanode.solver.ends.Event.reached`."""
        return candidate.state.t >= (old.began + self.time) * (1.0 - 1e-12)


@dataclass(frozen=True)
class Charge:
    """A state of charge: content of the section over that of a full one."""

    charge: float
    reason: StopReason = StopReason.CHARGE
    binding: bool = False

    def crossing(self, physics: Physics, old: State, new: State) -> float | None:
        """See :meth:`femanode.solver.ends.Event.crossing`; interpolated linearly over the step."""
        before, after = state_of_charge(physics, old), state_of_charge(physics, new)
        if (before - self.charge) * (after - self.charge) >= 0.0 or abs(after - self.charge) < 1e-6:
            return None
        return new.dt * (self.charge - before) / (after - before)

    def reached(self, physics: Physics, old: State, candidate: Candidate) -> bool:
        """See :meth:`femanode.solver.ends.Event.reached`."""
        before, after = state_of_charge(physics, old), state_of_charge(physics, candidate.state)
        return (before - self.charge) * (after - self.charge) <= 0.0 or abs(after - self.charge) < 1e-6


def state_of_charge(physics: Physics, state: State) -> float:
    """Content of the section over that of a full one."""
    mass = physics.spaces.mass
    return float(np.sum(mass * physics.content_at_nodes(state)) / mass.sum())
