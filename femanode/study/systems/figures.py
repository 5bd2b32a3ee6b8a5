"""Figures of the table: what sorts arrest from full conversion, converted fractions beside observations, curvature."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from femanode.pictures.style import COLOURS, fill, label, new_chart, save_figure
from femanode.study.systems.energy import Body, work_eV
from femanode.study.systems.fracture import critical_diameters
from femanode.study.systems.oxide import oxide_figure

Row = dict[str, Any]

#: Converted fractions between which the stress work of a system is drawn.
ENDS = ("0.5", "0.9", "0.99")
#: Converted fraction from which a run counts as gone through.
FULL = 0.98


def draw_all(table: dict[str, Any], folder: Path) -> list[str]:
    """Write every figure that a table allows; names of the files."""
    rows = table["rows"]
    done = [row for row in rows if row["converted_fraction"] is not None]
    ions = charged(done)
    figures = {"curvature.png": curvature()}
    if done:
        figures |= {"converted.png": converted(done), "cracks.png": critical_diameters(done)}
    if ions:
        figures |= {"voltage_and_stress.png": voltage_and_stress(ions), "film.png": film(ions)}
    if len(ions) < len(done):
        figures["oxide.png"] = oxide_figure()
    if table["sizes"]:
        figures["sizes.png"] = sizes(table["sizes"])
    for name, figure in figures.items():
        save_figure(figure, folder / name, dpi=110)
    return list(figures)


def charged(rows: Sequence[Row]) -> list[Row]:
    """The systems whose carriers have a charge, and with it potentials and a capacity."""
    return [row for row in rows if row.get("capacity_first_mAh_g", 0.0) is not None]


def voltage_and_stress(rows: Sequence[Row]) -> Figure:
    """What the potential gives per carrier and what stress takes, by closed form; how runs ended, as markers."""
    figure, axes = new_chart(8.0, 6.0)
    line = np.array([0.01, 3.0])
    axes.fill_between(line, line, 0.01, color="#f0f0f0")
    axes.plot(line, line, color="#888888", linewidth=1.2)
    axes.text(0.46, 0.40, "stress takes all", rotation=36, fontsize=9, color="#555555", ha="center", va="center")
    shown = _one_per_material(rows)
    for row in shown:
        half, most, last = (row["stress_work_eV"][end] for end in ENDS)
        full = row["converted_fraction"] >= FULL
        colour = COLOURS[3] if full else COLOURS[2] if row["self_limited"] else COLOURS[5]
        axes.plot([half, last], [row["available_eV"]] * 2, color=colour, linewidth=1.4, alpha=0.8)
        axes.plot(most, row["available_eV"], marker="o" if full else "s", markersize=8, color=colour,
                  markerfacecolor=colour if full else "white", markeredgewidth=1.6, linestyle="")
        # Two materials of one potential: the one whose line lies farther to the right is named below its line.
        below = any(other is not row and abs(np.log(other["available_eV"] / row["available_eV"])) < 0.04
                    and other["stress_work_eV"][ENDS[0]] < half for other in shown)
        axes.annotate(row["material"], (half, row["available_eV"]), textcoords="offset points",
                      xytext=(0, -4 if below else 4), fontsize=8, ha="left", va="top" if below else "bottom")
    kinds = [("converts fully", "o", COLOURS[3], COLOURS[3]), ("stopped by stress", "s", COLOURS[2], "white")]
    if any(row["converted_fraction"] < FULL and not row["self_limited"] for row in shown):
        kinds.append(("fronts merged before the end", "s", COLOURS[5], "white"))
    for text, marker, colour, face in kinds:
        axes.plot([], [], marker=marker, color=colour, markerfacecolor=face, linestyle="", markersize=8, label=text)
    axes.set_xscale("log")
    axes.set_yscale("log")
    axes.set_xlim(0.004, 0.7)
    axes.set_ylim(0.06, 2.5)
    for axis, ticks in ((axes.xaxis, (0.005, 0.01, 0.02, 0.05, 0.1, 0.2, 0.5)),
                        (axes.yaxis, (0.1, 0.2, 0.5, 1.0, 2.0))):
        axis.set_ticks(ticks, [f"{tick:g}" for tick in ticks])
        axis.set_ticks([], minor=True)
    label(axes, "Stress work per carrier at half conversion, 90 % (marker) and 99 % (eV)",
          "Potential of the front over the applied one (eV)")
    fill(figure)
    return figure


def converted(rows: Sequence[Row]) -> Figure:
    """Converted fraction at rest with what the inputs allow, and what was observed."""
    figure, axes = new_chart(7.0, 0.6 + 0.3 * len(rows))
    for k, row in enumerate(rows):
        y = len(rows) - 1 - k
        ends = row["converted_fraction_band"]
        if ends:
            axes.plot(ends, [y, y], color=COLOURS[1], linewidth=5, alpha=0.3, solid_capstyle="butt")
        axes.plot(row["converted_fraction"], y, "o", color=COLOURS[1], markersize=6)
        if row["converted_at_drive_0_3"] is not None and row["self_limited"]:
            axes.plot(row["converted_at_drive_0_3"], y, "|", color=COLOURS[1], markersize=10, markeredgewidth=1.6)
        for one in row["observations"]:
            if one["quantity"] == "converted_fraction":
                _observed(axes, one["observed"], y)
    axes.plot([], [], "o", color=COLOURS[1], label="predicted, and its band")
    axes.plot([], [], "|", color=COLOURS[1], markersize=10, markeredgewidth=1.6, label="v/k = 0.3")
    axes.plot([], [], "D", color=COLOURS[2], label="observed")
    axes.set_yticks(range(len(rows)), [row["system"] for row in reversed(rows)])
    axes.set_xlim(-0.02, 1.06)
    label(axes, "Converted fraction", "")
    fill(figure)
    return figure


def curvature() -> Figure:
    """Stress work against converted fraction on a film, in a wire and in a sphere of silicon."""
    figure, axes = new_chart(5.6, 3.8)
    f = np.linspace(0.0, 0.995, 400)
    volume = 2.8 * 0.02002 / 3.75
    bodies: tuple[Body, ...] = ("film", "wire", "sphere")
    for k, body in enumerate(bodies):
        axes.plot(f, [work_eV(float(x), 1.0, 3.8, volume, body) for x in f], color=COLOURS[k + 1], linewidth=1.8,
                  label=body)
    axes.axhspan(0.09, 0.11, color="#dddddd", label="first plateau less 10 mV")
    axes.set_xlim(0.0, 1.0)
    axes.set_ylim(0.0, 0.5)
    label(axes, "Converted fraction", "Stress work per lithium, flow stress 1 GPa (eV)", legend=False)
    axes.legend(frameon=False, fontsize=9.5, loc="upper left")
    fill(figure)
    return figure


def film(rows: Sequence[Row]) -> Figure:
    """Rate of the front beside the speed that a surface film of 5 nm lets through, by closed form."""
    shown = _one_per_material(rows)
    figure, axes = new_chart(6.6, 0.8 + 0.28 * len(shown))
    for k, row in enumerate(shown):
        y = len(shown) - 1 - k
        axes.plot(row["film_speed_nm_s"], [y, y], color=COLOURS[2], linewidth=5, alpha=0.35, solid_capstyle="butt")
        axes.plot(row["front_rate_nm_s"], y, "o", color=COLOURS[1], markersize=6)
    axes.plot([], [], "o", color=COLOURS[1], label="rate of the front")
    axes.plot([], [], color=COLOURS[2], alpha=0.35, linewidth=5, label="what a film of 5 nm lets through")
    axes.set_xscale("log")
    axes.set_yticks(range(len(shown)), [row["material"] for row in reversed(shown)])
    label(axes, "Speed of the front (nm/s)", "")
    fill(figure)
    return figure


def sizes(rows: Sequence[Row]) -> Figure:
    """Where silicon stops against its diameter, with the front's thickness kept and with its ratio to the radius."""
    figure, axes = new_chart(5.6, 3.8)
    for k, (kept, text) in enumerate((("thickness", "front of 3 nm to either side in all"),
                                      ("ratio", "front in proportion to the radius"))):
        shown = [row for row in rows if row["kept"] == kept]
        for key, dashes in (("converted_fraction", "-"), ("converted_at_drive_0_3", ":")):
            axes.plot([row["diameter_nm"] for row in shown], [row[key] for row in shown], marker="os"[k],
                      color=COLOURS[k + 1], linestyle=dashes, label=text if dashes == "-" else None)
    axes.set_xscale("log")
    axes.set_xticks([40, 80, 129, 200], ["40", "80", "129", "200"])
    axes.set_xticks([], minor=True)
    axes.set_ylim(0.0, 1.0)
    label(axes, "Diameter (nm)", "Converted at rest (dotted: at v/k = 0.3)", legend=False)
    axes.legend(frameon=False, fontsize=9.5)
    fill(figure)
    return figure


def _one_per_material(rows: Sequence[Row]) -> list[Row]:
    """The first system of each material."""
    return list({row["material"]: row for row in reversed(rows)}.values())[::-1]


def _observed(axes: Axes, value: Any, y: float) -> None:
    """An observed number as a mark; a bound as an arrow that points to where the fraction was seen."""
    if isinstance(value, dict):
        end, way = (value["at_least"], 0.04) if "at_least" in value else (value["at_most"], -0.04)
        axes.annotate("", (end + way, y + 0.22), (end, y + 0.22),
                      arrowprops={"arrowstyle": "->", "color": COLOURS[2], "linewidth": 1.6})
        axes.plot(end, y + 0.22, "|", color=COLOURS[2], markersize=7, markeredgewidth=1.6)
    elif not isinstance(value, list):
        axes.plot(value, y + 0.22, "D", color=COLOURS[2], markersize=5)
