"""A given current that never flowed whole is said, with what flowed; one that did is not."""

from __future__ import annotations

from femanode.config.loading import Config
from femanode.postprocess.shortfall import sentences
from femanode.solver.problem import Problem, build_problem
from tests.fronts import coarse_case

#: 1C of a round wire of silicon, mA/cm^2: z e x_max/V_host (R/2) per hour, with 3.75 e in 20.02 Å^3.
ONE_C = 1.602176634e-19 * 3.75 / 20.02e-24 * 1e3 / 3600.0 * 1e-7


def problem(**boundary: object) -> Problem:
    return build_problem(Config.from_mapping(coarse_case(boundary=boundary)))


def row(current: float, dt: float = 1.0, **step: int) -> dict[str, float]:
    return {"dt_s": dt, "current_density_mA_cm2": current, **step}


def test_a_current_that_never_flowed_is_said_with_what_flowed_at_most() -> None:
    case = problem(mode="galvanostatic", c_rate=100.0)
    given = 100.0 * ONE_C * 0.5 * case.section.radius
    (said,) = sentences(case, [row(0.0, 0.0), row(0.2 * given), row(0.5 * given), row(0.1 * given)])
    assert said.startswith(f"the given current, {given:.3g} mA/cm^2, never flowed whole")
    assert f"at most {0.5 * given:.3g} mA/cm^2" in said
    assert not sentences(case, [row(0.0, 0.0), row(0.2 * given), row(given), row(0.1 * given)])


def test_of_a_protocol_the_steps_are_named() -> None:
    case = problem(protocol=["Lithiate at 100C until 10 mV", "Rest for 1 h", "Delithiate at 1C until 0.1 V"], cycles=3)
    given = 100.0 * ONE_C * 0.5 * case.section.radius
    rows = [row(0.4 * given, cycle=1, step=1), row(0.0, cycle=1, step=2), row(-0.01 * given, cycle=1, step=3),
            row(given, cycle=2, step=1), row(0.3 * given, cycle=3, step=1)]
    (said,) = sentences(case, rows)
    assert said.startswith("step 1 (Lithiate at 100.0C until 0.01 V) of 2 cycles, the first of them 1: ")
    assert f"at most {0.4 * given:.3g} mA/cm^2" in said


def test_a_step_in_which_no_time_passed_says_nothing() -> None:
    case = problem(protocol=["Lithiate at 100C until 10 mV"])
    assert not sentences(case, [row(0.0, 0.0, cycle=1, step=1)])
