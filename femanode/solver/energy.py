r"""Power balance of a step: what the reaction gives, and where it goes.

The carriers that enter give -dG0 each. Swelling takes its share against stress; that work is stored elastically or
dissipated, by the flow within the front (2/3 of the flow stress per unit of swelling) and by the flow of the shell. The
rest drives front and diffusion, which dissipate it. The first is an identity of the equations, so that in numbers

    gap = (work of swelling - change of elastic energy - dissipation by flow)/(energy of the reaction)

says how well they are solved: the work is counted with the stress that the rate law takes, the rest at the points.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from femanode.constitutive.elastoplasticity import Moduli
from femanode.constitutive.passage import layer_dissipation
from femanode.numerics.arrays import Array
from femanode.solver.mechanics import Equilibrium
from femanode.solver.physics import Physics
from femanode.solver.state import State


@dataclass(frozen=True)
class Energy:
    """Energies of one step in the meshed sector, per length of wire: GPa nm^2 = nJ/m.

    ``chemical`` of the carriers that entered; ``work`` of swelling against stress; ``flow`` dissipated within the front
    and behind it; ``stored`` elastically at the step's end (all others are the step's own).
    """

    chemical: float
    work: float
    flow: float
    stored: float


def elastic_energy(tau: Array, Jc: Array, law: Moduli) -> Array:
    """Elastic energy per reference volume, GPa, of Kirchhoff stresses (4, ...): Jc [m^2/(2 K) + |dev M|^2/(4 G)]."""
    M = tau / Jc
    mean = (M[0] + M[1] + M[3]) / 3.0
    deviator = (M[0] - mean) ** 2 + (M[1] - mean) ** 2 + (M[3] - mean) ** 2 + 2.0 * M[2] ** 2
    return np.asarray(Jc * (mean**2 / (2.0 * law.K) + deviator / (4.0 * law.G)))


def von_mises(tau: Array) -> Array:
    """Von Mises stress (...) of stresses (4, ...), GPa."""
    return np.asarray(np.sqrt(0.5 * ((tau[0] - tau[1]) ** 2 + (tau[1] - tau[3]) ** 2 + (tau[3] - tau[0]) ** 2)
                              + 3.0 * tau[2] ** 2))


def step_energy(physics: Physics, state: State, new: State, eq: Equilibrium, law: Moduli) -> Energy:
    """Energies of the step from ``state`` to ``new``, whose equilibrium and constants at the points are given."""
    s, w, tau = physics.spaces, physics.spaces.weight, eq.response.tau
    before, filled, after = (physics.volume_ratio(xi, c) for xi, c in
                             ((state.xi, state.c), (state.xi, new.c), (new.xi, new.c)))
    driving = s.at_points(0.5 * (state.front_stress + new.front_stress))
    mean = 0.5 * (state.point_stress + new.point_stress)
    strength = physics.product(new.c, new.eqps)[1]
    kinetics = physics.front.kinetics
    volume = kinetics.swelling_volume
    per_swelling = -kinetics.reaction_energy / volume if volume > 0 else 0.0
    reacted = after - filled
    shell = 0.5 * (before + after) * von_mises(tau) / after * (new.eqps - state.eqps)
    return Energy(chemical=per_swelling * float(np.sum(w * (after - before))),
                  work=-float(np.sum(w * (driving * reacted + mean * (filled - before)))),
                  flow=float(np.sum(w * (layer_dissipation(strength) * reacted + shell))),
                  stored=float(np.sum(w * elastic_energy(tau, after, law))))
