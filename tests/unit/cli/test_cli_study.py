"""Commands of studies: exit codes, one line for a mistake, and a real case through the whole of a sweep."""

from __future__ import annotations

import sys
from collections.abc import Callable
from pathlib import Path

import pytest

import femanode
from femanode.cli import commands as cli
from femanode.config.yamlio import dump_yaml
from femanode.study.table import read_table
from tests.fronts import coarse_case

Call = Callable[..., tuple[int, str, str]]


@pytest.fixture
def call(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Call:
    """Run the command in this process: exit code, output, errors."""

    def run(*arguments: object) -> tuple[int, str, str]:
        monkeypatch.setattr(sys, "argv", ["femanode", *map(str, arguments)])
        with pytest.raises(SystemExit) as stop:
            cli.main()
        out, err = capsys.readouterr()
        return int(stop.value.code or 0), out, err

    return run


@pytest.fixture
def study(tmp_path: Path) -> Path:
    """A sweep over one real case."""
    base = coarse_case(time={"end": "1 min"})
    (tmp_path / "base.yaml").write_text(dump_yaml(base), encoding="utf-8")
    path = tmp_path / "sweep.yaml"
    path.write_text(dump_yaml({"base": "base.yaml", "axes": {"geometry.diameter": ["129 nm"]}}), encoding="utf-8")
    return path


def test_a_sweep_gives_what_the_run_gives(call: Call, study: Path, tmp_path: Path) -> None:
    code, out, _ = call("sweep", study, "-o", tmp_path / "s", "--workers", 1)
    assert code == 0
    assert out.startswith("1 cases: 1 done (1 run now, 0 known already)")
    assert str(tmp_path / "s" / "results.csv") in out
    row = read_table(tmp_path / "s").iloc[0]
    alone = femanode.run(femanode.load_config(study.parent / "base.yaml"), tmp_path / "alone").summary
    # the case may use more threads, whose sums differ in the last digits
    assert row["converted_fraction"] == pytest.approx(alone["converted_fraction"], rel=1e-9)
    assert row["hoop_max_location.x_nm"] == pytest.approx(alone["hoop_max_location"]["x_nm"], rel=1e-9)
    case = femanode.load_config(tmp_path / "s" / row["folder"] / "config.yaml")
    assert case.name == f"case-{row['hash'][:8]}"
    assert call("sweep", study, "-o", tmp_path / "s", "--resume")[1].startswith("1 cases: 1 done (0 run now, 1 known")


def test_mistakes_are_one_line_and_make_no_folder(call: Call, study: Path, tmp_path: Path) -> None:
    study.write_text(study.read_text().replace("diameter", "diametr"))
    code, out, err = call("sweep", study, "-o", tmp_path / "s")
    assert (code, out, err.count("\n")) == (2, "", 1)
    assert "did you mean 'diameter'" in err
    assert not (tmp_path / "s").exists()


def test_a_scheduler_that_does_not_answer_is_said(call: Call, study: Path, tmp_path: Path,
                                                  monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("femanode.study.execution.engine.CONNECT", 1)
    code, _, err = call("sweep", study, "-o", tmp_path / "s", "--scheduler", "tcp://127.0.0.1:1")
    assert (code, err.count("\n")) == (2, 1)
    assert "no scheduler answers at 'tcp://127.0.0.1:1'" in err


def test_crashes_are_said_with_their_count(call: Call, study: Path, tmp_path: Path,
                                           monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("femanode.study.sweep.sweep.__kwdefaults__",
                        {**(femanode.sweep.__kwdefaults__ or {}), "runner": "tests.no_such_module:run"})
    code, out, err = call("sweep", study, "-o", tmp_path / "s", "--workers", 1, "--quiet")
    assert (code, out) == (1, "")
    assert "crashed: 1 of 1 cases" in err
    assert "ModuleNotFoundError" in err
