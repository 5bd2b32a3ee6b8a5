"""Oxidation of silicon beside ViennaPS: ``python oxidation.py viennaps.json`` prints a table of silicon consumed, nm.

The file is what ``peer_oxidation.py`` writes. femanode takes the bundled O-Si-wet with the rate of (100) in all
directions; with stress as bundled, and by the flow stress that Eyring's law gives at such rates, 1.4 GPa.
"""

from __future__ import annotations

import json
import sys
import tempfile
from pathlib import Path
from typing import Any

import numpy as np

import femanode
from femanode.postprocess.growth import film_depth
from femanode.solver.laws import diffusivity_of, rates_of

CASE: dict[str, Any] = {
    "name": "oxide", "geometry": {"shape": "circle", "diameter": "100 nm"}, "material": "O-Si-wet",
    "crystal": {"axis": [0, 0, 1], "in_plane": [1, 0, 0]}, "front": {"half_thickness": "2 nm"},
    "mesh": {"element_size": "2 nm"}, "output": {"frames": 2, "pictures": False}}
FREE = {"front.activation_volume": "0 Å^3", "mechanics.yield_stress": "10 MPa"}


def config(celsius: float, hours: float, changes: dict[str, Any]) -> Any:
    """The case at a temperature, until a little after ``hours``, as the front needs some time to enter."""
    rate = femanode.Config.from_mapping({**CASE, "time": {"end": "1 h"}}).material.front.rates["100"]
    time = {"end": f"{1.2 * hours} h", "stop": {"converted": 0.95}}
    return femanode.Config.from_mapping({
        **CASE, "temperature": f"{celsius + 273.15} K", "time": time,
        "overrides": {"front.rates": {"isotropic": f"{rate} nm/s"}, **changes}})


def consumed(celsius: float, hours: float, changes: dict[str, Any]) -> float:
    """Depth of the front after ``hours``, nm, counted from when its middle has passed the surface."""
    with tempfile.TemporaryDirectory() as folder:
        result = femanode.run(config(celsius, hours, changes), Path(folder) / "run")
        history, entry = result.history, result.summary["front_entry_time_s"]
        return float(np.interp(3600.0 * hours + entry, history["time_s"], history["front_depth_nm"]))


def film(celsius: float, hours: float) -> float:
    """Deal and Grove's law."""
    case = config(celsius, hours, FREE)
    formed = case.material.content.x_front / case.material.content.x_max
    D = float(diffusivity_of(case)(np.array([formed]))[0]) / 2.26**2
    return film_depth(3600.0 * hours, rates_of(case)["isotropic"], D, formed)


def main() -> None:
    """Print the table."""
    print("| °C, min | flat: femanode (law), ViennaPS | round, no stress: femanode, ViennaPS along the grid, "
          "across it | with stress: femanode 0.45 GPa, 1.4 GPa, ViennaPS along, across |")
    print("|---|---|---|---|")
    for one in json.loads(Path(sys.argv[1]).read_text(encoding="utf-8")):
        at = one["celsius"], one["hours"]
        stressed = [consumed(*at, {"mechanics.yield_stress": f"{flow} GPa"}) for flow in (0.45, 1.4)]
        print(f"| {at[0]:g}, {60 * at[1]:g} | {film(*at):.2f}, {one['flat']['consumed']:.2f} | "
              f"{consumed(*at, FREE):.2f}, {one['wire']['axis']:.2f}, {one['wire']['diagonal']:.2f} | "
              f"{stressed[0]:.2f}, {stressed[1]:.2f}, {one['stressed']['axis']:.2f}, "
              f"{one['stressed']['diagonal']:.2f} |", flush=True)


if __name__ == "__main__":
    main()
