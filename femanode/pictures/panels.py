"""Comparison panels: several runs in one picture, one colour range, one length scale, one legend."""

from __future__ import annotations

import math
from collections.abc import Sequence
from pathlib import Path

import numpy as np
from matplotlib import colormaps
from matplotlib.axes import Axes
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.cm import ScalarMappable
from matplotlib.colors import Normalize
from matplotlib.figure import Figure

from femanode.errors import ConfigError
from femanode.output.disk import scratch_folder, telling
from femanode.output.runfolder import RunFolder
from femanode.pictures.crackmark import marked_view
from femanode.pictures.curves import describe_frames, time_scale
from femanode.pictures.directions import Direction, add_directions, directions_of
from femanode.pictures.fieldchoice import FieldChoice, choose_field, colour_limits
from femanode.pictures.options import USUAL, Size
from femanode.pictures.raster import Canvas, Layer
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
from femanode.pictures.style import GRID, add_letter, line_style, save_figure

FORMATS = (".png", ".pdf", ".svg")
# Axis label, column, and whether it is divided by the initial diameter.
CURVES = (("Front depth (nm)", "front_depth_nm", False), ("Converted fraction", "converted_fraction", False),
          ("Largest surface hoop stress (GPa)", "hoop_surface_max_GPa", False),
          ("Largest diameter / initial diameter", "diameter_max_nm", True))
PIXELS = 520  # across one section
CELL = 3.4  # inches across one section
NARROW = 5.0  # inches below which panels of curves stand one above the other
LEAST = 6.0  # points of the smallest letters where a width is asked for


def plot_panel(runs: Sequence[RunFolder | str | Path], field: str = "hoop_stress_GPa",
               frame: int | Sequence[int] = -1, out: str | Path | None = None, *, renderer: str = "auto",
               size: Size = USUAL, limits: tuple[float, float] | None = None) -> Path:
    """Draw several runs side by side: a field in true shape, or their curves.

    Parameters
    ----------
    runs : sequence of RunFolder, str or Path
        Two or more runs.
    field : str
        Point array, component or alias, or ``curves``.
    frame : int or sequence of int
        Which frame of every run, counted as in a list; or one number for each.
    out : str or Path, optional
        ``.png``, ``.pdf`` or ``.svg``; default ``panel_<field>.png`` in the current folder.
    renderer : str
        As for :func:`femanode.pictures.rendering.render`.
    size : Size
        Width and dots per inch; by default as wide as the sections need, at 200.
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
    folders = [run if isinstance(run, RunFolder) else RunFolder(run) for run in runs]
    path = Path(out) if out is not None else Path(f"panel_{field}.png")
    if path.suffix.lower() not in FORMATS:
        raise ConfigError(f"file type {path.suffix!r}", where=str(path), allowed=", ".join(FORMATS),
                          hint="animations show one run")
    if field == "curves":
        return save_figure(_curves(folders, size), path, size.dpi)
    numbers = [frame] * len(folders) if isinstance(frame, int) else list(frame)
    choice = choose_field(field, folders[0].frames[-1].mesh)
    views = [_view(run, number, choice) for run, number in zip(folders, numbers, strict=True)]
    return save_figure(_sections(folders, views, choice, renderer, size, limits), path, size.dpi)


def names_of(runs: Sequence[RunFolder]) -> list[str]:
    """Names that tell the runs apart: the case's, or the folder's where cases share one."""
    names = [run.name for run in runs]
    if len(set(names)) == len(names):
        return names
    folders = [run.path.resolve().name for run in runs]
    return folders if len(set(folders)) == len(folders) else [str(run.path) for run in runs]


def _view(run: RunFolder, frame: int, choice: FieldChoice) -> SectionView:
    """One frame of a run."""
    count = len(run.frames)
    if not -count <= frame < count:
        raise ConfigError(f"no frame {frame}", where=str(run.path), allowed=f"0 to {count - 1}, or -1")
    return marked_view(run, run.frames[frame], choice)


def _sections(runs: Sequence[RunFolder], views: Sequence[SectionView], choice: FieldChoice, renderer: str, size: Size,
              asked: tuple[float, float] | None) -> Figure:
    """A grid of sections, each with its letter, name, instant and crystal directions."""
    low, high, extend = colour_limits(choice, [view.values for view in views], asked)
    columns = math.ceil(math.sqrt(len(runs))) if len(runs) > 3 else len(runs)
    lines = math.ceil(len(runs) / columns)
    usual = CELL * columns + 1.1
    # Letters shrink with the figure only as far as they can be read.
    scale = (size.width or usual) / usual
    letters = max(scale, LEAST / 9.0)
    cell = ((size.width or usual) - 1.1 * letters) / columns
    lower, upper = extent_of(views)
    centre, half = (lower + upper) / 2, 0.53 * (upper - lower)
    below = 0.42 * half[0] * letters * CELL / cell  # for directions and scale bar
    bounds = (float(centre[0] - half[0]), float(centre[0] + half[0]), float(centre[1] - half[1] - below),
              float(centre[1] + half[1]))
    aspect = float((half[1] + 0.5 * below) / half[0])
    canvas = Canvas((PIXELS, max(round(PIXELS * aspect), 1)), bounds, colours_of(low, high), (low, high))
    heading = (0.45 if letters == scale else 0.6) * letters
    figure = Figure(figsize=(size.width or usual, (cell * aspect + heading) * lines + 0.5 * letters),
                    facecolor="white", layout="constrained")
    FigureCanvasAgg(figure)
    grid = figure.subplots(lines, columns, squeeze=False)
    with scratch_folder() as scratch, telling(scratch):
        layers = [Layer(view.points, view.triangles, view.values) for view in views]
        images = render(layers, canvas, scratch, renderer=renderer).images
        for number, (axes, run, name) in enumerate(zip(grid.flat, runs, names_of(runs), strict=False)):
            SectionArtists(axes, bounds, views[number].initial_outlines, 0.7 * letters).update(
                views[number], np.load(images[number]))
            axes.set_aspect("equal")
            instant = describe_frames(run)(views[number].time)
            title = f"({chr(ord('a') + number % 26)})  {name}\n" + instant.replace(
                ",  ", ",  " if letters == scale else "\n")
            axes.set_title(title, fontsize=10 * letters, parse_math=False)
            _below(axes, bounds, half[0] * letters * CELL / cell, directions_of(run.manifest), 9 * letters, number == 0)
    for axes in grid.flat[len(runs):]:
        axes.set_axis_off()
    bar = figure.colorbar(ScalarMappable(Normalize(low, high), colormaps[colours_of(low, high)]),
                          ax=grid.ravel().tolist(), extend=extend, shrink=0.8, pad=0.02)
    bar.ax.tick_params(labelsize=10 * letters)
    signs = "  (tension positive)" if choice.is_stress else ""
    bar.set_label(choice.label + signs, fontsize=11 * letters)
    mark = "crack site" if any(len(view.marks) for view in views) else ""
    edges = "edge of a layer" if any(run.manifest.get("layers") for run in runs) else ""
    figure.legend(handles=line_handles(any(len(view.front) for view in views), mark, letters, edges),
                  loc="outside lower center", ncols=4 if edges else 3, frameon=False, fontsize=9.5 * letters)
    return figure


def _below(axes: Axes, bounds: tuple[float, float, float, float], unit: float,
           directions: tuple[Direction, Direction] | None, letters: float, scaled: bool) -> None:
    """Crystal directions, and the scale bar of the first section, in the strip under a section."""
    left, bottom = bounds[0] + 0.04 * unit, bounds[2] + 0.06 * unit
    if directions is not None:
        add_directions(axes, left, bottom, 0.2 * unit, directions, letters, letters / 13)
        left += 0.75 * unit
    if scaled:
        add_scale_bar(axes, left, bottom - 0.014 * unit, round_length(0.22 * (bounds[1] - bounds[0])), 0.028 * unit,
                      letters)


def _curves(runs: Sequence[RunFolder], size: Size) -> Figure:
    """Four panels against time, a line for every run; one above the other in a narrow figure."""
    columns = 1 if (size.width or 9.2) < NARROW else 2
    scale = 1.0 if size.width is None else size.width / (4.6 * columns)
    figure = Figure(figsize=(4.6 * columns * scale, 7.0 * scale * (2 / columns)), facecolor="white",
                    layout="constrained")
    FigureCanvasAgg(figure)
    grid = figure.subplots(4 // columns, columns, squeeze=False)
    histories = [run.history for run in runs]
    for run, history in zip(runs, histories, strict=True):
        if "time_s" not in history or not len(history):
            raise ConfigError("no time_s column" if len(history) else "no rows", where=str(run.path / "history.csv"))
    factor, unit = time_scale(max(float(history["time_s"].iloc[-1]) for history in histories))
    for panel, (axes, (text, column, relative)) in enumerate(zip(grid.flat, CURVES, strict=True)):
        add_letter(axes, panel, 11 * scale, (-0.16, 1.02))
        axes.tick_params(labelsize=10 * scale)
        for number, (run, history, name) in enumerate(zip(runs, histories, names_of(runs), strict=True)):
            if column not in history:
                raise ConfigError(f"no column {column}", where=str(run.path / "history.csv"))
            divisor = 2.0 * float(run.manifest["radius_nm"]) if relative else 1.0
            axes.plot(history["time_s"] / factor, history[column] / divisor, label=name, **line_style(number))
        axes.set_xlabel(f"Time ({unit})", fontsize=11 * scale)
        axes.set_ylabel(text, fontsize=11 * scale)
        axes.grid(color=GRID, linewidth=0.6)
        axes.margins(x=0.0)
    handles, labels = grid.flat[0].get_legend_handles_labels()
    figure.legend(handles, labels, loc="outside upper center", ncols=min(len(runs), 1 + columns), frameon=False,
                  fontsize=10 * scale)
    return figure
