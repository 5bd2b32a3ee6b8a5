"""Numbers along lines of a stored frame: surface, rays, outline, both sides of the front.

Every frame is read on its own mesh, so that meshes may differ from frame to frame.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from femanode.numerics.arrays import Array
from femanode.output.runfolder import FrameMesh
from femanode.postprocess.framegeometry import (
    MIRRORS,
    connected_parts,
    distance_from_axis,
    free_edges,
    reference_radius,
    split_quadratic,
)
from femanode.postprocess.shape import diameters, full_outline

#: Bulges flatter than this share of the mean radius are roughness, not lobes.
LOBE_DEPTH = 0.03


@dataclass(frozen=True)
class Profile:
    """Values along a line.

    Parameters
    ----------
    position : ndarray, shape (n,)
        Degrees along the surface, nm along a ray.
    values : ndarray, shape (n,)
    """

    position: Array
    values: Array


def surface_nodes(mesh: FrameMesh, sector: str) -> NDArray[np.int64]:
    """Nodes of the outer edge of the computed sector, in order (the inner edge of an annulus is left out)."""
    edges = free_edges(mesh, sector)
    return max(edges, key=lambda edge: float(distance_from_axis(mesh.points[edge]).mean()))


def deformed(mesh: FrameMesh) -> Array:
    """Deformed nodes of the computed sector, nm, shape (n, 2)."""
    return mesh.points + mesh.fields["displacement"][:, :2]


def along_surface(mesh: FrameMesh, sector: str, field: str) -> Profile:
    """A scalar along the whole surface against the polar angle of the deformed point.

    Parameters
    ----------
    mesh : FrameMesh
    sector : str
    field : str
        Name of a scalar point array.

    Returns
    -------
    Profile
        Position in degrees, -180 to 180, rising.
    """
    nodes = surface_nodes(mesh, sector)
    points, values = deformed(mesh)[nodes], mesh.fields[field][nodes]
    points = np.concatenate([points * np.array(sign, dtype=float) for sign in MIRRORS[sector]])
    angle = np.degrees(np.arctan2(points[:, 1], points[:, 0]))
    angle, first = np.unique(np.round(angle, 9), return_index=True)
    return Profile(angle, np.tile(values, len(MIRRORS[sector]))[first])


def along_ray(mesh: FrameMesh, field: str, direction: tuple[float, float], n: int = 300) -> Profile:
    """A scalar from the axis to the surface on a straight line of the reference section.

    Parameters
    ----------
    mesh : FrameMesh
    field : str
    direction : (float, float)
        Unit vector within the computed sector.
    n : int
        Number of samples; those outside the section are dropped.

    Returns
    -------
    Profile
        Position: deformed distance from the axis, nm.
    """
    radius = reference_radius(mesh)
    # Along a straight edge of the sector the ray is turned inwards a little, so that each sample is in a triangle.
    turn = 1e-6 if direction[0] > direction[1] else -1e-6
    along = np.array([direction[0] - turn * direction[1], direction[1] + turn * direction[0]])
    x, y = (np.linspace(1e-4, 1.0 - 1e-5, n) * radius)[:, None].T * along[:, None]
    from matplotlib.tri import LinearTriInterpolator, Triangulation

    # Of the triangles only those that the ray's line passes: their search tree is built in a twentieth of the time.
    triangles = split_quadratic(mesh.triangles6)
    beside, reach = (mesh.points @ np.array([-along[1], along[0]]))[triangles], 1e-6 * radius
    passed = triangles[(beside.min(axis=1) <= reach) & (beside.max(axis=1) >= -reach)]
    moved, at = deformed(mesh), np.full((3, n), np.nan)
    for nodes, triangles in connected_parts(passed):
        grid = Triangulation(mesh.points[nodes, 0], mesh.points[nodes, 1], triangles)
        finder = grid.get_trifinder()
        here = np.stack([np.ma.filled(LinearTriInterpolator(grid, values[nodes], trifinder=finder)(x, y), np.nan)
                         for values in (moved[:, 0], moved[:, 1], mesh.fields[field])])
        at = np.where(np.isnan(at), here, at)
    known = np.isfinite(at[2])
    return Profile(np.hypot(at[0], at[1])[known], at[2][known])  # places along a ray


def outline(mesh: FrameMesh, sector: str) -> Array:
    """Closed deformed outline (2, n) of the whole section by rising polar angle."""
    return full_outline(deformed(mesh)[surface_nodes(mesh, sector)].T, sector)


def rose(mesh: FrameMesh, sector: str, n: int = 360) -> Profile:
    """Deformed over initial diameter in every direction of the section.

    Returns
    -------
    Profile
        Position in degrees, 0 to 360.
    """
    angle = np.linspace(0.0, 2.0 * np.pi, n + 1)
    grown = full_outline(mesh.points[surface_nodes(mesh, sector)].T, sector)
    return Profile(np.degrees(angle), diameters(outline(mesh, sector), angle) / diameters(grown, angle))


def lobes(mesh: FrameMesh, sector: str) -> int:
    """Number of outward bulges that the section has gained; 0 where it has grown alike in all directions."""
    even = np.linspace(-np.pi, np.pi, 721)[:-1]

    def reach(edge: Array) -> Array:
        """Distance from the axis, nm, of an outline (2, n) in even directions."""
        return np.interp(even, np.arctan2(edge[1], edge[0]), np.hypot(*edge), period=2.0 * np.pi)  # polar coordinates

    r = reach(outline(mesh, sector)) / reach(full_outline(mesh.points[surface_nodes(mesh, sector)].T, sector))
    # Start in the deepest hollow, so that no bulge is cut in two; a bulge counts once it stands out and falls again.
    count, low, high = 0, float(r.min()), float(r.min())
    for value in np.append(np.roll(r, -int(np.argmin(r))), r.min()).tolist():
        low, high = (value, value) if value < low else (low, max(high, value))
        if high - max(low, value) >= LOBE_DEPTH * float(r.mean()):
            count, low, high = count + 1, value, value
    return count


def beside_front(mesh: FrameMesh, field: str) -> tuple[float, float]:
    """Area-weighted mean of a scalar ahead of the front and behind it.

    The bands reach from one to three half-thicknesses: extent 0.05 to 0.27 and 0.73 to 0.95.

    Returns
    -------
    ahead, behind : float
        NaN where a band holds no node.
    """
    extent, values = mesh.fields["extent"], mesh.fields[field]
    triangles = split_quadratic(mesh.triangles6)
    a, b, c = (mesh.points[triangles[:, corner]] for corner in range(3))
    area = 0.5 * np.abs((b - a)[:, 0] * (c - a)[:, 1] - (b - a)[:, 1] * (c - a)[:, 0])
    # Each linear triangle counts with the mean of its corners; the recovered field is smooth at that scale.
    xi, mean = extent[triangles].mean(axis=1), values[triangles].mean(axis=1)

    def over(low: float, high: float) -> float:
        chosen = (xi > low) & (xi < high)
        return float(np.sum((area * mean)[chosen]) / np.sum(area[chosen])) if chosen.any() else float("nan")

    return over(0.0474, 0.2689), over(0.7311, 0.9526)
