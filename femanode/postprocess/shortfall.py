"""Whether a given current has flowed: a front that cannot take all of it leaves the rest out, at the cut-off."""

from __future__ import annotations

from collections.abc import Sequence

from femanode.postprocess.balances import Row
from femanode.solver import electrode
from femanode.solver.problem import Problem

#: Share of a given current that counts as all of it.
ALL = 0.99


def sentences(problem: Problem, rows: Sequence[Row]) -> list[str]:
    """What is to be said of steps in which the given current never flowed whole: one sentence for each of the protocol.

    Parameters
    ----------
    problem : Problem
    rows : sequence of Row
        The history. The current of a row is that of the time step that led to it.
    """
    per_cycle = len(problem.config.boundary.protocol or (None,))
    length = float(problem.physics.spaces.reacting_length.sum())
    most: dict[int, float] = {}
    for row in rows:
        if row["dt_s"] > 0.0 and "current_density_mA_cm2" in row:
            step = (int(row.get("cycle", 1)) - 1) * per_cycle + int(row.get("step", 1)) - 1
            most[step] = max(most.get(step, 0.0), row["current_density_mA_cm2"])
    short: dict[int, list[tuple[int, float, float]]] = {}
    for step, flowed in most.items():
        applied = problem.physics.applied[step]
        if applied.inserts and applied.current is not None:
            given = electrode.current_density(problem.config, applied.current / length)
            if flowed < ALL * given:
                short.setdefault(step % per_cycle, []).append((step // per_cycle + 1, flowed, given))
    return [_sentence(problem, number, found) for number, found in sorted(short.items())]


def _sentence(problem: Problem, number: int, found: Sequence[tuple[int, float, float]]) -> str:
    protocol = problem.config.boundary.protocol
    where = ""
    if protocol is not None:
        cycles = f"cycle {found[0][0]}" if len(found) == 1 else f"{len(found)} cycles, the first of them {found[0][0]}"
        where = f"step {number + 1} ({protocol[number]}) of {cycles}: "
    largest = max(flowed for _, flowed, _ in found)
    return (f"{where}the given current, {found[0][2]:.3g} mA/cm^2, never flowed whole: the section took at most "
            f"{largest:.3g} mA/cm^2 at the cut-off, so that this was a hold at the cut-off rather than a current")
