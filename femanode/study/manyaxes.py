"""All axes of a sweep at once: Sobol indices where the sample allows them, else parallel coordinates."""

from __future__ import annotations

import warnings
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from matplotlib import colormaps
from matplotlib.axes import Axes
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.cm import ScalarMappable
from matplotlib.colors import Normalize
from matplotlib.figure import Figure
from numpy.typing import NDArray

from femanode.errors import ConfigError
from femanode.numerics.arrays import Array
from femanode.output.disk import telling
from femanode.pictures.style import COLOURS, GRID
from femanode.study.design import salib, saltelli_problem
from femanode.study.maps import FAILED, figure_path
from femanode.study.outcomes import Study, is_number, numbers, read_study, title_of
from femanode.study.quantity import label
from femanode.study.table import split_column

#: Shares of a variance lie below 1: the axis ends at the first number, where error bars are cut off. An error bar that
#: is longer than the second number means that the sweep has too few points.
WIDEST, VAGUE = 1.3, 0.5


@dataclass(frozen=True)
class Indices:
    """Sobol indices of one figure of merit: per axis the share of its variance, alone (`first`) and with all others.

    ``*_error`` are half-widths of 95 % intervals; `blocks` of `asked` blocks of Saltelli's design were complete.
    """

    names: tuple[str, ...]
    first: Array
    first_error: Array
    total: Array
    total_error: Array
    blocks: int
    asked: int


def sobol_indices(folder: str | Path, value: str) -> Indices:
    """Sobol indices of a figure of merit from a sweep with ``sample: {method: saltelli}``.

    A block of the design in which a case failed is left out as a whole.

    Raises
    ------
    ConfigError
        Another kind of sweep, no numbers, fewer than 8 complete blocks, or SALib is missing.
    """
    study = read_study(folder)
    shown = study.column(value, figure=True)
    sample = study.record.get("sample")
    if not sample or sample["method"] != "saltelli":
        raise ConfigError("found no Saltelli sample", where=str(study.folder),
                          allowed="a sweep with sample: {method: saltelli, n: 64}")
    if not is_number(study.table[shown]):
        raise ConfigError(f"found names in {shown}", where=str(study.folder), allowed="a figure of merit in numbers")
    groups = [", ".join(split_column(c)[0] for c in g) for g in _all_groups(study)]
    size = 2 * len(groups) + 2
    y = np.where(study.ended.to_numpy(), numbers(study.table[shown]), np.nan).reshape(-1, size)
    whole: NDArray[np.bool_] = np.all(np.isfinite(y), axis=1)
    if whole.sum() < 8:
        raise ConfigError(f"found {whole.sum()} complete blocks of {len(whole)}", where=str(study.folder),
                          allowed="at least 8", hint="see which cases failed in results.csv")
    names = tuple(title_of(g[0]) for g in _all_groups(study))
    if np.ptp(y[whole]) == 0.0:
        raise ConfigError(f"{shown} is the same in all cases", where=str(study.folder))
    with warnings.catch_warnings():
        # What an older SALib does with a pandas that deprecates it is not for a user to mend.
        warnings.simplefilter("ignore", FutureWarning)
        got = salib("analyze.sobol").analyze(saltelli_problem(names), y[whole].ravel(), seed=0)
    return Indices(names=names, first=got["S1"], first_error=got["S1_conf"], total=got["ST"],
                   total_error=got["ST_conf"], blocks=int(whole.sum()), asked=len(whole))


def _all_groups(study: Study) -> list[list[str]]:
    """Columns of every axis of the design, also of one whose values are all alike."""
    named = {split_column(c)[0]: c for c in study.table.columns}
    return [[named[path] for path in group] for group in study.record["groups"]]


def plot_all(folder: str | Path, value: str, out: str | Path | None = None, at: Sequence[str] = ()) -> Path:
    """Draw a figure of merit over all parameters of a sweep.

    Parameters
    ----------
    folder : path
        The folder of a sweep: Sobol indices of a Saltelli sample, parallel coordinates of any other.
    value : str
        A key of the summary.
    out : path, optional
        ``.png``, ``.svg`` or ``.pdf``; ``sobol_VALUE.png`` or ``parallel_VALUE.png`` in the folder by default.
    at : sequence of str
        ``PATH=VALUE``: draw only cases with this value (parallel coordinates).

    Raises
    ------
    ConfigError
        Not a sweep, no such column, nothing to draw.
    """
    study = read_study(folder)
    sample = study.record.get("sample")
    if sample and sample["method"] == "saltelli" and not at:
        path = figure_path(study, f"sobol_{value}", out)
        figure = _bars(study, sobol_indices(folder, value), title_of(study.column(value, figure=True)))
    else:
        path = figure_path(study, f"parallel_{value}", out)
        figure = _parallel(study.select(at), study.column(value, figure=True))
    with telling(path):
        path.parent.mkdir(parents=True, exist_ok=True)
        figure.savefig(path)
    return path


def _bars(study: Study, indices: Indices, title: str) -> Figure:
    """First and total indices side by side, widest total on top."""
    figure, axes = _new(7.2, 1.8 + 0.55 * len(indices.names))
    order = np.argsort(indices.total)
    places = np.arange(len(order))
    rows = ((indices.first, indices.first_error, "alone (first order)", COLOURS[6], 0.19),
            (indices.total, indices.total_error, "with all interactions (total)", COLOURS[1], -0.19))
    for heights, errors, name, colour, shift in rows:
        axes.barh(places + shift, heights[order], 0.36, xerr=errors[order], color=colour, label=name,
                  error_kw={"capsize": 3, "elinewidth": 1.0})
    axes.set_yticks(places, [indices.names[k] for k in order], fontsize=11)
    axes.set_xlim(0.0, min(max(1.0, axes.get_xlim()[1]), WIDEST))
    axes.set_xlabel(f"Share of the variance of: {title}", fontsize=11)
    axes.grid(axis="x", color=GRID, linewidth=0.6)
    axes.set_axisbelow(True)
    lost, vague = indices.asked - indices.blocks, max(indices.first_error.max(), indices.total_error.max()) > VAGUE
    axes.set_title(f"{study.record['name']}: {indices.blocks} blocks of Saltelli's design"
                   + (f", {lost} left out for failed cases" if lost else "") + "; bars of error 95 %"
                   + ("\nToo few blocks to tell: take a larger n" if vague else ""),
                   fontsize=11, loc="left", parse_math=False)
    figure.legend(loc="outside lower center", ncols=2, frameon=False, fontsize=10)
    return figure


def _new(width: float, height: float) -> tuple[Figure, Axes]:
    figure = Figure(figsize=(width, height), dpi=150, facecolor="white", layout="constrained")
    FigureCanvasAgg(figure)
    return figure, figure.add_subplot()


def _parallel(study: Study, shown: str) -> Figure:
    """A line per case across all parameters to the figure of merit, which colours it; failed cases dashed in red."""
    columns = [g[0] for g in study.groups]
    if not columns:
        raise ConfigError("found no parameter that was varied", where=str(study.folder))
    known = study.ended.to_numpy() & study.table[shown].notna().to_numpy()
    if not known.any():
        raise ConfigError(f"no case has a value of {shown}", where=str(study.folder))
    figure, axes = _new(max(6.4, 2.2 + 1.7 * len(columns)), 5.0)
    heights = np.column_stack([_share(study, c) for c in [*columns, shown]])
    values = _codes(study, shown)[0]
    names = _codes(study, shown)[1]
    norm = Normalize(float(values[known].min()), float(values[known].max()))
    across = np.arange(heights.shape[1])
    for k in np.argsort(values):
        if known[k]:
            colour = COLOURS[int(values[k]) % len(COLOURS)] if names else colormaps["viridis"](norm(values[k]))
            axes.plot(across, heights[k], color=colour, linewidth=1.2, alpha=0.8)
    for k in np.flatnonzero(~known):
        axes.plot(across[:-1], heights[k, :-1], color=FAILED, linewidth=1.2, linestyle="--")
    _posts(axes, study, [*columns, shown])
    if not names:  # the last post names them
        figure.colorbar(ScalarMappable(norm, "viridis"), ax=axes).set_label(title_of(shown), fontsize=12)
    failed = int((~known).sum())
    axes.set_title(f"{study.record['name']}: {len(known)} cases"
                   + (f", {failed} failed (red, dashed)" if failed else ""), fontsize=11, loc="left", parse_math=False)
    return figure


def _codes(study: Study, column: str) -> tuple[Array, list[str]]:
    """A column as numbers; names by their place in the returned list."""
    data = study.table[column]
    if is_number(data):
        values = numbers(data)
        return (np.log10(values) if column in study.table and _log(study, column) else values), []
    names = sorted(set(data.dropna().astype(str)))
    return np.array([names.index(str(v)) if str(v) in names else np.nan for v in data]), names


def _log(study: Study, column: str) -> bool:
    return column in [c for g in study.groups for c in g] and study.is_log(column)


def _share(study: Study, column: str) -> Array:
    """Heights from 0 to 1 along a column's post."""
    values = _codes(study, column)[0]
    low, high = float(np.nanmin(values)), float(np.nanmax(values))
    return (values - low) / (high - low) if high > low else np.full_like(values, 0.5)


def _posts(axes: Axes, study: Study, columns: Sequence[str]) -> None:
    """A post per column with its least and largest value, or its names."""
    axes.set_xlim(-0.35, len(columns) - 0.65)
    axes.set_ylim(-0.12, 1.12)
    axes.set_yticks([])
    for side in ("left", "right", "top", "bottom"):
        axes.spines[side].set_visible(False)
    axes.set_xticks(range(len(columns)), [_wrapped(title_of(c)) for c in columns], fontsize=10)
    axes.tick_params(axis="x", length=0)
    for k, column in enumerate(columns):
        axes.plot([k, k], [0.0, 1.0], color="black", linewidth=1.2, zorder=3)
        names, data = _codes(study, column)[1], study.table[column]
        ends: list[tuple[float, Any]] = [(0.0, data.min()), (1.0, data.max())]
        if names:
            ends = [(j / max(1, len(names) - 1), name) for j, name in enumerate(names)]
        for height, text in ends:
            shown = f"{float(text):.3g}" if not names else label(text)
            axes.annotate(shown, (k, height), xytext=(0, -13 if height == 0.0 else 6), textcoords="offset points",
                          ha="center", fontsize=9.5, zorder=4,
                          bbox={"facecolor": "white", "edgecolor": "none", "pad": 0.6, "alpha": 0.85})


def _wrapped(text: str) -> str:
    """A title on two lines where it is long: the unit below."""
    head, bracket, unit = text.partition(" (")
    return f"{head}\n({unit}" if bracket else text
