"""The jump of a coherent front: kinematics, what it leaves behind, and the work it takes."""

from __future__ import annotations

import numpy as np
from numpy.testing import assert_allclose

from femanode.constitutive.elastoplasticity import Moduli, respond
from femanode.constitutive.passage import deformed_normal, layer_dissipation, normal_traction, swollen

UNIT = np.array([1.0, 1.0, 0.0, 1.0])[:, None, None]


def law(sigma_Y: float, E: float = 40.0, nu: float = 0.24) -> Moduli:
    one = np.ones((1, 1))
    return Moduli(K=E / (3 - 6 * nu) * one, G=E / (2 + 2 * nu) * one, sigma_Y=sigma_Y * one, H=0 * one,
                  rate_exponent=one, reference_rate=np.inf * one)


def rotated(angle: float) -> np.ndarray:
    return np.array([[np.cos(angle), -np.sin(angle)], [np.sin(angle), np.cos(angle)]])


def test_growth_along_the_normal_alone_leaves_no_stress() -> None:
    # F = I + (J - 1) n n; isotropic swelling of the same volume would need 20 GPa and more in an elastic body
    n = np.array([0.6, 0.8])[:, None, None]
    J = np.full((1, 1), 3.8)
    F = np.eye(2)[:, :, None, None] + (J - 1.0) * n[:, None] * n[None]
    metric = swollen(np.eye(2)[:, :, None, None] + 0 * J, n, UNIT + 0 * J, J, 0 * J)
    response = respond(F, 1.0, metric, 0 * J, J, law(1e9), 1.0)
    assert_allclose(response.tau, 0.0, rtol=0, atol=1e-12)
    assert_allclose((metric[0] * metric[1] - metric[2] ** 2) * metric[3], 1.0, rtol=1e-13, atol=0)


def test_the_elastic_deviator_before_is_the_one_after_in_any_frame() -> None:
    F = np.array([[1.02, 0.01], [-0.03, 0.97]])[:, :, None, None]
    one = np.ones((1, 1))
    before = respond(F, 1.0, UNIT * one, 0 * one, one, law(1e9), 1.0)
    for angle in (0.0, 0.7):
        Q = rotated(angle)
        turned = np.einsum("ij,jkeq->ikeq", Q, F)
        n = deformed_normal(turned, np.array([0.6, 0.8])[:, None, None])
        metric = swollen(turned, n, UNIT * one, 2.5 * one, 0 * one)
        grown = turned + 1.5 * np.einsum("ieq,jeq,jkeq->ikeq", n, n, turned)
        after = respond(grown, 1.0, metric, 0 * one, 2.5 * one, law(1e9), 1.0)
        # per swollen volume, in the turned frame
        back = np.array([[after.tau[0, 0, 0], after.tau[2, 0, 0]], [after.tau[2, 0, 0], after.tau[1, 0, 0]]])
        back = Q.T @ back @ Q / 2.5
        assert_allclose([back[0, 0], back[1, 1], back[0, 1]], before.tau[:3, 0, 0], rtol=1e-9, atol=1e-12)


def test_what_leaves_the_front_is_at_yield_compressed_along_it() -> None:
    # sigma_n - sigma_t = sigma_Y in both tangential directions, von Mises stress sigma_Y
    one, constants = np.ones((1, 1)), law(1.0)
    n = np.array([1.0, 0.0])[:, None, None] * one
    eye = np.eye(2)[:, :, None, None] * one
    metric = swollen(eye, n, UNIT * one, 3.8 * one, 1.0 / (2.0 * constants.G))
    F = eye + 2.8 * n[:, None] * n[None]
    tau = respond(F, 1.0, metric, 0 * one, 3.8 * one, constants, 1.0).tau / 3.8
    assert_allclose([tau[0, 0, 0] - tau[1, 0, 0], tau[0, 0, 0] - tau[3, 0, 0]], 1.0, rtol=1e-12, atol=0)


def test_isotropic_swelling_against_a_stiff_host_dissipates_two_thirds_of_the_flow_stress() -> None:
    # the law that this one replaces, in many small increments: swelling held tangentially, free along n
    sigma_Y, constants = 1.0, law(1.0, E=4000.0)
    one = np.ones((1, 1))
    metric, eqps, flow, J0 = UNIT * one, 0 * one, 0.0, 1.0
    for J in np.linspace(1.0, 3.8, 2001)[1:]:
        F = np.eye(2)[:, :, None, None] * one
        F[0, 0] = J  # no stress along n: no elastic change of volume beyond 1e-4
        response = respond(F, 1.0, metric, eqps, J * one, constants, 1.0, tangent=False)
        flow += 0.5 * (J + J0) * sigma_Y * float((response.eqps - eqps)[0, 0])
        metric, eqps, J0 = response.Cp_inv, response.eqps, J
    assert_allclose(flow / 2.8, float(layer_dissipation(np.array(sigma_Y))), rtol=3e-3, atol=0)


def test_a_normal_without_direction_changes_nothing() -> None:
    one = np.ones((1, 1))
    F = np.array([[1.1, 0.2], [0.0, 0.9]])[:, :, None, None]
    metric = np.array([1.2, 0.9, 0.1, 1.0 / (1.2 * 0.9 - 0.01)])[:, None, None]
    assert_allclose(swollen(F, np.zeros((2, 1, 1)), metric, 2.0 * one, 0.01 * one), metric, rtol=0, atol=1e-14)


def test_traction_of_a_deformed_normal() -> None:
    # shear of a horizontal line leaves its normal, that of a vertical one turns it: F^-T N
    F = np.array([[1.0, 0.5], [0.0, 1.0]])[:, :, None, None]
    assert_allclose(deformed_normal(F, np.array([0.0, 1.0])[:, None, None])[:, 0, 0], [0.0, 1.0], rtol=0, atol=1e-14)
    n = deformed_normal(F, np.array([1.0, 0.0])[:, None, None])
    assert_allclose(n[:, 0, 0], np.array([1.0, -0.5]) / np.sqrt(1.25), rtol=1e-14, atol=0)
    tau = np.array([2.0, 1.0, 0.5, 9.0])[:, None, None]
    assert_allclose(normal_traction(tau, n), (2.0 * 1.0 + 1.0 * 0.25 - 2.0 * 0.5 * 0.5) / 1.25, rtol=1e-14, atol=0)
