"""The measured law of bias: its own measurements, its signs and limits, and where it is said not to hold."""

from __future__ import annotations

import pytest
from numpy.testing import assert_allclose

from femanode.postprocess.accuracy import Bias, expected_bias

R = 64.5


# Core mean stress at 50 % (limit -0.670) and converted fraction at arrest (limit 0.573) of the
# isotropic 129-nm wire; the law says to 5 % and to 0.02.
@pytest.mark.parametrize(("delta", "size", "core", "converted"), [
    (4.0, 2.0, -0.7213, 0.5736), (3.0, 1.5, -0.7115, 0.5756), (2.0, 1.0, -0.6992, 0.5653), (1.0, 0.5, -0.6852, 0.5651),
    (4.0, 4.0, -0.7015, 0.5826), (2.0, 2.0, -0.6947, 0.6003), (1.0, 1.0, -0.6832, 0.5661),
    (4.0, 1.0, -0.7182, 0.5798), (2.0, 0.5, -0.7055, 0.5622)])
def test_the_law_gives_back_what_it_was_measured_on(delta: float, size: float, core: float,
                                                    converted: float) -> None:
    bias = expected_bias(delta, R, size, 0.5, 0.35)
    assert bias.in_range
    assert_allclose(-0.670 * (1.0 + bias.core_stress), core, rtol=0.05)
    assert_allclose(0.573 + bias.arrest, converted, rtol=0, atol=0.02)


def test_the_core_is_pressed_too_much_and_a_thin_front_stops_early() -> None:
    bias = expected_bias(2.0, R, 1.0, 0.5, 0.35)
    assert bias.core_stress > 0.0
    assert bias.arrest < 0.0
    assert "core stress about 4 % too large" in str(bias)
    assert "at arrest about 0.00 too small" in str(bias)
    assert "core stress about 4 % too small" in str(Bias(-0.04, 0.02, True))


def test_what_thickness_does_is_of_first_order() -> None:
    thick, thin = (expected_bias(d, R, 0.5 * d, 0.5, 0.35) for d in (0.02, 0.01))
    assert_allclose(thick.core_stress / thin.core_stress, 2.0, rtol=3e-3)


def test_coarse_elements_let_the_front_go_farther() -> None:
    fine, coarse = (expected_bias(2.0, R, size, 0.5, 0.35) for size in (1.0, 2.0))
    assert coarse.arrest > fine.arrest + 0.01
    assert expected_bias(2.0, R, 0.0, 0.5, 0.35) == fine


@pytest.mark.parametrize(("delta", "size", "advance", "start"), [
    (8.0, 4.0, 0.5, 0.35), (0.5, 0.25, 0.5, 0.35), (2.0, 3.0, 0.5, 0.35), (2.0, 1.0, 1.0, 0.35), (2.0, 1.0, 0.5, 0.2),
    (2.0, 1.0, 0.5, 0.45)])
def test_outside_its_range_the_law_says_so(delta: float, size: float, advance: float, start: float) -> None:
    bias = expected_bias(delta, R, size, advance, start)
    assert not bias.in_range
    assert "outside the law's range" in str(bias)
