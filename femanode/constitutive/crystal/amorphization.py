"""How large a share of a front advances through an amorphous layer: a rule, and it is a guess.

A front that breaks bonds one plane after the other has the anisotropy of its crystal; one that makes the host
amorphous ahead of it has none. The rule takes the energy that it costs to undo an atom's place in the host, its bonds
and the work of flow through its own volume, and lets the share fall smoothly with it,

    share = 1/(1 + exp[(E - E_0)/w]),   E = E_bond + s V,

E_bond the cohesive energy per atom, s the host's flow stress, V its volume per atom. `MIDDLE` (E_0) and `WIDTH` (w) are
chosen such that silicon has a share of 0.05 and germanium one of 0.95, the one faceted and the other all but isotropic;
nothing measured says that the rule has this form.
"""

from __future__ import annotations

import math

#: Energy of an even share, and by how much the share falls around it; GPa nm^3. Chosen from silicon (4.63 eV, 7 GPa,
#: 0.02002 nm^3) and germanium (3.85 eV, 5 GPa, 0.02264 nm^3); 1 eV is 0.1602176634 GPa nm^3.
MIDDLE, WIDTH = 5.031 * 0.1602176634, 0.1608 * 0.1602176634


def amorphous_share(bond: float, strength: float, volume: float) -> float:
    """Share of the front by the rule, 0 to 1.

    Parameters
    ----------
    bond : float
        Cohesive energy of the host per atom, GPa nm^3.
    strength : float
        Flow stress of the host, GPa.
    volume : float
        Of the host per atom, nm^3.
    """
    return 1.0 / (1.0 + math.exp(min((bond + strength * volume - MIDDLE) / WIDTH, 700.0)))


def share_of_size(share: float, diameter: float, threshold: float, width: float | None = None) -> float:
    """Share of the front in a wire, which rises to 1 as its diameter falls below a threshold.

    Parameters
    ----------
    share : float
        Of a wire far thicker than the threshold.
    diameter, threshold : float
        nm.
    width : float, optional
        By how much the diameter has to fall for the rest 1 - share to go to 1/(1 + e) of itself, nm; without it the
        share jumps.
    """
    if width is None:
        return 1.0 if diameter < threshold else share
    return share + (1.0 - share) / (1.0 + math.exp(min((diameter - threshold) / width, 700.0)))
