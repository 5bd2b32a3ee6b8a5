"""Figures of merit: one row per accepted step, and the summary of a run (the *postprocess* stage)."""

from __future__ import annotations

from dataclasses import astuple, dataclass
from itertools import product
from math import gcd
from typing import Any

import numpy as np

from femanode.constitutive.crystal.rates import format_miller
from femanode.constitutive.swelling import conversion, volume_ratio
from femanode.mesh.outline import SPANS
from femanode.numerics.arrays import Array
from femanode.output.fieldset import FieldSet
from femanode.postprocess import arrest, cracks, growth
from femanode.postprocess.accuracy import Bias, expected_bias
from femanode.postprocess.necks import Skin, even_skin, figures_after, whole_rim
from femanode.postprocess.shape import Ray, diameters, full_outline
from femanode.postprocess.shell import Shell, host_depth
from femanode.solver import electrode
from femanode.solver.candidate import Candidate, front_mean
from femanode.solver.energy import Energy
from femanode.solver.front import on_front
from femanode.solver.problem import Problem, resolution
from femanode.solver.state import Part, State
from femanode.solver.stepping import ABOVE_CUTOFF, StopReason
from femanode.units import E_CHARGE

Row = dict[str, float]

#: Columns of the power balance: what carriers gave, what swelling took, flow dissipated, and is stored elastically.
ENERGIES = ("chemical_energy_nJ_m", "swelling_work_nJ_m", "flow_dissipation_nJ_m", "stored_energy_nJ_m")


def bias_of(problem: Problem) -> Bias:
    """Expected bias of core stress and arrest of a problem; see :mod:`femanode.postprocess.accuracy`."""
    config, section = problem.config, problem.section
    size, delta = resolution(config)[0], problem.half_thickness
    return expected_bias(delta, section.outline.wall, size if size is not None else
                         section.actual_size, config.time.max_front_advance, config.front.conversion_start)


@dataclass(frozen=True)
class Moment:
    """What one accepted step adds to the record beyond its row.

    ``activity`` carrier activity at the front (mean), ``drive`` v/k(n) (mean), ``surface`` signed distance of the
    front's middle behind the surface, nm, ``outside`` activity outside the surface.
    """

    t: float
    activity: float
    drive: float
    surface: float
    outside: float = 1.0


class Recorder:
    """Turns accepted states into rows of ``history.csv`` and, at the end, the summary."""

    def __init__(self, problem: Problem) -> None:
        self.rows: list[Row] = []
        self.moments: list[Moment] = []
        self.cracks: list[cracks.Site] = []
        #: The skin as each row left it: the record may be one row ahead of what a checkpoint takes.
        self.skins: list[Skin] = []
        self.move_to(problem)

    def move_to(self, problem: Problem) -> None:
        """Go on with the same run on another mesh."""
        self.problem = problem
        section, spaces = problem.section, problem.physics.spaces
        self._rays = tuple(Ray(spaces, d, section.outline) for d in ((1.0, 0.0), (0.0, 1.0)))
        self._shell = Shell(spaces)
        from_axis = np.hypot(*spaces.qp_xy).min(axis=1)
        self._core = np.flatnonzero(from_axis < from_axis.min() + 0.6 * section.actual_size)

    def initial(self, state: State) -> Row:
        """Row of the pristine section."""
        return self._record(FieldSet(self.problem, state), 0.0, 0, 0.0, Energy(0.0, 0.0, 0.0, 0.0))

    def step(self, candidate: Candidate, fields: FieldSet) -> Row:
        """Row of an accepted candidate."""
        balance, equilibrium = candidate.balance, candidate.equilibrium
        carried = balance.inflow / fields.state.dt if balance and fields.state.dt > 0 else 0.0
        return self._record(fields, balance.error if balance else 0.0, equilibrium.iterations if equilibrium else 0,
                            carried, candidate.energy or Energy(0.0, 0.0, 0.0, 0.0))

    def _energies(self, energy: Energy) -> Row:
        """Energies so far of the whole section, per length of wire, and the gap in their balance."""
        last = self.rows[-1] if self.rows else dict.fromkeys(ENERGIES, 0.0)
        whole = 2.0 * np.pi / SPANS[self.problem.section.sector]
        spent = (energy.chemical, energy.work, energy.flow)
        row = {key: last[key] + whole * value for key, value in zip(ENERGIES, spent, strict=False)}
        row[ENERGIES[3]] = whole * energy.stored
        chemical, work, flow, stored = (row[key] for key in ENERGIES)
        return {**row, "energy_gap": (work - flow - stored) / chemical if chemical > 0 else 0.0}

    def _record(self, fields: FieldSet, content_error: float, newton: int, carried: float, energy: Energy) -> Row:
        problem, state = self.problem, fields.state
        physics, front = problem.physics, problem.physics.front
        spaces, mass = physics.spaces, physics.spaces.mass
        f = physics.converted_fraction(state.xi)
        distance = front.log_odds(state.xi)
        drive = front_mean(front.kinetics.drive(state.front_stress, state.activity), state.xi, spaces)
        speed = front.speed(front.normals(state.xi), state.front_stress, state.activity)
        outline = full_outline(fields.position[:, spaces.outer], problem.section.sector)
        across = diameters(outline, np.linspace(0.0, np.pi, 721)[:-1])  # every quarter of a degree, from x on
        nodal_hoop = problem.recovery(fields.hoop_stress)
        weight = front.weight(state.xi) * spaces.weight
        core = spaces.weight[self._core]
        crack = cracks.weakest(fields, self._shell, f)
        row: Row = {
            "time_s": state.t, "dt_s": state.dt, "converted_fraction": f,
            "state_of_charge": float(np.sum(mass * physics.content_at_nodes(state)) / mass.sum()),
            "front_depth_nm": problem.section.outline.equivalent_depth(f),
            "front_depth_x_nm": self._rays[0].front_depth(distance),
            "front_depth_y_nm": self._rays[1].front_depth(distance),
            "front_speed_nm_s": front_mean(speed, state.xi, spaces),
            "drive": drive if on_front(state.xi).any() else float("nan"), "axial_stretch": state.F33,
            "diameter_x_nm": float(across[0]),
            "diameter_y_nm": float(across[360]),
            "diameter_max_nm": float(across.max()), "diameter_min_nm": float(across.min()),
            "hoop_surface_max_GPa": float(nodal_hoop[spaces.outer].max()),
            "hoop_max_GPa": float(nodal_hoop.max()), "hoop_min_GPa": float(nodal_hoop.min()),
            "core_mean_stress_GPa": float(np.sum(core * fields.mean_stress[self._core]) / core.sum())
            if problem.section.outline.solid else float("nan"),
            "front_mean_stress_GPa": float(np.sum(weight * spaces.at_points(state.front_stress)) / weight.sum())
            if weight.sum() > 0 else float("nan"),
            "crack_ratio": crack.ratio, "eqps_max": float(state.eqps.max()), **self._energies(energy),
            "content_error": content_error, "newton_iterations": newton}
        row |= self._electrical(state, carried, row["state_of_charge"]) | self._skin(fields, f)
        self.rows.append(row)
        self.cracks.append(crack)
        self.moments.append(Moment(
            state.t, front_mean(state.activity, state.xi, spaces), drive,
            float(np.mean(distance[spaces.reacting])), 1.0 - state.outside))
        return row

    def _electrical(self, state: State, carried: float, charge: float) -> Row:
        """Columns of a run with a given current; ``carried`` content per time over the last step, nm^2/s."""
        config, spaces = self.problem.config, self.problem.physics.spaces
        if self.problem.physics.transport.surface.current is None:
            return {}
        length = spaces.reacting_length
        return {"current_density_mA_cm2": electrode.current_density(config, carried / float(length.sum())),
                "surface_activity": float(np.sum(length * state.c) / length.sum()),
                "potential_V": electrode.potential(config, 1.0 - state.outside),
                "capacity_mAh_g": charge * config.material.capacity.theoretical}

    def _skin(self, fields: FieldSet, f: float) -> Row:
        """Columns that tell how evenly the reacted skin thins; the skin goes on by this step."""
        physics, state, s = self.problem.physics, fields.state, self.problem.physics.spaces
        converted = conversion(state.xi[s.outer], physics.front.start)
        surface = whole_rim(s.nodes[:, s.outer], fields.position[:, s.outer], converted, self.problem.section.sector,
                          state.F33)
        self.skins.append((self.skins[-1] if self.skins else even_skin(self.problem.section.sector)).after(
            surface, state.t, f))
        skin = self.skins[-1]
        return {"skin_thinning": skin.thinning, "skin_thinning_excess": skin.excess, "after_neck": skin.stage}

    @property
    def skin(self) -> Skin:
        """What the skin has gone through so far."""
        return self.skins[-1] if self.skins else even_skin(self.problem.section.sector)

    def part(self, rows: int) -> Part:
        """The first ``rows`` rows and moments, for a checkpoint."""
        columns = list(self.rows[0])
        whole = [name for name, value in self.rows[0].items() if isinstance(value, int)]
        skin = self.skins[rows - 1].part()
        return Part({"rows": np.array([list(row.values()) for row in self.rows[:rows]], dtype=float),
                     "moments": np.array([astuple(moment) for moment in self.moments[:rows]]),
                     "cracks": np.array([astuple(site) for site in self.cracks[:rows]]), **skin.arrays},
                    {"columns": columns, "whole": whole, **skin.data})

    def restore(self, part: Part) -> None:
        """Take over what :meth:`part` stored."""
        columns, whole = part.data["columns"], set(part.data["whole"])
        self.rows = [{k: int(v) if k in whole else float(v) for k, v in zip(columns, row, strict=True)}
                     for row in part.arrays["rows"]]
        self.moments = [Moment(*map(float, values)) for values in part.arrays["moments"]]
        self.cracks = [cracks.Site(*map(float, values)) for values in part.arrays["cracks"]]
        self.skins = [self.skin.restored(part)] * len(self.rows)

    def column(self, name: str) -> Array:
        """One column of the history so far."""
        return np.array([row[name] for row in self.rows])

    def summary(self, fields: FieldSet, reason: StopReason | str) -> dict[str, Any]:
        """The figures of merit, as in ``summary.json``."""
        self.move_to(fields.problem)
        problem, last = self.problem, self.rows[-1]
        physics, material, section = problem.physics, problem.config.material, problem.section
        entry = self.entry_time()
        fit = growth.rate_exponent(self.column("time_s") - entry, self.column("front_depth_nm"),
                                    3.0 * problem.half_thickness)
        share = growth.transport_share(*(np.array([getattr(m, k) for m in self.moments])
                                       for k in ("t", "activity", "drive", "outside")))
        law = growth.cylinder_law(self.column("time_s") - entry, self.column("front_depth_nm"), section.radius,
                                3.0 * problem.half_thickness)
        outline = full_outline(fields.position[:, physics.spaces.outer], section.sector)
        crack = cracks.figures(self.cracks, self.column("after_neck") > 1, 2.0 * section.radius, material.fracture.flaw)
        hoop, where = self._largest_hoop(fields)
        D = float(physics.transport.diffusivity(np.array([physics.c_front]))[0])
        return {
            "stop_reason": reason.value if isinstance(reason, StopReason) else reason, "time_s": last["time_s"],
            "converted_fraction": last["converted_fraction"], "state_of_charge": last["state_of_charge"],
            **self._depths(fields), **self._arrest(fields, reason),
            "rate_exponent": fit.exponent, "rate_exponent_r2": fit.r2,
            "rate_exponent_range_nm": None if fit.low is None else [fit.low, fit.high],
            "rate_exponent_points": fit.points, "front_entry_time_s": entry,
            "regime": growth.regime(share), "transport_share": share,
            "cylinder_law_interface_share": law.interface_share, "cylinder_law_r2": law.r2,
            "damkohler": growth.damkohler(problem.rates.maximum, section.radius, D, physics.c_front),
            "anisotropy_ratio": last["diameter_max_nm"] / last["diameter_min_nm"],
            "anisotropy_ratio_exact": 1.0 if problem.rates.isotropic else None,
            "swelling_by_direction": self._swelling(outline),
            "area_ratio": float(np.sum(physics.spaces.weight * fields.J) / last["axial_stretch"]
                                / np.sum(physics.spaces.weight)),
            "axial_stretch": last["axial_stretch"],
            "hoop_surface_max_GPa": last["hoop_surface_max_GPa"], "hoop_max_GPa": hoop, "hoop_max_location": where,
            **crack,
            "capacity_mAh_g": last["state_of_charge"] * material.capacity.theoretical,
            "interface_thickness_ratio": problem.half_thickness / section.radius,
            "energy_gap": last["energy_gap"], "steps_against_second_law": self._against_second_law(),
            "eq1_terms_eV": self._eq1(fields), "accuracy": self._accuracy(),
            **self.skin.events(), "figures_after_neck": figures_after(self.skin),
            "warnings": self._warnings(fields, crack)}

    def _depths(self, fields: FieldSet) -> dict[str, float]:
        """Depth of the front in the reference section: of a round one of the same area, and the deepest there is."""
        distance = self.problem.physics.front.log_odds(fields.state.xi)
        equivalent = self.rows[-1]["front_depth_nm"]
        deepest = float(self._shell.depths(distance, fields.position)[0].max())
        return {"penetration_depth_nm": equivalent, "penetration_depth_equivalent_nm": equivalent,
                "penetration_depth_max_nm": deepest}

    def _arrest(self, fields: FieldSet, reason: StopReason | str) -> dict[str, Any]:
        """How the front slowed down, and whether stress stopped it."""
        physics, last, stopped = self.problem.physics, self.moments[-1], reason is StopReason.ARRESTED
        unstressed = float(physics.front.kinetics.drive(np.zeros(1), np.array([last.outside]))[0])
        held = arrest.self_limit(
            str(reason.value if isinstance(reason, StopReason) else reason), self.problem.limits.arrest, last.drive,
            last.outside - last.activity, unstressed,
            host_depth(physics.spaces, physics.front.log_odds(fields.state.xi)), self.problem.half_thickness,
            stopped=stopped)
        columns = (self.column(name) for name in ("time_s", "converted_fraction", "drive"))
        return {**held, **arrest.figures(*columns, stopped=stopped)}

    def _against_second_law(self) -> int:
        """Steps in which swelling stored and dissipated more than the reaction gave, by over 1e-4 of all it gave."""
        given, _, flow, stored = (self.column(key) for key in ENERGIES)
        return int(np.sum(np.diff(given - flow - stored) < -1e-4 * max(given[-1], 0.0)))

    def _accuracy(self) -> dict[str, float | bool]:
        """What the numerical thickness of front, elements and steps is expected to have moved, by the measured law."""
        bias = bias_of(self.problem)
        return {"core_stress_bias": bias.core_stress, "arrest_fraction_bias": bias.arrest, "in_range": bias.in_range}

    def _warnings(self, fields: FieldSet, crack: dict[str, Any]) -> list[str]:
        """What a reader of the figures must know, in sentences."""
        said = []
        J = fields.J
        if self.skin.stage:
            said.append(self.skin.sentence())
        if crack["crack_risk"] > 1.0:
            said.append(cracks.warning(crack))
        C = self.problem.physics.content_at_nodes(fields.state)
        above = 0.0 if self.problem.physics.transport.surface.current is None else ABOVE_CUTOFF
        if C.min() < -1e-6 or C.max() > 1.0 + 1e-6 + above:
            said.append(f"content leaves [0, 1]: {C.min():.3g} to {C.max():.3g}")
        largest = 1.15 * (1.0 + self.problem.physics.expansion)
        if J.max() > largest:
            said.append(f"volume ratio reaches {J.max():.2f}, above the {largest:.2f} that full content explains")
        return said

    def entry_time(self) -> float:
        """Time at which the middle of the front passed the surface, s; 0 where it has not."""
        distance = np.array([m.surface for m in self.moments])
        if distance[-1] <= 0 or distance[0] > 0:
            return 0.0
        k = int(np.argmax(distance > 0))
        t = [m.t for m in self.moments]
        return float(t[k - 1] + (t[k] - t[k - 1]) * distance[k - 1] / (distance[k - 1] - distance[k]))

    def _swelling(self, outline: Array) -> dict[str, float]:
        """Diametral strain along the low-index directions that lie in the section."""
        frame, initial = self.problem.frame, self.problem.section.outline
        strains = {}
        for hkl in product(range(-2, 3), repeat=3):
            # One of each pair of opposite directions, in lowest terms.
            if gcd(*hkl) != 1 or next(i for i in hkl if i) < 0 or sum(map(abs, hkl)) > 4:
                continue
            x, y, z = frame.rotation @ (np.array(hkl) / np.linalg.norm(hkl))
            if abs(z) < 1e-9:
                width = diameters(outline, np.array([np.arctan2(y, x)]))[0]
                strains[format_miller(hkl)] = float(width / (2.0 * initial.reach(np.array([x, y]))[1]) - 1.0)
        return strains

    def _largest_hoop(self, fields: FieldSet) -> tuple[float, dict[str, float]]:
        spaces = self.problem.physics.spaces
        hoop = self.problem.recovery(fields.hoop_stress)
        k = int(np.argmax(hoop))
        x, y = fields.position[:, k]
        return float(hoop[k]), {"x_nm": float(x), "y_nm": float(y), "reference_radius_nm": float(
            np.hypot(*spaces.nodes[:, k])), "angle_deg": float(np.degrees(np.arctan2(y, x)))}

    def _eq1(self, fields: FieldSet) -> dict[str, float | None]:
        """Terms of review Eq. (1) per ion, eV, with the mean stresses beside the front, and the form the rate uses."""
        material, physics = self.problem.config.material, self.problem.physics
        xi = physics.spaces.at_points(fields.state.xi)
        mean, w = fields.at_points["mean_stress_GPa"], physics.spaces.weight

        def beside(low: float, high: float) -> float:
            chosen = (xi > low) & (xi < high)
            return float(np.sum((w * mean)[chosen]) / np.sum(w[chosen])) if chosen.any() else float("nan")

        # One to three half-thicknesses ahead of the front's middle and behind it.
        core, shell = beside(0.0474, 0.2689), beside(0.7311, 0.9526)
        x, V = material.content.x_max, material.host.volume
        V_full = V * float(volume_ratio(np.ones(1), material.swelling.expansion)[0])
        front = self.rows[-1]["front_mean_stress_GPa"]
        terms = {"reaction_and_potential": physics.front.kinetics.dG0, "host_stress": core * V / x,
                 "product_stress": -shell * V_full / x}
        terms["total"] = sum(terms.values())
        terms["work_conjugate_stress"] = -front * physics.front.kinetics.dV
        terms["work_conjugate_total"] = terms["reaction_and_potential"] + terms["work_conjugate_stress"]
        return {k: v / E_CHARGE if np.isfinite(v) else None for k, v in terms.items()}
