"""ParaView itself opens what a run leaves, and finds the numbers of history.csv in it."""

from __future__ import annotations

import json
import re
import shutil
import subprocess
from pathlib import Path

import imageio.v3 as iio
import numpy as np
import pytest
from numpy.testing import assert_allclose

import femanode
from femanode.config.loading import Config
from femanode.pictures.paraview import write_script
from tests.fronts import coarse_case

MISSING = [name for name in ("pvbatch", "xvfb-run") if shutil.which(name) is None]
pytestmark = [pytest.mark.paraview,
              pytest.mark.skipif(bool(MISSING), reason=f"{', '.join(MISSING)} not on this machine")]

# Runs inside ParaView: true shape, hoop stress and front of every stored time, as JSON.
PROBE = """
import json, sys
from paraview.simple import *
series = PVDReader(FileName=sys.argv[1])
warp = WarpByVector(Input=series); warp.Vectors = ['POINTS', 'displacement']; warp.ScaleFactor = 1.0
front = Contour(Input=warp); front.ContourBy = ['POINTS', 'extent']; front.Isosurfaces = [0.5]
rows = []
for time in series.TimestepValues:
    for source in (warp, front):
        source.UpdatePipeline(time)
    info = warp.GetDataInformation()
    hoop = warp.GetPointDataInformation().GetArray('hoop_stress_GPa')
    bounds = info.GetBounds()
    line = front.GetDataInformation()
    rows.append({'time': time, 'x': bounds[1], 'y': bounds[3], 'cells': info.GetNumberOfCells(),
                 'hoop': hoop.GetComponentRange(0),
                 'front': line.GetBounds()[1] if line.GetNumberOfPoints() else None})
json.dump(rows, open(sys.argv[2], 'w'))
"""


@pytest.fixture(scope="module")
def run(tmp_path_factory: pytest.TempPathFactory) -> femanode.Result:
    case = Config.from_mapping(coarse_case(name="for ParaView", time={"end": "5 min"}))
    return femanode.run(case, tmp_path_factory.mktemp("paraview") / "run")


def pvbatch(*arguments: object) -> None:
    # xvfb-run takes its display number before the server holds it: another job may be quicker, or the server slow.
    for _ in range(3):
        done = subprocess.run(["xvfb-run", "-a", "pvbatch", *map(str, arguments)], capture_output=True, text=True,
                              timeout=300, check=False)
        if "bad X server connection" not in done.stderr:
            break
    else:
        pytest.skip("three times no X server to draw on")
    assert done.returncode == 0, done.stderr
    assert "Traceback" not in done.stderr, done.stderr


def test_times_shape_and_stress_are_those_of_the_history(run: femanode.Result, tmp_path: Path) -> None:
    (tmp_path / "probe.py").write_text(PROBE)
    pvbatch(tmp_path / "probe.py", run.path / "frames.pvd", tmp_path / "rows.json")
    rows = json.loads((tmp_path / "rows.json").read_text())
    history = run.history.set_index("time_s")
    assert [row["time"] for row in rows] == run.frames.times.tolist()
    chosen = history.loc[[row["time"] for row in rows]]
    # the nodes on the axes are the section's ends there
    assert_allclose([2 * row["x"] for row in rows], chosen["diameter_x_nm"], rtol=1e-6, atol=0)
    assert_allclose([2 * row["y"] for row in rows], chosen["diameter_y_nm"], rtol=1e-6, atol=0)
    assert_allclose([row["hoop"] for row in rows], chosen[["hoop_min_GPa", "hoop_max_GPa"]], rtol=1e-6, atol=1e-9)
    assert {row["cells"] for row in rows} == {run.manifest["mesh"]["elements"]}
    # where the front is in the undeformed section is R less its depth; deformed it lies further out
    last = rows[-1]
    assert last["front"] > run.manifest["radius_nm"] - chosen["front_depth_x_nm"].iloc[-1] - 8.0
    assert last["front"] < last["x"]


def test_the_script_draws_the_whole_section_also_after_a_move(run: femanode.Result, tmp_path: Path) -> None:
    write_script(run.path)
    moved = Path(shutil.copytree(run.path, tmp_path / "moved run"))
    pvbatch(moved / "open_in_paraview.py", tmp_path / "picture.png")
    image = iio.imread(tmp_path / "picture.png")[:, :, :3].astype(int)
    section = image[:, :820]
    # The field has colours; outline, scale bar, directions and time are grey.
    inside = np.ptp(section, axis=2) > 12
    rows, columns = np.nonzero(inside)
    inside = inside[rows.min():rows.max() + 1, columns.min():columns.max() + 1]
    # an isotropic wire is round: as wide as it is high, and its own mirror image, which a quarter of it is not
    assert_allclose(inside.shape[0] / inside.shape[1], 1.0, rtol=0, atol=0.05)
    assert (inside == inside[:, ::-1]).mean() > 0.95
    assert inside.size > 0.2 * section.shape[0] * section.shape[1]
    assert (image.max(axis=2) < 40).sum() > 300  # the front's dark line
    # The scale bar is the longest dark row at the lower right, in nm what stands above it.
    below = section[rows.max() + 5:, (columns.min() + columns.max()) // 2:].max(axis=2) < 60
    length = int(re.search(r"^BAR = ([\d.]+)", (moved / "open_in_paraview.py").read_text(), re.MULTILINE)[1][:-2])
    width = run.history["diameter_x_nm"].iloc[-1]
    assert_allclose(below.sum(axis=1).max() * width / inside.shape[1], length, rtol=0.04, atol=0)
    # An arrow stands at the left, as high as it is long; the time at the upper left.
    arrow = section[rows.max() + 5:, :columns.min() + 60].max(axis=2) < 60
    assert 25 < arrow.sum(axis=0).max() < 70
    assert (section[:40, :200].max(axis=2) < 60).sum() > 30


def test_linear_cells_draw_the_same_picture(run: femanode.Result, tmp_path: Path) -> None:
    linear = Config.from_mapping(coarse_case(name="for ParaView", time={"end": "5 min"},
                                             output={"frames": 4, "pictures": False, "linear_cells": True}))
    other = femanode.run(linear, tmp_path / "run")
    images = []
    for folder in (run.path, other.path):
        write_script(folder)
        pvbatch(folder / "open_in_paraview.py", tmp_path / "picture.png")
        images.append(iio.imread(tmp_path / "picture.png")[:, :, :3].astype(int))
    # Curved edges against chords of the rim, and the field within an element.
    assert (np.abs(images[0] - images[1]).max(axis=2) > 30).mean() < 0.01
