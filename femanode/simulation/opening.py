"""A run's folder taken into use: begun anew, gone on in from its checkpoint, or found finished."""

from __future__ import annotations

import logging
from pathlib import Path

from femanode.errors import ConfigError, DiskError
from femanode.output.checkpoint import Parts, load_checkpoint
from femanode.output.disk import telling
from femanode.output.writers import FrameEntry, as_table, prepare_folder
from femanode.postprocess.record import Recorder
from femanode.simulation.journal import Journal, is_final
from femanode.simulation.sources import write_inputs
from femanode.simulation.takeup import LINEAR_SOLVER, changes_of_means, on_stored_mesh
from femanode.solver.problem import Problem
from femanode.solver.reasons import StopReason

_log = logging.getLogger(__name__)


def open_journal(problem: Problem, folder: Path, *, overwrite: bool, resume: bool) -> Journal | None:
    """The journal of a new run, or of one that is taken up at its checkpoint; None where nothing is left to do.

    With ``resume``, a folder without a run and a run stopped before its first checkpoint are begun anew.

    Raises
    ------
    ConfigError
        The folder holds something else, or its checkpoint cannot be gone on from.
    DiskError
        A file cannot be written or removed; nothing has been computed.
    """
    try:
        with telling(folder):
            return _opened(problem, folder, overwrite=overwrite, resume=resume)
    except DiskError as error:
        raise DiskError(error.found, where=error.where,
                        hint=f"nothing has been computed; {error.hint}, then use --resume") from None


def _opened(problem: Problem, folder: Path, *, overwrite: bool, resume: bool) -> Journal | None:
    if resume and overwrite:
        raise ConfigError("found both resume and overwrite", allowed="one of them")
    stored, there = _taken(problem, folder) if resume else (None, problem)
    if stored is None:
        if resume and (folder / "manifest.json").exists():
            raise ConfigError("the run there has left no checkpoint", where=str(folder),
                              hint="use --overwrite to run it anew, or another folder with -o")
        killed_early = resume and (folder / "config.yaml").is_file()
        if killed_early and (folder / "history.csv").is_file():
            _log.warning("%s has no checkpoint: the run there is begun anew", folder)
        prepare_folder(folder, overwrite=overwrite or killed_early)
        write_inputs(problem, folder)
        return Journal(problem, folder)
    t, end = stored["state"].data["t"], problem.config.time.end
    if end < t:
        raise ConfigError(f"found {end:g} s", where="time.end",
                          allowed=f"at least {t:g} s, where the checkpoint stands")
    if _is_whole(there, folder, stored):
        return None
    changes = changes_of_means(problem, stored)
    for change in changes:
        if change["what"] == LINEAR_SOLVER:
            _log.warning("the linear solver was %s and is %s from t = %g s on: the steps to come differ from those of "
                         "an uninterrupted run by as much as the two solvers do (docs/howto/resume.md)",
                         change["was"], change["now"], t)
    write_inputs(problem, folder)
    return Journal(there, folder, stored, changes)


def _taken(problem: Problem, folder: Path) -> tuple[Parts | None, Problem]:
    """The newest checkpoint whose parts are those of a run of this problem, and the problem on its mesh."""
    found: list[Problem] = []

    def look(parts: Parts) -> None:
        found.append(on_stored_mesh(problem, parts, folder))

    stored = load_checkpoint(folder, problem.config.model_dump(mode="json"), look)
    return stored, found[-1] if found else problem


def _is_whole(problem: Problem, folder: Path, stored: Parts) -> bool:
    """Whether nothing is left to do; a run killed between its last step and the last file lacks what is missing."""
    stop, t = stored["run"].data["stop"], stored["state"].data["t"]
    pictures = (folder / "pictures").exists() or not problem.config.output.pictures
    return (stop is not None and is_final(StopReason[stop], t, problem.config.time.end) and pictures
            and (folder / "manifest.json").exists() and _has_its_results(problem, folder, stored))


def _has_its_results(problem: Problem, folder: Path, stored: Parts) -> bool:
    """Whether the table has the checkpoint's rows to the last digit, and its frames are there."""
    table, recorder = folder / "history.csv", Recorder(problem)
    recorder.restore(stored["record"])
    if not table.is_file() or table.read_bytes() != as_table(recorder.rows):
        return False
    frames = [FrameEntry(*entry).name for entry in stored["run"].data["frames"]]
    return all((folder / name).is_file() for name in frames)


def is_complete(problem: Problem, folder: Path) -> bool:
    """Whether the folder holds the run, finished; asked where nothing can be written."""
    try:
        stored, there = _taken(problem, folder)
        return stored is not None and _is_whole(there, folder, stored)
    except OSError:  # a torn checkpoint beside the good one, and it cannot be removed
        return False
