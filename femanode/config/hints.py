"""Words that people type for what has another name here, or is not there: one line each, in `WAYS`.

A way names keys that do what the word means, the best first. The first that this version's configuration has is told;
where it has none of them, that is told.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any, Literal, NamedTuple, get_args, get_origin

from pydantic import BaseModel


class Way(NamedTuple):
    """How to get what a word means.

    Parameters
    ----------
    words : tuple of str
        The words, in lower case; ``a*`` stands for all that begin with a.
    keys : tuple of str
        ``path.of.key`` or ``path.of.key=choice``, each with what to write after a blank.
    missing : str
        What the word means, for "... is not there yet", and what may serve meanwhile.
    """

    words: tuple[str, ...]
    keys: tuple[str, ...]
    missing: str = ""


WAYS = (
    Way(("hollow*", "tube*", "annul*", "ring", "inner_radius", "hole*"),
        ("geometry.inner_diameter write 'shape: annulus' with geometry.inner_diameter",)),
    Way(("ellips*", "ellipt*", "oval*"),
        ("geometry.shape=ellipse write 'shape: ellipse' under geometry",),
        "an elliptic section is not there yet; a mesh of one can be read: shape: file, docs/howto/mesh.md"),
    Way(("polygon*", "hexagon*", "square", "rectang*", "facet*", "triang*"),
        ("geometry.shape=polygon write 'shape: polygon' under geometry",),
        "a section with corners is not there yet; a mesh of one can be read: shape: file, docs/howto/mesh.md"),
    Way(("sphere*", "spherical", "particle*", "ball", "axisym*", "axial_symm*", "revol*"),
        ("geometry.symmetry=axisymmetric write 'shape: circle' and 'symmetry: axisymmetric' under geometry",)),
    Way(("butler*", "exchange_current*", "overpotential", "charge_transfer", "tafel"),
        ("boundary.reaction write boundary.reaction, with exchange_current, for the surface; overrides.front.kinetics: "
         "butler_volmer for the front",)),
    Way(("interface_energy", "interfacial_energy", "surface_energy", "surface_tension", "gibbs_thomson"),
        ("overrides write overrides.front.interface_energy, such as 0.3 J/m^2, for the front; surfaces have none",)),
    Way(("agreed", "implicit", "explicit", "semi_implicit", "extrapolat*", "coupl*"),
        ("solver.front_stress auto, the default, moves the front with the stress at the end of its step (agreed), save "
         "where stress drives carriers; 'front_stress: extrapolated' under solver takes that of the steps before",)),
    Way(("threads", "cores", "cpu*", "n_jobs", "parallel", "workers"), (),
        "no key of a configuration: a run takes the threads that the variable FEMANODE_THREADS allows, and femanode "
        "sweep has --workers"),
    Way(("duration", "t_end", "end_time", "total_time", "simulation_time", "max_time"),
        ("time.end write time.end, such as 5 h",)),
    Way(("dt", "time_step", "timestep*", "step_size"),
        ("time.max_front_advance time steps set themselves; time.max_front_advance, in half-thicknesses of the front, "
         "bounds them",)),
    Way(("dpi", "colormap", "cmap", "color*", "colour*", "figure*", "plot*"), (),
        "how pictures look is not of the configuration: femanode plot has --field, --time, --range, --width, --dpi"),
    Way(("format", "vtk*", "vtu", "hdf5", "xdmf"), (),
        "frames are always .vtu with frames.pvd; femanode export writes them into one .vtkhdf"),
    Way(("soc", "state_of_charge", "initial_content", "initial_concentration"),
        ("initial.content write initial.content, with reacted: true",)),
    Way(("aspect_ratio", "semi_ax*", "width", "height"),
        ("geometry.diameters write 'shape: ellipse' with geometry.diameters, such as [120 nm, 60 nm]",)),
    Way(("electrolyte", "separator", "counter_electrode", "anode", "cathode"), (),
        "not computed: what they do to the wire is boundary.potential, boundary.reaction and boundary.film"),
    Way(("3d", "periodic", "dimension*", "dim"), (), "the section of one long wire is computed, in its plane "
        "(docs/limits.md); a particle is symmetry: axisymmetric under geometry"),
    Way(("system", "systems"), (),
        "not there as a key: each system of the review is a file in configs/systems, 'femanode systems' runs them "
        "(docs/systems.md); carrier and host are the key material"),
    Way(("gitt", "pitt", "puls*"),
        ("boundary.protocol write the pulses in boundary.protocol, as configs/a_si_gitt_100nm.yaml does",)),
    Way(("plastic*", "viscoplastic*", "creep", "hardening"),
        ("overrides always there: overrides.mechanics.reacted has yield_stress, hardening_modulus and "
         "rate_sensitivity",)),
    Way(("film*", "thin_film", "plate", "slab", "planar"), (),
        "flat films are not there: the section of a long wire is computed (docs/limits.md); boundary.film is a layer "
        "that carriers cross"),
    Way(("wire", "nanowire", "cylinder*", "round", "disc", "disk", "solid"),
        ("geometry.shape=circle write 'shape: circle' under geometry",)),
    Way(("rate", "charging_rate"), ("boundary.c_rate write 'mode: galvanostatic' under boundary, with c_rate such as "
                                    "0.2 for C/5; the front's own rates are overrides.front.rates",)),
    Way(("axis", "orientation", "growth_direction"), ("crystal.axis write crystal.axis, such as [1, 1, 2]",)),
    Way(("size", "mesh_size", "resolution"), ("mesh.element_size write mesh.element_size",)),
    Way(("length",), (), "the wire is endless: its section is computed, and mechanics.axial says what holds it along"),
    Way(("yield*", "flow_stress", "youngs_modulus", "poisson*", "diffusivity", "toughness"),
        ("overrides write it under overrides, by its path in the material, such as mechanics.yield_stress: femanode "
         "materials NAME lists them",)),
    Way(("radius",), ("geometry.diameter write geometry.diameter, twice the radius",)),
    Way(("coat*", "shell*", "oxide*", "sio2", "carbon*", "layer*"),
        ("geometry.coating write it under geometry.coating", "geometry.layers write it under geometry.layers"),
        "a layer that carries load is not there yet; what it does to the carriers is: boundary.film, with thickness "
        "and diffusivity"),
    Way(("sei", "resistance", "native_oxide"), ("boundary.film write boundary.film, with thickness and diffusivity",)),
    Way(("core*", "inner_core"),
        ("geometry.core write it under geometry.core",),
        "a core that does not react is not there yet; a hollow wire is: shape: annulus with inner_diameter"),
    Way(("pressur*", "stack_pressure", "confine*"),
        ("mechanics.pressure write mechanics.pressure, such as 20 MPa",),
        "a pressure on the surface is not there yet"),
    Way(("bend*", "bent", "curvature", "curved"),
        ("mechanics.curvature write mechanics.curvature",),
        "bending is not there yet; along the wire there is mechanics.axial: plane_strain or generalized, the latter "
        "with axial_force"),
    Way(("discharg*", "charg*", "insert*", "extract*"),
        ("boundary.protocol that word means opposite things in half cells and in full cells: write Lithiate or "
         "Delithiate in boundary.protocol",),
        "for carriers going in write 'mode: galvanostatic' (or potentiostatic) under boundary; taking them out again "
        "is not there yet"),
    Way(("delithiat*", "desodiat*", "dealloy*", "delithiation"),
        ("boundary.protocol write a step 'Delithiate at ... until ...' in boundary.protocol",),
        "taking carriers out again is not there yet"),
    Way(("lithiat*", "sodiat*", "alloy*"),
        ("boundary.protocol write a step 'Lithiate at ... until ...' in boundary.protocol, or 'mode: galvanostatic' "
         "under boundary",
         "boundary.mode=galvanostatic write 'mode: galvanostatic' (or potentiostatic) under boundary"),),
    Way(("cccv", "cc-cv", "cc_cv", "hold*", "rest*", "relax*"),
        ("boundary.protocol write the steps in boundary.protocol: Lithiate ..., Hold ..., Rest ...",),
        "steps one after the other are not there yet; one of galvanostatic and potentiostatic is, under boundary.mode"),
    Way(("cycl*", "protocol*", "step*"),
        ("boundary.protocol write boundary.protocol, a list of steps, and boundary.cycles",),
        "cycles are not there yet: one insertion is computed"),
    Way(("cc", "constant_current", "current", "galvanostat", "c-rate", "crate"),
        ("boundary.mode=galvanostatic write 'mode: galvanostatic' under boundary, with c_rate or current_density",)),
    Way(("cv", "constant_voltage", "potentiostat"),
        ("boundary.mode=potentiostatic write 'mode: potentiostatic' under boundary, with potential",)),
    Way(("voltage", "v"), ("boundary.potential write boundary.potential, against the carrier metal",)),
    Way(("crack*", "fractur*"), (),
        "cracks are not computed; their driving force is, for each run: crack_risk in summary.json; the material's "
        "toughness is overrides.fracture.energy"),
)

_RATE = re.compile(r"\s*(?:c\s*/\s*(?P<hours>\d+(?:\.\d+)?)|(?P<rate>\d*\.?\d+)\s*c)\s*", re.IGNORECASE)


def hint_for(word: object, model: type[BaseModel]) -> str:
    """What to write for a word, an unknown key or value; empty where nothing is known of it.

    Parameters
    ----------
    word : object
        As it was written.
    model : type
        The configuration's model, which says what this version has; for any other, nothing is known.

    Examples
    --------
    >>> from femanode.config.loading import Config
    >>> hint_for("hollow", Config)
    "write 'shape: annulus' with geometry.inner_diameter"
    >>> hint_for("C/5", Config)
    'write boundary.c_rate: 0.2'
    """
    if not isinstance(word, str) or "geometry" not in model.model_fields:
        return ""
    rate = c_rate(word)
    if rate is not None:
        return f"write boundary.c_rate: {rate:g}"
    folded = word.strip().lower().replace(" ", "_")
    for way in WAYS:
        if any(folded == name or (name[-1] == "*" and folded.startswith(name[:-1])) for name in way.words):
            return next(_told(way, model), way.missing)
    return _deeper(folded, model)


def _deeper(word: str, model: type[BaseModel]) -> str:
    """Where a key stands that was written without its section, or with another; empty where none or several have it."""
    found = []
    for name, info in model.model_fields.items():
        section = next((part for part in _parts(info.annotation) if isinstance(part, type) and
                        issubclass(part, BaseModel)), None)
        if section is not None and word in section.model_fields and not section.model_fields[word].exclude:
            found.append(f"{name}.{word}")
    return f"write {found[0]}" if len(found) == 1 else ""


def c_rate(text: str) -> float | None:
    """The number meant by "C/5" or "0.2C"; None for other text."""
    found = _RATE.fullmatch(text)
    if found is None or (found["hours"] and not float(found["hours"])):
        return None
    return 1.0 / float(found["hours"]) if found["hours"] else float(found["rate"])


def _told(way: Way, model: type[BaseModel]) -> Iterator[str]:
    """What to write for each key of a way that the model has."""
    for key in way.keys:
        target, _, text = key.partition(" ")
        if has(model, target):
            yield text


def has(model: type[BaseModel], target: str) -> bool:
    """Whether a model has the key, or choice of a key, that ``path.of.key=choice`` names, and may be given it."""
    path, _, choice = target.partition("=")
    annotation: Any = model
    for name in path.split("."):
        section = next((part for part in _parts(annotation) if isinstance(part, type) and issubclass(part, BaseModel)),
                       None)
        if section is None or name not in section.model_fields or section.model_fields[name].exclude:
            return False
        annotation = section.model_fields[name].annotation
    parts = list(_parts(annotation))
    return choice in parts if choice else parts != [type(None)]


def _parts(annotation: Any) -> Iterator[Any]:
    """Types of a union and choices of a literal, at any depth."""
    if get_origin(annotation) is Literal or not get_args(annotation):
        yield from get_args(annotation) or (annotation,)
        return
    for part in get_args(annotation):
        yield from _parts(part)
