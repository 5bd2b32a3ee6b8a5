"""A section that has reacted before the run begins."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from femanode.solver.axial import Axial
from femanode.solver.physics import Physics
from femanode.solver.state import State


def reacted(physics: Physics, state: State, content: float | None) -> State:
    """``state`` with all of the section reacted, at one ``content`` (the least of its chemistry by default).

    It has swollen without stress: by the same stretch in all directions, or, where its length is held, in the section
    only, with the plastic flow that this takes behind it. In layers it lies as grown; what little it has swollen is
    left to the first step.
    """
    chemistry = physics.chemistry
    held = chemistry.lowest if content is None else content
    outside = 1.0 - float(chemistry.level(np.array([held]))[0])
    n, xi = physics.spaces.n_nodes, np.where(physics.spaces.idle, 0.0, 1.0)
    level = np.full(n, 1.0 - outside)
    Jc = physics.volume_ratio(xi, level)
    ratio = 1.0 if physics.spaces.layered else float(Jc.flat[0])
    stretch = float(np.cbrt(ratio)) if physics.mechanics.columns else 1.0
    across = float(np.sqrt(ratio / stretch))
    metric = state.Cp_inv.copy()
    # Without stress the plastic metric is that of the deformation itself: C_p = F^T F / Jc^(2/3).
    unload = np.cbrt(ratio) ** 2
    metric[[0, 1]], metric[2], metric[3] = unload / across**2, 0.0, unload / stretch**2
    return replace(
        state, xi=xi, depletion=np.full(n, outside), outside=outside, activity=level, entered=True,
        u=(across - 1.0) * physics.spaces.nodes, axial=Axial(stretch), Cp_inv=metric)
