"""The ledge law of the front rate: three exact rates, a cusp at each facet, no kink elsewhere, defined for any data."""

from __future__ import annotations

from itertools import permutations, product

import numpy as np
import pytest
from numpy.testing import assert_allclose

from femanode.constitutive.crystal.ledges import Ledges
from femanode.constitutive.crystal.miller import make_frame
from femanode.constitutive.crystal.rates import DirectionLaw, make_direction_law
from femanode.errors import ConfigError

SILICON = {"100": 0.02, "110": 0.12, "111": 0.01}
THREE = float(np.radians(3.0))
# Slow facets, nothing slow, one family fast, nearly equal, nearly nothing
DATA = [(0.02, 0.12, 0.01), (1.0, 1.0, 1.0), (2.0, 1.0, 0.1), (0.1, 1.0, 5.0), (3.0, 1.0, 4.0), (0.9, 1.0, 0.95),
        (0.999, 1.0, 0.3), (1e-4, 1.0, 1e-4)]


def ledge_law(rates: tuple[float, float, float] = (0.02, 0.12, 0.01), ledges: Ledges | None = None) -> DirectionLaw:
    """Law of a <001> wire; what is tested is asked of its rate in three dimensions."""
    return make_direction_law(dict(zip(("100", "110", "111"), rates, strict=True)), "cubic", make_frame([0, 0, 1]),
                         ledges=ledges or Ledges(THREE))


def k(law: DirectionLaw, n: np.ndarray) -> np.ndarray:
    """Rate of normals (3, ...), of any length, in crystal axes."""
    n = np.asarray(n, dtype=float)
    return np.exp(law.log_rate(*(n / np.linalg.norm(n, axis=0))))


def tilted(facet: tuple[int, int, int], towards: tuple[int, int, int], angle: np.ndarray) -> np.ndarray:
    """Normals (3, ...) tilted by angles (rad) from a facet in the plane of another direction."""
    a = np.array(facet) / np.linalg.norm(facet)
    b = np.array(towards) - a * np.dot(towards, a)
    b /= np.linalg.norm(b)
    return np.multiply.outer(a, np.cos(angle)) + np.multiply.outer(b, np.sin(angle))


def sphere(count: int = 20000) -> np.ndarray:
    return np.random.default_rng(0).normal(size=(3, count))


@pytest.mark.parametrize("rates", DATA)
@pytest.mark.parametrize("rounding", [0.2, 3.0, 9.9])
def test_the_three_rates_are_exact_and_the_law_is_positive(rates: tuple[float, float, float], rounding: float) -> None:
    law = ledge_law(rates, Ledges(float(np.radians(rounding))))
    for n in product((-1, 0, 1), repeat=3):
        if any(n):
            # ln(1 - x) of a rate 1e-4 of k{110} has lost four digits
            assert_allclose(k(law, np.array(n)), rates[sum(map(abs, n)) - 1], rtol=1e-11)
    everywhere = k(law, sphere())
    assert everywhere.min() > 0.0
    if max(rates) == rates[1]:
        assert everywhere.max() <= rates[1] * (1.0 + 1e-12)
        assert everywhere.min() >= min(rates) * (1.0 - 1e-9)


@pytest.mark.parametrize(("facet", "rate", "speed"), [
    # (0.12 - 0.01 cos 33.764)/sin 33.764 and (0.12 - 0.02 cos 43.5)/sin 43.5: k{110} at 1.5 degrees before <110>
    ((1, 1, 1), 0.01, 0.200955), ((-1, 1, -1), 0.01, 0.200955), ((1, 0, 0), 0.02, 0.153252),
    ((0, 0, -1), 0.02, 0.153252),
])
@pytest.mark.parametrize("towards", [(1, 1, 0), (0, 1, 0), (1, 2, 3), (-3, 1, 2)])
def test_a_tilted_facet_gains_the_speed_of_its_ledges(facet: tuple[int, int, int], rate: float, speed: float,
                                                      towards: tuple[int, int, int]) -> None:
    law = ledge_law()
    # Within 9.7 degrees of {111} and 19.4 degrees of {100} no other facet counts.
    angle, h = np.radians([3.0, 4.0, 6.0, 9.0]), 1e-6
    assert_allclose(k(law, tilted(facet, towards, angle)), rate * np.cos(angle) + speed * np.sin(angle), rtol=1e-5)
    slope = (k(law, tilted(facet, towards, angle[1:] + h)) - k(law, tilted(facet, towards, angle[1:] - h))) / (2 * h)
    assert_allclose(slope, -rate * np.sin(angle[1:]) + speed * np.cos(angle[1:]), rtol=1e-5)
    # Within the rounding: flat at the facet, the same on both sides, the rate itself in the middle
    near = np.radians([1.0, 2.0])
    assert_allclose(k(law, tilted(facet, towards, -near)), k(law, tilted(facet, towards, near)), rtol=1e-12)
    assert_allclose(k(law, tilted(facet, towards, np.array(1e-7))), rate, rtol=1e-10)


def test_without_rounding_the_slope_at_the_facet_is_the_speed_of_ledges() -> None:
    law = ledge_law(ledges=Ledges(float(np.radians(0.01)), speed_100=0.3, speed_111=0.25))
    angle = np.radians(0.05)
    for facet, rate, speed in (((1, 1, 1), 0.01, 0.25), ((0, 1, 0), 0.02, 0.3)):
        assert_allclose((k(law, tilted(facet, (1, 0, -1), angle)) - rate) / angle, speed, rtol=1e-4)


def test_the_law_has_the_48_operations_of_the_crystal() -> None:
    law, n = ledge_law(), sphere(500)
    expected, count = k(law, n), 0
    for order, signs in product(permutations(range(3)), product((1, -1), repeat=3)):
        assert_allclose(k(law, n[list(order)] * np.array(signs)[:, None]), expected, rtol=1e-12)
        count += 1
    assert count == 48
    # and no more: a turn by 45 degrees about z makes {110} of {100}
    turn = np.array([[1, -1, 0], [1, 1, 0], [0, 0, np.sqrt(2)]]) / np.sqrt(2)
    assert not np.allclose(k(law, turn @ n), expected, rtol=0.1)


@pytest.mark.parametrize("rates", DATA)
@pytest.mark.parametrize("ledges", [Ledges(THREE), Ledges(2 * THREE)])
def test_no_kink_is_left_anywhere(rates: tuple[float, float, float], ledges: Ledges) -> None:
    # Slope of k along great circles: over a step of 1/150 of the rounding that of a rounded function changes by some
    # per cent of the largest slope, the speed of ledges. At a cusp it would change by twice that, at once.
    law = ledge_law(rates, ledges)
    h = ledges.rounding / 150.0
    circles = (((1, 1, 1), (1, 1, -1)), ((1, 1, 1), (1, 0, 0)), ((1, 0, 0), (0, 1, 0)), ((1, 2, 3), (3, -1, 1)),
               ((1, 1, 0), (1, 0, 1)), ((2, 1, 0), (0, 1, 5)))
    slope = np.stack([np.diff(k(law, tilted(a, b, np.arange(0.0, 2.0 * np.pi, h)))) for a, b in circles]) / h
    assert np.abs(np.diff(slope, axis=1)).max() <= 0.06 * np.abs(slope).max() + 1e-9


@pytest.mark.parametrize("family", [0, 2])
def test_a_family_that_becomes_as_fast_as_110_loses_its_facets_gradually(family: int) -> None:
    slower, faster = [0.5, 1.0, 0.3], [0.5, 1.0, 0.3]
    slower[family], faster[family] = 1.0 - 1e-6, 1.0 + 1e-6
    n = sphere()
    assert_allclose(k(ledge_law(tuple(slower)), n), k(ledge_law(tuple(faster)), n), rtol=2e-5)


def test_equal_rates_are_no_direction_dependence() -> None:
    assert_allclose(k(ledge_law((0.05, 0.05, 0.05)), sphere()), 0.05, rtol=1e-12)


def test_fast_ledges_bring_the_rate_of_110_before_110() -> None:
    # k cos t + u sin t = k110 with k, u, k110 = 0.01, 0.3, 0.12 at t = asin(0.12/A) - atan(k/u), A^2 = k^2 + u^2
    law = ledge_law(ledges=Ledges(THREE, speed_111=0.3, speed_100=0.9))
    reached = np.arcsin(0.12 / np.hypot(0.01, 0.3)) - np.arctan2(0.01, 0.3)
    assert_allclose(np.degrees(reached), 21.66, atol=0.01)
    for angle in (reached + THREE, np.radians(30.0), np.radians(35.26)):
        assert_allclose(k(law, tilted((1, 1, 1), (1, 1, 0), angle)), 0.12, rtol=1e-12)
    below = reached - THREE
    assert_allclose(k(law, tilted((1, 1, 1), (1, 1, 0), below)), 0.01 * np.cos(below) + 0.3 * np.sin(below), rtol=1e-9)


def test_where_two_facets_meet_the_lower_branch_counts() -> None:
    # [112] is 19.47 degrees from [111] and 35.26 from [001]; 15 degrees from the edge between them the soft maximum of
    # the shortfalls 0.363 and 0.127, power 8, is 0.363 (1 + (0.127/0.363)^8)^(1/8)
    angle = np.arctan(np.sqrt(0.125))
    near = 0.01 * np.cos(angle) + 0.200955 * np.sin(angle)
    far = 0.02 * np.sqrt(2 / 3) + 0.153252 * np.sqrt(1 / 3)
    short = np.array([1 - near / 0.12, 1 - far / 0.12])
    assert_allclose(short, [0.363, 0.127], atol=2e-3)
    assert_allclose(k(ledge_law(), np.array([1, 1, 2])), 0.12 * (1 - (short**8).sum() ** 0.125), rtol=1e-5)
    assert_allclose(k(ledge_law(), np.array([1, 1, 2])), near, rtol=1e-4)


@pytest.mark.parametrize(("rates", "structure"), [
    ({"isotropic": 1.0}, "cubic"), ({**SILICON, "112": 0.05}, "cubic"), ({"100": 1.0, "110": 1.0, "112": 1.0}, "cubic"),
    (SILICON, "orthorhombic"), ({"isotropic": 1.0}, "isotropic")])
def test_ledges_without_a_cubic_crystals_three_rates_are_refused(rates: dict[str, float], structure: str) -> None:
    with pytest.raises(ConfigError, match=r"front.direction_law: the ledge law for .*allowed: cubic rates of 100, 110"):
        make_direction_law(rates, structure, make_frame([0, 0, 1], structure=structure), ledges=Ledges(THREE))
