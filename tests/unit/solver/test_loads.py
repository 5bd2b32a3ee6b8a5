"""Pressure, axial force and bending: closed forms of elastic wires, conservation, and what a run starts from."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from numpy.testing import assert_allclose

from femanode.config.loading import Config
from femanode.errors import ConfigError
from femanode.output.fieldset import FieldSet
from femanode.solver.axial import STRAIGHT, Axial
from femanode.solver.loads import Pressure
from femanode.solver.mechanics import Mechanics
from femanode.solver.problem import Problem, build_problem
from femanode.units import E_CHARGE, K_B
from tests.fronts import coarse_case
from tests.helpers import moduli, section_spaces, unit_plastic
from tests.unit.postprocess.test_record import Run

E, NU = 100.0, 0.28
SMALL = {"geometry": {"shape": "circle", "diameter": "60 nm"}, "front": {"half_thickness": "4 nm"},
         "mesh": {"element_size": "4 nm"}, "time": {"end": "1 h", "stop": {"converted": 0.3}}}


def problem(**mechanics: Any) -> Problem:
    return build_problem(Config.from_mapping(coarse_case(**SMALL, mechanics=mechanics)))


@pytest.mark.parametrize(("sector", "part"), [("quarter", 0.25), ("half", 0.5), ("full", 1.0)])
def test_the_enclosed_volume_of_a_moved_and_bent_section(sector: str, part: float) -> None:
    """An ellipse of half-axes 1.3 and 0.8 moved by 0.3 along x: stretch pi a b (1 + curvature x 0.3), a full one only.

    Its mirror halves are not moved: there the volume is the part, and the moment in y of a half 2/3 a b^2 counts.
    """
    s = section_spaces(1.0, 0.2, sector)
    shift = np.array([[0.3], [0.0]]) if sector == "full" else np.zeros((2, 1))
    u = s.nodes * [[0.3], [-0.2]] + shift
    at = Pressure(s, 1.0).enclosed(u, Axial(1.1, (0.2, 0.0)))
    x_moment = {"quarter": 1.3**2 * 0.8 / 3.0, "half": 0.0, "full": np.pi * 1.3 * 0.8 * 0.3}[sector]
    assert_allclose(at.volume, 1.1 * (part * np.pi * 1.3 * 0.8 + 0.2 * x_moment), rtol=5e-4)  # curved edges: 2e-4
    y_moment = {"quarter": 1.3 * 0.8**2 / 3.0, "half": 2.0 * 1.3 * 0.8**2 / 3.0, "full": 0.0}[sector]
    assert_allclose(at.axial, [at.volume / 1.1, 1.1 * x_moment, 1.1 * y_moment], rtol=1e-3, atol=1e-9)


@pytest.mark.parametrize("sector", ["quarter", "half", "full"])
@pytest.mark.parametrize(("axial", "radial", "along"), [("plane_strain", (1 + NU) * (1 - 2 * NU), 0.0),
                                                        ("generalized", 1 - 2 * NU, 1 - 2 * NU)])
def test_a_pressed_disc_shrinks_as_hooke_says(sector: str, axial: str, radial: float, along: float) -> None:
    """(1 + nu)(1 - 2 nu) p/E in plane strain; from all sides, ends included, (1 - 2 nu) p/E in every direction."""
    s, p = section_spaces(1.0, 0.3, sector), 0.02
    shape = s.weight.shape
    eq = Mechanics(s, sector, axial=axial, pressure=p, tolerance=1e-10).solve(
        np.zeros((2, s.n_nodes)), STRAIGHT, unit_plastic(shape), np.zeros(shape), np.ones(shape),
        moduli(E, NU, shape=shape), 1.0)
    r = np.hypot(*(s.nodes + eq.u))[s.outer] / np.hypot(*s.nodes[:, s.outer])
    assert_allclose(r - 1.0, -radial * p / E, rtol=1e-3)  # finite strain: p/E is 2e-4
    assert_allclose(eq.axial.stretch - 1.0, -along * p / E, rtol=1e-3, atol=1e-12)
    J = (eq.F[0, 0] * eq.F[1, 1] - eq.F[0, 1] * eq.F[1, 0]) * eq.F33
    assert_allclose(eq.response.tau[:2] / J, -p, rtol=1e-6)
    assert_allclose(eq.response.tau[3] / J, -p if along else -2 * NU * p, rtol=1e-3)


def test_a_pressure_follows_the_surface() -> None:
    """A disc swollen to 2.4 times its area is pressed with the Cauchy stress -p, as a dead load is not (-p/1.5)."""
    s, p, Jc = section_spaces(1.0, 0.3), 0.5, 2.0**1.5
    shape = s.weight.shape
    eq = Mechanics(s, "quarter", axial="generalized", pressure=p, tolerance=1e-9).solve(
        np.zeros((2, s.n_nodes)), STRAIGHT, unit_plastic(shape), np.zeros(shape), np.full(shape, Jc),
        moduli(E, NU, shape=shape), 1.0)
    J = (eq.F[0, 0] * eq.F[1, 1] - eq.F[0, 1] * eq.F[1, 0]) * eq.F33
    assert_allclose(eq.response.tau[[0, 1, 3]] / J, -p, rtol=1e-5)
    # tau = Jc 3 K e: the elastic volume strain against the given pressure
    assert_allclose(np.log(J / Jc) * E / (3 * (1 - 2 * NU)), -p * J / Jc, rtol=1e-5)


def test_pressure_lowers_the_drive_from_the_first_instant() -> None:
    """v/k = 1 - exp[(dG0 + p dV)/kT]: with 20 MPa and 14.95 A^3 per lithium the front loses 1.87 meV."""
    for p in (0.02, 0.5):
        run = Run(**{**SMALL, "time": {"end": "1 s"}}, mechanics={"pressure": f"{p} GPa"})
        material = run.problem.config.material
        dV = material.swelling.expansion * material.host.volume / material.content.x_max
        kT = K_B * 300.0
        unpressed = np.exp(-0.15 * E_CHARGE / kT)
        # the Mandel stress is J sigma, and J is 1 - 4e-3 at 0.5 GPa
        assert_allclose(1.0 - run.rows[0]["drive"] - unpressed, unpressed * (np.exp(p * dV / kT) - 1.0), rtol=0.01)


def test_the_work_of_the_pressure_is_in_the_power_balance() -> None:
    """The gap is that of the unpressed wire; without the work of 20 MPa it would be 1.2 % off, a third of it here."""
    free, pressed = Run(**SMALL), Run(**SMALL, mechanics={"pressure": "20 MPa"})
    last = pressed.rows[-1]
    missed = last["load_work_nJ_m"] / last["chemical_energy_nJ_m"]
    assert missed < -0.009
    assert abs(last["energy_gap"] - free.rows[-1]["energy_gap"]) < 0.1 * abs(missed)
    # p dV of the outer diameters, the wire stays nearly round
    area = [np.pi / 4 * row["diameter_x_nm"] * row["diameter_y_nm"] for row in (pressed.rows[0], last)]
    assert_allclose(last["load_work_nJ_m"], -0.02 * (area[1] - area[0]), rtol=2e-3)
    assert "load_work_nJ_m" not in free.rows[-1]


@pytest.mark.parametrize(("mechanics", "curvature"), [
    ({"curvature": {"x": "2e-5 1/nm"}}, (2e-5, 0.0)),
    ({"curvature": {"x": "0.01 1/um", "y": "-0.02 1/um"}}, (1e-5, -2e-5)),
    ({"bending_radius": "50 um", "direction": "90 deg"}, (0.0, 2e-5))])
def test_a_bent_wire_starts_with_the_stress_of_bending(mechanics: dict[str, Any], curvature: tuple[float, float],
                                                       ) -> None:
    """sigma_z = E curvature . x within 0.5 % of that at the surface."""
    wire = problem(axial="generalized", **mechanics)
    assert wire.section.sector == ("full" if curvature[1] else "half")
    state = wire.initial_state()
    assert_allclose(state.axial.curvature, curvature, rtol=1e-12)
    sigma = FieldSet(wire, state).sigma
    youngs = wire.config.material.mechanics.host.youngs_modulus
    largest = youngs * 30.0 * float(np.hypot(*curvature))
    assert_allclose(sigma[3], youngs * np.einsum("i,ieq->eq", curvature, wire.physics.spaces.qp_xy), rtol=0,
                    atol=0.005 * largest)
    assert_allclose(sigma[:3], 0.0, atol=0.005 * largest)


def test_a_wire_that_is_free_to_bend_stays_straight_where_nothing_bends_it() -> None:
    wire = problem(axial="bending")
    assert (wire.section.sector, wire.physics.mechanics.columns) == ("half", 2)
    run = Run(**{**SMALL, "time": {"end": "1 h", "stop": {"converted": 0.1}}}, mechanics={"axial": "bending"})
    assert abs(run.rows[-1]["curvature_x_1_nm"]) < 1e-6
    assert run.rows[-1]["curvature_y_1_nm"] == 0.0


@pytest.mark.parametrize(("sections", "line"), [
    ({"mechanics": {"pressure": "-1 MPa"}}, "mechanics.pressure.*at least 0 GPa"),
    ({"mechanics": {"curvature": {"x": "1e-4 1/nm"}}}, "mechanics.curvature.*plane_strain.*allowed.*generalized"),
    ({"mechanics": {"axial": "bending", "axial_force": "1 nN"}}, "mechanics.axial_force.*axial: bending"),
    ({"mechanics": {"axial": "generalized", "axial_force": "1 nN", "bending_radius": "1 um"}},
     "mechanics.axial_force.*bending_radius and an axial force"),
    ({"mechanics": {"axial": "generalized", "direction": "1 deg"}}, "mechanics.direction.*without bending_radius"),
    ({"mechanics": {"axial": "generalized", "curvature": {"x": "1 1/um"}, "bending_radius": "1 um"}},
     "mechanics.bending_radius.*found curvature and bending_radius"),
    ({"mechanics": {"axial": "generalized", "curvature": {"x": "3"}}}, "mechanics.curvature.x.*a curvature"),
    ({"mechanics": {"axial": "generalized", "bending_radius": "50 nm"}}, "mechanics.bending_radius.*0.6.*at most 0.4"),
    ({"mechanics": {"axial": "bending"}, "geometry": {"shape": "circle", "diameter": "60 nm", "sector": "quarter"}},
     "geometry.sector.*quarter section with bending.*auto, half, full"),
    ({"mechanics": {"axial": "generalized", "curvature": {"y": "1 1/um"}},
      "geometry": {"shape": "circle", "diameter": "60 nm", "sector": "half"}},
     "geometry.sector.*half section with a curvature along y.*auto, full"),
    ({"mechanics": {"axial": "generalized", "axial_force": "60 uN"}},
     "mechanics.axial_force.*21.2 GPa of the section.*7 GPa: 1.979e.04 nN")])
def test_loads_that_cannot_be_are_refused_in_one_line(sections: dict[str, Any], line: str) -> None:
    with pytest.raises(ConfigError, match=line) as refused:
        build_problem(Config.from_mapping(coarse_case(**{**SMALL, **sections}))).initial_state()
    assert "\n" not in str(refused.value)


def test_a_force_that_the_reacted_phase_cannot_carry_is_told() -> None:
    """5 uN on 2827 nm^2 are 1.77 GPa, the phases yield at 7 and 1 GPa: it gives way at (7 - 1.77)/(7 - 1) = 87 %."""
    assert any("when 87% of it has reacted" in note for note in problem(axial="generalized", axial_force="5 uN").notes)
    assert not any("axial force" in note for note in problem(axial="generalized", axial_force="2 uN").notes)
