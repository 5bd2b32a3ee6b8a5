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


def rewritten(path: Path, change: Callable[[dict[str, Any]], object]) -> None:
    """A checkpoint whose archive is whole, with what `change` does to its arrays."""
    with np.load(path) as stored:
        arrays = dict(stored)
    change(arrays)
    np.savez(path.with_suffix(""), **arrays)


def one_bit(arrays: dict[str, Any]) -> None:
    arrays["state/xi"].view(np.uint8)[0] ^= 1


# the archive's own sums are right in all of these
@pytest.mark.parametrize("change", [
    one_bit, lambda a: a.pop("state/u"), lambda a: a.update({"state/xi": a["state/xi"].astype(np.float32)}),
    lambda a: a.update({"state/u": a["state/u"].T}), lambda a: a.update({"state/xi": a["mesh/triangles"]}),
    lambda a: a.pop("digest"), lambda a: a.pop("meta"), lambda a: a.update(meta=np.zeros(3)),
    lambda a: a.update(meta=np.frombuffer(b"[]", np.uint8)),
    lambda a: a.update({"state/xi": np.array([{"an": "object"}])})],
    ids=["bit", "missing", "type", "shape", "exchanged", "no sum", "no description", "zeros", "list", "objects"])
def test_what_is_not_as_it_was_written_is_refused_and_the_one_before_used(
        tmp_path: Path, caplog: pytest.LogCaptureFixture, change: Callable[[dict[str, Any]], object]) -> None:
    save_checkpoint(tmp_path, parts(1.0), CONFIGURATION)
    save_checkpoint(tmp_path, parts(2.0), CONFIGURATION)
    rewritten(tmp_path / "checkpoint.npz", change)
    spoilt = (tmp_path / "checkpoint.npz").read_bytes()
    assert value(tmp_path) == 1.0
    assert "checkpoint.npz cannot be read (" in caplog.text
    assert (tmp_path / "checkpoint.refused.npz").read_bytes() == spoilt, "what was refused is kept for a look"


def test_a_foreign_one_is_refused_with_the_reason_and_the_one_before_used(tmp_path: Path,
                                                                         caplog: pytest.LogCaptureFixture) -> None:
    other, folder = tmp_path / "other", tmp_path / "run"
    other.mkdir(), folder.mkdir()
    save_checkpoint(other, parts(7.0), {**CONFIGURATION, "name": "b", "front": {"rates": [3]}})
    save_checkpoint(folder, parts(1.0), CONFIGURATION)
    save_checkpoint(folder, parts(2.0), CONFIGURATION)
    (other / "checkpoint.npz").replace(folder / "checkpoint.npz")
    assert value(folder) == 1.0
    assert "front.rates = [3], the configuration has [1, 2.5]; with name = b, the configuration has a" in caplog.text
    save_checkpoint(folder, parts(3.0), CONFIGURATION)
    assert value(folder) == 3.0
    # alone, it stays where it is
    (folder / "checkpoint.refused.npz").replace(folder / "checkpoint.npz")
    (folder / "checkpoint.old.npz").unlink()
    with pytest.raises(checkpoint.ConfigError, match=r"name = b.*change of time\.end.*solver\.linear only"):
        value(folder)
    assert (folder / "checkpoint.npz").is_file()


def test_what_changed_and_may_is_said(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    save_checkpoint(tmp_path, parts(1.0), {**CONFIGURATION, "solver": {"linear": "scipy"}})
    load_checkpoint(tmp_path, {**CONFIGURATION, "time": {"end": "2 h", "stop": {"arrest": 0.001}},
                               "solver": {"linear": "rslab"}})
    assert "with time.end = 1 h, the configuration has 2 h: the steps already made stay" in caplog.text
    many = {f"key{n}": n for n in range(9)}
    with pytest.raises(checkpoint.ConfigError, match=r"key0 = None.*key3 = None, the configuration has 3; and 5 more"):
        load_checkpoint(tmp_path, {**CONFIGURATION, **many})


def test_the_end_the_pictures_and_the_schedule_may_change(tmp_path: Path) -> None:
    save_checkpoint(tmp_path, parts(1.0), CONFIGURATION)
    changed: dict[str, Any] = {**CONFIGURATION, "time": {"end": "2 h", "stop": {"arrest": 0.001}},
                               "output": {"frames": 40, "pictures": False, "checkpoint": "1 s"}}
    assert load_checkpoint(tmp_path, changed) is not None
    changed["time"]["stop"] = {"arrest": 0.002}
    with pytest.raises(checkpoint.ConfigError, match=r"time\.stop\.arrest = 0\.001, the configuration has 0\.002"):
        load_checkpoint(tmp_path, changed)
