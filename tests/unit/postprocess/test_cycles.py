"""Figures of cycles, on histories made by hand: what entered and left, hysteresis, sizes; where the current turns."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from numpy.testing import assert_allclose

from femanode.postprocess.cycles import cycle_figures, half_cycles


def history(rows: list[tuple[float, ...]], **more: list[float]) -> dict[str, Any]:
    """Rows of cycle, step, capacity, potential, current; stresses and diameters that say their row."""
    columns = dict(zip(("cycle", "step", "capacity_mAh_g", "potential_V", "current_density_mA_cm2"),
                       map(list, zip(*rows, strict=True)), strict=True))
    n = len(rows)
    return {**columns, "hoop_max_GPa": [0.1 * k for k in range(n)], "hoop_min_GPa": [-0.2 * k for k in range(n)],
            "diameter_max_nm": [60.0 + 2.0 * k for k in range(n)], "diameter_min_nm": [60.0] * n,
            "converted_fraction": [0.05 * k for k in range(n)], **more}


#: Two cycles between potentials V = 0.5 - Q/1000 on the way in and 0.8 - Q/1000 on the way out: 0.3 V apart.
TWO = history([
    (1, 1, 0.0, 0.5, 0.0), (1, 1, 100.0, 0.4, 1.0), (1, 1, 400.0, 0.1, 1.0),
    (1, 2, 410.0, 0.1, 0.2), (1, 3, 410.0, 0.2, 1e-12), (1, 4, 310.0, 0.49, -1.0), (1, 4, 10.0, 0.79, -1.0),
    (2, 1, 110.0, 0.39, 1.0), (2, 1, 360.0, 0.14, 1.0), (2, 4, 200.0, 0.6, -1.0), (2, 4, 20.0, 0.78, -1.0)])


def test_capacities_efficiency_and_what_is_kept() -> None:
    first, second = cycle_figures(TWO, finished=True)
    assert (first["capacity_in_mAh_g"], first["capacity_out_mAh_g"]) == (410.0, 400.0)
    # the second begins where the first has left 10 mAh/g
    assert (second["capacity_in_mAh_g"], second["capacity_out_mAh_g"]) == (350.0, 340.0)
    assert first["coulombic_efficiency"] == pytest.approx(400 / 410, abs=1e-15)
    assert (first["capacity_kept"], second["capacity_kept"]) == (1.0, pytest.approx(340 / 400, abs=1e-15))


def test_hysteresis_is_taken_at_the_middle_of_what_both_ways_cover() -> None:
    # straight lines 0.3 V apart: the same at any capacity, however few the points
    for cycle in cycle_figures(TWO, finished=True):
        assert cycle["voltage_hysteresis_V"] == pytest.approx(0.3, abs=1e-12)


def test_stress_and_size_are_those_of_the_cycle() -> None:
    first, second = cycle_figures(TWO, finished=False)
    assert_allclose([first["hoop_max_GPa"], first["hoop_min_GPa"]], [0.6, -1.2], rtol=1e-15)
    assert_allclose([second["hoop_max_GPa"], second["hoop_min_GPa"]], [1.0, -2.0], rtol=1e-15)
    # mean diameter after 6 and 10 rows: 66 and 70 over 60
    assert_allclose([first["diameter_ratio"], second["diameter_ratio"]], [66 / 60, 70 / 60], rtol=1e-15)
    assert [cycle["converted_fraction"] for cycle in (first, second)] == [pytest.approx(0.3), 0.5]
    assert [cycle["finished"] for cycle in (first, second)] == [True, False]


def test_one_way_only_has_neither_efficiency_nor_hysteresis() -> None:
    pulses = history([(1, 1, 0.0, 0.5, 0.0), (1, 1, 10.0, 0.4, 1.0), (1, 2, 10.0, 0.45, 0.0),
                      (2, 1, 19.0, 0.35, 1.0), (2, 2, 19.0, 0.4, 0.0)])
    first, second = cycle_figures(pulses, finished=True)
    assert first["coulombic_efficiency"] is None and first["voltage_hysteresis_V"] is None
    assert (second["capacity_in_mAh_g"], second["capacity_out_mAh_g"]) == (9.0, 0.0)
    assert second["capacity_kept"] == pytest.approx(0.9, abs=1e-15)


def test_half_cycles_end_where_the_current_turns() -> None:
    halves = half_cycles(TWO)
    assert [(half.cycle, half.inserts) for half in halves] == [(1, True), (1, False), (2, True), (2, False)]
    # the hold and the rest belong to the insertion before them
    assert_allclose(halves[0].capacity, [100, 400, 410, 410], rtol=0, atol=0)
    assert_allclose(halves[1].potential, [0.49, 0.79], rtol=0, atol=0)


def test_a_front_that_is_only_entering_is_left_out() -> None:
    entering = history([(1, 1, 0.0, 0.01, 0.0), (1, 1, 0.1, 0.01, 0.1), (1, 1, 0.5, 0.01, 0.4), (1, 1, 5.0, 0.09, 1.0),
                        (1, 1, 9.0, 0.08, 1.0), (1, 2, 10.0, 0.08, 1.4)])
    (half,) = half_cycles(entering)
    # the larger current with which the hold begins is no measure of what was given before
    assert_allclose(half.capacity, [5.0, 9.0, 10.0], rtol=0, atol=0)


def test_other_histories_have_no_cycles() -> None:
    assert cycle_figures({"time_s": [0.0]}, finished=True) == []
    assert half_cycles({"time_s": np.zeros(3)}) == []
