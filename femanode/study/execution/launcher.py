"""The process that starts cases: it imports the solver once and forks a fresh process for each.

Protocol, one line each: it reads a job (JSON) and writes ``pid N``, then what the case tells, then ``exit CODE``
(negative: a signal). It ends when its input does. Where the system has no fork, it runs each case in a new interpreter.
"""

from __future__ import annotations

import contextlib
import json
import os
import select
import signal
import subprocess
import sys
from collections.abc import Callable
from functools import cache
from pathlib import Path
from typing import Any

from femanode.study.execution.child import runner_module, work
from femanode.study.execution.store import LOG_FILE

FORKS = hasattr(os, "fork")
#: Seconds without a job after which a launcher gives its memory back.
IDLE = 120.0

#: Runs one job in a new interpreter.
ALONE = "import sys; from femanode.study.execution.launcher import one; sys.exit(one())"


def serve() -> None:
    """Answer jobs until there are no more, or none came for a while."""
    # What a batch system sends to every process is for the cases to answer; this one ends when its input does.
    # SIGHUP stays as it was, for the cases to see whether nohup has it ignored.
    for name in ("SIGUSR1", "SIGUSR2"):
        if hasattr(signal, name):
            signal.signal(getattr(signal, name), signal.SIG_IGN)
    while not FORKS or select.select([sys.stdin], [], [], IDLE)[0]:
        line = sys.stdin.buffer.readline()
        if not line:
            return
        job = json.loads(line)
        if FORKS:
            _preload(str(job["runner"]))
        _tell(f"exit {_forked(job) if FORKS else _spawned(job)}")


def one() -> int:
    """Run the one job on the input in this process, for systems without fork."""
    job = json.loads(sys.stdin.buffer.readline())
    return work(job, _tell, None)


@cache
def _preload(runner: str) -> None:
    """Import the runner here and let it warm up, for all cases to come; a failure is the case's to report."""
    with contextlib.suppress(Exception):
        getattr(runner_module(runner), "warm", lambda: None)()


def _forked(job: dict[str, Any]) -> int:
    """Run one case in a fork of this process; its exit code."""
    pid = os.fork()
    if pid == 0:
        code = 1
        try:
            code = work(job, *_own_streams(Path(job["folder"])))
        finally:
            sys.stdout.flush()
            sys.stderr.flush()
            os._exit(code)
    _tell(f"pid {pid}")
    return os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1])


def _own_streams(folder: Path) -> tuple[Callable[[str], None], int]:
    """Give a fork the case's log for its output; keep the launcher's streams to tell and to notice its end."""
    folder.mkdir(parents=True, exist_ok=True)
    upward, watched = os.dup(1), os.dup(0)
    log = os.open(folder / LOG_FILE, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o644)
    null = os.open(os.devnull, os.O_RDONLY)
    for source, target in ((null, 0), (log, 1), (log, 2)):
        os.dup2(source, target)
    return (lambda text: _put(upward, text)), watched


def _put(descriptor: int, text: str) -> None:
    """Write one line; an error is passed over, since a reader that is gone is noticed at the end of the input."""
    try:
        os.write(descriptor, f"{text}\n".encode())
    except OSError:
        return


def _spawned(job: dict[str, Any]) -> int:
    """Run one case in a new interpreter; its exit code."""
    folder = Path(job["folder"])
    folder.mkdir(parents=True, exist_ok=True)
    with (folder / LOG_FILE).open("ab") as log, subprocess.Popen(
            [sys.executable, "-c", ALONE], stdin=subprocess.PIPE, stdout=None, stderr=log) as process:
        _tell(f"pid {process.pid}")
        process.communicate(json.dumps(job).encode() + b"\n")
        return process.returncode


def _tell(text: str) -> None:
    _put(1, text)
