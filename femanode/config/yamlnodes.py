"""Nodes of a YAML document, built from the parser's events by the core schema of YAML 1.2.

Only mappings, lists and scalars are built: no tag can construct an object, no key is lost, and the size of the document
with its aliases expanded is bounded.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

from femanode.errors import ConfigError

MAX_NODES = 20_000
MAX_DEPTH = 40
_STANDARD = {
    f"tag:yaml.org,2002:{name}": name for name in ("null", "bool", "int", "float", "str", "seq", "map")
}
# YAML 1.2.2, section 10.3.2 (core schema)
_NULL = re.compile(r"|~|null|Null|NULL")
_BOOL = re.compile(r"true|True|TRUE|false|False|FALSE")
_INT = re.compile(r"[-+]?[0-9]+|0o[0-7]+|0x[0-9a-fA-F]+")
_FLOAT = re.compile(
    r"[-+]?(\.[0-9]+|[0-9]+(\.[0-9]*)?)([eE][-+]?[0-9]+)?|[-+]?\.(inf|Inf|INF)|\.(nan|NaN|NAN)"
)


@dataclass
class Node:
    """One node of the document; `size` counts nodes with aliases expanded."""

    value: Any
    line: int
    size: int = 1
    key_lines: dict[str, int] = field(default_factory=dict)


class Composer:
    """Builds nodes from parser events, refusing what a configuration does not need."""

    def __init__(self, name: str) -> None:
        self.name = name
        self.anchors: dict[str, Node | None] = {}

    def fail(self, event: Any, found: str, allowed: str = "", hint: str = "") -> ConfigError:
        """The error for `event`, with its line."""
        where = f"{self.name}:{event.start_mark.line + 1}"
        return ConfigError(found, where=where, allowed=allowed, hint=hint)

    def document(self, events: Iterator[Any]) -> Node:
        """The single document of the stream."""
        root: Node | None = None
        for event in events:
            match type(event).__name__:
                case "DocumentStartEvent":
                    if root is not None:
                        raise self.fail(event, "found a second document ('---')", "one document per file")
                    if event.version not in (None, (1, 2)):
                        raise self.fail(event, "found a %YAML directive for another version", "YAML 1.2")
                    root = self.node(next(events), events, 0)
                case _:
                    continue
        if root is None:
            raise ConfigError("found nothing in it", where=self.name, allowed="keys with values")
        return root

    def node(self, event: Any, events: Iterator[Any], depth: int) -> Node:
        """The node that starts with `event`."""
        if depth > MAX_DEPTH:
            raise self.fail(event, f"found more than {MAX_DEPTH} levels")
        kind_of_event = type(event).__name__
        if kind_of_event == "AliasEvent":
            return self.alias(event)
        if event.tag is not None and event.tag not in _STANDARD:
            raise self.fail(event, f"found the tag {str(event.tag)[:60]!r}", "plain values without tags")
        if event.anchor is not None:
            self.anchors[event.anchor] = None
        if kind_of_event == "ScalarEvent":
            node = Node(self.scalar(event), event.start_mark.line + 1)
        elif kind_of_event == "SequenceStartEvent":
            node = self.sequence(event, events, depth)
        else:
            node = self.mapping(event, events, depth)
        if node.size > MAX_NODES:
            raise self.fail(event, f"found more than {MAX_NODES} values once aliases are expanded")
        if event.anchor is not None:
            self.anchors[event.anchor] = node
        return node

    def alias(self, event: Any) -> Node:
        """The node an alias stands for."""
        if event.anchor not in self.anchors:
            raise self.fail(event, f"found the alias *{event.anchor} without its anchor")
        node = self.anchors[event.anchor]
        if node is None:
            raise self.fail(event, f"found *{event.anchor} inside itself", "aliases without recursion")
        return node

    def sequence(self, start: Any, events: Iterator[Any], depth: int) -> Node:
        """A list."""
        self.tagged(start, "seq")
        node = Node([], start.start_mark.line + 1)
        while type(event := next(events)).__name__ != "SequenceEndEvent":
            node.value.append(child := self.node(event, events, depth + 1))
            node.size += child.size
            if node.size > MAX_NODES:
                break
        return node

    def mapping(self, start: Any, events: Iterator[Any], depth: int) -> Node:
        """A mapping; keys are kept as the text written, so 010 stays '010'."""
        self.tagged(start, "map")
        node = Node({}, start.start_mark.line + 1)
        while type(event := next(events)).__name__ != "MappingEndEvent":
            if type(event).__name__ != "ScalarEvent" or event.tag is not None:
                raise self.fail(event, "found a key that is not plain text", "text", "put the key in quotes")
            key, line = self.text(event), event.start_mark.line + 1
            if key == "<<" and event.implicit[0]:
                raise self.fail(event, "found a merge key '<<'", "YAML 1.2, which has none")
            if key in node.value:
                first = node.key_lines[key]
                raise self.fail(
                    event, f"found the key {key!r} twice (first on line {first})", "each key once"
                )
            if event.anchor is not None:
                self.anchors[event.anchor] = Node(key, line)
            child = self.node(next(events), events, depth + 1)
            node.value[key], node.key_lines[key] = child, line
            node.size += child.size
            if node.size > MAX_NODES:
                break
        return node

    def tagged(self, event: Any, name: str) -> None:
        """Refuse a collection tagged as something it is not."""
        if event.tag is not None and _STANDARD[event.tag] != name:
            raise self.fail(event, f"found the tag {str(event.tag)!r} on a {name}")

    def text(self, event: Any) -> str:
        """The text of a scalar; escapes can name halves of characters, which no file or message takes."""
        text: str = event.value
        if any("\ud800" <= c <= "\udfff" for c in text):
            raise self.fail(event, f"found half of a character in {text[:40]!r}", "whole characters")
        return text

    def scalar(self, event: Any) -> str | int | float | bool | None:
        """A scalar by the core schema, or by its explicit standard tag."""
        text, plain = self.text(event), event.implicit[0]
        wanted = _STANDARD[event.tag] if event.tag is not None else None
        if wanted == "str" or (wanted is None and not plain):
            return text
        value = _resolve(text, self, event)
        got = {bool: "bool", int: "int", float: "float", str: "str"}.get(type(value), "null")
        if wanted == "float" and got == "int":
            return float(value) if value is not None else None
        if wanted is not None and wanted != got:
            raise self.fail(event, f"found {text[:40]!r} tagged as {wanted}")
        return value


def _resolve(text: str, composer: Composer, event: Any) -> str | int | float | bool | None:
    """Value of a plain scalar in the YAML 1.2 core schema."""
    if _NULL.fullmatch(text):
        return None
    if _BOOL.fullmatch(text):
        return text.lower() == "true"
    if _INT.fullmatch(text):
        if len(text) > 300:
            raise composer.fail(event, "found an integer of more than 300 digits")
        return int(text, 0) if text[:2] in ("0o", "0x") else int(text)
    if _FLOAT.fullmatch(text):
        return (
            float(text.replace(".", "", 1)) if text.lower().lstrip("+-") in (".inf", ".nan") else float(text)
        )
    return text
