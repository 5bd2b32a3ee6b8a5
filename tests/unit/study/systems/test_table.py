"""The table: its columns, its bands and what a run that failed leaves of them, with runs written by hand."""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest

import femanode.materials
from femanode.config.loading import Config, dump_config
from femanode.errors import ConfigError
from femanode.study.execution.limits import Tell
from femanode.study.execution.store import Outcome, Status, write_outcome
from femanode.study.systems.files import find_systems
from femanode.study.systems.inputs import inputs_of
from femanode.study.systems.rows import moved_by
from femanode.study.systems.table import as_csv, as_text, systems

WIRE = """# A wire of germanium.
name: wire
geometry: {shape: circle, diameter: 165 nm}
crystal: {axis: [1, 1, 1]}
material: Li-Ge
front: {half_thickness: 5 nm}
mesh: {element_size: 5 nm}
time: {end: 1 h}
"""


def by_hand(job: Mapping[str, Any], tell: Tell) -> dict[str, Any]:
    """Performer without processes: the conversion follows from the potential, and is off by the thickness over the
    radius; the regime follows from the diffusivity."""
    folder = Path(job["folder"])
    folder.mkdir(parents=True, exist_ok=True)
    config = Config.from_mapping(job["config"])
    (folder / "config.yaml").write_text(dump_config(config))
    (folder / "manifest.json").write_text(json.dumps({"radius_nm": 82.5, "crystal": {"axis": [1, 1, 1]}}))
    material = config.material
    thickness = (config.front.half_thickness or 0.0) / 82.5
    slow = material.transport.diffusivity.value[0] < 1.0
    summary = {
        "stop_reason": "front arrested", "time_s": 10.0, "self_limited": True, "rate_exponent": 0.7,
        "converted_fraction": material.front.equilibrium_potential + thickness, "state_of_charge": 0.3,
        "regime": "DCR" if slow else "ICR", "transport_share": 0.9, "anisotropy_ratio": 1.02, "axial_stretch": 1.01,
        "converted_at_drive_0_3": 0.2, "hoop_surface_max_GPa": 0.1, "crack_risk": 0.2, "crack_risk_bound": True,
        "critical_diameter_nm": 950.0, "capacity_mAh_g": 400.0, "area_ratio": 1.5,
        "interface_thickness_ratio": thickness}
    (folder / "summary.json").write_text(json.dumps(summary))
    status = Status.SOLVER_FAILED if material.front.equilibrium_potential > 0.39 else Status.ARRESTED
    outcome = Outcome(job["hash"], status, "dt_min" if status is Status.SOLVER_FAILED else "", wall_s=1.0)
    write_outcome(folder, outcome)
    return {"outcome": outcome.mapping()}


@pytest.fixture(scope="module")
def table(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Any]:
    place = tmp_path_factory.mktemp("systems")
    (place / "wire.yaml").write_text(WIRE)
    return systems((), place / "out", folder=place, performer=by_hand)


def test_bands_are_the_ends_that_runs_gave(table: dict[str, Any]) -> None:
    (row,) = table["rows"]
    # 0.35 V on a front of 5 nm in 82.5 nm; 0.05 V less, as with the thick front; 0.35 without thickness; 0.4 V failed
    assert row["converted_fraction"] == pytest.approx(0.35 + 5 / 82.5)
    assert row["converted_fraction_band"] == pytest.approx([0.35, 0.35 + 5 / 82.5])
    assert row["anisotropy_ratio_band"] == [1.02, 1.02]
    assert row["regime"] == "ICR"
    assert set(row["regime_band"]) == {"ICR", "DCR"}
    assert row["failed"] == ["solver failed: dt_min"]
    assert row["cases"] == 12
    assert [one["path"] for one in row["varied"]] == ["swelling.expansion", "front.rates",
                                                      "front.equilibrium_potential", "transport.diffusivity",
                                                      "mechanics.reacted.yield_stress", "fracture.energy"]


def test_what_an_input_does_to_a_thick_front_is_carried_over() -> None:
    assert moved_by("converted_fraction", 0.40, 0.60, 0.50) == pytest.approx(0.50)
    assert moved_by("critical_diameter_nm", 300.0, 100.0, 200.0) == pytest.approx(150.0)
    # a thick front merges at 0.96, and goes through where the product flows more easily
    assert moved_by("converted_fraction", 0.93, 0.992, 0.96) == 0.992


def test_observations_have_their_verdicts(table: dict[str, Any]) -> None:
    said = {one["quantity"]: one for one in table["rows"][0]["observations"]}
    # converts fully in experiments, two fifths here; diffusivity and rate were chosen from the regime
    assert said["converted_fraction"]["verdict"] == "disagrees"
    assert said["regime"]["verdict"] == "not decidable"
    assert said["regime"]["why"].startswith("put in: front.rates.110, transport.diffusivity")
    # at least 950 nm, 775 to 1169 nm by the toughness, is not against 1200 nm
    assert said["critical_diameter_nm"]["verdict"] == "not contradicted"
    assert said["critical_diameter_nm"]["band"] == pytest.approx([950 * 5.3 / 6.5, 950 * 8 / 6.5])
    # 1.5 times the area and 1.01 times the length, where 2.6 was measured for full conversion
    assert said["volume_gain"]["predicted"] == pytest.approx(1.5 * 1.01 - 1.0)
    assert said["volume_gain"]["verdict"] == "not decidable"
    assert said["volume_gain"]["why"].startswith("put in: swelling.expansion")
    assert table["rows"][0]["verdict"] == "disagrees"


def test_columns_of_the_csv(table: dict[str, Any]) -> None:
    (line,) = csv.DictReader(io.StringIO(as_csv(table)))
    assert list(line)[:5] == ["system", "material", "diameter_nm", "axial", "radius_over_half_thickness"]
    for figure in ("rate_exponent", "anisotropy_ratio", "converted_at_drive_0_3", "converted_fraction",
                   "axial_stretch", "hoop_surface_max_GPa", "crack_risk"):
        assert float(line[f"{figure}_low"]) <= float(line[figure]) <= float(line[f"{figure}_high"])
    marked = (Path(femanode.materials.__file__).parent / "Li-Ge.yaml").read_text().count("confidence: A")
    assert (line["regime"], line["inputs_A"], line["verdict"]) == ("ICR", str(marked), "disagrees")
    assert line["capacity_first_mAh_g"] == line["capacity_reversible_mAh_g"] == "400.0"
    assert float(line["radius_over_half_thickness"]) == 16.5  # 82.5 nm / 5 nm
    assert float(line["available_eV"]) == pytest.approx(0.34)


def test_text_has_a_line_per_system_and_per_observation(table: dict[str, Any]) -> None:
    lines = as_text(table).splitlines()
    assert lines[0].split()[:3] == ["system", "regime", "n"]
    assert lines[1].startswith("wire")
    assert "0.41 0.35-0.41" in lines[1]
    assert any("converted_fraction: 0.411 [0.35, 0.411], observed >= 0.99 [A]: disagrees" in line for line in lines)
    assert lines[-1].strip() == "failed: solver failed: dt_min"


def test_quick_runs_the_own_values_only_on_a_thick_front(tmp_path: Path) -> None:
    (tmp_path / "wire.yaml").write_text(WIRE)
    table = systems((), tmp_path / "out", folder=tmp_path, quick=True, performer=by_hand)
    (written,) = (tmp_path / "out" / "cases").glob("*/config.yaml")
    assert "half_thickness: 10.31 nm" in written.read_text()  # 82.5 nm / 8
    assert table["rows"][0]["converted_fraction_band"] == []
    # what has ended is not run again
    before = written.stat().st_mtime_ns
    systems((), tmp_path / "out", folder=tmp_path, quick=True, performer=by_hand)
    assert written.stat().st_mtime_ns == before


def test_unknown_names_and_empty_folders_are_refused_in_one_line(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match=r"found no configuration \(.yaml\)"):
        systems((), tmp_path / "out", folder=tmp_path)
    (tmp_path / "wire.yaml").write_text(WIRE)
    with pytest.raises(ConfigError, match=r"found the system 'wir'.*allowed: wire"):
        systems(["wir"], tmp_path / "out", folder=tmp_path)
    assert not (tmp_path / "out").exists()


def test_the_bundled_systems_are_short_and_start_with_what_was_observed() -> None:
    found = find_systems()
    assert len(found) >= 21
    for system in found:
        assert len(system.path.read_text().splitlines()) < 60
        assert "bserved" in system.told or "not a prediction" in system.told
        assert inputs_of(system.config)


def test_a_system_is_found_as_it_is_written_in_papers() -> None:
    assert [system.name for system in find_systems(["Li-Ge", "li_ge", "NA-P"])] == ["li_ge", "na_p"]
    with pytest.raises(ConfigError, match=r"found the system 'Li-Si'; .*; write li_si_100 li_si_110 li_si_111 "):
        find_systems(["Li-Si"])
