"""config: what a user writes, what it becomes, and the one line for every mistake."""

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

CONFIGS = sorted((Path(__file__).parents[3] / "configs").glob("*.yaml"))

CASE = """\
name: case
geometry:
  shape: circle
  diameter: 129 nm
crystal:
  axis: [1, 1, 0]
  in_plane: [1, -1, 0]
material: Li-Si
front:
  half_thickness: 1 nm
  conversion_start: 0.35
boundary:
  potential: 10 mV
time:
  end: 1.5 h
  stop: {arrest: 1e-3}
mesh:
  element_size: 1 nm
output:
  frames: 40
temperature: 300 K
"""


@pytest.fixture
def case(tmp_path: Path) -> Path:
    """A valid file."""
    path = tmp_path / "case.yaml"
    path.write_text(CASE)
    return path


def refused(path: Path, old: str, new: str, overrides: tuple[str, ...] = ()) -> str:
    """The line a user gets for the case with `old` replaced by `new`."""
    assert old in CASE
    path.write_text(CASE.replace(old, new))
    with pytest.raises(ConfigError) as caught:
        load_config(path, overrides)
    message = str(caught.value)
    assert "\n" not in message
    assert caught.value.exit_code == 2
    return message.replace(str(path), "F")


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


LINES = {
    "bare": ("129 nm", "129", r"F:4: geometry.diameter: found 129 without a unit; .*write '129 nm'"),
    "dimension": ("129 nm", "129 s", r"F:4: geometry.diameter: .*measures a time; allowed: a length"),
    "negative": ("129 nm", "-129 nm", r"F:4: geometry.diameter: found '-129 nm'; allowed: above 0 nm"),
    "nan": ("0.35", ".nan", r"F:11: front.conversion_start: found nan; allowed: a finite number"),
    "inf": ("1e-3", ".inf", r"F:16: time.stop.arrest: found inf; allowed: "),
    "nan quantity": ("129 nm", ".nan", r"F:4: geometry.diameter: found nan"),
    "bool": ("0.35", "true", r"F:11: front.conversion_start: found true; allowed: a number"),
    "bool count": ("frames: 40", "frames: true", r"F:20: output.frames: found true"),
    "float count": ("frames: 40", "frames: 4.5", r"F:20: output.frames: found 4.5"),
    "text number": ("0.35", "'0.35'", r"found '0.35'; allowed: a number"),
    "number switch": ("frames: 40", "pictures: 1", r"output.pictures: found 1; allowed: true or false"),
    "yes": ("frames: 40", "pictures: yes", r"output.pictures: found 'yes'; allowed: true or false"),
    "misspelt": ("diameter:", "diamter:", r"F:4: geometry.diamter: .*did you mean 'diameter'\?$"),
    "misspelt section": ("front:", "frnt:", r"F:9: frnt: found an unknown key .*did you mean 'front'\?"),
    "wrong section": ("conversion_start", "rates", r"F:11: .*'overrides.front.rates'"),
    "duplicate": ("frames: 40", "frames: 40\n  frames: 41", r"F:21: found the key 'frames' twice .*line 20"),
    "choice": ("circle", "circel", r"F:3: geometry.shape: found 'circel'; .*did you mean 'circle'\?"),
    "section": ("mesh:\n  element_size: 1 nm", "mesh: 3", r"F:17: mesh: found 3; allowed: a mapping"),
    "missing": ("  end: 1.5 h\n", "", r"F:14: time.end: found nothing, but it is required"),
    "start": ("0.35", "0.5", r"conversion_start: found 0.5; allowed: less than or equal to 0.49"),
    "end": ("1.5 h", "0 h", r"F:15: time.end: found '0 h'; allowed: above 0 s"),
    "arrest": ("1e-3", "1", r"time.stop.arrest: found 1; allowed: less than 1"),
    "converted": ("arrest: 1e-3", "converted: 0", r"time.stop.converted: found 0"),
    "per cent": ("arrest: 1e-3", "converted: 60", r"found 60; allowed: less than or equal to 1; 60 % is written 0.6$"),
    "too much": ("arrest: 1e-3", "converted: 600", r"converted: found 600; allowed: less than or equal to 1$"),
    "bare time": ("1.5 h", "10", r"F:15: time.end: found 10 without a unit; .*write '10 s', '10 min' or '10 h'$"),
    "zero axis": ("[1, 1, 0]", "[0, 0, 0]", r"F:6: crystal.axis: .*not all zero"),
    "short axis": ("[1, 1, 0]", "[1, 1]", r"F:6: crystal.axis: .*three whole numbers"),
    "float axis": ("[1, 1, 0]", "[1.0, 1, 0]", r"F:6: crystal.axis: .*three whole numbers"),
    "bool axis": ("[1, 1, 0]", "[true, 1, 0]", r"F:6: crystal.axis: .*three whole numbers"),
    "zero in plane": ("[1, -1, 0]", "[0, 0, 0]", r"F:7: crystal.in_plane: .*not all zero"),
    "oblique": ("[1, -1, 0]", "[1, 0, 0]", r"F:7: crystal.in_plane: .*is 1, not 0; .*such as \[1, -1, 0\]"),
    "no crystal": (
        "crystal:\n  axis: [1, 1, 0]\n  in_plane: [1, -1, 0]\n",
        "",
        r"crystal: found nothing, but the front rates depend on direction",
    ),
    "both": ("frames: 40", "frames: 40\n  every: 60 s", r"found both frames and every; allowed: exactly one"),
    "neither": ("frames: 40", "frames: null", r"found neither frames nor every"),
    "coarse": ("element_size: 1 nm", "element_size: 2 nm", r"F:18: mesh.element_size: found 2 nm; .*= 1 nm"),
    "thick": ("half_thickness: 1 nm", "half_thickness: 65 nm", r"F:10: .*below the radius or wall, 64.5 nm"),
    "force": (
        "mesh:",
        "mechanics: {axial_force: 1 nN}\nmesh:",
        r"F:17: mechanics.axial_force: .*generalized",
    ),
    "min step": (
        "1.5 h",
        "1.5 h\n  min_step: 2 h",
        r"time.min_step: found 7200 s; allowed: below end = 5400 s",
    ),
    "inner": ("129 nm", "129 nm\n  inner_diameter: 9 nm", r"F:5: geometry.inner_diameter: .*shape: annulus"),
    "annulus": ("shape: circle", "shape: annulus", r"geometry.inner_diameter: found no inner diameter"),
    "wide": (
        "shape: circle",
        "shape: annulus\n  inner_diameter: 129 nm",
        r"F:4: geometry.inner_diameter: found 129 nm; allowed: below diameter = 129 nm",
    ),
    "no path": ("shape: circle", "shape: file", r"geometry.path: found no path"),
    "no file": (
        "shape: circle",
        "shape: file\n  path: no.msh",
        r"F:4: geometry.path: found no file '.*no.msh'",
    ),
    "path": ("shape: circle", "shape: circle\n  path: no.msh", r"geometry.path: .*allowed: shape: file"),
    "unit of a circle": (
        "shape: circle",
        "shape: circle\n  unit: nm",
        r"F:4: geometry.unit: found a unit of coordinates with shape circle, .*; allowed: shape: file$",
    ),
    "unit": ("shape: circle", "shape: file\n  path: F\n  unit: km", r"F:5: geometry.unit: .*'km'; .*nm, um, mm, m"),
    "unit in capitals": ("shape: circle", "shape: file\n  path: F\n  unit: NM", r"unit: .*did you mean 'nm'\?"),
    "unit as number": ("shape: circle", "shape: file\n  path: F\n  unit: 1000", r"F:5: .*found 1000; allowed: nm"),
    "kelvin": ("300 K", "27 degC", r"F:21: temperature: .*shifted zero"),
    "name": ("name: case", "name: ../case", r"F:1: name: found '../case'"),
    "material": ("Li-Si", "Li-Sj", r"F:8: material: found the unknown material .*did you mean 'Li-Si'"),
    "material file": ("Li-Si", "own.yaml", r"F:8: material: found no material file"),
    "material number": ("Li-Si", "3", r"F:8: material: found 3; allowed: a bundled name"),
    "no current": ("potential: 10 mV", "mode: galvanostatic", r"F:12: boundary.c_rate: found neither .*exactly one"),
    "two currents": (
        "potential: 10 mV",
        "mode: galvanostatic\n  c_rate: 1\n  current_density: 1 mA/cm^2",
        r"F:14: boundary.c_rate: found both .*exactly one",
    ),
    "no film": ("potential: 10 mV", "mode: film", r"F:12: boundary.film: .*without a film; allowed: film: {thickness"),
    "c_rate": ("potential: 10 mV", "c_rate: 0.5", r"F:13: boundary.c_rate: .*potentiostatic; allowed: mode: galvanos"),
    "cutoff": ("potential: 10 mV", "cutoff: 20 mV", r"F:13: boundary.cutoff: .*mode: potentiostatic; allowed: mode: g"),
    "current": (
        "potential: 10 mV",
        "current_density: 1 mA/cm^2",
        r"F:13: boundary.current_density: .*mode: potentiostatic",
    ),
    "no c_rate": ("potential: 10 mV", "c_rate: 0", r"F:13: boundary.c_rate: found 0; allowed: greater than 0"),
    "negative current": (
        "potential: 10 mV",
        "current_density: -1 mA/cm^2",
        r"F:13: boundary.current_density: found '-1 mA/cm\^2'; allowed: above 0 mA/cm\^2",
    ),
    "current unit": (
        "potential: 10 mV",
        "current_density: 1 mA",
        r"F:13: boundary.current_density: .*a current density with its unit, such as '0.1 mA/cm\^2'",
    ),
    "low cutoff": (
        "potential: 10 mV",
        "mode: galvanostatic\n  c_rate: 1\n  cutoff: 5 mV",
        r"F:15: boundary.cutoff: found 0.005 V; allowed: at least potential = 0.01 V",
    ),
    "film without diffusivity": (
        "potential: 10 mV",
        "film: {thickness: 10 nm}",
        r"boundary.film.diffusivity: found nothing, but it is required",
    ),
    "cycles": ("potential: 10 mV", "cycles: [rest]", r"F:13: boundary.cycles: .*not in this version"),
    "coating": (
        "129 nm",
        "129 nm\n  coating: {thickness: 1 nm}",
        r"F:5: geometry.coating: .*not in this version",
    ),
    "adaptive number": ("element_size: 1 nm", "adaptive: 1", r"mesh.adaptive: found 1"),
    "override": (
        "300 K",
        "300 K\noverrides:\n  mechanics.yeld_stress: 1 GPa",
        r"F:23: overrides.mechanics.yeld_stress: .*did you mean 'yield_stress'\?",
    ),
    "override value": (
        "300 K",
        "300 K\noverrides:\n  mechanics: {host: {poisson_ratio: 0.5}}",
        r"F:23: overrides.mechanics.host.poisson_ratio: found 0.5; allowed: less than 0.5",
    ),
    "override below": (
        "300 K",
        "300 K\noverrides: {host.volume.x: 1}",
        r"F:22: .*found a key below host.volume",
    ),
    "override mixed": (
        "300 K",
        "300 K\noverrides: {front.rates.isotropic: 1 nm/s}",
        r"F:22: overrides.front.rates.isotropic: found isotropic beside",
    ),
    "overrides": ("300 K", "300 K\noverrides: [1]", r"F:22: overrides: found the list"),
}


@pytest.mark.parametrize("name", LINES)
def test_mistake_in_one_line(case: Path, name: str) -> None:
    old, new, pattern = LINES[name]
    message = refused(case, old, new)
    assert re.search(pattern, message), message


def test_several_mistakes_are_counted(case: Path) -> None:
    message = refused(case, "129 nm\n", "129\nextra: 1\n")
    assert message.startswith("F:5: extra: found an unknown key")
    assert message.endswith("(and 1 more problem)")
    message = refused(case, "129 nm\n", "129\nextra: 1\nother: 2\n")
    assert message.endswith("(and 2 more problems)")


SETTINGS = {
    "geometry.diamter=3 nm": r"^--set: geometry.diamter: .*did you mean 'diameter'\?",
    "geomtry.diameter=3 nm": r"^--set: geomtry: .*did you mean 'geometry'\?",
    "geometry.diameter=3": r"^--set: geometry.diameter: found 3 without a unit",
    "geometry.diameter": r"^--set: found 'geometry.diameter'; allowed: key.path=value",
    "=3": r"^--set: found '=3'",
    "name.x=1": r"^--set: name.x: found a path through 'name'",
    "crystal.axis.0=1": r"^--set: crystal.axis.0: .*whole value",
    "geometry.diameter=[": r"^--set: geometry.diameter: not valid YAML",
    "material=Li-S": r"^--set: material: .*did you mean 'Li-Si'",
    "overrides.front.rate.110=1 nm/s": r"^--set: overrides.front.rate.110: .*did you mean 'rates'",
    "overrides.front.rates.110=1 GPa": r"^--set: overrides.front.rates.110: .*a speed",
    "material.host.volum=1 nm^3": r"^--set: material.host.volum: .*did you mean 'volume'",
    "mechanics.yield_stress=1 GPa": r"^--set: mechanics.yield_stress: .*overrides.mechanics.yield_stress",
    "overrides=3": r"^--set: overrides: found 3",
}


@pytest.mark.parametrize("setting", SETTINGS)
def test_wrong_setting_is_refused(case: Path, setting: str) -> None:
    with pytest.raises(ConfigError, match=SETTINGS[setting]):
        load_config(case, [setting])


def test_settings_change_the_configuration(case: Path) -> None:
    c = load_config(
        case,
        [
            "geometry.diameter=0.03 µm",
            "crystal.axis=[0, 0, 1]",
            "crystal.in_plane=null",
            "time.stop.arrest=null",
            "time.max_front_advance=1e-1",
            "mechanics.axial=generalized",
            "mechanics.axial_force=2 µN",
            "output.frames=null",
            "output.every=1 min",
        ],
    )
    assert c.geometry.diameter == 30.0
    assert (c.crystal.axis, c.crystal.in_plane) == ((0, 0, 1), None)
    assert (c.time.stop.arrest, c.time.stop.converted, c.time.max_front_advance) == (None, 0.99, 0.1)
    assert c.mechanics.axial_force == 2000.0
    assert (c.output.frames, c.output.every) == (None, 60.0)


@pytest.mark.parametrize("prefix", ["overrides", "material"])
def test_setting_below_overrides_or_material_changes_the_material(case: Path, prefix: str) -> None:
    c = load_config(
        case,
        [
            f"{prefix}.front.rates.110=0.3 nm/s",
            f"{prefix}.front.rates.[1,1,2]=0.04 nm/s",
            f"{prefix}.mechanics.yield_stress=1.2 GPa",
            f"{prefix}.mechanics.reacted.rate_sensitivity={{exponent: 0.1, reference_rate: 1e-3 1/s}}",
        ],
    )
    assert c.material.front.rates == {"100": 0.02, "110": 0.3, "111": 0.01, "112": 0.04}
    assert c.material.mechanics.reacted.yield_stress.value == (1.2,)
    assert c.material.mechanics.host.yield_stress.value == (7.0,)
    assert c.material.mechanics.reacted.rate_sensitivity is not None
    assert c.material.mechanics.reacted.rate_sensitivity.reference_rate == 1e-3
    origin = c.material.provenance
    assert origin["front.rates.110"].source == "overridden in the configuration"
    assert origin["front.rates.110"].confidence is None
    assert origin["front.rates.100"].confidence == "C"
    assert origin["mechanics.reacted.yield_stress"].source == "overridden in the configuration"
    assert "mechanics.reacted.rate_sensitivity" not in origin
    assert Config.from_mapping(_plain(c)) == c


def test_settings_choose_the_ledge_law(case: Path) -> None:
    law, key = "overrides.front.direction_law=ledge", "overrides.front.ledge"
    c = load_config(case, [law, f"{key}.rounding=2 deg", f"{key}.speed_111=0.2 nm/s"])
    front = c.material.front
    assert front.ledge is not None
    assert (front.direction_law, front.ledge.rounding, front.ledge.speed_111) == ("ledge", 2.0, 0.2)
    assert c.material.provenance["front.direction_law"].source == "overridden in the configuration"
    assert Config.from_mapping(_plain(c)) == c
    with pytest.raises(ConfigError, match=r"^--set: overrides.front.ledge.rounding: found a key of the ledge law with"):
        load_config(case, [f"{key}.rounding=2 deg"])
    with pytest.raises(ConfigError, match=r"^--set: overrides.front.ledge.speed_111: .*at least 0.1938 nm/s"):
        load_config(case, [law, f"{key}.speed_111=0.1 nm/s"])


def test_rates_as_a_whole_are_replaced(case: Path) -> None:
    case.write_text(CASE + "overrides:\n  front.rates: {isotropic: 0.05 nm/s}\n")
    c = load_config(case)
    assert c.material.front.rates == {"isotropic": 0.05}
    assert [p for p in c.material.provenance if p.startswith("front.rates")] == ["front.rates.isotropic"]
    # A later setting wins over the file's own override.
    assert load_config(case, ["overrides.front.rates.isotropic=2 nm/s"]).material.front.rates == {
        "isotropic": 2.0
    }


def test_nested_overrides_leave_the_rest(case: Path) -> None:
    case.write_text(
        CASE + "overrides:\n  mechanics: {host: {yield_stress: 5 GPa}, hardening_modulus: 1 GPa}\n"
    )
    c = load_config(case)
    assert c.material.mechanics.host.yield_stress.value == (5.0,)
    assert c.material.mechanics.host.youngs_modulus == 160.0
    assert (c.material.mechanics.host.hardening_modulus, c.material.mechanics.reacted.hardening_modulus) == (
        0,
        1,
    )


def test_override_with_its_own_source_and_table(case: Path) -> None:
    case.write_text(
        CASE + "overrides:\n  mechanics.yield_stress:\n"
        "    value: {content: [0, 0.5, 1], value: [1 GPa, 0.9 GPa, 500 MPa]}"
        "\n    source: own measurement\n    confidence: B\n"
    )
    c = load_config(case)
    assert c.material.mechanics.reacted.yield_stress.content == (0.0, 0.5, 1.0)
    assert c.material.mechanics.reacted.yield_stress.value == (1.0, 0.9, 0.5)
    assert c.material.provenance["mechanics.reacted.yield_stress"].source == "own measurement"
    assert Config.from_mapping(_plain(c)) == c


def test_inline_material_and_file_material_agree(case: Path, tmp_path: Path) -> None:
    c = load_config(case)
    dumped = tmp_path / "dumped.yaml"
    dumped.write_text(dump_config(c))
    assert load_config(dumped, ["material.swelling.expansion=1.5"]).material.swelling.expansion == 1.5
    material = _plain(c)["material"]
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
    assert Config.from_mapping(_plain(c)) == c


def test_isotropic_rates_need_no_crystal(case: Path) -> None:
    text = CASE.replace("crystal:\n  axis: [1, 1, 0]\n  in_plane: [1, -1, 0]\n", "")
    case.write_text(text + "overrides: {front.rates: {isotropic: 1 nm/s}}\n")
    assert load_config(case).crystal.axis == (0, 0, 1)


def test_from_mapping(case: Path) -> None:
    c = load_config(case)
    mapping = _plain(c)
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
    assert set(leaf["properties"]) == {"value", "source", "confidence"}
    assert "provenance" not in definitions["Material"]["properties"]
    assert "a current density" in str(definitions["Boundary"]["properties"]["current_density"])
    _each_property_is_described(schema)


def _each_property_is_described(schema: dict[str, Any]) -> None:
    """Every plain key a user can write says what it is."""
    for name, definition in schema["$defs"].items():
        for key, value in definition.get("properties", {}).items():
            known = "$ref" in value or "description" in value or name == "Material"
            assert known, f"{name}.{key}"


def _plain(config: Config) -> dict[str, Any]:
    """The dumped configuration as plain data."""
    data: dict[str, Any] = parse_yaml(dump_config(config), "dump")[0]
    return data


def test_setting_wins_over_every_override_of_the_file(case: Path) -> None:
    lines = "overrides:\n  mechanics.yield_stress: 2 GPa\n  mechanics.reacted.yield_stress: 3 GPa\n"
    case.write_text(CASE + lines)
    c = load_config(case, ["overrides.mechanics.yield_stress=4 GPa"])
    assert c.material.mechanics.reacted.yield_stress.value == (4.0,)


def test_replaced_rates_lose_the_source_they_had_as_a_whole(case: Path) -> None:
    mapping = _plain(load_config(case))
    rates = {"100": "1 nm/s", "110": "2 nm/s", "111": "3 nm/s"}
    mapping["material"]["front"]["rates"] = {"value": rates, "source": "a paper", "confidence": "A"}
    assert Config.from_mapping(mapping).material.provenance["front.rates"].source == "a paper"
    changed = Config.from_mapping(mapping, ["overrides.front.rates={isotropic: 1 nm/s}"])
    assert "front.rates" not in changed.material.provenance
    assert changed.material.provenance["front.rates.isotropic"].source == "overridden in the configuration"


@pytest.mark.parametrize(("asked", "there", "meant"), [
    ("wire.yml", "wire.yaml", "wire.yaml"), ("wire.yaml", "wire.yml", "wire.yml"),
    ("wier.yaml", "wire.yaml", "wire.yaml"), ("wire", "wire.yaml", "wire.yaml"), ("other.yaml", "wire.yaml", "")])
def test_a_file_that_is_not_there_is_told_from_its_namesake(tmp_path: Path, asked: str, there: str, meant: str) -> None:
    (tmp_path / there).write_text("name: x\n")
    with pytest.raises(ConfigError, match="found no such file") as caught:
        load_config(tmp_path / asked)
    assert str(caught.value).endswith(f"did you mean '{tmp_path / meant}'?" if meant else "found no such file")
