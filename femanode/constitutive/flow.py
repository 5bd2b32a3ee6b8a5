r"""Direction of plastic flow as a second unknown of Newton's method (part of the point law, in the *solver*).

A perfectly plastic point carries s = d/|d|, the direction of its trial strain d, times a fixed strength. Where d
is about to turn, the derivative of d/|d| holds on a short way only, and Newton's method halves its steps. Written
as |d| s = d, with s unknown too, the same equation is almost linear. Eliminating s leaves Newton's residual, and a
tangent in which one of two factors d/|d| is the s that the last iteration foretold (Chan, Golub & Mulet 1999, SIAM
J. Sci. Comput. 20, 1964, there for total variation). Both meet at the solution: the last iterations are Newton's.

The first iteration has nothing foretold but the misfit of volume: an elastic point whose pressure stands for far more
strain than it can bear gets the shear stiffness of a secant to the strain that awaits it. What hardening and rate
dependence add along the flow stays Newton's.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from femanode.constitutive.elastoplasticity import Moduli, PointResponse
from femanode.numerics.arrays import Array

#: Components of the ten moduli, in the order of PointResponse, as pairs of the four of a tensor.
_PAIRS = ((0, 0), (1, 1), (0, 1), (0, 2), (1, 2), (2, 2), (0, 3), (1, 3), (2, 3), (3, 3))

#: Share of a volumetric misfit taken for the strain that awaits a point; 0.2 to 0.5 take the same number of iterations.
AWAITING = 0.3


@dataclass(frozen=True)
class Flow:
    """What one iteration hands to the next, both (4, elem, qp): trial deviatoric strain and direction s, |s| <= 1.

    The strain is zero where the point did not yield: there s is that of the strain, and nothing is foretold.
    """

    strain: Array
    direction: Array


def turn(response: PointResponse, eqps_n: Array, Jc: Array, law: Moduli, last: Flow | None) -> Flow:
    """Turn ``response.tangent``, in place, to the direction that the last iteration foretold.

    Parameters
    ----------
    response : PointResponse
        Of this iterate, with its consistent tangent; one call only.
    eqps_n, Jc : (elem, qp) as for the response
    last : Flow, optional
        Of the iteration before; None in a first one.
    """
    if response.tangent is None:
        raise ValueError("response without tangent")
    dev = response.tau.copy()
    dev[[0, 1, 3]] -= (dev[0] + dev[1] + dev[3]) / 3.0
    size = _norm(dev)
    n = dev / np.maximum(size, 1e-300)
    gained = response.eqps - eqps_n
    length = size / (2.0 * law.G * Jc) + np.sqrt(1.5) * gained
    yields = gained > 0
    strain = np.where(yields, length * n, 0.0)
    if last is None:
        # Strength over 2 G times the strain that awaits; bulk stiffness stays.
        borne = 2.0 * AWAITING * law.G * np.abs(response.mean_mandel)
        strength = law.sigma_Y + law.H * eqps_n
        share = np.where(yields, 1.0, np.minimum(1.0, strength * law.K / np.maximum(borne, 1e-300)))
        for k, (i, j) in enumerate(_PAIRS):
            bulk = law.K * Jc if i != 2 and j != 2 else 0.0
            response.tangent[k] = bulk + share * (response.tangent[k] - bulk)
        return Flow(strain, n)
    before = _norm(last.strain)
    foretold, before = before > 0, np.where(before > 0, before, 1.0)
    s = (strain - last.direction * _dot(last.strain, strain - last.strain) / before) / before
    s = np.where(yields & foretold, s / np.maximum(_norm(s), 1.0), n)
    # The strength on the length of d: what stays of 2 G across the direction of flow.
    across = np.where(yields, size / np.maximum(length, 1e-300), 0.0)
    for k, (i, j) in enumerate(_PAIRS):
        response.tangent[k] += across * (n[i] * n[j] - 0.5 * (s[i] * n[j] + n[i] * s[j]))
    return Flow(strain, s)


def _dot(a: Array, b: Array) -> Array:
    """Product of symmetric tensors (4, ...)."""
    return a[0] * b[0] + a[1] * b[1] + a[3] * b[3] + 2.0 * a[2] * b[2]


def _norm(a: Array) -> Array:
    return np.asarray(np.sqrt(_dot(a, a)))
