"""Outline, diameters and rays: plane geometry with known answers."""

from __future__ import annotations

import numpy as np
import pytest
from numpy.testing import assert_allclose

from femanode.mesh.outline import Annulus
from femanode.postprocess.shape import Ray, diameters, full_outline, harmonics
from tests.helpers import section_spaces


def ellipse(a: float, b: float, start: float, stop: float, n: int) -> np.ndarray:
    p = np.linspace(start, stop, n)
    return np.stack([a * np.cos(p), b * np.sin(p)])


def chord(a: float, b: float, angle: float) -> float:
    """Chord of an ellipse through its centre."""
    return 2.0 / np.hypot(np.cos(angle) / a, np.sin(angle) / b)


@pytest.mark.parametrize(("sector", "stop"), [("quarter", 0.5 * np.pi), ("half", np.pi), ("full", 2.0 * np.pi - 0.01)])
def test_diameters_of_an_ellipse(sector: str, stop: float) -> None:
    outline = full_outline(ellipse(50.0, 30.0, 0.0, stop, 600), sector)
    angles = np.array([0.0, 0.3, 0.25 * np.pi, 0.5 * np.pi, 2.0, np.pi])
    assert_allclose(diameters(outline, angles), [chord(50.0, 30.0, a) for a in angles], rtol=1e-4, atol=0)


def test_outline_goes_round_once() -> None:
    outline = full_outline(ellipse(50.0, 30.0, 0.0, 0.5 * np.pi, 40), "quarter")
    angle = np.arctan2(outline[1], outline[0])
    assert np.all(np.diff(angle) >= 0)
    assert_allclose([outline[0].min(), outline[1].min()], [-50.0, -30.0], rtol=1e-12, atol=0)


@pytest.mark.parametrize("direction", [(1.0, 0.0), (0.0, 1.0), (0.6, 0.8)])
def test_ray_finds_the_front(direction: tuple[float, float]) -> None:
    s = section_spaces(64.5, 4.0)
    ray = Ray(s, direction, Annulus(64.5))
    assert_allclose(ray.front_depth(np.hypot(*s.nodes) - 40.0), 24.5, rtol=0, atol=0.1)


def test_ray_in_a_quarter_follows_an_ellipse_on_both_axes() -> None:
    s = section_spaces(64.5, 3.0)
    behind = np.hypot(s.nodes[0] / 50.0, s.nodes[1] / 30.0) - 1.0
    depths = [Ray(s, d, Annulus(64.5)).front_depth(behind) for d in ((1.0, 0.0), (0.0, 1.0))]
    assert_allclose(depths, [14.5, 34.5], rtol=0, atol=0.1)


def test_ray_of_no_front_and_of_all_converted() -> None:
    s = section_spaces(64.5, 6.0, inner=20.0)
    ray = Ray(s, (1.0, 0.0), Annulus(64.5, 20.0))
    assert ray.front_depth(np.full(s.n_nodes, -1.0)) == 0.0
    assert_allclose(ray.front_depth(np.full(s.n_nodes, 1.0)), 44.5, rtol=1e-6, atol=0)


ANGLE = np.linspace(-np.pi, np.pi, 3000, endpoint=False)


@pytest.mark.parametrize("turn", [0.0, 0.3])
def test_each_order_is_found_in_a_curve_made_of_them_however_it_is_turned(turn: float) -> None:
    given = {2: 0.2, 4: 0.05, 6: 0.02}
    r = 64.5 * (1 + sum(a * np.cos(k * (ANGLE - turn)) for k, a in given.items()))
    found = harmonics(np.stack([r * np.cos(ANGLE), r * np.sin(ANGLE)]))
    # straight lines between 3000 points: r'' h^2/8 is 2e-6 of r
    for order, amplitude in given.items():
        assert_allclose(found[order], amplitude, rtol=0, atol=1e-5)


def test_a_circle_has_none_and_a_flat_ellipse_half_its_difference() -> None:
    circle = harmonics(64.5 * np.stack([np.cos(ANGLE), np.sin(ANGLE)]))
    assert max(circle.values()) < 1e-6
    # r = a b/sqrt(b^2 cos^2 + a^2 sin^2) with a = 1 + e, b = 1 - e: the amplitude is e + O(e^3)
    e = 0.01
    theta = np.sort(np.arctan2((1 - e) * np.sin(ANGLE), (1 + e) * np.cos(ANGLE)))
    r = (1 - e**2) / np.sqrt(((1 - e) * np.cos(theta)) ** 2 + ((1 + e) * np.sin(theta)) ** 2)
    ellipse = harmonics(np.stack([r * np.cos(theta), r * np.sin(theta)]))
    assert_allclose(ellipse[2], e, rtol=0, atol=3e-6)
    assert ellipse[6] < 1e-5
