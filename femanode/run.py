"""A run from beginning to end: config -> mesh -> state -> solver -> output -> postprocess."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from femanode.config import Config, dump_config
from femanode.errors import ConvergenceError
from femanode.fieldset import FieldSet
from femanode.figures import make_pictures
from femanode.output import FrameWriter, HistoryWriter, manifest, prepare_folder, write_json, write_text
from femanode.postprocess import Recorder
from femanode.problem import Problem, build_problem
from femanode.runfolder import RunFolder
from femanode.state import State
from femanode.stepping import StopReason, Tally, march


@dataclass(frozen=True)
class Progress:
    """Where a run stands: time (s), converted fraction, mean front speed (nm/s), v/k, and the end time (s)."""

    t: float
    converted: float
    speed: float
    drive: float
    end: float


class Result(RunFolder):
    """A finished run: ``history`` (table), ``summary`` (dict), ``manifest``, ``frames`` (lazy), ``path``."""


def run(config: Config, out: str | Path | None = None, *, overwrite: bool = False,
        report: Callable[[Progress], None] | None = None) -> Result:
    """Run one case and leave its folder.

    Parameters
    ----------
    config : Config
        From :func:`femanode.load_config`.
    out : path, optional
        Folder to make; ``results/<name>`` by default.
    overwrite : bool
        Replace an earlier run in that folder.
    report : callable, optional
        Called after every accepted step.

    Raises
    ------
    ConfigError
        The input is wrong; nothing has been computed.
    ConvergenceError
        The solver could not go on; everything up to the last good state is in the folder.
    KeyboardInterrupt
        Likewise.
    """
    clock = {"setup": 0.0, "solve": 0.0, "output": 0.0, "pictures": 0.0}
    with _timed(clock, "setup"):
        problem = build_problem(config)
        folder = prepare_folder(Path(out) if out is not None else Path("results") / config.name, overwrite=overwrite)
        write_text(folder / "config.yaml", dump_config(config))
        recorder, state = Recorder(problem), problem.initial_state()
    state = _advance(problem, recorder, state, folder, clock, report)
    if config.output.pictures:
        with _timed(clock, "pictures"):
            make_pictures(folder)
        write_json(folder / "manifest.json", {**Result(folder).manifest, "wall_seconds": clock})
    return Result(folder)


def _advance(problem: Problem, recorder: Recorder, state: State, folder: Path, clock: dict[str, float],
             report: Callable[[Progress], None] | None) -> State:
    """March to the end; whatever happens, leave table, frames, summary and manifest of what was reached."""
    frames, history, tally = FrameWriter(folder), HistoryWriter(folder / "history.csv"), Tally()
    schedule = _Schedule(problem, state)
    reason: StopReason | str = "interrupted"
    fields = FieldSet(problem, state)
    with _timed(clock, "output"):
        history.write(recorder.initial(state))
        frames.write(fields)
    steps = march(problem.physics, state, problem.limits, problem.output_times(), tally)
    try:
        while True:
            with _timed(clock, "solve"):
                candidate, stop = next(steps)
            if candidate.state is None:
                continue
            state = candidate.state
            fields = FieldSet(problem, state)
            with _timed(clock, "output"):
                row = recorder.step(candidate, fields)
                history.write(row)
                if stop is not None or schedule.due(state):
                    frames.write(fields)
            if report is not None:
                report(Progress(state.t, row["converted_fraction"], row["front_speed_nm_s"], candidate.drive,
                                problem.limits.end))
            if stop is not None:
                reason = stop
                return state
    except ConvergenceError as error:
        reason = f"solver stopped: {error}"
        raise ConvergenceError(str(error), state.save(folder / "last_state.npz")) from None
    except KeyboardInterrupt:
        raise KeyboardInterrupt(f"last good state: {state.save(folder / 'last_state.npz')}") from None
    finally:
        history.close()
        if frames.entries[-1][0] != state.t:
            frames.write(fields)
        write_json(folder / "summary.json", recorder.summary(fields, reason))
        stop_text = reason.value if isinstance(reason, StopReason) else reason
        write_json(folder / "manifest.json", manifest(problem, tally, stop=stop_text, seconds=clock))


class _Schedule:
    """Which accepted states become frames: every time asked for, or every 1/frames of the section converted."""

    def __init__(self, problem: Problem, state: State) -> None:
        self._problem = problem
        self._times = set(problem.output_times())
        self._next = 0.0
        self.due(state)

    def due(self, state: State) -> bool:
        """Whether ``state`` is to be written; moves the mark on when it is."""
        frames = self._problem.config.output.frames
        if frames is None:
            return state.t in self._times
        f = self._problem.physics.converted_fraction(state.xi)
        if f < self._next:
            return False
        self._next = (np.floor(f * frames) + 1.0) / frames
        return True


@contextmanager
def _timed(clock: dict[str, float], name: str) -> Iterator[None]:
    start = time.perf_counter()
    try:
        yield
    finally:
        clock[name] += time.perf_counter() - start
