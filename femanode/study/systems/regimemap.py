"""The map of regimes: what controls a front, and whether stress stops it, over two numbers; every material on it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from matplotlib.axes import Axes
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.colors import ListedColormap
from matplotlib.figure import Figure

from femanode.numerics.arrays import Array
from femanode.pictures.style import COLOURS, add_letter, label
from femanode.study.systems.files import System
from femanode.study.systems.placing import ends_of, place_of

Row = Mapping[str, Any]

#: Ends of the axes.
ACROSS, ALONG = (3e-7, 800.0), (0.001, 4.0)
#: Share of the driving activity lost in transport, between which neither front nor diffusion controls.
MIXED = (1.0 / 3.0, 2.0 / 3.0)
_BLUES = ListedColormap(["#f4a582", "#fbd0ba", "#fde6da", "#f3f3f3", "#e3eef6", "#d1e5f0", "#b9d8ea", "#a2cbe2",
                         "#8cbedb"])
_BOX = {"boxstyle": "square,pad=0.15", "facecolor": "white", "edgecolor": "#999999", "linewidth": 0.6}
_CONTROL = ("#cfe8dc", "#f6edc0", "#f3d3e4")


def material_rows(systems: Sequence[System]) -> list[dict[str, Any]]:
    """Places of the materials, by the first wire of each: both numbers, and the ends that the inputs allow."""
    first: dict[str, System] = {}
    for system in systems:
        if system.config.geometry.symmetry == "plane":
            first.setdefault(system.config.material.name, system)
    rows = []
    for name, system in first.items():
        place, (low, high) = place_of(system.config), ends_of(system)
        rows.append({"material": name, "damkohler": place.damkohler, "damkohler_low": low.damkohler,
                     "damkohler_high": high.damkohler, "work_share": place.work_share,
                     "work_share_low": low.work_share, "work_share_high": high.work_share,
                     "diameter_nm": system.config.geometry.narrowest})
    return rows


def grid_of(rows: Sequence[Row], figure: str) -> tuple[Array, Array, Array]:
    """A figure of a sweep over both numbers as a grid: (n,) across, (m,) along, (m, n) values; NaN where none is."""
    across = np.unique([float(f"{row['damkohler']:.4g}") for row in rows])
    along = np.unique([float(f"{row['work_share']:.4g}") for row in rows])
    values = np.full((len(along), len(across)), np.nan)
    for row in rows:
        j = int(np.argmin(np.abs(along - row["work_share"])))
        i = int(np.argmin(np.abs(across - row["damkohler"])))
        values[j, i] = np.nan if row[figure] is None else row[figure]
    return across, along, values


def regime_map(rows: Sequence[Row], materials: Sequence[Row], beyond: Sequence[Row] = ()) -> Figure:
    """Converted fraction and share lost in transport over both numbers, with the materials.

    Parameters
    ----------
    rows : sequence
        Of the sweep: ``damkohler``, ``work_share``, ``converted_fraction``, ``transport_share``, ``rate_exponent``.
    materials : sequence
        From :func:`material_rows`.
    beyond : sequence
        Like ``rows``: runs outside of their grid, which are shown as numbers.
    """
    figure = Figure(figsize=(8.0, 10.6), facecolor="white", layout="constrained")
    FigureCanvasAgg(figure)
    panels = figure.subplots(2, 1, sharex=True)
    _conversion(figure, panels[0], rows)
    _control(panels[1], rows)
    for axes, figure_shown in zip(panels, ("converted_fraction", "transport_share"), strict=True):
        for row in beyond:
            first = row["damkohler"] == min(one["damkohler"] for one in beyond)  # neighbours are told apart
            axes.text(row["damkohler"], row["work_share"], f"{row[figure_shown]:.2f}", fontsize=6.5, color="#333333",
                      ha="right" if first else "left", va="center", bbox=_BOX)
    for number, axes in enumerate(panels):
        _frame(axes, rows)
        _materials(axes, materials)
        axes.set_xscale("log")
        axes.set_yscale("log")
        axes.set_xlim(*ACROSS)
        axes.set_ylim(*ALONG)
        add_letter(axes, number, 12.0, (-0.1, 1.01))
    for axes, across in zip(panels, ("", "k R c$_f$/((1 − c$_f$) D)"), strict=True):
        label(axes, across, "Stress work at half conversion over driving energy", legend=False)
    panels[1].legend(frameon=True, fontsize=9, loc="lower left", ncols=2)
    return figure


def _conversion(figure: Figure, axes: Axes, rows: Sequence[Row]) -> None:
    """Converted fraction as the runs ended, filled; on the side where a number is small the outermost runs go on."""
    across, along, values = _continued(*grid_of(rows, "converted_fraction"))
    # A run ends with the step that passes 0.9.
    drawn = axes.contourf(across, along, np.minimum(values, 0.8999), levels=np.linspace(0.0, 0.9, 10), cmap=_BLUES)
    figure.colorbar(drawn, ax=axes, location="top", aspect=40, pad=0.02, shrink=0.8,
                    label="Converted fraction at the end (runs end at 0.9)")
    axes.axhline(1.0, color="#555555", linewidth=1.2, linestyle="--")
    axes.text(ACROSS[1] * 0.85, 1.04, "stands half way, by closed form", fontsize=8.5, color="#444444", ha="right",
              va="bottom")


def _control(axes: Axes, rows: Sequence[Row]) -> None:
    """What controls: share lost in transport in three parts, with lines of the exponent of depth over time."""
    across, along, values = _continued(*grid_of(rows, "transport_share"))
    axes.contourf(across, along, values, levels=[-0.01, *MIXED, 1.0], colors=_CONTROL)
    for colour, text in zip(_CONTROL, ("front (ICR)", "both", "diffusion (DCR)"), strict=True):
        axes.fill_between([], [], color=colour, label=text)
    across, along, exponent = grid_of(rows, "rate_exponent")
    lines = axes.contour(across, along, exponent, levels=[0.5, 0.7, 0.9], colors="#555555", linewidths=1.0)
    axes.clabel(lines, fmt="%g", fontsize=8)
    axes.plot([], [], color="#555555", linewidth=1.0, label="exponent n of depth over time")


def _continued(across: Array, along: Array, values: Array) -> tuple[Array, Array, Array]:
    """A grid carried on to the ends of the axes where its numbers are too small to matter: to the left and down."""
    values = np.vstack([values[:1], values])
    return (np.concatenate([[ACROSS[0]], across]), np.concatenate([[ALONG[0]], along]),
            np.hstack([values[:, :1], values]))


def _frame(axes: Axes, rows: Sequence[Row]) -> None:
    """What was computed, as a frame."""
    across, along, _ = grid_of(rows, "converted_fraction")
    x, y = [across[0], across[-1]], [along[0], along[-1]]
    axes.plot([x[0], x[1], x[1], x[0], x[0]], [y[0], y[0], y[1], y[1], y[0]], color="#999999", linewidth=0.9,
              linestyle=":")
    axes.text(x[1] * 1.2, 0.0012, "not\ncomputed", fontsize=8.5, color="#666666", ha="left", va="bottom")
    axes.text(x[0] * 1.15, y[0] * 0.93, f"{len(rows)} runs", fontsize=8.5, color="#666666", ha="left", va="top")


def _materials(axes: Axes, materials: Sequence[Row]) -> None:
    """Points with what the inputs allow, and their names."""
    for row in materials:
        x, y = row["damkohler"], row["work_share"]
        axes.plot([row["damkohler_low"], row["damkohler_high"]], [y, y], color=COLOURS[0], linewidth=0.8, alpha=0.55)
        axes.plot([x, x], [row["work_share_low"], row["work_share_high"]], color=COLOURS[0], linewidth=0.8, alpha=0.55)
        axes.plot(x, y, "o", color=COLOURS[0], markersize=5.0)
        # Of two that are neighbours the lower one is named below its point.
        below = any(other is not row and 0.3 < other["damkohler"] / x < 3.0 and 1.0 < other["work_share"] / y < 1.6
                    for other in materials)
        axes.annotate(row["material"], (x, y), textcoords="offset points", xytext=(5, -4 if below else 4),
                      fontsize=8.5, ha="left", va="top" if below else "bottom")
