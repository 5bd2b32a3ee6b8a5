"""The command line: exit codes, one line for every mistake, and no traceback."""

from __future__ import annotations

import importlib
import json
import os
import shutil
import signal
import subprocess
import sys
import tomllib
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, NamedTuple

import meshio
import numpy as np
import pytest
from pybtex.database import parse_string

from femanode.cli import commands as cli
from femanode.config.loading import Config, dump_config
from femanode.errors import ConvergenceError
from tests.fronts import coarse_case


class Outcome(NamedTuple):
    code: int
    out: str
    err: str


Call = Callable[..., Outcome]


@pytest.fixture(autouse=True)
def _handlers_are_put_back() -> Iterator[None]:
    numbers = (signal.SIGTERM, signal.SIGHUP, signal.SIGUSR1, signal.SIGUSR2, signal.SIGXCPU)
    before = {number: signal.getsignal(number) for number in numbers}
    yield
    for number, handler in before.items():
        signal.signal(number, handler)


@pytest.fixture
def call(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Call:
    """Run the command in this process."""

    def run(*arguments: object) -> Outcome:
        monkeypatch.setattr(sys, "argv", ["femanode", *map(str, arguments)])
        with pytest.raises(SystemExit) as stop:
            cli.main()
        captured = capsys.readouterr()
        code = stop.value.code
        return Outcome(code if isinstance(code, int) else 0 if code is None else 1, captured.out, captured.err)

    return run


@pytest.fixture
def case(tmp_path: Path) -> Path:
    """A coarse case of three minutes, a few steps."""
    path = tmp_path / "coarse.yaml"
    path.write_text(dump_config(Config.from_mapping(coarse_case(time={"end": "3 min"}))), encoding="utf-8")
    return path


def one_line(outcome: Outcome, *words: str) -> None:
    """A mistake: exit code 2, one line on the error stream, no traceback."""
    assert outcome.code == 2, outcome
    assert outcome.err.count("\n") == 1, outcome.err
    assert outcome.err.startswith("femanode: ")
    assert "Traceback" not in outcome.err
    for word in words:
        assert word in outcome.err, outcome.err


def test_run_prints_what_came_out_and_where(call: Call, case: Path, tmp_path: Path) -> None:
    outcome = call("run", case, "-o", tmp_path / "out")
    assert outcome.code == 0
    assert "end time reached at t = 3.0 min" in outcome.out
    assert str(tmp_path / "out" / "frames.pvd") in outcome.out
    assert "note: front half-thickness 8 nm is wider" in outcome.out
    assert "Traceback" not in outcome.err


def test_quiet_prints_nothing(call: Call, case: Path, tmp_path: Path) -> None:
    assert call("run", case, "-o", tmp_path / "out", "--quiet") == Outcome(0, "", "")


def test_settings_and_frames_reach_the_run(call: Call, case: Path, tmp_path: Path) -> None:
    assert call("run", case, "-o", tmp_path / "out", "--quiet", "--frames", 7, "--set", "time.end=1 min",
                "--set", "overrides.mechanics.yield_stress=1.2 GPa").code == 0
    text = (tmp_path / "out" / "config.yaml").read_text()
    assert "frames: 7" in text
    assert "1.2 GPa" in text
    assert json.loads((tmp_path / "out" / "summary.json").read_text())["time_s"] == 60.0


def test_a_folder_in_use_is_refused_until_told(call: Call, case: Path, tmp_path: Path) -> None:
    assert call("run", case, "-o", tmp_path / "out", "--quiet").code == 0
    one_line(call("run", case, "-o", tmp_path / "out", "--quiet"), "not empty", "--overwrite")
    assert call("run", case, "-o", tmp_path / "out", "--quiet", "--overwrite").code == 0


@pytest.mark.parametrize(("arguments", "words"), [
    (["sweep", "x.yaml"], ["x.yaml: found no such file"]), (["report", "missing"], ["missing", "no such folder"]),
    (["report"], ["DIR"]),
    (["verify", "kook"], ["verify NAME", "found 'kook'", "cook"]),
    (["sweep", "x.yaml", "--workers", "0"], ["--workers: found 0"]),
    (["run", "missing.yaml"], ["missing.yaml", "no such file"]), (["run"], ["CONFIG"]), (["fly"], ["fly"]),
    (["materials", "Li-Unobtainium"], ["Li-Unobtainium", "Li-Si"]), (["plot", "missing"], ["missing"]),
    (["run", "x.yaml", "--frames", "many"], ["--frames"]), (["check", "missing.yaml"], ["missing.yaml"]),
    (["run", "x.yaml", "--fly"], ["--fly"])])
def test_a_wrong_call_is_one_line(call: Call, arguments: list[str], words: list[str], tmp_path: Path,
                                  monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    one_line(call(*arguments), *words)


@pytest.mark.parametrize(("text", "words"), [
    ("geometry: {shape: circle, diameter: 129}", ["geometry.diameter", "129 nm"]),
    ("geomtry: {shape: circle}", ["geomtry", "geometry"]),
    ("name: [", ["bad.yaml"]), ("", ["bad.yaml"]),
    ("boundary: {mode: galvanostatic}", ["boundary.c_rate", "neither", "c_rate: 0.5"]),
    ("mesh: {adaptive: fine}", ["mesh.adaptive"]), ("time: {end: .nan s}", ["time.end"])])
def test_a_wrong_configuration_is_one_line(call: Call, text: str, words: list[str], tmp_path: Path) -> None:
    given = {"name", "geometry", "crystal", "material", "time"}
    base = {"name": "name: bad", "geometry": "geometry: {shape: circle, diameter: 129 nm}",
            "crystal": "crystal: {axis: [1, 1, 0]}", "material": "material: Li-Si", "time": "time: {end: 1 h}"}
    rest = [line for key, line in base.items() if key in given and not text.startswith(key)] if text else []
    (tmp_path / "bad.yaml").write_text("\n".join([*rest, text]) + "\n")
    for command in ("run", "check"):
        one_line(call(command, tmp_path / "bad.yaml"), *words)
    assert not (tmp_path / "results").exists()


def test_a_wrong_setting_is_one_line(call: Call, case: Path) -> None:
    one_line(call("run", case, "--set", "time.edn=1 h"), "time.edn", "end")
    one_line(call("run", case, "--set", "time.end"), "key.path=value")


def failing(monkeypatch: pytest.MonkeyPatch, error: BaseException, after: int = 2) -> None:
    """Let the run stop with ``error`` after some accepted steps."""
    run_module = importlib.import_module("femanode.simulation.run")
    march = run_module.march

    def stops(*arguments: Any) -> Iterator[Any]:
        for count, step in enumerate(march(*arguments)):
            if count == after:
                raise error
            yield step

    monkeypatch.setattr(run_module, "march", stops)


def saved(folder: Path) -> float:
    """Time of the saved state; the folder must hold what was reached up to it."""
    with np.load(folder / "checkpoint.npz") as stored:
        t = float(json.loads(stored["meta"].tobytes())["data"]["state"]["t"])
    rows = (folder / "history.csv").read_text().splitlines()
    assert float(rows[-1].split(",")[0]) == t
    assert json.loads((folder / "summary.json").read_text())["time_s"] == t
    assert repr(t) in (folder / "frames.pvd").read_text()
    return t


def test_a_solver_that_cannot_go_on_gives_3_and_names_the_saved_state(call: Call, case: Path, tmp_path: Path,
                                                                     monkeypatch: pytest.MonkeyPatch) -> None:
    failing(monkeypatch, ConvergenceError("t = 160 s: step fell to 1e-9 s: no convergence"))
    outcome = call("run", case, "-o", tmp_path / "out", "--quiet")
    assert outcome.code == 3
    assert outcome.err.count("\n") == 1
    assert "t = 160 s: step fell to 1e-9 s: no convergence" in outcome.err
    assert str(tmp_path / "out" / "checkpoint.npz") in outcome.err
    assert saved(tmp_path / "out") > 0
    assert "solver stopped" in json.loads((tmp_path / "out" / "manifest.json").read_text())["stop_reason"]


def test_an_interruption_gives_130_and_names_the_saved_state(call: Call, case: Path, tmp_path: Path,
                                                            monkeypatch: pytest.MonkeyPatch) -> None:
    # the parser swallows an interruption and would end with 0
    failing(monkeypatch, KeyboardInterrupt())
    outcome = call("run", case, "-o", tmp_path / "out", "--quiet")
    assert outcome.code == 130
    assert outcome.err.count("\n") == 1
    assert str(tmp_path / "out" / "checkpoint.npz") in outcome.err
    assert saved(tmp_path / "out") > 0
    assert json.loads((tmp_path / "out" / "manifest.json").read_text())["stop_reason"] == "interrupted"


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM, signal.SIGHUP, signal.SIGUSR1, signal.SIGUSR2,
                                    signal.SIGXCPU])
def test_an_interruption_of_another_command_gives_130(call: Call, monkeypatch: pytest.MonkeyPatch,
                                                      number: signal.Signals) -> None:
    def stops() -> list[str]:
        if signal.getsignal(number) is not signal.SIG_DFL:  # else the signal would end the tests
            os.kill(os.getpid(), number)
        return []

    monkeypatch.setattr("femanode.config.library.list_materials", stops)
    ignored = signal.getsignal(number) is signal.SIG_IGN  # as under nohup, which the command respects
    if ignored:
        signal.signal(number, signal.SIG_DFL)
    try:
        assert call("materials").code == 130
    finally:
        if ignored:
            signal.signal(number, signal.SIG_IGN)


def test_check_says_what_would_run_and_runs_nothing(call: Call, case: Path, tmp_path: Path,
                                                    monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    outcome = call("check", case)
    assert outcome.code == 0
    for word in ("quarter", "129 nm", "half-thickness 8 nm", "Damkohler", "MiB", "steps", "note", "solving",
                 "s of start"):
        assert word in outcome.out
    assert [p.name for p in tmp_path.iterdir()] == ["coarse.yaml"]


# k delta c_f/((1 - c_f) D) with k 0.05 nm/s, delta 8 nm, c_f 0.6: 0.6/D
@pytest.mark.parametrize(("diffusivity", "told"), [("0.7 nm^2/s", ""), ("0.4 nm^2/s", "falls by 1.5 (v delta")])
def test_check_tells_of_a_front_too_thick_for_its_diffusion(call: Call, case: Path, diffusivity: str,
                                                            told: str) -> None:
    out = call("check", case, "--set", f"overrides.transport.diffusivity={diffusivity}").out
    assert ("thick for this diffusivity" in out) is bool(told)
    assert told in out


def test_the_folder_of_a_run_stands_for_its_configuration_where_the_run_goes_on(call: Call, case: Path,
                                                                              tmp_path: Path) -> None:
    made = tmp_path / "r"
    assert call("run", case, "-o", made, "--set", "time.end=20 s", "--quiet").code == 0
    assert "--resume goes on with the run" in call("run", made).err
    outcome = call("run", made, "--resume")
    assert outcome.code == 0
    assert "finished before" in outcome.out
    longer = call("run", made, "--resume", "--set", "time.end=30 s", "--quiet")
    assert longer.code == 0
    # the last row of the table is at the later end
    assert (made / "history.csv").read_text().splitlines()[-1].startswith("30.0,")
    empty = call("run", tmp_path, "--resume")
    assert empty.code == 2
    assert "no config.yaml in it" in empty.err


@pytest.mark.parametrize("suffix", [".msh", ".vtu"])
def test_mesh_writes_the_mesh_only(call: Call, case: Path, tmp_path: Path, suffix: str) -> None:
    path = tmp_path / f"section{suffix}"
    outcome = call("mesh", case, "-o", path)
    assert outcome.code == 0
    assert "quarter section" in outcome.out
    assert meshio.read(path).cells_dict["triangle6"].shape[1] == 6
    one_line(call("mesh", case, "-o", tmp_path / "section.stl"), ".msh, .vtu")


def test_materials_lists_and_describes(call: Call) -> None:
    listed = call("materials")
    assert listed.code == 0
    assert {"Li-Si", "Li-Ge"} <= set(listed.out.split())
    assert "SiO2  (inert)" in listed.out.splitlines()
    one = call("materials", "Li-Si")
    assert one.code == 0
    (line,) = [row for row in one.out.splitlines() if row.startswith("swelling.expansion")]
    assert "2.8" in line
    assert "[B]" in line


def test_materials_cites_what_the_numbers_were_read_in(call: Call) -> None:
    one = parse_string(call("materials", "--cite", "Li-Ge").out, "bibtex").entries
    every = parse_string(call("materials", "--cite").out, "bibtex").entries
    assert one["nadimpalli2015germanium"].fields["doi"] == "10.1149/2.0941514jes"
    assert set(one) < set(every)
    one_line(call("materials", "--cite", "Li-Unobtainium"), "Li-Unobtainium")


def test_check_asks_about_what_is_hardly_meant(call: Call, case: Path) -> None:
    told = call("check", case, "--set", "overrides.capacity.theoretical=35790 mAh/g")
    assert told.code == 0
    (line,) = [line for line in told.out.splitlines() if line.startswith("question")]
    # 3.75 x 26801.5 mAh/mol over 28.0855 g/mol
    assert "is 35790 mAh/g" in line
    assert line.endswith("is 3579 mAh/g: is it meant?")
    assert "question" not in call("check", case).out


def test_version_is_that_of_the_package(call: Call) -> None:
    project = tomllib.loads((Path(__file__).parents[3] / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    assert call("--version") == Outcome(0, f"femanode {project['version']}\n", "")


@pytest.mark.parametrize("before", [[], ["run"], ["sweep"]])
def test_help_has_a_short_form(call: Call, before: list[str]) -> None:
    short, long = (call(*before, option) for option in ("-h", "--help"))
    assert short == long
    assert short.code == 0
    assert "-h, --help" in short.out


def test_schema_is_json_schema(call: Call) -> None:
    outcome = call("schema")
    assert outcome.code == 0
    assert {"name", "geometry", "material", "time"} <= set(json.loads(outcome.out)["properties"])


def test_an_unknown_kind_of_schema_is_told_with_those_there_are(call: Call) -> None:
    outcome = call("schema", "sweeps")
    one_line(outcome, "'sweeps' is not one of 'config', 'material', 'sweep', 'fit'")
    assert "error," not in outcome.err


def test_plot_draws_the_curves(call: Call, case: Path, tmp_path: Path) -> None:
    assert call("run", case, "-o", tmp_path / "out", "--quiet").code == 0
    outcome = call("plot", tmp_path / "out", "--field", "curves", "-o", tmp_path / "curves.png")
    assert outcome.code == 0
    assert (tmp_path / "curves.png").read_bytes().startswith(b"\x89PNG")
    one_line(call("plot", tmp_path / "out", "--field", "hop_stress"), "hop_stress", "hoop_stress_GPa")


def test_run_stays_the_function_whatever_is_imported() -> None:
    code = "from femanode import run; import femanode; assert callable(run); assert femanode.run is run"
    subprocess.run([sys.executable, "-c", code], timeout=60, check=True)
    code = "import femanode; femanode.run; from femanode.simulation.run import Progress; assert callable(femanode.run)"
    subprocess.run([sys.executable, "-c", code], timeout=60, check=True)


def test_module_and_command_are_the_same(tmp_path: Path) -> None:
    done = subprocess.run([sys.executable, "-m", "femanode", "sweep", "x.yaml"], cwd=tmp_path, capture_output=True,
                          text=True, timeout=60, check=False)
    assert done.returncode == 2
    assert done.stderr.count("\n") == 1
    done = subprocess.run([sys.executable, "-m", "femanode", "--help"], cwd=tmp_path, capture_output=True, text=True,
                          timeout=60, check=True)
    for command in ("run", "check", "mesh", "plot", "materials", "schema"):
        assert command in done.stdout


def test_resume_says_what_was_found(call: Call, case: Path, tmp_path: Path) -> None:
    out = tmp_path / "out"
    assert call("run", case, "-o", out, "--quiet", "--resume").code == 0
    outcome = call("run", case, "-o", out, "--resume")
    assert outcome.code == 0
    assert "finished before: nothing was left to do" in outcome.out
    one_line(call("run", case, "-o", out, "--resume", "--set", "temperature=310 K"), "temperature = 300.0 K", "310.0 K")
    one_line(call("run", case, "-o", out, "--resume", "--overwrite"), "resume", "overwrite")


def test_what_a_run_left_can_be_shown_and_handed_on(call: Call, case: Path, tmp_path: Path) -> None:
    pytest.importorskip("h5py")
    runs = [tmp_path / "one", tmp_path / "two"]
    assert call("run", case, "-o", runs[0], "--quiet").code == 0
    shutil.copytree(runs[0], runs[1])
    panel = call("plot", *runs, "--field", "curves", "-o", tmp_path / "panel.svg")
    assert (panel.code, panel.out) == (0, f"{tmp_path / 'panel.svg'}\n")
    one_line(call("plot", *runs, "-o", tmp_path / "panel.mp4"), ".png, .pdf, .svg")
    listed = call("plot", runs[0], "--frames").out.splitlines()
    assert len(listed) == 1 + json.loads((runs[0] / "manifest.json").read_text())["frames"]["shown"]
    one_line(call("plot", runs[0], "--frame", 0, "--time", "0 s"), "found both --frame and --time")
    one_line(call("plot", runs[0], "--field", "curves", "--range", "-1 GPa", "1 GPa"), "--range", "leave it out")
    sized = call("plot", *runs, "--time", "0 s", "--range", "-1 GPa", "1 GPa", "--width", "3 in", "--dpi", 100, "-o",
                 tmp_path / "sized.png")
    assert (sized.code, sized.out) == (0, f"{tmp_path / 'sized.png'}\n")
    for command, made in (("report", "report.html"), ("paraview", "open_in_paraview.py"), ("export", "frames.vtkhdf")):
        outcome = call(command, runs[0])
        assert (outcome.code, outcome.out) == (0, f"{runs[0] / made}\n")
        assert (runs[0] / made).stat().st_size > 1000
    watched = call("watch", runs[0])
    assert watched.code == 0
    assert "end time reached; depth" in watched.out


def test_the_watch_has_the_run_s_own_exit_code(call: Call, case: Path, tmp_path: Path) -> None:
    assert call("run", case, "-o", tmp_path / "out", "--quiet").code == 0
    path = tmp_path / "out" / "manifest.json"
    for reason, code in (("solver stopped: no convergence", 3), ("interrupted", 130)):
        path.write_text(json.dumps({**json.loads(path.read_text()), "stop_reason": reason}))
        assert call("watch", tmp_path / "out").code == code


def test_a_material_of_estimates_alone_says_that_it_has_nothing_to_cite(call: Call) -> None:
    # every number of the bundled carbon is marked as an estimate
    assert call("materials", "C", "--cite").out == "% C: none of its numbers was read in a paper\n"
