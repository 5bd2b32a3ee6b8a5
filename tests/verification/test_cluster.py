"""A sweep on a real Dask cluster on this machine, one worker of which is killed in the middle of a case."""

from __future__ import annotations

import contextlib
import os
import re
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import psutil
import pytest

from femanode.study.ledger import SweepResult
from femanode.study.sweep import RUNNER, sweep
from tests.fronts import coarse_case
from tests.runners import BASE, MADE_UP, calls

ROOT = Path(__file__).parents[2]
WORKERS = 3

pytestmark = [pytest.mark.verification, pytest.mark.skipif(os.name == "nt", reason="signals of POSIX")]


class Cluster:
    """A scheduler and workers, each a process of its own."""

    def __init__(self, folder: Path, seconds: float) -> None:
        environment = {**os.environ, "MADE_UP_SECONDS": str(seconds), "PYTHONPATH": str(ROOT)}
        self.logs = folder
        with (folder / "scheduler.log").open("w") as log:
            self.scheduler = subprocess.Popen(
                [sys.executable, "-m", "distributed.cli.dask_scheduler", "--host", "127.0.0.1", "--port", "0",
                 "--no-dashboard", "--dashboard-address", "127.0.0.1:0"], stderr=log, stdout=log)
        self.address = self._address()
        self.workers = [self._worker(k, folder, environment) for k in range(WORKERS)]

    def _address(self) -> str:
        until = time.monotonic() + 60.0
        while time.monotonic() < until:
            found = re.search(r"Scheduler at:\s+(tcp://\S+)", (self.logs / "scheduler.log").read_text())
            if found:
                return found.group(1)
            time.sleep(0.1)
        raise TimeoutError((self.logs / "scheduler.log").read_text())

    def _worker(self, number: int, folder: Path, environment: dict[str, str]) -> subprocess.Popen[bytes]:
        with (folder / f"worker{number}.log").open("w") as log:
            return subprocess.Popen(
                [sys.executable, "-m", "distributed.cli.dask_worker", self.address, "--nthreads", "1", "--no-nanny",
                 "--no-dashboard", "--host", "127.0.0.1", "--local-directory", str(folder / f"scratch{number}")],
                stderr=log, stdout=log, env=environment, cwd=ROOT)

    def stop(self) -> None:
        for process in (*self.workers, self.scheduler):
            process.kill()
            process.wait()


@contextlib.contextmanager
def cluster(folder: Path, seconds: float) -> Iterator[Cluster]:
    folder.mkdir()
    made = Cluster(folder, seconds)
    try:
        yield made
    finally:
        made.stop()


def swept(made: Cluster, study: dict[str, Any], out: Path, runner: str) -> tuple[threading.Thread, list[SweepResult]]:
    """The sweep, going on in a thread."""
    results: list[SweepResult] = []
    thread = threading.Thread(
        target=lambda: results.append(sweep(study, out, scheduler=made.address, runner=runner)), daemon=True)
    thread.start()
    return thread, results


def has_a_case(worker: int) -> bool:
    """What a launcher has started is a case; a worker may have other processes of its own."""
    for child in psutil.Process(worker).children():
        # one may end between being listed and being asked
        with contextlib.suppress(psutil.NoSuchProcess):
            if child.children():
                return True
    return False


def kill_one_at_work(made: Cluster, begun: Callable[[], object] = lambda: True) -> None:
    """SIGKILL a worker that has a case going: its launcher, and below that the case's own process.

    Not before ``begun``: a case's process has much to load before the case itself begins.
    """
    until = time.monotonic() + 120.0
    while time.monotonic() < until:
        if not begun():
            time.sleep(0.02)
            continue
        for worker in made.workers:
            if has_a_case(worker.pid):
                time.sleep(0.3)
                worker.send_signal(signal.SIGKILL)
                worker.wait()
                return
        time.sleep(0.02)
    raise TimeoutError("no worker has a case")


@pytest.mark.parametrize("results", ["folder", "value"])
def test_no_case_is_lost_or_run_twice_to_different_answers(tmp_path: Path, results: str) -> None:
    values = [109.0 + 0.01 * k for k in range(9)]
    study = {"base": BASE, "axes": {"geometry.diameter": [f"{v:g} nm" for v in values]}, "results": results}
    with cluster(tmp_path / "cluster", 2.0) as made:
        thread, ended = swept(made, study, tmp_path / "s", MADE_UP)
        kill_one_at_work(made, lambda: results != "folder" or calls(tmp_path / "s" / "cases"))
        thread.join(120.0)
        assert not thread.is_alive()
    result = ended[0]
    assert result.counts == {"done": 9}
    # twice the diameter is what a made-up case answers
    table = result.table
    assert list(table["penetration_depth_nm"]) == pytest.approx([2.0 * v for v in values], rel=1e-12)
    if results == "folder":
        begun = calls(tmp_path / "s" / "cases")
        assert len(set(begun)) == 9
        assert len(begun) == 10, "the killed case, and no other, is begun twice"
        assert sorted(table["attempts"]) == [1] * 8 + [2]


def test_a_real_case_whose_worker_dies_gives_the_undisturbed_answer(tmp_path: Path) -> None:
    base = coarse_case(time={"end": "20 min"})
    study = {"base": base, "axes": {"geometry.diameter": ["100 nm", "110 nm", "120 nm", "129 nm"]}}
    alone = sweep(study, tmp_path / "alone", workers=1)
    with cluster(tmp_path / "cluster", 0.0) as made:
        thread, ended = swept(made, study, tmp_path / "s", RUNNER)
        kill_one_at_work(made)
        thread.join(300.0)
        assert not thread.is_alive()
    result = ended[0]
    assert result.counts.total() == 4
    assert dict(result.counts) == dict(alone.counts)
    # the resumed case repeats the undisturbed one to 1e-10; a fresh start repeats it exactly
    for key in ("converted_fraction", "penetration_depth_nm", "hoop_max_GPa"):
        assert list(result.table[key]) == pytest.approx(list(alone.table[key]), rel=1e-9, abs=1e-12)
