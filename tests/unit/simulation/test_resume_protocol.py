"""A protocol that is broken off in any of its steps, and at their borders, goes on as if it had not been."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from femanode.config.loading import Config
from femanode.simulation.run import Progress, run

CURVE = {"content": [0, 0.05, 0.2, 0.5, 0.8, 1], "value": ["1 V", "0.6 V", "0.41 V", "0.29 V", "0.19 V", "0.05 V"]}


def case() -> Config:
    return Config.from_mapping({
        "name": "cycles", "geometry": {"shape": "circle", "diameter": "20 nm"}, "material": "Li-Si",
        "overrides": {"front.rates": {"isotropic": "0.1 nm/s"}, "chemistry.law": "open_circuit",
                      "chemistry.open_circuit": CURVE},
        "initial": {"reacted": True, "content": 0.2},
        "boundary": {"protocol": ["Lithiate at 2C until 26 %", "Hold at 0.3 V until C/5", "Rest for 2 min",
                                  "Delithiate at 2C until 22 %"], "cycles": 2,
                     "film": {"thickness": "2 nm", "diffusivity": "1e-14 cm^2/s", "rate": "0.01 nm/s^0.5",
                              "breaks": True}},
        "mesh": {"element_size": "2.5 nm", "adaptive": False}, "front": {"half_thickness": "2.5 nm"},
        "time": {"end": "100 h"}, "output": {"pictures": False, "frames": 4}, "solver": {"linear": "scipy"}})


def test_a_protocol_goes_on_in_any_step(tmp_path: Path) -> None:
    whole = run(case(), tmp_path / "whole")
    steps = (whole.history["cycle"].to_numpy() - 1) * 4 + whole.history["step"].to_numpy()
    assert set(steps) == set(range(1, 9))
    borders = np.flatnonzero(np.diff(steps)) + 1
    for number in (3, int(borders[0]), int(borders[1]) + 1, int(borders[3]), int(borders[5])):
        seen = 0

        def stop(progress: Progress, at: int = number) -> None:
            nonlocal seen
            seen += 1
            if seen == at:
                raise KeyboardInterrupt

        folder = tmp_path / str(number)
        with pytest.raises(KeyboardInterrupt):
            run(case(), folder, report=stop)
        again = run(case(), folder, resume=True)
        assert again.history.equals(whole.history), number
        assert again.manifest["protocol"] == whole.manifest["protocol"]
        assert again.summary["cycles"] == whole.summary["cycles"]
