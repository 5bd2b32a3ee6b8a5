"""What a verification case is: a claim with its source, and numbers held against what they should be."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Any, Literal

import numpy as np

from femanode.numerics.arrays import Array

#: Headings of the page, in its order.
GROUPS = {"law": "Each law alone", "physics": "Each physics alone", "together": "Together",
          "orders": "Orders of accuracy", "opinion": "A second opinion", "accuracy": "The accuracy a user gets"}


@dataclass(frozen=True)
class Check:
    """One number against what it should be.

    Attributes
    ----------
    what : str
        The quantity, with its unit.
    expected, got : float
    tolerance : float
        Largest allowed error: relative to ``expected`` unless ``absolute``. From both sides.
    why : str
        Why the tolerance is what it is, from something other than the result.
    kind : 'value' | 'order'
        ``order`` for an observed order of accuracy, whose tolerance is always absolute.
    sense : 'near' | 'at most' | 'at least'
        ``expected`` is a number, or a bound; a bound has neither error nor tolerance.
    known : Shortfall, optional
        For a number that is known to miss its tolerance: by how much, and why.
    """

    what: str
    expected: float
    got: float
    tolerance: float
    why: str
    absolute: bool = False
    kind: Literal["value", "order"] = "value"
    sense: Literal["near", "at most", "at least"] = "near"
    known: Shortfall | None = None

    @property
    def error(self) -> float:
        """Signed, in the terms of ``tolerance``; what is beyond a bound, else 0."""
        if not np.isfinite(self.got):
            return float("nan")
        beyond = self.got - self.expected
        if self.sense == "at most":
            return max(beyond, 0.0)
        if self.sense == "at least":
            return min(beyond, 0.0)
        return beyond / (1.0 if self.absolute else abs(self.expected))

    @property
    def passed(self) -> bool:
        """Whether the error is a number and within the tolerance."""
        return bool(np.isfinite(self.got) and abs(self.error) <= self.tolerance)

    @property
    def verdict(self) -> Literal["ok", "short", "failed"]:
        """``short`` is outside the tolerance, as known and by no more than known."""
        if self.passed:
            return "ok"
        known = self.known is not None and np.isfinite(self.got) and abs(self.error) <= self.known.error
        return "short" if known else "failed"

    def as_dict(self) -> dict[str, Any]:
        """For JSON: plain Python numbers; a value that is not finite becomes None."""
        def plain(x: float) -> float | None:
            return float(x) if np.isfinite(x) else None

        return {"what": self.what, "expected": plain(self.expected), "got": plain(self.got), "error": plain(self.error),
                "tolerance": float(self.tolerance), "absolute": self.absolute, "kind": self.kind, "sense": self.sense,
                "why": self.why, "known": None if self.known is None else self.known.why, "verdict": self.verdict}


@dataclass(frozen=True)
class Shortfall:
    """A known miss of a tolerance.

    Attributes
    ----------
    error : float
        Largest error, in the terms of the tolerance, that is still the known miss; beyond it the check fails.
    why : str
        The reason, which is told with the number.
    """

    error: float
    why: str


def bound(what: str, sense: Literal["at most", "at least"], limit: float, got: float, why: str) -> Check:
    """A number that a bound is given for."""
    return Check(what, limit, float(got), 0.0, why, absolute=True, sense=sense)


def order(what: str, expected: float, got: float, tolerance: float, why: str) -> Check:
    """An observed order of accuracy; bounded from both sides."""
    return Check(what, expected, float(got), tolerance, why, absolute=True, kind="order")


#: Tolerances of an observed order: on coarse pairs nearer to the theory's order than to the next whole number; on the
#: finest pair within half of that.
ORDER_COARSE, ORDER_FINEST = 0.5, 0.25


def orders(what: Sequence[str], expected: float, seen: Any, why: str) -> list[Check]:
    """Observed orders from coarse to fine, with the tolerances that hold for all."""
    allowed = [ORDER_COARSE] * (len(what) - 1) + [ORDER_FINEST]
    said = ("nearer to it than to the next whole order", "finest pair: half of that")
    return [order(name, expected, float(got), tol, f"{why}; {said[tol == ORDER_FINEST]}")
            for name, got, tol in zip(what, seen, allowed, strict=True)]


def rates(errors: Any, ratio: float = 2.0) -> Array:
    """Observed orders between neighbours of a sequence of errors, each at ``ratio`` times the last one's resolution."""
    e = np.abs(np.asarray(errors, dtype=float))
    return np.asarray(np.log(e[:-1] / e[1:]) / np.log(ratio))


@dataclass(frozen=True)
class Table:
    """Columns of equal length to be saved and drawn: ``lines`` over ``x``, ``marks`` as points; log-log if ``log``."""

    columns: dict[str, Any]
    x: str
    lines: tuple[str, ...] = ()
    marks: tuple[str, ...] = ()
    log: bool = False

    def as_dict(self) -> dict[str, list[float]]:
        """Columns as lists."""
        return {name: [float(v) for v in np.asarray(values, dtype=float)] for name, values in self.columns.items()}


@dataclass(frozen=True)
class Findings:
    """What a case found."""

    checks: tuple[Check, ...]
    tables: dict[str, Table] = field(default_factory=dict)


@dataclass(frozen=True)
class Case:
    """A declared verification case.

    Attributes
    ----------
    name : str
        What ``femanode verify NAME`` takes.
    group : str
        Key of ``GROUPS``.
    claim, source : str
        What is said to hold, and where the expected numbers come from.
    bug : str
        What a likely mistake would give instead.
    run : callable
        Takes ``full`` (bool): at the published size, or reduced to seconds.
    """

    name: str
    group: str
    claim: str
    source: str
    bug: str
    run: Callable[[bool], Findings]
