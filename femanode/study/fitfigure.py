"""Picture of a fit: measured values with their errors, the model, and what is left."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure

from femanode.output.disk import telling
from femanode.pictures.curves import time_scale
from femanode.pictures.style import COLOURS, GRID
from femanode.study.outcomes import title_of


def draw_fit(table: pd.DataFrame, path: Path, name: str) -> Path | None:
    """Draw the curve of a fit's table; None where only figures of merit were measured."""
    curve = table[np.isfinite(table["time_s"].to_numpy(dtype=float))]
    if curve.empty:
        return None
    t, measured, error, model, left = (curve[c].to_numpy(dtype=float) for c in (
        "time_s", "measured", "error", "model", "standardised_residual"))
    factor, unit = time_scale(float(t[-1]))
    figure = Figure(figsize=(6.4, 5.2), dpi=150, facecolor="white", layout="constrained")
    FigureCanvasAgg(figure)
    above, below = figure.subplots(2, 1, sharex=True, height_ratios=(3, 1))
    above.errorbar(t / factor, measured, error, fmt="o", color=COLOURS[1], markersize=4, capsize=2, label="measured")
    above.plot(t / factor, model, color=COLOURS[2], linewidth=1.8, label="fitted model", zorder=3)
    above.set_ylabel(title_of(str(curve["what"].iloc[0])), fontsize=11)
    above.legend(frameon=False, fontsize=10)
    above.set_title(name, fontsize=11, loc="left", parse_math=False)
    below.axhline(0.0, color="black", linewidth=0.8)
    below.axhspan(-1.96, 1.96, color="#eeeeee", zorder=0)
    below.plot(t / factor, left, "o", color=COLOURS[1], markersize=4)
    below.set_ylabel("(model - measured)\n/ error", fontsize=10)
    below.set_xlabel(f"Time ({unit})", fontsize=11)
    for axes in (above, below):
        axes.grid(color=GRID, linewidth=0.6)
        axes.set_axisbelow(True)
    with telling(path):
        figure.savefig(path)
    return path
