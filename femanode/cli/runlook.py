"""What a run's folder says while the run goes on: a look reads its files and holds none of them open."""

from __future__ import annotations

import csv
import io
import json
import os
import platform
import re
from dataclasses import dataclass, field
from pathlib import Path

from femanode.config.yamlio import load_yaml
from femanode.errors import ConfigError
from femanode.output.lock import HOLDER
from femanode.units import parse_quantity

Row = dict[str, float]


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
    return Look(name=name, rows=read_rows(folder / "history.csv"), end=end, stop=stop,
                killed=stop is None and _holder_gone(folder))


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
