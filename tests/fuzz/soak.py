"""A sweep of short cases whose processes are killed at random: ``python -m tests.fuzz.soak``.

`soak` runs the sweep in a process of its own and kills what that has started: cases, and the launchers that fork them.
Cases that were killed count as crashed, which ``--retry`` runs again; the last round is left in peace.
"""

from __future__ import annotations

import argparse
import json
import os
import random
import subprocess
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import psutil

from femanode.config.loading import Config
from femanode.study.table import read_table
from tests.runners import BASE

RUNNER = "tests.fuzz.soak:short"
#: Seconds after which a sweep has loaded what it needs.
SETTLED = 30.0
#: Rounds after which a sweep should have ended.
MOST_ROUNDS = 12
_SWEEP = """
import json, sys
import psutil
from femanode.study.sweep import sweep
given = json.loads(sys.argv[1])
result = sweep(given["sweep"], given["out"], workers=2, resume=True, retry=given["retry"], runner=given["runner"])
print(json.dumps({"counts": {k.value: n for k, n in result.counts.items()}, "ran": result.ran}))
"""


def short(config: Config, folder: Path, report: Callable[[Any], None]) -> Mapping[str, Any]:
    """A case that takes seconds and no processor time; it leaves a line when it begins, and one when it has ended."""
    number = round(config.geometry.diameter or 0.0)
    owner = folder / "owner"
    # Two processes at work in one folder would both have made it.
    with open(owner, "a+", encoding="utf-8") as stream:
        stream.seek(0)
        others = [int(line) for line in stream.read().split()]
        stream.write(f"{os.getpid()}\n")
    twice = [pid for pid in others if psutil.pid_exists(pid) and psutil.Process(pid).status() != psutil.STATUS_ZOMBIE]
    _note(folder, f"begin {number}" + (f" beside {twice}" if twice else ""))
    until = time.monotonic() + float(os.environ.get("SOAK_SECONDS", "1"))
    while time.monotonic() < until:
        time.sleep(0.05)
    summary = {"stop_reason": "end time reached", "penetration_depth_nm": 2.0 * number}
    (folder / "summary.json").write_text(json.dumps(summary), encoding="utf-8")
    _note(folder, f"end {number}")
    owner.unlink()
    return summary


def _note(folder: Path, text: str) -> None:
    """One line in one write: lines of several processes do not mix."""
    handle = os.open(folder.parent.parent / "soak.txt", os.O_WRONLY | os.O_APPEND | os.O_CREAT)
    os.write(handle, f"{text}\n".encode())
    os.close(handle)


@dataclass
class Report:
    """What a soak has come to; memory of the sweep's own process, MB, in the five fifths of the first round."""

    cases: int
    kills: int
    rounds: int
    seconds: float
    memory_MB: list[float]
    lost: list[int]
    doubled: list[int]
    together: list[str]


def soak(folder: Path, cases: int, seconds: float, pause: float, each: float, seed: int = 0) -> Report:
    """Run a sweep of ``cases`` while one of its processes is killed every ``pause`` (s), for ``seconds`` in all.

    The seconds count from the first case on: a busy machine may take long to load what comes before.
    """
    sweep = {"base": BASE, "axes": {"geometry.diameter": [f"{200 + k} nm" for k in range(cases)]}}
    given = {"sweep": sweep, "out": str(folder), "runner": RUNNER, "retry": True}
    random_, begun = random.Random(seed), time.monotonic()
    kills, rounds, memory, working = 0, 0, [], None
    while rounds < MOST_ROUNDS:
        rounds += 1
        with subprocess.Popen([sys.executable, "-c", _SWEEP, json.dumps(given)], stdout=subprocess.PIPE, text=True,
                              env={**os.environ, "SOAK_SECONDS": str(each)}) as process:
            watched, due = psutil.Process(process.pid), time.monotonic() + 5.0 * pause
            while process.poll() is None:
                time.sleep(min(0.5, pause))
                now = time.monotonic()
                if now < due:
                    continue
                due = now + pause * random_.uniform(0.5, 1.5)
                if rounds == 1 and now - begun > SETTLED:
                    memory.append(_resident(watched))
                if working is None and (folder / "soak.txt").exists():
                    working = now
                if working is not None and now - working < seconds:
                    kills += _kill_one(watched, random_)
            said = json.loads(process.stdout.read()) if process.stdout and process.returncode == 0 else {"counts": {}}
        if said["counts"] == {"done": cases}:
            break
    known = [m for m in memory if m > 0.0]
    return _reported(folder, cases, kills, rounds, time.monotonic() - begun, known)


def _resident(process: psutil.Process) -> float:
    try:
        return process.memory_info().rss / 1e6
    except psutil.Error:
        return 0.0


def _kill_one(parent: psutil.Process, random_: random.Random) -> int:
    """Kill a case or, one time in four, a launcher; 1 where there was one."""
    try:
        launchers = parent.children()
        forked = [child for launcher in launchers for child in launcher.children(recursive=True)]
        chosen = random_.choice(launchers if random_.random() < 0.25 or not forked else forked)
        chosen.kill()
    except (psutil.Error, IndexError):
        return 0
    return 1


def _reported(folder: Path, cases: int, kills: int, rounds: int, seconds: float, memory: list[float]) -> Report:
    table, notes = read_table(folder), (folder / "soak.txt").read_text(encoding="utf-8").splitlines()
    wanted = {200 + k for k in range(cases)}
    rows = Counter(round(depth / 2.0) for depth in table.loc[table["status"] == "done", "penetration_depth_nm"])
    ended = Counter(int(note.split()[1]) for note in notes if note.startswith("end"))
    lost = sorted(wanted - set(rows))
    # A case may be killed between its end and the word of it, and is then computed again: not more often than killed.
    doubled = sorted({case for case, n in rows.items() if n > 1} | {case for case, n in ended.items() if n > 2})
    parts = [memory[k * len(memory) // 5: (k + 1) * len(memory) // 5] for k in range(5)]
    together = [note for note in notes if "beside" in note]
    means = [round(sum(part) / len(part), 1) for part in parts if part]
    return Report(cases=len(table), kills=kills, rounds=rounds, seconds=seconds, memory_MB=means, lost=lost,
                  doubled=doubled, together=together)


def main() -> None:
    """Soak, and print the report."""
    asked = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    asked.add_argument("--cases", type=int, default=300)
    asked.add_argument("--seconds", type=float, default=1200.0, help="while processes are killed")
    asked.add_argument("--pause", type=float, default=4.0, help="between two kills, s")
    asked.add_argument("--each", type=float, default=6.0, help="length of a case, s")
    asked.add_argument("--seed", type=int, default=0)
    given = asked.parse_args()
    with tempfile.TemporaryDirectory() as scratch:
        print(soak(Path(scratch) / "sweep", given.cases, given.seconds, given.pause, given.each, given.seed))


if __name__ == "__main__":
    main()
