"""One case in its own process: take the folder, run, say how it ended.

Started by the launcher. Ends itself, with the run saved, when the process that asked for it is gone.
"""

from __future__ import annotations

import importlib
import os
import platform
import select
import signal
import sys
import threading
import time
import traceback
from collections.abc import Callable, Mapping
from contextlib import suppress
from pathlib import Path
from types import ModuleType
from typing import TYPE_CHECKING, Any

import psutil

import femanode
from femanode.config.loading import Config
from femanode.errors import ConfigError, ConvergenceError, DiskError
from femanode.simulation.interruption import answer
from femanode.study.execution.store import Outcome, Status, alone, final_outcome, read_outcome, write_outcome

if TYPE_CHECKING:
    from femanode.simulation.run import Progress

#: What a runner gets: configuration, folder, and where to report progress; it returns the run's summary.
Runner = Callable[[Config, Path, Callable[["Progress"], None]], Mapping[str, Any]]


INTERRUPTED = 130
#: Seconds between two reports of one case.
REPORT_EVERY = 1.0


def work(job: Mapping[str, Any], tell: Callable[[str], None], watched: int | None) -> int:
    """Run one case and leave ``case.json``; exit code 0, or 130 when interrupted.

    Parameters
    ----------
    job : mapping
        ``hash``, ``folder``, ``config`` (a mapping), ``runner`` (``module:function``), ``again`` (statuses to redo).
    tell : callable
        Takes one line for the process that supervises.
    watched : int or None
        Descriptor whose closing means that this process is not wanted any more.
    """
    answer(signal.default_int_handler)
    if watched is not None:
        threading.Thread(target=_end_with, args=(watched,), daemon=True).start()
    folder = Path(job["folder"])
    try:
        with alone(folder):
            known = final_outcome(folder)
            if known is not None and known.status not in job["again"]:
                return 0
            earlier = read_outcome(folder)
            attempts = earlier.attempts + 1 if earlier else 1
            started = Outcome(hash=job["hash"], status=Status.RUNNING, message="", wall_s=0.0, memory_MB=None,
                              attempts=attempts, host=platform.node(), version=femanode.__version__)
            write_outcome(folder, started)
            tell("started")
            begun = time.monotonic()
            status, message = _ended(job, folder, tell)
            write_outcome(folder, Outcome(hash=job["hash"], status=status, message=message,
                                          wall_s=round(time.monotonic() - begun, 3), memory_MB=_peak_memory(),
                                          attempts=attempts, host=platform.node(), version=femanode.__version__))
    except KeyboardInterrupt:
        return INTERRUPTED
    except DiskError as error:
        with suppress(OSError):  # the log may lie on that disk
            sys.stderr.write(f"{error}\n")
            sys.stderr.flush()
        return 1
    return 0


def _ended(job: Mapping[str, Any], folder: Path, tell: Callable[[str], None]) -> tuple[Status, str]:
    """Run, and turn every way of ending but an interruption into a status with a sentence."""
    last = [0.0]

    def report(progress: Progress) -> None:
        if time.monotonic() - last[0] >= REPORT_EVERY:
            last[0] = time.monotonic()
            tell(f"progress {progress.t!r} {progress.converted!r} {progress.end!r}")

    try:
        runner: Runner = getattr(runner_module(job["runner"]), job["runner"].partition(":")[2])
        summary = runner(Config.from_mapping(job["config"]), folder, report)
    except ConvergenceError as error:
        return Status.SOLVER_FAILED, str(error)
    except ConfigError as error:
        return Status.INVALID, str(error)
    except DiskError as error:
        return Status.CRASHED, str(error)
    except MemoryError as error:
        return Status.OUT_OF_MEMORY, f"the system gave no more memory: {error}"
    except Exception as error:
        traceback.print_exc()
        return Status.CRASHED, f"{type(error).__name__}: {error}"
    return (Status.ARRESTED if summary.get("self_limited") else Status.DONE), str(summary.get("stop_reason", ""))


def runner_module(runner: str) -> ModuleType:
    """The module of ``module:function``; importing it once before forking spares every case the wait."""
    return importlib.import_module(runner.partition(":")[0])


def _peak_memory() -> float | None:
    """Largest resident size of this process so far, MB (1e6 bytes); what it is now where the system does not tell."""
    try:
        import resource
    except ImportError:
        return round(psutil.Process().memory_info().rss / 1e6, 1)
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return round(peak * (1.0 if platform.system() == "Darwin" else 1024.0) / 1e6, 1)


def _end_with(descriptor: int) -> None:
    """Interrupt this process when the other end of a pipe closes."""
    poll = select.poll()
    poll.register(descriptor, 0)  # a hang-up is always reported
    poll.poll()
    os.kill(os.getpid(), signal.SIGTERM)
