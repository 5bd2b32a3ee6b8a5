"""The figures of merit of a run: what ``summary.json`` holds."""

from __future__ import annotations

from dataclasses import replace
from itertools import product
from math import gcd
from typing import Any

import numpy as np

from femanode.config.material import Material
from femanode.constitutive.crystal.miller import format_miller
from femanode.constitutive.passage import layer_dissipation
from femanode.numerics.arrays import Array
from femanode.output.fieldset import FieldSet
from femanode.postprocess import arrest, cracks, growth, layers, shortfall
from femanode.postprocess.accuracy import Bias, expected_bias
from femanode.postprocess.balances import ENERGIES, LOAD_WORK, Row
from femanode.postprocess.cycles import cycle_figures
from femanode.postprocess.necks import figures_after
from femanode.postprocess.plausibility import implausible
from femanode.postprocess.record import Recorder
from femanode.postprocess.shape import diameters, full_outline, harmonics
from femanode.postprocess.shell import deepest_point, host_depth
from femanode.solver.problem import Problem
from femanode.solver.reasons import StopReason
from femanode.solver.resolution import resolution
from femanode.units import E_CHARGE


def bias_of(problem: Problem) -> Bias:
    """Expected bias of core stress and arrest of a problem; see :mod:`femanode.postprocess.accuracy`."""
    config, section = problem.config, problem.section
    size, delta = resolution(config)[0], problem.half_thickness
    found = expected_bias(delta, section.outline.wall, size if size is not None else
                          section.actual_size, config.time.max_front_advance, config.front.conversion_start)
    # The law was measured on wires of one material.
    other = problem.physics.spaces.layered or section.outline.revolved
    return replace(found, in_range=False) if other else found


def summarise(record: Recorder, fields: FieldSet, reason: StopReason | str) -> dict[str, Any]:
    """The figures of merit of a run that has ended, as in ``summary.json``.

    Parameters
    ----------
    record : Recorder
        Rows of all accepted steps.
    fields : FieldSet
        Fields of the last accepted state.
    reason : StopReason or str
        Why the run has ended; a sentence where it was broken off.
    """
    record.move_to(fields.problem)
    problem, last = record.problem, record.rows[-1]
    physics, material, section = problem.physics, problem.config.material, problem.section
    entry = entry_time(record)
    fit = growth.rate_exponent(record.column("time_s") - entry, record.column("front_depth_nm"),
                                3.0 * problem.half_thickness)
    share = growth.transport_share(*(np.array([getattr(m, k) for m in _travelling(record)])
                                   for k in ("t", "activity", "excess", "drive", "outside")))
    law = growth.cylinder_law(record.column("time_s") - entry, record.column("front_depth_nm"), section.radius,
                            3.0 * problem.half_thickness, sphere=section.outline.revolved)
    outline = full_outline(fields.position[:, physics.spaces.outer], section.sector)
    crack = cracks.figures(record.cracks, record.column("after_neck") > 1, 2.0 * section.radius, material.fracture.flaw)
    hoop, where = _largest_hoop(fields)
    D = physics.diffusivity_at_front
    return {
        "stop_reason": reason.value if isinstance(reason, StopReason) else reason, "time_s": last["time_s"],
        "converted_fraction": last["converted_fraction"], "state_of_charge": last["state_of_charge"],
        **_depths(record, fields), **_arrest(record, fields, reason),
        "rate_exponent": fit.exponent, "rate_exponent_r2": fit.r2,
        "rate_exponent_range_nm": None if fit.low is None else [fit.low, fit.high],
        "rate_exponent_points": fit.points, "front_entry_time_s": entry,
        "regime": growth.regime(share), "transport_share": share,
        "cylinder_law_interface_share": law.interface_share, "cylinder_law_r2": law.r2,
        "damkohler": growth.damkohler(problem.rates.maximum, section.radius, D, physics.chemistry.at_front),
        **_beside_film(record, entry, material),
        "anisotropy_ratio": last["diameter_max_nm"] / last["diameter_min_nm"],
        "anisotropy_ratio_exact": 1.0 if problem.rates.isotropic and section.outline.round else None,
        **{f"outline_{order}theta": amplitude for order, amplitude in harmonics(outline).items()},
        "swelling_by_direction": _swelling(problem, outline),
        "area_ratio": _area_ratio(fields),
        "axial_stretch": last["axial_stretch"], **_bent(last),
        "hoop_surface_max_GPa": last["hoop_surface_max_GPa"], "hoop_max_GPa": hoop, "hoop_max_location": where,
        **crack, **layers.coating_figures(record.rows, problem),
        **_capacity(last, material),
        "interface_thickness_ratio": problem.half_thickness / section.radius,
        "energy_gap": last["energy_gap"], "steps_against_second_law": _against_second_law(record),
        "eq1_terms_eV": _eq1(record, fields), "accuracy": _accuracy(problem),
        **record.skin.events(), "figures_after_neck": figures_after(record.skin), **_cycled(record, reason),
        "warnings": _warnings(record, fields, crack)}


def _cycled(record: Recorder, reason: StopReason | str) -> dict[str, Any]:
    """The potential at the end of a run under a current, and the figures of each cycle of a protocol."""
    last = record.rows[-1]
    if "potential_V" not in last:
        return {}
    cycles = cycle_figures({name: record.column(name) for name in last}, finished=reason is StopReason.PROTOCOL)
    return {"potential_V": last["potential_V"], **({"cycles": cycles} if cycles else {})}


def _travelling(record: Recorder) -> list[Any]:
    """The moments until the front was through."""
    return list(record.moments[:growth.until_through(record.column("converted_fraction"))])


def _capacity(last: Row, material: Material) -> dict[str, float | None]:
    """Capacity, mAh/g, None for neutral carriers; and without those locked where the front has passed, if any are."""
    content, theoretical = material.content, material.capacity.theoretical
    if theoretical is None:
        return {"capacity_mAh_g": None}
    found: dict[str, float | None] = {"capacity_mAh_g": last["state_of_charge"] * theoretical}
    if content.x_locked > 0.0:
        free = last["state_of_charge"] - last["converted_fraction"] * content.x_locked / content.x_max
        found["capacity_reversible_mAh_g"] = free * theoretical
    return found


def _beside_film(record: Recorder, entry: float, material: Material) -> dict[str, float]:
    """Depth of the front over that in a flat film after the same time, where rates were measured on such films."""
    if material.front.rates_of != "film":
        return {}
    problem, physics = record.problem, record.problem.physics
    # What the front works against in a film is the flow within it alone.
    _, strength = physics.product(np.ones(physics.spaces.n_nodes), np.zeros_like(physics.spaces.weight))
    stress = -layer_dissipation(strength).mean().reshape(1)
    rate = problem.rates.mean * float(physics.front.kinetics.drive(stress, np.ones(1))[0])
    flat = growth.film_depth(record.rows[-1]["time_s"] - entry, rate, physics.diffusivity_at_front,
                             physics.chemistry.at_front)
    # Where a film would have come to the axis, there is nothing left to compare.
    near = 0.0 < flat < problem.section.outline.wall
    return {"depth_over_flat_film": record.rows[-1]["front_depth_nm"] / flat} if near else {}


def _area_ratio(fields: FieldSet) -> float:
    """Area of the deformed section over that before; volumes of an axisymmetric one."""
    weight, stretch = fields.problem.physics.spaces.weight, fields.stretch
    if stretch.axial.straight:
        return float(np.sum(weight * fields.J) / stretch.axial.stretch / np.sum(weight))
    return float(np.sum(weight * fields.J / stretch.F33) / np.sum(weight))


def _bent(last: Row) -> dict[str, float | None]:
    """Curvature of a bent wire and, where it was given, how much deeper the front is on the side in tension."""
    bent: dict[str, float | None] = {"curvature_1_nm": None, "depth_ratio_tension": None}
    if "curvature_x_1_nm" in last:
        bent["curvature_1_nm"] = float(np.hypot(last["curvature_x_1_nm"], last["curvature_y_1_nm"]))
    tension, compression = (last.get(f"front_depth_{side}_nm", 0.0) for side in ("tension", "compression"))
    if compression > 0:
        bent["depth_ratio_tension"] = tension / compression
    return bent


def _depths(record: Recorder, fields: FieldSet) -> dict[str, float]:
    """Depth of the front in the reference section: that of an even front around the same area, and the largest."""
    problem = record.problem
    distance, outline = problem.physics.front.log_odds(fields.state.xi), problem.section.outline
    equivalent = record.rows[-1]["front_depth_nm"]
    even = outline.round and not outline.reacting_part.partial
    deepest = (float(record.shell.depths(distance, fields.position)[0].max()) if even
               else deepest_point(problem.physics.spaces, distance, outline))
    return {"penetration_depth_nm": equivalent, "penetration_depth_equivalent_nm": equivalent,
            "penetration_depth_max_nm": deepest}


def _arrest(record: Recorder, fields: FieldSet, reason: StopReason | str) -> dict[str, Any]:
    """How the front slowed down, and whether stress stopped it."""
    physics, last, stopped = record.problem.physics, record.moments[-1], reason is StopReason.ARRESTED
    unstressed = float(physics.front.kinetics.drive(np.zeros(1), np.array([last.outside]))[0])
    held = arrest.self_limit(
        str(reason.value if isinstance(reason, StopReason) else reason), record.problem.limits.arrest, last.drive,
        last.outside - last.activity, unstressed,
        host_depth(physics.spaces, physics.front.log_odds(fields.state.xi)), record.problem.half_thickness,
        stopped=stopped)
    columns = (record.column(name) for name in ("time_s", "converted_fraction", "drive"))
    return {**held, **arrest.figures(*columns, stopped=stopped)}


def _against_second_law(record: Recorder) -> int:
    """Number of steps in which more was stored and dissipated than the reaction gave, by over 1e-4 of all it gave."""
    given, _, flow, stored = (record.column(key) for key in ENERGIES)
    if LOAD_WORK in record.rows[-1]:
        stored = stored - record.column(LOAD_WORK)
    return int(np.sum(np.diff(given - flow - stored) < -1e-4 * max(given[-1], 0.0)))


def _accuracy(problem: Problem) -> dict[str, float | bool]:
    """What the numerical thickness of front, elements and steps is expected to have moved, by the measured law."""
    bias = bias_of(problem)
    return {"core_stress_bias": bias.core_stress, "arrest_fraction_bias": bias.arrest, "in_range": bias.in_range}


def _warnings(record: Recorder, fields: FieldSet, crack: dict[str, Any]) -> list[str]:
    """What a reader of the figures must know, in sentences."""
    said = list(shortfall.sentences(record.problem, record.rows))
    if record.skin.stage:
        said.append(record.skin.sentence())
    if crack["crack_risk"] > 1.0:
        said.append(cracks.warning(crack))
    return [*said, *implausible(record, fields)]


def entry_time(record: Recorder) -> float:
    """Time at which the middle of the front passed the surface, s; 0 where it has not."""
    distance = np.array([m.surface for m in record.moments])
    if distance[-1] <= 0 or distance[0] > 0:
        return 0.0
    k = int(np.argmax(distance > 0))
    t = [m.t for m in record.moments]
    return float(t[k - 1] + (t[k] - t[k - 1]) * distance[k - 1] / (distance[k - 1] - distance[k]))


def _swelling(problem: Problem, outline: Array) -> dict[str, float]:
    """Diametral strain along the low-index directions that lie in the section; none where it stands for all azimuths.
    """
    if problem.section.outline.revolved:
        return {}
    frame, initial = problem.frame, problem.section.outline
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


def _largest_hoop(fields: FieldSet) -> tuple[float, dict[str, float]]:
    spaces = fields.problem.physics.spaces
    hoop = fields.problem.recovery(fields.hoop_stress)
    k = int(spaces.live[np.argmax(hoop[spaces.live])])
    x, y = fields.position[:, k]
    # hypot: the place's distance from the axis, whatever the outline
    return float(hoop[k]), {"x_nm": float(x), "y_nm": float(y), "reference_radius_nm": float(
        np.hypot(*spaces.nodes[:, k])), "angle_deg": float(np.degrees(np.arctan2(y, x)))}


def _eq1(record: Recorder, fields: FieldSet) -> dict[str, float | None]:
    """Terms of review Eq. (1) per ion, eV, with the mean stresses beside the front, and the form the rate uses."""
    material, physics = record.problem.config.material, record.problem.physics
    xi = physics.spaces.at_reacting_points(fields.state.xi)
    mean, w = fields.at_points["mean_stress_GPa"], physics.spaces.weight

    def beside(low: float, high: float) -> float:
        chosen = (xi > low) & (xi < high)
        return float(np.sum((w * mean)[chosen]) / np.sum(w[chosen])) if chosen.any() else float("nan")

    # One to three half-thicknesses ahead of the front's middle and behind it.
    core, shell = beside(0.0474, 0.2689), beside(0.7311, 0.9526)
    x, V = material.content.x_max, material.host.volume
    V_full = V * (1.0 + material.swelling.full)
    front = record.rows[-1]["front_mean_stress_GPa"]
    terms = {"reaction_and_potential": physics.front.kinetics.reaction_energy, "host_stress": core * V / x,
             "product_stress": -shell * V_full / x}
    terms["total"] = sum(terms.values())
    terms["work_conjugate_stress"] = -front * physics.front.kinetics.swelling_volume
    terms["work_conjugate_total"] = terms["reaction_and_potential"] + terms["work_conjugate_stress"]
    return {k: v / E_CHARGE if np.isfinite(v) else None for k, v in terms.items()}
