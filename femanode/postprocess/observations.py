"""What experiments saw, chosen for a run and put beside its predictions.

The facts are in ``observations.yaml``; this module finds those that speak of a run's system, size and axis, and says
how far the prediction is off.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Any

from femanode.config.yamlio import parse_yaml

_FILE = Path(__file__).with_name("observations.yaml")


@dataclass(frozen=True)
class Observation:
    """One fact.

    Parameters
    ----------
    quantity : str
        Key of ``summary.json`` or a derived name (``lobes``, ``diameter<110>``, ...).
    observed : float, str, (float, float) or mapping
        Value, word, range, or ``{at_least: x}`` / ``{at_most: x}``.
    says, caution, source, confidence : str
        The fact in words, what to mind when comparing, where it is from, and A, B or C.
    system, where : mapping
        What the run must match.
    stage : str
        ``unstated`` where nothing says how far the reaction had come when it was seen; the run's end then stands beside
        another stage.
    """

    quantity: str
    observed: Any
    says: str
    source: str
    confidence: str
    caution: str = ""
    system: Mapping[str, str] | None = None
    where: Mapping[str, Any] | None = None
    stage: str = "stated"

    @property
    def disputes(self) -> bool:
        """Whether it could have contradicted a prediction from either side, so that agreement is worth the word."""
        return self.stage == "stated" and not isinstance(self.observed, Mapping)


@dataclass(frozen=True)
class Subject:
    """What of a run decides which observations speak of it; None where the run does not say."""

    carrier: str | None = None
    host: str | None = None
    structure: str | None = None
    diameter_nm: float | None = None
    axis: Sequence[int] | None = None
    body: str = "wire"


@dataclass(frozen=True)
class Comparison:
    """A prediction beside an observation.

    Parameters
    ----------
    observation : Observation
    predicted : float, str or None
        None where the run has no such figure.
    error : float or None
        predicted/observed - 1, against the nearer end of a range and 0 within it; None for words.
    agrees : bool or None
        For words, counts, ranges and bounds; None for plain numbers, which only have an error.
    """

    observation: Observation
    predicted: float | str | None
    error: float | None
    agrees: bool | None


@lru_cache(maxsize=1)
def all_observations() -> tuple[Observation, ...]:
    """Every fact in the package's file, in its order."""
    rows, _ = parse_yaml(_FILE.read_text(encoding="utf-8"), str(_FILE))
    return tuple(_read(row) for row in rows)


def _read(row: dict[str, Any]) -> Observation:
    """A fact as written, ranges as pairs."""
    observed = row.pop("observed")
    return Observation(observed=tuple(observed) if isinstance(observed, list) else observed, **row)


def observations_for(subject: Subject) -> list[Observation]:
    """The facts that speak of a run, in the order of the file.

    Parameters
    ----------
    subject : Subject

    Returns
    -------
    list of Observation
    """
    return [fact for fact in all_observations() if _speaks_of(fact, subject)]


def _speaks_of(fact: Observation, subject: Subject) -> bool:
    """Whether system, body, diameter and axis family fit."""
    if any(getattr(subject, key) != value for key, value in (fact.system or {}).items()):
        return False
    where = fact.where or {}
    if where.get("body", "wire") != subject.body:
        return False
    if "diameter_nm" in where:
        low, high = where["diameter_nm"]
        if subject.diameter_nm is None or not low <= subject.diameter_nm <= high:
            return False
    return "axis" not in where or (subject.axis is not None and family(subject.axis) == family(where["axis"]))


def family(direction: Sequence[int]) -> tuple[int, ...]:
    """A cubic family: magnitudes of the indices, sorted."""
    return tuple(sorted(abs(int(i)) for i in direction))


def compare(fact: Observation, predicted: float | str | None) -> Comparison:
    """Put a prediction beside a fact.

    Parameters
    ----------
    fact : Observation
    predicted : float, str or None

    Returns
    -------
    Comparison
    """
    observed = fact.observed
    if predicted is None or (isinstance(predicted, float) and not math.isfinite(predicted)):
        return Comparison(fact, None, None, None)
    if isinstance(observed, str) or isinstance(predicted, str):
        return Comparison(fact, predicted, None, predicted == observed)
    if fact.quantity == "lobes":
        return Comparison(fact, predicted, None, predicted == observed)
    low, high = _bounds(observed)
    if low == high:
        return Comparison(fact, predicted, predicted / low - 1.0 if low else None, None)
    nearest = min(max(predicted, low), high)
    return Comparison(fact, predicted, predicted / nearest - 1.0 if nearest else None, low <= predicted <= high)


def _bounds(observed: Any) -> tuple[float, float]:
    """Lower and upper end of an observed number, range or bound."""
    if isinstance(observed, Mapping):
        return float(observed.get("at_least", -math.inf)), float(observed.get("at_most", math.inf))
    if isinstance(observed, tuple):
        return float(observed[0]), float(observed[1])
    return float(observed), float(observed)
