"""Words of the field that are no keys lead to the key that does it, or to the answer that nothing does."""

from __future__ import annotations

import re
from typing import Any, Literal

import pytest
from pydantic import BaseModel

from femanode.config.hints import WAYS, c_rate, has, hint_for
from femanode.config.library import list_materials
from femanode.config.loading import Config, load_config
from femanode.errors import ConfigError

CASE = "configs/si_110_129nm.yaml"


class Shape(BaseModel):
    shape: Literal["circle", "ellipse"] = "circle"
    coating: None = None
    core: float | None = None


class Surface(BaseModel):
    protocol: list[str] | None = None


class Next(BaseModel):
    """A configuration of a version that has more."""

    geometry: Shape = Shape()
    boundary: Surface = Surface()


def complaint(setting: str) -> str:
    with pytest.raises(ConfigError) as caught:
        load_config(CASE, [setting])
    return str(caught.value)


@pytest.mark.parametrize("setting", [
    "geometry.hollow=10 nm", "geometry.shape=oxide", "boundary.mode=delithiate",
    "boundary.mode=cccv", "boundary.c_rate=C/5", "geometry.shape=ellipsoid", "mechanics.confinement=1", "sphere=1",
    "boundary.mode=discharge", "boundary.mode=charge", "oxide=3 nm", "pressured=20 MPa", "crack=1"])
def test_every_such_word_gets_an_answer_in_the_one_line(setting: str) -> None:
    said = complaint(setting)
    assert "\n" not in said
    answer = r"(; (write|.*not there|.*are not computed|did you mean)|: write Lithiate or Delithiate)"
    assert re.search(answer, said.split("allowed:")[1])


def test_a_page_that_is_named_exists() -> None:
    from pathlib import Path

    named = [page for way in WAYS for page in re.findall(r"docs/[\w/]+\.md", f"{way.keys} {way.missing}")]
    assert named
    assert all(Path(page).is_file() for page in named)


def test_every_way_leads_to_a_key_of_this_version_or_says_that_there_is_none() -> None:
    for way in WAYS:
        assert hint_for(way.words[0].rstrip("*"), Config), way.words


def test_the_answer_follows_what_the_version_has() -> None:
    assert has(Next, "geometry.shape=ellipse")
    assert not has(Next, "geometry.shape=polygon")
    assert not has(Next, "geometry.coating")  # the key is there, but takes nothing
    assert has(Next, "geometry.core")
    assert not has(Next, "mechanics.pressure")
    assert hint_for("elliptical", Next) == "write 'shape: ellipse' under geometry"
    assert "Lithiate or Delithiate" in hint_for("discharge", Next)
    assert "not there yet" in hint_for("pressure", Next)
    assert hint_for("pressure", Config) == "write mechanics.pressure, such as 20 MPa"


@pytest.mark.parametrize(("text", "rate"), [("C/5", 0.2), ("c / 20", 0.05), ("0.5C", 0.5), ("2 C", 2.0), (".1c", 0.1),
                                            ("C/0", None), ("C", None), ("5", None), ("C/5 h", None)])
def test_rates_as_battery_people_write_them(text: str, rate: float | None) -> None:
    assert c_rate(text) == rate


@pytest.mark.parametrize("wanted", ["K-P", "Li-S", "Na-Si", "Li-Sn", "K-Ge", "silicon"])
def test_another_material_is_never_offered_in_place_of_the_one_that_was_meant(wanted: str) -> None:
    hint = complaint(f"material={wanted}").split("or a mapping; ")[1]
    assert not any(name in hint for name in list_materials())


def test_what_is_no_word_of_the_field_keeps_its_nearest_name() -> None:
    assert complaint("geometry.diamter=3 nm").endswith("did you mean 'diameter'?")
    assert hint_for(3.0, Config) == hint_for("circle of life", Config) == ""


@pytest.mark.parametrize(("setting", "wanted"), [
    ("diameter=80 nm", "write geometry.diameter"), ("end=1 h", "write time.end"),
    ("half_thickness=4 nm", "write front.half_thickness"), ("mesh.size=2 nm", "write mesh.element_size"),
    ("yield_stress=1 GPa", "write it under overrides"), ("rate=C/5", "with c_rate such as 0.2 for C/5"),
    ("length=2 um", "the wire is endless"), ("boundary.end=1 h", "write time.end"),
    ("boundary.mode=butler_volmer", "boundary.reaction"), ("exchange_current=1", "overrides.front.kinetics"),
    ("interface energy=1 J/m^2", "overrides.front.interface_energy"), ("implicit=true", "front_stress: extrapolated"),
    ("solver.front_stress=implicit", "front_stress: extrapolated"), ("systems=Li-Ge", "docs/systems.md"),
    ("gitt=1", "configs/a_si_gitt_100nm.yaml"), ("stack_pressure=1 MPa", "write mechanics.pressure"),
    ("particle=150 nm", "symmetry: axisymmetric"), ("plasticity=true", "overrides.mechanics.reacted"),
    ("cores=4", "FEMANODE_THREADS"), ("solver.threads=4", "sweep has"), ("time.duration=1 h", "write time.end"),
    ("time.dt=1 s", "time.max_front_advance"), ("output.dpi=300", "femanode plot has"), ("output.format=vtk", ".vtkh"),
    ("initial.soc=0.5", "write initial.content"), ("geometry.aspect_ratio=2", "geometry.diameters"),
    ("boundary.electrolyte=1", "boundary.reaction"), ("3d=true", "docs/limits.md"),
    ("material=Ge", "write carrier and host: Li-Ge or Na-a-Ge"), ("material=K-P", "write its own file")])
def test_a_key_without_its_section_is_told_where_it_stands(setting: str, wanted: str) -> None:
    assert wanted in complaint(setting)


def test_keys_of_other_files_get_no_answer_meant_for_the_configuration() -> None:
    class Other(BaseModel):
        limits: Any = None

    assert hint_for("coating", Other) == ""


@pytest.mark.parametrize("path", ["front.kinetics", "front.interface_energy", "mechanics.reacted.yield_stress",
                                  "mechanics.reacted.hardening_modulus", "mechanics.reacted.rate_sensitivity"])
def test_material_keys_that_answers_name_are_there(path: str) -> None:
    from femanode.config.material import Material

    assert has(Material, path)
