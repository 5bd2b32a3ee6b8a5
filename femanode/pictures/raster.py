"""One field on triangles as pixels, drawn by matplotlib within this process."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from matplotlib import colormaps
from matplotlib.backends.backend_agg import FigureCanvasAgg, RendererAgg
from matplotlib.colors import to_rgb
from matplotlib.path import Path
from matplotlib.transforms import IdentityTransform
from numpy.typing import NDArray

from femanode.numerics.arrays import Array, ByteArray, IntArray
from femanode.output.linearcells import join_linear

OVERSAMPLING = 2
NAN_COLOUR = "lightgrey"
#: Side of a triangle, in pixels, below which four are drawn as one.
SMALLEST = 1.5


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
    width, height = (oversampling * pixels for pixels in canvas.size)
    left, right, bottom, top = canvas.bounds
    # By the renderer alone: a figure with its axes takes as long to set up as the triangles take to be drawn.
    renderer = RendererAgg(width, height, 100.0)  # type: ignore[no-untyped-call]
    drawn = np.asarray(renderer.buffer_rgba())  # type: ignore[no-untyped-call]
    drawn[:] = 255
    pen = renderer.new_gc()
    at = (layer.points - (left, bottom)) * (width / (right - left), height / (top - bottom))
    known = np.isfinite(layer.values)
    whole = known[layer.triangles].all(axis=1)
    if not whole.all():
        grey = to_rgb(NAN_COLOUR)
        pen.set_foreground(grey)
        pen.set_linewidth(0.4)
        for corners in at[layer.triangles[~whole]]:
            renderer.draw_path(pen, Path(corners[[0, 1, 2, 0]], closed=True), IdentityTransform(), grey)  # type: ignore[no-untyped-call]
    if whole.any():
        value = (np.where(known, layer.values, 0.0) - canvas.limits[0]) / (canvas.limits[1] - canvas.limits[0])
        corners = _seen(layer.triangles, at) if whole.all() else layer.triangles[whole]
        renderer.draw_gouraud_triangles(pen, at[corners], colormaps[canvas.colours](value)[corners],
                                        IdentityTransform())
    return averaged(drawn[:, :, :3], oversampling)


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
    if factor == 1:
        return image
    total = np.zeros((height, width, 3), np.uint16)
    for row in range(factor):
        for column in range(factor):
            total += image[row:height * factor:factor, column:width * factor:factor]
    reduced: ByteArray = np.rint(total / np.float32(factor**2)).astype(np.uint8)
    return reduced


def _seen(triangles: IntArray, at: Array) -> IntArray:
    """Triangles with the detail that pixels show: the four parts of a quadratic one as one where all are tiny.

    ``at`` (n, 2) are the points in pixels.
    """
    a, b, c = (at[triangles[:, k]] for k in range(3))
    double = (b[:, 0] - a[:, 0]) * (c[:, 1] - a[:, 1]) - (b[:, 1] - a[:, 1]) * (c[:, 0] - a[:, 0])
    if len(triangles) == 0 or float(np.median(np.abs(double))) > SMALLEST**2:
        return triangles
    whole = join_linear(triangles)
    return triangles if whole is None else whole[:, :3]
