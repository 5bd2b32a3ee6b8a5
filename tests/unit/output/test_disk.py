"""Files replaced in one go, on disks that refuse."""

from __future__ import annotations

import errno
import os
import tempfile
from pathlib import Path

import pytest

from femanode.errors import DiskError
from femanode.output import disk
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


@pytest.mark.parametrize("call", [None, errno.EOPNOTSUPP, errno.EINVAL])
def test_room_is_kept_also_where_it_has_to_be_written(tmp_path: Path, monkeypatch: pytest.MonkeyPatch,
                                                      call: int | None) -> None:
    if call is not None:
        def refuses(*_: int) -> None:
            raise OSError(call, os.strerror(call))

        monkeypatch.setattr(disk.os, "posix_fallocate", refuses, raising=False)
    path = tmp_path / "file"
    for size, kept in ((3_000_000, 3_000_000), (1_000_000, 3_000_000), (4_000_000, 4_000_000)):
        disk.keep_room(path, size)
        found = (tmp_path / "file.part").stat()
        assert found.st_size == kept
        assert 512 * found.st_blocks >= kept, "a file with holes keeps no room"
    with replacing(path) as temporary, open(temporary, "r+b") as stream:
        stream.write(b"whole")
        stream.truncate()
    assert path.read_bytes() == b"whole"
    disk.keep_room(path, 10)
    disk.give_room_back(path)
    assert [file.name for file in tmp_path.iterdir()] == ["file"]


def test_where_no_room_is_left_none_is_taken(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def full(*_: int) -> None:
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    monkeypatch.setattr(disk.os, "posix_fallocate", full, raising=False)
    with pytest.raises(DiskError, match=r"file: cannot be written \(No space left on device\)"):
        disk.keep_room(tmp_path / "file", 100)
    assert not list(tmp_path.iterdir())


def test_no_temporary_folder_is_one_line(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path / "none"))
    with pytest.raises(DiskError, match="set TMPDIR"), scratch_folder():
        pass
