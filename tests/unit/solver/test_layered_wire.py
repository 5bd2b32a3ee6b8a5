"""Core and coating: closed forms of bonded cylinders, what front and carriers see of them, and sectors alike."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from numpy.testing import assert_allclose

from femanode.config.loading import Config
from femanode.constitutive.swelling import conversion
from femanode.mesh.section import COATING, CORE, REACTING
from femanode.numerics.arrays import Array
from femanode.solver.adaptation import adapt
from femanode.solver.candidate import propose
from femanode.solver.mechanics import Equilibrium
from femanode.solver.problem import Problem, build_problem
from femanode.solver.state import State

STRONG = 1e6


def inert(E: float, nu: float, strength: float = STRONG, **more: Any) -> dict[str, Any]:
    return {"kind": "inert", "name": "layer", **more,
            "mechanics": {"youngs_modulus": f"{E} GPa", "poisson_ratio": nu, "yield_stress": f"{strength} GPa"}}


def problem(sector: str = "quarter", size: float = 2.0, strength: float = STRONG, adaptive: bool = False, *,
            delta: float = 4.0, **layers: Any) -> Problem:
    """A wire of 60 nm whose host has E = 100 GPa and nu = 0.3."""
    host = {"mechanics.host.youngs_modulus": "100 GPa", "mechanics.host.poisson_ratio": 0.3,
            "mechanics.host.yield_stress": f"{strength} GPa"}
    return build_problem(Config.from_mapping({
        "name": "layers", "geometry": {"shape": "circle", "diameter": "60 nm", "sector": sector, **layers},
        "material": "Li-Si", "overrides": {"front.rates": {"isotropic": "0.05 nm/s"}, **host},
        "front": {"half_thickness": f"{delta} nm"}, "mesh": {"element_size": f"{size} nm", "adaptive": adaptive},
        "solver": {"linear": "scipy"}, "time": {"end": "1 h"}}))


def swollen(wire: Problem, strain: float, steps: int = 1) -> Equilibrium:
    """Equilibrium after a free swelling strain of what reacts, in equal steps."""
    physics, zero = wire.physics, np.zeros_like(wire.physics.spaces.weight)
    law, state = physics.moduli(zero, zero), wire.initial_state()
    found, metric, eqps = None, state.Cp_inv, state.eqps
    for k in range(1, steps + 1):
        ratio = np.where(physics.spaces.region[:, None] == REACTING, (1.0 + strain * k / steps) ** 3, 1.0) + zero
        found = physics.mechanics.solve(state.u if found is None else found.u, state.axial, metric, eqps, ratio, law,
                                        1.0)
        metric, eqps = found.response.Cp_inv, found.response.eqps
    assert found is not None
    return found


def across(wire: Problem, eq: Equilibrium) -> tuple[Array, Array, Array]:
    """Radial, hoop and axial Kirchhoff stress at the points, (elem, qp), GPa."""
    x, y = wire.physics.spaces.qp_xy
    xx, yy, xy, zz = eq.response.tau
    radial = (xx * x**2 + yy * y**2 + 2.0 * xy * x * y) / (x**2 + y**2)
    return radial, xx + yy - radial, zz


@pytest.mark.parametrize(("thickness", "E_s", "nu_s"), [(5.0, 70.0, 0.17), (2.0, 300.0, 0.25)])
def test_a_coated_core_that_swells_bears_the_pressure_of_two_bonded_cylinders(
        thickness: float, E_s: float, nu_s: float) -> None:
    strain, E, nu, a, b = 1e-5, 100.0, 0.3, 30.0, 30.0 + thickness
    wire = problem(coating={"thickness": f"{thickness} nm", "material": inert(E_s, nu_s)})
    radial, hoop, _ = across(wire, swollen(wire, strain))
    p = (1 + nu) * strain / ((1 + nu) * (1 - 2 * nu) / E
                             + (1 + nu_s) * ((1 - 2 * nu_s) * a**2 + b**2) / (E_s * (b**2 - a**2)))
    inside, coat = wire.physics.spaces.region == REACTING, wire.physics.spaces.region == COATING
    assert_allclose(radial[inside], -p, rtol=5e-3)
    assert_allclose(hoop[inside], -p, rtol=5e-3)
    r = np.hypot(*wire.physics.spaces.qp_xy)[coat]
    # Lame's thick-walled cylinder under internal pressure
    assert_allclose(hoop[coat], p * a**2 / (b**2 - a**2) * (1 + b**2 / r**2), rtol=1e-2)


def test_a_thin_shell_on_a_rigid_core_bears_the_stress_of_a_film() -> None:
    strain, E, nu = 1e-5, 100.0, 0.3
    wire = problem(size=0.55, delta=0.6, core={"diameter": "57.6 nm", "material": inert(1e4, 0.3)})
    radial, hoop, axial = across(wire, swollen(wire, strain))
    shell = wire.physics.spaces.region == REACTING
    film = -E * strain / (1 - nu)
    # A shell 1.2 nm thick on 28.8 nm: the film's stress to about thickness over radius, which is 4 %.
    assert_allclose(hoop[shell], film, rtol=0.06)
    assert_allclose(axial[shell], film, rtol=0.06)
    assert np.abs(radial[shell]).max() < 0.06 * abs(film)
    # Exactly, as both have the same Poisson's ratio: everything swells, and the core shrinks back.
    a, b, r = 28.8, 30.0, np.hypot(*wire.physics.spaces.qp_xy)[shell]
    p = strain / ((1 - 2 * nu) / 1e4 + ((1 - 2 * nu) * a**2 + b**2) / (E * (b**2 - a**2)))
    assert_allclose(hoop[shell], -p * a**2 / (b**2 - a**2) * (1 + b**2 / r**2), rtol=2e-3)


@pytest.mark.parametrize("sign", [1.0, -1.0])
def test_a_thin_shell_on_a_rigid_core_yields_at_its_flow_stress(sign: float) -> None:
    wire = problem(size=0.55, delta=0.6, strength=1.0, core={"diameter": "57.6 nm", "material": inert(1e4, 0.3)})
    radial, hoop, axial = across(wire, swollen(wire, sign * 0.02, 10))
    shell = wire.physics.spaces.region == REACTING
    # Equibiaxial: Mises' stress is the distance of hoop and axial from radial stress. The material flows in the Mandel
    # stress, that of the swollen volume.
    ratio = (1.0 + sign * 0.02) ** 3
    assert_allclose((hoop - radial)[shell] / ratio, -sign, rtol=0.03)
    assert_allclose((axial - radial)[shell] / ratio, -sign, rtol=0.03)


@pytest.mark.parametrize("layers", [{"coating": {"thickness": "3 nm", "material": "SiO2"}},
                                    {"core": {"diameter": "20 nm", "material": "C"}}])
@pytest.mark.parametrize("adaptive", [False, True])
def test_quarter_half_and_full_are_the_same_run(layers: dict[str, Any], adaptive: bool) -> None:
    found = []
    for sector, images in (("quarter", 4), ("half", 2), ("full", 1)):
        wire = problem(sector, size=4.0 if not adaptive else 2.0, strength=5.0, adaptive=adaptive, **layers)
        wire, state = advanced(wire)
        mass = wire.physics.spaces.mass
        found.append([images * float(np.sum(mass * wire.physics.content_at_nodes(state))),
                      float(state.eqps.max()), float(np.hypot(*state.u).max())])
    # equilibrium is solved to a relative residual of 1e-4
    assert_allclose(found[1:], found[:1] * 2, rtol=1e-4)
    assert found[0][0] > 20.0


def advanced(wire: Problem, steps: int = 6, dt: float = 12.0) -> tuple[Problem, State]:
    """A wire after some steps, its mesh following the front where it is adaptive."""
    state = wire.initial_state()
    for _ in range(steps):
        state = propose(wire.physics, state, dt).state
        wire, state = adapt(wire, state)
    return wire, state


def filled(wire: Problem, steps: int) -> tuple[Problem, State]:
    """Problem and state after time steps of 20 s; all carriers that entered are there, and none is in the layers."""
    state, entered = wire.initial_state(), 0.0
    for _ in range(steps):
        candidate = propose(wire.physics, state, 20.0)
        assert candidate.balance is not None
        state, entered = candidate.state, entered + candidate.balance.inflow
        wire, state = adapt(wire, state)
    spaces = wire.physics.spaces
    assert_allclose(np.sum(spaces.mass * wire.physics.content_at_nodes(state)), entered, rtol=1e-9)
    h, C = wire.physics.content_at_points(state.xi, state.c)
    for region in (CORE, COATING):
        assert h[spaces.region == region].max() == C[spaces.region == region].max() == 0.0
    return wire, state


@pytest.mark.parametrize("adaptive", [False, True])
@pytest.mark.parametrize("film", [{}, {"transport": {"diffusivity": "1e-14 cm^2/s"}}])
def test_no_carrier_is_in_the_layers_and_none_is_lost(adaptive: bool, film: dict[str, Any]) -> None:
    layers = {"coating": {"thickness": "3 nm", "material": inert(70.0, 0.17, 1.5, **film)},
              "core": {"diameter": "44 nm", "material": inert(150.0, 0.2, 2.0)}}
    wire = problem("quarter", size=2.0, strength=5.0, adaptive=adaptive, **layers)
    wire, state = filled(wire, 30)
    spaces = wire.physics.spaces
    for region in (CORE, COATING):
        assert state.xi[np.setdiff1d(spaces.cells[:, spaces.region == region], spaces.live)].max() == 0.0
    # the mass of what can react is that of the annulus between 22 and 30 nm
    assert_allclose(spaces.mass.sum(), 0.25 * np.pi * (30.0**2 - 22.0**2), rtol=2e-3)
    assert float(np.sum(spaces.mass * conversion(state.xi, wire.physics.front.start))) > 0.2 * spaces.mass.sum()
