"""A round oxide by closed form: limits, integrals done by hand, and the order that was observed."""

from __future__ import annotations

import numpy as np
import pytest

from femanode.study.systems.oxide import (
    DIAMETERS,
    depth_over_flat,
    flat_time,
    limiting_flow,
    oxide_case,
    oxide_figure,
    round_time,
)

#: Deal and Grove in water vapour at 1000 °C, (100): A in nm, B in nm^2/s.
A, B, J = 423.76, 0.31546e6 / 3600.0, 2.26


def test_a_wire_of_a_millimetre_oxidises_as_a_flat_wafer_by_deal_and_grove() -> None:
    case, depth = oxide_case(1000.0, 1e6, 0.45), 50.0
    R = 5e5
    law = ((J * depth) ** 2 + A * J * depth) / B
    assert round_time(case, 1.0 - (1.0 - depth / R) ** 2) == pytest.approx(law, rel=2e-3)
    assert flat_time(case, depth) == pytest.approx(law, rel=2e-3)
    assert depth_over_flat(case, depth) == pytest.approx(1.0, abs=1e-3)


def test_without_stress_the_quadrature_is_that_of_the_cylinder() -> None:
    # int r ln(b^2/r^2) dr with b^2 = J R^2 - (J - 1) r^2, by parts
    case, R, f = oxide_case(1000.0, 200.0, 0.45, acts=False), 100.0, 0.7
    s = R * np.sqrt(1.0 - f)

    def primitive(r: float) -> float:
        b2 = J * R * R - (J - 1.0) * r * r
        return float(-(b2 * np.log(b2) - b2) / (2.0 * (J - 1.0)) - 0.5 * r * r * (np.log(r * r) - 1.0))

    k = B / A / J
    # N/(D C*) = 2/B
    law = (R - s) / k + 0.5 * J * (2.0 / B) * (primitive(R) - primitive(s))
    assert round_time(case, f) == pytest.approx(law, rel=2e-3)


def test_thinner_colder_and_stronger_oxides_grow_more_slowly_and_free_ones_faster_than_flat() -> None:
    by_size = [depth_over_flat(oxide_case(900.0, d, 0.45), 20.0) for d in DIAMETERS]
    assert np.all(np.diff(by_size) > 0.0)
    assert by_size[-1] < 1.0
    by_heat = [depth_over_flat(oxide_case(at, 100.0, 0.45), 20.0) for at in (800.0, 900.0, 1000.0)]
    assert np.all(np.diff(by_heat) > 0.0)
    assert depth_over_flat(oxide_case(900.0, 100.0, 1.4), 20.0) < by_heat[1]
    assert depth_over_flat(oxide_case(1000.0, 100.0, 0.45, acts=False), 20.0) > 1.0


def test_a_core_takes_for_ever_from_the_limiting_flow_stress_on() -> None:
    # at 850 °C, 25 Å^3: 0.537 GPa; the last part takes r^(1 - 2m), m = s V/(sqrt 3 kT), which grows without bound above
    limit = limiting_flow(oxide_case(850.0, 40.0, 0.5))
    assert limit == pytest.approx(0.5372, abs=1e-3)
    for flow, ends in ((0.8 * limit, True), (1.2 * limit, False)):
        case = oxide_case(850.0, 40.0, flow)
        last = [round_time(case, 1.0 - 10.0 ** -(n + 1)) - round_time(case, 1.0 - 10.0**-n) for n in (6, 7, 8)]
        assert (last[1] < last[0] and last[2] < last[1]) is ends
        m = flow / (2.0 * limit)
        assert last[2] / last[1] == pytest.approx(10.0 ** (m - 0.5), rel=1e-3)


def test_a_wire_that_is_through_before_has_no_ratio() -> None:
    assert np.isnan(depth_over_flat(oxide_case(1000.0, 20.0, 0.05), 20.0))


def test_the_figure_has_a_line_for_each_case() -> None:
    axes = oxide_figure().axes[0]
    assert len(axes.get_legend_handles_labels()[1]) == 5
