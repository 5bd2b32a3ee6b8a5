"""femanode's numpy law in the form other codes want: first Piola-Kirchhoff stress and its derivative by F."""

from __future__ import annotations

from typing import Any

import numpy as np
from swelling_front import HARDENING, NU, STRENGTH, E

from femanode.constitutive.elastoplasticity import Moduli, PointResponse

PLANE = [(0, 0), (1, 1), (0, 1), (1, 0)]


def nominal(F: Any, response: PointResponse) -> tuple[Any, Any]:
    """First Piola-Kirchhoff stress (3, 3, ...) and its derivative by F (3, 3, 3, 3, ...), in-plane part.

    Written out by components: a general inverse and contraction take ten times as long, more than the law itself.
    """
    t, c = response.tau, response.tangent
    if c is None:
        raise ValueError("no tangent")
    shape = t.shape[1:]
    det = F[0, 0] * F[1, 1] - F[0, 1] * F[1, 0]
    inv = ((F[1, 1] / det, -F[0, 1] / det), (-F[1, 0] / det, F[0, 0] / det))
    tau = ((t[0], t[2]), (t[2], t[1]))
    P = np.zeros((3, 3, *shape))
    spatial = np.zeros((2, 2, 2, 2, *shape))
    table = {(0, 0): 0, (1, 1): 1, (0, 1): 2, (1, 0): 2}
    entries = {(0, 0): 0, (1, 1): 1, (0, 1): 2, (0, 2): 3, (1, 2): 4, (2, 2): 5}
    d = np.eye(2)
    for i, j in PLANE:
        P[i, j] = tau[i][0] * inv[j][0] + tau[i][1] * inv[j][1]
        for k, m in PLANE:
            a, b = sorted((table[i, j], table[k, m]))
            spin = tau[i][k] * d[j, m] + tau[i][m] * d[j, k] + tau[j][k] * d[i, m] + tau[j][m] * d[i, k]
            spatial[i, j, k, m] = c[entries[a, b]] - 0.5 * spin + tau[j][m] * d[i, k]
    P[2, 2] = t[3] / F[2, 2]
    A = np.zeros((3, 3, 3, 3, *shape))
    for J in range(2):
        half = spatial[:, 0] * inv[J][0] + spatial[:, 1] * inv[J][1]
        for L in range(2):
            A[:2, J, :2, L] = half[:, :, 0] * inv[L][0] + half[:, :, 1] * inv[L][1]
    return P, A


def constants(shape: tuple[int, ...]) -> Moduli:
    """The benchmark's constants at points of any layout; from the law alone, which needs numpy and nothing else."""
    K, G = E / (3.0 * (1.0 - 2.0 * NU)), E / (2.0 * (1.0 + NU))
    return Moduli(*(np.full(shape, value) for value in (K, G, STRENGTH, HARDENING, 1.0, np.inf)))
