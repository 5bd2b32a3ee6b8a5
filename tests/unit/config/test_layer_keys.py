"""Core and coating in a configuration: read, written, refused."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from femanode.config.loading import Config, dump_config, load_config
from femanode.config.yamlio import parse_yaml
from femanode.errors import ConfigError
from femanode.solver.electrode import film_coefficient

CASE: dict[str, Any] = {
    "name": "layers", "geometry": {"shape": "circle", "diameter": "60 nm"}, "material": "Li-Si",
    "overrides": {"front.rates": {"isotropic": "0.05 nm/s"}}, "time": {"end": "1 h"}}


def layered(**layers: Any) -> Config:
    return Config.from_mapping({**CASE, "geometry": {**CASE["geometry"], **layers}})


def test_layers_are_written_with_their_sources_and_read_again() -> None:
    config = layered(coating={"thickness": "5 nm", "material": "SiO2"}, core={"diameter": "20 nm", "material": "C"})
    text = dump_config(config)
    assert "vitreous silica" in text
    assert "150.0 GPa" in text
    assert Config.from_mapping(parse_yaml(text, "")[0]) == config


def test_a_layer_can_be_put_on_by_a_setting(tmp_path: Path) -> None:
    path = tmp_path / "case.yaml"
    path.write_text("name: a\ngeometry: {shape: circle, diameter: 60 nm}\nmaterial: Li-Si\n"
                    "overrides: {front.rates: {isotropic: 0.05 nm/s}}\ntime: {end: 1 h}\n", encoding="utf-8")
    coating = load_config(path, ["geometry.coating={thickness: 2 nm, material: C}"]).geometry.coating
    assert coating is not None
    assert (coating.thickness, coating.material.name) == (2.0, "C")


def test_a_thick_coating_that_carriers_cross_is_a_film_of_the_resistance_of_a_cylinder() -> None:
    # ln(b/a)/D: 5 nm on 30 nm, D = 7600 nm^2/s
    found = film_coefficient(layered(coating={"thickness": "5 nm", "material": "SEI"}))
    assert found == pytest.approx(7600.0 / (30.0 * 0.15415067982725827), rel=1e-12)
    assert film_coefficient(layered(coating={"thickness": "5 nm", "material": "SiO2"})) is None


def test_a_film_beside_a_coating_that_is_one_is_refused() -> None:
    film = {"thickness": "1 nm", "diffusivity": "1e-12 cm^2/s"}
    data = {**CASE, "geometry": {**CASE["geometry"], "coating": {"thickness": "1 nm", "material": "SEI"}},
            "boundary": {"film": film}}
    with pytest.raises(ConfigError, match=r"boundary.film: found a film beside a coating that carriers cross; "
                                          r"allowed: one of the two"):
        Config.from_mapping(data)
    data["geometry"]["coating"]["material"] = "SiO2"
    assert Config.from_mapping(data).boundary.film is not None
