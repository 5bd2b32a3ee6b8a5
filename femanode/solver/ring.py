"""Hoop stretch of an axisymmetric section: what it adds to nodal forces and element matrices.

The section is revolved about x = 0. A point at the radius r is on a ring, which its displacement u_r stretches to

    F33 = 1 + u_r/r,

with dF33/du the shape functions over r (:attr:`femanode.mesh.spaces.Spaces.hoop`) of the radial displacements. The
nodal forces gain P33 dF33/du, the element matrices the products of dF33/du with itself and with the in-plane terms; the
second derivatives of F33 are zero. Quadrature points never lie on the axis, where u_r/r would be 0/0.
"""

from __future__ import annotations

import numpy as np

from femanode.numerics.arrays import Array


def hoop_stretch(hoop: Array, u_r: Array) -> Array:
    """F33 (elem, qp) of radial displacements (6, elem) of the elements' nodes, nm."""
    return np.asarray(1.0 + np.einsum("keq,ke->eq", hoop, u_r))


def add_forces(hoop: Array, weight: Array, F33: Array, tau33: Array, forces: Array) -> None:
    """Add P33 dF33/du to nodal forces (elem, 12), in place; ``tau33`` (elem, qp) is the Kirchhoff hoop stress."""
    forces[:, 0::2] += np.einsum("keq,eq->ek", hoop, tau33 / F33 * weight)


def add_stiffness(hoop: Array, dN: Array, weight: Array, F: Array, F33: Array, tau33: Array, moduli: Array, Ke: Array,
                  ) -> None:
    """Add the derivatives of those forces to element matrices (elem, 12, 12), in place.

    Parameters
    ----------
    hoop, dN, weight : of :class:`femanode.mesh.spaces.Spaces`
    F, F33 : (2, 2, elem, qp), (elem, qp) deformation
    tau33 : (elem, qp)
        Hoop stress of the geometric terms.
    moduli : (10, elem, qp)
        Of :class:`femanode.constitutive.elastoplasticity.PointResponse`.
    """
    J = F[0, 0] * F[1, 1] - F[0, 1] * F[1, 0]
    gx = (dN[:, 0] * F[1, 1] - dN[:, 1] * F[1, 0]) / J
    gy = (dN[:, 1] * F[0, 0] - dN[:, 0] * F[0, 1]) / J
    c = moduli * (weight / F33)
    across = np.stack([c[6] * gx + c[8] * gy, c[7] * gy + c[8] * gx], axis=1).reshape(12, *J.shape)
    mixed = np.einsum("meq,keq->emk", across, hoop)
    Ke[:, :, 0::2] += mixed
    Ke[:, 0::2, :] += mixed.transpose(0, 2, 1)
    Ke[:, 0::2, 0::2] += np.einsum("eq,keq,leq->ekl", (moduli[9] - tau33) / F33**2 * weight, hoop, hoop, optimize=True)
