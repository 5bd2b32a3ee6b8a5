"""Cases that are no runs: what each does is told by its diameter, so that every way of ending can be had at will.

Named to the sweep as ``tests.runners:made_up``. Every call adds a line to ``calls.txt`` beside the cases' folders.
"""

from __future__ import annotations

import json
import os
import signal
import sys
import time
from collections.abc import Callable, Mapping
from pathlib import Path
from types import SimpleNamespace
from typing import Any

from femanode.config.loading import Config
from femanode.errors import ConfigError, ConvergenceError

MADE_UP = "tests.runners:made_up"
CRASH, NO_CONVERGENCE, HANG, GREEDY, SHOT, REFUSED, VANISH, ARREST, SLOW, GIVEN_UP = range(101, 111)

#: What a made-up case starts from; quick to check.
BASE: dict[str, Any] = {
    "name": "made-up", "geometry": {"shape": "circle", "diameter": "50 nm"},
    "crystal": {"axis": [0, 0, 1], "in_plane": [1, 0, 0]}, "material": "Li-Si",
    "overrides": {"front.rates": {"isotropic": "0.05 nm/s"}}, "front": {"half_thickness": "2 nm"},
    "time": {"end": "1 min"}, "mesh": {"element_size": "2 nm"}, "output": {"frames": 1, "pictures": False}}


def calls(folder: Path) -> list[str]:
    """Diameters in the order in which cases were begun."""
    path = folder / "calls.txt"
    return path.read_text().split() if path.exists() else []


def made_up(config: Config, folder: Path, report: Callable[[Any], None]) -> Mapping[str, Any]:
    """End as the diameter says; ordinary ones leave twice the diameter as their depth."""
    diameter = config.geometry.diameter or 0.0
    with (folder.parent / "calls.txt").open("a") as stream:
        stream.write(f"{diameter:g}\n")
    (folder / "history.csv").write_text("time_s,front_depth_nm\n0,0\n")
    report(SimpleNamespace(t=0.5 * config.time.end, converted=0.25, end=config.time.end))
    match round(diameter):
        case 101:
            raise ValueError("a bug\nin two lines")
        case 102:
            raise ConvergenceError("dt fell below dt_min")
        case 103:
            _sleep_through_signals()
        case 104:
            hoard = [bytearray(20_000_000) for _ in range(20)]
            time.sleep(60.0 + len(hoard))
        case 105:
            os.kill(os.getpid(), signal.SIGKILL)
        case 106:
            raise ConfigError("found a mesh too coarse", where="mesh")
        case 107:
            os._exit(7)
        case 110:  # as the watchdog of a run does
            sys.stderr.write("femanode: t = 7 s: a call into a library has not come back; go on with --resume\n")
            sys.stderr.flush()
            os._exit(3)
        case 109:
            time.sleep(float(os.environ.get("MADE_UP_SECONDS", "3")))
    arrested = round(diameter) == 108
    summary = {"stop_reason": "front arrested" if arrested else "end time reached", "self_limited": arrested,
               "penetration_depth_nm": 2.0 * diameter, "regime": "ICR" if diameter < 60 else "DCR",
               "by": {"one": 1.0}, "warnings": ["a", "b"]}
    (folder / "summary.json").write_text(json.dumps(summary))
    return summary


def _sleep_through_signals() -> None:
    """Hang as native code does: SIGTERM changes nothing."""
    signal.signal(signal.SIGTERM, signal.SIG_IGN)
    time.sleep(600.0)
