"""Whole runs on meshes that change: the record goes on across a change, also after a break."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from numpy.testing import assert_allclose

import femanode
from femanode.config.loading import Config
from femanode.simulation import journal
from tests.fronts import coarse_case
from tests.unit.simulation.test_resume import Stop, after, same_run, stop


def case(adaptive: bool = True) -> Config:
    """60-nm wire at a front half-thickness of 1.8 nm, until 40 % are converted."""
    return Config.from_mapping(coarse_case(
        geometry={"shape": "circle", "diameter": "60 nm"}, front={"half_thickness": "1.8 nm"},
        mesh={"element_size": "0.9 nm", "adaptive": adaptive}, time={"end": "1 h", "stop": {"converted": 0.4}},
        output={"frames": 6, "pictures": False, "checkpoint": "1 ms"}, solver={"linear": "scipy"}))


@pytest.fixture(scope="module")
def whole(tmp_path_factory: pytest.TempPathFactory) -> femanode.Result:
    return femanode.run(case(), tmp_path_factory.mktemp("adaptive") / "whole")


def changes(result: femanode.Result) -> np.ndarray:
    """Frames after which the number of nodes differs."""
    return np.flatnonzero(np.diff([len(frame.mesh.points) for frame in result.frames]))


def test_the_mesh_changes_and_the_record_goes_on(whole: femanode.Result) -> None:
    assert whole.manifest["mesh"]["meshes"] >= 2
    assert whole.manifest["mesh"]["adaptive"]
    assert len(changes(whole)) > 0
    history = whole.history
    assert history["content_error"].max() < 1e-8
    assert np.all(np.diff(history["converted_fraction"]) > 0)
    assert whole.summary["converted_fraction"] == pytest.approx(0.4, abs=1e-5)
    # what the frames hold is what the table says, whatever the mesh
    for frame in whole.frames:
        width = 2 * (frame.mesh.points + frame.mesh.fields["displacement"][:, :2])[:, 0].max()
        assert_allclose(width, np.interp(frame.time, history["time_s"], history["diameter_x_nm"]), rtol=1e-3)


def test_the_graded_mesh_gives_what_the_even_one_gives(whole: femanode.Result, tmp_path: Path) -> None:
    even = femanode.run(case(adaptive=False), tmp_path / "even")
    assert not even.manifest["mesh"]["adaptive"]
    assert_allclose(whole.summary["time_s"], even.summary["time_s"], rtol=0.01)
    for name in ("diameter_x_nm", "diameter_y_nm"):
        assert_allclose(whole.history[name].iloc[-1], even.history[name].iloc[-1], rtol=0.01)


@pytest.mark.parametrize("share", [0.3, 0.6, 0.9])
def test_a_run_stopped_between_meshes_goes_on_to_the_uninterrupted_one(
        whole: femanode.Result, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, share: float) -> None:
    monkeypatch.setattr(journal, "SHARE", 1e9)
    with pytest.raises(Stop):
        femanode.run(case(), tmp_path / "run", report=after(round(share * len(whole.history)), stop))
    same_run(femanode.run(case(), tmp_path / "run", resume=True), whole)
