"""One file for the whole run, read back by VTK's own reader, also when the mesh changes on the way."""

from __future__ import annotations

import builtins
import shutil
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import meshio
import numpy as np
import pytest
from numpy.testing import assert_allclose

from femanode.errors import ConfigError
from femanode.output.runfolder import RunFolder
from femanode.output.vtkhdf import write_vtkhdf

pytest.importorskip("h5py")


@pytest.fixture
def adaptive(run_path: Path, tmp_path: Path) -> Path:
    """The made-up run whose third frame has a mesh of its own: one triangle in two left out."""
    folder = Path(shutil.copytree(run_path, tmp_path / "run"))
    path = folder / "frames" / "frame_0002.vtu"
    mesh = meshio.read(path)
    cells = mesh.cells_dict["triangle6"][::2]
    used, index = np.unique(cells, return_inverse=True)
    meshio.Mesh(mesh.points[used], [("triangle6", index.reshape(-1, 6))],
                point_data={name: values[used] for name, values in mesh.point_data.items()}).write(path)
    return folder


def read(path: Path, step: int) -> tuple[float, np.ndarray, np.ndarray, Mapping[str, np.ndarray]]:
    """Time, points, cells and point data of a step, as VTK's reader gives them."""
    import pyvista
    from vtkmodules.vtkIOHDF import vtkHDFReader

    reader: Any = vtkHDFReader()
    reader.SetFileName(str(path))
    reader.UpdateInformation()
    reader.SetStep(step)
    reader.Update()
    grid: Any = pyvista.wrap(reader.GetOutput())
    return (reader.GetTimeValue(), np.asarray(grid.points), grid.cells_dict[22],
            {name: np.asarray(grid.point_data[name]) for name in grid.point_data})


def test_vtk_reads_what_the_frames_hold(adaptive: Path) -> None:
    path = write_vtkhdf(adaptive)
    assert path == adaptive / "frames.vtkhdf"
    for step, frame in enumerate(RunFolder(adaptive).frames):
        time, points, cells, fields = read(path, step)
        assert time == frame.time
        assert_allclose(points[:, :2], frame.mesh.points, rtol=1e-12, atol=1e-12)
        assert np.array_equal(cells, frame.mesh.triangles6)
        assert set(fields) == set(frame.mesh.fields)
        for name, values in frame.mesh.fields.items():
            assert_allclose(fields[name], values, rtol=1e-12, atol=1e-12)


def test_a_mesh_that_stays_is_stored_once(adaptive: Path, run_path: Path, tmp_path: Path) -> None:
    import h5py

    with h5py.File(write_vtkhdf(adaptive), "r") as file:
        root = file["VTKHDF"]
        assert root.attrs["Type"] == b"UnstructuredGrid"
        assert root["Steps/PartOffsets"][:].tolist() == [0, 0, 1, 2, 2]
        assert root["NumberOfCells"][:].tolist() == [256, 128, 256]
    with h5py.File(write_vtkhdf(run_path, tmp_path / "same.vtkhdf"), "r") as file:
        assert file["VTKHDF/NumberOfCells"][:].tolist() == [256]
        assert file["VTKHDF/Steps"].attrs["NSteps"] == 5


def test_what_cannot_be_written_is_one_line(adaptive: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(ConfigError, match=r"file type '\.vtu'; allowed: \.vtkhdf, \.hdf"):
        write_vtkhdf(adaptive, tmp_path / "a.vtu")
    path = adaptive / "frames" / "frame_0003.vtu"
    mesh = meshio.read(path)
    del mesh.point_data["eqps"]
    mesh.write(path)
    with pytest.raises(ConfigError, match=r"frame_0003\.vtu: no point data eqps"):
        write_vtkhdf(adaptive)
    assert not (adaptive / "frames.vtkhdf").exists()
    real = builtins.__import__

    def without(name: str, *arguments: Any, **options: Any) -> Any:
        if name == "h5py":
            raise ImportError(name)
        return real(name, *arguments, **options)

    monkeypatch.setattr(builtins, "__import__", without)
    with pytest.raises(ConfigError, match="need h5py, which is not installed; pip install h5py"):
        write_vtkhdf(adaptive)
