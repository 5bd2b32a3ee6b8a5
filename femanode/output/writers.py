"""What a run leaves behind: frames for ParaView, table, manifest."""

from __future__ import annotations

import csv
import importlib.metadata
import io
import json
import logging
import os
import platform
import subprocess
import sys
from collections.abc import Mapping, Sequence
from contextlib import suppress
from pathlib import Path
from typing import Any, NamedTuple
from xml.sax.saxutils import quoteattr

import meshio
import numpy as np

from femanode.errors import ConfigError, DiskError
from femanode.numerics.compiled import threads
from femanode.output.checkpoint import NAMES, REFUSED, sync_folder
from femanode.output.disk import replacing, telling, write_text
from femanode.output.fieldset import FieldSet
from femanode.output.linearcells import split_quadratic
from femanode.output.lock import HOLDER, LOCK
from femanode.output.sides import layer_facts, sides_of
from femanode.solver.problem import Problem
from femanode.solver.stepping import Tally

PACKAGES = ("femanode", "numpy", "scipy", "scikit-fem", "meshio", "pyvista", "pydantic", "pymetis", "numba",
            "pypardiso", "rslab")

_log = logging.getLogger(__name__)
#: What a run that was killed as it wrote its first file leaves of it.
FIRST = "config.yaml.part"
#: Of a frame that somebody has removed.
GONE = "%s is gone: the run is whole without this frame"

#: Fields that a frame stores in single precision. Fields from which shape and carrier balance are read are in double.
SINGLE = ("cauchy_stress_GPa", "hoop_stress_GPa", "radial_stress_GPa", "axial_stress_GPa", "ring_stress_GPa",
          "mean_stress_GPa", "von_mises_GPa", "max_principal_stress_GPa", "eqps", "volume_ratio")


def prepare_folder(path: Path, *, overwrite: bool) -> Path:
    """Make an empty run folder, or refuse one that holds something.

    Raises
    ------
    ConfigError
        The folder is not empty and ``overwrite`` is False, or is no run folder at all.
    """
    if path.exists() and not path.is_dir():
        raise ConfigError("is a file", where=str(path), allowed="a folder to be made", hint="choose another with -o")
    # A run that could not write its first file, or was killed as it did, has left its folder for frames, empty.
    if path.is_dir() and any(p.name not in (LOCK, HOLDER, FIRST) and not (p.name == "frames" and _is_empty(p))
                             for p in path.iterdir()):
        if not overwrite:
            raise ConfigError("the folder is not empty", where=str(path),
                              hint="use --overwrite, or another folder with -o")
        if not (path / "config.yaml").is_file():
            raise ConfigError("the folder holds something that is not a run", where=str(path),
                              hint="empty it yourself, or use another folder with -o")
        for name in ("manifest.json", "summary.json", "history.csv", "frames.pvd", "report.html", "citations.bib",
                     *NAMES, REFUSED):
            (path / name).unlink(missing_ok=True)
        # Parts are what a process that was killed had begun.
        for folder, pattern in ((".", "*.part"), ("frames", "*.part"), ("frames", "*.vtu"), ("pictures", "*")):
            for file in (path / folder).glob(pattern):
                file.unlink()
    (path / "frames").mkdir(parents=True, exist_ok=True)
    return path


def _is_empty(folder: Path) -> bool:
    return folder.is_dir() and not any(folder.iterdir())


def write_json(path: Path, data: Mapping[str, Any]) -> Path:
    """Write a mapping; NaN and infinities become null, which every reader understands."""
    return write_text(path, json.dumps(_plain(data), indent=2, ensure_ascii=False) + "\n")


def _plain(value: Any) -> Any:
    if isinstance(value, Mapping):
        return {str(k): _plain(v) for k, v in value.items()}
    if isinstance(value, list | tuple):
        return [_plain(v) for v in value]
    if isinstance(value, np.generic):
        value = value.item()
    if isinstance(value, float) and not np.isfinite(value):
        return None
    return value


class FrameEntry(NamedTuple):
    """A frame that is kept: time (s), file, and where it lies on the grid that chooses frames."""

    time: float
    name: str
    place: float


class FrameWriter:
    """Writes frames; ``frames.pvd`` lists those that are kept with their times after each.

    Parameters
    ----------
    folder : Path
    entries : sequence of FrameEntry
        Frames that are there already; all others are removed. One that is gone is told and left out.
    linear : bool
        Write every quadratic triangle as four linear ones.
    """

    def __init__(self, folder: Path, entries: Sequence[FrameEntry] = (), *, linear: bool = False) -> None:
        self.folder, self.linear = folder, linear
        self.entries = [entry for entry in entries if (folder / entry.name).is_file()]
        self._unsynced: list[Path] = []
        self._dropped: list[Path] = []
        self._older: list[Path] = []
        self.shown = 0
        if not entries:
            return
        known = {entry.name for entry in self.entries}
        for name in (entry.name for entry in entries if entry.name not in known):
            _log.warning(GONE, folder / name)
        self.show(self.entries)
        with telling(folder / "frames"):
            (folder / "frames").mkdir(exist_ok=True)
        for path in (folder / "frames").iterdir():
            if f"frames/{path.name}" not in known:
                path.unlink()

    def write(self, fields: FieldSet, step: int, place: float = 0.0) -> Path:
        """One .vtu on the reference mesh; Warp By Vector of ``displacement`` at 1 gives the true shape.

        Stresses, plastic strain and volume ratio are in single precision, the rest in double. The file has the number
        of its step: the row of ``history.csv``. A section in layers has the cell array ``region``, its number in
        `femanode.mesh.section.REGIONS`, and where layers meet a node for each side.
        """
        name = f"frames/frame_{step:04d}.vtu"
        spaces = fields.problem.physics.spaces
        sides = sides_of(spaces)
        x, y = np.hstack([spaces.nodes, spaces.nodes[:, sides.node]])
        points = np.column_stack([x, y, np.zeros_like(x)])
        data = {name: values.astype(np.float32) if name in SINGLE else values
                for name, values in (fields.at_sides(sides) if spaces.layered else fields.at_nodes).items()}
        cells = ("triangle", split_quadratic(sides.cells.T)) if self.linear else ("triangle6", sides.cells.T)
        regions = {"region": [np.tile(spaces.region, 4) if self.linear else spaces.region]} if spaces.layered else None
        mesh = meshio.Mesh(points, [cells], point_data=data, cell_data=regions)
        path = self.folder / name
        with telling(path):
            path.parent.mkdir(exist_ok=True)
        with replacing(path) as temporary:
            # zlib takes eight times as long as all the rest and saves a third.
            meshio.write(temporary, mesh, file_format="vtu", compression=None)
        self.entries.append(FrameEntry(fields.state.t, name, place))
        self._unsynced.append(path)
        self.show(self.entries)
        return path

    def keep(self, entries: Sequence[FrameEntry]) -> None:
        """Go on with these only; the files of the others wait for :meth:`discard`."""
        if len(entries) == len(self.entries):
            return
        kept = {entry.name for entry in entries}
        self._dropped += [self.folder / entry.name for entry in self.entries if entry.name not in kept]
        self._unsynced = [path for path in self._unsynced if path not in self._dropped]
        self.entries = list(entries)
        self.show(self.entries)

    def discard(self, *, saved: bool) -> None:
        """Remove files that are not kept.

        Where there are checkpoints (``saved``) call it after each: what was dropped before the last one but one goes,
        as the two checkpoints on the disk may still speak of the rest.
        """
        self._older, gone = (self._dropped, self._older) if saved else ([], self._older + self._dropped)
        self._dropped = []
        for path in gone:
            with telling(path):
                path.unlink(missing_ok=True)

    def sync(self) -> None:
        """Have all frames on the disk: a checkpoint speaks of them. One that somebody has removed is told, once."""
        for path in self._unsynced:
            try:
                with telling(path), open(path, "rb") as stream:
                    os.fsync(stream.fileno())
            except DiskError:
                if path.exists() or not self.folder.is_dir():
                    raise
                _log.warning(GONE, path)
                self.entries = [entry for entry in self.entries if self.folder / entry.name != path]
                self.show(self.entries)
        if self._unsynced:
            with telling(self.folder / "frames"):
                sync_folder(self.folder / "frames")
        self._unsynced.clear()

    def show(self, entries: Sequence[FrameEntry]) -> None:
        """Write ``frames.pvd`` with these frames."""
        self.shown = len(entries)
        rows = "\n".join(f'    <DataSet timestep="{entry.time!r}" group="" part="0" file={quoteattr(entry.name)}/>'
                         for entry in entries)
        write_text(self.folder / "frames.pvd",
                   '<?xml version="1.0"?>\n<VTKFile type="Collection" version="0.1" byte_order="LittleEndian">\n'
                   f"  <Collection>\n{rows}\n  </Collection>\n</VTKFile>\n")


class HistoryWriter:
    """``history.csv``, one row per accepted step, flushed at once.

    Parameters
    ----------
    path : Path
    rows : sequence of mapping
        Rows to begin with; the file is replaced in one go by one that holds just them.
    """

    def __init__(self, path: Path, rows: Sequence[Mapping[str, float]] = ()) -> None:
        self._columns: list[str] = list(rows[0]) if rows else []
        self.path = path
        with replacing(path) as temporary:
            temporary.write_bytes(as_table(rows))
        with telling(path):
            # Unbuffered: what a full disk has not taken must not come again with the next row, or on closing.
            self._stream = open(path, "ab", buffering=0)  # noqa: SIM115 - open for the whole run

    def write(self, row: Mapping[str, float]) -> None:
        """Append one row; the first fixes the columns.

        Raises
        ------
        DiskError
            The disk does not take it whole; the table ends with the row before.
        """
        rest, end = as_table([row], self._columns), self._stream.tell()
        self._columns = self._columns or list(row)
        with telling(self.path):
            try:
                while rest:
                    rest = rest[self._stream.write(rest):]
            except OSError:
                with suppress(OSError):
                    self._stream.truncate(end)
                raise

    def close(self) -> None:
        """Close the file."""
        with telling(self.path):
            self._stream.close()


def as_table(rows: Sequence[Mapping[str, float]], under: Sequence[str] = ()) -> bytes:
    """Rows as ``history.csv`` has them: below their names, or ``under`` columns that are named already."""
    text = io.StringIO(newline="")
    if rows:
        writer = csv.DictWriter(text, under or list(rows[0]))
        if not under:
            writer.writeheader()
        writer.writerows({k: repr(float(v)) if isinstance(v, float) else v for k, v in row.items()} for row in rows)
    return text.getvalue().encode()


def manifest(problem: Problem, tally: Tally, *, stop: str, seconds: Mapping[str, float], resumed: int = 0,
             events: Mapping[str, Any] | None = None, frames: int | None = None,
             protocol: Sequence[Mapping[str, Any]] = (), changes: Sequence[Mapping[str, Any]] = ()) -> dict[str, Any]:
    """Where a run's numbers come from: versions, machine, mesh, solver, steps, time, how often it was resumed.

    ``events`` maps ``neck`` and ``torn`` to when and where they happened, or to None, as in the summary; ``frames`` is
    how many are shown; ``protocol`` has the steps that are over, and what ended each; ``changes`` says from when on
    another linear solver or another number of threads was used.
    """
    mesh, output = problem.graded, problem.config.output
    return {
        "name": problem.config.name, "stop_reason": stop, **(events or {}), "notes": list(problem.notes),
        **({"protocol": list(protocol)} if problem.config.boundary.protocol else {}),
        "sector": problem.section.sector, "radius_nm": problem.section.radius,
        **({} if problem.section.outline.round else {"outline": str(problem.section.outline)}), **layer_facts(problem),
        **({"symmetry": "axisymmetric"} if problem.section.outline.revolved else {}),
        "half_thickness_nm": problem.half_thickness, "element_size_nm": problem.section.element_size,
        "mesh": {"hash": problem.section.hash(), "elements": problem.physics.spaces.cells.shape[1],
                 "nodes": problem.physics.spaces.n_nodes, **problem.section.quality(), "adaptive": mesh is not None,
                 "finest_level_elements": None if mesh is None else mesh.hierarchy.n_finest, "meshes": tally.meshes},
        **({} if problem.section.outline.revolved else {"crystal": {
            "structure": problem.frame.structure, "axis": list(problem.frame.axis),
            "x": problem.frame.miller_along("x"), "y": problem.frame.miller_along("y")}}),
        "solver": problem.physics.mechanics.solver.name, "threads": threads(),
        "steps": {"accepted": tally.accepted, "rejected": tally.rejected, "newton_iterations": tally.newton,
                  "reasons_of_rejection": tally.reasons},
        "frames": {"shown": frames, "asked_for": output.frames, "by": output.frames_by},
        "wall_seconds": {k: round(v, 3) for k, v in seconds.items()}, "resumed": resumed,
        "changes_at_resume": list(changes),
        "peak_memory_MiB": peak_memory(),
        "platform": {"python": sys.version.split()[0], "system": platform.platform(), "cores": os.cpu_count()},
        "versions": {name: _version(name) for name in PACKAGES}, "commit": _commit(),
    }


def peak_memory() -> float | None:
    """Largest resident size of this process so far, MiB; None where the system does not tell."""
    try:
        import resource
    except ImportError:
        return None
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return round(peak / (1024.0**2 if sys.platform == "darwin" else 1024.0), 1)


def _version(name: str) -> str | None:
    try:
        return importlib.metadata.version(name)
    except importlib.metadata.PackageNotFoundError:
        return None


def _commit() -> str | None:
    """Commit of the source tree the package runs from, if it is one."""
    root = Path(__file__).resolve().parents[2]
    if not (root / ".git").exists():
        return None
    try:
        done = subprocess.run(["git", "-C", str(root), "rev-parse", "HEAD"], capture_output=True, text=True, timeout=5,
                              check=True)
    except (OSError, subprocess.SubprocessError):
        return None
    return done.stdout.strip()
