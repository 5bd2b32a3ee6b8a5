"""Runs every case of every system, several at a time, and keeps each in a folder of its own."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path

from femanode.study.cases import Builder, plan
from femanode.study.execution.engine import Perform, collect, connect, cores
from femanode.study.execution.store import Outcome
from femanode.study.ledger import Ledger
from femanode.study.sweep import RUNNER
from femanode.study.sweepfile import Sweep
from femanode.study.systems.files import System


@dataclass(frozen=True)
class SystemRuns:
    """The cases of one system: their folders and how they ended, that of its own values first."""

    system: System
    folders: list[Path]
    outcomes: list[Outcome]


def runs_of(system: System, ledger: Ledger) -> SystemRuns:
    """The cases of a system, as its ledger has them."""
    return SystemRuns(system=system, folders=[ledger.store / case.hash for case in ledger.cases],
                      outcomes=[ledger.outcome(case) for case in ledger.cases])


def ledgers_of(studies: Sequence[Sweep], folder: Path, slots: int) -> list[Ledger]:
    """One ledger per study, all with their cases in ``folder/cases``; every case is checked.

    Raises
    ------
    ConfigError
        A configuration, or an end of a range, is wrong; nothing has been computed.
    """
    ledgers = []
    for study in studies:
        builder = Builder(study)
        ledgers.append(Ledger(study=study, builder=builder, cases=plan(builder, study.points), folder=folder,
                              retry=False, runner=RUNNER, threads=max(1, cores() // slots)))
    return ledgers


def run_all(ledgers: Sequence[Ledger], names: Sequence[str], slots: int, tell: Callable[[str], None] | None = None,
            performer: Perform | None = None) -> None:
    """Run what has not ended yet, ``slots`` cases at a time; a case that several studies share is run once.

    Parameters
    ----------
    ledgers, names : sequence
        The books of the studies, and what they are called in what is told.
    slots : int
        Cases at a time.
    tell : callable, optional
        Takes a line for every case that has ended.
    performer
        As for :func:`femanode.study.sweep.sweep`.
    """
    owners: dict[str, list[int]] = {}
    jobs = []
    for k, ledger in enumerate(ledgers):
        for case in ledger.todo:
            if case.hash not in owners:
                jobs.append(ledger.job(case))
            owners.setdefault(case.hash, []).append(k)
    if not jobs:
        return
    with connect(None, min(slots, len(jobs))) as client, closing(
            collect(client, jobs, lambda event: None, performer)) as answers:
        for number, (job, answer) in enumerate(answers, start=1):
            own = owners[str(job["hash"])]
            outcome = ledgers[own[0]].take(job, answer)
            for k in own[1:]:
                ledgers[k].outcomes[outcome.hash] = outcome
            if tell is not None:
                tell(f"case {number} of {len(jobs)}  {names[own[0]]}  {outcome.status.value}  {outcome.wall_s:.0f} s")
