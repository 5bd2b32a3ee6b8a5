"""A result in a notebook: table and picture; frames that draw; arrays with units."""

from __future__ import annotations

import base64
import builtins
import io
import json
import re
import shutil
from pathlib import Path
from typing import Any

import meshio
import numpy as np
import pytest
from numpy.testing import assert_allclose
from PIL import Image

from femanode import Result, run
from femanode.errors import ConfigError
from femanode.simulation.resultframes import ResultFrame


@pytest.fixture
def result(run_path: Path, tmp_path: Path) -> Result:
    folder = Path(shutil.copytree(run_path, tmp_path / "run"))
    (folder / "summary.json").write_text(json.dumps({"converted_fraction": 0.84, "stop_reason": "<arrested>"}))
    return Result(folder)


def box(image: Image.Image) -> float:
    """Width over height of the coloured part."""
    picture = np.asarray(image.convert("RGB"))[:, :int(0.79 * image.width)].astype(int)
    rows, columns = np.nonzero(np.ptp(picture, axis=2) > 40)
    return float((np.ptp(columns) + 1) / (np.ptp(rows) + 1))


def chord_error(frame: ResultFrame) -> float:
    """Largest error of the hoop stress 3 r^2/R^2 read linearly between nodes: c d^2/2 of c r^2, neighbours d apart."""
    points, triangles = frame.mesh.points, frame.mesh.triangles6
    sides = points[triangles[:, 3:]] - points[triangles[:, :3]]
    return 3.0 / 60.0**2 * float(np.max(np.hypot(sides[..., 0], sides[..., 1]))) ** 2 / 2.0


def test_a_frame_draws_itself_and_not_another(result: Result) -> None:
    assert_allclose(box(result.frames[-1].plot("content")), 1.8 / 1.3, rtol=0.01, atol=0)
    # the third of five frames: half of the growth
    assert_allclose(box(result.frames[1:][1].plot("hoop")), 1.4 / 1.15, rtol=0.01, atol=0)
    assert [frame.number for frame in result.frames[::-2]] == [4, 2, 0]
    assert [frame.time for frame in result.frames] == result.frames.times.tolist()


def test_a_notebook_shows_figures_and_the_last_frame(result: Result) -> None:
    page = result._repr_html_()
    assert "<td>Converted</td><td>84 %</td>" in page
    assert "&lt;arrested&gt;" in page
    (data,) = re.findall(r'src="data:image/png;base64,([^"]+)"', page)
    with Image.open(io.BytesIO(base64.b64decode(data))) as image:
        assert_allclose(box(image), 1.8 / 1.3, rtol=0.01, atol=0)
    shutil.rmtree(result.path / "frames")
    assert "no picture: " in Result(result.path)._repr_html_()


def test_arrays_have_names_and_units(result: Result) -> None:
    pytest.importorskip("xarray")
    data = result.to_xarray(["hoop_stress_GPa", "displacement"])
    assert_allclose(data["converted_fraction"].sel(time_s=5400.0), 0.84, rtol=1e-12, atol=0)
    assert data["front_depth_nm"].attrs["units"] == "nm"
    assert data["converted_fraction"].attrs["units"] == "1"
    assert data["hoop_stress_GPa"].dims == ("frame", "node")
    assert data["hoop_stress_GPa"].attrs["units"] == "GPa"
    assert data["displacement"].shape == (5, data.sizes["node"], 3)
    r2 = (data["x_nm"] ** 2 + data["y_nm"] ** 2) / 60**2
    assert_allclose(data["hoop_stress_GPa"].isel(frame=3), -1.5 + 3 * r2, rtol=0, atol=1e-9)
    assert "frame" not in result.to_xarray().sizes


def test_frames_on_different_meshes_keep_to_themselves(result: Result, monkeypatch: pytest.MonkeyPatch) -> None:
    pytest.importorskip("xarray")
    with pytest.raises(ConfigError, match="no field 'hop'"):
        result.to_xarray(["hop"])
    path = result.path / "frames" / "frame_0002.vtu"
    mesh = meshio.read(path)
    mesh.points[5] *= 1.01
    mesh.write(path)
    with pytest.raises(ConfigError, match=r"different meshes.*use frames\[k\]\.mesh"):
        Result(result.path).to_xarray(["eqps"])
    assert len(Result(result.path).to_xarray()["time_s"]) == 60
    real = builtins.__import__

    def without(name: str, *arguments: Any, **options: Any) -> Any:
        if name == "xarray":
            raise ImportError(name)
        return real(name, *arguments, **options)

    monkeypatch.setattr(builtins, "__import__", without)
    with pytest.raises(ConfigError, match=r"not installed; pip install \"femanode\[xarray"):
        result.to_xarray()


def test_frames_say_how_many_they_are_and_which(result: Result) -> None:
    assert repr(result.frames) == "<5 frames, 0 to 5400 s, 0.0 to 84.0 % converted>"
    assert repr(result.frames[-1]).startswith("<frame 4 of ")
    with pytest.raises(IndexError, match="found frame 5; allowed: 0 to 4"):
        result.frames[5]


def test_a_frame_is_found_by_time_or_by_conversion(result: Result) -> None:
    # five frames, 0 to 5400 s; the fraction is 1 - (1 - 0.6 t/end)^2
    assert result.frames.at(time=2700.0).number == result.frames.at(time="44 min").number == 2
    assert result.frames.at(converted=1 - (1 - 0.6 * 0.75) ** 2).number == 3
    assert result.frames.at(converted=0.0).number == 0
    assert result.frames.at(converted="69.75 %").number == 3
    with pytest.raises(ConfigError, match=r"found 40; allowed: 0 to 1, .*; write 0\.4$"):
        result.frames.at(converted=40)
    with pytest.raises(ConfigError, match=r"^at: converted: found 'much'"):
        result.frames.at(converted="much")
    for wrong in ({}, {"time": 1.0, "converted": 0.1}):
        with pytest.raises(ConfigError, match=r"^at: found (neither|both) of time and converted"):
            result.frames.at(**wrong)  # type: ignore[arg-type]


def test_a_probe_reads_the_field_in_every_quarter_of_the_true_shape(result: Result) -> None:
    frame = result.frames[-1]
    places = np.array([[54.0, 20.0], [-54.0, 20.0], [-54.0, -20.0], [54.0, -20.0]])
    expected = -1.5 + 3.0 * ((54.0 / 1.8) ** 2 + (20.0 / 1.3) ** 2) / 60.0**2
    bound = chord_error(frame)
    assert bound < 0.01
    assert_allclose(frame.probe(places, "hoop"), expected, rtol=0, atol=bound)
    # a shear stress x y / R^2 changes its sign from quarter to quarter
    shear = 30.0 * (20.0 / 1.3) / 60.0**2
    assert_allclose(frame.probe(places, "stress_xy"), [shear, -shear, shear, -shear], rtol=0, atol=bound)
    assert np.isnan(frame.probe([[200.0, 0.0]])).all()
    table = frame.along((0.0, 0.0), (108.0, 0.0), "hoop", n=5)
    assert list(table["distance_nm"]) == [0.0, 27.0, 54.0, 81.0, 108.0]
    assert_allclose(table["hoop_stress_GPa"][:4], -1.5 + 3.0 * np.array([0, 0.25, 0.5, 0.75]) ** 2, rtol=0, atol=bound)
    with pytest.raises(ConfigError, match=r"^places: "):
        frame.probe([[1.0, 2.0, 3.0]])


def test_fields_on_a_grid_need_no_common_mesh(result: Result) -> None:
    pytest.importorskip("xarray")
    data = result.to_xarray(["hoop"], step_nm=3.0)
    assert data["hoop"].dims == ("frame", "y_nm", "x_nm")
    value = data["hoop"].sel(frame=4, x_nm=-54.0, y_nm=18.0)
    assert_allclose(value, -1.5 + 3.0 * ((54.0 / 1.8) ** 2 + (18.0 / 1.3) ** 2) / 60.0**2, rtol=0,
                    atol=chord_error(result.frames[4]))
    # the section ends as an ellipse of half axes 108 and 78 nm: so many cells of 9 nm^2, but for the edge
    filled = int(np.isfinite(data["hoop"].sel(frame=4)).sum()) * 9.0
    assert_allclose(filled, np.pi * 108.0 * 78.0, rtol=0.03, atol=0)


def test_columns_picture_and_words_of_a_result(result: Result) -> None:
    assert result["front_depth_nm"].iloc[-1] == 36.0
    with pytest.raises(ConfigError, match="did you mean 'front_depth_nm'"):
        result["front_depht_nm"]
    assert_allclose(box(result.plot("content")), 1.8 / 1.3, rtol=0.01, atol=0)
    assert result.plot("curves").width > 500
    assert repr(result).endswith(": <arrested>, 84.0 % converted, 59 steps, 5 frames>")


def test_errors_speak_python_in_python_and_options_on_the_command_line() -> None:
    error = ConfigError("found a run", hint="use --overwrite, or another folder with -o")
    assert str(error) == "found a run; use overwrite=True, or another folder as out"
    assert error.for_command == "found a run; use --overwrite, or another folder with -o"
    with pytest.raises(ConfigError, match=r"^config: found dict; allowed: a Config, or the path of a file"):
        run({"name": "x"})  # type: ignore[arg-type]
    with pytest.raises(ConfigError, match=r"no-such-wire\.yaml"):
        run("no-such-wire.yaml")
