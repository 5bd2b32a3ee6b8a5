"""What a user asks of a picture, read: its size, its colour range, and which frame by time."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from femanode.errors import ConfigError
from femanode.output.runfolder import RunFolder
from femanode.pictures.fieldchoice import FieldChoice
from femanode.units import NUMBER_PATTERN, parse_quantity

#: Widths of a figure, inches, and dots per inch that are accepted; more pixels across would take gigabytes.
WIDTHS, DPIS, PIXELS = (20 / 25.4, 1000 / 25.4), (30, 2400), 20_000
NM_PER_INCH = 25.4e6


@dataclass(frozen=True)
class Size:
    """Width of a figure, inches, and its dots per inch; None leaves either as it is."""

    width: float | None = None
    dpi: int | None = None


#: A figure as it is without any wish.
USUAL = Size()


def read_size(width: str | None, dpi: int | None) -> Size:
    """The size asked for.

    Parameters
    ----------
    width : str, optional
        A length with its unit, such as ``85 mm`` or ``3.35 in``.
    dpi : int, optional

    Raises
    ------
    ConfigError
        No length, or one out of bounds; too many pixels.
    """
    inches = None
    if width is not None:
        allowed = "20 mm to 1 m, with the unit, such as '85 mm' or '3.35 in'"
        if re.fullmatch(NUMBER_PATTERN, width.strip()):
            raise ConfigError(f"found {width} without a unit", where="--width", allowed=allowed)
        try:
            inches = parse_quantity(width, "nm") / NM_PER_INCH
        except ConfigError as error:
            raise ConfigError(error.found, where="--width", allowed=allowed) from None
        if not WIDTHS[0] - 1e-9 <= inches <= WIDTHS[1] + 1e-9:
            raise ConfigError(f"found {width}", where="--width", allowed=allowed)
    if dpi is not None and not DPIS[0] <= dpi <= DPIS[1]:
        raise ConfigError(f"found {dpi}", where="--dpi", allowed=f"{DPIS[0]} to {DPIS[1]} dots per inch")
    if inches is not None and inches * (dpi or 300) > PIXELS:
        raise ConfigError(f"found {width} at {dpi or 300} dots per inch", where="--width",
                          allowed=f"{PIXELS} pixels across", hint="lower --dpi")
    return Size(inches, dpi)


def read_range(ends: Sequence[str], choice: FieldChoice) -> tuple[float, float]:
    """The two ends of a colour range, in the field's unit.

    Raises
    ------
    ConfigError
        No numbers, without the unit or with one where the field has none; not in order.
    """
    unit = choice.unit
    low, high = (_end(text, unit) for text in ends)
    if not low < high:
        raise ConfigError(f"found {ends[0]} {ends[1]}", where="--range", allowed="the smaller end first")
    return low, high


def _end(text: str, unit: str) -> float:
    bare = re.fullmatch(NUMBER_PATTERN, text.strip()) is not None
    allowed = f"two numbers with their unit, such as '-1 {unit}' '1 {unit}'" if unit else "two numbers without a unit"
    try:
        if bare == bool(unit):
            raise ConfigError(f"found {text}" + (" without a unit" if bare else ""))
        return parse_quantity(text, unit) if unit else float(text)
    except ConfigError as error:
        raise ConfigError(error.found, where="--range", allowed=allowed) from None


def frame_at(run: RunFolder, text: str) -> int:
    """Number of the frame nearest to a time.

    Parameters
    ----------
    run : RunFolder
    text : str
        A time with its unit, within the run.

    Raises
    ------
    ConfigError
        No time, or one before or after the run.
    """
    times = run.frames.times
    allowed = f"0 s to {times[-1]:.6g} s, with the unit, such as '{times[-1] / 120:.3g} min'"
    try:
        time = parse_quantity(text, "s")
    except ConfigError as error:
        raise ConfigError(error.found, where="--time", allowed=allowed,
                          hint="femanode plot DIR --frames lists times and conversions") from None
    if not 0.0 <= time <= times[-1] * (1.0 + 1e-5):
        raise ConfigError(f"found {text}", where=f"{run.path}: --time", allowed=allowed)
    return int(np.argmin(np.abs(times - time)))


def list_frames(run: RunFolder) -> str:
    """A line for each frame: number, time, converted fraction where the history has it, cycle and state of charge
    under a protocol."""
    times, history = run.frames.times, run.history
    known, cycled = "converted_fraction" in history, "cycle" in history
    lines = ["frame        time" + ("  converted" if known else "") + ("  cycle      full" if cycled else "")]
    for number, time in enumerate(times):
        line = f"{number:5d}  {time:8.6g} s"
        if known:
            line += f"  {100 * np.interp(time, history['time_s'], history['converted_fraction']):7.2f} %"
        if cycled:
            row = min(int(np.searchsorted(history["time_s"], time * (1.0 - 1e-9))), len(history) - 1)
            line += f"  {history['cycle'].iloc[row]:5.0f}  {100 * history['state_of_charge'].iloc[row]:6.2f} %"
        lines.append(line)
    return "\n".join(lines)
