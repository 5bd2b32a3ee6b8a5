"""A protocol whose first steps cannot begin starts with the first that can, or ends at once; both are said."""

from __future__ import annotations

from pathlib import Path

import femanode
from femanode.config.loading import Config
from femanode.simulation.result import Result
from tests.fronts import coarse_case


def run(folder: Path, *steps: str) -> Result:
    case = coarse_case(boundary={"protocol": list(steps)}, output={"pictures": False})
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
