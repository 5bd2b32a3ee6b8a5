"""Pictures of a finished run: fields on the deformed section, animations, curves.

They are made from the run's folder. ``rendering`` colours the field; everything around it is drawn here.
"""

from __future__ import annotations

import logging
import math
import shutil
from collections.abc import Sequence
from pathlib import Path

import numpy as np
from matplotlib import colormaps
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.cm import ScalarMappable
from matplotlib.colors import Normalize
from matplotlib.figure import Figure
from numpy.typing import NDArray
from PIL import Image

from femanode.errors import ConfigError, DiskError
from femanode.output.disk import make_folder, replacing, scratch_folder, telling
from femanode.output.runfolder import RunFolder
from femanode.pictures.animation import ANIMATIONS, write_animation
from femanode.pictures.crackmark import marked_view, read_mark
from femanode.pictures.curves import describe_frames, plot_curves
from femanode.pictures.fieldchoice import FieldChoice, choose_field, colour_limits
from femanode.pictures.raster import Canvas, Layer, pixels
from femanode.pictures.rendering import render
from femanode.pictures.sectionart import (
    SectionArtists,
    add_scale_bar,
    colours_of,
    extent_of,
    line_handles,
    round_length,
)
from femanode.pictures.sectionview import SectionView
from femanode.pictures.style import VECTOR, save_figure

__all__ = ["make_pictures", "plot_curves", "plot_field"]

# Layout in pixels at zoom 1, where a figure is 1000 wide.
WIDTH, SECTION_WIDTH, SECTION_HEIGHTS = 1000, 770, (420, 800)
LEFT, TOP, STRIP = 20, 60, 70
DPI = 100

logger = logging.getLogger(__name__)


def plot_field(run: RunFolder | str | Path, field: str = "hoop_stress_GPa", frame: int = -1,
               out: str | Path | None = None, *, renderer: str = "auto", shared: bool = False) -> Path:
    """Draw a field on the true deformed full section.

    Parameters
    ----------
    run : RunFolder, str or Path
        The run.
    field : str
        Point array, component or alias; see :func:`femanode.pictures.fieldchoice.choose_field`.
    frame : int
        Which frame a still picture shows, counted as in a list. Animations show all.
    out : str or Path, optional
        ``.png``, ``.pdf``, ``.svg``, ``.gif`` or ``.mp4``; default ``pictures/<field>.png`` in the run's folder. In a
        vector file the field is an image, lines and letters are not.
    renderer : str
        ``auto`` (pyvista, else matplotlib with a logged warning) or ``matplotlib``.
    shared : bool
        Give a still picture the colour range and the length scale of all frames, as animations have them.

    Returns
    -------
    Path
        The file written.

    Raises
    ------
    ConfigError
        Unknown field, frame or file type; missing or broken files.
    """
    run = run if isinstance(run, RunFolder) else RunFolder(run)
    frames = run.frames
    if not -len(frames) <= frame < len(frames):
        raise ConfigError(f"no frame {frame}", where=str(run.path), allowed=f"0 to {len(frames) - 1}, or -1")
    choice = choose_field(field, frames[frame].mesh)
    path = run.path / "pictures" / f"{choice.stem}.png" if out is None else Path(out)
    suffix = path.suffix.lower()
    if suffix not in (".png", *VECTOR, *ANIMATIONS):
        raise ConfigError(f"file type {path.suffix!r}", where=str(path), allowed=".png, .pdf, .svg, .gif, .mp4")
    chosen = list(frames) if suffix in ANIMATIONS else [frames[frame]]
    views = [marked_view(run, item, choice) for item in chosen]
    seen = [marked_view(run, item, choice) for item in frames] if shared and len(views) == 1 else views
    figure = _SectionFigure(run, choice, seen, zoom=1.0 if suffix in ANIMATIONS else 1.5)
    make_folder(path.parent)
    logger.info("%s drawn with %s", path, _write(figure, views, path, renderer))
    return path


def _write(figure: _SectionFigure, views: Sequence[SectionView], path: Path, renderer: str) -> str:
    """Draw the views and write them as what the file's ending says; the renderer that was used."""
    suffix = path.suffix.lower()
    with scratch_folder() as scratch:
        layers = [Layer(view.points, view.triangles, view.values) for view in views]
        with telling(scratch):
            rendering = render(layers, figure.canvas, scratch, renderer=renderer)
        images = (figure.draw(view, np.load(image))
                  for view, image in zip(views, rendering.images, strict=True))
        if suffix in VECTOR:
            next(images)
            save_figure(figure.figure, path)
        elif suffix in ANIMATIONS:
            # ffmpeg says of a full disk only that its pipe broke, so that the film comes to its place by copying.
            with telling(scratch):
                write_animation(scratch / path.name, images, len(views), figure.canvas.colours)
            with replacing(path) as temporary:
                shutil.copyfile(scratch / path.name, temporary)
        else:
            with replacing(path) as temporary:
                Image.fromarray(next(images)).save(temporary, format="PNG")
    return rendering.renderer


def make_pictures(run: RunFolder | str | Path) -> list[Path]:
    """Write ``pictures/content.png``, ``hoop_stress.png`` and ``curves.png`` into the run's folder.

    A picture that cannot be made is reported in the log and left out.

    Parameters
    ----------
    run : RunFolder, str or Path

    Returns
    -------
    list of Path
        The files written.

    Raises
    ------
    DiskError
        The disk takes no pictures.
    """
    made: list[Path] = []
    try:
        run = run if isinstance(run, RunFolder) else RunFolder(run)
        folder = run.path / "pictures"
        for name in ("content", "hoop_stress"):
            try:
                # A still is drawn by matplotlib, to the eye the same, before OpenGL has started (2 s).
                made.append(plot_field(run, name, -1, folder / f"{name}.png", renderer="matplotlib"))
            except DiskError:
                raise
            except Exception as error:  # a finished run must not fail for want of a picture
                logger.warning("no picture of %s: %s", name, error)
        made.append(plot_curves(run, folder / "curves.png"))
    except DiskError:
        raise
    except Exception as error:
        logger.warning("no picture of the curves: %s", error)
    return made


class _SectionFigure:
    """A figure laid out once for a series of views; each draw replaces only what moves."""

    def __init__(self, run: RunFolder, choice: FieldChoice, views: Sequence[SectionView],
                 zoom: float) -> None:
        low, high, extend = colour_limits(choice, [view.values for view in views])
        bounds, height = self._fit(views)
        section_height = height + STRIP
        total = 2 * ((section_height + TOP + 10) // 2 + 1)  # even, as H.264 wants
        self.canvas = Canvas((round(SECTION_WIDTH * zoom), round(section_height * zoom)), bounds,
                             colours_of(low), (low, high))
        self.figure = Figure(figsize=(WIDTH / DPI, total / DPI), dpi=DPI * zoom, facecolor="white")
        self.agg = FigureCanvasAgg(self.figure)
        bottom = total - TOP - section_height
        self.axes = self.figure.add_axes((LEFT / WIDTH, bottom / total, SECTION_WIDTH / WIDTH,
                                          section_height / total))
        self.axes.set_axis_off()
        self._colour_bar(choice, extend, (LEFT + SECTION_WIDTH + 20) / WIDTH,
                         (bottom + STRIP + 0.1 * height) / total, 0.8 * height / total)
        self._section(views, _crack_label(run, views))
        baseline = 1 - 38 / total
        name = run.name if len(run.name) <= 40 else run.name[:37] + "..."
        self.figure.text(LEFT / WIDTH, baseline, name, fontsize=17, weight="bold", parse_math=False)
        self.caption = self.figure.text(1 - LEFT / WIDTH, baseline, "", fontsize=17, ha="right")
        self.describe = describe_frames(run)

    @staticmethod
    def _fit(views: Sequence[SectionView]) -> tuple[tuple[float, float, float, float], int]:
        """View that holds every frame at one scale, and the section's height in pixels."""
        low, high = extent_of(views)
        centre, size = (low + high) / 2, 1.04 * (high - low)
        scale = max(size[0] / SECTION_WIDTH, size[1] / SECTION_HEIGHTS[1])
        height = max(math.ceil(size[1] / scale), SECTION_HEIGHTS[0])
        height += height % 2
        half_width, half_height = scale * SECTION_WIDTH / 2, scale * height / 2
        return (float(centre[0] - half_width), float(centre[0] + half_width),
                float(centre[1] - half_height - scale * STRIP), float(centre[1] + half_height)), height

    def _section(self, views: Sequence[SectionView], mark: str) -> None:
        """The artists inside the section's axes, empty where they move."""
        bounds = self.canvas.bounds
        self.artists = SectionArtists(self.axes, bounds, views[0].initial_outlines)
        self.axes.legend(handles=line_handles(any(len(view.front) for view in views), mark), loc="lower right",
                         ncols=2, frameon=False, fontsize=13, handlelength=1.6, bbox_to_anchor=(1.0, 0.0),
                         borderaxespad=0.2)
        scale = (bounds[1] - bounds[0]) / SECTION_WIDTH
        add_scale_bar(self.axes, bounds[0] + 10 * scale, bounds[2] + 14 * scale,
                      round_length(0.3 * (bounds[1] - bounds[0])), 7 * scale, 14)

    def _colour_bar(self, choice: FieldChoice, extend: str, left: float, bottom: float,
                    height: float) -> None:
        """The colour bar, with the sign of a stress in words."""
        axes = self.figure.add_axes((left, bottom, 26 / WIDTH, height))
        mappable = ScalarMappable(Normalize(*self.canvas.limits), colormaps[self.canvas.colours])
        bar = self.figure.colorbar(mappable, cax=axes, extend=extend)
        bar.set_label(choice.label, fontsize=15, labelpad=8)
        bar.ax.tick_params(labelsize=14)
        if choice.is_stress:
            for text, place, side in (("tension", 1.0, "bottom"), ("compression", 0.0, "top")):
                shift = 0.085 if extend != "neither" else 0.03
                axes.text(0.0, place + (shift if place else -shift), text, transform=axes.transAxes,
                          fontsize=12, va=side)

    def draw(self, view: SectionView, image: NDArray[np.uint8]) -> NDArray[np.uint8]:
        """One picture, shape (height, width, 3)."""
        self.artists.update(view, image)
        self.caption.set_text(self.describe(view.time))
        return pixels(self.agg)


def _crack_label(run: RunFolder, views: Sequence[SectionView]) -> str:
    """Legend of the marks, with the risk; empty where no view has any."""
    mark = read_mark(run)
    if mark is None or not any(len(view.marks) for view in views):
        return ""
    return f"crack site (risk {mark.risk:.2g})"
