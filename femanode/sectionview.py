"""The full deformed section, rebuilt from the sector that was computed.

On the line config -> mesh -> state -> solver -> output -> postprocess this stands after postprocess; it turns
stored frames into arrays that a renderer can draw and draws nothing itself.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from femanode.errors import ConfigError
from femanode.fields import FieldChoice
from femanode.runfolder import Frame, FrameMesh

FloatArray = NDArray[np.float64]
IntArray = NDArray[np.int64]

# Just below one half: a front that starts on the surface is then one line in spite of rounding.
FRONT_LEVEL = 0.5 - 1e-6
MIRRORS: Mapping[str, tuple[tuple[int, int], ...]] = {
    "quarter": ((1, 1), (-1, 1), (-1, -1), (1, -1)),
    "half": ((1, 1), (1, -1)),
    "full": ((1, 1),),
}


@dataclass(frozen=True)
class SectionView:
    """The full deformed section at one instant, ready to draw; lengths in nm.

    Parameters
    ----------
    time : float
        Time, s.
    points : ndarray, shape (n, 2)
        Deformed nodes, mirror images included.
    triangles : ndarray of int, shape (m, 3)
        Linear triangles, four for every quadratic one.
    values : ndarray, shape (n,)
        The field.
    front : ndarray, shape (k, 2, 2)
        Segments of the reaction front (extent = 0.5), deformed.
    outlines, initial_outlines : list of ndarray, shape (j, 2)
        The section's edge, deformed and undeformed.
    mirrors : tuple of (int, int, float)
        Signs of x, y and field of every mirror image, in the order in which ``points`` and ``triangles`` have them.
    marks : ndarray, shape (k, 2, 2)
        Points of the deformed edge to be marked, with their unit normals outwards.
    """

    time: float
    points: FloatArray
    triangles: IntArray
    values: FloatArray
    front: FloatArray
    outlines: list[FloatArray]
    initial_outlines: list[FloatArray]
    mirrors: tuple[tuple[int, int, float], ...] = ((1, 1, 1.0),)
    marks: FloatArray = field(default_factory=lambda: np.empty((0, 2, 2)))


def build_view(frame: Frame, choice: FieldChoice, sector: str) -> SectionView:
    """Rebuild the full deformed section from a stored sector.

    Parameters
    ----------
    frame : Frame
        The instant.
    choice : FieldChoice
        The field to take along.
    sector : str
        ``quarter`` (x, y >= 0), ``half`` (y >= 0) or ``full``.

    Returns
    -------
    SectionView

    Raises
    ------
    ConfigError
        When the frame lacks the field, or has no displacement.
    """
    mesh = frame.mesh
    for array in (choice.array, "displacement"):
        if array not in mesh.fields:
            raise ConfigError(f"no point data {array}", where=str(frame.path))
    deformed = mesh.points + mesh.fields["displacement"][:, :2]
    triangles = split_quadratic(mesh.triangles6)
    values = choice.values(mesh.fields)
    extent = mesh.fields.get("extent")
    front = np.empty((0, 2, 2))
    if extent is not None:
        front = level_segments(deformed, triangles, extent, FRONT_LEVEL)
    edges = free_edges(mesh, sector)
    mirrors = MIRRORS[sector]
    signs = [np.array(pair, dtype=float) for pair in mirrors]
    return SectionView(
        time=frame.time,
        points=np.concatenate([deformed * sign for sign in signs]),
        triangles=np.concatenate([triangles + copy * len(deformed) for copy in range(len(mirrors))]),
        values=np.concatenate([values * choice.parity(*pair) for pair in mirrors]),
        front=np.concatenate([front * sign for sign in signs]),
        outlines=[deformed[edge] * sign for sign in signs for edge in edges],
        initial_outlines=[mesh.points[edge] * sign for sign in signs for edge in edges],
        mirrors=tuple((*pair, float(choice.parity(*pair))) for pair in mirrors),
    )


def split_quadratic(triangles6: IntArray) -> IntArray:
    """Cut every quadratic triangle into four linear ones through its midside nodes.

    Parameters
    ----------
    triangles6 : ndarray of int, shape (ne, 6)

    Returns
    -------
    ndarray of int, shape (4 ne, 3)
    """
    parts = [triangles6[:, part] for part in ([0, 3, 5], [3, 1, 4], [5, 4, 2], [3, 4, 5])]
    return np.concatenate(parts)


def level_segments(points: FloatArray, triangles: IntArray, values: FloatArray, level: float) -> FloatArray:
    """Straight pieces of a contour line on linear triangles.

    Parameters
    ----------
    points : ndarray, shape (n, 2)
    triangles : ndarray of int, shape (m, 3)
    values : ndarray, shape (n,)
    level : float

    Returns
    -------
    ndarray, shape (k, 2, 2)
        Two end points for each triangle that the contour crosses.
    """
    above = values > level  # strict on one side only, so a node at the level makes no stray piece
    crossed = triangles[np.ptp(above[triangles].astype(int), axis=1) == 1]
    starts, ends = crossed, np.roll(crossed, -1, axis=1)
    cut = above[starts] != above[ends]
    start, end = starts[cut], ends[cut]
    share = (level - values[start]) / (values[end] - values[start])
    cuts: FloatArray = points[start] + share[:, None] * (points[end] - points[start])
    return cuts.reshape((-1, 2, 2))


def free_edges(mesh: FrameMesh, sector: str) -> list[IntArray]:
    """Node chains along the section's edge, without the mirror lines of the sector.

    Parameters
    ----------
    mesh : FrameMesh
    sector : str

    Returns
    -------
    list of ndarray of int
        Nodes in order, midside nodes included; a closed chain repeats its first node.
    """
    sides = np.concatenate([mesh.triangles6[:, side] for side in ([0, 3, 1], [1, 4, 2], [2, 5, 0])])
    keys = np.sort(sides[:, [0, 2]], axis=1)
    _, first, count = np.unique(keys, axis=0, return_index=True, return_counts=True)
    sides = sides[first[count == 1]]
    size = float(np.abs(mesh.points).max())
    for axis in {"quarter": (0, 1), "half": (1,), "full": ()}[sector]:
        on_line = np.abs(mesh.points[sides][:, :, axis]).max(axis=1) < 1e-6 * size
        sides = sides[~on_line]
    return _chains(sides)


def _chains(sides: IntArray) -> list[IntArray]:
    """Join (start, middle, end) sides, of any orientation, into chains of nodes."""
    around: dict[int, list[int]] = {}
    for row, (start, _, end) in enumerate(sides.tolist()):
        around.setdefault(start, []).append(row)
        around.setdefault(end, []).append(row)
    open_ends = [node for node, rows in around.items() if len(rows) == 1]
    unused = set(range(len(sides)))
    chains = []
    for seed in [*open_ends, *around]:
        chain = [seed]
        while free := [row for row in around[chain[-1]] if row in unused]:
            row = free[0]
            unused.remove(row)
            start, middle, end = sides[row].tolist()
            chain += [middle, end if chain[-1] == start else start]
        if len(chain) > 1:
            chains.append(np.array(chain))
    return chains
