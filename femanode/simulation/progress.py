"""Live progress of a run: a bar on a terminal, a line every few seconds elsewhere."""

from __future__ import annotations

import math
import sys
import time
from collections import deque
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING

from rich.console import Console
from rich.progress import BarColumn, TaskID, TextColumn, TimeElapsedColumn
from rich.progress import Progress as Bar
from rich.table import Column

if TYPE_CHECKING:
    from femanode.simulation.run import Progress

#: Seconds between lines where there is no terminal.
LINE_EVERY = 5.0

#: Reserve (see `Progress`) below which the front may come to rest at any step, which is then said.
NEAR_ARREST = 0.1


def format_seconds(seconds: float) -> str:
    """'45 s', '12.3 min' or '5.0 h'."""
    if seconds < 120:
        return f"{seconds:.0f} s"
    return f"{seconds / 60:.1f} min" if seconds < 7200 else f"{seconds / 3600:.1f} h"


def share_done(progress: Progress) -> float:
    """How much of the run is behind, 0..1: by time or by conversion, whichever is further; or by the protocol."""
    if progress.done is not None:
        return progress.done
    return min(max(progress.t / progress.end, progress.converted / progress.wanted), 1.0)


@dataclass(frozen=True)
class Slowing:
    """What a run still has to do over what it has done, in steps, where stress slows its front: a law of the reserve.

    Attributes
    ----------
    factor, offset : float
        The ratio is ``factor (reserve - offset)``.
    low, high : float
        The reserve between which the law has been seen to hold to a factor of two.
    """

    factor: float
    offset: float
    low: float
    high: float


#: Read off the bundled wires with elements of a half-thickness: 0.7 to 1.4 of the law for <100>, <110>, <111> and <112>
#: wires. An even front stands still all at once.
SLOWING: dict[str, Slowing] = {"uneven": Slowing(4.7, 0.0, 0.2, 0.75), "even": Slowing(3.0, 0.45, 0.6, 0.85),
                               "driven": Slowing(2.1, 0.0, 0.2, 0.7)}


class Estimate:
    """Time left, from the progress over what a run of this kind still has to do; said only where it is about right.

    At first the plan's number of steps tells (until `PLANNED` of them are made, beyond which its own error is too large
    a part of what is left). Then three ends are foreseen: the end time and the wanted depth, each at the pace of the
    last half of the run so far, and the front at rest, by `SLOWING`. The first of them counts, if what was foreseen
    lately agrees with it.
    """

    #: Seconds after the first step before anything is said.
    patience = 2.0
    #: Share of the planned steps up to which the plan tells.
    planned = 0.45
    #: Share of the run so far over which forecasts must agree, and within which factor of the time left.
    window, agreement = 0.4, 1.3

    def __init__(self) -> None:
        self._begin(0.0, 0)

    def _begin(self, now: float, steps: int) -> None:
        self._first, self._before, self._steps = now, steps, steps
        self._seen: deque[tuple[float, float, float]] = deque()
        self._foreseen: deque[tuple[float, float]] = deque()

    def left(self, progress: Progress, now: float) -> float | None:
        """Seconds left at the clock's ``now``; None while that cannot be told to a factor of two."""
        if not self._seen or progress.steps < self._steps:  # the first, or the next run of several
            self._begin(now, progress.steps)
        self._steps = progress.steps
        end = now + self._forecast(progress, now)
        spent = now - self._first
        while self._foreseen and self._foreseen[0][0] < now - self.window * spent:
            self._foreseen.popleft()
        self._foreseen.append((now, end))
        made = progress.steps - self._before
        if spent < self.patience:
            return None
        law = SLOWING[progress.front]
        if progress.reserve > law.high and 0 < progress.steps < self.planned * progress.planned:
            return spent / made * (progress.planned - progress.steps) if made > 0 else None
        known = law.low < progress.reserve and end < math.inf and len(self._foreseen) > 5
        left = end - now
        return left if known and all(left / self.agreement <= earlier - now <= left * self.agreement
                                     for _, earlier in self._foreseen) else None

    def _forecast(self, progress: Progress, now: float) -> float:
        """Seconds to the first of the ends; infinite where none is foreseen."""
        self._seen.append((now, progress.t / progress.end, progress.depth))
        while len(self._seen) > 2 and self._seen[1][0] <= 0.5 * (self._first + now):
            self._seen.popleft()
        then, *before = self._seen[0]
        ends = [(now - then) * max(1.0 - share, 0.0) / (share - old)
                for share, old in zip(self._seen[-1][1:], before, strict=True) if share > old]
        law, made = SLOWING[progress.front], progress.steps - self._before
        if progress.reserve <= law.high and made > 0:
            a_step = (now - self._first) / made
            ends.append(a_step * progress.steps * law.factor * max(progress.reserve - law.offset, 0.0))
        return min(ends, default=math.inf)


def describe(progress: Progress, left: float | None) -> str:
    """One line: time, converted fraction, front speed, about how long it still takes (s, or None: not said).

    Under a protocol it is cycle, step, potential and capacity instead; how long cycles to come take is not foreseen.
    """
    if progress.doing:
        return progress.doing
    if progress.step:
        return f"t = {format_seconds(progress.t)}  {progress.step}"
    said = ["close to arrest"] if progress.reserve < NEAR_ARREST else []
    said += [] if left is None else [f"about {format_seconds(left)} left"]
    return "  ".join([f"t = {format_seconds(progress.t)}", f"converted {100 * progress.converted:.1f} %",
                      f"front {progress.speed:.3g} nm/s, {progress.drive:.2f} of its rate k",
                      *([", ".join(said)] if said else [])])


@contextmanager
def live(quiet: bool = False) -> Iterator[Callable[[Progress], None] | None]:
    """Context that gives the callback for :func:`femanode.run`; nothing is shown when ``quiet``."""
    if quiet:
        yield None
        return
    estimate = Estimate()

    def left(progress: Progress) -> float | None:
        return None if progress.doing else estimate.left(progress, time.perf_counter())

    if not sys.stderr.isatty():
        last = [time.perf_counter() - LINE_EVERY]

        def line(progress: Progress) -> None:
            remaining = left(progress)
            if progress.doing or time.perf_counter() - last[0] >= LINE_EVERY:
                last[0] = time.perf_counter()
                sys.stderr.write(describe(progress, remaining) + "\n")
                sys.stderr.flush()

        yield line
        return
    share = TextColumn("{task.percentage:>3.0f} %", table_column=Column(min_width=5, no_wrap=True))
    with Bar(BarColumn(bar_width=10), share, TextColumn("{task.description}"), TimeElapsedColumn(),
             console=Console(stderr=True)) as bar:
        task: TaskID = bar.add_task("setting up", total=1.0)

        def show(progress: Progress) -> None:
            bar.update(task, completed=1.0 if progress.doing else share_done(progress),
                       description=describe(progress, left(progress)))

        yield show
