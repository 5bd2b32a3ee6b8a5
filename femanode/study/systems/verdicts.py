"""What can be said of a prediction beside an observation, in four words, against what the inputs allow.

The band of a figure is the set of values that it takes as each input goes to the ends of its range, one at a time, and
with a front of no thickness. A verdict is that of the band, not of the one value in its middle:

- agrees: the value is within the observation's tolerance, and no end of a range moves it far from there;
- disagrees: neither the value nor any end of a range reaches the observation;
- not contradicted: the same, of an observation that is a bound or seen at a stage that nobody states;
- not decidable: the inputs allow both, an input was chosen from the observation, or there is no such figure.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from femanode.postprocess.observations import Observation, bounds_of

AGREES, DISAGREES = "agrees", "disagrees"
OPEN, UNDECIDED = "not contradicted", "not decidable"
#: Relative tolerance of an observed number that states none.
TOLERANCE = 0.1
#: How many times farther than its observation a band may reach for the value in its middle to count.
FAR = 2.0

Figure = float | str | None


@dataclass(frozen=True)
class Verdict:
    """One of the four words, and why in a few words."""

    word: str
    why: str = ""

    def __str__(self) -> str:
        return f"{self.word} ({self.why})" if self.why else self.word


def judge(fact: Observation, value: Figure, band: Sequence[Figure] = (), fitted: Sequence[str] = (),
          missing: str = "", *, least: bool = False) -> Verdict:
    """The verdict on one prediction.

    Parameters
    ----------
    fact : Observation
    value : float, str or None
        The prediction with the inputs as they stand; None where there is none.
    band : sequence of float, str or None
        The same with each input at either end of its range, and the like; what is None is left out.
    fitted : sequence of str
        Inputs that were chosen from this observation.
    missing : str
        Why there is no prediction.
    least : bool
        The prediction is a lower bound: it contradicts only what lies below it.

    Returns
    -------
    Verdict
    """
    if value is None or (isinstance(value, float) and not math.isfinite(value)):
        return Verdict(UNDECIDED, missing or "the run has no such figure")
    if fitted:
        return Verdict(UNDECIDED, f"put in: {', '.join(fitted)} was chosen from it")
    values = [value, *(one for one in band if one is not None and one == one)]
    if isinstance(fact.observed, str) or any(isinstance(one, str) for one in values):
        return _of_words(fact.observed, [str(one) for one in values])
    return _of_numbers(fact, [float(one) for one in values], least)


def _of_words(observed: Any, values: Sequence[str]) -> Verdict:
    """Verdict on words, such as a regime."""
    same = [one == observed for one in values]
    if all(same):
        return Verdict(AGREES)
    if not any(same):
        return Verdict(DISAGREES)
    return Verdict(UNDECIDED, f"the inputs allow {' and '.join(dict.fromkeys(values))}")


def _of_numbers(fact: Observation, values: Sequence[float], least: bool) -> Verdict:
    """Verdict on numbers, ranges and bounds; the first value is the prediction."""
    low, high = bounds_of(fact.observed)
    slack = fact.tolerance if fact.tolerance is not None else TOLERANCE
    if not isinstance(fact.observed, Mapping) and fact.quantity != "lobes":
        low, high = low - slack * abs(low), high + slack * abs(high)
    if least:
        low = -math.inf
    inside = [low <= one <= high for one in values]
    # Between two values of a band lie all those in between.
    reached = any(inside) or (min(values) < low and max(values) > high)
    said = f"the band is {min(values):.3g} to {max(values):.3g}"
    if not reached:
        return Verdict(UNDECIDED, "it is not said at which stage it was seen") if fact.stage != "stated" else Verdict(
            DISAGREES)
    if least or not fact.disputes:
        return Verdict(OPEN) if all(inside) else Verdict(UNDECIDED, said)
    if inside[0] and _near(values, low, high):
        return Verdict(AGREES)
    return Verdict(UNDECIDED, said)


def _near(values: Sequence[float], low: float, high: float) -> bool:
    """Whether a band stays within a factor `FAR` of what was observed."""
    if low <= 0.0:
        reach = FAR * max(high - low, abs(low), abs(high))
        return low - reach <= min(values) and max(values) <= high + reach
    return min(values) >= low / FAR and max(values) <= high * FAR


def overall(verdicts: Sequence[Verdict]) -> str:
    """One word for a system: what speaks against it first, then what speaks for it."""
    words = [verdict.word for verdict in verdicts]
    return next((word for word in (DISAGREES, AGREES, OPEN) if word in words), UNDECIDED)
