"""Words for commands that have another name: what is told exists, and the command line tells it."""

from __future__ import annotations

import re
import subprocess
import sys

import pytest
import typer

from femanode.cli import app
from femanode.cli.otherwords import TYPED, what_to_type

COMMANDS = typer.main.get_command(app).commands  # type: ignore[attr-defined]


def test_every_command_and_option_that_is_told_exists_and_no_command_is_a_word() -> None:
    for words, told in TYPED.items():
        for name, rest in re.findall(r"femanode ([a-z]+)([^;,]*)", told):
            options = {text for one in COMMANDS[name].params for text in one.opts}
            assert set(re.findall(r"(?<!\w)--?[a-z]+", rest)) <= options | {"--help"}, told
        assert not set(words) & set(COMMANDS)
    words = [word for group in TYPED for word in group]
    assert len(words) == len(set(words))


@pytest.mark.parametrize(("typed", "told"), [("simulate", "femanode run CONFIG"), ("animate", "-o film.mp4"),
                                             ("plto", "Did you mean 'plot'?"), ("xyzzy", "femanode --help lists them")])
def test_the_command_line_tells_it(typed: str, told: str) -> None:
    done = subprocess.run([sys.executable, "-m", "femanode", typed], capture_output=True, text=True, check=False)
    assert done.returncode == 2
    assert told in done.stderr
    assert done.stderr.count("\n") == 1


def test_other_lines_stay_as_they_are() -> None:
    assert what_to_type("No such option: --converted") == "No such option: --converted"
