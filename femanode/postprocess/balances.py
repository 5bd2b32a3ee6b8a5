"""Columns of ``history.csv`` on energy: the power balance of the mechanics, and that of the electrical work."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from femanode.mesh.outline import SPANS
from femanode.solver import electrode
from femanode.solver.energy import Energy
from femanode.solver.ledger import Spent
from femanode.solver.problem import Problem

Row = dict[str, float]

#: Columns of the power balance: what carriers gave, what swelling took, flow dissipated, and is stored elastically.
ENERGIES = ("chemical_energy_nJ_m", "swelling_work_nJ_m", "flow_dissipation_nJ_m", "stored_energy_nJ_m")

#: Columns of the balance of electrical work, which a measured open-circuit curve makes possible.
LEDGER = ("electrical_work_nJ_m", "reaction_energy_nJ_m", "front_dissipation_nJ_m", "diffusion_dissipation_nJ_m")
THROUGHPUT = "electrical_throughput_nJ_m"
#: What pressure and axial force have done, in a run that has one; what they stored before it began is not in it.
LOAD_WORK = "load_work_nJ_m"


def energies(problem: Problem, rows: Sequence[Row], energy: Energy) -> Row:
    """Energies so far of the whole section, per length of wire, and the gap in their balance.

    Of a body of revolution they are divided by its initial length along the axis.

    Parameters
    ----------
    rows : the history before this row
    energy : of the step that led to it
    """
    last = rows[-1] if rows else dict.fromkeys(ENERGIES, 0.0)
    whole = _per_length(problem)
    spent = (energy.chemical, energy.work, energy.flow)
    row = {key: last[key] + whole * value for key, value in zip(ENERGIES, spent, strict=False)}
    row[ENERGIES[3]] = whole * energy.stored
    chemical, work, flow, stored = (row[key] for key in ENERGIES)
    if problem.config.mechanics.loaded:
        row[LOAD_WORK] = last.get(LOAD_WORK, 0.0) + whole * energy.load
        work += row[LOAD_WORK]
        stored -= rows[0][ENERGIES[3]] if rows else stored
    # Where carriers leave again, the gap is told relative to the most that they have given.
    given = max((chemical, *(r[ENERGIES[0]] for r in rows))) if problem.config.boundary.protocol else chemical
    return {**row, "energy_gap": (work - flow - stored) / given if given > 0 else 0.0}


def _per_length(problem: Problem) -> float:
    """What is in the whole section per length, over what is in the meshed one: 1, 2 or 4; axisymmetric, per nm."""
    spaces = problem.physics.spaces
    if spaces.hoop is not None:
        return 1.0 / float(np.ptp(spaces.nodes[1]))
    return 2.0 * np.pi / SPANS[problem.section.sector]


def ledger(problem: Problem, rows: Sequence[Row], spent: Spent | None, row: Row) -> Row:
    """Where the electrical work went so far, whole section; nothing where the chemistry does not tell.

    Parameters
    ----------
    rows : the history before this row
    spent : terms of the step that led to it
    row : what is known of this row, with its energies
    """
    if problem.config.material.chemistry.law != "open_circuit":
        return {}
    last = rows[-1] if rows else dict.fromkeys((*LEDGER, THROUGHPUT), 0.0)
    terms = spent or Spent(0.0, 0.0, 0.0, 0.0, 0.0)
    unit = electrode.energy_of_full(problem.config) * _per_length(problem)
    values = (terms.electrical, terms.free + terms.formed, terms.front, terms.diffusion)
    found = {key: last[key] + unit * value for key, value in zip(LEDGER, values, strict=True)}
    passed = last[THROUGHPUT] + unit * abs(terms.electrical)
    electrical, reaction, front, diffusion = found.values()
    elastic = row[ENERGIES[3]] - (rows[0] if rows else row)[ENERGIES[3]]
    left = electrical + row.get(LOAD_WORK, 0.0) - reaction - front - diffusion - row[ENERGIES[2]] - elastic
    return {**found, THROUGHPUT: passed, "electrical_gap": left / passed if passed > 0.0 else 0.0}
