"""Every bundled material runs: a thin wire on a coarse mesh, content conserved."""

from __future__ import annotations

from pathlib import Path

import pytest

import femanode
from femanode.config.library import list_materials
from femanode.config.loading import Config


@pytest.mark.verification
@pytest.mark.parametrize("name", list_materials())
def test_a_thin_wire_runs_and_keeps_its_carriers(name: str, tmp_path: Path) -> None:
    material = femanode.config.library.load_material(name)
    # Neutral carriers come from a hot gas, the others from an electrolyte at room temperature.
    outside = {"boundary": {"potential": "10 mV"}} if material.carrier.charge else {"temperature": "1273.15 K"}
    run = femanode.run(Config.from_mapping({
        "name": name, "geometry": {"shape": "circle", "diameter": "60 nm"}, "material": name,
        "crystal": {"axis": [0, 0, 1], "in_plane": [1, 0, 0]}, "front": {"half_thickness": "4 nm"},
        **outside, "mesh": {"element_size": "4 nm"},
        "time": {"end": "10 h", "stop": {"arrest": 1e-3, "converted": 0.5}},
        "output": {"frames": 2, "pictures": False}}), tmp_path / name)
    # at rest or half converted, not stopped by the solver; no carrier lost or found
    assert run.summary["converted_fraction"] > 0.3 or run.summary["self_limited"]
    assert run.history["content_error"].abs().max() < 1e-8
    # what it holds is that of the phase behind the front or more, of full content
    assert run.summary["state_of_charge"] > 0.95 * run.summary["converted_fraction"] * (
        material.content.x_front / material.content.x_max)
