"""A fault in every call that a step makes: ``python -m tests.fuzz.everycall [CASE...] [--out FILE]``.

Which functions of `PACKAGES` a step calls is found by running each case once; then each part of each answer is
spoilt in a run of its own: one number of it once, or the whole of it for good. A run may lose a step, or end by a name
with its last state saved; it may not let the fault into its tables, end by a traceback, hang, or go another way without
a word.
"""

from __future__ import annotations

import argparse
import collections
import contextlib
import dataclasses
import importlib
import inspect
import json
import pkgutil
import shutil
import sys
import tempfile
import traceback
import warnings
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
import scipy.sparse as sp

import femanode
from femanode.config.loading import Config
from femanode.errors import ConvergenceError, OutOfMemory
from tests.fronts import coarse_case
from tests.fuzz.configurations import Hang, hanging_after
from tests.unit.simulation.test_faults_of_cycles import BASE, RUNS

PACKAGES = ("solver", "constitutive", "numerics")
#: Steps that are made undisturbed, steps after which a run is left, and seconds after which it hangs.
BEFORE, STEPS, HUNG = 4, 9, 120.0
#: How far a run that has lost a step may end from the undisturbed one, of what has gone in.
NEAR = 0.05


def _case(**sections: Any) -> dict[str, Any]:
    base = {"geometry": {"shape": "circle", "diameter": "60 nm"}, "time": {"end": "6 min", "max_front_advance": 0.12},
            "solver": {"linear": "scipy"}, "output": {"frames": 2, "pictures": False, "checkpoint": None}}
    return coarse_case(**{**base, **sections})


def _without(key: str, mapping: dict[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in mapping.items() if name != key}


#: Stands in for a call, given the real one and its arguments.
Around = Callable[[Callable[..., Any], tuple[Any, ...], dict[str, Any]], Any]
_FAST = {"front.rates": {"isotropic": "0.05 nm/s"}, "transport.diffusivity": "1e-6 cm^2/s"}
CASES: dict[str, dict[str, Any]] = {
    "bare": _case(),
    "rslab": _case(solver={"linear": "rslab"}),
    "extrapolated": _case(solver={"linear": "scipy", "front_stress": "extrapolated"}, mechanics={"pressure": "10 MPa"}),
    "oriented": _case(crystal={"axis": [1, 1, 0]}, overrides={}, front={"half_thickness": "8 nm"}),
    "adaptive": _case(mesh={"element_size": "4 nm", "adaptive": True}, front={"half_thickness": "4 nm"}),
    "sphere": _without("crystal", _case(geometry={"shape": "circle", "diameter": "60 nm", "symmetry": "axisymmetric"})),
    "hollow": _case(geometry={"shape": "annulus", "diameter": "60 nm", "inner_diameter": "24 nm", "reacting": "both"},
                    front={"half_thickness": "3 nm"}, mesh={"element_size": "3 nm"}),
    "polygon": _case(geometry={"shape": "polygon", "corners": 6, "diameter": "60 nm", "rounding": "8 nm"},
                     front={"half_thickness": "4 nm"}, mesh={"element_size": "4 nm"}),
    "curved front": _case(overrides={**_FAST, "front.kinetics": "butler_volmer", "front.transfer": 0.5,
                                     "front.interface_energy": "1 J/m^2"}),
    "oxide": _case(material="O-Si", overrides={}, temperature="1123.15 K", front={"half_thickness": "4 nm"},
                   mesh={"element_size": "4 nm"}, mechanics={"axial": "generalized"},
                   time={"end": "100 h", "max_front_advance": 0.3}),
    **{name: {**BASE, **run} for name, run in RUNS.items()}}


@dataclasses.dataclass(frozen=True)
class Target:
    """A function, or a method or property of a class, by where it is found."""

    module: str
    owner: str
    name: str

    def __str__(self) -> str:
        return ".".join(part for part in (self.module.removeprefix("femanode."), self.owner, self.name) if part)


def targets() -> Iterator[Target]:
    """All that can be called in the packages; what is computed once and kept is no call of a step."""
    for package in PACKAGES:
        found = importlib.import_module(f"femanode.{package}")
        for info in pkgutil.walk_packages(found.__path__, f"femanode.{package}."):
            module = importlib.import_module(info.name)
            for name, thing in vars(module).items():
                if getattr(thing, "__module__", "") != info.name:
                    continue
                if inspect.isclass(thing):
                    for method, what in vars(thing).items():
                        if (inspect.isfunction(what) or isinstance(what, property | staticmethod | classmethod)) and (
                                not method.startswith("__") or method == "__call__"):
                            yield Target(info.name, name, method)
                elif hasattr(thing, "py_func") or (inspect.isfunction(thing) and not hasattr(thing, "cache_clear")):
                    yield Target(info.name, "", name)


@contextlib.contextmanager
def replaced(target: Target, around: Around) -> Iterator[None]:
    """Context in which a call of the target is ``around(real, args, kwargs)``, by whatever name it was imported."""
    module = importlib.import_module(target.module)

    def wrapped(real: Callable[..., Any]) -> Callable[..., Any]:
        def function(*args: Any, **kwargs: Any) -> Any:
            return around(real, args, kwargs)

        function.__dict__.update({key: value for key, value in vars(real).items() if key == "py_func"})
        return function

    undo: list[tuple[Any, str, Any]] = []
    if target.owner:
        owner = vars(module)[target.owner]
        what = vars(owner)[target.name]
        undo.append((owner, target.name, what))
        if isinstance(what, property):
            assert what.fget is not None
            setattr(owner, target.name, property(wrapped(what.fget)))
        elif isinstance(what, staticmethod | classmethod):
            setattr(owner, target.name, type(what)(wrapped(what.__func__)))
        else:
            setattr(owner, target.name, wrapped(what))
    else:
        real = vars(module)[target.name]
        function = wrapped(real)
        for other in [m for key, m in sys.modules.items() if key.startswith("femanode") and m is not None]:
            for name, thing in list(vars(other).items()):
                if thing is real:
                    undo.append((other, name, real))
                    setattr(other, name, function)
    try:
        yield
    finally:
        for owner, name, what in undo:
            setattr(owner, name, what)


def slots(result: Any, before: list[Any], args: tuple[Any, ...]) -> list[str]:
    """The parts of an answer that can be spoilt: itself, its items, its fields, or the arguments it has filled."""
    if result is None:
        return [f"argument {k}" for k, (was, now) in enumerate(zip(before, args, strict=True))
                if was is not None and now.flags.writeable and not np.array_equal(was, now, equal_nan=True)]
    if _numeric(result):
        return [""]
    if isinstance(result, tuple):
        return [f"item {k}" for k, item in enumerate(result) if _numeric(item)]
    if dataclasses.is_dataclass(result):
        return [f"field {f.name}" for f in dataclasses.fields(result) if _numeric(getattr(result, f.name))]
    return []


def _numeric(value: Any) -> bool:
    if isinstance(value, np.ndarray):
        return value.dtype == np.float64 and value.size > 0
    return isinstance(value, float) or (sp.issparse(value) and value.dtype == np.float64 and value.nnz > 0)


def _copies(args: tuple[Any, ...]) -> list[Any]:
    return [arg.copy() if isinstance(arg, np.ndarray) and _numeric(arg) else None for arg in args]


def _fill(values: Any, number: float, *, whole: bool) -> None:
    if whole:
        values[...] = number
    else:
        values.flat[values.size // 3] = number


def _poisoned(value: Any, number: float, *, whole: bool) -> Any:
    if isinstance(value, float):
        return number
    spoilt = value.copy()
    _fill(spoilt.data if sp.issparse(spoilt) else spoilt, number, whole=whole)
    return spoilt


def spoil(result: Any, args: tuple[Any, ...], slot: str, number: float, *, whole: bool) -> Any:
    """The answer with one part spoilt: one number in it, or the ``whole`` of it."""
    kind, _, which = slot.partition(" ")
    if kind == "argument":
        filled = args[int(which)]
        if not filled.flags.writeable:
            raise LookupError("another call of the same function, which fills another argument")
        _fill(filled, number, whole=whole)
        return result
    if kind == "item":
        items = list(result)
        items[int(which)] = _poisoned(items[int(which)], number, whole=whole)
        return type(result)(*items) if hasattr(result, "_fields") else tuple(items)
    if kind == "field":
        return dataclasses.replace(result, **{which: _poisoned(getattr(result, which), number, whole=whole)})
    return _poisoned(result, number, whole=whole)


class Within:
    """Counts the steps proposed; whether one is being computed that may be disturbed."""

    def __init__(self) -> None:
        self.steps, self.now = 0, False

    @contextlib.contextmanager
    def counted(self) -> Iterator[None]:
        run = importlib.import_module("femanode.simulation.run")
        real = run.propose

        def propose(*args: Any, **kwargs: Any) -> Any:
            self.steps += 1
            self.now = self.steps > BEFORE
            try:
                return real(*args, **kwargs)
            finally:
                self.now = False

        run.propose = propose
        try:
            yield
        finally:
            run.propose = real


def _leave_after(steps: int) -> Callable[[object], None]:
    left = [steps]

    def report(_: object) -> None:
        left[0] -= 1
        if left[0] <= 0:
            raise KeyboardInterrupt

    return report


def _run(config: Config, folder: Path, steps: int = STEPS) -> femanode.Result:
    shutil.rmtree(folder, ignore_errors=True)
    with contextlib.suppress(KeyboardInterrupt):
        return femanode.run(config, folder, report=_leave_after(steps))
    return femanode.Result(folder)


def undisturbed(config: Config, folder: Path) -> femanode.Result:
    """The run that others are held against; it goes on after they have ended."""
    return _run(config, folder, 2 * STEPS)


def calls(config: Config, folder: Path) -> dict[tuple[Target, str], int]:
    """What a step calls, with the parts of its answers."""
    found: dict[tuple[Target, str], int] = {}
    within = Within()
    with contextlib.ExitStack() as stack:
        stack.enter_context(within.counted())
        for target in list(targets()):
            def noting(real: Callable[..., Any], args: tuple[Any, ...], kwargs: dict[str, Any],
                       target: Target = target) -> Any:
                if not within.now:
                    return real(*args, **kwargs)
                before = _copies(args)
                result = real(*args, **kwargs)
                for slot in slots(result, before, args):
                    found[target, slot] = found.get((target, slot), 0) + 1
                return result

            stack.enter_context(replaced(target, noting))
        _run(config, folder)
    return found


def disturbed(config: Config, folder: Path, whole: femanode.Result, target: Target, slot: str, number: float, *,
              lasting: bool) -> tuple[str, str]:
    """How a run ends that meets the fault: unmoved, cut, ended, or wrong; and what it says."""
    within, met = Within(), [0]

    def faulty(real: Callable[..., Any], args: tuple[Any, ...], kwargs: dict[str, Any]) -> Any:
        result = real(*args, **kwargs)
        if within.now and (lasting or not met[0]):
            with contextlib.suppress(LookupError, AttributeError):  # another kind of answer than the one seen
                result = spoil(result, args, slot, number, whole=lasting)
                met[0] += 1
        return result

    try:
        with hanging_after(HUNG), within.counted(), replaced(target, faulty):
            result = _run(config, folder)
    except ConvergenceError as error:
        said = str(error)
        saved = f"last good state: {folder / 'checkpoint.npz'}" in said and (folder / "checkpoint.npz").is_file()
        trouble = _judge(femanode.Result(folder), whole)
        return ("wrong", f"{said}: {trouble or 'no state is named'}") if trouble or not saved else ("ended", said)
    except OutOfMemory as error:
        return "wrong", str(error)
    except Hang as error:
        return "wrong", f"hangs: {error}"
    except Exception as error:
        last = traceback.extract_tb(error.__traceback__)[-1]
        return "wrong", f"{type(error).__name__}: {error} ({Path(last.filename).name}:{last.lineno})"
    if trouble := _judge(result, whole):
        return "wrong", trouble
    cut = result.manifest["steps"]["rejected"] > whole.manifest["steps"]["rejected"]
    return "cut" if cut else "unmoved", ""


def _judge(result: femanode.Result, whole: femanode.Result) -> str:
    """What of a run's tables is not finite, or further from the undisturbed run than a step's length explains."""
    table, due = result.history, whole.history
    known = [name for name in due if np.all(np.isfinite(due[name]))]
    if spoilt := [name for name in known if not np.all(np.isfinite(table[name]))]:
        return f"not finite: {', '.join(spoilt)}"
    if not table["content_error"].abs().max() <= 1e-8:
        return f"carrier balance off by {table['content_error'].abs().max():.1e}"
    frame = result.frames[-1].mesh.fields
    if spoilt := [name for name, values in whole.frames[-1].mesh.fields.items()
                  if np.all(np.isfinite(values)) and not np.all(np.isfinite(frame[name]))]:
        return f"not finite in a frame: {', '.join(spoilt)}"
    t = table["time_s"].iloc[-1]
    for name in ("state_of_charge", "converted_fraction", "front_depth_nm"):
        wanted = np.interp(t, due["time_s"], due[name])
        if t <= due["time_s"].iloc[-1] and not abs(table[name].iloc[-1] - wanted) <= NEAR * max(abs(wanted), 1e-3):
            return f"{name} {table[name].iloc[-1]:.5g} for {wanted:.5g} at t = {t:.5g} s"
    return ""


def main() -> None:
    """Disturb each call of each case and print how many ended how; what is wrong is named."""
    asked = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    asked.add_argument("cases", nargs="*", default=list(CASES))
    asked.add_argument("--out", type=Path, default=Path("fuzzed/everycall.jsonl"))
    asked.add_argument("--linear", help="another linear solver for all cases")
    chosen = asked.parse_args()
    chosen.out.parent.mkdir(parents=True, exist_ok=True)
    scratch = Path(tempfile.mkdtemp())
    warnings.simplefilter("ignore")
    np.seterr(all="ignore")
    total: collections.Counter[str] = collections.Counter()
    with open(chosen.out, "a", encoding="utf-8") as log:
        for name in chosen.cases:
            settings = [f"solver.linear={chosen.linear}"] if chosen.linear else []
            config = Config.from_mapping(CASES[name], settings)
            whole = undisturbed(config, scratch / "whole")
            found, ends = calls(config, scratch / "run"), collections.Counter[str]()
            for target, slot in sorted(found, key=str):
                for number in (np.nan, np.inf):
                    for lasting in (False, True):
                        if number == np.inf and lasting:
                            continue  # once: infinity becomes NaN as soon as it meets another, or a zero
                        end, said = disturbed(config, scratch / "run", whole, target, slot, number, lasting=lasting)
                        ends[end] += 1
                        row = {"case": name, "call": str(target), "part": slot, "number": str(number),
                               "lasting": lasting, "end": end, "said": said}
                        log.write(json.dumps(row) + "\n")
                        log.flush()
                        if end == "wrong":
                            print(f"{name}: {target} {slot} {number} {'lasting' if lasting else 'once'}: {said[:300]}",
                                  flush=True)
            print(name, f"{len(found)} parts of answers,", dict(ends), flush=True)
            total += ends
    print(dict(total))


if __name__ == "__main__":
    main()
