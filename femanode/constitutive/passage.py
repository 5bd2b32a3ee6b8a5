r"""Swelling of material while a coherent front passes it.

Where host and product stay joined, the deformation gradient can jump across the front only by a dyad a (x) N with the
front's normal N (Hadamard's condition): the material swells along N, and its stretch along the front stays that of the
host. Isotropic swelling under this constraint needs plastic flow. The stress in both tangential directions then lies
one flow stress below the stress along the normal, 2/3 of the flow stress is dissipated per unit of swelling, and the
material leaves the front at yield, in tangential compression.

In a simulation the front has a numerical thickness, and its plastic flow must not be left to the increments of the time
steps. Within such a front the swelling of a point would overlap with the stretching that follows when material farther
in reacts, and the result would depend on the thickness. The functions of this module therefore give the plastic state
directly behind the jump. Flow after the front has passed starts from there.
"""

from __future__ import annotations

import numpy as np

from femanode.numerics.arrays import Array


def layer_dissipation(strength: Array) -> Array:
    """Energy dissipated by flow in the front, GPa per unit of swelling: 2/3 of the flow stress ``strength``, GPa.

    The flow is equibiaxial in the plane of the front.
    """
    return (2.0 / 3.0) * strength


def deformed_normal(F: Array, normal: Array) -> Array:
    """Unit normal (2, ...) of a surface after deformation, F^-T N normalised; zero where ``normal`` is.

    Parameters
    ----------
    F : (2, 2, ...) in-plane deformation gradient
    normal : (2, ...) unit normals before deformation, or zero
    """
    n = np.stack([F[1, 1] * normal[0] - F[1, 0] * normal[1], F[0, 0] * normal[1] - F[0, 1] * normal[0]])
    size = np.hypot(*n)  # size of a vector
    return np.asarray(n / np.where(size > 0.0, size, 1.0))


def normal_traction(tau: Array, n: Array) -> Array:
    """n . tau . n of Kirchhoff stresses (4, ...) and in-plane unit vectors (2, ...), GPa."""
    return np.asarray(tau[0] * n[0] ** 2 + tau[1] * n[1] ** 2 + 2.0 * tau[2] * n[0] * n[1])


def swollen(F: Array, n: Array, Cp_inv: Array, stretch: Array, strain: Array) -> Array:
    """Inverse plastic metric of material that has swollen along n only, its change of shape taken up by plastic flow.

    The result belongs to the deformation gradient (I + (stretch - 1) n n) F, that is, to F stretched along n. There the
    elastic strain has the deviator that it had at F with the old metric, plus the deviator of ``strain`` along n.

    Parameters
    ----------
    F : (2, 2, ...) in-plane deformation gradient before swelling
    n : (2, ...) deformed unit normal of the front; zero leaves the metric as it is
    Cp_inv : (4, ...) inverse plastic metric before, components 11, 22, 12, 33, determinant 1
    stretch : (...) ratio by which material grows along n, elastic volume change included
    strain : (...) elastic logarithmic strain along n, of which the deviator is added

    Returns
    -------
    (4, ...) with determinant 1
    """
    det = F[0, 0] * F[1, 1] - F[0, 1] * F[1, 0]
    back = np.stack([F[1, 1] * n[0] - F[0, 1] * n[1], F[0, 0] * n[1] - F[1, 0] * n[0]]) / det
    along = np.stack([n[0] * F[0, 0] + n[1] * F[1, 0], n[0] * F[0, 1] + n[1] * F[1, 1]])
    # F^-1 [I + (e^strain/stretch - 1) n n] F
    k = np.exp(strain) / stretch - 1.0
    g11, g12 = 1.0 + k * back[0] * along[0], k * back[0] * along[1]
    g21, g22 = k * back[1] * along[0], 1.0 + k * back[1] * along[1]
    moved = (n[0] ** 2 + n[1] ** 2) > 0.0
    scale = np.where(moved, (stretch * np.exp(-strain)) ** (2.0 / 3.0), 1.0)
    c11, c22, c12, c33 = Cp_inv
    return np.stack([scale * (g11 * g11 * c11 + 2.0 * g11 * g12 * c12 + g12 * g12 * c22),
                     scale * (g21 * g21 * c11 + 2.0 * g21 * g22 * c12 + g22 * g22 * c22),
                     scale * (g11 * g21 * c11 + (g11 * g22 + g12 * g21) * c12 + g12 * g22 * c22), scale * c33])
