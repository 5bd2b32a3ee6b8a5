"""Files of other versions: read where that can be, and told what to do where not."""

from __future__ import annotations

from pathlib import Path

import pytest

from femanode.config.library import load_material
from femanode.config.loading import Config, load_config
from femanode.config.yamlio import load_yaml
from femanode.errors import ConfigError
from tests.casefile import CASE
from tests.fronts import coarse_case


@pytest.mark.parametrize("number", ["", "schema: 1\n", "schema: 2\n"])
def test_files_of_known_generations_are_read_alike(tmp_path: Path, number: str) -> None:
    path = tmp_path / "case.yaml"
    path.write_text(number + CASE)
    assert load_config(path) == Config.from_mapping(load_yaml(path)[0], base=tmp_path)
    assert load_config(path).name == "case"


@pytest.mark.parametrize(("number", "said"), [
    ("3", r"case\.yaml:1: schema: found 3; allowed: 1 to 2; the file is of a later femanode: pip install --upgrade"),
    ("0", r"case\.yaml:1: schema: found 0; allowed: 1 to 2"), ("two", "found 'two'"), ("true", "found true"),
    ("2.0", "found 2.0")])
def test_other_generations_are_refused_with_what_to_do(tmp_path: Path, number: str, said: str) -> None:
    path = tmp_path / "case.yaml"
    path.write_text(f"schema: {number}\n{CASE}")
    with pytest.raises(ConfigError, match=said):
        load_config(path)


def test_a_material_says_it_too(tmp_path: Path) -> None:
    data = {**coarse_case(), "material": {**raw_material(), "schema": 2}}
    assert Config.from_mapping(data).material.name == "Li-Si"
    with pytest.raises(ConfigError, match="found 9; allowed: 1 to 2; the file is of a later femanode"):
        load_material({**raw_material(), "schema": 9})


def raw_material() -> dict[str, object]:
    from femanode.config.library import material_data

    return material_data("Li-Si", Path())[0]


def test_what_version_0_1_wrote_into_every_run_is_read() -> None:
    old = coarse_case(boundary={"mode": "potentiostatic", "potential": "10 mV", "cutoff": None, "cycles": None})
    assert Config.from_mapping(old) == Config.from_mapping(coarse_case())
