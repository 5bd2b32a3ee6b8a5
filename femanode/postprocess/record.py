"""The record of a run: one row of ``history.csv`` per accepted step, and what the summary needs beyond the rows."""

from __future__ import annotations

from dataclasses import astuple, dataclass

import numpy as np

from femanode.constitutive.swelling import conversion
from femanode.numerics.arrays import Array
from femanode.output.fieldset import FieldSet
from femanode.postprocess import balances, cracks, layers
from femanode.postprocess.balances import Row
from femanode.postprocess.necks import Skin, even_skin, whole_rim
from femanode.postprocess.shape import Ray, diameters, full_outline
from femanode.postprocess.shell import Shell
from femanode.solver import electrode
from femanode.solver.averaging import front_mean
from femanode.solver.candidate import Candidate
from femanode.solver.energy import Energy, elastic_energy
from femanode.solver.front import on_front
from femanode.solver.ledger import Spent
from femanode.solver.problem import Problem
from femanode.solver.state import Part, State


@dataclass(frozen=True)
class Moment:
    """What one accepted step adds to the record beyond its row.

    Attributes
    ----------
    t : float
        Time, s.
    activity, excess, drive : float
        Carrier activity, what it has above that of a front at rest, and v/k(n), means over the front.
    surface : float
        Signed distance of the front's middle below the surface, nm, mean over the surface.
    outside : float
        Activity outside the surface.
    """

    t: float
    activity: float
    excess: float
    drive: float
    surface: float
    outside: float = 1.0


class Recorder:
    """Turns accepted states into rows of ``history.csv``; what a checkpoint keeps of them, and takes up again."""

    def __init__(self, problem: Problem) -> None:
        self.rows: list[Row] = []
        self.moments: list[Moment] = []
        self.cracks: list[cracks.Site] = []
        #: The skin after each row: a checkpoint may be asked for the rows before the last.
        self.skins: list[Skin] = []
        self.move_to(problem)

    def move_to(self, problem: Problem) -> None:
        """Go on with the same run on another mesh."""
        self.problem = problem
        section, spaces = problem.section, problem.physics.spaces
        reacts = section.outline.reacting_part
        self._rays = tuple(Ray(spaces, d, reacts) for d in ((1.0, 0.0), (0.0, 1.0)))
        bend = np.array(problem.config.mechanics.bend)
        towards = {"tension": bend, "compression": -bend} if bend.any() else {}
        self._sides = {name: Ray(spaces, tuple(d / np.hypot(*d)), reacts) for name, d in towards.items()}
        self.shell = Shell(spaces, section.outline)
        # hypot: the core is what lies next to the axis, whatever the outline
        from_axis = np.hypot(*spaces.qp_xy).min(axis=1)
        self._core = np.flatnonzero(from_axis < from_axis.min() + 0.6 * section.actual_size)

    def initial(self, state: State) -> Row:
        """Row of the pristine section."""
        fields = FieldSet(self.problem, state)
        stored = 0.0
        if self.problem.config.mechanics.loaded:
            physics = self.problem.physics
            Jc, weight = physics.volume_ratio(state.xi, state.c), physics.spaces.weight
            law = physics.moduli(*physics.content_at_points(state.xi, state.c))
            stored = float(np.sum(weight * elastic_energy(fields.tau[0], Jc, law)))
        return self._record(fields, 0.0, 0, 0.0, Energy(0.0, 0.0, 0.0, stored))

    def step(self, candidate: Candidate, fields: FieldSet) -> Row:
        """Row of an accepted candidate."""
        balance, equilibrium = candidate.balance, candidate.equilibrium
        carried = balance.inflow / fields.state.dt if balance and fields.state.dt > 0 else 0.0
        return self._record(fields, balance.error if balance else 0.0, equilibrium.iterations if equilibrium else 0,
                            carried, candidate.energy or Energy(0.0, 0.0, 0.0, 0.0), candidate.spent)

    def _record(self, fields: FieldSet, content_error: float, newton: int, carried: float, energy: Energy,
                spent: Spent | None = None) -> Row:
        problem, state = self.problem, fields.state
        physics, front = problem.physics, problem.physics.front
        spaces, mass = physics.spaces, physics.spaces.mass
        f = physics.converted_fraction(state.xi)
        distance = front.log_odds(state.xi)
        drive = front_mean(front.kinetics.drive(state.front_stress, state.activity), state.xi, spaces)
        speed = physics.speed(state)
        outline = full_outline(fields.position[:, spaces.outer], problem.section.sector)
        across = diameters(outline, np.linspace(0.0, np.pi, 721)[:-1])  # every quarter of a degree, from x on
        nodal_hoop = problem.recovery(fields.hoop_stress)
        weight = front.weight(state.xi) * spaces.weight
        core = spaces.weight[self._core]
        crack = cracks.weakest(fields, self.shell, f)
        row: Row = {
            "time_s": state.t, "dt_s": state.dt, "converted_fraction": f,
            "state_of_charge": float(np.sum(mass * physics.content_at_nodes(state)) / mass.sum()),
            "front_depth_nm": problem.section.outline.equivalent_depth(f),
            "front_depth_x_nm": self._rays[0].front_depth(distance),
            "front_depth_y_nm": self._rays[1].front_depth(distance),
            "front_speed_nm_s": front_mean(speed, state.xi, spaces),
            "drive": drive if on_front(state.xi).any() else float("nan"), "axial_stretch": state.axial.stretch,
            "diameter_x_nm": float(across[0]),
            "diameter_y_nm": float(across[360]),
            "diameter_max_nm": float(across.max()), "diameter_min_nm": float(across.min()),
            "hoop_surface_max_GPa": float(nodal_hoop[spaces.skin].max()),
            "hoop_max_GPa": float(nodal_hoop[spaces.live].max()), "hoop_min_GPa": float(nodal_hoop[spaces.live].min()),
            "core_mean_stress_GPa": float(np.sum(core * fields.mean_stress[self._core]) / core.sum())
            if problem.section.outline.solid else float("nan"),
            "front_mean_stress_GPa": float(np.sum(weight * spaces.at_points(state.front_stress)) / weight.sum())
            if weight.sum() > 0 else float("nan"),
            "crack_ratio": crack.ratio, "eqps_max": float(state.eqps.max()),
            **balances.energies(self.problem, self.rows, energy),
            "content_error": content_error, "newton_iterations": newton}
        row |= (self._electrical(state, carried, row["state_of_charge"]) | self._skin(fields, f)
                | self._bending(state, distance) | balances.ledger(self.problem, self.rows, spent, row)
                | layers.coating_columns(fields))
        if physics.ahead is not None:
            row["host_stress_ahead_GPa"] = front_mean(state.host_stress, state.xi, spaces)
        self.rows.append(row)
        self.cracks.append(crack)
        self.moments.append(Moment(
            t=state.t, activity=front_mean(state.activity, state.xi, spaces),
            excess=front_mean(np.maximum(state.activity - front.kinetics.equilibrium_activity(state.front_stress), 0.0),
                              state.xi, spaces), drive=drive,
            surface=float(np.mean(distance[spaces.reacting])), outside=1.0 - state.outside))
        return row

    def _electrical(self, state: State, carried: float, charge: float) -> Row:
        """Columns of a run with a given current or a protocol; ``carried`` is content per time over the last step,
        nm^2/s, negative where carriers left."""
        config, spaces = self.problem.config, self.problem.physics.spaces
        protocol = config.boundary.protocol
        if self.problem.physics.applied[state.step].current is None and protocol is None:
            return {}
        length = spaces.reacting_length
        step = {} if protocol is None else {"step": state.step % len(protocol) + 1,
                                            "cycle": state.step // len(protocol) + 1}
        return {**step, "current_density_mA_cm2": electrode.current_density(config, carried / float(length.sum())),
                "surface_activity": float(np.sum(length * state.c) / length.sum()),
                "potential_V": electrode.potential(config, 1.0 - state.outside, carried, float(length.sum())),
                "capacity_mAh_g": charge * (config.material.capacity.theoretical or 0.0)}

    def _bending(self, state: State, distance: Array) -> Row:
        """Columns of a wire that is bent: its curvature and, where that is given, the front's depth on both sides."""
        mechanics = self.problem.config.mechanics
        if mechanics.axial != "bending" and not any(mechanics.bend):
            return {}
        x, y = state.axial.curvature
        row = {"curvature_x_1_nm": x, "curvature_y_1_nm": y}
        return row | {f"front_depth_{side}_nm": ray.front_depth(distance) for side, ray in self._sides.items()}

    def _skin(self, fields: FieldSet, f: float) -> Row:
        """Columns that tell how evenly the reacted skin thins; the skin goes on by this step."""
        physics, state, s = self.problem.physics, fields.state, self.problem.physics.spaces
        converted = conversion(state.xi[s.skin], physics.front.start)
        out = state.axial.stretch if s.hoop is None else s.extrapolate(fields.stretch.F33)[s.skin]
        surface = whole_rim(s.nodes[:, s.skin], fields.position[:, s.skin], converted, self.problem.section.sector,
                          out)
        self.skins.append((self.skins[-1] if self.skins else even_skin(self.problem.section.sector)).after(
            surface, state.t, f))
        skin = self.skins[-1]
        return {"skin_thinning": skin.thinning, "skin_thinning_excess": skin.excess, "after_neck": skin.stage}

    @property
    def skin(self) -> Skin:
        """What the skin has gone through so far."""
        return self.skins[-1] if self.skins else even_skin(self.problem.section.sector)

    def part(self, rows: int) -> Part:
        """The first ``rows`` rows and what belongs to them, for a checkpoint."""
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
