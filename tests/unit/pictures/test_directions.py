"""Miller indices beside a section: the positive spelling, the bars, and where arrows stand."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import imageio.v3 as iio
import numpy as np
import pytest
from matplotlib.figure import Figure

from femanode.constitutive.crystal.miller import Miller, positive
from femanode.pictures.directions import add_directions, directions_of, overbarred, plain
from femanode.pictures.figures import plot_field


@pytest.mark.parametrize(("found", "wanted"), [
    ((0, 0, -1), (0, 0, 1)), ((0, 0, 1), (0, 0, 1)), ((-1, -1, 2), (1, 1, -2)), ((1, -1, 0), (1, -1, 0)),
    ((-1, 1, 0), (1, -1, 0)), ((1, -1, -1), (-1, 1, 1)), ((-1, -1, -1), (1, 1, 1))])
def test_of_a_direction_and_its_opposite_the_one_with_fewer_minus_signs(found: Miller, wanted: Miller) -> None:
    assert positive(found) == wanted


def test_a_run_of_a_crystal_has_directions_and_one_of_glass_has_none() -> None:
    crystal = {"structure": "cubic", "axis": [1, 1, 0], "x": "[1-10]", "y": "[00-1]"}
    assert directions_of({"crystal": crystal}) == ((1, -1, 0), (0, 0, 1))
    assert directions_of({"crystal": {**crystal, "structure": "isotropic"}}) is None
    assert directions_of({}) is None
    assert directions_of({"crystal": {"x": "[1-10]"}}) is None


def test_a_negative_index_has_its_bar_and_two_digits_a_space() -> None:
    assert overbarred((1, -1, 0)) == r"$[1\overline{1}0]$"
    assert overbarred((1, -12, 3)) == r"$[1\,\overline{12}\,3]$"
    assert plain((1, -1, 0)) == "[1-10]"


def test_a_bar_is_drawn_over_its_digit(tmp_path: Path) -> None:
    # The letters of [110] and [1-10] differ above the digits alone, by one horizontal stroke.
    images = []
    for direction in ((1, 1, 0), (1, -1, 0)):
        figure = Figure(figsize=(3, 1), dpi=200)
        figure.text(0.1, 0.4, overbarred(direction), fontsize=30)
        figure.savefig(tmp_path / "a.png")
        images.append(iio.imread(tmp_path / "a.png")[:, :, 0] < 128)
    top = np.nonzero(images[0].any(axis=1))[0][0]
    rows, columns = np.nonzero(images[1][:top + 2] & ~images[0][:top + 2])
    assert np.ptp(columns) > 4 * np.ptp(rows) > 0


def test_arrows_stand_at_right_angles_from_one_foot() -> None:
    axes = Figure().add_subplot()
    add_directions(axes, 2.0, 3.0, 10.0, ((1, 0, 0), (0, 1, 0)), 9)
    arrows = [text for text in axes.texts if text.get_text() == ""]
    assert {(a.xyann, a.xy) for a in arrows} == {((2.0, 3.0), (12.0, 3.0)), ((2.0, 3.0), (2.0, 13.0))}


def test_a_picture_has_the_arrows_below_the_section_and_nothing_is_cut(run_path: Path, tmp_path: Path) -> None:
    run = Path(shutil.copytree(run_path, tmp_path / "run"))
    bare = iio.imread(plot_field(run, "hoop", out=tmp_path / "bare.png", renderer="matplotlib")).astype(int)
    manifest = json.loads((run / "manifest.json").read_text())
    manifest["crystal"] = {"structure": "cubic", "axis": [1, 1, 0], "x": "[1-10]", "y": "[00-1]"}
    (run / "manifest.json").write_text(json.dumps(manifest))
    image = iio.imread(plot_field(run, "hoop", out=tmp_path / "a.png", renderer="matplotlib")).astype(int)
    assert image.shape == bare.shape
    height, width = image.shape[:2]
    rows, columns = np.nonzero(np.abs(image - bare).max(axis=2) > 60)
    # In the strip at the lower left alone; the section, colours and name are as they were.
    assert rows.min() > height - 0.16 * width
    assert columns.max() < 0.45 * width
    assert image[[0, -1]].min() == 255
    assert image[:, [0, -1]].min() == 255
