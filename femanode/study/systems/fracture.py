"""Cracks: the diameter below which a crack does not run, and where on the surface it would start, beside what was seen.

The crack risk of a run is the energy release rate of a surface flaw over the toughness; it is in proportion to the
diameter where all lengths are, so that the critical diameter is the run's over its risk. Where the shell flows both are
bounds: the risk from above, the diameter from below.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from matplotlib.figure import Figure

from femanode.config.loading import Config
from femanode.pictures.style import COLOURS, fill, label, new_chart
from femanode.solver.laws import crystal_of

Row = dict[str, Any]

CRITICAL = "critical_diameter_nm"


def fast_directions(config: Config) -> list[float]:
    """Angles from x, degrees in [0, 180), at which the front is fastest; none where it is as fast in all directions."""
    angle = np.radians(np.arange(0.0, 180.0, 0.1))
    rate = crystal_of(config)[1].rate(np.cos(angle), np.sin(angle))
    if np.ptp(rate) < 1e-3 * rate.max():
        return []
    # The middle of each run of places that are as fast as the fastest; one may go across 180 degrees.
    fast = rate > (1.0 - 1e-6) * rate.max()
    start = int(np.flatnonzero(~fast)[0])
    runs = np.split(np.arange(len(fast)), np.flatnonzero(np.diff(np.roll(fast, -start).astype(int))) + 1)
    return sorted(round(float(np.degrees(angle[1]) * (start + run.mean())) % 180.0, 1)
                  for run in runs if fast[(start + run[0]) % len(fast)])


def crack_facts(config: Config, summary: Mapping[str, Any]) -> dict[str, Any]:
    """What a run says of its crack: whether its risk is a bound, its site, and where between fast directions that lies.

    ``crack_between`` is 0 in a fast direction and 1 half way between two.
    """
    site, fast = summary.get("crack_site"), fast_directions(config)
    found: dict[str, Any] = {"crack_risk_bound": summary.get("crack_risk_bound"), "crack_site_deg": None,
                             "crack_between": None, "fast_directions_deg": fast}
    if site is None:
        return found
    at = float(site["reference_angle_deg"])
    found["crack_site_deg"] = at
    if fast:
        ring = np.unique(np.mod(np.array([*fast, *(f + 180.0 for f in fast)]), 360.0))
        ring = np.concatenate([ring, ring[:1] + 360.0])
        k = int(np.searchsorted(ring, at % 360.0, side="right")) - 1
        low, high = (ring[k], ring[k + 1]) if k >= 0 else (ring[-2] - 360.0, ring[0])
        away = min(at % 360.0 - low, high - at % 360.0)
        found["crack_between"] = float(away / (0.5 * (high - low)))
    return found


def critical_diameters(rows: Sequence[Row]) -> Figure:
    """Critical diameters with what the inputs allow, on a logarithmic axis, and what was observed."""
    shown = [row for row in rows if row[CRITICAL] is not None]
    figure, axes = new_chart(7.0, 0.9 + 0.3 * len(shown))
    for k, row in enumerate(shown):
        y = len(shown) - 1 - k
        ends = row[f"{CRITICAL}_band"]
        if ends:
            axes.plot(ends, [y, y], color=COLOURS[1], linewidth=5, alpha=0.3, solid_capstyle="butt")
        axes.plot(row[CRITICAL], y, ">" if row["crack_risk_bound"] else "o", color=COLOURS[1], markersize=6)
        for one in row["observations"]:
            if one["quantity"] != CRITICAL:
                continue
            value = one["observed"]
            known = list(value.values()) if isinstance(value, dict) else value if isinstance(value, list) else [value]
            axes.plot(known, [y + 0.25] * len(known), "-D", color=COLOURS[2], markersize=4, linewidth=1.4)
            if isinstance(value, dict) and "at_least" in value:
                axes.annotate("", (1.6 * known[0], y + 0.25), (known[0], y + 0.25),
                              arrowprops={"arrowstyle": "->", "color": COLOURS[2], "linewidth": 1.4})
    axes.plot([], [], "o", color=COLOURS[1], label="predicted, and its band")
    axes.plot([], [], ">", color=COLOURS[1], label="predicted: at least this")
    axes.plot([], [], "D", color=COLOURS[2], markersize=5, label="observed")
    axes.set_xscale("log")
    axes.set_yticks(range(len(shown)), [row["system"] for row in reversed(shown)])
    axes.grid(axis="x", color="#dddddd", linewidth=0.8)
    label(axes, "Critical diameter (nm)", "")
    fill(figure)
    return figure
