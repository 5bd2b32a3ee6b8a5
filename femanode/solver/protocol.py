"""What is done to the wire: a sequence of steps, each with what is applied to the surface and what ends it."""

from __future__ import annotations

from dataclasses import dataclass

from femanode.solver.ends import Event
from femanode.solver.transport import FULL_ACTIVITY, Applied


@dataclass(frozen=True)
class Step:
    """One step: what is applied outside the surface, and its ends in order of precedence."""

    applied: Applied = FULL_ACTIVITY
    ends: tuple[Event, ...] = ()


@dataclass(frozen=True)
class Protocol:
    """Steps in the order in which they are made; `State.step` is the number of the one that a state is in."""

    steps: tuple[Step, ...]

    @property
    def applied(self) -> tuple[Applied, ...]:
        """What is applied in each step."""
        return tuple(step.applied for step in self.steps)
