"""The sections ``geometry.core`` and ``geometry.coating``: layers that do not react."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from pydantic import Field, field_serializer

from femanode.config.complaints import Places, locate
from femanode.config.inert import Inert, inert_mapping
from femanode.config.library import material_data
from femanode.config.quantities import Length, Section
from femanode.errors import ConfigError

__all__ = ["LAYERS", "Coating", "Core", "resolve_layers"]

#: Keys of the layers in ``geometry``.
LAYERS = ("core", "coating")

_MATERIAL = "an inert material: bundled name, path of a YAML file, or mapping"


class _Layer(Section):
    """A layer of one material, bonded to its neighbour."""

    material: Inert = Field(description=_MATERIAL)

    @field_serializer("material")
    def _with_sources(self, material: Inert) -> dict[str, Any]:
        return inert_mapping(material)


class Core(_Layer):
    """Inert core within the reacting shell, bonded to it."""

    diameter: Length = Field(description="diameter of the core; of an ellipse or rectangle that along x")


class Coating(_Layer):
    """Inert shell on the wire, bonded to it."""

    thickness: Length = Field(description="thickness; the wire's diameter does not include it")


def resolve_layers(data: Mapping[str, Any], places: Places, base: Path) -> None:
    """Replace the materials of layers in the raw configuration ``data`` by whole mappings, in place.

    Raises
    ------
    ConfigError
        For an unknown name or an unreadable file.
    """
    geometry = data.get("geometry")
    for key in LAYERS:
        layer = geometry.get(key) if isinstance(geometry, Mapping) else None
        if not isinstance(layer, dict) or "material" not in layer:
            continue
        where = locate(places, ("geometry", key, "material"))
        if layer["material"] == "void":
            raise ConfigError("found 'void'", where=where, allowed=_MATERIAL,
                              hint="a tube is shape: annulus with an inner_diameter" if key == "core" else "")
        raw, found = material_data(layer["material"], base, where, inert=True)
        places.update({("geometry", key, "material", *loc): place for loc, place in found.items()})
        layer["material"] = raw
