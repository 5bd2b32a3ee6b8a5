"""One look for all curves: colours safe for colour-blind readers, sizes, and vector output."""

from __future__ import annotations

import io
from pathlib import Path
from typing import Any

from matplotlib import rc_context
from matplotlib.axes import Axes
from matplotlib.axis import Axis
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure
from matplotlib.transforms import Bbox

from femanode.output.disk import make_folder, replacing

# Okabe and Ito's colours, darkest first; dashes tell lines apart without colour.
COLOURS = ("#000000", "#0072B2", "#D55E00", "#009E73", "#CC79A7", "#E69F00", "#56B4E9")
DASHES = ("-", "--", "-.", ":", (0, (6, 2, 1, 2, 1, 2)), (0, (8, 3)), (0, (2, 1)))
GRID = "#dddddd"
VECTOR = (".pdf", ".svg")
VECTOR_STYLE: Any = {"svg.fonttype": "path", "svg.hashsalt": "femanode", "pdf.fonttype": 42}


def line_style(number: int) -> dict[str, Any]:
    """Colour, dashes and width of the n-th line of a chart."""
    return {"color": COLOURS[number % len(COLOURS)], "linestyle": DASHES[number % len(DASHES)], "linewidth": 1.8}


def new_chart(width: float = 5.2, height: float = 3.7, *, polar: bool = False) -> tuple[Figure, Axes]:
    """A figure with one axes, inches."""
    figure = Figure(figsize=(width, height), facecolor="white")
    FigureCanvasAgg(figure)
    axes = figure.add_subplot(projection="polar" if polar else None)
    axes.grid(color=GRID, linewidth=0.6)
    axes.set_axisbelow(True)
    axes.tick_params(labelsize=10)
    return figure, axes


def label(axes: Axes, x: str, y: str, *, legend: bool = True) -> None:
    """Axis labels with units, and the legend above the data."""
    axes.set_xlabel(x, fontsize=11)
    axes.set_ylabel(y, fontsize=11)
    if legend and axes.get_legend_handles_labels()[0]:
        axes.legend(loc="lower center", bbox_to_anchor=(0.5, 1.0), ncols=3, frameon=False, fontsize=9.5,
                    columnspacing=1.0, handlelength=2.4)


def add_letter(axes: Axes, number: int, size: float, place: tuple[float, float] = (-0.15, 1.03)) -> None:
    """(a), (b), ... beside a panel, as papers name it; ``place`` in parts of the axes."""
    axes.text(*place, f"({chr(ord('a') + number % 26)})", transform=axes.transAxes, fontsize=size, weight="bold",
              ha="left", va="bottom")


def save_figure(figure: Figure, path: Path, dpi: int | None = None) -> Path:
    """Write a figure; letters of a ``.pdf`` stay letters, those of an ``.svg`` become outlines.

    Parameters
    ----------
    figure : Figure
    path : Path
        ``.png``, ``.pdf`` or ``.svg``; its folder is made.
    dpi : int, optional
        Dots per inch, by default 200 of a ``.png``.

    Returns
    -------
    Path

    Raises
    ------
    DiskError
        The disk does not take it.
    """
    make_folder(path.parent)
    kind = path.suffix.lower().removeprefix(".")
    dateless = {"svg": {"Date": None}, "pdf": {"CreationDate": None}}.get(kind)
    with rc_context(VECTOR_STYLE), replacing(path) as temporary:
        figure.savefig(temporary, format=kind, dpi=dpi or (200 if kind == "png" else "figure"), metadata=dateless)
    return path


def as_svg(figure: Figure) -> bytes:
    """The figure as SVG, letters drawn as outlines so that it looks the same everywhere, without a date."""
    stream = io.BytesIO()
    fill(figure)
    with rc_context(VECTOR_STYLE):
        figure.savefig(stream, format="svg", metadata={"Date": None})
    return stream.getvalue()


def fill(figure: Figure, pad: float = 0.04) -> None:
    """Make the axes of a chart so large that labels and legend just fit, with ``pad`` inches around.

    All axes of a chart share one place. What stands around them is measured text by text; matplotlib's own layouts
    draw all of it, which takes as long as the chart.
    """
    renderer = figure.canvas.get_renderer()  # type: ignore[attr-defined]
    size = figure.get_size_inches()
    # Larger axes may have other ticks, whose labels may be wider: measured again at the final place.
    for _ in range(2):
        boxes = [_around(axes, renderer) for axes in figure.axes]
        around = Bbox.union(boxes).transformed(figure.transFigure.inverted())
        place, (across, up) = figure.axes[0].get_position(), pad / size
        left, bottom = place.x0 - around.x0 + across, place.y0 - around.y0 + up
        right, top = 1.0 - (around.x1 - place.x1) - across, 1.0 - (around.y1 - place.y1) - up
        for axes in figure.axes:
            axes.set_position((left, bottom, right - left, top - bottom))


def _around(axes: Axes, renderer: Any) -> Bbox:
    """Box of an axes with what stands beside it, pixels: labels of axes and ticks, legend, title."""
    if axes.name == "polar":
        return Bbox(axes.get_tightbbox(renderer) or axes.bbox)
    (x0, y0), (x1, y1) = axes.bbox.min, axes.bbox.max
    boxes = [Bbox([[x0, y0], [x1, y1]])]
    if axes.xaxis.get_visible():
        down, half = _beside(axes.xaxis, renderer, 1)
        boxes.append(Bbox([[x0 - half, y0 - down], [x1 + half, y0]]))
    if axes.yaxis.get_visible():
        out, half = _beside(axes.yaxis, renderer, 0)
        ends = [x0 - out, x0] if str(axes.yaxis.get_label_position()) == "left" else [x1, x1 + out]
        boxes.append(Bbox([[ends[0], y0], [ends[1], y1 + half]]))
    legend = axes.get_legend()
    if legend is not None:
        boxes.append(legend.get_window_extent(renderer))
    if axes.get_title():
        boxes.append(axes.title.get_window_extent(renderer))
    return Bbox.union(boxes)


def _beside(axis: Axis, renderer: Any, across: int) -> tuple[float, float]:
    """How far labels reach from an axis, and how far those at its ends may reach beyond them, pixels.

    ``across`` is 0 where labels stand beside a vertical axis, so that their widths count, and 1 below a horizontal one.
    """
    point = axis.figure.dpi / 72.0  # type: ignore[union-attr]
    low, high = sorted(axis.get_view_interval())
    ticks = [float(tick) for tick in axis.get_majorticklocs()]
    shown = [name for tick, name in zip(ticks, axis.get_major_formatter().format_ticks(ticks), strict=True)
             if low <= tick <= high and name]
    font = axis.majorTicks[0].label1.get_fontproperties()
    sizes = [renderer.get_text_width_height_descent(name, font, "$" in name)[:2] for name in shown] or [(0.0, 0.0)]
    # Length and distance of the ticks, and of the axis's own label from theirs.
    reach = max(size[across] for size in sizes) + 7.5 * point
    if axis.get_label_text():
        box = axis.label.get_window_extent(renderer)
        reach += (box.height if across else box.width) + 5.0 * point
    return reach, max(size[1 - across] for size in sizes) / 2.0
