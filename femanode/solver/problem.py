"""Turns a configuration into the solvers of one section (config -> mesh -> state on the line).

The only module that knows both the configuration and the numerics.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace

import numpy as np

from femanode.config.ledges import Ledges as LedgeKeys
from femanode.config.loading import Config
from femanode.config.material import Material, Phase
from femanode.config.quantities import Table
from femanode.constitutive.crystal.ledges import Ledges
from femanode.constitutive.crystal.rates import (
    CrystalFrame,
    RateLaw,
    make_frame,
    make_rate_law,
    require_sector,
    section_symmetry,
)
from femanode.constitutive.elastoplasticity import Moduli
from femanode.constitutive.swelling import REACTED_ABOVE
from femanode.errors import ConfigError
from femanode.mesh.build import Section, make_section, read_section, require_size
from femanode.mesh.hierarchy import Hierarchy, Leaves
from femanode.mesh.recovery import Recovery
from femanode.mesh.roughness import Roughness, make_roughness, require_waves, rough_mesh
from femanode.mesh.spaces import Spaces, build_spaces
from femanode.numerics.arrays import Array, IntArray
from femanode.solver.adaptation import GradedMesh, Grading, front_outruns, initial_leaves, leaves_for
from femanode.solver.electrode import applied_current, cutoff_activity, film_coefficient
from femanode.solver.front import Front, Kinetics
from femanode.solver.mechanics import Mechanics
from femanode.solver.physics import Physics
from femanode.solver.state import Part, State, pristine
from femanode.solver.stepping import Limits
from femanode.solver.transfer import transfer
from femanode.solver.transport import Surface, Transport
from femanode.units import E_CHARGE, K_B

#: Elements along the radius where neither the mesh nor the front gives a size.
DEFAULT_RESOLUTION = 64

#: Elements in a half-thickness of the front: on fewer the layer that swells is not resolved, and the figures scatter.
ELEMENTS_PER_DELTA = 2.0

#: Residual of equilibrium that ends a run's Newton iterations: 1e-3 moves no figure (converted fraction, stresses,
#: diameters) by more than 1e-4 of itself, and this is ten times less.
EQUILIBRIUM = 1e-4

#: Elements along the wall in the coarsest parts of an adaptive mesh.
COARSEST = 8

#: Converted fraction from which the flow stress depends on the rate of strain.
BEHIND_FRONT = 0.99

DEFAULT_GRADING = Grading()


@dataclass(frozen=True)
class Problem:
    """One section, ready to be advanced in time.

    ``notes`` say what was chosen for the user; ``graded`` is the adaptive mesh, None where the mesh is fixed.
    """

    config: Config
    section: Section
    frame: CrystalFrame
    rates: RateLaw
    physics: Physics
    limits: Limits
    notes: tuple[str, ...]
    recovery: Recovery
    graded: GradedMesh | None = None
    grading: Grading = DEFAULT_GRADING

    @property
    def half_thickness(self) -> float:
        """delta in use, nm."""
        return self.physics.front.delta

    def initial_state(self) -> State:
        """Pristine section with the front about to enter."""
        spaces, outline = self.physics.spaces, self.section.outline
        uneven = _unevenness(self.config, self.section)
        # The front comes in along the outline as it is.
        depth = outline.depth(spaces.nodes) if uneven is None else uneven.depth(spaces.nodes, outline)
        extent = self.physics.front.initial_extent(np.maximum(depth, 0.0))
        return pristine(spaces.n_nodes, (spaces.weight.shape[0], spaces.weight.shape[1]), extent,
                        1.0 - self.physics.transport.surface.cutoff)

    def mesh_part(self) -> Part:
        """What a checkpoint keeps of the mesh: its hash, and the leaves of a graded one; the rest can be made again."""
        leaves = {} if self.graded is None else self.graded.leaves.arrays
        return Part(leaves, {"hash": self.section.hash()})

    def with_mesh(self, part: Part) -> Problem:
        """The problem on the mesh that :meth:`mesh_part` stored.

        Raises
        ------
        ConfigError
            The configuration makes another mesh here.
        """
        same = self if self.graded is None else self._on(Leaves(**part.arrays))
        if part.data["hash"] != same.section.hash():
            raise ConfigError("the mesh is not the one the run was begun with", where="mesh",
                              hint="resume where it was made, or run the case anew with --overwrite")
        return same

    def adapted(self, state: State) -> tuple[Problem, State]:
        """The problem and state on a mesh that suits the front, unchanged where the present one does."""
        mesh, physics = self.graded, self.physics
        if mesh is None or not front_outruns(mesh, physics.spaces, state, physics.front, self.grading):
            return self, state
        new = self._on(leaves_for(mesh, state, physics.front, self.grading))
        if new.graded is None:
            raise ValueError("no graded mesh")
        return new, transfer(physics, mesh, state, new.physics, new.graded)

    def _on(self, leaves: Leaves) -> Problem:
        """The same problem on another choice of leaves."""
        if self.graded is None:
            raise ValueError("no graded mesh")
        hierarchy = self.graded.hierarchy
        section, vertices = hierarchy.section(leaves)
        physics = build_physics(self.config, section, self.half_thickness, self.rates)
        return replace(self, section=section, physics=physics, recovery=Recovery(physics.spaces),
                       graded=_graded(hierarchy, leaves, physics.spaces, vertices))

    def output_times(self) -> list[float]:
        """Times to be hit exactly, s."""
        every = self.config.output.every
        return [] if every is None else [float(t) for t in np.arange(1, self.config.time.end / every) * every]


def crystal_of(config: Config) -> tuple[CrystalFrame, RateLaw]:
    """Crystal frame and orientation law of a configuration, with the amorphised share of the front."""
    material = config.material
    structure = material.host.structure
    axis, in_plane = ((0, 0, 1), None) if config.crystal is None else (config.crystal.axis, config.crystal.in_plane)
    frame = make_frame(axis, in_plane, structure)
    amorphous = material.front.amorphization
    share = amorphous.fraction
    threshold, diameter = amorphous.threshold_diameter, config.geometry.diameter
    if threshold is not None and diameter is not None and diameter < threshold:
        share = 1.0
    return frame, make_rate_law(material.front.rates, structure, frame, share, amorphous.rate, ledges_of(material))


def ledges_of(material: Material) -> Ledges | None:
    """What the ledge law takes beside the rates; None with the smooth law."""
    if material.front.direction_law == "smooth":
        return None
    given = material.front.ledge or LedgeKeys()
    return Ledges(float(np.radians(given.rounding)), given.speed_100, given.speed_111)


def resolution(config: Config) -> tuple[float | None, float | None]:
    """Element size and half-thickness asked for or implied, nm; None where only a mesh file can tell."""
    size, delta, wall = config.mesh.element_size, config.front.half_thickness, config.geometry.wall
    natural = config.material.front.half_thickness
    if size is None and config.geometry.shape != "file":
        coarsest = max(natural, ELEMENTS_PER_DELTA * wall / DEFAULT_RESOLUTION) if wall else natural
        size = (delta if delta is not None else coarsest) / ELEMENTS_PER_DELTA
    if delta is None and size is not None:
        delta = max(natural, ELEMENTS_PER_DELTA * size)
    return size, delta


def _root(config: Config) -> tuple[Section, int]:
    """Coarsest mesh of a configuration, and how often it is refined at the front (0: the mesh is fixed)."""
    _, rates = crystal_of(config)
    allowed = section_symmetry(rates)
    geometry = config.geometry
    size, _ = resolution(config)
    if geometry.shape == "file":
        if geometry.path is None:
            raise ConfigError("no path", where="geometry.path")
        section = read_section(geometry.path, element_size=size, diameter=geometry.diameter)
        require_sector(section.sector, allowed)
        return section, 0
    # An uneven outline has no mirrors; a smaller sector has to be asked for.
    wanted = "full" if geometry.roughness is not None and geometry.sector == "auto" else geometry.sector
    sector = require_sector(wanted, allowed)
    if geometry.diameter is None or size is None:
        raise ConfigError("no diameter", where="geometry.diameter")
    outer, inner = 0.5 * geometry.diameter, 0.5 * (geometry.inner_diameter or 0.0)
    # Of the finest elements: the coarsest alone would let through what is never done refining.
    require_size(size, outer, inner, sector)
    levels = 0
    while config.mesh.adaptive and size * 2.0 ** (levels + 1) <= (outer - inner) / COARSEST:
        levels += 1
    if geometry.roughness is not None:
        require_waves(geometry.roughness.wavelength_of(geometry.diameter), size)
    return make_section(geometry.shape, outer, inner, size * 2.0**levels, sector), levels


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
        See :func:`mesh_section`; also when the mesh cannot resolve the front.
    """
    frame, rates = crystal_of(config)
    section, levels = _root(config)
    _, delta = resolution(config)
    if delta is None:
        delta = max(config.material.front.half_thickness, ELEMENTS_PER_DELTA * section.actual_size)
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
    time = config.time
    limits = Limits(end=time.end, front_advance=time.max_front_advance, plastic=time.max_plastic_increment,
                    content=time.max_content_increment,
                    min_step=time.min_step if time.min_step is not None else 1e-9 * time.end,
                    arrest=time.stop.arrest, converted=time.stop.converted)
    return Problem(config, section, frame, rates, physics, limits, tuple(_notes(config, frame, section, delta)),
                   Recovery(physics.spaces), graded)


def _graded(hierarchy: Hierarchy, leaves: Leaves, spaces: Spaces, vertices: IntArray) -> GradedMesh:
    """Join a mesh with its place in the hierarchy; ``vertices`` (6, elem) are those of its elements."""
    vertex = np.empty(spaces.n_nodes, dtype=np.int64)
    vertex[spaces.cells] = vertices
    return GradedMesh(hierarchy, leaves, vertex)


def build_physics(config: Config, section: Section, delta: float, rates: RateLaw) -> Physics:
    """Solvers of a configuration on one mesh, for a front of half-thickness ``delta`` (nm).

    Raises
    ------
    ConfigError
        The linear solver asked for is not installed.
    """
    material = config.material
    uneven = _unevenness(config, section)
    mesh = section.mesh if uneven is None else rough_mesh(section.mesh, uneven, section.outline)
    spaces = build_spaces(mesh, section.outline)
    backend = config.solver.linear
    kT = K_B * config.temperature
    kinetics = Kinetics(
        kT=kT,
        dG0=-E_CHARGE * material.carrier.charge * (material.front.equilibrium_potential - config.boundary.potential),
        dV=material.swelling.expansion * material.host.volume / material.content.x_max,
        dV_act=material.front.activation_volume)
    c_front = material.content.x_front / material.content.x_max
    diffusivity = material.transport.diffusivity
    try:
        mechanics = Mechanics(spaces, section.sector, axial=config.mechanics.axial,
                              axial_force=config.mechanics.axial_force, backend=backend, tolerance=EQUILIBRIUM)
    except ImportError as error:
        raise ConfigError(str(error), where="solver.linear") from None
    return Physics(
        spaces=spaces, mechanics=mechanics,
        front=Front(spaces, delta, config.front.conversion_start, rates, kinetics, backend),
        transport=Transport(spaces, c_front, lambda C: _look_up(diffusivity, C),
                            material.transport.activation_volume / kT, backend, surface_of(config, spaces)),
        constants=phase_law(material), c_front=c_front, expansion=material.swelling.expansion)


def surface_of(config: Config, spaces: Spaces) -> Surface:
    """What a configuration applies to the surface of one mesh."""
    current = applied_current(config, float(spaces.mass.sum()), float(spaces.reacting_length.sum()))
    return Surface(current, cutoff_activity(config), film_coefficient(config))


def _unevenness(config: Config, section: Section) -> Roughness | None:
    """The outline's unevenness; None of a circle."""
    rough = config.geometry.roughness
    return None if rough is None else make_roughness(
        rough.amplitude, rough.wavelength_of(2.0 * section.radius), section.radius, rough.seed, section.sector)


def _notes(config: Config, frame: CrystalFrame, section: Section, delta: float) -> list[str]:
    """What was chosen for the user, in sentences."""
    notes = []
    if config.crystal is not None and frame.in_plane_chosen:
        notes.append(f"in-plane direction along x: {frame.miller_along('x')} (chosen)")
    if config.geometry.sector == "auto":
        why = ("from the mesh file" if config.geometry.shape == "file" else
               "the smallest the crystal allows" if config.geometry.roughness is None else
               "an uneven outline has no mirrors")
        notes.append(f"sector: {section.sector} ({why})")
    natural = config.material.front.half_thickness
    if delta > 1.001 * natural:
        notes.append(f"front half-thickness {delta:g} nm is wider than the material's {natural:g} nm: "
                     "its thickness is numerical, with the bias told under accuracy")
    finest = resolution(config)[0]
    if finest is not None and ELEMENTS_PER_DELTA * finest > 1.3 * delta:
        notes.append(f"elements of {finest:g} nm do not resolve a front of half-thickness {delta:g} nm: take "
                     f"{delta / ELEMENTS_PER_DELTA:g} nm, or figures scatter by a tenth")
    gap = config.material.front.equilibrium_potential - config.boundary.potential
    if gap <= 0:
        notes.append(f"no driving force: the applied potential is {-gap:.3g} V above the front's equilibrium")
    cutoff = config.boundary.cutoff
    if cutoff is not None and cutoff >= config.material.front.equilibrium_potential:
        notes.append(f"nothing will react: the cut-off is {cutoff - config.material.front.equilibrium_potential:.3g} V "
                     "above the front's equilibrium")
    return notes


def _look_up(table: Table, C: Array) -> Array:
    if len(table.value) == 1:
        return np.full_like(C, table.value[0])
    return np.interp(C, table.content, table.value)


def phase_law(material: Material) -> Callable[[Array, Array], Moduli]:
    """Constants at points as a function of converted fraction and content.

    Moduli and Poisson's ratio go linearly from host to full content. Flow stress, hardening and rate dependence are the
    product's as soon as conversion has begun, or the half-converted skin would carry the host's strength; of what is
    partly converted the product's share of the volume bears it, so that the shell in tension is as thick as its
    product, however wide the front. Rate dependence begins behind the front, whose numerical thickness would set the
    rate.
    """
    host, full = material.mechanics.host, material.mechanics.reacted
    expansion = material.swelling.expansion

    def rate(phase: Phase) -> tuple[float, float]:
        law = phase.rate_sensitivity
        return (1.0, np.inf) if law is None else (law.exponent, law.reference_rate)

    def constants(h: Array, C: Array) -> Moduli:
        E = host.youngs_modulus + (full.youngs_modulus - host.youngs_modulus) * C
        nu = host.poisson_ratio + (full.poisson_ratio - host.poisson_ratio) * C
        reacted = h > REACTED_ABOVE

        def pick(a: Array | float, b: Array | float) -> Array:
            return np.where(reacted, b, a)

        (m_host, rate_host), (m_full, rate_full) = rate(host), rate(full)
        # h = 1 holds C as the product does; its swelling per host atom is the same at any share.
        product = np.where(reacted, (h + expansion * C) / (1.0 + expansion * C), 1.0)
        return Moduli(E / (3.0 * (1.0 - 2.0 * nu)), E / (2.0 * (1.0 + nu)),
                      pick(_look_up(host.yield_stress, C), product * _look_up(full.yield_stress, C)),
                      pick(host.hardening_modulus, full.hardening_modulus), pick(m_host, m_full),
                      np.where(h > BEHIND_FRONT, pick(rate_host, rate_full), np.where(reacted, np.inf, rate_host)))

    return constants
