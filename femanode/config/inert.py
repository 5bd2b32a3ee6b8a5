"""Inert materials: no carriers react with them, but they bear load, and let carriers through if they say how fast.

A file says ``kind: inert`` and needs fewer keys than one of a wire: mechanics of one phase, and a diffusivity where
carriers cross it.
"""

from __future__ import annotations

from typing import Any, Literal

from pydantic import Field, model_validator

from femanode.config.material import Fracture, Sourced, join_leaves
from femanode.config.phases import Phase
from femanode.config.quantities import Diffusivity, Section, Table, Text, problem

__all__ = ["Inert", "InertTransport", "inert_mapping"]


class InertTransport(Section):
    """How carriers cross the layer."""

    diffusivity: Diffusivity = Field(
        description="diffusivity of the carrier in the layer, for the range of content of the reacted phase"
    )


class Inert(Sourced):
    """One inert material; attributes are the YAML keys, values in internal units."""

    kind: Literal["inert"] = Field(description="inert: takes no carriers")
    name: Text = Field(description="name of the material, for messages and the report")
    mechanics: Phase
    transport: InertTransport | None = Field(default=None, description="null: carriers do not cross it")
    fracture: Fracture | None = Field(default=None, description="null: no crack risk is given")

    @model_validator(mode="after")
    def _one_content(self) -> Inert:
        """No tables over content: it has none."""
        if len(self.mechanics.yield_stress.value) > 1:
            raise problem("found a table over content", allowed="one stress, such as '1 GPa'",
                          key="mechanics.yield_stress", hint="an inert material has no content")
        for key in ("youngs_modulus", "poisson_ratio"):
            if isinstance(getattr(self.mechanics, key), Table):
                raise problem("found a table over content", allowed="one value", key=f"mechanics.{key}",
                              hint="an inert material has no content")
        return self


def inert_mapping(inert: Inert) -> dict[str, Any]:
    """Plain mapping with units and leaves; validating it gives an equal Inert."""
    mapping: dict[str, Any] = join_leaves(inert.model_dump(mode="json"), inert.provenance)
    return mapping
