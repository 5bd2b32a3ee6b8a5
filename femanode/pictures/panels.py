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
from femanode.pictures.fieldchoice import choose_field, colour_limits
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
from femanode.pictures.style import GRID, line_style, save_figure

FORMATS = (".png", ".pdf", ".svg")
# Axis label, column, and whether it is divided by the initial diameter.
CURVES = (("Front depth (nm)", "front_depth_nm", False), ("Converted fraction", "converted_fraction", False),
          ("Largest surface hoop stress (GPa)", "hoop_surface_max_GPa", False),
          ("Largest diameter / initial diameter", "diameter_max_nm", True))
PIXELS = 520  # across one section
CELL = 3.4  # inches across one section


def plot_panel(runs: Sequence[RunFolder | str | Path], field: str = "hoop_stress_GPa", frame: int = -1,
               out: str | Path | None = None, *, renderer: str = "auto") -> Path:
    """Draw several runs side by side: a field in true shape, or their curves.

    Parameters
    ----------
    runs : sequence of RunFolder, str or Path
        Two or more runs.
    field : str
        Point array, component or alias, or ``curves``.
    frame : int
        Which frame of every run, counted as in a list.
    out : str or Path, optional
        ``.png``, ``.pdf`` or ``.svg``; default ``panel_<field>.png`` in the current folder.
    renderer : str
        As for :func:`femanode.pictures.rendering.render`.

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
    figure = _curves(folders) if field == "curves" else _sections(folders, field, frame, renderer)
    return save_figure(figure, path)


def names_of(runs: Sequence[RunFolder]) -> list[str]:
    """Names that tell the runs apart: the case's, or the folder's where cases share one."""
    names = [run.name for run in runs]
    if len(set(names)) == len(names):
        return names
    folders = [run.path.resolve().name for run in runs]
    return folders if len(set(folders)) == len(folders) else [str(run.path) for run in runs]


def _sections(runs: Sequence[RunFolder], field: str, frame: int, renderer: str) -> Figure:
    """A grid of sections."""
    views: list[SectionView] = []
    choice = choose_field(field, runs[0].frames[-1].mesh)
    for run in runs:
        count = len(run.frames)
        if not -count <= frame < count:
            raise ConfigError(f"no frame {frame}", where=str(run.path), allowed=f"0 to {count - 1}, or -1")
        views.append(marked_view(run, run.frames[frame], choice))
    low, high, extend = colour_limits(choice, [view.values for view in views])
    lower, upper = extent_of(views)
    centre, half = (lower + upper) / 2, 0.53 * (upper - lower)
    below = 0.1 * half[0]  # for the scale bar
    aspect = float((half[1] + 0.5 * below) / half[0])
    bounds = (float(centre[0] - half[0]), float(centre[0] + half[0]), float(centre[1] - half[1] - below),
              float(centre[1] + half[1]))
    canvas = Canvas((PIXELS, max(round(PIXELS * aspect), 1)), bounds, colours_of(low), (low, high))
    columns = math.ceil(math.sqrt(len(runs))) if len(runs) > 3 else len(runs)
    lines = math.ceil(len(runs) / columns)
    figure = Figure(figsize=(CELL * columns + 1.1, (CELL * aspect + 0.45) * lines + 0.5), facecolor="white",
                    layout="constrained")
    FigureCanvasAgg(figure)
    grid = figure.subplots(lines, columns, squeeze=False)
    with scratch_folder() as scratch, telling(scratch):
        layers = [Layer(view.points, view.triangles, view.values) for view in views]
        images = render(layers, canvas, scratch, renderer=renderer).images
        for axes, run, name, view, image in zip(grid.flat, runs, names_of(runs), views, images, strict=False):
            SectionArtists(axes, bounds, view.initial_outlines, 0.7).update(view, np.load(image))
            axes.set_aspect("equal")
            axes.set_title(f"{name}\n{describe_frames(run)(view.time)}", fontsize=10, parse_math=False)
    for axes in grid.flat[len(runs):]:
        axes.set_axis_off()
    first: Axes = grid.flat[0]
    size = bounds[1] - bounds[0]
    add_scale_bar(first, bounds[0] + 0.02 * size, bounds[2] + 0.02 * size, round_length(0.25 * size), 0.014 * size, 9)
    bar = figure.colorbar(ScalarMappable(Normalize(low, high), colormaps[colours_of(low)]), ax=grid.ravel().tolist(),
                          extend=extend, shrink=0.8, pad=0.02)
    signs = "  (tension positive)" if choice.is_stress else ""
    bar.set_label(choice.label + signs, fontsize=11)
    mark = "crack site" if any(len(view.marks) for view in views) else ""
    figure.legend(handles=line_handles(any(len(view.front) for view in views), mark), loc="outside lower center",
                  ncols=3, frameon=False, fontsize=9.5)
    return figure


def _curves(runs: Sequence[RunFolder]) -> Figure:
    """Four panels against time, a line for every run."""
    figure = Figure(figsize=(9.2, 7.0), facecolor="white", layout="constrained")
    FigureCanvasAgg(figure)
    grid = figure.subplots(2, 2)
    histories = [run.history for run in runs]
    for run, history in zip(runs, histories, strict=True):
        if "time_s" not in history or not len(history):
            raise ConfigError("no time_s column" if len(history) else "no rows", where=str(run.path / "history.csv"))
    factor, unit = time_scale(max(float(history["time_s"].iloc[-1]) for history in histories))
    for axes, (text, column, relative) in zip(grid.flat, CURVES, strict=True):
        for number, (run, history, name) in enumerate(zip(runs, histories, names_of(runs), strict=True)):
            if column not in history:
                raise ConfigError(f"no column {column}", where=str(run.path / "history.csv"))
            scale = 2.0 * float(run.manifest["radius_nm"]) if relative else 1.0
            axes.plot(history["time_s"] / factor, history[column] / scale, label=name, **line_style(number))
        axes.set_xlabel(f"Time ({unit})", fontsize=11)
        axes.set_ylabel(text, fontsize=11)
        axes.grid(color=GRID, linewidth=0.6)
        axes.margins(x=0.0)
    handles, labels = grid.flat[0].get_legend_handles_labels()
    figure.legend(handles, labels, loc="outside upper center", ncols=min(len(runs), 3), frameon=False, fontsize=10)
    return figure
