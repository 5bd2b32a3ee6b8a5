"""The tutorial runs as printed: every command in its ``sh`` blocks, and what it says they print."""

from __future__ import annotations

import doctest
import re
import subprocess
import sys
from itertools import pairwise
from pathlib import Path

import pytest

from tests.docpages import DOCS, Block, blocks, commands

pytestmark = pytest.mark.examples
FLAGS = doctest.ELLIPSIS | doctest.NORMALIZE_WHITESPACE


def run(line: str, folder: Path) -> tuple[int, str]:
    """Exit code and all that a command prints, the progress that a pipe shows left out."""
    done = subprocess.run(line.replace("femanode", f"{sys.executable} -m femanode", 1), shell=True, cwd=folder,
                          stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, timeout=500, check=False)
    return done.returncode, re.sub(r"^(t = |drawing |writing ).*\n", "", done.stdout, flags=re.MULTILINE)


def test_the_tutorial_prints_what_it_says(tmp_path: Path) -> None:
    parts = [*blocks(DOCS / "tutorial.md"), Block("", "", "")]
    ran = 0
    for block, after in pairwise(parts):
        if block.title:
            (tmp_path / block.title).write_text(block.text, encoding="utf-8")
        if block.language != "sh":
            continue
        results = [run(line, tmp_path) for line in commands(block.text)]
        printed = "".join(text for _, text in results)
        wanted = after.text if after.language == "text" else ""
        assert [code for code, _ in results] == [2 if wanted.startswith("femanode: ") else 0] * len(results), printed
        assert doctest.OutputChecker().check_output(wanted, printed, FLAGS), f"{block.text}{printed}"
        ran += len(results)
    assert ran >= 6
    assert (tmp_path / "compared.html").is_file()
    assert (tmp_path / "results/110/open_in_paraview.py").is_file()
