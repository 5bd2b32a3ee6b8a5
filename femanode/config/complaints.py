"""From a pydantic ValidationError to one line: where, what was found, what is allowed, what was meant."""

from __future__ import annotations

import difflib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from types import UnionType
from typing import Any, Union, get_args, get_origin

from pydantic import BaseModel, ValidationError
from pydantic_core import ErrorDetails

from femanode.config.hints import hint_for
from femanode.config.material import Material
from femanode.config.phases import Phase
from femanode.config.yamlio import Key, Lines, kind
from femanode.errors import ConfigError

Loc = tuple[Key, ...]


@dataclass(frozen=True)
class Place:
    """Where a value was written: file (or ``--set``), line and the key path there."""

    file: str
    line: int | None = None
    key: str = ""

    def text(self, rest: Loc = ()) -> str:
        """``FILE:LINE: key.path`` with `rest` appended to the path."""
        key = ".".join([*([self.key] if self.key else []), *map(str, rest)])
        head = f"{self.file}:{self.line}" if self.line else self.file
        return ": ".join(part for part in (head, key) if part)


Places = dict[Loc, Place]


def places_of(lines: Lines, file: str) -> Places:
    """Places of every key of one file."""
    return {loc: Place(file, line, ".".join(map(str, loc))) for loc, line in lines.items()}


def locate(places: Mapping[Loc, Place], loc: Loc) -> str:
    """Text of the place of `loc`, or of its nearest parent with the rest of the path."""
    for end in range(len(loc), -1, -1):
        place = places.get(loc[:end])
        if place is not None:
            # Of a leaf {value, source, confidence}, name the leaf's key but give the line of its value.
            value = places.get((*loc, "value"))
            if end == len(loc) and value is not None:
                place = Place(value.file, value.line, place.key)
            return place.text(loc[end:])
    return ".".join(map(str, loc))


def suggest(word: str, known: Iterable[str]) -> str:
    """``did you mean 'x'?`` for the nearest known name, or an empty text."""
    names = list(known)
    folded = {name.lower(): name for name in reversed(names)}
    near = difflib.get_close_matches(word.lower(), folded, n=1, cutoff=0.6)
    return f"did you mean '{folded[near[0]]}'?" if near else ""


def model_at(model: type[BaseModel], loc: Iterable[Key]) -> type[BaseModel] | None:
    """The model of the section at `loc`, or None if that is no section."""
    current: type[BaseModel] | None = model
    for key in loc:
        info = current.model_fields.get(str(key)) if current else None
        if info is None:
            return None
        candidates = (info.annotation, *get_args(info.annotation))
        sections = [c for c in candidates if isinstance(c, type) and issubclass(c, BaseModel)]
        current = sections[0] if sections else None
    return current


def explain(error: ValidationError, model: type[BaseModel], places: Mapping[Loc, Place]) -> ConfigError:
    """The ConfigError for `error`: its first problem in full, the others counted.

    Unknown keys come first and missing ones last, because a misspelt key also shows as a missing one.
    """
    problems = _of_alternatives(error.errors(include_url=False), model)
    # A list whose entries are wrong is also called too short: they do not count.
    problems = [p for p in problems if p["type"] != "too_short" or
                not any(q["loc"][:-1] == p["loc"] for q in problems)]
    order = {"extra_forbidden": 0, "missing": 2}
    first = min(problems, key=lambda p: order.get(p["type"], 1))
    found, allowed, hint, key = _describe(first, model)
    loc = (*first["loc"], *key.split(".")) if key else first["loc"]
    if len(problems) > 1:
        more = len(problems) - 1
        tail = f" (and {more} more problem{'s' if more > 1 else ''})"
        if hint:
            hint += tail
        elif allowed:
            allowed += tail
        else:
            found += tail
    return ConfigError(found, where=locate(places, loc), allowed=allowed, hint=hint)


def _of_alternatives(problems: list[ErrorDetails], model: type[BaseModel]) -> list[ErrorDetails]:
    """The problems, those of a key that takes one of several kinds as one: pydantic tells what each kind would want.

    Of a mapping, what is wrong in it is told; of anything else, that it is none of them.
    """
    plain: list[ErrorDetails] = []
    alternatives: dict[Loc, list[ErrorDetails]] = {}
    for problem in problems:
        for end in range(1, len(problem["loc"])):
            key = problem["loc"][:end]
            parent = model_at(model, key[:-1])
            info = parent.model_fields.get(str(key[-1])) if parent else None
            # Not those of a mapping, whose keys are a user's own.
            several = info is not None and get_origin(info.annotation) in (Union, UnionType)
            kinds = [k for k in get_args(info.annotation) if k is not type(None)] if info and several else []
            if len(kinds) > 1 and problem["loc"][end] in [getattr(k, "__name__", "") for k in kinds]:
                alternatives.setdefault(key, []).append({**problem, "loc": (*key, *problem["loc"][end + 1:])})
                break
        else:
            plain.append(problem)
    for key, each in alternatives.items():
        within = [p for p in each if len(p["loc"]) > len(key)]
        plain += within or [{**each[0], "type": "none_of_these"}]
    return plain


def _describe(problem: ErrorDetails, model: type[BaseModel]) -> tuple[str, str, str, str]:
    """Found, allowed, hint and key below the location, for one problem."""
    context: dict[str, Any] = problem.get("ctx", {})
    name, loc, value = problem["type"], problem["loc"], problem["input"]
    found = f"found {kind(value)}"
    if "found" in context:
        said = hint_for(loc[-1], model) if loc and context["allowed"] == "null" else ""
        return context["found"], context["allowed"], said or context["hint"], context["key"]
    if name == "extra_forbidden":
        section = model_at(model, loc[:-1])
        known = [n for n, f in section.model_fields.items() if not f.exclude] if section else []
        hint = _material_hint(loc) or hint_for(loc[-1], model) or suggest(str(loc[-1]), known)
        return f"found an unknown key '{loc[-1]}'", ", ".join(known), hint, ""
    if name == "missing":
        parent = model_at(model, loc[:-1])
        info = parent.model_fields.get(str(loc[-1])) if parent else None
        section = model_at(model, loc)
        keys = f"a mapping with {', '.join(section.model_fields)}" if section else ""
        return "found nothing, but it is required", (info and info.description) or keys, "", ""
    if name == "literal_error":
        words = [w.strip(" '") for w in str(context["expected"]).replace(" or ", ", ").split(",")]
        return found, ", ".join(words), suggest(str(value), words) or hint_for(value, model), ""
    if name in ("string_pattern_mismatch", "none_of_these"):
        parent = model_at(model, loc[:-1])
        info = parent.model_fields.get(str(loc[-1])) if parent else None
        return found, (info and info.description) or problem["msg"], "", ""
    if name in _TYPES:
        return found, _TYPES[name], hint_for(value, model), ""
    said = problem["msg"].replace("Input should be ", "").replace("String should ", "text that should ")
    return found, said, _share_hint(value, context), ""


def _share_hint(value: Any, context: Mapping[str, Any]) -> str:
    """Hint where a percentage was written for a share: the same as a number from 0 to 1."""
    per_cent = isinstance(value, int | float) and 1 < value <= 100 and 1 in (context.get("le"), context.get("lt"))
    return f"{value:g} % is written {value / 100:g}" if per_cent else ""


def _material_hint(loc: Loc) -> str:
    """Where a key of the material belongs that was written into the configuration's section of the same name."""
    section = model_at(Material, loc[:-1])
    known = [*section.model_fields] if section else []
    known += Phase.model_fields if loc[:-1] == ("mechanics",) else []
    return f"material keys go to overrides: 'overrides.{'.'.join(map(str, loc))}'" if loc[-1] in known else ""


def suggest_material(word: str, known: Iterable[str]) -> str:
    """``did you mean 'Li-Si'?`` for a misspelling only: another carrier or host is another material, not a mistake."""
    def folded(name: str) -> str:
        return "".join(c for c in name.lower() if c.isalnum())

    return next((f"did you mean '{name}'?" for name in known if folded(name) == folded(word)), "")


_TYPES = {
    "int_type": "a whole number",
    "float_type": "a number",
    "finite_number": "a finite number",
    "bool_type": "true or false",
    "string_type": "text (in quotes if it looks like a number)",
    "model_type": "a mapping of keys",
    "model_attributes_type": "a mapping of keys",
    "dict_type": "a mapping of keys",
    "tuple_type": "a list",
}
