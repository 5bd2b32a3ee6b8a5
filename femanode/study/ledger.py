"""The book of a sweep: which cases there are, which have ended and how, and the table that says so."""

from __future__ import annotations

import os
import shutil
import time
from collections import Counter
from collections.abc import Callable, Mapping
from contextlib import closing
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pandas as pd

from femanode.errors import ConfigError
from femanode.output.disk import telling
from femanode.study.cases import Builder, Case, config_mapping
from femanode.study.display import Board, watch
from femanode.study.execution.engine import Perform, collect, connect
from femanode.study.execution.limits import Tell
from femanode.study.execution.store import (
    FINISHED,
    RETRIED,
    Outcome,
    Status,
    final_outcome,
    read_outcome,
    read_summary,
)
from femanode.study.execution.supervisor import Interrupted
from femanode.study.quantity import label
from femanode.study.sweepfile import Sweep
from femanode.study.table import flatten, parameter_columns, read_table, write_table

if TYPE_CHECKING:
    from femanode.study.execution.engine import Client

#: Least seconds between two writings of the table, and how many times longer than a writing takes.
TABLE_EVERY, TABLE_SHARE = 10.0, 50.0


@dataclass
class SweepResult:
    """A sweep's folder and how its cases ended."""

    path: Path
    counts: Counter[Status]
    ran: int
    reused: int
    messages: dict[str, str] = field(default_factory=dict)

    @cached_property
    def table(self) -> pd.DataFrame:
        """One row per case: parameters, status, wall time, figures of merit."""
        return read_table(self.path)

    @property
    def exit_code(self) -> int:
        """1 when a case crashed, 3 when no case came to its end, else 0."""
        if self.counts[Status.CRASHED]:
            return 1
        return 0 if any(self.counts[status] for status in FINISHED) else 3


@dataclass
class Ledger:
    """Which cases there are, which have ended and how; turns answers into folders and the table."""

    study: Sweep
    builder: Builder
    cases: list[Case]
    folder: Path
    retry: bool
    runner: str
    threads: int
    outcomes: dict[str, Outcome] = field(default_factory=dict)
    ran: int = 0
    _written: float = field(default_factory=time.monotonic)
    _cost: float = 0.0

    def __post_init__(self) -> None:
        cache = self.study.model.cache
        self.store = (self.study.folder / cache).resolve() if cache else (self.folder / "cases").resolve()
        self.store.mkdir(parents=True, exist_ok=True)
        self._again = frozenset(RETRIED) if self.retry else frozenset()
        self._first = {case.hash: case for case in reversed(self.cases)}
        for name in self._first:
            known = final_outcome(self.store / name)
            if known is not None and known.status not in self._again:
                self.outcomes[name] = known
        self.reused = len(self.outcomes)

    @property
    def todo(self) -> list[Case]:
        """The cases to run, each once, in order."""
        return sorted((c for name, c in self._first.items() if name not in self.outcomes), key=lambda c: c.number)

    def run(self, scheduler: str | None, slots: int, quiet: bool, performer: Perform | None) -> None:
        """Run what is to be done."""
        todo = self.todo
        board = Board(len(self._first), {case.hash: self.label(case) for case in todo})
        board.known.update(outcome.status for outcome in self.outcomes.values())
        if not todo:
            return
        with connect(scheduler, min(slots, len(todo))) as client, watch(board, quiet) as changed:

            def tell(event: Mapping[str, Any]) -> None:
                board.tell(event)
                changed()

            def end(outcome: Outcome) -> None:
                board.end(outcome)
                changed()
                self.write_now_and_then()

            self.run_on(client, tell, end, performer)

    def run_on(self, client: Client, tell: Tell, end: Callable[[Outcome], None], performer: Perform | None) -> None:
        """Run what is to be done on a cluster; `end` takes every outcome as it comes."""
        with closing(collect(client, map(self.job, self.todo), tell, performer)) as answers:
            for job, answer in answers:
                end(self.take(job, answer))

    def label(self, case: Case) -> str:
        """Values of a case in few words."""
        return ", ".join(label(value) for value in case.values)

    def job(self, case: Case) -> dict[str, Any]:
        """What a worker needs to run `case`."""
        # The name is the same whichever sweep begins the case, so that any of them can go on with it.
        config = self.builder.config(case.values).model_copy(update={"name": f"case-{case.hash[:8]}"})
        limits = self.study.model.limits
        return {"hash": case.hash, "folder": str(self.store / case.hash), "config": config_mapping(config),
                "runner": self.runner, "again": sorted(self._again), "wall": limits.wall, "memory": limits.memory,
                "threads": self.threads, "results": self.study.model.results}

    def take(self, job: Mapping[str, Any], answer: dict[str, Any] | BaseException) -> Outcome:
        """Keep one answer."""
        name, folder = str(job["hash"]), Path(job["folder"])
        if isinstance(answer, Interrupted):
            outcome = Outcome(name, Status.MISSING, "interrupted; --resume goes on with it")
        elif isinstance(answer, BaseException):
            said = " ".join(f"{type(answer).__name__}: {answer}".split())[:500]
            outcome = final_outcome(folder) or Outcome(name, Status.CRASHED, f"the worker failed: {said}")
        elif "refused" in answer:
            outcome = Outcome(name, Status.CRASHED, answer["refused"])
        else:
            outcome = Outcome.from_mapping(answer["outcome"])
            if "files" in answer:
                outcome = _receive(folder, answer["files"]) or outcome
            elif final_outcome(folder) is None:
                raise ConfigError(f"a worker on {outcome.host or 'another machine'} has ended a case that is not in "
                                  f"'{folder}'", where="results", allowed="folder only where workers share it",
                                  hint="use results: value")
        self.outcomes[name] = outcome
        self.ran += 1
        return outcome

    def write_now_and_then(self) -> None:
        """Write the table, unless that was done a moment ago."""
        if time.monotonic() - self._written > max(TABLE_EVERY, TABLE_SHARE * self._cost):
            self.write()

    def write(self) -> None:
        """Write the table of all cases as they stand."""
        begun = time.monotonic()
        write_table(self.folder, self.frame())
        self._written = time.monotonic()
        self._cost = self._written - begun

    def frame(self) -> pd.DataFrame:
        """One row per case, in the sweep's order."""
        head: dict[str, list[Any]] = {"case": [c.number for c in self.cases], "hash": [c.hash for c in self.cases]}
        head.update(parameter_columns(self.study.paths, [c.values for c in self.cases]))
        ends = [self.outcome(case) for case in self.cases]
        head.update({"status": [o.status.value for o in ends], "message": [o.message for o in ends],
                     "wall_s": [o.wall_s for o in ends], "memory_MB": [o.memory_MB for o in ends],
                     "attempts": [o.attempts for o in ends], "version": [o.version for o in ends],
                     "folder": [os.path.relpath(self.store / c.hash, self.folder) for c in self.cases]})
        summaries: dict[str, dict[str, Any]] = {}
        for name in self._first:
            summaries[name] = flatten(read_summary(self.store / name)) if name in self.outcomes else {}
        merits = pd.DataFrame([summaries[case.hash] for case in self.cases], index=range(len(self.cases)))
        return pd.concat([pd.DataFrame(head), merits], axis=1)

    def outcome(self, case: Case) -> Outcome:
        """How a case stands."""
        known = self.outcomes.get(case.hash)
        if known is not None:
            return known
        seen = read_outcome(self.store / case.hash)
        said = "begun; --resume goes on with it" if seen is not None else ""
        return Outcome(case.hash, Status.MISSING, said, attempts=seen.attempts if seen else 0)

    def result(self) -> SweepResult:
        """Counts over the sweep's points and the messages of the cases that failed."""
        ends = [self.outcome(case) for case in self.cases]
        failed = {case.hash: end.message for case, end in zip(self.cases, ends, strict=True)
                  if end.status not in FINISHED}
        return SweepResult(path=self.folder, counts=Counter(end.status for end in ends), ran=self.ran,
                           reused=self.reused, messages=failed)


def _receive(folder: Path, files: Mapping[str, bytes]) -> Outcome | None:
    """Put files sent by a worker in place, unless the case has ended here already; the outcome that holds."""
    known = final_outcome(folder)
    if known is not None:
        return known
    part = folder.with_name(f"{folder.name}.{os.getpid()}.part")
    shutil.rmtree(part, ignore_errors=True)
    try:
        with telling(folder):
            for name, content in files.items():
                path = part / name
                path.parent.mkdir(parents=True, exist_ok=True)
                path.write_bytes(content)
            shutil.rmtree(folder, ignore_errors=True)
            part.rename(folder)
    finally:
        shutil.rmtree(part, ignore_errors=True)
    return final_outcome(folder)
