"""thickness: what is told of a front whose width over the radius differs between the cases of a study."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

import pandas as pd
import pytest

from femanode.study.cases import Builder
from femanode.study.maps import mapped_note
from femanode.study.sweepfile import load_sweep
from femanode.study.table import write_table
from femanode.study.thickness import thickness_note

BASE = {"name": "wire", "geometry": {"shape": "circle", "diameter": "100 nm"}, "crystal": {"axis": [1, 1, 0]},
        "material": "Li-Si", "front": {"half_thickness": "4 nm"}, "mesh": {"element_size": "4 nm"},
        "time": {"end": "1 h"}}


@pytest.mark.parametrize(("axes", "told"), [
    # 4 nm in 20 and 80 nm of radius: 0.2 and 0.05
    ({"geometry.diameter": ["40 nm", "160 nm"]}, "0.05 to 0.2 of the radius .* along geometry.diameter: "),
    ({"front.half_thickness": ["4 nm", "8 nm"]}, "0.08 to 0.16 of the radius"),
    ({"geometry.diameter, front.half_thickness, mesh.element_size": [["40 nm", "2 nm", "2 nm"],
                                                                     ["160 nm", "8 nm", "8 nm"]]}, ""),
    ({"boundary.potential": ["10 mV", "20 mV"]}, ""),
    ({"overrides.mechanics.yield_stress": ["1 GPa", "2 GPa"]}, "")])
def test_a_sweep_tells_where_the_relative_thickness_goes(axes: dict[str, Any], told: str) -> None:
    study = load_sweep({"base": BASE, "axes": axes})
    note = thickness_note(Builder(study), study.points)
    assert re.search(told, note)
    assert bool(note) == bool(told)


def test_a_map_tells_it_of_the_axes_it_draws(tmp_path: Path) -> None:
    rows = [(d, p, 4.0 / (d / 2.0)) for d in (40.0, 160.0) for p in (10.0, 20.0)]
    columns = ["geometry.diameter [nm]", "boundary.potential [mV]", "interface_thickness_ratio"]
    table = pd.DataFrame(rows, columns=columns).assign(status="done", case=range(4), converted_fraction=0.5)
    write_table(tmp_path, table)
    (tmp_path / "sweep.json").write_text(json.dumps({
        "name": "s", "groups": [["geometry.diameter"], ["boundary.potential"]], "axes": {}}))
    both = mapped_note(tmp_path, "geometry.diameter", "boundary.potential")
    assert both.startswith("the front is 0.05 to 0.2 of the radius wide to either side along geometry.diameter: ")
    assert mapped_note(tmp_path, None, None) == both
    # at one diameter there is one thickness
    assert mapped_note(tmp_path, "boundary.potential", "boundary.potential", ["geometry.diameter=40 nm"]) == ""
