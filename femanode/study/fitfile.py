"""The fit file: which parameters may move between which bounds, and what was measured.

Read like a configuration: every mistake is one line with file, line and key path.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
from pydantic import Field, ValidationError

from femanode.config.complaints import Place, Places, explain, locate, places_of
from femanode.config.quantities import Section, Whole
from femanode.config.trust import require_inside
from femanode.config.yamlio import kind, load_yaml
from femanode.errors import ConfigError
from femanode.study.curves import Curve, DataModel, read_curve, unit_of
from femanode.study.quantity import Range, number_in, parse_range, write_value
from femanode.study.sweepfile import CaseLimits


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
    if model.cache and not isinstance(source, Mapping):
        require_inside(folder / model.cache, locate(places, ("cache",)))
    if model.data is None and not model.targets:
        raise ConfigError("found neither data nor targets", where=locate(places, ()), allowed="one of them, or both")
    parameters = tuple(_parameter(path, dict(raw), locate(places, ("parameters", path)))
                       for path, raw in model.parameters.items())
    curve = read_curve(model.data, folder, places) if model.data else None
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
