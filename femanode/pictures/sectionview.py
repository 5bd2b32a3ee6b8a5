"""The full deformed section, rebuilt from the sector that was computed.

Stored frames become arrays that a renderer can draw; nothing is drawn here.
"""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np

from femanode.errors import ConfigError
from femanode.numerics.arrays import Array, IntArray
from femanode.output.runfolder import Frame
from femanode.pictures.fieldchoice import FieldChoice
from femanode.postprocess.framegeometry import MIRRORS, free_edges, level_segments, split_quadratic, within

# The front is the contour at just below one half: where it starts on the surface, extent 1/2 up to rounding, the
# contour is then one line and not in pieces.
FRONT_LEVEL = 0.5 - 1e-6

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
        The section's edge, deformed and undeformed; the deformed ones also where layers meet.
    mirrors : tuple of (int, int, float)
        Signs of x, y and field of every mirror image, in the order in which ``points`` and ``triangles`` have them.
    marks : ndarray, shape (k, 2, 2)
        Points of the deformed edge to be marked, with their unit normals outwards.
    """

    time: float
    points: Array
    triangles: IntArray
    values: Array
    front: Array
    outlines: list[Array]
    initial_outlines: list[Array]
    mirrors: tuple[tuple[int, int, float], ...] = ((1, 1, 1.0),)
    marks: Array = field(default_factory=lambda: np.empty((0, 2, 2)))


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
    grown = [edge for edge, inside in zip(edges, within(mesh, edges), strict=True) if not inside]
    mirrors = MIRRORS[sector]
    signs = [np.array(pair, dtype=float) for pair in mirrors]
    return SectionView(
        time=frame.time,
        points=np.concatenate([deformed * sign for sign in signs]),
        triangles=np.concatenate([triangles + copy * len(deformed) for copy in range(len(mirrors))]),
        values=np.concatenate([values * choice.parity(*pair) for pair in mirrors]),
        front=np.concatenate([front * sign for sign in signs]),
        outlines=[deformed[edge] * sign for sign in signs for edge in edges],
        initial_outlines=[mesh.points[edge] * sign for sign in signs for edge in grown],
        mirrors=tuple((*pair, float(choice.parity(*pair))) for pair in mirrors),
    )
