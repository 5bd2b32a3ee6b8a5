"""Steps of a protocol, as sentences in the words of battery people or as mappings that say the same.

    Lithiate at C/5 until 10 mV
    Hold at 10 mV until C/50 or for 2 h
    Rest for 30 min
    Delithiate at 0.2C until 1 V or for 10 h
"""

from __future__ import annotations

import math
import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Annotated, Any, Literal

from pydantic import GetCoreSchemaHandler, GetJsonSchemaHandler
from pydantic_core import PydanticCustomError, core_schema

from femanode.config.quantities import Unit, problem
from femanode.config.yamlio import kind

Kind = Literal["insert", "extract", "hold", "rest"]

#: What putting a carrier into the host is called.
VERBS = {"Li": "lithiate", "Na": "sodiate", "K": "potassiate", "Mg": "magnesiate", "Ca": "calciate", "O": "oxidise"}
_INSERT = set(VERBS.values())
_EXTRACT = {f"de{verb}" for verb in _INSERT}
_AMBIGUOUS = {"charge", "discharge", "insert", "extract", "cycle", "fill", "empty"}
_ALLOWED = ("a sentence such as 'Lithiate at C/5 until 10 mV', 'Hold at 10 mV until C/50', 'Rest for 30 min' or "
            "'Delithiate at 0.2C until 1 V or for 10 h'")
_C_RATE = re.compile(r"C\s*/\s*([0-9.]+(?:[eE][+-]?[0-9]+)?)|([0-9.]+(?:[eE][+-]?[0-9]+)?)\s*C", re.ASCII)
_PERCENT = re.compile(r"([0-9.]+)\s*(%|percent)")
_VOLT, _SECOND, _DENSITY = Unit("V"), Unit("s", gt=0), Unit("mA/cm^2", gt=0)


@dataclass(frozen=True)
class Current:
    """A current: 1/h relative to a section filled in one hour, or a density on the initial outer surface, mA/cm^2."""

    c_rate: float | None = None
    density: float | None = None

    def __str__(self) -> str:
        return f"{self.c_rate!r}C" if self.c_rate is not None else _DENSITY.write(self.density or 0.0)


@dataclass(frozen=True)
class End:
    """What ends a step: a potential (V), a current, a state of charge (0 to 1), the front's arrest, or a time (s)."""

    potential: float | None = None
    current: Current | None = None
    charge: float | None = None
    arrest: bool = False
    time: float | None = None

    def __str__(self) -> str:
        if self.time is not None:
            return f"for {_SECOND.write(self.time)}"
        if self.potential is not None:
            return f"until {_VOLT.write(self.potential)}"
        if self.charge is not None:
            return f"until {100.0 * self.charge!r} %"
        return f"until {self.current}" if self.current is not None else "until arrest"


@dataclass(frozen=True)
class Doing:
    """One step of a protocol.

    Attributes
    ----------
    verb : as the user said it, in small letters
    current, potential : what is applied; neither at rest
    ends : at least one
    """

    verb: str
    ends: tuple[End, ...]
    current: Current | None = None
    potential: float | None = None

    @property
    def kind(self) -> Kind:
        """What is done, whatever the carrier."""
        if self.verb in _INSERT:
            return "insert"
        return "extract" if self.verb in _EXTRACT else "hold" if self.verb == "hold" else "rest"

    def __str__(self) -> str:
        applied = self.current if self.potential is None else _VOLT.write(self.potential)
        return " ".join([self.verb.capitalize(), *([] if applied is None else [f"at {applied}"]),
                         " or ".join(map(str, self.ends))])


def _current(text: str) -> Current:
    """A current; a pydantic error names what is allowed."""
    match = _C_RATE.fullmatch(text.strip())
    try:
        if match is not None:
            per, times = match.groups()
            rate = 1.0 / float(per) if per is not None else float(times)
            if 0.0 < rate < math.inf:
                return Current(c_rate=rate)
        else:
            return Current(density=_DENSITY.parse(text))
    except (PydanticCustomError, ValueError, ZeroDivisionError):
        pass
    raise problem(f"found the current '{text}'", allowed="C/5, 0.2C or a current density such as 0.1 mA/cm^2")


def _until(text: str) -> End:
    """What follows 'until'."""
    text = text.strip()
    if text in ("arrest", "arrested", "the front arrests"):
        return End(arrest=True)
    if (match := _PERCENT.fullmatch(text)) is not None:
        try:
            charge = float(match.group(1)) / 100.0
        except ValueError:
            charge = -1.0
        if 0.0 <= charge <= 1.0:
            return End(charge=charge)
    try:
        return End(potential=_VOLT.parse(text))
    except PydanticCustomError:
        pass
    try:
        return End(current=_current(text))
    except PydanticCustomError:
        raise problem(f"found 'until {text}'", allowed="until a potential (10 mV), a current (C/50), a state of charge "
                      "(80 %) or arrest") from None


def _time(text: object) -> End:
    return End(time=_SECOND.parse(text))


def _from_sentence(text: str) -> Doing:
    """A step from a sentence."""
    words = " ".join(text.split())
    verb, _, rest = words.partition(" ")
    verb = verb.lower()
    _check_verb(verb)
    parts = re.split(r"(?:^| )(?:or )?(at|until|for)(?= )|(?: (or)(?= ))", rest)
    parts = [part for part in parts if part is not None]
    if parts[0].strip():
        raise problem(f"found '{text}'", allowed=_ALLOWED)
    at: str | None = None
    ends: list[End] = []
    last = ""
    for word, what in zip(parts[1::2], parts[2::2], strict=True):
        word = last if word == "or" else word
        if word == "at" and at is None and not ends:
            at = what.strip()
        elif word == "until":
            ends.append(_until(what))
        elif word == "for":
            ends.append(_time(what.strip()))
        else:
            raise problem(f"found '{text}'", allowed=_ALLOWED)
        last = word
    return _doing(verb, at, ends)


def _from_mapping(given: Mapping[str, Any]) -> Doing:
    """A step from a mapping: {lithiate: C/5, until: 10 mV, for: 10 h}, {rest: 30 min}."""
    keys = dict(given)
    verbs = [key for key in keys if key not in ("until", "for")]
    if len(verbs) != 1 or not isinstance(verbs[0], str):
        raise problem(f"found the keys {', '.join(map(str, keys)) or 'none'}",
                      allowed="one of lithiate, delithiate, hold, rest (or sodiate, ...), and until, for")
    verb = verbs[0].lower()
    _check_verb(verb)
    ends: list[End] = []
    until = keys.get("until")
    for one in [] if until is None else until if isinstance(until, list | tuple) else [until]:
        ends.append(_until(str(one)))
    if keys.get("for") is not None:
        ends.append(_time(keys["for"]))
    at = keys[verbs[0]]
    if verb == "rest" and at is not None:
        ends.append(_time(at))
        at = None
    return _doing(verb, None if at is None else str(at), ends)


def _check_verb(verb: str) -> None:
    if verb in _AMBIGUOUS:
        raise problem(f"found '{verb.capitalize()}'", allowed="Lithiate or Delithiate (Sodiate or Desodiate, ...), "
                      "Hold, Rest", hint="against the carrier metal, charge and discharge mean opposite things to "
                      "different people")
    if verb not in {*_INSERT, *_EXTRACT, "hold", "rest"}:
        raise problem(f"found a step that begins with '{verb.capitalize()}'", allowed=_ALLOWED)


def _doing(verb: str, at: str | None, ends: list[End]) -> Doing:
    """The step, its parts checked against each other."""
    if not ends:
        raise problem(f"found '{verb.capitalize()}' without an end", allowed="until ... or for ..., at least one",
                      hint="such as 'until 10 mV' or 'for 2 h'")
    if verb == "rest":
        if at is not None:
            raise problem(f"found 'Rest at {at}'", allowed="'Rest for 30 min'", hint="hold a potential with Hold")
        if any(end.current is not None for end in ends):
            raise problem("found a current as the end of a rest", allowed="a time, a potential or arrest")
        return Doing(verb, tuple(ends))
    if at is None:
        raise problem(f"found '{verb.capitalize()}' without what is applied",
                      allowed="'at 10 mV'" if verb == "hold" else "'at C/5' or 'at 0.1 mA/cm^2'")
    if verb == "hold":
        if any(end.potential is not None for end in ends):
            raise problem("found a potential as the end of a hold", allowed="a current (C/50), a time or arrest")
        return Doing(verb, tuple(ends), potential=_VOLT.parse(at))
    if any(end.current is not None for end in ends):
        raise problem("found a current as the end of a step at a given current", allowed="a potential, a time, a state "
                      "of charge or arrest")
    return Doing(verb, tuple(ends), current=_current(at))


class _Sentence:
    """Annotation of a step: text or mapping in, text out."""

    @staticmethod
    def parse(value: object) -> Doing:
        if isinstance(value, Doing):
            return value
        if isinstance(value, str):
            return _from_sentence(value)
        if isinstance(value, Mapping):
            return _from_mapping(value)
        raise problem(f"found {kind(value)}", allowed=_ALLOWED)

    def __get_pydantic_core_schema__(self, source: Any, handler: GetCoreSchemaHandler) -> core_schema.CoreSchema:
        writer = core_schema.plain_serializer_function_ser_schema(str, when_used="json")
        return core_schema.no_info_plain_validator_function(self.parse, serialization=writer)

    def __get_pydantic_json_schema__(self, schema: core_schema.CoreSchema, handler: GetJsonSchemaHandler,
                                     ) -> dict[str, Any]:
        examples = ["Lithiate at C/5 until 10 mV", "Hold at 10 mV until C/50", "Rest for 30 min",
                    "Delithiate at 0.2C until 1 V or for 10 h"]
        return {"anyOf": [{"type": "string", "examples": examples}, {"type": "object"}]}


#: A step of a protocol in the configuration.
ProtocolStep = Annotated[Doing, _Sentence()]
