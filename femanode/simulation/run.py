"""A run from beginning to end: config -> mesh -> state -> solver -> output -> postprocess."""

from __future__ import annotations

import logging
import time
from collections.abc import Callable, Mapping
from contextlib import ExitStack
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path
from typing import Any, Literal

import numpy as np

from femanode.config.loading import Config, load_config
from femanode.errors import ConfigError, ConvergenceError, DiskError, OutOfMemory
from femanode.output.lock import hold
from femanode.output.writers import write_json
from femanode.simulation.interruption import interruptible, undisturbed
from femanode.simulation.journal import Journal
from femanode.simulation.opening import is_complete, open_journal
from femanode.simulation.plan import plan
from femanode.simulation.result import Result
from femanode.solver.candidate import propose
from femanode.solver.problem import Problem, build_problem
from femanode.solver.stepping import march

logger = logging.getLogger(__name__)

#: An even front advances alike in all directions at a given potential, an uneven one does not; or a current is given.
Front = Literal["even", "uneven", "driven"]


@dataclass(frozen=True)
class Progress:
    """Where a run stands.

    Attributes
    ----------
    t, converted : float
        Time, s, and converted fraction.
    speed, drive : float
        Mean speed v of the front, nm/s, and the mean of v/k(n).
    end, wanted : float
        Time, s, and converted fraction at which the run ends at the latest.
    reserve : float
        v/k that the present stress leaves to a front at the surface's activity; at 0 stress holds the front.
    step : str
        Where there is a protocol, or no front: the step and what is measured, in words; empty otherwise.
    done : float or None
        Share of the protocol's steps that are over; None without a protocol.
    depth : float
        Depth of the front over the depth that ``wanted`` stands for, 0 to 1; steps go by depth, not by area.
    steps, planned : int
        Accepted steps so far, and about how many a run of this kind takes (`plan`); 0 where that is not known.
    front : Front
        What kind of front it is, on which it depends how it comes to rest.
    doing : str
        What follows the last step, such as "drawing pictures"; empty while time advances.
    """

    t: float
    converted: float
    speed: float
    drive: float
    end: float
    wanted: float = 1.0
    reserve: float = 1.0
    step: str = ""
    done: float | None = None
    depth: float = 0.0
    steps: int = 0
    planned: int = 0
    front: Front = "uneven"
    doing: str = ""


def run(config: Config | str | Path, out: str | Path | None = None, *, overwrite: bool = False, resume: bool = False,
        report: Callable[[Progress], None] | None = None) -> Result:
    """Run one case and leave its folder.

    Parameters
    ----------
    config : Config or path
        From :func:`femanode.load_config`, or the file that it reads.
    out : path, optional
        Folder to make; ``results/<name>`` by default.
    overwrite : bool
        Replace an earlier run in that folder.
    resume : bool
        Go on from the folder's checkpoint to what the uninterrupted run gives; begin where there is no run yet, do
        nothing where it has finished. The configuration must be the run's own; ``time.end`` may be later.
    report : callable, optional
        Called after every accepted step.

    Raises
    ------
    ConfigError
        The input is wrong, or another process is at work in the folder; nothing has been computed.
    ConvergenceError
        The solver could not go on; everything up to the last good state is in the folder.
    OutOfMemory
        The system gives no more memory; likewise where that is possible.
    DiskError
        The disk takes no more; its text says what is safe. Exit code 3 when computing had begun, 2 before. Where only
        the pictures are missing, that is logged and nothing raised.
    KeyboardInterrupt
        SIGINT, SIGTERM, SIGHUP, SIGUSR1, SIGUSR2 or SIGXCPU; likewise.
    """
    begun = time.perf_counter()
    if isinstance(config, str | Path):
        config = load_config(config)
    elif not isinstance(config, Config):
        raise ConfigError(f"found {type(config).__name__}", where="config", allowed="a Config, or the path of a file",
                          hint="of a mapping, Config.from_mapping makes one")
    problem = build_problem(config)
    folder = Path(out) if out is not None else Path("results") / config.name
    with ExitStack() as holding:
        try:
            holding.enter_context(hold(folder))
        except DiskError:
            # A disk that takes nothing does not matter where nothing is left to write.
            if resume and is_complete(problem, folder):
                return Result(folder, was_finished=True)
            raise
        journal = open_journal(problem, folder, overwrite=overwrite, resume=resume)
        if journal is None:
            return Result(folder, was_finished=True)
        journal.clock["setup"] += time.perf_counter() - begun
        watched = _Watched(report)
        _advance(journal, watched)
        if config.output.pictures:
            try:
                _illustrate(journal, watched)
            except KeyboardInterrupt:
                said = f"the run itself is whole in {folder}; its pictures and page: {_drawn(folder)}"
                raise KeyboardInterrupt(said) from None
        return Result(folder)


class _Watched:
    """Passes progress on, and remembers it for what comes after the last step."""

    def __init__(self, report: Callable[[Progress], None] | None) -> None:
        self._report, self._last = report, None if report is None else Progress(0.0, 0.0, 0.0, 0.0, 1.0)

    def __call__(self, progress: Callable[[], Progress]) -> None:
        """Report; what is reported is computed only where somebody listens."""
        if self._report is not None:
            self._last = progress()
            self._report(self._last)

    def doing(self, what: str) -> None:
        """Report that something else has begun."""
        if self._report is not None and self._last is not None:
            self._report(replace(self._last, doing=what))


def _drawn(folder: Path) -> str:
    """What makes pictures and page later."""
    return f"'femanode plot {folder}' and 'femanode report {folder}'"


def _illustrate(journal: Journal, watched: _Watched) -> None:
    """Pictures, script and page; a run that is whole on the disk does not fail where there is no room for them."""
    # Not needed before, and matplotlib takes a second to load.
    from femanode.pictures.figures import make_pictures
    from femanode.pictures.page.report import try_report
    from femanode.pictures.paraview import try_script

    folder = journal.folder
    try:
        watched.doing("drawing pictures")
        with journal.timed("pictures"):
            make_pictures(folder)
        write_json(folder / "manifest.json", {**Result(folder).manifest, "wall_seconds": journal.clock})
        try_script(folder)  # the page links it
        watched.doing("writing the page")
        try_report(folder)
    except DiskError as error:
        logger.warning("no pictures or page: %s; the run itself is whole in %s; then %s", error, folder, _drawn(folder))


def _advance(journal: Journal, watched: _Watched) -> None:
    """Advance the run to its end; whatever breaks it off, write all files of the run up to the last good step."""
    reason, ending = "stopped by an error", None
    try:
        _march(journal, watched)
    except (ConvergenceError, KeyboardInterrupt, DiskError) as error:
        ending = error
        reason = {KeyboardInterrupt: "interrupted", DiskError: "stopped by the disk"}.get(
            type(error), f"solver stopped: {error}")
    except MemoryError as error:
        said = f"t = {journal.mark.state.t:.6g} s: no memory is left ({error})"
        raise OutOfMemory(said, _saved_without_memory(journal)) from None
    except BaseException:
        with undisturbed():
            journal.close(reason)
        raise
    with undisturbed() as came:
        trouble = journal.close(reason)
    if isinstance(ending, DiskError):
        raise journal.described(ending) from None
    if trouble is not None:
        # Outranks what else has ended the run, which would promise that its last state is saved.
        raise journal.described(trouble, "" if ending is None else f"{reason}; ") from None
    if isinstance(ending, ConvergenceError):
        raise ConvergenceError(str(ending), journal.checkpoint) from None
    if ending is not None or came:
        whole = f"the run is whole in {journal.folder}; " if journal.finished else ""
        raise KeyboardInterrupt(f"{whole}last good state: {journal.checkpoint}") from None


def _do(work: Callable[..., Any], *args: Any) -> Any:
    """Do what may be broken off by a signal."""
    return work(*args)


def _saved_without_memory(journal: Journal) -> str:
    """Save the run though memory is short; what is safe."""
    try:
        with undisturbed():
            trouble = journal.close("out of memory")
    except MemoryError:
        return f"nothing more could be saved; safe is what {journal.folder} holds"
    return f"last good state: {journal.checkpoint}" if trouble is None else str(journal.described(trouble))


def _rescued(journal: Journal, why: str) -> str:
    """Save the run in place of a main thread that is lost in a library; the line to print."""
    reached = journal.mark.state.t
    trouble = journal.close(why)
    if trouble is not None:
        return str(journal.described(trouble, f"{why}; "))
    return f"t = {reached:.6g} s: {why}; last good state: {journal.checkpoint}; go on with --resume"


def _march(journal: Journal, watched: _Watched) -> None:
    """Accept steps until the run is finished."""
    planned = plan(journal.problem).steps
    extrapolated = journal.problem.config.solver.front_stress == "extrapolated"
    with interruptible(_do, partial(_rescued, journal), journal.problem.config.solver.patience) as attempt:
        proposer = partial(attempt, partial(propose, agreed=False) if extrapolated else propose)
        while not journal.finished:
            problem, mark = journal.problem, journal.mark
            steps = march(problem.physics, mark.state, problem.limits, problem.output_times(), journal.tally,
                          proposer, mark.pace, journal.protocol.steps[mark.state.step].ends)
            while not (journal.finished or journal.mark.state.step != mark.state.step or journal.adapt(attempt)):
                with journal.timed("solve"):
                    candidate, stop = next(steps)
                row = journal.accept(candidate, stop)
                watched(partial(progress_at, journal.problem, row, journal.tally.accepted, planned, mark.state.step))


def progress_at(problem: Problem, row: Mapping[str, float], steps: int, planned: int, stage: int = 0) -> Progress:
    """Where a run stands after a step.

    Parameters
    ----------
    problem : Problem
    row : mapping
        Row of the history: time, converted fraction, speed, drive, depth and stress of the front.
    steps, planned : int
        Accepted steps, and how many a run of this kind takes (`plan`); 0 if that is not known.
    stage : int
        Step of the protocol, which says what is applied.
    """
    physics, wanted = problem.physics, problem.limits.converted or 1.0
    applied, stress = physics.applied[stage], row["front_mean_stress_GPa"]
    balanced = float(physics.front.kinetics.equilibrium_activity(np.array([stress]))[0])
    kind: Front = "driven" if applied.current is not None else "even" if problem.rates.isotropic else "uneven"
    return Progress(t=row["time_s"], converted=row["converted_fraction"], speed=row["front_speed_nm_s"],
                    drive=row["drive"], end=problem.limits.end, wanted=wanted,
                    reserve=1.0 if np.isnan(stress) else applied.cutoff - balanced,
                    depth=row["front_depth_nm"] / problem.section.outline.equivalent_depth(wanted),
                    steps=steps, planned=planned, front=kind, **_standing(problem, row, stage))


def _standing(problem: Problem, row: Mapping[str, float], stage: int) -> dict[str, Any]:
    """What a run with a protocol, or without a front, says of itself in place of conversion."""
    config, steps = problem.config, problem.protocol.steps
    if config.boundary.protocol is None and not config.initial.reacted:
        return {}
    said = f"{100.0 * row['state_of_charge']:.1f} % of full content"
    if "potential_V" in row:
        said = f"{row['potential_V']:.3f} V, {row['capacity_mAh_g']:.0f} mAh/g"
    if config.boundary.protocol is None:
        return {"step": said}
    at, cycles = steps[stage], f" of {config.boundary.cycles}" if config.boundary.cycles > 1 else ""
    return {"step": f"cycle {at.cycle}{cycles}, {at.name}: {said}", "done": stage / len(steps)}
