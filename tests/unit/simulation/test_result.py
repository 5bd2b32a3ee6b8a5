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

from femanode import Result
from femanode.errors import ConfigError


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
    with pytest.raises(ConfigError, match="not installed; pip install xarray"):
        result.to_xarray()
