"""The schemas for editors know every key that bundled files use, and what must be there."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner

from femanode.cli.commands import app
from femanode.config.library import list_materials
from femanode.config.yamlio import load_yaml


def schema(file: str) -> dict[str, Any]:
    outcome = CliRunner().invoke(app, ["schema", file])
    assert outcome.exit_code == 0
    return dict(json.loads(outcome.stdout))


def unknown(data: Mapping[str, Any], node: Mapping[str, Any], whole: Mapping[str, Any]) -> list[str]:
    """Keys of a mapping that a schema does not allow, at any depth where it says which are allowed."""
    if "anyOf" in node:
        return min((unknown(data, option, whole) for option in node["anyOf"]), key=len)
    if "$ref" in node:
        return unknown(data, whole["$defs"][node["$ref"].rsplit("/", 1)[1]], whole)
    found = []
    for key, value in data.items():
        if key not in node.get("properties", {}):
            found += [key] if node.get("additionalProperties") is False else []
        elif isinstance(value, dict):
            found += unknown(value, node["properties"][key], whole)
    return found


FILES = [("sweep", path) for path in sorted(Path("configs/sweeps").glob("*.yaml"))]
FILES += [("fit", path) for path in sorted(Path("configs/fits").glob("*.yaml"))]
FILES += [("material", Path(f"femanode/materials/{name}.yaml")) for name in list_materials()]
FILES += [("config", path) for path in sorted(Path("configs").glob("*.yaml"))]


@pytest.mark.parametrize(("file", "path"), FILES, ids=lambda value: str(value))
def test_bundled_files_agree_with_their_schema(file: str, path: Path) -> None:
    whole, (data, _) = schema(file), load_yaml(path)
    assert not unknown(data, whole, whole)
    assert set(whole["required"]) <= set(data)
    assert unknown({**data, "diamter": 3}, whole, whole) == ["diamter"]


@pytest.mark.parametrize("file", ["sweep", "fit", "material", "config"])
def test_every_reference_within_a_schema_leads_somewhere(file: str) -> None:
    text = json.dumps(schema(file))
    whole = json.loads(text)
    names = {part.split('"')[0] for part in text.split("#/$defs/")[1:]}
    assert names <= set(whole["$defs"])
    assert "x-unit" not in text


def test_memory_is_asked_for_with_its_unit() -> None:
    memory = schema("sweep")["$defs"]["CaseLimits"]["properties"]["memory"]
    assert "an amount of memory" in json.dumps(memory)
