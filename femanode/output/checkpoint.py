"""Checkpoints: what decides the continuation of a run, written in one go and read back bit by bit.

Each contributor (state, controller, record, mesh ...) hands over a `Part`: arrays and plain data. What is in a part is
the contributor's business; here it is only stored, checked and returned.
"""

from __future__ import annotations

import json
import logging
import os
import zipfile
import zlib
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any, NoReturn

import numpy as np
from numpy.typing import NDArray

from femanode import __version__
from femanode.errors import ConfigError
from femanode.output.disk import replacing, telling
from femanode.solver.state import Part

#: Layout of the file; to be raised when a part changes its meaning.
FORMAT = 4
#: The newest and the one before it.
NAMES = ("checkpoint.npz", "checkpoint.old.npz")
#: Keys that may differ when a run goes on: they do not touch the steps already made.
FREE_KEYS = ("time.end", "output.pictures", "output.checkpoint")

_META = "meta"
_log = logging.getLogger(__name__)


Parts = Mapping[str, Part]


def save_checkpoint(folder: Path, parts: Parts, configuration: Mapping[str, Any]) -> Path:
    """Write ``checkpoint.npz``; the one before becomes ``checkpoint.old.npz``. Killed at any moment, one good is left.

    Parameters
    ----------
    folder : Path
    parts : mapping of str to Part
        By contributor.
    configuration : mapping
        The resolved configuration as plain data, to be compared on reading.

    Raises
    ------
    DiskError
        The disk does not take it; the one before is still there.
    """
    newest, older = (folder / name for name in NAMES)
    meta = {"format": FORMAT, "version": __version__, "configuration": _fixed(configuration),
            "data": {name: dict(part.data) for name, part in parts.items()}}
    arrays = {f"{name}/{key}": array for name, part in parts.items() for key, array in part.arrays.items()}
    with replacing(newest) as temporary:
        with open(temporary, "wb") as stream:
            # Not compressed: that would take ten times as long as the writing.
            np.savez(stream, **{_META: np.frombuffer(json.dumps(meta).encode(), np.uint8)}, **arrays)  # type: ignore[arg-type]
            stream.flush()
            os.fsync(stream.fileno())
        if newest.exists():
            os.replace(newest, older)
    with telling(newest):
        sync_folder(folder)
    return newest


def load_checkpoint(folder: Path, configuration: Mapping[str, Any]) -> Parts | None:
    """The parts of the newest checkpoint that can be read, or None where there is none.

    A torn newest one is removed, so that the next save does not push the good one out.

    Raises
    ------
    ConfigError
        It was written by another version or for another configuration, or none of those there can be read.
    """
    problems = []
    for path in (folder / name for name in NAMES):
        if not path.is_file():
            continue
        try:
            meta, arrays = _read(path)
        except (OSError, ValueError, KeyError, EOFError, zipfile.BadZipFile, zlib.error) as error:
            problems.append(path)
            _log.warning("%s cannot be read (%s)", path, str(error).splitlines()[0] if str(error) else "cut short")
            continue
        _require_match(path, meta, json.loads(json.dumps(_fixed(configuration))))
        for torn in problems:
            torn.unlink()
        return {name: Part({key.split("/", 1)[1]: a for key, a in arrays.items() if key.split("/", 1)[0] == name}, data)
                for name, data in meta["data"].items()}
    if problems:
        raise ConfigError("no checkpoint can be read", where=", ".join(map(str, problems)),
                          hint="run the case anew with --overwrite")
    return None


def sync_folder(folder: Path) -> None:
    """Have the folder's entries on the disk, where the system can do that."""
    try:
        handle = os.open(folder, os.O_RDONLY)
    except OSError:  # not possible on Windows
        return
    try:
        os.fsync(handle)
    finally:
        os.close(handle)


def _read(path: Path) -> tuple[dict[str, Any], dict[str, NDArray[Any]]]:
    with open(path, "rb") as stream, np.load(stream) as stored:
        arrays = {key: stored[key] for key in stored.files}
    meta = json.loads(arrays.pop(_META).tobytes())
    if not isinstance(meta, dict):
        raise ValueError("no description")
    return meta, arrays


def _require_match(path: Path, meta: Mapping[str, Any], configuration: Mapping[str, Any]) -> None:
    """Refuse what another version wrote, or what belongs to another configuration."""
    def refuse(found: str, allowed: str, hint: str = "") -> NoReturn:
        raise ConfigError(found, where=str(path), allowed=allowed,
                          hint=hint or "run the case anew with --overwrite")

    if meta.get("format") != FORMAT or meta.get("version") != __version__:
        refuse(f"written by femanode {meta.get('version')}, format {meta.get('format')}",
               f"femanode {__version__}, format {FORMAT}",
               f"go on with femanode {meta.get('version')}, or run the case anew with --overwrite")
    was, now = dict(_leaves(meta["configuration"])), dict(_leaves(configuration))
    for key in sorted(was.keys() | now.keys()):
        if was.get(key) != now.get(key):
            refuse(f"written with {key} = {was.get(key)}, the configuration has {now.get(key)}",
                   f"a change of {', '.join(FREE_KEYS)} only",
                   "resume with the run's own config.yaml, or run the case anew with --overwrite")


def _fixed(configuration: Mapping[str, Any]) -> dict[str, Any]:
    """The configuration without its free keys."""
    free = {tuple(key.split(".")) for key in FREE_KEYS}
    return {name: {k: v for k, v in value.items() if (name, k) not in free} if isinstance(value, Mapping) else value
            for name, value in configuration.items()}


def _leaves(data: Any, path: str = "") -> Iterator[tuple[str, Any]]:
    """Key paths and values of nested mappings."""
    if isinstance(data, Mapping) and data:
        for key, value in data.items():
            yield from _leaves(value, f"{path}.{key}" if path else str(key))
    else:
        yield path, data
