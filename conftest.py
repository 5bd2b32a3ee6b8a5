"""Examples in docstrings and in docs/ run in a folder of their own, with configs/ in it as in the source folder."""

from __future__ import annotations

from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parent


@pytest.fixture(autouse=True)
def _examples_write_elsewhere(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> None:
    if isinstance(request.node, pytest.DoctestItem):
        folder: Path = request.getfixturevalue("tmp_path")
        (folder / "configs").symlink_to(ROOT / "configs")
        monkeypatch.chdir(folder)
