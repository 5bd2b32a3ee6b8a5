"""How a protocol begins: with the first step that can; a front that is only entering has not fallen to a small current;
a current has what it takes to drive a front, though the phase behind it be full."""

from __future__ import annotations

from pathlib import Path

import femanode
from femanode.config.loading import Config
from femanode.simulation.result import Result
from tests.fronts import coarse_case


def run(folder: Path, *steps: str, **changes: object) -> Result:
    case = coarse_case(boundary={"protocol": list(steps)}, output={"pictures": False}, **changes)
    return femanode.run(Config.from_mapping(case), folder / "out")


def test_nothing_can_be_taken_out_of_a_wire_that_holds_nothing(tmp_path: Path) -> None:
    result = run(tmp_path, "Delithiate at C/5 until 0.1 V", "Rest for 5 s")
    first, second = result.manifest["protocol"]
    assert (first["step"], first["ended_by"]) == (1, "not begun: the section holds no carriers")
    assert (second["step"], second["begun_s"], second["ended_s"]) == (2, 0.0, 5.0)
    assert set(result.history["step"]) == {2}
    assert result.summary["capacity_mAh_g"] == 0.0


def test_a_protocol_of_which_nothing_can_begin_ends_at_once(tmp_path: Path) -> None:
    result = run(tmp_path, "Delithiate at C/5 until 0.1 V")
    assert result.summary["stop_reason"] == "protocol finished" and result.summary["time_s"] == 0.0
    assert len(result.history) == 1
    assert [one["ended_by"] for one in result.manifest["protocol"]] == ["not begun: the section holds no carriers"]


def test_a_front_that_is_only_entering_does_not_end_a_hold(tmp_path: Path) -> None:
    # 1C is far more than flows in the first seconds, in which nothing but the surface converts
    result = run(tmp_path, "Hold at 10 mV until 1C or for 3 s")
    (step,) = result.manifest["protocol"]
    assert (step["ended_by"], step["ended_s"]) == ("time of the step over", 3.0)
    assert (result.history["current_density_mA_cm2"].diff().dropna() >= 0.0).all()


def test_a_current_may_go_below_the_potential_of_the_full_phase_to_drive_a_front(tmp_path: Path) -> None:
    # the phase is full at 0.05 V; C/5 through a front of silicon needs less than that from the first skin on
    result = run(tmp_path, "Lithiate at C/5 until 1 %", material="Li-Si", overrides={"chemistry.law": "open_circuit"},
                 time={"end": "1 h"})
    (step,) = result.manifest["protocol"]
    assert step["ended_by"] == "state of charge reached"
    assert abs(result.summary["state_of_charge"] - 0.01) < 1e-5
