"""A finished run read back without a solver: fields of the frames as numpy arrays, and as xarray.

    python examples/read_frames.py FOLDER_OF_A_RUN

Shows two things that hold of any run: the carrier content integrates to the state of charge, and the hoop stress at
the surface is the largest of its nodes there.
"""

from __future__ import annotations

import sys
from pathlib import Path

import numpy as np

from femanode import Result
from femanode.pictures.sectionview import split_quadratic
from femanode.postprocess.profiles import along_surface


def mean_content(result: Result, number: int) -> float:
    """Area average of the content over the reference section, linear on quarters of the elements."""
    mesh = result.frames[number].mesh
    triangles = split_quadratic(mesh.triangles6)
    a, b, c = (mesh.points[triangles[:, k]] for k in range(3))
    area = 0.5 * np.abs((b - a)[:, 0] * (c - a)[:, 1] - (b - a)[:, 1] * (c - a)[:, 0])
    return float(np.sum(area * mesh.fields["content"][triangles].mean(axis=1)) / area.sum())


def main(folder: Path) -> None:
    result = Result(folder)
    history = result.history.set_index("time_s")
    for number, frame in enumerate(result.frames):
        row = history.loc[frame.time]
        surface = along_surface(frame.mesh, result.sector, "hoop_stress_GPa")
        print(f"t = {frame.time:6.1f} s  content {mean_content(result, number):.4f} "
              f"(history {row['state_of_charge']:.4f})  hoop at the surface {surface.values.max():.3f} GPa "
              f"(history {row['hoop_surface_max_GPa']:.3f})")
    data = result.to_xarray(["hoop_stress_GPa"])
    print(data["hoop_stress_GPa"].dims, data["hoop_stress_GPa"].attrs["units"])


if __name__ == "__main__":
    main(Path(sys.argv[1] if len(sys.argv) > 1 else "results/first_run"))
