"""Swelling with a direction: exact free stretches, work, and the flow that a coherent front needs."""

from __future__ import annotations

import numpy as np
import pytest
from numpy.testing import assert_allclose
from scipy.linalg import expm

from femanode.constitutive.elastoplasticity import respond, trial_strain
from femanode.constitutive.swelldirection import ISOTROPIC, Shares, strained
from tests.helpers import moduli, unit_plastic

#: Sodium in black phosphorus: 1 : 1.92 : 2.60 at Na3P, of which 1 is along the wire or along x.
ALONG = Shares(0.406, 0.594, 0.0, 0.0)
TURNED = Shares(0.45, 0.35, 0.2, 0.2)
SHAPE = (1, 1)


def full(shares: Shares) -> np.ndarray:
    return np.array([[shares.xx, shares.xy, 0.0], [shares.xy, shares.yy, 0.0], [0.0, 0.0, shares.zz]])


def four(tensor: np.ndarray) -> np.ndarray:
    return np.array([tensor[0, 0], tensor[1, 1], tensor[0, 1], tensor[2, 2]]).reshape(4, 1, 1)


@pytest.mark.parametrize("shares", [ALONG, TURNED])
def test_material_that_has_swollen_freely_bears_no_stress(shares: Shares) -> None:
    """F = exp(W ln 4.992) in two steps, by scipy's matrix exponential, against the metric: no elastic strain."""
    J = 4.992
    metric = shares.reshaped(shares.reshaped(unit_plastic(SHAPE), np.full(SHAPE, 1.7)), np.full(SHAPE, J / 1.7))
    F = expm(full(shares) * np.log(J))
    strain, _ = trial_strain(F[:2, :2].reshape(2, 2, 1, 1), F[2, 2], metric, np.full(SHAPE, J))
    assert_allclose(strain, 0.0, atol=1e-12)


def test_a_third_each_is_isotropic() -> None:
    third = Shares(1 / 3, 1 / 3, 0.0, 1 / 3)
    metric = np.array([1.2, 0.9, 0.1, 1.0]).reshape(4, 1, 1)
    assert_allclose(third.reshaped(metric, np.full(SHAPE, 3.0)), metric, rtol=1e-13)
    F, tau = np.array([[1.1, 0.2], [0.0, 0.9]]).reshape(2, 2, 1, 1), np.array([1.0, 2.0, 0.5, 4.5]).reshape(4, 1, 1)
    assert_allclose(third.stress(F, tau, np.full(SHAPE, 2.0)), 7.5 / 3 / 2)
    n = np.array([0.6, 0.8]).reshape(2, 1, 1)
    size, direction = third.flow(F, n)
    assert_allclose(size, 2 / 3)
    assert_allclose(direction, np.array([0.36, 0.64, 0.48, 0.0]).reshape(4, 1, 1)
                    - np.array([1, 1, 0, 1]).reshape(4, 1, 1) / 3)


def test_the_stress_that_works_on_swelling_is_the_derivative_of_the_energy() -> None:
    """At fixed F the elastic energy W(Jc) has dW/dln Jc = -s Jc + W: central differences of K tr^2/2 + G dev^2."""
    law = moduli(100.0, 0.28, shape=SHAPE)
    F = np.array([[1.25, 0.1], [-0.05, 1.1]]).reshape(2, 2, 1, 1)

    def at(J: float) -> tuple[float, np.ndarray]:
        growth = np.full(SHAPE, J)
        metric = TURNED.reshaped(unit_plastic(SHAPE), growth)
        e, _ = trial_strain(F, 1.02, metric, growth)
        tr = e[0] + e[1] + e[3]
        square = e[0] ** 2 + e[1] ** 2 + e[3] ** 2 + 2 * e[2] ** 2
        energy = J * (0.5 * law.K * tr**2 + law.G * (square - tr**2 / 3))
        tau = respond(F, 1.02, metric, np.zeros(SHAPE), growth, law, 1.0).tau
        return float(energy.item()), TURNED.stress(F, tau, growth)

    J, step = 1.3, 1e-4
    slope = (at(J * np.exp(step))[0] - at(J * np.exp(-step))[0]) / (2 * step)
    energy, stress = at(J)
    assert_allclose(slope - energy, -float(stress.item()) * J, rtol=1e-6)
    mean = respond(F, 1.02, TURNED.reshaped(unit_plastic(SHAPE), np.full(SHAPE, J)), np.zeros(SHAPE),
                   np.full(SHAPE, J), law, 1.0).mean_mandel.item()
    assert abs(float(stress.item()) / mean - 1.0) > 0.02


def test_flow_in_a_coherent_front() -> None:
    """Along x the rate is (0.594, -0.594, 0), along y (-0.406, 0.406, 0): equivalent 2/sqrt 3 times the number."""
    F = np.eye(2).reshape(2, 2, 1, 1)
    for n, size in ((np.array([1.0, 0.0]), 0.594), (np.array([0.0, 1.0]), 0.406)):
        got, direction = ALONG.flow(F, n.reshape(2, 1, 1))
        assert_allclose(got, 2 / np.sqrt(3) * size, rtol=1e-12)
        sign = 1.0 if n[0] else -1.0
        assert_allclose(direction.ravel(), np.array([sign, -sign, 0.0, 0.0]) / np.sqrt(3), atol=1e-12)
    assert_allclose(ALONG.flow(F, np.zeros((2, 1, 1)))[0], ISOTROPIC)


def test_strain_is_added_in_the_deformed_section() -> None:
    """From rest at F the elastic strain becomes exactly the one added."""
    F = np.array([[1.3, 0.2], [-0.1, 0.9]])
    F33 = 1.0 / np.linalg.det(F)
    Finv = np.linalg.inv(F)
    rest = Finv @ Finv.T
    metric = np.array([rest[0, 0], rest[1, 1], rest[0, 1], 1 / F33**2]).reshape(4, 1, 1)
    added = np.array([0.03, -0.05, 0.02, 0.02]).reshape(4, 1, 1)
    shaped = F.reshape(2, 2, 1, 1)
    strain, _ = trial_strain(shaped, F33, strained(shaped, metric, added), np.ones(SHAPE))
    assert_allclose(strain, added, atol=1e-13)
