"""The average across the front: one value for the whole width of a front, extended along its normal."""

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
    xi : (N,)
    weight : (elem, qp)
        Rate of the front's direction times delta |grad h| times the quadrature weight, nm^2.
    matrix : (N, N)
        Weighted mass and the stiffness that spreads the average along the normal.
    solver : SymmetricSolver
        Shared by all averages of one front, so that its analysis of the pattern is made once. It holds the factors of
        one of them; an older one that is applied again has it factorise anew.
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
        # The solver's count tells whose factors it holds.
        self._serial[:] = [self.solver.factorisations]

    def __call__(self, at_points: Array) -> Array:
        """Nodal field that averages ``at_points`` (elem, qp) across the front and extends it along the normal.

        Far from any front the result tends to zero: average the deviation from the value wanted there.
        """
        s = self.spaces
        if self._serial[0] != self.solver.factorisations:
            self._factorise()
        load = scatter(s.qp_nodes, self.weight * at_points / 3.0, s.n_nodes)
        return self.solver.solve(load)

    def mean(self, at_points: Array) -> float:
        """Average over the whole front, area-weighted with rate and |grad h|; NaN where there is no front."""
        total = float(self.weight.sum())
        return float((self.weight * at_points).sum() / total) if total > 0 else float("nan")


def front_mean(values: Array, xi: Array, spaces: Spaces) -> float:
    """Mean of nodal values (N,) over the front, weighted with xi (1 - xi); 0 where there is no front."""
    weight = spaces.mass * xi * (1.0 - xi)
    return float(np.sum(weight * values) / np.sum(weight)) if np.sum(weight) > 0 else 0.0
