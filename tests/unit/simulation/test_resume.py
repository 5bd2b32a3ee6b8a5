"""A run that was stopped, however that happened, goes on to what the uninterrupted run gives."""

from __future__ import annotations

import importlib
import json
import os
import signal
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from numpy.testing import assert_allclose

import femanode
from femanode.config.loading import Config, dump_config
from femanode.errors import ConfigError, ConvergenceError
from femanode.output import writers
from femanode.output.lock import LOCK
from femanode.postprocess import cracks
from femanode.simulation import journal, opening, takeup
from femanode.solver.candidate import Candidate, propose
from femanode.solver.failure import StepFailed
from femanode.solver.physics import Physics
from femanode.solver.problem import build_problem
from femanode.solver.state import State
from tests.fronts import coarse_case

#: Where the table of an interrupted run may differ from that of an uninterrupted one.
TOLERANCE = 1e-10


def case(**changes: str) -> Config:
    """60-nm wire on 8-nm elements, 38 steps in a second; plastic flow has 10 rejected and paces the rest."""
    settings = [f"{key.replace('__', '.')}={value}" for key, value in changes.items()]
    return Config.from_mapping(coarse_case(
        geometry={"shape": "circle", "diameter": "60 nm"},
        time={"end": "6 min", "max_front_advance": 0.2, "max_plastic_increment": 0.03},
        output={"frames": 12, "pictures": False, "checkpoint": "1 ms"}, solver={"linear": "scipy"}), settings)


@pytest.fixture(scope="module")
def whole(tmp_path_factory: pytest.TempPathFactory) -> femanode.Result:
    """The uninterrupted run."""
    return femanode.run(case(), tmp_path_factory.mktemp("runs") / "whole")


@pytest.fixture
def at_every_step(monkeypatch: pytest.MonkeyPatch) -> None:
    """A checkpoint at every step, whatever it costs."""
    monkeypatch.setattr(journal, "SHARE", 1e9)


def same_run(a: femanode.Result, b: femanode.Result) -> None:
    """History, frames, fields and summary agree to TOLERANCE; atol is for columns that are zero up to rounding."""
    assert list(a.history.columns) == list(b.history.columns)
    assert len(a.history) == len(b.history)
    assert_allclose(a.history["time_s"], b.history["time_s"], rtol=TOLERANCE, atol=0)
    assert a.history["time_s"].is_unique
    for name in a.history:
        assert_allclose(a.history[name], b.history[name], rtol=TOLERANCE, atol=1e-12, err_msg=name)
    assert_allclose(a.frames.times, b.frames.times, rtol=TOLERANCE, atol=0)
    for one, other in zip(a.frames, b.frames, strict=True):
        assert one.path.name == other.path.name
        for name, field in one.mesh.fields.items():
            assert_allclose(field, other.mesh.fields[name], rtol=TOLERANCE, atol=TOLERANCE, err_msg=name)
    for run in (a, b):
        assert {p.name for p in (run.path / "frames").iterdir()} == {f.path.name for f in run.frames}
        assert not list(run.path.rglob("*.part"))
    assert a.manifest["steps"] == b.manifest["steps"]
    assert a.manifest["stop_reason"] == b.manifest["stop_reason"]
    for name in ("front_entry_time_s", "transport_share", "crack_risk", "area_ratio"):
        assert_allclose(a.summary[name], b.summary[name], rtol=1e-9, atol=0, err_msg=name)
    # of the whole record: the largest ratio and the sites counted may lie before the break
    for name in ("crack_sites", "crack_sites_bounded", "rate_exponent_points"):
        assert a.summary[name] == b.summary[name], name
    for name, value in a.summary["crack_site"].items():
        assert value == pytest.approx(b.summary["crack_site"][name], rel=1e-9, abs=1e-9), name


class Stop(Exception):
    """What a test stops a run with."""


def after(steps: int, action: Callable[[], object]) -> Callable[[object], None]:
    """A report that acts once, after so many accepted steps."""
    count = [0]

    def report(_: object) -> None:
        count[0] += 1
        if count[0] == steps:
            action()

    return report


def stop() -> None:
    raise Stop


KILLED = """
import os, signal, sys
import femanode
from femanode.simulation import journal, opening, takeup

journal.SHARE, count, last = 1e9, 0, int(sys.argv[3])

def report(progress):
    global count
    count += 1
    if count == last - 3:
        journal.SHARE = 1e-9  # one more checkpoint, then none
    if count == last:
        os.kill(os.getpid(), signal.SIGKILL)

femanode.run(femanode.load_config(sys.argv[1]), sys.argv[2], report=report)
"""


def test_a_killed_run_goes_on_to_the_uninterrupted_one(whole: femanode.Result, tmp_path: Path) -> None:
    (tmp_path / "case.yaml").write_text(dump_config(case()), encoding="utf-8")
    last, folder = int(np.random.default_rng().integers(6, len(whole.history) - 2)), tmp_path / "run"
    done = subprocess.run([sys.executable, "-c", KILLED, tmp_path / "case.yaml", folder, str(last)], timeout=120,
                          check=False)
    assert done.returncode == -signal.SIGKILL
    with open(folder / "history.csv", "a", encoding="utf-8") as stream:
        stream.write("3.14,0.")  # as if killed within a row, and within a frame
    (folder / "frames" / "frame_0099.vtu.part").write_text("<VTK")
    rows = (folder / "history.csv").read_text().splitlines()
    assert len(rows) - 3 == last, "the table runs ahead of the checkpoint"
    result = femanode.run(case(), folder, resume=True)
    same_run(result, whole)
    assert result.manifest["resumed"] == 1
    assert whole.history["eqps_max"].iloc[last] > 0.1
    assert whole.manifest["steps"]["rejected"] > 2


@pytest.mark.parametrize("steps", [1, 8])
def test_an_error_leaves_a_checkpoint_to_go_on_from(whole: femanode.Result, tmp_path: Path, steps: int) -> None:
    with pytest.raises(Stop):
        femanode.run(case(), tmp_path / "run", report=after(steps, stop))
    stopped = femanode.Result(tmp_path / "run")
    assert stopped.manifest["stop_reason"] == "stopped by an error"
    # its last state is a frame, which the finished run does not have
    assert stopped.frames.times[-1] == stopped.history["time_s"].iloc[-1]
    same_run(femanode.run(case(), tmp_path / "run", resume=True), whole)


def test_a_crack_s_site_that_lies_before_the_break_is_kept(tmp_path: Path, monkeypatch: pytest.MonkeyPatch,
                                                           whole: femanode.Result) -> None:
    # counted up to three steps before the break
    real = cracks.figures
    monkeypatch.setattr(cracks, "figures", lambda sites, torn, *rest: real(sites, np.arange(len(sites)) > 12, *rest))
    with pytest.raises(Stop):
        femanode.run(case(), tmp_path / "run", report=after(15, stop))
    before = femanode.Result(tmp_path / "run").summary["crack_site"]
    result = femanode.run(case(), tmp_path / "run", resume=True)
    assert 0 < before["time_s"] <= whole.history["time_s"].iloc[12]
    assert result.summary["crack_site"] == before
    assert result.summary["crack_risk"] == result.history["crack_ratio"][:13].max() < whole.summary["crack_risk"]
    assert result.summary["crack_risk_until_fraction"] == result.history["converted_fraction"][12]


def test_a_step_that_was_not_recorded_whole_is_made_again(whole: femanode.Result, tmp_path: Path,
                                                          monkeypatch: pytest.MonkeyPatch) -> None:
    write, count = journal.FrameWriter.write, [0]

    def full_disk(self: Any, *args: Any) -> Path:
        count[0] += 1
        if count[0] == 5:
            raise OSError("no space left")
        return write(self, *args)

    monkeypatch.setattr(journal.FrameWriter, "write", full_disk)
    with pytest.raises(OSError, match="no space"):
        femanode.run(case(), tmp_path / "run")
    same_run(femanode.run(case(), tmp_path / "run", resume=True), whole)


def test_a_run_that_is_broken_off_shows_the_frames_asked_for_and_goes_on(whole: femanode.Result, tmp_path: Path,
                                                                        at_every_step: None) -> None:
    with pytest.raises(Stop):
        femanode.run(case(), tmp_path / "run", report=after(30, stop))
    broken = femanode.Result(tmp_path / "run")
    assert len(broken.frames) == 12
    assert broken.frames.times[-1] == broken.history["time_s"].iloc[-1]
    done = femanode.run(case(), tmp_path / "run", resume=True)
    assert len(done.frames) == 12
    same_run(done, whole)


def test_a_failing_solver_leaves_a_checkpoint_and_fails_again_in_the_same_way(
        whole: femanode.Result, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    run_module = importlib.import_module("femanode.simulation.run")
    t_fail = float(whole.history["time_s"].iloc[9])

    def fails(physics: Physics, state: State, dt: float) -> Candidate:
        if state.t < t_fail:
            return propose(physics, state, dt)
        raise StepFailed("no convergence")

    with monkeypatch.context() as patch:
        patch.setattr(run_module, "propose", fails)
        with pytest.raises(ConvergenceError, match=r"no convergence; last good state: .*checkpoint\.npz") as first:
            femanode.run(case(), tmp_path / "run")
        rejected = femanode.Result(tmp_path / "run").manifest["steps"]["rejected"]
        with pytest.raises(ConvergenceError) as second:
            femanode.run(case(), tmp_path / "run", resume=True)
        assert str(second.value) == str(first.value)
        assert femanode.Result(tmp_path / "run").manifest["steps"]["rejected"] == rejected
    result = femanode.run(case(), tmp_path / "run", resume=True)
    same_run(result, whole)
    assert result.manifest["resumed"] == 2


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM, signal.SIGHUP, signal.SIGUSR1, signal.SIGUSR2,
                                    signal.SIGXCPU])
def test_a_signal_abandons_the_step_and_the_run_goes_on_later(whole: femanode.Result, tmp_path: Path,
                                                              monkeypatch: pytest.MonkeyPatch,
                                                              number: signal.Signals) -> None:
    run_module, count = importlib.import_module("femanode.simulation.run"), [0]

    def signalled(physics: Physics, state: State, dt: float) -> Candidate:
        count[0] += 1
        if count[0] == 7:
            os.kill(os.getpid(), number)
        return propose(physics, state, dt)

    before = signal.getsignal(number)
    with monkeypatch.context() as patch:
        patch.setattr(run_module, "propose", signalled)
        with pytest.raises(KeyboardInterrupt, match=r"last good state: .*checkpoint\.npz"):
            femanode.run(case(), tmp_path / "run")
    assert count[0] == 7, "the step was not abandoned"
    assert signal.getsignal(number) is before
    assert femanode.Result(tmp_path / "run").manifest["stop_reason"] == "interrupted"
    same_run(femanode.run(case(), tmp_path / "run", resume=True), whole)


def test_the_command_answers_sigterm_with_130_and_resumes(whole: femanode.Result, tmp_path: Path) -> None:
    (tmp_path / "case.yaml").write_text(dump_config(case()), encoding="utf-8")
    command = [sys.executable, "-m", "femanode", "run", tmp_path / "case.yaml", "-o", tmp_path / "run", "--quiet"]
    with subprocess.Popen(command, stderr=subprocess.PIPE, text=True) as process:
        while process.poll() is None:
            table = tmp_path / "run" / "history.csv"
            if table.exists() and table.read_text().count("\n") > 3:
                process.send_signal(signal.SIGTERM)
                break
        _, said = process.communicate(timeout=60)
    assert process.returncode == 130
    assert said.count("\n") == 1
    assert "interrupted" in said
    assert str(tmp_path / "run" / "checkpoint.npz") in said
    result = femanode.run(case(), tmp_path / "run", resume=True)
    assert result.manifest["resumed"] == 1
    same_run(result, whole)


def broken_off(folder: Path, steps: int = 8) -> Path:
    with pytest.raises(Stop):
        femanode.run(case(), folder, report=after(steps, stop))
    return folder


@pytest.mark.usefixtures("at_every_step")
@pytest.mark.parametrize("damage", ["cut", "flipped", "empty", "gone"])
def test_a_torn_checkpoint_falls_back_to_the_one_before(whole: femanode.Result, tmp_path: Path, damage: str,
                                                        caplog: pytest.LogCaptureFixture) -> None:
    newest = broken_off(tmp_path / "run") / "checkpoint.npz"
    content = newest.read_bytes()
    middle = len(content) // 2
    if damage == "gone":
        newest.unlink()
    else:
        newest.write_bytes({"cut": content[:middle], "empty": b"",
                            "flipped": content[:middle] + bytes([content[middle] ^ 1]) + content[middle + 1:]}[damage])
    same_run(femanode.run(case(), tmp_path / "run", resume=True), whole)
    assert ("cannot be read" in caplog.text) == (damage != "gone")


def test_without_any_readable_checkpoint_there_is_one_line(tmp_path: Path) -> None:
    broken_off(tmp_path / "run", 3)
    for path in (tmp_path / "run").glob("checkpoint*"):
        path.write_bytes(b"PK")
    with pytest.raises(ConfigError, match="no checkpoint can be read; run the case anew with overwrite=True"):
        femanode.run(case(), tmp_path / "run", resume=True)
    for path in (tmp_path / "run").glob("checkpoint*"):
        path.unlink()
    with pytest.raises(ConfigError, match="has left no checkpoint"):
        femanode.run(case(), tmp_path / "run", resume=True)


def test_another_configuration_version_or_mesh_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    folder = broken_off(tmp_path / "run", 3)
    with pytest.raises(ConfigError, match=r"time.max_front_advance = 0.2, the configuration has 0.3.*end.* only"):
        femanode.run(case(time__max_front_advance="0.3"), folder, resume=True)
    with pytest.raises(ConfigError, match=r"material.mechanics.reacted.yield_stress.*1.2 GPa"):
        femanode.run(case(overrides__mechanics__yield_stress="1.2 GPa"), folder, resume=True)
    with monkeypatch.context() as patch:
        patch.setattr("femanode.output.checkpoint.__version__", "9.9")
        with pytest.raises(ConfigError, match=r"written by femanode .*, format 7; allowed: femanode 9\.9, format 7"):
            femanode.run(case(), folder, resume=True)
    with monkeypatch.context() as patch:
        patch.setattr("femanode.mesh.section.Section.hash", lambda self: "other")
        with pytest.raises(ConfigError, match="the mesh is not the one the run was begun with"):
            femanode.run(case(), folder, resume=True)
    with pytest.raises(ConfigError, match="both resume and overwrite"):
        femanode.run(case(), folder, resume=True, overwrite=True)


ELSEWHERE = """
import sys
import femanode

femanode.run(femanode.load_config(sys.argv[1]), sys.argv[2], resume=True)
"""


def test_another_number_of_threads_goes_on_to_the_same_run(whole: femanode.Result, tmp_path: Path) -> None:
    folder = broken_off(tmp_path / "run", 12)
    (tmp_path / "case.yaml").write_text(dump_config(case()), encoding="utf-8")
    done = subprocess.run([sys.executable, "-c", ELSEWHERE, tmp_path / "case.yaml", folder], timeout=200, check=False,
                          env={**os.environ, "FEMANODE_THREADS": "3", "OMP_NUM_THREADS": "3"}, stderr=subprocess.PIPE)
    assert (done.returncode, done.stderr) == (0, b"")
    same_run(femanode.Result(folder), whole)


def test_another_solver_goes_on_as_closely_as_two_solvers_agree_and_says_so(
        whole: femanode.Result, tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    folder = broken_off(tmp_path / "run", 12)
    result = femanode.run(case(solver__linear="rslab"), folder, resume=True)
    assert "the linear solver was superlu" in caplog.text
    assert "and is rslab from t = " in caplog.text
    other = femanode.run(case(solver__linear="rslab"), tmp_path / "other")
    # Newton ends at a residual of 1e-7, which two solvers reach along different last digits; steps that yield follow
    # them. What two whole runs with the two solvers differ by bounds what the change in the middle may do.
    for name in ("converted_fraction", "diameter_x_nm", "hoop_surface_max_GPa"):
        last = whole.history[name].iloc[-1]
        between = abs(other.history[name].iloc[-1] / last - 1)
        assert abs(result.history[name].iloc[-1] / last - 1) < max(10 * between, 1e-7), name
        assert between < 1e-4, name


def test_a_finished_run_is_left_alone(whole: femanode.Result) -> None:
    def written() -> dict[Path, int]:
        # Some versions of filelock open their file anew, which dates it.
        return {p: p.stat().st_mtime_ns for p in whole.path.rglob("*") if p.is_file() and p.name != LOCK}

    before = written()
    again = femanode.run(case(), whole.path, resume=True)
    assert again.was_finished
    assert not whole.was_finished
    assert written() == before


def test_a_later_end_takes_up_a_run_that_ended_by_time(whole: femanode.Result, tmp_path: Path) -> None:
    short = femanode.run(case(time__end="3 min"), tmp_path / "run")
    assert short.manifest["stop_reason"] == "end time reached"
    longer = femanode.run(case(), tmp_path / "run", resume=True)
    assert longer.history["time_s"].iloc[-1] == 360.0
    assert (longer.history["time_s"] == 180.0).sum() == 1
    # one step had to end at the earlier end, so that those after it are others; the solution is the same to their error
    # (a front of 8 nm on elements as large has much)
    assert_allclose(longer.history["converted_fraction"].iloc[-1], whole.history["converted_fraction"].iloc[-1],
                    rtol=4e-3, atol=0)
    assert "360" in femanode.load_config(longer.path / "config.yaml").model_dump_json(include={"time": {"end"}})
    with pytest.raises(ConfigError, match=r"time.end: found 60 s; allowed: at least 360 s"):
        femanode.run(case(time__end="1 min"), tmp_path / "run", resume=True)


def test_where_nothing_is_or_nothing_was_saved_a_run_begins(whole: femanode.Result, tmp_path: Path) -> None:
    (tmp_path / "empty").mkdir()
    for name in ("missing", "empty"):
        result = femanode.run(case(), tmp_path / name, resume=True)
        assert (result.manifest["resumed"], result.was_finished) == (0, False)
    # killed before its first checkpoint
    for path in [*result.path.glob("checkpoint*"), result.path / "manifest.json"]:
        path.unlink()
    same_run(femanode.run(case(), result.path, resume=True), whole)
    (tmp_path / "mine").mkdir()
    (tmp_path / "mine" / "notes.txt").write_text("mine")
    with pytest.raises(ConfigError, match="the folder is not empty"):
        femanode.run(case(), tmp_path / "mine", resume=True)


def test_a_run_killed_before_its_last_files_gets_them(whole: femanode.Result, tmp_path: Path) -> None:
    result = femanode.run(case(), tmp_path / "run")
    for name in ("manifest.json", "summary.json"):
        (result.path / name).unlink()
    again = femanode.run(case(), tmp_path / "run", resume=True)
    assert not again.was_finished
    same_run(again, whole)


def test_wall_times_add_up(tmp_path: Path) -> None:
    folder = broken_off(tmp_path / "run", 12)
    first = json.loads((folder / "manifest.json").read_text())["wall_seconds"]
    second = femanode.run(case(), folder, resume=True).manifest["wall_seconds"]
    for name in ("setup", "solve", "output"):
        assert second[name] > first[name] > 0


def test_every_break_is_counted_also_one_right_after_another(whole: femanode.Result, tmp_path: Path) -> None:
    folder = broken_off(tmp_path / "run", 3)
    for _ in range(2):
        # killed as soon as it has been taken up: nothing is written at its end
        found = opening.open_journal(build_problem(case()), folder, overwrite=False, resume=True)
        assert found is not None
        found.history.close()
    result = femanode.run(case(), folder, resume=True)
    assert result.manifest["resumed"] == 3
    same_run(result, whole)


def test_a_missing_frame_is_said_and_the_run_goes_on(whole: femanode.Result, tmp_path: Path,
                                                     caplog: pytest.LogCaptureFixture) -> None:
    folder = broken_off(tmp_path / "run", 3)
    for frame in (folder / "frames").iterdir():
        frame.unlink()
    result = femanode.run(case(), folder, resume=True)
    assert f"{folder / 'frames' / 'frame_0000.vtu'} is gone: the run is whole without this frame" in caplog.text
    assert (result.path / "history.csv").read_bytes() == (whole.path / "history.csv").read_bytes()
    assert result.frames.times[-1] == whole.frames.times[-1]


def test_the_manifest_says_from_when_on_solver_and_threads_are_others(
        tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def with_threads(number: int) -> None:
        for module in (journal, takeup, writers):
            monkeypatch.setattr(module, "threads", lambda: number)

    with_threads(1)
    folder = broken_off(tmp_path / "run", 12)
    first = femanode.Result(folder).history["time_s"].iloc[-1]
    before = femanode.Result(folder).manifest
    assert before["changes_at_resume"] == []
    with_threads(3)
    with pytest.raises(Stop):
        femanode.run(case(solver__linear="rslab"), folder, resume=True, report=after(5, stop))
    second = femanode.Result(folder).history["time_s"].iloc[-1]
    assert second > first
    with_threads(2)
    last = femanode.run(case(solver__linear="rslab"), folder, resume=True).manifest
    assert last["changes_at_resume"] == [
        {"time_s": first, "what": "linear solver", "was": before["solver"], "now": "rslab"},
        {"time_s": first, "what": "threads", "was": 1, "now": 3},
        {"time_s": second, "what": "threads", "was": 3, "now": 2}]
    assert (last["solver"], last["threads"]) == ("rslab", 2)
