"""Output whose reader is gone: the command goes on, without a traceback."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from femanode.config.loading import Config, dump_config
from tests.fronts import coarse_case

COMMAND = f"'{sys.executable}' -m femanode"


def shell(line: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(["bash", "-c", f"set -o pipefail; {line}"], capture_output=True, text=True, timeout=120,
                          check=False)


@pytest.mark.parametrize("streams", [">&-", "2>&-", ">&- 2>&- <&-", "| true", "2>/dev/full"])
def test_a_command_without_a_reader_ends_well(streams: str) -> None:
    done = shell(f"{COMMAND} schema {streams}")
    assert (done.returncode, done.stderr) == (0, "")


def test_a_disk_too_full_for_what_is_printed_is_one_line() -> None:
    done = shell(f"{COMMAND} schema >/dev/full")
    assert done.returncode == 2
    assert done.stderr == "femanode: standard output could not be written (No space left on device)\n"


def test_a_mistake_with_the_error_stream_closed_keeps_its_exit_code() -> None:
    done = shell(f"{COMMAND} run nothing.yaml 2>&-")
    assert (done.returncode, done.stdout, done.stderr) == (2, "", "")


@pytest.mark.parametrize("streams", [">&- 2>&- <&-", "2>&1 | head -1"])
def test_a_run_without_a_reader_leaves_its_folder_whole(tmp_path: Path, streams: str) -> None:
    case = coarse_case(time={"end": "20 s"})
    (tmp_path / "case.yaml").write_text(dump_config(Config.from_mapping(case)), encoding="utf-8")
    done = shell(f"{COMMAND} run {tmp_path}/case.yaml -o {tmp_path}/run {streams}")
    assert done.returncode == 0
    assert "Traceback" not in done.stdout + done.stderr
    assert (tmp_path / "run" / "manifest.json").is_file()
    # no file has got the number of a closed stream, and with it what was printed
    assert all(line.count(",") > 10 for line in (tmp_path / "run" / "history.csv").read_text().splitlines())
