"""Follows a run in the terminal by reading its folder: also from another machine, over a mounted disk."""

from __future__ import annotations

import enum
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import TextIO

from rich.console import Console
from rich.live import Live
from rich.text import Text

from femanode.cli.runlook import Look, Row, look
from femanode.config.loading import load_config
from femanode.errors import ConfigError, FemanodeError
from femanode.simulation.plan import plan
from femanode.simulation.progress import LINE_EVERY, Estimate, format_seconds
from femanode.simulation.run import progress_at
from femanode.solver.problem import Problem, build_problem

BLOCKS, PLAIN = "▁▂▃▄▅▆▇█", "_.-=+*#@"
WIDTH = 32


class Ending(enum.Enum):
    """How the watched run ended; the value is the exit code."""

    DONE = 0
    FAILED = 3
    INTERRUPTED = 130


def sparkline(values: Sequence[float], width: int = WIDTH, *, plain: bool = False) -> str:
    """A row of bars from zero to the largest value, evenly sampled.

    Parameters
    ----------
    values : sequence of float
    width : int
        Most bars.
    plain : bool
        With ASCII letters.

    Returns
    -------
    str
    """
    known = [value for value in values if value == value]
    if not known:
        return ""
    count = min(width, len(known))
    chosen = [known[round(k * (len(known) - 1) / max(count - 1, 1))] for k in range(count)]
    top, bars = max(max(chosen), 1e-300), PLAIN if plain else BLOCKS
    return "".join(bars[min(int(max(value, 0.0) / top * len(bars)), len(bars) - 1)] for value in chosen)


class Watcher:
    """Remembers what earlier looks saw: when something last changed, and what was foreseen of the end.

    Parameters
    ----------
    folder : Path
    clock : callable
        Seconds, rising.
    """

    def __init__(self, folder: Path, clock: Callable[[], float] = time.monotonic) -> None:
        self.folder, self._clock = folder, clock
        self._estimate = Estimate()
        self._seen: tuple[int, float] = (-1, clock())
        self._left: float | None = None
        self._problem: Problem | None = None
        self._planned = -1

    def look(self) -> tuple[Look, float]:
        """The folder now, and for how many seconds it has not changed."""
        seen, now = look(self.folder), self._clock()
        if len(seen.rows) != self._seen[0]:
            self._seen = (len(seen.rows), now)
            self._left = self._foresee(seen.rows, now) if len(seen.rows) > 1 else None
        return seen, now - self._seen[1]

    def _foresee(self, rows: list[Row], now: float) -> float | None:
        if self._problem is None and self._planned < 0:
            self._problem = _problem(self.folder)
            self._planned = 0 if self._problem is None else plan(self._problem).steps
        try:
            return None if self._problem is None else self._estimate.left(
                progress_at(self._problem, rows[-1], len(rows) - 1, self._planned), now)
        except KeyError:  # a table of another version
            return None

    def left(self, seen: Look) -> float | None:
        """About how many seconds are left, from what has been seen since watching began; None if that is not known."""
        return None if seen.stop is not None else self._left


def _problem(folder: Path) -> Problem | None:
    """The case that runs in a folder, for what is known of runs of its kind; None where it cannot be read."""
    try:
        return build_problem(load_config(folder / "config.yaml"))
    except (FemanodeError, OSError):
        return None


def describe(seen: Look, quiet: float, left: float | None, *, plain: bool = False) -> list[str]:
    """What the terminal shows: name and state, depth, figures, time left.

    Parameters
    ----------
    seen : Look
    quiet : float
        Seconds without a change.
    left : float or None
        About how many seconds are left; None: not known, and not said.
    plain : bool
        ASCII letters only.

    Returns
    -------
    list of str
    """
    state = seen.stop or ("killed" if seen.killed else "running" if seen.rows else "starting")
    lines = [f"{seen.name}: {state}"]
    if seen.rows:
        last = seen.rows[-1]
        bars = sparkline([row.get("front_depth_nm", float("nan")) for row in seen.rows], plain=plain)
        end = f" of at most {format_seconds(seen.end)}" if seen.end else ""
        lines += [f"depth {bars} {last.get('front_depth_nm', float('nan')):.1f} nm, front "
                  f"{last.get('front_speed_nm_s', float('nan')):.3g} nm/s",
                  f"t = {format_seconds(last['time_s'])}{end}, "
                  f"{100 * last.get('converted_fraction', float('nan')):.1f} % converted, hoop at the surface "
                  f"{last.get('hoop_surface_max_GPa', float('nan')):.2f} GPa",
                  *_under_current(last),
                  f"step {len(seen.rows) - 1}: {format_seconds(last.get('dt_s', float('nan')))}, "
                  f"{last.get('newton_iterations', 0):.0f} Newton iterations"]
    if seen.stop is None and not seen.killed:
        lines += [f"about {format_seconds(left)} left"] if left is not None else []
        lines += [f"nothing new for {format_seconds(quiet)}"] if quiet > 30 else []
    return lines


def _under_current(last: Mapping[str, float]) -> list[str]:
    """Where a protocol stands, and what the electrode shows; nothing without a current."""
    if "potential_V" not in last:
        return []
    step = f"cycle {last['cycle']:.0f}, step {last['step']:.0f}: " if "cycle" in last else ""
    return [f"{step}{last['potential_V']:.3f} V, {last.get('capacity_mAh_g', float('nan')):.0f} mAh/g"]


def watch(folder: Path, show: Callable[[list[str]], None], *, every: float = 1.0, patience: float = 600.0,
          plain: bool = False, clock: Callable[[], float] = time.monotonic,
          sleep: Callable[[float], None] = time.sleep) -> Ending:
    """Follow a run until it ends.

    Parameters
    ----------
    folder : Path
        The run's folder; it may come later.
    show : callable
        Takes the lines to show, at every look.
    every : float
        Seconds between looks.
    patience : float
        Seconds without a change after which the run counts as lost.
    plain : bool
        ASCII letters only.
    clock, sleep : callable
        For tests.

    Returns
    -------
    Ending

    Raises
    ------
    ConfigError
        The path is a file, or nothing of a run has come within the patience.
    """
    watcher = Watcher(folder, clock)
    while True:
        if folder.exists() and not folder.is_dir():
            raise ConfigError("is a file", where=str(folder), allowed="a run's folder")
        if not folder.absolute().parent.is_dir():
            raise ConfigError("found no such folder, nor the one it would be in", where=str(folder),
                              allowed="a run's folder, or one that a run is about to make")
        seen, quiet = watcher.look()
        if seen.rows or seen.stop:
            show(describe(seen, quiet, watcher.left(seen), plain=plain))
        else:
            show([f"waiting for a run in {folder}" if folder.is_dir() else
                  f"there is no folder {folder}: waiting for a run to make it, {format_seconds(patience)} at most"])
        if seen.stop is not None:
            return (Ending.INTERRUPTED if seen.stop == "interrupted" else
                    Ending.FAILED if seen.stop.startswith(("solver stopped", "stopped by")) else Ending.DONE)
        if seen.killed:
            show([f"{seen.name}: its process is gone without an ending; go on with --resume"])
            return Ending.FAILED
        if quiet > patience:
            if not seen.rows:
                raise ConfigError(f"no run came within {format_seconds(patience)}", where=str(folder))
            show([f"{seen.name}: nothing new for {format_seconds(quiet)}, taken for dead; go on with --resume"])
            return Ending.FAILED
        sleep(every)


@contextmanager
def show_on(stream: TextIO) -> Iterator[tuple[Callable[[list[str]], None], bool]]:
    """A function that shows lines in place on a terminal, else one line every few seconds; and whether in ASCII.

    Parameters
    ----------
    stream : TextIO
    """
    try:
        BLOCKS.encode(stream.encoding or "ascii")
        plain = False
    except (UnicodeEncodeError, LookupError):
        plain = True
    if stream.isatty():
        with Live(console=Console(file=stream), auto_refresh=False) as live:
            yield lambda lines: live.update(Text("\n".join(lines)), refresh=True), plain
        return
    last: list[tuple[float, str]] = [(-LINE_EVERY, "")]

    def line(lines: list[str]) -> None:
        text, now = "; ".join(lines), time.monotonic()
        changed = text.split("; nothing new")[0] != last[0][1].split("; nothing new")[0]
        if changed and (now - last[0][0] >= LINE_EVERY or not lines[0].endswith("running")):
            last[0] = (now, text)
            stream.write(text + "\n")
            stream.flush()

    yield line, plain
