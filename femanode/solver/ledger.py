r"""Where the electrical work of a step goes, for carriers whose potential is known over the whole range of content.

    electrical work = change of the reacted phase's free energy + energy of the phase that the front formed
                      + elastic energy + plastic flow + dissipation of front, diffusion and film - work of the loads

Each term is computed by itself, so that the difference tells how well a run closes the balance. With stress acting on
the carriers it closes as the steps shrink; over a closed cycle the electrical work is then what was dissipated.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from femanode.constitutive.kinetics import AtPotential
from femanode.constitutive.opencircuit import OpenCircuit
from femanode.constitutive.swelling import conversion
from femanode.solver.physics import Physics
from femanode.solver.state import State
from femanode.solver.transport import Balance


@dataclass(frozen=True)
class Spent:
    """Energies of one step in the meshed sector, per length of wire and per charge density of full content: V nm^2.

    Attributes
    ----------
    electrical : work that the source has done: minus the electrode's potential times the charge that entered
    free : change of the free energy of what had reacted before, by its content
    formed : free energy of what the front has formed, at the content it has at the end
    front : dissipated by the front
    diffusion : dissipated by diffusion in the reacted phase and the film, and by the transfer through the surface
    """

    electrical: float
    free: float
    formed: float
    front: float
    diffusion: float


def spent(physics: Physics, state: State, new: State, balance: Balance) -> Spent | None:
    """Terms of the step from ``state`` to ``new``; None with another chemistry than a measured curve."""
    chemistry, kinetics, mass = physics.chemistry, physics.front.kinetics, physics.spaces.mass
    if not isinstance(chemistry, OpenCircuit) or not isinstance(kinetics, AtPotential):
        return None
    h_0, h_1 = (conversion(at.xi, physics.front.start) for at in (state, new))
    y = chemistry.content(new.c)
    free = chemistry.free_energy(new.c) - chemistry.free_energy(state.c)
    # What the front forms at its equilibrium potential is there at content y from then on.
    formed = mass * (h_1 - h_0) * y
    volume = kinetics.swelling_volume * kinetics.thermal / kinetics.law.kT  # V/GPa
    affinity = (chemistry.equilibrium - (chemistry.full + 1.0 - new.activity)
                + volume * 0.5 * (state.front_stress + new.front_stress))
    reaction = physics.applied[state.step].reaction
    lost = 0.0 if reaction is None else reaction.overpotential(new.carried) * balance.inflow
    at_end = chemistry.potential(1.0 - new.outside)
    # A given current meets a potential that changes along the step; a held one is there from the beginning.
    held = physics.applied[state.step].current is None
    potential = at_end if held else 0.5 * (chemistry.potential(1.0 - state.outside) + at_end)
    return Spent(
        electrical=-potential * balance.inflow + lost,
        free=float(np.sum(mass * h_0 * free)),
        formed=-chemistry.equilibrium * float(np.sum(formed)), front=float(np.sum(formed * affinity)),
        diffusion=balance.dissipated + lost)
