"""What a user writes, and what it becomes."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import pytest
from pydantic import ValidationError

from femanode.config.library import load_material
from femanode.config.loading import Config, dump_config, json_schema, load_config
from femanode.config.yamlio import dump_yaml, parse_yaml
from femanode.errors import ConfigError
from tests.casefile import CASE, plain

CONFIGS = sorted((Path(__file__).parents[3] / "configs").glob("*.yaml"))


def test_values_in_internal_units_and_defaults(case: Path) -> None:
    c = load_config(case)
    assert c.geometry.diameter == 129.0
    assert c.time.end == 5400.0
    assert c.boundary.potential == 0.01
    assert c.crystal.axis == (1, 1, 0)
    assert c.temperature == 300.0
    assert (c.time.max_front_advance, c.time.max_plastic_increment, c.time.max_content_increment) == (
        0.25,
        1.0,
        1.0,
    )
    assert (c.time.stop.arrest, c.time.stop.converted) == (1e-3, 0.99)
    assert (c.geometry.sector, c.mechanics.axial, c.mechanics.axial_force) == ("auto", "plane_strain", 0.0)
    assert (c.output.frames, c.output.every, c.output.pictures) == (40, None, True)
    assert (c.mesh.adaptive, c.solver.linear, c.time.min_step) == (True, "auto", None)
    assert c.material == load_material("Li-Si")
    assert c.source == case


def test_config_is_frozen(case: Path) -> None:
    c = load_config(case)
    with pytest.raises(ValidationError, match="frozen"):
        c.temperature = 400.0
    with pytest.raises(ValidationError, match="frozen"):
        c.material.swelling.expansion = 1.0


@pytest.mark.parametrize("path", CONFIGS, ids=lambda p: p.stem)
def test_bundled_configurations(path: Path, tmp_path: Path) -> None:
    text = path.read_text()
    assert text.count("\n") < 60
    c = load_config(path)
    copy = tmp_path / "config.yaml"
    copy.write_text(dump_config(c))
    again = load_config(copy)
    assert again == c
    assert dump_config(again) == copy.read_text()
    assert again.source != c.source


def test_isotropic_case_is_the_one_of_the_one_dimensional_program() -> None:
    c = load_config(next(p for p in CONFIGS if p.stem == "isotropic_129nm"))
    assert c.material.front.rates == {"isotropic": 0.05}
    assert (c.front.half_thickness, c.front.conversion_start) == (2.0, 0.35)
    # k R / D: no limit by transport
    assert 0.05 * 64.5 / c.material.transport.diffusivity.value[0] < 1e-6


def test_inline_material_and_file_material_agree(case: Path, tmp_path: Path) -> None:
    c = load_config(case)
    dumped = tmp_path / "dumped.yaml"
    dumped.write_text(dump_config(c))
    assert load_config(dumped, ["material.swelling.expansion=1.5"]).material.swelling.expansion == 1.5
    material = plain(c)["material"]
    (tmp_path / "sub").mkdir()
    (tmp_path / "sub" / "own.yaml").write_text(dump_yaml(material))
    case.write_text(CASE.replace("Li-Si", "sub/own.yaml"))
    assert load_config(case) == c
    own = (
        (tmp_path / "sub" / "own.yaml").read_text().replace("expansion: {value: 2.8", "expansion: {value: x")
    )
    (tmp_path / "sub" / "own.yaml").write_text(own)
    with pytest.raises(
        ConfigError, match=r"sub/own\.yaml:\d+: swelling.expansion: found 'x'; allowed: a number"
    ):
        load_config(case)


def test_mesh_file_is_found_from_the_configuration(case: Path, tmp_path: Path) -> None:
    (tmp_path / "meshes").mkdir()
    (tmp_path / "meshes" / "a.msh").write_text("")
    case.write_text(CASE.replace("shape: circle\n  diameter: 129 nm", "shape: file\n  path: meshes/a.msh"))
    c = load_config(case)
    assert c.geometry.path == (tmp_path / "meshes" / "a.msh").resolve()
    assert c.geometry.diameter is None
    elsewhere = tmp_path / "meshes" / "config.yaml"
    elsewhere.write_text(dump_config(c))
    assert load_config(elsewhere) == c


@pytest.mark.parametrize(("written", "meant"), [
    ("nm", "nm"), ("um", "um"), ("\u00b5m", "um"), ("\u03bcm", "um"), ("mm", "mm"), ("m", "m"),
    ("\u00c5", "angstrom"), ("\u212b", "angstrom"), ("angstrom", "angstrom")])
def test_coordinates_of_a_mesh_file_may_have_any_unit(case: Path, tmp_path: Path, written: str, meant: str) -> None:
    (tmp_path / "a.msh").write_text("")
    text = CASE.replace("shape: circle", "shape: file\n  path: a.msh")
    case.write_text(text)
    plain = load_config(case)
    case.write_text(text.replace("a.msh", f"a.msh\n  unit: {written}"), encoding="utf-8")
    c = load_config(case)
    assert c.geometry.unit == meant
    elsewhere = tmp_path / "config.yaml"
    elsewhere.write_text(dump_config(c), encoding="utf-8")
    assert load_config(elsewhere) == c
    # the default leaves no trace, so that checkpoints and names of cases are those of a configuration without the key
    assert (dump_config(c) == dump_config(plain)) == (meant == "nm")
    assert ("unit" in parse_yaml(dump_config(c), "")[0]["geometry"]) == (meant != "nm")


def test_the_schema_lists_every_spelling_of_a_unit() -> None:
    unit = json_schema()["$defs"]["Geometry"]["properties"]["unit"]
    assert unit["enum"] == ["nm", "um", "\u00b5m", "mm", "m", "angstrom", "\u00c5"]
    assert unit["default"] == "nm"


def test_every_alone_replaces_frames(case: Path, tmp_path: Path) -> None:
    case.write_text(CASE.replace("frames: 40", "every: 60 s"))
    c = load_config(case)
    assert (c.output.frames, c.output.every) == (None, 60.0)
    assert Config.from_mapping(plain(c)) == c


def test_isotropic_rates_need_no_crystal(case: Path) -> None:
    text = CASE.replace("crystal:\n  axis: [1, 1, 0]\n  in_plane: [1, -1, 0]\n", "")
    case.write_text(text + "overrides: {front.rates: {isotropic: 1 nm/s}}\n")
    assert load_config(case).crystal.axis == (0, 0, 1)


def test_from_mapping(case: Path) -> None:
    c = load_config(case)
    mapping = plain(c)
    mapping["material"] = c.material
    assert Config.from_mapping(mapping) == c
    assert Config.from_mapping(mapping).source is None
    changed = Config.from_mapping(mapping, ["material.swelling.expansion=1.0"])
    assert changed != c
    assert mapping["overrides"] == {}
    with pytest.raises(ConfigError, match=r"^geometry.diameter: found 129.0 without a unit"):
        Config.from_mapping({**mapping, "geometry": {"shape": "circle", "diameter": 129.0}})
    with pytest.raises(ConfigError, match="found 3; allowed: a mapping"):
        Config.from_mapping(3)  # type: ignore[arg-type]


def test_schema_describes_what_is_written() -> None:
    schema = json_schema()
    definitions = schema["$defs"]
    assert schema["additionalProperties"] is False
    assert set(schema["required"]) == {"name", "geometry", "material", "time"}
    assert schema["properties"]["material"]["anyOf"][0]["type"] == "string"
    end = definitions["Time"]["properties"]["end"]
    assert (end["type"], end["description"]) == ("string", "end time: a time with its unit, such as '1.5 h'; above 0 s")
    assert definitions["Output"]["properties"]["checkpoint"]["default"] == "60.0 s"
    assert re.search(end["pattern"], "5.1e-12 h")
    for bare in ("5.1e-12", "129", "1.", ".5", " 3 "):
        assert not re.search(end["pattern"], bare), bare
    for written in ("129nm", "1e-3 1/s", "-0.15 eV", "0.1 /s"):
        assert re.search(end["pattern"], written), written
    assert definitions["Boundary"]["properties"]["potential"]["default"] == "0.01 V"
    leaf = definitions["Phase"]["properties"]["youngs_modulus"]["anyOf"][1]
    assert set(leaf["properties"]) == {"value", "source", "confidence", "range", "fitted_to"}
    assert "provenance" not in definitions["Material"]["properties"]
    assert "a current density" in str(definitions["Boundary"]["properties"]["current_density"])
    _each_property_is_described(schema)


def _each_property_is_described(schema: dict[str, Any]) -> None:
    """Every plain key a user can write says what it is."""
    for name, definition in schema["$defs"].items():
        for key, value in definition.get("properties", {}).items():
            known = "$ref" in value or "description" in value or name == "Material"
            assert known, f"{name}.{key}"


@pytest.mark.parametrize(("asked", "there", "meant"), [
    ("wire.yml", "wire.yaml", "wire.yaml"), ("wire.yaml", "wire.yml", "wire.yml"),
    ("wier.yaml", "wire.yaml", "wire.yaml"), ("wire", "wire.yaml", "wire.yaml"), ("other.yaml", "wire.yaml", "")])
def test_a_file_that_is_not_there_is_told_from_its_namesake(tmp_path: Path, asked: str, there: str, meant: str) -> None:
    (tmp_path / there).write_text("name: x\n")
    with pytest.raises(ConfigError, match="found no such file") as caught:
        load_config(tmp_path / asked)
    assert str(caught.value).endswith(f"did you mean '{tmp_path / meant}'?" if meant else "found no such file")
