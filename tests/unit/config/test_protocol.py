"""Sentences of a protocol: what they mean, that they read back, and what is refused."""

from __future__ import annotations

import pytest
from pydantic import BaseModel, ValidationError

from femanode.config.protocol import Current, End, ProtocolStep


class Holder(BaseModel):
    step: ProtocolStep


def read(value: object) -> object:
    return Holder(step=value).step  # type: ignore[arg-type]


@pytest.mark.parametrize(("text", "kind", "current", "potential", "ends"), [
    ("Lithiate at C/5 until 10 mV", "insert", Current(0.2), None, (End(potential=0.01),)),
    ("lithiate  at 0.2C until 10mV", "insert", Current(0.2), None, (End(potential=0.01),)),
    ("Sodiate at 2 C until 0.1 V or for 30 min", "insert", Current(2.0), None,
     (End(potential=0.1), End(time=1800.0))),
    ("Hold at 10 mV until C/50 or for 2 h", "hold", None, 0.01, (End(current=Current(0.02)), End(time=7200.0))),
    ("Hold at 10 mV until C/50 or arrest", "hold", None, 0.01, (End(current=Current(0.02)), End(arrest=True))),
    ("Rest for 30 min", "rest", None, None, (End(time=1800.0),)),
    ("Delithiate at 0.1 mA/cm^2 until 1 V or for 10 h", "extract", Current(density=0.1), None,
     (End(potential=1.0), End(time=36000.0))),
    ("Lithiate at C/10 until 50 %", "insert", Current(0.1), None, (End(charge=0.5),)),
    ({"lithiate": "C/5", "until": "10 mV", "for": "10 h"}, "insert", Current(0.2), None,
     (End(potential=0.01), End(time=36000.0))),
    ({"hold": "10 mV", "until": ["C/50", "arrest"]}, "hold", None, 0.01,
     (End(current=Current(0.02)), End(arrest=True))),
    ({"rest": "30 min"}, "rest", None, None, (End(time=1800.0),)),
])
def test_what_a_step_means(text: object, kind: str, current: Current | None, potential: float | None,
                           ends: tuple[End, ...]) -> None:
    step = read(text)
    assert (step.kind, step.current, step.potential, step.ends) == (kind, current, potential, ends)  # type: ignore[attr-defined]


@pytest.mark.parametrize("text", ["Lithiate at C/7 until 12.3 mV or for 7 min", "Hold at 0.3 V until 1e-3 mA/cm^2",
                                  "Rest for 1 h", "Desodiate at 3C until 33 % or arrest"])
def test_a_step_reads_back_to_the_same(text: str) -> None:
    step = read(text)
    assert read(Holder(step=step).model_dump(mode="json")["step"]) == step  # type: ignore[arg-type]


@pytest.mark.parametrize(("text", "words"), [
    ("Charge at C/5 until 10 mV", ("Charge", "Lithiate or Delithiate")),
    ("Discharge at C/5 until 10 mV", ("Discharge", "Delithiate")),
    ("Insert at C/5 until 10 mV", ("Insert",)),
    ("Lithiate at C/5", ("without an end",)),
    ("Lithiate until 10 mV", ("without what is applied", "C/5")),
    ("Hold until C/50", ("without what is applied", "10 mV")),
    ("Lithiate at 5 until 10 mV", ("current '5'",)),
    ("Lithiate at C/0 until 10 mV", ("current 'C/0'",)),
    ("Lithiate at C/5 until 10", ("until 10",)),
    ("Lithiate at C/5 until 120 %", ("until 120 %",)),
    ("Lithiate at C/5 for ever", ("ever",)),
    ("Lithiate quickly", ("Lithiate quickly",)),
    ("Lithiate at C/5 until C/50", ("a current as the end",)),
    ("Hold at 10 mV until 20 mV", ("a potential as the end of a hold",)),
    ("Rest at 1 V for 1 h", ("Rest at 1 V",)),
    ("Walk for 1 h", ("Walk",)),
    ("", ("''",)),
    ({"lithiate": "C/5", "hold": "1 V"}, ("lithiate, hold",)),
    ({"until": "1 V"}, ("until",)),
    (5, ("5",)),
])
def test_what_is_refused_says_what_was_found(text: object, words: tuple[str, ...]) -> None:
    with pytest.raises(ValidationError) as caught:
        read(text)
    message = str(caught.value.errors()[0])
    for word in words:
        assert word in message
