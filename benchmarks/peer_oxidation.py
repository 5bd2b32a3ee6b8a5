"""Thermal oxidation by ViennaPS, by its public functions: ``python peer_oxidation.py viennaps.json``.

A flat wafer and a round wire of 100 nm, (100) rates in all directions, in water vapour, with and without stress.
ViennaPS (``pip install ViennaPS numpy``) is neither part of femanode nor needed by it. Depths of silicon consumed are
told along the axes of its Cartesian grid and along the diagonals.
"""

from __future__ import annotations

import json
import sys
import time
from pathlib import Path
from typing import Any

import numpy as np
import viennals as vls
import viennaps as vps

#: Temperature in degrees C, hours.
CASES = ((1000.0, 0.02), (1000.0, 0.05), (900.0, 0.25))
RADIUS, GRID = 50.0, 2.0


def oxidation(celsius: float, hours: float, *, stress: bool) -> Any:
    """The model with its defaults, on bare silicon."""
    model = vps.Oxidation()
    model.setTemperature(celsius)
    model.setTime(hours)
    model.setOxidant("wet")
    model.setOrientation("100")
    model.setStressDependentOxidation(stress)
    model.setInitialOxideThickness(0.0)
    return model


def surface(level_set: Any) -> Any:
    """Points (2, n) of a level set's surface, nm."""
    mesh = vls.Mesh()
    vls.ToSurfaceMesh(level_set, mesh).apply()
    return 1e3 * np.array(mesh.getNodes())[:, :2].T


def flat(celsius: float, hours: float) -> dict[str, float]:
    """Silicon consumed and oxide on a wafer, and its own planar estimate, nm."""
    domain = vps.Domain(gridDelta=1e-3 * GRID, xExtent=0.04, yExtent=0.6,
                        boundary=vps.BoundaryType.REFLECTIVE_BOUNDARY)
    vps.MakePlane(domain, 0.0, vps.Material.Si, False).apply()
    model = oxidation(celsius, hours, stress=False)
    vps.Process(domain, model, 0.0).apply()
    below, above = (float(surface(one)[1].mean()) for one in domain.getLevelSets())
    return {"consumed": -below, "oxide": above - below, "estimate": 1e3 * model.estimatePlanarOxideThickness(0.0)}


def wire(celsius: float, hours: float, *, stress: bool) -> dict[str, float]:
    """Silicon consumed on a round wire along the grid's axes, along its diagonals and on the mean, nm."""
    domain = vps.Domain(gridDelta=1e-3 * GRID, xExtent=4.4e-3 * RADIUS, yExtent=4.4e-3 * RADIUS,
                        boundary=vps.BoundaryType.REFLECTIVE_BOUNDARY)
    core = vps.LevelSet(domain.getGrid())
    vls.MakeGeometry(core, vls.Sphere([0.0, 0.0], 1e-3 * RADIUS)).apply()
    domain.insertNextLevelSetAsMaterial(core, vps.Material.Si)
    begin = time.perf_counter()
    vps.Process(domain, oxidation(celsius, hours, stress=stress), 0.0).apply()
    x, y = surface(domain.getLevelSets()[0])
    depth, angle = RADIUS - np.hypot(x, y), np.degrees(np.arctan2(y, x)) % 90.0
    axis, diagonal = np.minimum(angle, 90.0 - angle) < 4.0, np.abs(angle - 45.0) < 4.0
    return {"axis": float(depth[axis].mean()), "diagonal": float(depth[diagonal].mean()), "mean": float(depth.mean()),
            "seconds": round(time.perf_counter() - begin, 1)}


def main() -> None:
    """Run and write: what the program tells on its way goes to the terminal."""
    vps.setDimension(2)
    vls.setDimension(2)
    vps.setNumThreads(1)
    found = [{"celsius": celsius, "hours": hours, "flat": flat(celsius, hours),
              "wire": wire(celsius, hours, stress=False), "stressed": wire(celsius, hours, stress=True)}
             for celsius, hours in CASES]
    Path(sys.argv[1]).write_text(json.dumps(found, indent=1), encoding="utf-8")


if __name__ == "__main__":
    main()
