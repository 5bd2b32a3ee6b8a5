"""Live progress of a run: a bar on a terminal, a line every few seconds elsewhere."""

from __future__ import annotations

import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager

from rich.console import Console
from rich.progress import BarColumn, TaskID, TextColumn, TimeElapsedColumn
from rich.progress import Progress as Bar

from femanode.run import Progress

#: Seconds between lines where there is no terminal.
LINE_EVERY = 5.0


def format_seconds(seconds: float) -> str:
    """'45 s', '12.3 min' or '5.0 h'."""
    if seconds < 120:
        return f"{seconds:.0f} s"
    return f"{seconds / 60:.1f} min" if seconds < 7200 else f"{seconds / 3600:.1f} h"


def share_done(progress: Progress) -> float:
    """How much of the run is behind, 0..1: by time or by conversion, whichever is further."""
    return min(max(progress.t / progress.end, progress.converted), 1.0)


def describe(progress: Progress, started: float) -> str:
    """One line: time, converted fraction, front speed, estimate of the time left."""
    done = share_done(progress)
    spent = time.perf_counter() - started
    left = f"at most {format_seconds(spent * (1.0 - done) / done)} left" if done > 0.01 else "estimating time left"
    return (f"t = {format_seconds(progress.t)}  converted {100 * progress.converted:.1f} %  "
            f"front {progress.speed:.3g} nm/s (v/k {progress.drive:.2f})  {left}")


@contextmanager
def live(quiet: bool = False) -> Iterator[Callable[[Progress], None] | None]:
    """Context that gives the callback for :func:`femanode.run`; nothing is shown when ``quiet``."""
    if quiet:
        yield None
        return
    started = time.perf_counter()
    if not sys.stderr.isatty():
        last = [started - LINE_EVERY]

        def line(progress: Progress) -> None:
            if time.perf_counter() - last[0] >= LINE_EVERY:
                last[0] = time.perf_counter()
                sys.stderr.write(describe(progress, started) + "\n")
                sys.stderr.flush()

        yield line
        return
    with Bar(BarColumn(bar_width=24), TextColumn("{task.percentage:>3.0f} %"), TextColumn("{task.description}"),
             TimeElapsedColumn(), console=Console(stderr=True)) as bar:
        task: TaskID = bar.add_task("setting up", total=1.0)

        def show(progress: Progress) -> None:
            bar.update(task, completed=share_done(progress), description=describe(progress, started))

        yield show
