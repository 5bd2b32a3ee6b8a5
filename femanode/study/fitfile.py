"""The fit file: which parameters may move between which bounds, and what was measured.

Read like a configuration: every mistake is one line with file, line and key path.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from pydantic import Field, ValidationError

from femanode.config.complaints import Place, Places, explain, locate, places_of, suggest
from femanode.config.quantities import Section, Text, Whole
from femanode.config.yamlio import kind, load_yaml
from femanode.errors import ConfigError
from femanode.numerics.arrays import Array
from femanode.study.outcomes import UNITS
from femanode.study.quantity import Range, number_in, parse_range, write_value
from femanode.study.sweepfile import CaseLimits
from femanode.units import parse_quantity

#: Columns of a history that can be measured from outside, with the unit in their name.
MEASURED = ("front_depth_nm", "front_depth_x_nm", "front_depth_y_nm", "converted_fraction", "state_of_charge",
            "diameter_x_nm", "diameter_y_nm", "diameter_max_nm", "diameter_min_nm")


class ColumnModel(Section):
    """A column of the data file."""

    column: Text = Field(description="name of the column")
    unit: str = Field(default="", description="unit of its numbers; empty: none")


class DataModel(Section):
    """A measured curve."""

    file: Text = Field(description="CSV file, relative to the fit file; lines that start with # are left out")
    time: ColumnModel = Field(description="{column, unit} of the time")
    value: ColumnModel = Field(description="{column, unit} of the measured quantity")
    key: Text = Field(default="front_depth_nm", description="column of history.csv that was measured")
    error: str | float | ColumnModel | None = Field(
        default=None, description="standard error of a value: a quantity, or {column, unit}; null: from the scatter")


class TargetModel(Section):
    """A measured figure of merit."""

    value: str | float = Field(description="measured value of the summary's key, with its unit")
    error: str | float = Field(description="its standard error")


class FitModel(Section):
    """Keys of a fit file."""

    base: str | dict[str, Any] = Field(description="configuration that the parameters change")
    settings: dict[str, Any] = Field(default_factory=dict, description="keys changed in every case, as with --set")
    parameters: dict[str, dict[str, Any]] = Field(
        min_length=1, max_length=8, description="path to {from, to, start, scale: linear | log}")
    data: DataModel | None = Field(default=None, description="a measured curve")
    targets: dict[str, TargetModel] = Field(
        default_factory=dict, description="summary key to {value, error}, such as penetration_depth_nm at arrest")
    limits: CaseLimits = Field(default=CaseLimits(), description="wall and memory of one case")
    cache: str | None = Field(default=None, description="folder of cases shared with sweeps")
    evaluations: Whole = Field(default=200, ge=1, le=100_000, description="at most this many runs")


@dataclass(frozen=True)
class Parameter:
    """One parameter: bounds and scale (`range`), and where the search starts, as a share of the way."""

    path: str
    range: Range
    start: float

    def value(self, share: float) -> str | float:
        """As a configuration takes it."""
        return write_value(self.number(share), self.range.unit)

    def number(self, share: float) -> float:
        """Its number in its unit."""
        return float(self.range.at(np.array(share)))


@dataclass(frozen=True)
class Curve:
    """A measured curve in the units of the history: times (s), values, errors (None: not known)."""

    key: str
    time: Array
    value: Array
    error: Array | None


@dataclass(frozen=True)
class Fit:
    """A checked fit."""

    name: str
    model: FitModel
    parameters: tuple[Parameter, ...]
    curve: Curve | None
    targets: dict[str, tuple[float, float]]
    folder: Path
    places: Places = field(repr=False)


def load_fit(source: str | Path | Mapping[str, Any]) -> Fit:
    """Read and check a fit file, or a mapping shaped like one.

    Raises
    ------
    ConfigError
        One line: file, line, key path, what was found, what is allowed.
    """
    places: Places = {(): Place("fit")}
    if isinstance(source, Mapping):
        data, folder, name = dict(source), Path(), "fit"
    else:
        path = Path(source)
        data, lines = load_yaml(path)
        places, folder, name = places_of(lines, str(path)), path.parent, path.stem
    try:
        model = FitModel.model_validate(data)
    except ValidationError as error:
        raise explain(error, FitModel, places) from None
    if model.data is None and not model.targets:
        raise ConfigError("found neither data nor targets", where=locate(places, ()), allowed="one of them, or both")
    parameters = tuple(_parameter(path, dict(raw), locate(places, ("parameters", path)))
                       for path, raw in model.parameters.items())
    curve = _curve(model.data, folder, places) if model.data else None
    targets = {key: _target(key, target, locate(places, ("targets", key))) for key, target in model.targets.items()}
    known = (curve.time.size if curve else 0) + len(targets)
    if known < len(parameters):
        raise ConfigError(f"found {known} measured values for {len(parameters)} parameters", where=locate(places, ()),
                          allowed="at least as many values as parameters")
    return Fit(name=name, model=model, parameters=parameters, curve=curve, targets=targets, folder=folder,
               places=places)


def _parameter(path: str, raw: dict[str, Any], where: str) -> Parameter:
    """Bounds, scale and start."""
    start = raw.pop("start", None)
    if "n" in raw:
        raise ConfigError("found an unknown key 'n'", where=where, allowed="from, to, start, scale")
    bounds = parse_range(raw, where)
    if start is None:
        return Parameter(path, bounds, 0.5)
    try:
        number = number_in(start, bounds.unit)
    except ConfigError as error:
        raise ConfigError(error.found, where=f"{where}.start", allowed=error.allowed) from None
    if not bounds.start < number < bounds.end:
        raise ConfigError(f"found {kind(start)}", where=f"{where}.start", allowed="between from and to")
    span = (np.log(number / bounds.start) / np.log(bounds.end / bounds.start) if bounds.log
            else (number - bounds.start) / (bounds.end - bounds.start))
    return Parameter(path, bounds, float(span))


def unit_of(key: str) -> str:
    """Unit that the name of a column or summary key ends with, ``""`` without one."""
    return next((unit for ending, unit in UNITS.items() if key.endswith(ending)), "")


def _target(key: str, target: TargetModel, where: str) -> tuple[float, float]:
    """Value and error in the unit of the key."""
    unit = unit_of(key)
    try:
        value, error = number_in(target.value, unit), number_in(target.error, unit)
    except ConfigError as problem:
        raise ConfigError(problem.found, where=where, allowed=problem.allowed, hint=problem.hint) from None
    if not error > 0:
        raise ConfigError(f"found {kind(target.error)}", where=f"{where}.error", allowed="above 0")
    return value, error


def _curve(model: DataModel, folder: Path, places: Places) -> Curve:
    """The data file in the units of the history."""
    if model.key not in MEASURED:
        raise ConfigError(f"found {kind(model.key)}", where=locate(places, ("data", "key")),
                          allowed=", ".join(MEASURED), hint=suggest(model.key, MEASURED))
    path = folder / model.file
    try:
        table = pd.read_csv(path, comment="#", skipinitialspace=True)
    except FileNotFoundError:
        raise ConfigError(f"found no file '{path}'", where=locate(places, ("data", "file")),
                          allowed="a CSV file, relative to the fit file") from None
    except (OSError, ValueError) as problem:
        raise ConfigError(f"not a readable table ({' '.join(str(problem).split())})", where=str(path)) from None
    time = _column(table, model.time, "s", path)
    value = _column(table, model.value, unit_of(model.key), path)
    if time.size < 2 or np.any(np.diff(time) <= 0) or time[0] < 0:
        raise ConfigError("found times that do not increase from 0 on", where=str(path),
                          allowed="increasing times, at least 2")
    if isinstance(model.error, ColumnModel):
        error = _column(table, model.error, unit_of(model.key), path)
    elif model.error is None:
        return Curve(model.key, time, value, None)
    else:
        error = np.full_like(value, number_in(model.error, unit_of(model.key)))
    if not np.all(error > 0):
        raise ConfigError("found an error that is not above 0", where=locate(places, ("data", "error")))
    return Curve(model.key, time, value, error)


def _column(table: pd.DataFrame, model: ColumnModel, unit: str, path: Path) -> Array:
    """A column as finite numbers in `unit`."""
    if model.column not in table:
        known = [str(column) for column in table.columns]
        raise ConfigError(f"found no column '{model.column}'", where=str(path), allowed=", ".join(known),
                          hint=suggest(model.column, known))
    try:
        values = table[model.column].to_numpy(dtype=float)
    except (ValueError, TypeError):
        raise ConfigError(f"found text in the column '{model.column}'", where=str(path), allowed="numbers") from None
    if not np.all(np.isfinite(values)):
        raise ConfigError(f"found an empty place in the column '{model.column}'", where=str(path), allowed="numbers")
    if (model.unit == "") != (unit == ""):
        raise ConfigError(f"found the unit '{model.unit}' for the column '{model.column}'", where=str(path),
                          allowed=f"a unit of the kind of {unit}" if unit else "no unit")
    return values * parse_quantity(f"1 {model.unit}", unit) if unit else values
