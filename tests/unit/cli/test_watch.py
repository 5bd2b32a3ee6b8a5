"""Following a run by its folder: not yet there, growing, torn, finished, failed, killed."""

from __future__ import annotations

import io
import json
import os
import platform
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest
from numpy.testing import assert_allclose

from femanode.cli.runlook import look, read_rows
from femanode.cli.watch import Ending, Watcher, show_on, sparkline, watch
from femanode.errors import ConfigError

HEADER = "time_s,dt_s,converted_fraction,front_depth_nm,front_speed_nm_s,hoop_surface_max_GPa,newton_iterations\n"


def row(t: float, f: float) -> str:
    return f"{t},10.0,{f},{60 * f},0.05,1.25,7\n"


class Stage:
    """A folder that changes at every look, and a clock that moves with it."""

    def __init__(self, folder: Path, *changes: Callable[[], object]) -> None:
        self.folder, self.changes, self.now = folder, list(changes), 0.0
        self.shown: list[list[str]] = []

    def follow(self, **options: float) -> Ending:
        return watch(self.folder, self.shown.append, clock=lambda: self.now, sleep=self.sleep, **options)

    def sleep(self, seconds: float) -> None:
        self.now += seconds
        if self.changes:
            self.changes.pop(0)()

    @property
    def last(self) -> str:
        return " ".join(self.shown[-1])


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return tmp_path / "run"


def begin(folder: Path) -> None:
    folder.mkdir()
    (folder / "config.yaml").write_text("name: my-case\ntime: {end: 1000.0 s}\n")


def write(folder: Path, *rows: str) -> None:
    (folder / "history.csv").write_text(HEADER + "".join(rows))


def stop(folder: Path, reason: str) -> None:
    (folder / "manifest.json").write_text(json.dumps({"stop_reason": reason}))


@pytest.mark.parametrize(("reason", "ending"), [
    ("front arrested", Ending.DONE), ("end time reached", Ending.DONE), ("interrupted", Ending.INTERRUPTED),
    ("solver stopped: step fell to 1e-9 s", Ending.FAILED), ("stopped by an error", Ending.FAILED)])
def test_a_run_is_followed_from_before_its_folder_to_its_end(folder: Path, reason: str, ending: Ending) -> None:
    stage = Stage(folder, lambda: begin(folder), lambda: write(folder, row(0, 0)),
                  lambda: write(folder, row(0, 0), row(100, 0.2)),
                  lambda: write(folder, row(0, 0), row(100, 0.2), row(200, 0.4)), lambda: stop(folder, reason))
    assert stage.follow() is ending
    assert stage.shown[0] == [f"there is no folder {folder}: waiting for a run to make it, 10.0 min at most"]
    assert stage.shown[1] == [f"waiting for a run in {folder}"]
    assert stage.shown[2][0] == "my-case: running"
    assert stage.shown[-1][0] == f"my-case: {reason}"
    for text in ("24.0 nm", "40.0 % converted", "1.25 GPa", "0.05 nm/s", "step 2", "7 Newton", "t = 3.3 min of"):
        assert text in stage.last
    assert "left" not in stage.last


def test_a_torn_last_line_is_left_out(folder: Path) -> None:
    begin(folder)
    write(folder, row(0, 0), row(100, 0.2), "200.0,10.0,0.4,24")
    assert [r["time_s"] for r in read_rows(folder / "history.csv")] == [0, 100]
    # the last number may be cut: 7 iterations of 17 would be a lie
    write(folder, row(0, 0), row(100, 0.2).rstrip())
    assert [r["time_s"] for r in read_rows(folder / "history.csv")] == [0]
    (folder / "history.csv").write_text(HEADER[:20])
    assert read_rows(folder / "history.csv") == []
    write(folder, row(0, 0), "torn,\n", row(100, 0.2))
    assert [r["time_s"] for r in read_rows(folder / "history.csv")] == [0, 100]
    (folder / "config.yaml").write_text("name: [")
    (folder / "manifest.json").write_text('{"stop_')
    seen = look(folder)
    assert (seen.stop, seen.end, seen.name, len(seen.rows)) == (None, None, "run", 2)


def test_a_killed_run_ends_the_watch_at_once_on_its_own_machine(folder: Path) -> None:
    begin(folder)
    write(folder, row(0, 0), row(100, 0.2))
    gone = subprocess.run([sys.executable, "-c", "import os; print(os.getpid())"], capture_output=True, text=True,
                          check=True, timeout=60).stdout.strip()
    (folder / ".run.holder").write_text(f"process {os.getpid()} on {platform.node()}")
    assert not look(folder).killed
    (folder / ".run.holder").write_text(f"process {gone} on another-machine")
    assert not look(folder).killed
    (folder / ".run.holder").write_text(f"process {gone} on {platform.node()}")
    stage = Stage(folder)
    assert stage.follow() is Ending.FAILED
    assert stage.now == 0
    assert "gone without an ending; go on with --resume" in stage.last


def test_silence_is_shown_and_ends_in_giving_up(folder: Path) -> None:
    begin(folder)
    write(folder, row(0, 0), row(100, 0.2))
    stage = Stage(folder)
    assert stage.follow(every=10.0, patience=100.0) is Ending.FAILED
    assert stage.now == 110
    assert any("nothing new for 50 s" in lines[-1] for lines in stage.shown)
    assert "taken for dead" in stage.last


def test_nothing_ever_there_and_a_file_are_one_line(folder: Path) -> None:
    with pytest.raises(ConfigError, match="no run came within 5 s"):
        Stage(folder).follow(patience=5.0)
    folder.write_text("")
    with pytest.raises(ConfigError, match="is a file"):
        Stage(folder).follow()


def test_the_time_left_is_told_for_a_case_that_can_be_read(folder: Path) -> None:
    folder.mkdir()
    (folder / "config.yaml").write_text("name: my-case\ngeometry: {shape: circle, diameter: 129 nm}\nmaterial: Li-Si\n"
                                        "crystal: {axis: [1, 1, 0]}\nfront: {half_thickness: 8 nm}\n"
                                        "time: {end: 1000 s}\n")
    rows = ["time_s,dt_s,converted_fraction,front_depth_nm,front_speed_nm_s,hoop_surface_max_GPa,newton_iterations,"
            "drive,front_mean_stress_GPa\n"]
    rows += [f"{10 * k},10.0,{0.001 * k},{0.03 * k},0.05,1.25,7,1.0,0.0\n" for k in range(101)]
    now = [0.0]
    watcher = Watcher(folder, lambda: now[0])
    told = []
    for k in range(1, 101):
        (folder / "history.csv").write_text("".join(rows[:k + 2]))
        now[0] = 3.0 * k  # a row, 10 s of the run, takes 3 s
        seen, _ = watcher.look()
        left = watcher.left(seen)
        if left is not None and k > 40:
            told.append((left, 3.0 * (100 - k)))
    assert len(told) > 50
    for left, true in told:
        assert_allclose(left, true, rtol=0, atol=1e-6)


def test_a_folder_in_no_folder_is_refused_at_once(tmp_path: Path) -> None:
    stage = Stage(tmp_path / "resutls" / "110")
    with pytest.raises(ConfigError, match="no such folder"):
        stage.follow()
    assert stage.now == 0


def test_the_sparkline_rises_with_the_depth() -> None:
    assert sparkline(range(8)) == "▁▂▃▄▅▆▇█"
    assert sparkline(range(8), plain=True) == "_.-=+*#@"
    assert len(sparkline(range(1000), 32)) == 32
    assert sparkline([float("nan"), 0.0, 0.0]) == "▁▁"
    assert sparkline([]) == ""


def test_without_a_terminal_there_is_a_line_for_every_change_of_state() -> None:
    stream = io.TextIOWrapper(io.BytesIO(), encoding="ascii")
    with show_on(stream) as (show, plain):
        assert plain
        for _ in range(3):
            show(["waiting for a run"])
        show(["case: running", "a"])
        show(["case: running", "b"])  # too soon
        show(["case: front arrested", "c"])
    stream.seek(0)
    assert stream.read().splitlines() == ["waiting for a run", "case: front arrested; c"]
