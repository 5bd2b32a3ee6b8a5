"""The solvers of one section, and the laws that connect them: content, swelling, and the stress on the front."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from femanode.constitutive.chemistry import Chemistry
from femanode.constitutive.elastoplasticity import Moduli
from femanode.constitutive.kinetics import Interface
from femanode.constitutive.mixture import Mixture
from femanode.constitutive.passage import deformed_normal, layer_dissipation, normal_traction, swollen
from femanode.constitutive.swelldirection import strained
from femanode.constitutive.swelling import conversion
from femanode.mesh.spaces import Spaces
from femanode.numerics.arrays import Array
from femanode.solver.ahead import Ahead, host_stress
from femanode.solver.applied import FULL_ACTIVITY, Applied
from femanode.solver.front import Front
from femanode.solver.mechanics import Equilibrium, Mechanics
from femanode.solver.state import State
from femanode.solver.surfacefilm import SurfaceFilm
from femanode.solver.transport import Transport


@dataclass(frozen=True)
class Physics:
    """The solvers of one section, and the laws that connect them.

    ``applied`` holds what is applied outside the surface in each step of the protocol. ``carrier_volume`` is the
    partial molar volume of the carriers over their charge, V/GPa, by which stress acts on them; 0 where it does not.
    ``film`` says how a film on the surface changes; None where it does not. ``interface`` is that of a front with an
    energy of its own. ``ahead`` is set where the stress of the host ahead of the front changes its rate.
    """

    spaces: Spaces
    mechanics: Mechanics
    front: Front
    transport: Transport
    mixture: Mixture
    applied: tuple[Applied, ...] = (FULL_ACTIVITY,)
    carrier_volume: float = 0.0
    film: SurfaceFilm | None = None
    interface: Interface | None = None
    ahead: Ahead | None = None

    @property
    def chemistry(self) -> Chemistry:
        """Content of the reacted phase as a function of its activity."""
        return self.transport.chemistry

    @property
    def diffusivity_at_front(self) -> float:
        """Diffusivity of the phase that the front forms, nm^2/s, for lengths of the section as grown.

        Where it holds for lengths as swollen, this is D/J^2, that of a flat film, which swells along its normal alone.
        """
        formed = np.array([self.chemistry.at_front])
        D = float(self.transport.diffusivity(formed)[0])
        return D / float(self.mixture.volume_ratio(formed)[0]) ** 2 if self.transport.deformed else D

    def shift(self, point_stress: Array) -> Array:
        """Share of the carriers' level (N,) that is due to mean Mandel stress at the quadrature points (elem, qp)."""
        return self.chemistry.shift(self.spaces.to_nodes(point_stress), self.carrier_volume)

    def content_at_nodes(self, state: State) -> Array:
        """Carrier content C at the nodes, (N,)."""
        return conversion(state.xi, self.front.start) * self.chemistry.content(state.c)

    def content_at_points(self, xi: Array, c: Array) -> tuple[Array, Array]:
        """Converted fraction h and content C at the quadrature points, (elem, qp), from nodal xi and level c.

        c is the level without the share of stress, as :attr:`femanode.solver.state.State.c`.

        Both vary linearly within an element, as its strains do. With content constant in each element, partly converted
        elements would be pressed against their own shape and the product would flow for it; with two elements across
        the front's half-thickness this took an eighth of the energy of the reaction.
        """
        h = conversion(xi, self.front.start)
        spaces = self.spaces
        return spaces.at_reacting_points(h), spaces.at_reacting_points(h * self.chemistry.content(c))

    def moduli(self, h: Array, C: Array) -> Moduli:
        """Elastic constants and flow stress at the quadrature points from converted fraction and content (elem, qp)."""
        return self.mixture.moduli(h, C, self.spaces.region)

    def swelling(self, C: Array) -> Array:
        """Stress-free volume ratio Jc at the quadrature points, (elem, qp), from content C (elem, qp)."""
        return self.mixture.volume_ratio(C, self.spaces.region)

    def volume_ratio(self, xi: Array, c: Array) -> Array:
        """Stress-free volume ratio Jc at the quadrature points, (elem, qp), from nodal xi and activity c."""
        return self.swelling(self.content_at_points(xi, c)[1])

    def converted_fraction(self, xi: Array) -> float:
        """Converted fraction of the section's area: integral of h divided by the area."""
        mass = self.spaces.mass
        return float(np.sum(mass * conversion(xi, self.front.start)) / mass.sum())

    def product(self, c: Array, eqps: Array) -> tuple[Moduli, Array]:
        """Constants and flow stress (GPa), (elem, qp), of fully reacted material at activity c (N,).

        The flow stress includes hardening by ``eqps`` (elem, qp) but no dependence on rate, as it is meant for the flow
        within the front, where the rate of strain depends on a numerical thickness.
        """
        full = self.spaces.at_points(self.chemistry.content(c))
        law = self.moduli(np.ones_like(full), full)
        return law, np.asarray(law.sigma_Y + law.H * eqps)

    def driving_stress(self, xi: Array, c: Array, eq: Equilibrium) -> Array:
        """Stress that drives the front, (elem, qp), GPa: n.M.n - 2/3 of the product's flow stress.

        Its negative is the work per unit of swelling that the front does against stress. The first term is for swelling
        along the normal n, M the Mandel stress; the second for the plastic flow by which material keeps its stretch
        along the front (:mod:`femanode.constitutive.passage`).
        """
        n = deformed_normal(eq.F, self.spaces.vector_at_points(self.front.normals(xi)))
        strength = self.product(c, eq.response.eqps)[1]
        return normal_traction(eq.response.tau, n) / self.volume_ratio(xi, c) - self.layer(strength, eq.F, xi)

    def host_stress(self, xi: Array, eq: Equilibrium) -> Array:
        """Mean stress of the host just ahead of the front, (N,), GPa; 0 where the rate does not depend on it."""
        if self.ahead is None:
            return np.zeros_like(xi)
        return host_stress(self.front, xi, eq.response.mean_mandel)

    def rate_factor(self, stress: Array) -> Array:
        """Factor (N,) of the front's rate from the mean stress (N,), GPa, of the host ahead of it."""
        return np.ones_like(stress) if self.ahead is None else self.ahead.factor(stress)

    def speed(self, state: State, activity: Array | None = None) -> Array:
        """Speed of the front (N,), nm/s, in a state, or as it would be there at another averaged ``activity`` (N,)."""
        front = self.front
        return front.speed(front.normals(state.xi), state.front_stress,
                           state.activity if activity is None else activity, self.rate_factor(state.host_stress))

    def growth(self, c: Array) -> Array:
        """Volume that reaction at level c (N,) adds, over that of the host, at the quadrature points (elem, qp)."""
        return self.swelling(self.spaces.at_points(self.chemistry.content(c))) - 1.0

    def layer(self, strength: Array, F: Array, xi: Array) -> Array:
        """Energy that flow within the front dissipates per unit of swelling, GPa, for a flow stress (elem, qp).

        ``F`` (2, 2, elem, qp) and the normals of the extent ``xi`` (N,) count where swelling has a direction.
        """
        shares = self.mixture.shares
        if shares is None:
            return layer_dissipation(strength)
        n = deformed_normal(F, self.spaces.vector_at_points(self.front.normals(xi)))
        return strength * shares.flow(F, n)[0]

    def swelling_stress(self, eq: Equilibrium, xi: Array, c: Array) -> Array:
        """Stress (elem, qp) that does work on swelling, GPa: the mean Mandel stress where it is isotropic."""
        shares = self.mixture.shares
        if shares is None:
            return eq.response.mean_mandel
        return shares.stress(eq.F, eq.response.tau, self.volume_ratio(xi, c))

    def filled(self, state: State, c: Array) -> Array:
        """Inelastic metric (4, elem, qp) after the content behind the front has changed with the activity to ``c``."""
        shares = self.mixture.shares
        if shares is None:
            return state.Cp_inv
        return shares.reshaped(state.Cp_inv, self.volume_ratio(state.xi, c) / self.volume_ratio(state.xi, state.c))

    def passed(self, state: State, xi: Array, c: Array) -> Array:
        """Inverse plastic metric (4, elem, qp) after the step's reaction and before equilibrium.

        Points that react swell along the front's normal. So does their elastic change of volume: under the traction
        that the front bears, the volume changes with the bulk modulus, which goes from the host's to the product's.

        Parameters
        ----------
        state : State
            At the start of the step.
        xi, c : (N,) extent and activity at its end
        """
        (h_n, C_n), (h, C) = self.content_at_points(state.xi, c), self.content_at_points(xi, c)
        gained = h - h_n
        reacting = np.flatnonzero(gained.max(axis=1) > 1e-9)
        if not len(reacting):
            return self.filled(state, c)

        def here(values: Array) -> Array:
            return np.broadcast_to(values, gained.shape)[reacting]

        whole = self.mechanics.deformation(state.u)
        F = whole[:, :, reacting]
        middle = 0.5 * (xi + state.xi)
        normal = self.spaces.vector_at_points(self.front.normals(middle))[:, reacting]
        n = np.where(here(gained) > 0.0, deformed_normal(F, normal), 0.0)
        law, strength = self.product(c, state.eqps)
        layer = self.layer(strength, whole, middle)
        borne = state.front_stress
        if self.interface is not None:  # no traction: the energy of the interface acts on the reaction alone
            borne = borne - self.interface.stress(state.curvature, self.spaces.to_nodes(self.growth(state.c)))
        traction = self.spaces.at_points(borne) + layer
        pressed = [here((traction - layer * share) / self.moduli(share, content_).K)
                   for share, content_ in ((h_n, C_n), (h, C))]
        grown = here(self.swelling(C) / self.swelling(C_n))
        stretch = np.maximum(grown, 1.0) * np.exp(pressed[1] - pressed[0])
        # The part that has just reacted comes out of the front at yield, compressed along it; the point's stress is the
        # mean of its parts, so that its strain changes by the share that has reacted.
        strain = here(gained * strength / (2.0 * law.G))
        metric, shares = self.filled(state, c).copy(), self.mixture.shares
        if shares is None:
            metric[:, reacting] = swollen(F, n, metric[:, reacting], stretch, strain)
            return metric
        passed = swollen(F, n, metric[:, reacting], stretch, np.zeros_like(strain))
        nn = np.stack([np.stack([n[0] * n[0], n[0] * n[1]]), np.stack([n[0] * n[1], n[1] * n[1]])])
        grown_F = F + (stretch - 1.0) * np.einsum("ikeq,kjeq->ijeq", nn, F)
        metric[:, reacting] = strained(grown_F, passed, strain * shares.flow(F, n)[1])
        return metric

