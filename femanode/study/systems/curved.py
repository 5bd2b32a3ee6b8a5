"""How far one front gets on a film, in a wire and in a sphere, and behind a surface film: runs beside closed forms."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
from matplotlib.figure import Figure

from femanode.config.library import load_material
from femanode.config.loading import Config, load_config
from femanode.config.material import Material
from femanode.pictures.style import COLOURS, DASHES, fill, label, new_chart
from femanode.solver.laws import rates_of, swelling_volume
from femanode.study.systems.energy import (
    Body,
    arrest_fraction,
    available_eV,
    film_speed,
    flow_stress_of,
    stress_work_eV,
)
from femanode.study.systems.moved import KT
from femanode.study.systems.placing import ended_runs, placed_rows

Row = Mapping[str, Any]

BODIES: tuple[Body, ...] = ("film", "wire", "sphere")
#: Lowest diffusivity of surface films, nm^2/s: 1.8e-13 cm^2/s.
SLOWEST = 18.0
#: Converted fraction that all runs with a surface film pass, at which their times are compared.
SHARED = 0.4
#: The isotropic silicon of the sweep over bodies, and what its reaction gives at 10 mV, eV.
SILICON, ENERGY = "Li-Si", 0.1


def sharp_drive(material: Material, energy_eV: float, fraction: float, body: Body) -> float:
    """Speed of a sharp front over its rate, 1 - exp[-(E - w(f))/kT], by closed form; 0 where it stands.

    E is what the reaction gives and w the stress work of :func:`femanode.study.systems.energy.work_eV`; diffusion is no
    limit.
    """
    return max(-math.expm1((stress_work_eV(material, fraction, body) - energy_eV) / KT), 0.0)


def body_rows(folder: str | Path) -> list[dict[str, Any]]:
    """Of every run of the sweep over bodies its steps.

    Returns
    -------
    list of dict
        ``body``, ``radius_over_half_thickness`` (of a layer on a core its thickness over that), ``stands_at`` by the
        closed form, ``converted_fraction``, and ``drive``, speed over rate.
    """
    rows = []
    for run in ended_runs(folder):
        config = load_config(run.path / "config.yaml")
        body, deep = body_of(config)
        material = config.material
        stands = arrest_fraction(available_eV(config), flow_stress_of(material), 1.0 + material.swelling.full,
                                 swelling_volume(material), body)
        for fraction, drive in zip(run.history["converted_fraction"], run.history["drive"], strict=True):
            rows.append({"body": body, "radius_over_half_thickness": round(deep / _front(config), 1),
                         "stands_at": stands, "converted_fraction": float(fraction), "drive": float(drive)})
    return rows


def body_of(config: Config) -> tuple[Body, float]:
    """Which body a section stands for, and how deep it can react, nm: a layer on a core stands for a flat film."""
    radius = 0.5 * (config.geometry.narrowest or math.nan)
    if config.geometry.core is not None:
        return "film", radius - 0.5 * config.geometry.core.diameter
    return ("wire" if config.geometry.symmetry == "plane" else "sphere"), radius


def film_rows(folder: str | Path) -> list[dict[str, Any]]:
    """Rows of the sweep over surface films: ``film`` (whether there is one) and the closed form's figures are added."""
    kept = ("converted_fraction", "penetration_depth_nm", "state_of_charge", "transport_share", "stop_reason", "time_s")
    found = []
    for row, run in zip(placed_rows(folder, kept), ended_runs(folder), strict=True):
        config = load_config(run.path / "config.yaml")
        reached = float(np.interp(SHARED, run.history["converted_fraction"], run.history["time_s"]))
        found.append({"material": config.material.name, "film": config.boundary.film is not None,
                      "front_rate_nm_s": max(rates_of(config).values()),
                      "film_speed_nm_s": film_speed(config.material, SLOWEST),
                      "slower_by_closed_form": slower_behind(config, SHARED), "time_to_0_4_s": reached}
                     | {key: row[key] for key in kept})
    return found


def slower_behind(config: Config, fraction: float) -> float:
    """Time to a converted fraction behind the slowest film over that without, of a round wire without stress.

    The front at depth d takes d/k; the film lets through its speed at the surface, so that it takes f R/(2 v) more.
    """
    radius, rate = 0.5 * (config.geometry.narrowest or math.nan), max(rates_of(config).values())
    free = radius * (1.0 - math.sqrt(1.0 - fraction)) / rate
    return 1.0 + fraction * radius / (2.0 * film_speed(config.material, SLOWEST)) / free


def arrest(rows: Sequence[Row]) -> Figure:
    """Speed of the front over its rate against the converted fraction, by runs and by closed form, for each body."""
    figure, axes = new_chart(6.4, 4.4)
    silicon, fractions = load_material(SILICON), [float(f) for f in np.linspace(0.0, 0.5, 251)]
    fronts = sorted({row["radius_over_half_thickness"] for row in rows})
    for k, body in enumerate(BODIES):
        own = [row for row in rows if row["body"] == body]
        for front in dict.fromkeys((fronts[0], fronts[-1])):
            shown = [row for row in own if row["radius_over_half_thickness"] == front]
            if not shown:
                continue
            axes.plot([row["converted_fraction"] for row in shown], [row["drive"] for row in shown], marker="o",
                      markersize=3.5, color=COLOURS[k + 1], linestyle=DASHES[0 if front == fronts[0] else 1],
                      label=f"{body}, δ = R/{front:g}")
        axes.plot(fractions, [sharp_drive(silicon, ENERGY, f, body) for f in fractions], color=COLOURS[k + 1],
                  linestyle=":", linewidth=1.8, label=f"{body}, sharp front, closed form")
    axes.set_xlim(0.0, 0.5)
    axes.set_ylim(0.0, 1.0)
    label(axes, "Converted fraction", "Speed of the front over its rate, v/k", legend=False)
    axes.legend(frameon=False, fontsize=9, loc="upper right", bbox_to_anchor=(1.0, 0.74))
    fill(figure)
    return figure


def _front(config: Config) -> float:
    return config.front.half_thickness or math.nan
