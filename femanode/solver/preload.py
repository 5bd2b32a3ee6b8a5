"""Equilibrium of the pristine section with its loads, from which a run starts."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from femanode.constitutive.passage import deformed_normal, normal_traction
from femanode.errors import ConfigError
from femanode.solver.axial import Axial
from femanode.solver.mechanics import NoEquilibrium
from femanode.solver.physics import Physics
from femanode.solver.state import State

#: Numbers of increments in which a given curvature is applied, tried in turn.
INCREMENTS = (1, 4, 16)

#: Time over which loads are applied, s: so long that a rate-dependent host flows as it does at rest.
SLOWLY = 1e9


def loaded(physics: Physics, state: State, curvature: tuple[float, float] = (0.0, 0.0)) -> State:
    """The pristine ``state`` in equilibrium with the forces of ``physics.mechanics`` and a curvature (1/nm).

    The stress that drives the front is the traction on it from the beginning: a pressure p lowers it by p at once.

    Raises
    ------
    ConfigError
        The wire cannot carry its loads.
    """
    for increments in INCREMENTS:
        try:
            return _loaded(physics, state, curvature, increments)
        except NoEquilibrium as error:
            failure = error
    raise ConfigError(f"no equilibrium of the unreacted wire with its loads: {failure}", where="mechanics",
                      hint="a smaller force, pressure or curvature; the host yields at its own yield_stress")


def _loaded(physics: Physics, state: State, curvature: tuple[float, float], increments: int) -> State:
    """The loaded state, found in a number of increments of the curvature."""
    h, C = physics.content_at_points(state.xi, state.c)
    Jc, law = physics.swelling(C), physics.moduli(h, C)
    u, stretch, metric, eqps = state.u, state.axial.stretch, state.Cp_inv, state.eqps
    for share in np.linspace(0.0, 1.0, increments + 1)[1:]:
        axial = Axial(stretch, (float(share * curvature[0]), float(share * curvature[1])))
        eq = physics.mechanics.solve(u, axial, metric, eqps, Jc, law, SLOWLY)
        u, stretch, metric, eqps = eq.u, eq.axial.stretch, eq.response.Cp_inv, eq.response.eqps
    spaces = physics.spaces
    n = deformed_normal(eq.F, spaces.vector_at_points(physics.front.normals(state.xi)))
    traction = spaces.to_nodes(normal_traction(eq.response.tau, n) / Jc)
    return replace(state, u=u, axial=eq.axial, Cp_inv=metric, eqps=eqps, front_stress=traction,
                   host_stress=physics.host_stress(state.xi, eq),
                   point_stress=physics.swelling_stress(eq, state.xi, state.c))
