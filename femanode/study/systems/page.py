"""The page of a saved table: what was predicted, what the inputs allow, what was seen, and what a referee would ask."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from string import Template
from typing import Any

from femanode.config.library import load_material
from femanode.config.material import Material
from femanode.config.quantities import Table as Points
from femanode.output.disk import write_text
from femanode.study.systems.figures import FULL, charged, draw_all
from femanode.study.systems.fracture import CRITICAL
from femanode.study.systems.table import Table, band, number, observed, save_table

Row = dict[str, Any]

_HEADS = ("system", "regime", "n", "fitted from … to, nm", "anisotropy", "converted at v/k = 0.3", "at rest",
          "axial stretch", "hoop, GPa", "crack risk", "inputs A/B/C", "verdict")
#: Converted fraction beyond which what is left of a core is a few atoms wide.
NEVER = 0.999
_FIGURES = ("anisotropy_ratio", "converted_at_drive_0_3", "converted_fraction", "axial_stretch",
            "hoop_surface_max_GPa", "crack_risk")


def save(table: Table, folder: Path) -> Path:
    """Write ``systems.md``, ``systems.json``, ``systems.csv`` and the figures in ``systems/``; the path of the page.

    The page speaks of all systems; a table of some of them gets tables and figures without the text between.
    """
    save_table(table, folder)
    draw_all(table, folder / "systems")
    path = folder / "systems.md"
    write_text(path, page(table))
    return path


def page(table: Table) -> str:
    """The page (Markdown) of a table."""
    rows = table["rows"]
    parts = {"settings": settings(table), "table": overview(rows), "verdicts": verdicts(rows),
             "conversion": conversion(rows), "inputs": varied(rows), "sizes": sizes(table["sizes"]),
             "through": through(rows), "films": films(rows), "cracks": cracks(rows)}
    text = Path(__file__).with_name("systems.md").read_text(encoding="utf-8")
    return Template(text).safe_substitute(parts | numbers(rows))


def overview(rows: Sequence[Row]) -> str:
    """One line per system."""
    lines = [_line(_HEADS), _line(["---"] * len(_HEADS))]
    for row in rows:
        fitted = row["rate_exponent_range_nm"]
        cells = [f"[{row['system']}](#{row['system']})",
                 "/".join(dict.fromkeys(str(one) for one in [row["regime"] or "–", *row["regime_band"]])),
                 _with_band(row, "rate_exponent"),
                 "–" if not fitted else f"{fitted[0]:.0f} … {fitted[1]:.0f}",
                 *(_with_band(row, figure) for figure in _FIGURES),
                 "/".join(str(row["inputs"].get(mark, 0)) for mark in "ABC"), f"**{row['verdict']}**"]
        lines.append(_line(cells))
    return "\n".join(lines)


def verdicts(rows: Sequence[Row]) -> str:
    """A section per system: what it is, then one line per observation."""
    parts = []
    for row in rows:
        lines = [f"### {row['system']}\n", f"{row['told']}\n"]
        if row["observations"]:
            heads = ("figure", "predicted", "band", "observed", "what was seen", "mark", "verdict", "why")
            lines += [_line(heads), _line(["---"] * len(heads))]
            lines += [_line((f"`{one['quantity']}`", number(one["predicted"]), band(one["band"]).strip(" []") or "–",
                             observed(one["observed"]), _said(one), one["confidence"], f"**{one['verdict']}**",
                             one["why"] or "–")) for one in row["observations"]]
        else:
            lines.append(f"**{row['verdict']}**: {row.get('verdict_why', 'no run')}.")
        lines += [f"\nA case failed: {said}." for said in row["failed"]]
        parts.append("\n".join(lines))
    return "\n\n".join(parts)


def conversion(rows: Sequence[Row]) -> str:
    """Materials that lock carriers: what converts and what alloys."""
    heads = ("material", "carriers locked of all", "J after conversion, full", "E after conversion, full, GPa",
             "flow stress, GPa", "capacity first, back, mAh/g")
    lines = [_line(heads), _line(["---"] * len(heads))]
    for row in rows:
        material = load_material(row["material"])
        if material.content.x_locked == 0.0 or row["system"].endswith("_axial"):
            continue
        E = material.mechanics.reacted.youngs_modulus
        ends = [E.value[0], E.value[-1]] if isinstance(E, Points) else [E, E]
        flow = material.mechanics.reacted.yield_stress.value[0]
        lines.append(_line((material.name, f"{material.content.x_locked:g} of {material.content.x_max:g}",
                            f"{_ratio_at_front(material):.2f}, {1.0 + material.swelling.full:.2f}",
                            f"{ends[0]:g}, {ends[1]:g}", f"{flow:g}",
                            f"{number(row['capacity_first_mAh_g'])}, {number(row['capacity_reversible_mAh_g'])}")))
    return "\n".join(lines)


def sizes(rows: Sequence[Row]) -> str:
    """Where silicon stops, by diameter."""
    lines = [_line(("kept", "diameter, nm", "δ, nm", "δ/R", "converted at v/k = 0.3", "at rest")), _line(["---"] * 6)]
    lines += [_line((row["kept"], f"{row['diameter_nm']:g}", f"{row['half_thickness_nm']:g}",
                     f"{2.0 * row['half_thickness_nm'] / row['diameter_nm']:.3f}",
                     number(row["converted_at_drive_0_3"]), number(row["converted_fraction"]))) for row in rows]
    return "\n".join(lines)


def through(rows: Sequence[Row]) -> str:
    """What closed forms say of full conversion, by material: whether stress allows it, and how long it takes."""
    wide = rows[0]["hours_through"] if rows else {}
    lines = [_line(("material", "work share", "stands at", "through in 1 h, nm",
                    *(f"time at {d} nm, h" for d in wide), *(f"γ at {d} nm, J/m²" for d in list(wide)[:2])))]
    lines.append(_line(["---"] * (4 + len(wide) + len(list(wide)[:2]))))
    for row in _by_material(charged(rows)):
        stands, energy = row["stands_at"], row["interface_energy_through_J_m2"]
        lines.append(_line((row["material"], number(row["work_share"]), "never" if stands > NEVER else number(stands),
                            number(row["diameter_through_1h_nm"]), *map(number, row["hours_through"].values()),
                            *(number(energy[d]) if stands <= NEVER else "–" for d in list(wide)[:2]))))
    return "\n".join(lines)


def cracks(rows: Sequence[Row]) -> str:
    """Critical diameters and crack sites, by system."""
    heads = ("system", "diameter, nm", "crack risk", "critical diameter, nm", "bound", "site, ° from x",
             "front fastest at, °", "between (0 to 1)", "observed, nm", "verdict")
    lines = [_line(heads), _line(["---"] * len(heads))]
    for row in rows:
        if row["crack_risk"] is None:
            continue
        seen = [one for one in row["observations"] if one["quantity"] == CRITICAL]
        fast = ", ".join(f"{angle:g}" for angle in row["fast_directions_deg"])
        lines.append(_line((
            row["system"], number(row["diameter_nm"]), _with_band(row, "crack_risk"), _with_band(row, CRITICAL),
            "yes" if row["crack_risk_bound"] else "no", number(row["crack_site_deg"]) if fast else "–",
            fast or "all alike", number(row["crack_between"]),
            "; ".join(observed(one["observed"]) for one in seen) or "–",
            "; ".join(one["verdict"] for one in seen) or "–")))
    return "\n".join(lines)


def films(rows: Sequence[Row]) -> str:
    """What a surface film of 5 nm lets through beside the rate of the front, by material."""
    heads = ("material", "rate of the front, nm/s", "film lets through, nm/s", "holds back")
    lines = [_line(heads), _line(["---"] * 4)]
    for row in _by_material(charged(rows)):
        rate, (low, high) = row["front_rate_nm_s"], row["film_speed_nm_s"]
        said = "at both ends" if rate > high else "at the lower end" if rate > low else "no"
        lines.append(_line((row["material"], number(rate), f"{number(low)} … {number(high)}", said)))
    return "\n".join(lines)


def _by_material(rows: Sequence[Row]) -> list[Row]:
    """The first system of each material, in the order of names."""
    first: dict[str, Row] = {}
    for row in rows:
        first.setdefault(row["material"], row)
    return [first[name] for name in sorted(first)]


def varied(rows: Sequence[Row]) -> str:
    """What was moved, by material."""
    lines = [_line(("material", "input", "value", "from", "to", "mark")), _line(["---"] * 6)]
    seen = set()
    for row in rows:
        if row["material"] in seen:
            continue
        seen.add(row["material"])
        lines += [_line((row["material"], f"`{one['path']}`", one["value"], one["low"], one["high"], one["confidence"]))
                  for one in row["varied"]]
    return "\n".join(lines)


def settings(table: Table) -> str:
    """How the table was computed."""
    rows = table["rows"]
    thick = sorted({round(row["radius_over_half_thickness"]) for row in rows if row["radius_over_half_thickness"]})
    ranges = ("a thick front alone (`--quick`), so that no band is given" if table["quick"] else
              "each input with a range at both of its ends, and each system with a thick front as well")
    return (f"{len(rows)} systems, {sum(row['cases'] for row in rows)} runs: {ranges}. Radius over half-thickness of "
            f"the front: {' or '.join(map(str, thick))}; elements as large as the half-thickness, or half as large "
            f"where stress decides. femanode {table['version']}.")


def numbers(rows: Sequence[Row]) -> dict[str, str]:
    """Every figure by name, for the text: ``li_ge_converted_fraction``, ``li_ge_converted_fraction_band``."""
    found = {}
    for row in rows:
        for key, value in row.items():
            if value is None or isinstance(value, str | float | int):
                found[f"{row['system']}_{key}"] = number(value)
            elif key.endswith(("_band", "_range_nm")):
                found[f"{row['system']}_{key}"] = " to ".join(number(one) for one in value) or "no band"
    through = [row["system"] for row in rows if (row["converted_fraction"] or 0.0) >= FULL]
    found |= {f"{row['system']}_hours": number(row["time_s"] / 3600.0) for row in rows if row["time_s"]}
    found |= {f"{row['system']}_{one['quantity']}": number(one["predicted"]) for row in rows
              for one in row["observations"] if one["quantity"] == "depth_over_flat_film"}
    return found | {"full": ", ".join(through),
                    "arrested": ", ".join(row["system"] for row in rows if row["self_limited"])}


def _ratio_at_front(material: Material) -> float:
    """Volume ratio of the phase that the front forms."""
    table, y = material.swelling.expansion, material.content.x_front / material.content.x_max
    if not isinstance(table, Points):
        return 1.0 + table * y
    nearest = min(range(len(table.content)), key=lambda k: abs(table.content[k] - y))
    return 1.0 + table.value[nearest]


def _said(one: dict[str, Any]) -> str:
    caution = f" ({one['caution']})" if one["caution"] else ""
    return f"{one['says']}{caution}; {one['source']}"


def _with_band(row: Row, figure: str) -> str:
    return f"{number(row[figure])}{band(row[f'{figure}_band'])}"


def _line(cells: Sequence[str]) -> str:
    return f"| {' | '.join(str(cell).replace('|', chr(92) + '|') for cell in cells)} |"
