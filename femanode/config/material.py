"""The Material model: every number of one carrier/host system, with where it comes from.

Every key of a material file holds a plain value or ``{value, source, confidence}`` (a leaf), which may also say the
range that the value is known to; what is not the value is kept in `Material.provenance`.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any, Literal, Self

from pydantic import Field, model_validator

from femanode.config.chemistry import ChemistryLaw, Transport
from femanode.config.frontlaw import FrontLaw
from femanode.config.neutral import require_energies
from femanode.config.phases import PhasePair, Swelling
from femanode.config.provenance import LEAF, Provenance, read_provenance
from femanode.config.quantities import (
    Length,
    Number,
    Section,
    SpecificCapacity,
    SurfaceEnergy,
    Table,
    Temperature,
    Text,
    Volume,
    Whole,
    problem,
)

_MILLER = re.compile(r"(-?\d)(-?\d)(-?\d)|\[\s*(-?\d{1,2})[\s,]+(-?\d{1,2})[\s,]+(-?\d{1,2})\s*\]")
_NEEDED: dict[str, tuple[str, ...]] = {
    "cubic": ("100", "110", "111"),
    "orthorhombic": ("100", "010", "001"),
    "uniaxial": ("100", "001"),
    "isotropic": ("isotropic",),
}


class Carrier(Section):
    """The ion, or neutral solute, that enters the host."""

    symbol: Text = Field(description="chemical symbol of the carrier, such as Li")
    charge: Whole = Field(ge=0, le=4, description="charge number of the carrier; 0: neutral, such as oxygen")


class Host(Section):
    """The unreacted crystal."""

    symbol: Text = Field(description="chemical symbol or formula of the host, such as Si")
    volume: Volume = Field(description="volume per host atom (or formula unit)")
    structure: Literal["cubic", "orthorhombic", "uniaxial", "isotropic"] = Field(
        description="symmetry of the front rates in crystal axes"
    )


class Content(Section):
    """Carriers per host atom."""

    x_max: Number = Field(gt=0, le=20, description="carriers per host atom when full")
    x_front: Number = Field(gt=0, le=20, description="carriers per host atom in the phase the front forms")
    x_locked: Number = Field(default=0.0, ge=0, le=20, description="carriers per host atom that cannot be taken out")

    @model_validator(mode="after")
    def _ordered(self) -> Self:
        if self.x_locked > self.x_front:
            raise problem(f"found {self.x_locked:g}", allowed=f"at most x_front = {self.x_front:g}", key="x_locked")
        if self.x_front > self.x_max:
            raise problem(f"found {self.x_front:g}", allowed=f"at most x_max = {self.x_max:g}", key="x_front",
                          hint="what the phase holds beyond is what moves through it")
        return self


class Fracture(Section):
    """Resistance to cracks."""

    energy: SurfaceEnergy = Field(description="fracture energy (toughness Gamma)")
    flaw: Length | None = Field(default=None, description="initial flaw size; null: not given")


class Capacity(Section):
    """Reference capacity."""

    theoretical: SpecificCapacity | None = Field(
        default=None, description="specific capacity at x_max, per mass of host; for carriers with a charge, which "
        "need it"
    )


class Sourced(Section):
    """Base of materials: each value may be a leaf with its source and confidence, which are kept apart from it."""

    provenance: dict[str, Provenance] = Field(default_factory=dict, exclude=True)

    @model_validator(mode="before")
    @classmethod
    def _take_provenance(cls, raw: Any) -> Any:
        """Replace leaves by their values, keeping source and confidence apart."""
        if not isinstance(raw, Mapping):
            return raw
        if "provenance" in raw:
            raise problem("found an unknown key 'provenance'", allowed="source and confidence at each value")
        cls._check_kind(raw)
        provenance: dict[str, Provenance] = {}
        plain = split_leaves(raw, provenance)
        return {**plain, "provenance": provenance}

    @classmethod
    def _check_kind(cls, raw: Mapping[str, Any]) -> None:
        """Refuse data of another kind of material."""


class Material(Sourced):
    """One carrier/host system; attributes are the YAML keys, values in internal units."""

    name: Text = Field(description="name of the material, for messages and the report")
    carrier: Carrier
    host: Host
    content: Content
    swelling: Swelling
    front: FrontLaw
    chemistry: ChemistryLaw = ChemistryLaw()
    transport: Transport
    mechanics: PhasePair
    fracture: Fracture
    capacity: Capacity = Capacity()
    reference_temperature: Temperature = Field(
        default=300.0, description="temperature for which rates and diffusivity stand; those with an activation energy "
        "are taken to the configuration's temperature"
    )

    @classmethod
    def _check_kind(cls, raw: Mapping[str, Any]) -> None:
        """See :meth:`Sourced._check_kind`."""
        if raw.get("kind") == "inert":
            raise problem("found an inert material", allowed="one that takes carriers, without this key", key="kind",
                          hint="inert materials are for layers")

    @model_validator(mode="after")
    def _energies_fit_charge(self) -> Self:
        """Ions react at a potential, neutral solutes with an energy."""
        require_energies(self.carrier.charge, self.front, self.chemistry, self.capacity.theoretical)
        return self

    @model_validator(mode="after")
    def _something_moves(self) -> Self:
        """An ideal solution above x_front has carriers to move only up to x_max."""
        if self.chemistry.law == "ideal" and self.content.x_front >= self.content.x_max:
            raise problem(f"found {self.content.x_front:g} with chemistry.law: ideal", key="content.x_front",
                          allowed=f"below x_max = {self.content.x_max:g}",
                          hint="what the phase holds beyond is what moves through it; with chemistry.law: open_circuit "
                          "the table says what it holds")
        return self

    @model_validator(mode="after")
    def _drift_needs_a_curve(self) -> Self:
        """Without a largest content, tension would fill the phase without bound."""
        if self.transport.drift and self.chemistry.law == "ideal":
            raise problem("found drift with chemistry.law: ideal", allowed="chemistry.law: open_circuit, or no drift",
                          key="transport.drift")
        if self.transport.drift and isinstance(self.swelling.expansion, Table):
            raise problem("found drift with swelling.expansion as a table", key="transport.drift",
                          allowed="a number as expansion, or no drift",
                          hint="a partial molar volume that varies is not in this version")
        return self

    @model_validator(mode="after")
    def _interface_needs_swelling(self) -> Self:
        """The energy of the interface acts as a stress on what the front adds to the volume."""
        if self.front.interface_energy > 0 and not self.swelling.full > 0:
            raise problem(f"found {self.front.interface_energy:g} J/m^2 with a reaction that does not swell",
                          allowed="0, or an expansion above 0", key="front.interface_energy")
        return self

    @model_validator(mode="after")
    def _swelling_fits_structure(self) -> Self:
        """Axes that the crystal cannot tell apart swell alike."""
        shares, structure = self.swelling.directions, self.host.structure
        equal = {"cubic": (0, 1, 2), "uniaxial": (0, 1)}.get(structure, ())
        if shares is not None and len({round(shares[i], 9) for i in equal}) > 1:
            raise problem(f"found {list(shares)} for a host of structure {structure}", key="swelling.directions",
                          allowed="a third each" if structure == "cubic" else "two equal shares, then that along 001",
                          hint="orthorhombic tells all three axes apart")
        return self

    @model_validator(mode="after")
    def _rates_fit_structure(self) -> Self:
        """The directions that the structure's rate function interpolates between, and facets that it has."""
        if self.front.direction_law == "ledge" and self.host.structure != "cubic":
            raise problem(f"found ledge for a host of structure {self.host.structure}", allowed="smooth",
                          key="front.direction_law", hint="the ledge law knows the facets of cubic crystals")
        needed, given = _NEEDED[self.host.structure], set(self.front.rates)
        if "isotropic" not in given and not set(needed) <= given:
            listed = ", ".join(self.front.rates) or "nothing"
            raise problem(
                f"found {listed} for a host of structure {self.host.structure}",
                allowed=f"at least {', '.join(needed)}"
                + ("" if "isotropic" in needed else ", or isotropic alone"),
                key="front.rates",
            )
        return self


def split_leaves(raw: Any, provenance: dict[str, Provenance], path: tuple[str, ...] = ()) -> Any:
    """Plain data of `raw`; sources and confidences go to `provenance` by dotted path."""
    if not isinstance(raw, Mapping):
        return raw
    if path and "value" in raw and set(raw) <= LEAF:  # a material as a whole has no source
        if set(raw) != {"value"}:
            provenance[".".join(path)] = read_provenance(raw, ".".join(path))
        return split_leaves(raw["value"], provenance, path)
    plain: dict[Any, Any] = {}
    for key, value in raw.items():
        name = miller_key(str(key)) if path == ("front", "rates") else key
        if name in plain:
            raise problem(f"found the direction {name} twice", key=".".join(path))
        plain[name] = split_leaves(value, provenance, (*path, str(name)))
    return plain


def join_leaves(plain: Any, provenance: Mapping[str, Provenance], path: tuple[str, ...] = ()) -> Any:
    """Inverse of `split_leaves`: leaves with a provenance become ``{value, source, confidence}``."""
    joined = plain
    if isinstance(plain, Mapping):
        joined = {key: join_leaves(value, provenance, (*path, str(key))) for key, value in plain.items()}
    origin = provenance.get(".".join(path))
    return joined if origin is None else {"value": joined, **origin.model_dump(exclude_none=True)}


def material_mapping(material: Material) -> dict[str, Any]:
    """Plain mapping with units and leaves; validating it gives an equal Material."""
    mapping: dict[str, Any] = join_leaves(material.model_dump(mode="json"), material.provenance)
    return mapping


def miller_key(key: str) -> str:
    """One spelling per direction: ``[1, 1, 0]`` -> ``110``, ``[1,1,-2]`` -> ``[1 1 -2]``."""
    match = _MILLER.fullmatch(key.strip())
    if match is None:
        return key.strip()
    digits = [str(int(index)) for index in match.groups() if index is not None]
    return "".join(digits) if all(len(d) == 1 for d in digits) else f"[{' '.join(digits)}]"
