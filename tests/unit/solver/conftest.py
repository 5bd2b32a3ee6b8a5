"""A wire before and after a change of mesh, for the tests of adaptation and of the transfer of the state."""

from __future__ import annotations

import numpy as np
import pytest

from femanode.config.loading import Config
from femanode.solver.adaptation import adapt
from femanode.solver.problem import Problem, build_problem
from femanode.solver.state import State
from femanode.solver.stepping import Tally, march
from tests.fronts import coarse_case
from tests.helpers import graded


@pytest.fixture(scope="session")
def before() -> tuple[Problem, State]:
    """A 60-nm wire just before a change of mesh that also makes elements coarser behind the front."""
    problem = build_problem(Config.from_mapping(coarse_case(
        mesh={"element_size": "0.9 nm", "adaptive": True}, front={"half_thickness": "0.9 nm"},
        geometry={"shape": "circle", "diameter": "60 nm"})))
    state = problem.initial_state()
    while True:
        for candidate, _ in march(problem.physics, state, problem.limits, [], Tally()):
            state = candidate.state
            new, moved = adapt(problem, state)
            if new is not problem:
                break
        was, now = graded(problem).leaves, graded(new).leaves
        if np.any(was.level[was.owner(now.first)] > now.level):
            return problem, state
        problem, state = new, moved


@pytest.fixture(scope="session")
def after(before: tuple[Problem, State]) -> tuple[Problem, State]:
    problem, state = before
    new, moved = adapt(problem, state)
    assert new is not problem
    return new, moved
