"""Barriers and currents: rows read from runs written by hand, and what the page says of the real ones."""

from __future__ import annotations

import json
import math
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest

from femanode.config.loading import Config, dump_config, load_config
from femanode.study.execution.limits import Tell
from femanode.study.execution.store import Outcome, Status, write_outcome
from femanode.study.sweep import sweep
from femanode.study.systems.moved import (
    C_RATE,
    DIFFUSIVITY,
    FLOW,
    FRONT,
    POTENTIAL,
    barrier_eV,
    bond_rows,
    bond_strength,
    current,
    current_rows,
    field,
    sharp_depth,
)
from femanode.study.systems.placing import from_csv

ROOT = Path(__file__).resolve().parents[4]
SAVED = ROOT / "docs" / "systems"
BONDS = from_csv((SAVED / "bond_strength.csv").read_text(encoding="utf-8").splitlines())
FIELDS = from_csv((SAVED / "field.csv").read_text(encoding="utf-8").splitlines())
CURRENTS = from_csv((SAVED / "c_rate.csv").read_text(encoding="utf-8").splitlines())


def by_hand(job: Mapping[str, Any], tell: Tell) -> dict[str, Any]:
    """Performer without processes: a wire that converts evenly, a third in 20 min and then no more."""
    folder = Path(job["folder"])
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "config.yaml").write_text(dump_config(Config.from_mapping(job["config"])))
    (folder / "manifest.json").write_text("{}")
    (folder / "summary.json").write_text(json.dumps({"converted_fraction": 0.3, "crack_risk": 0.1}
                                                    | dict.fromkeys(("penetration_depth_nm", "anisotropy_ratio",
                                                                     "crack_risk_bound", "transport_share", "time_s",
                                                                     "stop_reason", "state_of_charge",
                                                                     "capacity_mAh_g"), 1.0)))
    (folder / "history.csv").write_text("time_s,converted_fraction,front_depth_nm,state_of_charge\n"
                                        "0,0,0,0\n1200,0.3,9,0.2\n")
    outcome = Outcome(job["hash"], Status.DONE, "", wall_s=1.0)
    write_outcome(folder, outcome)
    return {"outcome": outcome.mapping()}


def test_a_factor_of_ten_is_sixty_millivolts() -> None:
    # kT ln 10 at 300 K: 59.5 meV
    assert barrier_eV(0.012) == pytest.approx(0.0595, abs=1e-4)
    assert barrier_eV(1.2) == pytest.approx(-0.0595, abs=1e-4)


def test_rows_are_read_at_the_time_that_is_said(tmp_path: Path) -> None:
    rates = "overrides.front.rates.100, overrides.front.rates.110, overrides.front.rates.111"
    axes = {rates: [["0.002 nm/s", "0.012 nm/s", "0.001 nm/s"], ["0.02 nm/s", "0.12 nm/s", "0.01 nm/s"]],
            "overrides.mechanics.yield_stress": ["0.7 GPa", "1.4 GPa"]}
    sweep({"base": str(ROOT / "configs" / "si_110_129nm.yaml"), "axes": axes}, tmp_path / "bonds", workers=1,
          performer=by_hand)
    row, _, as_bundled, _ = bond_rows(tmp_path / "bonds")
    assert row["converted_after"] == pytest.approx(0.15)  # half of 20 min
    assert row["barrier_eV"] == pytest.approx(0.0595, abs=1e-4)
    assert as_bundled["barrier_eV"] == 0.0
    assert row[FLOW] == 0.7
    axes = {C_RATE: [0.5, 1], "overrides.transport.diffusivity": ["1e-13 cm^2/s", "1e-12 cm^2/s"]}
    sweep({"base": str(ROOT / "configs" / "si_galvanostatic_129nm.yaml"), "axes": axes}, tmp_path / "currents",
          workers=1, performer=by_hand)
    *_, row = current_rows(tmp_path / "currents")
    assert (row[C_RATE], row[DIFFUSIVITY]) == (1, 1e-12)
    assert (row["depth_1h_nm"], row["charge_1h"]) == (9.0, 0.2)  # the run ended before


def test_a_sharp_front_carries_the_current_where_it_stops() -> None:
    config = load_config(ROOT / "configs" / "si_galvanostatic_129nm.yaml")
    # By hand at f = 0.15: p + 2 s/3 = 0.2963 + 0.6667 GPa times 0.014948 nm^3 is 0.08985 eV, of 0.1 eV; kT 0.02585 eV.
    # Full content per hour: 7200 * 0.05/64.5 * sqrt(0.85) * (1 - exp(-0.01015/0.02585)) = 1.671.
    assert sharp_depth(config, 1.671) == pytest.approx(64.5 * (1.0 - math.sqrt(0.85)), rel=2e-3)
    # with 2 s/3 alone, 0.0622 eV: 5.58 * (1 - exp(-1.462)) = 4.29, beyond which it does not begin
    assert sharp_depth(config, 4.25) > 0.0
    assert sharp_depth(config, 4.35) == 0.0


def test_cells_stand_where_their_run_does() -> None:
    figure = bond_strength(BONDS)
    first, _, shape, _ = figure.axes
    assert [tick.get_text() for tick in shape.get_xticklabels()] == ["-0.09", "-0.06", "0", "+0.06", "+0.12"]
    assert [tick.get_text() for tick in first.get_yticklabels()] == ["0.2", "0.4", "0.7", "1", "1.4"]
    shown = {tuple(map(int, text.get_position())): text.get_text() for text in shape.texts
             if "(" not in text.get_text()}
    (row,) = (one for one in BONDS if one[FLOW] == 1.4 and one["barrier_eV"] < -0.08)
    assert shown[0, 4] == f"{row['anisotropy_ratio']:.1f}"
    assert len(shown) == 25


def test_what_the_page_says_of_bonds() -> None:
    def of(flow: float, key: str) -> list[float]:
        return [row[key] for row in sorted(BONDS, key=lambda row: row["barrier_eV"]) if row[FLOW] == flow]

    assert 0.2 < min(of(1.4, "converted_fraction")) < max(of(1.4, "converted_fraction")) < 0.245
    assert min(of(0.7, "converted_fraction")) > 0.899
    assert [round(of(1.0, "converted_fraction")[k], 2) for k in (0, -1)] == [0.59, 0.67]
    assert of(0.2, "converted_after")[-1] < 0.01 < 0.89 < of(0.2, "converted_after")[0]
    assert [of(0.2, "anisotropy_ratio")[k] for k in (0, -1)] == pytest.approx([3.5, 4.15], abs=0.03)
    assert round(of(0.2, "transport_share")[0], 1) == 0.5
    middle = [of(flow, "crack_risk")[2] for flow in (0.2, 0.7, 1.0, 1.4)]
    assert [round(one, 2) for one in middle] == [0.04, 0.4, 0.52, 0.22]


def test_what_the_page_says_of_the_current() -> None:
    fast = sorted((row for row in CURRENTS if row[DIFFUSIVITY] > 1e-12), key=lambda row: row[C_RATE])
    slow = sorted((row for row in CURRENTS if row[DIFFUSIVITY] < 1e-12), key=lambda row: row[C_RATE])
    # a charge is the current times the time; less where the front, still entering, could not take all of it
    for row in fast:
        given = row[C_RATE] * row["time_s"] / 3600.0
        assert (0.99 if row[C_RATE] < 0.5 else 0.45) * given < row["state_of_charge"] < 1.001 * given
    after = {row[C_RATE]: row["depth_1h_nm"] for row in fast}
    assert [round(after[rate], 1) for rate in (0.1, 0.2, 0.5, 2.0, 4.0)] == [4.4, 8.0, 10.7, 7.5, 2.1]
    ends = [row["penetration_depth_nm"] for row in fast]
    assert ends == sorted(ends, reverse=True)
    assert [round(ends[k], 1) for k in (0, 2, 5)] == [11.7, 10.7, 2.1]
    # a front of 4 nm to either side goes deeper than a sharp one, by its width or little more
    assert all(0.0 < end - row["sharp_depth_nm"] < 1.2 * 4.03 for end, row in zip(ends, fast, strict=True))
    assert max(row["transport_share"] for row in CURRENTS) < 0.07
    for one, other in zip(fast, slow, strict=True):
        assert other["penetration_depth_nm"] == pytest.approx(one["penetration_depth_nm"], rel=0.05)
    assert len(current(CURRENTS).axes[0].lines) == 5


def test_what_the_page_says_of_the_field() -> None:
    thick, thin = (sorted((row for row in FIELDS if row[FRONT] == front), key=lambda row: row[POTENTIAL])
                   for front in (4.03, 2.016))
    assert [row[POTENTIAL] for row in thick] == [0, 10, 20, 30, 50]
    rest = [row["converted_fraction"] for row in thick]
    assert [round(one, 2) for one in rest] == [0.33, 0.26, 0.20, 0.13, 0.01]
    assert [round(row["stands_at"], 2) for row in thick] == [0.27, 0.21, 0.15, 0.09, 0.0]
    assert max(abs(row["converted_fraction"] - one) for row, one in zip(thin, rest, strict=True)) < 0.006
    sharp = [row["stands_at"] for row in thick]
    for ends in (rest, sharp):
        assert all(0.055 < ends[k] - ends[k + 1] < 0.07 for k in range(3))
    assert {row["stop_reason"] for row in FIELDS} == {"front arrested"}
    assert len(field(FIELDS).axes[0].lines) == 3
