"""The page says what the folder says, opens in a real browser from disk, and never costs a run."""

from __future__ import annotations

import base64
import io
import json
import re
import shutil
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from numpy.testing import assert_allclose
from PIL import Image

from femanode.errors import ConfigError
from femanode.output.runfolder import RunFolder
from femanode.pictures.page.chartcase import Case, stages
from femanode.pictures.page.charts import CHARTS
from femanode.pictures.page.historycharts import depth, eq1_terms, potential
from femanode.pictures.page.profilecharts import hoop_radius
from femanode.pictures.page.report import try_report, write_report
from femanode.postprocess.runfacts import RunFacts
from femanode.study.beside import curves_for_page
from tests.browser import Browser

CONFIG = """\
name: made_up
geometry: {shape: circle, diameter: 120.0 nm}
material:
  name: Li-Si
  carrier: {symbol: {value: Li, source: by definition, confidence: A}}
  host:
    symbol: {value: Si, source: by definition, confidence: A}
    volume: {value: 0.02 nm^3, source: lattice constant, confidence: B}
    structure: {value: cubic, source: diamond, confidence: B}
  content: {x_max: {value: 4.0, source: composition, confidence: B}}
  swelling: {expansion: {value: 3.0, source: lattice constants, confidence: B}}
"""
SUMMARY = {
    "stop_reason": "front arrested", "time_s": 5400.0, "converted_fraction": 0.84, "self_limited": True,
    "arrest_time_s": 5400.0, "rate_exponent": 1.0, "regime": "ICR", "anisotropy_ratio": 1.8 / 1.3,
    "swelling_by_direction": {"[1-10]": 0.8, "[001]": 0.3}, "eq1_terms_eV": {"reaction_and_potential": -0.15},
    "warnings": ["the skin <tears>"]}


@pytest.fixture(scope="module")
def run(run_path: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The made-up folder with a configuration, a crystal and a full summary."""
    folder = Path(shutil.copytree(run_path, tmp_path_factory.mktemp("report") / "one"))
    (folder / "config.yaml").write_text(CONFIG)
    (folder / "summary.json").write_text(json.dumps(SUMMARY))
    manifest = {**json.loads((folder / "manifest.json").read_text()), "half_thickness_nm": 2.0, "notes": ["a note"],
                "crystal": {"axis": [1, 1, 0], "x": "[1-10]", "y": "[00-1]"},
                "steps": {"accepted": 59, "rejected": 2, "newton_iterations": 295,
                          "reasons_of_rejection": {"no convergence": 2}}}
    (folder / "manifest.json").write_text(json.dumps(manifest))
    return folder


@pytest.fixture(scope="module")
def page(run: Path) -> Path:
    return write_report(run)


def cells(text: str, first: str) -> list[str]:
    """Cells of the table row whose first cell starts with a text."""
    (row,) = re.findall(rf"<tr><td>{re.escape(first)}.*?</tr>", text, re.DOTALL)
    return [re.sub(r"<[^>]+>", "", cell).strip() for cell in re.findall(r"<td.*?>(.*?)</td>", row, re.DOTALL)]


def test_figures_stand_beside_what_was_observed_with_the_error(page: Path) -> None:
    text = page.read_text()
    row = cells(text, "A 129-nm wire stops at 55 %")
    assert row[1:] == ["Converted", "55 %", "84 % +53 %",
                       "the review (Choi et al., Advanced Energy Materials 2021), its [77] [A]"]
    assert cells(text, "A &lt;110&gt; wire swells")[2:4] == ["2", "2 agrees"]
    assert cells(text, "Wires above 300 nm")[3] == "– no such figure from this run"
    assert cells(text, "Swelling differs by up to")[2:4] == ["at most 400 %", "50 % not contradicted"]
    assert cells(text, "Largest over smallest diameter")[1] == "1.38"
    assert cells(text, "Growth of the diameter by direction")[1] == "[1-10] 80 %, [001] 30 %"
    assert cells(text, "Newton iterations")[1] == "295, 5.0 per accepted step"
    assert cells(text, "Steps rejected")[1] == "2 (no convergence 2)"
    assert "the skin &lt;tears&gt;" in text
    assert "had neither come to rest" not in text


def test_figures_with_a_range_an_exact_value_or_a_bound_say_so(run: Path, tmp_path: Path) -> None:
    folder = Path(shutil.copytree(run, tmp_path / "other"))
    (folder / "summary.json").write_text(json.dumps({
        **SUMMARY, "anisotropy_ratio_exact": 1.0, "arrest_time_range_s": [2880.0, 5400.0],
        "rate_exponent_range_nm": [6.0, 24.0], "crack_risk": 0.4, "crack_risk_bound": True,
        "crack_risk_basis": "upper bound at general yield: the whole shell flows", "crack_risk_until_fraction": 0.5}))
    text = write_report(folder).read_text()
    assert cells(text, "Largest over smallest diameter")[1] == "1.38 (exact: 1.00)"
    assert cells(text, "Time of arrest")[1] == "48 min to 90 min"
    assert cells(text, "Depths it was fitted over")[1] == "6.0 nm to 24.0 nm"
    assert cells(text, "Crack risk only a bound")[1] == "yes"
    assert cells(text, "What the crack risk is")[1] == "upper bound at general yield: the whole shell flows"
    assert cells(text, "Crack risk taken up to")[1] == "50 %"


def pictures_of(page: Path) -> list[np.ndarray]:
    """The small pictures of the section, grey, as arrays (height, width)."""
    found = re.findall(r'src="data:image/webp;base64,([^"]+)"', page.read_text())
    return [np.asarray(Image.open(io.BytesIO(base64.b64decode(data))).convert("L")) for data in found]


def test_crystal_directions_stand_below_every_section(page: Path, run: Path, tmp_path: Path) -> None:
    glass = Path(shutil.copytree(run, tmp_path / "glass"))
    manifest = json.loads((glass / "manifest.json").read_text())
    (glass / "manifest.json").write_text(json.dumps({**manifest, "crystal": {"structure": "isotropic"}}))
    plain, named = pictures_of(write_report(glass)), pictures_of(page)
    assert len(named) == len(plain) == 6
    for without, with_arrows in zip(plain, named, strict=True):
        # Below the section dark pixels are those of the scale bar alone, or stand left of it too, one column upright.
        assert with_arrows.shape[0] > without.shape[0]
        upright = (with_arrows[-60:, :40] < 90).sum(axis=0).max()
        assert upright > 30 > 15 > (without[-40:, :8] < 90).sum(axis=0).max()


def under_current(run: Path, tmp_path: Path) -> Path:
    """A copy of the run with 0.3 V - 0.2 V t/(90 min) over 0 to 1000 mAh/g."""
    folder = Path(shutil.copytree(run, tmp_path / "current"))
    table = pd.read_csv(folder / "history.csv")
    s = table["time_s"] / 5400
    table.assign(current_density_mA_cm2=1.0, potential_V=0.3 - 0.2 * s, capacity_mAh_g=1000 * s).to_csv(
        folder / "history.csv", index=False)
    return folder


def test_a_measured_curve_is_drawn_and_how_far_it_is_away_is_said(run: Path, tmp_path: Path) -> None:
    # the made-up depth is 36 nm t/(90 min)
    folder = under_current(run, tmp_path)
    data = tmp_path / "both.csv"
    data.write_text("t (min),depth (nm),E (mV)\n0,0,310\n45,21,190\n90,39,110\n200,40,50\n")
    curves = curves_for_page(folder, data)
    assert [(curve.key, curve.count) for curve in curves] == [("front_depth_nm", 3), ("potential_V", 3)]
    assert_allclose([curve.apart for curve in curves], [np.sqrt(18 / 3), 0.01], rtol=1e-6, atol=0)
    text = write_report(folder, beside=[curves]).read_text()
    assert "(both.csv): 2.45 nm apart (root mean square of the 3 of 4 values within the run)" in text
    assert "(both.csv): 0.01 V apart (root mean square of the 3 of 4 values within the run)" in text
    figure = potential([Case(RunFacts(RunFolder(folder)), "one", curves)])
    assert figure is not None
    (dots,) = [line for line in figure.axes[0].lines if str(line.get_label()) == "measured: both.csv"]
    assert_allclose(dots.get_xydata(), [[0, 0.31], [500, 0.19], [1000, 0.11], [np.nan, 0.05]], rtol=1e-9, atol=0)


def test_potentials_may_be_given_over_capacity(run: Path, tmp_path: Path) -> None:
    folder = under_current(run, tmp_path)
    data = tmp_path / "cycler.csv"
    data.write_text("Q (mAh/g);E (V)\n250;0,27\n750;0,13\n1500;0,01\n")
    (curve,) = curves_for_page(folder, data)
    # computed 0.25 and 0.15 V
    assert_allclose(curve.apart, 0.02, rtol=1e-6, atol=0)
    data.write_text("t (min),E (V)\n0,0.2\n10,0.1\n")
    with pytest.raises(ConfigError, match=r"found no column 'potential_V'.*boundary\.current"):
        curves_for_page(run, data)
    data.write_text("t (min),diameter (nm)\n0,120\n10,130\n")
    with pytest.raises(ConfigError, match="--key diameter_max_nm"):
        curves_for_page(run, data)
    data.write_text("t (min),x\n0,120\n10,130\n")
    with pytest.raises(ConfigError, match="found the headings t \\(min\\), x"):
        curves_for_page(run, data)


def test_nothing_is_fetched_and_the_tables_are_inside(page: Path, run: Path) -> None:
    text = page.read_text()
    without = re.sub(r'<script type="text/plain".*?</script>', "", text, flags=re.DOTALL)
    addresses = re.findall(r'(?:src|href|poster)="([^"]*)"', without)
    assert {address.split(":")[0] for address in addresses if not address.startswith("#")} <= {
        "data", "frames.pvd", "frames"}
    for name in ("history.csv", "summary.json", "manifest.json", "config.yaml"):
        (data,) = re.findall(rf'href="data:[^;]+;base64,([^"]+)" download="{name}"', text)
        assert base64.b64decode(data) == (run / name).read_bytes()
    assert (run / "frames.pvd").is_file()
    # 1.2 MB of this is the viewer and what it shows
    assert page.stat().st_size < 3e6


@pytest.mark.parametrize("width", [1280, 400])
def test_a_browser_shows_everything_from_disk(page: Path, tab: Browser, width: int) -> None:
    tab.complaints.clear()
    tab.requests.clear()
    tab.open(page, width)
    assert tab.run("document.documentElement.scrollWidth") <= width
    # on a phone no value stays on one line, however long it is
    kept = "[...document.querySelectorAll('table.cards td')].filter(e => getComputedStyle(e).whiteSpace == 'nowrap')"
    assert (tab.run(f"{kept}.length") == 0) == (width == 400)
    assert tab.run("document.images.length") == 6 + 7
    assert tab.run("[...document.images].filter(i => !i.complete || !i.naturalWidth).map(i => i.alt)") == []
    tab.wait("document.querySelector('video').readyState >= 2")
    # letters of the running text stay legible, and pictures fill a small screen
    assert tab.run("parseFloat(getComputedStyle(document.querySelector('td')).fontSize)") >= 14
    assert tab.run("document.querySelector('#sections img').clientWidth") >= 280
    assert tab.complaints == []
    assert {address.split(":")[0] for address in tab.requests} <= {"file", "data"}


def test_in_the_dark_letters_are_light_on_dark_and_pictures_keep_their_ground(page: Path, tab: Browser) -> None:
    light = "(c => c.match(/[\\d.]+/g).slice(0, 3).map(Number).reduce((a, b) => a + b) / 3)(getComputedStyle(%s).%s)"
    places = {"body": "document.body", "link": "document.querySelector('nav a')",
              "image": "document.querySelector('figure.chart img')"}
    try:
        for scheme, dark in (("dark", True), ("light", False)):
            tab.call("Emulation.setEmulatedMedia", features=[{"name": "prefers-color-scheme", "value": scheme}])
            tab.open(page, 1280)
            assert (tab.run(light % (places["body"], "backgroundColor")) < 60) == dark
            assert (tab.run(light % (places["body"], "color")) > 180) == dark
            assert (tab.run(light % (places["link"], "color")) > 150) == dark
            assert not dark or tab.run(light % (places["image"], "backgroundColor")) == 255
    finally:
        tab.call("Emulation.setEmulatedMedia", features=[])


def test_the_interactive_view_opens_and_draws(page: Path, tab: Browser, tmp_path: Path) -> None:
    tab.complaints.clear()
    tab.open(page, 1280)
    tab.run("document.getElementById('open-view').click()")
    inside = "document.querySelector('#view iframe')?.contentDocument?.querySelector('canvas')"
    tab.wait(f"!!{inside} && {inside}.width > 300")
    script = f"""(() => {{ const c = document.createElement('canvas'); const v = {inside};
        v.ownerDocument.defaultView.global.renderWindow.render(); c.width = v.width; c.height = v.height;
        const g = c.getContext('2d'); g.drawImage(v, 0, 0);
        const d = g.getImageData(0, 0, c.width, c.height).data; let n = 0;
        for (let i = 0; i < d.length; i += 4) if (Math.max(d[i], d[i+1], d[i+2]) - Math.min(d[i], d[i+1], d[i+2]) > 60)
            n += 1; return n / (c.width * c.height); }})()"""
    tab.wait(f"{script} > 0.05")
    assert tab.complaints == []


def test_several_runs_are_compared_on_one_page(run: Path, tmp_path: Path, tab: Browser) -> None:
    other = Path(shutil.copytree(run, tmp_path / "zweiter lauf"))
    summary = {**SUMMARY, "converted_fraction": 0.5, "stop_reason": "end time reached"}
    (other / "summary.json").write_text(json.dumps(summary))
    page = write_report([run, other], tmp_path / "both" / "compared.html")
    text = page.read_text()
    assert cells(text, "Converted")[1:3] == ["84 %", "50 %"]
    assert "Comparison of one, zweiter lauf" in text
    # half of the section is where this run was cut off, which is no prediction of where the front stops
    assert "zweiter lauf stopped because: end time reached" in text
    assert cells(text, "A 129-nm wire stops at 55 %")[3:5] == ["84 % +53 %", "– ended before the front did"]
    assert "../zweiter%20lauf/frames.pvd" in text
    tab.complaints.clear()
    tab.open(page, 400)
    assert tab.run("document.documentElement.scrollWidth") <= 400
    assert tab.run("[...document.images].filter(i => !i.complete || !i.naturalWidth).length") == 0
    assert tab.run("document.querySelectorAll('#sections img').length") == 4
    assert tab.complaints == []


def test_a_bare_folder_gets_a_page_that_says_what_is_missing(run_path: Path, tmp_path: Path,
                                                             monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("femanode.pictures.scene.sys.executable", str(tmp_path / "absent"))
    folder = Path(shutil.copytree(run_path, tmp_path / "bare"))
    text = write_report(folder).read_text()
    assert "does not name its material" in text
    assert "no interactive view: FileNotFoundError" in text
    assert 'id="open-view"' not in text
    # one unreadable frame costs what needs it and no more
    frame = folder / "frames" / "frame_0004.vtu"
    frame.write_bytes(frame.read_bytes()[:200])
    text = write_report(folder).read_text()
    assert "Missing on this page" in text
    assert "How deep the front has gone" in text
    assert cells(text, "Converted")[1] == "84 %"


def test_what_cannot_be_a_page_is_one_line_and_never_costs_a_run(run: Path, tmp_path: Path,
                                                                caplog: pytest.LogCaptureFixture) -> None:
    with pytest.raises(ConfigError, match=r"file type '\.pdf'; allowed: \.html"):
        write_report(run, tmp_path / "a.pdf")
    with pytest.raises(ConfigError, match="at least one run's folder"):
        write_report([])
    with pytest.raises(ConfigError, match="no such folder"):
        write_report([run, tmp_path / "absent"])
    assert try_report(tmp_path / "absent") is None
    assert "no report: " in caplog.text


def test_the_fitted_law_is_the_one_of_the_summary(run: Path) -> None:
    facts = RunFacts(RunFolder(run))
    # a depth that grows linearly to 36 nm, fitted beyond three half-thicknesses of 2 nm
    assert facts.law is not None
    assert_allclose([facts.law.exponent, facts.law.r2], [1.0, 1.0], rtol=1e-9, atol=0)
    assert_allclose(facts.law.depth, 36 * facts.law.t / 5400, rtol=1e-9, atol=0)
    assert facts.law.depth.min() > 6


def test_eq1_adds_up_from_stress_and_volumes(run: Path) -> None:
    case = Case(RunFacts(RunFolder(run)), "one")
    figure = eq1_terms([case])
    assert figure is not None
    lines = {line.get_label(): line for line in figure.axes[0].lines}
    # host volume over x: 0.005 nm^3; full: 0.02 nm^3; 1 GPa nm^3 = 6.2415 eV
    end = lines["sum, as the rate law has it"].get_ydata()[-1]
    assert_allclose(end, -0.15 + 1.4 * 0.015 * 6.241509, rtol=1e-6, atol=0)
    ahead, behind = (lines[name].get_ydata()[-1] for name in ("host's stress", "product's stress"))
    # mean stress -2 + 3 r^2 at r = 0.36 and 0.44
    assert_allclose([ahead, behind], [6.2415 * 0.005 * (-2 + 3 * 0.36**2), -6.2415 * 0.02 * (-2 + 3 * 0.44**2)],
                    rtol=0.03, atol=0)
    assert_allclose(lines["sum, two-sided"].get_ydata()[-1], -0.15 + ahead + behind, rtol=1e-9, atol=0)


def test_frames_with_different_meshes_are_drawn(run: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    # the interactive view has a mesh of its own and a process to start
    monkeypatch.setattr("femanode.pictures.page.pictures.write_scene",
                        lambda *given, **_: given[-1].write_text("x") and given[-1])
    folder = Path(shutil.copytree(run, tmp_path / "adaptive"))
    coarse = RunFolder(run).frames[2].mesh
    half = np.unique(coarse.triangles6[::2])
    import meshio

    index = np.zeros(len(coarse.points), dtype=int)
    index[half] = np.arange(len(half))
    meshio.Mesh(np.column_stack([coarse.points[half], 0 * half]), [("triangle6", index[coarse.triangles6[::2]])],
                point_data={k: v[half] for k, v in coarse.fields.items()}).write(folder / "frames" / "frame_0002.vtu")
    text = write_report(folder).read_text()
    assert "Missing on this page" not in text
    assert text.count("image/svg+xml") == len(CHARTS) - 2  # no Newton iterations in this history, no current


def test_stages_follow_conversion_and_hold_the_end(run: Path) -> None:
    case = Case(RunFacts(RunFolder(run)), "one")
    # f = 1 - (1 - 0.6 s)^2 at s = 0, 1/4 ... 1: 0, 0.28, 0.51, 0.70, 0.84; thirds of 0.84: 0.28, 0.56
    assert stages(case, 3) == [1, 2, 4]
    assert stages(case, 99) == [0, 1, 2, 3, 4]


# A step length in s beside a time in min is read as the same unit.
def test_all_charts_of_a_page_tell_time_in_one_unit(run: Path, tmp_path: Path) -> None:
    folder = Path(shutil.copytree(run, tmp_path / "stepped"))
    table = pd.read_csv(folder / "history.csv")
    table["dt_s"], table["newton_iterations"] = np.gradient(table["time_s"]), 5
    table.to_csv(folder / "history.csv", index=False)
    case = Case(RunFacts(RunFolder(folder)), "one")
    end = float(case.facts.run.frames.times[-1])
    unit = "s" if end < 120 else "min" if end < 7200 else "h"
    labels = [text for chart in CHARTS if (figure := chart.draw([case])) is not None
              for axes in figure.axes for text in (axes.get_xlabel(), axes.get_ylabel())]
    timed = [text for text in labels if text.startswith(("Time", "Step length"))]
    assert len(timed) >= 3
    assert {re.search(r"\((\w+)\)$", text).group(1) for text in timed} == {unit}  # type: ignore[union-attr]


def test_charts_have_units_and_leave_out_what_is_not_there(run: Path, tmp_path: Path) -> None:
    folder = Path(shutil.copytree(run, tmp_path / "short"))
    table = pd.read_csv(folder / "history.csv")
    table[["time_s", "converted_fraction"]].to_csv(folder / "history.csv", index=False)
    case, whole = (Case(RunFacts(RunFolder(path)), "one") for path in (folder, run))
    assert depth([case]) is None
    assert eq1_terms([case]) is None
    for chart in CHARTS:
        figure = chart.draw([whole])
        if figure is not None and chart.draw.__name__ != "anisotropy_rose":
            assert re.search(r"\(.+\)|Accepted step", figure.axes[0].get_xlabel())
            assert re.search(r"\(.+\)", figure.axes[0].get_ylabel())
    figure = hoop_radius([whole])
    assert figure is not None
    assert_allclose(max(np.max(line.get_xdata()) for line in figure.axes[0].lines), 108, rtol=1e-3, atol=0)
