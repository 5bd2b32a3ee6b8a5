"""Compiled loops of :mod:`femanode.solver.ring`: what the hoop stretch of an axisymmetric section adds, in place.

Letters as in :mod:`femanode.solver.element_loops`.
"""

from __future__ import annotations

import numpy as np

from femanode.numerics.arrays import Array
from femanode.numerics.compiled import compiled


@compiled
def add_ring_forces(begin: int, end: int, hoop: Array, weight: Array, F33: Array, tau: Array, forces: Array) -> None:
    """Add to ``forces`` (elem, 12) those of the hoop stress; see :func:`femanode.solver.ring.add_forces`."""
    for e in range(begin, end):
        for q in range(weight.shape[1]):
            force = tau[3, e, q] / F33[e, q] * weight[e, q]
            for k in range(6):
                forces[e, 2 * k] += force * hoop[k, e, q]


@compiled
def add_ring_stiffness(begin: int, end: int, hoop: Array, dN: Array, weight: Array, F: Array, F33: Array, tau33: Array,
                       moduli: Array, Ke: Array) -> None:
    """Add to ``Ke`` (elem, 12, 12) the stiffness of the rings; see :func:`femanode.solver.ring.add_stiffness`."""
    across = np.empty(12)
    for e in range(begin, end):
        for q in range(weight.shape[1]):
            a, b, c, d = F[0, 0, e, q], F[0, 1, e, q], F[1, 0, e, q], F[1, 1, e, q]
            z, inv = F33[e, q], 1.0 / (a * d - b * c)
            w = weight[e, q] / z
            c6, c7, c8 = moduli[6, e, q] * w, moduli[7, e, q] * w, moduli[8, e, q] * w
            along = (moduli[9, e, q] - tau33[e, q]) / z * w
            for k in range(6):
                rx, ry = dN[k, 0, e, q], dN[k, 1, e, q]
                gx, gy = (rx * d - ry * c) * inv, (ry * a - rx * b) * inv
                across[2 * k], across[2 * k + 1] = c6 * gx + c8 * gy, c7 * gy + c8 * gx
            for k in range(6):
                h, i = hoop[k, e, q], 2 * k
                for n in range(12):
                    Ke[e, n, i] += across[n] * h
                    Ke[e, i, n] += across[n] * h
                for n in range(6):
                    Ke[e, i, 2 * n] += along * h * hoop[n, e, q]
