"""Files that are replaced in one go, and disks that are full, read-only or gone: one line in place of a traceback."""

from __future__ import annotations

import errno
import os
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from femanode.errors import DiskError

#: What to do about it.
_HINTS = {**dict.fromkeys((errno.ENOSPC, getattr(errno, "EDQUOT", errno.ENOSPC)), "make room there"),
          errno.EFBIG: "raise the limit on the size of files (ulimit -f)",
          **dict.fromkeys((errno.EROFS, errno.EACCES, errno.EPERM), "make it writable")}
#: A file system or a C library that cannot take room without writing; bytes written at once where that is so.
_NO_SUCH_CALL = (errno.EOPNOTSUPP, errno.EINVAL, errno.ENOSYS, errno.ENODEV)
_BLOCK = 2**20


def disk_error(error: OSError, where: Path | str | None = None) -> DiskError:
    """The error in the user's words; ``where`` is the file meant, where the error names none or a passing one."""
    known = error.errno is not None and error.errno in _HINTS
    said = os.strerror(error.errno or 0) if known else error.strerror or str(error) or type(error).__name__
    if error.errno is None and "requested and" in said:  # numpy's own count of what a disk has not taken
        return DiskError("cannot be written whole (no space left, or a limit on the size of files)",
                         where=str(where or ""), hint=_HINTS[errno.ENOSPC])
    verb = "cannot be written" if known else "cannot be written or read"
    return DiskError(f"{verb} ({said})", where=str(where or error.filename or ""),
                     hint=_HINTS.get(error.errno or 0, "look whether the disk is still there"))


@contextmanager
def telling(where: Path) -> Iterator[None]:
    """Context whose OSError becomes a `DiskError` that names ``where``."""
    try:
        yield
    except OSError as error:
        raise disk_error(error, where) from error


@contextmanager
def keeping(kept: str, then: str) -> Iterator[None]:
    """Context for what is written once something has been computed: a `DiskError` also says what is safe (exit code 3).

    Parameters
    ----------
    kept : str
        What is safe and where.
    then : str
        What to do once the disk takes files again.
    """
    try:
        yield
    except DiskError as error:
        if error.kept:
            raise
        raise DiskError(error.found, where=error.where, kept=kept, hint=f"{error.hint}, then {then}") from None


def make_folder(path: Path) -> None:
    """Make a folder and those above it where they are missing.

    Raises
    ------
    DiskError
        It cannot be made.
    """
    with telling(path):
        path.mkdir(parents=True, exist_ok=True)


@contextmanager
def scratch_folder() -> Iterator[Path]:
    """Context that gives a passing folder.

    Raises
    ------
    DiskError
        No temporary folder can be written.
    """
    try:
        holder = tempfile.TemporaryDirectory(prefix="femanode-", ignore_cleanup_errors=True)
    except OSError as error:
        raise DiskError(f"cannot be written ({error.strerror or error})", where="temporary folder",
                        hint="set TMPDIR to a folder that can") from None
    with holder as name:
        yield Path(name)


@contextmanager
def replacing(path: Path) -> Iterator[Path]:
    """Context that gives a file to write; it takes the place of ``path`` at the end, and goes where that fails.

    Raises
    ------
    DiskError
        The disk does not take it; ``path`` is as it was.
    """
    temporary = passing(path)
    try:
        with telling(path):
            yield temporary
            os.replace(temporary, path)
    except BaseException:
        with suppress(OSError):
            temporary.unlink()
        raise


def passing(path: Path) -> Path:
    """Where the file that is to take the place of ``path`` lies until it is whole."""
    return path.with_name(path.name + ".part")


def keep_room(path: Path, size: int) -> None:
    """Take room on the disk for what `replacing` is to write to ``path`` later; what is there grows to ``size`` bytes.

    The room is a file that is written over in place, so that nobody else can take it in between. A file system that
    writes anew in place of over (btrfs, ZFS, APFS) keeps room all the same, but may hand it to another program first.

    Raises
    ------
    DiskError
        The disk has no such room; none is taken.
    """
    room = passing(path)
    try:
        with telling(path), open(room, "ab") as stream:
            there = os.fstat(stream.fileno()).st_size
            try:
                if there < size:
                    os.posix_fallocate(stream.fileno(), 0, size)
            except (AttributeError, OSError) as error:
                if isinstance(error, OSError) and error.errno not in _NO_SUCH_CALL:
                    raise
                for begin in range(there, size, _BLOCK):
                    stream.write(bytes(min(_BLOCK, size - begin)))
    except DiskError:
        give_room_back(path)
        raise


def give_room_back(path: Path) -> None:
    """Remove what `keep_room` has taken."""
    with suppress(OSError):
        passing(path).unlink(missing_ok=True)


def write_text(path: Path, text: str) -> Path:
    """Write a whole file, replacing an older one in one go.

    Raises
    ------
    DiskError
        The disk does not take it; the older one is as it was.
    """
    with replacing(path) as temporary:
        temporary.write_text(text, encoding="utf-8")
    return path
