"""Rate laws of the reaction front: its speed v relative to the rate k(n), from driving stress and activity.

The driving stress sigma and the activity a are averages across the front, see :mod:`femanode.solver.averaging`.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Protocol

import numpy as np

from femanode.numerics.arrays import Array

#: Least distance from the equilibrium activity in the slope d ln(drive)/da, which is infinite at equilibrium.
LEAST_EXCESS = 1e-6


class Kinetics(Protocol):
    """A rate law. Stress in GPa, energies in GPa nm^3 per carrier, volumes in nm^3 per carrier.

    Attributes
    ----------
    reaction_energy : energy of the reaction at activity 1 without stress; negative if the reaction gains energy
    swelling_volume : volume added by the reaction; a stress sigma changes the energy by -sigma swelling_volume
    """

    @property
    def reaction_energy(self) -> float: ...

    @property
    def swelling_volume(self) -> float: ...

    def drive(self, stress: Array, activity: Array) -> Array:
        """v/k(n), of the shape of ``stress`` and ``activity``; not negative, as the reaction does not go back."""
        ...

    def equilibrium_activity(self, stress: Array) -> Array:
        """Activity at which the front stands still."""
        ...

    def sensitivity(self, gained: Array, stress: Array, activity: Array) -> Array:
        """Derivative by activity of the converted fraction ``gained`` in a time step, not negative.

        What the front converts in a step is proportional to its drive, so that this is ``gained`` times
        d ln(drive)/da; 0 where the front stands still.
        """
        ...


@dataclass(frozen=True)
class Reaction:
    """What rate laws have in common: the energy of the reaction, dG = dG0 - sigma dV, and where it stands still.

    Attributes
    ----------
    kT : GPa nm^3
    dG0 : reaction energy per carrier, GPa nm^3
    dV : volume added by the reaction per carrier, nm^3
    dV_act : activation volume, nm^3
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

    def _activation(self, stress: Array) -> Array:
        """exp(sigma dV_act/kT)."""
        return np.exp(np.clip(stress * self.dV_act / self.kT, -50.0, 50.0))


@dataclass(frozen=True)
class MassAction(Reaction):
    """Mass action, linear in the activity a: v/k = exp(sigma dV_act/kT) [a - exp(dG/kT)].

    The drive is 0 where this is negative.
    """

    def drive(self, stress: Array, activity: Array) -> Array:
        """See :meth:`Kinetics.drive`."""
        return self._activation(stress) * np.maximum(activity - self.equilibrium_activity(stress), 0.0)

    def sensitivity(self, gained: Array, stress: Array, activity: Array) -> Array:
        """See :meth:`Kinetics.sensitivity`: gained/(a - a_eq), as the drive is linear in activity."""
        balanced = self.equilibrium_activity(stress)
        slope = np.where(activity > balanced, gained / np.maximum(activity - balanced, LEAST_EXCESS), 0.0)
        return np.maximum(slope, 0.0)


@dataclass(frozen=True)
class Exchange(Reaction):
    """Butler and Volmer's law: v/k = exp(sigma dV_act/kT) [exp(share A/kT) - exp(-(1 - share) A/kT)], not below 0.

    A = kT ln a - dG is the energy that the reaction has to spare. k(n) is the speed of the exchange at equilibrium,
    there and back, not that at activity 1 as with :class:`MassAction`. With ``share`` 1, this is mass action over its
    equilibrium activity.

    Attributes
    ----------
    share : of A that drives forward, 0 to 1
    """

    share: float = 0.5

    def _affinity(self, stress: Array, activity: Array) -> Array:
        """A/kT, within +-50."""
        spare = np.log(np.maximum(activity, 1e-300)) - (self.dG0 - stress * self.dV) / self.kT
        return np.clip(spare, -50.0, 50.0)

    def drive(self, stress: Array, activity: Array) -> Array:
        """See :meth:`Kinetics.drive`."""
        A = np.maximum(self._affinity(stress, activity), 0.0)
        return self._activation(stress) * (np.exp(self.share * A) - np.exp(-(1.0 - self.share) * A))

    def sensitivity(self, gained: Array, stress: Array, activity: Array) -> Array:
        """See :meth:`Kinetics.sensitivity`; d ln(drive)/da = share/a + 1/(a (exp A/kT - 1))."""
        A = self._affinity(stress, activity)
        left = np.maximum(np.expm1(np.maximum(A, 0.0)), LEAST_EXCESS)
        slope = (self.share + 1.0 / left) / np.maximum(activity, LEAST_EXCESS)
        return np.maximum(np.where(A > 0.0, gained * slope, 0.0), 0.0)


@dataclass(frozen=True)
class Interface:
    """The front as an interface with an energy of its own.

    Around a core it shrinks as it advances, which gives energy per volume that the reaction adds; around a hole it
    grows, which takes energy. So it always moves towards a shorter front, and corrugations are smoothed.

    Attributes
    ----------
    energy : per area of the front, GPa nm = J/m^2
    least : volume that the front adds at least, over that of the host
    """

    energy: float
    least: float

    def stress(self, curvature: Array, growth: Array) -> Array:
        """The same as a stress that drives the front, GPa.

        Parameters
        ----------
        curvature : (N,) divergence of the front's normal, 1/nm; negative around a core
        growth : (N,) volume that the front adds, over that of the host, at the content it forms
        """
        return -self.energy * curvature / np.maximum(growth, self.least)


@dataclass(frozen=True)
class AtPotential:
    """A rate law as a function of the carriers' potential, 1 - ``level`` volts above that of the full phase.

    Attributes
    ----------
    law : the rate law in terms of the activity, which is 1 at the potential of the full phase
    thermal : kT/(z e), V
    """

    law: MassAction | Exchange
    thermal: float

    @property
    def reaction_energy(self) -> float:
        return self.law.reaction_energy

    @property
    def swelling_volume(self) -> float:
        return self.law.swelling_volume

    def _activity(self, level: Array) -> Array:
        return np.exp(np.clip((level - 1.0) / self.thermal, -50.0, 50.0))

    def drive(self, stress: Array, activity: Array) -> Array:
        """See :meth:`Kinetics.drive`."""
        return self.law.drive(stress, self._activity(activity))

    def equilibrium_activity(self, stress: Array) -> Array:
        """Level at which the front stands still."""
        return np.asarray(1.0 + self.thermal * np.log(self.law.equilibrium_activity(stress)))

    def sensitivity(self, gained: Array, stress: Array, activity: Array) -> Array:
        """See :meth:`Kinetics.sensitivity`; da/dlevel = a/thermal."""
        a = self._activity(activity)
        return self.law.sensitivity(gained, stress, a) * a / self.thermal
