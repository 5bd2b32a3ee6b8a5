"""What is done to the wire: a sequence of steps, each with what is applied to the surface and what ends it."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np

from femanode.constitutive.swelling import conversion
from femanode.solver.applied import FULL_ACTIVITY, Applied
from femanode.solver.ends import Event
from femanode.solver.physics import Physics
from femanode.solver.reasons import StopReason
from femanode.solver.state import State

#: Content of the section below which a step that takes carriers out has nothing to begin with.
NOTHING = 1e-6


@dataclass(frozen=True)
class Step:
    """One step: what is applied outside the surface, and its ends in order of precedence.

    Attributes
    ----------
    applied : what is applied
    ends : what ends it
    name : as the user is told
    cycle, number : of the repetition and of the step within it, from 1 on
    charges : states of charge that end it and lie above (insertion) or below (extraction) where it may begin
    """

    applied: Applied = FULL_ACTIVITY
    ends: tuple[Event, ...] = ()
    name: str = ""
    cycle: int = 1
    number: int = 1
    charges: tuple[float, ...] = ()


@dataclass(frozen=True)
class Ended:
    """A step that is over.

    Attributes
    ----------
    step : its place in the protocol, from 0 on
    begun, ended : times, s
    reason : what ended it; a sentence where it was not begun
    """

    step: int
    begun: float
    ended: float
    reason: str


@dataclass(frozen=True)
class Protocol:
    """Steps in the order in which they are made; `State.step` is the number of the one that a state is in."""

    steps: tuple[Step, ...]

    @property
    def applied(self) -> tuple[Applied, ...]:
        """What is applied in each step."""
        return tuple(step.applied for step in self.steps)

    def after(self, physics: Physics, state: State, reason: StopReason) -> tuple[State, list[Ended]]:
        """The state at the beginning of the next step that can begin, and what is to be said of the steps before it.

        Where none is left, ``state.step`` stays that of the last one made.

        Parameters
        ----------
        reason : what ended the step that ``state`` is in
        """
        return self._next(physics, state, state.step + 1, [Ended(state.step, state.began, state.t, reason.value)])

    def begin(self, physics: Physics, state: State) -> tuple[State, list[Ended], bool]:
        """The state before the run, in the first step that can begin; those before it; whether any can."""
        following, said = self._next(physics, state, 0, [])
        return following, said, len(said) < len(self.steps)

    def _next(self, physics: Physics, state: State, first: int, said: list[Ended]) -> tuple[State, list[Ended]]:
        """The state in the first step from ``first`` on that can begin, and ``said`` with those that cannot."""
        for k in range(first, len(self.steps)):
            why = self._hindered(physics, state, self.steps[k])
            if why is None:
                covered = float(np.min(conversion(state.xi[physics.spaces.reacting], physics.front.start)))
                return replace(state, step=k, began=state.t, entered=state.entered or covered > 0.5), said
            said.append(Ended(k, state.t, state.t, why))
        return state, said

    def _hindered(self, physics: Physics, state: State, step: Step) -> str | None:
        """Why a step cannot begin; None if it can."""
        mass = physics.spaces.mass
        charge = float(np.sum(mass * physics.content_at_nodes(state)) / mass.sum())
        current = step.applied.current
        if current is not None and current < 0.0 and charge < NOTHING:
            return "not begun: the section holds no carriers"
        for wanted in step.charges:
            if current is not None and (charge - wanted) * np.sign(current) >= 0.0:
                return f"not begun: the state of charge is {charge:.4f}, its end is at {wanted:.4f}"
        if _is_beyond(state, step.applied):
            return "not begun: the potential is beyond its end already"
        return None


def _is_beyond(state: State, applied: Applied) -> bool:
    """Whether the level outside is beyond where a given current ends, and cannot come back when that current flows.

    It cannot if the last current had the same sign and was no larger; of another one the first time step tells. Without
    this a time step at a high current led far beyond an end that a lower one had passed.
    """
    current, level = applied.current, 1.0 - state.outside
    if not current or not state.entered or current * state.carried < 0.0 or abs(current) < abs(state.carried):
        return False
    return level >= applied.cutoff if current > 0.0 else level <= applied.cutoff
