"""The closing lines of a run say the figures with what they are worth."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from femanode.cli.brief import describe_plan, describe_result
from femanode.config.loading import load_config
from femanode.simulation.result import Result
from femanode.solver.problem import build_problem

SUMMARY = {
    "stop_reason": "front arrested", "time_s": 4320.0, "converted_fraction": 0.62, "warnings": [],
    "penetration_depth_nm": 25.0, "penetration_depth_max_nm": 31.0, "self_limited": True,
    "self_limited_criterion": "v/k <= 0.001 by stress: some host is left", "not_self_limited_because": None,
    "arrest_time_range_s": [2880.0, 4320.0], "converted_at_drive_0_3": 0.45, "converted_at_drive_0_1": 0.55,
    "rate_exponent": 0.8, "rate_exponent_r2": 0.99, "rate_exponent_range_nm": [6.0, 24.0], "rate_exponent_points": 20,
    "regime": "ICR", "transport_share": 0.01, "anisotropy_ratio": 1.01, "anisotropy_ratio_exact": 1.0,
    "hoop_surface_max_GPa": 1.2, "hoop_max_GPa": 1.3, "crack_risk": 0.4, "crack_risk_bound": True,
    "crack_risk_basis": "upper bound at general yield: the whole shell flows; and more",
    "crack_risk_until_fraction": 0.5,
    "crack_site": {"converted_fraction": 0.48, "angle_deg": 52.0, "surface_share": 0.1},
    "interface_thickness_ratio": 0.03}


def said(folder: Path, **changes: object) -> str:
    (folder / "manifest.json").write_text("{}")
    (folder / "summary.json").write_text(json.dumps({**SUMMARY, **changes}))
    return describe_result(Result(folder))


def test_every_figure_stands_with_its_range_and_worth(tmp_path: Path) -> None:
    text = said(tmp_path)
    for line in ("front arrested between 48 and 72 min: 62.0 % converted, front 25.0 nm deep (at its deepest 31.0 nm), "
                 "self-limited (v/k <= 0.001 by stress)\n",
                 "drive v/k below 0.3 from 45.0 % converted on, below 0.1 from 55.0 % converted on\n",
                 "L ~ t^0.80 (r2 0.990; 20 points from 6.0 to 24.0 nm), ICR",
                 "largest over smallest diameter 1.01 (exact: 1.00), surface",
                 "crack risk 0.4 at 48 % converted, 52 degrees from x (taken up to 50 %, where the skin tears): upper "
                 "bound at general yield: the whole shell flows\n"):
        assert line in text


@pytest.mark.parametrize(("frames", "wanted"), [
    ({"shown": 40, "asked_for": 40}, "(40 frames; Warp"), ({"shown": 5, "asked_for": None}, "(5 frames; Warp"),
    ({"shown": 7, "asked_for": 40}, "(7 frames of 40 asked for: one for each step; Warp"),
    ({"shown": 1, "asked_for": 1}, "(1 frame; Warp")])
def test_the_number_of_frames_is_said(frames: dict[str, int | None], wanted: str, tmp_path: Path) -> None:
    said(tmp_path)
    (tmp_path / "manifest.json").write_text(json.dumps({"frames": frames}))
    assert f"frames.pvd  {wanted}" in describe_result(Result(tmp_path))


@pytest.mark.parametrize(("changes", "wanted"), [
    ({"self_limited": False, "not_self_limited_because": "want of carriers: much"},
     "not self-limited (want of carriers"),
    ({"stop_reason": "end time reached", "self_limited": False, "not_self_limited_because": "end time reached",
      "arrest_time_range_s": None}, "end time reached at t = 72.0 min: 62.0 % converted"),
    ({"converted_at_drive_0_3": None, "converted_at_drive_0_1": None}, "drive v/k did not fall below 0.3 for good\n"),
    ({"penetration_depth_max_nm": 24.9}, "front 25.0 nm deep, self-limited"),
    ({"crack_site": None, "crack_risk": 0.0, "crack_risk_bound": False, "crack_risk_until_fraction": 0.62},
     "crack risk 0\n"),
    ({"crack_site": {"converted_fraction": 0.48, "angle_deg": 52.0, "surface_share": 1.0}},
     "at 48 % converted (taken")])
def test_what_does_not_hold_is_not_said(tmp_path: Path, changes: dict[str, object], wanted: str) -> None:
    assert wanted in said(tmp_path, **changes)


def test_a_folder_of_an_older_version_is_told_too(tmp_path: Path) -> None:
    new = ("penetration_depth_max_nm", "self_limited_criterion", "not_self_limited_because", "arrest_time_range_s",
           "converted_at_drive_0_3", "converted_at_drive_0_1", "rate_exponent_range_nm", "rate_exponent_points",
           "anisotropy_ratio_exact", "crack_risk_bound", "crack_risk_basis", "crack_risk_until_fraction", "crack_site")
    text = said(tmp_path)
    (tmp_path / "summary.json").write_text(json.dumps({k: v for k, v in SUMMARY.items() if k not in new}))
    text = describe_result(Result(tmp_path))
    assert "front arrested at t = 72.0 min: 62.0 % converted, front 25.0 nm deep, self-limited\n" in text
    assert "crack risk 0.4\n" in text


CYCLE = {"cycle": 1, "finished": True, "capacity_in_mAh_g": 1224.2, "capacity_out_mAh_g": 1100.0,
         "coulombic_efficiency": 0.8985, "capacity_kept": 1.0, "voltage_hysteresis_V": 0.3127, "hoop_max_GPa": 1.26,
         "hoop_min_GPa": -1.15, "diameter_ratio": 1.0421, "converted_fraction": 0.62}


def test_cycles_and_potential_stand_in_place_of_arrest_and_drive(tmp_path: Path) -> None:
    text = said(tmp_path, stop_reason="protocol finished", potential_V=0.9998, capacity_mAh_g=1.4, cycles=[CYCLE])
    assert "protocol finished at t = 72.0 min: 1.000 V, 1 mAh/g; 62.0 % converted, front 25.0 nm deep\n" in text
    assert ("cycle 1   1224 mAh/g in, 1100 out (89.85 %), hysteresis 0.313 V, hoop -1.15 to 1.26 GPa, diameter 1.042 "
            "of the first\n") in text
    assert "drive" not in text and "self-limited" not in text and "L ~ t" not in text


def test_of_many_cycles_the_first_and_last_are_told(tmp_path: Path) -> None:
    text = said(tmp_path, potential_V=0.01, capacity_mAh_g=1.0, cycles=[{**CYCLE, "cycle": k + 1} for k in range(20)])
    assert [line.split()[1] for line in text.splitlines() if line.startswith("cycle ")] == ["1", "2", "18", "19", "20"]
    assert "15 more in summary.json" in text


def test_a_step_that_could_not_begin_is_told(tmp_path: Path) -> None:
    said(tmp_path, potential_V=0.01, capacity_mAh_g=1.0, cycles=[CYCLE])
    (tmp_path / "manifest.json").write_text(json.dumps({"protocol": [
        {"cycle": 1, "step": 2, "name": "Delithiate at 0.2C until 1.0 V", "ended_by": "not begun: the section holds no "
         "carriers"}]}))
    assert ("step 2 of cycle 1 (Delithiate at 0.2C until 1.0 V) not begun: the section holds no carriers"
            in describe_result(Result(tmp_path)))


def test_without_a_front_nothing_is_said_of_one(tmp_path: Path) -> None:
    (tmp_path / "config.yaml").write_text("initial: {reacted: true}\n")
    text = said(tmp_path, state_of_charge=0.431, converted_fraction=1.0, stop_reason="end time reached")
    assert "end time reached at t = 72.0 min: 43.1 % of full content\n" in text
    for word in ("drive", "front ", "self-limited", "L ~ t"):
        assert word not in text


@pytest.mark.parametrize(("steps", "wanted"), [
    ("Rest until 10 mV", None), ("Delithiate at C/5 until 1 V", None),
    ("Rest for 1 h, Delithiate at C/3 until 1 V, Lithiate at C/5 until 0.2 V", "full after 5.0 h")])
def test_the_current_told_is_the_first_that_goes_in(steps: str, wanted: str | None) -> None:
    # C/5 fills the section in five hours; a rest and a current out of it fill nothing
    settings = ["geometry.diameter=24 nm", f"boundary.protocol=[{steps}]"]
    said = describe_plan(build_problem(load_config("configs/si_cccv_60nm.yaml", settings)))
    told = [line for line in said.splitlines() if line.startswith("current ")]
    assert [line.split(": ")[1] for line in told] == ([wanted] if wanted else [])


def test_the_plan_spells_directions_as_pictures_do() -> None:
    """y is the product of axis and x, (0, 0, -2) for a <110> wire: that or its opposite, whichever has fewer signs."""
    coarse = ["front.half_thickness=8 nm", "mesh.element_size=8 nm"]
    said = describe_plan(build_problem(load_config("configs/si_110_129nm.yaml", coarse)))
    assert "x along [1-10], y along [001], axis [110]" in said
