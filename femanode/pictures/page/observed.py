"""What was observed beside what a run predicts, with the words for how the two stand to each other."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from femanode.pictures.page import rows
from femanode.pictures.page.chartcase import Case
from femanode.postprocess.observations import Comparison, Observation


@dataclass(frozen=True)
class Prediction:
    """One run's value beside an observation, in words; ``verdict`` is good, off or none."""

    value: str
    error: str
    verdict: str


@dataclass(frozen=True)
class Beside:
    """An observation with the prediction of every case; None where it does not speak of a case."""

    fact: Observation
    name: str
    observed: str
    predictions: list[Prediction | None]


def beside(cases: Sequence[Case]) -> list[Beside]:
    """Every observation that speaks of a case, with the predictions."""
    found: dict[int, Beside] = {}
    for number, case in enumerate(cases):
        for item in case.facts.comparisons:
            fact = item.observation
            key = fact.quantity
            name = (f"Diameter along {key.removeprefix('diameter')} over initial" if key.startswith("diameter<")
                    else rows.MEANING[key].name if key in rows.MEANING else key)
            row = found.setdefault(id(fact), Beside(fact, name, _observed(key, fact.observed), [None] * len(cases)))
            row.predictions[number] = _prediction(item, case)
    return list(found.values())


def _prediction(item: Comparison, case: Case) -> Prediction:
    """A prediction and its error in words."""
    value = rows.written(item.observation.quantity, item.predicted)
    if item.predicted is None:
        why = "no such figure from this run" if case.facts.finished else "ended before the front did"
        return Prediction(value, why, "none")
    if case.facts.past(item.observation.quantity):
        return Prediction(value, "at the run's end, after carriers have left again", "none")
    if item.agrees or item.error == 0.0:
        # What could not have contradicted the prediction cannot agree with it either.
        return (Prediction(value, "agrees", "good") if item.observation.disputes
                else Prediction(value, "not contradicted", "none"))
    if item.agrees is None and item.error is not None and not item.observation.disputes:
        return Prediction(value, f"{_signed(item.error)}, at an unstated stage", "none")
    if item.agrees is None and item.error is not None:
        return Prediction(value, _signed(item.error), "good" if abs(item.error) <= 0.1 else "off")
    return Prediction(value, "differs" if item.error is None else f"{_signed(item.error)} off the nearer end", "off")


def _signed(error: float) -> str:
    """A relative error in per cent."""
    return f"{100 * error:+.0f} %".replace("-", "\N{MINUS SIGN}")


def _observed(key: str, observed: Any) -> str:
    """An observed value, range or bound with its unit."""
    if isinstance(observed, Mapping):
        words = {"at_least": "at least", "at_most": "at most"}
        return ", ".join(f"{words[end]} {rows.written(key, value)}" for end, value in observed.items())
    if isinstance(observed, tuple):
        return " to ".join(rows.written(key, end) for end in observed)
    return rows.written(key, observed)
