"""Sections of the configuration that say what is computed: what each key means, its unit, its default and limits.

Attribute names are the YAML keys; values are floats in internal units (nm, s, GPa, V, K, nN).
"""

from __future__ import annotations

import math
from typing import Annotated, Literal, Self

from pydantic import BeforeValidator, Field, WithJsonSchema, model_validator

from femanode.config.protocol import ProtocolStep
from femanode.config.quantities import (
    Angle,
    CurrentDensity,
    Curvature,
    Diffusivity,
    Force,
    Length,
    Number,
    ParabolicRate,
    Potential,
    Pressure,
    Section,
    Switch,
    Whole,
    problem,
)
from femanode.config.yamlio import kind


def _miller(value: object) -> tuple[int, ...]:
    """Three whole numbers, not all zero."""
    allowed = "three whole numbers, not all zero, such as [1, 1, 0]"
    whole = isinstance(value, list | tuple) and all(type(i) is int and abs(i) <= 99 for i in value)
    if not isinstance(value, list | tuple) or not whole or len(value) != 3 or not any(value):
        raise problem(f"found {kind(value)}", allowed=allowed)
    return tuple(value)


Miller = Annotated[
    tuple[int, int, int],
    BeforeValidator(_miller),
    WithJsonSchema({"type": "array", "items": {"type": "integer"}, "minItems": 3, "maxItems": 3}),
]


class Crystal(Section):
    """How the crystal lies in the wire; Miller indices."""

    axis: Miller = Field(description="direction along the wire")
    in_plane: Miller | None = Field(
        default=None, description="direction along x, normal to axis; null: chosen and reported"
    )

    @model_validator(mode="after")
    def _orthogonal(self) -> Self:
        if self.in_plane is None or not (dot := _dot(self.axis, self.in_plane)):
            return self
        found = f"found {list(self.in_plane)}, whose product with axis {list(self.axis)} is {dot}, not 0"
        h, k, _ = self.axis
        normal = (k, -h, 0) if h or k else (1, 0, 0)
        raise problem(found, allowed=f"a direction normal to axis, such as {list(normal)}", key="in_plane")


def _dot(a: tuple[int, int, int], b: tuple[int, int, int]) -> int:
    """Scalar product of two directions."""
    return sum(i * j for i, j in zip(a, b, strict=True))


class FrontNumerics(Section):
    """The front's width and conversion function."""

    half_thickness: Length | None = Field(
        default=None, description="half-thickness delta; null: the material's, or what the mesh resolves"
    )
    conversion_start: Number = Field(
        default=0.35, ge=0, le=0.49, description="xi_lo of the conversion function, dimensionless"
    )


class Film(Section):
    """Layer on the reacting surface that carriers cross; it stores none."""

    thickness: Length = Field(description="thickness of the film")
    diffusivity: Diffusivity = Field(
        description="diffusivity of the carrier in the film, for the range of content of the reacted phase"
    )
    rate: ParabolicRate | None = Field(
        default=None, description="growth: thickness + rate sqrt(t), t the age of the film; null: none"
    )
    breaks: Switch = Field(
        default=False, description="true: the film breaks where the surface stretches beyond its longest so far, and "
        "fresh film of the initial thickness covers what is new"
    )


class SurfaceReaction(Section):
    """Transfer of carriers through the surface by Butler and Volmer, in series with film and section."""

    exchange_current: CurrentDensity = Field(description="exchange current density on the initial surface")
    transfer: Number = Field(default=0.5, gt=0, lt=1, description="share of the overpotential that drives insertion")


class Boundary(Section):
    """What is applied at the wire's surface."""

    mode: Literal["potentiostatic", "galvanostatic", "film"] = Field(
        default="potentiostatic",
        description="potentiostatic: activity 1 outside, given potential; galvanostatic: given current; film: "
        "potentiostatic, behind a film that must be given",
    )
    potential: Potential = Field(
        default=0.01,
        description="applied potential against the carrier metal; with a current, the one that belongs to activity 1",
    )
    c_rate: Number | None = Field(
        default=None,
        gt=0,
        description="galvanostatic: current that fills the section to content 1 in 1/c_rate hours",
    )
    current_density: CurrentDensity | None = Field(
        default=None, description="galvanostatic, instead of c_rate: mean over the initial outer surface"
    )
    cutoff: Potential | None = Field(
        default=None,
        description="galvanostatic: potential at which the run stops, at least `potential`; null: `potential`",
    )
    film: Film | None = Field(default=None, description="film on the surface, with any mode; null: none")
    reaction: SurfaceReaction | None = Field(
        default=None, description="kinetics of the transfer through the surface; null: in equilibrium"
    )
    protocol: Annotated[tuple[ProtocolStep, ...], Field(min_length=1, max_length=1000)] | None = Field(
        default=None,
        description="steps one after the other, such as 'Lithiate at C/5 until 10 mV'; replaces mode; null: none",
    )
    cycles: Whole = Field(default=1, ge=1, le=10_000, description="how often the protocol is repeated")

    @model_validator(mode="after")
    def _keys_fit_mode(self) -> Self:
        """The keys of a given current are required with it and refused without it."""
        if self.protocol is not None:
            return self._protocol_alone()
        if self.cycles != 1:
            raise problem(f"found {self.cycles} cycles without a protocol", allowed="a protocol: to repeat",
                          key="cycles")
        if self.mode == "film" and self.film is None:
            allowed = "film: {thickness: 10 nm, diffusivity: 1e-12 cm^2/s}"
            raise problem("found mode: film without a film", allowed=allowed, key="film")
        if self.mode != "galvanostatic":
            for key in ("c_rate", "current_density", "cutoff"):
                if getattr(self, key) is not None:
                    found = f"found {key} with mode: {self.mode}"
                    raise problem(found, allowed="mode: galvanostatic, or no such key", key=key)
            return self
        if (self.c_rate is None) == (self.current_density is None):
            found = "neither c_rate nor current_density" if self.c_rate is None else "both c_rate and current_density"
            raise problem(f"found {found}", allowed="exactly one of them, such as c_rate: 0.5", key="c_rate")
        if self.cutoff is not None and self.cutoff < self.potential:
            raise problem(
                f"found {self.cutoff:g} V",
                allowed=f"at least potential = {self.potential:g} V, which belongs to the fullest surface",
                hint="give the lower end of the window as potential",
                key="cutoff",
            )
        return self


    def _protocol_alone(self) -> Self:
        """A protocol says itself what is applied."""
        for key in ("c_rate", "current_density", "cutoff"):
            if getattr(self, key) is not None:
                raise problem(f"found {key} beside a protocol", allowed="the steps of the protocol alone", key=key)
        if self.mode == "galvanostatic":
            raise problem("found mode: galvanostatic beside a protocol", allowed="no mode", key="mode")
        return self


class Initial(Section):
    """What the section is before anything is applied."""

    reacted: Switch = Field(
        default=False,
        description="true: the whole section is the reacted phase from the start, swollen without stress; no front",
    )
    content: Number | None = Field(
        default=None, ge=0, le=1,
        description="content x/x_max of a section that has reacted; null: the least that its chemistry allows",
    )

    @model_validator(mode="after")
    def _content_needs_reacted(self) -> Self:
        if self.content is not None and not self.reacted:
            raise problem("found a content with reacted: false", allowed="reacted: true, or no content", key="content")
        return self


class Bend(Section):
    """Curvature of the wire about the axes of the section; the wire is longer where curvature . (x, y) > 0."""

    x: Curvature = Field(default=0.0, description="relative change of the axial stretch per length along x")
    y: Curvature = Field(default=0.0, description="the same along y")


class Mechanics(Section):
    """Constraint along the wire, and what presses, pulls and bends it."""

    axial: Literal["plane_strain", "generalized", "bending"] = Field(
        default="plane_strain",
        description="plane_strain: no axial stretch; generalized: one axial stretch; bending: the stretch varies "
        "linearly over the section, and no moment acts",
    )
    axial_force: Force = Field(
        default=0.0, description="axial force on the whole section, beside that of the pressure; generalized only"
    )
    pressure: Pressure = Field(
        default=0.0,
        description="pressure of the surroundings on the outer surface, and on the ends where the length is free",
    )
    curvature: Bend | None = Field(
        default=None, description="given bending of the wire, kept throughout; generalized only; null: straight"
    )
    bending_radius: Length | None = Field(
        default=None, description="instead of curvature: radius that the axis of the wire is bent to; null: straight"
    )
    direction: Angle | None = Field(
        default=None, description="with bending_radius: angle from x of the side in tension; null: 0 deg"
    )

    @property
    def bend(self) -> tuple[float, float]:
        """Given curvature along x and y, 1/nm."""
        if self.bending_radius is not None:
            angle = math.radians(self.direction or 0.0)
            # a right angle exactly, so that a mirror line of the section remains one
            along = (round(math.cos(angle), 15), round(math.sin(angle), 15))
            return (along[0] / self.bending_radius, along[1] / self.bending_radius)
        return (0.0, 0.0) if self.curvature is None else (self.curvature.x, self.curvature.y)

    @property
    def loaded(self) -> bool:
        """Whether a force, a pressure or a given curvature acts from the beginning."""
        return bool(self.axial_force or self.pressure) or self.bend != (0.0, 0.0)

    @model_validator(mode="after")
    def _loads_need_freedom(self) -> Self:
        if self.axial != "generalized" and self.axial_force != 0.0:
            found = "found an axial force with axial: " + self.axial
            raise problem(found, allowed="axial: generalized, or no force", key="axial_force")
        if self.curvature is not None and self.bending_radius is not None:
            raise problem("found curvature and bending_radius", allowed="one of them", key="bending_radius")
        if self.direction is not None and self.bending_radius is None:
            raise problem("found direction without bending_radius", allowed="both, or curvature: {x: ..., y: ...}",
                          key="direction")
        given = "curvature" if self.bending_radius is None else "bending_radius"
        if self.bend == (0.0, 0.0):
            return self
        if self.axial != "generalized":
            hint = "bending leaves the curvature free" if self.axial == "bending" else "the axis of a bent wire is free"
            raise problem(f"found {given} with axial: {self.axial}", allowed="axial: generalized", key=given, hint=hint)
        if self.axial_force != 0.0:
            raise problem(f"found {given} and an axial force", allowed="one of them", key="axial_force",
                          hint="a bent wire under tension is held by forces across it, which a section does not have")
        return self
