"""Extrapolation in the front's thickness: exact for what it assumes, careful with what does not fit."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest
import yaml
from numpy.testing import assert_allclose

import femanode
from femanode.errors import ConfigError
from femanode.study.extrapolate import CURVATURE, at_thickness, describe, extrapolate, limit
from tests.fronts import coarse_case

X = (0.06, 0.06 / 3**0.5, 0.02)


def law(limit_: float, slope: float, c: float = CURVATURE) -> list[float]:
    """Values that follow the law of curvature ``c`` exactly."""
    return [limit_ + slope * x / (1.0 + c * x) for x in X]


def test_what_follows_the_law_is_extrapolated_exactly() -> None:
    found = limit(law(0.58, 5.0), X)
    assert found.extrapolated
    assert_allclose(found.value, 0.58, rtol=1e-12)
    # half the curvature reads 0.5713, one and a half 0.5872
    assert 0.004 < found.uncertainty < 0.02
    assert found.order is not None
    assert 0.4 < found.order < 1.0  # one only as x tends to 0


@pytest.mark.parametrize("c", [4.0, 6.0, 10.0, 12.0])
def test_the_uncertainty_covers_the_curvatures_that_were_measured(c: float) -> None:
    found = limit(law(-0.745, 11.0, c), X)
    assert abs(found.value + 0.745) <= 1.05 * found.uncertainty
    assert found.uncertainty < 0.06


@pytest.mark.parametrize("values", [(1.0, 1.2, 1.1), (1.0, 1.01, 1.3), (1.0, 2.0, 2.01)])
def test_what_is_not_on_a_line_is_not_extrapolated(values: tuple[float, float, float]) -> None:
    found = limit(values, X)
    assert not found.extrapolated
    assert found.value == values[-1]
    assert_allclose(found.uncertainty, max(values) - min(values))


def test_equal_values_stay() -> None:
    found = limit((3.8, 3.8, 3.8), X)
    assert (found.value, found.uncertainty, found.order) == (3.8, 0.0, None)


def write(folder: Path, **sections: object) -> Path:
    path = folder / "case.yaml"
    path.write_text(yaml.safe_dump(coarse_case(**sections)), encoding="utf-8")
    return path


def test_front_and_elements_grow_together(tmp_path: Path) -> None:
    config = femanode.load_config(write(tmp_path))
    thick = at_thickness(config, 1.5)
    assert (thick.front.half_thickness, thick.mesh.element_size) == (12.0, 12.0)
    assert (config.front.half_thickness, config.mesh.element_size) == (8.0, 8.0)


def test_a_mesh_from_file_is_refused(tmp_path: Path) -> None:
    mesh = Path(__file__).parents[3] / "meshes" / "quarter_129nm.msh"
    config = femanode.load_config(write(tmp_path, geometry={"shape": "file", "path": str(mesh)}, mesh={}))
    with pytest.raises(ConfigError, match="mesh from file"):
        extrapolate(config, tmp_path / "out")


def test_three_runs_and_their_limits(tmp_path: Path) -> None:
    case = coarse_case(front={"half_thickness": "4 nm"}, mesh={"element_size": "4 nm"},
                       time={"end": "1 h", "stop": {"converted": 0.25}})
    path = tmp_path / "case.yaml"
    path.write_text(yaml.safe_dump(case), encoding="utf-8")
    found = extrapolate(femanode.load_config(path), tmp_path / "out")
    assert_allclose(found.half_thickness_nm, [12.0, 12.0 / 3**0.5, 4.0])
    assert found.comparable
    # all stop where they were told to, so that this figure has nothing to extrapolate
    assert_allclose(found.figures["converted_fraction"].value, 0.25, rtol=1e-5)
    written = json.loads((tmp_path / "out" / "extrapolation.json").read_text(encoding="utf-8"))
    assert written["at_the_fraction"]["time_s"]["value"] == found.at_the_fraction["time_s"].value
    for thickness in ("12", "6.93", "4"):
        history = femanode.Result(tmp_path / "out" / f"delta_{thickness}nm").history
        at = np.interp(found.at_fraction, history["converted_fraction"], history["time_s"])
        assert at in found.at_the_fraction["time_s"].values
    text = describe(found)
    assert "6.93 nm" in text
    assert not found.in_range  # 12 nm of 64.5 nm
    assert "warning: the thickest front is beyond 0.062 R" in text
    assert f"at {100 * found.at_fraction:.1f} % converted" in text


def test_values_that_drift_apart_are_not_extrapolated() -> None:
    # 1.79, 1.87, 1.97: each difference is larger than the one before, so that nothing is being approached
    found = limit([1.79, 1.87, 1.97], [0.15, 0.0866, 0.05])
    assert found.order is not None
    assert found.order < 0
    assert not found.extrapolated
    assert (found.value, found.uncertainty) == (1.97, pytest.approx(0.18))
