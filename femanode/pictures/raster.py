"""One field on triangles as pixels, drawn by matplotlib within this process."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from matplotlib import colormaps
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.collections import PolyCollection
from matplotlib.figure import Figure
from matplotlib.tri import Triangulation
from numpy.typing import NDArray

from femanode.numerics.arrays import Array, ByteArray

OVERSAMPLING = 2
NAN_COLOUR = "lightgrey"


@dataclass(frozen=True)
class Layer:
    """One picture's data: linear triangles with nodal values.

    Parameters
    ----------
    points : ndarray, shape (n, 2)
    triangles : ndarray of int, shape (m, 3)
    values : ndarray, shape (n,)
        NaN is drawn grey.
    """

    points: Array
    triangles: NDArray[np.int64]
    values: Array


@dataclass(frozen=True)
class Canvas:
    """What every picture of a series shares.

    Parameters
    ----------
    size : (int, int)
        Width and height, pixels.
    bounds : (float, float, float, float)
        x_min, x_max, y_min, y_max; the caller keeps their aspect equal to the size's.
    colours : str
        A matplotlib colour map.
    limits : (float, float)
        Values at the two ends of the colour map.
    """

    size: tuple[int, int]
    bounds: tuple[float, float, float, float]
    colours: str
    limits: tuple[float, float]


def draw_matplotlib(layer: Layer, canvas: Canvas, oversampling: int = OVERSAMPLING) -> ByteArray:
    """Draw one field with matplotlib's Gouraud shading.

    Parameters
    ----------
    layer : Layer
    canvas : Canvas
    oversampling : int
        Pixels drawn for every one given, in either direction; 1 is several times faster, with rougher edges.

    Returns
    -------
    ndarray of uint8, shape (height, width, 3)
    """
    width, height = canvas.size
    dpi = 100.0
    figure = Figure(figsize=(oversampling * width / dpi, oversampling * height / dpi), dpi=dpi)
    agg = FigureCanvasAgg(figure)
    axes = figure.add_axes((0, 0, 1, 1))
    axes.set_axis_off()
    known = np.isfinite(layer.values)
    whole = known[layer.triangles].all(axis=1)
    if not whole.all():
        axes.add_collection(PolyCollection(list(layer.points[layer.triangles[~whole]]), closed=True,
                                           facecolor=NAN_COLOUR, edgecolor=NAN_COLOUR, linewidth=0.3))
    if whole.any():
        mesh = Triangulation(layer.points[:, 0], layer.points[:, 1], layer.triangles[whole])
        axes.tripcolor(mesh, np.where(known, layer.values, 0.0), shading="gouraud",
                       cmap=colormaps[canvas.colours], vmin=canvas.limits[0], vmax=canvas.limits[1])
    axes.set_xlim(canvas.bounds[:2])
    axes.set_ylim(canvas.bounds[2:])
    return averaged(pixels(agg), oversampling)


def draw_mirrored(layer: Layer, canvas: Canvas, mirrors: Sequence[tuple[int, int, float]],
                  oversampling: int = OVERSAMPLING) -> ByteArray:
    """Draw one sector of a field as :func:`draw_matplotlib` would, and its mirror images from the same pixels.

    Parameters
    ----------
    layer : Layer
        Of the first sector, which lies in x, y >= 0 as far as it is mirrored.
    canvas : Canvas
        Pixels can be mirrored where each mirror axis falls between two of them; otherwise all sectors are drawn.
    mirrors : sequence of (int, int, float)
        Signs of x, y and the field in every sector.
    oversampling : int

    Returns
    -------
    ndarray of uint8, shape (height, width, 3)
    """
    (width, height), (x_min, x_max, y_min, _) = canvas.size, canvas.bounds
    scale = (x_max - x_min) / width
    # Pixels left of and below the axes; the first row of an image is its uppermost.
    left, below = (-x_min / scale, -y_min / scale)
    sideways, upright = any(m[0] < 0 for m in mirrors), any(m[1] < 0 for m in mirrors)
    column, row = round(left) if sideways else 0, round(below) if upright else 0
    between = (not sideways or (abs(left - column) < 1e-6 and 0 < column < width)) and (
        not upright or (abs(below - row) < 1e-6 and 0 < row < height))
    if not between:
        points = np.concatenate([layer.points * m[:2] for m in mirrors])
        triangles = np.concatenate([layer.triangles + k * len(layer.points) for k in range(len(mirrors))])
        values = np.concatenate([layer.values * m[2] for m in mirrors])
        return draw_matplotlib(Layer(points, triangles, values), canvas, oversampling)
    size = max(column, width - column), max(row, height - row)
    low_x, low_y = 0.0 if sideways else x_min, 0.0 if upright else y_min
    part = Canvas(size, (low_x, low_x + scale * size[0], low_y, low_y + scale * size[1]), canvas.colours, canvas.limits)
    drawn = {sign: draw_matplotlib(Layer(layer.points, layer.triangles, sign * layer.values), part, oversampling)
             for sign in {m[2] for m in mirrors}}
    whole = np.full((height, width, 3), 255, np.uint8)
    for across, up, sign in mirrors:
        image = drawn[sign]
        columns = slice(column, width) if across > 0 else slice(0, column)
        rows = slice(0, height - row) if up > 0 else slice(height - row, height)
        seen = image[::up, ::across]
        # Where the picture reaches less far on this side of the axis, drop the pixels farthest from the axis.
        seen = seen[-(height - row):] if up > 0 else seen[:row]
        whole[rows, columns] = seen[:, :width - column] if across > 0 else seen[:, -column:]
    return whole


def pixels(agg: FigureCanvasAgg) -> ByteArray:
    """Draw a matplotlib figure and read its pixels.

    Parameters
    ----------
    agg : FigureCanvasAgg

    Returns
    -------
    ndarray of uint8, shape (height, width, 3)
    """
    agg.draw()  # type: ignore[no-untyped-call]
    buffer = agg.buffer_rgba()  # type: ignore[no-untyped-call]
    return np.array(buffer, dtype=np.uint8)[:, :, :3]


def averaged(image: ByteArray, factor: int = OVERSAMPLING) -> ByteArray:
    """Average blocks of pixels, which smooths edges."""
    height, width = image.shape[0] // factor, image.shape[1] // factor
    blocks = image[:height * factor, :width * factor].reshape(height, factor, width, factor, 3)
    reduced: ByteArray = np.rint(blocks.mean(axis=(1, 3))).astype(np.uint8)
    return reduced
