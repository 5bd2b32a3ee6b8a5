"""What is told of a configuration before anything is computed, and what of its drive is refused."""

from __future__ import annotations

import numpy as np

from femanode.config.loading import Config
from femanode.config.revolution import crystal_note
from femanode.constitutive.crystal.miller import CrystalFrame
from femanode.errors import ConfigError
from femanode.mesh.build import Section
from femanode.solver.resolution import force_note, front_note, sector_of_load

#: Potential against the metal of the carriers below which no electrode lies, V.
LOWEST = -10.0


def notes_on(config: Config, frame: CrystalFrame, section: Section, delta: float) -> list[str]:
    """Sentences on what was chosen for the user, and warnings about the configuration."""
    notes = list(section.notes)
    grown = config.crystal is not None and not section.outline.revolved and frame.structure != "isotropic"
    if grown and frame.in_plane_chosen:
        notes.append(f"in-plane direction along x: {frame.miller_along('x')} (chosen)")
    if config.geometry.sector == "auto":
        why = ("from the mesh file" if config.geometry.shape == "file" else
               "an uneven outline has no mirrors" if config.geometry.roughness is not None else
               "the smallest that the bending allows" if sector_of_load(config) == section.sector != "quarter" else
               "what is left of the body's symmetry" if section.outline.revolved else
               "the smallest the crystal allows" if section.outline.round else
               "the smallest that crystal and outline allow")
        notes.append(f"sector: {section.sector} ({why})")
    natural = config.material.front.half_thickness
    if delta > 1.001 * natural and not config.initial.reacted:
        notes.append(f"front half-thickness {delta:g} nm is wider than the material's {natural:g} nm: "
                     "its thickness is numerical, with the bias told under accuracy")
    notes += [said for said in (front_note(config, section, delta), force_note(config, section), crystal_note(config),
                                _idle_note(config)) if said is not None]
    return notes


def require_drive(config: Config) -> None:
    """Refuse a potential at which the front, even without stress, would not move.

    Raises
    ------
    ConfigError
        ``boundary.potential`` or ``boundary.cutoff`` is not below the front's equilibrium potential.
    """
    boundary, front = config.boundary, config.material.front.equilibrium_potential
    if boundary.protocol is not None or config.initial.reacted or front is None:
        return
    for key, value in (("potential", boundary.potential), ("cutoff", boundary.cutoff)):
        if value is not None and value >= front:
            raise ConfigError(f"found {value:g} V, at which nothing reacts", where=f"boundary.{key}",
                              allowed=f"below {front:g} V, the front.equilibrium_potential of {config.material.name}",
                              hint="initial.reacted: true is a section without a front" if front > LOWEST else
                              "no electrode is below that: look at front.equilibrium_potential")


def _idle_note(config: Config) -> str | None:
    """Said of a protocol of which no step goes below the front's equilibrium potential."""
    protocol, front = config.boundary.protocol, config.material.front.equilibrium_potential
    if protocol is None or config.initial.reacted or front is None:
        return None
    # An ideal solution is full at boundary.potential: nothing drives the front more than that.
    full = config.boundary.potential if config.material.chemistry.law == "ideal" else -np.inf
    lowest = np.inf
    for doing in protocol:
        ends = [end.potential for end in doing.ends if end.potential is not None]
        if doing.kind == "insert":
            lowest = min(lowest, max(full, *ends) if ends else full)
        elif doing.potential is not None:
            lowest = min(lowest, max(full, doing.potential))
    if lowest < front:
        return None
    return f"nothing will react: no step of the protocol goes below the front's equilibrium potential, {front:g} V"
