"""What manufactured solutions are made with: differences of exact fields, a fine quadrature, the forces it gives."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import skfem

from femanode.constitutive.elastoplasticity import Moduli, respond
from femanode.mesh.spaces import Spaces, scatter
from femanode.numerics.arrays import Array
from femanode.verify.bench import unit_plastic

Field = Callable[[Array, Array], Array]


def gradient(f: Field, x: Array, y: Array, step: float) -> tuple[Array, Array]:
    """Fourth-order central differences of a smooth field."""
    def slope(dx: float, dy: float) -> Array:
        far = f(x + 2 * dx, y + 2 * dy) - f(x - 2 * dx, y - 2 * dy)
        return np.asarray((8 * (f(x + dx, y + dy) - f(x - dx, y - dy)) - far) / (12 * step))

    return slope(step, 0.0), slope(0.0, step)


def divergence(flux: Callable[[Array, Array], tuple[Array, Array]], x: Array, y: Array, step: float) -> Array:
    """Divergence of a smooth flux, likewise."""
    return (gradient(lambda a, b: flux(a, b)[0], x, y, step)[0]
            + gradient(lambda a, b: flux(a, b)[1], x, y, step)[1])


@dataclass(frozen=True)
class Fine:
    """A rule of sixth order on the elements of a mesh: shape functions, gradients, points and weights."""

    N: Array
    dN: Array
    xy: Array
    weight: Array

    @classmethod
    def of(cls, mesh: skfem.MeshTri2) -> Fine:
        """The rule on a quadratic mesh, whose nodes are numbered as in :func:`build_spaces`."""
        basis = skfem.Basis(mesh, skfem.ElementTriP2(), intorder=6)
        return cls(np.stack([np.asarray(basis.basis[k][0])[0] for k in range(6)]),
                   np.stack([basis.basis[k][0].grad for k in range(6)]),
                   np.asarray(basis.mapping.F(basis.X)), np.asarray(basis.dx))


def deformation(u: Callable[[Array, Array], tuple[Array, Array]], at: Array, step: float) -> Array:
    """Exact F (2, 2, ...) of a displacement field at positions ``at`` (2, ...)."""
    F = np.stack([np.stack(gradient(lambda a, b, i=i: u(a, b)[i], at[0], at[1], step)) for i in range(2)])  # type: ignore[misc]
    F[0, 0] += 1.0
    F[1, 1] += 1.0
    return F


def forces(s: Spaces, fine: Fine, F: Array, Jc: Array, law: Moduli) -> Array:
    """Nodal forces (2, N) that hold the exact stress in equilibrium: integral of P . grad N."""
    shape = Jc.shape
    tau = respond(F, 1.0, unit_plastic(shape), np.zeros(shape), Jc, law, 1.0, tangent=False).tau
    det = F[0, 0] * F[1, 1] - F[0, 1] * F[1, 0]
    inverse = np.stack([np.stack([F[1, 1], -F[0, 1]]), np.stack([-F[1, 0], F[0, 0]])]) / det
    stress = np.stack([np.stack([tau[0], tau[2]]), np.stack([tau[2], tau[1]])])
    P = np.einsum("ikeq,Jkeq->iJeq", stress, inverse)
    each = np.einsum("iJeq,kJeq,eq->ike", P, fine.dN, fine.weight)
    return np.stack([scatter(s.cells, part, s.n_nodes) for part in each])


def norms(s: Spaces, fine: Fine, u: Array, exact: Callable[[Array, Array], tuple[Array, Array]], step: float,
           ) -> tuple[float, float]:
    """Errors of the displacement in L2 and of its gradient (energy norm but for the moduli)."""
    got = np.einsum("ike,kq->ieq", u[:, s.cells], fine.N)
    off = got - np.stack(exact(*fine.xy))
    F = np.einsum("ike,kjeq->ijeq", u[:, s.cells], fine.dN)
    F[0, 0] += 1.0
    F[1, 1] += 1.0
    slopes = F - deformation(exact, fine.xy, step)
    return (float(np.sqrt(np.sum(off**2 * fine.weight))), float(np.sqrt(np.sum(slopes**2 * fine.weight))))
