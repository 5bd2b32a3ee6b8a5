"""Fits parameters to a measured curve or figure of merit: bounded least squares, and what the data tell of each."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from scipy.optimize import least_squares

from femanode.numerics.arrays import Array
from femanode.output.disk import keeping
from femanode.output.lock import hold
from femanode.study.evaluator import Evaluator, FitFailed
from femanode.study.execution.engine import Perform, connect, cores
from femanode.study.execution.store import write_bytes
from femanode.study.fitfigure import draw_fit
from femanode.study.fitfile import Fit, load_fit
from femanode.study.sweep import RUNNER

#: A parameter counts as known when its 95 % interval is narrower than this share of its range.
KNOWN = 0.5
NORMAL_95 = 1.96


@dataclass
class Estimate:
    """One fitted parameter, numbers in `unit`; the interval has 95 % and ends at the bounds."""

    path: str
    unit: str
    value: float
    standard_error: float
    interval: tuple[float, float]
    bounds: tuple[float, float]
    log: bool
    identified: bool
    at_bound: bool


@dataclass
class FitResult:
    """What the data tell of the parameters.

    `singular_values` are those of the Jacobian of the residuals (in standard errors) with respect to the shares u: a
    combination of parameters with the value s is known to 1/s of their ranges. `directions` has these combinations as
    rows. `reading` says how the data file was read.
    """

    path: Path
    parameters: list[Estimate]
    correlation: Array
    singular_values: Array
    directions: Array
    chi2: float
    degrees: int
    error_from_scatter: bool
    cases: int
    message: str
    table: pd.DataFrame = field(repr=False)
    notes: list[str] = field(default_factory=list)
    reading: str = ""

    @property
    def values(self) -> dict[str, float]:
        """Fitted numbers by path."""
        return {p.path: p.value for p in self.parameters}


def fit(source: str | Path | Mapping[str, Any], out: str | Path | None = None, *, workers: int | None = None,
        scheduler: str | None = None, runner: str = RUNNER, performer: Perform | None = None,
        tell: Callable[[str], None] | None = None) -> FitResult:
    """Adjust parameters of a configuration to measurements.

    Parameters
    ----------
    source : path or mapping
        The fit file, or a mapping shaped like one.
    out : path, optional
        Folder for ``fit.json``, ``fit.csv``, ``fit.png`` and the cases; ``results/<name>`` by default. A fit that is
        repeated in its folder finds its cases there.
    workers, scheduler
        As for `femanode.sweep`.
    tell : callable, optional
        Called with one line at a time: how the data file was read, before anything is computed; every case that has
        ended; every point evaluated, with its sum of squares.

    Raises
    ------
    ConfigError
        The input is wrong; nothing has been computed.
    FitFailed
        Cases needed for it did not come to their end.
    """
    task = load_fit(source)
    folder = Path(out) if out is not None else Path("results") / task.name
    evaluator = Evaluator(task=task, folder=folder, runner=runner, slots=workers or cores(), performer=performer,
                          tell=tell)
    if tell is not None and task.curve is not None:
        tell(f"data      {task.curve.reading}")
    with hold(folder), connect(scheduler, evaluator.slots) as client:
        evaluator.client = client
        start = np.array([p.start for p in task.parameters])
        if not evaluator.run([start])[0].known:
            raise FitFailed(f"the case at the start failed: {evaluator.last_message}")
        found = least_squares(evaluator.residuals, start, evaluator.jacobian, bounds=(0.0, 1.0), method="trf",
                              x_scale=1.0, xtol=1e-3, ftol=1e-5, gtol=1e-6, max_nfev=max(1, task.model.evaluations))
        result = _judged(task, evaluator, found.x, str(found.message), folder)
    with keeping(f"safe: the cases, in {folder}", "repeat the fit, which finds them there"):
        _write(result)
        draw_fit(result.table, folder / "fit.png", task.name)
    return result


def _judged(task: Fit, evaluator: Evaluator, u: Array, message: str, folder: Path) -> FitResult:
    """Uncertainty and identifiability at the fitted shares."""
    residuals, jacobian = evaluator.residuals(u), evaluator.jacobian(u)
    scatter = task.curve is not None and task.curve.error is None
    degrees = len(residuals) - len(u)
    chi2 = float(residuals @ residuals)
    unit_variance = chi2 / degrees if scatter and degrees > 0 else 1.0
    _, s, directions = np.linalg.svd(jacobian, full_matrices=False)
    s = s / np.sqrt(unit_variance)
    inverse = np.where(s > 1e-9, 1.0 / np.maximum(s, 1e-9), 1e9)
    covariance = (directions.T * inverse**2) @ directions
    spread = np.sqrt(np.diag(covariance))
    estimates = [_estimate(task, k, float(u[k]), float(spread[k])) for k in range(len(u))]
    answer = evaluator.run([u])[0].model
    time = task.curve.time if task.curve else np.empty(0)
    names = [task.curve.key] * len(time) if task.curve else []
    table = pd.DataFrame({"what": [*names, *task.targets],
                          "time_s": np.concatenate([time, np.full(len(task.targets), np.nan)]),
                          "measured": evaluator.measured, "error": evaluator.error * np.sqrt(unit_variance),
                          "model": answer, "standardised_residual": residuals / np.sqrt(unit_variance)})
    result = FitResult(path=folder, parameters=estimates, correlation=covariance / np.outer(spread, spread),
                       singular_values=s, directions=directions, chi2=chi2 / unit_variance, degrees=degrees,
                       error_from_scatter=scatter, cases=evaluator.cases, message=message, table=table,
                       reading=task.curve.reading if task.curve else "")
    result.notes = _notes(result)
    return result


def _estimate(task: Fit, k: int, u: float, spread: float) -> Estimate:
    parameter = task.parameters[k]
    ends = [parameter.number(min(max(u + side * NORMAL_95 * spread, 0.0), 1.0)) for side in (-1.0, 1.0)]
    value = parameter.number(u)
    bounds = parameter.range
    slope = value * np.log(bounds.end / bounds.start) if bounds.log else bounds.end - bounds.start
    return Estimate(path=parameter.path, unit=bounds.unit, value=value, standard_error=float(abs(slope) * spread),
                    interval=(ends[0], ends[1]), bounds=(bounds.start, bounds.end), log=bounds.log,
                    identified=2 * NORMAL_95 * spread < KNOWN, at_bound=u < 1e-3 or u > 1.0 - 1e-3)


def _notes(result: FitResult) -> list[str]:
    """What a reader must know before using the numbers, in sentences."""
    said = []
    names = [p.path.removeprefix("overrides.") for p in result.parameters]
    for s, direction in zip(result.singular_values, result.directions, strict=True):
        if KNOWN * s > 2 * NORMAL_95:
            continue
        mixed = " and ".join(f"{w:+.2f} {name}" for w, name in zip(direction, names, strict=True) if abs(w) > 0.1)
        said.append(f"not determined by these data: {mixed} (in shares of the ranges): all of that way changes them by "
                    f"{s:.2g} standard errors only")
    said += [f"{p.path} ends at a bound: the best value may lie beyond" for p in result.parameters if p.at_bound]
    if not result.error_from_scatter and result.degrees > 0 and result.chi2 > 2 * result.degrees:
        said.append(f"chi^2 is {result.chi2 / result.degrees:.2g} per degree of freedom: the model misses the data by "
                    "more than their errors, and the intervals are too narrow")
    if result.error_from_scatter:
        said.append("no errors were given: they are taken from the scatter about the fit, which counts a misfit of the "
                    "model as noise")
    return said


def _write(result: FitResult) -> None:
    """``fit.json`` and ``fit.csv`` in the fit's folder."""
    parameters = {p.path: {k: v for k, v in vars(p).items() if k != "path"} for p in result.parameters}
    data = {"parameters": parameters, "correlation": result.correlation.tolist(),
            "singular_values": result.singular_values.tolist(), "directions": result.directions.tolist(),
            "chi2": result.chi2, "degrees_of_freedom": result.degrees, "error_from_scatter": result.error_from_scatter,
            "cases": result.cases, "message": result.message, "data": result.reading, "notes": result.notes}
    write_bytes(result.path / "fit.json", (json.dumps(data, indent=1) + "\n").encode())
    result.table.to_csv(result.path / "fit.csv", index=False)


def describe_fit(result: FitResult) -> str:
    """What ``femanode fit`` prints."""
    lines = []
    for p in result.parameters:
        unit = f" {p.unit}" if p.unit else ""
        known = "" if p.identified else "  NOT DETERMINED"
        lines.append(f"{p.path} = {p.value:.4g}{unit}  +/- {p.standard_error:.2g}  "
                     f"(95 %: {p.interval[0]:.4g} to {p.interval[1]:.4g}{unit}){known}")
    quality = (f"chi^2/dof = {result.chi2 / result.degrees:.3g} over {result.degrees} degrees of freedom"
               if result.degrees else "as many values as parameters: nothing is left to test the model with")
    lines.append(f"{quality}; {result.cases} cases; {result.message.rstrip('.')}")
    lines.append("singular values " + ", ".join(f"{s:.3g}" for s in result.singular_values)
                 + " (standard errors over a whole range)")
    lines += [f"note: {text}" for text in result.notes]
    return "\n".join([*lines, f"files     {result.path / 'fit.json'}, {result.path / 'fit.csv'}"])
