"""Small builders that several tests share: sections, point constants, and the physics of an isotropic silicon wire.

Import as ``from tests.helpers import ...`` (pytest is run from the repository's root).
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from femanode.constitutive.elastoplasticity import Moduli
from femanode.front import Front, Kinetics, Rate
from femanode.mechanics import Mechanics
from femanode.mesh import make_section
from femanode.spaces import Spaces, build_spaces
from femanode.state import State, pristine
from femanode.stepping import Physics
from femanode.transport import Transport

Array = NDArray[np.float64]

# CODATA 2019: 1 eV = 0.1602176634 GPa nm^3; k_B = 1.380649e-23 J/K = 1.380649e-5 GPa nm^3/K
EV = 0.1602176634
KT_300K = 1.380649e-5 * 300.0


def section_spaces(radius: float = 1.0, size: float = 0.25, sector: str = "quarter", inner: float = 0.0) -> Spaces:
    """Spaces of a generated disc, or annulus where ``inner`` > 0; lengths in nm."""
    shape = "annulus" if inner > 0.0 else "circle"
    return build_spaces(make_section(shape, radius, inner, size, sector).mesh)


def moduli(E: Array | float, nu: Array | float, sigma_Y: Array | float = np.inf, H: Array | float = 0.0,
           exponent: Array | float = 1.0, rate: Array | float = np.inf, shape: tuple[int, ...] = (1, 1)) -> Moduli:
    """Constants from E (GPa) and nu, broadcast to ``shape``; elastic and rate independent unless told."""
    K = np.asarray(E) / (3.0 * (1.0 - 2.0 * np.asarray(nu)))
    G = np.asarray(E) / (2.0 * (1.0 + np.asarray(nu)))
    # an infinite strength times zero hardening is no number
    strength = np.where(np.isinf(sigma_Y), 1e12, sigma_Y)
    values = (K, G, strength, H, exponent, rate)
    return Moduli(*(np.array(np.broadcast_to(v, shape), dtype=float) for v in values))


def unit_plastic(shape: tuple[int, ...]) -> Array:
    """Cp_inv of material that never flowed, (4, *shape)."""
    unit = np.zeros((4, *shape))
    unit[[0, 1, 3]] = 1.0
    return unit


@dataclass(frozen=True)
class Isotropic:
    """The same rate in every direction, nm/s."""

    k: float

    def rate(self, nx: Array, ny: Array) -> Array:
        """k for every normal."""
        return np.full_like(nx, self.k)


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
        front=Front(s, delta, start, rates or Isotropic(k), Kinetics(KT_300K, dG0 * EV, per_carrier, 0.0),
                    backend),  # type: ignore[arg-type]
        transport=Transport(s, c_front, diffusivity or (lambda C: np.full_like(C, D)), dV_D / KT_300K,
                            backend),  # type: ignore[arg-type]
        constants=constants, c_front=c_front, expansion=beta)


def pristine_state(physics: Physics, radius: float = 64.5) -> State:
    """Unstressed state with the front about to enter a disc of ``radius`` nm."""
    s = physics.spaces
    depth = np.maximum(radius - np.hypot(*s.nodes), 0.0)
    return pristine(s.n_nodes, (s.weight.shape[0], s.weight.shape[1]), physics.front.initial_extent(depth))
