"""The measured law of bias: its own measurements, first order, and where it is said not to hold."""

from __future__ import annotations

import pytest
from numpy.testing import assert_allclose

from femanode.accuracy import expected_bias

R = 64.5


# Core mean stress at 55 % (limit -0.745) and converted fraction at arrest (limit 0.580) of the isotropic 129-nm wire.
@pytest.mark.parametrize(("start", "delta", "size", "advance", "core", "converted"), [
    (0.35, 4.0, 4.0, 0.5, -0.3137, 0.7801), (0.35, 2.0, 2.0, 0.5, -0.4866, 0.6921),
    (0.35, 1.0, 1.0, 0.5, -0.5989, 0.6386),
    (0.25, 4.0, 4.0, 0.5, -0.2409, 0.8142), (0.25, 2.0, 2.0, 0.5, -0.4343, 0.7270),
    (0.25, 1.0, 1.0, 0.5, -0.5590, 0.6655),
    (0.35, 2.0, 2.0, 0.25, -0.5127, 0.6915), (0.35, 2.0, 1.0, 0.5, -0.5232, 0.6854)])
def test_the_law_gives_back_what_it_was_measured_on(start: float, delta: float, size: float, advance: float,
                                                    core: float, converted: float) -> None:
    bias = expected_bias(delta, R, size, advance, start)
    assert bias.in_range
    assert_allclose(-0.745 * (1.0 + bias.core_stress), core, rtol=0, atol=0.012)
    assert_allclose(0.580 + bias.arrest, converted, rtol=0, atol=0.004)


def test_the_law_is_of_first_order() -> None:
    thick, thin = (expected_bias(d, R, d, 0.5, 0.3) for d in (0.02, 0.01))
    assert_allclose(thick.core_stress / thin.core_stress, 2.0, rtol=2e-3)
    assert_allclose(thick.arrest / thin.arrest, 2.0, rtol=2e-3)


@pytest.mark.parametrize(("delta", "start"), [(8.0, 0.3), (2.0, 0.1), (2.0, 0.45)])
def test_outside_its_range_the_law_says_so(delta: float, start: float) -> None:
    bias = expected_bias(delta, R, delta, 0.5, start)
    assert not bias.in_range
    assert "outside the law's range" in str(bias)


def test_no_more_than_all_of_the_stress_is_missing() -> None:
    assert expected_bias(60.0, R, 60.0, 0.5, 0.25).core_stress == -1.0
