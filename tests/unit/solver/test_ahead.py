"""The stress of the host ahead of the front changes the front's rate, not where it stands still."""

from __future__ import annotations

from dataclasses import replace
from functools import cache
from typing import Any

import numpy as np
import pytest
from numpy.testing import assert_allclose

from femanode.solver.ahead import Ahead, host_stress
from femanode.units import E_CHARGE, K_B
from tests.fronts import FAR, layer, strip
from tests.helpers import KT_300K
from tests.unit.postprocess.test_record import Run

DELTA = 2.0
SMALL: dict[str, Any] = {"geometry": {"shape": "circle", "diameter": "60 nm"}, "front": {"half_thickness": "4 nm"},
                         "mesh": {"element_size": "4 nm"}, "time": {"end": "1 h", "stop": {"converted": 0.4}}}
DRIVEN = {"front.rates": {"isotropic": "0.05 nm/s"}, "transport.diffusivity": "1e-6 cm^2/s",
          "front.equilibrium_potential": "0.16 V"}


def plane_front() -> tuple[Any, np.ndarray, np.ndarray]:
    """A plane front 20 nm below its surface: the strip, its extent, and how far each point is ahead of the front."""
    strip_ = layer(strip(60.0, DELTA / 4.0), lambda: None, DELTA)  # type: ignore[arg-type]
    spaces, front = strip_.physics.spaces, strip_.physics.front
    ahead = FAR - 20.0 - spaces.nodes[0]
    return front, 1.0 / (1.0 + np.exp(ahead / DELTA)), FAR - 20.0 - spaces.qp_xy[0]


def test_the_stress_is_that_of_the_host_whatever_it_is_behind() -> None:
    front, xi, ahead = plane_front()
    begins = DELTA * np.log(0.65 / 0.35)  # where conversion begins, ahead of the middle
    there = host_stress(front, xi, np.where(ahead > begins - 0.05 * DELTA, -1.5, 40.0))
    on = xi * (1.0 - xi) > 6e-3
    # the average has a millionth of weight everywhere, which its reach along the normal multiplies
    assert_allclose(there[on], -1.5, rtol=2e-3)
    # a stress of 1 GPa per nm: its value 1.067 delta before that place, the mean of ln((1 - xi)/xi) with the weight
    # xi (1 - xi/0.35) for xi from 0 to 0.35
    assert_allclose(host_stress(front, xi, ahead)[on], begins + 1.067 * DELTA, atol=0.1 * DELTA)


def test_a_flat_front_is_faster_by_the_exact_factor() -> None:
    """1 A^3 and 2 GPa in the host: exp(2e-3 GPa nm^3/kT) = 1.62, half of it twice over."""
    front, xi, ahead = plane_front()
    rate = Ahead(1e-3 / KT_300K)
    n, ones = front.normals(xi), np.ones_like(xi)
    speeds = [front.speed(n, 0.0 * xi, ones, rate.factor(host_stress(front, xi, np.full_like(ahead, stress))))
              for stress in (0.0, 2.0, -2.0)]
    on = xi * (1.0 - xi) > 6e-3
    assert_allclose(speeds[1][on] / speeds[0][on], np.exp(2e-3 / KT_300K), rtol=1e-3)
    assert_allclose(speeds[2][on] / speeds[0][on], np.exp(-2e-3 / KT_300K), rtol=1e-3)


def test_a_pressed_wire_begins_slower_by_the_exact_factor() -> None:
    """An elastic wire in plane strain under p has the mean stress -2/3 (1 + nu) p; the drive is that without volume."""
    volume, p = 3e-3, 0.5
    begun = {**SMALL, "time": {"end": "1 s"}, "mechanics": {"pressure": f"{p} GPa"}}
    plain = Run(**begun).rows[0]
    slowed = Run(**begun, overrides={**DRIVEN, "front.host_activation_volume": "3 Å^3"})
    nu = slowed.problem.config.material.mechanics.host.poisson_ratio
    assert_allclose(slowed.rows[0]["front_speed_nm_s"] / plain["front_speed_nm_s"],
                    np.exp(-volume * 2.0 / 3.0 * (1.0 + nu) * p / (K_B * 300.0)), rtol=2e-3)  # finite strain
    assert slowed.rows[0]["drive"] == plain["drive"]
    assert "host_stress_ahead_GPa" not in plain


def test_a_front_at_equilibrium_stands_still_under_any_stress_of_the_host() -> None:
    run = bent("500 nm", "3 Å^3")
    physics, state = run.problem.physics, run.fields.state
    for stress in (-3.0, 0.0, 3.0):
        at = replace(state, host_stress=np.full_like(state.xi, stress))
        balanced = physics.front.kinetics.equilibrium_activity(state.front_stress)
        assert not physics.speed(at, balanced).any()
        assert not physics.speed(at, 0.5 * balanced).any()
        # v times the energy that drives it, kT ln a - dG0 + sigma dV, is what the front dissipates
        spare = (K_B * 300.0 * np.log(state.activity) + 0.15 * E_CHARGE
                 + state.front_stress * physics.front.kinetics.swelling_volume)
        assert np.all(physics.speed(at) * spare >= 0.0)


@cache
def bent(radius: str | None, volume: str, direction: str = "0 deg", sector: str = "auto") -> Run:
    """A wire of silicon with equal rates, to 40 %, bent to a radius."""
    shape = {**SMALL["geometry"], "sector": sector}
    load = {} if radius is None else {"bending_radius": radius, "direction": direction}
    return Run(**{**SMALL, "geometry": shape}, mechanics={"axial": "generalized", **load},
               overrides={**DRIVEN, "front.host_activation_volume": volume})


def ratio(run: Run) -> float:
    """Depth on the side in tension over that on the side in compression."""
    return run.rows[-1]["front_depth_tension_nm"] / run.rows[-1]["front_depth_compression_nm"]


def test_the_side_in_tension_is_deeper_the_more_the_wire_is_bent() -> None:
    assert ratio(bent("1 um", "0 Å^3")) == pytest.approx(1.0, abs=0.01)
    ratios = [ratio(bent(radius, "1 Å^3")) for radius in ("4 um", "2 um", "1 um")]
    assert 1.1 < ratios[0] < ratios[1] ** 0.6 < ratios[2] ** 0.36
    assert ratio(bent("4 um", "-1 Å^3")) < 0.9


def effect(delta: float) -> float:
    """What a wire bent to 4 um shows of exp(V sigma/kT), sigma = E kappa s/3 at the place s where the host is felt.

    A drive of 1 V and hardly any swelling leave nothing else to tell the sides apart. What is compared is the logarithm
    of the ratio of the ways on both sides, computed from the front's law for each.
    """
    last = Run(**{**SMALL, "front": {"half_thickness": f"{delta} nm"}, "mesh": {"element_size": f"{delta} nm"}},
               mechanics={"axial": "generalized", "bending_radius": "4 um"},
               overrides={**DRIVEN, "front.equilibrium_potential": "1 V", "swelling.expansion": 0.01,
                          "mechanics.reacted.yield_stress": "0.02 GPa",
                          "front.host_activation_volume": "1 Å^3"}).rows[-1]
    ahead, outside, way = delta * (np.log(0.65 / 0.35) + 1.067), delta * np.log(1.0 / 0.3325 - 1.0), []
    for sign in (1.0, -1.0):
        depth, per_nm = -outside, sign * 160.0 / 4000.0 / 3.0 * 1e-3 / KT_300K
        for _ in range(2000):
            depth += 0.05 * last["time_s"] / 2000 * np.exp(per_nm * (30.0 - max(depth + ahead, 0.0)))
        way.append(depth + outside)
    found = [last[f"front_depth_{side}_nm"] + outside for side in ("tension", "compression")]
    return float(np.log(found[0] / found[1]) / np.log(way[0] / way[1]))


def test_the_sides_go_as_deep_as_the_stress_of_bending_says() -> None:
    """Along the front the average reaches some delta: of a stress that goes as x it misses a share that goes with
    delta/r: 9 and 4 %."""
    wide, fine = effect(4.0), effect(2.0)
    assert wide == pytest.approx(1.0, abs=0.10)
    assert fine == pytest.approx(1.0, abs=0.04)
    assert wide < fine


def test_bent_the_other_way_it_is_the_mirror_image() -> None:
    one, other = (bent("1 um", "1 Å^3", direction).rows[-1] for direction in ("0 deg", "180 deg"))
    for side in ("tension", "compression"):
        assert one[f"front_depth_{side}_nm"] == pytest.approx(other[f"front_depth_{side}_nm"], rel=1e-3)
    assert one["front_depth_x_nm"] == one["front_depth_tension_nm"]
    assert other["front_depth_x_nm"] == other["front_depth_compression_nm"]


def test_sectors_agree() -> None:
    half, full = (bent("1 um", "1 Å^3", sector=sector).rows[-1] for sector in ("half", "full"))
    straight = [bent(None, "3 Å^3", sector=sector).rows[-1] for sector in ("quarter", "half")]
    for name in ("front_depth_x_nm", "front_depth_y_nm", "core_mean_stress_GPa", "time_s"):
        assert half[name] == pytest.approx(full[name], rel=0.01)
        assert straight[0][name] == pytest.approx(straight[1][name], rel=0.01)


def test_a_front_stopped_by_stress_stops_where_it_did() -> None:
    """The factor multiplies the way forward and the way back: only when it arrives there changes."""
    slow = {**SMALL, "time": {"end": "400 h", "stop": {"arrest": 0.01}}}
    at = {volume: Run(**slow, overrides={**DRIVEN, "front.host_activation_volume": volume}).rows[-1]
          for volume in ("0 Å^3", "3 Å^3")}
    plain, changed = at.values()
    assert plain["drive"] <= 0.01 and changed["drive"] <= 0.01
    assert changed["converted_fraction"] == pytest.approx(plain["converted_fraction"], rel=0.01)
    assert changed["time_s"] > 1.2 * plain["time_s"]
