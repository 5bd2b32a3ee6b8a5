"""A measured curve beside a computed one: the right numbers at the right times, and how far they are apart."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from numpy.testing import assert_allclose

from femanode.errors import ConfigError
from femanode.output.runfolder import RunFolder
from femanode.study.beside import difference, measured_curve, plot_beside


def table(folder: Path, text: str) -> Path:
    path = folder / "data.csv"
    path.write_text(text, encoding="utf-8")
    return path


@pytest.mark.parametrize("text", ["t (min),depth (nm)\n0,0\n45,21\n90,39\n",
                                  "# by hand\nt (min);depth (nm)\n0;0\n45;21,0\n90;39,0\n",
                                  "t (s)\tdepth (nm)\n0\t0\n2700\t21\n5400\t39\n"])
def test_the_difference_is_of_the_same_times_in_the_same_units(run_path: Path, tmp_path: Path, text: str) -> None:
    # the made-up run's depth is 36 nm t/(90 min): 0, 18 and 36 nm, so that 0, 3 and 3 nm are between them
    curve = measured_curve(table(tmp_path, text))
    assert_allclose(curve.time, [0.0, 2700.0, 5400.0], rtol=1e-12, atol=0)
    apart, count = difference(RunFolder(run_path), curve)
    # the history has 60 rows in which the depth is linear
    assert_allclose(apart, np.sqrt((0 + 9 + 9) / 3), rtol=1e-9, atol=0)
    assert count == 3


def test_times_after_the_end_of_the_run_do_not_count(run_path: Path, tmp_path: Path) -> None:
    curve = measured_curve(table(tmp_path, "t (min),depth (nm)\n45,21\n180,500\n"))
    run = RunFolder(run_path)
    run.__dict__["manifest"] = {**run.manifest, "stop_reason": "end time reached"}
    assert difference(run, curve) == (pytest.approx(3.0), 1)


def test_the_picture_is_made_where_it_is_asked_for(run_path: Path, tmp_path: Path) -> None:
    data = table(tmp_path, "t (min),d (nm)\n0,120\n45,160\n90,216\n")
    made = plot_beside(run_path, data, "diameter_max_nm", tmp_path / "widths.png")
    assert made.read_bytes()[:4] == b"\x89PNG"


@pytest.mark.parametrize(("text", "key", "said"), [
    ("depth\n1\n2\n", "front_depth_nm", r"data\.csv:1: found 1 headings"),
    ("t,depth (nm)\n0,0\n1,2\n", "front_depth_nm", "found no unit for the column 't'"),
    ("t (s),depth (nm)\n0,0\n1,2\n", "front_dept_nm", "did you mean 'front_depth_nm'")])
def test_a_table_that_cannot_be_meant_is_one_line(run_path: Path, tmp_path: Path, text: str, key: str,
                                                  said: str) -> None:
    with pytest.raises(ConfigError, match=said):
        plot_beside(run_path, table(tmp_path, text), key, tmp_path / "x.png")
