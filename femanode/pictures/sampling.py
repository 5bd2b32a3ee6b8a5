"""Point data of a deformed frame at the points of a regular grid, found by VTK."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
import pyvista

from femanode.numerics.arrays import Array, IntArray
from femanode.postprocess.framegeometry import split_quadratic


def sample_grid(points: Array, triangles6: IntArray, fields: Mapping[str, Array], origin: tuple[float, float],
                step: float, size: tuple[int, int]) -> dict[str, Array]:
    """Fields on a grid of square cells.

    Parameters
    ----------
    points : ndarray, shape (n, 2)
        Nodes where they are now; elements may be distorted.
    triangles6 : ndarray of int, shape (ne, 6)
        Quadratic triangles in VTK order; each is read as four straight ones, linear in between, as pictures draw it.
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
    grid = pyvista.ImageData(dimensions=(*size, 1), spacing=(step, step, 1.0), origin=(*origin, 0.0))
    return {name: values.reshape(size[1], size[0])
            for name, values in _sampled(points, triangles6, fields, grid).items()}


def sample_points(points: Array, triangles6: IntArray, fields: Mapping[str, Array], places: Array) -> dict[str, Array]:
    """Fields at places (k, 2), NaN outside the mesh; the mesh as for `sample_grid`."""
    cloud = pyvista.PolyData(np.column_stack([places, np.zeros(len(places))]))
    return _sampled(points, triangles6, fields, cloud)


def _sampled(points: Array, triangles6: IntArray, fields: Mapping[str, Array], where: pyvista.DataSet,
             ) -> dict[str, Array]:
    # Of a curved triangle VTK finds places only approximately, and of single points it drops those that come out more
    # than a hair off: a section that has swollen would have holes.
    mesh = pyvista.UnstructuredGrid({int(pyvista.CellType.TRIANGLE): split_quadratic(triangles6)},
                                    np.column_stack([points, np.zeros(len(points))]))
    for name, values in fields.items():
        mesh.point_data[name] = values
    found = where.sample(mesh)
    inside = np.asarray(found.point_data["vtkValidPointMask"], dtype=bool)
    return {name: np.where(inside, np.asarray(found.point_data[name]), np.nan) for name in fields}
