"""Point data of a deformed frame at the points of a regular grid, found by VTK."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
import pyvista

from femanode.numerics.arrays import Array, IntArray


def sample_grid(points: Array, triangles6: IntArray, fields: Mapping[str, Array], origin: tuple[float, float],
                step: float, size: tuple[int, int]) -> dict[str, Array]:
    """Fields on a grid of square cells.

    Parameters
    ----------
    points : ndarray, shape (n, 2)
        Nodes where they are now; elements may be distorted.
    triangles6 : ndarray of int, shape (ne, 6)
        Quadratic triangles in VTK order.
    fields : mapping of str to ndarray
        Scalars, shape (n,).
    origin : (float, float)
        The first point of the grid, nm.
    step : float
        Distance of neighbours, nm.
    size : (int, int)
        Number of points along x and y.

    Returns
    -------
    dict of str to ndarray, shape (ny, nx)
        NaN outside the mesh.
    """
    kind = int(pyvista.CellType.QUADRATIC_TRIANGLE)
    mesh = pyvista.UnstructuredGrid({kind: triangles6}, np.column_stack([points, np.zeros(len(points))]))
    for name, values in fields.items():
        mesh.point_data[name] = values
    grid = pyvista.ImageData(dimensions=(*size, 1), spacing=(step, step, 1.0), origin=(*origin, 0.0))
    found = grid.sample(mesh)
    inside = np.asarray(found.point_data["vtkValidPointMask"], dtype=bool)
    return {name: np.where(inside, np.asarray(found.point_data[name]), np.nan).reshape(size[1], size[0])
            for name in fields}
