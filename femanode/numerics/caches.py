"""Folders outside a run's own: caches, which may lie in a home that is full, read-only or not there at all."""

from __future__ import annotations

import os
import stat
import sys
import tempfile
from pathlib import Path


def refusal(folder: Path) -> str:
    """Why nothing can be kept in ``folder``, which is made where it is missing; empty where something can."""
    try:
        folder.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryFile(dir=folder) as stream:
            # An empty file fits on a full disk.
            stream.write(bytes(4096))
    except OSError as error:
        return error.strerror or str(error)
    return ""


def home() -> Path | None:
    """The user's home; None for a user who has none, as under a number that no account has."""
    try:
        return Path.home()
    except RuntimeError:
        return None


def user_cache() -> Path | None:
    """Where the user's programs keep what they can make again; None where there is no home."""
    told, base = os.environ.get("XDG_CACHE_HOME"), home()
    if told:
        return Path(told)
    return None if base is None else base / ".cache"


def scratch_cache() -> Path | None:
    """A folder in the temporary folder that belongs to this user alone; None where there can be none.

    What is kept there is executed again, so that a folder that another could have put there is not taken.
    """
    number = os.getuid() if hasattr(os, "getuid") else None
    try:
        folder = Path(tempfile.gettempdir()) / ("femanode" if number is None else f"femanode-{number}")
        folder.mkdir(mode=0o700, exist_ok=True)
        found = folder.lstat()
    except OSError:
        return None
    mine = number is None or (found.st_uid == number and not found.st_mode & (stat.S_IWGRP | stat.S_IWOTH))
    return folder if stat.S_ISDIR(found.st_mode) and mine else None


def settle_matplotlib() -> None:
    """Give matplotlib a folder where it could not keep its fonts; it warns otherwise, and searches them in each run."""
    told, base = os.environ.get("MPLCONFIGDIR"), home()
    if told:
        usual = [Path(told)]
    elif sys.platform.startswith(("linux", "freebsd")):
        config = os.environ.get("XDG_CONFIG_HOME")
        parents = (Path(config) if config else base and base / ".config", user_cache())
        usual = [parent / "matplotlib" for parent in parents if parent]
    else:
        usual = [base / ".matplotlib"] if base else []
    if "matplotlib" in sys.modules or (usual and not any(map(refusal, usual))):
        return
    scratch = scratch_cache()
    if scratch is not None and not refusal(scratch / "matplotlib"):
        os.environ["MPLCONFIGDIR"] = str(scratch / "matplotlib")
