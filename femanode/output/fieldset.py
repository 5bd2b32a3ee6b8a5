"""Fields of one state by their output names, at quadrature points and nodes.

Stresses are Cauchy; radial and hoop refer to the wire's axis in the deformed section. In an axisymmetric section, where
x is the radius r and y the axis z, they refer to the origin and lie in the section: the hoop stress runs along the
outline, from pole to equator. What is out of the section is the stress of the rings about the axis.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from functools import cached_property

import numpy as np

from femanode.numerics.arrays import Array
from femanode.output.sides import Sides
from femanode.solver.axial import Stretch
from femanode.solver.mechanics import Equilibrium
from femanode.solver.problem import Problem
from femanode.solver.state import State


@dataclass(frozen=True)
class FieldSet:
    """Lazily computed fields of one state.

    ``equilibrium`` is the solve that led to the state, where it is at hand.
    """

    problem: Problem
    state: State
    equilibrium: Equilibrium | None = None

    @cached_property
    def tau(self) -> tuple[Array, Array]:
        """Kirchhoff stress (4, elem, qp), GPa, and in-plane F: the solve's, or recomputed from the state alone."""
        if self.equilibrium is not None:
            return self.equilibrium.response.tau, self.equilibrium.F
        physics, state = self.problem.physics, self.state
        F = physics.mechanics.deformation(state.u)
        h, C = physics.content_at_points(state.xi, state.c)
        # With the committed plastic state the point law finds no flow: an elastic trial gives the stress as it was.
        law = physics.moduli(h, C)
        frozen = replace(law, sigma_Y=np.full_like(C, 1e6), reference_rate=np.full_like(C, np.inf))
        response, _ = physics.mechanics.elements.respond(F, self.stretch, state.Cp_inv, state.eqps,
                                                         physics.swelling(C), frozen, 1.0)
        return response.tau, F

    @cached_property
    def stretch(self) -> Stretch:
        """Axial stretch at the points."""
        return self.problem.physics.mechanics.stretch(self.state.u, self.state.axial)

    @cached_property
    def J(self) -> Array:
        """det F including the axial stretch, (elem, qp)."""
        F = self.tau[1]
        return (F[0, 0] * F[1, 1] - F[0, 1] * F[1, 0]) * self.stretch.F33

    @cached_property
    def sigma(self) -> Array:
        """Cauchy stress (4, elem, qp), GPa: xx, yy, xy, zz."""
        return self.tau[0] / self.J

    @cached_property
    def position(self) -> Array:
        """Deformed nodes (2, N), nm."""
        return self.problem.physics.spaces.nodes + self.state.u

    @cached_property
    def mean_stress(self) -> Array:
        """Mean Cauchy stress (elem, qp), GPa."""
        xx, yy, _, zz = self.sigma
        return np.asarray((xx + yy + zz) / 3.0)

    @cached_property
    def radial_stress(self) -> Array:
        """Cauchy stress along the radius of the deformed section (elem, qp), GPa.

        Where the outline is not round: along the normal of the curves that were parallel to it, as they are now.
        """
        spaces, (xx, yy, xy, _) = self.problem.physics.spaces, self.sigma
        if self.problem.section.outline.round:
            x = np.stack([p[spaces.cells].T @ spaces.N for p in self.position])
        else:
            nx, ny = self.problem.outward_at_points
            F = self.problem.physics.mechanics.deformation(self.state.u)
            tangent = F[:, 0] * -ny + F[:, 1] * nx
            x = np.stack([tangent[1], -tangent[0]])
        r2 = np.maximum(x[0] ** 2 + x[1] ** 2, 1e-30)
        return np.asarray((xx * x[0] ** 2 + yy * x[1] ** 2 + 2.0 * xy * x[0] * x[1]) / r2)

    @cached_property
    def hoop_stress(self) -> Array:
        """Cauchy stress across that direction: along the hoop of the deformed section (elem, qp), GPa."""
        return np.asarray(self.sigma[0] + self.sigma[1] - self.radial_stress)

    @cached_property
    def at_points(self) -> dict[str, Array]:
        """Scalar fields (elem, qp) by output name."""
        xx, yy, xy, zz = self.sigma
        half = np.hypot(0.5 * (xx - yy), xy)  # radius of Mohr's circle
        mises = np.sqrt(0.5 * ((xx - yy) ** 2 + (yy - zz) ** 2 + (zz - xx) ** 2) + 3.0 * xy**2)
        out = "axial_stress_GPa" if self.problem.physics.spaces.hoop is None else "ring_stress_GPa"
        return {"hoop_stress_GPa": self.hoop_stress, "radial_stress_GPa": self.radial_stress, out: zz,
                "mean_stress_GPa": self.mean_stress, "von_mises_GPa": mises, "eqps": self.state.eqps,
                "max_principal_stress_GPa": np.maximum(0.5 * (xx + yy) + half, zz), "volume_ratio": self.J}

    @cached_property
    def at_nodes(self) -> dict[str, Array]:
        """Every field of the output at the nodes, (N,), (N, 3) or (N, 6); where layers meet, of what reacts.

        Layers that do not react have neither activity nor content: NaN.
        """
        return self._nodal(self.problem.recovery)

    def at_sides(self, sides: Sides) -> dict[str, Array]:
        """The same at the nodes and, after them, at their copies in the layers that do not react."""
        found = {name: [values] for name, values in self.at_nodes.items()}
        for region in np.unique(sides.region):
            chosen = sides.node[sides.region == region]
            there = self._nodal(lambda values, odd=False, of=int(region): self.problem.recovery.within(
                of, values, odd=odd))
            there |= {name: np.zeros_like(self.state.xi) for name in ("extent", "front_rate_nm_s")}
            there |= {name: np.full_like(self.state.xi, np.nan) for name in ("activity", "content")}
            for name, values in there.items():
                found[name].append(values[chosen])
        return {name: np.concatenate(parts) for name, parts in found.items()}

    def _nodal(self, recover: Callable[..., Array]) -> dict[str, Array]:
        """Every field at the nodes, those at points by ``recover``."""
        physics, state = self.problem.physics, self.state
        spaces = physics.spaces
        scalars = {name: recover(values) for name, values in self.at_points.items()}
        for name in ("eqps", "von_mises_GPa"):
            scalars[name] = np.maximum(scalars[name], 0.0)
        xx, yy, xy, zz = (recover(s, odd=i == 2) for i, s in enumerate(self.sigma))
        zero = np.zeros(spaces.n_nodes)
        speed = physics.speed(state)
        return {"displacement": np.stack([*state.u, zero], axis=1), "extent": state.xi,
                "content": np.where(spaces.idle, np.nan, physics.content_at_nodes(state)),
                "activity": np.where(spaces.idle, np.nan, state.c),
                "cauchy_stress_GPa": np.stack([xx, yy, zz, xy, zero, zero], axis=1), **scalars,
                "front_rate_nm_s": np.where(spaces.idle, 0.0, speed)}
