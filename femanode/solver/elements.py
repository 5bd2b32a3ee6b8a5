"""Point law, forces and stiffness of all elements of one mesh.

There are two implementations of the same equations: :class:`Elements` in numpy, on whole arrays, and
:class:`CompiledElements` with the loops of :mod:`femanode.solver.element_loops`, used where numba is installed.
"""

from __future__ import annotations

import dataclasses

import numpy as np

from femanode.constitutive.elastoplasticity import Moduli, PointResponse, respond
from femanode.constitutive.flowdirection import AWAITING, Flow, turn
from femanode.mesh.spaces import Spaces
from femanode.numerics import compiled
from femanode.numerics.arrays import Array
from femanode.solver import ring
from femanode.solver.axial import Axial, Stretch, bending_forces, bending_stiffness, stretch_at


class Elements:
    """Element loops in numpy.

    Parameters
    ----------
    spaces : Spaces
    """

    name = "numpy"

    def __init__(self, spaces: Spaces) -> None:
        self.spaces = spaces

    def deformation(self, u: Array) -> Array:
        """In-plane deformation gradient (2, 2, elem, qp) of nodal displacements u (2, N)."""
        s = self.spaces
        F = np.einsum("ike,kjeq->ijeq", u[:, s.cells], s.dN, optimize=True)
        F[0, 0] += 1.0
        F[1, 1] += 1.0
        return F

    def stretch(self, u: Array, axial: Axial, *, bends: bool = False) -> Stretch:
        """See :func:`femanode.solver.axial.stretch_at`."""
        return stretch_at(self.spaces, u, axial, bends=bends)

    def respond(self, F: Array, stretch: Stretch, Cp_inv_n: Array, eqps_n: Array, Jc: Array, law: Moduli, dt: float,
                ) -> tuple[PointResponse, Array]:
        """Response at the points, with tangent, and the nodal forces (elem, 12) of every element, nN/nm.

        The forces are good until the next call.
        """
        response, forces = self._respond(F, stretch.F33, Cp_inv_n, eqps_n, Jc, law, dt)
        if self.spaces.hoop is not None:
            self._add_ring_forces(self.spaces.hoop, stretch.F33, response.tau, forces)
        if not stretch.axial.straight:
            forces = forces + bending_forces(self.spaces, stretch, response.tau[3])
        return response, forces

    def _respond(self, F: Array, F33: Array, Cp_inv_n: Array, eqps_n: Array, Jc: Array, law: Moduli, dt: float,
                 ) -> tuple[PointResponse, Array]:
        """Response, and the forces of the in-plane stress."""
        response = respond(F, F33, Cp_inv_n, eqps_n, Jc, law, dt)
        return response, element_forces(self.spaces, F, response.tau)

    def turn(self, response: PointResponse, eqps_n: Array, Jc: Array, law: Moduli, last: Flow | None,
             ) -> tuple[Array, Flow]:
        """See :func:`femanode.constitutive.flowdirection.turn`; the old tangent and ``last`` may be overwritten."""
        return turn(response, eqps_n, Jc, law, last)

    def stiffness(self, F: Array, stretch: Stretch, response: PointResponse, *, calm: bool,
                  ) -> tuple[Array, Array, Array]:
        """Element matrices (elem, 12, 12) and their border of axial unknowns.

        Parameters
        ----------
        calm : bool
            Geometric terms of :func:`calmed` stress in place of the consistent tangent.

        Returns
        -------
        Ke : (elem, 12, 12); coupling : (columns, 12, elem); axial : (columns, columns)
            One column for the stretch where the wire stays straight, otherwise three for stretch and curvatures. The
            arrays are good until the next call.
        """
        Ke, coupling, K33 = self._stiffness(F, stretch.F33, response, calm=calm)
        if self.spaces.hoop is not None and response.tangent is not None:
            tau33 = (calmed(response.tau) if calm else response.tau)[3]
            self._add_ring_stiffness(self.spaces.hoop, F, stretch.F33, tau33, response.tangent, Ke)
        if stretch.position is None:
            return Ke, coupling[None], np.array([[K33]])
        tau = calmed(response.tau) if calm else response.tau
        added, columns, axial = bending_stiffness(self.spaces, F, stretch, response, tau[3])
        return Ke + added, columns, axial

    def _stiffness(self, F: Array, F33: Array, response: PointResponse, *, calm: bool) -> tuple[Array, Array, float]:
        """Element matrices at fixed F33, coupling (12, elem) to a uniform change of F33 and its axial stiffness."""
        tau = calmed(response.tau) if calm else response.tau
        return element_stiffness(self.spaces, F, F33, response, tau)

    def _add_ring_forces(self, hoop: Array, F33: Array, tau: Array, forces: Array) -> None:
        """See :func:`femanode.solver.ring.add_forces`."""
        ring.add_forces(hoop, self.spaces.weight, F33, tau[3], forces)

    def _add_ring_stiffness(self, hoop: Array, F: Array, F33: Array, tau33: Array, moduli: Array, Ke: Array) -> None:
        """See :func:`femanode.solver.ring.add_stiffness`."""
        ring.add_stiffness(hoop, self.spaces.dN, self.spaces.weight, F, F33, tau33, moduli, Ke)


class CompiledElements(Elements):
    """Element loops compiled, shared between threads."""

    name = "numba"

    def __init__(self, spaces: Spaces) -> None:
        from femanode.solver import element_loops, ring_loops

        super().__init__(spaces)
        self._loops, self._ring_loops = element_loops, ring_loops
        self._cells = np.ascontiguousarray(spaces.cells)
        self._dN = compiled.readable(spaces.dN, spaces.dN.shape)
        self._weight = compiled.readable(spaces.weight, spaces.weight.shape)
        n = self._count = spaces.weight.shape[0]
        self._forces, self._axial = np.empty((n, 12)), np.empty(n)
        self._Ke: Array | None = None

    def deformation(self, u: Array) -> Array:
        F = np.empty((2, 2, *self._weight.shape))
        compiled.share(self._loops.deform, self._count, compiled.readable(u, u.shape), self._cells, self._dN, F)
        return F

    def _respond(self, F: Array, F33: Array, Cp_inv_n: Array, eqps_n: Array, Jc: Array, law: Moduli, dt: float,
                 ) -> tuple[PointResponse, Array]:
        shape = self._weight.shape
        constants = [compiled.readable(getattr(law, f.name), shape) for f in dataclasses.fields(law)]
        tau, Cp_inv, tangent = np.empty((4, *shape)), np.empty((4, *shape)), np.empty((10, *shape))
        mean, eqps = np.empty(shape), np.empty(shape)
        compiled.share(self._loops.respond, self._count, self._dN, self._weight, F, compiled.readable(F33, shape),
                       compiled.readable(Cp_inv_n, (4, *shape)), compiled.readable(eqps_n, shape),
                       compiled.readable(Jc, shape), *constants, float(dt), tau, mean, Cp_inv, eqps, tangent,
                       self._forces, least=200)
        return PointResponse(tau=tau, mean_mandel=mean, Cp_inv=Cp_inv, eqps=eqps, tangent=tangent), self._forces

    def turn(self, response: PointResponse, eqps_n: Array, Jc: Array, law: Moduli, last: Flow | None,
             ) -> tuple[Array, Flow]:
        # The loop writes into the arrays made for the response and for the last call, which saves copies of them.
        if response.tangent is None:
            raise ValueError("response without tangent")
        shape = self._weight.shape
        flow = Flow(strain=np.empty((4, *shape)), direction=np.empty((4, *shape))) if last is None else last
        given = [compiled.readable(values, shape) for values in (eqps_n, Jc, law.K, law.G, law.sigma_Y, law.H)]
        compiled.share(self._loops.turn, self._count, response.tau, response.mean_mandel, response.eqps, *given,
                       AWAITING, last is None, flow.strain, flow.direction, response.tangent)
        return response.tangent, flow

    def _stiffness(self, F: Array, F33: Array, response: PointResponse, *, calm: bool) -> tuple[Array, Array, float]:
        if response.tangent is None:
            raise ValueError("response without tangent")
        if self._Ke is None:
            self._Ke, self._coupling = np.empty((self._count, 12, 12)), np.empty((self._count, 12))
        compiled.share(self._loops.stiffen, self._count, self._dN, self._weight, F,
                       compiled.readable(F33, self._weight.shape), response.tau, response.tangent, calm, self._Ke,
                       self._coupling, self._axial, least=200)
        return self._Ke, self._coupling.T, float(self._axial.sum())

    def _add_ring_forces(self, hoop: Array, F33: Array, tau: Array, forces: Array) -> None:
        compiled.share(self._ring_loops.add_ring_forces, self._count, compiled.readable(hoop, hoop.shape), self._weight,
                       compiled.readable(F33, F33.shape), tau, forces)

    def _add_ring_stiffness(self, hoop: Array, F: Array, F33: Array, tau33: Array, moduli: Array, Ke: Array) -> None:
        compiled.share(self._ring_loops.add_ring_stiffness, self._count, compiled.readable(hoop, hoop.shape), self._dN,
                       self._weight, F, compiled.readable(F33, F33.shape), compiled.readable(tau33, F33.shape), moduli,
                       Ke, least=200)


def make_elements(spaces: Spaces) -> Elements:
    """Compiled loops where numba is installed and wanted, numpy otherwise."""
    return CompiledElements(spaces) if compiled.available() else Elements(spaces)


def element_forces(s: Spaces, F: Array, tau: Array) -> Array:
    """Nodal forces (elem, 12) of the Kirchhoff stress tau (4, elem, qp), per thickness: nN/nm."""
    inv = _inverse(F)
    P = np.stack([np.stack([tau[0] * inv[J, 0] + tau[2] * inv[J, 1], tau[2] * inv[J, 0] + tau[1] * inv[J, 1]])
                  for J in range(2)], axis=1)  # (i, J, elem, qp)
    return np.einsum("iJeq,kJeq,eq->eki", P, s.dN, s.weight, optimize=True).reshape(-1, 12)


def calmed(tau: Array) -> Array:
    """Stress (4, elem, qp) whose mean is cut to the norm of its deviator.

    Swelling that the displacement has not followed yet gives pressures of many times the strength. In the geometric
    terms of the tangent they would make rotations of elements unstable, and Newton's method would diverge.
    """
    mean = (tau[0] + tau[1] + tau[3]) / 3.0
    dev = tau.copy()
    dev[[0, 1, 3]] -= mean
    limit = np.sqrt(dev[0] ** 2 + dev[1] ** 2 + dev[3] ** 2 + 2.0 * dev[2] ** 2)
    dev[[0, 1, 3]] += np.clip(mean, -limit, limit)
    return dev


def element_stiffness(s: Spaces, F: Array, F33: Array, response: PointResponse, tau: Array,
                      ) -> tuple[Array, Array, float]:
    """Element matrices (elem, 12, 12) at fixed F33, coupling (12, elem) to a uniform change of F33, axial stiffness.

    ``tau`` (4, elem, qp) is the stress of the geometric terms: the response's own for the consistent tangent.
    """
    c = response.tangent
    if c is None:
        raise ValueError("response without tangent")
    t = tau
    c = c.copy()
    c[0] -= 2.0 * t[0]
    c[1] -= 2.0 * t[1]
    c[3] -= t[2]
    c[4] -= t[2]
    c[5] -= 0.5 * (t[0] + t[1])
    c[9] -= 2.0 * t[3]
    g = np.einsum("kjeq,jieq->kieq", s.dN, _inverse(F), optimize=True)  # spatial gradients (6, 2, elem, qp)
    w = s.weight
    n_elem, n_qp = w.shape
    B = np.zeros((n_elem, n_qp, 3, 12))
    gt = np.moveaxis(g, (2, 3), (0, 1))  # (elem, qp, 6, 2)
    B[:, :, 0, 0::2] = gt[..., 0]
    B[:, :, 1, 1::2] = gt[..., 1]
    B[:, :, 2, 0::2] = gt[..., 1]
    B[:, :, 2, 1::2] = gt[..., 0]
    order = ((0, 2, 3), (2, 1, 4), (3, 4, 5))
    D = np.stack([np.stack([c[order[i][j]] * w for j in range(3)], axis=-1) for i in range(3)], axis=-2)
    DB = D @ B
    flat = (n_elem, 3 * n_qp, 12)
    Ke = np.matmul(B.reshape(flat).transpose(0, 2, 1), DB.reshape(flat))
    T = np.stack([np.stack([t[0], t[2]], -1), np.stack([t[2], t[1]], -1)], -2) * w[..., None, None]
    gT = gt @ T
    geometric = np.matmul(gt.transpose(0, 2, 1, 3).reshape(n_elem, 6, -1),
                          gT.transpose(0, 1, 3, 2).reshape(n_elem, -1, 6))
    Ke[:, 0::2, 0::2] += geometric
    Ke[:, 1::2, 1::2] += geometric
    out33 = np.stack([c[6], c[7], c[8]], axis=-1) * (w / F33)[..., None]
    coupling = np.einsum("eqrk,eqr->ke", B, out33, optimize=True)
    K33 = float(np.sum((c[9] + t[3]) / F33**2 * w))
    return Ke, coupling, K33


def det(F: Array) -> Array:
    """Determinant of in-plane F (2, 2, ...)."""
    return F[0, 0] * F[1, 1] - F[0, 1] * F[1, 0]


def _inverse(F: Array) -> Array:
    return np.stack([np.stack([F[1, 1], -F[0, 1]]), np.stack([-F[1, 0], F[0, 0]])]) / det(F)
