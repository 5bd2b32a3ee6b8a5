"""From a configuration to a protocol: what is applied in each step, and what ends it."""

from __future__ import annotations

import numpy as np

from femanode.config.loading import Config
from femanode.config.protocol import Doing
from femanode.mesh.spaces import Spaces
from femanode.solver.applied import Applied
from femanode.solver.electrode import applied_current, current_of, cutoff_level, level_at, reaction_of
from femanode.solver.ends import Arrested, CutOff, EndTime, Event, usual_ends
from femanode.solver.laws import chemistry_of
from femanode.solver.protocol import Protocol, Step
from femanode.solver.reasons import StopReason
from femanode.solver.stepends import Charge, CurrentBelow, Elapsed, Emptied, Relaxed
from femanode.solver.stepping import Limits

#: By how much the sweeps of a time step may exceed the cut-off: as a share of an activity, or in V.
BOUND, BOUND_V = 0.5, 0.3

#: Mean v/k below which the front counts as arrested where a step ends at its arrest and the configuration gives none.
AT_REST = 1e-3


def applied_of(config: Config, spaces: Spaces) -> tuple[Applied, ...]:
    """What the configuration applies outside the surface in each step, in the units of the carrier balance on a mesh.

    Raises
    ------
    ConfigError
        A potential that its chemistry cannot have.
    """
    area, length = float(spaces.mass.sum()), float(spaces.reacting_length.sum())
    ideal = config.material.chemistry.law == "ideal"
    boundary = config.boundary
    if boundary.protocol is not None:
        one = tuple(_applied(config, doing, k, area, length) for k, doing in enumerate(boundary.protocol))
        return one * boundary.cycles
    current, cutoff, reaction = applied_current(config, area, length), cutoff_level(config), reaction_of(config, length)
    level = 1.0 if ideal else cutoff
    if current is not None and reaction is not None:
        given = boundary.potential if boundary.cutoff is None else boundary.cutoff
        cutoff = level_at(config, given + reaction.overpotential(current), "boundary.cutoff")
    return (Applied(current, cutoff, level, BOUND * cutoff if ideal else BOUND_V, reaction),)


def _applied(config: Config, doing: Doing, k: int, area: float, length: float) -> Applied:
    """What one step of the protocol applies."""
    where = f"boundary.protocol[{k + 1}]"
    if doing.kind == "rest":
        return Applied(0.0)
    reaction = reaction_of(config, length)
    if doing.potential is not None:
        level = level_at(config, doing.potential, where)
        return Applied(None, cutoff=level, level=level, reaction=reaction)
    sign = 1.0 if doing.kind == "insert" else -1.0
    current = 0.0 if doing.current is None else sign * float(np.dot(current_of(config, doing.current), (area, length)))
    lost = 0.0 if reaction is None else reaction.overpotential(current)
    ends = [level_at(config, end.potential + lost, where) for end in doing.ends if end.potential is not None]
    cutoff = (min(ends) if ends else _filled(config)) if sign > 0 else (max(ends) if ends else _empty(config))
    ideal = config.material.chemistry.law == "ideal"
    return Applied(current, cutoff, bound=BOUND * cutoff if ideal else BOUND_V, reaction=reaction)


def _filled(config: Config) -> float:
    """Level at which an insertion ends that has no potential for an end: that of the full phase, or, on a measured
    curve, that of the carrier metal, as a front may need more than to fill the phase behind it."""
    if config.material.chemistry.law == "ideal":
        return 1.0
    return max(1.0, level_at(config, 0.0))


def _empty(config: Config) -> float:
    """Level of a phase that holds the least it can."""
    return float(chemistry_of(config).level(np.array([chemistry_of(config).lowest]))[0])


def protocol_of(config: Config, applied: tuple[Applied, ...], limits: Limits) -> Protocol:
    """Steps with their ends; a single one where the configuration has no protocol."""
    given = config.boundary.protocol
    if given is None:
        ends = usual_ends(limits.end, limits.converted, limits.arrest)
        return Protocol(tuple(Step(a, ends) for a in applied))
    steps = []
    for k, a in enumerate(applied):
        cycle, number = divmod(k, len(given))
        doing = given[number]
        charges = tuple(end.charge for end in doing.ends if end.charge is not None)
        steps.append(Step(a, (*_ends(config, doing, a, limits), EndTime(limits.end)), str(doing), cycle + 1, number + 1,
                          charges))
    return Protocol(tuple(steps))


def _ends(config: Config, doing: Doing, applied: Applied, limits: Limits) -> list[Event]:
    """Ends of one step. One at a given current also ends where the phase is full or empty."""
    ends: list[Event] = []
    potential = any(end.potential is not None for end in doing.ends)
    if doing.kind == "insert":
        ends.append(CutOff(StopReason.POTENTIAL if potential else StopReason.CUTOFF))
    elif doing.kind == "extract":
        ends.append(Emptied(applied.cutoff, StopReason.POTENTIAL if potential else StopReason.CUTOFF))
    for end in doing.ends:
        if end.potential is not None and doing.kind == "rest":
            ends.append(Relaxed(level_at(config, end.potential)))
        elif end.current is not None:
            ends.append(CurrentBelow(*current_of(config, end.current)))
        elif end.charge is not None:
            ends.append(Charge(end.charge))
        elif end.arrest:
            ends.append(Arrested(limits.arrest or AT_REST))
        elif end.time is not None:
            ends.append(Elapsed(end.time))
    return ends
