"""verdicts: cases made by hand, each with the verdict that a reader would give."""

from __future__ import annotations

from typing import Any

import pytest

from femanode.postprocess.observations import Observation
from femanode.study.systems.verdicts import AGREES, DISAGREES, OPEN, UNDECIDED, Verdict, judge, overall


def fact(observed: Any, quantity: str = "converted_fraction", **more: Any) -> Observation:
    return Observation(quantity=quantity, observed=observed, says="", source="", confidence="A", **more)


@pytest.mark.parametrize(("observed", "value", "band", "word"), [
    # a number, 10 % where nothing is said of its tolerance
    (0.55, 0.58, (0.50, 0.70), AGREES),
    (0.55, 0.62, (0.58, 0.80), UNDECIDED),       # the value misses, an end of a range does not
    (0.55, 0.62, (0.30, 0.80), UNDECIDED),       # what was seen lies between the ends
    (0.55, 0.30, (0.10, 0.45), DISAGREES),
    (0.55, 0.95, (0.70, 1.00), DISAGREES),
    (0.55, 0.30, (), DISAGREES),                 # no band: the value alone
    (0.55, 0.55, (0.20, 0.60), UNDECIDED),       # a band from a fifth: agreement in its middle is worth nothing
    (0.55, 0.55, (0.50, 1.30), UNDECIDED),
    # a range, widened by its tolerance
    ((0.6, 0.9), 0.75, (0.7, 0.8), AGREES),
    ((0.6, 0.9), 0.02, (-0.01, 0.05), DISAGREES),
    ((0.6, 0.9), 0.02, (-0.01, 0.60), UNDECIDED),
    # bounds: kept is never more than not contradicted
    ({"at_least": 0.99}, 0.992, (0.991, 1.0), OPEN),
    ({"at_least": 0.99}, 0.77, (0.6, 0.9), DISAGREES),
    ({"at_least": 0.99}, 0.77, (0.6, 0.995), UNDECIDED),
    ({"at_most": 0.99}, 0.58, (0.4, 0.6), OPEN),
    # words
    ("DCR", "DCR", ("DCR", "DCR"), AGREES),
    ("DCR", "ICR", ("ICR",), DISAGREES),
    ("DCR", "ICR", ("mixed", "DCR"), UNDECIDED),
    ("DCR", "DCR", ("mixed",), UNDECIDED),
    # no figure
    (0.55, None, (0.5,), UNDECIDED),
    (0.55, float("nan"), (0.5,), UNDECIDED),
])
def test_verdict_against_the_band(observed: Any, value: Any, band: tuple[Any, ...], word: str) -> None:
    assert judge(fact(observed), value, band).word == word


def test_an_observation_with_a_tolerance_of_its_own() -> None:
    assert judge(fact(1.0, tolerance=0.05), 1.08).word == DISAGREES
    assert judge(fact(1.0), 1.08).word == AGREES


def test_lobes_are_counted_without_tolerance() -> None:
    assert judge(fact(4, "lobes"), 4.0).word == AGREES
    assert judge(fact(40, "lobes"), 39.0).word == DISAGREES


def test_a_stage_that_nobody_states_contradicts_nothing() -> None:
    seen = fact(2.62, "diameter<110>", stage="unstated")
    assert judge(seen, 2.5).word == OPEN
    assert judge(seen, 1.4) == Verdict(UNDECIDED, "it is not said at which stage it was seen")


def test_what_was_put_in_is_no_agreement() -> None:
    verdict = judge(fact("DCR"), "DCR", ("DCR",), ["transport.diffusivity"])
    assert verdict == Verdict(UNDECIDED, "put in: transport.diffusivity was chosen from it")


def test_a_lower_bound_contradicts_what_lies_below_it_only() -> None:
    seen = fact(300, "critical_diameter_nm", tolerance=0.25)
    # 300 nm, and 375 nm with its tolerance: a wire said to bear 371 nm or more is not contradicted, one of 400 is
    assert judge(seen, 371.0, least=True).word == OPEN
    assert judge(seen, 90.0, least=True).word == OPEN
    assert judge(seen, 400.0, least=True).word == DISAGREES
    assert judge(seen, 400.0, (200.0,), least=True).word == UNDECIDED


def test_reasons_say_what_the_inputs_allow() -> None:
    assert judge(fact(0.55), 0.62, (0.3, 0.8)).why == "the band is 0.3 to 0.8"
    assert judge(fact("DCR"), "ICR", ("mixed",)).why == ""
    assert judge(fact("ICR"), "ICR", ("mixed",)).why == "the inputs allow ICR and mixed"
    assert judge(fact(0.55), None, missing="solver failed").why == "solver failed"


def test_a_system_is_told_by_what_speaks_against_it_first() -> None:
    assert overall([Verdict(AGREES), Verdict(DISAGREES)]) == DISAGREES
    assert overall([Verdict(OPEN), Verdict(AGREES), Verdict(UNDECIDED)]) == AGREES
    assert overall([Verdict(UNDECIDED), Verdict(OPEN)]) == OPEN
    assert overall([Verdict(UNDECIDED)]) == overall([]) == UNDECIDED
