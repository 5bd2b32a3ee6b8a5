"""Runs a case in a process of its own and sees to it that it ends: wall-clock and memory limits, crashes, hang-ups.

`perform` is the task that an engine hands to its workers, on this machine or another. It knows nothing of the engine.
"""

from __future__ import annotations

import contextlib
import json
import os
import queue
import signal
import subprocess
import sys
import threading
import time
import weakref
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import femanode
from femanode.errors import DiskError
from femanode.numerics.compiled import available, cache_folder
from femanode.output.disk import scratch_folder
from femanode.study.execution.limits import GRACE, Ending, Tell, Watch
from femanode.study.execution.store import LOG_FILE, Outcome, Status, alone, final_outcome, read_outcome, write_outcome

#: Seconds between looks at a running case.
LOOK_EVERY = 0.2
#: Exit code of a case that was interrupted and has saved itself.
INTERRUPTED = 130
#: Exit code of a case whose call into a library has not come back.
FAILED = 3
THREAD_VARIABLES = ("FEMANODE_THREADS", "OMP_NUM_THREADS", "MKL_NUM_THREADS", "OPENBLAS_NUM_THREADS",
                    "NUMBA_NUM_THREADS", "VECLIB_MAXIMUM_THREADS", "NUMEXPR_NUM_THREADS")
SERVE = "from femanode.study.execution.launcher import serve; serve()"



class Gone(Exception):
    """The launcher is no longer there; `begun` tells whether it had started the case."""

    def __init__(self, begun: bool) -> None:
        super().__init__("launcher gone")
        self.begun = begun


class Interrupted(Exception):
    """The case was stopped from outside before its end; what it has computed is saved."""


class Launcher:
    """A launcher process of one slot, with `threads` threads for each case."""

    def __init__(self, threads: int) -> None:
        environment = {**os.environ, **dict.fromkeys(THREAD_VARIABLES, str(threads))}
        # Found and told once, not by each launcher.
        kept = cache_folder() if available() else None
        if kept is not None:
            environment["NUMBA_CACHE_DIR"] = kept
        # The package must be found where this process found it, whatever the working directory.
        roots = [str(Path(femanode.__file__).resolve().parent.parent), environment.get("PYTHONPATH", "")]
        environment["PYTHONPATH"] = os.pathsep.join(filter(None, roots))
        # A session of its own: an interrupt typed at the terminal reaches cases only through us, once.
        self.process = subprocess.Popen([sys.executable, "-c", SERVE], stdin=subprocess.PIPE, stdout=subprocess.PIPE,
                                        env=environment, start_new_session=True)
        self.closed = False
        self._lines: queue.Queue[str | None] = queue.Queue()
        self.reader = threading.Thread(target=self._read, daemon=True)
        self.reader.start()
        _LAUNCHERS.add(self)

    def _read(self) -> None:
        """Pass its lines on; when there are no more, tidy up after it."""
        if self.process.stdout is not None:
            with self.process.stdout as stream:
                for line in stream:
                    self._lines.put(line.decode(errors="replace").strip())
        self._lines.put(None)
        self.process.wait()

    @property
    def alive(self) -> bool:
        """Whether the process runs and takes jobs."""
        return not self.closed and self.process.poll() is None

    def close(self) -> None:
        """End it; a case that runs is interrupted and saves itself."""
        self.closed = True
        if self.process.stdin is not None:
            with contextlib.suppress(OSError):  # what was still to be written has nobody to read it
                self.process.stdin.close()

    def run(self, job: Mapping[str, Any], tell: Tell) -> Ending:
        """Run one case to its end, within its limits."""
        watch = Watch(job)
        try:
            if self.process.stdin is not None:
                self.process.stdin.write(json.dumps(job).encode() + b"\n")
                self.process.stdin.flush()
        except (OSError, ValueError):  # ValueError: closed in the meantime
            raise Gone(False) from None
        while True:
            try:
                line = self._lines.get(timeout=LOOK_EVERY)
            except queue.Empty:
                line = ""
            if line is None:
                raise Gone(watch.process is not None)
            word, _, rest = line.partition(" ")
            if word == "exit":
                return watch.ending(int(rest))
            watch.hear(word, rest, tell)
            watch.look()


_LAUNCHERS: weakref.WeakSet[Launcher] = weakref.WeakSet()
_SLOT = threading.local()
_CLOSED = threading.Event()


def open_slots() -> None:
    """Let cases start in this process (again)."""
    _CLOSED.clear()


def close_slots(wait: float = GRACE) -> None:
    """Start no more cases in this process, interrupt those that run and wait for them to save themselves."""
    _CLOSED.set()
    launchers = list(_LAUNCHERS)
    for launcher in launchers:
        launcher.close()
    until = time.monotonic() + wait
    for launcher in launchers:
        launcher.reader.join(max(0.1, until - time.monotonic()))
        if launcher.reader.is_alive():
            launcher.process.kill()
            launcher.reader.join(1.0)
        _LAUNCHERS.discard(launcher)


def _launcher(threads: int) -> Launcher:
    """The launcher of the calling thread."""
    if _CLOSED.is_set():
        raise Interrupted("closed")
    known: tuple[int, Launcher] | None = getattr(_SLOT, "launcher", None)
    if known is not None and known[0] == threads and known[1].alive:
        return known[1]
    if known is not None:
        known[1].close()
    _SLOT.launcher = (threads, Launcher(threads))
    return _SLOT.launcher[1]


def perform(job: Mapping[str, Any], tell: Tell) -> dict[str, Any]:
    """Run one case where this process is; the task an engine distributes.

    Parameters
    ----------
    job : mapping
        ``hash, folder, config, runner, again, wall`` (s or None), ``memory`` (MB or None), ``threads``, ``results``.
    tell : callable
        Takes events of the case: started, progress.

    Returns
    -------
    dict
        ``outcome`` (a mapping) and, with ``results: value``, ``files``: name to content; or ``refused``, a sentence,
        where the disk does not take how the case has ended.

    Raises
    ------
    Interrupted
        The case was stopped from outside without having ended.
    """
    try:
        if job["results"] == "folder":
            return {"outcome": _supervised(job, Path(job["folder"]), tell).mapping()}
        with scratch_folder() as scratch:
            folder = scratch / str(job["hash"])
            outcome = _supervised({**job, "folder": str(folder)}, folder, tell)
            return {"outcome": outcome.mapping(), "files": _files(folder)}
    except DiskError as error:  # returned, as Dask would print a raised one with its traceback
        return {"refused": str(error)}


def _supervised(job: Mapping[str, Any], folder: Path, tell: Tell) -> Outcome:
    """The outcome of a case that has ended one way or another, as it stands in its folder."""
    ending = _run(job, tell)
    with alone(folder):
        outcome = final_outcome(folder)
        if outcome is not None and (outcome.status not in job["again"] or ending.code == 0):
            return outcome
        if ending.limit is None and ending.code == INTERRUPTED:
            raise Interrupted
        earlier = read_outcome(folder)
        message = ending.message or _explained(ending, folder)
        given_up = ending.code == FAILED  # by the run's own watchdog, which has saved it
        if given_up and ending.limit is None:
            message = message.partition("femanode: ")[2].replace("go on with --resume", "go on with --retry") or message
        status = ending.limit or (Status.TIMED_OUT if given_up else Status.CRASHED)
        outcome = Outcome(hash=str(job["hash"]), status=status, message=message,
                          wall_s=ending.wall_s, memory_MB=ending.memory_MB, attempts=earlier.attempts if earlier else 1,
                          host=earlier.host if earlier else "", version=femanode.__version__)
        write_outcome(folder, outcome)
    return outcome


def _run(job: Mapping[str, Any], tell: Tell) -> Ending:
    """Run a case; a launcher that left before it took the job (it does when idle for long) is replaced, once."""
    threads, replaced = int(job["threads"]), False
    while True:
        launcher = _launcher(threads)
        try:
            return launcher.run(job, tell)
        except Gone as gone:
            if launcher.closed:
                raise Interrupted from None
            launcher.close()  # which also ends the case, should it have outlived its launcher
            if gone.begun or replaced:
                return Ending(1, message="the process that starts cases was ended from outside")
            replaced = True


def _explained(ending: Ending, folder: Path) -> str:
    """A sentence for a process that left no word itself."""
    if ending.code < 0:
        try:
            name = signal.Signals(-ending.code).name
        except ValueError:
            name = f"signal {-ending.code}"
        return f"killed by {name}" + (", from outside or for want of memory" if name == "SIGKILL" else "")
    try:
        last = (folder / LOG_FILE).read_text(encoding="utf-8", errors="replace").strip().splitlines()[-1]
    except (OSError, IndexError):
        last = "no word in its log"
    return f"exit code {ending.code}: {last}"


def _files(folder: Path) -> dict[str, bytes]:
    """All files of a folder by relative path, without locks and checkpoints, which mean nothing elsewhere."""
    return {path.relative_to(folder).as_posix(): path.read_bytes() for path in sorted(folder.rglob("*"))
            if path.is_file() and path.suffix != ".lock" and not path.name.startswith(("checkpoint", "."))}
