"""A whole run as one temporal VTKHDF file.

Frames may have different meshes: consecutive frames on the same mesh share one stored copy of it. VTK 9.3 and later
read such files, and so does ParaView from 5.12 on. ParaView 5.11 reads single-step VTKHDF only; ``frames.pvd`` is the
series that every version reads.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np

from femanode.errors import ConfigError
from femanode.output.disk import make_folder, replacing
from femanode.output.runfolder import FrameMesh, RunFolder

QUADRATIC_TRIANGLE = 22  # VTK's number of the cell type
INSTALL_HINT = "pip install h5py"


def write_vtkhdf(run: RunFolder | str | Path, out: str | Path | None = None) -> Path:
    """Write every frame of a run into one file.

    Parameters
    ----------
    run : RunFolder, str or Path
        The run.
    out : str or Path, optional
        ``.vtkhdf`` or ``.hdf``; default ``frames.vtkhdf`` in the run's folder.

    Returns
    -------
    Path
        The file written.

    Raises
    ------
    ConfigError
        When h5py is not installed, the file type is another, or frames are missing, broken, or differ in their fields.
    """
    try:
        import h5py
    except ImportError:
        raise ConfigError("VTKHDF files need h5py, which is not installed", where="femanode export",
                          hint=INSTALL_HINT) from None
    run = run if isinstance(run, RunFolder) else RunFolder(run)
    path = Path(out) if out is not None else run.path / "frames.vtkhdf"
    if path.suffix.lower() not in (".vtkhdf", ".hdf"):
        raise ConfigError(f"file type {path.suffix!r}", where=str(path), allowed=".vtkhdf, .hdf")
    make_folder(path.parent)
    with replacing(path) as temporary, h5py.File(temporary, "w") as file:
        root = file.create_group("VTKHDF")
        root.attrs["Version"] = (2, 0)
        # The type must be a string of fixed length.
        root.attrs.create("Type", np.bytes_(b"UnstructuredGrid"), dtype=h5py.string_dtype("ascii", 16))
        series = _Series(root)
        for frame in run.frames:
            try:
                series.add(frame.time, frame.mesh)
            except KeyError as error:
                raise ConfigError(f"no point data {error.args[0]}", where=str(frame.path),
                                  hint="every frame must have the fields of the first") from None
    return path


class _Series:
    """Appends frames to an open file, as offsets into growing arrays."""

    def __init__(self, root: Any) -> None:
        self.root = root
        self.steps = root.create_group("Steps")
        self.steps.attrs["NSteps"] = 0
        self.data, self.offsets = root.create_group("PointData"), self.steps.create_group("PointDataOffsets")
        self.last: FrameMesh | None = None
        self.places = (0, 0, 0, 0)  # part, first point, first cell and first connectivity entry of the last mesh

    def add(self, time: float, mesh: FrameMesh) -> None:
        """One more step; the mesh is written only where it differs from the last one."""
        if self.last is None or not _same(self.last, mesh):
            self.places = (_length(self.root, "NumberOfPoints"), _length(self.root, "Points"),
                           _length(self.root, "Types"), _length(self.root, "Connectivity"))
            count = len(mesh.triangles6)
            for name, number in (("NumberOfPoints", len(mesh.points)), ("NumberOfCells", count),
                                 ("NumberOfConnectivityIds", 6 * count)):
                _append(self.root, name, np.array([number], dtype=np.int64))
            _append(self.root, "Points", np.column_stack([mesh.points, np.zeros(len(mesh.points))]))
            _append(self.root, "Connectivity", mesh.triangles6.ravel().astype(np.int64))
            _append(self.root, "Offsets", np.arange(0, 6 * count + 1, 6, dtype=np.int64))
            _append(self.root, "Types", np.full(count, QUADRATIC_TRIANGLE, dtype=np.uint8))
        part, point, cell, connectivity = self.places
        names = list(mesh.fields) if self.last is None else list(self.data)
        for name in names:
            _append(self.offsets, name, np.array([_length(self.data, name)], dtype=np.int64))
            _append(self.data, name, mesh.fields[name])
        _append(self.steps, "Values", np.array([time]))
        for name, number in (("PartOffsets", part), ("NumberOfParts", 1), ("PointOffsets", point)):
            _append(self.steps, name, np.array([number], dtype=np.int64))
        for name, number in (("CellOffsets", cell), ("ConnectivityIdOffsets", connectivity)):
            _append(self.steps, name, np.array([[number]], dtype=np.int64))
        self.steps.attrs["NSteps"] = int(self.steps.attrs["NSteps"]) + 1
        self.last = mesh


def _same(a: FrameMesh, b: FrameMesh) -> bool:
    return np.array_equal(a.points, b.points) and np.array_equal(a.triangles6, b.triangles6)


def _length(group: Any, name: str) -> int:
    """Rows a dataset has so far."""
    return len(group[name]) if name in group else 0


def _append(group: Any, name: str, rows: Any) -> None:
    """Add rows to a dataset, made at its first use."""
    if name not in group:
        group.create_dataset(name, data=rows, maxshape=(None, *rows.shape[1:]), chunks=True,
                             compression="gzip" if rows.size > 100 else None)
        return
    group[name].resize(len(group[name]) + len(rows), axis=0)
    group[name][-len(rows):] = rows
