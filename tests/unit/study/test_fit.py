"""Fits: known parameters found back, their stated errors right, what the data cannot tell said."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest

import femanode
from femanode.config.loading import Config
from femanode.errors import ConfigError
from femanode.study.evaluator import FitFailed
from femanode.study.execution.limits import Tell
from femanode.study.execution.store import Outcome, Status, write_outcome
from femanode.study.fit import describe_fit, fit
from femanode.study.fitfile import load_fit
from tests.runners import BASE, calls

RATE, POTENTIAL = "overrides.front.rates.isotropic", "overrides.front.equilibrium_potential"
TIME = np.arange(1.0, 41.0)
Depth = Callable[[np.ndarray, float, float], np.ndarray]


def straight(t: np.ndarray, k: float, E: float) -> np.ndarray:
    return k * t


def product(t: np.ndarray, k: float, E: float) -> np.ndarray:
    return k * E * t


def slowing(t: np.ndarray, k: float, E: float) -> np.ndarray:
    """Depth that starts with speed k and ends at 100 nm/V times the potential."""
    return 100.0 * E * (1.0 - np.exp(-k * t / (100.0 * E)))


def model(depth: Depth, fails: tuple[float, float] = (np.inf, np.inf)
          ) -> Callable[[Mapping[str, Any], Tell], dict[str, Any]]:
    """Performer whose run is a formula; it fails where the rate lies between those in ``fails``."""

    def perform(job: Mapping[str, Any], tell: Tell) -> dict[str, Any]:
        front = Config.from_mapping(job["config"]).material.front
        k, E = front.rates["isotropic"], front.equilibrium_potential
        folder = Path(job["folder"])
        folder.mkdir(parents=True, exist_ok=True)
        with (folder.parent / "calls.txt").open("a") as stream:
            stream.write(f"{k!r}\n")
        t = np.linspace(0.0, 40.0, 4001)
        L = depth(t, k, E)
        pd.DataFrame({"time_s": t, "front_depth_nm": L}).to_csv(folder / "history.csv", index=False)
        (folder / "summary.json").write_text(json.dumps({"penetration_depth_nm": float(L[-1]), "regime": "ICR"}))
        status = Status.SOLVER_FAILED if fails[0] < k < fails[1] else Status.DONE
        outcome = Outcome(job["hash"], status, "dt_min")
        write_outcome(folder, outcome)
        return {"outcome": outcome.mapping()}

    return perform


def task(folder: Path, depth: np.ndarray, *, log: bool = True, error: str | None = "0.2 nm", both: bool = True,
         **more: Any) -> dict[str, Any]:
    """Fit of the rate, and of the potential where ``both``, to depths at `TIME`, in a wire that is deep enough."""
    pd.DataFrame({"t": TIME, "L": depth}).to_csv(folder / "data.csv", index=False)
    scale = "log" if log else "linear"
    parameters = {RATE: {"from": "0.5 nm/s", "to": "5 nm/s", "start": "3 nm/s", "scale": scale}}
    if both:
        parameters[POTENTIAL] = {"from": "0.05 V", "to": "0.5 V", "scale": scale}
    return {"base": BASE, "parameters": parameters, "settings": {"geometry.diameter": "800 nm"},
            "data": {"file": str(folder / "data.csv"), "time": {"column": "t", "unit": "s"},
                     "value": {"column": "L", "unit": "nm"}, "error": error}, **more}


@pytest.mark.parametrize("log", [True, False])
def test_known_parameters_are_found_back_from_noisy_data(tmp_path: Path, log: bool) -> None:
    noisy = slowing(TIME, 1.5, 0.2) + np.random.default_rng(5).normal(0.0, 0.2, TIME.size)
    result = fit(task(tmp_path, noisy, log=log), tmp_path / "f", performer=model(slowing))
    for path, truth in ((RATE, 1.5), (POTENTIAL, 0.2)):
        p = next(p for p in result.parameters if p.path == path)
        assert p.identified
        assert abs(p.value - truth) < 3.0 * p.standard_error
        assert p.standard_error < 0.02 * truth
    # chi^2 of 38 degrees of freedom lies between 20 and 64 in 99 of 100 cases
    assert (result.degrees, 20.0 < result.chi2 < 64.0) == (38, True)


def test_the_stated_error_is_that_of_a_straight_line(tmp_path: Path) -> None:
    exact = straight(TIME, 1.5, 0.0)
    result = fit(task(tmp_path, exact, log=False, both=False), tmp_path / "f", performer=model(straight))
    # a line through the origin: sigma_k = sigma / sqrt(sum t^2)
    expected = 0.2 / np.sqrt(np.sum(TIME**2))
    p = result.parameters[0]
    assert p.value == pytest.approx(1.5, rel=1e-5)
    assert p.standard_error == pytest.approx(expected, rel=1e-4)
    assert p.interval[1] - p.interval[0] == pytest.approx(2 * 1.96 * expected, rel=1e-3)


def test_errors_not_given_are_taken_from_the_scatter(tmp_path: Path) -> None:
    noise = np.where(np.arange(TIME.size) % 2 == 0, 0.5, -0.5)
    result = fit(task(tmp_path, straight(TIME, 1.5, 0.0) + noise, log=False, both=False, error=None), tmp_path / "f",
                 performer=model(straight))
    assert result.parameters[0].standard_error == pytest.approx(0.5 / np.sqrt(np.sum(TIME**2)), rel=0.05)
    assert result.error_from_scatter
    assert "scatter" in describe_fit(result)


def test_a_product_of_two_parameters_is_all_the_data_tell(tmp_path: Path) -> None:
    result = fit(task(tmp_path, product(TIME, 1.5, 0.2)), tmp_path / "f", performer=model(product))
    assert not any(p.identified for p in result.parameters)
    k, E = (p.value for p in result.parameters)
    assert k * E == pytest.approx(0.3, rel=1e-3)
    # both ranges are one decade, so that the direction in which nothing changes is (1, -1)/sqrt(2)
    assert np.abs(result.directions[1]) == pytest.approx([0.7071, 0.7071], abs=1e-3)
    assert np.prod(result.directions[1]) < 0
    assert result.singular_values[1] < 1e-3 * result.singular_values[0]
    said = describe_fit(result)
    assert "NOT DETERMINED" in said
    assert "not determined by these data: " in said


def test_an_arrest_depth_determines_one_parameter(tmp_path: Path) -> None:
    made = {"base": BASE, "parameters": {POTENTIAL: {"from": "50 mV", "to": "500 mV"}},
            "targets": {"penetration_depth_nm": {"value": "20 nm", "error": "1 nm"}}}

    def arrested(t: np.ndarray, k: float, E: float) -> np.ndarray:
        return np.minimum(5.0 * t, 100.0 * E)

    result = fit(made, tmp_path / "f", performer=model(arrested))
    p = result.parameters[0]
    assert (p.value, p.unit) == (pytest.approx(200.0, rel=1e-3), "mV")
    assert p.standard_error == pytest.approx(10.0, rel=1e-2)
    assert "nothing is left to test the model with" in describe_fit(result)


def test_a_fit_steps_back_from_cases_that_fail(tmp_path: Path) -> None:
    made = task(tmp_path, straight(TIME, 1.5, 0.0), both=False)
    with pytest.raises(FitFailed, match="case at the start failed: solver failed: dt_min"):
        fit(made, tmp_path / "g", performer=model(straight, fails=(2.0, 4.0)))
    assert FitFailed.exit_code == 3
    # the first step from 1 nm/s goes to 1.4643 nm/s
    made["parameters"][RATE]["start"] = "1 nm/s"
    result = fit(made, tmp_path / "f", performer=model(straight, fails=(1.46, 1.47)))
    assert any(1.46 < float(k) < 1.47 for k in calls(tmp_path / "f" / "cases"))
    assert result.parameters[0].value == pytest.approx(1.5, rel=1e-3)


def test_a_misfit_and_a_bound_are_said(tmp_path: Path) -> None:
    result = fit(task(tmp_path, straight(TIME, 9.0, 0.0), both=False), tmp_path / "f", performer=model(straight))
    assert result.parameters[0].at_bound
    said = describe_fit(result)
    assert "ends at a bound" in said
    assert "misses the data" in said


def test_a_repeated_fit_runs_nothing(tmp_path: Path) -> None:
    made = task(tmp_path, slowing(TIME, 1.5, 0.2))
    first = fit(made, tmp_path / "f", performer=model(slowing))
    ran = len(calls(tmp_path / "f" / "cases"))
    second = fit(made, tmp_path / "f", performer=model(slowing))
    assert ran == first.cases == second.cases
    assert len(calls(tmp_path / "f" / "cases")) == ran
    assert first.values == second.values


def test_every_case_and_every_evaluation_is_told_as_it_comes(tmp_path: Path) -> None:
    told: list[str] = []
    result = fit(task(tmp_path, slowing(TIME, 1.5, 0.2)), tmp_path / "f", performer=model(slowing), tell=told.append)
    cases = [int(line.split()[1]) for line in told if line.startswith("case ")]
    assert cases == list(range(1, result.cases + 1))
    points = [line for line in told if line.startswith("evaluated")]
    assert points[-1].endswith(f"{result.cases} cases so far")
    squares = [float(line.split("sum of squares ")[1].split(";")[0]) for line in points]
    # the data are the model's own: what is left of the misfit at the end is next to nothing of that at the start
    assert squares[-1] < 1e-2 * squares[0]
    # a fit that is repeated evaluates nothing anew, and says nothing of it
    told.clear()
    fit(task(tmp_path, slowing(TIME, 1.5, 0.2)), tmp_path / "f", performer=model(slowing), tell=told.append)
    assert not [line for line in told if line.startswith("case ")]


def test_files_hold_what_was_found(tmp_path: Path) -> None:
    told: list[str] = []
    result = fit(task(tmp_path, slowing(TIME, 1.5, 0.2)), tmp_path / "f", performer=model(slowing), tell=told.append)
    written = json.loads((tmp_path / "f" / "fit.json").read_text())
    assert written["parameters"][RATE]["value"] == result.values[RATE]
    assert written["parameters"][RATE]["unit"] == "nm/s"
    # how the data were read is told once, at the beginning, and kept
    assert told[0] == "data      data.csv: 40 rows, commas between values"
    assert sum(line.startswith("data") for line in told) == 1
    assert written["data"] == "data.csv: 40 rows, commas between values"
    table = pd.read_csv(tmp_path / "f" / "fit.csv")
    assert list(table["time_s"]) == list(TIME)
    assert (tmp_path / "f" / "fit.png").read_bytes()[:4] == b"\x89PNG"
    assert femanode.fit is fit


def test_units_of_the_data_are_brought_to_those_of_the_history(tmp_path: Path) -> None:
    (tmp_path / "d.csv").write_text("# a note\nt_min, L_um\n0.1, 0.01\n0.5, 0.02\n")
    made = {"base": BASE, "parameters": {RATE: {"from": "1 nm/s", "to": "2 nm/s"}}, "data": {
        "file": str(tmp_path / "d.csv"), "time": {"column": "t_min", "unit": "min"},
        "value": {"column": "L_um", "unit": "um"}, "error": "5 Å"}}
    curve = load_fit(made).curve
    assert curve is not None
    assert curve.time == pytest.approx([6.0, 30.0], rel=1e-12)
    assert curve.value == pytest.approx([10.0, 20.0], rel=1e-12)
    assert curve.error == pytest.approx([0.5, 0.5], rel=1e-12)


@pytest.mark.parametrize(("change", "said"), [
    ({"parameters": {"overrides.front.rate.isotropic": {"from": "1 nm/s", "to": "2 nm/s"}}}, "did you mean 'rates'"),
    ({"parameters": {RATE: {"from": "1 nm/s", "to": "2 nm/s", "start": "3 nm/s"}}}, "between from and to"),
    ({"parameters": {RATE: {"from": "1 nm/s"}}}, "without 'to'"),
    ({"parameters": {RATE: {"from": "1 GPa", "to": "2 GPa"}}}, "a speed"),
    ({"data": None}, "neither data nor targets"), ({"dta": {}}, "did you mean 'data'"),
    ({"data": {"file": "none.csv", "time": {"column": "t"}, "value": {"column": "L"}}}, "found no file 'none.csv'"),
    ({"data.time": {"column": "time", "unit": "s"}}, "found no column 'time'; allowed: t, L"),
    ({"data.value": {"column": "L", "unit": "s"}}, "a length"), ({"data.key": "front_depth"}, "'front_depth_nm'"),
    ({"data.error": "0 nm"}, "not above 0"),
    # one problem, of the key itself, and without what each kind of value would want
    ({"data.error": float("nan")}, r"data\.error: found nan; allowed: standard error of a value: [^()]*$"),
    ({"data.error": [1, 2]}, r"data\.error: found the list \[1, 2\]; allowed: standard error of a value: [^()]*$"),
    ({"data.error": {"colum": "e"}}, r"data\.error\.colum: found an unknown key 'colum'; allowed: column, unit; "
                                     r"did you mean 'column'\? \(and 1 more problem\)"),
    ({"settings": {"time.end": "30 s", "geometry.diameter": "800 nm"}}, "found 30 s, but the data reach to 40 s"),
    ({"data": None, "targets": {"penetration_depth_nm": {"value": "3", "error": "1 nm"}}}, "found '3'")])
def test_mistakes_are_one_line(tmp_path: Path, change: dict[str, Any], said: str) -> None:
    made = task(tmp_path, straight(TIME, 1.0, 0.0), both=False)
    for key, value in change.items():
        section, _, name = key.partition(".")
        if name:
            made[section] = {**made[section], name: value}
        else:
            made[section] = value
    with pytest.raises(ConfigError, match=said) as raised:
        fit(made, tmp_path / "f", performer=model(straight))
    assert "\n" not in str(raised.value)
    assert not (tmp_path / "f").exists()
