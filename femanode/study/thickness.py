"""Says where the numerical thickness of the front, relative to the radius, goes along with what a study varies.

The front's half-thickness over the radius moves core stress and arrest by several per cent. Where it differs between
diameters, a trend with size may be a trend of resolution.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from femanode.numerics.arrays import Array
from femanode.solver.resolution import resolution
from femanode.study.cases import Builder

#: Ratio of the largest to the smallest thickness from which it is told; and points looked at.
TOLD, POINTS = 1.05, 64
_SHAPING = ("geometry", "front.half_thickness", "mesh", "overrides", "material")


def thickness_note(builder: Builder, points: Sequence[Sequence[object]]) -> str:
    """A sentence on the front's half-thickness over the radius (or wall) in the cases of a sweep; empty if it is one.

    Parameters
    ----------
    builder : Builder
    points : sequence of sequence
        Values of the sweep's paths, by case.
    """
    paths = builder.sweep.paths
    shaping = [k for k, path in enumerate(paths) if path.startswith(_SHAPING)]
    different = {str([point[k] for k in shaping]): point for point in points} if shaping else {}
    ratios = []
    for point in list(different.values())[:POINTS]:
        config = builder.config(point)
        delta, wall = resolution(config)[1], config.geometry.wall
        if delta is not None and wall is not None:
            ratios.append(delta / wall)
    moved = [path for path in paths if path.startswith(("geometry.", "front.half_thickness"))]
    return sentence(ratios, moved)


def sentence(ratios: Sequence[float] | Array, along: Sequence[str]) -> str:
    """What is told of half-thicknesses over the radius that differ; empty where they are one to 5 %.

    Examples
    --------
    >>> sentence([0.05, 0.05], ["geometry.diameter"])
    ''
    >>> sentence([0.1, 0.03], ["geometry.diameter"])[:60]
    'the front is 0.03 to 0.1 of the radius wide to either side a'
    """
    known = np.asarray(ratios, dtype=float)
    known = known[np.isfinite(known)]
    if not len(known) or known.max() <= TOLD * known.min():
        return ""
    where = " and ".join(along) or "the study"
    return (f"the front is {known.min():.2g} to {known.max():.2g} of the radius wide to either side along {where}: a "
            "trend may be one of resolution; move front.half_thickness and mesh.element_size with the diameter, in one "
            "axis 'geometry.diameter, front.half_thickness, mesh.element_size'")
