"""Laws of time and depth, on data generated from their formulas."""

from __future__ import annotations

import numpy as np
import pytest
from numpy.testing import assert_allclose

from femanode.postprocess import growth


@pytest.mark.parametrize("n", [0.5, 0.8, 1.0])
def test_exponent_of_a_power_law(n: float) -> None:
    t = np.linspace(0.0, 100.0, 60)
    law = growth.rate_exponent(t, 2.0 * t**n, 3.0)
    assert law.exponent is not None
    assert law.r2 is not None
    assert_allclose([law.exponent, law.r2], [n, 1.0], rtol=1e-9, atol=0)


def test_exponent_leaves_out_the_forming_front() -> None:
    t = np.linspace(0.0, 100.0, 60)
    depth = np.where(t < 20.0, 1.0 + 0 * t, 0.5 * t)
    assert_allclose(growth.rate_exponent(t, depth, 3.0).exponent, 1.0, rtol=1e-9, atol=0)


def test_exponent_leaves_out_a_front_at_rest() -> None:
    t = np.linspace(0.0, 100.0, 101)
    assert_allclose(growth.rate_exponent(t, np.minimum(t, 50.0), 3.0).exponent, 1.0, rtol=1e-9, atol=0)


def test_too_few_points_give_no_exponent() -> None:
    t = np.arange(4.0)
    assert growth.rate_exponent(t, t, 0.5) == growth.PowerLaw(None, None)
    assert growth.rate_exponent(t, 0 * t, 3.0) == growth.PowerLaw(None, None)


@pytest.mark.parametrize(("k", "D", "share"), [(0.05, 1e6, 1.0), (1e4, 2.0, 0.0), (0.05, 2.0, 0.375)])
def test_cylinder_law_finds_the_share_of_the_reaction(k: float, D: float, share: float) -> None:
    R = 60.0
    s = np.linspace(60.0, 20.0, 80)
    reaction, diffusion = (R - s) / k, ((R**2 - s**2) / 4.0 - 0.5 * s**2 * np.log(R / s)) / D
    law = growth.cylinder_law(reaction + diffusion, R - s, R, 3.0)
    # to s = 20 of R = 60: 40/0.05 = 800 s of reaction; (3600 - 400)/4 - 200 ln 3 = 580.28, over D = 2: 290.14 s
    expected = {1.0: 1.0, 0.0: 0.0, 0.375: 800.0 / (800.0 + 290.14)}[share]
    assert law.interface_share is not None
    assert law.r2 is not None
    assert_allclose(law.interface_share, expected, rtol=0, atol=2e-3)
    assert_allclose(law.r2, 1.0, rtol=0, atol=1e-9)


def test_cylinder_law_needs_points() -> None:
    assert growth.cylinder_law(np.arange(3.0), np.arange(3.0), 60.0, 3.0) == growth.CylinderLaw(None, None)


def test_transport_share_of_equal_resistances_is_a_half() -> None:
    # without stress: drive = a, lost = 1 - a
    t, a = np.linspace(0.0, 10.0, 11), np.full(11, 0.5)
    assert_allclose(growth.transport_share(t, a, a, a), 0.5, rtol=1e-12, atol=0)
    assert_allclose(growth.transport_share(t, 0 * a + 0.02, 0 * a + 0.02, a), 0.98, rtol=1e-12, atol=0)


def test_a_front_slowed_by_stress_is_not_called_diffusion_controlled() -> None:
    # activity 0.99 throughout while v/k falls to nothing: what is lost in transport falls with the flux
    t = np.linspace(0.0, 100.0, 101)
    drive = np.exp(-t / 10.0)
    share = growth.transport_share(t, 1.0 - 0.01 * drive, drive, drive)
    assert_allclose(share, 0.01 / 1.01, rtol=1e-9, atol=0)
    assert growth.regime(share) == "ICR"


def test_a_front_that_never_moved_has_no_share() -> None:
    assert growth.transport_share(np.array([0.0, 1.0]), np.ones(2), np.zeros(2), np.zeros(2)) == 0.0


@pytest.mark.parametrize(("share", "name"), [(0.0, "ICR"), (0.33, "ICR"), (0.34, "mixed"), (0.66, "mixed"),
                                             (0.67, "DCR"), (1.0, "DCR")])
def test_regime_by_thirds(share: float, name: str) -> None:
    assert growth.regime(share) == name


def test_energy_release_by_hand() -> None:
    # 1.12^2 pi (1 GPa)^2 10 nm (1 - 0.24^2)/40 GPa = 0.92846 GPa nm = J/m^2; nothing under compression
    release = growth.energy_release(np.array([1.0, 2.0, -3.0]), np.full(3, 10.0), 40.0, 0.24)
    assert_allclose(release, [0.928455, 3.713820, 0.0], rtol=1e-5, atol=0)


def test_a_fitted_exponent_says_over_which_depths() -> None:
    t = np.linspace(0.0, 100.0, 101)
    law = growth.rate_exponent(t, np.minimum(t, 50.0), 3.0)
    # depths above 3 up to where it stands: 4, 5 ... 50
    assert (law.low, law.high, law.points) == (4.0, 50.0, 47)


@pytest.mark.parametrize("wanted", [0.1, 1.0, 30.0])
def test_the_damkohler_number_is_that_of_the_cylinder_law(wanted: float) -> None:
    # t = R - s + (N k/(c* D)) [(R^2 - s^2)/4 - s^2/2 ln(R/s)] in units of 1/k times N: N = c_f, c* = 1 - c_f
    R, k, c_f = 50.0, 0.05, 0.6
    D = k * R * c_f / ((1 - c_f) * wanted)
    assert growth.damkohler(k, R, D, c_f) == pytest.approx(wanted, rel=1e-12)
    s = np.linspace(49.0, 1.0, 200)
    reaction, diffusion = (R - s) / k, c_f / ((1 - c_f) * D) * ((R**2 - s**2) / 4 - s**2 / 2 * np.log(R / s))
    fitted = growth.cylinder_law(reaction + diffusion, R - s, R, 0.5)
    assert_allclose(fitted.interface_share, reaction[-1] / (reaction[-1] + diffusion[-1]), rtol=1e-6, atol=0)
    # of a front that closes in, reaction and diffusion take times as 1 to a quarter of the number
    assert_allclose(diffusion[-1] / reaction[-1], wanted / 4, rtol=0.03, atol=0)


def test_filling_after_the_front_says_nothing_of_its_regime() -> None:
    # under diffusion control nine tenths of the drive are lost until the front is through; then the phase fills up
    fraction = np.array([0.0, 0.4, 0.8, 0.9995, 1.0, 1.0, 1.0])
    t = np.array([0.0, 1.0, 3.0, 6.0, 100.0, 200.0, 300.0])
    activity = np.array([1.0, 0.1, 0.1, 0.1, 1.0, 1.0, 1.0])
    drive = np.array([1.0, 0.1, 0.1, 0.1, 1.0, 1.0, 1.0])
    rows = growth.until_through(fraction)
    assert rows == 4
    assert growth.transport_share(t[:rows], activity[:rows], activity[:rows], drive[:rows]) == pytest.approx(0.9)
    assert growth.transport_share(t, activity, activity, drive) < 0.01
    assert growth.until_through(fraction[:3]) == 3
