"""What is done to the wire: steps, each with what is applied to its surface and what ends it."""

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
    """Steps in their order; `State.step` says which of them a state is in."""

    steps: tuple[Step, ...]

    @property
    def applied(self) -> tuple[Applied, ...]:
        """What is applied, by the number of the step."""
        return tuple(step.applied for step in self.steps)
