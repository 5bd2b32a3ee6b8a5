"""YAML 1.2 to plain Python data with the line of every key, and back."""

from __future__ import annotations

import difflib
import io
from pathlib import Path
from typing import Any

from ruamel.yaml import YAML
from ruamel.yaml.error import MarkedYAMLError, YAMLError
from ruamel.yaml.representer import SafeRepresenter

from femanode.config.trust import require_inside
from femanode.config.yamlnodes import Composer, Node
from femanode.errors import ConfigError

Key = str | int
Lines = dict[tuple[Key, ...], int]
MAX_BYTES = 300_000


class _Representer(SafeRepresenter):
    """Writes a value met twice out twice, never as anchor and alias."""

    def ignore_aliases(self, data: Any) -> bool:
        """Treat every value as written once."""
        return True


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
    require_inside(path)
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
        root = Composer(name).document(reader.parse(io.StringIO(text)))
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


def _plain(node: Node, path: tuple[Key, ...], line: int, lines: Lines) -> Any:
    """Plain data of `node` (aliases copied), noting the line of each path."""
    lines[path] = line
    if isinstance(node.value, dict):
        return {k: _plain(v, (*path, k), node.key_lines[k], lines) for k, v in node.value.items()}
    if isinstance(node.value, list):
        return [_plain(v, (*path, i), v.line, lines) for i, v in enumerate(node.value)]
    return node.value


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
