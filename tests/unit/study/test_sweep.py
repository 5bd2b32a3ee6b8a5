"""Sweeps: every way a case can end, nothing run twice, nothing lost when the sweep itself is killed."""

from __future__ import annotations

import errno
import json
import os
import signal
import subprocess
import sys
import threading
import time
import tracemalloc
from collections import Counter
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pandas as pd
import pytest

import femanode
from femanode.errors import ConfigError, DiskError
from femanode.study.display import Board, describe
from femanode.study.execution import supervisor
from femanode.study.execution.engine import cores
from femanode.study.execution.limits import Tell
from femanode.study.execution.store import Outcome, Status, final_outcome, write_outcome
from femanode.study.ledger import SweepResult
from femanode.study.sweep import sweep
from femanode.study.table import flatten, read_table
from tests import runners
from tests.runners import BASE, MADE_UP, calls

ROOT = Path(__file__).parents[3]


def diameters(*values: float, **more: Any) -> dict[str, Any]:
    """A sweep over diameters in nm."""
    return {"base": BASE, "axes": {"geometry.diameter": [f"{v:g} nm" for v in values]}, **more}


def in_thread(job: Mapping[str, Any], tell: Tell) -> dict[str, Any]:
    """Performer without processes: the run is a summary written by hand."""
    folder = Path(job["folder"])
    folder.mkdir(parents=True, exist_ok=True)
    with (folder.parent / "calls.txt").open("a") as stream:
        stream.write(job["config"]["geometry"]["diameter"].split()[0] + "\n")
    (folder.parent / "threads.txt").write_text(str(job["threads"]))
    (folder / "summary.json").write_text(json.dumps({"stop_reason": "end time reached", "depth_nm": 1.0}))
    outcome = Outcome(job["hash"], Status.DONE, wall_s=1.0)
    write_outcome(folder, outcome)
    return {"outcome": outcome.mapping()}


@pytest.fixture(scope="module")
def endings(tmp_path_factory: pytest.TempPathFactory) -> SweepResult:
    """One sweep in which every ending occurs, in processes of their own."""
    values = (30.0, runners.CRASH, runners.NO_CONVERGENCE, runners.HANG, runners.GREEDY, runners.SHOT, runners.REFUSED,
              runners.VANISH, runners.ARREST, runners.GIVEN_UP)
    limits = {"wall": "3 s", "memory": "350 MB"}
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("femanode.study.execution.limits.GRACE", 0.5)
        return sweep(diameters(*values, limits=limits), tmp_path_factory.mktemp("endings") / "sweep", workers=2,
                     runner=MADE_UP)


def ended(result: SweepResult, diameter: float) -> pd.Series[Any]:
    """Row of a case."""
    return result.table.set_index("geometry.diameter [nm]").loc[diameter]


@pytest.mark.parametrize(("diameter", "status", "message"), [
    (30.0, "done", "end time reached"), (runners.ARREST, "arrested", "front arrested"),
    (runners.CRASH, "crashed", "ValueError: a bug"), (runners.NO_CONVERGENCE, "solver failed", "dt_min"),
    (runners.HANG, "timed out", "stopped after 3 s"), (runners.GREEDY, "out of memory", "limit 350 MB"),
    (runners.SHOT, "crashed", "killed by SIGKILL"), (runners.REFUSED, "invalid", "mesh too coarse"),
    (runners.VANISH, "crashed", "exit code 7"),
    (runners.GIVEN_UP, "timed out", "t = 7 s: a call into a library has not come back; go on with --retry")])
def test_every_case_says_how_it_ended(endings: SweepResult, diameter: float, status: str, message: str) -> None:
    row = ended(endings, diameter)
    assert row["status"] == status
    assert message in row["message"]


def test_what_a_case_had_is_kept_when_it_fails(endings: SweepResult) -> None:
    for diameter in (runners.CRASH, runners.HANG, runners.SHOT):
        folder = endings.path / ended(endings, diameter)["folder"]
        assert (folder / "history.csv").read_text().startswith("time_s")
    assert "ValueError: a bug" in (endings.path / ended(endings, runners.CRASH)["folder"] / "log.txt").read_text()


def test_one_failure_leaves_the_others_alone_and_is_told_by_the_exit_code(endings: SweepResult) -> None:
    assert endings.counts == {"done": 1, "arrested": 1, "crashed": 3, "solver failed": 1, "timed out": 2,
                              "out of memory": 1, "invalid": 1}
    assert endings.exit_code == 1
    assert ended(endings, 30.0)["penetration_depth_nm"] == 60.0


def test_the_table_has_units_and_all_figures_on_one_level(endings: SweepResult) -> None:
    written = pd.read_csv(endings.path / "results.csv")
    assert list(written["geometry.diameter [nm]"])[:2] == [30.0, 101.0]
    assert written.loc[0, "by.one"] == 1.0
    assert written.loc[0, "warnings"] == "a | b"
    assert list(written.columns) == list(read_table(endings.path).columns)


def test_cases_that_ended_are_not_run_again_unless_asked(endings: SweepResult, tmp_path: Path) -> None:
    before = len(calls(endings.path / "cases"))
    values = (30.0, runners.CRASH, runners.REFUSED)
    again = sweep(diameters(*values), endings.path, resume=True, performer=in_thread)
    assert (again.ran, again.reused, len(calls(endings.path / "cases"))) == (0, 3, before)
    with pytest.raises(ConfigError, match="use resume=True"):
        sweep(diameters(*values), endings.path)


def test_retry_redoes_what_crashed(endings: SweepResult) -> None:
    before = calls(endings.path / "cases")
    again = sweep(diameters(30, runners.CRASH), endings.path, workers=1, runner=MADE_UP, resume=True, retry=True)
    assert calls(endings.path / "cases") == [*before, "101"]
    assert (again.ran, ended(again, runners.CRASH)["attempts"], ended(again, 30.0)["attempts"]) == (1, 2, 1)


def test_equal_points_run_once_and_have_a_row_each(tmp_path: Path) -> None:
    made = {"base": BASE, "axes": {"geometry.diameter": ["30 nm", "0.03 um", "40 nm"]}}
    result = sweep(made, tmp_path / "s", performer=in_thread)
    assert result.ran == 2
    assert list(result.table["geometry.diameter [nm]"]) == [30.0, 30.0, 40.0]
    assert result.table["status"].eq("done").all()


def test_sweeps_share_cases_through_a_cache(tmp_path: Path) -> None:
    cache = str(tmp_path / "cache")
    first = sweep(diameters(30, 40, cache=cache), tmp_path / "a", performer=in_thread)
    second = sweep(diameters(40, 50, cache=cache), tmp_path / "b", performer=in_thread)
    assert (first.ran, second.ran, second.reused) == (2, 1, 1)
    assert sorted(calls(tmp_path / "cache")) == ["30.0", "40.0", "50.0"]
    assert list(second.table["depth_nm"]) == [1.0, 1.0]


def test_results_can_come_back_by_value(tmp_path: Path) -> None:
    result = sweep(diameters(30, runners.CRASH, results="value"), tmp_path / "s", workers=1, runner=MADE_UP)
    folder = result.path / ended(result, 30.0)["folder"]
    assert json.loads((folder / "summary.json").read_text())["penetration_depth_nm"] == 60.0
    assert ended(result, runners.CRASH)["status"] == "crashed"
    # nothing was written here while the cases ran
    assert not (folder / "case.lock").exists()
    assert calls(result.path / "cases") == []


def test_all_failing_is_an_error_too(tmp_path: Path) -> None:
    assert SweepResult(tmp_path, Counter({Status.SOLVER_FAILED: 2}), 2, 0).exit_code == 3
    assert SweepResult(tmp_path, Counter({Status.SOLVER_FAILED: 2, Status.ARRESTED: 1}), 3, 0).exit_code == 0


def test_nothing_is_left_behind_by_a_wrong_sweep(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="did you mean"):
        sweep({"base": BASE, "axes": {"geometry.diametr": ["1 nm"]}}, tmp_path / "s")
    assert not (tmp_path / "s").exists()
    (tmp_path / "other").mkdir()
    (tmp_path / "other" / "thesis.tex").write_text("x")
    with pytest.raises(ConfigError, match="not a sweep"):
        sweep(diameters(30), tmp_path / "other", resume=True)
    with pytest.raises(ConfigError, match=r"^workers: "):
        sweep(diameters(30), tmp_path / "s", workers=2, scheduler="tcp://127.0.0.1:1")


WEIGHT: list[int] = []


def weighed(job: Mapping[str, Any], tell: Tell) -> dict[str, Any]:
    """`in_thread`, which notes what this process has in use before each case."""
    WEIGHT.append(tracemalloc.get_traced_memory()[0])
    return in_thread(job, tell)


def test_a_case_that_has_ended_takes_no_memory(tmp_path: Path) -> None:
    # A case's configuration is 30 kB in memory; a scheduler that keeps its last thousand events keeps 300 of them.
    WEIGHT.clear()
    tracemalloc.start()
    try:
        sweep(diameters(*range(200, 340)), tmp_path / "s", workers=2, performer=weighed)
    finally:
        tracemalloc.stop()
    first, last = (sum(part) / 20 for part in (WEIGHT[60:80], WEIGHT[-20:]))
    assert (last - first) / 60 < 10e3


def test_an_interrupted_sweep_ends_without_a_word_of_its_scheduler() -> None:
    # in a process of its own, as Dask gives its loggers other handlers where a test collects what is logged
    code = ("import logging, time\nfrom femanode.study.execution.engine import connect\n"
            "logging.basicConfig(level=logging.WARNING)\nwith connect(None, 1) as client:\n"
            "    busy = client.submit(time.sleep, 3)\n    time.sleep(1)\n    raise KeyboardInterrupt\n")
    said = subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, check=False).stderr
    assert said.endswith("KeyboardInterrupt\n")
    assert [line for line in said.splitlines() if line.startswith(("WARNING:", "ERROR:"))] == []


SCRIPT = """
import sys
from femanode.study.sweep import sweep
from tests.runners import BASE, MADE_UP
axes = {"geometry.diameter": [f"{d} nm" for d in (30, 109, 40, 41)]}
sweep({"base": BASE, "axes": axes}, sys.argv[1], workers=1, runner=MADE_UP, resume=True)
"""


@pytest.mark.skipif(os.name == "nt", reason="signals of POSIX")
def test_a_killed_sweep_goes_on_with_what_is_missing(tmp_path: Path) -> None:
    # no guard around the call: cases must not import the calling script again
    environment = {**os.environ, "MADE_UP_SECONDS": "60"}
    process = subprocess.Popen([sys.executable, "-c", SCRIPT, str(tmp_path / "s")], cwd=ROOT, env=environment)
    cases = tmp_path / "s" / "cases"
    try:
        until = time.monotonic() + 60.0
        while calls(cases) != ["30", "109"]:
            assert time.monotonic() < until
            time.sleep(0.05)
    finally:
        process.send_signal(signal.SIGKILL)
        process.wait()
    slow = {d.name for d in cases.iterdir() if d.is_dir() and final_outcome(d) is None}
    assert len(slow) == 1
    os.environ["MADE_UP_SECONDS"] = "0"
    try:
        # the folder of the slow case is free as soon as its process has noticed, which took no 60 s
        result = sweep(diameters(30, 109, 40, 41), tmp_path / "s", workers=1, runner=MADE_UP, resume=True)
    finally:
        del os.environ["MADE_UP_SECONDS"]
    assert result.counts == {"done": 4}
    assert calls(cases) == ["30", "109", "109", "40", "41"]
    assert ended(result, 109.0)["attempts"] == 2


@pytest.mark.parametrize(("workers", "more", "threads"), [
    (1, {}, cores()), (cores(), {}, 1), (1, {"threads": 3}, 3)])
def test_cases_get_their_share_of_the_cores(tmp_path: Path, workers: int, more: dict[str, Any], threads: int) -> None:
    sweep(diameters(30, **more), tmp_path / "s", workers=workers, performer=in_thread)
    assert (tmp_path / "s" / "cases" / "threads.txt").read_text() == str(threads)


def test_the_same_from_the_package() -> None:
    assert femanode.sweep is sweep


def test_a_full_disk_is_one_line_and_what_has_ended_is_kept(tmp_path: Path, monkeypatch: pytest.MonkeyPatch,
                                                            capfd: pytest.CaptureFixture[str]) -> None:
    study = {"name": "s", "base": BASE, "axes": {"geometry.diameter": ["60 nm", "70 nm"]}}

    def refuse(*_: object, **__: object) -> None:
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    with monkeypatch.context() as full:
        full.setattr(pd.DataFrame, "to_csv", refuse)
        with pytest.raises(DiskError, match=r"results\.csv: cannot be written \(No space.*safe: the cases") as stop:
            sweep(study, tmp_path / "s", workers=1, runner=MADE_UP)
    assert stop.value.exit_code == 3
    assert "\n" not in str(stop.value)
    assert "Traceback" not in "".join(capfd.readouterr())
    again = sweep(study, tmp_path / "s", workers=1, runner=MADE_UP, resume=True, retry=True)
    assert (again.reused, again.counts[Status.DONE]) == (2, 2)


def test_a_case_whose_end_a_full_disk_does_not_take_is_told_without_a_traceback(
        tmp_path: Path, capfd: pytest.CaptureFixture[str]) -> None:
    study = {"name": "s", "base": BASE, "axes": {"geometry.diameter": ["60 nm"]}}

    def performer(job: Mapping[str, Any], tell: Tell) -> dict[str, Any]:
        return {"refused": "case.json: cannot be written"}

    result = sweep(study, tmp_path / "s", workers=1, performer=performer)
    assert list(result.messages.values()) == ["case.json: cannot be written"]
    assert result.exit_code == 1


def test_nested_figures_are_flattened() -> None:
    assert flatten({"a": {"b": {"c": 1}}, "d": ["x", "y"], "e": None}) == {"a.b.c": 1, "d": "x | y", "e": None}


def test_of_figures_by_cycle_the_last_one_stands_in_the_table() -> None:
    assert flatten({"cycles": [{"cycle": 1, "hysteresis": 0.2}, {"cycle": 2, "hysteresis": None}]}) == {
        "cycles.last.cycle": 2, "cycles.last.hysteresis": None}


def test_progress_names_what_ended_and_what_is_left() -> None:
    board = Board(10, {"h1": "30 nm"})
    board.known[Status.DONE] += 4
    board.tell({"case": "h1", "event": "started"})
    assert describe(board) == "4 of 10 cases ended (4 done), 1 running"
    board.end(Outcome("h1", Status.CRASHED))
    assert describe(board).startswith("5 of 10 cases ended (1 crashed, 4 done), 0 running  about")
    board.began -= 60.0
    assert describe(board).endswith("about 5.0 min left")  # one a minute, five to go
    board.tell({"case": "h2", "event": "progress", "t": 30.0, "end": 60.0, "converted": 0.2})
    assert describe(board).endswith("about 3.0 min left")  # one and a half a minute, four and a half to go


def test_a_launcher_killed_after_it_was_replaced_is_a_crash_and_no_interruption(
        tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    made: list[Any] = []

    class Killed:
        """Two launchers: one is found dead when it gets the job, the other is killed with the case."""

        def __init__(self, threads: int) -> None:
            self.closed, self.alive = False, True
            made.append(self)

        def run(self, job: Mapping[str, Any], tell: Tell) -> None:
            self.alive = False
            raise supervisor.Gone(len(made) > 1)

        def close(self) -> None:
            self.closed = True

    monkeypatch.setattr(supervisor, "Launcher", Killed)
    monkeypatch.setattr(supervisor, "_SLOT", threading.local())
    supervisor.open_slots()
    job = {"hash": "a", "folder": str(tmp_path / "a"), "again": [], "threads": 1, "results": "folder"}
    outcome = supervisor.perform(job, lambda _: None)["outcome"]
    assert outcome["status"] == "crashed"
    assert outcome["message"] == "the process that starts cases was ended from outside"
    assert len(made) == 2
