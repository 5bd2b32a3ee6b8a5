"""The prescribed-front benchmark by dolfinx with MUMPS: ``python peer_dolfinx.py N STEPS`` prints JSON.

dolfinx 0.5 brings mesh, compiled forms, assembly and, through PETSc, the solver. Stress and tangent are functions on
its quadrature element, filled once per iteration by femanode's numpy law; Newton's method without line search. dolfinx
is licensed under the LGPL and is neither part of femanode nor needed by it; Debian's ``python3-dolfinx`` belongs to the
system's own interpreter, where numpy is all that femanode's law wants. MUMPS takes the BLAS that the system has, and
Debian's dolfinx is content with the slow reference BLAS: ``libopenblas0-pthread`` is the better one. Other solvers can
be asked for by ``PETSC_OPTIONS``, as ``-pc_type lu -pc_factor_mat_solver_type mumps``.
"""

from __future__ import annotations

import json
import os
import sys
import time
from pathlib import Path
from typing import Any

# Told before numpy and MUMPS read it.
os.environ.update(dict.fromkeys(["OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS"], "1"))

import basix
import dolfinx
import numpy as np
import ufl
from dolfinx import fem
from mpi4py import MPI
from peer_law import constants, nominal
from petsc4py import PETSc
from swelling_front import quarter_disc, results, swelling

from femanode.constitutive.elastoplasticity import respond

#: Compiled for this machine, as numba's loops are.
COMPILER = {"cffi_extra_compile_args": ["-O3", "-march=native"]}


def flat(w: Any) -> Any:
    """Gradient as a vector 11, 12, 21, 22: tensors of its quadrature element have two indices at the most."""
    return ufl.as_vector([ufl.grad(w)[i, j] for i in range(2) for j in range(2)])


def direct(K: Any) -> Any:
    """MUMPS on the symmetric matrix (LDL^T, pivoted); PETSc keeps its analysis while the pattern is the same."""
    solver = PETSc.KSP().create(MPI.COMM_SELF)
    solver.setOperators(K)
    solver.setType("preonly")
    solver.getPC().setType("cholesky")
    solver.getPC().setFactorSolverType("mumps")
    solver.setFromOptions()
    return solver


def name(solver: Any) -> str:
    """The solver that has run, and the kind of BLAS that this process has loaded."""
    loaded = Path("/proc/self/maps")
    fast = not loaded.exists() or any(blas in loaded.read_text() for blas in ("openblas", "blis", "mkl", "atlas"))
    inner = solver.getPC()
    return f"{inner.getFactorSolverType()} {inner.getType()}, {'tuned' if fast else 'reference'} BLAS"


def solve(n: int, fronts: Any) -> dict[str, Any]:
    """The case with these radii of the front, timed from the mesh to the last step."""
    begin, cpu = time.perf_counter(), time.process_time()
    points, triangles = quarter_disc(n)
    plane = ufl.Mesh(ufl.VectorElement("Lagrange", "triangle", 1))
    mesh = dolfinx.mesh.create_mesh(MPI.COMM_SELF, triangles.T.copy(), points.T.copy(), plane)
    V = fem.VectorFunctionSpace(mesh, ("Lagrange", 2))
    rule = {"degree": 2, "quad_scheme": "default"}
    vectors = fem.FunctionSpace(mesh, ufl.VectorElement("Quadrature", "triangle", dim=4, **rule))
    matrices = fem.FunctionSpace(mesh, ufl.TensorElement("Quadrature", "triangle", shape=(4, 4), **rule))
    u, P, A = fem.Function(V), fem.Function(vectors), fem.Function(matrices)
    dx = ufl.dx(domain=mesh, metadata={"quadrature_degree": 2, "quadrature_rule": "default"})
    v = ufl.TestFunction(V)
    force = fem.form(ufl.inner(P, flat(v)) * dx, jit_params=COMPILER)
    stiffness = fem.form(ufl.inner(ufl.dot(A, flat(ufl.TrialFunction(V))), flat(v)) * dx, jit_params=COMPILER)
    reference, _ = basix.make_quadrature(basix.CellType.triangle, 2)
    gradient = fem.Expression(flat(u), reference, jit_params=COMPILER)
    cells = np.arange(mesh.topology.index_map(2).size_local, dtype=np.int32)
    where = fem.Expression(ufl.SpatialCoordinate(mesh), reference, jit_params=COMPILER)
    shape = (len(cells), len(reference))
    radius = np.hypot(*np.moveaxis(where.eval(cells).reshape(*shape, 2), -1, 0))
    # Rows of the functions' arrays, for points in the order of the cells.
    rows, rows_A = (space.dofmap.list.array.reshape(shape) for space in (vectors, matrices))

    held = []
    for axis in range(2):
        part, _ = V.sub(axis).collapse()
        on_axis = fem.locate_dofs_geometrical((V.sub(axis), part), lambda x, axis=axis: np.abs(x[axis]) < 1e-9)
        held.append(fem.dirichletbc(PETSc.ScalarType(0.0), on_axis[0], V.sub(axis)))
    K, residual = fem.petsc.create_matrix(stiffness), fem.petsc.create_vector(force)
    correction, solver = residual.duplicate(), direct(K)

    law = constants(shape)
    Cp_inv, eqps = np.zeros((4, *shape)), np.zeros(shape)
    Cp_inv[[0, 1, 3]] = 1.0
    iterations = 0
    for a in fronts:
        Jc, start = swelling(radius, a), np.inf
        for count in range(40):
            F = np.zeros((3, 3, *shape))
            F[:2, :2] = np.moveaxis(gradient.eval(cells).reshape(*shape, 2, 2), (2, 3), (0, 1))
            F[[0, 1, 2], [0, 1, 2]] += 1.0
            response = respond(F[:2, :2], 1.0, Cp_inv, eqps, Jc, law, 1.0)
            stress, tangent = nominal(F, response)
            P.x.array.reshape(-1, 4)[rows] = np.moveaxis(stress[:2, :2].reshape(4, *shape), 0, -1)
            residual.set(0.0)
            fem.petsc.assemble_vector(residual, force)
            fem.petsc.set_bc(residual, held)
            size = residual.norm()
            start = size if count == 0 else start
            if count and size <= 1e-9 * start:
                break
            A.x.array.reshape(-1, 16)[rows_A] = np.moveaxis(tangent[:2, :2, :2, :2].reshape(16, *shape), 0, -1)
            K.zeroEntries()
            fem.petsc.assemble_matrix(K, stiffness, held)
            K.assemble()
            solver.solve(residual, correction)
            u.vector.axpy(-1.0, correction)
            iterations += 1
        else:
            raise SystemExit(f"no convergence at a = {a:.4g}")
        Cp_inv, eqps = response.Cp_inv, response.eqps
    wall = time.perf_counter() - begin
    nodes = V.tabulate_dof_coordinates()[:, :2].T
    return {"wall_s": wall, "cpu_s": time.process_time() - cpu, "newton_iterations": iterations,
            **results(nodes, u.x.array.reshape(-1, 2).T, eqps, n), "version": dolfinx.__version__,
            "solver": name(solver), "threads": 1}


def main() -> None:
    """Run and print."""
    # Forms are compiled here, or fetched from dolfinx's cache on disk.
    fronts = np.linspace(1.2, 0.6, int(sys.argv[2]) + 1)[1:]
    solve(5, fronts[:1])
    sys.stdout.write(json.dumps(solve(int(sys.argv[1]), fronts)))


if __name__ == "__main__":
    main()
