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

from femanode.config.contact import Contact
from femanode.config.layers import LAYERS, Coating, Core
from femanode.config.quantities import Angle, Length, Rounding, Section, Whole, problem
from femanode.config.revolution import require_body
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


#: Keys that belong to some shapes only, and those shapes; ``diameter`` may stand with all but ellipses and rectangles.
_SHAPES_OF = {"core": ("circle", "ellipse", "polygon", "rectangle"),
              "coating": ("circle", "annulus", "ellipse", "polygon", "rectangle"),
              "inner_diameter": ("annulus",), "diameters": ("ellipse", "rectangle"), "corners": ("polygon",),
              "rounding": ("polygon", "rectangle"), "rotation": ("ellipse", "polygon", "rectangle"),
              "reacting": ("annulus", "file"), "path": ("file",), "unit": ("file",),
              "diameter": ("circle", "annulus", "polygon", "file")}
#: Keys that a shape cannot do without, with an example of each.
_REQUIRED = {"circle": {"diameter": "a length such as '129 nm'"},
             "annulus": {"diameter": "a length such as '129 nm'", "inner_diameter": "a length below diameter"},
             "ellipse": {"diameters": "diameters along x and y, such as [200 nm, 100 nm]"},
             "rectangle": {"diameters": "widths along x and y, such as [200 nm, 100 nm]"},
             "polygon": {"diameter": "the distance across flats, such as '100 nm'", "corners": "a number such as 6"},
             "file": {"path": "the mesh file for shape file"}}
#: Keys that are left out where they have their default: checkpoints made before they were there stay valid.
_UNSAID = {"unit": "nm", "diameters": None, "corners": None, "rounding": 0.0, "rotation": 0.0, "reacting": "outer",
           "contact": None, "core": None, "coating": None, "symmetry": "plane"}


class Geometry(Section):
    """Cross-section of the wire, or half of the cut through the axis of a body of revolution."""

    shape: Literal["circle", "annulus", "ellipse", "polygon", "rectangle", "file"] = Field(
        description="circle | annulus | ellipse | polygon (regular) | rectangle | file (a mesh)"
    )
    diameter: Length | None = Field(
        default=None, description="outer diameter; required for circle and annulus, for polygon across flats (twice "
        "the distance of a flat from the axis)"
    )
    inner_diameter: Length | None = Field(default=None, description="inner diameter, for annulus only")
    diameters: tuple[Length, Length] | None = Field(
        default=None, description="diameters along x and y, for ellipse and rectangle only"
    )
    corners: Whole | None = Field(default=None, ge=3, le=24, description="number of corners, for polygon only")
    rounding: Rounding = Field(
        default=0.0, description="radius of the corners, for polygon and rectangle only; 0 nm: sharp"
    )
    rotation: Angle = Field(
        default=0.0, description="angle by which the outline is turned, for ellipse, rectangle and polygon; at 0 deg "
        "x runs along the first diameter, or through the middle of a flat"
    )
    reacting: Literal["outer", "inner", "both"] = Field(
        default="outer", description="surface that reacts: outer | inner | both; for annulus, or a file with a hole"
    )
    contact: Contact | None = Field(
        default=None, description="part of the outer surface that reacts, by polar angle; null: all of it. With "
        "symmetry: axisymmetric a belt about the equator"
    )
    path: Path | None = Field(
        default=None, description="mesh file (.msh, .vtu, ...) for shape file, relative to the configuration"
    )
    unit: CoordinateUnit = Field(default="nm", description="unit of a mesh file's coordinates, for shape file only")
    sector: Literal["auto", "quarter", "half", "full"] = Field(
        default="auto",
        description="part that is meshed; auto takes the smallest that crystal, outline and contact allow, full with "
        "roughness; a mesh from file must be that part",
    )
    symmetry: Literal["plane", "axisymmetric"] = Field(
        default="plane", description="plane: cross-section of a wire; axisymmetric: the section is revolved about x = "
        "0, x being the radius r and y the axis z, so that a circle is a sphere; isotropic rates only",
    )
    roughness: Roughness | None = Field(
        default=None, description="uneven outline, for circle and annulus; null: none"
    )
    core: Core | None = Field(
        default=None, description="inert core within the reacting shell, of the shape of the wire, for circle, "
        "ellipse, polygon and rectangle; null: none"
    )
    coating: Coating | None = Field(
        default=None, description="inert shell of even thickness on the wire, for all shapes but file; null: none"
    )

    @field_validator("path", mode="before")
    @classmethod
    def _text_path(cls, value: object) -> object:
        if value is not None and (not isinstance(value, str | Path) or not str(value)):
            raise problem(f"found {kind(value)}", allowed="the path of a mesh file")
        return value

    @field_validator("diameters", mode="before")
    @classmethod
    def _two_diameters(cls, value: object) -> object:
        if value is not None and (not isinstance(value, list | tuple) or len(value) != 2):
            raise problem(f"found {kind(value)}", allowed=_REQUIRED["ellipse"]["diameters"])
        return value

    @model_validator(mode="after")
    def _keys_fit_shape(self) -> Self:
        """Each shape has its own required and foreign keys."""
        for key, shapes in _SHAPES_OF.items():
            given = getattr(self, key) is not None if key in _REQUIRED_KEYS else key in self.model_fields_set
            if self.shape not in shapes and given:
                found = (f"found a unit of coordinates with shape {self.shape}, whose lengths have their own"
                         if key == "unit" else f"found {_NAMES.get(key, key)} with shape {self.shape}")
                hint = f"it has {_REQUIRED[self.shape]['diameters']}" if key == "diameter" else ""
                raise problem(found, allowed=f"shape: {' or '.join(shapes)}", hint=hint, key=key)
        for key, allowed in _REQUIRED[self.shape].items():
            if getattr(self, key) is None:
                raise problem(f"found no {key.replace('_', ' ')}", allowed=allowed, key=key)
        if self.diameter is None:
            return self
        if self.inner_diameter is not None and self.inner_diameter >= self.diameter:
            raise problem(
                f"found {self.inner_diameter:g} nm",
                allowed=f"below diameter = {self.diameter:g} nm",
                key="inner_diameter",
            )
        return self

    @model_validator(mode="after")
    def _rounding_fits(self) -> Self:
        """Corners are smaller than the section."""
        if self.rounding and self.narrowest is not None and self.rounding >= 0.5 * self.narrowest:
            allowed = f"below half the diameter, {0.5 * self.narrowest:g} nm"
            raise problem(f"found {self.rounding:g} nm", allowed=allowed, hint="shape: circle is rounded all the way",
                          key="rounding")
        return self

    @model_validator(mode="after")
    def _one_reacting_part(self) -> Self:
        """A contact is a part of the outer surface, which must then be the one that reacts."""
        if self.contact is not None and self.reacting != "outer":
            raise problem(f"found a contact with reacting: {self.reacting}", allowed="reacting: outer, or no contact",
                          key="contact")
        return self

    @model_validator(mode="after")
    def _layers_fit(self) -> Self:
        """A core smaller than the wire; layers only where all of an even outer surface reacts."""
        if self.core_share >= 1.0 and self.core is not None:
            key = "diameter" if self.diameters is None else "diameters along x"
            raise problem(f"found {self.core.diameter:g} nm", allowed=f"below {key} = {self.first_diameter:g} nm",
                          key="core.diameter")
        for key in LAYERS:
            if getattr(self, key) is None:
                continue
            other = ("a contact" if self.contact is not None else "a roughness" if self.roughness is not None else
                     f"reacting: {self.reacting}" if self.reacting != "outer" else "")
            if other:
                raise problem(f"found a {key} with {other}", allowed="one of the two", key=key)
        return self

    @model_validator(mode="after")
    def _body_of_revolution(self) -> Self:
        if self.axisymmetric:
            require_body(self)
        return self

    @model_validator(mode="after")
    def _roughness_fits(self) -> Self:
        """Refuse waves that the outline cannot have, and any where the outline is no circle that is made here."""
        if self.roughness is not None:
            self.roughness.require_fit(self.shape, self.diameter, self.wall)
            if self.contact is not None or self.reacting != "outer":
                raise problem("found a roughness with a surface that reacts in part", allowed="one of the two, or "
                              "reacting: outer without a contact", key="roughness")
        return self

    @model_serializer(mode="wrap")
    def _plain(self, standard: SerializerFunctionWrapHandler) -> dict[str, Any]:
        """Leave out what says nothing: not every shape has it, and checkpoints without the key stay valid."""
        plain: dict[str, Any] = standard(self)
        return {key: value for key, value in plain.items()
                if key not in _UNSAID or getattr(self, key) != _UNSAID[key]}

    @property
    def axisymmetric(self) -> bool:
        """Whether the section is revolved about x = 0."""
        return self.symmetry == "axisymmetric"

    @property
    def narrowest(self) -> float | None:
        """Smallest diameter, nm; None if not known."""
        return min(self.diameters) if self.diameters else self.diameter

    @property
    def first_diameter(self) -> float | None:
        """The diameter, or that along x, nm; None if not known."""
        return self.diameters[0] if self.diameters else self.diameter

    @property
    def core_share(self) -> float:
        """Size of the core over that of the wire; 0 without one."""
        return self.core.diameter / self.first_diameter if self.core and self.first_diameter else 0.0

    @property
    def wall(self) -> float | None:
        """Thickness that reacts: radius of a circle, wall of an annulus or about a core; None if not known."""
        if self.narrowest is None:
            return None
        core = self.core.diameter if self.core and not self.diameters else self.core_share * self.narrowest
        wall = 0.5 * (self.narrowest - (self.inner_diameter or core))
        return 0.5 * wall if self.reacting == "both" else wall


#: Keys whose default is null.
_REQUIRED_KEYS = {"inner_diameter", "diameters", "corners", "path", "diameter", "core", "coating"}
_NAMES = {"inner_diameter": "an inner diameter", "path": "a path", "diameter": "one diameter"}
