"""Field types of the configuration: quantities with units, strict numbers, tables over content.

The types refuse what pydantic would let through (``true`` as 1.0, NaN, bare numbers) and describe themselves in JSON
Schema, so that editors complete and check a configuration.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from itertools import pairwise
from typing import Annotated, Any

from pydantic import BaseModel, ConfigDict, Field, GetCoreSchemaHandler, GetJsonSchemaHandler, WithJsonSchema
from pydantic.functional_validators import BeforeValidator
from pydantic_core import PydanticCustomError, core_schema

from femanode.config.yamlio import kind
from femanode.errors import ConfigError, one_line
from femanode.units import MEANING, NUMBER_PATTERN, expected, format_quantity, parse_quantity

# For editors: a bare number must not match by giving its last digits to the unit.
_WRITTEN = rf"^\s*{NUMBER_PATTERN}(\s+\S.*|\s*[^\s\deE.+-].*)$"


class Section(BaseModel):
    """Base of all configuration models: frozen, no unknown keys, no NaN."""

    model_config = ConfigDict(frozen=True, extra="forbid", allow_inf_nan=False)


#: So much of what was found is shown, characters.
LONGEST = 400


def problem(found: str, *, allowed: str = "", hint: str = "", key: str = "") -> PydanticCustomError:
    """Error for a validator to raise; `key` names the offending key below the validated section."""
    # pydantic takes no text that is not Unicode, which a configuration made in Python may hold.
    shown = one_line(found)
    shown = shown if len(shown) <= LONGEST else f"{shown[:LONGEST]}..."
    context = {"found": shown, "allowed": one_line(allowed), "hint": one_line(hint), "key": key}
    return PydanticCustomError("femanode", "{found}", context)


@dataclass(frozen=True)
class Unit:
    """Annotation that makes a float field a quantity in `unit`, with limits in that unit."""

    unit: str
    gt: float = -math.inf
    ge: float = -math.inf
    lt: float = math.inf

    def parse(self, value: object) -> float:
        """Validate one quantity; the pydantic error names what is allowed."""
        try:
            number = parse_quantity(value, self.unit)
        except ConfigError as error:
            raise problem(error.found, allowed=error.allowed, hint=error.hint) from None
        if not (number > self.gt and number >= self.ge and number < self.lt):
            raise problem(f"found {kind(value)}", allowed=self.limits())
        return number

    def limits(self) -> str:
        """Words for the allowed range."""
        words = []
        for word, bound in (("above", self.gt), ("at least", self.ge), ("below", self.lt)):
            if math.isfinite(bound):
                words.append(f"{word} {bound:g} {self.unit}")
        return " and ".join(words)

    def write(self, value: float) -> str:
        """Text that reads back to exactly the same number."""
        return format_quantity(value, self.unit)

    def __get_pydantic_core_schema__(
        self, source: Any, handler: GetCoreSchemaHandler
    ) -> core_schema.CoreSchema:
        """Validate from text; serialise to text in JSON mode and to the number in Python mode."""
        writer = core_schema.plain_serializer_function_ser_schema(self.write, when_used="json")
        return core_schema.no_info_plain_validator_function(self.parse, serialization=writer)

    def __get_pydantic_json_schema__(
        self, schema: core_schema.CoreSchema, handler: GetJsonSchemaHandler
    ) -> dict[str, Any]:
        """A string with a number and a unit."""
        limits = self.limits()
        return {
            "type": "string",
            "pattern": _WRITTEN,
            "description": expected(self.unit) + (f"; {limits}" if limits else ""),
            "examples": [MEANING[self.unit][1]],
            "x-unit": self.unit,
            "x-limits": limits,
        }


@dataclass(frozen=True)
class Table:
    """A value as a function of carrier content C (0 to 1): straight lines between points, flat outside.

    Attributes
    ----------
    content : tuple of float
        Increasing contents in [0, 1]; one entry means a constant.
    value : tuple of float
        Values at those contents, in the internal unit of the field.
    """

    content: tuple[float, ...]
    value: tuple[float, ...]


@dataclass(frozen=True)
class TableOf:
    """Annotation for a `Table` field: one quantity, or ``{content: [...], value: [...]}``."""

    unit: Unit | NumberTable

    def parse(self, value: object) -> Table:
        """Validate a constant or a table."""
        if not isinstance(value, Mapping):
            return Table((0.0,), (self.unit.parse(value),))
        allowed = "one quantity, or {content: [0, ...], value: [quantity, ...]}"
        content, values = value.get("content"), value.get("value")
        if set(value) != {"content", "value"}:
            raise problem(
                f"found a mapping with keys {', '.join(map(str, value)) or 'none'}", allowed=allowed
            )
        if not isinstance(content, list | tuple) or not isinstance(values, list | tuple):
            raise problem("found a table whose content or value is not a list", allowed=allowed)
        if len(content) != len(values) or len(content) < 2:
            found = f"found {len(content)} contents and {len(values)} values"
            raise problem(found, allowed="two lists of equal length, at least 2")
        for x in content:
            if isinstance(x, bool) or not isinstance(x, int | float) or not 0 <= x <= 1:
                raise problem(f"found the content {kind(x)}", allowed="numbers from 0 to 1 (x/x_max)")
        points = tuple(float(x) for x in content)
        if any(b <= a for a, b in pairwise(points)):
            raise problem(f"found the contents {list(points)}", allowed="increasing numbers")
        return Table(points, tuple(self.unit.parse(v) for v in values))

    def write(self, table: Table) -> Any:
        """Plain data that reads back to an equal table."""
        if len(table.value) == 1:
            return self.unit.write(table.value[0])
        return {"content": list(table.content), "value": [self.unit.write(v) for v in table.value]}

    def __get_pydantic_core_schema__(
        self, source: Any, handler: GetCoreSchemaHandler
    ) -> core_schema.CoreSchema:
        """Validate from text or mapping; serialise likewise in JSON mode."""
        writer = core_schema.plain_serializer_function_ser_schema(self.write, when_used="json")
        return core_schema.no_info_plain_validator_function(self.parse, serialization=writer)

    def __get_pydantic_json_schema__(
        self, schema: core_schema.CoreSchema, handler: GetJsonSchemaHandler
    ) -> dict[str, Any]:
        """One quantity, or two lists."""
        unit = self.unit
        quantity = unit.json() if isinstance(unit, NumberTable) else unit.__get_pydantic_json_schema__(schema, handler)
        lists = {
            "content": {"type": "array", "items": {"type": "number", "minimum": 0, "maximum": 1}},
            "value": {"type": "array", "items": quantity},
        }
        table = {
            "type": "object",
            "properties": lists,
            "required": ["content", "value"],
            "additionalProperties": False,
        }
        return {"anyOf": [quantity, table]}


@dataclass(frozen=True)
class NumberTable:
    """Annotation for a dimensionless number with limits, or a table of such over content."""

    gt: float = -math.inf
    ge: float = -math.inf
    lt: float = math.inf
    le: float = math.inf

    def parse(self, value: object) -> float:
        """Validate one number."""
        if isinstance(value, bool) or not isinstance(value, int | float):
            raise problem(f"found {kind(value)}", allowed="a number, or {content: [0, ...], value: [number, ...]}")
        for word, fits, bound in (("greater than", value > self.gt, self.gt), ("at least", value >= self.ge, self.ge),
                                  ("less than", value < self.lt, self.lt), ("at most", value <= self.le, self.le)):
            if not fits:
                raise problem(f"found {kind(value)}", allowed=f"{word} {bound:g}")
        return float(value)

    def write(self, value: float) -> float:
        """The number itself."""
        return value

    def json(self) -> dict[str, Any]:
        """A number with limits."""
        names = (("exclusiveMinimum", self.gt), ("minimum", self.ge), ("exclusiveMaximum", self.lt),
                 ("maximum", self.le))
        return {"type": "number", **{name: bound for name, bound in names if math.isfinite(bound)}}


@dataclass(frozen=True)
class OrTable:
    """Annotation for a field of type ``float | Table``: one value, or ``{content: [...], value: [...]}``."""

    unit: Unit | NumberTable

    def parse(self, value: object) -> float | Table:
        """A float, or a table."""
        return TableOf(self.unit).parse(value) if isinstance(value, Mapping) else self.unit.parse(value)

    def write(self, value: float | Table) -> Any:
        """Plain data that reads back equal."""
        return TableOf(self.unit).write(value) if isinstance(value, Table) else self.unit.write(value)

    def __get_pydantic_core_schema__(self, source: Any, handler: GetCoreSchemaHandler) -> core_schema.CoreSchema:
        """Validate from text, number or mapping; serialise likewise in JSON mode."""
        writer = core_schema.plain_serializer_function_ser_schema(self.write, when_used="json")
        return core_schema.no_info_plain_validator_function(self.parse, serialization=writer)

    def __get_pydantic_json_schema__(self, schema: core_schema.CoreSchema, handler: GetJsonSchemaHandler,
                                     ) -> dict[str, Any]:
        """One value, or two lists."""
        return TableOf(self.unit).__get_pydantic_json_schema__(schema, handler)


def _not_yet(value: object) -> None:
    """Refuse anything but null."""
    if value is not None:
        raise problem(f"found {kind(value)}", allowed="null", hint="this key is not in this version yet")


Number = Annotated[float, Field(strict=True)]
Whole = Annotated[int, Field(strict=True)]
Switch = Annotated[bool, Field(strict=True)]
Text = Annotated[str, Field(strict=True, min_length=1, max_length=1000)]
NotYet = Annotated[None, BeforeValidator(_not_yet), WithJsonSchema({"type": "null"})]

Length = Annotated[float, Unit("nm", gt=0)]
Duration = Annotated[float, Unit("s", gt=0)]
Speed = Annotated[float, Unit("nm/s", gt=0)]
Diffusivity = Annotated[float, Unit("nm^2/s", gt=0)]
ParabolicRate = Annotated[float, Unit("nm/s^0.5", gt=0)]
CurrentDensity = Annotated[float, Unit("mA/cm^2", gt=0)]
Potential = Annotated[float, Unit("V")]
#: Energies per carrier or atom stay in eV, as written, and become GPa nm^3 where laws are made of them.
Energy = Annotated[float, Unit("eV", lt=0.0)]
BondEnergy = Annotated[float, Unit("eV", gt=0.0)]
ActivationEnergy = Annotated[float, Unit("eV", ge=0.0)]
Force = Annotated[float, Unit("nN")]
Pressure = Annotated[float, Unit("GPa", ge=0)]
Curvature = Annotated[float, Unit("1/nm")]
Angle = Annotated[float, Unit("deg")]
Temperature = Annotated[float, Unit("K", gt=0)]
Volume = Annotated[float, Unit("nm^3", gt=0)]
ActivationVolume = Annotated[float, Unit("nm^3")]
Stiffness = Annotated[float, Unit("GPa", gt=0)]
StiffnessOrTable = Annotated[float | Table, OrTable(Unit("GPa", gt=0))]
PoissonOrTable = Annotated[float | Table, OrTable(NumberTable(gt=-1, lt=0.5))]
ExpansionOrTable = Annotated[float | Table, OrTable(NumberTable(ge=0, le=20))]
Hardening = Annotated[float, Unit("GPa", ge=0)]
StrainRate = Annotated[float, Unit("1/s", gt=0)]
SurfaceEnergy = Annotated[float, Unit("J/m^2", gt=0)]
InterfaceEnergy = Annotated[float, Unit("J/m^2", ge=0)]
SpecificCapacity = Annotated[float, Unit("mAh/g", gt=0)]
Rounding = Annotated[float, Unit("nm", ge=0)]
SmallAngle = Annotated[float, Unit("deg", gt=0, lt=10)]
PotentialTable = Annotated[Table, TableOf(Unit("V"))]
StressTable = Annotated[Table, TableOf(Unit("GPa", gt=0))]
DiffusivityTable = Annotated[Table, TableOf(Unit("nm^2/s", gt=0))]
