"""Rate laws of the reaction front: how fast it runs, over its rate k(n), at a driving stress and an activity."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Protocol

import numpy as np

from femanode.numerics.arrays import Array

#: Least distance from the activity of rest with which a slope is taken: nearer, the front stands still.
LEAST_EXCESS = 1e-6


class Kinetics(Protocol):
    """A rate law. Stress in GPa, energies in GPa nm^3, volumes in nm^3, all per carrier; activities dimensionless.

    ``reaction_energy`` is what a carrier gains (negative) or costs by reacting at full activity without stress,
    ``swelling_volume`` the volume that reacting adds per carrier: stress s changes the energy by -s swelling_volume.
    """

    @property
    def reaction_energy(self) -> float: ...

    @property
    def swelling_volume(self) -> float: ...

    def drive(self, stress: Array, activity: Array) -> Array:
        """v/k(n), not negative: what has been amorphised stays so."""
        ...

    def equilibrium_activity(self, stress: Array) -> Array:
        """Activity at which the front stands still."""
        ...

    def sensitivity(self, gained: Array, stress: Array, activity: Array) -> Array:
        """What the front would convert more, per activity, in a time in which it converts ``gained``; not negative.

        ``gained`` times the slope of the logarithm of the drive over activity; 0 where the front stands still.
        """
        ...


@dataclass(frozen=True)
class MassAction:
    """Mass action with a linear way in: v/k = exp(s dV_act/kT) [a - exp(dG/kT)], clipped at 0, dG = dG0 - s dV.

    s is the driving stress averaged across the front (GPa), a the averaged activity. kT and dG0 in GPa nm^3, dV (volume
    that reacting adds) and dV_act (activation volume) in nm^3 per carrier.
    """

    kT: float
    dG0: float
    dV: float
    dV_act: float

    @property
    def reaction_energy(self) -> float:
        return self.dG0

    @property
    def swelling_volume(self) -> float:
        return self.dV

    def equilibrium_activity(self, stress: Array) -> Array:
        """exp(dG/kT)."""
        return np.exp(np.minimum((self.dG0 - stress * self.dV) / self.kT, 50.0))

    def drive(self, stress: Array, activity: Array) -> Array:
        """See :meth:`Kinetics.drive`."""
        factor = np.exp(np.clip(stress * self.dV_act / self.kT, -50.0, 50.0))
        return factor * np.maximum(activity - self.equilibrium_activity(stress), 0.0)

    def sensitivity(self, gained: Array, stress: Array, activity: Array) -> Array:
        """See :meth:`Kinetics.sensitivity`: gained/(a - a_eq), as the drive is linear in activity."""
        balanced = self.equilibrium_activity(stress)
        slope = np.where(activity > balanced, gained / np.maximum(activity - balanced, LEAST_EXCESS), 0.0)
        return np.maximum(slope, 0.0)
