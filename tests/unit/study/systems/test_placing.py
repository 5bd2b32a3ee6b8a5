"""Places in the map of regimes against numbers worked out by hand, and times against an integral over the speed."""

from __future__ import annotations

import json
import math
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest
from scipy.integrate import quad
from scipy.optimize import minimize_scalar

from femanode.config.loading import Config, dump_config
from femanode.study.execution.limits import Tell
from femanode.study.execution.store import Outcome, Status, write_outcome
from femanode.study.sweep import sweep
from femanode.study.systems.files import System, find_systems
from femanode.study.systems.placing import (
    as_csv,
    diameter_through,
    ends_of,
    from_csv,
    hours_through,
    interface_energy_through,
    place_of,
    placed_rows,
    stands_at,
)

EV = 0.1602177


def system(name: str) -> System:
    (one,) = find_systems([name])
    return one


# By hand. Si, 129 nm: c_f 0.6, k 0.12 nm/s, D 510 nm^2/s, so 0.12 * 64.5 * 1.5/510; 0.014948 nm^3 per carrier,
# p + 2 s/3 = 0.9056 + 0.6667 GPa, 0.1 eV. Ge, 165 nm: c_f 1/3.75, 1 * 82.5 * 0.3636/2.75; flow stress 0.6373 GPa at the
# front, J 3.43, (0.8594 + 0.6667) * 0.6373 GPa * 0.014671 nm^3 over 0.34 eV.
@pytest.mark.parametrize(("name", "across", "along"), [("li_si_110", 0.022765, 1.4669), ("li_ge", 10.909, 0.2619)])
def test_places_worked_out_by_hand(name: str, across: float, along: float) -> None:
    place = place_of(system(name).config)
    assert place.damkohler == pytest.approx(across, rel=1e-4)
    assert place.work_share == pytest.approx(along, rel=3e-4)


def test_ends_are_those_of_the_ranges() -> None:
    low, high = ends_of(system("li_si_110"))
    # D from 1e-13 to 1.7e-10 cm^2/s (k has a range in <100> alone, the slower); flow stress from 0.72 to 1.75 GPa,
    # which outdoes the potential (0.10 to 0.12 V)
    assert low.damkohler == pytest.approx(0.12 * 64.5 * 1.5 / 17000.0)
    assert high.damkohler == pytest.approx(0.12 * 64.5 * 1.5 / 10.0)
    assert low.work_share == pytest.approx(0.72 * 1.4669, rel=1e-4)
    assert high.work_share == pytest.approx(1.75 * 1.4669, rel=1e-4)


@pytest.mark.parametrize("name", ["li_ge", "na_sb", "li_sno2"])
def test_time_is_the_integral_over_the_speed(name: str) -> None:
    config = system(name).config
    content = config.material.content.x_front / config.material.content.x_max
    k, D = max(config.material.front.rates.values()), config.material.transport.diffusivity.value[0]
    radius = 310.0
    # At a core s the front has k times the activity that is left: 1/(1 + (k/D) c_f/(1 - c_f) s ln(R/s)).
    seconds = quad(lambda s: (1.0 + k / D * content / (1.0 - content) * s * math.log(radius / s)) / k, 0.0, radius)[0]
    assert hours_through(config, 2.0 * radius) == pytest.approx(seconds / 3600.0, rel=1e-6)
    assert diameter_through(config, seconds / 3600.0) == pytest.approx(2.0 * radius, rel=1e-6)


def test_interface_energy_makes_up_for_what_is_missing() -> None:
    config = system("li_si_80nm").config

    def missing(f: float) -> float:
        pressure = math.log1p(3.8 * f / (1.0 - f)) / math.sqrt(3.0) + 2.0 / 3.0
        return (pressure * 2.8 * 0.02002 / 3.75 / EV - 0.1) * 40.0 * math.sqrt(1.0 - f)

    worst = -minimize_scalar(lambda f: -missing(f), bounds=(0.5, 0.99), method="bounded").fun
    # eV nm of a carrier, of which the front binds 2.25 in each host atom's 0.02002 nm^3
    assert interface_energy_through(config, 80.0) == pytest.approx(worst * EV * 2.25 / 0.02002, rel=1e-4)
    assert interface_energy_through(config, 160.0) == pytest.approx(2.0 * interface_energy_through(config, 80.0))
    assert interface_energy_through(system("na_sn").config, 500.0) == 0.0


def test_where_silicon_stands_by_hand() -> None:
    # 0.1 eV over 0.014948 nm^3 is 1.0718 GPa, less 0.6667: 0.4052; expm1(0.4052 sqrt 3) = 1.0174 = 3.8 f/(1 - f)
    assert stands_at(system("li_si_110").config) == pytest.approx(1.0174 / (3.8 + 1.0174), rel=2e-3)
    assert stands_at(system("na_sn").config) == pytest.approx(1.0)


def by_hand(job: Mapping[str, Any], tell: Tell) -> dict[str, Any]:
    """Performer without processes: converted by what the flow stress is, in GPa; none above 2 GPa."""
    folder = Path(job["folder"])
    folder.mkdir(parents=True, exist_ok=True)
    config = Config.from_mapping(job["config"])
    (folder / "config.yaml").write_text(dump_config(config))
    flow = config.material.mechanics.reacted.yield_stress.value[0]
    summary = {"converted_fraction": flow, "rate_exponent": None if flow > 0.5 else 0.9, "stop_reason": "done"}
    (folder / "summary.json").write_text(json.dumps(summary))
    status = Status.SOLVER_FAILED if flow > 2.0 else Status.DONE
    outcome = Outcome(job["hash"], status, "", wall_s=1.0)
    write_outcome(folder, outcome)
    return {"outcome": outcome.mapping()}


def test_rows_of_a_sweep_have_their_place_and_survive_csv(tmp_path: Path) -> None:
    base = Path(__file__).resolve().parents[4] / "configs" / "isotropic_129nm.yaml"
    axes = {"overrides.mechanics.yield_stress": ["0.5 GPa", "1 GPa", "3 GPa"],
            "overrides.transport.diffusivity": ["1e-12 cm^2/s"]}
    sweep({"base": str(base), "axes": axes}, tmp_path / "out", workers=1, performer=by_hand)
    rows = placed_rows(tmp_path / "out", ("converted_fraction", "rate_exponent", "stop_reason"))
    assert len(rows) == 2  # the third failed
    for row, flow in zip(rows, (0.5, 1.0), strict=True):
        assert row["overrides.mechanics.yield_stress [GPa]"] == row["converted_fraction"] == flow
        assert row["work_share"] == pytest.approx(flow * 0.14669 / 0.15, rel=1e-4)
        assert row["damkohler"] == pytest.approx(0.05 * 64.5 * 1.5 / 100.0)
    assert [row["rate_exponent"] for row in rows] == [0.9, None]
    again = from_csv(as_csv(rows).splitlines())
    assert [row["rate_exponent"] for row in again] == [0.9, None]
    assert again[1]["work_share"] == pytest.approx(rows[1]["work_share"], rel=1e-5)
    assert again[0]["stop_reason"] == "done"
    assert from_csv(["a,b", "True,False"]) == [{"a": True, "b": False}]
