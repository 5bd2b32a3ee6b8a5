"""Which inputs are moved: the ranges of the material's file, and rates whose level alone is uncertain as one."""

from __future__ import annotations

from pathlib import Path

import pytest

from femanode.config.loading import load_config
from femanode.study.systems.files import find_systems
from femanode.study.systems.inputs import inputs_of, study_of

SYSTEMS = {one.name: one for one in find_systems()}


def test_rates_with_ranges_in_one_proportion_are_moved_together() -> None:
    # the file's ranges: a factor of ten either way for each of three rates
    level, = (one for one in inputs_of(SYSTEMS["li_p"].config) if one.path.startswith("front.rates"))
    assert level.path == "front.rates"
    assert level.value == {"100": "1.0 nm/s", "010": "0.7 nm/s", "001": "0.05 nm/s"}
    assert level.low == {"100": "0.1 nm/s", "010": "0.07 nm/s", "001": "0.005 nm/s"}
    assert level.high == {"100": "10 nm/s", "010": "7 nm/s", "001": "0.5 nm/s"}
    assert level.confidence == "C"
    study = study_of(SYSTEMS["li_p"], quick=False)
    assert {str(values[study.paths.index("overrides.front.rates")]) for values in study.points} == {
        str(one) for one in (level.value, level.low, level.high)}


def test_one_rate_with_a_range_is_moved_alone() -> None:
    # of silicon, the ratio of {100} to {110} is what is uncertain; antimony's across the layers likewise
    for name, path in (("li_si_110", "front.rates.100"), ("na_sb", "front.rates.001")):
        assert [one.path for one in inputs_of(SYSTEMS[name].config) if "rates" in one.path] == [path]


@pytest.mark.parametrize(("high", "paths"), [("0.5 nm/s", ["front.rates"]),
                                             ("1 nm/s", ["front.rates.100", "front.rates.010", "front.rates.001"])])
def test_ranges_out_of_proportion_are_ranges_of_their_own(tmp_path: Path, high: str, paths: list[str]) -> None:
    written = (Path(__file__).parents[4] / "femanode" / "materials" / "Li-P.yaml").read_text(encoding="utf-8")
    file = tmp_path / "own.yaml"
    assert written.count("range: [0.005 nm/s, 0.5 nm/s]") == 1
    file.write_text(written.replace("[0.005 nm/s, 0.5 nm/s]", f"[0.005 nm/s, {high}]"), encoding="utf-8")
    case = SYSTEMS["li_p"].path.read_text(encoding="utf-8").replace("material: Li-P", f"material: {file}")
    (tmp_path / "case.yaml").write_text(case, encoding="utf-8")
    found = inputs_of(load_config(tmp_path / "case.yaml"))
    assert [one.path for one in found if "rates" in one.path] == paths
