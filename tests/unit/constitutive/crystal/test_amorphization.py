"""The rule of the amorphised share: its anchors, its limits, and that it is smooth and monotone."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import pytest

from femanode.config.loading import Config
from femanode.constitutive.crystal.amorphization import MIDDLE, WIDTH, amorphous_share, share_of_size
from femanode.errors import ConfigError
from femanode.solver.laws import amorphous_share_of, crystal_of
from femanode.units import EV

CASE: dict[str, Any] = {"name": "am", "geometry": {"shape": "circle", "diameter": "100 nm"}, "material": "Li-Si",
                        "crystal": {"axis": [0, 0, 1], "in_plane": [1, 0, 0]}, "time": {"end": "1 h"}}


def config(diameter: str = "100 nm", **changes: Any) -> Config:
    return Config.from_mapping({**CASE, "geometry": {"shape": "circle", "diameter": diameter},
                                "overrides": {f"front.amorphization.{key}": value for key, value in changes.items()}})


def test_silicon_and_germanium_are_the_anchors() -> None:
    # Kittel's cohesive energies, strength and volume of the bundled files
    assert amorphous_share(4.63 * EV, 7.0, 0.02002) == pytest.approx(0.05, abs=0.002)
    assert amorphous_share(3.85 * EV, 5.0, 0.02264) == pytest.approx(0.95, abs=0.002)


def test_a_host_without_strength_amorphises_and_an_endless_one_does_not() -> None:
    assert amorphous_share(1e-9, 1e-9, 0.02) == pytest.approx(1.0, abs=1e-12)
    assert amorphous_share(1e6, 1.0, 0.02) < 1e-300
    assert amorphous_share(MIDDLE, 0.0, 0.02) == 0.5


def test_bonds_and_strength_count_by_their_energies() -> None:
    # 1 eV of bonds is as much as the flow stress that does 1 eV of work on the volume
    assert amorphous_share(3.9 * EV, 6.0, 0.02) == pytest.approx(amorphous_share(2.9 * EV, 6.0 + EV / 0.02, 0.02))
    shares = [amorphous_share(e * EV, 2.0, 0.02) for e in np.linspace(3.0, 7.0, 81)]
    assert np.all(np.diff(shares) < 0.0)
    # steepest at a half, by 1/4w
    assert max(-np.diff(shares)) <= 0.05 * EV / (4.0 * WIDTH) * 1.0001


def test_the_threshold_is_crossed_over_its_width() -> None:
    assert share_of_size(0.1, 99.0, 100.0) == 1.0
    assert share_of_size(0.1, 101.0, 100.0) == 0.1
    assert share_of_size(0.1, 100.0, 100.0, 10.0) == pytest.approx(0.55)
    assert share_of_size(0.1, 110.0, 100.0, 10.0) == pytest.approx(0.1 + 0.9 / (1.0 + math.e))
    assert share_of_size(0.1, 1e5, 100.0, 10.0) == pytest.approx(0.1)
    assert share_of_size(0.1, 1.0, 100.0, 5.0) == pytest.approx(1.0, abs=1e-7)


def test_a_wire_has_the_rates_of_its_share() -> None:
    wire = config(bond_energy="4.63 eV", rate="0.5 nm/s", threshold_diameter="100 nm", threshold_width="10 nm")
    share = amorphous_share_of(wire)
    assert share == pytest.approx(0.5 * (1.0 + 0.05), abs=0.002)
    law = crystal_of(wire)[1]
    assert law.rate(np.ones(1), np.zeros(1))[0] == pytest.approx(0.02 ** (1 - share) * 0.5**share, rel=1e-9)


@pytest.mark.parametrize(("changes", "said"), [
    ({"bond_energy": "4 eV", "fraction": 0.5, "rate": "1 nm/s"}, "found a fraction of 0.5 beside a bond energy"),
    ({"bond_energy": "4 eV"}, "rate: found no rate of the amorphous layer"),
    ({"threshold_width": "5 nm"}, "threshold_width: found a width without a diameter")])
def test_what_does_not_go_together_is_refused(changes: dict[str, Any], said: str) -> None:
    with pytest.raises(ConfigError, match=said):
        config(**changes)
