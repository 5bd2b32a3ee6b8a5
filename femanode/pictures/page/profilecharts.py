"""Charts of where: stress along the surface and along rays, and the shape of the section, from the stored frames.

Each takes one run, drawn at several stages, or several runs, drawn at their ends, and gives a figure.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, cast

import numpy as np
from matplotlib import colormaps
from matplotlib.figure import Figure
from matplotlib.projections.polar import PolarAxes

from femanode.constitutive.crystal.miller import parse_miller, positive
from femanode.pictures.curves import describe_stage
from femanode.pictures.directions import plain
from femanode.pictures.page.chartcase import Case, clock, column, stages
from femanode.pictures.style import DASHES, label, line_style, new_chart
from femanode.postprocess.profiles import along_ray, along_surface, rose

HOOP = "hoop_stress_GPa"


def hoop_surface(cases: Sequence[Case]) -> Figure | None:
    """Hoop stress along the outer surface: of one run at several stages, of several at their ends."""
    figure, axes = new_chart()
    for case, frame, style, name in _lines(cases, 3):
        line = along_surface(case.facts.instant(frame).mesh, case.facts.run.sector, HOOP)
        axes.plot(line.position, line.values, label=name, **style)
    axes.axhline(0.0, color="#777777", linewidth=0.9, zorder=1)
    axes.set_xlim(-180, 180)
    axes.set_xticks(range(-180, 181, 60))
    label(axes, f"Polar angle from {cases[0].facts.run.axes[0]} (degrees)", "Hoop stress at the surface (GPa)")
    return figure


def hoop_radius(cases: Sequence[Case]) -> Figure | None:
    """Hoop stress against the distance from the axis, along x or r (full lines) and y or z (dashed)."""
    figure, axes = new_chart()
    for case, frame, style, name in _lines(cases, 2):
        mesh = case.facts.instant(frame).mesh
        names = case.facts.run.axes
        for direction, along, dashes in (((1.0, 0.0), names[0], "-"), ((0.0, 1.0), names[1], "--")):
            line = along_ray(mesh, HOOP, direction)
            axes.plot(line.position, line.values, **{**style, "linestyle": dashes}, label=f"{name}, {along}")
    axes.axhline(0.0, color="#777777", linewidth=0.9, zorder=1)
    axes.set_xlim(left=0.0)
    label(axes, "Distance from the origin, deformed (nm)" if cases[0].facts.run.axisymmetric else
          "Distance from the axis, deformed (nm)", "Hoop stress (GPa)")
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
    factor, unit = clock(cases)
    for number, (frame, colour) in enumerate(zip(chosen, shades, strict=True)):
        time = float(case.facts.run.frames.times[frame])
        name = (f"{time / factor:.3g} {unit}" if t is None or f is None
                else describe_stage(case.facts.run.columns, time))
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
                angles[round(angle % 360, 3)] = plain(positive(parse_miller(miller)))
                angles[round((angle + 180) % 360, 3)] = ""
        found.append(angles)
    return found[0] if all(angles == found[0] for angles in found) else {}
