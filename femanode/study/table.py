"""The sweep's one table: parameters with their units, status, wall time, every figure of merit."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import pandas as pd

from femanode.errors import ConfigError
from femanode.output.disk import replacing
from femanode.study.quantity import common_unit, label, number_in

_COLUMN = re.compile(r"(.+) \[(.*)\]")
TABLE = "results"


def column_name(path: str, unit: str | None) -> str:
    """``geometry.diameter [nm]``; just the path where there is no unit."""
    return f"{path} [{unit}]" if unit else path


def split_column(name: str) -> tuple[str, str]:
    """Path and unit (maybe ``""``) of a column."""
    match = _COLUMN.fullmatch(name)
    return (match.group(1), match.group(2)) if match else (name, "")


def parameter_columns(paths: Sequence[str], rows: Sequence[Sequence[Any]]) -> dict[str, list[Any]]:
    """One column per axis: numbers in the unit of its first value, or short texts."""
    columns: dict[str, list[Any]] = {}
    for k, path in enumerate(paths):
        values = [row[k] for row in rows]
        unit = common_unit(values)
        columns[column_name(path, unit)] = ([label(v) for v in values] if unit is None
                                            else [number_in(v, unit) for v in values])
    return columns


def flatten(summary: Mapping[str, Any], prefix: str = "") -> dict[str, Any]:
    """Figures of merit on one level: ``eq1_terms_eV.total``; lists of sentences become one text.

    Of figures by cycle those of the last one are taken: ``cycles.last.coulombic_efficiency``.
    """
    flat: dict[str, Any] = {}
    for key, value in summary.items():
        name = f"{prefix}{key}"
        if isinstance(value, Mapping):
            flat.update(flatten(value, f"{name}."))
        elif isinstance(value, list) and value and all(isinstance(one, Mapping) for one in value):
            flat.update(flatten(value[-1], f"{name}.last."))
        else:
            flat[name] = " | ".join(map(str, value)) if isinstance(value, list) else value
    return flat


def write_table(folder: Path, table: pd.DataFrame) -> None:
    """``results.parquet`` and ``results.csv``, each replaced in one go."""
    # A column holds one kind of value, or Parquet refuses it.
    tidy = table.convert_dtypes()
    for column in tidy.columns:
        if tidy[column].dtype == object:
            tidy[column] = tidy[column].map(lambda v: None if v is None or v is pd.NA else str(v)).astype("string")
    with replacing(folder / f"{TABLE}.parquet") as parquet, replacing(folder / f"{TABLE}.csv") as csv:
        tidy.to_parquet(parquet, index=False)
        tidy.to_csv(csv, index=False)


def read_table(folder: str | Path) -> pd.DataFrame:
    """The table of a sweep.

    Raises
    ------
    ConfigError
        The folder is not a sweep's.
    """
    path = Path(folder) / f"{TABLE}.parquet"
    try:
        return pd.read_parquet(path)
    except FileNotFoundError:
        raise ConfigError(f"no {path.name}: not the folder of a sweep", where=str(folder),
                          hint="give the folder that femanode sweep wrote") from None
    except (OSError, ValueError) as error:
        raise ConfigError(f"not a readable table ({_one_line(error)})", where=str(path)) from None


def _one_line(error: BaseException) -> str:
    return " ".join(str(error).split())[:200]
