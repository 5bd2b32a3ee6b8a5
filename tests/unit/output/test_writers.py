"""The run's folder: what is in it, and that it can be read back and run again."""

from __future__ import annotations

import json
import math
from pathlib import Path
from xml.etree import ElementTree

import meshio
import numpy as np
import pandas as pd
import pytest
import pyvista
from numpy.testing import assert_allclose

import femanode
from femanode.config.loading import Config
from femanode.errors import ConfigError
from femanode.output.disk import write_text
from femanode.output.writers import HistoryWriter, prepare_folder, write_json
from tests.fronts import coarse_case

ARRAYS = {
    "displacement": 3, "extent": 1, "content": 1, "activity": 1, "cauchy_stress_GPa": 6, "hoop_stress_GPa": 1,
    "radial_stress_GPa": 1, "axial_stress_GPa": 1, "mean_stress_GPa": 1, "von_mises_GPa": 1, "eqps": 1,
    "max_principal_stress_GPa": 1, "front_rate_nm_s": 1, "volume_ratio": 1}


@pytest.fixture(scope="module")
def result(tmp_path_factory: pytest.TempPathFactory) -> femanode.Result:
    """A coarse run of eight minutes with a frame every two."""
    case = Config.from_mapping(coarse_case(output={"every": "2 min", "pictures": False}))
    return femanode.run(case, tmp_path_factory.mktemp("runs") / "coarse")


def test_the_folder_holds_what_the_contract_says(result: femanode.Result) -> None:
    names = {p.name for p in result.path.iterdir()}
    assert {"config.yaml", "citations.bib", "manifest.json", "history.csv", "summary.json"} <= names
    assert {"frames.pvd", "frames"} <= names
    assert not list(result.path.rglob("*.part"))


def test_history_has_one_row_per_accepted_step_and_numbers_only(result: femanode.Result) -> None:
    table = pd.read_csv(result.path / "history.csv")
    assert len(table) == result.manifest["steps"]["accepted"] + 1
    # numpy scalars written by their repr would make a column of text
    assert all(pd.api.types.is_numeric_dtype(kind) for kind in table.dtypes), table.dtypes
    assert table["time_s"].iloc[0] == 0.0
    assert table["time_s"].iloc[-1] == 480.0


def test_frames_are_at_the_times_asked_for_and_of_the_history(result: femanode.Result) -> None:
    sets = list(ElementTree.parse(result.path / "frames.pvd").getroot().iter("DataSet"))
    times = [float(s.attrib["timestep"]) for s in sets]
    assert times == [0.0, 120.0, 240.0, 360.0, 480.0]
    assert set(times) <= set(result.history["time_s"])
    assert all((result.path / s.attrib["file"]).is_file() for s in sets)
    assert_allclose(result.frames.times, times, rtol=0, atol=0)


def test_frames_read_back_with_meshio(result: femanode.Result) -> None:
    last = sorted((result.path / "frames").glob("*.vtu"))[-1]
    mesh = meshio.read(last)
    assert [block.type for block in mesh.cells] == ["triangle6"]
    assert {name: 1 if a.ndim == 1 else a.shape[1] for name, a in mesh.point_data.items()} == ARRAYS
    assert all(np.all(np.isfinite(a)) for a in mesh.point_data.values())
    # the mesh is the reference section; the true shape is points + displacement
    assert_allclose(np.hypot(*mesh.points.T[:2]).max(), 64.5, rtol=1e-9, atol=0)
    warped = mesh.points + mesh.point_data["displacement"]
    assert_allclose(2.0 * warped[:, 0].max(), result.history["diameter_x_nm"].iloc[-1], rtol=1e-6, atol=0)


def test_shape_is_kept_to_the_last_digit_and_stress_to_seven(result: femanode.Result) -> None:
    last = sorted((result.path / "frames").glob("*.vtu"))[-1]
    mesh, row = meshio.read(last), result.history.iloc[-1]
    warped = mesh.points + mesh.point_data["displacement"]
    assert_allclose(2.0 * warped[:, 0].max(), row["diameter_x_nm"], rtol=1e-13, atol=0)
    hoop = mesh.point_data["hoop_stress_GPa"]
    assert hoop.dtype == np.float32
    assert_allclose([hoop.max(), hoop.min()], row[["hoop_max_GPa", "hoop_min_GPa"]].astype(float), rtol=1e-7, atol=0)


def test_frames_read_back_with_pyvista(result: femanode.Result) -> None:
    reader = pyvista.get_reader(result.path / "frames.pvd")
    assert reader.time_values == [0.0, 120.0, 240.0, 360.0, 480.0]
    reader.set_active_time_value(480.0)
    grid = reader.read()[0]
    assert set(ARRAYS) <= set(grid.point_data)
    assert set(grid.celltypes) == {22}  # VTK_QUADRATIC_TRIANGLE
    area = float(grid.warp_by_vector("displacement").compute_cell_sizes()["Area"].sum())
    assert_allclose(area / (math.pi * 64.5**2 / 4.0), result.summary["area_ratio"], rtol=0.02, atol=0)


def test_linear_cells_have_the_polygons_area_and_the_same_nodes(result: femanode.Result, tmp_path: Path) -> None:
    case = Config.from_mapping(coarse_case(output={"every": "2 min", "pictures": False, "linear_cells": True}))
    linear = femanode.run(case, tmp_path / "linear")
    reader = pyvista.get_reader(linear.path / "frames.pvd")
    reader.set_active_time_value(480.0)
    grid, curved = reader.read()[0], result.frames[-1].mesh
    assert set(grid.celltypes) == {5}  # VTK_TRIANGLE
    for name, values in curved.fields.items():
        assert_allclose(grid.point_data[name], values, rtol=1e-6, atol=1e-9, err_msg=name)
    # The polygon through all nodes of a rim of equal chords: n of them, of a quarter circle.
    rim = np.flatnonzero(np.hypot(*curved.points.T) > 64.5 * (1.0 - 1e-9))
    angles = np.sort(np.arctan2(curved.points[rim, 1], curved.points[rim, 0]))
    polygon = 0.5 * 64.5**2 * float(np.sum(np.sin(np.diff(angles))))
    assert_allclose(grid.compute_cell_sizes()["Area"].sum(), polygon, rtol=1e-9, atol=0)
    # Pictures and numbers are made from the same quadratic triangles.
    assert np.array_equal(linear.frames[-1].mesh.triangles6, curved.triangles6)


def test_summary_and_manifest_say_where_the_numbers_come_from(result: femanode.Result) -> None:
    summary = json.loads((result.path / "summary.json").read_text())
    assert summary["stop_reason"] == "end time reached" == result.manifest["stop_reason"]
    assert summary["converted_fraction"] == result.history["converted_fraction"].iloc[-1]
    manifest = result.manifest
    assert {"versions", "commit", "platform", "mesh", "wall_seconds", "steps", "solver"} <= set(manifest)
    assert {"numpy", "scipy", "scikit-fem", "meshio"} <= set(manifest["versions"])
    assert len(manifest["mesh"]["hash"]) == 64
    assert set(manifest["wall_seconds"]) >= {"setup", "solve", "output"}
    assert manifest["half_thickness_nm"] == 8.0
    assert manifest["frames"] == {"shown": 5, "asked_for": None, "by": "conversion"}


def test_running_the_written_configuration_again_gives_the_same_history(result: femanode.Result,
                                                                        tmp_path: Path) -> None:
    again = femanode.run(femanode.load_config(result.path / "config.yaml"), tmp_path / "again")
    assert (again.path / "config.yaml").read_text() == (result.path / "config.yaml").read_text()
    assert (again.path / "history.csv").read_text() == (result.path / "history.csv").read_text()


def test_a_folder_that_holds_something_is_refused(tmp_path: Path) -> None:
    (tmp_path / "notes.txt").write_text("mine")
    with pytest.raises(ConfigError, match="the folder is not empty; use overwrite=True"):
        prepare_folder(tmp_path, overwrite=False)
    with pytest.raises(ConfigError, match="holds something that is not a run"):
        prepare_folder(tmp_path, overwrite=True)
    with pytest.raises(ConfigError, match="is a file"):
        prepare_folder(tmp_path / "notes.txt", overwrite=True)
    assert (tmp_path / "notes.txt").read_text() == "mine"


def test_overwriting_leaves_nothing_of_the_earlier_run_and_all_that_is_not_of_it(tmp_path: Path) -> None:
    prepare_folder(tmp_path, overwrite=False)
    for name in ("config.yaml", "history.csv", "frames/frame_0007.vtu", "checkpoint.npz", "checkpoint.old.npz",
                 "my notes.txt"):
        (tmp_path / name).write_text("x")
    prepare_folder(tmp_path, overwrite=True)
    assert {p.name for p in tmp_path.iterdir()} == {"config.yaml", "frames", "my notes.txt"}
    assert not list((tmp_path / "frames").iterdir())


def test_json_has_null_for_what_is_no_number(tmp_path: Path) -> None:
    path = write_json(tmp_path / "a.json", {"a": float("nan"), "b": [np.float64(1.5), np.inf], "c": {"d": np.int64(3)}})
    assert json.loads(path.read_text()) == {"a": None, "b": [1.5, None], "c": {"d": 3}}


def test_a_whole_file_is_replaced_in_one_go(tmp_path: Path) -> None:
    path = tmp_path / "a.txt"
    write_text(path, "old")
    write_text(path, "new, µm")
    assert path.read_text(encoding="utf-8") == "new, µm"
    assert [p.name for p in tmp_path.iterdir()] == ["a.txt"]


def test_history_is_on_disk_after_every_row_and_exact(tmp_path: Path) -> None:
    writer = HistoryWriter(tmp_path / "h.csv")
    writer.write({"time_s": 0.1 + 0.2, "content_error": np.float64(1e-17), "newton_iterations": 3})
    assert (tmp_path / "h.csv").read_text().splitlines() == [
        "time_s,content_error,newton_iterations", "0.30000000000000004,1e-17,3"]
    writer.close()
