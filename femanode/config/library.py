"""Bundled materials: one YAML file per carrier/host system, every number with source and confidence.

Those that take no carriers stand in a folder of their own, ``materials/inert/``.
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any, NamedTuple

from pydantic import ValidationError

from femanode.config.complaints import Place, Places, explain, locate, places_of, suggest_material
from femanode.config.inert import Inert, inert_mapping
from femanode.config.material import Material, material_mapping
from femanode.config.migration import migrate
from femanode.config.trust import require_inside
from femanode.config.yamlio import kind, load_yaml
from femanode.errors import ConfigError

__all__ = ["Row", "describe", "list_inert", "list_materials", "load_inert", "load_material", "material_data"]

_FOLDER = Path(__file__).resolve().parents[1] / "materials"

#: Points of a table that are shown one by one.
MOST_POINTS = 9


class Row(NamedTuple):
    """One number of a material: key path, value as written with its unit, source, confidence."""

    path: str
    value: str
    source: str
    confidence: str


def list_materials() -> list[str]:
    """Names of the bundled materials that take carriers, sorted."""
    return sorted(path.stem for path in _FOLDER.glob("*.yaml"))


def list_inert() -> list[str]:
    """Names of the bundled materials that take none, sorted."""
    return sorted(path.stem for path in (_FOLDER / "inert").glob("*.yaml"))


def material_data(reference: object, base: Path, where: str = "", *, inert: bool = False) -> tuple[dict[str, Any],
                                                                                                 Places]:
    """Raw mapping of a material, not yet validated, and the places of its keys in its file.

    Parameters
    ----------
    reference : str, Mapping, Material or Inert
        Bundled name, path of a YAML file (relative to `base`), whole mapping, or a material.
    base : Path
        Folder that relative paths start from.
    where : str, optional
        Place of the reference, for messages.
    inert : bool, optional
        Take the name from the inert materials instead of those of wires.

    Raises
    ------
    ConfigError
        For an unknown name or an unreadable file.
    """
    if isinstance(reference, Material):
        return material_mapping(reference), {}
    if isinstance(reference, Inert):
        return inert_mapping(reference), {}
    if isinstance(reference, Mapping):
        data = dict(reference)
        migrate(data, where)
        return data, {}
    path = _path(reference, base, where, inert)
    data, lines = load_yaml(path)
    places = places_of(lines, str(path))
    migrate(data, locate(places, ("schema",)))
    return data, places


def _path(reference: object, base: Path, where: str, inert: bool) -> Path:
    """File of a bundled name or of a path."""
    known, others = (list_inert(), list_materials()) if inert else (list_materials(), list_inert())
    allowed = f"a bundled name ({', '.join(known)}), a path to a YAML file, or a mapping"
    if not isinstance(reference, str) or not reference:
        raise ConfigError(f"found {kind(reference)}", where=where, allowed=allowed)
    if reference in known:
        return (_FOLDER / "inert" if inert else _FOLDER) / f"{reference}.yaml"
    if "/" in reference or reference.endswith((".yaml", ".yml")):
        path = base / reference
        require_inside(path, where)
        if not path.is_file():
            raise ConfigError(f"found no material file '{path}'", where=where, allowed=allowed)
        return path
    if reference in others:
        found = f"found {kind(reference)}, which {'takes carriers' if inert else 'is inert'}"
        raise ConfigError(found, where=where, allowed=allowed)
    # The host alone names no material, as its carrier is not said.
    of_host = [name for name in known if name.partition("-")[2].removeprefix("a-") == reference]
    hint = (suggest_material(reference, known) or (f"write carrier and host: {' or '.join(of_host)}" if of_host else "")
            or "write its own file: docs/howto/material.md")
    raise ConfigError(f"found the unknown material {kind(reference)}", where=where, allowed=allowed, hint=hint)


def load_material(reference: str | Mapping[str, Any], base: Path | None = None) -> Material:
    """Validated material of a bundled name, a file or a mapping.

    Raises
    ------
    ConfigError
        One line with file, line and key path.

    Examples
    --------
    >>> load_material("Li-Si").swelling.expansion
    2.8
    """
    data, places = material_data(reference, base or Path())
    try:
        return Material.model_validate(data)
    except ValidationError as error:
        raise explain(error, Material, places or {(): Place("material")}) from None


def load_inert(reference: str | Mapping[str, Any], base: Path | None = None) -> Inert:
    """Validated inert material of a bundled name, a file or a mapping.

    Raises
    ------
    ConfigError
        One line with file, line and key path; also for a material that takes carriers.

    Examples
    --------
    >>> load_inert("SiO2").mechanics.youngs_modulus
    73.0
    """
    data, places = material_data(reference, base or Path(), inert=True)
    try:
        return Inert.model_validate(data)
    except ValidationError as error:
        raise explain(error, Inert, places or {(): Place("material")}) from None


def describe(reference: str | Mapping[str, Any], base: Path | None = None) -> list[Row]:
    """Every number of a material, inert or not, as written, in file order, with source and confidence.

    Raises
    ------
    ConfigError
        As `load_material`; the rows of an invalid material are not shown.

    Examples
    --------
    >>> [row.value for row in describe("Li-Si") if row.path == "host.volume"]
    ['20.02 Å^3']
    """
    inert = isinstance(reference, str) and reference in list_inert()
    data, _ = material_data(reference, base or Path(), inert=inert)
    if data.get("kind") == "inert":
        load_inert(reference, base)
    else:
        load_material(reference, base)
    rows: list[Row] = []
    _collect(data, (), rows)
    return rows


def _collect(node: Any, path: tuple[str, ...], rows: list[Row]) -> None:
    """Append the rows below `node`."""
    source = confidence = ""
    if isinstance(node, Mapping) and "value" in node and "content" not in node:
        source, confidence = str(node.get("source") or ""), str(node.get("confidence") or "")
        node = node["value"]
    if isinstance(node, Mapping) and not {"content", "value"} <= set(node):
        if source:
            rows.append(Row(".".join(path), "", source, confidence))
        for key, value in node.items():
            _collect(value, (*path, str(key)), rows)
    else:
        rows.append(Row(".".join(path), _shown(node), source, confidence))


def _shown(value: Any) -> str:
    """Value as a short text."""
    if isinstance(value, Mapping):
        pairs = [f"{quantity} at {content:g}" for content, quantity in
                 zip(value["content"], value["value"], strict=True)]
        # A measured curve has dozens: its ends and middle say what it is, the rest is in the file.
        if len(pairs) > MOST_POINTS:
            middle = len(pairs) // 2
            return f"{pairs[0]}, ..., {pairs[middle]}, ..., {pairs[-1]} ({len(pairs)} points)"
        return ", ".join(pairs)
    return value if isinstance(value, str) else kind(value)
