"""Layers in the output: what they are, and nodes for both sides where they meet.

Stress jumps there, and only one side has reacted.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

from femanode.mesh.section import REACTING
from femanode.mesh.spaces import Spaces
from femanode.numerics.arrays import IntArray
from femanode.solver.problem import Problem


@dataclass(frozen=True)
class Sides:
    """Copies of the nodes on interfaces for the layers that do not react, numbered after the mesh's own N nodes.

    Attributes
    ----------
    node : (k,) node of each copy
    region : (k,) region that it belongs to
    cells : (6, elem) nodes of the elements, with the copies in the layers that do not react
    """

    node: IntArray
    region: IntArray
    cells: IntArray


def sides_of(spaces: Spaces) -> Sides:
    """Copies for one mesh; none where all of it reacts."""
    cells = spaces.cells.copy()
    nodes: list[IntArray] = [np.zeros(0, np.int64)]
    regions: list[IntArray] = [np.zeros(0, np.int64)]
    count = spaces.n_nodes
    for region in np.unique(spaces.region[spaces.region != REACTING]):
        own = spaces.region == region
        shared = np.unique(cells[:, own])
        shared = shared[~spaces.idle[shared]]
        number = np.arange(spaces.n_nodes)
        number[shared] = count + np.arange(len(shared))
        cells[:, own] = number[cells[:, own]]
        count += len(shared)
        nodes.append(shared)
        regions.append(np.full(len(shared), region))
    return Sides(np.concatenate(nodes), np.concatenate(regions), cells)


def layer_facts(problem: Problem) -> dict[str, Any]:
    """Materials and thicknesses of the layers that do not react; nothing where there are none."""
    core, coating = problem.config.geometry.core, problem.config.geometry.coating
    found: dict[str, Any] = {}
    if core is not None:
        found["core"] = {"material": core.material.name, "diameter_nm": core.diameter}
    if coating is not None:
        found["coating"] = {"material": coating.material.name, "thickness_nm": coating.thickness}
    return {"layers": found} if found else {}
