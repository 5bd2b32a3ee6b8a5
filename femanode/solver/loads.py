r"""What holds a section and presses on it: supports, and the pressure of the surroundings.

A pressure p on the deformed surface has the potential p V, with V the volume that the outer surface encloses per
initial length of wire,

    V = integral of F33 over the enclosed area
      = stretch * loop integral of [(x dy - y dx)/2 + curvature_x x^2/2 dy - curvature_y y^2/2 dx].

Forces and stiffness are its first and second derivatives, so that the stiffness is symmetric and the pressure follows
the surface. On a symmetry line x = 0 or y = 0 the integrand vanishes: a sector needs no closing line. As V changes with
the stretch too, the pressure acts on the ends of the wire as well wherever its length is free.

Of an axisymmetric section, revolved about x = 0, V is the volume of the body, the loop integral of pi x^2 dy: the term
of curvature_x alone, with 2 pi in its place.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from femanode.mesh.spaces import Spaces
from femanode.numerics.arrays import Array, IntArray
from femanode.solver.axial import Axial

#: Corners and middle of each side of a six-node triangle, in the order of ``Spaces.cells``.
_SIDES = np.array([[0, 3, 1], [1, 4, 2], [2, 5, 0]])
#: Gauss points on [-1, 1], exact for the integrand of degree 5, and the three nodes' shape functions there.
_POINT, _WEIGHT = np.polynomial.legendre.leggauss(3)
_N = np.stack([0.5 * _POINT * (_POINT - 1.0), 1.0 - _POINT**2, 0.5 * _POINT * (_POINT + 1.0)])
_DN = np.stack([_POINT - 0.5, -2.0 * _POINT, _POINT + 0.5])


@dataclass(frozen=True)
class Enclosed:
    """Volume per initial length of wire within the outer surface, nm^2, and its derivatives.

    The unknowns of a side are x and y of its three nodes, alternating; those along the axis are the stretch and both
    curvatures.

    Attributes
    ----------
    volume : float
    nodal : (side, 6); axial : (3,)
        First derivatives.
    nodal2 : (side, 6, 6); mixed : (side, 3, 6); axial2 : (3, 3)
        Second derivatives.
    """

    volume: float
    nodal: Array
    axial: Array
    nodal2: Array
    mixed: Array
    axial2: Array


class Pressure:
    """Pressure of the surroundings on the outer surface of one mesh.

    Parameters
    ----------
    spaces : Spaces
    pressure : float
        GPa, positive inwards.
    """

    def __init__(self, spaces: Spaces, pressure: float) -> None:
        self.pressure = pressure
        outer = np.zeros(spaces.n_nodes, bool)
        outer[spaces.outer] = True
        self.side, self.cell = np.nonzero(outer[spaces.cells[3:]])
        #: Which of the element's twelve unknowns belong to each side, (side, 6), and its nodes, (3, side).
        self.local = np.stack([2 * _SIDES[self.side], 2 * _SIDES[self.side] + 1], axis=2).reshape(-1, 6)
        self.nodes: IntArray = spaces.cells[_SIDES[self.side].T, self.cell]
        a, b, c = (spaces.nodes[:, corner] for corner in spaces.cells[:3, self.cell])
        #: 1 where the side runs counter-clockwise about the section, otherwise -1.
        self.turn = np.sign((b[0] - a[0]) * (c[1] - a[1]) - (b[1] - a[1]) * (c[0] - a[0]))
        self._reference = spaces.nodes
        self._plane = 1.0 if spaces.hoop is None else 0.0

    def enclosed(self, u: Array, axial: Axial) -> Enclosed:
        """Volume and derivatives at a displacement (2, N)."""
        x, y = (self._reference + u)[:, self.nodes]  # (3, side)
        kx, ky = axial.curvature if self._plane else (2.0 * np.pi, 0.0)
        half = 0.5 * self._plane
        w = _WEIGHT[:, None] * self.turn
        X, Y, dX, dY = _N.T @ x, _N.T @ y, _DN.T @ x, _DN.T @ y  # (point, side)
        area, first = half * (X * dY - Y * dX), np.stack([0.5 * X**2 * dY, -0.5 * Y**2 * dX])
        straight = np.sum(w * area)
        moment = np.sum(w * first, axis=(1, 2))
        size = float(straight + kx * moment[0] + ky * moment[1])

        def on_nodes(by: Array, by_slope: Array) -> Array:
            """Derivatives by the three nodes' coordinates of one direction, (side, 3)."""
            return np.asarray((_N @ (w * by) + _DN @ (w * by_slope)).T)

        def interleaved(in_x: Array, in_y: Array) -> Array:
            return np.stack([in_x, in_y], axis=2).reshape(-1, 6)

        zero = np.zeros_like(X)
        gradient = interleaved(on_nodes(half * dY + kx * X * dY, -half * Y - 0.5 * ky * Y**2),
                               on_nodes(-half * dX - ky * Y * dX, half * X + 0.5 * kx * X**2))
        by_curvature = (interleaved(on_nodes(X * dY, zero), on_nodes(zero, 0.5 * X**2)),
                        interleaved(on_nodes(zero, -0.5 * Y**2), on_nodes(-Y * dX, zero)))
        second = np.empty((len(self.cell), 6, 6))
        second[:, 0::2, 0::2] = np.einsum("ap,bp,ps->sab", _N, _N, w * kx * dY)
        second[:, 1::2, 1::2] = -np.einsum("ap,bp,ps->sab", _N, _N, w * ky * dX)
        second[:, 0::2, 1::2] = (np.einsum("ap,bp,ps->sab", _N, _DN, w * (half + kx * X))
                                 - np.einsum("ap,bp,ps->sab", _DN, _N, w * (half + ky * Y)))
        second[:, 1::2, 0::2] = second[:, 0::2, 1::2].transpose(0, 2, 1)
        stretch = axial.stretch
        axial2 = np.zeros((3, 3))
        axial2[0, 1:] = axial2[1:, 0] = moment
        return Enclosed(volume=stretch * size, nodal=stretch * gradient, axial=np.array([size, *(stretch * moment)]),
                        nodal2=stretch * second,
                        mixed=np.stack([gradient, *(stretch * part for part in by_curvature)], axis=1), axial2=axial2)

    def resist(self, forces: Array, u: Array, axial: Axial) -> tuple[Array, Array]:
        """Nodal forces (elem, 12) with p dV/du added, and p dV by stretch and curvatures, (3,)."""
        at = self.enclosed(u, axial)
        forces = forces.copy()
        np.add.at(forces, (self.cell[:, None], self.local), self.pressure * at.nodal)
        return forces, self.pressure * at.axial

    def stiffen(self, Ke: Array, coupling: Array, axial2: Array, u: Array, axial: Axial) -> None:
        """Add p times the second derivatives of V to element matrices (elem, 12, 12) and their border, in place.

        ``coupling`` is (columns, 12, elem) and ``axial2`` (columns, columns), of the unknowns along the axis.
        """
        at, n, cell = self.enclosed(u, axial), len(coupling), self.cell[:, None, None]
        np.add.at(Ke, (cell, self.local[:, :, None], self.local[:, None, :]),
                  self.pressure * at.nodal2)
        np.add.at(coupling.transpose(2, 0, 1), (cell, np.arange(n)[:, None], self.local[:, None, :]),
                  self.pressure * at.mixed[:, :n])
        axial2 += self.pressure * at.axial2[:n, :n]


def supports(s: Spaces, sector: str) -> NDArray[np.bool_]:
    """Which of the 2N displacement components are held at zero, (2N,)."""
    fixed = np.zeros((s.n_nodes, 2), bool)
    fixed[s.x0, 0] = True
    fixed[s.y0, 1] = True
    radius = np.hypot(*s.nodes)  # distance from the axis, about which nothing is to turn
    if sector == "half":
        fixed[s.y0[np.argmin(radius[s.y0])], 0] = True
    if sector == "full":
        # The innermost node, and one far out along x against rotation: statically determinate, free of reactions.
        fixed[np.argmin(radius)] = True
        fixed[np.argmax(s.nodes[0] - np.abs(s.nodes[1])), 1] = True
    return fixed.ravel()


def unknowns_along(axial: str, sector: str) -> int:
    """Number of unknowns along the axis: none, the stretch, or the stretch and the curvatures the sector allows.

    A half is the mirror image of the other half about the x axis, so that it bends in x only.

    Raises
    ------
    ValueError
        Bending in a quarter, which cannot bend.
    """
    if axial == "bending" and sector == "quarter":
        raise ValueError("a quarter section cannot bend")
    return {"plane_strain": 0, "generalized": 1, "bending": 2 if sector == "half" else 3}[axial]
