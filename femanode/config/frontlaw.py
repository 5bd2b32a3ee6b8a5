"""What a material says about its reaction front: rates, rate law, width, and the share that amorphises."""

from __future__ import annotations

import re
from typing import Literal, Self

from pydantic import Field, field_validator, model_validator

from femanode.config.ledges import Ledges, check_ledges
from femanode.config.quantities import (
    ActivationEnergy,
    ActivationVolume,
    BondEnergy,
    Energy,
    InterfaceEnergy,
    Length,
    Number,
    Potential,
    Section,
    Speed,
    problem,
)

_CANONICAL = re.compile(r"isotropic|[0-9]{3}|\[-?[0-9]+ -?[0-9]+ -?[0-9]+\]")


class Amorphization(Section):
    """Share of the front that advances through an amorphous layer."""

    fraction: Number = Field(default=0.0, ge=0, le=1, description="share of the front, 0 to 1")
    bond_energy: BondEnergy | None = Field(
        default=None, description="cohesive energy of the host per atom, from which and from the host's flow stress "
        "the share follows by a rule that is a guess; in place of fraction"
    )
    rate: Speed | None = Field(default=None, description="front rate of the amorphous layer")
    threshold_diameter: Length | None = Field(
        default=None, description="wire diameter below which the whole front amorphises"
    )
    threshold_width: Length | None = Field(
        default=None, description="change of diameter over which it comes to do so; null: at once"
    )

    @model_validator(mode="after")
    def _rate_given(self) -> Self:
        if self.bond_energy is not None and self.fraction > 0:
            raise problem(f"found a fraction of {self.fraction:g} beside a bond energy", allowed="one of them",
                          key="fraction")
        if self.threshold_width is not None and self.threshold_diameter is None:
            raise problem("found a width without a diameter", allowed="threshold_diameter, or no such key",
                          key="threshold_width")
        shared = self.fraction > 0 or self.bond_energy is not None
        if self.rate is None and (shared or self.threshold_diameter is not None):
            raise problem(
                "found no rate of the amorphous layer", allowed="a speed such as '0.5 nm/s'", key="rate"
            )
        return self


class FrontLaw(Section):
    """Kinetics of the reaction front."""

    rates: dict[str, Speed] = Field(
        description="unstressed front speed at unit activity by Miller direction ('110', '[1 1 -2]'), "
        "or {isotropic: ...}"
    )
    direction_law: Literal["smooth", "ledge"] = Field(
        default="smooth", description="how the rate goes from one direction to the next; ledge: with a cusp at {111} "
        "and {100}, which advance by the flow of ledges (cubic hosts with the rates of 100, 110 and 111)"
    )
    ledge: Ledges | None = Field(
        default=None, description="with direction_law: ledge; null: the defaults"
    )
    half_thickness: Length = Field(description="half-thickness delta of the front")
    equilibrium_potential: Potential | None = Field(
        default=None, description="of the front reaction against the carrier metal; Delta G_r - e phi = "
        "-e (this - applied potential); for carriers with a charge, which need it"
    )
    reaction_energy: Energy | None = Field(
        default=None, description="energy of the front reaction per carrier, from activity 1 and without stress; for "
        "neutral carriers (charge 0), which need it in place of a potential"
    )
    activation_volume: ActivationVolume = Field(
        default=0.0, description="activation volume of the rate, for the stress that drives the front"
    )
    host_activation_volume: ActivationVolume = Field(
        default=0.0, description="activation volume of the rate, for the mean stress of the host ahead of the front"
    )
    activation_energy: ActivationEnergy = Field(
        default=0.0, description="of all rates, exp(-energy/kT) from the material's reference_temperature on"
    )
    rates_of: Literal["unstressed", "film"] = Field(
        default="unstressed", description="what the rates were measured on: a front without stress, or a flat film, "
        "whose front works against 2/3 of the product's flow stress; with an activation volume the two differ"
    )
    kinetics: Literal["mass_action", "butler_volmer"] = Field(
        default="mass_action", description="rate law; with butler_volmer the rates are those of the exchange at "
        "equilibrium, not those at unit activity"
    )
    transfer: Number | None = Field(
        default=None, gt=0, le=1, description="with kinetics: butler_volmer, share of the driving energy that speeds "
        "up the way forward; null: 0.5"
    )
    interface_energy: InterfaceEnergy = Field(
        default=0.0, description="energy per area of the front, which drives it towards a shorter one: a little "
        "faster around a core"
    )
    amorphization: Amorphization = Amorphization()

    @field_validator("rates")
    @classmethod
    def _directions(cls, rates: dict[str, float]) -> dict[str, float]:
        """Miller directions, or 'isotropic' alone."""
        for key in rates:
            if not _CANONICAL.fullmatch(key) or (key != "isotropic" and not re.search("[1-9]", key)):
                allowed = "isotropic, or Miller directions such as '110' or '[1 1 -2]'"
                raise problem(f"found the direction '{key}'", allowed=allowed, key=key)
        if "isotropic" in rates and len(rates) > 1:
            raise problem("found isotropic beside other directions", allowed="either", key="isotropic")
        return rates

    @model_validator(mode="after")
    def _transfer_is_used(self) -> Self:
        if self.transfer is not None and self.kinetics != "butler_volmer":
            raise problem(f"found transfer with kinetics: {self.kinetics}", key="transfer",
                          allowed="kinetics: butler_volmer, or no such key")
        return self

    @model_validator(mode="after")
    def _ledge_law_fits(self) -> Self:
        """The ledge law's keys and rates, and ledges fast enough."""
        check_ledges(self.direction_law, self.ledge, self.rates)
        return self
