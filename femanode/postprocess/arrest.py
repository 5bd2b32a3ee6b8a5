"""How a front comes to rest: where its drive v/k fell below two levels, when it stood, and whether stress stopped it.

A front that has almost stopped creeps on for long. The conversion at which v/k fell below 0.3 and 0.1 is therefore
known far better than the place and the time of rest.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from femanode.numerics.arrays import Array

#: v/k below which the front has lost most of its drive, and below which it counts as about to stop.
SLOW, CREEPING = 0.3, 0.1

#: Depth of the remaining host, in half-thicknesses of the front, below which the fronts from opposite sides have
#: merged: what converts then is no longer a travelling front.
MERGED = 2.0


def falls_below(along: Array, drive: Array, level: float) -> float | None:
    """Where the drive falls below a level and does not rise above it again, linear between rows.

    Parameters
    ----------
    along : (n,)
        What to read off: converted fraction or time, by row.
    drive : (n,)
        v/k, mean over the front; NaN in rows without a front.
    level : float

    Returns
    -------
    float or None
        None where the drive ends above the level, or never was above it.
    """
    known = np.isfinite(drive)
    along, drive = along[known], drive[known]
    above = np.flatnonzero(drive >= level)
    if not len(above) or above[-1] == len(drive) - 1:
        return None
    k = int(above[-1])
    share = (drive[k] - level) / (drive[k] - drive[k + 1])
    return float(along[k] + share * (along[k + 1] - along[k]))


def figures(t: Array, fraction: Array, drive: Array, *, stopped: bool) -> dict[str, Any]:
    """The figures of a front that slows down, for the summary.

    Parameters
    ----------
    t, fraction, drive : (n,)
        Time (s), converted fraction and v/k of every row.
    stopped : bool
        Whether the run ended because the front stood still.
    """
    began = falls_below(t, drive, CREEPING)
    return {"converted_at_drive_0_3": falls_below(fraction, drive, SLOW),
            "converted_at_drive_0_1": falls_below(fraction, drive, CREEPING),
            "arrest_time_s": float(t[-1]) if stopped else None,
            "arrest_time_range_s": [float(t[0]) if began is None else began, float(t[-1])] if stopped else None}


def self_limit(stop: str, arrest: float | None, drive: float, lost: float, unstressed: float, host: float,
               delta: float, *, stopped: bool) -> dict[str, Any]:
    """Whether stress stopped the front, by which criterion that is said, and if it did not, why not.

    Parameters
    ----------
    stop : str
        Why the run ended, in words.
    arrest : float or None
        v/k at which a front counts as standing still.
    drive, lost : float
        v/k at the end, and activity lost on the way from outside to the front.
    unstressed : float
        v/k of a front without stress at the activity outside.
    host, delta : float
        Largest distance of a host point from the front, and the front's half-thickness, nm.
    stopped : bool
        Whether the run ended because the front stood still.
    """
    criterion = None if arrest is None else (
        f"v/k <= {arrest:g} by stress: some host is {MERGED:g} half-thicknesses ({MERGED * delta:.3g} nm) or more from "
        f"the front, and the activity lost on the way to the front is no more than {arrest:g} or than v/k")
    why = None
    if not stopped:
        why = stop
    elif host < MERGED * delta:
        why = (f"fronts have merged: no host is farther than {host:.3g} nm from the front, "
               f"{MERGED:g} half-thicknesses are {MERGED * delta:.3g} nm")
    elif arrest is not None and unstressed <= arrest:
        why = f"no drive: without stress v/k would be {unstressed:.2g}"
    elif arrest is not None and lost > max(arrest, drive):
        why = f"want of carriers: {lost:.2g} of the activity is lost on the way to the front, where v/k is {drive:.2g}"
    return {"self_limited": why is None, "self_limited_criterion": criterion, "not_self_limited_because": why}
