"""Changes to a configuration before it is validated: ``--set`` paths and material overrides.

They are applied to the raw data, so that a changed value passes the same checks as a written one.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from pydantic_core import PydanticCustomError

from femanode.config.complaints import Loc, Place, Places, locate, model_at, suggest
from femanode.config.material import Material, join_leaves, miller_key, split_leaves
from femanode.config.phases import Phase
from femanode.config.provenance import Provenance
from femanode.config.yamlio import kind
from femanode.errors import ConfigError

OVERRIDDEN = Provenance(source="overridden in the configuration")
_RATES = ("front", "rates")


def set_value(data: dict[str, Any], keys: tuple[str, ...], value: Any, where: str) -> None:
    """Set ``data[k0][k1]... = value``, making missing sections; whether the keys exist is checked later.

    Raises
    ------
    ConfigError
        If a key on the way holds a plain value.
    """
    for depth, key in enumerate(keys[:-1]):
        if data.get(key) is None:
            data[key] = {}
        if not isinstance(data[key], dict):
            found = f"found a path through '{'.'.join(keys[: depth + 1])}', which is {kind(data[key])}"
            raise ConfigError(found, where=where, allowed="a section with keys, or the whole value")
        data = data[key]
    data[keys[-1]] = value


def apply_overrides(raw: dict[str, Any], changes: Mapping[str, Any], places: Places) -> dict[str, Any]:
    """Raw material with `changes` applied in order; `places` is updated to point at them.

    A change is a dotted key with its value, or nested mappings. ``front.rates`` as a whole replaces all
    rates; a phase key without phase (``mechanics.yield_stress``) means the reacted phase. Provenance of
    a changed value becomes `OVERRIDDEN` unless the change brings its own.

    Raises
    ------
    ConfigError
        For a key no material has, with the nearest name.
    """
    if not changes:
        return raw
    provenance: dict[str, Provenance] = {}
    try:
        plain = split_leaves(raw, provenance)
    except PydanticCustomError as error:
        raise _plain_error(error, ("material",), places) from None
    for key, value in changes.items():
        origin: Loc = ("overrides", str(key))
        if origin not in places:
            places[origin] = Place("", None, f"overrides.{key}")
        _change(plain, provenance, tuple(str(key).split(".")), value, origin, places)
    joined: dict[str, Any] = join_leaves(plain, provenance)
    return joined


def _change(
    plain: dict[str, Any],
    provenance: dict[str, Provenance],
    path: tuple[str, ...],
    value: Any,
    origin: Loc,
    places: Places,
) -> None:
    """Apply one change, going down into sections given as mappings."""
    path = _checked(path, origin, places)
    own: dict[str, Provenance] = {}
    try:
        value = split_leaves(value, own, path)
    except PydanticCustomError as error:
        raise _plain_error(error, origin, places) from None
    if isinstance(value, Mapping) and model_at(Material, path) is not None:
        for key, part in value.items():
            part = join_leaves(part, own, (*path, str(key)))
            _change(plain, provenance, (*path, str(key)), part, (*origin, str(key)), places)
        return
    dotted = ".".join(path)
    for known in [p for p in provenance if p == dotted or p.startswith(f"{dotted}.")]:
        del provenance[known]
    set_value(_opened(plain, provenance, path), path, value, locate(places, origin))
    leaves = [f"{dotted}.{key}" for key in value] if path == _RATES and isinstance(value, dict) else [dotted]
    provenance.update({leaf: own.get(leaf, own.get(dotted, OVERRIDDEN)) for leaf in leaves if leaf != "name"})
    _move_places(("material", *path), origin, places)


def _opened(
    plain: dict[str, Any], provenance: dict[str, Provenance], path: tuple[str, ...]
) -> dict[str, Any]:
    """The data for a change below `path`: a section on the way that was null loses the source given for the null."""
    node: Any = plain
    for depth, key in enumerate(path[:-1], start=1):
        node = node.get(key) if isinstance(node, Mapping) else None
        if node is None:
            provenance.pop(".".join(path[:depth]), None)
    return plain


def _checked(path: tuple[str, ...], origin: Loc, places: Places) -> tuple[str, ...]:
    """Full path of a material key, or ConfigError with what is there instead."""
    if len(path) == 2 and path[0] == "mechanics" and path[1] in Phase.model_fields:
        path = ("mechanics", "reacted", path[1])
    for depth, key in enumerate(path):
        if path[:depth] == _RATES and depth == len(path) - 1:
            return (*_RATES, miller_key(key))
        section = model_at(Material, path[:depth])
        known = [n for n, f in section.model_fields.items() if not f.exclude] if section else []
        if key in known:
            continue
        if path[:depth] == ("mechanics",):
            known += list(Phase.model_fields)
        parent = ".".join(path[:depth]) or "a material"
        found = f"found an unknown key '{key}' in {parent}" if known else f"found a key below {parent}"
        raise ConfigError(
            found,
            where=locate(places, origin),
            allowed=", ".join(known) or f"a value for {parent}",
            hint=suggest(key, known),
        )
    return path


def _move_places(loc: Loc, origin: Loc, places: Places) -> None:
    """Let `loc` and all below it point at `origin`."""
    for old in [known for known in places if known[: len(loc)] == loc]:
        del places[old]
    below = {known: place for known, place in places.items() if known[: len(origin)] == origin}
    places.update({(*loc, *known[len(origin) :]): place for known, place in below.items()})


def _plain_error(error: PydanticCustomError, loc: Loc, places: Places) -> ConfigError:
    """ConfigError of a problem met outside a model."""
    context = error.context or {}
    key = tuple(context["key"].split(".")) if context["key"] else ()
    where = locate(places, (*loc, *key) if loc == ("material",) else loc)
    return ConfigError(context["found"], where=where, allowed=context["allowed"], hint=context["hint"])
