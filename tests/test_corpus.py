"""What fuzzing has found, and what it begins with: every reader takes it or refuses it in one line of plain text."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.fuzz.readers import READERS, judged

CORPUS = Path(__file__).resolve().parent / "corpus"
FILES = sorted(path for path in CORPUS.rglob("*") if path.is_file())


def test_every_reader_has_a_corpus_and_all_of_it_is_small() -> None:
    assert {path.parent.name for path in FILES} == set(READERS)
    assert sum(path.stat().st_size for path in FILES) < 200_000


@pytest.mark.filterwarnings("ignore")  # of libraries that read meshes
@pytest.mark.parametrize("path", FILES, ids=lambda path: f"{path.parent.name}/{path.name}")
def test_it_is_taken_or_refused_in_one_line(path: Path, tmp_path: Path) -> None:
    said = judged(path.parent.name, path.read_bytes(), tmp_path)
    # a file says by its name what must become of it; a checkpoint is good for the version that wrote it
    if not path.name.startswith("any"):
        assert bool(said) == path.name.startswith("refused"), said or "taken"
