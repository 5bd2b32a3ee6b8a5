"""Carriers without a charge: what a material then has in place of potentials, and what cannot be applied to a wire.

Oxygen in silicon is such a carrier. It reacts with an energy instead of at a potential, it carries no current, and the
activity outside the surface, 1, is that of the gas around the wire.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from femanode.config.quantities import problem

if TYPE_CHECKING:
    from femanode.config.chemistry import ChemistryLaw
    from femanode.config.frontlaw import FrontLaw
    from femanode.config.sections import Boundary


def require_energies(charge: int, front: FrontLaw, chemistry: ChemistryLaw, capacity: float | None) -> None:
    """Refuse a material whose carriers have a charge and no potential, or a potential and no charge.

    Parameters
    ----------
    charge : int
        Charge number of the carriers; 0: neutral.
    front, chemistry : sections of the material
    capacity : float or None
        ``capacity.theoretical``.

    Raises
    ------
    PydanticCustomError
        A key is missing, or stands where it means nothing.
    """
    needed = {"front.equilibrium_potential": (front.equilibrium_potential, "a potential such as '0.11 V'"),
              "capacity.theoretical": (capacity, "a specific capacity such as '3579 mAh/g'")}
    energy = front.reaction_energy
    if charge:
        for key, (value, allowed) in needed.items():
            if value is None:
                raise problem(f"found nothing for carriers of charge {charge}", allowed=allowed, key=key)
        if energy is not None:
            raise problem(f"found a reaction energy for carriers of charge {charge}", key="front.reaction_energy",
                          allowed="front.equilibrium_potential alone", hint="neutral carriers have charge: 0")
        return
    for key, (value, _) in needed.items():
        if value is not None:
            raise problem("found a value for neutral carriers (charge 0)", allowed="no such key", key=key,
                          hint="front.reaction_energy takes the place of a potential")
    if energy is None:
        raise problem("found nothing for neutral carriers (charge 0)", key="front.reaction_energy",
                      allowed="an energy per carrier below 0, such as '-3.5 eV'")
    if chemistry.law != "ideal":
        raise problem(f"found {chemistry.law} for neutral carriers (charge 0)", allowed="ideal", key="chemistry.law",
                      hint="an open-circuit curve is a potential over content")


def require_no_potential(boundary: Boundary) -> None:
    """Refuse currents and potentials at the surface of a wire whose carriers are neutral.

    Raises
    ------
    PydanticCustomError
        The boundary gives one of them.
    """
    said = "found {} with neutral carriers (charge 0)"
    allowed = "no such key: outside the surface the activity is 1"
    if boundary.mode == "galvanostatic":
        raise problem(said.format("mode: galvanostatic"), allowed="potentiostatic or film", key="boundary.mode",
                      hint="neutral carriers make no current")
    if boundary.potential != type(boundary).model_fields["potential"].default:
        raise problem(said.format(f"{boundary.potential:g} V"), allowed=allowed, key="boundary.potential")
    for key in ("protocol", "reaction"):
        if getattr(boundary, key) is not None:
            raise problem(said.format(f"a {key}"), allowed=allowed, key=f"boundary.{key}")
