"""Anderson's mixing: from a plain iteration x -> g(x) to one that converges where that one does not."""

from __future__ import annotations

import numpy as np

from femanode.numerics.arrays import Array


class Anderson:
    """Mixes the last iterates so that the residual g(x) - x of the mixture, taken as linear, is smallest.

    Parameters
    ----------
    depth : int
        How many differences of iterates are kept.
    first : float
        Share of the first residual that is taken over, when there is nothing to mix yet.

    Notes
    -----
    D. G. Anderson 1965; written as by H. F. Walker and P. Ni 2011 (type II), without damping.
    """

    def __init__(self, depth: int, first: float = 1.0) -> None:
        self.depth, self.first = depth, first
        self._x: list[Array] = []
        self._residual: list[Array] = []

    def next(self, x: Array, g: Array, weight: Array) -> Array:
        """The next iterate (N,), from the last one ``x`` and what it led to, ``g``; residuals are scaled by ``weight``.

        All arguments are (N,).
        """
        self._x.append(x)
        self._residual.append(g - x)
        self._x, self._residual = self._x[-self.depth - 1:], self._residual[-self.depth - 1:]
        if len(self._x) == 1:
            return x + self.first * (g - x)
        dx, dr = np.diff(self._x, axis=0), np.diff(self._residual, axis=0)
        share = np.linalg.lstsq((weight * dr).T, weight * self._residual[-1], rcond=1e-10)[0]
        return np.asarray(g - share @ (dx + dr))
