"""The parts of a section's picture: view, field image, outlines, front, scale bar, colour map.

A single picture, an animation, a panel and the report's small pictures are put together from these parts.
"""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np
from matplotlib.axes import Axes
from matplotlib.collections import LineCollection, PolyCollection
from matplotlib.lines import Line2D
from matplotlib.patches import Rectangle
from numpy.typing import NDArray

from femanode.pictures.sectionview import SectionView

Bounds = tuple[float, float, float, float]

#: A mark's wedge: gap to the edge, length and half width, as shares of the larger side of the deformed section.
GAP, LENGTH, HALF_WIDTH = 0.006, 0.042, 0.013
MARK = "#ffd400"


def extent_of(views: Sequence[SectionView]) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Lower and upper corner (2,) of the box that holds every outline of every view, nm."""
    edges = np.concatenate([line for view in views for line in (*view.outlines, *view.initial_outlines)])
    tips = [wedge for view in views for wedge in wedges(view)]
    if tips:
        edges = np.concatenate([edges, *tips])
    return edges.min(axis=0), edges.max(axis=0)


def wedges(view: SectionView) -> list[NDArray[np.float64]]:
    """Triangles (3, 2) outside the edge that point at the marks of a view, nm."""
    if not len(view.marks):
        return []
    size = float(np.ptp(np.concatenate(view.outlines), axis=0).max())
    shapes = []
    for point, normal in view.marks:
        across, base = np.array([-normal[1], normal[0]]), point + (GAP + LENGTH) * size * normal
        shapes.append(np.array([point + GAP * size * normal, base + HALF_WIDTH * size * across,
                                base - HALF_WIDTH * size * across]))
    return shapes


def colours_of(low: float, high: float | None = None) -> str:
    """Colour map of a range that starts at ``low``: diverging about zero, or one that rises in lightness.

    Both read the same for colour-blind readers. A range that is not symmetric about zero would show zero coloured, and
    gets the second.
    """
    even = high is None or abs(low + high) <= 1e-6 * abs(low)
    return "RdBu_r" if low < 0 and even else "viridis"


class SectionArtists:
    """Field, outlines and front of one section in one axes; ``update`` replaces what moves.

    Parameters
    ----------
    axes : Axes
        Its limits become ``bounds``.
    bounds : (float, float, float, float)
        x_min, x_max, y_min, y_max in nm.
    initial : sequence of ndarray, shape (j, 2)
        The undeformed outline.
    weight : float
        Factor on all line widths.
    """

    def __init__(self, axes: Axes, bounds: Bounds, initial: Sequence[NDArray[np.float64]], weight: float = 1.0) -> None:
        axes.set_axis_off()
        blank = np.full((2, 2, 3), 255, dtype=np.uint8)
        self.image = axes.imshow(blank, extent=bounds, interpolation="nearest", aspect="auto")
        axes.set_xlim(bounds[:2])
        axes.set_ylim(bounds[2:])
        self.outline = LineCollection([], colors="#404040", linewidths=weight)
        axes.add_collection(self.outline)
        lines = [np.asarray(line) for line in initial]
        axes.add_collection(LineCollection(lines, colors="white", linewidths=1.6 * weight, alpha=0.7))
        axes.add_collection(LineCollection(lines, colors="#303030", linewidths=1.3 * weight, linestyles=(0, (5, 4))))
        # A dark line on a wider white one is seen against both ends of both colour maps.
        self.fronts = [Line2D([], [], color=colour, linewidth=width * weight, solid_capstyle="round")
                       for colour, width in (("white", 3.6), ("black", 1.8))]
        for line in self.fronts:
            axes.add_line(line)
        self.marks = PolyCollection([], facecolors=MARK, edgecolors="black", linewidths=weight, zorder=5)
        axes.add_collection(self.marks)
        #: What is drawn over the field, in this order.
        self.drawn = [*axes.collections[:-1], *self.fronts, self.marks]

    def update(self, view: SectionView, image: NDArray[np.uint8]) -> None:
        """Show another instant; ``image`` is the coloured field, shape (height, width, 3)."""
        self.image.set_data(image)
        self.outline.set_segments(view.outlines)
        # All pieces as one line with gaps (NaN): a collection would make an object of each of a thousand pieces.
        pieces = np.concatenate([view.front, np.full((len(view.front), 1, 2), np.nan)], axis=1).reshape(-1, 2)
        for line in self.fronts:
            line.set_data(*pieces.T)
        self.marks.set_verts(wedges(view))


def line_handles(front: bool, mark: str = "", weight: float = 1.0, layers: str = "") -> list[Line2D]:
    """Legend entries for the initial outline and, where there are some, the front, ``layers`` and marks (``mark``)."""
    handles = [Line2D([], [], color="#303030", lw=1.3 * weight, ls=(0, (5, 4)), label="initial outline")]
    if front:
        handles.append(Line2D([], [], color="black", lw=1.8 * weight, label="reaction front"))
    if layers:
        handles.append(Line2D([], [], color="#404040", lw=weight, label=layers))
    if mark:
        handles.append(Line2D([], [], color="none", marker="v", markersize=9 * weight, markerfacecolor=MARK,
                              markeredgecolor="black", markeredgewidth=weight, label=mark))
    return handles


def add_scale_bar(axes: Axes, left: float, bottom: float, length: float, thickness: float, size: float) -> None:
    """A bar of ``length`` nm with its length written beside it; all in data units but the font's ``size``."""
    axes.add_patch(Rectangle((left, bottom), length, thickness, facecolor="black", linewidth=0))
    axes.text(left + length + 1.7 * thickness, bottom + 0.45 * thickness, f"{length:g} nm", fontsize=size, va="center")


def round_length(limit: float) -> float:
    """The largest of 1, 2, 5 times a power of ten that is not above a limit.

    Parameters
    ----------
    limit : float

    Returns
    -------
    float
    """
    power = 10.0 ** math.floor(math.log10(limit))
    return max(factor * power for factor in (1, 2, 5) if factor * power <= limit * (1 + 1e-12))
