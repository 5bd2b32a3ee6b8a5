"""Crystal directions on pictures of a section: two arrows with Miller indices; of a body of revolution, r and z.

Every law here is unchanged under the inversion of the crystal, so that [00-1] may be written [001]: of the two, the
spelling with fewer minus signs is taken, then the one whose first index is positive.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from matplotlib.axes import Axes

from femanode.constitutive.crystal.miller import Miller, format_miller, parse_miller, positive
from femanode.errors import ConfigError

#: What an arrow is called: a crystal direction, or a coordinate.
Direction = Miller | str


def directions_of(manifest: Mapping[str, Any]) -> tuple[Direction, Direction] | None:
    """Directions along x and y of a run's section; None where its host has no crystal, or the manifest none of it."""
    if manifest.get("symmetry") == "axisymmetric":
        return "r", "z"
    crystal = manifest.get("crystal")
    if not isinstance(crystal, Mapping) or crystal.get("structure") == "isotropic":
        return None
    try:
        return positive(parse_miller(crystal["x"])), positive(parse_miller(crystal["y"]))
    except (KeyError, ConfigError):
        return None


def plain(direction: Direction) -> str:
    """Indices as plain text with minus signs, for viewers without mathematics."""
    return direction if isinstance(direction, str) else format_miller(direction)


def overbarred(direction: Direction) -> str:
    """Indices for matplotlib's mathematics: a negative one gets its bar."""
    if isinstance(direction, str):
        return f"${direction}$"
    spaced = r"\," if max(map(abs, direction)) > 9 else ""
    return "$[" + spaced.join(rf"\overline{{{-i}}}" if i < 0 else str(i) for i in direction) + "]$"


def add_directions(axes: Axes, left: float, bottom: float, length: float, directions: tuple[Direction, Direction],
                   size: float, weight: float = 1.0) -> None:
    """Arrows along x and y from a common foot.

    Parameters
    ----------
    axes : Axes
    left, bottom, length : float
        The foot and the arrows' length, in data units.
    directions : (Direction, Direction)
        Along x and along y.
    size : float
        Font size, points.
    weight : float
        Factor on the lines' width.
    """
    foot, gap = (left, bottom), 0.12 * length
    for tip in ((left + length, bottom), (left, bottom + length)):
        axes.annotate("", tip, foot, arrowprops={"arrowstyle": "-|>,head_width=0.22,head_length=0.5", "color": "black",
                                                 "linewidth": 1.5 * weight, "shrinkA": 0, "shrinkB": 0,
                                                 "mutation_scale": 10 * weight})
    axes.text(left + length + gap, bottom, overbarred(directions[0]), fontsize=size, va="center", ha="left")
    axes.text(left, bottom + length + gap, overbarred(directions[1]), fontsize=size, va="bottom", ha="left")
