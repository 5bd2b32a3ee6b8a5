"""Explicit time steps for diffusion: Runge-Kutta-Chebyshev methods of second order."""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache

import numpy as np

from femanode.numerics.arrays import Array

#: Damping: the share by which every stage is short of marginal stability.
DAMPING = 2.0 / 13.0


@dataclass(frozen=True)
class Stages:
    """Coefficients of a step of length h with several stages, each (stages + 1,), and what they are stable for.

    With F the rate of change and y the value at the beginning, stage 1 adds d(1) = slope[1] h F(y) to y; from stage 2
    on stage j adds last[j] d(j-1) + before[j] d(j-2) + slope[j] h F(y + d(j-1)) + first[j] h F(y), with d(0) = 0. What
    the last stage adds is the step.

    Attributes
    ----------
    reach : h times the largest rate of decay for which the step is stable
    """

    last: Array
    before: Array
    slope: Array
    first: Array
    reach: float


@lru_cache(maxsize=64)
def stages(count: int) -> Stages:
    """The damped method of second order with ``count`` >= 2 stages, whose reach grows as their square.

    Source: B. P. Sommeijer, L. F. Shampine, J. G. Verwer, J. Comput. Appl. Math. 88 (1998) 315.
    """
    at = 1.0 + DAMPING / count**2
    # Chebyshev's polynomials at that place, and their first two derivatives.
    T, d, dd = (np.zeros(count + 1) for _ in range(3))
    T[:2], d[1] = (1.0, at), 1.0
    for j in range(2, count + 1):
        T[j] = 2.0 * at * T[j - 1] - T[j - 2]
        d[j] = 2.0 * T[j - 1] + 2.0 * at * d[j - 1] - d[j - 2]
        dd[j] = 4.0 * d[j - 1] + 2.0 * at * dd[j - 1] - dd[j - 2]
    b = np.empty(count + 1)
    b[2:] = dd[2:] / d[2:] ** 2
    b[:2] = b[2]
    scale = d[count] / dd[count]
    last, before, slope, first = (np.zeros(count + 1) for _ in range(4))
    slope[1] = b[1] * scale
    last[2:], before[2:] = 2.0 * b[2:] * at / b[1:-1], -b[2:] / b[:-2]
    slope[2:] = 2.0 * b[2:] * scale / b[1:-1]
    first[2:] = -(1.0 - b[1:-1] * T[1:-1]) * slope[2:]
    return Stages(last, before, slope, first, reach=2.0 / 3.0 * (count**2 - 1) * (1.0 - 2.0 / 15.0 * DAMPING))


def enough(reach: float) -> Stages:
    """The method with fewest stages, at least two, that is stable for ``reach``."""
    count = 2
    while stages(count).reach < reach:
        count += 1
    return stages(count)
