"""A sweep's folder read back: its table, what was varied, and which column a user means."""

from __future__ import annotations

import json
import re
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from femanode.config.complaints import suggest
from femanode.errors import ConfigError
from femanode.study.execution.store import FINISHED
from femanode.study.quantity import number_in, split_quantity
from femanode.study.table import read_table, split_column
from femanode.units import NUMBER_PATTERN

RECORD = "sweep.json"
#: Columns of the table that are neither parameters nor figures of merit.
BOOKKEEPING = ("case", "hash", "status", "message", "wall_s", "memory_MB", "attempts", "version", "folder")
#: Endings of figures' names and how the unit is written.
UNITS = {"_nm": "nm", "_GPa": "GPa", "_s": "s", "_eV": "eV", "_V": "V", "_mAh_g": "mAh/g", "_deg": "deg", "_MB": "MB"}


@dataclass
class Study:
    """A sweep's table and record."""

    folder: Path
    table: pd.DataFrame = field(repr=False)
    record: dict[str, Any] = field(repr=False)

    @property
    def ended(self) -> pd.Series[bool]:
        """Which cases came to their own end."""
        return self.table["status"].isin([status.value for status in FINISHED])

    @property
    def groups(self) -> list[list[str]]:
        """Columns of the parameters, those that move together in one list; constant ones are left out."""
        named = {split_column(c)[0]: c for c in self.table.columns}
        groups = [[named[path] for path in group if path in named] for group in self.record["groups"]]
        return [g for g in groups if any(self.table[c].nunique() > 1 for c in g)]

    def column(self, name: str, *, figure: bool = False) -> str:
        """The column called `name`: a path, the end of a path, or (with `figure`) a figure of merit.

        Raises
        ------
        ConfigError
            There is none, or there are several; with the nearest name.
        """
        paths = {split_column(c)[0]: c for c in self.table.columns if c not in BOOKKEEPING or c == "wall_s"}
        exact = paths.get(name) or (name if name in self.table.columns else None)
        if exact is not None:
            return exact
        ends = [c for path, c in paths.items() if path.endswith(f".{name}")]
        if len(ends) == 1:
            return ends[0]
        parameters = [path for group in self.record["groups"] for path in group]
        known = [p for p in paths if p not in parameters] if figure else parameters
        listed = known if len(known) <= 12 else [p for p in known if "." not in p]
        found = f"found '{name}', which is {'several columns' if ends else 'no column'}"
        raise ConfigError(found, where=str(self.folder / "results.csv"), allowed=", ".join(ends or listed),
                          hint="" if ends else suggest(name, [*paths, *(p.rpartition(".")[2] for p in parameters)]))

    def is_log(self, column: str) -> bool:
        """Whether a parameter reads better on a logarithmic axis: it was spaced so, or spans a factor of 30."""
        path = split_column(column)[0]
        raw = self.record["axes"].get(path)
        values = numbers(self.table[column])
        if not (np.nanmin(values) > 0):
            return False
        spaced = isinstance(raw, dict) and raw.get("scale") == "log"
        return spaced or float(np.nanmax(values) / np.nanmin(values)) >= 30

    def select(self, choices: Sequence[str]) -> Study:
        """The cases in which ``PATH=VALUE`` holds for all of `choices`.

        Raises
        ------
        ConfigError
            A path or value that no case has.
        """
        table = self.table
        for choice in choices:
            path, equals, text = choice.partition("=")
            if not equals:
                raise ConfigError(f"found '{choice}'", where="--at", allowed="PATH=VALUE")
            column = self.column(path.strip())
            kept = table[_equal(table[column], text.strip(), split_column(column)[1])]
            if kept.empty:
                values = [f"{v:g}" if isinstance(v, float) else str(v) for v in sorted(set(table[column].dropna()))]
                raise ConfigError(f"found '{text}'", where=f"--at {path}", allowed=f"one of {', '.join(values)}")
            table = kept
        return Study(self.folder, table.reset_index(drop=True), self.record)


def read_study(folder: str | Path) -> Study:
    """Read a sweep's folder.

    Raises
    ------
    ConfigError
        The folder is not a sweep's.
    """
    folder = Path(folder)
    table = read_table(folder)
    try:
        record = json.loads((folder / RECORD).read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        raise ConfigError(f"not readable ({error})", where=str(folder / RECORD)) from None
    return Study(folder, table, record)


def is_number(column: pd.Series[Any]) -> bool:
    """Whether a column holds quantities, not names or yes and no."""
    return bool(pd.api.types.is_numeric_dtype(column)) and not bool(pd.api.types.is_bool_dtype(column))


def numbers(column: pd.Series[Any]) -> NDArray[np.float64]:
    """A column as floats, NaN where there is nothing."""
    return column.to_numpy(dtype=float, na_value=np.nan)


def title_of(column: str) -> str:
    """A column's name for people: ``mechanics.yield_stress [GPa]`` becomes ``Yield stress (GPa)``."""
    path, unit = split_column(column)
    name = path.removeprefix("overrides.")
    if not unit:
        for ending, written in UNITS.items():
            if name.endswith(ending):
                name, unit = name.removesuffix(ending), written
                break
    parts = name.split(".")
    text = parts[-1].replace("_", " ")
    if len(parts) > 1 and parts[-2] == "rates":
        text = f"front rate {parts[-1]}"
    elif len(parts) > 1 and (parts[-1].isdigit() or parts[-1].startswith("[")):
        text = f"{parts[-2].replace('_', ' ')} {parts[-1]}"
    elif len(parts) > 1 and parts[-1] in ("axis", "energy", "end", "mode", "volume"):  # say nothing by themselves
        text = f"{parts[-2]} {text}"
    elif "host" in parts[:-1]:
        text += " of the host"
    elif len(parts) > 1 and parts[0] in ("eq1_terms_eV", "hoop_max_location", "neck", "torn"):
        text = f"{parts[0].removesuffix('_eV').replace('_', ' ')}: {text}"
        unit = unit or ("eV" if parts[0].endswith("_eV") else "")
    return f"{text[:1].upper()}{text[1:]}" + (f" ({unit.replace('^2', '²').replace('^3', '³')})" if unit else "")


def _equal(column: pd.Series[Any], text: str, unit: str) -> pd.Series[bool]:
    """Where a column has the value written as `text`, in its unit unless it says another."""
    parts = split_quantity(text)
    bare = parts is None and re.fullmatch(NUMBER_PATTERN, text) is not None
    if not is_number(column) or (parts is None and not bare):
        return column.astype(str).str.replace(" ", "") == text.replace(" ", "").replace(",", "")
    value = float(text) if bare else number_in(text, unit)
    return pd.Series(np.isclose(numbers(column), value, rtol=1e-6, atol=0.0), index=column.index)
