"""What a chart of the report draws: a run under the name it has in the legend, and what of it is read."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from femanode.numerics.arrays import Array
from femanode.pictures.curves import time_scale
from femanode.postprocess.runfacts import RunFacts

#: Frames from which profiles and Eq. (1) are taken at most; more add no line that an eye tells apart.
MOST_FRAMES = 24


@dataclass(frozen=True)
class Measured:
    """A measured curve beside a run.

    Attributes
    ----------
    key : column of the history that was measured
    file : name of the table
    time : (n,) s
    capacity : (n,) mAh/g, for the potential: NaN after the end of the run; None for others
    value : (n,)
    apart : computed less measured, root mean square over what lies within the run, in ``unit``
    unit : of value and apart
    count : how many lie within the run
    """

    key: str
    file: str
    time: Array
    capacity: Array | None
    value: Array
    apart: float
    unit: str
    count: int


@dataclass(frozen=True)
class Case:
    """A run in a chart: its facts, the name in the legend, and what was measured of it."""

    facts: RunFacts
    name: str
    measured: tuple[Measured, ...] = ()


def column(case: Case, name: str) -> Array | None:
    """A column of the history as numbers; None where there is none."""
    return case.facts.run.columns.get(name)


def stages(case: Case, count: int) -> list[int]:
    """Frames at even steps of converted fraction (of time under a protocol or without one), the last included."""
    times = case.facts.run.frames.times
    t, f = column(case, "time_s"), column(case, "converted_fraction")
    standing = column(case, "cycle") is not None  # the front stands still for most of a cycle
    progress = times if standing or t is None or f is None or not len(t) else np.interp(times, t, f)
    wanted = np.linspace(progress[0], progress[-1], count + 1)[1:]
    return sorted({int(np.argmin(np.abs(progress - w))) for w in wanted[:-1]} | {len(times) - 1})


def measured(cases: Sequence[Case], key: str) -> list[tuple[Case, Measured]]:
    """The runs with a measured curve of a column; the curve is the same for all, how far it is from each is not."""
    return [(case, curve) for case in cases for curve in case.measured if curve.key == key]


def clock(cases: Sequence[Case]) -> tuple[float, str]:
    """Seconds in the page's unit of time, and that unit: one for all charts of the same cases."""
    return time_scale(max(float(case.facts.run.frames.times[-1]) for case in cases))
