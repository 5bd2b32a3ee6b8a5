"""Figures of each repetition of a protocol: capacity in and out, hysteresis, stress and size, from the history."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING, Any, TypeAlias

import numpy as np
from numpy.typing import NDArray

from femanode.numerics.arrays import Array

if TYPE_CHECKING:
    import pandas as pd

#: A history: its columns by name, each (n,).
Columns: TypeAlias = "Mapping[str, Sequence[float] | Array] | pd.DataFrame"

#: Columns that a history must have for figures of cycles.
NEEDED = ("cycle", "step", "capacity_mAh_g", "potential_V", "current_density_mA_cm2")

SIZES = ("hoop_max_GPa", "hoop_min_GPa", "diameter_max_nm", "diameter_min_nm", "converted_fraction")

#: Share of the larger of two capacities below which the other counts as none.
NOTHING = 1e-6

#: Share of the largest current of its first step below which the first rows of a half cycle are those of a front that
#: cannot take it yet.
WHOLE = 0.99


@dataclass(frozen=True)
class Cycle:
    """Figures of one repetition of the protocol.

    Attributes
    ----------
    cycle : its number, from 1 on
    finished : whether all its steps are over
    capacity_in_mAh_g, capacity_out_mAh_g : carriers that entered and left, each counted whenever they flowed that way
    coulombic_efficiency : out over in; None where nothing entered or nothing left
    capacity_kept : capacity out over that of the first cycle, where nothing ever leaves capacity in; None where the
        first had none
    voltage_hysteresis_V : potential on the way out less that on the way in, at the middle of the capacities between
        which the cycle ran; None where it ran one way only
    hoop_max_GPa, hoop_min_GPa : largest hoop stress of each sign anywhere in the section
    diameter_ratio : mean of largest and smallest diameter at the end of the cycle, over that at the beginning of the
        run
    converted_fraction : of the section at the end of the cycle; 1 where all has reacted from the start
    """

    cycle: int
    finished: bool
    capacity_in_mAh_g: float
    capacity_out_mAh_g: float
    coulombic_efficiency: float | None
    capacity_kept: float | None
    voltage_hysteresis_V: float | None
    hoop_max_GPa: float
    hoop_min_GPa: float
    diameter_ratio: float
    converted_fraction: float


@dataclass(frozen=True)
class HalfCycle:
    """A stretch of the history in which carriers flow one way, rests in it included.

    Attributes
    ----------
    cycle, step : the protocol's repetition in which it begins, and its step there
    inserts : whether carriers enter
    capacity : (n,) mAh/g
    potential : (n,) V
    """

    cycle: int
    step: int
    inserts: bool
    capacity: Array
    potential: Array


def cycle_figures(columns: Columns, *, finished: bool) -> list[dict[str, Any]]:
    """Figures of each repetition of a protocol.

    Parameters
    ----------
    columns : mapping or DataFrame
        The history's columns by name, each (n,); see `Cycle` for what is made of them.
    finished : bool
        Whether the last repetition is over.

    Returns
    -------
    list of dict
        `Cycle` as plain data; empty where the history is not that of a protocol.

    Examples
    --------
    >>> found, = cycle_figures({"cycle": [1, 1, 1], "step": [1, 1, 2], "capacity_mAh_g": [0.0, 100.0, 5.0],
    ...                         "potential_V": [0.3, 0.1, 0.5], "current_density_mA_cm2": [0.0, 1.0, -1.0],
    ...                         "hoop_max_GPa": [0.0, 0.2, 0.9], "hoop_min_GPa": [0.0, -1.0, -0.1],
    ...                         "diameter_max_nm": [60.0, 80.0, 63.0], "diameter_min_nm": [60.0, 80.0, 63.0],
    ...                         "converted_fraction": [0.0, 1.0, 1.0]}, finished=True)
    >>> found["coulombic_efficiency"], found["diameter_ratio"]
    (0.95, 1.05)
    """
    if not set(NEEDED) <= set(columns) or not len(columns["cycle"]):
        return []
    data = {name: np.asarray(columns[name], dtype=float) for name in (*NEEDED, *SIZES)}
    numbers = data["cycle"].astype(int)
    flowed = np.diff(data["capacity_mAh_g"], prepend=data["capacity_mAh_g"][0])
    across = 0.5 * (data["diameter_max_nm"] + data["diameter_min_nm"])
    halves = half_cycles(data)
    found: list[Cycle] = []
    for number in np.unique(numbers):
        rows = np.flatnonzero(numbers == number)
        into, out = (float(np.sum(np.maximum(sign * flowed[rows], 0.0))) for sign in (1.0, -1.0))
        both = min(into, out) > NOTHING * max(into, out)
        found.append(Cycle(
            cycle=int(number), finished=finished or number < numbers[-1], capacity_in_mAh_g=into,
            capacity_out_mAh_g=out, coulombic_efficiency=out / into if both else None,
            capacity_kept=_kept(into, out, found[0] if found else None),
            voltage_hysteresis_V=_hysteresis([half for half in halves if half.cycle == number]),
            hoop_max_GPa=float(data["hoop_max_GPa"][rows].max()), hoop_min_GPa=float(data["hoop_min_GPa"][rows].min()),
            diameter_ratio=float(across[rows[-1]] / across[0]),
            converted_fraction=float(data["converted_fraction"][rows[-1]])))
    return [asdict(cycle) for cycle in found]


def carried_whole(columns: Columns) -> NDArray[np.bool_]:
    """Rows (n,) of a history whose potential is that of the whole current given; all of them under a protocol.

    While the first skin comes in, the front takes less than the current, at the cut-off. Cycles are one line.
    """
    current = np.asarray(columns["current_density_mA_cm2"], dtype=float)
    if "cycle" in columns:
        return np.ones(len(current), dtype=bool)
    return np.asarray(current > WHOLE * current.max(initial=0.0))


def half_cycles(columns: Columns) -> list[HalfCycle]:
    """The history cut where the current changes its sign.

    The first rows of an insertion, in which a front that is only entering does not take the whole current yet, are left
    out. Empty where the history is not that of a protocol.
    """
    if not set(NEEDED) <= set(columns):
        return []
    data = {name: np.asarray(columns[name], dtype=float) for name in NEEDED}
    current = data["current_density_mA_cm2"]
    # A rest carries rounding only; it belongs to what was done before it.
    small = NOTHING * float(np.max(np.abs(current), initial=0.0))
    flowing = np.flatnonzero(np.abs(current) > small)
    if not len(flowing):
        return []
    turns = flowing[1:][np.diff(np.sign(current[flowing])) != 0.0]
    found = []
    for first, end in zip([flowing[0], *turns], [*turns, len(current)], strict=True):
        rows = np.arange(first, end)
        # What is given is judged by the first step alone: a hold after it may begin with more.
        size = np.abs(current[rows]) * (data["step"][rows] == data["step"][first])
        rows = rows[np.argmax(size > WHOLE * size.max()):]
        found.append(HalfCycle(int(data["cycle"][first]), int(data["step"][first]), bool(current[first] > 0.0),
                               data["capacity_mAh_g"][rows], data["potential_V"][rows]))
    return found


def _kept(into: float, out: float, first: Cycle | None) -> float | None:
    """Capacity out, or in where the first cycle gave nothing out, over that of the first cycle (None: is the first)."""
    if first is None:
        return 1.0 if max(into, out) > 0.0 else None
    leaves = first.capacity_out_mAh_g > NOTHING * first.capacity_in_mAh_g
    reference = first.capacity_out_mAh_g if leaves else first.capacity_in_mAh_g
    return (out if leaves else into) / reference if reference > 0.0 else None


def _hysteresis(halves: Sequence[HalfCycle]) -> float | None:
    """Potential out less potential in, V, at the middle of the capacities that both half cycles cover."""
    into, out = (next((half for half in halves if half.inserts is inserts and len(half.capacity) > 1), None)
                 for inserts in (True, False))
    if into is None or out is None:
        return None
    low = max(float(half.capacity.min()) for half in (into, out))
    high = min(float(half.capacity.max()) for half in (into, out))
    return _at(out, 0.5 * (low + high)) - _at(into, 0.5 * (low + high)) if low < high else None


def _at(half: HalfCycle, capacity: float) -> float:
    """Potential of a half cycle at a capacity, V."""
    order = np.argsort(half.capacity, kind="stable")
    return float(np.interp(capacity, half.capacity[order], half.potential[order]))
