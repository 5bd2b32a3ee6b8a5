"""What a checkpoint hands over is looked through before anything in the run's folder is touched.

The checksum says that a file is as it was written, not who wrote it: a folder may come from elsewhere.
"""

from __future__ import annotations

import dataclasses
import re
from pathlib import Path
from typing import Any

import numpy as np

from femanode.errors import ConfigError
from femanode.numerics.compiled import threads
from femanode.output.checkpoint import Parts
from femanode.output.writers import FrameEntry
from femanode.postprocess.record import Recorder
from femanode.solver.candidate import Pace
from femanode.solver.problem import Problem
from femanode.solver.protocol import Ended
from femanode.solver.reasons import StopReason
from femanode.solver.state import pristine, state_from
from femanode.solver.stepping import Tally

LINEAR_SOLVER = "linear solver"
#: What parts that lack something, or hold something else, make of those who take them over.
_SPOILT = (LookupError, TypeError, ValueError, AttributeError, ArithmeticError)
#: A frame lies in the run's folder; what is dropped there is removed.
_FRAME = re.compile(r"frames/frame_[0-9]{4,}\.vtu")


def on_stored_mesh(problem: Problem, parts: Parts, folder: Path) -> Problem:
    """The problem on the mesh of a checkpoint whose parts are those of a run of it.

    Raises
    ------
    ConfigError
        A part is missing, holds something else, or belongs to another mesh; nothing has been changed.
    """
    try:
        there = problem.with_mesh(parts["mesh"])
        _require_state(there, parts)
        _require_record(there, parts)
        _require_run(parts)
    except _SPOILT as error:
        said = f"{type(error).__name__}: {error}" if str(error) else type(error).__name__
        raise ConfigError(f"holds something else than a run of this case ({said})",
                          where=str(folder / "checkpoint.npz"), hint="run the case anew with --overwrite") from None
    return there


def _require_state(problem: Problem, parts: Parts) -> None:
    """All fields, finite, of the mesh's shape."""
    state, spaces = state_from(parts["state"]), problem.physics.spaces
    fresh = pristine(spaces.n_nodes, (spaces.weight.shape[0], spaces.weight.shape[1]), np.zeros(spaces.n_nodes))
    for field in dataclasses.fields(state):
        found, due = getattr(state, field.name), getattr(fresh, field.name)
        if np.shape(found) != np.shape(due) or (isinstance(found, np.ndarray) and found.dtype != np.float64):
            raise ValueError(f"{field.name} of shape {np.shape(found)}, not {np.shape(due)}")
    if spoilt := state.not_finite():
        raise ValueError(f"{spoilt} is not finite")
    if not (state.t >= 0.0 and type(state.step) is int and 0 <= state.step < len(problem.protocol.steps)):
        raise ValueError(f"t = {state.t} in step {state.step}")


def _require_record(problem: Problem, parts: Parts) -> None:
    """A row with its moment and crack for every accepted step."""
    recorder = Recorder(problem)
    recorder.restore(parts["record"])
    lengths = {len(recorder.rows), len(recorder.moments), len(recorder.cracks)}
    if len(lengths) > 1 or not recorder.rows:
        raise ValueError(f"records of {sorted(lengths)} rows")
    if recorder.rows[-1]["time_s"] > parts["state"].data["t"] * (1.0 + 1e-12):
        raise ValueError("rows after the state")


def _require_run(parts: Parts) -> None:
    """Counters, pace, reasons, and frames that lie in the run's folder."""
    data = parts["run"].data
    tally = Tally(**data["tally"])
    counts = (tally.accepted, tally.rejected, tally.newton, tally.meshes, data["resumed"], data["level"])
    if not all(type(count) is int for count in counts) or not isinstance(tally.reasons, dict):
        raise TypeError("counters that are no numbers")
    entries = [FrameEntry(*entry) for entry in data["frames"]]
    if not all(_FRAME.fullmatch(entry.name) for entry in entries):
        raise ValueError("frames that are none of the folder")
    if not np.all(np.isfinite([number for entry in entries for number in (entry.time, entry.place)])):
        raise ValueError("times that are none")
    if data["pace"] is not None and not Pace(**data["pace"]).dt > 0.0:
        raise ValueError("a step that is not positive")
    if data["stop"] is not None:
        StopReason[data["stop"]]
    for one in data["ended"]:
        Ended(**one)
    if not all(isinstance(seconds, float) for seconds in data["clock"].values()):
        raise TypeError("wall times that are no numbers")
    if not all(isinstance(change, dict) for change in data["changes"]):
        raise TypeError("changes that are none")
    _means(parts)


def means_of(problem: Problem) -> dict[str, Any]:
    """What a run is computed with that its configuration leaves open: linear solver and threads."""
    return {LINEAR_SOLVER: problem.physics.mechanics.solver.name, "threads": threads()}


def _means(parts: Parts) -> dict[str, Any]:
    data = parts["solver"].data
    if not isinstance(data["name"], str) or type(data["threads"]) is not int:
        raise TypeError("a solver without a name")
    return {LINEAR_SOLVER: data["name"], "threads": data["threads"]}


def changes_of_means(problem: Problem, parts: Parts) -> list[dict[str, Any]]:
    """What is computed with something else from here on: time (s), what, what it was, what it is now."""
    was, now = _means(parts), means_of(problem)
    return [{"time_s": parts["state"].data["t"], "what": what, "was": was[what], "now": now[what]}
            for what in now if was[what] != now[what]]
