"""Small builders that several tests share: sections, point constants, and the physics of an isotropic silicon wire.

Import as ``from tests.helpers import ...`` (pytest is run from the repository's root).
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray

from femanode.constitutive.chemistry import IdealSolution
from femanode.constitutive.elastoplasticity import Moduli
from femanode.constitutive.kinetics import MassAction
from femanode.constitutive.mixture import Mixture
from femanode.mesh.spaces import Spaces
from femanode.solver.front import Front, Rate
from femanode.solver.grading import GradedMesh
from femanode.solver.mechanics import Mechanics
from femanode.solver.physics import Physics
from femanode.solver.problem import Problem
from femanode.solver.state import State, pristine
from femanode.solver.transport import Transport
from femanode.verify.bench import EV, KT_300K, Isotropic, moduli, unit_plastic
from femanode.verify.bench import disc as section_spaces

__all__ = ["EV", "KT_300K", "Isotropic", "graded", "isotropic_physics", "moduli", "pristine_state", "section_spaces",
           "unit_plastic"]

Array = NDArray[np.float64]


def isotropic_physics(radius: float = 64.5, delta: float = 5.0, size: float | None = None, sector: str = "quarter", *,
                      k: float = 0.05, start: float = 0.25, D: float = 1e8, dG0: float = -0.15, beta: float = 2.8,
                      c_front: float = 0.6, sigma_Y: float = 1.0, host_sigma_Y: float = 7.0, dV: float | None = None,
                      dV_D: float = 0.0, rates: Rate | None = None, diffusivity: Callable[[Array], Array] | None = None,
                      axial: str = "plane_strain", inner: float = 0.0, backend: str = "auto",
                      spaces: Spaces | None = None) -> Physics:
    """Solvers with literature constants of silicon (lengths nm, rates nm/s, D nm^2/s, dG0 eV, volumes nm^3).

    E 160 -> 40 GPa, nu 0.22 -> 0.24 linear in content, sigma_Y of the reacted phase as soon as h > 0.01; x_max 3.75,
    V_host 0.02 nm^3, 300 K. Elements have the size ``delta`` unless told; ``spaces`` replaces the generated mesh.
    """
    s = spaces if spaces is not None else section_spaces(radius, delta if size is None else size, sector, inner)
    per_carrier = beta * 0.02 / 3.75 if dV is None else dV

    def constants(h: Array, C: Array) -> Moduli:
        E, nu = 160.0 - 120.0 * C, 0.22 + 0.02 * C
        return moduli(E, nu, np.where(h > 0.01, sigma_Y, host_sigma_Y), shape=C.shape)

    return Physics(
        spaces=s,
        mechanics=Mechanics(s, sector, axial=axial, backend=backend),  # type: ignore[arg-type]
        front=Front(s, delta, start, rates or Isotropic(k), MassAction(KT_300K, dG0 * EV, per_carrier, 0.0),
                    backend),  # type: ignore[arg-type]
        transport=Transport(s, IdealSolution(c_front), diffusivity or (lambda C: np.full_like(C, D)), dV_D / KT_300K,
                            backend),  # type: ignore[arg-type]
        mixture=Mixture(constants, beta))


def pristine_state(physics: Physics, radius: float = 64.5) -> State:
    """Unstressed state with the front about to enter a disc of ``radius`` nm."""
    s = physics.spaces
    depth = np.maximum(radius - np.hypot(*s.nodes), 0.0)
    return pristine(s.n_nodes, (s.weight.shape[0], s.weight.shape[1]), physics.front.initial_extent(depth))


def graded(problem: Problem) -> GradedMesh:
    """The adaptive mesh of a problem that has one."""
    assert problem.graded is not None
    return problem.graded
