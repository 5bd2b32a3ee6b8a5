"""The mark of a crack's site on pictures: where it points, when it is shown, and on what."""

from __future__ import annotations

import ast
import json
import re
import shutil
from pathlib import Path

import imageio.v3 as iio
import numpy as np
import pytest
from matplotlib.colors import to_rgb
from numpy.testing import assert_allclose

from femanode.output.runfolder import RunFolder
from femanode.pictures.crackmark import marked_view, places, read_mark
from femanode.pictures.fieldchoice import choose_field
from femanode.pictures.figures import plot_field
from femanode.pictures.paraview import write_script
from femanode.pictures.sectionart import MARK, extent_of, wedges

# The made-up section ends as an ellipse of half axes 108 and 78 nm, after 5400 s.
ANGLE, A, B = np.radians(50.0), 108.0, 78.0


@pytest.fixture
def run(run_path: Path, tmp_path: Path) -> Path:
    """The made-up folder with the largest crack risk at half its time, 50 degrees from x."""
    folder = Path(shutil.copytree(run_path, tmp_path / "run"))
    write(folder, {"reference_angle_deg": 50.0, "time_s": 2700.0, "surface_share": 0.1})
    return folder


def write(folder: Path, site: dict[str, float] | None) -> None:
    (folder / "summary.json").write_text(json.dumps({"crack_risk": 0.6, "crack_site": site}))


def yellow(path: Path) -> np.ndarray:
    """Rows and columns of the mark's colour, (k, 2)."""
    image = iio.imread(path)[..., :3].astype(int)
    return np.argwhere(np.abs(image - np.rint(255 * np.array(to_rgb(MARK)))).max(axis=2) < 8)


def test_places_follow_the_deformed_edge_with_its_normal(run_path: Path) -> None:
    # x -> 1.8 x, y -> 1.3 y of a circle of 60 nm; the polygon of the edge has sides of 1.4 degrees
    found = places(RunFolder(run_path).frames[-1].mesh, "quarter", ANGLE)
    assert found.shape == (4, 2, 2)
    assert_allclose(np.abs(found[:, 0]), np.tile([A * np.cos(ANGLE), B * np.sin(ANGLE)], (4, 1)), rtol=0, atol=0.02)
    normal = np.array([B * np.cos(ANGLE), A * np.sin(ANGLE)])
    assert_allclose(np.abs(found[:, 1]), np.tile(normal / np.hypot(*normal), (4, 1)), rtol=0, atol=0.01)
    assert np.all(np.sum(found[:, 0] * found[:, 1], axis=1) > 0)  # outwards
    assert len({tuple(sign) for sign in np.sign(found[:, 0])}) == 4
    on_axis = places(RunFolder(run_path).frames[-1].mesh, "quarter", np.pi / 2)
    assert_allclose(np.sort(on_axis[:, 0, 1]), [-B, B], rtol=0, atol=0.02)  # two of the four images fall together
    assert_allclose(np.abs(on_axis[:, 1]), [[0, 1], [0, 1]], rtol=0, atol=1e-6)


def test_paraview_is_told_the_site_of_each_frame_from_the_largest_risk_on(run: Path) -> None:
    text = write_script(run).read_text(encoding="utf-8")
    sites = ast.literal_eval(re.search(r"^SITES = (.*?)  #", text, re.MULTILINE)[1])
    assert [len(found) for _, found in sites] == [0 if time < 2700.0 else 4 for time, _ in sites]
    points = np.array(sites[-1][1])[:, 0]
    assert_allclose((points[:, 0] / A) ** 2 + (points[:, 1] / B) ** 2, 1.0, rtol=0, atol=1e-3)
    mises = write_script(run, "mises").read_text(encoding="utf-8")
    assert not any(found for _, found in ast.literal_eval(re.search(r"^SITES = (.*?)  #", mises, re.MULTILINE)[1]))


def test_hoop_stress_is_marked_from_the_largest_risk_on(run: Path) -> None:
    folder = RunFolder(run)
    frames, mesh = folder.frames, folder.frames[0].mesh
    counts = [len(marked_view(folder, frame, choose_field("hoop", mesh)).marks) for frame in frames]
    assert counts == [0, 0, 4, 4, 4]
    assert len(marked_view(folder, frames[-1], choose_field("content", mesh)).marks) == 0


def test_wedges_stand_outside_point_at_the_site_and_fit_the_picture(run: Path) -> None:
    write(run, {"reference_angle_deg": 5.0, "time_s": 2700.0, "surface_share": 0.1})
    folder = RunFolder(run)
    view = marked_view(folder, folder.frames[-1], choose_field("hoop", folder.frames[0].mesh))
    assert len(wedges(view)) == 4
    for wedge, (point, _) in zip(wedges(view), view.marks, strict=True):
        assert np.all((wedge[:, 0] / A) ** 2 + (wedge[:, 1] / B) ** 2 > 1.0)
        assert np.argmin(np.hypot(*(wedge - point).T)) == 0
        low, high = extent_of([view])
        assert np.all((wedge >= low) & (wedge <= high))


def test_the_picture_shows_four_marks_and_a_legend(run: Path, tmp_path: Path) -> None:
    seen = yellow(plot_field(run, "hoop", out=tmp_path / "a.png", renderer="matplotlib"))
    middle = 0.5 * (seen[:, 0].min() + seen[:, 0].max())
    assert 800 < len(seen) < 6000
    assert np.any(seen[:, 0] < middle)
    assert not len(yellow(plot_field(run, "content", out=tmp_path / "b.png", renderer="matplotlib")))
    assert not len(yellow(plot_field(run, "hoop", 1, out=tmp_path / "c.png", renderer="matplotlib")))


@pytest.mark.parametrize("site", [None, {"reference_angle_deg": 0.0, "time_s": 0.0, "surface_share": 0.9}],
                         ids=["none", "all alike"])
def test_where_no_site_stands_out_nothing_is_marked(run: Path, site: dict[str, float] | None) -> None:
    write(run, site)
    assert read_mark(RunFolder(run)) is None


def test_a_run_without_a_summary_has_no_mark(run: Path) -> None:
    (run / "summary.json").unlink()
    assert read_mark(RunFolder(run)) is None
