"""Files replaced in one go, on disks that refuse."""

from __future__ import annotations

import errno
import os
import tempfile
from pathlib import Path

import pytest

from femanode.errors import DiskError
from femanode.output.disk import disk_error, replacing, scratch_folder, write_text


@pytest.mark.parametrize(("number", "words"), [
    (errno.ENOSPC, "No space left on device); make room"), (errno.EDQUOT, "make room"),
    (errno.EFBIG, "File too large); raise the limit"), (errno.EROFS, "Read-only file system); make it writable"),
    (errno.EACCES, "make it writable"), (errno.EIO, "look whether the disk is still there")])
def test_each_refusal_says_what_to_do(number: int, words: str) -> None:
    assert words in str(disk_error(OSError(number, os.strerror(number), "/data/x")))
    assert str(disk_error(OSError(number, os.strerror(number), "/data/x"))).startswith("/data/x: ")


def test_numpy_counts_what_a_disk_has_not_taken() -> None:
    assert "no space left" in str(disk_error(OSError("4096 requested and 0 written"), "a.npy"))


def test_what_cannot_be_written_leaves_the_old_file(tmp_path: Path) -> None:
    path = write_text(tmp_path / "a.txt", "old")
    with pytest.raises(DiskError, match=r"a\.txt: cannot be written \(No space left on device\)"), \
            replacing(path) as temporary:
        temporary.write_text("ne")
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
    assert path.read_text() == "old"
    assert [p.name for p in tmp_path.iterdir()] == ["a.txt"]


def test_no_temporary_folder_is_one_line(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path / "none"))
    with pytest.raises(DiskError, match="set TMPDIR"), scratch_folder():
        pass
