"""Tables of the report: figures of merit in plain words, observations, configuration, material, solver health."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from femanode.config.library import Row as Setting
from femanode.config.library import describe
from femanode.errors import ConfigError
from femanode.pictures.curves import time_scale
from femanode.pictures.page.chartcase import Case, column
from femanode.pictures.page.cyclerows import means_nothing


@dataclass(frozen=True)
class Figure:
    """A figure of merit: key of the summary, name, how it is written, what it means to a reader."""

    key: str
    name: str
    form: str
    meaning: str


FIGURES: tuple[Figure, ...] = (
    Figure("stop_reason", "Why it stopped", "{}", "What ended the computation."),
    Figure("time_s", "Time", "time", "Length of the computed process."),
    Figure("converted_fraction", "Converted", "%",
           "Share of the section (of the volume, if axisymmetric) that the front has passed."),
    Figure("state_of_charge", "State of charge", "%", "Carriers taken up, as a share of full content."),
    Figure("capacity_mAh_g", "Capacity", "{:.0f} mAh/g", "Charge taken up per gram of host."),
    Figure("capacity_reversible_mAh_g", "Capacity that comes back", "{:.0f} mAh/g",
           "Without the carriers that the reaction locks (content.x_locked) where the front has passed."),
    Figure("potential_V", "Potential at the end", "{:.3f} V",
           "Of the electrode against the carrier metal; with a given current or a protocol."),
    Figure("penetration_depth_nm", "Front depth", "{:.1f} nm",
           "Depth of a round front of the same converted area (volume, if axisymmetric); the same as "
           "penetration_depth_equivalent_nm."),
    Figure("penetration_depth_max_nm", "Front depth at its deepest", "{:.1f} nm",
           "From the surface inwards to the middle of the front, in the undeformed section."),
    Figure("depth_over_flat_film", "Front depth over that of a flat film", "{:.2f}",
           "After the same time, by the linear-parabolic law; for rates measured on films (front.rates_of)."),
    Figure("self_limited", "Self-limited", "{}", "Yes if the front came to rest by itself, held by stress."),
    Figure("self_limited_criterion", "Criterion of that", "{}", "What has to hold for a front to count so."),
    Figure("not_self_limited_because", "Why not self-limited", "{}", "What of the criterion does not hold."),
    Figure("converted_at_drive_0_3", "Converted where the drive v/k fell to 0.3", "%",
           "The front has lost most of its drive to stress and transport: from there on its mean v/k stays below 0.3."),
    Figure("converted_at_drive_0_1", "Converted where the drive v/k fell to 0.1", "%",
           "Likewise below 0.1. Says more than where it stood: an almost stopped front creeps on for long."),
    Figure("arrest_time_range_s", "Time of arrest", "time",
           "From when v/k had fallen below 0.1 to when the front stood; it is not known more closely."),
    Figure("arrest_time_s", "End of that range", "time", "Observations of an arrest are compared with it."),
    Figure("rate_exponent", "Rate exponent n", "{:.2f}",
           "Depth grows as time to the power n: 1 where the front's reaction limits, 1/2 where diffusion does."),
    Figure("rate_exponent_range_nm", "Depths it was fitted over", "{:.1f} nm",
           "From where the front has formed to where it hardly moves."),
    Figure("rate_exponent_points", "Points it was fitted to", "{:.0f}", "Steps of the run within that range."),
    Figure("rate_exponent_r2", "Quality of that fit, r2", "{:.3f}", "1 is a perfect power law."),
    Figure("regime", "Regime", "{}",
           "ICR: the reaction at the front limits; DCR: diffusion behind it. By the share of the drive lost in "
           "transport."),
    Figure("transport_share", "Drive lost in transport", "%",
           "0 where reaction alone limits, 100 % where diffusion does."),
    Figure("damkohler", "Reaction over diffusion, k R c_f/((1 \N{MINUS SIGN} c_f) D)", "{:.3g}",
           "Small: the reaction is slow and limits. Large: diffusion limits. The front takes up the share c_f of full "
           "content, diffusion brings what lies between c_f and 1. Without stress."),
    Figure("anisotropy_ratio", "Largest over smallest diameter", "{:.2f}", "1 is round."),
    Figure("outline_2theta", "Outline, part with two bulges", "{:.3f}",
           "Amplitude of cos 2\N{GREEK SMALL LETTER THETA} in the deformed radius, over its mean: ellipse, dumbbell."),
    Figure("outline_4theta", "Outline, part with four bulges", "{:.3f}",
           "Likewise of cos 4\N{GREEK SMALL LETTER THETA}: cross."),
    Figure("outline_6theta", "Outline, part with six bulges", "{:.3f}",
           "Likewise of cos 6\N{GREEK SMALL LETTER THETA}: hexagon."),
    Figure("lobes", "Outward bulges", "{:.0f}", "0 round, 2 ellipse or dumbbell, 4 cross, 6 hexagon."),
    Figure("area_ratio", "Section area, deformed over initial", "{:.2f}",
           "How much the section has grown; of an axisymmetric one the volume."),
    Figure("axial_stretch", "Length, deformed over initial", "{:.3f}", "1 in plane strain, where length is held."),
    Figure("curvature_1_nm", "Curvature of the wire", "{:.3g} 1/nm", "Only of a bent wire: 1 over its radius."),
    Figure("depth_ratio_tension", "Depth of the front in tension over compression", "{:.3f}",
           "Only of a wire bent to a given curvature: depths on the outer and on the inner side of the bend."),
    Figure("swelling_mean", "Mean growth of the diameter", "%", "Over all directions of the section."),
    Figure("swelling_spread", "Spread of the diameters' growth", "%",
           "Largest minus smallest among low-index directions."),
    Figure("volume_gain", "Growth of the volume", "%", "Against the initial volume."),
    Figure("axial_strain", "Growth of the length", "%", "Against the initial length."),
    Figure("hoop_surface_max_GPa", "Largest hoop stress at the surface", "{:.2f} GPa", "Tension there opens cracks."),
    Figure("hoop_max_GPa", "Largest hoop stress anywhere", "{:.2f} GPa", "At the place given in summary.json."),
    Figure("crack_risk", "Crack risk", "{:.2f}",
           "Energy that a surface crack as deep as the reacted shell at the worst site and time would release, over "
           "toughness; above 1 a crack is expected. A first estimate; the model opens no cracks."),
    Figure("crack_risk_bound", "Crack risk only a bound", "{}", "Yes where the site of the largest risk is at yield."),
    Figure("crack_risk_basis", "What the crack risk is", "{}", "What kind of estimate the stress at the site allows."),
    Figure("crack_risk_until_fraction", "Crack risk taken up to", "%",
           "Converted fraction. Once the skin has thinned to a tear, its stress and depth are the mesh's."),
    Figure("critical_diameter_nm", "Diameter at which crack risk is 1", "{:.0f} nm",
           "Thicker wires are expected to crack; a lower bound where the crack risk is an upper one."),
    Figure("neck", "Skin necks", "place",
           "Where the skin over 10 degrees of the surface is half as thick as the median of the reacted skin. Several "
           "solutions exist from there on; figures read later say so."),
    Figure("torn", "Skin torn", "place",
           "Where the skin of a neck is down to a quarter of the thickness at which it had reacted."),
    Figure("interface_thickness_ratio", "Front half-thickness over radius", "{:.4f}",
           "Numerical sharpness: stresses come out too small by an amount in proportion to it."),
)
MEANING = {figure.key: figure for figure in FIGURES}
#: Keys that only some runs have: with a given current or a protocol; of materials that lock carriers.
SOMETIMES = ("potential_V", "capacity_reversible_mAh_g", "depth_over_flat_film")
DERIVED = ("lobes", "swelling_mean", "swelling_spread", "volume_gain", "axial_strain")


@dataclass(frozen=True)
class Merit:
    """A row of the table: name, meaning, one value per case."""

    name: str
    meaning: str
    values: list[str]


def merits(cases: Sequence[Case]) -> list[Merit]:
    """Figures of merit that at least one case has."""
    rows = []
    for figure in FIGURES:
        if all(means_nothing(case, figure.key) for case in cases):
            continue
        values = [case.facts.predicted(figure.key) if figure.key == "lobes" else case.facts.summary.get(figure.key)
                  for case in cases]
        if figure.key in ("volume_gain", "axial_strain", "swelling_mean", "swelling_spread"):
            continue  # shown where an observation asks for them
        if any(value is not None for value in values):
            texts = [written(figure.key, value) + _late(case, figure.key)
                     for case, value in zip(cases, values, strict=True)]
            if figure.key == "anisotropy_ratio":
                texts = [text + _exact(case) for text, case in zip(texts, cases, strict=True)]
            rows.append(Merit(figure.name, figure.meaning, texts))
    swelling = [case.facts.summary.get("swelling_by_direction") or {} for case in cases]
    if any(swelling):
        listed = [", ".join(f"{name} {written('swelling_mean', strain)}" for name, strain in strains.items())
                  for strains in swelling]
        rows.append(Merit("Growth of the diameter by direction", "Along the low-index directions of the section.",
                          [text + _late(case, "swelling_by_direction") if text else "\N{EN DASH}"
                           for case, text in zip(cases, listed, strict=True)]))
    return rows


def _exact(case: Case) -> str:
    """What the ratio of the diameters must be where that is known: a wire with one rate in all directions stays round.
    """
    exact = case.facts.summary.get("anisotropy_ratio_exact")
    return "" if exact is None else f" (exact: {exact:.2f})"


def _late(case: Case, key: str) -> str:
    """What marks a figure that was read after the skin had necked or torn; empty before."""
    s = case.facts.summary
    if s.get(key) is None or key not in (s.get("figures_after_neck") or ()):
        return ""
    return " (after the tear)" if s.get("torn") else " (after the neck)"


def written(key: str, value: Any) -> str:
    """A figure with its unit, or a dash."""
    figure = MEANING.get("anisotropy_ratio" if key.startswith("diameter<") else key)
    form = figure.form if figure else "{:.3g}"
    if value is None:
        return "\N{EN DASH}"
    if isinstance(value, list):
        return " to ".join(written(key, end) for end in value)
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, str):
        return value
    if isinstance(value, Mapping):
        at = f"{written('converted_fraction', value['converted_fraction'])}, {written('time_s', value['time_s'])}"
        x, y = (f"{value[key]:.1f}".replace("-", "\N{MINUS SIGN}") for key in ("x_nm", "y_nm"))
        return f"at {at}, x = {x} nm, y = {y} nm"
    if form == "time":
        factor, unit = time_scale(float(value))
        return f"{float(value) / factor:.3g} {unit}"
    text = f"{100 * value:.1f}".removesuffix(".0") + " %" if form == "%" else form.format(value)
    return text.replace("-", "\N{MINUS SIGN}") if text.startswith("-") else text


def settings(case: Case) -> list[tuple[str, list[tuple[str, str]]]]:
    """Configuration but the material: section and its keys with values as written."""
    groups: dict[str, list[tuple[str, str]]] = {"": []}
    for key, value in case.facts.config.items():
        # a body of revolution has no crystal, whatever its default says
        if key == "material" or (key == "crystal" and case.facts.run.axisymmetric):
            continue
        if isinstance(value, Mapping):
            groups[key] = _leaves(value)
        else:
            groups[""].append((key, _text(value)))
    return [(name, rows) for name, rows in groups.items() if rows]


def _leaves(node: Mapping[str, Any], path: str = "") -> list[tuple[str, str]]:
    """Dotted key and value of everything below a mapping."""
    rows = []
    for key, value in node.items():
        here = f"{path}.{key}" if path else str(key)
        rows += _leaves(value, here) if isinstance(value, Mapping) and value else [(here, _text(value))]
    return rows


def _text(value: Any) -> str:
    if value is None or value == {}:
        return "none"
    if isinstance(value, list) and any(isinstance(one, str) for one in value):
        return "; ".join(map(str, value))
    return ("yes" if value else "no") if isinstance(value, bool) else str(value)


def material(case: Case) -> list[Setting]:
    """Every number of the material with its source and confidence; empty where the folder does not say."""
    data = case.facts.config.get("material")
    try:
        return describe(data) if isinstance(data, Mapping | str) else []
    except ConfigError:
        return []


def health(case: Case) -> list[tuple[str, str]]:
    """How the solver fared: name and value."""
    m = case.facts.run.manifest
    steps, mesh, wall = (m.get(key) or {} for key in ("steps", "mesh", "wall_seconds"))
    rows: list[tuple[str, str]] = []
    if steps:
        accepted = steps.get("accepted") or 0
        why = ", ".join(f"{name} {count}" for name, count in (steps.get("reasons_of_rejection") or {}).items())
        rows += [("Steps accepted", str(accepted)),
                 ("Steps rejected", f"{steps.get('rejected')}{f' ({why})' if why else ''}")]
        if accepted:
            rows.append(("Newton iterations", f"{steps.get('newton_iterations')}, "
                         f"{(steps.get('newton_iterations') or 0) / accepted:.1f} per accepted step"))
    error = column(case, "content_error")
    if error is not None and len(error):
        worst = float(abs(error).max())
        rows.append(("Largest error of the carrier balance", f"{worst:.1e} of full content in a step"))
    if mesh:
        kept = f", last of {mesh.get('meshes')} that followed the front" if mesh.get("adaptive") else ""
        rows.append(("Mesh", f"{mesh.get('elements')} quadratic triangles, {mesh.get('nodes')} nodes, element size "
                     f"{m.get('element_size_nm')} nm, worst quality {mesh.get('quality_min', float('nan')):.2f}{kept}"))
    if m.get("half_thickness_nm"):
        rows.append(("Front half-thickness", f"{m['half_thickness_nm']} nm"))
    if wall:
        rows.append(("Wall time", ", ".join(f"{name} {seconds:.1f} s" for name, seconds in wall.items())))
    for key, name, unit in (("peak_memory_MiB", "Largest memory", " MiB"), ("solver", "Linear solver", ""),
                            ("commit", "Source commit", "")):
        if m.get(key):
            rows.append((name, f"{m[key]}{unit}"))
    if m.get("versions"):
        rows.append(("Versions", ", ".join(f"{name} {version}" for name, version in m["versions"].items() if version)))
    return rows
