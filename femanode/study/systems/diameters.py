"""Four materials from 20 nm to 2 um, with the front in proportion to the radius and with a front of one thickness.

With the front in proportion all wires of a material are one problem up to the unit of length, unless it has a length of
its own: D/k of the diffusion is one, stress has none. Beside them stands what a front of one thickness makes of thin
wires, which is numerical. Closed forms say what an interface energy, and a flow stress by the rate, would give.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
from matplotlib.axes import Axes
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure

from femanode.config.loading import Config
from femanode.pictures.style import COLOURS, DASHES, GRID, add_letter
from femanode.study.systems.energy import available_eV, stress_work_eV
from femanode.study.systems.placing import ended_runs, placed_rows
from femanode.units import E_CHARGE

Row = Mapping[str, Any]

DIAMETER, FRONT = "geometry.diameter [nm]", "front.half_thickness [nm]"
#: What is kept while the diameter is moved: the ratio of the front's thickness to the radius, or the thickness.
RATIO, THICKNESS = "ratio", "thickness"
#: As `RATIO`, with a front a quarter as thick.
THIN = "thin"
#: Where the runs end, if they do not come to rest before.
LAST = 0.9
#: Up to here a front is asked whether it stands.
LARGEST = 0.9999
#: What is shown, top to bottom, and by what it is divided.
_SHOWN, _UNITS = ("converted_fraction", "depth_1h_nm", "time_s"), (1.0, 1.0, 3600.0)
_TICKS = (20.0, 63.2, 200.0, 632.0, 2000.0)
_MARKERS = {"Li-Si": "o", "Li-Ge": "s", "Na-Sn": "^", "Na-Sb": "D"}


def diameter_rows(folder: str | Path, kept: str) -> list[dict[str, Any]]:
    """Rows of a sweep over material and diameter: ``kept`` and ``depth_1h_nm`` (or at the end before) are added."""
    rows = placed_rows(folder, ("converted_fraction", "converted_at_drive_0_3", "penetration_depth_nm",
                                "transport_share", "regime", "stop_reason", "time_s"))
    found = []
    for row, run in zip(rows, ended_runs(folder), strict=True):
        after = float(np.interp(3600.0, run.history["time_s"], run.history["front_depth_nm"]))
        shown = {key: value for key, value in row.items() if not key.startswith(("crystal.", "mechanics."))}
        found.append({"kept": kept} | shown | {"depth_1h_nm": after})
    return found


def stands_with(config: Config, diameter: float, interface_energy: float = 0.0, stronger: float = 1.0) -> float:
    """Converted fraction at which a sharp front in a round wire stands, by closed form: 1 where it never does.

    Parameters
    ----------
    config : Config
    diameter : float
        nm.
    interface_energy : float
        g, J/m^2: around a core of radius s it gives each carrier g V_host/(x_f s).
    stronger : float
        Factor on the flow stress.
    """
    material = config.material
    fractions = np.linspace(0.0, LARGEST, 10_000)
    work = stronger * np.array([stress_work_eV(material, float(f)) for f in fractions])
    core = 0.5 * diameter * np.sqrt(1.0 - fractions)
    given = interface_energy * material.host.volume / (material.content.x_front * core) / E_CHARGE
    stands = np.flatnonzero(work > available_eV(config) + given)
    return float(fractions[stands[0]]) if len(stands) else 1.0


def strength_by_rate(sensitivity: float, diameter: float, other: float) -> float:
    """Flow stress in a wire over that in another, by their diameters, (other/diameter)^m.

    A shell behind a front of speed v is strained at a rate of the order of v/R, and the flow stress goes as that rate
    to the power m: thinner is stronger.
    """
    return (other / diameter) ** sensitivity


def diameters(rows: Sequence[Row]) -> Figure:
    """Converted fraction, depth after an hour and time to the end, over the diameter, moved in both ways."""
    figure = Figure(figsize=(9.0, 9.6), facecolor="white", layout="constrained")
    FigureCanvasAgg(figure)
    panels = figure.subplots(3, 2, sharex=True, sharey="row")
    for column, (kept, title) in enumerate(((RATIO, "front of R/8 to either side in every wire"),
                                            (THICKNESS, "front of 2.5 nm: Li-Si in (b) falls numerically"))):
        shown = [row for row in rows if row["kept"] == kept]
        for axes, key, unit in zip(panels[:, column], _SHOWN, _UNITS, strict=True):
            _over_diameter(axes, shown, key, unit)
            if kept == RATIO:
                thin = sorted((row for row in rows if row["kept"] == THIN), key=lambda row: row[DIAMETER])
                axes.plot([row[DIAMETER] for row in thin], [row[key] / unit for row in thin], marker="x",
                          color=COLOURS[2], linestyle="", markersize=7, label="Li-Ge, front of R/32")
        panels[0, column].set_title(title, fontsize=11)
        ends = np.array([min(row[DIAMETER] for row in shown), max(row[DIAMETER] for row in shown)])
        panels[1, column].plot(ends, 0.5 * ends * (1.0 - np.sqrt(1.0 - LAST)), color=COLOURS[0], linestyle=":",
                               linewidth=1.0, label="0.9 converted, where runs end")
    for axes, text in zip(panels[:, 0], ("Converted at the end\n(runs end at 0.9)",
                                         "Depth after 1 h,\nor at the end before (nm)",
                                         "Time to the end (h)"), strict=True):
        axes.set_ylabel(text, fontsize=11)
    panels[0, 0].set_ylim(0.0, 1.0)
    panels[1, 0].set_ylim(1.0, 1200.0)
    for axes in panels[1:, 0]:
        axes.set_yscale("log")
    for axes in panels[2]:
        axes.set_xscale("log")
        axes.set_xlim(16.0, 2500.0)
        axes.set_xticks(_TICKS, [f"{tick:.0f}" for tick in _TICKS])
        axes.set_xticks([], minor=True)
        axes.set_xlabel("Diameter (nm)", fontsize=11)
    panels[0, 0].legend(*panels[1, 0].get_legend_handles_labels(), frameon=False, fontsize=9, loc="lower left", ncols=2)
    for number, axes in enumerate(panels.flat):
        axes.grid(color=GRID, linewidth=0.6)
        axes.set_axisbelow(True)
        add_letter(axes, number, 12.0, (-0.08, 1.01))
    for axes in panels[:, 1]:
        axes.axvspan(280.0, 2500.0, color="#f0f0f0", zorder=0)
        axes.text(0.82, 0.5, "not run", transform=axes.transAxes, fontsize=9.5, color="#666666", ha="center")
    return figure


def _over_diameter(axes: Axes, rows: Sequence[Row], key: str, unit: float) -> None:
    """A line for each material; markers differ in size, as several lie on one another."""
    for k, (material, marker) in enumerate(_MARKERS.items()):
        shown = sorted((row for row in rows if row["material"] == material), key=lambda row: row[DIAMETER])
        axes.plot([row[DIAMETER] for row in shown], [row[key] / unit for row in shown], marker=marker,
                  color=COLOURS[k + 1], linestyle=DASHES[k], markersize=10 - 2 * k,
                  markerfacecolor="none" if k % 2 else None, label=material)
