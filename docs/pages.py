"""MkDocs hook: writes the generated parts of the pages, so that none of them is kept by hand.

A page says where: ``<!-- generate: configuration -->`` is replaced by what the function of that name below returns.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any

import typer

from femanode.cli.commands import app
from femanode.config.citations import bibliography
from femanode.config.library import describe, list_inert, list_materials, load_material
from femanode.config.loading import json_schema
from femanode.pictures.page.rows import DERIVED, FIGURES, SOMETIMES

ROOT = Path(__file__).resolve().parents[1]
PLACE = re.compile(r"^<!-- generate: ([\w-]+) ?(.*?) -->$", re.MULTILINE)
#: "a length with its unit, such as '129 nm'; above 0 nm": what it is, an example, limits.
QUANTITY = re.compile(r"(?:^|: )(an? [\w ]+) with its unit, such as '([^']+)'(?:; (.+))?$")
LIMITS = (("exclusiveMinimum", "above"), ("minimum", "at least"), ("exclusiveMaximum", "below"), ("maximum", "at most"))
#: Key path, its schema, whether it must be given.
Leaf = tuple[str, dict[str, Any], bool]
#: Long pages of numbers, which a search shows after the others.
BEHIND = ("verification.md", "changes.md")
FIRST = ("run", "check", "materials", "report", "plot", "sweep", "map", "fit")
CONFIDENCE = {"A": "read in what the source names, mostly an abstract",
              "B": "common knowledge of the field, or arithmetic with it", "C": "uncertain, an estimate"}


def on_page_markdown(markdown: str, page: Any = None, **_: Any) -> str:
    """Replace the places to generate; MkDocs calls this for every page."""
    if page is not None and page.file.src_uri in BEHIND:
        page.meta["search"] = {"boost": 0.3}
    text = PLACE.sub(lambda place: GENERATED[place.group(1)](place.group(2)), markdown)
    # Files outside docs/ are not on the site: their names stay, as text.
    return re.sub(r"\[([^\]]+)\]\((?:\.\./)+(?:README|CHANGELOG|tests|examples|configs|femanode|benchmarks)[^)]*\)",
                  r"`\1`", text)


def on_page_content(html: str, **_: Any) -> str:
    """Drop Sphinx's roles, which docstrings carry for editors: MkDocs calls this for every page."""
    return re.sub(r":(?:func|class|meth|mod|attr):(?=<code>)", "", html)


def section(heading: str) -> str:
    """A section of README.md, links turned to start from docs/; its heading is left to the page."""
    text = (ROOT / "README.md").read_text(encoding="utf-8")
    match = re.search(rf"^## {re.escape(heading)}\n(.*?)(?=^## |\Z)", text, re.MULTILINE | re.DOTALL)
    if match is None:
        raise ValueError(f"README.md has no section '{heading}'")
    return _from_docs(match.group(1))


def introduction(_: str = "") -> str:
    """README.md between its title and its first section."""
    text = (ROOT / "README.md").read_text(encoding="utf-8")
    return _from_docs(text.split("\n## ", 1)[0].split("\n", 1)[1])


def changes(_: str = "") -> str:
    """CHANGELOG.md without its title."""
    return _from_docs((ROOT / "CHANGELOG.md").read_text(encoding="utf-8").split("\n", 1)[1])


def file(path: str) -> str:
    """A file of the repository as a block of code."""
    kind = {".py": "python", ".yaml": "yaml"}.get(Path(path).suffix, "text")
    return f'```{kind} title="{path}"\n{(ROOT / path).read_text(encoding="utf-8").rstrip()}\n```'


def _from_docs(text: str) -> str:
    """Links of a file in the root as links of a file in docs/."""
    return re.sub(r"\]\((?!https?:)", "](../", text).replace("](../docs/", "](").strip()


def leaves(node: Mapping[str, Any], schema: Mapping[str, Any], path: str = "") -> Iterator[Leaf]:
    """Every key below `node`; the material's keys are left out."""
    for key, value in node["properties"].items():
        here, needed = f"{path}.{key}" if path else key, key in node.get("required", ())
        below = None if here == "material" else _section(value, schema)
        if below is None:
            yield here, value, needed
        else:
            if value.get("default", ...) is None or here == "crystal":
                yield here, value, needed
            yield from leaves(below, schema, here)


def _section(value: Mapping[str, Any], schema: Mapping[str, Any]) -> Mapping[str, Any] | None:
    """The section that a key holds, also where it may be null; None for a value."""
    for part in _parts(value):
        if "$ref" in part:
            found: Mapping[str, Any] = schema["$defs"][part["$ref"].rsplit("/", 1)[1]]
            return found
    return None


def _parts(value: Mapping[str, Any]) -> Iterator[Mapping[str, Any]]:
    """A key's schema and its alternatives, outermost first."""
    yield value
    for part in value.get("anyOf", ()):
        yield from _parts(part)


def configuration(_: str = "") -> str:
    """Table of every key of the configuration but the material's."""
    schema = json_schema()
    return _tables(list(leaves(schema, schema)))


def material_keys(_: str = "") -> str:
    """Table of every key of a material."""
    schema = json_schema()
    return _tables(list(leaves(schema["$defs"]["Material"], schema)))


def _tables(rows: list[Leaf]) -> str:
    """One table per first part of the key path; single keys come first."""
    groups: dict[str, list[str]] = {"": []}
    for path, value, needed in rows:
        name = path.split(".")[0] if "." in path or "$ref" in value else ""
        cells = (f"`{path}`", kind(value), default(value, needed), meaning(value))
        groups.setdefault(name, []).append("| " + " | ".join(cell.replace("|", "\\|") for cell in cells) + " |")
    head = "| key | value | default | meaning |\n|---|---|---|---|\n"
    return "\n\n".join((f"### {name}\n\n" if name else "") + head + "\n".join(groups[name]) for name in groups)


def kind(value: Mapping[str, Any]) -> str:
    """What a user writes: kind of quantity with an example, words, limits."""
    said = []
    for part in _parts(value):
        quantity = QUANTITY.search(part.get("description", ""))
        if quantity and "pattern" in part:
            what, example, limits = quantity.groups()
            said.append(f"{what.split(' ', 1)[1]}, as `{example}`" + (f" ({limits})" if limits else ""))
        elif part.get("properties", {}).keys() == {"content", "value"}:
            said.append("or a table `{content: [0, ...], value: [...]}`")
        elif "enum" in part and "confidence" not in part:
            said.append(" or ".join(f"`{word}`" for word in part["enum"]))
        elif "const" in part:
            said.append(f"`{part['const']}`")
        elif part.get("type") in ("number", "integer", "boolean"):
            words = {"number": "number", "integer": "whole number", "boolean": "`true` or `false`"}[part["type"]]
            limits = " and ".join(f"{word} {part[key]:g}" for key, word in LIMITS if key in part)
            said.append(f"{words} ({limits})" if limits else words)
        elif part.get("type") == "array":
            said.append(f"{part['minItems']} whole numbers")
        elif isinstance(part.get("additionalProperties"), Mapping):
            said.append("mapping: direction to speed, as `0.05 nm/s`")
        elif part.get("additionalProperties") is True or "$ref" in part:
            said.append("mapping")
        elif (part.get("type") == "string" and "pattern" not in part) or part.get("maxLength"):
            said.append("path" if part.get("format") == "path" else "text")
        elif part.get("type") == "null" and part is not value:
            said.append("or `null`")
        elif part.get("type") == "null":
            said.append("`null`")
    return ", ".join(dict.fromkeys(said)).replace(", or ", " or ")


def default(value: Mapping[str, Any], needed: bool) -> str:
    """The default as it would be written in YAML."""
    if "default" not in value:
        return "**required**" if needed else "none"
    found = value["default"]
    if isinstance(found, str):
        return f"`{found}`"
    if isinstance(found, Mapping):
        return f"`{{{', '.join(f'{key}: {_plain(item)}' for key, item in found.items())}}}`"
    return f"`{_plain(found)}`"


def _plain(value: Any) -> str:
    """A plain value as YAML writes it."""
    return "null" if value is None else str(value).lower() if isinstance(value, bool) else str(value)


def meaning(value: Mapping[str, Any]) -> str:
    """The description without what the value's column says."""
    described = next((part["description"] for part in _parts(value) if "description" in part), "")
    return QUANTITY.sub("", described)


def materials(_: str = "") -> str:
    """Every bundled material: keys, values, sources, confidence."""
    said = []
    for name in list_materials():
        material = load_material(name)
        said.append(_material(name, f"{material.carrier.symbol} in {material.host.symbol} "
                                    f"(`femanode/materials/{name}.yaml`)."))
    said += [_material(name, f"Takes no carriers (`femanode/materials/inert/{name}.yaml`).") for name in list_inert()]
    legend = "; ".join(f"**{mark}** {words}" for mark, words in CONFIDENCE.items())
    return f"Confidence: {legend}.\n\n" + "\n\n".join(said)


def _material(name: str, told: str) -> str:
    """A section with every number of one material."""
    rows = "".join(f"\n| `{row.path}` | {row.value} | {row.confidence or '–'} | {row.source or '–'} | "
                   f"{row.range or '–'} |" for row in describe(name) if row.path not in ("name", "kind"))
    return f"## {name}\n\n{told}\n\n| key | value | confidence | source | range |\n|---|---|---|---|---|{rows}"


def references(_: str = "") -> str:
    """The bibliography as it stands."""
    return "```bibtex\n" + "\n\n".join(bibliography().values()) + "\n```"


def commands(_: str = "") -> str:
    """Every command with its arguments and options."""
    group: Any = typer.main.get_command(app)
    said = []
    order = {name: place for place, name in enumerate(FIRST)}
    for name, command in sorted(group.commands.items(), key=lambda item: order.get(item[0], len(order))):
        if command.hidden:
            continue
        rows = {p: (", ".join(p.opts), p.metavar or "VALUE") for p in command.params}
        asked = [metavar for p, (_, metavar) in rows.items() if p.param_type_name == "argument"]
        options = [f"| `{spelt}{'' if p.is_flag else ' ' + metavar}` | {p.help} |"
                   for p, (spelt, metavar) in rows.items() if p.param_type_name == "option"]
        said.append(f"## {name}\n\n{command.help}\n\n```text\nfemanode {' '.join([name, *asked])}"
                    f"{' [options]' if options else ''}\n```")
        if options:
            said.append("| option | meaning |\n|---|---|\n" + "\n".join(options))
    return "\n\n".join(said)


def summary(_: str = "") -> str:
    """Keys of summary.json with the meaning that the report gives them."""
    rows = [f"| `{figure.key}` | {figure.name}. {figure.meaning} |" for figure in FIGURES
            if figure.key not in (*DERIVED, *SOMETIMES)]
    return "| key | meaning |\n|---|---|\n" + "\n".join(rows)


GENERATED: dict[str, Callable[[str], str]] = {
    "changes": changes, "commands": commands, "configuration": configuration, "file": file,
    "introduction": introduction, "material-keys": material_keys, "materials": materials, "references": references,
    "section": section, "summary": summary,
}
