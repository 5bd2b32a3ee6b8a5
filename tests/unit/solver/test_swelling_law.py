"""Swelling with directions and as a table, moduli as tables: closed forms of whole sections, carriers, refusals."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
import pytest
from numpy.testing import assert_allclose

from femanode.config.loading import Config, dump_config
from femanode.config.yamlio import parse_yaml
from femanode.errors import ConfigError
from femanode.output.fieldset import FieldSet
from femanode.solver.axial import STRAIGHT
from femanode.solver.laws import kinetics_of, mixture_of
from femanode.solver.problem import Problem, build_problem
from tests.fronts import coarse_case
from tests.unit.postprocess.test_record import Run

#: Sodium in black phosphorus, J = 4.992: stretches 1 : 1.92 : 2.60 along 100, 010, 001.
SHARES = [0.0, 0.406, 0.594]
SMALL: dict[str, Any] = {
    "geometry": {"shape": "circle", "diameter": "60 nm"}, "front": {"half_thickness": "4 nm"},
    "mesh": {"element_size": "4 nm"}, "time": {"end": "1 h", "stop": {"converted": 0.3}}}


def case(axis: list[int] | None = None, in_plane: list[int] | None = None, sections: dict[str, Any] | None = None,
         **material: Any) -> Config:
    base = coarse_case(**{**SMALL, **(sections or {})})
    changed = {**base["overrides"], "host.structure": "orthorhombic",  # type: ignore[dict-item]
               **{key.replace("__", "."): value for key, value in material.items()}}
    crystal = {"axis": axis or [1, 0, 0], "in_plane": in_plane or [0, 1, 0]}
    return Config.from_mapping({**base, "crystal": crystal, "overrides": changed})


def filled(problem: Problem) -> tuple[Any, Any]:
    """A section that reacted without a front, in steps, is filled to content 1: equilibrium, and its Jc."""
    physics, state = problem.physics, problem.initial_state()
    shares = physics.mixture.shares
    assert shares is not None
    one = np.ones(physics.spaces.n_nodes)
    at = replace(state, xi=one, depletion=one)  # activity 0: content c_f
    u, axial, end = state.u, STRAIGHT, physics.volume_ratio(one, at.c)
    law = physics.moduli(*physics.content_at_points(one, at.c))
    for part in np.linspace(0.0, 1.0, 41)[1:]:
        metric = shares.reshaped(state.Cp_inv, end**part)
        eq = physics.mechanics.solve(u, axial, metric, state.eqps, end**part, law, 1.0)
        u, axial = eq.u, eq.axial
    at = replace(at, Cp_inv=eq.response.Cp_inv)
    for c in np.linspace(0.0, 1.0, 13)[1:]:
        metric = physics.passed(at, one, c * one)
        h, C = physics.content_at_points(one, c * one)
        eq = physics.mechanics.solve(u, axial, metric, state.eqps, physics.swelling(C), physics.moduli(h, C), 1.0)
        u, axial = eq.u, eq.axial
        at = replace(at, depletion=(1.0 - c) * one, Cp_inv=eq.response.Cp_inv)
    return eq, physics.swelling(C)


@pytest.mark.parametrize(("axis", "in_plane", "sector", "stretch"), [
    ([1, 0, 0], [0, 1, 0], "quarter", (1.921, 2.599, 1.0)), ([0, 1, 0], [0, 0, 1], "quarter", (2.599, 1.0, 1.921)),
    ([1, 0, 0], [0, 1, 1], "full", None)])
def test_a_free_section_swells_along_the_axes_of_the_crystal_without_stress(
        axis: list[int], in_plane: list[int], sector: str, stretch: tuple[float, float, float] | None) -> None:
    """Full content, free length: stretches 4.992^w within 0.2 %, of the turned crystal F = R diag R^T in the mean."""
    problem = build_problem(case(axis, in_plane, {"mechanics": {"axial": "generalized"}}, swelling__directions=SHARES,
                                 swelling__expansion=3.992))
    assert problem.section.sector == sector
    eq, Jc = filled(problem)
    assert_allclose(Jc, 4.992)
    assert_allclose(eq.response.tau, 0.0, atol=1e-3)
    if stretch is not None:
        assert_allclose(eq.F[0, 0], stretch[0], rtol=2e-3)
        assert_allclose(eq.F[1, 1], stretch[1], rtol=2e-3)
        assert_allclose(eq.axial.stretch, stretch[2], rtol=2e-3)
        return
    # the rotation that a free body may have drops out of C = F^T F
    C = np.einsum("kieq,kjeq->ijeq", eq.F, eq.F)
    squares = 0.5 * (2.599**2 + 1.921**2), 0.5 * abs(2.599**2 - 1.921**2)
    assert_allclose(C[0, 0], squares[0], rtol=4e-3)
    assert_allclose(np.abs(C[0, 1]), squares[1], rtol=4e-3)
    assert_allclose(eq.axial.stretch, 1.0, rtol=2e-3)


def test_the_balance_of_a_front_with_directed_swelling_closes() -> None:
    """As it does without directions; with the isotropic 2/3 of the flow stress within the front it would not."""
    plain = Run(**SMALL).rows[-1]["energy_gap"]
    run = Run(**SMALL, crystal={"axis": [1, 0, 0], "in_plane": [0, 1, 0]}, overrides={
        "front.rates": {"isotropic": "0.05 nm/s"}, "transport.diffusivity": "1e-6 cm^2/s",
        "front.equilibrium_potential": "0.16 V", "host.structure": "orthorhombic", "swelling.directions": SHARES})
    last = run.rows[-1]

    assert abs(last["energy_gap"] - plain) < 0.02
    assert run.summary["steps_against_second_law"] == 0
    assert last["diameter_y_nm"] > 1.005 * last["diameter_x_nm"]


def test_a_third_each_is_the_isotropic_law() -> None:
    third = [1 / 3, 1 / 3, 1 / 3]
    assert build_problem(case(swelling__directions=third)).physics.mixture.shares is None


def test_a_table_of_expansion_goes_through_its_points_and_never_falls() -> None:
    """Points as given, monotone between them; the front's volume per carrier is (J(y_f) - 1) V/x_f."""
    config = case(swelling__expansion={"content": [0, 0.3, 0.6, 1], "value": [0, 0.2, 2.0, 2.8]})
    mixture = mixture_of(config.material)
    assert mixture.ratio is not None
    assert_allclose(mixture.ratio(np.array([0.0, 0.3, 0.6, 1.0])), [1.0, 1.2, 3.0, 3.8], rtol=1e-12)
    fine = mixture.ratio(np.linspace(-0.1, 1.1, 2001))
    assert np.all(np.diff(fine) >= 0.0)
    content = config.material.content
    y = content.x_front / content.x_max
    wanted = (float(mixture.ratio(np.array([y]))[0]) - 1.0) * config.material.host.volume / content.x_front
    assert_allclose(kinetics_of(config).swelling_volume, wanted, rtol=1e-12)
    again = Config.from_mapping(parse_yaml(dump_config(config), "")[0])
    assert again == config


def test_a_straight_table_is_the_number() -> None:
    """PCHIP through points of a line is the line: the same run, energies included."""
    settings = {"front.rates": {"isotropic": "0.05 nm/s"}, "transport.diffusivity": "1e-6 cm^2/s",
                "front.equilibrium_potential": "0.16 V"}
    number = Run(**SMALL)
    beta = number.problem.config.material.swelling.full
    table = Run(**SMALL, overrides={**settings, "swelling.expansion": {
        "content": [0, 0.5, 1], "value": [0, beta / 2, beta]}})
    for key in ("converted_fraction", "chemical_energy_nJ_m", "energy_gap", "diameter_x_nm"):
        assert_allclose(table.rows[-1][key], number.rows[-1][key], rtol=1e-6)


def test_carriers_are_counted_where_volume_is_not_linear_in_content() -> None:
    """Energy of the reaction = -dG0 per carrier times the carriers, x_max/V_host per unit of content and area."""
    run = Run(**SMALL, overrides={
        "front.rates": {"isotropic": "0.05 nm/s"}, "transport.diffusivity": "1e-6 cm^2/s",
        "front.equilibrium_potential": "0.16 V",
        "swelling.expansion": {"content": [0, 0.5, 1], "value": [0, 0.5, 2.8]}})
    material, last = run.problem.config.material, run.rows[-1]
    kinetics = kinetics_of(run.problem.config)
    carriers = last["state_of_charge"] * np.pi * 30.0**2 * material.content.x_max / material.host.volume
    # content summed over the points against the lumped nodes: 4e-3
    assert_allclose(last["chemical_energy_nJ_m"], -kinetics.reaction_energy * carriers, rtol=0.01)
    assert float(FieldSet(run.problem, run.fields.state).J.max()) > 1.5


def test_moduli_as_tables() -> None:
    """E from the host's 160 GPa at content 0 through 80 at 0.5 to 12 at 1; nu by its own table."""
    config = case(mechanics__reacted__youngs_modulus={"content": [0.5, 1], "value": ["80 GPa", "12 GPa"]},
                  mechanics__reacted__poisson_ratio={"content": [0.5, 1], "value": [0.22, 0.3]})
    C = np.array([0.0, 0.25, 0.5, 0.75, 1.0])
    law = mixture_of(config.material).moduli(np.ones(5), C)
    E = 9 * law.K * law.G / (3 * law.K + law.G)
    nu = (3 * law.K - 2 * law.G) / (2 * (3 * law.K + law.G))
    assert_allclose(E, [160.0, 120.0, 80.0, 46.0, 12.0], rtol=1e-12)
    assert_allclose(nu, [0.22, 0.22, 0.22, 0.26, 0.3], rtol=1e-12)
    one = case(mechanics__reacted__youngs_modulus={"content": [0, 1], "value": ["160 GPa", "40 GPa"]})
    plain, tables = mixture_of(case().material), mixture_of(one.material)
    assert_allclose(tables.moduli(np.ones(5), C).K, plain.moduli(np.ones(5), C).K, rtol=1e-12)


@pytest.mark.parametrize(("changes", "line"), [
    ({"swelling__directions": [0.5, 0.4, 0.2]}, "swelling.directions: found .*whose sum is 1.1; allowed: three shares"),
    ({"swelling__directions": [-0.1, 0.5, 0.6]}, "swelling.directions.*none negative"),
    ({"swelling__directions": SHARES, "host__structure": "uniaxial"}, "swelling.directions.*uniaxial.*two equal"),
    ({"swelling__expansion": {"content": [0, 1], "value": [0.1, 2]}}, "swelling.expansion.*from 0 at content 0"),
    ({"swelling__expansion": {"content": [0, 0.5, 1], "value": [0, 2, 1]}}, "swelling.expansion.*none below"),
    ({"swelling__expansion": "2.8"}, "swelling.expansion: found '2.8'; allowed: a number"),
    ({"mechanics__host__youngs_modulus": {"content": [0, 1], "value": ["1 GPa", "2 GPa"]}},
     "host.youngs_modulus.*found a table.*one value"),
    ({"mechanics__reacted__poisson_ratio": {"content": [0, 1], "value": [0.2, 0.5]}}, "poisson_ratio.*less than 0.5"),
    ({"axis": [1, 1, 0], "in_plane": [1, -1, 0], "swelling__directions": SHARES},
     r"crystal.axis: axis \[1, 1, 0\].*shear the section along the wire"),
    ({"in_plane": [0, 1, 1], "swelling__directions": SHARES,
      "sections": {"geometry": {"shape": "circle", "diameter": "60 nm", "sector": "half"}}},
     "geometry.sector.*half section with swelling.directions.*auto, full")])
def test_what_cannot_be_is_refused_in_one_line(changes: dict[str, Any], line: str) -> None:
    with pytest.raises(ConfigError, match=line) as refused:
        build_problem(case(**changes))
    assert "\n" not in str(refused.value)
