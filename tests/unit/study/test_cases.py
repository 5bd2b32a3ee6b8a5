"""Cases: checked before anything runs, and named by what they compute."""

from __future__ import annotations

import shutil
from pathlib import Path
from typing import Any

import pytest

from femanode.config.loading import Config
from femanode.config.yamlio import dump_yaml
from femanode.errors import ConfigError
from femanode.study.cases import Builder, case_hash, config_mapping, plan
from femanode.study.sweepfile import load_sweep
from tests.runners import BASE


def hash_of(*settings: str, base: dict[str, Any] | None = None) -> str:
    return case_hash(Config.from_mapping(base or BASE, settings))


def test_equal_cases_have_equal_names_however_they_are_written() -> None:
    same = hash_of()
    assert hash_of("geometry.diameter=0.05 um") == same
    assert hash_of("name=other") == same
    # the bundled value written out again has another source, and is the same number
    assert hash_of("overrides.mechanics.yield_stress=1 GPa") == same
    assert hash_of("overrides.mechanics.yield_stress=1000 MPa") == same
    assert len(same) == 20


@pytest.mark.parametrize("setting", [
    "geometry.diameter=50.000001 nm", "overrides.mechanics.yield_stress=1.0001 GPa", "time.end=61 s",
    "overrides.front.equilibrium_potential=0.161 V", "temperature=301 K"])
def test_other_cases_have_other_names(setting: str) -> None:
    assert hash_of(setting) != hash_of()


def test_a_mesh_file_counts_by_its_content(tmp_path: Path) -> None:
    first, second = tmp_path / "a.msh", tmp_path / "b.msh"
    for path in (first, second):
        path.write_text("one")

    def name(path: Path) -> str:
        return hash_of(f"geometry={{shape: file, path: {path}}}")

    assert name(first) == name(second)
    assert hash_of(f"geometry={{shape: file, path: {first}, unit: nm}}") == name(first)
    assert hash_of(f"geometry={{shape: file, path: {first}, unit: um}}") != name(first)
    second.write_text("other")
    assert name(first) != name(second)


def test_a_configuration_goes_to_a_worker_and_back_unchanged() -> None:
    config = Config.from_mapping(BASE, ["overrides.mechanics.yield_stress=1.3 GPa"])
    assert Config.from_mapping(config_mapping(config)) == config


def write(folder: Path, sweep: dict[str, Any]) -> Path:
    (folder / "base.yaml").write_text(dump_yaml(BASE), encoding="utf-8")
    path = folder / "sweep.yaml"
    path.write_text(dump_yaml({"base": "base.yaml", **sweep}), encoding="utf-8")
    return path


def planned(path: Path, *overrides: str) -> int:
    sweep = load_sweep(path)
    return len(plan(Builder(sweep, overrides), sweep.points))


@pytest.mark.parametrize(("sweep", "said"), [
    ({"axes": {"geometry.diametr": ["1 nm"]}}, "axes.geometry.diametr: .*did you mean 'diameter'"),
    ({"axes": {"overrides.mechanics.yeild_stress": ["1 GPa"]}}, "axes.overrides.*did you mean 'yield_stress'"),
    ({"axes": {"geometry.diameter": ["50 nm"]}, "settings": {"tim.end": "1 s"}}, "settings.tim.end: .*'time'"),
    ({"axes": {"geometry.diameter": ["50 nm", "-1 nm"]}}, "axes.geometry.diameter.1: found '-1 nm'.*above 0"),
    ({"axes": {"geometry.diameter": ["50 nm", 60]}}, "found 60 without a unit"),
    ({"axes": {"crystal.axis": [[0, 0, 1], [1, 0, 0]]}}, "normal to axis"),
    ({"axes": {"front.half_thickness": ["2 nm", "1 nm"]}}, r"= 1 nm; .*base.yaml:\d+: mesh.element_size"),
    ({"axes": {"geometry.diameter": []}}, "axes.geometry.diameter: found a list|the list"),
    ({"axes": {"geometry.diameter": ["50 nm"]}, "combin": "zip"}, "did you mean 'combine'"),
    ({"axes": {"geometry.diameter": ["50 nm"]}, "settings": {"geometry.diameter": "1 nm"}}, "an axis too"),
    ({"axes": {"geometry.diameter": ["50 nm"]}, "limits": {"wall": "1 nm"}}, "limits.wall: .*a time"),
    ({"base": "bse.yaml", "axes": {"geometry.diameter": ["50 nm"]}}, "base: found no file")])
def test_mistakes_are_answered_with_their_place(tmp_path: Path, sweep: dict[str, Any], said: str) -> None:
    with pytest.raises(ConfigError, match=said):
        planned(write(tmp_path, sweep))


def test_a_sector_too_small_for_the_crystal_is_found_before_meshing(tmp_path: Path) -> None:
    path = write(tmp_path, {"axes": {"overrides.front.rates": [
        {"isotropic": "0.1 nm/s"}, {"100": "0.02 nm/s", "110": "0.12 nm/s", "111": "0.01 nm/s"}]},
        "settings": {"geometry.sector": "quarter", "crystal": {"axis": [1, 2, 3], "in_plane": [3, 0, -1]}}})
    with pytest.raises(ConfigError, match=r"case with overrides.front.rates = .*110.*sector"):
        planned(path)


def test_settings_hold_for_every_case_and_the_command_line_comes_last(tmp_path: Path) -> None:
    sweep = load_sweep(write(tmp_path, {"settings": {"time.end": "2 min"}, "axes": {"geometry.diameter": ["60 nm"]}}))
    assert Builder(sweep).config(["60 nm"]).time.end == 120.0
    config = Builder(sweep, ["time.end=3 min"]).config(["60 nm"])
    assert (config.time.end, config.geometry.diameter) == (180.0, 60.0)


def test_relative_paths_start_from_the_file_they_are_in(tmp_path: Path) -> None:
    (tmp_path / "sub").mkdir()
    path = write(tmp_path, {"axes": {"geometry.diameter": ["60 nm"]}})
    shutil.move(path, tmp_path / "sub" / "sweep.yaml")
    text = (tmp_path / "sub" / "sweep.yaml").read_text(encoding="utf-8")
    (tmp_path / "sub" / "sweep.yaml").write_text(text.replace("base.yaml", "../base.yaml"), encoding="utf-8")
    assert planned(tmp_path / "sub" / "sweep.yaml") == 1


@pytest.mark.parametrize("path", sorted((Path(__file__).parents[3] / "configs" / "sweeps").glob("*.yaml")),
                         ids=lambda p: p.stem)
def test_every_case_of_the_bundled_sweeps_passes_its_checks(path: Path) -> None:
    cases = {"self_limiting": 36, "diameter_orientation": 16, "control": 33, "regimes": 13 * 9, "bond_strength": 5 * 5,
             "c_rate": 12, "amorphising": 6 * 2, "regimes_thin": 2 * 4, "field": 2 * 5, "sizes": 4 * 5,
             "sizes_one_front": 4 * 4, "sizes_thin": 5, "bodies": 7, "films": 4}
    assert planned(path) == cases[path.stem]


def test_paths_with_a_comma_between_them_move_together(tmp_path: Path) -> None:
    sweep = load_sweep(write(tmp_path, {"axes": {
        "geometry.diameter,front.half_thickness": [["40 nm", "2 nm"], ["80 nm", "4 nm"]],
        "temperature": ["300 K", "310 K"]}}))
    assert sweep.paths == ["geometry.diameter", "front.half_thickness", "temperature"]
    cases = [Builder(sweep).config(point) for point in sweep.points]
    assert [(c.geometry.diameter, c.front.half_thickness, c.temperature) for c in cases] == [
        (40.0, 2.0, 300.0), (40.0, 2.0, 310.0), (80.0, 4.0, 300.0), (80.0, 4.0, 310.0)]


@pytest.mark.parametrize(("axis", "values", "said"), [
    ("geometry.diameter, time.end", [["40 nm"]], "rows of 2 values"),
    ("geometry.diameter, time.end", {"from": "1 nm", "to": "2 nm"}, "list of rows"),
    ("geometry.diameter, geometry.diametr", [["40 nm", "1 nm"]], "axes.geometry.diameter, geometry.diametr: .*did you"),
    ("geometry.diameter,", [["40 nm", "1 nm"]], "different paths with")])
def test_mistakes_in_groups_are_answered_with_their_place(tmp_path: Path, axis: str, values: object, said: str) -> None:
    with pytest.raises(ConfigError, match=said):
        planned(write(tmp_path, {"axes": {axis: values}}))
