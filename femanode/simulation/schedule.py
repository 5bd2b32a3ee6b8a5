"""Which accepted steps become frames.

A run ends at a time, and often at a conversion, that nobody knows beforehand, yet as many frames are wanted as were
asked for. So more are kept on the way and reduced at the end:

1. A step is kept when it is the first at or past a line of a grid in converted fraction (or time). Where the run goes
   all the way, the grid's lines at ``level`` 0 are the N frames asked for; it starts finer than any step.
2. When more than `SPARE` N are kept, the grid is made twice as coarse. What is first past a coarse line is also first
   past that line of the finer grid, so that what is left does not depend on when this was done, nor on a break.
3. At the end those N are chosen whose places are nearest to N even ones, the first and the last step among them. A run
   of fewer steps keeps all of them.

Steps are as they would be without frames.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from femanode.output.writers import FrameEntry
from femanode.solver.problem import Problem
from femanode.solver.state import State

#: Frames kept on the way at most, in multiples of the number asked for; with four, places at the end err by an eighth
#: of their distance (where a run stops early).
SPARE = 4
#: How often the first grid can be made twice as coarse before it is that of a whole run: finer than any step.
FINEST = 30


class Schedule:
    """The rule for one run.

    Parameters
    ----------
    problem : Problem
    level : int
        Halvings of the grid, as a checkpoint has it.
    """

    def __init__(self, problem: Problem, level: int = FINEST) -> None:
        self.problem, self.level = problem, level
        self.wanted = problem.config.output.frames
        self._times = set(problem.output_times())
        start = problem.physics.converted_fraction(problem.initial_state().xi)
        # Without a front, or with one that stands still while carriers leave, conversion tells no two steps apart.
        self.by_time = (problem.config.output.frames_by == "time" or start > 0.999
                        or problem.config.boundary.protocol is not None)

    def place(self, state: State) -> float:
        """Where a state lies on the grid: its converted fraction, or its time in s."""
        return state.t if self.by_time else float(self.problem.physics.converted_fraction(state.xi))

    def due(self, state: State, entries: Sequence[FrameEntry]) -> bool:
        """Whether a state is to be kept beside those that are."""
        if self.wanted is None:
            return state.t in self._times
        return not entries or self._line(self.place(state)) > self._line(entries[-1].place)

    def thinned(self, entries: Sequence[FrameEntry]) -> list[FrameEntry]:
        """What is left on the coarsest grid that is needed; ``level`` follows."""
        kept = list(entries)
        while self.wanted is not None and len(kept) > SPARE * self.wanted:
            self.level -= 1
            left = kept[:1]
            for entry in kept[1:]:
                if self._line(entry.place) > self._line(left[-1].place):
                    left.append(entry)
            kept = left
        return kept

    def chosen(self, entries: Sequence[FrameEntry]) -> list[FrameEntry]:
        """As many as were asked for, evenly spread; all where there are no more, or where times were asked for."""
        count, last = self.wanted, len(entries) - 1
        if count is None or count > last:
            return list(entries)
        if count == 1:
            return [entries[last]]
        places = np.array([entry.place for entry in entries])
        nearest = np.searchsorted(0.5 * (places[1:] + places[:-1]), np.linspace(places[0], places[-1], count))
        picked = [0]
        for number in range(1, count - 1):
            picked.append(min(max(int(nearest[number]), picked[-1] + 1), last - (count - 1 - number)))
        return [entries[index] for index in (*picked, last)]

    def _line(self, place: float) -> int:
        """Number of the last line of the grid at or before a place."""
        limits = self.problem.limits
        whole = limits.end if self.by_time else limits.converted or 1.0
        return int(np.floor(place / whole * max((self.wanted or 1) - 1, 1) * 2.0**self.level * (1.0 + 1e-12)))
