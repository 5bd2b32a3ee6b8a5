"""Table of the report on cycles: a row for each, and what the columns mean."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from femanode.pictures.page.chartcase import Case

#: Key of a cycle in the summary, heading, and how it is written.
COLUMNS = (
    ("cycle", "Cycle", "{:.0f}"), ("capacity_in_mAh_g", "In (mAh/g)", "{:.0f}"),
    ("capacity_out_mAh_g", "Out (mAh/g)", "{:.0f}"), ("coulombic_efficiency", "Out over in", "%"),
    ("capacity_kept", "Kept of the first", "%"), ("voltage_hysteresis_V", "Hysteresis (V)", "{:.3f}"),
    ("hoop_min_GPa", "Hoop, least (GPa)", "{:.2f}"), ("hoop_max_GPa", "Hoop, largest (GPa)", "{:.2f}"),
    ("diameter_ratio", "Diameter over first", "{:.3f}"), ("converted_fraction", "Converted", "%"))
#: Rows that a page shows; all are in the summary.
MOST_ROWS = 60

#: Figures of merit that speak of a front's motion to its rest, and so not of a section that has reacted.
FRONT = frozenset((
    "converted_fraction", "penetration_depth_nm", "penetration_depth_max_nm", "interface_thickness_ratio", "damkohler"))
#: Of these nothing can be said either where a protocol drives the front and lets it stand.
REST = frozenset((
    "self_limited", "self_limited_criterion", "not_self_limited_because", "converted_at_drive_0_3",
    "converted_at_drive_0_1", "arrest_time_range_s", "arrest_time_s", "rate_exponent", "rate_exponent_range_nm",
    "rate_exponent_points", "rate_exponent_r2", "regime", "transport_share"))


def means_nothing(case: Case, key: str) -> bool:
    """Whether a figure of merit has no meaning in a run without a front, under a protocol, or of a particle."""
    if key == "axial_stretch" and case.facts.run.axisymmetric:
        return True
    without = case.facts.without_front
    return (without and key in FRONT) or (key in REST and (without or bool(case.facts.summary.get("cycles"))))


def cycles(case: Case) -> list[list[str]]:
    """Rows of the table, headings first; empty where the run has no cycles."""
    found = case.facts.summary.get("cycles") or []
    if not found:
        return []
    return [[heading for _, heading, _ in COLUMNS], *([_cell(one, key, form) for key, _, form in COLUMNS]
                                                     for one in found[:MOST_ROWS])]


def _cell(one: Mapping[str, Any], key: str, form: str) -> str:
    value = one.get(key)
    if value is None:
        return "\N{EN DASH}"
    text = f"{100 * value:.2f} %" if form == "%" else form.format(value)
    return text.replace("-", "\N{MINUS SIGN}")
