"""Stress in a coating, and whether it would crack."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from femanode.mesh.section import COATING
from femanode.output.fieldset import FieldSet
from femanode.postprocess.growth import energy_release
from femanode.solver.problem import Problem

#: Largest hoop stress of the coating.
HOOP = "coating_hoop_max_GPa"


def coating_columns(fields: FieldSet) -> dict[str, float]:
    """Column of the coating's largest hoop stress, GPa; none without a coating."""
    spaces = fields.problem.physics.spaces
    here = spaces.region == COATING
    if not here.any():
        return {}
    hoop = fields.problem.recovery.within(COATING, fields.hoop_stress)
    return {HOOP: float(hoop[np.unique(spaces.cells[:, here])].max())}


def coating_figures(rows: Sequence[Mapping[str, float]], problem: Problem) -> dict[str, Any]:
    """Figures of the coating for the summary; none without a coating.

    A crack through the coating is taken as an edge crack as deep as the coating is thick, or as long as its material's
    ``fracture.flaw``, under the largest hoop stress of the run: its energy release rate over the toughness is the risk,
    None where the material has no ``fracture``.
    """
    coating = problem.config.geometry.coating
    if coating is None:
        return {}
    k = int(np.argmax([row[HOOP] for row in rows]))
    phase, fracture, risk = problem.physics.mixture.inert[COATING - 1], coating.material.fracture, None
    if fracture is not None and phase is not None:
        depth = coating.thickness if fracture.flaw is None else min(fracture.flaw, coating.thickness)
        release = energy_release(np.array(rows[k][HOOP]), np.array(depth), phase.youngs_modulus,
                                 phase.poisson_ratio)
        risk = float(release) / fracture.energy
    return {HOOP: rows[k][HOOP], "coating_crack_risk": risk,
            "coating_hoop_max_fraction": rows[k]["converted_fraction"]}
