r"""Where a configuration stands among the regimes: two numbers without unit, by closed form.

Across, the Damkohler number L = k R c_f/((1 - c_f) D) of :func:`femanode.postprocess.growth.damkohler`: above about
one, diffusion takes more of the time than the front. Along, the stress work per carrier at half conversion over what
the reaction gives,

    S = (p + 2 s/3) (J_f - 1) V/x_f / (e z (U - applied)),   p = (s/sqrt 3) ln(1 + J),

see :mod:`femanode.study.systems.energy`: at one, a sharp front behind which an ideally plastic shell flows stands still
with half of a round wire converted.
"""

from __future__ import annotations

import csv
import io
import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from femanode.config.loading import Config, load_config
from femanode.output.runfolder import RunFolder
from femanode.solver.laws import rates_of, swelling_volume
from femanode.study.cases import Builder
from femanode.study.outcomes import read_study
from femanode.study.systems.energy import (
    arrest_fraction,
    available_eV,
    flow_stress_of,
    rate_for_diffusion_control,
    stress_work_eV,
)
from femanode.study.systems.files import System
from femanode.study.systems.inputs import study_of
from femanode.units import E_CHARGE

#: Figures of a run that are kept beside its place.
KEPT = ("converted_fraction", "converted_at_drive_0_3", "transport_share", "regime", "rate_exponent", "self_limited",
        "stop_reason", "time_s")
#: Converted fraction at which stress work and driving energy are compared.
HALF = 0.5


@dataclass(frozen=True)
class Place:
    """Where a configuration stands.

    Attributes
    ----------
    damkohler : float
        k R c_f/((1 - c_f) D), k the fastest direction's rate.
    work_share : float
        Stress work per carrier at half conversion over the driving energy.
    """

    damkohler: float
    work_share: float


def place_of(config: Config) -> Place:
    """Place of a configuration; the stress work is that in a round wire, whatever the section."""
    material = config.material
    return Place(damkohler=max(rates_of(config).values()) / rate_for_diffusion_control(config),
                 work_share=stress_work_eV(material, HALF) / available_eV(config))


def ends_of(system: System) -> tuple[Place, Place]:
    """Smallest and largest of both numbers as each input with a range goes to either end of it, one at a time."""
    study = study_of(system, quick=False)
    builder = Builder(study)
    places = [place_of(builder.config(values)) for values in study.points]
    across, along = [one.damkohler for one in places], [one.work_share for one in places]
    return Place(min(across), min(along)), Place(max(across), max(along))


def stands_at(config: Config) -> float:
    """Converted fraction at which a sharp front in a round wire would stand by stress: 1 where it never does."""
    material = config.material
    return arrest_fraction(available_eV(config), flow_stress_of(material), 1.0 + material.swelling.full,
                           swelling_volume(material))


def hours_through(config: Config, diameter: float) -> float:
    """Hours in which a front that no stress holds back goes through a round wire, (R/k)(1 + L/4).

    The cylinder law t = (1/k) {(R - s) + L/R [(R^2 - s^2)/4 - (s^2/2) ln(R/s)]} at s = 0, with the fastest rate.

    Parameters
    ----------
    config : Config
    diameter : float
        nm; L is taken in proportion to it.
    """
    rate = max(rates_of(config).values())
    number = place_of(config).damkohler * diameter / (config.geometry.narrowest or math.nan)
    return 0.5 * diameter / rate * (1.0 + number / 4.0) / 3600.0


def diameter_through(config: Config, hours: float) -> float:
    """Diameter, nm, that takes :func:`hours_through` to go through."""
    rate = max(rates_of(config).values())
    slope = place_of(config).damkohler / (0.5 * (config.geometry.narrowest or math.nan)) / 4.0
    reach = rate * hours * 3600.0
    return 2.0 * (2.0 * reach / (1.0 + math.sqrt(1.0 + 4.0 * slope * reach)))


def interface_energy_through(config: Config, diameter: float) -> float:
    """Interface energy, J/m^2, with which a round wire that stress would stop just goes through.

    Around a core of radius s it gives each carrier g V_host/(x_f s); the largest g that is asked for on the way, over
    all converted fractions. 0 where the driving energy is enough.

    Parameters
    ----------
    config : Config
    diameter : float
        nm.
    """
    material = config.material
    fractions = np.linspace(0.0, 0.999, 1000)
    missing = np.array([stress_work_eV(material, float(f)) for f in fractions]) - available_eV(config)
    core = 0.5 * diameter * np.sqrt(1.0 - fractions)
    # eV nm per nm^3 to J/m^2: GPa nm
    return max(float(np.max(missing * core)), 0.0) * E_CHARGE * material.content.x_front / material.host.volume


def placed_rows(folder: str | Path, kept: Sequence[str] = KEPT) -> list[dict[str, Any]]:
    """Of every case of a sweep that came to its end its parameters, its place and the figures that are kept.

    Parameters
    ----------
    folder : path
        A sweep's folder.
    kept : sequence of str
        Columns of its table.

    Returns
    -------
    list of dict
        The parameters that were varied by their columns' names, ``damkohler``, ``work_share``, then the figures; None
        for no value.

    Raises
    ------
    ConfigError
        Not a sweep.
    """
    study = read_study(folder)
    parameters = [column for group in study.groups for column in group]
    rows = []
    for _, case in study.table[study.ended].iterrows():
        place = place_of(load_config(study.folder / str(case["folder"]) / "config.yaml"))
        rows.append({name: case[name] for name in parameters}
                    | {"damkohler": place.damkohler, "work_share": place.work_share}
                    | {name: None if pd.isna(case[name]) else case[name] for name in kept})
    return rows


def ended_runs(folder: str | Path) -> list[RunFolder]:
    """Folders of a sweep's cases that came to their end, in the order of :func:`placed_rows`."""
    study = read_study(folder)
    return [RunFolder(study.folder / str(place)) for place in study.table[study.ended]["folder"]]


def as_csv(rows: Sequence[Mapping[str, Any]]) -> str:
    """Rows as CSV, numbers with six digits."""
    stream = io.StringIO()
    writer = csv.DictWriter(stream, list(rows[0]), lineterminator="\n")
    writer.writeheader()
    writer.writerows({key: f"{value:.6g}" if isinstance(value, float) else value for key, value in row.items()}
                     for row in rows)
    return stream.getvalue()


def from_csv(lines: Iterable[str]) -> list[dict[str, Any]]:
    """Rows back from CSV: numbers as such, None for empty cells."""
    return [{key: _value(text) for key, text in row.items()} for row in csv.DictReader(lines)]


def _value(text: str) -> Any:
    try:
        return float(text) if text else None
    except ValueError:
        return {"True": True, "False": False}.get(text, text)
