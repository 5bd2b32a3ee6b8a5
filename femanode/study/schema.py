"""JSON Schemas of the files that studies are written in, for editors."""

from __future__ import annotations

from typing import Any, Literal

from femanode.config.editorschema import study_schema
from femanode.study.fitfile import FitModel
from femanode.study.sweepfile import SweepModel


def json_schema(file: Literal["sweep", "fit"]) -> dict[str, Any]:
    """JSON Schema of a sweep or fit file."""
    return study_schema(SweepModel if file == "sweep" else FitModel, f"femanode {file}")
