"""A small made-up run folder: fields given by formulas, so that a picture's pixels can be computed."""

from __future__ import annotations

import json
from pathlib import Path

import meshio
import numpy as np
import pandas as pd
import pytest
from skfem import MeshTri2

from tests.casefile import CASE

RADIUS = 60.0
FRAMES = 5
END = 5400.0


def quarter_mesh() -> tuple[np.ndarray, np.ndarray]:
    """Points (n, 2) and triangle6 cells of a quarter disc."""
    disc = MeshTri2.init_circle(4)
    nodes = disc.dofs.element_dofs
    inside = np.all(disc.doflocs[:, nodes] > -1e-9, axis=(0, 1))
    used, cells = np.unique(nodes[:, inside].T, return_inverse=True)
    return RADIUS * disc.doflocs[:, used].T, cells.reshape(-1, 6)


def point_data(points: np.ndarray, progress: float) -> dict[str, np.ndarray]:
    """Fields with a front at 1 - 0.6 progress of the radius and diameters 1.8 and 1.3 at the end."""
    x, y = points.T
    r = np.hypot(x, y) / RADIUS
    front = 1 - 0.6 * progress
    extent = 0.5 * (1 + np.tanh((r - front) / 0.04))
    hoop = -1.5 + 3.0 * r**2
    displacement = np.column_stack([0.8 * progress * x, 0.3 * progress * y, 0 * x])
    shear = x * y / RADIUS**2
    stress = np.column_stack([hoop, hoop, hoop, shear, 0 * x, 0 * x])
    return {
        "displacement": displacement, "extent": extent, "content": extent * 0.9, "activity": extent,
        "cauchy_stress_GPa": stress, "hoop_stress_GPa": hoop, "radial_stress_GPa": -extent,
        "axial_stress_GPa": hoop - 1, "mean_stress_GPa": hoop - 0.5, "von_mises_GPa": np.abs(hoop),
        "eqps": extent * 0.4, "max_principal_stress_GPa": hoop, "front_rate_nm_s": 0.02 * extent,
        "volume_ratio": 1 + 2.8 * extent,
    }


def history() -> pd.DataFrame:
    """A history with every column that the curves use."""
    time = np.linspace(0, END, 60)
    s = time / END
    depth = 0.6 * RADIUS * s
    return pd.DataFrame({
        "time_s": time, "converted_fraction": 1 - (1 - 0.6 * s) ** 2, "state_of_charge": 0.9 * s,
        "front_depth_nm": depth, "front_depth_x_nm": 1.2 * depth, "front_depth_y_nm": 0.8 * depth,
        "hoop_surface_max_GPa": -1 + 2 * s, "core_mean_stress_GPa": 1 - 3 * s,
        "front_mean_stress_GPa": -1.4 * s, "diameter_x_nm": 2 * RADIUS * (1 + 0.8 * s),
        "diameter_y_nm": 2 * RADIUS * (1 + 0.3 * s), "diameter_max_nm": 2 * RADIUS * (1 + 0.8 * s),
        "diameter_min_nm": 2 * RADIUS * (1 + 0.3 * s),
    })


@pytest.fixture(scope="session")
def run_path(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A made-up run folder; tests that change it copy it first."""
    root = tmp_path_factory.mktemp("run") / "made-up"
    (root / "frames").mkdir(parents=True)
    points, cells = quarter_mesh()
    sets = []
    for number, progress in enumerate(np.linspace(0, 1, FRAMES)):
        name = f"frames/frame_{number:04d}.vtu"
        meshio.Mesh(np.column_stack([points, 0 * points[:, 0]]), [("triangle6", cells)],
                    point_data=point_data(points, progress)).write(root / name)
        sets.append(f'<DataSet timestep="{progress * END}" part="0" file="{name}"/>')
    (root / "frames.pvd").write_text(
        f'<VTKFile type="Collection" version="0.1"><Collection>{"".join(sets)}</Collection></VTKFile>')
    history().to_csv(root / "history.csv", index=False)
    (root / "summary.json").write_text(json.dumps({"converted_fraction": 0.84, "regime": "ICR"}))
    (root / "manifest.json").write_text(
        json.dumps({"name": "made_up-$case", "sector": "quarter", "radius_nm": RADIUS}))
    return root


@pytest.fixture
def case(tmp_path: Path) -> Path:
    """A valid configuration file."""
    path = tmp_path / "case.yaml"
    path.write_text(CASE)
    return path
