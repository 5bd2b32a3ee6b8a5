"""Checkpoints: what decides the continuation of a run, written in one go and read back bit by bit.

Each contributor (state, controller, record, mesh ...) hands over a `Part`: arrays and plain data. What is in a part is
the contributor's business; here it is only stored, checked and returned.
"""

from __future__ import annotations

import hashlib
import json
import logging
import os
import shutil
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any, NoReturn

import numpy as np
from numpy.typing import NDArray

from femanode import __version__
from femanode.errors import ConfigError
from femanode.output.disk import give_room_back, keep_room, replacing, telling
from femanode.solver.state import Part

#: Layout of the file; to be raised when a part changes its meaning.
FORMAT = 7
#: The newest and the one before it.
NAMES = ("checkpoint.npz", "checkpoint.old.npz")
#: Where one that was refused is kept, out of the way of the next save.
REFUSED = "checkpoint.refused.npz"
#: Keys that may differ when a run goes on: they do not touch the steps already made.
FREE_KEYS = ("time.end", "output.pictures", "output.checkpoint", "solver.patience")
#: Keys that may differ too: the steps to come then differ by as much as two linear solvers do.
SOLVER_KEYS = ("solver.linear",)
#: How many changed keys one line names.
MOST_NAMED = 4
#: Room kept for the next checkpoint, over what this one takes; and bytes beyond, of which a thousand rows take half.
ROOM, MORE = 1.25, 2**20

_META, _DIGEST = "meta", "digest"
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
    meta = {"format": FORMAT, "version": __version__, "configuration": configuration,
            "data": {name: dict(part.data) for name, part in parts.items()}}
    arrays = {f"{name}/{key}": array for name, part in parts.items() for key, array in part.arrays.items()}
    arrays[_META] = np.frombuffer(json.dumps(meta).encode(), np.uint8)
    with replacing(newest) as temporary:
        # Over the room that was kept for it, if it was.
        with open(temporary, "r+b" if temporary.exists() else "wb") as stream:
            # Not compressed: that would take ten times as long as the writing.
            np.savez(stream, **{_DIGEST: _digest(arrays)}, **arrays)  # type: ignore[arg-type]
            stream.truncate()
            stream.flush()
            os.fsync(stream.fileno())
        if newest.exists():
            os.replace(newest, older)
    with telling(newest):
        sync_folder(folder)
    return newest


def keep_room_for(folder: Path, parts: Parts) -> None:
    """Keep room on the disk for a checkpoint of these parts, and of what they grow to in some thousand steps.

    Raises
    ------
    DiskError
        There is no room for it.
    """
    taken = sum(array.nbytes for part in parts.values() for array in part.arrays.values())
    keep_room(folder / NAMES[0], int(ROOM * taken) + MORE)


def forgo_room(folder: Path) -> None:
    """No further checkpoint is to come."""
    give_room_back(folder / NAMES[0])


def keep_twice(folder: Path) -> None:
    """Have the newest in place of the one before it, which speaks of files that are to go.

    Raises
    ------
    DiskError
        The disk does not take it; both are as they were.
    """
    newest, older = (folder / name for name in NAMES)
    with replacing(older) as temporary:
        shutil.copyfile(newest, temporary)
        with open(temporary, "rb") as stream:
            os.fsync(stream.fileno())
    with telling(older):
        sync_folder(folder)


def load_checkpoint(folder: Path, configuration: Mapping[str, Any],
                    look: Callable[[Parts], object] = lambda _: None) -> Parts | None:
    """The parts of the newest checkpoint that can be gone on from, or None where there is none.

    One that cannot be read, or that belongs to something else, is refused with the reason, and the one before is taken.
    The refused one is moved aside, so that the next save does not push the good one out. What has changed in the
    configuration and may change is logged. ``look`` is called with what was read; a ConfigError of it refuses that.

    Raises
    ------
    ConfigError
        None of those there can be gone on from: why the newest that can be read does not fit, or that none can be read.
    """
    now = json.loads(json.dumps(configuration))
    refused: list[Path] = []
    misfits: list[ConfigError] = []
    for path in (folder / name for name in NAMES):
        if not path.is_file():
            continue
        try:
            meta, arrays = _read(path)
            _require_match(path, meta, now)
            parts = _parts(meta, arrays)
            look(parts)
        except ConfigError as error:
            misfits.append(error)
        except Exception as error:  # whatever bytes that are no checkpoint make of the reader
            # What is no archive numpy takes for pickled data, and says how to load them unsafely.
            said = str(error).partition("\n")[0] or "cut short"
            _log.warning("%s cannot be read (%s)", path, "no archive of arrays" if "pickled" in said else said)
        else:
            for misfit in misfits:
                _log.warning("%s is not gone on from: %s", misfit.where, misfit.found)
            for other in refused:
                os.replace(other, folder / REFUSED)
            _tell_changes(meta["configuration"], now)
            return parts
        refused.append(path)
    if misfits:
        raise misfits[0]
    if refused:
        raise ConfigError("no checkpoint can be read", where=", ".join(map(str, refused)),
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
    """Description and arrays as they were written, to the last bit; anything but a ConfigError says they are not."""
    with open(path, "rb") as stream, np.load(stream, allow_pickle=False) as stored:
        arrays = {key: stored[key] for key in stored.files}
    digest = arrays.pop(_DIGEST, None)
    # Before the checksum is asked for: earlier formats have none.
    meta = json.loads(arrays[_META].tobytes())
    if not isinstance(meta, dict) or "format" not in meta:
        raise ValueError("no description")
    if meta["format"] == FORMAT and not np.array_equal(digest, _digest(arrays)):
        raise ValueError("the checksum is not that of the content")
    del arrays[_META]
    return meta, arrays


def _digest(arrays: Mapping[str, NDArray[Any]]) -> NDArray[np.uint8]:
    """SHA-256 of names, types, shapes and bytes; the archive's own sums do not tell that a member was exchanged."""
    found = hashlib.sha256()
    for name in sorted(arrays):
        array = arrays[name]
        found.update(f"{name} {array.dtype.str} {array.shape} ".encode())
        found.update(array.tobytes())
    return np.frombuffer(found.digest(), np.uint8)


def _parts(meta: Mapping[str, Any], arrays: Mapping[str, NDArray[Any]]) -> Parts:
    if not isinstance(meta.get("data"), Mapping):
        raise ValueError("no description of its parts")
    return {name: Part({key.split("/", 1)[1]: a for key, a in arrays.items() if key.split("/", 1)[0] == name}, data)
            for name, data in meta["data"].items()}


def _require_match(path: Path, meta: Mapping[str, Any], configuration: Mapping[str, Any]) -> None:
    """Refuse what another version wrote, or what belongs to another configuration."""
    def refuse(found: str, allowed: str, hint: str) -> NoReturn:
        raise ConfigError(found, where=str(path), allowed=allowed,
                          hint=f"{hint}, or run the case anew with --overwrite")

    if meta.get("format") != FORMAT or meta.get("version") != __version__:
        refuse(f"written by femanode {meta.get('version')}, format {meta.get('format')}",
               f"femanode {__version__}, format {FORMAT}", f"go on with femanode {meta.get('version')}")
    changed = [text for key, text in _changes(meta["configuration"], configuration)
               if key not in (*FREE_KEYS, *SOLVER_KEYS)]
    if changed:
        more = f"; and {len(changed) - MOST_NAMED} more" if len(changed) > MOST_NAMED else ""
        refuse(f"written with {'; with '.join(changed[:MOST_NAMED])}{more}",
               f"a change of {', '.join((*FREE_KEYS, *SOLVER_KEYS))} only", "resume with the run's own config.yaml")


def _tell_changes(was: Mapping[str, Any], now: Mapping[str, Any]) -> None:
    """Say which free keys have changed; whoever knows the solver that was in use tells that of `SOLVER_KEYS`."""
    for key, text in _changes(was, now):
        if key in FREE_KEYS:
            _log.warning("the checkpoint was written with %s: the steps already made stay as they are", text)


def _changes(was: Mapping[str, Any], now: Mapping[str, Any]) -> list[tuple[str, str]]:
    """Keys whose values differ, each with both."""
    old, new = dict(_leaves(was)), dict(_leaves(now))
    return [(key, f"{key} = {old.get(key)}, the configuration has {new.get(key)}")
            for key in sorted(old.keys() | new.keys()) if old.get(key) != new.get(key)]


def _leaves(data: Any, path: str = "") -> Iterator[tuple[str, Any]]:
    """Key paths and values of nested mappings."""
    if isinstance(data, Mapping) and data:
        for key, value in data.items():
            yield from _leaves(value, f"{path}.{key}" if path else str(key))
    else:
        yield path, data
