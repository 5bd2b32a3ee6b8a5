"""Follows a run in the terminal by reading its folder: also from another machine, over a mounted disk.

On the line config -> mesh -> state -> solver -> output -> postprocess this stands beside the run: it reads what output
writes, while it is written, and holds nothing open.
"""

from __future__ import annotations

import csv
import enum
import io
import json
import os
import platform
import re
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import TextIO

from rich.console import Console
from rich.live import Live
from rich.text import Text

from femanode.config.yamlio import load_yaml
from femanode.errors import ConfigError
from femanode.output.lock import HOLDER
from femanode.simulation.progress import LINE_EVERY, format_seconds
from femanode.units import parse_quantity

BLOCKS, PLAIN = "▁▂▃▄▅▆▇█", "_.-=+*#@"
WIDTH = 32

Row = dict[str, float]


class Ending(enum.Enum):
    """How the watched run ended; the value is the exit code."""

    DONE = 0
    FAILED = 3
    INTERRUPTED = 130


@dataclass(frozen=True)
class Look:
    """What the folder says at one moment.

    Parameters
    ----------
    name : str
        The case's name.
    rows : list of dict
        The whole rows of ``history.csv``.
    end : float or None
        End time of the configuration, s.
    stop : str or None
        Why the run stopped; None while it runs.
    killed : bool
        The process that wrote here is gone without an ending.
    """

    name: str
    rows: list[Row] = field(default_factory=list)
    end: float | None = None
    stop: str | None = None
    killed: bool = False

    @property
    def done(self) -> float:
        """How much is behind, 0 to 1: by time or by conversion, whichever is further."""
        if not self.rows:
            return 0.0
        last = self.rows[-1]
        shares = [last.get("converted_fraction", 0.0), last["time_s"] / self.end if self.end else 0.0]
        return min(max(shares), 1.0)


def look(folder: Path) -> Look:
    """Read a folder as it is now; files that are missing or half written count as not there.

    Parameters
    ----------
    folder : Path

    Returns
    -------
    Look
    """
    name, end = folder.resolve().name, None
    try:
        config, _ = load_yaml(folder / "config.yaml")
        name = str(config.get("name") or name)
        end = parse_quantity((config.get("time") or {}).get("end"), "s")
    except (ConfigError, OSError, AttributeError):
        pass
    try:
        stop = str(json.loads((folder / "manifest.json").read_text(encoding="utf-8"))["stop_reason"])
    except (OSError, ValueError, KeyError, TypeError):
        stop = None
    return Look(name, read_rows(folder / "history.csv"), end, stop, stop is None and _holder_gone(folder))


def read_rows(path: Path) -> list[Row]:
    """The whole rows of a table that may be growing: a last line without its end is left out.

    Parameters
    ----------
    path : Path

    Returns
    -------
    list of dict
        Numbers by column; empty where there is no table yet.
    """
    try:
        text = path.read_bytes().decode("utf-8", errors="replace")
    except OSError:
        return []
    whole = text[:text.rfind("\n") + 1]
    rows = []
    for line in csv.DictReader(io.StringIO(whole)):
        try:
            rows.append({str(key): float(value) for key, value in line.items()})
        except (TypeError, ValueError):  # too few or too many fields, or torn ones
            continue
    return [row for row in rows if "time_s" in row]


def _holder_gone(folder: Path) -> bool:
    """Whether the process that said it works here has died; False where that cannot be known (another machine)."""
    try:
        text = (folder / HOLDER).read_text(encoding="utf-8")
    except OSError:
        return False
    found = re.fullmatch(r"process (\d+) on (.*)", text.strip())
    if found is None or found[2] != platform.node() or os.name == "nt":
        return False
    try:
        os.kill(int(found[1]), 0)
    except ProcessLookupError:
        return True
    except (PermissionError, OverflowError):
        return False
    return False


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
    """Remembers what earlier looks saw: when something last changed, and how fast the run goes.

    Parameters
    ----------
    folder : Path
    clock : callable
        Seconds, rising.
    """

    def __init__(self, folder: Path, clock: Callable[[], float] = time.monotonic) -> None:
        self.folder, self._clock = folder, clock
        self._first: tuple[float, float] | None = None
        self._seen: tuple[int, float] = (-1, clock())

    def look(self) -> tuple[Look, float]:
        """The folder now, and for how many seconds it has not changed."""
        seen, now = look(self.folder), self._clock()
        if len(seen.rows) != self._seen[0]:
            self._seen = (len(seen.rows), now)
        if self._first is None and seen.rows:
            self._first = (now, seen.done)
        return seen, now - self._seen[1]

    def left(self, seen: Look) -> float | None:
        """Seconds left at most, at the pace since watching began, else at that of the files' dates; None if unknown."""
        if self._first is None or seen.done >= 1.0:
            return None
        began, then = self._first
        gained, spent = seen.done - then, self._seen[1] - began
        if gained < 0.005 or spent <= 0:
            try:
                spent = ((self.folder / "history.csv").stat().st_mtime
                         - (self.folder / "config.yaml").stat().st_mtime)
            except OSError:
                return None
            gained = seen.done
        return spent * (1.0 - seen.done) / gained if gained > 0.005 and spent > 0 else None


def describe(seen: Look, quiet: float, left: float | None, *, plain: bool = False) -> list[str]:
    """What the terminal shows: name and state, depth, figures, time left.

    Parameters
    ----------
    seen : Look
    quiet : float
        Seconds without a change.
    left : float or None
        Seconds left at most.
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
                  f"step {len(seen.rows) - 1}: {format_seconds(last.get('dt_s', float('nan')))}, "
                  f"{last.get('newton_iterations', 0):.0f} Newton iterations"]
    if seen.stop is None and not seen.killed:
        pace = f"at most {format_seconds(left)} left" if left is not None else "estimating time left"
        lines.append(f"{pace}; nothing new for {format_seconds(quiet)}" if quiet > 30 else pace)
    return lines


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
        seen, quiet = watcher.look()
        if seen.rows or seen.stop:
            show(describe(seen, quiet, watcher.left(seen), plain=plain))
        else:
            show([f"waiting for a run in {folder}"])
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
