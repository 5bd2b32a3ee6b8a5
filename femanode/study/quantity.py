"""Values of a study's parameters: split into number and unit, spaced over ranges, written back as a user would.

It knows values only, neither files nor configurations.
"""

from __future__ import annotations

import json
import math
import re
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from femanode.config.yamlio import kind
from femanode.errors import ConfigError
from femanode.units import NUMBER_PATTERN, parse_quantity

# The number is taken whole, or "310" would be 31 of a unit called 0.
_QUANTITY = re.compile(rf"\s*(?>({NUMBER_PATTERN}))\s*(\S.*?)\s*", re.DOTALL)
#: Digits of generated values: enough to tell any two apart, few enough to read and to type.
DIGITS = 6


def split_quantity(value: object) -> tuple[float, str] | None:
    """Number and unit of ``"30 nm"`` or of a bare number (unit ``""``); None for anything else."""
    if isinstance(value, bool):
        return None
    if isinstance(value, int | float):
        return float(value), ""
    match = _QUANTITY.fullmatch(value) if isinstance(value, str) else None
    return None if match is None else (float(match.group(1)), match.group(5))


def number_in(value: object, unit: str) -> float:
    """`value` as a number in `unit`, where ``""`` means a bare number.

    Raises
    ------
    ConfigError
        `value` cannot be converted to `unit`.
    """
    parts = split_quantity(value)
    if parts is None or (parts[1] == "") != (unit == ""):
        allowed = f"a quantity in {unit} or a unit of its kind" if unit else "a number without unit"
        raise ConfigError(f"found {kind(value)}", allowed=allowed)
    return parts[0] if parts[1] == unit else parse_quantity(value, unit)


def write_value(number: float, unit: str) -> str | float:
    """The value a configuration takes for `number`: text with the unit, or the bare number."""
    text = f"{number:.{DIGITS}g}"
    return f"{text} {unit}" if unit else float(text)


def common_unit(values: list[Any]) -> str | None:
    """The unit of the first of `values` if all convert to it (``""``: bare numbers), else None."""
    first = split_quantity(values[0]) if values else None
    if first is None:
        return None
    try:
        for value in values:
            number_in(value, first[1])
    except ConfigError:
        return None
    return first[1]


def label(value: object) -> str:
    """One short text for a value that is no number: Miller indices as ``[1 1 0]``, mappings as JSON."""
    if isinstance(value, list | tuple) and all(isinstance(v, int) for v in value):
        return f"[{' '.join(map(str, value))}]"
    return value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)


@dataclass(frozen=True)
class Range:
    """Values from `start` to `end` in `unit`, straight or logarithmic; `n` is their number, if fixed."""

    start: float
    end: float
    unit: str
    log: bool = False
    n: int | None = None

    def at(self, u: NDArray[np.float64]) -> NDArray[np.float64]:
        """Numbers (in `unit`) at the shares `u` of the way, any shape."""
        if self.log:
            low, high = math.log(self.start), math.log(self.end)
            return np.exp(low + (high - low) * np.asarray(u, dtype=float))
        return self.start + (self.end - self.start) * np.asarray(u, dtype=float)

    def values(self) -> list[str | float]:
        """The `n` evenly spaced values, ends included, as a configuration takes them."""
        count = self.n or 0
        return [write_value(float(v), self.unit) for v in self.at(np.linspace(0.0, 1.0, count))]


def parse_range(raw: dict[str, Any], where: str) -> Range:
    """A range from ``{from, to, n, scale}``.

    Raises
    ------
    ConfigError
        A key is missing, unknown or makes no sense.
    """
    keys = ("from", "to", "n", "scale")
    for key in raw:
        if key not in keys:
            raise ConfigError(f"found an unknown key '{key}' in a range", where=where, allowed=", ".join(keys))
    for key in keys[:2]:
        if key not in raw:
            raise ConfigError(f"found a range without '{key}'", where=where,
                              allowed="{from: 30 nm, to: 200 nm, n: 5, scale: linear}")
    first = split_quantity(raw["from"])
    if first is None:
        raise ConfigError(f"found {kind(raw['from'])}", where=f"{where}.from", allowed="a number or a quantity")
    start, unit = first
    try:
        end = number_in(raw["to"], unit)
    except ConfigError as error:
        raise ConfigError(error.found, where=f"{where}.to", allowed=error.allowed, hint=error.hint) from None
    scale, n = raw.get("scale", "linear"), raw.get("n")
    if scale not in ("linear", "log"):
        raise ConfigError(f"found {kind(scale)}", where=f"{where}.scale", allowed="linear, log")
    if not (math.isfinite(start) and math.isfinite(end) and start < end):
        raise ConfigError(f"found a range from {kind(raw['from'])} to {kind(raw['to'])}", where=where,
                          allowed="from below to, both finite")
    if scale == "log" and start <= 0.0:
        raise ConfigError(f"found {kind(raw['from'])} with scale: log", where=f"{where}.from", allowed="above 0")
    if n is not None and (isinstance(n, bool) or not isinstance(n, int) or not 2 <= n <= 10_000):
        raise ConfigError(f"found {kind(n)}", where=f"{where}.n", allowed="a whole number from 2 to 10000")
    return Range(start, end, unit, scale == "log", n)
