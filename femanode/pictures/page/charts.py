"""Charts of the report: each takes one run or several, and gives a figure, or None where the data are missing.

On the line config -> mesh -> state -> solver -> output -> postprocess this stands after postprocess.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, cast

import numpy as np
from matplotlib import colormaps
from matplotlib.figure import Figure
from matplotlib.projections.polar import PolarAxes

from femanode.numerics.arrays import Array
from femanode.pictures.curves import time_scale
from femanode.pictures.style import COLOURS, DASHES, label, line_style, new_chart
from femanode.postprocess.profiles import along_ray, along_surface, beside_front, rose
from femanode.postprocess.runfacts import RunFacts, in_electronvolts

#: Frames from which profiles and Eq. (1) are taken at most; more add no line that an eye tells apart.
MOST_FRAMES = 24
HOOP = "hoop_stress_GPa"


@dataclass(frozen=True)
class Case:
    """A run in a chart: its facts and the name in the legend."""

    facts: RunFacts
    name: str


def column(case: Case, name: str) -> Array | None:
    """A column of the history as numbers; None where there is none."""
    history = case.facts.run.history
    return history[name].to_numpy(dtype=float) if name in history else None


def stages(case: Case, count: int) -> list[int]:
    """Frames at even steps of converted fraction (of time where the history has none), the last included."""
    times = case.facts.run.frames.times
    t, f = column(case, "time_s"), column(case, "converted_fraction")
    progress = times if t is None or f is None or not len(t) else np.interp(times, t, f)
    wanted = np.linspace(progress[0], progress[-1], count + 1)[1:]
    return sorted({int(np.argmin(np.abs(progress - w))) for w in wanted[:-1]} | {len(times) - 1})


def _clock(cases: Sequence[Case]) -> tuple[float, str]:
    """Seconds in the page's unit of time, and that unit: one for all charts of the same cases."""
    return time_scale(max(float(case.facts.run.frames.times[-1]) for case in cases))


def depth(cases: Sequence[Case]) -> Figure | None:
    """Front depth against time with the fitted power law."""
    figure, axes = new_chart()
    factor, unit = _clock(cases)
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
    axes.set_ylim(bottom=0.0)
    axes.margins(x=0.0)
    label(axes, f"Time ({unit})", "Front depth L (nm)")
    return figure


def depth_log(cases: Sequence[Case]) -> Figure | None:
    """The same on logarithmic axes from the front's entry, with slopes 1 and 1/2."""
    figure, axes = new_chart()
    factor, unit = _clock(cases)
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
    label(axes, f"Time since the front entered ({unit})", "Front depth L (nm)")
    if len(cases) == 1:
        axes.legend(loc="upper left", frameon=False, fontsize=9.5)
    return figure


def potential(cases: Sequence[Case]) -> Figure | None:
    """Potential against capacity where a current was given, from where it was carried whole."""
    figure, axes = new_chart()
    for number, case in enumerate(cases):
        j, V, Q = (column(case, name) for name in ("current_density_mA_cm2", "potential_V", "capacity_mAh_g"))
        if j is None or V is None or Q is None:
            continue
        # While the front comes in it takes less than the current, at the cut-off.
        whole = j > 0.99 * j.max(initial=0.0)
        axes.plot(Q[whole], 1e3 * V[whole], **line_style(number), label=case.name)
    if not axes.lines:
        return None
    axes.set_xlim(left=0.0)
    label(axes, "Capacity (mAh/g)", "Potential (mV)", legend=len(cases) > 1)
    return figure


def hoop_surface(cases: Sequence[Case]) -> Figure | None:
    """Hoop stress along the outer surface: of one run at several stages, of several at their ends."""
    figure, axes = new_chart()
    for case, frame, style, name in _lines(cases, 3):
        line = along_surface(case.facts.instant(frame).mesh, case.facts.run.sector, HOOP)
        axes.plot(line.position, line.values, label=name, **style)
    axes.axhline(0.0, color="#777777", linewidth=0.9, zorder=1)
    axes.set_xlim(-180, 180)
    axes.set_xticks(range(-180, 181, 60))
    label(axes, "Polar angle from x (degrees)", "Hoop stress at the surface (GPa)")
    return figure


def hoop_radius(cases: Sequence[Case]) -> Figure | None:
    """Hoop stress against the distance from the axis, along x (full lines) and y (dashed)."""
    figure, axes = new_chart()
    for case, frame, style, name in _lines(cases, 2):
        mesh = case.facts.instant(frame).mesh
        for direction, along, dashes in (((1.0, 0.0), "x", "-"), ((0.0, 1.0), "y", "--")):
            line = along_ray(mesh, HOOP, direction)
            axes.plot(line.position, line.values, **{**style, "linestyle": dashes}, label=f"{name}, {along}")
    axes.axhline(0.0, color="#777777", linewidth=0.9, zorder=1)
    axes.set_xlim(left=0.0)
    label(axes, "Distance from the axis, deformed (nm)", "Hoop stress (GPa)")
    axes.legend(loc="lower center", bbox_to_anchor=(0.5, 1.0), ncols=2, frameon=False, fontsize=9.5)
    return figure


def anisotropy_rose(cases: Sequence[Case]) -> Figure | None:
    """Deformed over initial diameter in every direction, with the low-index directions of the section."""
    figure, plain = new_chart(4.6, 4.9, polar=True)
    axes = cast(PolarAxes, plain)
    top = 1.0
    for case, frame, style, name in _lines(cases, 3):
        line = rose(case.facts.instant(frame).mesh, case.facts.run.sector)
        axes.plot(np.radians(line.position), line.values, label=name, **style)
        top = max(top, float(line.values.max()))
    axes.plot(np.linspace(0, 2 * np.pi, 181), np.ones(181), color="#777777", linewidth=1.0, linestyle=":",
              label="initial")
    axes.set_rlim(0.0, 1.05 * top)
    # Rings at whole and half ratios, few enough to read.
    step = 0.5 if top < 2.6 else 1.0
    axes.set_rgrids(np.arange(step, 1.05 * top, step), fontsize=9)
    names = _directions(cases)
    if names:
        axes.set_thetagrids(list(names), list(names.values()), fontsize=10)
    axes.legend(loc="lower center", bbox_to_anchor=(0.5, 1.07), ncols=2, frameon=False, fontsize=9.5)
    return figure


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
    """Stresses against converted fraction: surface, core and front of one run; the surface of several."""
    figure, axes = new_chart()
    shown = (("hoop_surface_max_GPa", "hoop, surface", 2), ("core_mean_stress_GPa", "mean, core", 1),
             ("front_mean_stress_GPa", "mean, front", 0))
    for number, case in enumerate(cases):
        f = column(case, "converted_fraction")
        for name, legend, colour in shown if len(cases) == 1 else shown[:1]:
            values = column(case, name)
            if f is not None and values is not None:
                style = line_style(colour if len(cases) == 1 else number)
                axes.plot(100 * f, values, **style, label=legend if len(cases) == 1 else case.name)
    if not axes.lines:
        return None
    axes.axhline(0.0, color="#777777", linewidth=0.9, zorder=1)
    label(axes, "Converted (%)", "Stress (GPa)" if len(cases) == 1 else "Largest hoop stress at the surface (GPa)")
    return figure


def steps(cases: Sequence[Case]) -> Figure | None:
    """Step length and Newton iterations of every accepted step."""
    figure, axes = new_chart()
    factor, unit = _clock(cases)
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


def _lines(cases: Sequence[Case], count: int) -> list[tuple[Case, int, dict[str, Any], str]]:
    """What a profile chart draws: of one run several stages, of several runs the last frame of each."""
    if len(cases) > 1:
        return [(case, len(case.facts.run.frames) - 1, line_style(number), case.name)
                for number, case in enumerate(cases)]
    (case,) = cases
    t, f = column(case, "time_s"), column(case, "converted_fraction")
    chosen = stages(case, count)
    shades = colormaps["viridis"](np.linspace(0.75, 0.0, len(chosen)))
    lines = []
    factor, unit = _clock(cases)
    for number, (frame, colour) in enumerate(zip(chosen, shades, strict=True)):
        time = float(case.facts.run.frames.times[frame])
        name = (f"{time / factor:.3g} {unit}" if t is None or f is None
                else f"{100 * np.interp(time, t, f):.0f} % converted")
        style = {"color": tuple(colour), "linewidth": 1.8, "linestyle": DASHES[len(chosen) - 1 - number]}
        lines.append((case, frame, style, name))
    return lines


def _directions(cases: Sequence[Case]) -> dict[float, str]:
    """Angle and name of the low-index directions, where all cases share them."""
    found: list[dict[float, str]] = []
    for case in cases:
        angles: dict[float, str] = {}
        for miller in case.facts.summary.get("swelling_by_direction") or {}:
            angle = case.facts.direction_angle(miller)
            if angle is not None:
                angles[round(angle % 360, 3)] = miller
                angles[round((angle + 180) % 360, 3)] = ""
        found.append(angles)
    return found[0] if all(angles == found[0] for angles in found) else {}


def _beside(case: Case) -> Array:
    """Converted fraction and mean stress ahead of and behind the front, from the frames: (3, n)."""
    t, f = column(case, "time_s"), column(case, "converted_fraction")
    rows = []
    for k in stages(case, MOST_FRAMES):
        frame = case.facts.instant(k)
        rows.append([np.interp(frame.time, t, f) if t is not None and f is not None else np.nan,
                     *beside_front(frame.mesh, "mean_stress_GPa")])
    return np.array(rows, dtype=float).T


@dataclass(frozen=True)
class Chart:
    """A chart of the page: what draws it, its heading, what it shows of one run and of several."""

    draw: Callable[[Sequence[Case]], Figure | None]
    heading: str
    one: str
    several: str


CHARTS: tuple[Chart, ...] = (
    Chart(depth, "How deep the front has gone",
          "Area-equivalent depth of the reaction front. The dotted line is the power law fitted while the front moves.",
          "Area-equivalent depth of the reaction front; thin dotted lines are the fitted power laws."),
    Chart(depth_log, "Which law it follows",
          "A front limited by its own reaction follows slope 1, one limited by diffusion slope 1/2 while thin. Stress "
          "that slows a reaction-limited front bends the line too, so the slope alone does not decide.",
          "A front limited by its own reaction follows slope 1, one limited by diffusion slope 1/2 while thin."),
    Chart(potential, "Potential against capacity",
          "Against the carrier metal, under the given current. It falls as stress, diffusion and a film take drive "
          "from the front; where it meets the cut-off the run ends. The first skin, in which the front cannot take the "
          "whole current yet, is left out.",
          "Against the carrier metal, of the runs with a given current."),
    Chart(stresses, "Stress as conversion goes on",
          "Hoop tension at the surface opens cracks; pressure in the core and at the front slows the front.",
          "Largest hoop stress at the surface: tension opens cracks."),
    Chart(hoop_surface, "Hoop stress along the surface",
          "Round the wire at three stages. Positive is tension. Peaks are where a crack would start.",
          "Round the wire in the last frame of each run. Positive is tension."),
    Chart(hoop_radius, "Hoop stress against radius",
          "From the axis to the surface along the section's x (full) and y (dashed).",
          "From the axis to the surface along x (full) and y (dashed), in the last frame of each run."),
    Chart(anisotropy_rose, "Anisotropy rose",
          "Deformed over initial diameter in every direction of the section.",
          "Deformed over initial diameter in every direction of the section, in the last frame of each run."),
    Chart(eq1_terms, "Driving energy, Eq. (1)",
          "Energy per ion. Below zero the reaction goes forward; where the sum meets zero the front stops. The lines "
          "of the host's and the product's stress are taken from the stored frames (recovered nodal stress, one to "
          "three half-thicknesses beside the front); the black sum is of every step.",
          "Sum of reaction, potential and stress per ion at the front; where it meets zero the front stops."),
    Chart(steps, "Solver steps",
          "Length of every accepted step, and the Newton iterations it took.",
          "Length of every accepted step."),
)
