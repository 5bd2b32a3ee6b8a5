"""Two runs never share a folder."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from femanode.errors import ConfigError
from femanode.output.lock import hold

HOLDS = """
import sys, time
from pathlib import Path
from femanode.output.lock import hold

with hold(Path(sys.argv[1])):
    print("held", flush=True)
    time.sleep(60)
"""


def test_another_process_is_named_and_its_death_frees_the_folder(tmp_path: Path) -> None:
    command = [sys.executable, "-c", HOLDS, tmp_path / "run"]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        assert process.stdout.readline() == "held\n"
        with pytest.raises(ConfigError, match=rf"run: in use by process {process.pid} on .*; wait for it"), \
                hold(tmp_path / "run"):
            pass
        process.kill()
    # killed, it has left both files
    assert (tmp_path / "run" / ".run.holder").exists()
    with hold(tmp_path / "run"):
        assert str(os.getpid()) in (tmp_path / "run" / ".run.holder").read_text()


def test_a_second_run_in_the_same_process_is_refused_and_leaves_the_first_its_lock(tmp_path: Path) -> None:
    with hold(tmp_path):
        for _ in range(2):
            with pytest.raises(ConfigError, match=f"in use by process {os.getpid()}"), hold(tmp_path):
                pass
    with hold(tmp_path):
        pass
    assert not (tmp_path / ".run.holder").exists()


def test_a_file_in_the_way_is_one_line(tmp_path: Path) -> None:
    (tmp_path / "run").write_text("x")
    for path in (tmp_path / "run", tmp_path / "run" / "below"):
        with pytest.raises(ConfigError, match="is a file"), hold(path):
            pass
