"""Values, ranges and points of a sweep."""

from __future__ import annotations

import numpy as np
import pytest
from numpy.testing import assert_allclose

from femanode.errors import ConfigError
from femanode.study.design import Sampling, points
from femanode.study.quantity import Range, common_unit, label, number_in, parse_range, split_quantity


@pytest.mark.parametrize(("value", "parts"), [
    ("30 nm", (30.0, "nm")), ("5.1e-12 cm^2/s", (5.1e-12, "cm^2/s")), (0.35, (0.35, "")), ("-0.15 eV", (-0.15, "eV")),
    ("plane_strain", None), ("310", None), (True, None), ([1, 1, 0], None), (None, None)])
def test_a_value_is_split_into_number_and_unit(value: object, parts: tuple[float, str] | None) -> None:
    assert split_quantity(value) == parts


def test_values_of_an_axis_are_brought_to_the_unit_of_the_first() -> None:
    axis = ["30 nm", "0.15 um", "1 mm"]
    assert common_unit(axis) == "nm"
    assert [number_in(v, "nm") for v in axis] == [30.0, 150.0, 1e6]
    assert common_unit(["30 nm", "1 s"]) is None
    assert common_unit([1, "1 s"]) is None
    assert common_unit([0.1, 2]) == ""


def test_a_logarithmic_range_has_equal_ratios() -> None:
    axis = parse_range({"from": "1e-14 cm^2/s", "to": "1e-10 cm^2/s", "n": 5, "scale": "log"}, "axis")
    numbers = [number_in(v, "cm^2/s") for v in axis.values()]
    assert_allclose(numbers, [1e-14, 1e-13, 1e-12, 1e-11, 1e-10], rtol=1e-6, atol=0)
    assert parse_range({"from": 1, "to": 3, "n": 3}, "axis").values() == [1.0, 2.0, 3.0]


@pytest.mark.parametrize(("raw", "said"), [
    ({"from": "1 nm"}, "without 'to'"), ({"from": "1 nm", "to": "2 s"}, "a time"),
    ({"from": "3 nm", "to": "2 nm"}, "below"),
    ({"from": 0, "to": 1, "scale": "log"}, "above 0"), ({"from": 0, "to": 1, "steps": 3}, "'steps'"),
    ({"from": 0, "to": 1, "n": 1}, "2 to 10000"), ({"from": "x", "to": 1}, "a number or a quantity")])
def test_a_range_that_makes_no_sense_is_refused(raw: dict[str, object], said: str) -> None:
    with pytest.raises(ConfigError, match=said):
        parse_range(raw, "axis")


def test_a_product_runs_the_last_axis_fastest_and_zip_goes_row_by_row() -> None:
    axes = {"a": [1, 2], "b": ["x", "y"]}
    assert points(axes, "product", None, "") == [(1, "x"), (1, "y"), (2, "x"), (2, "y")]
    assert points(axes, "zip", None, "") == [(1, "x"), (2, "y")]
    with pytest.raises(ConfigError, match="a 2, b 3"):
        points({"a": [1, 2], "b": [1, 2, 3]}, "zip", None, "")


def test_a_range_without_number_cannot_be_combined() -> None:
    with pytest.raises(ConfigError, match="without 'n'"):
        points({"a": Range(0.0, 1.0, "")}, "product", None, "")


def test_a_latin_hypercube_visits_every_nth_of_every_axis_once() -> None:
    axes = {"a": Range(10.0, 20.0, "nm"), "b": Range(1e-3, 1e3, "", log=True), "c": ["x", "y"]}
    drawn = points(axes, "product", Sampling("latin_hypercube", 20, seed=3), "")
    a = np.array([number_in(p[0], "nm") for p in drawn])
    b = np.log10([float(p[1]) for p in drawn])
    assert sorted(np.floor((a - 10.0) / 0.5)) == list(range(20))
    assert sorted(np.floor((b + 3.0) / 0.3)) == list(range(20))
    assert sorted(p[2] for p in drawn) == ["x"] * 10 + ["y"] * 10
    assert drawn == points(axes, "product", Sampling("latin_hypercube", 20, seed=3), "")
    assert drawn != points(axes, "product", Sampling("latin_hypercube", 20, seed=4), "")


def test_a_sobol_sequence_puts_one_point_into_every_box() -> None:
    drawn = points({"a": Range(0.0, 1.0, ""), "b": Range(0.0, 1.0, "")}, "product", Sampling("sobol", 16), "")
    # A (0, 4, 2)-net in base 2: each of the 4 x 4 squares holds one of 16 points.
    assert len({(int(4 * x), int(4 * y)) for x, y in drawn}) == 16
    with pytest.raises(ConfigError, match="power of two"):
        points({"a": Range(0.0, 1.0, "")}, "product", Sampling("sobol", 12), "")


def test_saltelli_takes_two_samples_and_swaps_their_columns() -> None:
    axes = {k: Range(0.0, 1.0, "") for k in "abc"}
    assert len(points(axes, "product", Sampling("saltelli", 8), "")) == 8 * (2 * 3 + 2)


def test_too_many_cases_are_refused_before_they_are_made() -> None:
    with pytest.raises(ConfigError, match="1000000000000"):
        points({k: list(range(10_000)) for k in "abc"}, "product", None, "")


def test_texts_of_values_that_are_no_numbers() -> None:
    assert label([1, 1, 0]) == "[1 1 0]"
    assert label({"isotropic": "0.05 nm/s"}) == '{"isotropic": "0.05 nm/s"}'
    assert label("plane_strain") == "plane_strain"
