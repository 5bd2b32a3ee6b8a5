"""What is known of a case: its folder, its status, and who works on it.

``case.json`` in a case's folder is written in one go, after everything it speaks of. A case counts as ended when it
holds a final status; anything else is work to be done or continued.
"""

from __future__ import annotations

import enum
import json
import os
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from filelock import FileLock

from femanode.output.disk import make_folder, telling

CASE_FILE, LOG_FILE, LOCK_FILE = "case.json", "log.txt", "case.lock"


class Status(enum.StrEnum):
    """How a case ended; the value is what tables show."""

    DONE = "done"
    ARRESTED = "arrested"
    SOLVER_FAILED = "solver failed"
    CRASHED = "crashed"
    TIMED_OUT = "timed out"
    OUT_OF_MEMORY = "out of memory"
    INVALID = "invalid"
    RUNNING = "running"
    MISSING = "not run"


#: A run came to its own end.
FINISHED = frozenset({Status.DONE, Status.ARRESTED})
#: Ended by what lies outside the run: trying again, with more time or memory or a mended program, may help.
RETRIED = frozenset({Status.CRASHED, Status.TIMED_OUT, Status.OUT_OF_MEMORY})
FINAL = FINISHED | RETRIED | {Status.SOLVER_FAILED, Status.INVALID}


@dataclass(frozen=True)
class Outcome:
    """How one case ended: status, a sentence, wall time of the case's process (s), peak memory (MB), where."""

    hash: str
    status: Status
    message: str = ""
    wall_s: float = 0.0
    memory_MB: float | None = None
    attempts: int = 1
    host: str = ""
    version: str = ""

    def mapping(self) -> dict[str, Any]:
        """Plain data."""
        return {**asdict(self), "status": self.status.value}

    @classmethod
    def from_mapping(cls, data: Mapping[str, Any]) -> Outcome:
        """Inverse of `mapping`; keys it does not know are left out."""
        known = {k: v for k, v in data.items() if k in cls.__dataclass_fields__}
        return cls(**{**known, "status": Status(data["status"])})


def read_outcome(folder: Path) -> Outcome | None:
    """What ``case.json`` says, or None where there is none that can be read."""
    try:
        data = json.loads((folder / CASE_FILE).read_text(encoding="utf-8"))
        return Outcome.from_mapping(data)
    except (OSError, ValueError, KeyError, TypeError):
        return None


def final_outcome(folder: Path) -> Outcome | None:
    """The outcome of a case that has ended, else None."""
    outcome = read_outcome(folder)
    return outcome if outcome is not None and outcome.status in FINAL else None


def write_outcome(folder: Path, outcome: Outcome) -> None:
    """Write ``case.json`` in one go, on the disk before it is seen."""
    write_bytes(folder / CASE_FILE, (json.dumps(outcome.mapping(), indent=1) + "\n").encode())


def write_bytes(path: Path, content: bytes) -> None:
    """Replace a file in one go, on the disk before it is seen.

    Raises
    ------
    DiskError
        The disk does not take it; the file is as it was.
    """
    temporary = path.with_name(f"{path.name}.{os.getpid()}.part")
    try:
        with telling(path):
            with temporary.open("wb") as stream:
                stream.write(content)
                stream.flush()
                os.fsync(stream.fileno())
            os.replace(temporary, path)
    finally:
        with suppress(OSError):
            temporary.unlink(missing_ok=True)


@contextmanager
def alone(folder: Path) -> Iterator[None]:
    """Keep the case's folder to this process, waiting for another to leave it; the system ends it with the process."""
    make_folder(folder)
    lock = FileLock(folder / LOCK_FILE)
    with telling(folder):
        lock.acquire()
    try:
        yield
    finally:
        lock.release()


def read_summary(folder: Path) -> dict[str, Any]:
    """``summary.json`` of a case, empty where it has none."""
    try:
        data = json.loads((folder / "summary.json").read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return {}
    return data if isinstance(data, dict) else {}
