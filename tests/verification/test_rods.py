"""A longitudinal section of a long rod does in its middle what the cross-section of a free wire does."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from femanode.config.loading import Config
from femanode.solver.problem import build_problem
from femanode.solver.stepping import Tally, march
from femanode.verify.bench import cylindrical
from tests.fronts import coarse_case

pytestmark = pytest.mark.verification


def middle(geometry: dict[str, Any], **sections: Any) -> dict[str, float]:
    """Front, surface and core of a rod of 60 nm after 200 s; of a longitudinal section its first 8 nm."""
    problem = build_problem(Config.from_mapping(coarse_case(
        geometry=geometry, front={"half_thickness": "4 nm"}, mesh={"element_size": "2 nm"}, time={"end": "200 s"},
        **sections)))
    state, equilibrium = problem.initial_state(), None
    for candidate, _ in march(problem.physics, state, problem.limits, [], Tally()):
        state, equilibrium = candidate.state, candidate.equilibrium
    assert equilibrium is not None
    spaces, F, F33 = problem.physics.spaces, equilibrium.F, equilibrium.F33
    stress = equilibrium.response.tau / ((F[0, 0] * F[1, 1] - F[0, 1] * F[1, 0]) * F33)
    along = np.flatnonzero(np.abs(spaces.nodes[1]) < 1e-9)
    along = along[np.argsort(spaces.nodes[0, along])]
    r, distance = spaces.nodes[0, along], problem.physics.front.log_odds(state.xi)[along]
    out = {"front": float(np.interp(0.0, distance, r)), "surface": 30.0 + float(state.u[0, along[-1]])}
    if problem.section.outline.revolved:
        core = (spaces.qp_xy[0] < 8.0) & (spaces.qp_xy[1] < 8.0)
        radial, hoop, axial, stretch = stress[0], stress[3], stress[1], F[1, 1]
    else:
        core = np.hypot(*spaces.qp_xy) < 8.0
        (radial, hoop), axial, stretch = cylindrical(stress, spaces.qp_xy), stress[3], F33 * np.ones_like(F[0, 0])
    for name, values in (("radial", radial), ("hoop", hoop), ("axial", axial), ("stretch", stretch)):
        out[name] = float(np.average(values[core], weights=spaces.weight[core]))
    return out


def test_the_middle_of_a_long_rod_is_a_cross_section_of_a_free_wire() -> None:
    """480 nm long: what its ends do no longer matters; the meshes differ by a hundredth in stress."""
    wire = middle({"shape": "circle", "diameter": "60 nm"}, mechanics={"axial": "generalized"})
    rod = {"shape": "rectangle", "diameters": ["60 nm", "480 nm"], "symmetry": "axisymmetric"}
    end = float(np.degrees(np.arctan2(230.0, 30.0)))
    for other in (middle(rod), middle({**rod, "contact": {"from": f"{-end} deg", "to": f"{end} deg"}})):
        assert other["front"] == pytest.approx(wire["front"], rel=2e-3)
        assert other["surface"] == pytest.approx(wire["surface"], rel=5e-3)
        assert other["radial"] == pytest.approx(wire["radial"], rel=0.015)
        assert other["hoop"] == pytest.approx(wire["hoop"], rel=0.015)
        assert other["axial"] == pytest.approx(wire["axial"], rel=0.03)
        assert other["stretch"] == pytest.approx(wire["stretch"], abs=5e-4)
    # plane strain would have the core under 0.03 to 0.1 GPa more
    held = middle({"shape": "circle", "diameter": "60 nm"})
    assert abs(held["axial"] / wire["axial"] - 1.0) > 0.06
