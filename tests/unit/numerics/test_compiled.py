"""Where compiled loops are kept, and what happens where they cannot be."""

from __future__ import annotations

import errno
import os
import subprocess
import sys
import tempfile
from pathlib import Path

import pytest

from femanode.numerics import compiled


@pytest.fixture
def places(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A home and a temporary folder of one's own, nothing told or remembered."""
    monkeypatch.delenv("NUMBA_CACHE_DIR", raising=False)
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "home"))
    (tmp_path / "tmp").mkdir()
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path / "tmp"))
    return tmp_path


def folder() -> str | None:
    return compiled.cache_folder.__wrapped__()


def test_the_users_cache_is_taken_without_a_word(places: Path, caplog: pytest.LogCaptureFixture) -> None:
    assert folder() == str(places / "home" / "femanode" / "compiled")
    assert not caplog.records


def test_the_temporary_folder_is_the_second_choice_and_none_the_last(places: Path,
                                                                     caplog: pytest.LogCaptureFixture) -> None:
    (places / "home").write_text("a file is in the way")
    scratch = places / "tmp" / f"femanode-{os.getuid()}"
    assert folder() == str(scratch / "compiled")
    (record,) = caplog.records
    assert f"kept in {scratch / 'compiled'}, as {places / 'home'}" in record.getMessage()
    caplog.clear()
    (scratch / "compiled").rmdir()
    (scratch / "compiled").write_text("here too")
    assert folder() is None
    (record,) = caplog.records
    assert "compiled anew in every run" in record.getMessage()
    assert "set NUMBA_CACHE_DIR" in record.getMessage()


def test_a_folder_that_was_asked_for_comes_first(places: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("NUMBA_CACHE_DIR", str(places / "mine"))
    assert folder() == str(places / "mine")


def twice(x: float) -> float:
    return 2.0 * x


@pytest.mark.parametrize("place", ["writable", "none", "full"])
def test_a_function_compiles_wherever_it_is_kept_or_not(place: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch,
                                                        caplog: pytest.LogCaptureFixture) -> None:
    pytest.importorskip("numba")
    compiled._tell_unkept.cache_clear()
    monkeypatch.setattr(compiled, "cache_folder", lambda: None if place == "none" else str(tmp_path))
    if place == "full":
        def refuse(*_: object) -> None:
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

        monkeypatch.setattr(os, "replace", refuse)
    function = compiled.compiled(twice)
    assert function(3.0) == 6.0
    assert function(3) == 6.0  # a second signature
    assert len(list(tmp_path.rglob("*.nbc"))) == (2 if place == "writable" else 0)
    assert ["not kept" in r.getMessage() for r in caplog.records] == ([True] if place == "full" else [])


def test_numba_that_does_not_load_is_done_without(tmp_path: Path) -> None:
    (tmp_path / "numba.py").write_text("raise ImportError('Numba needs NumPy 1.0 or less')")
    code = "from femanode.numerics.compiled import available; assert not (available() or available())"
    root = str(Path(__file__).resolve().parents[3])
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, timeout=60, check=True,
                          env={**os.environ, "FEMANODE_KERNELS": "", "PYTHONPATH": f"{tmp_path}{os.pathsep}{root}"})
    assert done.stderr.count("\n") == 1
    assert "plain numpy" in done.stderr
    assert "Numba needs NumPy 1.0 or less" in done.stderr
