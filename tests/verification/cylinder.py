"""A second opinion: axisymmetric plane-strain swelling of a cylinder in one dimension, sharing no code with femanode.

Linear elements in the radius with one point each, principal logarithmic strains, J2 return, Newton's method on a
tridiagonal system. The front is prescribed: sharp (content ramped up element by element) or a travelling profile.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from scipy.linalg import solve_banded


@dataclass
class Shell:
    """State after the last step; stresses in GPa, lengths over the initial radius."""

    converted: list[float]
    core_radial: list[float]
    core_mean: list[float]
    surface_hoop: list[float]
    outer: list[float]


def swell(n=400, steps_per_element=4, depth=0.35, expansion=2.8, E=(160.0, 40.0), nu=(0.22, 0.24), yields=(7.0, 1.0),
          width=None, start=0.25):
    """March a front from the surface to ``depth`` (of the radius 1); ``width`` None is sharp, else delta."""
    X = np.linspace(0.0, 1.0, n + 1)
    h, mid = 1.0 / n, 0.5 * (X[1:] + X[:-1])
    area = mid * h
    r = X.copy()
    plastic = np.zeros((3, n))
    out = Shell([], [], [], [], [])
    begin = 0.0 if width is None else -0.5 * width
    for front in np.linspace(begin, depth, max(int(depth * n * steps_per_element), 2))[1:]:
        if width is None:
            x = np.clip((X[1:] - (1.0 - front)) / h, 0.0, 1.0)
        else:
            xi = 0.5 * (1.0 + np.tanh((mid - (1.0 - front)) / (2.0 * width)))
            z = np.clip((xi - start) / (1.0 - 2.0 * start), 0.0, 1.0)
            x = z * z * (3.0 - 2.0 * z)
        Jc = 1.0 + expansion * x
        young, poisson = E[0] + (E[1] - E[0]) * x, nu[0] + (nu[1] - nu[0]) * x
        K, G = young / 3.0 / (1.0 - 2.0 * poisson), young / 2.0 / (1.0 + poisson)
        sigma_Y = np.where(x > 0.01, yields[1], yields[0])
        r, plastic, tau, stretch = _equilibrium(r, plastic, Jc, K, G, sigma_Y, X, mid, h, area)
        J = np.prod(stretch, axis=0)
        out.converted.append(float(np.sum(x * area) / area.sum()))
        out.core_radial.append(float((tau[0] / J)[0]))
        out.core_mean.append(float((tau.mean(axis=0) / J)[0]))
        out.surface_hoop.append(float((tau[1] / J)[-1]))
        out.outer.append(float(r[-1]))
    return out


def _law(r, plastic, Jc, K, G, sigma_Y, X, mid, h):
    stretch = np.stack([np.diff(r) / h, 0.5 * (r[1:] + r[:-1]) / mid, np.ones(len(mid))])
    trial = np.log(stretch) - np.log(Jc) / 3.0 - plastic
    volume = trial.sum(axis=0)
    dev = trial - volume / 3.0
    size = np.sqrt(np.sum(dev**2, axis=0)) + 1e-300
    limit = sigma_Y / (2.0 * G) * np.sqrt(2.0 / 3.0)
    flow = np.maximum(size - limit, 0.0)
    n = dev / size
    tau = Jc * (K * volume + 2.0 * G * (dev - flow * n))
    keep = 1.0 - flow / size
    D = np.zeros((3, 3, len(mid)))
    for a in range(3):
        for b in range(3):
            unit = float(a == b) - 1.0 / 3.0
            D[a, b] = Jc * (K + 2.0 * G * (keep * unit - (flow > 0) * (1.0 - (1.0 - keep)) * n[a] * n[b]))
    return stretch, tau, D, plastic + flow * n


def _equilibrium(r, plastic, Jc, K, G, sigma_Y, X, mid, h, area):
    dr, dt = 1.0 / h, 0.5 / mid
    for _ in range(200):
        stretch, tau, D, updated = _law(r, plastic, Jc, K, G, sigma_Y, X, mid, h)
        P = tau / stretch
        left, right = area * (-P[0] * dr + P[1] * dt), area * (P[0] * dr + P[1] * dt)
        force = np.zeros(len(r))
        force[:-1] += left
        force[1:] += right
        off = np.linalg.norm(force[1:]) / (np.linalg.norm(np.concatenate([left, right])) + 1e-9)
        if off < 1e-8:
            return r, updated, tau, stretch
        A = D[:2, :2].copy()
        # Far from equilibrium the pressure of new swelling would make the tangent indefinite.
        if off < 0.05:
            A[[0, 1], [0, 1]] -= tau[:2]
        A = A / (stretch[:2, None] * stretch[None, :2])
        ends = np.array([[-dr * np.ones_like(mid), dt], [dr * np.ones_like(mid), dt]])
        block = area * np.einsum("ian,abn,jbn->ijn", ends, A, ends)
        band = np.zeros((3, len(r)))
        band[1, :-1] += block[0, 0]
        band[1, 1:] += block[1, 1]
        band[0, 1:] += block[0, 1]
        band[2, :-1] += block[1, 0]
        band[1, 0], band[0, 1], band[2, 0] = 1.0, 0.0, 0.0
        force[0] = 0.0
        step = solve_banded((1, 1), band, -force)
        scale = 1.0
        while np.any(np.diff(r + scale * step) < 0.5 * np.diff(r)) or np.any(
                np.diff(r + scale * step) > 2.0 * np.diff(r)):
            scale *= 0.5
        r = r + scale * step
    raise RuntimeError(f"{off:.1e}: no convergence in the one-dimensional shell")
