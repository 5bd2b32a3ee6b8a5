"""Curves of a run's history against time, four panels in one picture.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from pathlib import Path

import numpy as np
from matplotlib.axes import Axes
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure

from femanode.errors import ConfigError
from femanode.numerics.arrays import Array
from femanode.output.runfolder import RunFolder
from femanode.pictures.options import USUAL, Size
from femanode.pictures.style import add_letter, save_figure

FORMATS = (".png", ".svg", ".pdf")
#: Inches: the usual width, and that below which panels stand one above the other.
WIDE, NARROW = 11.0, 5.0
# Of each panel: label of the axis, then column, legend, colour, dashes. Colour-blind safe.
PANELS = (
    ("Front depth (nm)", (("front_depth_nm", "mean", "#000000", "-"),
                          ("front_depth_x_nm", "along x", "#0072B2", "--"),
                          ("front_depth_y_nm", "along y", "#D55E00", "-."))),
    ("Fraction of the section", (("converted_fraction", "converted", "#000000", "-"),
                                 ("state_of_charge", "state of charge", "#0072B2", "--"))),
    ("Stress (GPa)", (("hoop_surface_max_GPa", "hoop, surface", "#D55E00", "-"),
                      ("core_mean_stress_GPa", "mean, core", "#0072B2", "--"),
                      ("front_mean_stress_GPa", "mean, front", "#000000", "-."))),
    ("Diameter / initial diameter", (("diameter_max_nm", "largest", "#000000", "-"),
                                     ("diameter_min_nm", "smallest", "#999999", "-"),
                                     ("diameter_x_nm", "along x", "#0072B2", "--"),
                                     ("diameter_y_nm", "along y", "#D55E00", "-."))),
)


#: In place of the first panel where a protocol is run: front depth says little when carriers come and go.
POTENTIAL = ("Potential (V)", (("potential_V", "electrode", "#000000", "-"),))

#: Words of an axisymmetric run in place of those of a cross-section.
OF_A_BODY = {"Fraction of the section": "Fraction of the volume", "along x": "along r", "along y": "along z"}

#: Columns that say nothing where all has reacted from the start.
OF_A_FRONT = ("front_depth_nm", "front_depth_x_nm", "front_depth_y_nm", "converted_fraction", "front_mean_stress_GPa")


#: What a picture says of a skin that is even, necked, torn: column ``after_neck`` of the history.
STAGES = ("", ", necked", ", torn")


def time_scale(end: float) -> tuple[float, str]:
    """The unit in which a series that ends at a given time reads well.

    Parameters
    ----------
    end : float
        Last time, s.

    Returns
    -------
    factor : float
        Seconds in the unit.
    unit : str
        ``s`` below 2 min, ``min`` below 2 h, else ``h``.
    """
    if end < 120:
        return 1.0, "s"
    return (60.0, "min") if end < 7200 else (3600.0, "h")


def describe_frames(run: RunFolder) -> Callable[[float], str]:
    """How a frame's time and, where the history has it, the converted fraction are written.

    Parameters
    ----------
    run : RunFolder

    Returns
    -------
    callable
        Of the time in s, giving such as ``t = 45.0 min,  51 % converted, necked``; under a protocol the cycle and
        how full the section is.
    """
    factor, unit = time_scale(float(run.frames.times[-1]))
    last = float(run.frames.times[-1]) / factor
    digits = max(0, 2 - math.floor(math.log10(last))) if last > 0 else 0
    try:
        times, _ = (run.columns[key] for key in ("time_s", "converted_fraction"))
        stages = run.columns.get("after_neck", np.zeros(len(times)))
    except (ConfigError, KeyError):
        times = stages = np.empty(0)

    def describe(time: float) -> str:
        text = f"t = {time / factor:.{digits}f} {unit}"
        if not len(times):
            return text
        stage = int(stages[min(int(np.searchsorted(times, time * (1.0 - 1e-9))), len(times) - 1)])
        return f"{text},  {describe_stage(run.columns, time)}{STAGES[stage]}"

    return describe


def describe_stage(columns: Mapping[str, Array], time: float) -> str:
    """How far a run had come, in words: ``51 % converted``; under a protocol, where a front stands still for most of
    the time, ``cycle 2, 24 % full``.

    Parameters
    ----------
    columns : of the history
    time : s
    """
    times = columns["time_s"]
    if "cycle" not in columns:
        return f"{100 * np.interp(time, times, columns['converted_fraction']):.0f} % converted"
    cycle = columns["cycle"][min(int(np.searchsorted(times, time * (1.0 - 1e-9))), len(times) - 1)]
    full = max(0.0, round(100 * float(np.interp(time, times, columns["state_of_charge"]))))
    return f"cycle {cycle:.0f}, {full:.0f} % full"


def plot_curves(run: RunFolder | str | Path, out: str | Path | None = None, *, size: Size = USUAL) -> Path:
    """Draw front depth, converted fraction, stresses and diameters against time.

    Parameters
    ----------
    run : RunFolder, str or Path
        The run.
    out : str or Path, optional
        ``.png``, ``.svg`` or ``.pdf``; default ``pictures/curves.png`` in the run's folder.
    size : Size
        Width and dots per inch; by default 11 inches at 200. A narrow figure has its panels one above the other.

    Returns
    -------
    Path
        The file written.

    Raises
    ------
    ConfigError
        Unknown file type; a history that is missing, empty or lacks a panel's columns.
    """
    run = run if isinstance(run, RunFolder) else RunFolder(run)
    path = run.path / "pictures" / "curves.png" if out is None else Path(out)
    if path.suffix.lower() not in FORMATS:
        raise ConfigError(f"file type {path.suffix!r}", where=str(path), allowed=", ".join(FORMATS))
    history, source = run.history, str(run.path / "history.csv")
    if "time_s" not in history or not len(history):
        raise ConfigError("no time_s column" if len(history) else "no rows", where=source)
    factor, unit = time_scale(float(history["time_s"].iloc[-1]))
    columns = 1 if (size.width or WIDE) < NARROW else 2
    scale = 1.0 if size.width is None else size.width / (0.5 * WIDE * columns)
    figure = Figure(figsize=(0.5 * WIDE * columns * scale, 8.4 * scale * 2 / columns), dpi=120, facecolor="white")
    FigureCanvasAgg(figure)
    panels = (POTENTIAL, *PANELS[1:]) if {"cycle", "potential_V"} <= set(history) else PANELS
    reacted = panels is not PANELS and float(history["converted_fraction"].iloc[0]) == 1.0
    words = OF_A_BODY if run.axisymmetric else {}
    for position, (label, lines) in enumerate(panels, start=1):
        axes = figure.add_subplot(4 // columns, columns, position)
        add_letter(axes, position - 1, 13 * scale, (-0.19, 1.03))
        diameters, round_section = label.startswith("Diameter"), "outline" not in run.manifest
        divisor = _initial_diameter(run) if diameters and round_section else 1.0
        for column, legend, colour, dashes in lines:
            if column in history and not (reacted and column in OF_A_FRONT):
                if diameters and not round_section:  # each over its own initial value
                    divisor = float(history[column].iloc[0])
                axes.plot(history["time_s"] / factor, history[column] / divisor, color=colour, linestyle=dashes,
                          linewidth=1.8 * scale, label=words.get(legend, legend))
        if not axes.lines:
            raise ConfigError(f"no column for {label.lower()}", where=source,
                              allowed=", ".join(line[0] for line in lines))
        _dress(axes, words.get(label, label), f"Time ({unit})", scale)
    figure.suptitle(run.name, fontsize=16 * scale, weight="bold", parse_math=False)
    figure.tight_layout(rect=(0, 0, 1, 0.985), h_pad=1.5, w_pad=2.0)
    return save_figure(figure, path, size.dpi)


def _dress(axes: Axes, label: str, time_label: str, scale: float) -> None:
    """Labels, reference lines, and the legend above the panel, where no data are."""
    axes.set_xlabel(time_label, fontsize=13 * scale)
    axes.set_ylabel(label, fontsize=13 * scale)
    axes.tick_params(labelsize=12 * scale)
    axes.grid(color="#dddddd", linewidth=0.6)
    axes.set_axisbelow(True)
    axes.margins(x=0.0)
    if label.startswith("Stress"):
        axes.axhline(0.0, color="#777777", linewidth=0.9, zorder=1)
    elif label.startswith("Fraction"):
        axes.set_ylim(0.0, max(1.0, axes.get_ylim()[1]))
    elif label.startswith("Front"):
        axes.set_ylim(bottom=0.0)
    axes.legend(loc="lower right", bbox_to_anchor=(1.02, 1.0), ncols=4, frameon=False, fontsize=12 * scale,
                columnspacing=1.0, handlelength=1.8, handletextpad=0.5)


def _initial_diameter(run: RunFolder) -> float:
    """Twice the manifest's radius, nm."""
    radius = run.manifest.get("radius_nm")
    if isinstance(radius, bool) or not isinstance(radius, int | float) or not radius > 0:
        raise ConfigError(f"radius_nm is {radius!r}", where=str(run.path / "manifest.json"),
                          allowed="a positive length in nm")
    return 2.0 * float(radius)
