"""The checkpoint's file: every bit back, and killed at any moment one good file is left."""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from femanode.output import checkpoint
from femanode.output.checkpoint import Part, load_checkpoint, save_checkpoint

CONFIGURATION = {"time": {"end": "1 h", "stop": {"arrest": 0.001}}, "front": {"rates": [1, 2.5]}, "name": "a",
                 "output": {"frames": 40, "pictures": True, "checkpoint": None}}


def parts(value: float) -> dict[str, Part]:
    return {"state": Part({"xi": np.array([value, np.nextafter(value, 2.0)]), "u": np.zeros((2, 3), order="F")},
                          {"t": value, "ceiling": float("inf"), "none": None}),
            # an adapted mesh is stored whole: names of boundaries, arrays of any length and kind
            "mesh": Part({"triangles": np.arange(6, dtype=np.int32).reshape(3, 2)}, {"boundaries": ["x0", "y0"]})}


def value(folder: Path) -> float | None:
    found = load_checkpoint(folder, CONFIGURATION)
    return None if found is None else float(found["state"].data["t"])


def test_every_bit_comes_back(tmp_path: Path) -> None:
    given = parts(0.1 + 0.2)
    save_checkpoint(tmp_path, given, CONFIGURATION)
    found = load_checkpoint(tmp_path, CONFIGURATION)
    assert found is not None
    assert set(found) == set(given)
    for name, part in given.items():
        assert found[name].data == part.data
        assert set(found[name].arrays) == set(part.arrays)
        for key, array in part.arrays.items():
            assert found[name].arrays[key].dtype == array.dtype
            assert np.array_equal(found[name].arrays[key], array)


def test_two_are_kept_and_none_is_no_error(tmp_path: Path) -> None:
    assert value(tmp_path) is None
    for number in (1.0, 2.0, 3.0):
        save_checkpoint(tmp_path, parts(number), CONFIGURATION)
    assert value(tmp_path) == 3.0
    (tmp_path / "checkpoint.npz").unlink()
    assert value(tmp_path) == 2.0
    assert [p.name for p in tmp_path.iterdir()] == ["checkpoint.old.npz"]


@pytest.mark.parametrize("call", ["savez", "fsync", "first replace", "second replace"])
def test_a_save_that_dies_leaves_a_good_one(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, call: str) -> None:
    save_checkpoint(tmp_path, parts(1.0), CONFIGURATION)
    save_checkpoint(tmp_path, parts(2.0), CONFIGURATION)
    calls = [0]

    def dies(real: Callable[..., Any], at: int) -> Callable[..., Any]:
        def function(*arguments: Any, **named: Any) -> Any:
            calls[0] += 1
            if calls[0] == at:
                raise KeyboardInterrupt
            return real(*arguments, **named)

        return function

    with monkeypatch.context() as patch:
        if call == "savez":
            patch.setattr(checkpoint.np, "savez", dies(np.savez, 1))
        elif call == "fsync":
            patch.setattr(checkpoint.os, "fsync", dies(os.fsync, 1))
        else:
            patch.setattr(checkpoint.os, "replace", dies(os.replace, 1 if call.startswith("first") else 2))
        with pytest.raises(KeyboardInterrupt):
            save_checkpoint(tmp_path, parts(3.0), CONFIGURATION)
    assert value(tmp_path) == 2.0
    save_checkpoint(tmp_path, parts(4.0), CONFIGURATION)
    assert value(tmp_path) == 4.0


def test_a_torn_newest_does_not_push_the_good_one_out(tmp_path: Path) -> None:
    save_checkpoint(tmp_path, parts(1.0), CONFIGURATION)
    save_checkpoint(tmp_path, parts(2.0), CONFIGURATION)
    (tmp_path / "checkpoint.npz").write_bytes(b"PK")
    assert value(tmp_path) == 1.0
    save_checkpoint(tmp_path, parts(3.0), CONFIGURATION)
    (tmp_path / "checkpoint.npz").write_bytes(b"PK")
    assert value(tmp_path) == 1.0


def test_the_end_the_pictures_and_the_schedule_may_change(tmp_path: Path) -> None:
    save_checkpoint(tmp_path, parts(1.0), CONFIGURATION)
    changed: dict[str, Any] = {**CONFIGURATION, "time": {"end": "2 h", "stop": {"arrest": 0.001}},
                               "output": {"frames": 40, "pictures": False, "checkpoint": "1 s"}}
    assert load_checkpoint(tmp_path, changed) is not None
    changed["time"]["stop"] = {"arrest": 0.002}
    with pytest.raises(checkpoint.ConfigError, match=r"time\.stop\.arrest = 0\.001, the configuration has 0\.002"):
        load_checkpoint(tmp_path, changed)
