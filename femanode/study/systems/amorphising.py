"""Amorphising fronts: what the rule says of five hosts beside what was seen, and one silicon over its diameter."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure

from femanode.config.library import load_material
from femanode.constitutive.crystal.amorphization import MIDDLE, WIDTH, amorphous_share
from femanode.pictures.style import COLOURS, DASHES, GRID, add_letter, label
from femanode.study.systems.placing import placed_rows
from femanode.units import EV

Row = Mapping[str, Any]

DIAMETER, DIFFUSIVITY = "geometry.diameter [nm]", "overrides.transport.diffusivity [cm^2/s]"


@dataclass(frozen=True)
class Host:
    """A host on the rule: its material, cohesive energy per atom (common tables, eV), whether it was seen faceted."""

    material: str
    bond_eV: float
    faceted: bool

    @property
    def place(self) -> tuple[float, float]:
        """Energy per atom, eV, and share by the rule."""
        material = load_material(self.material)
        strength, volume = material.mechanics.host.yield_stress.value[0], material.host.volume
        return (self.bond_eV + strength * volume / EV, amorphous_share(self.bond_eV * EV, strength, volume))


#: Silicon and germanium are the rule's anchors.
HOSTS = (Host("Li-Si", 4.63, True), Host("Li-Ge", 3.85, False), Host("Na-Sn", 3.14, False), Host("Na-Sb", 2.75, True),
         Host("Na-P", 3.43, True))


def amorphising_rows(folder: str | Path) -> list[dict[str, Any]]:
    """Rows of the sweep over the diameter: place, control and shape of the runs that came to their end."""
    return placed_rows(folder, ("transport_share", "rate_exponent", "anisotropy_ratio", "converted_fraction",
                                "stop_reason"))


def amorphising(rows: Sequence[Row]) -> Figure:
    """The rule with the hosts on it; share lost in transport and anisotropy over the diameter."""
    figure = Figure(figsize=(9.6, 3.9), facecolor="white", layout="constrained")
    FigureCanvasAgg(figure)
    left, right = figure.subplots(1, 2)
    energy = np.linspace(2.4, 5.8, 200)
    left.plot(energy, 1.0 / (1.0 + np.exp((energy - MIDDLE / EV) / (WIDTH / EV))), color=COLOURS[0])
    for host, aside in zip(HOSTS, ((18, 8), (-30, -6), (0, -18), (0, -18), (0, -18)), strict=True):
        x, y = host.place
        left.plot(x, y, "o", color=COLOURS[2] if host.faceted else COLOURS[1],
                  markerfacecolor=COLOURS[2] if host.faceted else "white", markersize=8)
        left.annotate(host.material, (x, y), xytext=aside, textcoords="offset points", ha="center", fontsize=9.5)
    left.plot([], [], "o", color=COLOURS[2], label="seen faceted, reaction-controlled")
    left.plot([], [], "o", color=COLOURS[1], markerfacecolor="white", label="seen isotropic")
    left.set_ylim(-0.05, 1.1)
    label(left, "Bonds and flow of the host (eV per atom)", "Amorphised share of the front (rule)", legend=False)
    left.legend(frameon=False, fontsize=9, loc="lower left")
    shape = right.twinx()
    for k, diffusivity in enumerate(sorted({row[DIFFUSIVITY] for row in rows})):
        shown = sorted((row for row in rows if row[DIFFUSIVITY] == diffusivity), key=lambda row: row[DIAMETER])
        across, text = [row[DIAMETER] for row in shown], f"D = {diffusivity:g} cm²/s"
        right.plot(across, [row["transport_share"] for row in shown], marker="o", color=COLOURS[k + 1],
                   linestyle=DASHES[0], label=f"lost in transport, {text}")
        shape.plot(across, [row["anisotropy_ratio"] for row in shown], marker="s", color=COLOURS[k + 1],
                   linestyle=DASHES[1], markerfacecolor="white")
        right.plot([], [], marker="s", color=COLOURS[k + 1], linestyle=DASHES[1], markerfacecolor="white",
                   label=f"anisotropy (right), {text}")
    right.axhspan(1.0 / 3.0, 2.0 / 3.0, color="#f0f0f0", zorder=0)
    right.set_ylim(0.0, 1.4)
    shape.set_ylim(1.0, 7.0)
    shape.set_ylabel("Largest over smallest diameter", fontsize=11)
    label(right, "Diameter (nm)", "Share of the activity lost in transport", legend=False)
    right.legend(frameon=False, fontsize=8.5, loc="upper right")
    for number, axes in enumerate((left, right)):
        axes.grid(color=GRID, linewidth=0.6)
        axes.set_axisbelow(True)
        add_letter(axes, number, 12.0, (-0.12, 1.02))
    return figure
