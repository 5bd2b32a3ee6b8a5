"""What `femanode check` foresees, against what was counted in whole runs of the bundled cases."""

from __future__ import annotations

import pytest

from femanode.config.loading import load_config
from femanode.simulation.plan import plan
from femanode.solver.problem import build_problem


# Accepted steps of whole runs, counted; of the first three it foresaw 27, 26 and 46 when protocols were planned as one
# insertion.
@pytest.mark.parametrize(("case", "counted"), [
    ("a_si_gitt_100nm", 144), ("a_si_rate_test_100nm", 490), ("si_cccv_60nm", 514), ("orthorhombic_60nm", 20),
    ("contact_80nm", 34), ("ge_bent_60nm", 23), ("si_galvanostatic_129nm", 22), ("hexagon_80nm", 20),
    ("ellipse_120x60nm", 30), ("si_pressed_60nm", 22), ("si_shell_on_carbon", 20), ("si_coated_sio2", 54),
    ("si_coated_hexagon", 14), ("si_rod_60nm", 10), ("si_particle_150nm", 27), ("ge_particle_200nm", 163),
    ("isotropic_129nm", 53), ("ge_165nm", 157), ("si_100_129nm", 59), ("si_111_129nm", 53), ("si_112_129nm", 75),
    ("si_110_129nm", 102), ("si_cycles_129nm", 1185)])
def test_steps_are_foreseen_to_a_factor_of_two(case: str, counted: int) -> None:
    foreseen = plan(build_problem(load_config(f"configs/{case}.yaml"))).steps
    assert 0.5 < foreseen / counted < 2.0


def test_a_protocol_takes_as_long_as_its_steps_say() -> None:
    def steps(*changes: str) -> int:
        return plan(build_problem(load_config("configs/a_si_gitt_100nm.yaml", list(changes)))).steps

    # Twelve pulses of half an hour at C/10 and rests of an hour take 18 h: half of the cycles, or of the time, half of
    # the steps; ends beyond the protocol change nothing.
    whole = steps()
    assert steps("boundary.cycles=6") == pytest.approx(whole / 2, abs=2)
    assert steps("time.end=9 h") == pytest.approx(whole / 2, abs=2)
    assert steps("time.end=1000 h") == whole


def test_a_protocol_that_begins_with_an_empty_wire_is_foreseen() -> None:
    def steps(*protocol: str) -> int:
        changes = [f"boundary.protocol=[{', '.join(protocol)}]", "boundary.cycles=1"]
        case = load_config("configs/si_cccv_60nm.yaml", changes)
        return plan(build_problem(case)).steps

    # of a wire that holds nothing no carriers leave; a step that ends at once takes a few time steps
    after = steps("Lithiate at 1C until 5 mV")
    assert 0 <= steps("Delithiate at 1C until 1.2 V", "Lithiate at 1C until 5 mV") - after <= 10
    assert 0 <= steps("Rest for 1 h", "Lithiate at 1C until 5 mV") - after <= 10
