"""A run's folder read back, and one clear line when it is not one."""

from __future__ import annotations

import shutil
from pathlib import Path

import meshio
import numpy as np
import pytest
from numpy.testing import assert_allclose

from femanode.errors import ConfigError
from femanode.output.runfolder import RunFolder


@pytest.fixture
def broken(run_path: Path, tmp_path: Path) -> Path:
    """A copy to damage."""
    return Path(shutil.copytree(run_path, tmp_path / "run"))


def test_tables_and_dictionaries_hold_what_was_written(run_path: Path) -> None:
    run = RunFolder(run_path)
    assert run.name == "made_up-$case"
    assert run.sector == "quarter"
    assert run.summary == {"converted_fraction": 0.84, "regime": "ICR"}
    assert len(run.history) == 60
    # Half way in area-equivalent depth 0.6 R: 1 - 0.4^2.
    assert_allclose(run.history["converted_fraction"].iloc[-1], 0.84, rtol=1e-12, atol=0)


def test_frames_carry_time_mesh_and_point_data(run_path: Path) -> None:
    frames = RunFolder(run_path).frames
    assert len(frames) == 5
    assert_allclose(frames.times, [0, 1350, 2700, 4050, 5400], rtol=1e-12, atol=0)
    assert [frame.time for frame in frames[3:]] == [4050, 5400]
    mesh = frames[-1].mesh
    assert mesh.points.shape == (len(mesh.points), 2)
    assert mesh.triangles6.shape == (256, 6)
    assert mesh.fields["cauchy_stress_GPa"].shape == (len(mesh.points), 6)
    assert mesh.fields["content"].ndim == 1
    corner = np.argmin(np.hypot(*(mesh.points - [60, 0]).T))
    assert_allclose(mesh.fields["displacement"][corner], [48, 0, 0], rtol=0, atol=1e-9)  # 0.8 of 60 nm


def test_midside_nodes_follow_the_corners_in_vtk_order(run_path: Path) -> None:
    mesh = RunFolder(run_path).frames[0].mesh
    inner = mesh.triangles6[np.hypot(*mesh.points[mesh.triangles6].mean(axis=1).T) < 30]
    corners, middles = mesh.points[inner[:, :3]], mesh.points[inner[:, 3:]]
    assert_allclose(middles, (corners + np.roll(corners, -1, axis=1)) / 2, rtol=0, atol=1e-9)


def test_frame_files_are_not_touched_before_their_mesh_is_asked_for(broken: Path) -> None:
    (broken / "frames" / "frame_0002.vtu").unlink()
    frames = RunFolder(broken).frames
    assert frames[2].time == 2700
    assert frames[1].mesh.points.shape[1] == 2
    with pytest.raises(ConfigError, match=r"frames: no frame_0002\.vtu"):
        frames[2].mesh  # noqa: B018


@pytest.mark.parametrize(("name", "content", "attribute", "message"), [
    ("manifest.json", None, "name", "not the folder of a run"),
    ("manifest.json", '{"sector": "third"}', "sector", "sector is 'third'; allowed: quarter, half, full"),
    ("manifest.json", "[1]", "name", "holds a list"),
    ("summary.json", "{", "summary", "not readable JSON"),
    ("summary.json", None, "summary", r"no summary\.json; the run may not have finished"),
    ("history.csv", "", "history", "not a readable table"),
    ("history.csv", None, "history", r"no history\.csv"),
    ("frames.pvd", "<VTKFile>", "frames", "not a readable ParaView collection"),
    ("frames.pvd", "<VTKFile/>", "frames", "lists no frames"),
    ("frames.pvd", None, "frames", r"no frames\.pvd"),
])
def test_a_damaged_folder_gives_one_line(broken: Path, name: str, content: str | None, attribute: str,
                                         message: str) -> None:
    (broken / name).unlink()
    if content is not None:
        (broken / name).write_text(content)
    with pytest.raises(ConfigError, match=message) as caught:
        getattr(RunFolder(broken), attribute)
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize("keep", [0, 200, 5000])
def test_a_truncated_frame_is_an_error_and_not_an_exit(broken: Path, keep: int,
                                                      capfd: pytest.CaptureFixture[str]) -> None:
    path = broken / "frames" / "frame_0004.vtu"
    path.write_bytes(path.read_bytes()[:keep])
    with pytest.raises(ConfigError, match=r"frame_0004\.vtu: not a readable \.vtu file"):
        RunFolder(broken).frames[-1].mesh  # noqa: B018
    assert capfd.readouterr() == ("", "")  # the reader's own complaint would be a second message


def test_linear_triangles_are_refused(broken: Path) -> None:
    points = np.array([[0.0, 0, 0], [1, 0, 0], [0, 1, 0]])
    meshio.Mesh(points, [("triangle", np.array([[0, 1, 2]]))]).write(broken / "frames" / "frame_0000.vtu")
    with pytest.raises(ConfigError, match="holds triangle; allowed: quadratic triangles"):
        RunFolder(broken).frames[0].mesh  # noqa: B018


def test_no_such_folder_and_a_file_are_told_apart(run_path: Path) -> None:
    with pytest.raises(ConfigError, match="no such folder"):
        RunFolder(run_path / "absent")
    with pytest.raises(ConfigError, match="is a file"):
        RunFolder(run_path / "history.csv")


def test_columns_are_the_numbers_of_the_table_without_pandas(run_path: Path, tmp_path: Path) -> None:
    run = RunFolder(run_path)
    columns = run.columns
    assert "history" not in run.__dict__
    assert list(columns) == list(run.history)
    for name, values in columns.items():
        np.testing.assert_array_equal(values, run.history[name].to_numpy(dtype=float))
    folder = Path(shutil.copytree(run_path, tmp_path / "cut"))
    # a row that is not written to its end, as a power failure leaves it
    (folder / "history.csv").write_text("time_s,a,b\n0,1.5,\n1,2\n")
    cut = RunFolder(folder).columns
    np.testing.assert_array_equal(np.array([cut["a"], cut["b"]]), [[1.5, 2.0], [np.nan, np.nan]])
    (folder / "history.csv").write_text("time_s,a\n0,1,2\n")
    with pytest.raises(ConfigError, match="line 2 is longer than the headings"):
        _ = RunFolder(folder).columns
