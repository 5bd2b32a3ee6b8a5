"""Sections, loads and drivers that several verification cases share; everything is built from the public numerics."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace

import numpy as np
import skfem

from femanode.constitutive.chemistry import IdealSolution
from femanode.constitutive.elastoplasticity import Moduli, PointResponse
from femanode.constitutive.kinetics import MassAction
from femanode.constitutive.mixture import Mixture
from femanode.constitutive.swelling import REACTED_ABOVE
from femanode.errors import ConvergenceError
from femanode.mesh.build import make_section
from femanode.mesh.hierarchy import Hierarchy
from femanode.mesh.outline import Annulus
from femanode.mesh.revolved import Revolved
from femanode.mesh.spaces import Spaces, build_spaces, scatter
from femanode.numerics.arrays import Array, IntArray
from femanode.solver.advance import advance_front
from femanode.solver.applied import FULL_ACTIVITY, Applied
from femanode.solver.averaging import front_mean
from femanode.solver.axial import STRAIGHT, Axial
from femanode.solver.candidate import Candidate, headroom
from femanode.solver.front import Front, Rate, on_front
from femanode.solver.mechanics import Equilibrium, Mechanics, NoEquilibrium
from femanode.solver.physics import Physics
from femanode.solver.reasons import StopReason
from femanode.solver.state import State, pristine
from femanode.solver.stepping import Limits, Tally, march
from femanode.solver.transport import Transport
from femanode.units import E_CHARGE, K_B

#: GPa nm^3 per eV, and at 300 K.
EV, KT_300K = E_CHARGE, K_B * 300.0

#: Far from the origin, so that "away from the axis" is along x to six digits.
FAR = 1e6


def disc(radius: float = 1.0, size: float = 0.25, sector: str = "quarter", inner: float = 0.0) -> Spaces:
    """Spaces of a generated disc, or annulus where ``inner`` > 0; lengths in nm."""
    shape = "annulus" if inner > 0.0 else "circle"
    section = make_section(shape, radius, inner, size, sector)
    return build_spaces(section.mesh, section.outline)


def ball(radius: float, size: float, *, half: bool = False) -> Spaces:
    """Axisymmetric spaces of a sphere, from the quarter z >= 0 of the circle, or from the half with the origin held."""
    section = make_section("circle", radius, 0.0, size, "half" if half else "quarter")
    outline = Revolved(section.outline)
    if not half:
        return build_spaces(section.mesh, outline)
    # the generated half has y >= 0: turned by a right angle it has x >= 0
    x, y = section.mesh.doflocs
    named = section.mesh.boundaries or {}
    turned = replace(section.mesh, doflocs=np.stack([y, -x])).with_boundaries(
        {"surface": named["surface"], "x0": named["y0"]})
    spaces = build_spaces(turned, outline)
    return held(spaces, spaces.x0, np.array([np.argmin(np.hypot(*spaces.nodes))]))


def halved(radius: float, size: float, halvings: int) -> skfem.MeshTri2:
    """Mesh of a quarter disc of elements of ``size`` (nm), every triangle cut into four ``halvings`` times.

    Orders of accuracy are observed on these. Meshes generated at two sizes are not similar, and their errors have no
    fixed ratio.
    """
    root = Hierarchy(make_section("circle", radius, 0.0, size, "quarter"), halvings)
    return root.section(root.grade([np.ones(c.shape[1], bool) for c in root.corners[:-1]]))[0].mesh


def polar(radii: Array, sectors: int, *, filled: bool = True, core: float = 0.0, revolved: bool = False) -> Spaces:
    """Quarter of rings at the given radii, all curved: fine along the radius, coarse along the circumference.

    ``filled`` closes it with a fan about the centre; otherwise the first radius is a free inner surface. What lies
    within the radius ``core`` is an inert core. ``revolved``, it is a sphere or a hollow one.
    """
    angle = np.linspace(0, np.pi / 2, sectors + 1)
    r, t = np.repeat(radii, sectors + 1), np.tile(angle, len(radii))
    points = np.stack([r * np.cos(t), r * np.sin(t)])
    first, triangles = 0, []
    if filled:
        points, first = np.hstack([np.zeros((2, 1)), points]), 1
        triangles = [(0, 1 + j, 2 + j) for j in range(sectors)]
    for i in range(len(radii) - 1):
        for j in range(sectors):
            a, b = first + i * (sectors + 1) + j, first + (i + 1) * (sectors + 1) + j
            triangles += [(a, b, b + 1), (a, b + 1, a + 1)] if (i + j) % 2 else [(a, b, a + 1), (b, b + 1, a + 1)]
    points[np.abs(points) < 1e-12 * radii[-1]] = 0.0
    mesh = skfem.MeshTri2.from_mesh(skfem.MeshTri(points, np.array(triangles).T.copy()))
    ends = mesh.facets
    curved = np.hypot(*points)[ends].min(axis=0) > 0
    radius, turn = np.hypot(*points)[ends].mean(axis=0), np.arctan2(points[1], points[0])[ends].mean(axis=0)
    on_rings = np.stack([radius * np.cos(turn), radius * np.sin(turn)])[:, curved]
    mesh.doflocs[:, mesh.dofs.facet_dofs[0, curved]] = on_rings
    mesh.doflocs[np.abs(mesh.doflocs) < 1e-12 * radii[-1]] = 0.0
    on = {"surface": np.hypot(*points)[ends].min(axis=0) > (1 - 1e-9) * radii[-1],
          "x0": np.abs(points[0])[ends].max(axis=0) < 1e-9 * radii[-1],
          "y0": np.abs(points[1])[ends].max(axis=0) < 1e-9 * radii[-1]}
    if core > 0.0:
        inside = np.hypot(*points)[mesh.t].mean(axis=0) < core
        mesh = mesh.with_subdomains({"core": np.flatnonzero(inside)})
    outline = Annulus(float(radii[-1]), 0.0 if filled else float(radii[0]))
    return build_spaces(mesh.with_boundaries({name: np.flatnonzero(which) for name, which in on.items()}),
                        Revolved(outline) if revolved else outline)


def strip(length: float, spacing: float, rows: int = 1) -> Spaces:
    """Plane layer: its surface at x = FAR, nodes on a square grid of ``spacing`` nm."""
    n = round(length / (2.0 * spacing))
    mesh = skfem.MeshTri.init_tensor(np.linspace(FAR - length, FAR, n + 1), np.arange(rows + 1) * 2.0 * spacing)
    return build_spaces(skfem.MeshTri2.from_mesh(mesh).with_boundaries({"surface": lambda x: x[0] > FAR - 1e-6}))


def wedge(outer: float, inner: float, spacing: float) -> Spaces:
    """Narrow sector of an annulus, one row of elements wide at every radius."""
    n = round((outer - inner) / (2.0 * spacing))
    mesh = skfem.MeshTri.init_tensor(np.linspace(inner, outer, n + 1), np.linspace(0.0, 2.0 * spacing / outer, 2))
    mesh2 = skfem.MeshTri2.from_mesh(mesh)
    r, angle = mesh2.doflocs
    mesh2 = replace(mesh2, doflocs=np.stack([r * np.cos(angle), r * np.sin(angle)]))
    return build_spaces(mesh2.with_boundaries({"surface": lambda x: np.hypot(*x) > outer - 0.1 * spacing}),
                        Annulus(outer, inner))


def held(spaces: Spaces, x: IntArray, y: IntArray) -> Spaces:
    """The same section with the x displacement of nodes ``x`` and the y displacement of nodes ``y`` held."""
    return replace(spaces, x0=x, y0=y)


def moduli(E: Array | float, nu: Array | float, sigma_Y: Array | float = np.inf, H: Array | float = 0.0,
           exponent: Array | float = 1.0, rate: Array | float = np.inf, shape: tuple[int, ...] = (1, 1)) -> Moduli:
    """Constants from E (GPa) and nu, broadcast to ``shape``; elastic and rate independent unless told."""
    K = np.asarray(E) / (3.0 * (1.0 - 2.0 * np.asarray(nu)))
    G = np.asarray(E) / (2.0 * (1.0 + np.asarray(nu)))
    # An elastic material has infinite strength, and infinity times zero hardening would be NaN.
    strength = np.where(np.isinf(sigma_Y), 1e12, sigma_Y)

    def everywhere(value: Array | float) -> Array:
        return np.array(np.broadcast_to(value, shape), dtype=float)

    return Moduli(K=everywhere(K), G=everywhere(G), sigma_Y=everywhere(strength), H=everywhere(H),
                  rate_exponent=everywhere(exponent), reference_rate=everywhere(rate))


def unit_plastic(shape: tuple[int, ...]) -> Array:
    """Cp_inv of material that never flowed, (4, *shape)."""
    unit = np.zeros((4, *shape))
    unit[[0, 1, 3]] = 1.0
    return unit


def edge_load(spaces: Spaces, nodes: IntArray, traction: Callable[[Array, Array], Array]) -> Array:
    """Nodal forces (2, N) of a dead traction on a line of P2 edges.

    Parameters
    ----------
    nodes : (2 n + 1,) corner, middle, corner, ... along the line
    traction : callable
        Of positions (2, k) and tangents times length (2, k): force per parameter length of the edge, (2, k).
    """
    load, x = np.zeros((2, spaces.n_nodes)), spaces.nodes
    a, m, b = nodes[:-2:2], nodes[1:-1:2], nodes[2::2]
    slopes = (-3 * x[:, a] + 4 * x[:, m] - x[:, b], x[:, b] - x[:, a], x[:, a] - 4 * x[:, m] + 3 * x[:, b])
    # Simpson's rule, exact for a uniform traction on a parabolic edge
    for node, slope, weight in zip((a, m, b), slopes, (1 / 6, 4 / 6, 1 / 6), strict=True):
        force = weight * traction(x[:, node], slope)
        load += np.stack([scatter(node, part, spaces.n_nodes) for part in force])
    return load


def pressure_load(spaces: Spaces, nodes: IntArray, pressure: float) -> Array:
    """Dead load of a pressure on a line of edges that has the body on its left; see :func:`edge_load`."""
    return edge_load(spaces, nodes, lambda x, t: -pressure * np.stack([t[1], -t[0]]))


def along_angle(spaces: Spaces, nodes: IntArray) -> IntArray:
    """The nodes in order of their angle."""
    return nodes[np.argsort(np.arctan2(spaces.nodes[1, nodes], spaces.nodes[0, nodes]))]


def solved(mech: Mechanics, Jc: Array | float, law: Moduli, *, u: Array | None = None, axial: Axial = STRAIGHT,
           past: PointResponse | None = None) -> tuple[Equilibrium, PointResponse]:
    """Equilibrium that must be found; from rest unless told.

    Raises
    ------
    ConvergenceError
        The solve failed.
    """
    s = mech.spaces
    shape = (s.weight.shape[0], s.weight.shape[1])
    Cp_inv, eqps = (unit_plastic(shape), np.zeros(shape)) if past is None else (past.Cp_inv, past.eqps)
    try:
        eq = mech.solve(np.zeros((2, s.n_nodes)) if u is None else u, axial, Cp_inv, eqps,
                        np.array(np.broadcast_to(Jc, shape)), law, 1.0)
    except NoEquilibrium as error:
        raise ConvergenceError(str(error)) from error
    return eq, eq.response


def cylindrical(stress: Array, xy: Array) -> tuple[Array, Array]:
    """Radial and hoop components of (11, 22, 12, 33) about the origin."""
    x, y = xy / np.hypot(*xy)
    return (stress[0] * x**2 + stress[1] * y**2 + 2 * stress[2] * x * y,
            stress[0] * y**2 + stress[1] * x**2 - 2 * stress[2] * x * y)


def cauchy(eq: Equilibrium, response: PointResponse) -> Array:
    """Cauchy stress (4, elem, qp)."""
    J = (eq.F[0, 0] * eq.F[1, 1] - eq.F[0, 1] * eq.F[1, 0]) * eq.F33
    return np.asarray(response.tau / J)


@dataclass(frozen=True)
class Isotropic:
    """The same rate in every direction, nm/s."""

    k: float

    def rate(self, nx: Array, ny: Array) -> Array:
        """k for every normal."""
        return np.full_like(nx, self.k)


def constant(value: float) -> Callable[[Array], Array]:
    """A diffusivity that does not know the content."""
    return lambda C: np.full_like(C, value)


@dataclass(frozen=True)
class Layer:
    """A front without mechanics: its solvers and the depth of its nodes below the surface."""

    physics: Physics
    depth: Array

    def state(self, position: float = 0.0) -> State:
        """Unstressed state with the middle of the front ``position`` nm below the surface."""
        s = self.physics.spaces
        xi = 1.0 / (1.0 + np.exp(np.clip((self.depth - position) / self.physics.front.delta, -600.0, 600.0)))
        return pristine(s.n_nodes, (s.weight.shape[0], s.weight.shape[1]), xi)

    def follow(self, converted: float, advance: float = 0.5) -> tuple[Array, Array]:
        """Times and converted fractions of the accepted steps, of ``advance`` delta each, until ``converted``."""
        t, f = [0.0], [self.physics.converted_fraction(self.state().xi)]
        limits = Limits(end=1e12, front_advance=advance, arrest=None, converted=converted)
        for candidate, stop in march(self.physics, self.state(), limits, [], Tally(), unstressed):
            t.append(candidate.state.t)
            f.append(self.physics.converted_fraction(candidate.state.xi))
            if stop is not None and stop is not StopReason.CONVERTED:
                raise ConvergenceError(stop.value)
        return np.array(t), np.array(f)


def layer(spaces: Spaces, depth: Array, delta: float, *, k: float = 1.0, D: float = 1e9, c_front: float = 0.5,
          rates: Rate | None = None, diffusivity: Callable[[Array], Array] | None = None,
          film: float | None = None, applied: Applied = FULL_ACTIVITY) -> Layer:
    """Front of half-thickness ``delta`` without swelling or equilibrium activity: v = k(n) a."""
    front = Front(spaces, delta, 0.35, rates or Isotropic(k), MassAction(KT_300K, -20.0 * EV, 0.0, 0.0))
    transport = Transport(spaces, IdealSolution(c_front), diffusivity or constant(D), film=film)
    physics = Physics(spaces, Mechanics(spaces, "full"), front, transport, Mixture(_no_constants, 0.0), (applied,))
    return Layer(physics, depth)


def _no_constants(h: Array, C: Array) -> Moduli:
    raise RuntimeError("no mechanics here")


def unstressed(physics: Physics, state: State, dt: float) -> Candidate:
    """Proposal of the front and the carrier balance alone: displacement and stress stay as they are."""
    moved = advance_front(physics, state, dt)
    xi, speed = moved.xi, moved.speed
    activity = moved.activity(physics, physics.front.averager(xi, moved.averager))
    advance = dt / physics.front.delta * float(np.max(speed[on_front(xi)], initial=0.0))
    drive = front_mean(physics.front.kinetics.drive(state.front_stress, activity), xi, physics.spaces)
    bent = physics.front.curvature(physics.front.normals(xi), physics.front.averager(xi, moved.averager))
    new = replace(state, t=state.t + dt, dt=dt, xi=xi, depletion=moved.depletion, activity=activity,
                  outside=moved.outside, entered=moved.entered, curvature=bent)
    return Candidate(new, balance=moved.balance, advance=advance, drive=drive,
                     headroom=headroom(physics, state, moved.depletion))


def silicon(spaces: Spaces, delta: float, *, sector: str = "quarter", k: float = 0.05, start: float = 0.25,
            D: Callable[[Array], Array] | float = 1e8, dG0: float = -0.15, beta: float = 2.8, c_front: float = 0.6,
            sigma_Y: float = 1.0, host_sigma_Y: float = 7.0, stiffness: float = 1.0, dV_D: float = 0.0,
            rates: Rate | None = None) -> Physics:
    """Solvers with literature constants of silicon (lengths nm, rates nm/s, D nm^2/s, dG0 eV, volumes nm^3).

    E 160 -> 40 GPa times ``stiffness``, nu 0.22 -> 0.24 linear in content, ``host_sigma_Y`` until h = 0.01 and
    sigma_Y from there; x_max 3.75, V_host 0.02 nm^3, 300 K.
    """
    def constants(h: Array, C: Array) -> Moduli:
        return moduli(stiffness * (160.0 - 120.0 * C), 0.22 + 0.02 * C,
                      np.where(h > REACTED_ABOVE, sigma_Y, host_sigma_Y), shape=C.shape)

    front = Front(spaces, delta, start, rates or Isotropic(k), MassAction(KT_300K, dG0 * EV, beta * 0.02 / 3.75, 0.0))
    transport = Transport(spaces, IdealSolution(c_front), D if callable(D) else constant(D), dV_D / KT_300K)
    return Physics(spaces, Mechanics(spaces, sector), front, transport, Mixture(constants, beta))


def about_to_enter(physics: Physics, depth: Array) -> State:
    """Unstressed state with the front just outside; ``depth`` (N,) of the nodes below the surface, nm."""
    s = physics.spaces
    return pristine(s.n_nodes, (s.weight.shape[0], s.weight.shape[1]), physics.front.initial_extent(depth))
