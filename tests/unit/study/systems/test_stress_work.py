"""energy: closed forms against the equilibrium of a plastic ring, and against numbers worked out by hand."""

from __future__ import annotations

import math

import numpy as np
import pytest
from numpy.testing import assert_allclose
from scipy.integrate import quad

from femanode.config.library import load_material
from femanode.config.loading import Config
from femanode.postprocess.growth import damkohler
from femanode.study.systems.energy import (
    arrest_fraction,
    film_speed,
    flow_stress_of,
    rate_for_diffusion_control,
    stress_work_eV,
    work_eV,
)
from femanode.units import E_CHARGE

SILICON = {"ratio": 3.8, "volume": 2.8 * 0.02002 / 3.75}


def ring(fraction: float, ratio: float, power: int) -> float:
    """Pressure of a shell of flow stress 1 on its core, by integrating radial equilibrium over the deformed shell."""
    s = (1.0 - fraction) ** (1.0 / power)
    outer = (s**power + ratio * (1.0 - s**power)) ** (1.0 / power)
    # hoop minus radial stress: 2/sqrt 3 in plane strain; in a sphere 1, which acts in two directions
    return quad(lambda r: (2.0 / math.sqrt(3.0) if power == 2 else 2.0) / r, s, outer)[0]


@pytest.mark.parametrize("fraction", [0.1, 0.5, 0.9])
@pytest.mark.parametrize(("body", "power"), [("wire", 2), ("sphere", 3)])
def test_pressure_is_that_of_a_plastic_shell(fraction: float, body: str, power: int) -> None:
    wanted = (0.8 * ring(fraction, 3.8, power) + 2.0 * 0.8 / 3.0) * 0.015 / E_CHARGE
    assert_allclose(work_eV(fraction, 0.8, 3.8, 0.015, body), wanted, rtol=1e-9)  # type: ignore[arg-type]


@pytest.mark.parametrize(("stress", "ratio", "volume", "fraction", "expected"), [
    # worked out apart, eV to two digits: Si (1 GPa), Ge (0.76 GPa, LiGe at the front), Sb (0.3 GPa)
    (1.0, 3.8, 0.01495, 0.5, 0.15), (1.0, 3.8, 0.01495, 0.9, 0.26),
    (0.76, 3.46, 0.0149, 0.5, 0.11), (0.76, 3.46, 0.0149, 0.9, 0.19), (0.76, 3.46, 0.0149, 0.99, 0.29),
    (0.3, 3.93, 0.0295, 0.5, 0.09), (0.3, 3.93, 0.0295, 0.9, 0.15), (0.3, 3.93, 0.0295, 0.99, 0.23)])
def test_work_of_known_systems(stress: float, ratio: float, volume: float, fraction: float, expected: float) -> None:
    assert work_eV(fraction, stress, ratio, volume) == pytest.approx(expected, abs=0.011)


@pytest.mark.parametrize("body", ["wire", "sphere"])
def test_a_front_stands_where_the_work_takes_all(body: str) -> None:
    for energy in (0.07, 0.1, 0.15, 0.3):
        f = arrest_fraction(energy, 1.0, **SILICON, body=body)  # type: ignore[arg-type]
        assert work_eV(f, 1.0, **SILICON, body=body) == pytest.approx(energy, rel=1e-9)  # type: ignore[arg-type]


def test_limits_of_arrest() -> None:
    # below 2/3 s of stress the front does not begin; with plenty it goes through; a film bends round no core
    assert arrest_fraction(0.06, 1.0, **SILICON) == 0.0
    assert arrest_fraction(5.0, 0.05, **SILICON) == 1.0
    assert arrest_fraction(0.07, 1.0, **SILICON, body="film") == 1.0
    assert work_eV(0.2, 1.0, **SILICON, body="film") == work_eV(0.9, 1.0, **SILICON, body="film")
    assert (arrest_fraction(0.1, 1.0, **SILICON, body="sphere") < arrest_fraction(0.1, 1.0, **SILICON)
            < arrest_fraction(0.1, 1.0, **SILICON, body="film"))


def test_a_film_lets_through_what_it_carries() -> None:
    # 1.8e-13 cm^2/s * 0.04 mol/cm^3 / 5 nm = 1.44e-8 mol/(cm^2 s); SnO2 takes up 4 Li per 35.75 A^3 at its front
    tin = load_material("Na-Sn")
    flux = 1.8e-13 * 0.04 / 5e-7 * 6.02214e23 / 1e14  # 1/(nm^2 s)
    assert film_speed(tin, 18.0) == pytest.approx(flux * 0.02705 / 0.55, rel=2e-3)
    assert film_speed(tin, 18.0, thickness=10.0) == pytest.approx(0.5 * film_speed(tin, 18.0), rel=1e-12)


def test_rate_at_which_diffusion_takes_over_is_where_the_damkohler_number_is_one() -> None:
    config = Config.from_mapping({"name": "w", "geometry": {"shape": "circle", "diameter": "500 nm"},
                                  "material": "Na-Sn", "time": {"end": "1 s"}})
    k = rate_for_diffusion_control(config)
    assert damkohler(k, 250.0, 3.0e8, 0.55 / 3.75) == pytest.approx(1.0, rel=1e-12)


def test_a_material_gives_its_own_numbers() -> None:
    silicon = load_material("Li-Si")
    assert stress_work_eV(silicon, 0.5) == pytest.approx(work_eV(0.5, 1.0, 3.8, 2.8 * 0.02002 / 3.75), rel=1e-12)
    # 0.76 to 0.3 GPa over content, at LiGe of Li15Ge4
    assert flow_stress_of(load_material("Li-Ge")) == pytest.approx(0.76 - 0.46 / 3.75, rel=1e-12)
    # of an oxide the front's own swelling counts, per its own carriers: SnO2 + 4 Li, 1.14 times 35.75 A^3
    oxide = load_material("Li-SnO2")
    y = 4 / 8.4
    assert pytest.approx(float(np.interp(y, [0, 0.476, 1], [0, 1.14, 2.4])), abs=0.01) == 1.14
    wanted = (0.1 / math.sqrt(3) * math.log(1 + 3.4) + 0.2 / 3) * 1.14 * 0.03575 / 4 / E_CHARGE
    assert stress_work_eV(oxide, 0.5) == pytest.approx(wanted, rel=2e-3)
