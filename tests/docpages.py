"""The documentation as tests read it: its pages, their blocks of code, and the generator of its tables."""

from __future__ import annotations

import importlib.util
import re
from dataclasses import dataclass
from pathlib import Path
from types import ModuleType

ROOT = Path(__file__).resolve().parents[1]
DOCS = ROOT / "docs"
PAGES = sorted(str(path.relative_to(DOCS)) for path in DOCS.rglob("*.md"))
_BLOCK = re.compile(r"^```(\w*) *(?:title=\"([^\"]+)\")?\n(.*?)^```$", re.MULTILINE | re.DOTALL)


@dataclass(frozen=True)
class Block:
    """A block of code: its language, the file it is said to be, its text."""

    language: str
    title: str
    text: str


def blocks(path: Path) -> list[Block]:
    """Blocks of code of a page, in order."""
    return [Block(*match.groups(default="")) for match in _BLOCK.finditer(path.read_text(encoding="utf-8"))]


def commands(text: str) -> list[str]:
    """Commands of a block: continued lines joined, comments dropped."""
    lines = text.replace("\\\n", " ").splitlines()
    return [line for line in (re.sub(r"(^|\s+)# .*", "", line).strip() for line in lines) if line]


def generator() -> ModuleType:
    """The hook that makes the tables."""
    spec = importlib.util.spec_from_file_location("pages_hook", DOCS / "pages.py")
    assert spec is not None and spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def rows(table: str) -> dict[str, list[str]]:
    """Rows of Markdown tables by their first cell, without its backticks."""
    cells = [[cell.strip() for cell in re.split(r"(?<!\\)\|", line)[1:-1]] for line in table.splitlines()
             if line.startswith("| `")]
    assert len({row[0] for row in cells}) == len(cells), "a row appears twice"
    return {row[0].strip("`"): row[1:] for row in cells}
