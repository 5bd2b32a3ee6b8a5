"""Inputs moved on silicon: bonds and strength of a faceted wire; current and diffusivity; the potential applied."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
from matplotlib.axes import Axes
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure
from scipy.optimize import brentq

from femanode.config.loading import Config, load_config
from femanode.pictures.style import COLOURS, DASHES, add_letter, fill, label, new_chart
from femanode.solver.laws import rates_of
from femanode.study.systems.energy import available_eV, stress_work_eV
from femanode.study.systems.placing import ended_runs, placed_rows, stands_at

Row = Mapping[str, Any]

RATE, FLOW = "overrides.front.rates.110 [nm/s]", "overrides.mechanics.yield_stress [GPa]"
POTENTIAL, FRONT = "boundary.potential [mV]", "front.half_thickness [nm]"
C_RATE, DIFFUSIVITY = "boundary.c_rate", "overrides.transport.diffusivity [cm^2/s]"
#: kT at 300 K, eV.
KT = 0.025852
#: Rate of {110} in the bundled silicon, nm/s, from which barriers are counted.
BUNDLED = 0.12
#: Time after which a wire is looked at besides the end, min.
AFTER = 10.0
#: Title, figure, format, colours.
_SHOWN = (("converted after 10 min", "converted_after", "{:.2f}", "Blues"),
          ("converted at the end", "converted_fraction", "{:.2f}", "Blues"),
          ("largest over smallest diameter", "anisotropy_ratio", "{:.1f}", "Oranges"),
          ("crack risk", "crack_risk", "{:.2f}", "Reds"))


def barrier_eV(rate: float) -> float:
    """How much higher than the bundled one a barrier is that slows all directions to a rate of {110}, nm/s, eV."""
    return KT * math.log(BUNDLED / rate)


def bond_rows(folder: str | Path) -> list[dict[str, Any]]:
    """Rows of the sweep over rates and flow stress; ``barrier_eV`` and ``converted_after`` (`AFTER`) are added."""
    rows = placed_rows(folder, ("converted_fraction", "penetration_depth_nm", "anisotropy_ratio", "crack_risk",
                                "crack_risk_bound", "transport_share", "stop_reason", "time_s"))
    for row, run in zip(rows, ended_runs(folder), strict=True):
        row["barrier_eV"] = barrier_eV(row[RATE])
        row["converted_after"] = float(np.interp(60.0 * AFTER, run.history["time_s"],
                                                 run.history["converted_fraction"]))
    return rows


def sharp_depth(config: Config, c_rate: float) -> float:
    """Depth, nm, at which a sharp front in a round wire can no longer carry a current, by closed form.

    The front takes (2 k/R) sqrt(1 - f) [1 - exp(-(E - w(f))/kT)] of the section's full content per time, with E the
    driving energy at the cut-off and w the stress work: diffusion is no limit, and what it leaves behind is full.

    Parameters
    ----------
    config : Config
        With a cut-off at activity 1.
    c_rate : float
        Full contents per hour.
    """
    radius, energy = 0.5 * (config.geometry.narrowest or math.nan), available_eV(config)
    free = 7200.0 * max(rates_of(config).values()) / radius

    def spare(f: float) -> float:
        taken = (energy - stress_work_eV(config.material, f)) / KT
        return free * math.sqrt(1.0 - f) * -math.expm1(-taken) - c_rate

    fraction = brentq(spare, 0.0, 0.999) if spare(0.0) > 0.0 else 0.0
    return float(radius * (1.0 - math.sqrt(1.0 - fraction)))


def current_rows(folder: str | Path) -> list[dict[str, Any]]:
    """Rows of the sweep over C-rate and diffusivity; ``depth_1h_nm``, ``charge_1h``, ``sharp_depth_nm`` are added."""
    rows = placed_rows(folder, ("state_of_charge", "converted_fraction", "penetration_depth_nm", "capacity_mAh_g",
                                "stop_reason", "time_s", "transport_share"))
    for row, run in zip(rows, ended_runs(folder), strict=True):
        for name, column in (("depth_1h_nm", "front_depth_nm"), ("charge_1h", "state_of_charge")):
            row[name] = float(np.interp(3600.0, run.history["time_s"], run.history[column]))
        row["sharp_depth_nm"] = sharp_depth(load_config(run.path / "config.yaml"), row[C_RATE])
    return rows


def field_rows(folder: str | Path) -> list[dict[str, Any]]:
    """Rows of the sweep over the potential; ``stands_at`` by the closed form of a sharp front is added."""
    rows = placed_rows(folder, ("converted_fraction", "converted_at_drive_0_3", "penetration_depth_nm", "stop_reason",
                                "time_s", "transport_share"))
    for row, run in zip(rows, ended_runs(folder), strict=True):
        row["stands_at"] = stands_at(load_config(run.path / "config.yaml"))
    return rows


def bond_strength(rows: Sequence[Row]) -> Figure:
    """Depth, anisotropy and crack risk over barrier and flow stress, a cell with its number for each run."""
    figure = Figure(figsize=(8.4, 7.0), facecolor="white", layout="constrained")
    FigureCanvasAgg(figure)
    panels = figure.subplots(2, 2, sharex=True, sharey=True)
    for number, (axes, (title, key, form, colours)) in enumerate(zip(panels.flat, _SHOWN, strict=True)):
        _cells(axes, rows, key, form, colours)
        axes.set_title(title, fontsize=11)
        add_letter(axes, number, 12.0, (-0.02, 1.02))
    for axes in panels[:, 0]:
        axes.set_ylabel("Flow stress (GPa)", fontsize=11)
    for axes in panels[1]:
        axes.set_xlabel("Barrier over the bundled one (eV)", fontsize=11)
    return figure


def _cells(axes: Axes, rows: Sequence[Row], key: str, form: str, colours: str) -> None:
    """One panel, in the lighter half of its colours; its steps are even, as those of the inputs are not."""
    across = sorted({round(row["barrier_eV"], 4) for row in rows})
    along = sorted({row[FLOW] for row in rows})
    values = np.full((len(along), len(across)), np.nan)
    for row in rows:
        values[along.index(row[FLOW]), across.index(round(row["barrier_eV"], 4))] = row[key]
    axes.imshow(values, origin="lower", cmap=colours, aspect="auto", vmin=0.0, vmax=1.8 * np.nanmax(values))
    for (j, i), value in np.ndenumerate(values):
        axes.text(i, j, form.format(value), ha="center", va="center", fontsize=10)
    axes.set_xticks(range(len(across)), [f"{one:+.2f}" if abs(one) > 1e-9 else "0" for one in across])
    axes.set_yticks(range(len(along)), [f"{one:g}" for one in along])


def current(rows: Sequence[Row]) -> Figure:
    """Depth at the cut-off and after an hour against the C-rate."""
    figure, axes = new_chart(6.4, 4.2)
    for k, diffusivity in enumerate(sorted({row[DIFFUSIVITY] for row in rows}, reverse=True)):
        shown = sorted((row for row in rows if row[DIFFUSIVITY] == diffusivity), key=lambda row: row[C_RATE])
        rates = [row[C_RATE] for row in shown]
        for key, text, marker, dashes in (("penetration_depth_nm", "at the cut-off", "o", DASHES[0]),
                                          ("depth_1h_nm", "after 1 h, or at the cut-off before", "s", DASHES[1])):
            axes.plot(rates, [row[key] for row in shown], marker=marker, color=COLOURS[k + 1], linestyle=dashes,
                      markersize=5, label=f"{text}, D = {diffusivity:g} cm²/s")
    sharp = sorted({(row[C_RATE], row["sharp_depth_nm"]) for row in rows})
    axes.plot(*zip(*sharp, strict=True), color=COLOURS[0], linestyle=":",
              label="at the cut-off, sharp front, closed form")
    axes.set_xscale("log")
    axes.set_ylim(0.0, 1.35 * max(row["penetration_depth_nm"] for row in rows))
    ticks = sorted({row[C_RATE] for row in rows})
    axes.set_xticks(ticks, [f"{tick:g}" for tick in ticks])
    axes.set_xticks([], minor=True)
    label(axes, "C-rate (1/h)", "Mean depth of the front (nm)", legend=False)
    axes.legend(frameon=False, fontsize=8.5, loc="upper right")
    fill(figure)
    return figure


def field(rows: Sequence[Row]) -> Figure:
    """Converted fraction at rest over the potential that is applied, for each front, beside the closed form."""
    figure, axes = new_chart(5.6, 3.9)
    radius = 64.5
    for k, front in enumerate(sorted({row[FRONT] for row in rows}, reverse=True)):
        shown = sorted((row for row in rows if row[FRONT] == front), key=lambda row: row[POTENTIAL])
        axes.plot([row[POTENTIAL] for row in shown], [row["converted_fraction"] for row in shown], marker="os"[k],
                  color=COLOURS[k + 1], linestyle=DASHES[k], markersize=8 - 3 * k,
                  label=f"at rest, front of R/{radius / front:.0f} to either side")
    sharp = sorted({(row[POTENTIAL], row["stands_at"]) for row in rows})
    axes.plot(*zip(*sharp, strict=True), color=COLOURS[0], linestyle=":", marker=".",
              label="sharp front, closed form")
    axes.set_ylim(0.0, 0.45)
    label(axes, "Potential applied (mV)", "Converted fraction", legend=False)
    axes.legend(frameon=False, fontsize=9.5)
    fill(figure)
    return figure
