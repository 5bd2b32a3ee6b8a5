"""A sweep from beginning to end: sweep file -> cases -> engine -> folders -> table."""

from __future__ import annotations

import json
import os
import sys
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import femanode
from femanode.errors import ConfigError
from femanode.output.disk import keeping
from femanode.output.lock import hold
from femanode.study.cases import Builder, plan
from femanode.study.execution.engine import Perform, cores
from femanode.study.execution.store import write_bytes
from femanode.study.ledger import Ledger, SweepResult
from femanode.study.sweepfile import Sweep, load_sweep
from femanode.study.thickness import thickness_note

RUNNER = "femanode.study.execution.runner:run_case"
SWEEP_FILE = "sweep.json"


def sweep(source: str | Path | Mapping[str, Any], out: str | Path | None = None, *, workers: int | None = None,
          scheduler: str | None = None, resume: bool = False, retry: bool = False, overrides: Sequence[str] = (),
          quiet: bool = True, runner: str = RUNNER, performer: Perform | None = None) -> SweepResult:
    """Run every case of a sweep and leave one table.

    Parameters
    ----------
    source : path or mapping
        The sweep file, or a mapping shaped like one.
    out : path, optional
        Folder to make; ``results/<name>`` by default.
    workers : int, optional
        Cases at a time; default: one per core. Each gets cores / workers threads.
    scheduler : str, optional
        Address of a running Dask scheduler, ``tcp://host:port``; default: this machine.
    resume : bool
        Continue in a folder that holds a sweep: cases that have ended are kept, others run or go on.
    retry : bool
        Redo the cases that crashed, timed out or ran out of memory as well.
    overrides : sequence of str
        ``key.path=value`` for every case.
    quiet : bool
        Show no progress.
    runner : str
        ``module:function`` that computes a case; for tests and for models of one's own.
    performer : callable, optional
        Replaces the whole process of a case; for measuring the rest.

    Raises
    ------
    ConfigError
        The input is wrong; nothing has been computed.
    DiskError
        The disk takes no table; cases that have ended are kept.
    KeyboardInterrupt
        Interrupted; the table holds what has ended, ``resume`` does the rest.
    """
    _check_workers(workers, scheduler)
    study = load_sweep(source)
    builder = Builder(study, overrides)
    cases = plan(builder, study.points)
    folder = Path(out) if out is not None else Path("results") / study.name
    slots = workers or cores()
    _tell_thickness(builder, quiet)
    with _folder(folder, resume):
        ledger = Ledger(study=study, builder=builder, cases=cases, folder=folder, retry=retry, runner=runner,
                        threads=study.model.threads or (1 if scheduler else max(1, cores() // slots)))
        write_bytes(folder / SWEEP_FILE, json.dumps(_record(study, ledger), ensure_ascii=False, indent=1).encode())
        with keeping(f"safe: the cases that have ended, in {ledger.store}", "go on with --retry"):
            try:
                ledger.run(scheduler, slots, quiet, performer)
            finally:
                ledger.write()
    return ledger.result()


def _tell_thickness(builder: Builder, quiet: bool) -> None:
    """Say where the front's thickness over the radius differs between cases."""
    note = "" if quiet else thickness_note(builder, builder.sweep.points)
    if note:
        sys.stderr.write(f"note: {note}\n")


def _check_workers(workers: int | None, scheduler: str | None) -> None:
    """Refuse a number of workers that cannot be, or that is not ours to choose."""
    if workers is not None and (workers < 1 or scheduler is not None):
        raise ConfigError(f"found {workers}" + (" beside --scheduler" if scheduler else ""), where="--workers",
                          allowed="at least 1" if scheduler is None else "left out: the cluster has its own workers")


@contextmanager
def _folder(folder: Path, resume: bool) -> Iterator[None]:
    """The sweep's folder, kept to this process."""
    if folder.is_dir() and any(folder.iterdir()):
        if not (folder / SWEEP_FILE).is_file():
            raise ConfigError("the folder holds something that is not a sweep", where=str(folder),
                              hint="choose another with -o")
        if not resume:
            raise ConfigError("the folder holds a sweep", where=str(folder),
                              hint="use --resume to go on with it (cases that have ended are kept), or another folder")
    with hold(folder):
        yield


def _record(study: Sweep, ledger: Ledger) -> dict[str, Any]:
    """What ``sweep.json`` keeps: the sweep as read, and where its cases are."""
    base = study.model.base
    return {"name": study.name, "version": femanode.__version__,
            "base": str((study.folder / base).resolve()) if isinstance(base, str) else base,
            "settings": {**study.model.settings}, "overrides": list(ledger.builder.overrides),
            "axes": study.model.axes, "groups": [list(group) for group in study.groups],
            "combine": None if study.model.sample else study.model.combine,
            "sample": study.model.sample.model_dump() if study.model.sample else None,
            "cases": os.path.relpath(ledger.store, ledger.folder), "number": len(ledger.cases)}
