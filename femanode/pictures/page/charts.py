"""The charts of the report in the order of the page, each with its heading and what it shows."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from matplotlib.figure import Figure

from femanode.pictures.page.chartcase import Case
from femanode.pictures.page.historycharts import depth, depth_log, eq1_terms, potential, steps, stresses
from femanode.pictures.page.profilecharts import anisotropy_rose, hoop_radius, hoop_surface


@dataclass(frozen=True)
class Chart:
    """A chart of the page: what draws it, its heading, what it shows of one run and of several."""

    draw: Callable[[Sequence[Case]], Figure | None]
    heading: str
    one: str
    several: str
    front: bool = False  #: has a meaning only where there is a front
    key: str = ""  #: column of the history beside which a measured curve is drawn


CHARTS: tuple[Chart, ...] = (
    Chart(depth, "How deep the front has gone",
          "Depth of an even front that has converted as much. The dotted line is the power law fitted while it moves.",
          "Depth of an even front that has converted as much; thin dotted lines are fitted power laws.", front=True,
          key="front_depth_nm"),
    Chart(depth_log, "Which law it follows",
          "A front limited by its own reaction follows slope 1, one limited by diffusion slope 1/2 while thin. Stress "
          "that slows a reaction-limited front bends the line too, so the slope alone does not decide.",
          "A front limited by its own reaction follows slope 1, one limited by diffusion slope 1/2 while thin.",
          front=True),
    Chart(potential, "Potential against capacity",
          "Against the carrier metal, under the given current. It falls as stress, diffusion and a film take drive "
          "from the front; where it meets the cut-off the run or step ends. The first skin, in which the front cannot "
          "take the whole current yet, is left out. Between the ways in (full) and out (dashed) of a cycle lies what "
          "plastic flow, diffusion, front and film dissipate.",
          "Against the carrier metal, of the runs with a given current.", key="potential_V"),
    Chart(stresses, "Stress as the run goes on",
          "Hoop tension at the surface opens cracks; pressure in the core and at the front slows the front.",
          "Largest hoop stress at the surface: tension opens cracks."),
    Chart(hoop_surface, "Hoop stress along the surface",
          "Round the wire at three stages. Positive is tension. Peaks are where a crack would start.",
          "Round the wire in the last frame of each run. Positive is tension."),
    Chart(hoop_radius, "Hoop stress against radius",
          "From the axis to the surface along the section's x (full) and y (dashed); of a particle "
          "from its centre along r and along the axis z.",
          "From the axis to the surface along x (full) and y (dashed), in the last frame of each run."),
    Chart(anisotropy_rose, "Anisotropy rose",
          "Deformed over initial diameter in every direction of the section.",
          "Deformed over initial diameter in every direction of the section, in the last frame of each run."),
    Chart(eq1_terms, "Driving energy, Eq. (1)",
          "Energy per ion. Below zero the reaction goes forward; where the sum meets zero the front stops. The lines "
          "of the host's and the product's stress are taken from the stored frames (recovered nodal stress, one to "
          "three half-thicknesses beside the front); the black sum is of every step.",
          "Sum of reaction, potential and stress per ion at the front; where it meets zero the front stops.",
          front=True),
    Chart(steps, "Solver steps",
          "Length of every accepted step, and the Newton iterations it took.",
          "Length of every accepted step."),
)
