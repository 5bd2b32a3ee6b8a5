"""Stretch along the wire: one for the whole section, or varying linearly over it where the wire is bent.

With x the deformed place in the section,

    F33 = stretch (1 + curvature . x).

Stretch and curvature may be given or unknown. Where F33 varies, it depends on the displacement too. The energy
W(F(u), F33(u, stretch, curvature)) of an element then has nodal forces P33 dF33/du beside those of the in-plane
stress, and its second derivatives have the products of dF33/dq with one another and with the in-plane terms, and
P33 d2F33/dq dq', q being any two of the unknowns.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from femanode.constitutive.elastoplasticity import PointResponse
from femanode.mesh.spaces import Spaces
from femanode.numerics.arrays import Array
from femanode.numerics.linear import SingularMatrix
from femanode.solver.ring import hoop_stretch


@dataclass(frozen=True)
class Axial:
    """What strains the wire along its axis; differences and rates of it are of the same type.

    Attributes
    ----------
    stretch : of the fibre through the origin of the section
    curvature : of the deformed wire about the section's axes, 1/nm: F33 = stretch (1 + curvature . x)
    """

    stretch: float
    curvature: tuple[float, float] = (0.0, 0.0)

    @classmethod
    def of(cls, numbers: Sequence[float] | Array) -> Axial:
        """From as many of (stretch, curvature x, curvature y) as there are; the others are 0."""
        stretch, x, y = (*(float(v) for v in numbers), 0.0, 0.0, 0.0)[:3]
        return cls(stretch, (x, y))

    @property
    def numbers(self) -> tuple[float, float, float]:
        """(stretch, curvature x, curvature y)."""
        return (self.stretch, *self.curvature)

    @property
    def straight(self) -> bool:
        """Whether the stretch is the same all over the section."""
        return self.curvature == (0.0, 0.0)

    def at(self, position: Array) -> Array:
        """F33 (...) at deformed places (2, ...), nm."""
        x, y = self.curvature
        return np.asarray(self.stretch * (1.0 + (x * position[0] + y * position[1])))

    def __add__(self, other: Axial) -> Axial:
        return Axial.of([a + b for a, b in zip(self.numbers, other.numbers, strict=True)])

    def __sub__(self, other: Axial) -> Axial:
        return Axial.of([a - b for a, b in zip(self.numbers, other.numbers, strict=True)])

    def __mul__(self, factor: float) -> Axial:
        return Axial.of([a * factor for a in self.numbers])

    def __truediv__(self, divisor: float) -> Axial:
        return Axial.of([a / divisor for a in self.numbers])


#: Of a wire as it was made.
STRAIGHT = Axial(1.0)


@dataclass(frozen=True)
class Stretch:
    """F33 at the points (elem, qp), and what it comes from.

    ``position`` (2, elem, qp) are the points' deformed places, nm; None where the wire is straight and stays so.
    """

    axial: Axial
    F33: Array
    position: Array | None = None

    @property
    def slope(self) -> tuple[float, float]:
        """dF33/dx, 1/nm."""
        x, y = self.axial.curvature
        return self.axial.stretch * x, self.axial.stretch * y

    @property
    def levers(self) -> Array:
        """Derivatives (3, elem, qp) of F33 by stretch and curvatures; (1, elem, qp) where the wire stays straight."""
        if self.position is None:
            return np.ones((1, *self.F33.shape))
        return np.stack([Axial(1.0, self.axial.curvature).at(self.position), *(self.axial.stretch * self.position)])


def stretch_at(s: Spaces, u: Array, axial: Axial, *, bends: bool = False) -> Stretch:
    """Stretch at the points of a section displaced by u (2, N); of an axisymmetric one that of its rings.

    Parameters
    ----------
    bends : bool
        The curvatures are unknowns: their derivatives are needed even where they are 0.
    """
    if s.hoop is not None:
        return Stretch(axial, hoop_stretch(s.hoop, u[0, s.cells]))
    if axial.straight and not bends:
        return Stretch(axial, np.full(s.weight.shape, axial.stretch))
    position = np.einsum("ike,kq->ieq", (s.nodes + u)[:, s.cells], s.N)
    return Stretch(axial, axial.at(position), position)


def axial_resultants(s: Spaces, stretch: Stretch, tau33: Array) -> Array:
    """Forces that do work on stretch (nN) and curvatures (nN nm), (columns,) in the order of the levers."""
    force = tau33 / stretch.F33 * s.weight
    if stretch.position is None:
        return np.array([np.sum(force)])
    return np.asarray(np.einsum("aeq,eq->a", stretch.levers, force))


def bending_forces(s: Spaces, stretch: Stretch, tau33: Array) -> Array:
    """Nodal forces (elem, 12), nN/nm, of the axial stress on a stretch that varies over the section: P33 dF33/du."""
    force = tau33 / stretch.F33 * s.weight
    return np.einsum("eq,kq,i->eki", force, s.N, stretch.slope, optimize=True).reshape(-1, 12)


def bending_stiffness(s: Spaces, F: Array, stretch: Stretch, response: PointResponse, tau33: Array,
                      ) -> tuple[Array, Array, Array]:
    """What bending adds to the element matrices (elem, 12, 12), and the border of stretch and curvatures.

    Parameters
    ----------
    tau33 : (elem, qp)
        Axial Kirchhoff stress of the geometric terms.

    Returns
    -------
    added : (elem, 12, 12)
    coupling : (3, 12, elem); axial : (3, 3)
        Derivatives of the nodal forces by (stretch, curvature x, curvature y), and of the work-conjugate resultants.
    """
    if response.tangent is None or stretch.position is None:
        raise ValueError("bending needs the tangent and the places of the points")
    F33, w, levers, c = stretch.F33, s.weight, stretch.levers, response.tangent
    across = _across(s, F, c) * (w / F33)  # derivative of the nodal forces by F33 at each point (12, elem, qp)
    along = (c[9] - tau33) / F33**2 * w  # derivative of P33 by F33
    force = tau33 / F33 * w
    by_u = np.einsum("kq,i->kiq", s.N, stretch.slope).reshape(12, -1)  # dF33/du (12, qp)
    mixed = np.einsum("meq,nq->emn", across, by_u, optimize=True)
    added = mixed + mixed.transpose(0, 2, 1) + np.einsum("eq,mq,nq->emn", along, by_u, by_u, optimize=True)
    coupling = np.einsum("aeq,meq->ame", levers, across + along * by_u[:, None, :], optimize=True)
    axial = np.einsum("aeq,beq,eq->ab", levers, levers, along, optimize=True)
    # second derivatives of F33: by displacement and stretch, displacement and curvature, stretch and curvature
    nodal = np.einsum("kq,eq->ke", s.N, force)
    for i, curvature in enumerate(stretch.axial.curvature):
        coupling[0, i::2] += curvature * nodal
        coupling[1 + i, i::2] += stretch.axial.stretch * nodal
        axial[0, 1 + i] += np.sum(stretch.position[i] * force)
        axial[1 + i, 0] = axial[0, 1 + i]
    return added, coupling, axial


def _across(s: Spaces, F: Array, c: Array) -> Array:
    """Moduli (1133, 2233, 1233) on the spatial gradients of the shape functions, (12, elem, qp)."""
    J = F[0, 0] * F[1, 1] - F[0, 1] * F[1, 0]
    gx = (s.dN[:, 0] * F[1, 1] - s.dN[:, 1] * F[1, 0]) / J
    gy = (s.dN[:, 1] * F[0, 0] - s.dN[:, 0] * F[0, 1]) / J
    return np.stack([c[6] * gx + c[8] * gy, c[7] * gy + c[8] * gx], axis=1).reshape(12, *J.shape)


def solved_along(matrix: Array, rhs: Array) -> Array:
    """Solution of as many equations as there are unknowns along the axis; SingularMatrix where there is none."""
    if len(rhs) == 1:
        return np.asarray(rhs / matrix[0, 0])
    try:
        return np.asarray(np.linalg.solve(matrix, rhs), dtype=np.float64)
    except np.linalg.LinAlgError as error:
        raise SingularMatrix("linear solve of equilibrium: singular in the unknowns along the axis") from error
