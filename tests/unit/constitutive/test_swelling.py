"""Conversion, content and volume ratio against values worked out by hand."""

from __future__ import annotations

import numpy as np
import pytest
from numpy.testing import assert_allclose, assert_array_equal

from femanode.constitutive.swelling import content, conversion, conversion_slope, volume_ratio

STARTS = [0.0, 0.25, 0.35, 0.47]


@pytest.mark.parametrize("start", STARTS)
def test_conversion_is_the_smoothstep_of_the_stretched_extent(start: float) -> None:
    # z^2 (3 - 2 z) at z = 0, 1/4, 1/2, 3/4, 1; h = xi would give z itself
    z = np.array([0.0, 0.25, 0.5, 0.75, 1.0])
    xi = start + z * (1.0 - 2.0 * start)
    assert_allclose(conversion(xi, start), [0.0, 0.15625, 0.5, 0.84375, 1.0], rtol=1e-13, atol=1e-15)


@pytest.mark.parametrize("start", STARTS)
def test_conversion_is_clipped_and_monotone(start: float) -> None:
    xi = np.linspace(-0.5, 1.5, 2001)
    h = conversion(xi, start)
    assert_array_equal(h[xi <= start], 0.0)
    assert_array_equal(h[xi >= 1.0 - start], 1.0)
    inside = (xi > start) & (xi < 1.0 - start)
    assert np.all(np.diff(h[inside]) > 0.0)
    # the two phases are treated alike: h(xi) + h(1 - xi) = 1
    assert_allclose(h + conversion(1.0 - xi, start), 1.0, rtol=1e-13)


@pytest.mark.parametrize("start", STARTS)
def test_conversion_slope_is_the_derivative(start: float) -> None:
    width = 1.0 - 2.0 * start
    # away from the two corners of the slope, where a central difference is only first order
    xi = np.concatenate([[-0.2], start + width * np.linspace(0.01, 0.99, 41), [1.2]])
    step = 1e-6 * width
    difference = (conversion(xi + step, start) - conversion(xi - step, start)) / (2.0 * step)
    # atol: rounding of the difference, 1e-16/step
    assert_allclose(conversion_slope(xi, start), difference, rtol=1e-8, atol=1e-9 / width)
    # steepest at one half: 3/2 over the width, so 3 for xi_lo = 0.25
    assert_allclose(conversion_slope(np.array(0.5), start), 1.5 / width, rtol=1e-13)


def test_content_runs_from_front_composition_to_full() -> None:
    # C = h [c_f + (1 - c_f) c]: just formed, full, half way in both, pristine host whatever the activity
    h, c = np.array([1.0, 1.0, 0.5, 0.0]), np.array([0.0, 1.0, 0.5, 0.7])
    assert_allclose(content(h, c, 0.6), [0.6, 1.0, 0.4, 0.0], rtol=1e-14)


def test_volume_ratio_of_full_silicon_is_3_8() -> None:
    # Li15Si4: beta 2.8; the composition the front forms (C = 0.6) has swollen by 1.68
    assert_allclose(volume_ratio(np.array([0.0, 0.6, 1.0]), 2.8), [1.0, 2.68, 3.8], rtol=1e-14)
