"""Plain-language texts of the command line: what would run, and what came out."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from femanode.config.doubts import doubts
from femanode.constitutive.crystal.miller import format_miller, parse_miller, positive
from femanode.mesh.section import COATING, CORE
from femanode.postprocess.accuracy import Bias
from femanode.postprocess.growth import damkohler
from femanode.postprocess.runfacts import RunFacts
from femanode.postprocess.summary import bias_of
from femanode.simulation.plan import plan
from femanode.simulation.progress import format_seconds
from femanode.solver.electrode import current_density
from femanode.solver.problem import Problem

if TYPE_CHECKING:
    from femanode.simulation.result import Result

#: Seconds that a run takes besides solving, on the same cores: imports, mesh and compiled code; pictures and page.
_START = "2 to 5 s of start (half a minute the first time, to compile)"
_BESIDES = f"{_START} and 4 to 10 s of pictures and page"


#: Value of v delta c_f/((1 - c_f) D) up to which times are good to 2 % at the standard settings.
_THICK = 1.0
#: Cycles that are told one by one.
MOST_CYCLES = 6
#: Figures in the terminal that a neck of the skin touches, as they are named there.
_LATE = (("anisotropy_ratio", "largest over smallest diameter"), ("hoop_surface_max_GPa", "surface hoop stress"),
         ("hoop_max_GPa", "largest hoop stress"), ("crack_risk", "crack risk"))
_TOO_THICK = ("the front is thick for this diffusivity: the activity falls by {0:.2g} (v delta c_f/((1 - c_f) D)) "
              "within it; above 1 times err by several per cent, from 1.6 steps may be refused; take a smaller "
              "half-thickness")


def describe_plan(problem: Problem) -> str:
    """What ``femanode check`` prints: mesh, crystal, control, steps, time and memory, and what a reader would ask."""
    config, section, physics = problem.config, problem.section, problem.physics
    unknowns = 2 * physics.spaces.n_nodes
    quality = section.quality()
    speed = problem.rates.maximum
    D = physics.diffusivity_at_front
    number = damkohler(speed, section.radius, D, physics.chemistry.at_front)
    expected = plan(problem)
    control = "interface" if number < 0.3 else "diffusion" if number > 3 else "mixed"
    lines = [
        f"case            {config.name}",
        f"section         {_describe_section(problem)}; {_describe_axes(problem)}",
        *_describe_layers(problem),
        f"mesh            {physics.spaces.cells.shape[1]} quadratic triangles, {unknowns} displacement unknowns, "
        f"quality {quality['quality_min']:.2f} (worst), {quality['quality_mean']:.2f} (mean)",
        f"front           half-thickness {problem.half_thickness:g} nm = {problem.half_thickness / section.radius:.4f} "
        f"R; fastest rate {speed:g} nm/s",
        f"Damkohler       k R c_f/((1 - c_f) D) = {number:.3g}: control by {control} expected without stress",
        *_describe_surface(problem),
        f"accuracy        {bias_of(problem)}",
        f"linear solver   {physics.mechanics.solver.name}",
        f"estimate        {expected.steps} steps, solving {format_seconds(expected.seconds)} on one core (to a factor "
        f"of two), besides {_BESIDES if config.output.pictures else _START}; {expected.memory:.0f} MiB",
    ]
    drop = speed * problem.half_thickness * physics.chemistry.at_front / ((1.0 - physics.chemistry.at_front) * D)
    notes = [*problem.notes, *([] if drop <= _THICK else [_TOO_THICK.format(drop)])]
    return "\n".join([*lines, *(f"note            {note}" for note in notes),
                      *(f"question        {doubt}" for doubt in doubts(config))])


def _describe_section(problem: Problem) -> str:
    """The sector that is meshed, and of what."""
    section, outline = problem.section, problem.section.outline
    if outline.revolved and outline.round and outline.solid:
        return f"{section.sector} of the cut through a particle (sphere) of {2 * section.radius:g} nm"
    if outline.round and outline.solid:
        return f"{section.sector} of a wire of {2 * section.radius:g} nm"
    return f"{section.sector} of: {outline}"


def _describe_axes(problem: Problem) -> str:
    """What x and y are: directions of the crystal, or radius and axis of a body of revolution."""
    if problem.section.outline.revolved:
        return "axisymmetric, x = r the radius, y = z the axis, mirrored at z = 0; rates are isotropic"
    # as pictures spell them: no law tells a direction from its opposite
    x, y = (format_miller(positive(parse_miller(problem.frame.miller_along(name)))) for name in "xy")
    return f"x along {x}, y along {y}, axis {problem.frame.miller_along('z')}"


def _describe_layers(problem: Problem) -> list[str]:
    """Lines on the layers that do not react: thickness, material, elements, and what carriers do there."""
    core, coating = problem.config.geometry.core, problem.config.geometry.coating
    count = np.bincount(problem.physics.spaces.region, minlength=3)
    lines = []
    if core is not None:
        lines.append(f"core            {core.diameter:g} nm of {core.material.name}, {count[CORE]} triangles; no "
                     "carriers enter")
    if coating is not None:
        passed = "freely" if coating.material.transport is None else "as a film"
        lines.append(f"coating         {coating.thickness:g} nm of {coating.material.name}, {count[COATING]} "
                     f"triangles; carriers pass it {passed}")
    return lines


def _describe_surface(problem: Problem) -> list[str]:
    """Lines on a given current and a film; none for a bare surface at a given potential."""
    physics, config, lines = problem.physics, problem.config, []
    film, length, c_front = physics.transport.film, physics.spaces.reacting_length, physics.chemistry.at_front
    into = next((applied.current for applied in physics.applied if applied.inserts), None)
    if into:
        line = (f"current         {current_density(config, into / float(length.sum())):.3g} mA/cm^2 of initial "
                f"surface: full after {format_seconds(float(physics.spaces.mass.sum()) / into)}")
        if config.boundary.protocol is None:
            end = config.boundary.potential if config.boundary.cutoff is None else config.boundary.cutoff
            line += (f"; ends at {1e3 * end:g} mV, where the front takes "
                     f"{current_density(config, _most_uptake(problem)):.3g} mA/cm^2 without stress")
        lines.append(line)
    if film is not None:
        ratio = problem.rates.maximum * c_front / ((1.0 - c_front) * film)
        limits = "reaction" if ratio < 0.3 else "film" if ratio > 3 else "both"
        lines.append(f"film            D/thickness = {film:.3g} nm/s, reaction over film k c_f/((1 - c_f) h) = "
                     f"{ratio:.3g}: of the two, control by {limits} expected")
    return lines


def _most_uptake(problem: Problem) -> float:
    """Flux of content (nm/s) that an unstressed front at the surface takes at the cut-off, less what a film takes."""
    physics, state = problem.physics, problem.initial_state()
    length = physics.spaces.reacting_length

    def uptake(a: float) -> float:
        speed = physics.speed(state, np.full(len(length), a))
        return float(np.sum(length * speed) / length.sum()) * float(physics.chemistry.content(np.asarray(a)))

    end, film = physics.applied[0].cutoff, physics.transport.film
    if film is None:
        return uptake(end)
    passes = film * (1.0 - physics.chemistry.at_front)
    from scipy.optimize import brentq

    return uptake(float(brentq(lambda a: uptake(a) - passes * (end - a), 0.0, end)))


def describe_result(result: Result) -> str:
    """What ``femanode run`` prints at the end."""
    s, folder = result.summary, result.path
    facts = RunFacts(result)
    front = () if facts.without_front else (
        _drive_left(s) if not s.get("cycles") else "", _growth(s) if not s.get("cycles") else "")
    thickness = "" if facts.without_front else (
        f"front half-thickness {s['interface_thickness_ratio']:.4f} of the radius: "
        f"{Bias(*s['accuracy'].values()) if 'accuracy' in s else 'bias not known'}")
    lines = [
        *(f"warning: {text}" for text in s["warnings"]),
        _ended_under_current(s, facts) if s.get("cycles") or facts.without_front else _ending(s),
        *cycle_lines(s.get("cycles") or (), result.manifest.get("protocol") or ()), *front, _shape(s), _crack(s),
        _coating(s), thickness,
        f"ParaView  {folder / 'frames.pvd'}  ({_frames(result.manifest)}Warp By Vector, displacement, scale 1)",
        f"figures   {folder / 'summary.json'}, {folder / 'history.csv'}",
    ]
    late = [words for key, words in _LATE if key in (s.get("figures_after_neck") or ()) and s.get(key) is not None]
    if late:
        lines.insert(-2, f"after the {'tear' if s.get('torn') else 'neck'}, where several solutions exist: "
                         f"{', '.join(late)}")
    pictures = sorted((folder / "pictures").glob("*"))
    if pictures:
        lines.append("pictures  " + ", ".join(str(p) for p in pictures))
    if (folder / "report.html").is_file():
        lines.append(f"page      {folder / 'report.html'}")
    return "\n".join(line for line in lines if line)


def _frames(manifest: Mapping[str, Any]) -> str:
    """How many frames there are, and why where it is not the number asked for."""
    found = manifest.get("frames") or {}
    shown, asked = found.get("shown"), found.get("asked_for")
    if shown is None:
        return ""
    few = f" of {asked} asked for: one for each step" if asked is not None and shown < asked else ""
    return f"{shown} frame{'s' if shown > 1 else ''}{few}; "


def _ending(s: Mapping[str, Any]) -> str:
    """How and when the run ended, and how far the front had come. A time of arrest is only known as a range."""
    known, deepest = s.get("arrest_time_range_s"), s.get("penetration_depth_max_nm")
    if known:
        from femanode.pictures.curves import time_scale

        factor, unit = time_scale(known[1])
        when = f"between {known[0] / factor:.3g} and {known[1] / factor:.3g} {unit}"
    else:
        when = f"at t = {format_seconds(s['time_s'])}"
    if s["self_limited"]:
        held = "self-limited" + (f" ({s['self_limited_criterion'].split(':')[0]})" if s.get("self_limited_criterion")
                                 else "")
    else:
        # Where the front did not come to rest, the line already begins with the reason.
        because = s.get("not_self_limited_because")
        held = "not self-limited" + (f" ({because})" if because and because != s["stop_reason"] else "")
    # The two depths of a round front are the same but for the curvature of a front that has a width: one is enough.
    uneven = deepest is not None and deepest > 1.02 * s["penetration_depth_nm"]
    deep = f" (at its deepest {deepest:.1f} nm)" if uneven else ""
    return (f"{s['stop_reason']} {when}: {_electrode(s)}{100 * s['converted_fraction']:.1f} % converted, front "
            f"{s['penetration_depth_nm']:.1f} nm deep{deep}, {held}")


def _electrode(s: Mapping[str, Any]) -> str:
    """Potential and capacity, where a current was given."""
    if s.get("potential_V") is None:
        return ""
    return f"{s['potential_V']:.3f} V, {s['capacity_mAh_g']:.0f} mAh/g; "


def _ended_under_current(s: Mapping[str, Any], facts: RunFacts) -> str:
    """How a run ended that is not about a front coming to rest: under a protocol, or where all has reacted."""
    front = (f"{100 * s['state_of_charge']:.1f} % of full content" if facts.without_front else
             f"{100 * s['converted_fraction']:.1f} % converted, front {s['penetration_depth_nm']:.1f} nm deep")
    return f"{s['stop_reason']} at t = {format_seconds(s['time_s'])}: {_electrode(s)}{front}"


def cycle_lines(cycles: Sequence[Mapping[str, Any]], steps: Sequence[Mapping[str, Any]]) -> list[str]:
    """A line for each cycle, of many the first and the last ones; then the steps that could not begin.

    Parameters
    ----------
    cycles : of ``summary.json``
    steps : the manifest's ``protocol``
    """
    lines = [_cycle(one) for one in cycles]
    if len(lines) > MOST_CYCLES:
        lines = [*lines[:2], f"...       {len(lines) - MOST_CYCLES + 1} more in summary.json", *lines[3 - MOST_CYCLES:]]
    skipped = [f"step {one['step']} of cycle {one['cycle']} ({one['name']}) {one['ended_by']}" for one in steps
               if str(one["ended_by"]).startswith("not begun")]
    if len(skipped) > MOST_CYCLES:
        more = len(skipped) - MOST_CYCLES + 1
        skipped = [*skipped[:MOST_CYCLES - 1], f"{more} more steps not begun, in manifest.json"]
    return lines + skipped


def _cycle(one: Mapping[str, Any]) -> str:
    """One cycle: capacities, efficiency, hysteresis, hoop stress and size."""
    efficiency, gap = one["coulombic_efficiency"], one["voltage_hysteresis_V"]
    return "".join((
        f"cycle {one['cycle']:<4}{one['capacity_in_mAh_g']:.0f} mAh/g in, {one['capacity_out_mAh_g']:.0f} out",
        "" if efficiency is None else f" ({100 * efficiency:.2f} %)",
        "" if gap is None else f", hysteresis {gap:.3f} V",
        f", hoop {one['hoop_min_GPa']:.2f} to {one['hoop_max_GPa']:.2f} GPa, diameter {one['diameter_ratio']:.3f} of "
        "the first", "" if one["finished"] else ", not finished"))


def _drive_left(s: Mapping[str, Any]) -> str:
    """From which stage on the front had lost its drive."""
    if "converted_at_drive_0_3" not in s:
        return ""
    said = [f"below {level} from {100 * fraction:.1f} % converted on"
            for level, fraction in (("0.3", s["converted_at_drive_0_3"]), ("0.1", s["converted_at_drive_0_1"]))
            if fraction is not None]
    return "drive v/k " + (", ".join(said) if said else "did not fall below 0.3 for good")


def _growth(s: Mapping[str, Any]) -> str:
    """The law of depth against time, with the range it was fitted over, and what controls."""
    exponent, fitted = s["rate_exponent"], s.get("rate_exponent_range_nm")
    over = f"; {s['rate_exponent_points']} points from {fitted[0]:.1f} to {fitted[1]:.1f} nm" if fitted else ""
    power = ("too few points for a rate law" if exponent is None
             else f"L ~ t^{exponent:.2f} (r2 {s['rate_exponent_r2']:.3f}{over})")
    return f"{power}, {s['regime']} (transport takes {100 * s['transport_share']:.0f} % of the drive)"


def _shape(s: Mapping[str, Any]) -> str:
    """Roundness and hoop stress."""
    exact = s.get("anisotropy_ratio_exact")
    beside = "" if exact is None else f" (exact: {exact:.2f})"
    return (f"largest over smallest diameter {s['anisotropy_ratio']:.2f}{beside}, surface hoop stress "
            f"{s['hoop_surface_max_GPa']:.2f} GPa, largest {s['hoop_max_GPa']:.2f} GPa")


def _crack(s: Mapping[str, Any]) -> str:
    """The crack risk, where and when it is largest, and what kind of figure it is."""
    risk, site, until = s["crack_risk"], s.get("crack_site"), s.get("crack_risk_until_fraction")
    if risk is None:
        return ""
    from femanode.pictures.crackmark import ALIKE

    said = f"crack risk {risk:.2g}"
    if site:
        said += f" at {100 * site['converted_fraction']:.0f} % converted"
        if site["surface_share"] <= ALIKE:
            said += f", {site['angle_deg']:.0f} degrees from x"
    if until is not None and until < s["converted_fraction"]:
        said += f" (taken up to {100 * until:.0f} %, where the skin tears)"
    return said + (f": {s['crack_risk_basis'].split(';')[0]}" if s.get("crack_risk_bound") else "")


def _coating(s: Mapping[str, Any]) -> str:
    """Largest hoop stress of the coating, and its crack risk where its material has a toughness; empty without one."""
    if "coating_hoop_max_GPa" not in s:
        return ""
    risk = s.get("coating_crack_risk")
    said = "" if risk is None else f", crack risk of the coating {risk:.2g}"
    return (f"coating: hoop stress up to {s['coating_hoop_max_GPa']:.2f} GPa (at "
            f"{100 * s['coating_hoop_max_fraction']:.0f} % converted){said}")
