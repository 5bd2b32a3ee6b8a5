"""Faults put into the solver while it makes a step: what a call returns is spoilt, or it fails as libraries fail."""

from __future__ import annotations

import dataclasses
import importlib
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

from femanode.solver import candidate
from femanode.solver.candidate import Candidate
from femanode.solver.physics import Physics
from femanode.solver.state import State

#: Steps that are made undisturbed.
BEFORE = 4


def poisoned(result: Any, value: float = np.nan) -> Any:
    """The result of a call with one number of its first array, or of every field of a record, replaced."""
    if isinstance(result, np.ndarray):
        spoilt = np.array(result, dtype=np.float64)
        spoilt.flat[spoilt.size // 3] = value
        return spoilt
    if isinstance(result, tuple):
        return (poisoned(result[0], value), *result[1:])
    if dataclasses.is_dataclass(result) and not isinstance(result, type):
        fields = {f.name: getattr(result, f.name) for f in dataclasses.fields(result)}
        return dataclasses.replace(result, **{k: poisoned(v, value) for k, v in fields.items() if v is not None})
    return value


class Faults:
    """Arms one call of the solver within the steps of a run; see `at`.

    Attributes
    ----------
    met : int
        How often the fault was met.
    """

    def __init__(self, monkeypatch: pytest.MonkeyPatch, *, lasting: bool) -> None:
        self._patch, self._lasting = monkeypatch, lasting
        self.steps = self.met = 0
        self._within = False
        real = candidate.propose

        def counted(physics: Physics, state: State, dt: float) -> Candidate:
            self.steps += 1
            self._within = True
            try:
                return real(physics, state, dt)
            finally:
                self._within = False

        monkeypatch.setattr(importlib.import_module("femanode.simulation.run"), "propose", counted)

    def at(self, owner: Any, name: str, fault: Callable[..., Any], of: Callable[[Any], bool] = lambda _: True) -> None:
        """Have ``owner.name`` answer with ``fault(real, self, *args)``, for objects that ``of`` chooses."""
        real = getattr(owner, name)

        def faulty(this: Any, *args: Any, **kwargs: Any) -> Any:
            due = self._within and self.steps > BEFORE and of(this) and (self._lasting or not self.met)
            if not due:
                return real(this, *args, **kwargs)
            self.met += 1
            return fault(real, this, *args, **kwargs)

        self._patch.setattr(owner, name, faulty)


def spoilt(real: Callable[..., Any], *args: Any, **kwargs: Any) -> Any:
    """NaN in the answer."""
    return poisoned(real(*args, **kwargs))


def infinite(real: Callable[..., Any], *args: Any, **kwargs: Any) -> Any:
    """Infinity in the answer."""
    return poisoned(real(*args, **kwargs), np.inf)


def raising(error: BaseException) -> Callable[..., Any]:
    """The fault of a call that raises."""
    def fault(*_: Any, **__: Any) -> Any:
        raise error

    return fault
