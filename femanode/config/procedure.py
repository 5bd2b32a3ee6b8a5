"""Sections of the configuration that say how a run is computed and kept: steps and end, mesh, output, solver.

Attribute names are the YAML keys; values are floats in internal units (s, nm).
"""

from __future__ import annotations

from typing import Annotated, Any, Literal, Self

from pydantic import Field, model_validator

from femanode.config.quantities import Duration, Length, Number, Section, Switch, Unit, Whole, problem


class Stop(Section):
    """Reasons to stop before the end time; null turns one off."""

    arrest: Number | None = Field(
        default=1e-3, gt=0, lt=1, description="front speed over its unstressed speed"
    )
    converted: Number | None = Field(
        default=0.99, gt=0, le=1, description="converted fraction of the section; where a current is given or a "
        "protocol, the default is null, as the capacity is that at the cut-off"
    )
    torn: Switch | None = Field(
        default=False, description="end where the skin has torn: a neck thinned to a quarter since it reacted"
    )


class Time(Section):
    """Duration and step control."""

    end: Duration = Field(description="end time")
    max_front_advance: Number = Field(default=0.25, gt=0, le=2, description="front advance per step, in delta")
    max_plastic_increment: Number = Field(default=1.0, gt=0, description="equivalent plastic strain per step")
    max_content_increment: Number = Field(
        default=1.0, gt=0, le=1, description="change of content at a point per step"
    )
    max_filling_increment: Number | None = Field(
        default=None, gt=0, le=1, description="change of the reacted phase's own content per step; null: 0.02 where it "
        "can be emptied or has a measured chemistry, else not bounded"
    )
    min_step: Duration | None = Field(default=None, description="smallest step; null: chosen")
    stop: Stop = Stop()

    @model_validator(mode="after")
    def _step_below_end(self) -> Self:
        if self.min_step is not None and self.min_step >= self.end:
            raise problem(f"found {self.min_step:g} s", allowed=f"below end = {self.end:g} s", key="min_step")
        return self


class Mesh(Section):
    """Resolution."""

    element_size: Length | None = Field(
        default=None, description="element size at the front; null: half of half_thickness"
    )
    adaptive: Switch = Field(default=True, description="fine along the front only; a mesh from file stays as it is")


class Output(Section):
    """What is written, and when."""

    frames: Whole | None = Field(default=40, ge=1, le=100_000,
                                 description="number of saved frames, spread evenly over the run, however it ends")
    frames_by: Literal["conversion", "time"] = Field(
        default="conversion", description="what the frames are spread evenly over: the converted fraction, or time")
    every: Duration | None = Field(default=None, description="time between frames, instead of frames")
    linear_cells: Switch = Field(
        default=False, description="write each quadratic triangle of a frame as four linear ones, for viewers that "
                                   "draw quadratic ones with gaps")
    pictures: Switch = Field(default=True, description="draw pictures and write the page at the end")
    checkpoint: Duration | None = Field(
        default=60.0, description="wall-clock time between checkpoints; null: only when the run stops"
    )

    @model_validator(mode="before")
    @classmethod
    def _every_replaces_default(cls, raw: Any) -> Any:
        """Where only `every` is given, drop the default of `frames`, which would ask for further frames."""
        if isinstance(raw, dict) and raw.get("every") is not None and "frames" not in raw:
            return {**raw, "frames": None}
        return raw

    @model_validator(mode="after")
    def _one_schedule(self) -> Self:
        if (self.frames is None) == (self.every is None):
            found = "found neither frames nor every" if self.every is None else "found both frames and every"
            raise problem(found, allowed="exactly one of them, the other null", key="frames")
        return self


class Solver(Section):
    """Linear solver, and how front and stress are coupled."""

    linear: Literal["auto", "pardiso", "rslab", "scipy"] = Field(
        default="auto", description="sparse direct solver; auto: pardiso where it is installed, else rslab, else scipy"
    )
    front_stress: Literal["auto", "agreed", "extrapolated"] = Field(
        default="auto", description="stress that moves the front in a step: agreed: found together with that at its "
        "end; extrapolated: from the steps before; auto: agreed, but extrapolated where stress drives the carriers too"
    )
    patience: Annotated[float, Unit("s", ge=10.0)] | None = Field(
        default=1800.0, description="wall-clock time after which a call into a library, or the first run's compilation "
        "of a loop, counts as hung: the run is saved and ends; null: never")
