"""Sections of a material that say how it swells and what stress it bears."""

from __future__ import annotations

from itertools import pairwise
from typing import Self

from pydantic import Field, model_validator

from femanode.config.quantities import (
    ExpansionOrTable,
    Hardening,
    Number,
    PoissonOrTable,
    Section,
    StiffnessOrTable,
    StrainRate,
    StressTable,
    Table,
    problem,
)


class Swelling(Section):
    """Chemical expansion."""

    expansion: ExpansionOrTable = Field(
        description="(V_full - V_host)/V_host, dimensionless; a table over content where volume is not linear in it"
    )
    directions: tuple[Number, Number, Number] | None = Field(
        default=None,
        description="shares of the logarithm of the volume ratio along the crystal's axes 100, 010, 001, of sum 1; "
        "null: a third each",
    )

    @property
    def full(self) -> float:
        """Expansion at content 1."""
        return self.expansion.value[-1] if isinstance(self.expansion, Table) else self.expansion

    @model_validator(mode="after")
    def _table_from_nothing_to_full(self) -> Self:
        table = self.expansion
        if isinstance(table, Table):
            if table.content[0] != 0.0 or table.content[-1] != 1.0 or table.value[0] != 0.0:
                raise problem(f"found expansions from {table.value[0]:g} at content {table.content[0]:g} on to content "
                              f"{table.content[-1]:g}", allowed="from 0 at content 0 to content 1", key="expansion")
            if any(b < a for a, b in pairwise(table.value)):
                raise problem(f"found the expansions {list(table.value)}", allowed="none below the one before",
                              key="expansion", hint="the front would shrink the host")
        return self

    @model_validator(mode="after")
    def _shares_of_one(self) -> Self:
        if self.directions is not None and (min(self.directions) < 0.0 or abs(sum(self.directions) - 1.0) > 1e-6):
            raise problem(f"found {list(self.directions)}, whose sum is {sum(self.directions):g}", key="directions",
                          allowed="three shares, none negative, of sum 1, such as [0, 0.406, 0.594]")
        return self


class RateSensitivity(Section):
    """sigma_eq = sigma_Y [1 + (eqps rate / reference_rate)^exponent]."""

    exponent: Number = Field(gt=0, le=1, description="exponent m, dimensionless")
    reference_rate: StrainRate = Field(description="reference plastic strain rate")


class Phase(Section):
    """Elasto-plasticity of one phase, per swollen volume."""

    youngs_modulus: StiffnessOrTable = Field(
        description="Young's modulus; of the reacted phase also as a table over content"
    )
    poisson_ratio: PoissonOrTable = Field(
        description="Poisson's ratio, dimensionless; of the reacted phase also as a table over content"
    )
    yield_stress: StressTable = Field(description="yield stress, also as a table over content")
    hardening_modulus: Hardening = Field(default=0.0, description="linear hardening modulus")
    rate_sensitivity: RateSensitivity | None = Field(default=None, description="rate dependence; null: none")


class PhasePair(Section):
    """Host and reacted phase."""

    host: Phase
    reacted: Phase

    @model_validator(mode="after")
    def _host_has_no_content(self) -> Self:
        for key in ("youngs_modulus", "poisson_ratio"):
            if isinstance(getattr(self.host, key), Table):
                raise problem("found a table over content", allowed="one value: the host has content 0",
                              key=f"host.{key}")
        return self
