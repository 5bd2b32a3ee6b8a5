"""JSON Schema of the configuration file, for editors that complete and check YAML."""

from __future__ import annotations

from typing import Any

from pydantic import BaseModel

from femanode.config.inert import Inert
from femanode.config.material import Material
from femanode.config.migration import SCHEMA
from femanode.units import expected, format_quantity


def editor_schema(model: type[BaseModel]) -> dict[str, Any]:
    """JSON Schema (draft 2020-12) of what a user writes.

    Adds to pydantic's schema what is resolved before validation: a material by name or path, leaves
    as ``{value, source, confidence}``, overrides. Drops what a user cannot write.

    Parameters
    ----------
    model : type
        The configuration model, with a `material` and an `overrides` property.
    """
    schema = model.model_json_schema(mode="validation")
    schema["$schema"] = "https://json-schema.org/draft/2020-12/schema"
    schema["title"] = "femanode configuration"
    definitions: dict[str, Any] = schema["$defs"]
    for definition in definitions.values():
        properties = definition.get("properties", {})
        for name in [n for n, p in properties.items() if p.get("description") == "not in this version"]:
            del properties[name]
    definitions["Material"]["properties"].pop("provenance")
    definitions.pop("Provenance", None)
    for name in _sections_below(Material):
        _name_units(definitions[name])
        _allow_leaves(definitions[name])
    _name_units(schema)
    definitions["Inert"]["properties"].pop("provenance", None)
    for name in _sections_below(Inert) - _sections_below(Material) | {"Inert"}:
        _name_units(definitions[name])
        _allow_leaves(definitions[name])
    text = {"type": "string", "description": "bundled name, or path of a YAML file"}
    schema["properties"]["material"] = {"anyOf": [text, {"$ref": "#/$defs/Material"}]}
    for name in ("Core", "Coating"):
        inert = {**text, "description": "bundled name of an inert material, or path of a YAML file"}
        definitions[name]["properties"]["material"] = {
            "anyOf": [inert, {"$ref": "#/$defs/Inert"}],
            "description": "what the layer is made of; it takes no carriers"}
    schema["properties"]["overrides"].pop("maxProperties", None)
    told = {"type": "integer", "minimum": 1, "maximum": SCHEMA, "default": SCHEMA,
            "description": "generation of keys that the file was written for; a run's config.yaml says it"}
    schema["properties"]["schema"] = definitions["Material"]["properties"]["schema"] = told
    return schema


def material_schema(model: type[BaseModel]) -> dict[str, Any]:
    """JSON Schema of a material file, from the configuration's.

    Parameters
    ----------
    model : type
        The configuration model.
    """
    whole = editor_schema(model)
    definitions: dict[str, Any] = whole["$defs"]
    material = definitions.pop("Material")
    needed = {name for name in _sections_below(Material) if name in definitions}
    return {"$schema": whole["$schema"], **material, "title": "femanode material",
            "$defs": {name: definitions[name] for name in definitions if name in needed}}


def study_schema(model: type[BaseModel], title: str) -> dict[str, Any]:
    """JSON Schema of a sweep or fit file.

    Parameters
    ----------
    model : type
        The model of its keys.
    title : str
        What the file is.
    """
    schema = model.model_json_schema(mode="validation")
    _name_units(schema)
    return {"$schema": "https://json-schema.org/draft/2020-12/schema", **schema, "title": title}


def _name_units(node: Any) -> None:
    """Say the unit in every quantity's description, and write its default with it."""
    if isinstance(node, list):
        for part in node:
            _name_units(part)
    if not isinstance(node, dict):
        return
    unit, limits = node.pop("x-unit", None), node.pop("x-limits", "")
    if isinstance(unit, str):
        _write_default(node, unit)
        if expected(unit) not in node["description"]:
            node["description"] += f": {expected(unit)}" + (f"; {limits}" if limits else "")
    for part in node.get("anyOf", ()):
        if isinstance(part, dict) and isinstance(part.get("x-unit"), str):
            _write_default(node, part["x-unit"])
    for part in node.values():
        _name_units(part)


def _write_default(node: dict[str, Any], unit: str) -> None:
    """Give a quantity's default its unit, without which it would be refused."""
    if isinstance(node.get("default"), int | float):
        node["default"] = format_quantity(node["default"], unit)


def _sections_below(model: type[BaseModel]) -> set[str]:
    """Names of the models used by the fields of `model`, at any depth."""
    names: set[str] = set()
    for info in model.model_fields.values():
        annotation = info.annotation
        for part in (annotation, *getattr(annotation, "__args__", ())):
            if isinstance(part, type) and issubclass(part, BaseModel) and not info.exclude:
                names |= {part.__name__} | _sections_below(part)
    return names


def _allow_leaves(definition: dict[str, Any]) -> None:
    """Let every plain value of a section also be a leaf with its source."""
    for name, value in definition["properties"].items():
        if "$ref" in value:
            continue
        if name == "rates":
            value["additionalProperties"] = _leaf(value["additionalProperties"])
        definition["properties"][name] = _leaf(value)


def _leaf(value: dict[str, Any]) -> dict[str, Any]:
    """`value`, or a mapping that holds it."""
    parts = {
        "value": {key: item for key, item in value.items() if key != "default"},
        "source": {"type": "string"},
        "confidence": {"enum": ["A", "B", "C", None]},
        "range": {"type": ["array", "null"], "minItems": 2, "maxItems": 2,
                  "description": "lower and upper end of what the sources allow, each as the value is written"},
        "fitted_to": {"type": ["array", "null"], "items": {"type": "string"},
                      "description": "figures of merit that the value was chosen from"},
    }
    leaf = {"type": "object", "properties": parts, "required": ["value"], "additionalProperties": False}
    shared: dict[str, Any] = {key: value[key] for key in ("title", "description", "default") if key in value}
    return {**shared, "anyOf": [value, leaf]}
