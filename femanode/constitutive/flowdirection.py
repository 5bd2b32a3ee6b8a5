r"""Direction of plastic flow as a second unknown of Newton's method.

The stress of a perfectly plastic point is its strength times d/|d|, the direction of its trial deviatoric strain d.
Where d turns from one iterate to the next, the linearisation of d/|d| is good over a short distance only, and Newton's
method has to halve its steps again and again. With the direction s as an unknown of its own the same relation reads
|d| s = d, which is almost linear in d and s together. Its Newton equation can be solved for the new s point by point,
so that s does not enlarge the system: the residual is the usual one, and in the tangent, where the product of d/|d|
with itself stands, one of the two factors becomes the s predicted by the last iteration (Chan, Golub & Mulet 1999,
SIAM J. Sci. Comput. 20, 1964, there for total variation). At the solution s and d/|d| are equal, so that the last
iterations are those of Newton's method. What hardening and rate dependence add along the direction of flow is left as
it is in the consistent tangent.

In the first iteration no direction has been predicted. An elastic point whose pressure exceeds what its strength can
carry then gets a reduced shear stiffness: the secant to the strain that it is about to take up, see :data:`AWAITING`.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from femanode.constitutive.elastoplasticity import Moduli, PointResponse
from femanode.numerics.arrays import Array

#: Components of the ten moduli, in the order of PointResponse, as pairs of the four of a tensor.
_PAIRS = ((0, 0), (1, 1), (0, 1), (0, 2), (1, 2), (2, 2), (0, 3), (1, 3), (2, 3), (3, 3))

#: Shear strain that a point is about to take up, as a share of its volumetric strain; with anything from 0.2 to 0.5
#: Newton's method takes the same number of iterations.
AWAITING = 0.3


@dataclass(frozen=True)
class Flow:
    """What one iteration hands to the next, components 11, 22, 12, 33.

    Attributes
    ----------
    strain : (4, elem, qp) deviator of the trial logarithmic strain; zero where the point does not yield, and then the
        next iteration predicts no direction there
    direction : (4, elem, qp) direction s of flow, |s| <= 1; that of the stress where none was predicted
    """

    strain: Array
    direction: Array


def turn(response: PointResponse, eqps_n: Array, Jc: Array, law: Moduli, last: Flow | None) -> tuple[Array, Flow]:
    """Tangent of one iterate with the predicted direction of flow as one of its two factors.

    Parameters
    ----------
    response : PointResponse
        Of this iterate, with its consistent tangent.
    eqps_n, Jc : (elem, qp) as for the response
    last : Flow, optional
        Of the iteration before; None in a first one.

    Returns
    -------
    tangent : (10, elem, qp) moduli in the order of :class:`PointResponse`, GPa
    flow : Flow
        For the next iteration.

    Raises
    ------
    ValueError
        The response has no tangent.
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
    tangent = np.empty_like(response.tangent)
    if last is None:
        # Strength over the stress 2 G times the shear strain to come; the bulk stiffness stays.
        borne = 2.0 * AWAITING * law.G * np.abs(response.mean_mandel)
        strength = law.sigma_Y + law.H * eqps_n
        share = np.where(yields, 1.0, np.minimum(1.0, strength * law.K / np.maximum(borne, 1e-300)))
        for k, (i, j) in enumerate(_PAIRS):
            bulk = law.K * Jc if i != 2 and j != 2 else 0.0
            tangent[k] = bulk + share * (response.tangent[k] - bulk)
        return tangent, Flow(strain=strain, direction=n)
    before = _norm(last.strain)
    predicted, before = before > 0, np.where(before > 0, before, 1.0)
    s = (strain - last.direction * _dot(last.strain, strain - last.strain) / before) / before
    s = np.where(yields & predicted, s / np.maximum(_norm(s), 1.0), n)
    # Stress over trial strain: what flow leaves of 2 G across its direction.
    across = np.where(yields, size / np.maximum(length, 1e-300), 0.0)
    for k, (i, j) in enumerate(_PAIRS):
        tangent[k] = response.tangent[k] + across * (n[i] * n[j] - 0.5 * (s[i] * n[j] + n[i] * s[j]))
    return tangent, Flow(strain=strain, direction=s)


def _dot(a: Array, b: Array) -> Array:
    """Product of symmetric tensors (4, ...)."""
    return a[0] * b[0] + a[1] * b[1] + a[3] * b[3] + 2.0 * a[2] * b[2]


def _norm(a: Array) -> Array:
    return np.asarray(np.sqrt(_dot(a, a)))
