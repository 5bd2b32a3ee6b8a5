"""Power balance: the work that the rate law counts is what is stored and dissipated, whatever the front's shape."""

from __future__ import annotations

from typing import Any

import pytest

from tests.unit.postprocess.test_record import Run

#: Flat fast fronts {110} between slow ones.
FACETED: dict[str, Any] = {"crystal": {"axis": [1, 1, 0], "in_plane": [1, -1, 0]},
                           "overrides": {"front.equilibrium_potential": "0.12 V"}}


def gap(element_size: str, **crystal: Any) -> float:
    """``energy_gap`` of a 60-nm wire with delta = 2 nm, 30 % converted."""
    run = Run(geometry={"shape": "circle", "diameter": "60 nm"}, front={"half_thickness": "2 nm"},
              mesh={"element_size": element_size}, time={"end": "1 h", "stop": {"converted": 0.3}}, **crystal)
    last = run.rows[-1]
    assert last["converted_fraction"] == pytest.approx(0.3, abs=1e-3)
    assert last["swelling_work_nJ_m"] > 0.3 * last["chemical_energy_nJ_m"]
    assert run.summary["steps_against_second_law"] == 0
    return float(last["energy_gap"])


def test_the_balance_of_a_faceted_front_closes() -> None:
    # an average that does not weigh what swells misses 4.6 %
    assert abs(gap("1 nm", **FACETED)) < 0.015


@pytest.mark.parametrize("element_size", ["1 nm", "0.5 nm"])
def test_the_balance_of_a_round_front_closes(element_size: str) -> None:
    # An average that is late by a step misses 10 %, on any elements. What elements leave open has the other sign than
    # what the memory of the stress does: 0.4 and 1.8 %; with twice the memory it is -1.9 and -0.2 %.
    assert abs(gap(element_size)) < 0.03
