"""The pages are complete and true: generated tables against the models and files, commands against the parser."""

from __future__ import annotations

import importlib
import re
import shlex
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import typer
from pydantic import BaseModel
from ruamel.yaml import YAML

import femanode
from femanode.cli.commands import app
from femanode.config.library import load_material
from femanode.config.loading import Config
from femanode.config.material import Material
from femanode.config.quantities import Unit
from tests.docpages import DOCS, PAGES, ROOT, blocks, commands, generator, rows

HOOK = generator()
SHOWN = [ROOT / "README.md", *(DOCS / page for page in PAGES)]
CALLS = [pytest.param(line, id=f"{path.name}: {line}") for path in SHOWN for block in blocks(path)
         if block.language in ("", "sh", "bash") for line in commands(block.text) if line.startswith("femanode ")]


def keys(model: type[BaseModel], path: str = "") -> Iterator[tuple[str, Any]]:
    """Dotted path and field of every key that a user may write, from the models."""
    for name, field in model.model_fields.items():
        here = f"{path}.{name}" if path else name
        below = [part for part in (field.annotation, *getattr(field.annotation, "__args__", ()))
                 if isinstance(part, type) and issubclass(part, BaseModel)]
        if field.exclude or here == "material":
            continue
        if below:
            yield from keys(below[0], here)
        else:
            yield here, field


def unit_of(field: Any) -> str:
    """Internal unit of a quantity, empty for anything else."""
    nested = [meta for part in getattr(field.annotation, "__args__", ()) for meta in getattr(part, "__metadata__", ())]
    found = [getattr(meta, "unit", meta) for meta in (*field.metadata, *nested)]
    return next((meta.unit for meta in found if isinstance(meta, Unit)), "")


@pytest.mark.parametrize(("model", "table"), [(Config, "configuration"), (Material, "material-keys")])
def test_every_key_stands_with_unit_default_and_meaning(model: type[BaseModel], table: str) -> None:
    shown = rows(HOOK.GENERATED[table](""))
    assert "schema" in shown
    fields = dict(keys(model))
    # a section that may be left out as a whole has a row of its own; 'material' has its own tables; 'schema' is taken
    # off before a model sees it
    sections = {key for key in shown if any(other.startswith(f"{key}.") for other in shown)}
    assert set(fields) == set(shown) - sections - {"material", "schema"}
    examples = {"nm": "129 nm", "s": "1.5 h", "GPa": "1.0 GPa", "nm/s": "0.05 nm/s", "nm^2/s": "5.1e-12 cm^2/s",
                "nm^3": "20.02 Å^3", "J/m^2": "10 J/m^2", "V": "10 mV", "K": "300 K", "nN": "0 nN", "1/s": "1e-3 1/s",
                "1/nm": "0.002 1/nm", "mAh/g": "3579 mAh/g", "mA/cm^2": "0.1 mA/cm^2", "deg": "3 deg"}
    for key, field in fields.items():
        value, default, meaning = shown[key]
        assert value and default and len(meaning) > 5, key
        assert (default == "**required**") == field.is_required(), key
        if unit := unit_of(field):
            assert f"`{examples[unit]}`" in value, key
            assert field.default is None or field.is_required() or default.endswith(f" {unit}`"), key


def test_rows_say_what_the_models_say() -> None:
    shown = rows(HOOK.configuration())
    assert shown["boundary.potential"] == [
        "potential, as `10 mV`", "`0.01 V`",
        "applied potential against the carrier metal; with a current, the one that belongs to activity 1"]
    assert shown["output.checkpoint"][:2] == ["time, as `1.5 h` (above 0 s) or `null`", "`60.0 s`"]
    assert shown["front.conversion_start"][:2] == ["number (at least 0 and at most 0.49)", "`0.35`"]
    assert shown["time.max_plastic_increment"][1] == "`1.0`"
    assert rows(HOOK.material_keys())["front.half_thickness"][0] == "length, as `129 nm` (above 0 nm)"


#: Columns that a galvanostatic run adds to its history, as the contract names them.
GIVEN_CURRENT = ["current_density_mA_cm2", "surface_activity", "potential_V", "capacity_mAh_g"]


@pytest.mark.parametrize("path", sorted((ROOT / "femanode" / "materials").glob("*.yaml")), ids=lambda path: path.stem)
def test_every_number_of_a_material_stands_with_its_source(path: Path) -> None:
    page = HOOK.materials()
    part = page.split(f"## {path.stem}\n")[1].split("\n## ")[0]
    shown = rows(part)

    def leaves(node: Any, at: str = "") -> Iterator[tuple[str, dict[str, Any]]]:
        for key, value in node.items():
            here = f"{at}.{key}" if at else str(key)
            if isinstance(value, dict) and "source" in value:
                yield here, value
            elif isinstance(value, dict):
                yield from leaves(value, here)

    found = dict(leaves(YAML(typ="safe").load(path)))
    assert set(found) == set(shown)
    for key, leaf in found.items():
        value, confidence, source, known = shown[key]
        assert (known != "–") == ("range" in leaf), key
        assert (confidence, source) == (leaf["confidence"], leaf["source"].strip()), key
        if isinstance(leaf["value"], str):
            assert value == leaf["value"], key


def test_every_command_stands_with_every_option() -> None:
    page = HOOK.commands()
    group: Any = typer.main.get_command(app)
    for name, command in group.commands.items():
        if command.hidden:
            continue
        part = page.split(f"## {name}\n")[1].split("\n## ")[0]
        assert f"femanode {name}" in part
        for option in command.params:
            assert option.param_type_name == "argument" or f"`{', '.join(option.opts)}" in part


@pytest.mark.parametrize("line", CALLS)
def test_a_command_shown_exists_with_its_options(line: str) -> None:
    name, *arguments = shlex.split(line.split(" > ")[0])[1:]
    group: Any = typer.main.get_command(app)
    assert name in group.commands, line
    group.commands[name].make_context(name, arguments)  # raises on an option or argument it does not know


def test_what_a_run_leaves_is_explained_and_nothing_else(tmp_path: Path) -> None:
    coarse = ["geometry.diameter=24 nm", "front.half_thickness=4 nm", "mesh.element_size=4 nm", "time.end=10 s",
              "output.frames=1", "output.pictures=false"]
    result = femanode.run(femanode.load_config(ROOT / "configs" / "si_110_129nm.yaml", coarse), tmp_path / "run")
    page = HOOK.on_page_markdown((DOCS / "reference" / "files.md").read_text(encoding="utf-8"))
    explained = {part.split("\n")[0]: re.findall(r"`(\w+)`", "".join(
        line.split("|")[1] for line in part.splitlines() if line.startswith("| `"))) for part in page.split("\n## ")}
    assert sorted(explained["history.csv"]) == sorted(result.history.columns)
    assert explained["Runs with a given current"] == GIVEN_CURRENT
    assert sorted(explained["summary.json"]) == sorted(result.summary)
    assert sorted(explained["Frames"]) == sorted(result.frames[-1].mesh.fields)


def test_public_names_stand_in_the_reference() -> None:
    named = re.findall(r"^::: (\S+)$", (DOCS / "reference" / "api.md").read_text(encoding="utf-8"), re.MULTILINE)
    assert {f"femanode.{name}" for name in femanode.__all__ if name != "__version__"} <= set(named)
    for name in named:
        module, _, attribute = name.rpartition(".")
        assert hasattr(importlib.import_module(module), attribute), name


@pytest.mark.parametrize("page", SHOWN, ids=lambda page: page.name)
def test_modules_that_pages_name_exist(page: Path) -> None:
    """`solver/front.py` in the text must be a path below femanode/ or the repository; fenced blocks do not count."""
    named = set(re.findall(r"`(?:python )?([\w/]+\.py)\b[^`]*`", page.read_text(encoding="utf-8")))
    known = {"open_in_paraview.py"}
    roots = (ROOT, ROOT / "femanode")
    assert not [name for name in named - known if not any((root / name).is_file() for root in roots)]


def test_every_page_is_in_the_menu() -> None:
    menu = re.findall(r": (\S+\.md)$", (ROOT / "mkdocs.yml").read_text(encoding="utf-8"), re.MULTILINE)
    assert sorted(menu) == PAGES


def test_every_place_to_generate_is_filled() -> None:
    places = [match for page in PAGES for match in HOOK.PLACE.finditer((DOCS / page).read_text(encoding="utf-8"))]
    assert {match.group(1) for match in places} == set(HOOK.GENERATED)
    for match in places:
        text = HOOK.on_page_markdown(match.group(0))
        assert len(text) > 100
        assert "<!-- generate" not in text


def test_limits_are_those_of_the_readme_with_links_from_here() -> None:
    text = HOOK.section("Limits of validity")
    assert "**Front width.**" in text
    assert "](checks.md)" in text
    assert "docs/" not in re.sub(r"\[[^]]*\]", "", text)
    with pytest.raises(ValueError, match="no section 'Limits'"):
        HOOK.section("Limits")


def test_configurations_shown_as_files_are_valid(tmp_path: Path) -> None:
    files = {block.title: block.text for page in PAGES for block in blocks(DOCS / page) if block.language == "yaml"}
    for name, text in files.items():
        (tmp_path / (name or "unnamed")).write_text(text, encoding="utf-8")
    assert femanode.load_config(tmp_path / "wire.yaml").geometry.diameter == 60.0
    assert load_material("my_material.yaml", tmp_path).front.rates == {"100": 0.2, "001": 0.05}


def test_the_gallery_s_pictures_are_those_its_commands_make_and_small() -> None:
    names = re.findall(r"\]\((gallery/.*?)\)", (DOCS / "gallery.md").read_text(encoding="utf-8"))
    assert len(names) == 12
    made = [line for block in blocks(DOCS / "gallery.md") for line in commands(block.text) if " plot " in line]
    assert [shlex.split(line)[-1] for line in made] == [f"results/{name}" for name in names]
    assert {path.name for path in (DOCS / "gallery").iterdir()} == {Path(name).name for name in names}
    assert max((DOCS / name).stat().st_size for name in names) <= 150_000
