"""The documentation site builds without a warning, and works from disk: nothing from the network, search included."""

from __future__ import annotations

import importlib.util
import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

from tests.browser import Browser
from tests.docpages import PAGES, ROOT

pytestmark = [pytest.mark.examples,
              pytest.mark.skipif(importlib.util.find_spec("mkdocs") is None, reason='pip install ".[docs]"')]
LOADS = re.compile(r"<(?:script|link|img|iframe)[^>]+(?:src|href)=\"?(?:https?:)?//[^>]*>")


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Path:
    out = tmp_path_factory.mktemp("documentation") / "site"
    done = subprocess.run([sys.executable, "-m", "mkdocs", "build", "--strict", "--site-dir", out], cwd=ROOT,
                          env={**os.environ, "NO_MKDOCS_2_WARNING": "1"}, capture_output=True, text=True, timeout=300,
                          check=False)
    # not --quiet: that also silences the count of warnings, and with it --strict
    assert done.returncode == 0, done.stderr
    return out


def test_no_page_loads_from_the_network(site: Path) -> None:
    pages = sorted(site.rglob("*.html"))
    assert len(pages) >= len(PAGES)
    assert [(page.name, found) for page in pages for found in LOADS.findall(page.read_text(encoding="utf-8"))] == []
    assert "<!-- generate" not in "".join(page.read_text(encoding="utf-8") for page in pages)


@pytest.mark.parametrize("page", PAGES)
def test_a_browser_shows_a_page_without_complaint(page: str, site: Path, tab: Browser) -> None:
    tab.complaints.clear()
    tab.requests.clear()
    for width in (1280, 400):
        tab.open((site / page).with_suffix(".html"), width)
        tab.run("document.querySelectorAll('img').forEach(i => i.loading = 'eager')")
        tab.wait("[...document.images].every(i => i.complete)")
        assert tab.run("[...document.images].every(i => i.naturalWidth > 0)")
        assert tab.run("document.documentElement.scrollWidth") <= width, "the page is wider than the window"
    assert tab.complaints == []
    assert {url.split(":")[0] for url in tab.requests} <= {"file", "data", "blob"}


def test_wide_code_scrolls_on_a_phone(site: Path, tab: Browser) -> None:
    tab.open(site / "tutorial.html", 400)
    blocks = tab.run("[...document.querySelectorAll('pre > code')].map(c => [c.textContent.trimEnd()"
                     ".split('\\n').length,"
                     " c.clientHeight / parseFloat(getComputedStyle(c).lineHeight), c.scrollWidth > c.clientWidth,"
                     " getComputedStyle(c).overflowX])")
    assert sum(wide for _, _, wide, _ in blocks) >= 3
    for lines, shown, wide, overflow in blocks:
        # A block is as high as its lines and its padding, whatever their length: none is wrapped.
        assert shown < lines + 3
        assert not wide or overflow in ("auto", "scroll")


def test_search_finds_a_key_from_disk(site: Path, tab: Browser) -> None:
    tab.open(site / "index.html", 1280)
    tab.run("(() => { const q = document.querySelector('.md-search__input'); q.focus(); q.value = 'yield_stress';"
            " q.dispatchEvent(new KeyboardEvent('keyup', {bubbles: true})); })()")
    tab.wait("document.querySelectorAll('.md-search-result__item').length > 0")
    links = tab.run("[...document.querySelectorAll('.md-search-result__link')].map(a => a.href)")
    assert any("reference/configuration.html" in link for link in links)
