"""What is varied of a system: every input of its material whose source gives a range, one at a time, to both ends.

The ranges stand in the material's file (``range`` of a leaf). An input that has none is held: it is known far better
than the others, has little effect on what is compared, or acts as another does that has one. Front rates whose ranges
are in one proportion are moved together: it is their level that is uncertain then, not the crystal's ratios.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import Any

from femanode.config.loading import Config
from femanode.config.material import material_mapping
from femanode.errors import ConfigError
from femanode.study.sweepfile import Sweep, load_sweep
from femanode.study.systems.files import System
from femanode.units import parse_quantity

#: Acts on the crack risk (inversely) and on the critical diameter (in proportion) alone: its range needs no run.
TOUGHNESS = "fracture.energy"
#: Radius over the half-thickness of the thick front, that of ``quick``.
THICK = 8.0
_FRONT, _MESH = "front.half_thickness", "mesh.element_size"
#: Where a material's front rates are.
RATES = "front.rates"


@dataclass(frozen=True)
class Input:
    """One input: its key path in the material, its value and the ends of its range as written, and its mark.

    With :data:`RATES` as its path they are mappings from direction to rate.
    """

    path: str
    value: Any
    low: Any
    high: Any
    confidence: str


def inputs_of(config: Config) -> list[Input]:
    """The inputs of a configuration's material that have a range, in the order of its file."""
    written = material_mapping(config.material)
    found = [Input(path=path, value=_value_at(written, path), low=origin.range[0], high=origin.range[1],
                   confidence=origin.confidence or "")
             for path, origin in config.material.provenance.items() if origin.range is not None]
    rates = [one for one in found if one.path.startswith(f"{RATES}.")]
    if not 1 < len(rates) == len(config.material.front.rates) or not _in_proportion(rates):
        return found
    value, low, high = (
        {one.path.rsplit(".", 1)[1]: end for one, end in zip(rates, ends, strict=True)}
        for ends in zip(*((one.value, one.low, one.high) for one in rates), strict=True))
    level = Input(RATES, value, low, high, max(one.confidence for one in rates))
    first = found.index(rates[0])
    return [*found[:first], level, *(one for one in found[first:] if one not in rates)]


def _in_proportion(rates: Sequence[Input]) -> bool:
    """Whether both ends of the ranges of several rates are, within 1 %, the same multiples of their values."""
    factors = [[parse_quantity(end, "nm/s") / parse_quantity(one.value, "nm/s") for end in (one.low, one.high)]
               for one in rates]
    return all(math.isclose(a, b, rel_tol=0.01) for some in zip(*factors, strict=True) for a, b in pairwise(some))


def fitted_inputs(config: Config) -> dict[str, list[str]]:
    """Figures of merit that inputs of a configuration were chosen from, each with the key paths of these."""
    found: dict[str, list[str]] = {}
    for path, origin in config.material.provenance.items():
        for quantity in origin.fitted_to or ():
            found.setdefault(quantity, []).append(path)
    return found


def study_of(system: System, *, quick: bool) -> Sweep:
    """The sweep of a system: its own values, the same with a thick front, and each input at both ends with that.

    The thick front is an eighth of the radius wide, on elements in the same ratio to it as the system's own. What an
    input does is told by differences between thick fronts. With ``quick`` the second case is all.
    """
    inputs = [] if quick else [one for one in inputs_of(system.config) if one.path != TOUGHNESS]
    own, thick = lengths(system.config)
    moved = [(k, end) for k, one in enumerate(inputs) for end in (one.low, one.high)]
    fronts = [thick] if quick else [own, thick, *[thick] * len(moved)]
    axes: dict[str, list[Any]] = {
        f"overrides.{one.path}": [one.value] * 2 + [end if which == k else one.value for which, end in moved]
        for k, one in enumerate(inputs)}
    axes |= {_FRONT: [delta for delta, _ in fronts], _MESH: [size for _, size in fronts]}
    return load_sweep({"base": str(system.path), "settings": {"output.pictures": False}, "axes": axes,
                       "combine": "zip"})


def lengths(config: Config) -> tuple[tuple[str, str], tuple[str, str]]:
    """Half-thickness of the front and element size as a configuration has them, and those of a thick front.

    Raises
    ------
    ConfigError
        They or the diameter are not given.
    """
    delta, size, diameter = config.front.half_thickness, config.mesh.element_size, config.geometry.narrowest
    if delta is None or size is None or diameter is None:
        raise ConfigError("found no front.half_thickness, mesh.element_size or geometry.diameter", where=config.name,
                          allowed="all three in the configuration of a system")
    wide = diameter / 2.0 / THICK
    return (f"{delta:g} nm", f"{size:g} nm"), (f"{wide:.4g} nm", f"{wide * size / delta:.4g} nm")


def _value_at(written: Mapping[str, Any], path: str) -> Any:
    """What a material's mapping holds at a key path, without its source."""
    node: Any = written
    keys = path.split(".")
    for key in keys:
        node = node[key]
    # A table over content has a key of this name too.
    return node["value"] if isinstance(node, Mapping) and "content" not in node else node
