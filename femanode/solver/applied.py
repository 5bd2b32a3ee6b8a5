"""What is applied outside the reacting surface: a current or a level, and what the transfer through it costs."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from femanode.constitutive.butlervolmer import ButlerVolmer
from femanode.constitutive.chemistry import Chemistry
from femanode.solver.failure import StepFailed


@dataclass(frozen=True)
class Applied:
    """What is applied outside the reacting surface in one step of a protocol.

    Attributes
    ----------
    current : carriers per time into the whole meshed surface (content nm^2/s), negative where they leave, 0 at rest;
        None for a given level
    cutoff : level outside at which a given current ends
    level : level outside where no current is given
    bound : by how much the sweeps of a time step may exceed the cut-off's level
    reaction : kinetics of the transfer through the surface, at the mean current through it; None: in equilibrium. Its
        exchange current is that of the whole meshed surface. A given ``level`` is then that of the electrode.
    """

    current: float | None = None
    cutoff: float = 1.0
    level: float = 1.0
    bound: float = 0.5
    reaction: ButlerVolmer | None = None

    @property
    def inserts(self) -> bool:
        """Whether a current into the section is given."""
        return self.current is not None and self.current > 0.0

    def depletion_outside(self, chemistry: Chemistry, most: float, takes: float) -> float:
        """Depletion outside the section of an electrode at a given level, from which the transfer costs overpotential.

        The section takes up the current ``most`` - ``takes`` times the depletion.

        Raises
        ------
        StepFailed
            The current that it takes up is not finite.
        """
        from scipy.optimize import brentq  # loads slowly, and few runs need it

        reaction, at = self.reaction, 1.0 - self.level
        if reaction is None or not takes > 0.0:
            return at
        electrode = chemistry.potential(self.level)

        def excess(current: float) -> float:
            level = max(1.0 - (most - current) / takes, 1e-12 if chemistry.lowest == chemistry.at_front else -np.inf)
            return chemistry.potential(level) - electrode - reaction.overpotential(current)

        free = most - takes * at
        if free == 0.0:
            return at
        ends = excess(0.0), excess(free)
        if not np.all(np.isfinite(ends)):
            raise StepFailed("the transfer through the surface gave a value that is not finite")
        if ends[0] * ends[1] >= 0.0:
            # Without a transfer to hinder it the current would be one of rounding.
            current = 0.0 if abs(ends[0]) <= abs(ends[1]) else free
        else:
            current = float(brentq(excess, min(0.0, free), max(0.0, free), xtol=1e-14 * abs(free), rtol=1e-14))
        return (most - current) / takes


#: Level 1 outside the surface.
FULL_ACTIVITY = Applied()
