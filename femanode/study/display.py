"""Progress of a sweep: a live table on a terminal, a line now and then elsewhere."""

from __future__ import annotations

import sys
import threading
import time
from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

from rich.console import Console, Group
from rich.live import Live
from rich.table import Table
from rich.text import Text

from femanode.simulation.progress import format_seconds
from femanode.study.execution.store import Outcome, Status

LINE_EVERY = 5.0
#: Running cases shown at once.
SHOWN = 12


@dataclass
class Board:
    """What is known while a sweep runs; told from several threads, read by the display."""

    total: int
    labels: Mapping[str, str]
    known: Counter[Status] = field(default_factory=Counter)
    running: dict[str, dict[str, Any]] = field(default_factory=dict)
    ended: Counter[Status] = field(default_factory=Counter)
    began: float = field(default_factory=time.monotonic)
    _lock: threading.Lock = field(default_factory=threading.Lock)

    def tell(self, event: Mapping[str, Any]) -> None:
        """Take an event of a case: started, progress."""
        with self._lock:
            entry = self.running.setdefault(str(event["case"]), {"since": time.monotonic()})
            entry.update(event)

    def end(self, outcome: Outcome) -> None:
        """Take the end of a case."""
        with self._lock:
            self.running.pop(outcome.hash, None)
            self.ended[outcome.status] += 1

    def snapshot(self) -> tuple[Counter[Status], list[tuple[str, float, float | None]], float | None]:
        """Counts by status, running cases (label, seconds, converted fraction), seconds left (if known)."""
        with self._lock:
            running = [(self.labels.get(case, case), time.monotonic() - e["since"], e.get("converted"))
                       for case, e in self.running.items()]
            counts = self.known + self.ended
            # Running cases count by the share that is done: counted at their end only, the time left would grow.
            part = sum(max(e["t"] / e["end"], e["converted"]) for e in self.running.values() if "end" in e)
            done, here = counts.total() + part, self.ended.total() + part
        spent = time.monotonic() - self.began
        return counts, running, spent / here * max(self.total - done, 0.0) if self.ended else None


def describe(board: Board) -> str:
    """One line: how many of how many, by status, how many run, time left."""
    counts, running, left = board.snapshot()
    said = ", ".join(f"{n} {status.value}" for status, n in sorted(counts.items()))
    tail = f"  about {format_seconds(left)} left" if left else ""
    return f"{counts.total()} of {board.total} cases ended{f' ({said})' if said else ''}, {len(running)} running{tail}"


def render(board: Board) -> Group:
    """The live table."""
    _, running, _ = board.snapshot()
    table = Table(box=None, padding=(0, 2, 0, 0))
    for name in ("running", "since", "converted"):
        table.add_column(name, justify="left" if name == "running" else "right")
    for name, since, converted in sorted(running, key=lambda r: -r[1])[:SHOWN]:
        table.add_row(name, format_seconds(since), "" if converted is None else f"{100 * converted:.0f} %")
    if len(running) > SHOWN:
        table.add_row(f"and {len(running) - SHOWN} more", "", "")
    return Group(Text(describe(board)), table)


@contextmanager
def watch(board: Board, quiet: bool = False) -> Iterator[Callable[[], None]]:
    """Context that shows `board`; gives a function to call when something has changed."""
    if quiet:
        yield lambda: None
        return
    if not sys.stderr.isatty():
        last = [time.monotonic()]

        def line() -> None:
            if time.monotonic() - last[0] >= LINE_EVERY:
                last[0] = time.monotonic()
                sys.stderr.write(describe(board) + "\n")
                sys.stderr.flush()

        yield line
        return
    with Live(get_renderable=lambda: render(board), console=Console(stderr=True), refresh_per_second=4):
        yield lambda: None
