"""What is varied of a system: every input of its material whose source gives a range, one at a time, to both ends.

The ranges stand in the material's file (``range`` of a leaf). An input that has none is held: it is either known far
better than the others, or it has little effect on what is compared.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from femanode.config.loading import Config
from femanode.config.material import material_mapping
from femanode.study.sweepfile import Sweep, load_sweep
from femanode.study.systems.files import System

#: Acts on the crack risk (inversely) and on the critical diameter (in proportion) alone: its range needs no run.
TOUGHNESS = "fracture.energy"
#: Radius over the half-thickness of the front with ``quick``.
QUICK_THICKNESS = 8.0


@dataclass(frozen=True)
class Input:
    """One input: its key path in the material, its value and the ends of its range as written, and its mark."""

    path: str
    value: Any
    low: Any
    high: Any
    confidence: str


def inputs_of(config: Config) -> list[Input]:
    """The inputs of a configuration's material that have a range, in the order of its file."""
    written = material_mapping(config.material)
    return [Input(path=path, value=_value_at(written, path), low=origin.range[0], high=origin.range[1],
                  confidence=origin.confidence or "")
            for path, origin in config.material.provenance.items() if origin.range is not None]


def fitted_inputs(config: Config) -> dict[str, list[str]]:
    """Figures of merit that inputs of a configuration were chosen from, each with the key paths of these."""
    found: dict[str, list[str]] = {}
    for path, origin in config.material.provenance.items():
        for quantity in origin.fitted_to or ():
            found.setdefault(quantity, []).append(path)
    return found


def study_of(system: System, *, quick: bool) -> Sweep:
    """The sweep of a system: first its own values, then each input at both ends of its range.

    With ``quick`` only its own values, with a front of an eighth of the radius on elements as large.
    """
    inputs = [] if quick else [one for one in inputs_of(system.config) if one.path != TOUGHNESS]
    moved = [(None, None), *((k, end) for k, one in enumerate(inputs) for end in (one.low, one.high))]
    axes: dict[str, list[Any]] = {
        f"overrides.{one.path}": [end if which == k else one.value for which, end in moved]
        for k, one in enumerate(inputs)}
    settings: dict[str, Any] = {"output.pictures": False}
    diameter = system.config.geometry.narrowest
    if quick and diameter is not None:
        size = f"{diameter / 2.0 / QUICK_THICKNESS:.4g} nm"
        settings.update({"front.half_thickness": size, "mesh.element_size": size})
    # A sweep has at least one axis.
    axes = axes or {"output.frames": [system.config.output.frames]}
    return load_sweep({"base": str(system.path), "settings": settings, "axes": axes, "combine": "zip"})


def _value_at(written: Mapping[str, Any], path: str) -> Any:
    """What a material's mapping holds at a key path, without its source."""
    node: Any = written
    keys = path.split(".")
    for key in keys:
        node = node[key]
    # A table over content has a key of this name too.
    return node["value"] if isinstance(node, Mapping) and "content" not in node else node
