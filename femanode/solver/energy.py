r"""Power balance of a step: how much energy the reaction gives, and where it goes.

Each carrier that enters gives -dG0. A part of that is spent on swelling against stress. This work of swelling is stored
elastically or dissipated by plastic flow: within the front (2/3 of the flow stress per unit of swelling) and in the
shell behind it. The remaining energy drives front and diffusion and is dissipated there. That the work of swelling
and that of pressure and axial force equal what is stored and dissipated by flow is an identity of the equations, so
that

    gap = (work of swelling + work of loads - change of elastic energy - dissipation by flow)/(energy of the reaction)

measures how well they are solved: the work is computed with the stress averaged across the front, which the rate law
uses, and the other two terms with the stress at the quadrature points.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from femanode.constitutive.elastoplasticity import Moduli
from femanode.constitutive.swelling import conversion
from femanode.numerics.arrays import Array
from femanode.solver.mechanics import Equilibrium
from femanode.solver.physics import Physics
from femanode.solver.state import State


@dataclass(frozen=True)
class Energy:
    """Energies of one step in the meshed sector, per length of wire: GPa nm^2 = nJ/m.

    Attributes
    ----------
    chemical : given by the carriers that entered in the step
    work : of swelling against stress in the step
    flow : dissipated in the step by plastic flow within the front and behind it
    stored : elastic energy at the end of the step, and that of the front where it has an interface energy
    load : work of pressure and axial force in the step
    """

    chemical: float
    work: float
    flow: float
    stored: float
    load: float = 0.0


def elastic_energy(tau: Array, Jc: Array, law: Moduli) -> Array:
    """Elastic energy per reference volume, GPa, of Kirchhoff stresses (4, ...): Jc [m^2/(2 K) + |dev M|^2/(4 G)]."""
    M = tau / Jc
    mean = (M[0] + M[1] + M[3]) / 3.0
    deviator = (M[0] - mean) ** 2 + (M[1] - mean) ** 2 + (M[3] - mean) ** 2 + 2.0 * M[2] ** 2
    return np.asarray(Jc * (mean**2 / (2.0 * law.K) + deviator / (4.0 * law.G)))


def interface_energy(physics: Physics, xi: Array) -> float:
    """Energy of the front as an interface, per length of wire, nJ/m: across a front, |grad h| integrates to 1."""
    if physics.interface is None:
        return 0.0
    slope = np.hypot(*physics.spaces.gradient_at_points(conversion(xi, physics.front.start)))  # size of a vector
    return physics.interface.energy * float(np.sum(physics.spaces.weight * slope))


def von_mises(tau: Array) -> Array:
    """Von Mises stress (...) of stresses (4, ...), GPa."""
    return np.asarray(np.sqrt(0.5 * ((tau[0] - tau[1]) ** 2 + (tau[1] - tau[3]) ** 2 + (tau[3] - tau[0]) ** 2)
                              + 3.0 * tau[2] ** 2))


def step_energy(physics: Physics, state: State, new: State, eq: Equilibrium, law: Moduli) -> Energy:
    """Energies of the step from ``state`` to ``new``.

    ``eq`` and ``law`` are the equilibrium of ``new`` and its constants at the quadrature points.
    """
    spaces, weight, tau = physics.spaces, physics.spaces.weight, eq.response.tau
    before, filled, after = (physics.volume_ratio(xi, c) for xi, c in
                             ((state.xi, state.c), (state.xi, new.c), (new.xi, new.c)))
    driving = spaces.at_points(0.5 * (state.front_stress + new.front_stress))
    mean = 0.5 * (state.point_stress + new.point_stress)
    strength = physics.product(new.c, 0.5 * (state.eqps + new.eqps))[1]
    kinetics = physics.front.kinetics
    volume = kinetics.swelling_volume
    per_swelling = -kinetics.reaction_energy / volume if volume > 0 else 0.0
    reacted = after - filled
    shell = 0.5 * (before + after) * von_mises(tau) / after * (new.eqps - state.eqps)
    chemical = per_swelling * float(np.sum(weight * (after - before)))
    if (ratio := physics.mixture.ratio) is not None:
        # carriers, not volume: the front's volume per carrier belongs to its own content
        at_front = np.array([physics.chemistry.at_front])
        gained = physics.content_at_points(new.xi, new.c)[1] - physics.content_at_points(state.xi, state.c)[1]
        chemical = per_swelling * float((ratio(at_front)[0] - 1.0) / at_front[0] * np.sum(weight * gained))
    return Energy(chemical=chemical,
                  work=-float(np.sum(weight * (driving * reacted + mean * (filled - before)))),
                  flow=float(np.sum(weight * (physics.layer(strength, eq.F, new.xi) * reacted + shell))),
                  stored=float(np.sum(weight * elastic_energy(tau, after, law))) + interface_energy(physics, new.xi),
                  load=physics.mechanics.load_work((state.u, new.u), (state.axial, new.axial)))
