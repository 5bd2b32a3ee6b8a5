"""Charts of how a run went: depth, potential, energies, stresses and steps, from the rows of its history.

Each takes one run or several, and gives a figure, or None where no run has what it shows.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from matplotlib.axes import Axes
from matplotlib.axis import Axis
from matplotlib.figure import Figure
from matplotlib.ticker import FuncFormatter, LogLocator, NullFormatter

from femanode.numerics.arrays import Array
from femanode.pictures.cycling import draw_half_cycles
from femanode.pictures.page.chartcase import MOST_FRAMES, Case, clock, column, measured, stages
from femanode.pictures.style import COLOURS, DASHES, label, line_style, new_chart
from femanode.postprocess.cycles import carried_whole, half_cycles
from femanode.postprocess.profiles import beside_front
from femanode.postprocess.runfacts import in_electronvolts

#: How measured values are drawn: dots, and no line between them.
POINTS: dict[str, Any] = {"linestyle": "none", "marker": "o", "markersize": 4, "color": COLOURS[1], "zorder": 4}


def depth(cases: Sequence[Case]) -> Figure | None:
    """Front depth against time with the fitted power law."""
    figure, axes = new_chart()
    factor, unit = clock(cases)
    for number, case in enumerate(cases):
        t, L = column(case, "time_s"), column(case, "front_depth_nm")
        if t is None or L is None:
            continue
        one = len(cases) == 1
        axes.plot(t / factor, L, **line_style(number), label="computed" if one else case.name)
        law = case.facts.law
        if law is not None:
            name = f"fit: L ~ t^{law.exponent:.2f}" if one else None
            axes.plot(law.t / factor, law.depth, color=COLOURS[2] if one else COLOURS[number % len(COLOURS)],
                      linestyle=(0, (2, 2)), linewidth=1.6 if one else 1.0, label=name)
    if not axes.lines:
        return None
    for _, curve in measured(cases, "front_depth_nm")[:1]:
        axes.plot(curve.time / factor, curve.value, label=f"measured: {curve.file}", **POINTS)
    axes.set_ylim(bottom=0.0)
    axes.margins(x=0.0 if not any(case.measured for case in cases) else 0.02)
    label(axes, f"Time ({unit})", "Front depth L (nm)")
    return figure


def depth_log(cases: Sequence[Case]) -> Figure | None:
    """The same on logarithmic axes from the front's entry, with slopes 1 and 1/2."""
    figure, axes = new_chart()
    factor, unit = clock(cases)
    ends: list[tuple[float, float]] = []
    for number, case in enumerate(cases):
        t, L = column(case, "time_s"), column(case, "front_depth_nm")
        if t is None or L is None:
            continue
        t = (t - case.facts.entry_time) / factor
        # Left of a hundredth of the run there is only the first skin.
        chosen = (t > 0.01 * t[-1]) & (L > 0)
        if np.count_nonzero(chosen) < 2:
            continue
        axes.loglog(t[chosen], L[chosen], **line_style(number), label="computed" if len(cases) == 1 else case.name)
        ends.append((float(t[chosen][0]), float(t[chosen][-1])))
        anchor = float(np.interp(np.sqrt(ends[-1][0] * ends[-1][1]), t[chosen], L[chosen]))
    if not ends:
        return None
    first, last = ends[-1]
    guide = np.array([first, last])
    for slope, dashes, name in ((1.0, "--", "slope 1 (reaction limits)"), (0.5, ":", "slope 1/2 (diffusion limits)")):
        axes.loglog(guide, anchor * (guide / np.sqrt(first * last)) ** slope, color="#777777", linestyle=dashes,
                    linewidth=1.2, label=name)
    for axis in (axes.xaxis, axes.yaxis):
        _name_decades(axis)
    label(axes, f"Time since the front entered ({unit})", "Front depth L (nm)")
    if len(cases) == 1:
        axes.legend(loc="upper left", frameon=False, fontsize=9.5)
    return figure


def _name_decades(axis: Axis) -> None:
    """Plain numbers at 1, 2 and 5 of each decade: letters of the others lie over one another."""
    axis.set_major_locator(LogLocator(subs=(1.0, 2.0, 5.0), numticks=20))
    axis.set_major_formatter(FuncFormatter(lambda value, _: f"{value:g}"))
    axis.set_minor_formatter(NullFormatter())


def potential(cases: Sequence[Case]) -> Figure | None:
    """Potential against capacity where a current was given, from where it was carried whole; by half cycles of one run.
    """
    figure, axes = new_chart()
    halves = half_cycles(cases[0].facts.run.columns) if len(cases) == 1 else []
    if halves:
        draw_half_cycles(axes, halves)
        _measured_potential(axes, cases)
        label(axes, "Capacity (mAh/g)", "Potential (V)")
        return figure
    for number, case in enumerate(cases):
        j, V, Q = (column(case, name) for name in ("current_density_mA_cm2", "potential_V", "capacity_mAh_g"))
        if j is None or V is None or Q is None:
            continue
        whole = carried_whole(case.facts.run.columns)
        axes.plot(Q[whole], V[whole], **line_style(number), label=case.name if len(cases) > 1 else "computed")
    if not axes.lines:
        return None
    beside = _measured_potential(axes, cases)
    axes.set_xlim(left=0.0)
    label(axes, "Capacity (mAh/g)", "Potential (V)", legend=len(cases) > 1 or beside)
    return figure


def _measured_potential(axes: Axes, cases: Sequence[Case]) -> bool:
    """Draw a measured potential over capacity, where there is one."""
    for _, curve in measured(cases, "potential_V")[:1]:
        if curve.capacity is not None:
            axes.plot(curve.capacity, curve.value, label=f"measured: {curve.file}", **POINTS)
            return True
    return False


def eq1_terms(cases: Sequence[Case]) -> Figure | None:
    """Terms of review Eq. (1) per ion against converted fraction."""
    figure, axes = new_chart()
    for number, case in enumerate(cases):
        f, front = column(case, "converted_fraction"), column(case, "front_mean_stress_GPa")
        volumes, reaction = case.facts.volumes_nm3, case.facts.reaction_eV
        if f is None or front is None or volumes is None or reaction is None:
            continue
        host, full = volumes
        total = reaction - in_electronvolts(front, full - host)
        if len(cases) > 1:
            axes.plot(100 * f, total, **line_style(number), label=case.name)
            continue
        axes.axhline(reaction, color=COLOURS[3], linewidth=1.6, linestyle=(0, (8, 3)), label="reaction and potential")
        marks = _beside(case)
        for row, volume, colour, name, mark in ((1, host, COLOURS[1], "host's stress", "o"),
                                                (2, -full, COLOURS[2], "product's stress", "s")):
            axes.plot(100 * marks[0], in_electronvolts(marks[row], volume), color=colour, marker=mark, markersize=4,
                      linewidth=1.2, linestyle=DASHES[row], label=name)
        two_sided = reaction + in_electronvolts(marks[1], host) - in_electronvolts(marks[2], full)
        axes.plot(100 * marks[0], two_sided, color="#777777", marker="^", markersize=4, linewidth=1.2, linestyle=":",
                  label="sum, two-sided")
        axes.plot(100 * f, total, color=COLOURS[0], linewidth=2.0, label="sum, as the rate law has it")
    if not axes.lines:
        return None
    axes.axhline(0.0, color="#777777", linewidth=0.9, zorder=1)
    label(axes, "Converted (%)", "Energy per ion (eV)" if len(cases) == 1 else "Driving energy per ion (eV)")
    axes.legend(loc="lower center", bbox_to_anchor=(0.5, 1.0), ncols=2, frameon=False, fontsize=9.5)
    return figure


def stresses(cases: Sequence[Case]) -> Figure | None:
    """Stresses against converted fraction, under a protocol against time: surface, core and front of one run; the
    surface of several."""
    figure, axes = new_chart()
    shown = (("hoop_surface_max_GPa", "hoop, surface", 2), ("core_mean_stress_GPa", "mean, core", 1),
             ("front_mean_stress_GPa", "mean, front", 0))
    # Under a protocol the front stands still for most of a cycle.
    over_time = any(column(case, "cycle") is not None for case in cases)
    factor, unit = clock(cases)
    for number, case in enumerate(cases):
        f = column(case, "time_s" if over_time else "converted_fraction")
        for name, legend, colour in shown if len(cases) == 1 else shown[:1]:
            values = column(case, name)
            if f is not None and values is not None:
                style = line_style(colour if len(cases) == 1 else number)
                axes.plot(f / factor if over_time else 100 * f, values, **style,
                          label=legend if len(cases) == 1 else case.name)
    if not axes.lines:
        return None
    axes.axhline(0.0, color="#777777", linewidth=0.9, zorder=1)
    label(axes, f"Time ({unit})" if over_time else "Converted (%)",
          "Stress (GPa)" if len(cases) == 1 else "Largest hoop stress at the surface (GPa)")
    return figure


def steps(cases: Sequence[Case]) -> Figure | None:
    """Step length and Newton iterations of every accepted step."""
    figure, axes = new_chart()
    factor, unit = clock(cases)
    spread: list[float] = []
    for number, case in enumerate(cases):
        dt, newton = column(case, "dt_s"), column(case, "newton_iterations")
        if dt is None or newton is None or len(dt) < 2:
            continue
        name = "step length" if len(cases) == 1 else case.name
        axes.plot(np.arange(1, len(dt)), dt[1:] / factor, **line_style(number), label=name)
        spread.append(float(dt[1:].max() / dt[1:].min()))
        if len(cases) == 1:
            twin = axes.twinx()
            twin.plot(np.arange(1, len(dt)), newton[1:], color=COLOURS[2], linewidth=1.0)
            twin.set_ylabel("Newton iterations", fontsize=11, color=COLOURS[2])
            twin.set_ylim(bottom=0.0)
    if not axes.lines:
        return None
    if max(spread) > 30:
        axes.set_yscale("log")
    else:
        axes.set_ylim(bottom=0.0)
    label(axes, "Accepted step", f"Step length ({unit})", legend=len(cases) > 1)
    return figure


def _beside(case: Case) -> Array:
    """Converted fraction and mean stress ahead of and behind the front, from the frames: (3, n)."""
    t, f = column(case, "time_s"), column(case, "converted_fraction")
    rows = []
    for k in stages(case, MOST_FRAMES):
        frame = case.facts.instant(k)
        rows.append([np.interp(frame.time, t, f) if t is not None and f is not None else np.nan,
                     *beside_front(frame.mesh, "mean_stress_GPa")])
    return np.array(rows, dtype=float).T
