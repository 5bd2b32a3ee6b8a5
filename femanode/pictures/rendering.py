"""Coloured images of fields on triangles, by pyvista in a process of its own or else by matplotlib.

Without a working OpenGL library VTK crashes its process instead of raising, so it never runs inside the caller's:
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

from femanode.pictures.raster import NAN_COLOUR, OVERSAMPLING, Canvas, Layer, averaged, draw_matplotlib

INSTALL_HINT = ("for pyvista install libegl1 and libgl1-mesa-dri, or libosmesa6 together with "
                "VTK_DEFAULT_OPENGL_WINDOW=vtkOSOpenGLRenderWindow")
logger = logging.getLogger(__name__)


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
        # A line of VTK's log is "time, thread, place | message".
        return [], f"exit code {done.returncode}: {lines[-1].rpartition('| ')[2].strip()[:120]}"
    if not all(image.is_file() for image in images):
        return [], "it left no picture"
    # Some software OpenGL stacks succeed and draw nothing.
    if np.load(images[0]).min() == 255:
        return [], "it drew an empty picture"
    return images, ""


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
        np.save(frame["image"], averaged(np.asarray(plotter.screenshot(return_img=True))[:, :, :3]))
    plotter.close()


if __name__ == "__main__":
    draw_pyvista(json.loads(Path(sys.argv[1]).read_text(encoding="utf-8")))
