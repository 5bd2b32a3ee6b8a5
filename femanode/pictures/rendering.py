"""Coloured images of fields on triangles, by pyvista in a process of its own or else by matplotlib.

On the line config -> mesh -> state -> solver -> output -> postprocess this stands after postprocess. Without
a working OpenGL library VTK crashes its process instead of raising, so it never runs inside the caller's:
``python -m femanode.pictures.rendering job.json`` is the worker.
"""

from __future__ import annotations

import json
import logging
import os
import re
import subprocess
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from matplotlib import colormaps
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.collections import PolyCollection
from matplotlib.figure import Figure
from matplotlib.tri import Triangulation
from numpy.typing import NDArray

from femanode.numerics.arrays import Array, ByteArray

INSTALL_HINT = ("for pyvista install libegl1 and libgl1-mesa-dri, or libosmesa6 together with "
                "VTK_DEFAULT_OPENGL_WINDOW=vtkOSOpenGLRenderWindow")
OVERSAMPLING = 2
NAN_COLOUR = "lightgrey"

logger = logging.getLogger(__name__)


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


@dataclass(frozen=True)
class Rendering:
    """The images of a series and who made them.

    Parameters
    ----------
    images : list of Path
        ``.npy`` files, uint8, shape (height, width, 3), white background.
    renderer : str
        ``pyvista`` or ``matplotlib``.
    """

    images: list[Path]
    renderer: str


def render(layers: Sequence[Layer], canvas: Canvas, folder: Path, *, renderer: str = "auto") -> Rendering:
    """Draw a series of fields.

    Parameters
    ----------
    layers : sequence of Layer
        One for every picture.
    canvas : Canvas
        Size, view and colours of all of them.
    folder : Path
        Where the images go; must exist.
    renderer : str
        ``auto`` tries pyvista and falls back to matplotlib with a warning; ``matplotlib`` does not try.

    Returns
    -------
    Rendering
    """
    if renderer != "matplotlib":
        images, reason = _render_in_subprocess(layers, canvas, folder)
        if not reason:
            return Rendering(images, "pyvista")
        logger.warning("pictures drawn with matplotlib, because pyvista failed (%s); %s", reason,
                       INSTALL_HINT)
    images = []
    for number, layer in enumerate(layers):
        images.append(folder / f"matplotlib_{number:04d}.npy")
        np.save(images[-1], draw_matplotlib(layer, canvas))
    return Rendering(images, "matplotlib")


def worker_command(job: Path) -> list[str]:
    """The command that renders a job with pyvista."""
    return [sys.executable, "-m", "femanode.pictures.rendering", str(job)]


def _render_in_subprocess(layers: Sequence[Layer], canvas: Canvas, folder: Path) -> tuple[list[Path], str]:
    """Images of the worker, or the reason why there are none."""
    frames = []
    for number, layer in enumerate(layers):
        data, image = folder / f"layer_{number:04d}.npz", folder / f"pyvista_{number:04d}.npy"
        np.savez(data, points=layer.points, triangles=layer.triangles, values=layer.values)
        frames.append({"data": str(data), "image": str(image)})
    job = folder / "job.json"
    job.write_text(json.dumps({"size": canvas.size, "bounds": canvas.bounds, "colours": canvas.colours,
                               "limits": canvas.limits, "frames": frames}), encoding="utf-8")
    # The package may run from a source tree that is not installed.
    search = [str(Path(__file__).resolve().parents[2]), os.environ.get("PYTHONPATH", "")]
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join(filter(None, search))}
    try:
        done = subprocess.run(worker_command(job), env=environment, capture_output=True, text=True,
                              errors="replace", timeout=60 + 5 * len(frames), check=False)
    except (OSError, subprocess.TimeoutExpired) as error:
        return [], type(error).__name__
    images = [Path(frame["image"]) for frame in frames]
    if done.returncode != 0:
        lines = re.sub(r"\x1b\[[\d;]*m", "", done.stderr).strip().splitlines() or ["no message"]
        # VTK puts time, thread and place before a bar.
        return [], f"exit code {done.returncode}: {lines[-1].rpartition('| ')[2].strip()[:120]}"
    if not all(image.is_file() for image in images):
        return [], "it left no picture"
    # Some software OpenGL stacks succeed and draw nothing.
    if np.load(images[0]).min() == 255:
        return [], "it drew an empty picture"
    return images, ""


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
    return _reduce(pixels(agg), oversampling)


def draw_mirrored(layer: Layer, canvas: Canvas, mirrors: Sequence[tuple[int, int, float]],
                  oversampling: int = OVERSAMPLING) -> ByteArray:
    """Draw one sector of a field as :func:`draw_matplotlib` would, and its mirror images from the same pixels.

    Parameters
    ----------
    layer : Layer
        Of the first sector, which lies in x, y >= 0 as far as it is mirrored.
    canvas : Canvas
        With the axes that mirror between two of its pixels; otherwise everything is drawn.
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
        # What is cut off is far from the axes.
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


def draw_pyvista(job: dict[str, Any]) -> None:
    """Draw every picture of a job; runs in the worker process only.

    Parameters
    ----------
    job : dict
        ``size``, ``bounds``, ``colours``, ``limits`` as in Canvas, and ``frames``: a list of ``data`` (.npz
        with the arrays of a Layer) and ``image`` (.npy to write).
    """
    import pyvista  # only here: slow to import, and able to take the process down

    width, height = job["size"]
    x_min, x_max, y_min, y_max = job["bounds"]
    centre = ((x_min + x_max) / 2, (y_min + y_max) / 2)
    plotter: Any = pyvista.Plotter(off_screen=True, window_size=[OVERSAMPLING * width, OVERSAMPLING * height])
    plotter.set_background("white")
    plotter.enable_parallel_projection()
    for frame in job["frames"]:
        with np.load(frame["data"]) as data:
            points = np.column_stack([data["points"], np.zeros(len(data["points"]))])
            surface = pyvista.PolyData.from_regular_faces(points, data["triangles"])
            surface.point_data["values"] = data["values"]
        plotter.suppress_rendering = True  # else every change below draws once
        plotter.clear_actors()
        plotter.add_mesh(surface, scalars="values", cmap=job["colours"], clim=job["limits"], n_colors=256,
                         lighting=False, show_scalar_bar=False, nan_color=NAN_COLOUR)
        plotter.camera.focal_point = (*centre, 0.0)
        plotter.camera.position = (*centre, y_max - y_min)
        plotter.camera.up = (0.0, 1.0, 0.0)
        plotter.camera.parallel_scale = (y_max - y_min) / 2
        plotter.reset_camera_clipping_range()
        plotter.suppress_rendering = False
        plotter.render()  # a screenshot alone draws only the first time
        np.save(frame["image"], _reduce(np.asarray(plotter.screenshot(return_img=True))[:, :, :3]))
    plotter.close()


def _reduce(image: ByteArray, factor: int = OVERSAMPLING) -> ByteArray:
    """Average blocks of pixels, which smooths edges."""
    height, width = image.shape[0] // factor, image.shape[1] // factor
    blocks = image[:height * factor, :width * factor].reshape(height, factor, width, factor, 3)
    reduced: ByteArray = np.rint(blocks.mean(axis=(1, 3))).astype(np.uint8)
    return reduced


if __name__ == "__main__":
    draw_pyvista(json.loads(Path(sys.argv[1]).read_text(encoding="utf-8")))
