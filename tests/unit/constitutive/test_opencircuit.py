"""A measured open-circuit curve: through its points, monotone, inverse, and shifted by stress."""

from __future__ import annotations

from itertools import pairwise

import numpy as np
import pytest
from numpy.testing import assert_allclose

from femanode.constitutive.kinetics import AtPotential, MassAction
from femanode.constitutive.opencircuit import OpenCircuit

X, U = (0.05, 0.2, 0.5, 0.8, 1.0), (0.6, 0.41, 0.29, 0.19, 0.05)
CURVE = OpenCircuit(X, U, 0.11)


def levels(potentials: object) -> np.ndarray:
    return np.array([CURVE.level_at(float(u)) for u in np.atleast_1d(np.asarray(potentials))])


def test_the_curve_goes_through_its_points() -> None:
    assert_allclose(CURVE.content(levels(U)), X, rtol=0, atol=1e-14)
    assert [CURVE.potential(float(level)) for level in levels(U)] == pytest.approx(list(U), abs=1e-14)
    assert CURVE.content(np.array([1.0]))[0] == 1.0


def test_content_falls_with_potential_and_stays_within_its_neighbours() -> None:
    fine = np.linspace(-0.3, 1.4, 2001)
    y = CURVE.content(levels(fine))
    assert np.all(np.diff(y) < 0.0)
    for (x0, x1), (u0, u1) in zip(pairwise(X), pairwise(U), strict=True):
        between = y[(fine <= u0) & (fine >= u1)]
        assert between.min() >= x0 - 1e-12 and between.max() <= x1 + 1e-12
    # half a volt beyond its ends the phase is as full or empty as at them, to a hundredth
    assert CURVE.content(levels(0.05 - 0.5))[0] < 1.011 and CURVE.content(levels(1.1))[0] > 0.0399


def test_slope_has_no_jump_at_the_ends_of_the_table_and_is_that_of_the_content() -> None:
    # conductance is in proportion to the slope: with a jump a balance with a level at the end has no solution
    steep = OpenCircuit((0.05, 0.5, 1.0), (0.6, 0.4, 0.2), 0.25)
    for end in (0.6, 0.2):
        for at in (end - 0.03, end - 1e-3, end - 1e-9, end + 1e-9, end + 1e-3, end + 0.03):
            level, step = np.array([steep.level_at(at)]), 1e-10 if abs(at - end) < 1e-6 else 1e-7
            slope = (steep.content(level + step) - steep.content(level - step)) / (2.0 * step)
            assert_allclose(steep.tangent(level)[1], slope, rtol=0, atol=2e-5)
            energy = (steep.free_energy(level + step) - steep.free_energy(level - step)) / (2.0 * step)
            assert_allclose(energy, -at * slope, rtol=0, atol=2e-5)  # df = -U dy
        low, high = (float(steep.tangent(np.array([steep.level_at(end + d)]))[1][0]) for d in (-1e-9, 1e-9))
        assert low == pytest.approx(high, abs=1e-5)


def test_level_is_the_inverse_of_content() -> None:
    y = np.linspace(0.045, 1.005, 301)
    assert_allclose(CURVE.content(CURVE.level(y)), y, rtol=0, atol=1e-13)


def test_tangent_and_secant_against_differences() -> None:
    for u in (0.5, 0.3, 0.23, 0.1):
        level, step = levels(u), 1e-6
        offset, capacity = CURVE.tangent(level)
        slope = (CURVE.content(level + step) - CURVE.content(level - step)) / (2.0 * step)
        assert_allclose(capacity, slope, rtol=1e-7, atol=0)
        assert_allclose(offset - capacity * (1.0 - level), CURVE.content(level), rtol=0, atol=1e-14)
        assert_allclose(CURVE.secant(level, level), slope, rtol=1e-7, atol=0)
    wide = CURVE.secant(levels(0.41), levels(0.19))
    assert_allclose(wide, (0.2 - 0.8) / (0.19 - 0.41), rtol=1e-12, atol=0)


def test_a_gigapascal_of_film_stress_is_62_millivolt() -> None:
    # Omega/e of lithium in silicon: 2.8 x 20.02/3.75 = 14.948 Å^3, 93.3 mV/GPa; of an equibiaxial film stress 2/3
    per_gpa = 2.8 * 20.02 / 3.75 * 1e-30 * 1e9 / 1.602176634e-19
    y = np.array([0.5])
    for film in (-1.0, 1.0):
        level = CURVE.level(y) + CURVE.shift(np.array([2.0 / 3.0 * film]), per_gpa)
        measured = CURVE.potential(float(level[0])) - 0.29
        assert measured == pytest.approx(0.0622 * film, abs=1e-4)  # compression lowers the potential


def test_the_front_stands_still_at_its_equilibrium_potential_moved_by_stress() -> None:
    kT, e, dV = 1.380649e-5 * 300.0, 0.1602176634, 0.014948
    law = AtPotential(MassAction(kT, -e * (0.11 - CURVE.full), dV, 0.0), kT / e)
    for stress in (0.0, -0.8):
        at_rest = law.equilibrium_activity(np.array([stress]))
        assert CURVE.potential(float(at_rest[0])) == pytest.approx(0.11 + stress * dV / e, abs=1e-12)
        assert law.drive(np.array([stress]), at_rest)[0] == pytest.approx(0.0, abs=1e-12)
        assert law.drive(np.array([stress]), at_rest - 0.01)[0] == 0.0
    # d(gain)/d(level) by differences: what a step converts is proportional to the drive
    level, step, stress = np.array([0.99]), 1e-6, np.array([-0.3])
    slope = (np.log(law.drive(stress, level + step)) - np.log(law.drive(stress, level - step))) / (2.0 * step)
    assert_allclose(law.sensitivity(np.array([0.2]), stress, level), 0.2 * slope, rtol=1e-6, atol=0)
