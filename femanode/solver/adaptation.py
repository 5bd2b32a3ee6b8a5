"""Change of the mesh during a run: whether it is due, the new mesh with its solvers, and the state moved to it."""

from __future__ import annotations

from femanode.errors import ConvergenceError
from femanode.numerics.linear import SingularMatrix
from femanode.solver.failure import StepFailed
from femanode.solver.grading import front_outruns, leaves_for
from femanode.solver.problem import Problem
from femanode.solver.state import State
from femanode.solver.transfer import transfer


def adapt(problem: Problem, state: State) -> tuple[Problem, State]:
    """The problem and the state on a mesh that suits the front; both unchanged where the present mesh does.

    Raises
    ------
    ConvergenceError
        The state cannot be moved to the new mesh; the one given is still good.
    """
    mesh, physics = problem.graded, problem.physics
    if mesh is None or not front_outruns(mesh, physics.spaces, state, physics.front, problem.grading):
        return problem, state
    new, graded = problem.on_leaves(mesh.hierarchy, leaves_for(mesh, state, physics.front, problem.grading))
    try:
        moved = transfer(physics, mesh, state, new.physics, graded)
    except (SingularMatrix, StepFailed) as error:
        raise ConvergenceError(f"t = {state.t:.6g} s: no change of mesh: {error}") from error
    if spoilt := moved.not_finite():
        raise ConvergenceError(f"t = {state.t:.6g} s: no change of mesh: {spoilt} is not finite on the new one")
    return new, moved
