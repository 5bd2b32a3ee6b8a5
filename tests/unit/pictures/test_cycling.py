"""The picture of cycles has a line for each half cycle, through the points of the history."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from matplotlib.figure import Figure
from numpy.testing import assert_allclose

from femanode.errors import ConfigError
from femanode.output.runfolder import RunFolder
from femanode.pictures.curves import describe_frames
from femanode.pictures.cycling import draw_half_cycles, plot_cycles
from femanode.pictures.options import list_frames
from femanode.pictures.page.chartcase import Case
from femanode.pictures.page.cyclerows import cycles, means_nothing
from femanode.pictures.page.historycharts import potential
from femanode.pictures.page.observed import beside
from femanode.pictures.page.report import write_report
from femanode.postprocess.cycles import half_cycles
from femanode.postprocess.observations import Observation, compare
from femanode.postprocess.runfacts import RunFacts


def history(cycles: int) -> pd.DataFrame:
    """In from 0 to 100 mAh/g and out again, ``cycles`` times."""
    rows = []
    for k in range(1, cycles + 1):
        rows += [(k, 1, Q, 0.3 - Q / 1000, 1.0) for Q in (50.0, 100.0)]
        rows += [(k, 2, Q, 0.6 - Q / 1000, -1.0) for Q in (50.0, 0.0)]
    return pd.DataFrame(rows, columns=["cycle", "step", "capacity_mAh_g", "potential_V", "current_density_mA_cm2"])


@pytest.fixture
def run(run_path: Path, tmp_path: Path) -> Path:
    folder = Path(shutil.copytree(run_path, tmp_path / "run"))
    table = pd.read_csv(folder / "history.csv")
    made = history(len(table) // 4).iloc[:len(table)]
    table = table.iloc[:len(made)]
    for name in made:
        table[name] = made[name].to_numpy()
    table.to_csv(folder / "history.csv", index=False)
    return folder


def test_each_half_cycle_is_a_line_of_its_own() -> None:
    axes = Figure().add_subplot()
    draw_half_cycles(axes, half_cycles(history(2)))
    lines = axes.get_lines()
    assert [line.get_label() for line in lines] == ["cycle 1, in", "cycle 1, out", "cycle 2, in", "cycle 2, out"]
    assert_allclose(lines[1].get_xydata(), [[50.0, 0.55], [0.0, 0.6]], rtol=0, atol=1e-12)
    # in and out of a cycle have one colour, different cycles two, and the ways differ without colour
    colours = [line.get_color() for line in lines]
    assert colours[0] == colours[1] != colours[2] == colours[3]
    assert [line.get_linestyle() for line in lines] == ["-", "--", "-", "--"]


def test_many_cycles_have_a_scale_of_colours_and_two_names() -> None:
    axes = Figure().add_subplot()
    draw_half_cycles(axes, half_cycles(history(9)))
    assert len(axes.get_lines()) == 18 and len({line.get_color() for line in axes.get_lines()}) == 9
    assert list(axes.get_legend_handles_labels()[1]) == ["in", "out"]
    assert [text.get_text() for text in axes.texts] == ["cycle 1 dark, 9 light"]


def test_the_page_has_the_same_lines_and_a_run_without_a_protocol_none(run: Path, run_path: Path) -> None:
    chart = potential([Case(RunFacts(RunFolder(run)), "one")])
    assert chart is not None
    assert len(chart.axes[0].get_lines()) == len(half_cycles(RunFolder(run).history))
    assert plot_cycles(run).read_bytes().startswith(b"\x89PNG")
    with pytest.raises(ConfigError, match=r"history.csv: no potential over capacity; allowed: the history of a run"):
        plot_cycles(run_path)
    with pytest.raises(ConfigError, match="file type"):
        plot_cycles(run, "a.gif")


def test_frames_are_told_by_cycle_and_state_of_charge(run: Path) -> None:
    """Where the front stands still a converted fraction tells no two instants apart."""
    table = pd.read_csv(run / "history.csv")
    t = table["time_s"].to_numpy()
    table["state_of_charge"] = np.linspace(0.0, 0.5, len(t))
    table.to_csv(run / "history.csv", index=False)
    describe = describe_frames(RunFolder(run))
    middle = len(t) // 2
    assert f"cycle {table['cycle'][middle]:.0f}, {50 * middle / (len(t) - 1):.0f} % full" in describe(t[middle])
    assert "converted" not in describe(t[middle])
    assert "cycle      full" in list_frames(RunFolder(run))


@pytest.mark.parametrize(("out", "verdict"), [(0.0, "off the nearer end"), (99.0, "after carriers have left again")])
def test_an_emptied_section_is_not_held_against_what_was_seen_in_filled_ones(run: Path, out: float,
                                                                             verdict: str) -> None:
    (run / "summary.json").write_text(json.dumps({
        "stop_reason": "protocol finished", "converted_fraction": 0.4, "critical_diameter_nm": 369.0,
        "cycles": [{"cycle": 1, "capacity_in_mAh_g": 100.0, "capacity_out_mAh_g": out}]}))
    facts = RunFacts(RunFolder(run))
    seen = Observation("converted_fraction", {"at_least": 0.99}, "small wires convert fully", "made up", "C")
    cracks = Observation("critical_diameter_nm", (360.0, 390.0), "all cracked", "made up", "C")
    facts.comparisons = [compare(seen, 0.4), compare(cracks, 369.0)]
    first, second = beside([Case(facts, "one")])
    assert first.predictions[0] is not None and first.predictions[0].error.endswith(verdict)
    # a figure of the whole run is compared as ever
    assert second.predictions[0] is not None and second.predictions[0].error == "agrees"


def test_the_page_s_table_and_what_is_left_out_of_the_figures(run: Path) -> None:
    (run / "summary.json").write_text('{"cycles": [{"cycle": 1, "capacity_in_mAh_g": 100.4, "hoop_min_GPa": -1.234, '
                                      '"coulombic_efficiency": 0.987, "voltage_hysteresis_V": null}]}')
    case = Case(RunFacts(RunFolder(run)), "one")
    heading, row = cycles(case)
    told = dict(zip(heading, row, strict=True))
    assert (told["In (mAh/g)"], told["Out over in"], told["Hoop, least (GPa)"], told["Hysteresis (V)"]) == (
        "100", "98.70 %", "\N{MINUS SIGN}1.23", "\N{EN DASH}")
    assert means_nothing(case, "self_limited") and not means_nothing(case, "converted_fraction")


def test_under_a_given_current_the_potential_is_one_line_from_where_the_current_flows_whole(
        run_path: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    folder = Path(shutil.copytree(run_path, tmp_path / "current"))
    (folder / "history.csv").write_text("time_s,current_density_mA_cm2,potential_V,capacity_mAh_g\n"
                                        "0,0,0.01,0\n10,0.5,0.01,2\n20,1,0.2,5\n30,1,0.1,9\n")
    drawn: list[Figure] = []
    monkeypatch.setattr("femanode.pictures.cycling.save_figure", lambda figure, path, dpi: drawn.append(figure) or path)
    plot_cycles(folder)
    (line,) = drawn[0].axes[0].get_lines()
    assert line.get_xydata().tolist() == [[5.0, 0.2], [9.0, 0.1]]


def test_the_first_sentence_of_one_long_cycle_says_that_it_is_all_steps(run: Path) -> None:
    """A rate test within one cycle takes in more than the section holds."""
    one = {"cycle": 1, "capacity_in_mAh_g": 12869.0, "capacity_out_mAh_g": 12865.0}
    for cycles_of, said in (([one], "all steps together 12869"), ([one, one], "first cycle 12869")):
        (run / "summary.json").write_text(json.dumps({"converted_fraction": 1.0, "cycles": cycles_of}))
        assert said in write_report(run).read_text()
