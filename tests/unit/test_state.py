"""State: read-only, and the same after a save."""

from __future__ import annotations

import dataclasses
from pathlib import Path

import numpy as np
import pytest

from femanode import state as state_module
from femanode.state import State, load_state, pristine


def scrambled() -> State:
    """A state in which every number is different and of no short decimal form."""
    random = np.random.default_rng(3)
    plain = pristine(7, (4, 3), random.random(7))
    values = {f.name: random.random(np.shape(getattr(plain, f.name))) for f in dataclasses.fields(State)}
    return State(**{k: float(v) if np.ndim(v) == 0 else v for k, v in values.items()})


def same(a: State, b: State) -> bool:
    return all(np.array_equal(getattr(a, f.name), getattr(b, f.name)) for f in dataclasses.fields(State))


def test_arrays_cannot_be_written() -> None:
    state = scrambled()
    for name in ("xi", "depletion", "u", "Cp_inv", "eqps", "mean_stress", "activity", "point_stress", "u_rate",
                 "mean_stress_trend"):
        with pytest.raises(ValueError, match="read-only"):
            getattr(state, name)[...] = 0.0
    with pytest.raises(dataclasses.FrozenInstanceError):
        state.t = 1.0  # type: ignore[misc]


def test_pristine_is_unstressed_and_does_not_lock_its_argument() -> None:
    xi = np.zeros(7)
    state = pristine(7, (4, 3), xi)
    xi[0] = 1.0
    assert state.xi[0] == 0.0
    assert state.F33 == 1.0
    assert np.array_equal(state.Cp_inv[:, 0, 0], [1.0, 1.0, 0.0, 1.0])
    assert np.all(state.c == 1.0)


def test_save_and_load_give_the_same_bits(tmp_path: Path) -> None:
    state = scrambled()
    path = state.save(tmp_path / "last_state.npz")
    back = load_state(path)
    assert same(state, back)
    assert isinstance(back.t, float)
    with pytest.raises(ValueError, match="read-only"):
        back.xi[0] = 0.0


def test_a_save_cut_short_leaves_the_last_one(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "last_state.npz"
    state = scrambled()
    state.save(path)

    def dies(stream: object, **arrays: object) -> None:
        stream.write(b"half")  # type: ignore[attr-defined]
        raise KeyboardInterrupt

    monkeypatch.setattr(state_module.np, "savez_compressed", dies)
    with pytest.raises(KeyboardInterrupt):
        pristine(7, (4, 3), np.zeros(7)).save(path)
    assert same(load_state(path), state)
