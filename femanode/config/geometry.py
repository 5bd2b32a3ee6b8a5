"""The section ``geometry`` of the configuration: the wire's cross-section."""

from __future__ import annotations

import unicodedata
from pathlib import Path
from typing import Annotated, Any, Literal, Self

from pydantic import (
    BeforeValidator,
    Field,
    SerializerFunctionWrapHandler,
    WithJsonSchema,
    field_validator,
    model_serializer,
    model_validator,
)

from femanode.config.quantities import Length, NotYet, Section, problem
from femanode.config.roughness import Roughness
from femanode.config.yamlio import kind


def _coordinate_unit(value: object) -> object:
    """One spelling for each unit; micro and angstrom have two characters each."""
    folded = unicodedata.normalize("NFKC", value) if isinstance(value, str) else value
    return {"\u03bcm": "um", "\u00c5": "angstrom"}.get(folded, value) if isinstance(folded, str) else value


CoordinateUnit = Annotated[
    Literal["nm", "um", "mm", "m", "angstrom"],
    BeforeValidator(_coordinate_unit),
    WithJsonSchema({"enum": ["nm", "um", "\u00b5m", "mm", "m", "angstrom", "\u00c5"], "type": "string"}),
]


class Geometry(Section):
    """Cross-section of the wire."""

    shape: Literal["circle", "annulus", "file"] = Field(description="circle | annulus | file (a mesh)")
    diameter: Length | None = Field(
        default=None, description="outer diameter; required for circle and annulus"
    )
    inner_diameter: Length | None = Field(default=None, description="inner diameter, for annulus only")
    path: Path | None = Field(
        default=None, description="mesh file (.msh, .vtu, ...) for shape file, relative to the configuration"
    )
    unit: CoordinateUnit = Field(default="nm", description="unit of a mesh file's coordinates, for shape file only")
    sector: Literal["auto", "quarter", "half", "full"] = Field(
        default="auto",
        description="part that is meshed; auto takes the smallest the crystal allows, full with roughness; "
        "a mesh from file must be that part",
    )
    roughness: Roughness | None = Field(
        default=None, description="uneven outline, for circle and annulus; null: none"
    )
    coating: NotYet = Field(default=None, description="unreacting shell; not in this version")

    @field_validator("path", mode="before")
    @classmethod
    def _text_path(cls, value: object) -> object:
        if value is not None and (not isinstance(value, str | Path) or not str(value)):
            raise problem(f"found {kind(value)}", allowed="the path of a mesh file")
        return value

    @model_validator(mode="after")
    def _keys_fit_shape(self) -> Self:
        """Each shape has its own required and foreign keys."""
        if self.shape == "file":
            if self.path is None:
                raise problem("found no path", allowed="the mesh file for shape file", key="path")
        elif "unit" in self.model_fields_set:
            found = f"found a unit of coordinates with shape {self.shape}, whose lengths have their own"
            raise problem(found, allowed="shape: file", key="unit")
        elif self.path is not None:
            raise problem(f"found a path with shape {self.shape}", allowed="shape: file", key="path")
        elif self.diameter is None:
            raise problem("found no diameter", allowed="a length such as '129 nm'", key="diameter")
        if self.shape != "annulus":
            if self.inner_diameter is not None:
                found = f"found an inner diameter with shape {self.shape}"
                raise problem(found, allowed="shape: annulus", key="inner_diameter")
            return self
        if self.inner_diameter is None:
            raise problem("found no inner diameter", allowed="a length below diameter", key="inner_diameter")
        if self.diameter is not None and self.inner_diameter >= self.diameter:
            raise problem(
                f"found {self.inner_diameter:g} nm",
                allowed=f"below diameter = {self.diameter:g} nm",
                key="inner_diameter",
            )
        return self

    @model_validator(mode="after")
    def _roughness_fits(self) -> Self:
        """Refuse waves that the outline cannot have, and any where the outline comes with a mesh from file."""
        if self.roughness is not None:
            self.roughness.require_fit(self.shape, self.diameter, self.wall)
        return self

    @model_serializer(mode="wrap")
    def _plain(self, standard: SerializerFunctionWrapHandler) -> dict[str, Any]:
        """Leave out the default unit: shapes without a file have none, and checkpoints without the key stay valid."""
        plain: dict[str, Any] = standard(self)
        return {key: value for key, value in plain.items() if (key, value) != ("unit", "nm")}

    @property
    def wall(self) -> float | None:
        """Thickness that reacts: radius of a circle, wall of an annulus; None if not known."""
        return None if self.diameter is None else 0.5 * (self.diameter - (self.inner_diameter or 0.0))
