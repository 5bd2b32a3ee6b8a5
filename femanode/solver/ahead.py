"""The mean stress of the host just ahead of the front, which may change the front's rate but not its equilibrium.

The stress that drives the front is the traction across it. How fast bonds of the crystal break may also depend on how
that is strained along the front, which no traction tells. With an activation volume V, the rate is

    k = k(n) exp(V sigma_h/kT),

sigma_h the mean stress of unreacted material ahead of the front. The factor is positive and multiplies the way forward
and the way back: a front stands still where it did without, and what it dissipates, v times its driving energy, stays
positive.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from femanode.mesh.spaces import scatter
from femanode.numerics.arrays import Array
from femanode.solver.averaging import Averager
from femanode.solver.front import Front

#: Extent at which conversion is taken to begin where it begins at 0.
LEAST_START = 0.05


@dataclass(frozen=True)
class Ahead:
    """Rate of the front as a function of the mean stress of the host just ahead of it.

    Attributes
    ----------
    per_stress : activation volume over kT, 1/GPa
    """

    per_stress: float

    def factor(self, stress: Array) -> Array:
        """exp(V sigma/kT) of a stress in GPa, of the same shape."""
        return np.exp(np.clip(stress * self.per_stress, -50.0, 50.0))


def host_stress(front: Front, xi: Array, mean_stress: Array) -> Array:
    """Mean of ``mean_stress`` (elem, qp), GPa, over the host just ahead of a front of extent ``xi``, (N,).

    It is averaged along the front as the stress that drives it is and extended along its normal, but with the weight
    |grad xi^2| (1 - xi/start), which is 0 wherever conversion has begun: within the front the stress is that of a
    mixture at yield. The weight is scaled to be as much across a plane front as |grad h|, so that this average reaches
    no farther along the front than that one; its centre lies 1.1 delta before the place where conversion begins (at
    the default ``start``). The result tends to 0 where there is no front, or no host ahead of one.
    """
    spaces = front.spaces
    at_points = spaces.at_points(xi)
    grad = spaces.gradient_at_points(xi)
    size = np.hypot(grad[0], grad[1])  # size of a gradient
    begins = max(front.start, LEAST_START)
    # the integral of xi (1 - xi/begins) by xi is a sixth of begins^2
    share = 6.0 / begins**2 * at_points * np.maximum(1.0 - at_points / begins, 0.0)
    weight = front.delta * size * share * spaces.weight * spaces.reacts[:, None]
    lumped = scatter(spaces.qp_nodes, weight / 3.0, spaces.n_nodes)
    return Averager(spaces, xi, weight, front.averaging_matrix(xi, lumped), front.solver)(mean_stress)
