"""Caches where there is no home, or one that cannot be written."""

from __future__ import annotations

import os
import sys
import tempfile
from pathlib import Path

import pytest

from femanode.numerics.caches import refusal, scratch_cache, settle_matplotlib, user_cache


@pytest.fixture
def nameless(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A user without a name, and so without a home; the temporary folder."""
    def unknown() -> Path:
        raise RuntimeError("Could not determine home directory.")

    for name in ("HOME", "XDG_CACHE_HOME", "XDG_CONFIG_HOME", "MPLCONFIGDIR"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setattr(Path, "home", unknown)
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
    return tmp_path


def test_a_full_disk_is_noticed_though_it_takes_an_empty_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    assert refusal(tmp_path / "new" / "folder") == ""
    assert (tmp_path / "new" / "folder").is_dir()
    (tmp_path / "file").write_text("x")
    assert refusal(tmp_path / "file" / "below") == "Not a directory"
    if Path("/dev/full").exists():
        monkeypatch.setattr(tempfile, "TemporaryFile", lambda dir: open("/dev/full", "wb"))  # noqa: SIM115
        assert refusal(tmp_path) == "No space left on device"


def test_a_user_without_a_name_has_no_cache(nameless: Path) -> None:
    assert user_cache() is None


def test_the_temporary_cache_is_the_users_own(nameless: Path) -> None:
    folder = scratch_cache()
    assert folder == nameless / f"femanode-{os.getuid()}"
    assert folder.stat().st_mode & 0o777 == 0o700
    folder.chmod(0o770)  # another could have put code there
    assert scratch_cache() is None
    folder.rmdir()
    folder.symlink_to(nameless)
    assert scratch_cache() is None


def test_matplotlib_gets_a_folder_only_where_it_has_none(nameless: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delitem(sys.modules, "matplotlib", raising=False)
    settle_matplotlib()
    assert os.environ.pop("MPLCONFIGDIR") == str(nameless / f"femanode-{os.getuid()}" / "matplotlib")
    monkeypatch.setenv("MPLCONFIGDIR", str(nameless / "mine"))
    settle_matplotlib()
    assert os.environ["MPLCONFIGDIR"] == str(nameless / "mine")
    (nameless / "file").write_text("x")
    monkeypatch.setenv("MPLCONFIGDIR", str(nameless / "file"))
    settle_matplotlib()
    assert os.environ["MPLCONFIGDIR"] == str(nameless / f"femanode-{os.getuid()}" / "matplotlib")
