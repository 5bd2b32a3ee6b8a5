r"""Finite-strain Hencky elasticity with J2 flow in the swollen intermediate configuration.

F = Fe Fp Fc with Fc = Jc^{1/3} I. The Mandel stress M = K tr(e) I + 2 G dev(e), e = 1/2 ln be, is measured per
swollen volume, so that the Kirchhoff stress is tau = Jc M. Flow is associated in M; the exponential map makes the
return radial in logarithmic strain (Simo 1992, Comput. Methods Appl. Mech. Eng. 99, 61; Weber & Anand 1990).

In-plane symmetric tensors are stored as their components (11, 22, 12, 33) on the first axis; trailing axes
are (element, quadrature point). The logarithm of the 2x2 block is taken without eigenvectors,

    1/2 ln b = 1/4 ln(det b) I + 1/2 phi dev b,   phi = artanh(r/m)/r,   m = tr b / 2,  r = |dev b|,

which is smooth where the two stretches are equal, also for complex arguments.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from femanode.numerics.arrays import Array


@dataclass(frozen=True)
class Moduli:
    """Constants at points: bulk and shear modulus, flow stress at eqps = 0, hardening modulus; all GPa.

    ``rate_exponent`` and ``reference_rate`` (1/s) give sigma_eq = sigma_Y [1 + (rate/reference_rate)^exponent];
    an infinite reference rate switches the dependence off. All broadcast to (elem, qp).
    """

    K: Array
    G: Array
    sigma_Y: Array
    H: Array
    rate_exponent: Array
    reference_rate: Array


@dataclass(frozen=True)
class PointResponse:
    """What the law returns at points.

    Attributes
    ----------
    tau : (4, elem, qp) Kirchhoff stress, GPa
    mean_mandel : (elem, qp) mean Mandel stress K tr(e), GPa
    Cp_inv : (4, elem, qp) inverse plastic right Cauchy-Green tensor at the end of the step
    eqps : (elem, qp) equivalent plastic strain
    tangent : (10, elem, qp), GPa, or None
        Spatial moduli c0 from d tau/d(log trial strain), components 1111, 2222, 1122, 1112, 2212, 1212, 1133, 2233,
        1233, 3333. The Lie derivative of tau has the moduli c0_ijkl - (tau_ik d_jl + ...)/2, four terms. These stress
        terms are left to the caller, who may replace the stress in them: a large pressure makes them indefinite.
    """

    tau: Array
    mean_mandel: Array
    Cp_inv: Array
    eqps: Array
    tangent: Array | None


def _artanhc(z: Any) -> Any:
    """artanh(sqrt z)/sqrt z, from its series near 0."""
    small = np.real(z) < 1e-3
    safe = np.where(small, 0.25, z)
    root = np.sqrt(safe)
    return np.where(small, 1 + z / 3 + z**2 / 5 + z**3 / 7 + z**4 / 9 + z**5 / 11, np.arctanh(root) / root)


def _sinhc(z: Any) -> Any:
    """sinh(sqrt z)/sqrt z, from its series near 0."""
    small = np.real(z) < 1e-3
    root = np.sqrt(np.where(small, 0.25, z))
    return np.where(small, 1 + z / 6 + z**2 / 120 + z**3 / 5040 + z**4 / 362880, np.sinh(root) / root)


def trial_strain(F: Array, F33: Array | float, Cp_inv_n: Array, Jc: Array) -> tuple[Array, Array]:
    """Trial logarithmic strain and trial be.

    Parameters
    ----------
    F : (2, 2, …) in-plane deformation gradient; F33 : (…) or float, axial stretch
    Cp_inv_n : (4, …); Jc : (…)

    Returns
    -------
    strain, b : (4, …) arrays, components 11, 22, 12, 33
    """
    scale = Jc ** (-2.0 / 3.0)
    p, q, r, s = F[0, 0], F[0, 1], F[1, 0], F[1, 1]
    C11, C22, C12, C33 = Cp_inv_n
    b11 = (p * p * C11 + 2 * p * q * C12 + q * q * C22) * scale
    b22 = (r * r * C11 + 2 * r * s * C12 + s * s * C22) * scale
    b12 = (p * r * C11 + (p * s + q * r) * C12 + q * s * C22) * scale
    b33 = F33 * F33 * C33 * scale
    m, a = 0.5 * (b11 + b22), 0.5 * (b11 - b22)
    half_phi = 0.5 * _artanhc((a * a + b12 * b12) / (m * m)) / m
    quarter_log = 0.25 * np.log(b11 * b22 - b12 * b12)
    strain = np.stack([quarter_log + half_phi * a, quarter_log - half_phi * a, half_phi * b12,
                       0.5 * np.log(b33) + 0.0 * a])
    return strain, np.stack([b11, b22, b12, b33 + 0.0 * a])


def flow_increment(q_trial: Any, eqps_n: Any, law: Moduli, dt: float) -> tuple[Any, Any]:
    """Plastic multiplier and d(flow stress)/d(eqps) for J2 flow; zero where the trial state is elastic.

    Solves q_trial - 3 G g = (sigma_Y + H (eqps_n + g)) [1 + (g/(dt rate0))^m]. Without rate dependence this is
    linear; with it, a bisection-guarded Newton iteration in g, whose bracket [0, q_trial/3G] always holds the root.
    """
    base = law.sigma_Y + law.H * eqps_n
    over = q_trial - base
    linear = np.where(np.real(over) > 0, over / (3 * law.G + law.H), 0.0 * over)
    slope = law.H + 0.0 * linear
    if not np.any(np.isfinite(law.reference_rate)):
        return linear, slope
    low, high = np.zeros_like(linear), linear.copy()
    g = 0.5 * linear
    scale = np.broadcast_to(dt * law.reference_rate, g.shape)
    for _ in range(80):
        safe = np.maximum(np.real(g), 1e-300)
        power = (safe / scale) ** law.rate_exponent
        hard = base + law.H * g
        residual = q_trial - 3 * law.G * g - hard * (1 + power)
        slope = law.H * (1 + power) + hard * power * law.rate_exponent / safe
        low, high = np.where(residual > 0, g, low), np.where(residual > 0, high, g)
        new = g + residual / (3 * law.G + slope)
        new = np.where((new <= low) | (new >= high), 0.5 * (low + high), new)
        done = np.abs(new - g) <= 1e-14 * np.maximum(high, 1e-300)
        g = np.where(linear > 0, new, 0.0)
        if np.all(done | (linear <= 0)):
            break
    return g, np.where(linear > 0, slope, law.H)


def respond(F: Array, F33: Array | float, Cp_inv_n: Array, eqps_n: Array, Jc: Array, law: Moduli, dt: float,
            *, tangent: bool = True) -> PointResponse:
    """Stress, updated plastic state and consistent tangent at points.

    Parameters
    ----------
    F : (2, 2, elem, qp); F33 : float or (elem, qp)
        In-plane deformation gradient (det > 0) and axial stretch.
    Cp_inv_n, eqps_n : (4, elem, qp), (elem, qp)
        Committed plastic state; not changed.
    Jc : (elem, qp)
        Swelling volume ratio, held fixed.
    law : Moduli
    dt : float
        Time step, s; enters rate dependence only.
    """
    strain, _ = trial_strain(F, F33, Cp_inv_n, Jc)
    volumetric = strain[0] + strain[1] + strain[3]
    third = volumetric / 3.0
    dev = strain.copy()
    dev[[0, 1, 3]] -= third
    norm2 = dev[0] ** 2 + dev[1] ** 2 + dev[3] ** 2 + 2 * dev[2] ** 2
    q_trial = law.G * np.sqrt(6.0 * norm2 + 1e-40)
    g, slope = flow_increment(q_trial, eqps_n, law, dt)
    f = 1.0 - 3.0 * law.G * g / q_trial
    mean = law.K * volumetric
    tau = 2.0 * law.G * f * dev
    tau[[0, 1, 3]] += mean
    tau = Jc * tau
    plastic = np.real(g) > 0
    Cp_inv = np.where(plastic, plastic_metric(F, F33, third, f * dev, Jc), Cp_inv_n)
    moduli = _moduli(strain, dev, norm2, f, slope, Jc, law, plastic) if tangent else None
    return PointResponse(tau=tau, mean_mandel=mean, Cp_inv=Cp_inv, eqps=eqps_n + g, tangent=moduli)


def plastic_metric(F: Array, F33: Array | float, third: Array, dev: Array, Jc: Array) -> Array:
    """Inverse plastic metric Cp^-1 = F^-1 exp(2 e) F^-T Jc^{2/3} of a given elastic strain.

    Parameters
    ----------
    F : (2, 2, ...); F33, Jc : as for :func:`respond`
    third, dev : a third of the trace of e, and its deviator (4, ...)
        With 3 third = ln(J/Jc) the result has determinant 1.
    """
    mid, a = 0.5 * (dev[0] + dev[1]), 0.5 * (dev[0] - dev[1])
    z = 4.0 * (a * a + dev[2] * dev[2])
    size = np.exp(2.0 * (third + mid)) * Jc ** (2.0 / 3.0)
    root = np.sqrt(np.where(np.real(z) > 0, z, 0.0 * z))
    ch, sh = np.cosh(root), 2.0 * _sinhc(z)
    b11, b22, b12 = size * (ch + sh * a), size * (ch - sh * a), size * sh * dev[2]
    b33 = np.exp(2.0 * (third + dev[3])) * Jc ** (2.0 / 3.0)
    det = F[0, 0] * F[1, 1] - F[0, 1] * F[1, 0]
    i11, i12, i21, i22 = F[1, 1] / det, -F[0, 1] / det, -F[1, 0] / det, F[0, 0] / det
    return np.stack([i11 * i11 * b11 + 2 * i11 * i12 * b12 + i12 * i12 * b22,
                     i21 * i21 * b11 + 2 * i21 * i22 * b12 + i22 * i22 * b22,
                     i11 * i21 * b11 + (i11 * i22 + i12 * i21) * b12 + i12 * i22 * b22,
                     b33 / (F33 * F33)])


def _moduli(strain: Array, dev: Array, norm2: Array, f: Array, slope: Array, Jc: Array, law: Moduli,
            plastic: NDArray[np.bool_]) -> Array:
    """Moduli c0 without the stress terms, components as in :class:`PointResponse`."""
    G2 = 2.0 * law.G * Jc
    theta = np.where(plastic, 3.0 * law.G / (3.0 * law.G + slope) - (1.0 - f), 0.0)
    bulk = law.K * Jc - G2 * f / 3.0
    drop = G2 * theta / np.maximum(norm2, 1e-40)
    # Principal axes of the trial strain, through the double angle; any axes do where both stretches agree.
    a, shear = 0.5 * (strain[0] - strain[1]), strain[2]
    d = np.sqrt(a * a + shear * shear)
    equal = d < 1e-14
    cos2 = np.where(equal, 1.0, a / np.where(equal, 1.0, d))
    sin2 = np.where(equal, 0.0, shear / np.where(equal, 1.0, d))
    big = 2.0 * d
    coth = np.where(big < 1e-3, 1.0 + big**2 / 3.0, big / np.tanh(np.where(big < 1e-3, 1.0, big)))
    g12 = 0.5 * G2 * f * coth
    axial = G2 * f
    m1 = (0.5 * (1 + cos2), 0.5 * (1 - cos2), 0.5 * sin2)
    m2 = (0.5 * (1 - cos2), 0.5 * (1 + cos2), -0.5 * sin2)
    m3 = (-sin2, sin2, cos2)
    one = (1.0, 1.0, 0.0)

    def entry(i: int, j: int) -> Array:
        out = bulk * (one[i] * one[j]) - drop * dev[i] * dev[j]
        return out + axial * (m1[i] * m1[j] + m2[i] * m2[j]) + g12 * m3[i] * m3[j]

    out33 = [bulk * one[i] - drop * dev[i] * dev[3] for i in range(3)]
    c3333 = bulk - drop * dev[3] ** 2 + axial
    return np.stack([entry(0, 0), entry(1, 1), entry(0, 1), entry(0, 2), entry(1, 2), entry(2, 2), *out33, c3333])
