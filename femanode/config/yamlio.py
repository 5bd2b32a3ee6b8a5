"""YAML 1.2 to plain Python data with the line of every key, and back.

First stage of the line config -> mesh -> state -> solver -> output -> postprocess. Reads ruamel.yaml's
event stream with its marks and builds only dicts, lists and scalars: no tag can construct an object,
no key is lost, and the size of the expanded document is bounded.
"""

from __future__ import annotations

import difflib
import io
import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from ruamel.yaml import YAML
from ruamel.yaml.error import MarkedYAMLError, YAMLError
from ruamel.yaml.representer import SafeRepresenter

from femanode.errors import ConfigError

Key = str | int
Lines = dict[tuple[Key, ...], int]

MAX_BYTES = 300_000
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


class _Representer(SafeRepresenter):
    """Writes a value met twice out twice, never as anchor and alias."""

    def ignore_aliases(self, data: Any) -> bool:
        """Treat every value as written once."""
        return True


@dataclass
class _Node:
    """One node of the document; `size` counts nodes with aliases expanded."""

    value: Any
    line: int
    size: int = 1
    key_lines: dict[str, int] = field(default_factory=dict)


def load_yaml(path: str | Path) -> tuple[dict[str, Any], Lines]:
    """Read a YAML file whose top level is a mapping.

    Parameters
    ----------
    path : str or Path
        File to read (UTF-8, YAML 1.2, one document).

    Returns
    -------
    data : dict
        Plain dicts (keys always as the text written), lists, str, int, float, bool and None.
    lines : dict
        1-based line of every key and list item, by path, e.g. ``("geometry", "diameter"): 3``.

    Raises
    ------
    ConfigError
        One line with file and line for anything else: missing file, not UTF-8, empty, not a mapping,
        several documents, duplicate keys, tags, merge keys, recursion, too large when expanded.
    """
    path = Path(path)
    try:
        with path.open("rb") as stream:
            raw = stream.read(MAX_BYTES + 1)
    except FileNotFoundError:
        raise ConfigError("found no such file", where=str(path), hint=_namesake(path)) from None
    except IsADirectoryError:
        raise ConfigError("found a directory", where=str(path), allowed="a YAML file") from None
    except (OSError, ValueError) as error:
        raise ConfigError(f"cannot be read ({error})", where=str(path)) from None
    if len(raw) > MAX_BYTES:
        raise ConfigError(f"found more than {MAX_BYTES} bytes", where=str(path), allowed="a smaller file")
    try:
        text = raw.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line = raw.count(b"\n", 0, error.start) + 1
        raise ConfigError(
            "found bytes that are not UTF-8", where=f"{path}:{line}", hint="save it as UTF-8"
        ) from None
    data, lines = parse_yaml(text, str(path))
    if not isinstance(data, dict):
        raise ConfigError(
            f"found {kind(data)} at the top level", where=f"{path}:{lines[()]}", allowed="keys with values"
        )
    return data, lines


def _namesake(path: Path) -> str:
    """The file that was meant where one of that folder has the same name or nearly so, as a hint."""
    if not path.parent.is_dir():
        return ""
    files = sorted(p.name for p in path.parent.iterdir() if p.suffix in (".yaml", ".yml"))
    other = [name for name in files if Path(name).stem == path.stem]
    near = other or difflib.get_close_matches(path.name, files, n=1, cutoff=0.8)
    return f"did you mean '{path.parent / near[0]}'?" if near else ""


def parse_yaml(text: str, name: str) -> tuple[Any, Lines]:
    """Read one YAML document from `text`; `name` stands for the file in messages (see `load_yaml`)."""
    reader = YAML(typ="safe", pure=True)
    try:
        root = _Composer(name).document(reader.parse(io.StringIO(text)))
    except MarkedYAMLError as error:
        mark = error.problem_mark or error.context_mark
        where = f"{name}:{mark.line + 1}" if mark else name
        said = " ".join(str(error.problem or error.context).split())
        raise ConfigError(f"not valid YAML: {said}", where=where) from None
    except (YAMLError, ValueError) as error:
        said = " ".join(str(error).split())[:120]
        raise ConfigError(f"not valid YAML: {said}", where=name) from None
    lines: Lines = {}
    return _plain(root, (), root.line, lines), lines


def dump_yaml(data: Any) -> str:
    """Write plain data as YAML 1.2 in key order; `parse_yaml` gives the same data back."""
    writer = YAML(typ="safe", pure=True)
    writer.default_flow_style = None
    writer.sort_base_mapping_type_on_output = False  # type: ignore[assignment]
    writer.allow_unicode = True
    writer.width = 10_000
    writer.Representer = _Representer
    stream = io.StringIO()
    writer.dump(data, stream)
    return stream.getvalue()


def kind(value: object) -> str:
    """Describe a YAML value for a message: ``true``, ``'text'``, ``a list``."""
    if value is None:
        return "null"
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, dict):
        return "a mapping"
    if isinstance(value, list | tuple):
        shown = str(list(value))
        return f"the list {shown}" if len(shown) <= 40 else "a list"
    text = " ".join(repr(value).split())
    return text if len(text) <= 60 else f"{text[:57]}..."


class _Composer:
    """Builds nodes from parser events, refusing what a configuration does not need."""

    def __init__(self, name: str) -> None:
        self.name = name
        self.anchors: dict[str, _Node | None] = {}

    def fail(self, event: Any, found: str, allowed: str = "", hint: str = "") -> ConfigError:
        """The error for `event`, with its line."""
        where = f"{self.name}:{event.start_mark.line + 1}"
        return ConfigError(found, where=where, allowed=allowed, hint=hint)

    def document(self, events: Iterator[Any]) -> _Node:
        """The single document of the stream."""
        root: _Node | None = None
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

    def node(self, event: Any, events: Iterator[Any], depth: int) -> _Node:
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
            node = _Node(self.scalar(event), event.start_mark.line + 1)
        elif kind_of_event == "SequenceStartEvent":
            node = self.sequence(event, events, depth)
        else:
            node = self.mapping(event, events, depth)
        if node.size > MAX_NODES:
            raise self.fail(event, f"found more than {MAX_NODES} values once aliases are expanded")
        if event.anchor is not None:
            self.anchors[event.anchor] = node
        return node

    def alias(self, event: Any) -> _Node:
        """The node an alias stands for."""
        if event.anchor not in self.anchors:
            raise self.fail(event, f"found the alias *{event.anchor} without its anchor")
        node = self.anchors[event.anchor]
        if node is None:
            raise self.fail(event, f"found *{event.anchor} inside itself", "aliases without recursion")
        return node

    def sequence(self, start: Any, events: Iterator[Any], depth: int) -> _Node:
        """A list."""
        self.tagged(start, "seq")
        node = _Node([], start.start_mark.line + 1)
        while type(event := next(events)).__name__ != "SequenceEndEvent":
            node.value.append(child := self.node(event, events, depth + 1))
            node.size += child.size
            if node.size > MAX_NODES:
                break
        return node

    def mapping(self, start: Any, events: Iterator[Any], depth: int) -> _Node:
        """A mapping; keys are kept as the text written, so 010 stays '010'."""
        self.tagged(start, "map")
        node = _Node({}, start.start_mark.line + 1)
        while type(event := next(events)).__name__ != "MappingEndEvent":
            if type(event).__name__ != "ScalarEvent" or event.tag is not None:
                raise self.fail(event, "found a key that is not plain text", "text", "put the key in quotes")
            key, line = event.value, event.start_mark.line + 1
            if key == "<<" and event.implicit[0]:
                raise self.fail(event, "found a merge key '<<'", "YAML 1.2, which has none")
            if key in node.value:
                first = node.key_lines[key]
                raise self.fail(
                    event, f"found the key {key!r} twice (first on line {first})", "each key once"
                )
            if event.anchor is not None:
                self.anchors[event.anchor] = _Node(key, line)
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

    def scalar(self, event: Any) -> str | int | float | bool | None:
        """A scalar by the core schema, or by its explicit standard tag."""
        text: str = event.value
        plain = event.implicit[0]
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


def _resolve(text: str, composer: _Composer, event: Any) -> str | int | float | bool | None:
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


def _plain(node: _Node, path: tuple[Key, ...], line: int, lines: Lines) -> Any:
    """Plain data of `node` (aliases copied), noting the line of each path."""
    lines[path] = line
    if isinstance(node.value, dict):
        return {k: _plain(v, (*path, k), node.key_lines[k], lines) for k, v in node.value.items()}
    if isinstance(node.value, list):
        return [_plain(v, (*path, i), v.line, lines) for i, v in enumerate(node.value)]
    return node.value
