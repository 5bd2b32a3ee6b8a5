"""A measured curve: columns of a table as numbers in the units of the history, with what is impossible refused.

Every refusal names the line of the data file. `Curve.reading` says how the file was read.
"""

from __future__ import annotations

import math
import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from pydantic import Field

from femanode.config.complaints import Places, locate, suggest
from femanode.config.quantities import Section, Text
from femanode.config.yamlio import kind
from femanode.errors import ConfigError
from femanode.numerics.arrays import Array
from femanode.study.datafile import DataFile, plain_name, read_datafile
from femanode.study.outcomes import UNITS
from femanode.study.quantity import number_in
from femanode.units import parse_quantity

#: Columns of a history that can be measured from outside, with the unit in their name.
MEASURED = ("front_depth_nm", "front_depth_x_nm", "front_depth_y_nm", "converted_fraction", "state_of_charge",
            "diameter_x_nm", "diameter_y_nm", "diameter_max_nm", "diameter_min_nm")
#: A front goes forward or stands still.
NEVER_FALLING = ("front_depth_nm", "front_depth_x_nm", "front_depth_y_nm", "converted_fraction")
#: What is drawn beside a run but not fitted, and may be below 0.
POTENTIAL = "potential_V"
PERCENT = ("%", "percent")
#: A measured value may lie beyond what is possible by this many of its errors.
SLACK = 3.0

_NUMBER = re.compile(r"[+-]?([0-9]+(\.[0-9]*|,[0-9]+)?|[.,][0-9]+)([eE][+-]?[0-9]+)?")
# 1,234 is 1.234 to some and 1234 to others; 0,123 and 1234,567 are the one only.
_EITHER = re.compile(r"[+-]?[1-9][0-9]{0,2},[0-9]{3}")
# Units at the end of a heading: "t (min)", "t [min]", "t / min", "t, min"; after "_" or a blank only common ones.
_BRACKETED = re.compile(r".*(?:[(\[]\s*(?P<a>[^()\[\]]+?)\s*[)\]]|[/,]\s*(?P<b>[^\s/,()\[\]]+))")
_TRAILING = re.compile(r".*[_ ](?P<a>%|percent|pct|s|sec|seconds|min|minutes|h|hours|pm|nm|um|μm|mm|Å|angstrom)")


class ColumnModel(Section):
    """A column of the data file."""

    column: Text = Field(description="name of the column")
    unit: str = Field(default="", description="unit of its numbers, also %; empty: none, or that in the heading")


class DataModel(Section):
    """A measured curve."""

    file: Text = Field(description="table with headings, relative to the fit file; what follows # is left out")
    time: ColumnModel = Field(description="{column, unit} of the time")
    value: ColumnModel = Field(description="{column, unit} of the measured quantity")
    key: Text = Field(default="front_depth_nm", description="column of history.csv that was measured")
    error: str | float | ColumnModel | None = Field(
        default=None, description="standard error of a value: a quantity, or {column, unit}; null: from the scatter")


@dataclass(frozen=True)
class Curve:
    """A measured curve in the units of the history: times (s) in order, values, errors (None: not known).

    Where `along` is mAh/g, `time` holds capacities.

    `lines` has the line of each value in `file`, and `reading` says how the file was read.
    """

    key: str
    time: Array
    value: Array
    error: Array | None
    file: Path
    lines: NDArray[np.int64] = field(repr=False)
    reading: str
    along: str = "s"

    def refuse_beyond(self, top: float, meaning: str, hint: str = "", bottom: float = 0.0) -> None:
        """Refuse values below `bottom` or above `top`, of which `meaning` says what it is; errors are allowed for."""
        slack = 0.0 if self.error is None else SLACK * self.error
        wrong = np.flatnonzero((self.value - slack > top) | (self.value + slack < bottom))
        if wrong.size == 0:
            return
        k, unit = int(wrong[0]), unit_of(self.key)
        limit = (f"{bottom:.6g} to {_shown(top, unit)} ({meaning})" if math.isfinite(top) else
                 f"{_shown(bottom, unit)} and more")
        more = f", beyond by {SLACK:g} errors at most" if self.error is not None else ""
        raise ConfigError(f"found {_shown(self.value[k], unit)} for {self.key}", where=f"{self.file}:{self.lines[k]}",
                          allowed=f"{limit}{more}", hint=hint)


def _shown(number: float, unit: str) -> str:
    return f"{number:.6g} {unit}".rstrip()


def unit_of(key: str) -> str:
    """Unit that the name of a column or summary key ends with, ``""`` without one."""
    return next((unit for ending, unit in UNITS.items() if key.endswith(ending)), "")


def read_curve(model: DataModel, folder: Path, places: Places, *, keys: Sequence[str] = MEASURED,
               along: str = "s") -> Curve:
    """The data file of a fit as a curve.

    Parameters
    ----------
    model : DataModel
    folder : Path
        Where the data file is looked for.
    places : Places
        Lines of the fit file.
    keys : sequence of str
        Columns of a history that are accepted.
    along : str
        Unit of what stands in ``time``: s, or mAh/g of a curve over capacity.

    Raises
    ------
    ConfigError
        One line with the place in the fit file or the line of the data file.
    """
    if model.key not in keys:
        raise ConfigError(f"found {kind(model.key)}", where=locate(places, ("data", "key")),
                          allowed=", ".join(keys), hint=suggest(model.key, keys))
    unit = unit_of(model.key)
    asked = {"time": (model.time, along), "value": (model.value, unit)}
    if isinstance(model.error, ColumnModel):
        asked["error"] = (model.error, unit)
    try:
        file = read_datafile(folder / model.file, [column.column for column, _ in asked.values()])
    except FileNotFoundError:
        raise ConfigError(f"found no file '{folder / model.file}'", where=locate(places, ("data", "file")),
                          allowed="a CSV file, relative to the fit file") from None
    numbers = _Numbers(file, {role: plain_name(column.column) for role, (column, _) in asked.items()})
    read = {role: numbers.values[role] * numbers.factor(role, column.unit, target, locate(places, ("data", role)))
            for role, (column, target) in asked.items()}
    lines = np.array([line for line, _ in file.rows], dtype=np.int64)
    order = _order(read["time"], lines, file, along)
    error = None
    if "error" in read:
        error = read["error"][order]
        _refuse_errors(error, unit, [file.place(int(line)) for line in lines[order]])
    elif model.error is not None:
        where = locate(places, ("data", "error"))
        error = np.full(lines.size, _given(model.error, unit, where))
        _refuse_errors(error, unit, [where])
    value = read["value"][order]
    if model.key in NEVER_FALLING and (back := _falls(value, error)).size:
        file.said.append(f"line {lines[order][back[0]]} lies below one before it, which no front does"
                         + (f", as do {back.size - 1} more" if back.size > 1 else ""))
    curve = Curve(model.key, read["time"][order], value, error, file.path, lines[order],
                  f"{file.path.name}: {', '.join(file.said)}", along)
    hint = "" if unit or numbers.percent["value"] else "if the values are percent, write unit: '%' under data.value"
    if model.key != POTENTIAL:
        curve.refuse_beyond(math.inf if unit else 1.0, "all of the section", hint)
    return curve


def _falls(value: Array, error: Array | None) -> NDArray[np.intp]:
    """Which values (n,) lie below one before them, by more than errors explain."""
    slack = 0.0 if error is None else SLACK * error
    return np.flatnonzero(value + slack < np.maximum.accumulate(value - slack))


def _given(error: object, unit: str, where: str) -> float:
    """The error that the fit file gives for all values; percent of a share are percentage points."""
    points = None if unit or not isinstance(error, str) else re.fullmatch(r"\s*([0-9.eE+-]+)\s*(%|percent)\s*", error)
    try:
        return 0.01 * float(points[1]) if points else number_in(error, unit)
    except ConfigError as problem:
        allowed = problem.allowed + ("" if unit else ", or one with %")
        raise ConfigError(problem.found, where=where, allowed=allowed, hint=problem.hint) from None
    except ValueError:
        raise ConfigError(f"found {kind(error)}", where=where, allowed="a number, or one with %") from None


def _refuse_errors(error: Array, unit: str, places: Sequence[str]) -> None:
    """Refuse errors that are not above 0; one of a share that is 1 or more is percent not called so."""
    wrong = np.flatnonzero(~((error > 0) & (error < (math.inf if unit else 1.0))))
    if wrong.size:
        k = int(wrong[0])
        limits = "above 0" if unit else "above 0 and below 1"
        raise ConfigError(f"found an error of {_shown(error[k], unit)}, which is not {limits}", where=places[k])


def _order(time: Array, lines: NDArray[np.int64], file: DataFile, unit: str) -> NDArray[np.intp]:
    """Rows in the order of time (of capacity), which must differ and not be negative."""
    name, names = ("time", "times") if unit == "s" else ("capacity", "capacities")
    if time.size < 2:
        raise ConfigError(f"found {time.size} rows" if time.size != 1 else "found 1 row", where=str(file.path),
                          allowed=f"at least 2 {names}")
    order = np.argsort(time, kind="stable")
    if time[order[0]] < 0:
        raise ConfigError(f"found the {name} {time[order[0]]:g} {unit}", where=file.place(int(lines[order[0]])),
                          allowed=f"{names} from 0 on")
    same = np.flatnonzero(np.diff(time[order]) <= 0)
    if same.size:
        first, again = (int(lines[order[same[0] + k]]) for k in (0, 1))
        raise ConfigError(f"found the {name} of line {first} again", where=file.place(again),
                          allowed=f"{names} that differ", hint=f"give one value for each {name}, such as the mean")
    if np.any(np.diff(order) < 0):
        file.said.append(f"put in the order of {name}")
    return order


def _bare(text: str) -> str:
    """A cell without its percent sign, and without what only looks like nothing between the two."""
    return text.removesuffix("%").rstrip()


class _Numbers:
    """The columns of a table as numbers: one decimal sign in all of them, percent signs in all of a column or none."""

    def __init__(self, file: DataFile, names: dict[str, str]) -> None:
        self.file, self.names = file, names
        self.percent: dict[str, bool] = {}
        cells = [(line, role, row[file.headings.index(name)].replace("−", "-"))
                 for line, row in file.rows for role, name in names.items()]
        for line, role, text in cells:
            self._check(line, role, text)
        comma = self._commas([(line, text) for line, _, text in cells])
        if comma:
            file.said.append("decimal commas")
        self.values = {role: np.array([float(_bare(text).replace(",", ".")) for _, r, text in cells if r == role])
                       for role in names}

    def _check(self, line: int, role: str, text: str) -> None:
        """Refuse what is no finite number, and a percent sign that others lack."""
        where, name = self.file.place(line), self.names[role]
        if not text:
            raise ConfigError(f"found an empty place in the column '{name}'", where=where, allowed="a number",
                              hint="take the line out, or begin it with #")
        bare = _bare(text)
        if _NUMBER.fullmatch(bare) is None:
            raise ConfigError(f"found '{text[:40]}' in the column '{name}'", where=where, allowed="a number",
                              hint=_wrong_number(text))
        if not math.isfinite(float(bare.replace(",", "."))):
            raise ConfigError(f"found '{text[:40]}' in the column '{name}', which is too large", where=where,
                              allowed="a number")
        signed = text.endswith("%")
        if self.percent.setdefault(role, signed) != signed:
            raise ConfigError(f"found '{text}' in the column '{name}', whose values above have "
                              f"{'no ' if signed else ''}percent signs", where=where, allowed="all with one, or none")

    def _commas(self, cells: Iterable[tuple[int, str]]) -> bool:
        """Whether decimals are written with commas; refused where that cannot be told."""
        first: dict[str, tuple[int, str]] = {}
        for line, text in cells:
            sign = "point" if "." in text else "comma" if "," in text else ""
            if sign == "comma":
                first.setdefault("unclear" if _EITHER.fullmatch(text.rstrip("% ")) else "clear", (line, text))
            if sign:
                first.setdefault(sign, (line, text))
            if "comma" in first and "point" in first:
                (a, one), (b, other) = sorted((first["comma"], first["point"]))
                raise ConfigError(f"found '{other}', but '{one}' on line {a}", where=self.file.place(b),
                                  allowed="decimals with a point or with a comma, and thousands without a mark")
        if "unclear" in first and "clear" not in first:
            line, text = first["unclear"]
            raise ConfigError(f"found '{text}', which is {text.replace(',', '.')} to some and {text.replace(',', '')} "
                              "to others", where=self.file.place(line),
                              hint="write decimals with a point, and thousands without a mark")
        return "comma" in first

    def factor(self, role: str, declared: str, unit: str, where: str) -> float:
        """What brings a column to `unit`; fit file, heading and percent signs may each say its own, and must agree."""
        name, declared = self.names[role], declared.strip()
        said = heading_unit(name, unit)
        if not unit:
            return self._share(role, declared, said, where)
        allowed = f"a unit of the kind of {unit}"
        if self.percent.get(role):
            first = self.file.place(self.file.rows[0][0])
            raise ConfigError(f"found a percent sign in the column '{name}'", where=first, allowed=allowed)
        if not declared and not said:
            raise ConfigError(f"found no unit for the column '{name}'", where=where, allowed=allowed)
        if not declared:
            self.file.said.append(f"'{name}' in {said}")
        try:
            factor = parse_quantity(f"1 {declared or said}", unit)
        except ConfigError as problem:
            raise ConfigError(problem.found, where=where, allowed=problem.allowed, hint=problem.hint) from None
        if said and not math.isclose(factor, parse_quantity(f"1 {said}", unit), rel_tol=1e-9):
            raise ConfigError(f"found the unit '{declared}' for the column '{name}', whose heading says {said}",
                              where=where, allowed="one unit for both", hint="correct the unit, or rename the column")
        return factor

    def _share(self, role: str, declared: str, said: str, where: str) -> float:
        """1, or 0.01 for a column in percent."""
        name = self.names[role]
        if declared and declared not in PERCENT:
            raise ConfigError(f"found the unit '{declared}' for the column '{name}'", where=where,
                              allowed="no unit, or %")
        self.percent[role] = bool(declared or said or self.percent.get(role))
        if role == "error" and self.percent["value"] != self.percent["error"]:
            raise ConfigError(f"found percent in one of the columns '{self.names['value']}' and '{name}' only",
                              where=where, allowed="both in percent, or none", hint="write unit: '%' for both")
        if self.percent[role]:
            self.file.said.append(f"'{name}' in %")
        return 0.01 if self.percent[role] else 1.0


def heading_unit(name: str, unit: str) -> str:
    """Unit of the kind of `unit` that a heading ends with, ``""`` where it has none; a share may have ``%``."""
    match = _BRACKETED.fullmatch(name) or _TRAILING.fullmatch(name)
    found = "" if match is None else next((text for text in match.groups() if text), "")
    if not unit:
        return "%" if found in (*PERCENT, "pct") else ""
    try:
        parse_quantity(f"1 {found}", unit)
    except ConfigError:
        return ""
    return found


def _wrong_number(text: str) -> str:
    """What to do about a text that is no number."""
    if re.fullmatch(r"[+-]?[0-9][0-9.,'’\s]*", text):
        return "write decimals with a point, and thousands without a mark"
    if re.fullmatch(r"[0-9.,]+\s*[a-zA-Zµμ°Å]+", text):
        return "numbers only; their unit belongs in the fit file"
    if re.fullmatch(r"[0-9]+(:[0-9.,]+)+", text):
        return "write times as numbers in one unit"
    if text.lower().strip("+-") in ("nan", "na", "n/a", "inf", "infinity", ""):
        return "take the line out, or begin it with #"
    return "begin lines that hold no numbers with #"
