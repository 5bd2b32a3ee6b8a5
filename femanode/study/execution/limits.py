"""Limits of one case: how long its process runs, how much memory it takes, and what is done when it is too much."""

from __future__ import annotations

import signal
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

import psutil

from femanode.study.execution.store import Status

#: Seconds given to a case to save itself.
GRACE = 20.0

Tell = Callable[[dict[str, Any]], None]


@dataclass(frozen=True)
class Ending:
    """Exit code (negative: signal) of a case's process, the limit it was stopped for, time (s), peak memory (MB)."""

    code: int
    limit: Status | None = None
    message: str = ""
    wall_s: float = 0.0
    memory_MB: float | None = None


class Watch:
    """Limits of one case: when it started, what it uses, whether it has been told to stop."""

    def __init__(self, job: Mapping[str, Any]) -> None:
        self.job = job
        self.process: psutil.Process | None = None
        self.started: float | None = None
        self.stopped: tuple[Status, str, float] | None = None
        self.killed = False
        self.peak = 0.0

    def hear(self, word: str, rest: str, tell: Tell) -> None:
        """Take one line of the launcher or the case."""
        if word == "pid":
            try:
                self.process = psutil.Process(int(rest))
            except psutil.NoSuchProcess:
                self.process = None
        elif word == "started":
            self.started = time.monotonic()
            tell({"case": self.job["hash"], "event": "started"})
        elif word == "progress":
            t, converted, end = map(float, rest.split())
            tell({"case": self.job["hash"], "event": "progress", "t": t, "converted": converted, "end": end})

    def look(self) -> None:
        """Stop the case where a limit is passed: it may save itself for time, not for memory."""
        now = time.monotonic()
        wall, memory = self.job["wall"], self.job["memory"]
        used = self._memory()
        self.peak = max(self.peak, used)
        if self.stopped is not None:
            if now - self.stopped[2] > GRACE:
                self._kill()
        elif wall is not None and self.started is not None and now - self.started > wall:
            self.stopped = (Status.TIMED_OUT, f"stopped after {wall:g} s, its limit", now)
            self._signal(signal.SIGTERM)
        elif memory is not None and used > memory:
            self.stopped = (Status.OUT_OF_MEMORY, f"stopped at {used:.0f} MB, limit {memory:g} MB", now)
            self._kill()

    def ending(self, code: int) -> Ending:
        """How the process ended."""
        wall = 0.0 if self.started is None else round(time.monotonic() - self.started, 3)
        limit, message = (None, "") if self.stopped is None else self.stopped[:2]
        return Ending(code=code, limit=limit, message=message, wall_s=wall, memory_MB=round(self.peak, 1))

    def _memory(self) -> float:
        """Resident memory, MB (1e6 bytes)."""
        try:
            return self.process.memory_info().rss / 1e6 if self.process else 0.0
        except psutil.Error:
            return 0.0

    def _signal(self, number: int) -> None:
        try:
            if self.process:
                self.process.send_signal(number)
        except psutil.Error:
            return

    def _kill(self) -> None:
        if not self.killed:
            self.killed = True
            self._signal(getattr(signal, "SIGKILL", signal.SIGTERM))
