"""The average across the front.

A field is averaged over the whole width of the front, and the average extended along the normal: all nodes on one
normal get nearly the same value. The nodal average m of a field solves (mass + stiffness) m = load, where mass and load
are weighted with |grad h|, and the stiffness acts along the normal.
"""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np
import scipy.sparse as sp

from femanode.mesh.spaces import Spaces, scatter
from femanode.numerics.arrays import Array
from femanode.numerics.linear import SymmetricSolver


@dataclass(frozen=True)
class Averager:
    """Applies the average across a front of extent ``xi``.

    Parameters
    ----------
    spaces : Spaces
    xi : (N,) extent of reaction
    weight : (elem, qp)
        Rate of the front's direction times delta |grad h| times the quadrature weight, nm^2.
    matrix : (live, live)
        Sum of the weighted mass and the stiffness that spreads the average along the normal.
    solver : SymmetricSolver
        Shared by all averagers of one front, so that it analyses the pattern of the matrix only once. It holds the
        factors of one averager at a time; another one that is applied has it factorise its own matrix again.
    """

    spaces: Spaces
    xi: Array
    weight: Array
    matrix: sp.csc_matrix
    solver: SymmetricSolver
    _serial: list[int] = field(default_factory=list, init=False)

    def __post_init__(self) -> None:
        self._factorise()

    def _factorise(self) -> None:
        self.solver.factorise(self.matrix)
        # The solver's count of factorisations tells later whether it still holds the factors of this averager.
        self._serial[:] = [self.solver.factorisations]

    def __call__(self, at_points: Array) -> Array:
        """Average of ``at_points`` (elem, qp) across the front, extended along the normal, (N,).

        Far from any front the result tends to zero, and it is zero at idle nodes. If another value is wanted there,
        average the difference from it.
        """
        spaces = self.spaces
        if self._serial[0] != self.solver.factorisations:
            self._factorise()
        load = scatter(spaces.qp_nodes, self.weight * at_points / 3.0, spaces.n_nodes)
        mean = np.zeros(spaces.n_nodes)
        mean[spaces.live] = self.solver.solve(load[spaces.live])
        return mean

    def mean(self, at_points: Array) -> float:
        """Mean of ``at_points`` (elem, qp) over the whole front, with ``weight``; NaN where there is no front."""
        total = float(self.weight.sum())
        return float((self.weight * at_points).sum() / total) if total > 0 else float("nan")


def front_mean(values: Array, xi: Array, spaces: Spaces) -> float:
    """Mean of nodal ``values`` (N,) over the front, weighted with xi (1 - xi); 0 where there is no front."""
    weight = spaces.mass * xi * (1.0 - xi)
    return float(np.sum(weight * values) / np.sum(weight)) if np.sum(weight) > 0 else 0.0
