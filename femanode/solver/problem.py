"""From a configuration to a problem: one section with its solvers."""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import cached_property

import numpy as np

from femanode.config.loading import Config
from femanode.constitutive.crystal.miller import CrystalFrame
from femanode.constitutive.crystal.rates import DirectionLaw
from femanode.errors import ConfigError
from femanode.mesh.build import Section
from femanode.mesh.hierarchy import Hierarchy, Leaves
from femanode.mesh.recovery import Recovery
from femanode.mesh.roughness import rough_mesh
from femanode.mesh.spaces import Spaces, build_spaces
from femanode.numerics.arrays import Array, IntArray
from femanode.solver.electrode import film_coefficient, film_of
from femanode.solver.front import Front
from femanode.solver.grading import GradedMesh, Grading, initial_leaves
from femanode.solver.laws import (
    ahead_of,
    carrier_volume_of,
    chemistry_of,
    crystal_of,
    diffusivity_of,
    interface_of,
    kinetics_of,
    layers_of,
    mixture_of,
    shares_of,
)
from femanode.solver.mechanics import Mechanics
from femanode.solver.physics import Physics
from femanode.solver.preload import loaded
from femanode.solver.programme import applied_of, protocol_of
from femanode.solver.protocol import Protocol
from femanode.solver.remarks import notes_on, require_drive
from femanode.solver.resolution import half_thickness_on, root_section, unevenness_of
from femanode.solver.state import Part, State, pristine
from femanode.solver.stepping import Limits
from femanode.solver.transport import Transport
from femanode.solver.whole import reacted
from femanode.units import K_B

#: Relative residual of equilibrium at which Newton's method ends. With 1e-3 no figure (converted fraction, stresses,
#: diameters) changes by more than 1e-4 of itself, and this is ten times less.
EQUILIBRIUM = 1e-4

#: Largest change of the reacted phase's content in a step, where it can be emptied or has a measured chemistry.
FILLING = 0.02

#: Swelling, in volume, that a reacted shell may have at the beginning of a run against layers that have none.
FREE = 0.01

DEFAULT_GRADING = Grading()


@dataclass(frozen=True)
class Problem:
    """One section, ready to be advanced in time.

    Attributes
    ----------
    config : the configuration
    section : the present mesh
    frame : how the crystal lies in the section
    rates : direction law k(n)
    physics : solvers on the present mesh
    limits : bounds on a step, and ends of the run
    notes : sentences on what was chosen for the user
    recovery : nodal values from quadrature points, for output
    graded : the adaptive mesh; None where the mesh is fixed
    grading : how the adaptive mesh follows the front
    """

    config: Config
    section: Section
    frame: CrystalFrame
    rates: DirectionLaw
    physics: Physics
    limits: Limits
    notes: tuple[str, ...]
    recovery: Recovery
    graded: GradedMesh | None = None
    grading: Grading = DEFAULT_GRADING

    @property
    def half_thickness(self) -> float:
        """Half-thickness delta of the front in this run, nm."""
        return self.physics.front.delta

    @cached_property
    def outward_at_points(self) -> Array:
        """Unit normals (2, elem, qp) of the outline as grown, at its points nearest to the quadrature points."""
        return self.section.outline.normal(self.physics.spaces.qp_xy)

    def initial_state(self) -> State:
        """Section in equilibrium with its loads: the front just outside its surface, or all reacted and swollen.

        Raises
        ------
        ConfigError
            The wire cannot carry the loads.
        """
        spaces, outline = self.physics.spaces, self.section.outline
        uneven = unevenness_of(self.config, self.section)
        # The front enters parallel to the actual outline, uneven or not.
        depth = outline.depth(spaces.nodes) if uneven is None else uneven.depth(spaces.nodes, outline)
        extent = np.where(spaces.idle, 0.0, self.physics.front.initial_extent(np.maximum(depth, 0.0)))
        state = pristine(spaces.n_nodes, (spaces.weight.shape[0], spaces.weight.shape[1]), extent,
                         1.0 - self.physics.applied[0].cutoff)
        if self.config.initial.reacted:
            _require_no_misfit(self.config, self.physics)
            state = reacted(self.physics, state, self.config.initial.content)
        return loaded(self.physics, state, self.config.mechanics.bend) if self.config.mechanics.loaded else state

    def mesh_part(self) -> Part:
        """What a checkpoint keeps of the mesh: its hash, and the leaves of a graded one. The rest can be recomputed."""
        leaves = {} if self.graded is None else self.graded.leaves.arrays
        return Part(leaves, {"hash": self.section.hash()})

    def with_mesh(self, part: Part) -> Problem:
        """The problem on the mesh that :meth:`mesh_part` stored.

        Raises
        ------
        ConfigError
            The mesh made from the configuration here is not the stored one.
        """
        same = self if self.graded is None else self.on_leaves(self.graded.hierarchy, Leaves(**part.arrays))[0]
        if part.data["hash"] != same.section.hash():
            raise ConfigError("the mesh is not the one the run was begun with", where="mesh",
                              hint="resume where it was made, or run the case anew with --overwrite")
        return same

    def on_leaves(self, hierarchy: Hierarchy, leaves: Leaves) -> tuple[Problem, GradedMesh]:
        """The same problem on another choice of leaves, and its mesh."""
        section, vertices = hierarchy.section(leaves)
        physics = build_physics(self.config, section, self.half_thickness, self.rates)
        graded = _graded(hierarchy, leaves, physics.spaces, vertices)
        return replace(self, section=section, physics=physics, recovery=Recovery(physics.spaces), graded=graded), graded

    @property
    def protocol(self) -> Protocol:
        """What is done to the wire: the configuration's protocol, or one step that ends as it says."""
        return protocol_of(self.config, self.physics.applied, self.limits)

    def output_times(self) -> list[float]:
        """Output times, s, which the time steps hit exactly."""
        every = self.config.output.every
        return [] if every is None else [float(t) for t in np.arange(1, self.config.time.end / every) * every]


def mesh_section(config: Config) -> Section:
    """The mesh a run starts with.

    Raises
    ------
    ConfigError, MeshError
        The sector is smaller than the crystal allows, or the mesh file cannot be used.
    """
    return build_problem(config).section


def build_problem(config: Config) -> Problem:
    """Mesh the section and set up its solvers.

    Raises
    ------
    ConfigError, MeshError
        As in :func:`mesh_section`; also if the mesh is too coarse for the front's half-thickness.
    """
    frame, rates = crystal_of(config)
    if config.initial.reacted and shares_of(config.material, frame) is not None:
        raise ConfigError("found true for a material with swelling.directions", where="initial.reacted",
                          allowed="false", hint="a section that has swollen by direction is not in this version")
    content, least = config.initial.content, chemistry_of(config).lowest
    if content is not None and content < least - 1e-9:
        raise ConfigError(f"found {content:g}", where="initial.content",
                          allowed=f"at least {least:g}, what the reacted phase of {config.material.name} always holds",
                          hint="" if config.material.chemistry.law == "open_circuit" else
                          "chemistry.law: open_circuit knows lower contents")
    require_drive(config)
    section, levels = root_section(config)
    delta = half_thickness_on(config, section)
    finest = section.actual_size / 2.0**levels
    if delta < 0.75 * finest:
        raise ConfigError(f"half-thickness {delta:g} nm on elements of {finest:.3g} nm",
                          where="front.half_thickness", allowed="at least the element size",
                          hint="refine the mesh or widen the front")
    graded = None
    if levels:
        hierarchy = Hierarchy(section, levels)
        leaves = initial_leaves(hierarchy, DEFAULT_GRADING, delta)
        section, vertices = hierarchy.section(leaves)
    physics = build_physics(config, section, delta, rates)
    if levels:
        graded = _graded(hierarchy, leaves, physics.spaces, vertices)
    notes = tuple(notes_on(config, frame, section, delta))
    return Problem(config, section, frame, rates, physics, limits_of(config), notes, Recovery(physics.spaces), graded)


def limits_of(config: Config) -> Limits:
    """Bounds on a step and ends of the run; a section that has reacted has no front whose passage could end it."""
    time, stop, reacted_ = config.time, config.time.stop, config.initial.reacted
    empties = config.boundary.protocol is not None or reacted_ or config.material.chemistry.law == "open_circuit"
    filling = time.max_filling_increment or (FILLING if empties else np.inf)
    return Limits(end=time.end, front_advance=time.max_front_advance, plastic=time.max_plastic_increment,
                  content=time.max_content_increment, filling=filling,
                  min_step=time.min_step if time.min_step is not None else 1e-9 * time.end,
                  arrest=None if reacted_ else stop.arrest, converted=None if reacted_ else stop.converted)


def _graded(hierarchy: Hierarchy, leaves: Leaves, spaces: Spaces, vertices: IntArray) -> GradedMesh:
    """The mesh of ``leaves`` with the hierarchy's vertex at each node; ``vertices`` (6, elem) has them by element."""
    vertex = np.empty(spaces.n_nodes, dtype=np.int64)
    vertex[spaces.cells] = vertices
    return GradedMesh(hierarchy, leaves, vertex)


def build_physics(config: Config, section: Section, delta: float, rates: DirectionLaw) -> Physics:
    """Solvers of a configuration on one mesh, for a front of half-thickness ``delta`` (nm).

    Raises
    ------
    ConfigError
        The linear solver asked for is not installed.
    """
    material = config.material
    uneven = unevenness_of(config, section)
    mesh = section.mesh if uneven is None else rough_mesh(section.mesh, uneven, section.outline)
    spaces = build_spaces(mesh, section.outline)
    backend = config.solver.linear
    try:
        mechanics = Mechanics(spaces, section.sector, axial=config.mechanics.axial,
                              axial_force=config.mechanics.axial_force, pressure=config.mechanics.pressure,
                              backend=backend, tolerance=EQUILIBRIUM)
    except ImportError as error:
        raise ConfigError(str(error), where="solver.linear") from None
    return Physics(
        spaces=spaces, mechanics=mechanics,
        front=Front(spaces, delta, config.front.conversion_start, rates, kinetics_of(config), backend),
        transport=Transport(spaces, chemistry_of(config), diffusivity_of(config), 0.0, backend,
                            film_coefficient(config),
                            material.transport.activation_volume / (K_B * config.temperature),
                            deformed=material.transport.frame == "deformed"),
        mixture=mixture_of(material, shares_of(material, crystal_of(config)[0]), layers_of(config)),
        applied=applied_of(config, spaces), carrier_volume=carrier_volume_of(material),
        film=film_of(config), interface=interface_of(material), ahead=ahead_of(config))


def _require_no_misfit(config: Config, physics: Physics) -> None:
    """Refuse a section in layers that has swollen before the run: against its layers, it could not be free of stress.

    Raises
    ------
    ConfigError
        The volume at the initial content is more than `FREE` above that of the host.
    """
    content = physics.chemistry.lowest if config.initial.content is None else config.initial.content
    swollen = float(physics.swelling(np.full_like(physics.spaces.weight, content)).max()) - 1.0
    if physics.spaces.layered and swollen > FREE:
        raise ConfigError(f"a shell that has swollen by {swollen:.3g} of its volume next to layers that have not",
                          where="initial.content", allowed=f"a content at which it has by at most {FREE:g}")
