"""Charge and discharge of a sphere beside PyBaMM's single-particle model and a closed form.

    python benchmarks/peer_pybamm.py [--run ELEMENT FILLING ...] [--json FILE]

One sphere of 100 nm that takes up carriers by Fick's law, on one open-circuit curve (Li-a-Si's), at currents that are
given: femanode with a swelling of 1e-4, PyBaMM's half cell with nothing between electrolyte and particle, and the
series of eigenfunctions, which has neither mesh nor time step. Two protocols: pulses and rests, and two cycles between
cut-offs. PyBaMM (``pip install pybamm``, BSD-3) is neither part of femanode nor needed by it: V. Sulzer, S. G. Marquis,
R. Timms, M. Robinson and S. J. Chapman, Python Battery Mathematical Modelling (PyBaMM), Journal of Open Research
Software 9 (2021) 14.
"""

from __future__ import annotations

import argparse
import json
import sys
import tempfile
import time
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy.optimize import brentq

import femanode
from femanode.constitutive.opencircuit import OpenCircuit
from femanode.solver.laws import chemistry_of

Values = NDArray[np.float64]

RADIUS = 50.0                   # nm
FARADAY = 96485.33212           # C/mol
HOUR = 3600.0
#: Seconds after a step's beginning, and before a cut-off, within which potentials are not compared.
NEAR = 60.0
#: PyBaMM 26.10 adds a barrier to every open-circuit potential, of 1 mV at a stoichiometry of 0.001 and of 1 V at 0, and
#: likewise at 1. It moves cut-offs at contents of 0 and 1; a stoichiometry of `LEAST` + `SPAN` content stays away from
#: it, and as diffusion is linear, nothing else changes.
LEAST, SPAN = 0.25, 0.5


@dataclass(frozen=True)
class Step:
    """A step of a protocol: its current in C (in: positive), and a time (s) or a cut-off (V) that ends it."""

    rate: float
    lasts: float | None = None
    cutoff: float | None = None

    def sentence(self, *, ours: bool) -> str:
        """The step as femanode or PyBaMM reads it; a half cell's discharge fills its positive electrode."""
        end = f"for {self.lasts:g} {'s' if ours else 'seconds'}" if self.cutoff is None else f"until {self.cutoff:g} V"
        if self.rate == 0.0:
            return f"Rest {end}"
        inward, outward = ("Lithiate", "Delithiate") if ours else ("Discharge", "Charge")
        return f"{inward if self.rate > 0.0 else outward} at {abs(self.rate):g}C {end}"


@dataclass(frozen=True)
class Case:
    """A protocol, how often it is repeated, the diffusivity (cm^2/s) and the content at the start."""

    steps: tuple[Step, ...]
    cycles: int
    diffusivity: float
    content: float

    @property
    def relaxation(self) -> float:
        """R^2/D, s."""
        return (1e-7 * RADIUS) ** 2 / self.diffusivity


@dataclass
class Leg:
    """What a code found for a step: seconds since it began, potential (V), and the sphere's mean content at its end."""

    times: Values
    potentials: Values
    content: float

    @property
    def lasted(self) -> float:
        """Seconds from beginning to end."""
        return float(self.times[-1])


@dataclass
class Solution:
    """The legs of all cycles in turn, and seconds of wall time."""

    legs: list[Leg] = field(default_factory=list)
    seconds: float = 0.0


CASES = {
    "pulses of C/5 for 30 min, rests of 1 h": Case((Step(0.2, lasts=1800.0), Step(0.0, lasts=3600.0)), 8, 1e-15, 0.08),
    "two cycles at 1C between 50 mV and 1 V": Case(
        (Step(1.0, cutoff=0.05), Step(0.0, lasts=3600.0), Step(-1.0, cutoff=1.0), Step(0.0, lasts=3600.0)), 2, 2.5e-15,
        0.08)}


def roots(number: int) -> Values:
    """The first positive roots of tan x = x, by Newton's method."""
    middle = (np.arange(1, number + 1) + 0.5) * np.pi
    x = middle - 1.0 / middle
    for _ in range(8):
        x = x - (np.sin(x) - x * np.cos(x)) / (x * np.sin(x))
    return np.asarray(x)


class Sphere:
    """A sphere under given currents by eigenfunctions: content at the surface is mean + the sum of the modes' parts.

    Under a constant rate q of the mean content, the part w of the mode with root x has dw/dt = 2 q/3 - x^2 w/T with
    T = R^2/D (Crank, The Mathematics of Diffusion, 1975, section 6.3.3, for the sphere that begins even). Modes beyond
    those counted are taken as at rest in the current: their sum is what is missing in the sum of 2/x^2, which is 1/5.
    """

    def __init__(self, content: float, relaxation: float, modes: int = 2000) -> None:
        self.content, self.relaxation = content, relaxation
        self.squares = roots(modes) ** 2
        self.parts = np.zeros(modes)
        self.missing = 0.2 - float(np.sum(2.0 / self.squares))

    def surface(self, rate: float, times: Values) -> Values:
        """Content at the surface at ``times`` (s) from now on under ``rate`` (1/s)."""
        level = rate * self.relaxation / 3.0
        rest = level * 2.0 / self.squares
        decay = np.concatenate([np.exp(-np.outer(some, self.squares) / self.relaxation) @ (self.parts - rest)
                                for some in np.array_split(times, max(len(times) // 200, 1))])
        return np.asarray(self.content + rate * times + level * self.missing + rest.sum() + decay)

    def pass_by(self, rate: float, seconds: float) -> None:
        """Go on by ``seconds`` under ``rate`` (1/s)."""
        rest = rate * self.relaxation / 3.0 * 2.0 / self.squares
        self.parts = rest + (self.parts - rest) * np.exp(-self.squares * seconds / self.relaxation)
        self.content += rate * seconds


def exact(case: Case, curve: OpenCircuit) -> Solution:
    """The closed form, each second."""
    begin, found, sphere = time.perf_counter(), Solution(), Sphere(case.content, case.relaxation)
    for step in case.steps * case.cycles:
        rate, lasts = step.rate / HOUR, step.lasts
        if step.cutoff is not None:
            goal = float(curve.content(np.array(curve.level_at(step.cutoff))))

            def past(at: float, rate: float = rate, goal: float = goal) -> float:
                return float(sphere.surface(rate, np.array([at]))[0]) - goal

            lasts = float(brentq(past, 1.0, HOUR / abs(step.rate), xtol=1e-6))
        assert lasts is not None
        times = np.append(np.arange(0.0, lasts - 0.5), lasts)
        potentials = curve.full + 1.0 - curve.level(sphere.surface(rate, times))
        sphere.pass_by(rate, lasts)
        found.legs.append(Leg(times, potentials, sphere.content))
    found.seconds = time.perf_counter() - begin
    return found


def config(case: Case, element: float, filling: float) -> femanode.Config:
    """femanode's case: elements in nm, and the largest change of content in a time step."""
    return femanode.Config.from_mapping({
        "name": "sphere", "geometry": {"shape": "circle", "diameter": f"{2.0 * RADIUS} nm", "symmetry": "axisymmetric"},
        "material": "Li-a-Si",
        "overrides": {"chemistry.law": "open_circuit", "transport.diffusivity": f"{case.diffusivity} cm^2/s",
                      "swelling.expansion": 1e-4},
        "initial": {"reacted": True, "content": case.content},
        "front": {"half_thickness": "8 nm"}, "mesh": {"element_size": f"{element} nm"},
        "boundary": {"protocol": [step.sentence(ours=True) for step in case.steps], "cycles": case.cycles},
        "time": {"end": "100 h", "max_filling_increment": filling},
        "output": {"frames": 2, "frames_by": "time", "pictures": False}})


def ours(case: Case, element: float, filling: float) -> tuple[Solution, int]:
    """femanode's solution, and its number of time steps."""
    found, case_config = Solution(), config(case, element, filling)
    with tempfile.TemporaryDirectory() as folder:
        begin = time.perf_counter()
        result = femanode.run(case_config, Path(folder) / "run")
        found.seconds = time.perf_counter() - begin
        history = result.history
        steps = json.loads((Path(folder) / "run" / "manifest.json").read_text(encoding="utf-8"))["protocol"]
    at, potential, content = (history[name].to_numpy() for name in ("time_s", "potential_V", "state_of_charge"))
    for step in steps:
        inside = (at > step["begun_s"] + 1e-6) & (at <= step["ended_s"] + 1e-6)
        found.legs.append(Leg(at[inside] - step["begun_s"], potential[inside], float(content[inside][-1])))
    return found, len(at) - 1


def theirs(case: Case, curve: OpenCircuit, cells: int, tolerance: float) -> Solution:
    """PyBaMM's solution: equal cells along the radius, and the relative tolerance of its integrator."""
    import pybamm  # type: ignore[import-not-found]

    levels = np.linspace(curve.level_at(1.4), curve.level_at(-0.2), 16001)
    contents, potentials = curve.content(levels), curve.full + 1.0 - levels

    def open_circuit(stoichiometry: Any) -> Any:
        return pybamm.Interpolant(LEAST + SPAN * contents, potentials, stoichiometry, interpolator="linear")

    most, thickness, area, filled = 1e5, 1e-5, 1e-4, 0.5
    plenty = 1e6
    values = pybamm.ParameterValues("Xu2019")
    values.update({
        "Positive particle radius [m]": 1e-9 * RADIUS,
        "Positive particle diffusivity [m2.s-1]": 1e-4 * case.diffusivity,
        "Positive electrode OCP [V]": open_circuit,
        "Maximum concentration in positive electrode [mol.m-3]": most,
        "Initial concentration in positive electrode [mol.m-3]": (LEAST + SPAN * case.content) * most,
        "Positive electrode thickness [m]": thickness, "Positive electrode active material volume fraction": filled,
        "Electrode height [m]": area**0.5, "Electrode width [m]": area**0.5,
        "Positive electrode conductivity [S.m-1]": 1e12, "Negative electrode conductivity [S.m-1]": 1e12,
        "Contact resistance [Ohm]": 0.0,
        "Nominal cell capacity [A.h]": FARADAY * most * SPAN * filled * thickness * area / HOUR,
        "Positive electrode exchange-current density [A.m-2]": lambda *_: pybamm.Scalar(plenty),
        "Exchange-current density for lithium metal electrode [A.m-2]": lambda *_: pybamm.Scalar(plenty),
        "Lower voltage cut-off [V]": -1.0, "Upper voltage cut-off [V]": 2.0})
    model = pybamm.lithium_ion.SPM({"working electrode": "positive"})
    cycle = tuple(step.sentence(ours=False) for step in case.steps)
    plan = pybamm.Experiment([cycle] * case.cycles, period="5 seconds")
    found, begin = Solution(), time.perf_counter()
    simulation = pybamm.Simulation(
        model, parameter_values=values, experiment=plan, var_pts={"x_n": 3, "x_s": 3, "x_p": 3, "r_p": cells},
        solver=pybamm.IDAKLUSolver(rtol=tolerance, atol=1e-2 * tolerance))
    solution = simulation.solve()
    found.seconds = time.perf_counter() - begin
    for one in solution.cycles:
        for step in one.steps:
            at, volts = step["Time [s]"].entries, step["Voltage [V]"].entries
            mean = step["Average positive particle stoichiometry"].entries
            found.legs.append(Leg(at - at[0], volts, (float(mean[-1]) - LEAST) / SPAN))
    return found


@dataclass(frozen=True)
class Apart:
    """Differences of potential, mV: over time, and at the ends of steps with current and of rests."""

    rms: float
    largest: float
    ends: float
    rests: float


def apart(case: Case, one: Solution, other: Solution) -> Apart:
    """``one`` against ``other``, at the instants of ``one`` of which `NEAR` tells how far they are from switching.

    Instants count with the time since the one before. Ends of steps that a cut-off ends have its potential in both.
    """
    gaps, weights, ends = [], [], {True: [0.0], False: [0.0]}
    for step, mine, its in zip(case.steps * case.cycles, one.legs, other.legs, strict=True):
        gap = mine.potentials - np.interp(mine.times, its.times, its.potentials)
        until = np.inf if step.cutoff is None else min(mine.lasted, its.lasted) - NEAR
        far = (mine.times >= NEAR) & (mine.times <= until)
        gaps.append(gap[far])
        weights.append(np.diff(mine.times, prepend=0.0)[far])
        if step.cutoff is None:
            ends[step.rate != 0.0].append(abs(mine.potentials[-1] - its.potentials[-1]))
    gap, weight = np.concatenate(gaps), np.concatenate(weights)
    return Apart(*(1e3 * float(value) for value in (
        np.sqrt(np.sum(weight * gap**2) / np.sum(weight)), np.abs(gap).max(), max(ends[True]), max(ends[False]))))


def passed(case: Case, solution: Solution) -> list[tuple[float, float, float]]:
    """Content that each step with a cut-off has moved, the seconds it took, and the potential at its end, V."""
    contents = [case.content] + [leg.content for leg in solution.legs]
    return [(after - before, leg.lasted, float(leg.potentials[-1])) for step, leg, before, after in
            zip(case.steps * case.cycles, solution.legs, contents, contents[1:], strict=False)
            if step.cutoff is not None]


def depletion(case: Case, solution: Solution, curve: OpenCircuit) -> float:
    """Largest difference of content between surface and mean at the end of a step."""
    return max(abs(float(curve.content(np.array(curve.level_at(float(leg.potentials[-1]))))) - leg.content)
               for leg in solution.legs)


def say(text: str) -> None:
    """A line to the terminal, at once."""
    sys.stdout.write(text + "\n")
    sys.stdout.flush()


def row(name: str, case: Case, one: Solution, references: list[Solution]) -> None:
    """A line of the table: differences from each reference, and wall time."""
    told = [apart(case, one, other) for other in references]
    say(f"| {name} | " + " | ".join(f"{a.rms:.2f}, {a.largest:.2f} | {a.ends:.2f}, {a.rests:.2f}" for a in told)
        + f" | {one.seconds:.2f} |")


def report(case: Case, name: str, meshes: list[tuple[float, float]], grids: list[tuple[int, float]]) -> dict[str, Any]:
    """Run a case by all three and print its tables."""
    curve = chemistry_of(config(case, 4.0, 0.02))
    assert isinstance(curve, OpenCircuit)
    truth = exact(case, curve)
    peers = {f"PyBaMM, {cells} cells, {tolerance:g}": theirs(case, curve, cells, tolerance)
             for cells, tolerance in grids}
    runs = {}
    for element, filling in meshes:
        found, steps = ours(case, element, filling)
        runs[f"femanode, {element:g} nm, {filling:g} ({steps} steps)"] = found
    best = list(peers.values())[-1]
    say(f"\n{name}; R^2/D = {case.relaxation:g} s, depletion {depletion(case, truth, curve):.3f}\n\n"
        "| | closed form: rms, largest | ends: current, rest | finest PyBaMM: rms, largest | ends: current, rest | s |")
    say("|---|---|---|---|---|---|")
    for label, found in (peers | runs).items():
        row(label, case, found, [truth, best])
    first, default = next(iter(runs.values())), next(iter(peers.values()))
    say(f"\nwall time, femanode over PyBaMM, each at its defaults: {first.seconds / default.seconds:.1f}")
    everything = {"closed form": truth} | peers | runs
    if any(step.cutoff is not None for step in case.steps):
        say("\n| content moved, minutes, mV at the end | " + " | ".join(
            f"half cycle {i + 1}" for i in range(len(passed(case, truth)))) + " |")
        say("|---|" + "---|" * len(passed(case, truth)))
        for label, found in everything.items():
            say(f"| {label} | " + " | ".join(
                f"{moved:+.5f} ({100.0 * (moved / true[0] - 1.0):+.3f} %), {seconds / 60.0:.3f}, {1e3 * volts:.2f}"
                for (moved, seconds, volts), true in zip(passed(case, found), passed(case, truth), strict=True)) + " |")
    return {label: {"seconds": found.seconds, "passed": passed(case, found), **vars(apart(case, found, truth))}
            for label, found in everything.items()}


def main() -> None:
    """Parse, run, print."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").split("\n\n")[0])
    parser.add_argument("--run", nargs=2, type=float, action="append", metavar=("ELEMENT", "FILLING"),
                        help="size of femanode's elements, nm, and change of content per step, instead of the usual")
    parser.add_argument("--json", type=Path, help="file for all figures")
    options = parser.parse_args()
    meshes = [(one, other) for one, other in options.run or
              ((4.0, 0.02), (2.0, 0.02), (4.0, 0.01), (4.0, 0.005), (2.0, 0.005), (1.0, 0.005))]
    grids = [(20, 1e-4), (100, 1e-4), (100, 1e-7), (200, 1e-7)]
    begin = time.perf_counter()
    ours(Case((Step(1.0, lasts=60.0),), 1, 1e-15, 0.2), 8.0, 0.02)
    say(f"start and compilation: {time.perf_counter() - begin:.1f} s")
    found = {name: report(case, name, meshes, grids) for name, case in CASES.items()}
    if options.json:
        options.json.write_text(json.dumps(found, indent=1), encoding="utf-8")


if __name__ == "__main__":
    main()
