"""Where a number comes from: source, confidence, the range it is known to, and what it was chosen from."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any, Literal

from femanode.config.quantities import Section, Text, problem
from femanode.config.yamlio import kind
from femanode.errors import ConfigError
from femanode.units import parse_quantity

#: Keys of a leaf: a value with where it comes from.
LEAF = {"value", "source", "confidence", "range", "fitted_to"}


class Provenance(Section):
    """Where a number comes from.

    ``range`` holds the ends of what the sources allow, each as the key itself is written; ``fitted_to`` names figures
    of merit that the value was chosen from, so that agreement with an observation of these says nothing.
    """

    source: Text
    confidence: Literal["A", "B", "C"] | None = None
    range: tuple[Any, Any] | None = None
    fitted_to: tuple[str, ...] | None = None


def read_provenance(leaf: Mapping[str, Any], path: str) -> Provenance:
    """Checked source, confidence, range and origin of a leaf.

    Parameters
    ----------
    leaf : mapping
        ``{value, source, confidence, range, fitted_to}``; all but value and source may be left out.
    path : str
        Key path of the leaf, for messages.
    """
    source, confidence = leaf.get("source"), leaf.get("confidence")
    if not isinstance(source, str) or not 0 < len(source) <= 1000:
        raise problem(f"found {kind(source)}", allowed="text saying where the value comes from", key=f"{path}.source")
    if confidence is not None and confidence not in ("A", "B", "C"):
        raise problem(f"found {kind(confidence)}", allowed="A, B, C or null", key=f"{path}.confidence")
    fitted = leaf.get("fitted_to")
    if fitted is not None and not (isinstance(fitted, list | tuple) and fitted
                                   and all(isinstance(name, str) for name in fitted)):
        raise problem(f"found {kind(fitted)}", allowed="a list of figures of merit, such as [regime]",
                      key=f"{path}.fitted_to")
    return Provenance(source=source, confidence=confidence, range=_ends(leaf, path),
                      fitted_to=None if fitted is None else tuple(fitted))


def _ends(leaf: Mapping[str, Any], path: str) -> tuple[Any, Any] | None:
    """The two ends of a leaf's range; plain quantities are checked to enclose its value."""
    ends, value = leaf.get("range"), leaf["value"]
    if ends is None:
        return None
    allowed = f"two values as that of the key, the lower first, around {kind(value)}"
    if not isinstance(ends, list | tuple) or len(ends) != 2:
        raise problem(f"found {kind(ends)}", allowed=allowed, key=f"{path}.range")
    if isinstance(value, str | int | float) and not isinstance(value, bool):
        numbers = [_number(one, value) for one in (ends[0], value, ends[1])]
        if None in numbers or not numbers[0] <= numbers[1] <= numbers[2]:  # type: ignore[operator]
            raise problem(f"found [{ends[0]}, {ends[1]}]", allowed=allowed, key=f"{path}.range")
    for strange in (piece for end in ends for piece in _strange(end, value)):
        raise problem(f"found {kind(strange)}", allowed=allowed, key=f"{path}.range")
    return ends[0], ends[1]


def _strange(end: Any, value: Any) -> Iterator[Any]:
    """What of an end is not as in the value: its keys, and numbers in units of that kind."""
    if isinstance(value, Mapping) and isinstance(end, Mapping) and set(end) == set(value):
        for key in value:
            yield from _strange(end[key], value[key])
        if set(end) == {"content", "value"} and not _is_table(end):
            yield end
    elif isinstance(value, list | tuple) and value and isinstance(end, list | tuple):
        # A table may have its end at other contents, and more of them.
        for one in end:
            yield from _strange(one, value[0])
    elif isinstance(value, Mapping | list | tuple) or _number(end, value) is None:
        yield end


def _is_table(end: Mapping[str, Any]) -> bool:
    """Whether there is a value at each of the contents, which lie in [0, 1]."""
    contents, values = end["content"], end["value"]
    return (isinstance(contents, list | tuple) and isinstance(values, list | tuple) and len(contents) == len(values)
            and all(0.0 <= one <= 1.0 for one in contents if isinstance(one, int | float)))


def _number(value: Any, like: Any) -> float | None:
    """`value` in the unit that `like` is written in; None where it has none of that kind."""
    if isinstance(like, str):
        try:
            return parse_quantity(value, like.split(maxsplit=1)[1])
        except (ConfigError, IndexError, TypeError):
            return None
    return float(value) if isinstance(value, int | float) and not isinstance(value, bool) else None
