"""The interactive page in a real browser: slider, menu, and the value under the cursor, against formulas."""

from __future__ import annotations

import builtins
import json
import re
import shutil
import time
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest

from femanode.errors import ConfigError
from femanode.pictures.interactive import write_interactive
from tests.browser import Browser

pytest.importorskip("bokeh")

#: Everything that is shown, within the shadow roots that Bokeh draws in as well.
DEEP = """(() => { const found = []; const walk = node => { for (const child of node.querySelectorAll('*')) {
  if (child.matches(%r)) found.push(child); if (child.shadowRoot) walk(child.shadowRoot) } }; walk(document);
  return found })()"""


def deep(selector: str) -> str:
    return DEEP % selector


def box(tab: Browser, selector: str) -> tuple[float, float, float, float]:
    """Left, top, width and height of the first match, CSS pixels."""
    found = tab.run(f"(() => {{ const b = {deep(selector)}[0].getBoundingClientRect(); "
                    "return [b.left, b.top, b.width, b.height] })()")
    return (found[0], found[1], found[2], found[3])


def mouse(tab: Browser, kind: str, x: float, y: float) -> None:
    tab.call("Input.dispatchMouseEvent", type=kind, x=x, y=y, button="left" if kind != "mouseMoved" else "none",
             clickCount=1)


def shown(tab: Browser) -> str:
    return str(tab.run(f"{deep('.bk-clearfix')}.map(e => e.textContent).join(' ')"))


def pointed(tab: Browser, across: float, up: float) -> tuple[float, float, float]:
    """Value and place that the tooltip tells at a point of the plot, given in shares of its box."""
    left, top, width, height = box(tab, ".bk-Figure")
    mouse(tab, "mouseMoved", left + 3, top + 3)
    mouse(tab, "mouseMoved", left + across * width, top + up * height)
    tab.wait(f"{deep('.bk-tooltip-row-value')}.length > 1")
    text = tab.run(f"{deep('.bk-tooltip-row-value')}.map(e => e.textContent).join(' ')")
    value, x, y = (float(part) for part in re.findall(r"[-−]?\d+\.\d+", text.replace("−", "-")))
    return value, x, y


@pytest.fixture(scope="module")
def page(run_path: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = Path(shutil.copytree(run_path, tmp_path_factory.mktemp("interactive") / "one"))
    return write_interactive(folder)


def test_the_page_is_one_file_of_moderate_size(page: Path) -> None:
    assert page.name == "interactive.html"
    assert 5e5 < page.stat().st_size < 8e6


def test_at_the_end_the_value_under_the_cursor_is_the_formula_s(page: Path, tab: Browser) -> None:
    tab.open(page, 1280)
    tab.wait(f"{deep('.bk-Figure')}.length > 0")
    time.sleep(0.5)
    for across, up in ((0.45, 0.5), (0.3, 0.45), (0.55, 0.62)):
        value, x, y = pointed(tab, across, up)
        r = np.hypot(x / 1.8, y / 1.3) / 60.0
        # a pixel of the sampled grid is about 1 nm: 3 r^2 changes by 0.1 at most across it
        assert value == pytest.approx(-1.5 + 3.0 * r**2, abs=0.1)
    assert tab.complaints == []
    assert not [url for url in tab.requests if not url.startswith(("file:", "data:", "about:", "blob:"))]


def test_the_slider_moves_shape_value_and_caption(page: Path, tab: Browser, run_path: Path) -> None:
    tab.open(page, 1280)
    tab.wait(f"{deep('.noUi-handle')}.length > 0")
    history = pd.read_csv(run_path / "history.csv")
    assert f"front {history['front_depth_nm'].iloc[-1]:.2f} nm deep" in shown(tab)
    left, top, width, height = box(tab, ".noUi-handle")
    bar = box(tab, ".noUi-base")
    mouse(tab, "mouseMoved", left + width / 2, top + height / 2)
    mouse(tab, "mousePressed", left + width / 2, top + height / 2)
    for x in (bar[0] + 0.5 * bar[2], bar[0] + 0.25 * bar[2]):
        tab.call("Input.dispatchMouseEvent", type="mouseMoved", x=x, y=top + height / 2, button="left", buttons=1)
    mouse(tab, "mouseReleased", bar[0] + 0.25 * bar[2], top + height / 2)
    # frame 1 of 0 to 4: a quarter of the time
    at = history.iloc[(history["time_s"] - 0.25 * 5400.0).abs().argmin()]
    tab.wait(f"{deep('.bk-clearfix')}.some(e => e.textContent.includes('t = {at['time_s']:.6g} s'))")
    assert f"front {at['front_depth_nm']:.2f} nm deep" in shown(tab)
    value, x, y = pointed(tab, 0.45, 0.45)
    r = np.hypot(x / 1.2, y / 1.075) / 60.0
    assert value == pytest.approx(-1.5 + 3.0 * r**2, abs=0.1)


def test_the_menu_changes_the_field(page: Path, tab: Browser) -> None:
    tab.open(page, 1280)
    tab.wait(f"{deep('select')}.length > 0")
    options = tab.run(f"Array.from({deep('select')}[0].options).map(o => o.value)")
    assert len(options) == 7
    tab.run(f"(() => {{ const s = {deep('select')}[0]; s.value = 'Axial stress (GPa)'; "
            "s.dispatchEvent(new Event('change')) })()")
    value, x, y = pointed(tab, 0.45, 0.5)
    r = np.hypot(x / 1.8, y / 1.3) / 60.0
    assert value == pytest.approx(-2.5 + 3.0 * r**2, abs=0.1)


@pytest.mark.parametrize("width", [400, 1280])
def test_nothing_is_wider_than_the_window(page: Path, tab: Browser, width: int) -> None:
    tab.open(page, width)
    tab.wait(f"{deep('.bk-Figure')}.length > 0")
    assert tab.run("document.documentElement.scrollWidth") <= width


#: Each would be seen in the window's title or counted, if it were executed in the browser or by the template.
HOSTILE = ("<script>document.hacked = 1</script></script><img src=x onerror='document.hacked = 2'>"
           "\"><svg onload='document.hacked = 3'>{{ 6 * 7 }}{% raw %}<a href=\"javascript:document.hacked=4\">x</a>")


def test_what_comes_from_files_is_shown_and_never_executed(run_path: Path, tmp_path: Path, tab: Browser) -> None:
    folder = Path(shutil.copytree(run_path, tmp_path / "run"))
    manifest = {"name": HOSTILE, "sector": "quarter", "radius_nm": 60.0, "notes": [HOSTILE], "stop_reason": HOSTILE,
                "solver": HOSTILE, "crystal": {"axis": [HOSTILE], "x": HOSTILE, "y": HOSTILE}}
    (folder / "manifest.json").write_text(json.dumps(manifest))
    (folder / "summary.json").write_text(json.dumps({"regime": HOSTILE, "warnings": [HOSTILE], HOSTILE: HOSTILE}))
    (folder / "config.yaml").write_text(f"name: {json.dumps(HOSTILE)}\n{json.dumps(HOSTILE)}: 1\n")
    tab.complaints.clear()
    tab.open(write_interactive(folder), 1280)
    tab.wait(f"{deep('.bk-Figure')}.length > 0")
    assert tab.run("document.querySelector('h1').textContent") == HOSTILE
    assert tab.run("document.title") == f"{HOSTILE}: interactive"
    assert tab.run("document.hacked ?? 0") == 0
    assert tab.run("document.querySelectorAll('a[href^=\"javascript:\"], img[src=\"x\"]').length") == 0
    assert tab.complaints == []


def test_without_bokeh_one_line_says_what_to_install(run_path: Path, tmp_path: Path,
                                                     monkeypatch: pytest.MonkeyPatch) -> None:
    real = builtins.__import__

    def without(name: str, *rest: Any, **more: Any) -> Any:
        if name.startswith("bokeh"):
            raise ImportError(name)
        return real(name, *rest, **more)

    monkeypatch.setattr(builtins, "__import__", without)
    with pytest.raises(ConfigError, match=r"needs bokeh, which is not installed; pip install \"femanode\[interactive"):
        write_interactive(run_path, tmp_path / "x.html")
    with pytest.raises(ConfigError, match=r"file type '\.pdf'; allowed: \.html; .*femanode plot DIR -o x\.pdf"):
        write_interactive(run_path, tmp_path / "x.pdf")


def test_crystal_directions_are_written_below_the_section(run_path: Path, page: Path, tmp_path: Path) -> None:
    folder = Path(shutil.copytree(run_path, tmp_path / "crystal"))
    manifest = json.loads((folder / "manifest.json").read_text())
    manifest["crystal"] = {"structure": "cubic", "axis": [1, 1, 0], "x": "[1-10]", "y": "[00-1]"}
    (folder / "manifest.json").write_text(json.dumps(manifest))
    text = write_interactive(folder).read_text()
    assert '"[1-10]","[001]"' in text
    assert '"[1-10]"' not in page.read_text()
