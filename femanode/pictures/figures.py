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
from femanode.pictures.cycling import plot_cycles
from femanode.pictures.directions import Direction, add_directions, directions_of
from femanode.pictures.fieldchoice import FieldChoice, choose_field, colour_limits
from femanode.pictures.options import USUAL, Size
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
from femanode.postprocess.cycles import half_cycles

__all__ = ["make_pictures", "plot_curves", "plot_cycles", "plot_field"]

# Layout in pixels at zoom 1, where a figure is 1000 wide; what holds letters grows with them.
WIDTH, SECTION_HEIGHTS = 1000, (420, 800)
LEFT, TOP, STRIP, BAR = 20, 60, 92, 210
DPI = 100
#: Smallest letters, points, where a figure's width is asked for.
SMALLEST = 6.0

logger = logging.getLogger(__name__)


def plot_field(run: RunFolder | str | Path, field: str = "hoop_stress_GPa", frame: int = -1,
               out: str | Path | None = None, *, renderer: str = "auto", shared: bool = False,
               size: Size = USUAL, limits: tuple[float, float] | None = None) -> Path:
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
    size : Size
        Width and dots per inch; by default 10 inches at 150 (animations 100).
    limits : (float, float), optional
        The colour range, in the unit of the colour bar.

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
    figure = _SectionFigure(run, choice, seen, DPI if suffix in ANIMATIONS else 1.5 * DPI, size, limits)
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
                Image.fromarray(next(images)).save(temporary, format="PNG", dpi=(figure.dpi, figure.dpi))
    return rendering.renderer


def make_pictures(run: RunFolder | str | Path) -> list[Path]:
    """Write ``pictures/content.png``, ``hoop_stress.png`` and ``curves.png`` into the run's folder.

    A run under a protocol has ``cycles.png`` as well.

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
        if half_cycles(run.history):
            made.append(plot_cycles(run, folder / "cycles.png"))
    except DiskError:
        raise
    except Exception as error:
        logger.warning("no picture of the curves: %s", error)
    return made


class _SectionFigure:
    """A figure laid out once for a series of views; each draw replaces only what moves."""

    def __init__(self, run: RunFolder, choice: FieldChoice, views: Sequence[SectionView], dpi: float, size: Size,
                 limits: tuple[float, float] | None = None) -> None:
        low, high, extend = colour_limits(choice, [view.values for view in views], limits)
        self.dpi = size.dpi or dpi
        across = 2 * round((size.width or WIDTH / DPI) * self.dpi / 2)  # even, as H.264 wants
        zoom = across / WIDTH
        # Letters of a narrow figure would shrink with it: they, and the room for them, are then drawn larger.
        self.points = across / self.dpi / (WIDTH / DPI)
        self.letters = max(1.0, SMALLEST / (12.0 * self.points))
        self.section = WIDTH - LEFT - round(BAR * self.letters)
        self.strip = round(STRIP * self.letters)
        lines = 1.0 if self.letters < 1.1 else 1.6
        top = round(TOP * self.letters * lines)
        bounds, height = self._fit(views)
        section_height = height + self.strip
        total = 2 * round((section_height + top + 10) * zoom / 2) / zoom
        self.canvas = Canvas((round(self.section * zoom), round(section_height * zoom)), bounds,
                             colours_of(low, high), (low, high))
        self.figure = Figure(figsize=(across / self.dpi, total * zoom / self.dpi), dpi=self.dpi, facecolor="white")
        self.agg = FigureCanvasAgg(self.figure)
        bottom = total - top - section_height
        self.axes = self.figure.add_axes((LEFT / WIDTH, bottom / total, self.section / WIDTH, section_height / total))
        self.axes.set_axis_off()
        self._colour_bar(choice, extend, (LEFT + self.section + 20 * self.letters) / WIDTH,
                         (bottom + self.strip + 0.1 * height) / total, 0.8 * height / total)
        self.layers = layers_label(run)
        self._section(views, _crack_label(run, views), directions_of(run.manifest))
        baseline = 1 - 38 * self.letters / total
        name = run.name if len(run.name) <= 40 else run.name[:37] + "..."
        self.figure.text(LEFT / WIDTH, baseline, name, fontsize=self._font(17), weight="bold", parse_math=False)
        where = (1 - LEFT / WIDTH, baseline) if lines == 1.0 else (LEFT / WIDTH, baseline - 32 * self.letters / total)
        self.caption = self.figure.text(*where, "", fontsize=self._font(17 if lines == 1.0 else 14),
                                        ha="right" if lines == 1.0 else "left")
        self.describe = describe_frames(run)

    def _font(self, size: float) -> float:
        """Size in points of letters that have ``size`` in a figure of 10 inches."""
        return size * self.points * self.letters

    def _fit(self, views: Sequence[SectionView]) -> tuple[tuple[float, float, float, float], int]:
        """View that holds every frame at one scale, and the section's height in pixels."""
        low, high = extent_of(views)
        centre, size = (low + high) / 2, 1.04 * (high - low)
        scale = max(size[0] / self.section, size[1] / SECTION_HEIGHTS[1])
        height = max(math.ceil(size[1] / scale), SECTION_HEIGHTS[0])
        height += height % 2
        half_width, half_height = scale * self.section / 2, scale * height / 2
        return (float(centre[0] - half_width), float(centre[0] + half_width),
                float(centre[1] - half_height - scale * self.strip), float(centre[1] + half_height)), height

    def _section(self, views: Sequence[SectionView], mark: str, directions: tuple[Direction, Direction] | None) -> None:
        """The artists inside the section's axes, empty where they move; below it directions, scale and legend."""
        bounds, weight = self.canvas.bounds, self.points * math.sqrt(self.letters)
        self.artists = SectionArtists(self.axes, bounds, views[0].initial_outlines, weight)
        # Below section and colour bar together, as a narrow section leaves no room beside its scale bar.
        self.axes.legend(handles=line_handles(any(len(view.front) for view in views), mark, weight, self.layers),
                         loc="lower right",
                         frameon=False, fontsize=self._font(13), handlelength=1.6, borderaxespad=0.2, labelspacing=0.3,
                         bbox_to_anchor=((WIDTH - 2 * LEFT) / self.section, 0.0))
        scale = (bounds[1] - bounds[0]) / self.section * self.letters
        left, bottom = bounds[0] + 10 * scale, bounds[2] + 14 * scale
        if directions is not None:
            add_directions(self.axes, left, bottom, 44 * scale, directions, self._font(14), weight)
            left += 150 * scale
        add_scale_bar(self.axes, left, bottom - 3.5 * scale, round_length(0.3 * (bounds[1] - bounds[0])), 7 * scale,
                      self._font(14))

    def _colour_bar(self, choice: FieldChoice, extend: str, left: float, bottom: float,
                    height: float) -> None:
        """The colour bar, with the sign of a stress in words."""
        axes = self.figure.add_axes((left, bottom, 26 * self.letters / WIDTH, height))
        mappable = ScalarMappable(Normalize(*self.canvas.limits), colormaps[self.canvas.colours])
        bar = self.figure.colorbar(mappable, cax=axes, extend=extend)
        bar.set_label(choice.label, fontsize=self._font(15), labelpad=8 * self.points)
        bar.ax.tick_params(labelsize=self._font(14), width=self.points, length=4 * self.points, pad=4 * self.points)
        bar.outline.set_linewidth(self.points)  # type: ignore[operator]
        if choice.is_stress:
            low, high = self.canvas.limits
            for text, place, side, there in (("tension", 1.0, "bottom", high > 0),
                                             ("compression", 0.0, "top", low < 0)):
                shift = 0.085 if extend != "neither" else 0.03 * self.letters
                axes.text(0.0, place + (shift if place else -shift), text if there else "", transform=axes.transAxes,
                          fontsize=self._font(12), va=side)

    def draw(self, view: SectionView, image: NDArray[np.uint8]) -> NDArray[np.uint8]:
        """One picture, shape (height, width, 3)."""
        self.artists.update(view, image)
        self.caption.set_text(self.describe(view.time))
        return pixels(self.agg)


def layers_label(run: RunFolder) -> str:
    """Legend of the lines at which layers meet, with their materials; empty where all of the section reacts."""
    layers = run.manifest.get("layers") or {}
    return "edge of " + ", ".join(f"{name} ({layer['material']})" for name, layer in layers.items()) if layers else ""


def _crack_label(run: RunFolder, views: Sequence[SectionView]) -> str:
    """Legend of the marks, with the risk; empty where no view has any."""
    mark = read_mark(run)
    if mark is None or not any(len(view.marks) for view in views):
        return ""
    return f"crack site (risk {mark.risk:.2g})"
