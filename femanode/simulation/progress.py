"""Live progress of a run: a bar on a terminal, a line every few seconds elsewhere."""

from __future__ import annotations

import sys
import time
from collections import deque
from collections.abc import Callable, Iterator
from contextlib import contextmanager
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


class Estimate:
    """Time left, by the pace of the last half of the run so far.

    The start of a run is left out in this way: loops are compiled there, and the first skin forms in small steps.
    """

    #: Seconds after the first step before anything is said.
    patience = 2.0

    def __init__(self) -> None:
        self._seen: deque[tuple[float, float]] = deque()
        self._first: float | None = None

    def left(self, done: float, now: float) -> float | None:
        """Seconds left at the share ``done`` and the clock's ``now``; None while that cannot be told."""
        if self._first is None:
            self._first = now
        self._seen.append((now, done))
        while len(self._seen) > 2 and self._seen[1][0] <= 0.5 * (self._first + now):
            self._seen.popleft()
        then, before = self._seen[0]
        if now - self._first < self.patience or done <= before:
            return None
        return (now - then) * (1.0 - done) / (done - before)


def describe(progress: Progress, left: float | None) -> str:
    """One line: time, converted fraction, front speed, estimate of the time left (s, or None).

    Under a protocol it is cycle, step, potential and capacity instead; how long cycles to come take is not foreseen.
    """
    if progress.step:
        return f"t = {format_seconds(progress.t)}  {progress.step}"
    said = "estimating time left" if left is None else f"at most {format_seconds(left)} left"
    if progress.reserve < NEAR_ARREST:
        said = "close to arrest, " + said
    return (f"t = {format_seconds(progress.t)}  converted {100 * progress.converted:.1f} %  "
            f"front {progress.speed:.3g} nm/s, {progress.drive:.2f} of its rate k  {said}")


@contextmanager
def live(quiet: bool = False) -> Iterator[Callable[[Progress], None] | None]:
    """Context that gives the callback for :func:`femanode.run`; nothing is shown when ``quiet``."""
    if quiet:
        yield None
        return
    estimate = Estimate()

    def left(progress: Progress) -> float | None:
        return estimate.left(share_done(progress), time.perf_counter())

    if not sys.stderr.isatty():
        last = [time.perf_counter() - LINE_EVERY]

        def line(progress: Progress) -> None:
            remaining = left(progress)
            if time.perf_counter() - last[0] >= LINE_EVERY:
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
            bar.update(task, completed=share_done(progress), description=describe(progress, left(progress)))

        yield show
