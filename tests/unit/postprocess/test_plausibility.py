"""What is outside of physics is said, and what is within is not."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import femanode
from femanode.cli.brief import describe_result
from femanode.config.loading import Config
from femanode.output.fieldset import FieldSet
from femanode.postprocess import plausibility
from femanode.postprocess.plausibility import implausible
from femanode.postprocess.record import Recorder
from femanode.solver.problem import build_problem
from femanode.solver.state import State
from tests.fronts import coarse_case


@pytest.fixture
def start() -> tuple[Recorder, FieldSet, State]:
    """An unstressed silicon wire that nothing has happened to."""
    problem = build_problem(Config.from_mapping(coarse_case(geometry={"shape": "circle", "diameter": "60 nm"})))
    record, state = Recorder(problem), problem.initial_state()
    record.initial(state)
    return record, FieldSet(problem, state), state


def test_a_wire_at_rest_is_plausible(start: tuple[Recorder, FieldSet, State]) -> None:
    assert implausible(*start[:2]) == []


@pytest.mark.parametrize(("column", "value", "said"), [
    ("energy_gap", -0.09, "the power balance is open by -9 %"), ("energy_gap", 0.049, ""),
    ("content_error", 2e-5, "the carrier balance of a step is off by 2.0e-05"), ("content_error", 1e-9, ""),
    ("eqps_max", 6.0, "equivalent plastic strain reaches 6.0"), ("eqps_max", 2.0, ""),
    # the host flows at 7 GPa: 2/sqrt(3) of that is 8.08, and half as much again 12.1
    ("hoop_surface_max_GPa", 14.0, "surface hoop stress reaches 14 GPa, 2.0 times the flow stress of the skin, 7 GPa"),
    ("hoop_surface_max_GPa", 8.0, "")])
def test_figures_of_the_record(start: tuple[Recorder, FieldSet, State], column: str, value: float, said: str) -> None:
    record, fields, _ = start
    record.rows.append({**record.rows[0], "state_of_charge": 1e-3, column: value})
    found = implausible(record, fields)
    assert len(found) == bool(said)
    assert not said or found[0].startswith(said)


def test_no_balance_is_drawn_of_rounding(start: tuple[Recorder, FieldSet, State]) -> None:
    record, fields, _ = start
    # as a wire is after ten minutes at its open-circuit potential
    record.rows.append({**record.rows[0], "state_of_charge": 3.7e-19, "energy_gap": -0.12})
    assert implausible(record, fields) == []


@pytest.mark.parametrize(("change", "said"), [
    # J of the plane: the wire blown up threefold and pressed to half
    ({"u": 3.0}, "volume ratio reaches 16.00, above the 4.37 that full content explains"),
    ({"u": -0.5}, "volume ratio falls to 0.25, below the 0.85"),
    ({"depletion": -0.25}, "content leaves [0, 1]: 1.1 to 1.1"), ({"depletion": 0.2}, "")])
def test_fields_of_the_last_state(start: tuple[Recorder, FieldSet, State], change: dict[str, float], said: str) -> None:
    record, fields, state = start
    full = replace(state, xi=np.ones_like(state.xi))
    moved: dict[str, Any] = {}
    if "u" in change:
        moved["u"] = change["u"] * fields.problem.physics.spaces.nodes
    else:
        moved["depletion"] = np.full_like(state.depletion, change["depletion"])
        # grown to its size: 3.8 in volume
        moved["u"] = (np.sqrt(3.0) - 1.0) * fields.problem.physics.spaces.nodes
    found = implausible(record, FieldSet(fields.problem, replace(full, **moved)))
    assert [text for text in found if said and text.startswith(said)] or not said, found
    assert said or not [text for text in found if text.startswith(("content", "volume"))]


@pytest.mark.parametrize(("kelvin", "told"), [(300, False), (253, False), (150, True), (500, True)])
def test_a_temperature_that_no_battery_has(kelvin: int, told: bool) -> None:
    problem = build_problem(Config.from_mapping(coarse_case(temperature=f"{kelvin} K")))
    record, state = Recorder(problem), problem.initial_state()
    record.initial(state)
    found = implausible(record, FieldSet(problem, state))
    assert [text for text in found if text.startswith(f"a temperature of {kelvin} K lies outside")] == found
    assert bool(found) == told


def test_terminal_summary_and_page_say_it(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(plausibility, "ENERGY_GAP", 0.0)
    case = coarse_case(geometry={"shape": "circle", "diameter": "60 nm"}, time={"end": "30 s"},
                       output={"frames": 2, "pictures": True})
    result = femanode.run(Config.from_mapping(case), tmp_path / "run")
    (said,) = [text for text in result.summary["warnings"] if text.startswith("the power balance is open")]
    assert f"warning: {said}" in describe_result(result)
    assert said in (tmp_path / "run" / "report.html").read_text(encoding="utf-8")
