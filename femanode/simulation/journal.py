"""What a run keeps as it goes: record, table, frames, counters, clock; and all of it in the checkpoint.

Everything a checkpoint needs is marked at once when a step has been recorded whole, so that whatever stops the run
afterwards, the checkpoint, the table and the frames speak of the same step.
"""

from __future__ import annotations

import dataclasses
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from femanode.errors import DiskError
from femanode.numerics.compiled import threads
from femanode.output.checkpoint import NAMES, Parts, forgo_room, keep_room_for, keep_twice, save_checkpoint
from femanode.output.fieldset import FieldSet
from femanode.output.writers import FrameEntry, FrameWriter, HistoryWriter, manifest, write_json
from femanode.postprocess.balances import Row
from femanode.postprocess.record import Recorder
from femanode.postprocess.summary import summarise
from femanode.simulation.schedule import Schedule
from femanode.solver.adaptation import adapt
from femanode.solver.candidate import Candidate, Pace
from femanode.solver.problem import Problem
from femanode.solver.protocol import Ended
from femanode.solver.reasons import StopReason
from femanode.solver.state import Part, State, state_from
from femanode.solver.stepping import Tally

#: A checkpoint may take this share of the time between two.
SHARE = 0.01


def _at_once(work: Callable[..., Any], *args: Any) -> Any:
    return work(*args)


@dataclass(frozen=True)
class Mark:
    """The last step that was recorded whole: what it left, and how much had been written by then."""

    state: State
    pace: Pace | None
    stop: StopReason | None
    tally: Tally
    rows: int
    frames: tuple[FrameEntry, ...]
    level: int
    ended: tuple[Ended, ...] = ()


class Journal:
    """The record of one run in its folder; made by :func:`femanode.simulation.opening.open_journal`.

    Attributes
    ----------
    mark : Mark
        The last good step.
    tally : Tally
        Counters, also of rejected steps since the mark.
    clock : dict
        Wall seconds by kind of work, those before a break included.
    resumed : int
        How often the run was taken up again.
    changes : list
        What it has been computed with something else from some time on, for the manifest.
    """

    def __init__(self, problem: Problem, folder: Path, stored: Parts | None = None,
                 changes: Sequence[Mapping[str, Any]] = ()) -> None:
        self.problem, self.folder = problem, folder
        self.clock = dict.fromkeys(("setup", "solve", "adaptation", "output", "checkpoint", "pictures"), 0.0)
        self.recorder = Recorder(problem)
        self.resumed, self.tally = 0, Tally()
        self.changes = [*([] if stored is None else stored["run"].data["changes"]), *changes]
        self.protocol = problem.protocol
        self._interval = problem.config.output.checkpoint
        self._saved: float | None = None
        run = None if stored is None else stored["run"]
        if stored is not None:
            self.recorder.restore(stored["record"])
        self.schedule = Schedule(problem) if run is None else Schedule(problem, run.data["level"])
        kept = [] if run is None else [FrameEntry(*entry) for entry in run.data["frames"]]
        self.frames = FrameWriter(folder, kept, linear=problem.config.output.linear_cells)
        self.history = HistoryWriter(folder / "history.csv", self.recorder.rows)
        try:
            if stored is None or run is None:
                self._begin(problem.initial_state())
                keep_room_for(folder, self.parts())
            else:
                self._restore(run, state_from(stored["state"]))
                # At once, or a run that is killed again before the next would not know of this break.
                self.save()
        except BaseException:
            self.history.close()
            forgo_room(folder)
            raise
        self._next_save = time.perf_counter() + (np.inf if self._interval is None else self._interval)

    def _begin(self, state: State) -> None:
        """Row and frame of the pristine section, in the first step of the protocol that can begin."""
        over: list[Ended] = []
        stop = None
        if self.problem.config.boundary.protocol:
            state, over, any_begins = self.protocol.begin(self.problem.physics, state)
            stop = None if any_begins else StopReason.PROTOCOL
        self.fields = FieldSet(self.problem, state)
        with self.timed("output"):
            self.history.write(self.recorder.initial(state))
            self.frames.write(self.fields, 0, self.schedule.place(state))
        self.mark = self._marked(state, None, stop, tuple(over))

    def _restore(self, run: Part, state: State) -> None:
        """Go on with counters, schedule and step length as the checkpoint has them; drop summary and manifest."""
        data = run.data
        self.resumed, self.tally = data["resumed"] + 1, Tally(**data["tally"])
        self.clock.update(data["clock"])
        self.fields = FieldSet(self.problem, state)
        pace = None if data["pace"] is None else Pace(**data["pace"])
        self.mark = self._marked(state, pace, None if data["stop"] is None else StopReason[data["stop"]],
                                 tuple(Ended(**one) for one in data["ended"]))
        self._saved = state.t
        for name in ("summary.json", "manifest.json"):
            (self.folder / name).unlink(missing_ok=True)

    @property
    def finished(self) -> bool:
        """Whether the last step recorded was the run's last."""
        return is_final(self.mark.stop, self.mark.state.t, self.problem.limits.end)

    def accept(self, candidate: Candidate, stop: StopReason | None) -> Row:
        """Record an accepted step; save when it is time."""
        with self.timed("output"):
            fields = FieldSet(self.problem, candidate.state, candidate.equilibrium)
            row = self.recorder.step(candidate, fields)
            if stop in (None, StopReason.END_TIME) and self._to_end_torn():
                # The tear outranks the end time: a run taken up with a later end time must not go on past it.
                stop = StopReason.TORN
            self.history.write(row)
            state, ends, over = self._turned(candidate.state, stop)
            if self.schedule.due(candidate.state, self.frames.entries) or stop is not None:
                self._write_frame(fields, last=ends is not None)
        # A new step of the protocol finds its own pace.
        pace = candidate.pace if state.step == candidate.state.step else None
        stop, self.fields, self.mark = ends, fields, self._marked(state, pace, ends, over)
        if stop is None and time.perf_counter() >= self._next_save:
            self.save()
        return row

    def _turned(self, state: State, stop: StopReason | None) -> tuple[State, StopReason | None, tuple[Ended, ...]]:
        """The state, in the protocol's next step where ``stop`` ended one; why the run ends; the steps over by now."""
        if stop in (None, StopReason.END_TIME, StopReason.TORN) or not self.problem.config.boundary.protocol:
            return state, stop, self.mark.ended
        following, said = self.protocol.after(self.problem.physics, state, stop)
        over = (*self.mark.ended, *said)
        return following, StopReason.PROTOCOL if following is state else None, over

    def _write_frame(self, fields: FieldSet, *, last: bool) -> None:
        """One more frame; of those that are there, keep what is needed."""
        self.frames.write(fields, len(self.recorder.rows) - 1, self.schedule.place(fields.state))
        choose = self.schedule.chosen if last else self.schedule.thinned
        self.frames.keep(choose(self.frames.entries))
        if self._saved is None:
            self.frames.discard(saved=False)

    def _to_end_torn(self) -> bool:
        """Whether the skin has torn and the run is to end there."""
        return bool(self.problem.config.time.stop.torn) and self.recorder.skin.torn is not None

    def adapt(self, attempt: Callable[..., Any] = _at_once) -> bool:
        """Change to a mesh that is fine where the front is now, if the present one is not; whether it was done.

        ``attempt`` makes the call that may be broken off. The last row and frame stay those of the mesh the step was
        made on.
        """
        with self.timed("adaptation"):
            problem, state = attempt(adapt, self.problem, self.mark.state)
        if problem is self.problem:
            return False
        self.problem = self.schedule.problem = problem
        self.recorder.move_to(problem)
        self.tally.meshes += 1
        self.mark = dataclasses.replace(self.mark, state=state,
                                        tally=dataclasses.replace(self.mark.tally, meshes=self.tally.meshes))
        keep_room_for(self.folder, self.parts())
        return True

    def _marked(self, state: State, pace: Pace | None, stop: StopReason | None,
                ended: tuple[Ended, ...] = ()) -> Mark:
        tally = dataclasses.replace(self.tally, reasons=dict(self.tally.reasons))
        return Mark(state=state, pace=pace, stop=stop, tally=tally, rows=len(self.recorder.rows),
                    frames=tuple(self.frames.entries), level=self.schedule.level, ended=ended)

    def parts(self) -> dict[str, Part]:
        """Everything that the rest of the run depends on, by who hands it over."""
        mark = self.mark
        run = {"pace": None if mark.pace is None else dataclasses.asdict(mark.pace),
               "stop": None if mark.stop is None else mark.stop.name, "tally": dataclasses.asdict(mark.tally),
               "ended": [dataclasses.asdict(one) for one in mark.ended],
                "frames": mark.frames, "level": mark.level,
               "resumed": self.resumed, "clock": self.clock, "changes": self.changes}
        return {"state": mark.state.part(), "mesh": self.problem.mesh_part(),
                "record": self.recorder.part(mark.rows), "run": Part(data=run)}

    def save(self, *, last: bool = False) -> Path:
        """Write the checkpoint; the next is due when its interval is over, or later where saving is slow.

        Room is kept for it at once, unless this is the ``last``: a frame or another program may otherwise take what
        the disk has left, and with it all steps since this one.
        """
        start = time.perf_counter()
        with self.timed("checkpoint"):
            self.frames.sync()
            means = Part(data={"name": self.problem.physics.mechanics.solver.name, "threads": threads()})
            parts = {**self.parts(), "solver": means}
            path = save_checkpoint(self.folder, parts, self.problem.config.model_dump(mode="json"))
            self.frames.discard(saved=True)
        self._saved = self.mark.state.t
        if not last:
            keep_room_for(self.folder, parts)
        if self._interval is not None:
            end = time.perf_counter()
            self._next_save = end + max(self._interval, (end - start) / SHARE)
        return path

    @property
    def checkpoint(self) -> Path:
        """Where the newest checkpoint is."""
        newest, older = (self.folder / name for name in NAMES)
        # A disk may have refused the new one when the one before had already got its other name.
        return older if older.is_file() and not newest.exists() else newest

    def described(self, error: DiskError, before: str = "") -> DiskError:
        """The disk's error with what is safe and what to do; ``before`` is put first."""
        reached = self.mark.state.t
        if self._saved is None:
            kept = f"no checkpoint could be written, all up to t = {reached:.6g} s has to be computed again"
            todo = "begin anew with --resume"
        else:
            kept = f"safe: {self.checkpoint}, the run up to t = {self._saved:.6g} s"
            kept += f" of {reached:.6g} s" if self._saved < reached else ""
            todo = "go on with --resume"
        return DiskError(error.found, where=before + error.where, kept=kept, hint=f"{error.hint}, then {todo}")

    def close(self, otherwise: str) -> DiskError | None:
        """Leave checkpoint, last frame, summary and manifest; ``otherwise`` says why where the run is not finished.

        What the disk refuses is returned, not raised; nothing is written after it.
        """
        try:
            self.history.close()
            self._leave(otherwise)
        except DiskError as error:
            return error
        finally:
            forgo_room(self.folder)
        return None

    def _steps_over(self) -> list[dict[str, Any]]:
        """The protocol's steps that are over or could not begin, for the manifest."""
        steps = self.protocol.steps
        return [{"cycle": steps[one.step].cycle, "step": steps[one.step].number, "name": steps[one.step].name,
                 "begun_s": one.begun, "ended_s": one.ended, "ended_by": one.reason} for one in self.mark.ended]

    def _leave(self, otherwise: str) -> None:
        reason = self.mark.stop if self.mark.stop is not None and self.finished else otherwise
        if self.finished:
            self._write_last()  # where it is gone
            self.mark = dataclasses.replace(self.mark, frames=tuple(self.frames.entries))
        self.save(last=True)
        # Written after the checkpoint, which does not count it: a run that goes on from there writes its own.
        self._write_last()
        if self.finished:
            with suppress(DiskError):  # then a run that has to go on from the one before does so without these frames
                keep_twice(self.folder)
            self.frames.discard(saved=False)
        else:
            # Files that are not shown stay, for a run that goes on to choose from them.
            self.frames.show(self.schedule.chosen(self.frames.entries))
        write_json(self.folder / "summary.json", summarise(self.recorder, self.fields, reason))
        stop = reason.value if isinstance(reason, StopReason) else reason
        write_json(self.folder / "manifest.json", manifest(self.problem, self.tally, stop=stop, seconds=self.clock,
                                                           resumed=self.resumed, changes=self.changes,
                                                           events=self.recorder.skin.events(),
                                                           protocol=self._steps_over(),
                                                            frames=self.frames.shown))

    def _write_last(self) -> None:
        """The frame of the last state, where there is none."""
        shown = self.frames.entries
        if not shown or shown[-1].time != self.mark.state.t:
            self.frames.write(self.fields, len(self.recorder.rows) - 1, self.schedule.place(self.mark.state))

    @contextmanager
    def timed(self, name: str) -> Iterator[None]:
        """Add the time spent inside to the clock."""
        start = time.perf_counter()
        try:
            yield
        finally:
            self.clock[name] += time.perf_counter() - start


def is_final(stop: StopReason | None, t: float, end: float) -> bool:
    """Whether a run that stopped at t (s) has no more to do; a later end time takes up one that ended by time."""
    return stop is not None and (stop is not StopReason.END_TIME or t >= end)
