"""The seeded unevenness of an outline: its size, its symmetry, and that no mesh changes it."""

from __future__ import annotations

import numpy as np
import pytest
from numpy.testing import assert_allclose
from numpy.typing import NDArray

from femanode.config.loading import Config
from femanode.errors import ConfigError
from femanode.mesh.build import make_section
from femanode.mesh.outline import Annulus
from femanode.mesh.roughness import Roughness, make_roughness
from femanode.mesh.spaces import build_spaces
from femanode.solver.problem import build_problem
from tests.fronts import coarse_case

Array = NDArray[np.float64]

R, AMPLITUDE, WAVELENGTH = 64.5, 0.2, 16.125
ANGLES = np.arange(3600) * 2.0 * np.pi / 3600


def shape(sector: str = "full", seed: int = 1, wavelength: float = WAVELENGTH) -> Roughness:
    return make_roughness(AMPLITUDE, wavelength, R, seed, sector)


def case(**geometry: object) -> Config:
    return Config.from_mapping(coarse_case(
        geometry={"shape": "circle", "diameter": "129 nm", **geometry}, front={"half_thickness": "4 nm"},
        mesh={"element_size": "4 nm"}))


@pytest.mark.parametrize("sector", ["quarter", "half", "full"])
def test_its_root_mean_square_is_the_amplitude_and_the_area_stays(sector: str) -> None:
    a = shape(sector)(ANGLES)
    assert_allclose(R * np.sqrt(np.mean(a**2)), AMPLITUDE, rtol=1e-9, atol=0)
    # mean of (1 + a)^2 is 1 + mean of a^2: no growth to first order, 1e-5 in all
    assert_allclose(np.mean(a), 0.0, rtol=0, atol=1e-15)
    assert_allclose(np.mean((1.0 + a) ** 2) - 1.0, (AMPLITUDE / R) ** 2, rtol=1e-9, atol=0)
    # nor does the outline move as a whole: no first wave
    assert_allclose(np.mean(a * np.exp(1j * ANGLES)), 0.0, rtol=0, atol=1e-15)


def test_a_sector_has_its_mirrors_and_the_whole_has_none() -> None:
    quarter, half, full = shape("quarter"), shape("half"), shape("full")
    for rough in (quarter, half):
        assert_allclose(rough(-ANGLES), rough(ANGLES), rtol=0, atol=1e-15)
    assert_allclose(quarter(np.pi - ANGLES), quarter(ANGLES), rtol=0, atol=1e-15)
    assert np.abs(half(np.pi - ANGLES) - half(ANGLES)).max() > AMPLITUDE / R
    assert np.abs(full(-ANGLES) - full(ANGLES)).max() > AMPLITUDE / R


def test_the_seed_decides_it_and_the_shortest_wave_is_the_one_asked_for() -> None:
    assert_allclose(shape(seed=3)(ANGLES), shape(seed=3)(ANGLES), rtol=0, atol=0)
    assert np.abs(shape(seed=3)(ANGLES) - shape(seed=4)(ANGLES)).max() > AMPLITUDE / R
    spectrum = np.abs(np.fft.rfft(shape()(ANGLES))) / len(ANGLES)
    # 2 pi 64.5 / 16.125 = 25.1: waves 2 to 25
    assert spectrum[2:26].min() > 1e-6
    assert max(spectrum[:2].max(), spectrum[26:].max()) < 1e-15


def test_it_is_the_same_on_every_mesh_and_fades_towards_the_middle() -> None:
    rough = shape()
    for size in (4.0, 9.0):
        for inner, kind in ((0.0, "circle"), (20.0, "annulus")):
            section = make_section(kind, R, inner, size, "full")
            nodes = section.mesh.doflocs
            moved = rough.moved(nodes, Annulus(R, inner))
            r, angle = np.hypot(*nodes), np.arctan2(nodes[1], nodes[0])
            on = r > R * (1.0 - 1e-9)
            assert_allclose(np.hypot(*moved)[on], R * (1.0 + rough(angle))[on], rtol=1e-12, atol=0)
            still = r <= inner + 1e-9
            assert still.any() == (inner > 0.0 or r.min() == 0.0)
            assert_allclose(moved[:, still], nodes[:, still], rtol=0, atol=1e-9)
            # half way to the middle a quarter of it is left
            half = np.array([[0.5 * (R + inner)], [0.0]])
            gained = rough.moved(half, Annulus(R, inner))[0] - half[0]
            assert_allclose(gained, 0.25 * R * rough(np.zeros(1)), rtol=1e-9, atol=0)
            # radial: no node turns
            assert_allclose(moved[0] * nodes[1], moved[1] * nodes[0], rtol=0, atol=1e-9)


def test_the_mesh_of_a_run_has_the_uneven_outline_and_its_area() -> None:
    even, rough = (build_problem(case(**extra)) for extra in (
        {"sector": "full"}, {"roughness": {"amplitude": "0.2 nm", "seed": 7}}))
    assert rough.section.sector == "full"
    assert any("uneven outline" in note for note in rough.notes)
    s = rough.physics.spaces
    wanted = make_roughness(0.2, R / 4.0, R, 7, "full")
    x, y = s.nodes[:, s.outer]
    assert_allclose(np.hypot(x, y), R * (1.0 + wanted(np.arctan2(y, x))), rtol=1e-9, atol=0)
    assert np.ptp(np.hypot(x, y)) > 0.4
    # quadratic edges follow waves of 16 nm on 4 nm elements to 1e-5 of the area
    assert_allclose(s.weight.sum(), np.pi * R**2 * (1.0 + (0.2 / R) ** 2), rtol=2e-5, atol=0)
    assert_allclose(s.weight.sum(), even.physics.spaces.weight.sum(), rtol=4e-5, atol=0)
    # the front comes in along the outline: all of the surface alike
    xi = rough.initial_state().xi
    assert_allclose(xi[s.outer], xi[s.outer].max(), rtol=1e-6, atol=0)


def test_a_quarter_may_be_uneven_too() -> None:
    problem = build_problem(case(sector="quarter", roughness={"amplitude": "0.2 nm"}))
    s = problem.physics.spaces
    assert_allclose(s.nodes[0, s.x0], 0.0, rtol=0, atol=1e-9)
    assert_allclose(s.nodes[1, s.y0], 0.0, rtol=0, atol=1e-9)
    assert np.all(build_spaces(problem.section.mesh, problem.section.outline).weight > 0)


@pytest.mark.parametrize(("geometry", "said"), [
    ({"roughness": {"amplitude": "2 nm"}}, r"roughness.amplitude.*found 2 nm; allowed: at most 0\.8063 nm"),
    ({"roughness": {"amplitude": "0.2 nm", "wavelength": "300 nm"}}, r"wavelength.*allowed: at most half the circumf"),
    ({"roughness": {"amplitude": "0.2 nm", "seed": -1}}, r"seed"),
    ({"shape": "file", "path": "a.msh", "roughness": {"amplitude": "0.2 nm"}}, r"roughness with shape file"),
])
def test_what_cannot_be_is_refused(geometry: dict[str, object], said: str) -> None:
    with pytest.raises(ConfigError, match=said):
        case(**geometry)


def test_waves_too_short_for_the_elements_are_refused() -> None:
    config = case(roughness={"amplitude": "0.2 nm", "wavelength": "10 nm"})
    with pytest.raises(ConfigError, match=r"geometry.roughness.wavelength.*found 10 nm.*at least four elements, 16 nm"):
        build_problem(config)
