"""Why a run or a step of it ended; apart from the solver, so that pages read it without loading one."""

from __future__ import annotations

import enum


class StopReason(enum.Enum):
    """Why a run ended; the value is what the user reads."""

    END_TIME = "end time reached"
    CONVERTED = "converted fraction reached"
    ARRESTED = "front arrested"
    CUTOFF = "cut-off reached"
    TORN = "skin torn"
    POTENTIAL = "potential reached"
    CURRENT = "current reached"
    CHARGE = "state of charge reached"
    TIME = "time of the step over"
    PROTOCOL = "protocol finished"
