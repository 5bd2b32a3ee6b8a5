"""Keeps two runs out of one folder."""

from __future__ import annotations

import os
import platform
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from filelock import FileLock, Timeout

from femanode.errors import ConfigError, DiskError
from femanode.output.disk import disk_error, telling

#: File that the operating system locks, which it releases when the process ends (the file itself stays), and file that
#: says which process holds the lock.
LOCK, HOLDER = ".run.lock", ".run.holder"


@contextmanager
def hold(folder: Path) -> Iterator[None]:
    """Make ``folder`` where it is missing and keep it to this process.

    Raises
    ------
    ConfigError
        Another process (or thread) holds it, or a file is in its place.
    DiskError
        It cannot be made or written.
    """
    try:
        folder.mkdir(parents=True, exist_ok=True)
        lock = FileLock(folder / LOCK)
        lock.acquire(timeout=0)
    except (FileExistsError, NotADirectoryError):
        raise ConfigError("is a file", where=str(folder), allowed="a folder to be made",
                          hint="choose another with -o") from None
    except Timeout:
        raise ConfigError(f"in use by {_holder(folder)}", where=str(folder),
                          hint="wait for it, stop it, or choose another folder with -o") from None
    except OSError as error:
        found = disk_error(error, folder)
        raise DiskError(found.found, where=found.where,
                        hint=f"{found.hint}, or choose another folder with -o") from None
    try:
        with telling(folder):
            (folder / HOLDER).write_text(f"process {os.getpid()} on {platform.node()}", encoding="utf-8")
        yield
    finally:
        with suppress(OSError):  # the disk may have turned read-only
            (folder / HOLDER).unlink(missing_ok=True)
        lock.release()


def _holder(folder: Path) -> str:
    try:
        return (folder / HOLDER).read_text(encoding="utf-8") or "another process"
    except OSError:  # it has just taken the lock, or is about to give it back
        return "another process"
