"""Maps of a sweep: one figure of merit over two parameters, with the computed points and the failed cases shown."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.colors import ListedColormap, Normalize
from matplotlib.figure import Figure
from matplotlib.lines import Line2D
from matplotlib.ticker import FixedFormatter, FixedLocator, MaxNLocator, NullLocator
from numpy.typing import NDArray

from femanode.errors import ConfigError
from femanode.numerics.arrays import Array
from femanode.output.disk import telling
from femanode.study.outcomes import Study, is_number, numbers, read_study, title_of
from femanode.study.table import split_column
from femanode.study.thickness import sentence

FORMATS = (".png", ".svg", ".pdf")
#: Fill colours of categories: light, so that points show on them; safe for colour-blind readers.
FILLS = ("#56B4E9", "#E69F00", "#009E73", "#F0E442", "#CC79A7", "#999999")
FAILED = "#D00000"
#: The front's half-thickness over the radius.
RATIO = "interface_thickness_ratio"
#: Fewer different values than this on an axis make cells, not contours.
LEAST = 3


@dataclass(frozen=True)
class Scale:
    """One axis of a map: a position for every case, and how ticks are written."""

    at: Array
    label: str
    log: bool = False
    names: tuple[str, ...] = ()


def plot_map(folder: str | Path, x: str, y: str, value: str, out: str | Path | None = None,
             at: Sequence[str] = ()) -> Path:
    """Draw a figure of merit over two parameters of a sweep.

    Parameters
    ----------
    folder : path
        The folder of a sweep.
    x, y : str
        Paths that were varied, or their last parts.
    value : str
        A key of the summary; numbers give contours (cells where an axis has names or few values), names regions.
    out : path, optional
        ``.png``, ``.svg`` or ``.pdf``; ``map_VALUE.png`` in the folder by default.
    at : sequence of str
        ``PATH=VALUE`` for each other parameter that was varied.

    Returns
    -------
    Path
        The file written.

    Raises
    ------
    ConfigError
        Not a sweep, no such column, other parameters left open, or nothing to draw.
    """
    study = read_study(folder).select(at)
    path = figure_path(study, f"map_{value}", out)
    columns = (study.column(x), study.column(y))
    shown = study.column(value, figure=True)
    _one_case_per_point(study, columns)
    scales = tuple(_scale(study, column) for column in columns)
    known = study.ended.to_numpy() & study.table[shown].notna().to_numpy()
    if not known.any():
        raise ConfigError(f"no case has a value of {shown}", where=str(study.folder))
    figure = Figure(figsize=(7.2, 5.6), dpi=150, facecolor="white", layout="constrained")
    FigureCanvasAgg(figure)
    axes = figure.add_subplot()
    _dress(axes, scales)
    handles = _fill(figure, axes, study.table[shown], scales, known, title_of(shown))
    handles += _points(axes, study, scales, known)
    axes.margins(0.03)
    axes.set_title(_heading(study, shown, at), fontsize=11, loc="left", parse_math=False)
    figure.legend(handles=handles, loc="outside lower center", ncols=2, frameon=False, fontsize=10)
    with telling(path):
        path.parent.mkdir(parents=True, exist_ok=True)
        figure.savefig(path)
    return path


def mapped_note(folder: str | Path, x: str | None, y: str | None, at: Sequence[str] = ()) -> str:
    """Where the front's half-thickness over the radius goes along with what is drawn; empty where it does not.

    Parameters
    ----------
    folder : path
        A sweep's folder.
    x, y : str or None
        Parameters along the axes; None: all.
    at : sequence of str
        As for :func:`plot_map`.
    """
    study = read_study(folder).select(at)
    if RATIO not in study.table:
        return ""
    shown = [study.column(name) for name in (x, y) if name is not None] or [c for g in study.groups for c in g]
    means = {split_column(c)[0]: numbers(study.table.groupby(c)[RATIO].mean()) for c in shown}
    moved = [path for path, ratios in means.items() if sentence(ratios, [])]
    return sentence(numbers(study.table[RATIO]), moved) if moved else ""


def figure_path(study: Study, name: str, out: str | Path | None) -> Path:
    """Where a figure goes, its type checked."""
    path = study.folder / f"{re.sub(r'[^A-Za-z0-9_.-]+', '_', name)}.png" if out is None else Path(out)
    if path.suffix.lower() not in FORMATS:
        raise ConfigError(f"file type {path.suffix!r}", where=str(path), allowed=", ".join(FORMATS))
    return path


def _one_case_per_point(study: Study, columns: tuple[str, str]) -> None:
    """Refuse a map where a third parameter was varied, so that several cases would fall on one point."""
    others = [g for g in study.groups if not set(g) & set(columns)]
    if others:
        said = ", ".join(title_of(c) for g in others for c in g[:1])
        hint = "choose values with --at PATH=VALUE, or leave out --x and --y to see all axes at once"
        raise ConfigError(f"found more parameters that were varied: {said}", where=str(study.folder), hint=hint)
    if columns[0] == columns[1]:
        raise ConfigError("found the same parameter twice", where="--y", allowed="another than --x")


def _scale(study: Study, column: str) -> Scale:
    """Positions along one axis; names stand at 0, 1, 2 ... in the order of the sweep."""
    data = study.table[column]
    if is_number(data):
        log = study.is_log(column)
        return Scale(np.log10(numbers(data)) if log else numbers(data), title_of(column), log)
    names = list(dict.fromkeys(data.astype(str)))
    at = np.array([names.index(str(v)) for v in data], dtype=float)
    return Scale(at, title_of(column), names=tuple(_pretty(name) for name in names))


def _pretty(name: str) -> str:
    """Miller indices as ⟨110⟩, a minus as a bar would be written in text; other names as they are."""
    match = re.fullmatch(r"\[(-?\d) (-?\d) (-?\d)\]", name)
    return f"⟨{''.join(match.groups())}⟩" if match else name


def _dress(axes: Axes, scales: Sequence[Scale]) -> None:
    """Labels, and ticks in the parameters' own numbers."""
    for axis, scale in zip((axes.xaxis, axes.yaxis), scales, strict=True):
        axis.set_label_text(scale.label, fontsize=12)
        axis.set_tick_params(labelsize=11)
        if scale.names:
            axis.set_major_locator(FixedLocator(list(range(len(scale.names)))))
            axis.set_major_formatter(FixedFormatter(list(scale.names)))
        elif scale.log:
            ticks = _decades(float(scale.at.min()), float(scale.at.max()))
            axis.set_major_locator(FixedLocator([t for t, _ in ticks]))
            axis.set_major_formatter(FixedFormatter([text for _, text in ticks]))
            axis.set_minor_locator(NullLocator())


def _decades(low: float, high: float) -> list[tuple[float, str]]:
    """Ticks for log10 values: powers of ten, with 2 and 5 between them where there are few."""
    steps = (1.0,) if high - low > 2.5 else (1.0, 2.0, 5.0)
    values = [m * 10.0**k for k in range(int(np.floor(low)) - 1, int(np.ceil(high)) + 1) for m in steps]
    inside = [v for v in values if low - 0.02 <= np.log10(v) <= high + 0.02]
    return [(float(np.log10(v)), f"$10^{{{round(np.log10(v))}}}$" if len(steps) == 1 else f"{v:.3g}") for v in inside]


def _fill(figure: Figure, axes: Axes, data: pd.Series[Any], scales: Sequence[Scale], known: NDArray[np.bool_],
          title: str) -> list[Line2D]:
    """Contours, cells or regions of the values; handles for the legend where there is no colour bar."""
    if not is_number(data):
        return _regions(axes, data, scales, known, title)
    values = numbers(data)
    limits = (float(values[known].min()), float(values[known].max()))
    wide = limits[1] > limits[0]
    norm = Normalize(*limits) if wide else Normalize(limits[0] - 0.5, limits[0] + 0.5)
    spread = all(not s.names and len(np.unique(s.at[known])) >= LEAST for s in scales)
    if spread and wide and _in_the_plane(scales, known):
        levels = MaxNLocator(10).tick_values(*limits)
        norm = Normalize(levels[0], levels[-1])
        drawn: Any = axes.tricontourf(scales[0].at[known], scales[1].at[known], values[known], levels=levels,
                                      cmap="viridis", norm=norm)
        lines = axes.tricontour(scales[0].at[known], scales[1].at[known], values[known], levels=levels[1:-1],
                                colors="white", linewidths=0.7)
        axes.clabel(lines, fmt="%.3g", fontsize=9)
    else:
        drawn = _cells(axes, values, scales, known, norm)
    bar = figure.colorbar(drawn, ax=axes)
    bar.set_label(title, fontsize=12)
    bar.ax.tick_params(labelsize=11)
    return []


def _in_the_plane(scales: Sequence[Scale], known: NDArray[np.bool_]) -> bool:
    """Whether the points span a plane, as triangles need."""
    cloud = np.column_stack([s.at[known] / (np.ptp(s.at[known]) or 1.0) for s in scales])
    return int(np.linalg.matrix_rank(cloud - cloud.mean(axis=0), tol=1e-6)) == 2


def _edges(scale: Scale) -> tuple[Array, Array]:
    """Different positions along an axis, and the borders of cells around them."""
    at = np.unique(scale.at)
    if len(at) == 1:
        return at, np.array([at[0] - 0.5, at[0] + 0.5])
    middle = 0.5 * (at[1:] + at[:-1])
    return at, np.concatenate([[2 * at[0] - middle[0]], middle, [2 * at[-1] - middle[-1]]])


def _grid(scales: Sequence[Scale], known: NDArray[np.bool_], values: Array) -> tuple[Array, Array, Array]:
    """Borders along x and y, and values on the cells, NaN where no case has ended."""
    (x, x_edges), (y, y_edges) = (_edges(s) for s in scales)
    grid = np.full((len(y), len(x)), np.nan)
    grid[np.searchsorted(y, scales[1].at[known]), np.searchsorted(x, scales[0].at[known])] = values[known]
    return x_edges, y_edges, grid


def _cells(axes: Axes, values: Array, scales: Sequence[Scale], known: NDArray[np.bool_], norm: Normalize) -> Any:
    """A coloured cell per case with its number; names and few values have nothing in between."""
    x_edges, y_edges, grid = _grid(scales, known, values)
    drawn = axes.pcolormesh(x_edges, y_edges, grid, cmap="viridis", norm=norm, edgecolors="white", linewidth=1.0)
    if grid.size <= 100:
        for x, y, v in zip(scales[0].at[known], scales[1].at[known], values[known], strict=True):
            dark = float(norm(v)) < 0.6
            axes.annotate(f"{v:.3g}", (x, y), xytext=(0, 7), textcoords="offset points", ha="center", fontsize=10,
                          color="white" if dark else "black")
    return drawn


def _regions(axes: Axes, data: pd.Series[Any], scales: Sequence[Scale], known: NDArray[np.bool_],
             title: str) -> list[Line2D]:
    """One colour for each name, nearest case wins; the handles tell which is which."""
    texts = data.astype("string").fillna("").replace({"True": "yes", "False": "no"}).to_numpy(dtype=str)
    names = sorted(set(texts[known]))
    codes = np.array([names.index(t) if t in names else -1 for t in texts], dtype=float)
    colours = [FILLS[k % len(FILLS)] for k in range(len(names))]
    x_edges, y_edges, grid = _grid(scales, known, codes)
    if grid.size > 4 * known.sum():  # scattered points: the nearest one decides
        from scipy.interpolate import NearestNDInterpolator

        x_edges, y_edges = (np.linspace(s.at.min(), s.at.max(), 241) for s in scales)
        centre = np.meshgrid(0.5 * (x_edges[1:] + x_edges[:-1]), 0.5 * (y_edges[1:] + y_edges[:-1]))
        near = NearestNDInterpolator(np.column_stack([s.at[known] for s in scales]), codes[known], rescale=True)
        grid = np.asarray(near(*centre))
    axes.pcolormesh(x_edges, y_edges, grid, cmap=ListedColormap(colours), vmin=-0.5, vmax=len(names) - 0.5)
    return [Line2D([], [], marker="s", linestyle="", markersize=10, color=colour, label=f"{title}: {name}")
            for name, colour in zip(names, colours, strict=True)]


def _points(axes: Axes, study: Study, scales: Sequence[Scale], known: NDArray[np.bool_]) -> list[Line2D]:
    """The cases: a disc where the run ended, a square where the front stood still, a cross where it failed."""
    x, y = (s.at for s in scales)
    status = study.table["status"].to_numpy(dtype=str)
    handles = []
    for chosen, marker, label in ((known & (status != "arrested"), "o", "computed, ran on to its end"),
                                  (known & (status == "arrested"), "s", "computed, front arrested")):
        if chosen.any():
            handles += axes.plot(x[chosen], y[chosen], marker, color="black", markeredgecolor="white", markersize=5.5,
                                 markeredgewidth=0.8, label=label, clip_on=False, zorder=4)
    if not known.all():
        kinds = Counter(s if s not in ("done", "arrested") else "no value" for s in status[~known])
        said = ", ".join(f"{n} {name}" for name, n in sorted(kinds.items()))
        handles += axes.plot(x[~known], y[~known], "x", color=FAILED, markersize=9, markeredgewidth=2.2,
                             label=f"failed: {said}", clip_on=False, zorder=5)
    return handles


def _heading(study: Study, shown: str, at: Sequence[str]) -> str:
    """What is drawn, from which sweep, and how well its front is resolved."""
    said = f"{study.record['name']}: {len(study.table)} cases"
    if at:
        said += f", {', '.join(at)}"
    if RATIO in study.table and study.table[RATIO].notna().any():
        low, high = (float(f(numbers(study.table[RATIO]))) for f in (np.nanmin, np.nanmax))
        said += f"; front half-thickness {low:.2g}" + (f" to {high:.2g}" if high > 1.05 * low else "") + " R"
    return said


