"""What the reacted phase holds at which potential, and how carriers move in it: sections of a material."""

from __future__ import annotations

from itertools import pairwise
from typing import Literal, Self

from pydantic import Field, model_validator

from femanode.config.quantities import (
    ActivationEnergy,
    ActivationVolume,
    DiffusivityTable,
    PotentialTable,
    Section,
    Switch,
    problem,
)


class ChemistryLaw(Section):
    """How much the reacted phase holds at which potential."""

    law: Literal["ideal", "open_circuit"] = Field(
        default="ideal", description="ideal: content from x_front to x_max, linear in the activity, which is 1 at the "
        "applied potential; open_circuit: the table, and the applied potential is the electrode's own"
    )
    open_circuit: PotentialTable | None = Field(
        default=None, description="potential against the carrier metal without stress, over content x/x_max: rising "
        "contents up to 1, falling potentials"
    )

    @model_validator(mode="after")
    def _table_fits(self) -> Self:
        """A table where it is needed, that can be inverted."""
        table = self.open_circuit
        if table is None:
            if self.law == "open_circuit":
                raise problem("found law: open_circuit without a table", key="open_circuit",
                              allowed="{content: [0.05, ..., 1], value: [0.6 V, ..., 0.01 V]}")
            return self
        if len(table.content) < 3 or table.content[-1] != 1.0:
            raise problem(f"found {len(table.content)} points up to content {table.content[-1]:g}",
                          allowed="at least 3 points, the last at content 1", key="open_circuit")
        if any(b >= a for a, b in pairwise(table.value)):
            raise problem("found a potential that does not fall", key="open_circuit",
                          allowed="potentials that fall as the content rises",
                          hint="where the curve is flat, let it fall by 1 mV")
        return self


class Transport(Section):
    """Diffusion of the carrier behind the front."""

    diffusivity: DiffusivityTable = Field(description="diffusivity of the carrier in the reacted phase")
    activation_volume: ActivationVolume = Field(
        default=0.0, description="activation volume of diffusion: D = D0 exp(volume * mean stress/kT)"
    )
    activation_energy: ActivationEnergy = Field(
        default=0.0, description="of the diffusivity, exp(-energy/kT) from the material's reference_temperature on"
    )
    frame: Literal["reference", "deformed"] = Field(
        default="reference", description="section through which carriers diffuse: reference, as grown, where D is that "
        "for lengths of the host; deformed, as swollen, where D is that of the product"
    )
    drift: Switch | None = Field(
        default=None, description="stress acts on the carriers through their partial molar volume; null: with a "
        "measured open-circuit curve, as an ideal solution has no largest content"
    )
