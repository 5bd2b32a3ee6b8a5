"""Whatever fails within a step: the step is cut, or the run ends by its own name with the last good state saved."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from numpy.testing import assert_allclose

import femanode
from femanode.config.loading import Config, dump_config
from femanode.errors import ConvergenceError, OutOfMemory
from femanode.numerics.linear import SymmetricSolver
from femanode.numerics.superlu import SuperLU
from femanode.solver import advance, elements, loads, transport
from femanode.solver.averaging import Averager
from femanode.solver.front import Front
from femanode.solver.mechanics import Mechanics
from femanode.solver.physics import Physics
from femanode.solver.reasons import StopReason
from tests.faults import Faults, infinite, poisoned, raising, spoilt
from tests.unit.simulation.test_resume import case, same_run

pytestmark = pytest.mark.filterwarnings("ignore::RuntimeWarning")  # what NaN makes numpy say on its way

SHORT = {"time__end": "2 min", "output__checkpoint": "null"}
PRESSED = {**SHORT, "mechanics__pressure": "10 MPa"}


@pytest.fixture(scope="module")
def undisturbed(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory,
                ) -> tuple[dict[str, str], femanode.Result]:
    keys = PRESSED if request.param == "pressed" else SHORT
    return keys, femanode.run(case(**keys), tmp_path_factory.mktemp("runs") / "whole")


def of(purpose: str) -> Callable[[Any], bool]:
    return lambda solver: solver.purpose == purpose


def not_a_number(real: Callable[..., Any], solver: Any, matrix: Any, rhs: np.ndarray) -> tuple[np.ndarray, float]:
    """What a library that has met a singular matrix without a word leaves."""
    return np.full_like(rhs, np.nan), np.inf


def inverted(real: Callable[..., Any], this: Any, u: np.ndarray) -> np.ndarray:
    """An element turned inside out."""
    F = real(this, u)
    F[0, :, 5] *= -1.0
    return F


def second(real: Callable[..., Any], *args: Any) -> Any:
    """NaN in the second of two answers."""
    first, other = real(*args)
    return first, poisoned(other)


def both(real: Callable[..., Any], *args: Any) -> Any:
    """A return map that has failed at a point: its stress and the forces that follow."""
    return tuple(poisoned(answer) for answer in real(*args))


SOLVES = ("equilibrium", "the average across the front", "the carrier balance")
ELEMENTS = elements.CompiledElements if elements.compiled.available() else elements.Elements
#: Where, what, and the name by which the run ends if the fault stays.
SITES = {
    **{f"{purpose}: {kind}": (SymmetricSolver, name, fault, of(purpose), f"linear solve of {purpose}: {said}")
       for purpose in SOLVES for kind, name, fault, said in (
           ("NaN from the library", "_refined", not_a_number, "the matrix is singular to working precision"),)},
    **{f"{purpose}: matrix": (SymmetricSolver, "factorise",
                              lambda real, this, matrix: real(this, matrix * np.nan), of(purpose),
                              f"linear solve of {purpose}: the matrix has entries that are not finite")
       for purpose in SOLVES},
    "return map": (ELEMENTS, "_respond", both, None, "the stress update gave a value that is not finite"),
    "return map, infinite": (ELEMENTS, "_respond", lambda real, *a: poisoned(real(*a)[::-1], np.inf)[::-1], None,
                             "the stress update gave a value that is not finite"),
    "inverted element": (ELEMENTS, "deformation", inverted, None, "first guess inverts an element"),
    "deformation": (ELEMENTS, "deformation", spoilt, None, "first guess is not finite"),
    "tangent where flow turns": (ELEMENTS, "turn", spoilt, None, "the matrix has entries that are not finite"),
    "element matrices": (ELEMENTS, "_stiffness", spoilt, None, "the matrix has entries that are not finite"),
    "assembled forces": (Mechanics, "_assemble", spoilt, None, "the stress update gave a value that is not finite"),
    "front equation": (Front, "advance", spoilt, None, "front equation gave a value that is not finite"),
    "gradients of the front": (Front, "log_odds", spoilt, None, "the front's normals are not finite"),
    "normals": (Front, "normals", spoilt, None, "front equation gave a value that is not finite"),
    "speed of the front": (Front, "speed", spoilt, None, "coupling error is not finite"),
    "speed that stress leaves": (advance, "_drive", spoilt, None, "the front's speed is not finite"),
    "curvature": (Front, "curvature", spoilt, None, "curvature is not finite"),
    "weight of the average": (Front, "weight", spoilt, None, "linear solve of the average across the front"),
    "average": (Averager, "__call__", spoilt, None, "the front's speed is not finite"),
    "carriers": (transport.Transport, "step", spoilt, None, "carrier balance gave a value that is not finite"),
    "conductances": (transport.Transport, "conductances", infinite, None, "linear solve of the carrier balance"),
    "balance": (transport.Transport, "balance", spoilt, None, "content balance is not finite"),
    "content": (Physics, "content_at_points", second, None, "the stress update gave a value that is not finite"),
    "constants": (Physics, "moduli", spoilt, None, "the stress update gave a value that is not finite"),
    "swelling": (Physics, "swelling", spoilt, None, "the stress update gave a value that is not finite"),
    "plastic metric": (Physics, "passed", spoilt, None, "the stress update gave a value that is not finite"),
    "driving stress": (Physics, "driving_stress", spoilt, None, "linear solve of the average across the front"),
    "flow stress of the product": (Physics, "product", second, None, "not finite"),
    "stress on swelling": (Physics, "swelling_stress", spoilt, None, "point_stress is not finite"),
    "pressure": (loads.Pressure, "resist", spoilt, None, "the stress update gave a value that is not finite"),
    "work of the pressure": (Mechanics, "load_work", spoilt, None, "energy (load) is not finite"),
}


def armed(monkeypatch: pytest.MonkeyPatch, site: str, *, lasting: bool) -> Faults:
    owner, name, fault, chosen, _ = SITES[site]
    faults = Faults(monkeypatch, lasting=lasting)
    faults.at(owner, name, fault, *([chosen] if chosen else []))
    return faults


#: Each site once, on a run that passes it: the loads need one, the others none.
on_its_run = pytest.mark.parametrize(
    ("undisturbed", "site"), [("pressed" if "pressure" in site else "bare", site) for site in SITES],
    indirect=["undisturbed"])


@on_its_run
def test_a_fault_met_once_costs_a_step_at_most(undisturbed: tuple[dict[str, str], femanode.Result], tmp_path: Path,
                                               monkeypatch: pytest.MonkeyPatch, site: str) -> None:
    keys, whole = undisturbed
    faults = armed(monkeypatch, site, lasting=False)
    result = femanode.run(case(**keys), tmp_path / "run")
    assert faults.met == 1
    assert result.manifest["stop_reason"] == whole.manifest["stop_reason"]
    # one of twelve steps halved: as far off as two choices of steps are
    assert_allclose(result.summary["converted_fraction"], whole.summary["converted_fraction"], rtol=5e-3)
    known = [name for name in whole.history if np.all(np.isfinite(whole.history[name]))]
    assert len(known) > 20
    assert np.all(np.isfinite(result.history[known].to_numpy()))


@on_its_run
def test_a_fault_that_stays_ends_the_run_by_its_name_and_it_goes_on_once_mended(
        undisturbed: tuple[dict[str, str], femanode.Result], tmp_path: Path, site: str) -> None:
    keys, whole = undisturbed
    with pytest.MonkeyPatch.context() as patch:
        faults = armed(patch, site, lasting=True)
        with pytest.raises(ConvergenceError) as ended:
            femanode.run(case(**keys), tmp_path / "run")
    assert SITES[site][-1] in str(ended.value)
    assert f"last good state: {tmp_path / 'run' / 'checkpoint.npz'}" in str(ended.value)
    assert ended.value.exit_code == 3
    assert 20 < faults.met < 500, "the step is halved from tens of seconds to 1e-7 s, and then it ends"
    # what failed has left nothing: the run that goes on is the undisturbed one to its last digits
    same_run(femanode.run(case(**keys), tmp_path / "run", resume=True), whole)


@pytest.mark.parametrize("lasting", [False, True])
@pytest.mark.parametrize("name", ["factorise", "solve"])
def test_a_lack_of_memory_ends_the_run_at_once_by_its_name(tmp_path: Path, name: str, lasting: bool) -> None:
    # A shorter step needs as much memory: no use trying.
    with pytest.MonkeyPatch.context() as patch:
        faults = Faults(patch, lasting=lasting)
        faults.at(SuperLU, name, raising(MemoryError("Unable to allocate 9.9 GiB")))
        with pytest.raises(OutOfMemory, match=r"t = .* s: no memory is left \(Unable to allocate 9\.9 GiB\); last good "
                                              r"state: .*checkpoint\.npz; .*go on with") as ended:
            femanode.run(case(**SHORT), tmp_path / "run")
    assert ended.value.exit_code == 3
    assert isinstance(ended.value, MemoryError), "a sweep counts it as out of memory"
    assert faults.met == 1
    assert femanode.Result(tmp_path / "run").manifest["stop_reason"] == "out of memory"
    resumed = femanode.run(case(**SHORT), tmp_path / "run", resume=True)
    assert resumed.manifest["stop_reason"] == StopReason.END_TIME.value


class PanicException(BaseException):
    """As the language of rslab raises it: not to be caught by ``except Exception``."""


@pytest.mark.parametrize("call", ["factor", "solve"])
def test_a_fault_within_rslab_is_met_by_another_factorisation_or_named(
        tmp_path: Path, monkeypatch: pytest.MonkeyPatch, call: str) -> None:
    pytest.importorskip("rslab")
    from femanode.numerics import rslab

    class Panicking:
        def __init__(self, real: Any) -> None:
            self.real = real

        def __getattr__(self, name: str) -> Any:
            if name.startswith(call):
                raise PanicException("index out of bounds")
            return getattr(self.real, name)

    def panics(real: Callable[..., Any], this: Any, *args: Any, **kwargs: Any) -> Any:
        if call == "factor":
            this._analysis, kept = Panicking(this._analysis), this._analysis
            real(this, *args, **kwargs)
            this._analysis = kept
        else:
            real(this, *args, **kwargs)
            this._factor = Panicking(this._factor)

    faults = Faults(monkeypatch, lasting=call == "solve")
    faults.at(rslab.Rslab, "factorise", panics)
    config = case(**SHORT, solver__linear="rslab")
    if call == "factor":
        result = femanode.run(config, tmp_path / "run")
        assert faults.met == 1
        assert result.manifest["stop_reason"] == StopReason.END_TIME.value
    else:
        with pytest.raises(ConvergenceError, match=r"linear solve of .*: rslab failed \(index out of bounds\)"):
            femanode.run(config, tmp_path / "run")


def test_a_mesh_that_cannot_be_changed_ends_the_run_with_its_state(tmp_path: Path,
                                                                   monkeypatch: pytest.MonkeyPatch) -> None:
    from femanode.numerics.linear import SingularMatrix
    from femanode.simulation import journal
    from femanode.solver import adaptation
    from tests.unit.simulation.test_adaptive_run import case as adaptive

    monkeypatch.setattr(journal, "SHARE", 1e9)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(adaptation, "transfer", lambda *_: (_ for _ in ()).throw(SingularMatrix("linear solve: none")))
        with pytest.raises(ConvergenceError, match=r"t = .* s: no change of mesh: linear solve: none; last good state"):
            femanode.run(adaptive(), tmp_path / "run")
    stopped = femanode.Result(tmp_path / "run")
    assert stopped.manifest["stop_reason"].startswith("solver stopped: t = ")
    assert (tmp_path / "run" / "checkpoint.npz").is_file()


HUNG = """
import ctypes, importlib, sys
from femanode.cli import commands
from femanode.numerics import rslab, superlu
run = importlib.import_module("femanode.simulation.run")
from femanode.simulation import watchdog
from femanode.solver import adaptation

watchdog.PATIENCE = 1.0
libc, steps, where = ctypes.CDLL(None), 0, sys.argv.pop()
propose = run.propose

def hang(*_, **__):
    print("hanging", flush=True)
    mutex = ctypes.create_string_buffer(128)
    libc.pthread_mutex_lock(mutex)
    libc.pthread_mutex_lock(mutex)  # for ever, and no signal ends it

def counted(*args):
    global steps
    steps += 1
    if steps == 5:
        if where == "solve":
            superlu.SuperLU.solve = hang
        else:
            superlu.SuperLU.factorise = rslab.Rslab.factorise = hang
    return propose(*args)

if where == "adaptation":
    def changes(*_):
        superlu.SuperLU.factorise = hang
        from femanode.numerics.linear import SymmetricSolver
        import scipy.sparse
        SymmetricSolver("scipy").factorise(scipy.sparse.identity(3, format="csc"))
    adaptation.front_outruns, adaptation.leaves_for = (lambda *_: True), changes
else:
    run.propose = counted
commands.main()
"""


def hung(config: Config, where: str, folder: Path, number: signal.Signals | None) -> tuple[int, str]:
    """Exit code and last words of a run whose library hangs, and which then gets a signal or none."""
    (folder / "case.yaml").write_text(dump_config(config), encoding="utf-8")
    command = [sys.executable, "-c", HUNG, "run", folder / "case.yaml", "-o", folder / "run", "--quiet", where]
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
                          env={**os.environ, "PYTHONUNBUFFERED": "1"}) as process:
        assert process.stdout is not None
        try:
            assert process.stdout.readline() == "hanging\n", process.communicate(timeout=10)
            time.sleep(0.2)
            if number is not None:
                process.send_signal(number)
            _, said = process.communicate(timeout=60)
        finally:
            process.kill()
    return process.returncode, said


@pytest.mark.skipif(sys.platform != "linux", reason="hangs by a lock as Linux has it")
@pytest.mark.parametrize("undisturbed", ["bare"], indirect=True)
@pytest.mark.parametrize(("where", "solver"), [("factorise", "scipy"), ("solve", "scipy"), ("factorise", "rslab")])
def test_a_call_that_hangs_is_given_up_by_itself_with_the_state_saved(
        undisturbed: tuple[dict[str, str], femanode.Result], tmp_path: Path, where: str, solver: str) -> None:
    keys, whole = undisturbed
    code, said = hung(case(**SHORT, solver__linear=solver, solver__patience="10 s"), where, tmp_path, None)
    assert code == 3, said
    assert "s: a call into a library has not come back for 10 s (solver.patience); last good state: " in said
    assert str(tmp_path / "run" / "checkpoint.npz") in said
    stopped = femanode.Result(tmp_path / "run").manifest["stop_reason"]
    assert stopped == "a call into a library has not come back for 10 s (solver.patience)"
    resumed = femanode.run(case(**keys, solver__linear=solver), tmp_path / "run", resume=True)
    if solver == "scipy":
        same_run(resumed, whole)


@pytest.mark.skipif(sys.platform != "linux", reason="hangs by a lock as Linux has it")
@pytest.mark.parametrize("undisturbed", ["bare"], indirect=True)
@pytest.mark.parametrize(("number", "where", "solver"), [
    (signal.SIGINT, "factorise", "scipy"), (signal.SIGTERM, "factorise", "rslab"), (signal.SIGUSR1, "solve", "scipy"),
    (signal.SIGTERM, "adaptation", "scipy")])
def test_a_factorisation_that_hangs_is_ended_by_a_signal_with_the_state_saved(
        undisturbed: tuple[dict[str, str], femanode.Result], tmp_path: Path, number: signal.Signals, where: str,
        solver: str) -> None:
    from tests.unit.simulation.test_adaptive_run import case as adaptive

    _, whole = undisturbed
    config = adaptive() if where == "adaptation" else case(**SHORT, solver__linear=solver)
    code, said = hung(config, where, tmp_path, number)
    assert code == 130, said
    assert str(tmp_path / "run" / "checkpoint.npz") in said
    if solver == "scipy" and where != "adaptation":
        same_run(femanode.run(case(**SHORT), tmp_path / "run", resume=True), whole)
