"""Rate laws of the front: rest, slope and signs, against closed forms."""

from __future__ import annotations

import numpy as np
from numpy.testing import assert_allclose

from femanode.constitutive.kinetics import AtPotential, Exchange, MassAction

EV, KT = 0.1602176634, 0.00414194694  # GPa nm^3; kT at 300 K
LAW = MassAction(KT, -0.15 * EV, 0.0149483, 0.003)


def test_the_front_rests_where_swelling_against_stress_takes_what_the_reaction_gives() -> None:
    # 0.15 eV over 14.9483 A^3 is 1.60772 GPa: there the equilibrium activity is 1
    assert_allclose(LAW.equilibrium_activity(np.array([-0.15 * EV / 0.0149483])), 1.0, rtol=1e-12, atol=0)
    assert_allclose(-LAW.reaction_energy / LAW.swelling_volume, 1.60772, rtol=1e-5, atol=0)
    assert LAW.drive(np.array([-1.7]), np.array([1.0]))[0] == 0.0


def test_drive_is_exp_of_activation_times_the_excess() -> None:
    # exp(-0.5 * 0.003/kT) (0.8 - exp[(-0.15 eV + 0.5 * 0.0149483)/kT])
    stress, activity = np.array([-0.5]), np.array([0.8])
    expected = np.exp(-0.0015 / KT) * (0.8 - np.exp((-0.15 * EV + 0.00747415) / KT))
    assert_allclose(LAW.drive(stress, activity), expected, rtol=1e-12, atol=0)


def test_sensitivity_is_the_slope_of_the_logarithm_of_the_drive() -> None:
    stress, a, step = np.array([-1.2, -0.3, 0.2]), np.array([0.9, 0.5, 0.7]), 1e-6
    slope = (np.log(LAW.drive(stress, a + step)) - np.log(LAW.drive(stress, a - step))) / (2.0 * step)
    assert_allclose(LAW.sensitivity(np.full(3, 0.04), stress, a), 0.04 * slope, rtol=1e-8, atol=0)


def test_a_front_at_rest_converts_no_more_with_activity() -> None:
    assert LAW.sensitivity(np.array([0.1]), np.array([-1.8]), np.array([1.0]))[0] == 0.0


def test_exchange_with_all_of_the_energy_forward_is_mass_action_over_the_equilibrium_activity() -> None:
    exchange = Exchange(KT, -0.15 * EV, 0.0149483, 0.003, 1.0)
    stress, activity = np.array([-1.2, -0.3, 0.2]), np.array([0.9, 0.5, 0.7])
    assert_allclose(exchange.drive(stress, activity),
                    LAW.drive(stress, activity) / LAW.equilibrium_activity(stress), rtol=1e-12, atol=0)


def test_exchange_of_two_equal_shares_is_a_hyperbolic_sine_and_never_goes_back() -> None:
    # A/kT = ln 0.8 - (-0.1 eV + 0.4 0.0149483)/kT = 2.20143: 2 sinh(A/2kT) = 2.67368
    exchange = Exchange(KT, -0.1 * EV, 0.0149483, 0.0, 0.5)
    assert_allclose(exchange.drive(np.array([-0.4]), np.array([0.8])), 2.67368, rtol=1e-5, atol=0)
    assert exchange.drive(np.array([-1.3]), np.array([0.8]))[0] == 0.0
    assert exchange.drive(np.array([-0.4]), np.array([0.0]))[0] == 0.0
    assert_allclose(exchange.equilibrium_activity(np.array([-0.4])),
                    np.exp((-0.1 * EV + 0.4 * 0.0149483) / KT), rtol=1e-12, atol=0)


def test_sensitivity_of_exchange_is_the_slope_of_the_logarithm_of_its_drive() -> None:
    exchange = Exchange(KT, -0.15 * EV, 0.0149483, 0.003, 0.3)
    stress, a, step = np.array([-1.2, -0.3, 0.2]), np.array([0.9, 0.5, 0.7]), 1e-6
    slope = (np.log(exchange.drive(stress, a + step)) - np.log(exchange.drive(stress, a - step))) / (2.0 * step)
    assert_allclose(exchange.sensitivity(np.full(3, 0.04), stress, a), 0.04 * slope, rtol=1e-8, atol=0)
    at_potential, level = AtPotential(exchange, 0.02585), np.array([1.1, 1.02, 1.05])
    slope = (np.log(at_potential.drive(stress, level + step)) - np.log(at_potential.drive(stress, level - step)))
    assert_allclose(at_potential.sensitivity(np.full(3, 0.04), stress, level), 0.04 * slope / (2.0 * step), rtol=1e-7,
                    atol=0)
