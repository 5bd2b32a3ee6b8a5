"""Links and paths in the pages lead to files that are there; the site's own check sees only those within docs/."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from tests.docpages import DOCS, PAGES, ROOT

WRITTEN = [*sorted(ROOT.glob("*.md")), *(DOCS / page for page in PAGES)]
LINK = re.compile(r"\]\((?!https?:|mailto:|#)([^)#\s]+)(?:#[^)]*)?\)")
PATH = re.compile(r"`((?:femanode|tests|docs|configs|examples|benchmarks|meshes|\.ci|\.github)/[\w./-]*)`")


@pytest.mark.parametrize("path", WRITTEN, ids=lambda path: path.relative_to(ROOT).as_posix())
def test_links_and_paths_lead_to_files(path: Path) -> None:
    text = path.read_text(encoding="utf-8")
    # pages on the site are .html where the sources are .md
    dead = [link for link in LINK.findall(text) if not (path.parent / link).exists()]
    dead += [name for name in PATH.findall(text) if not (ROOT / name).exists()]
    assert dead == []
