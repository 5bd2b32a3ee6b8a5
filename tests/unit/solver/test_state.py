"""State: read-only, and the same after a checkpoint."""

from __future__ import annotations

import dataclasses
import json

import numpy as np
import pytest

from femanode.solver.axial import Axial
from femanode.solver.state import Part, State, pristine, state_from


def scrambled() -> State:
    """A state in which every number is different and of no short decimal form."""
    random = np.random.default_rng(3)
    plain = pristine(7, (4, 3), random.random(7))
    values = {f.name: random.random(np.shape(getattr(plain, f.name))) for f in dataclasses.fields(State)}
    values |= {name: Axial.of(random.random(3)) for name in ("axial", "axial_rate")}
    return State(**{k: float(v) if np.ndim(v) == 0 and not isinstance(v, Axial) else v for k, v in values.items()})


def same(a: State, b: State) -> bool:
    return all(np.array_equal(getattr(a, f.name), getattr(b, f.name)) for f in dataclasses.fields(State))


def test_arrays_cannot_be_written() -> None:
    state = scrambled()
    for name in ("xi", "depletion", "u", "Cp_inv", "eqps", "front_stress", "activity", "point_stress", "u_rate",
                 "front_stress_trend"):
        with pytest.raises(ValueError, match="read-only"):
            getattr(state, name)[...] = 0.0
    with pytest.raises(dataclasses.FrozenInstanceError):
        state.t = 1.0  # type: ignore[misc]


def test_pristine_is_unstressed_and_does_not_lock_its_argument() -> None:
    xi = np.zeros(7)
    state = pristine(7, (4, 3), xi)
    xi[0] = 1.0
    assert state.xi[0] == 0.0
    assert state.axial == Axial(1.0)
    assert state.axial_rate == Axial(0.0)
    assert np.array_equal(state.Cp_inv[:, 0, 0], [1.0, 1.0, 0.0, 1.0])
    assert np.all(state.c == 1.0)


def test_a_part_gives_the_same_bits_and_names_every_field() -> None:
    state = scrambled()
    part = state.part()
    assert set(part.arrays) | set(part.data) == {f.name for f in dataclasses.fields(State)}
    assert same(state_from(part), state)
    # and through JSON, as a checkpoint keeps what is not an array
    assert same(state_from(Part(part.arrays, json.loads(json.dumps(part.data)))), state)


def test_every_layout_becomes_one() -> None:
    # sums over an array read back in another layout would differ in the last digits
    plain = pristine(7, (4, 3), np.zeros(7))
    view = np.random.default_rng(1).random((7, 2)).T
    state = dataclasses.replace(plain, u=view, eqps=np.broadcast_to(1.0, (4, 3)))
    assert state.u.flags.c_contiguous
    assert state.eqps.strides == (24, 8)
    assert np.array_equal(state.u, view)
