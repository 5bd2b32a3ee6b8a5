"""Change of the mesh during a run: whether it is due, the new mesh with its solvers, and the state moved to it."""

from __future__ import annotations

from femanode.solver.grading import front_outruns, leaves_for
from femanode.solver.problem import Problem
from femanode.solver.state import State
from femanode.solver.transfer import transfer


def adapt(problem: Problem, state: State) -> tuple[Problem, State]:
    """The problem and the state on a mesh that suits the front; both unchanged where the present mesh does."""
    mesh, physics = problem.graded, problem.physics
    if mesh is None or not front_outruns(mesh, physics.spaces, state, physics.front, problem.grading):
        return problem, state
    new, graded = problem.on_leaves(mesh.hierarchy, leaves_for(mesh, state, physics.front, problem.grading))
    return new, transfer(physics, mesh, state, new.physics, graded)
