"""The ledge law's keys in a material's front section, and what is refused there."""

from __future__ import annotations

import math
from collections.abc import Mapping

from pydantic import Field

from femanode.config.quantities import Section, SmallAngle, Speed, problem

_NEEDED = {"100", "110", "111"}
# Cosine of the angle from a facet to the nearest <110>
_TO_110 = {"100": math.sqrt(1.0 / 2.0), "111": math.sqrt(2.0 / 3.0)}


class Ledges(Section):
    """Flow of ledges on the facets of a cubic crystal."""

    rounding: SmallAngle = Field(
        default=3.0, description="angle over which cusps and edges of the rate are rounded; the normal of a computed "
        "front is known to a few degrees"
    )
    speed_100: Speed | None = Field(
        default=None, description="lateral speed of ledges on {100}; null: the one that gives the rate of 110 at <110>"
    )
    speed_111: Speed | None = Field(
        default=None, description="lateral speed of ledges on {111}; null: the one that gives the rate of 110 at <110>"
    )


def check_ledges(law: str, ledges: Ledges | None, rates: Mapping[str, float]) -> None:
    """Refuse keys of the ledge law with another, rates it does not take, and ledges that are too slow.

    Raises
    ------
    PydanticCustomError
        With the key below the front section.
    """
    if law != "ledge":
        if ledges is not None:
            given = [name for name in Ledges.model_fields if name in ledges.model_fields_set]
            raise problem(f"found a key of the ledge law with direction_law {law}", key=".".join(["ledge", *given[:1]]),
                          hint="set direction_law: ledge, or drop it")
        return
    if set(rates) != _NEEDED:
        raise problem(f"found ledge with the rates of {', '.join(rates) or 'nothing'}", key="direction_law",
                      allowed="smooth, or ledge with the rates of 100, 110 and 111 alone, of a cubic host")
    for name, cosine in _TO_110.items():
        speed = None if ledges is None else getattr(ledges, f"speed_{name}")
        if speed is not None:
            _check_speed(speed, rates[name], rates["110"], cosine, name)


def _check_speed(speed: float, rate: float, rate_110: float, cosine: float, name: str) -> None:
    """Refuse ledges so slow that a {110} front would move at less than its own rate, and a speed for no facet."""
    key = f"ledge.speed_{name}"
    if rate >= rate_110:
        raise problem(f"found a speed of ledges on {{{name}}}, which is no facet: it is not slower than {{110}}",
                      allowed="null", key=key)
    least = (rate_110 - rate * cosine) / math.sqrt(1.0 - cosine**2)
    if speed < least:
        digits = 3 - math.floor(math.log10(least))
        shown = math.ceil(least * 10.0**digits) / 10.0**digits
        raise problem(f"found {speed:g} nm/s, which at <110> gives less than the rate of 110, {rate_110:g} nm/s",
                      allowed=f"at least {shown:g} nm/s, or null", key=key)
