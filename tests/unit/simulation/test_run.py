"""A disk that fills up ends a run in one line, wherever it happens, and what is safe can be gone on from."""

from __future__ import annotations

import errno
import io
import json
import os
import re
import shutil
import signal
from collections.abc import Callable
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from numpy.testing import assert_allclose

import femanode
from femanode.config.loading import Config
from femanode.errors import ConvergenceError, DiskError
from femanode.output import checkpoint, disk, writers
from femanode.simulation import journal
from femanode.solver.state import Part
from tests.fronts import coarse_case

#: Every file that a run writes before its pictures, at which of its writings the disk is full, and the exit code. The
#: first of each comes before anything is computed, but for what is written at the end only.
PLACES = [("config.yaml", 1, 2), ("citations.bib", 1, 2), ("history.csv", 1, 2), ("row", 1, 2),
          ("frame_0000.vtu", 1, 2), ("frames.pvd", 1, 2),
          ("row", 4, 3), ("frame_0001.vtu", 1, 3), ("frames.pvd", 2, 3), ("checkpoint.npz", 1, 3),
          ("checkpoint.npz", 3, 3), ("checkpoint.old.npz", 1, 3), ("checkpoint.old.npz", 2, 3), ("summary.json", 1, 3),
          ("manifest.json", 1, 3)]
#: What follows the run's own end.
PICTURES = [("content.png", 1), ("hoop_stress.png", 1), ("curves.png", 1), ("manifest.json", 2),
            ("open_in_paraview.py", 1), ("report.html", 1)]


def case(*, pictures: bool = False, **changes: Any) -> Config:
    """60-nm wire on 8-nm elements, a dozen steps."""
    return Config.from_mapping(coarse_case(
        geometry={"shape": "circle", "diameter": "60 nm"}, time={"end": "3 min", "max_front_advance": 0.5},
        solver={"linear": "scipy"},
        **{"output": {"every": "1 min", "pictures": pictures, "checkpoint": "1 ms"}, **changes}))


@pytest.fixture(autouse=True)
def _a_checkpoint_at_every_step(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(journal, "SHARE", 1e9)


@pytest.fixture(scope="module")
def whole(tmp_path_factory: pytest.TempPathFactory) -> femanode.Result:
    return femanode.run(case(), tmp_path_factory.mktemp("runs") / "whole")


@pytest.fixture
def fills(monkeypatch: pytest.MonkeyPatch) -> Callable[[str, int], list[str]]:
    """Let the disk be full from one writing of one file on."""

    def from_there(name: str, time: int) -> list[str]:
        seen: list[str] = []
        replace = os.replace

        def full(what: str) -> bool:
            seen.append(what)
            return seen.count(name) >= time

        def refusing(source: Any, target: Any) -> None:
            if full(Path(target).name):
                raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
            replace(source, target)

        class Table(io.FileIO):
            def write(self, data: Any, /) -> int:
                # A disk that fills up takes part of it first.
                taken = super().write(data[:5] if full("row") else data)
                if seen.count(name) > time and name == "row":
                    raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
                return taken

        monkeypatch.setattr(os, "replace", refusing)
        monkeypatch.setattr(writers, "open", lambda path, mode, buffering=-1: Table(path, mode) if mode == "ab"
                            else io.open(path, mode, buffering), raising=False)  # noqa: SIM115, UP020
        return seen

    return from_there


@pytest.mark.parametrize(("name", "time", "code"), PLACES)
def test_a_full_disk_is_one_line_and_the_run_goes_on_once_there_is_room(
        name: str, time: int, code: int, whole: femanode.Result, tmp_path: Path, monkeypatch: pytest.MonkeyPatch,
        fills: Callable[[str, int], list[str]]) -> None:
    folder = tmp_path / "run"
    fills(name, time)
    with pytest.raises(DiskError) as stop:
        femanode.run(case(), folder)
    monkeypatch.undo()
    told = str(stop.value)
    assert stop.value.exit_code == code
    assert "\n" not in told
    assert "(No space left on device)" in told
    assert {"row": "history.csv", "checkpoint.old.npz": "checkpoint.npz"}.get(name, name) in told
    assert "make room there, then" in told
    assert "resume=True" in told
    assert not list(folder.rglob("*.part"))
    table = (folder / "history.csv").read_text().splitlines() if (folder / "history.csv").exists() else []
    assert len({line.count(",") for line in table}) <= 1, "a row is cut"
    safe = [path for path in (folder / "checkpoint.npz", folder / "checkpoint.old.npz") if path.exists()]
    assert (f"safe: {safe[0]}" in told) if safe else ("safe" not in told)
    done = femanode.run(case(), folder, resume=True)
    assert done.manifest["resumed"] == (1 if safe else 0)
    assert_allclose(done.history, whole.history, rtol=1e-10, atol=1e-12)


@pytest.mark.parametrize(("name", "time"), PICTURES)
def test_a_disk_too_full_for_pictures_leaves_a_whole_run_and_one_line(
        name: str, time: int, tmp_path: Path, caplog: pytest.LogCaptureFixture,
        fills: Callable[[str, int], list[str]]) -> None:
    seen = fills(name, time)
    done = femanode.run(case(pictures=True), tmp_path / "run")
    assert name in seen
    (record,) = caplog.records
    assert name in record.getMessage()
    assert f"the run itself is whole in {tmp_path / 'run'}" in record.getMessage()
    assert done.manifest["stop_reason"] == "end time reached"
    assert done.summary["time_s"] == 180.0
    assert not list(done.path.rglob("*.part"))


def test_every_place_is_tried(tmp_path: Path, fills: Callable[[str, int], list[str]]) -> None:
    seen = fills("nothing", 1)
    femanode.run(case(pictures=True), tmp_path / "run")
    tried = {name for name, *_ in (*PLACES, *PICTURES)}
    assert {name for name in seen if not name.startswith("frame_")} <= tried


def test_a_disk_that_is_full_when_the_solver_stops_is_told_with_it(
        tmp_path: Path, monkeypatch: pytest.MonkeyPatch, fills: Callable[[str, int], list[str]]) -> None:
    def cannot(*_: object) -> None:
        raise ConvergenceError("no equilibrium at t = 7 s")

    monkeypatch.setattr(journal.Journal, "accept", cannot)
    fills("checkpoint.npz", 1)
    with pytest.raises(DiskError, match=r"solver stopped: no equilibrium at t = 7 s; .*checkpoint\.npz.*no checkpoint "
                                        r"could be written") as stop:
        femanode.run(case(), tmp_path / "run")
    assert stop.value.exit_code == 3


def test_resuming_a_finished_run_mends_its_table(tmp_path: Path) -> None:
    folder = tmp_path / "run"
    femanode.run(case(), folder)
    table, whole = folder / "history.csv", (folder / "history.csv").read_bytes()
    table.unlink()
    femanode.run(case(), folder, resume=True)
    assert table.read_bytes() == whole
    for spoilt in (b"".join(whole.splitlines(keepends=True)[:2]), whole.replace(b"0.", b"1.", 1), whole[:-1], b""):
        assert spoilt != whole
        table.write_bytes(spoilt)
        femanode.run(case(), folder, resume=True)
        assert table.read_bytes() == whole
    assert femanode.run(case(), folder, resume=True).was_finished


@pytest.mark.parametrize("gone", [1, -1])
def test_resuming_a_finished_run_does_without_a_frame_that_is_gone_and_says_so(
        tmp_path: Path, caplog: pytest.LogCaptureFixture, gone: int) -> None:
    folder = tmp_path / "run"
    times = femanode.run(case(), folder).frames.times
    frame = sorted((folder / "frames").iterdir())[gone]
    frame.unlink()
    result = femanode.run(case(), folder, resume=True)
    assert [record.getMessage() for record in caplog.records] == [
        f"{frame} is gone: the run is whole without this frame"]
    # the last state is known: its frame is written again
    assert list(result.frames.times) == [time for k, time in enumerate(times) if k != gone]
    assert [np.all(np.isfinite(shown.mesh.fields["displacement"])) for shown in result.frames] == [True] * len(
        result.frames)


def test_a_frame_that_goes_while_the_run_is_on_costs_no_checkpoint(tmp_path: Path,
                                                                   caplog: pytest.LogCaptureFixture) -> None:
    folder, config = tmp_path / "run", case(output={"every": "1 min", "pictures": False, "checkpoint": None})
    steps = []

    def removes(_: object) -> None:
        steps.append(1)
        if len(steps) == 3:
            shutil.rmtree(folder / "frames")

    result = femanode.run(config, folder, report=removes)
    assert result.manifest["stop_reason"] == "end time reached"
    gone = [record.getMessage() for record in caplog.records]
    assert f"{folder / 'frames' / 'frame_0000.vtu'} is gone: the run is whole without this frame" in gone
    assert [path.name for path in sorted((folder / "frames").iterdir())] == [
        frame.path.name for frame in result.frames]
    assert result.frames.times[-1] == 180.0


def test_a_run_without_any_frame_goes_on_as_often_as_it_is_stopped(tmp_path: Path) -> None:
    folder, config = tmp_path / "run", case(output={"every": "1 min", "pictures": False, "checkpoint": None})
    whole = femanode.run(config, folder)
    table = (folder / "history.csv").read_bytes()
    for _ in range(3):
        shutil.rmtree(folder / "frames")
        assert not femanode.run(config, folder, resume=True).was_finished
        assert list(whole.frames.times) == [180.0]
        assert femanode.run(config, folder, resume=True).was_finished, "the last frame, written again, counts"
        whole = femanode.Result(folder)
    assert (folder / "history.csv").read_bytes() == table


@pytest.mark.parametrize("name", ["checkpoint.npz", "summary.json", "curves.png"])
def test_a_signal_in_the_last_writes_costs_nothing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, name: str) -> None:
    replace, config = os.replace, case(pictures=True)
    config = config.model_copy(update={"output": config.output.model_copy(update={"checkpoint": None})})

    def interrupted(source: Any, target: Any) -> None:
        replace(source, target)
        if Path(target).name == name:
            signal.raise_signal(signal.SIGINT)

    # ignored from the start where a shell has begun the tests in its background
    before = signal.signal(signal.SIGINT, signal.default_int_handler)
    with monkeypatch.context() as patch, ExitStack() as undo:
        undo.callback(signal.signal, signal.SIGINT, before)
        patch.setattr(os, "replace", interrupted)
        with pytest.raises(KeyboardInterrupt, match=f"whole in {re.escape(str(tmp_path / 'run'))}; "):
            femanode.run(config, tmp_path / "run")
    assert femanode.Result(tmp_path / "run").manifest["stop_reason"] == "end time reached"
    assert femanode.run(config, tmp_path / "run", resume=True).manifest["resumed"] <= 1


def test_a_run_killed_as_it_wrote_its_first_file_can_be_resumed_and_overwritten(tmp_path: Path) -> None:
    for folder, keys in ((tmp_path / "a", {"resume": True}), (tmp_path / "b", {"overwrite": True})):
        (folder / "frames").mkdir(parents=True)
        (folder / "config.yaml.part").write_text("name: c")
        assert femanode.run(case(), folder, **keys).manifest["stop_reason"] == "end time reached"
        assert not list(folder.rglob("*.part"))


def test_a_checkpoint_that_holds_something_else_is_passed_over_for_the_one_before(
        tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    folder, config = tmp_path / "run", case()
    whole = femanode.run(config, folder)
    table = (whole.path / "history.csv").read_bytes()
    parts = checkpoint.load_checkpoint(folder, config.model_dump(mode="json"))
    assert parts is not None
    older = (folder / "checkpoint.old.npz").read_bytes()
    spoilt = {**parts, "run": Part(data={**parts["run"].data, "frames": [["0", "../x.vtu", 0.0]]})}
    checkpoint.save_checkpoint(folder, spoilt, config.model_dump(mode="json"))
    (folder / "checkpoint.old.npz").write_bytes(older)
    (folder / "manifest.json").unlink()
    assert femanode.run(config, folder, resume=True).manifest["resumed"] == 1
    assert "holds something else than a run of this case" in caplog.text
    assert (folder / "history.csv").read_bytes() == table


def test_a_finished_run_s_torn_checkpoint_falls_back_to_one_whose_frames_are_there(
        tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    # two frames of a dozen steps: most are dropped at the end
    thin = case(output={"frames": 2, "pictures": False, "checkpoint": "1 ms"})
    whole = femanode.run(thin, tmp_path / "whole")
    folder = femanode.run(thin, tmp_path / "run").path
    (folder / "checkpoint.npz").write_bytes(b"PK")
    again = femanode.run(thin, folder, resume=True)
    assert [record.getMessage() for record in caplog.records if "gone" in record.getMessage()] == []
    assert list(again.frames.times) == list(whole.frames.times)
    assert (folder / "history.csv").read_bytes() == (whole.path / "history.csv").read_bytes()


def test_a_frame_that_takes_the_last_of_the_disk_costs_no_step(tmp_path: Path,
                                                               monkeypatch: pytest.MonkeyPatch) -> None:
    write, saved = writers.FrameWriter.write, checkpoint.np.savez
    with monkeypatch.context() as patch:
        def fills_the_disk(self: writers.FrameWriter, fields: Any, step: int, place: float = 0.0) -> Path:
            if step == 0:
                return write(self, fields, step, place)
            raise DiskError("cannot be written (No space left on device)", where="frame", hint="make room there")

        def in_its_room_only(stream: Any, **arrays: Any) -> None:
            before = os.fstat(stream.fileno()).st_size
            saved(stream, **arrays)
            if stream.tell() > before:
                raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

        patch.setattr(writers.FrameWriter, "write", fills_the_disk)
        patch.setattr(checkpoint.np, "savez", in_its_room_only)
        with pytest.raises(DiskError, match=r"safe: .*checkpoint\.npz, the run up to t = [0-9.]+ s; make room") as stop:
            femanode.run(case(output={"every": "1 min", "pictures": False, "checkpoint": None}), tmp_path / "run")
    assert stop.value.exit_code == 3
    assert not list(tmp_path.rglob("*.part"))


def test_a_disk_without_room_for_a_checkpoint_is_told_before_anything_is_computed(
        tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def none(*_: object) -> None:
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    with monkeypatch.context() as patch:
        patch.setattr(disk.os, "posix_fallocate", none, raising=False)
        with pytest.raises(DiskError, match=r"checkpoint\.npz: cannot be written \(No space left on device\); nothing "
                                            "has been computed; make room there") as stop:
            femanode.run(case(), tmp_path / "run")
    assert stop.value.exit_code == 2
    assert not list(tmp_path.rglob("*.part"))
    assert femanode.run(case(), tmp_path / "run", resume=True).manifest["stop_reason"] == "end time reached"


def test_a_run_whose_checkpoints_are_gone_is_begun_anew_and_that_is_said(tmp_path: Path,
                                                                         caplog: pytest.LogCaptureFixture) -> None:
    folder = tmp_path / "run"
    femanode.run(case(), folder)
    for path in (*folder.glob("checkpoint*"), folder / "manifest.json"):
        path.unlink()
    femanode.run(case(), folder, resume=True)
    assert any("has no checkpoint: the run there is begun anew" in record.message for record in caplog.records)


def test_resuming_a_finished_run_on_a_read_only_disk_does_nothing(tmp_path: Path,
                                                                  monkeypatch: pytest.MonkeyPatch) -> None:
    folder = tmp_path / "run"
    femanode.run(case(), folder)
    before = {path: path.stat().st_mtime_ns for path in folder.rglob("*")}

    def refuse(*_: object, **__: object) -> None:
        raise OSError(errno.EROFS, os.strerror(errno.EROFS))

    monkeypatch.setattr("filelock.FileLock.acquire", refuse)
    assert femanode.run(case(), folder, resume=True).was_finished
    assert {path: path.stat().st_mtime_ns for path in folder.rglob("*")} == before
    for later in (case().model_copy(update={"time": case().time.model_copy(update={"end": 200.0})}), ):
        with pytest.raises(DiskError, match=r"cannot be written \(Read-only file system\); make it writable") as stop:
            femanode.run(later, folder, resume=True)
        assert stop.value.exit_code == 2
    assert json.loads((folder / "manifest.json").read_text())["resumed"] == 0
