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
from femanode.study.systems.files import System
from femanode.study.systems.inputs import study_of


@dataclass(frozen=True)
class SystemRuns:
    """The cases of one system: their folders and how they ended, that of its own values first."""

    system: System
    folders: list[Path]
    outcomes: list[Outcome]


def run_systems(systems: Sequence[System], folder: Path, *, quick: bool = False, workers: int | None = None,
                tell: Callable[[str], None] | None = None, runner: str = RUNNER,
                performer: Perform | None = None) -> list[SystemRuns]:
    """Run what has not ended yet in ``folder/cases``; every case is checked before the first one runs.

    Parameters
    ----------
    systems : sequence of System
    folder : Path
        Where the cases are kept; one that has ended there, with this version, is not run again.
    quick : bool
        A coarse front, and no ranges.
    workers : int, optional
        Cases at a time; default: one per core.
    tell : callable, optional
        Takes a line for every case that has ended.
    runner, performer
        As for :func:`femanode.study.sweep.sweep`.

    Raises
    ------
    ConfigError
        A configuration, or an end of a range, is wrong; nothing has been computed.
    """
    slots = workers or cores()
    ledgers: list[Ledger] = []
    for system in systems:
        study = study_of(system, quick=quick)
        builder = Builder(study)
        ledgers.append(Ledger(study=study, builder=builder, cases=plan(builder, study.points), folder=folder,
                              retry=False, runner=runner, threads=max(1, cores() // slots)))
    # Systems may share a case, which is run once.
    owners: dict[str, list[int]] = {}
    for k, ledger in enumerate(ledgers):
        for case in ledger.todo:
            owners.setdefault(case.hash, []).append(k)
    jobs = [ledgers[own[0]].job(case) for own, case in (
        (owners[case.hash], case) for k, ledger in enumerate(ledgers) for case in ledger.todo
        if owners[case.hash][0] == k)]
    if jobs:
        with connect(None, min(slots, len(jobs))) as client, closing(
                collect(client, jobs, lambda event: None, performer)) as answers:
            for number, (job, answer) in enumerate(answers, start=1):
                own = owners[str(job["hash"])]
                outcome = ledgers[own[0]].take(job, answer)
                for k in own[1:]:
                    ledgers[k].outcomes[outcome.hash] = outcome
                if tell is not None:
                    tell(f"case {number} of {len(jobs)}  {systems[own[0]].name}  {outcome.status.value}  "
                         f"{outcome.wall_s:.0f} s")
    return [SystemRuns(system=system, folders=[ledger.store / case.hash for case in ledger.cases],
                       outcomes=[ledger.outcome(case) for case in ledger.cases])
            for system, ledger in zip(systems, ledgers, strict=True)]
