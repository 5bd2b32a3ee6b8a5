"""femanode's numpy law in the form other codes want: first Piola-Kirchhoff stress and its derivative by F."""

from __future__ import annotations

from typing import Any

import numpy as np
from swelling_front import HARDENING, NU, STRENGTH, E

from femanode.constitutive.elastoplasticity import Moduli, PointResponse
from femanode.verify.bench import moduli

PLANE = [(0, 0), (1, 1), (0, 1), (1, 0)]


def nominal(F: Any, response: PointResponse) -> tuple[Any, Any]:
    """First Piola-Kirchhoff stress (3, 3, ...) and its derivative by F (3, 3, 3, 3, ...), in-plane part."""
    t, c = response.tau, response.tangent
    if c is None:
        raise ValueError("no tangent")
    shape = t.shape[1:]
    tau = np.zeros((3, 3, *shape))
    tau[0, 0], tau[1, 1], tau[0, 1], tau[1, 0], tau[2, 2] = t[0], t[1], t[2], t[2], t[3]
    spatial = np.zeros((2, 2, 2, 2, *shape))
    table = {(0, 0): 0, (1, 1): 1, (0, 1): 2, (1, 0): 2}
    entries = {(0, 0): 0, (1, 1): 1, (0, 1): 2, (0, 2): 3, (1, 2): 4, (2, 2): 5}
    d = np.eye(2)
    for i, j in PLANE:
        for k, m in PLANE:
            a, b = sorted((table[i, j], table[k, m]))
            spin = tau[i, k] * d[j, m] + tau[i, m] * d[j, k] + tau[j, k] * d[i, m] + tau[j, m] * d[i, k]
            spatial[i, j, k, m] = c[entries[a, b]] - 0.5 * spin + tau[j, m] * d[i, k]
    inv = np.linalg.inv(F.transpose(2, 3, 0, 1)).transpose(2, 3, 0, 1)
    P = np.einsum("ij...,Jj...->iJ...", tau, inv)
    A = np.zeros((3, 3, 3, 3, *shape))
    A[:2, :2, :2, :2] = np.einsum("ijkl...,Jj...,Ll...->iJkL...", spatial, inv[:2, :2], inv[:2, :2], optimize=True)
    return P, A


def constants(shape: tuple[int, ...]) -> Moduli:
    """The benchmark's constants at points of any layout."""
    return moduli(E, NU, STRENGTH, HARDENING, shape=shape)
