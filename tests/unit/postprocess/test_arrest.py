"""Drive left at a stage, range of the arrest, and why a front is or is not called self-limited."""

from __future__ import annotations

import numpy as np
import pytest
from numpy.testing import assert_allclose

from femanode.postprocess import arrest

F = np.linspace(0.0, 0.8, 9)


def test_fractions_of_a_drive_that_falls_in_a_line_lie_on_it() -> None:
    # v/k = 1 - f/0.8: 0.3 at 0.56, 0.1 at 0.72
    found = arrest.figures(100.0 * F, F, 1.0 - F / 0.8, stopped=True)
    fractions = [found["converted_at_drive_0_3"], found["converted_at_drive_0_1"]]
    assert_allclose(fractions, [0.56, 0.72], rtol=1e-12, atol=0)
    assert_allclose(found["arrest_time_range_s"], [72.0, 80.0], rtol=1e-12, atol=0)
    assert found["arrest_time_s"] == 80.0


def test_only_the_last_fall_counts() -> None:
    drive = np.array([1.0, 0.5, 0.2, 0.2, 0.4, 0.4, 0.2, 0.2, 0.05])
    # from 0.4 at f = 0.5 to 0.2 at 0.6
    assert_allclose(arrest.falls_below(F, drive, 0.3), 0.55, rtol=1e-12, atol=0)


@pytest.mark.parametrize("drive", [np.full(9, 0.5), np.full(9, 0.2), np.linspace(0.2, 0.5, 9), np.full(9, np.nan)],
                         ids=["never", "from the start", "rises", "no front"])
def test_a_drive_that_does_not_fall_has_no_fraction(drive: np.ndarray) -> None:
    assert arrest.falls_below(F, drive, 0.3) is None


def test_rows_without_a_front_do_not_count() -> None:
    drive = np.array([1.0, 0.8, 0.6, 0.5, 0.4, 0.4, 0.4, np.nan, np.nan])
    assert arrest.falls_below(F, drive, 0.3) is None
    drive[-1] = 0.2  # from 0.4 at f = 0.6 to 0.2 at 0.8
    assert_allclose(arrest.falls_below(F, drive, 0.3), 0.7, rtol=1e-12, atol=0)


def test_a_run_that_goes_on_has_no_time_of_arrest() -> None:
    found = arrest.figures(F, F, 1.0 - F / 0.8, stopped=False)
    assert found["arrest_time_s"] is None
    assert found["arrest_time_range_s"] is None
    assert found["converted_at_drive_0_3"] is not None
    # a drive below 0.1 all along: nothing is known but that it stopped before the end
    assert arrest.figures(F, F, 0.0 * F + 0.05, stopped=True)["arrest_time_range_s"] == [0.0, 0.8]


def test_only_stress_limits_itself() -> None:
    def held(**change: float | None) -> dict[str, object]:
        given = {"arrest": 1e-3, "drive": 9e-4, "lost": 1e-5, "unstressed": 0.98, "host": 20.0, "delta": 2.0} | change
        return arrest.self_limit("front arrested", stopped=True, **given)  # type: ignore[arg-type]

    assert held()["self_limited"] is True
    assert held()["not_self_limited_because"] is None
    assert str(held()["self_limited_criterion"]).startswith("v/k <= 0.001 by stress: some host is 2 half-thicknesses")
    for change, said in (({"host": 3.9}, "fronts have merged: no host is farther than 3.9 nm"),
                         ({"lost": 0.03}, "want of carriers: 0.03 of the activity"),
                         ({"unstressed": 0.0}, "no drive: without stress")):
        found = held(**change)
        assert found["self_limited"] is False
        assert said in str(found["not_self_limited_because"])
    ended = arrest.self_limit("end time reached", None, 0.4, 0.0, 0.98, 20.0, 2.0, stopped=False)
    assert ended == {"self_limited": False, "self_limited_criterion": None,
                     "not_self_limited_because": "end time reached"}
