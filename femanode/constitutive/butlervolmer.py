"""Transfer of carriers through the surface: current and overpotential by Butler and Volmer."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np

#: Current over exchange current below which the overpotential is linear in it, to that share of itself.
OHMIC = 1e-12


@dataclass(frozen=True)
class ButlerVolmer:
    """i = exchange [exp(share eta/thermal) - exp(-(1 - share) eta/thermal)].

    i is the current into the section, and eta how far the electrode's potential lies below that of the surface.

    Attributes
    ----------
    exchange : exchange current, in the unit of the currents
    share : of the overpotential that drives insertion
    thermal : kT/(z e), V
    """

    exchange: float
    share: float
    thermal: float

    def overpotential(self, current: float) -> float:
        """eta, V, at a ``current``; NaN at one that is not finite."""
        from scipy.optimize import brentq  # loads slowly, and few runs need it

        ratio = current / self.exchange
        if not math.isfinite(ratio):
            return math.nan
        if abs(ratio) < OHMIC:
            return self.thermal * ratio
        # One of the two exponentials is at least |ratio| and, within the bracket, at most |ratio| + 1.
        share = self.share if ratio > 0.0 else 1.0 - self.share
        most = self.thermal * float(np.log1p(abs(ratio))) / share

        def excess(eta: float) -> float:
            # Differences from 1, which a current far below the exchange current is lost in.
            return float(np.expm1(self.share * eta / self.thermal)
                         - np.expm1(-(1.0 - self.share) * eta / self.thermal)) - ratio

        most *= 1.0 + 1e-12
        return float(brentq(excess, *((0.0, most) if ratio > 0.0 else (-most, 0.0)), xtol=1e-12 * most, rtol=1e-14))
