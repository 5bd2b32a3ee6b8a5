"""The prescribed-front benchmark by scikit-fem's forms and solver: ``python peer_skfem.py N STEPS`` prints JSON.

The point law is femanode's numpy law, evaluated once per iteration and handed to the forms as fields; Newton's method
without line search.
"""

from __future__ import annotations

import json
import sys
import time
from typing import Any

import numpy as np
import skfem
from peer_law import constants, nominal
from skfem.helpers import ddot, grad
from swelling_front import quadratic_mesh, results, swelling

from femanode.constitutive.elastoplasticity import respond


@skfem.BilinearForm
def stiffness(u: Any, v: Any, w: Any) -> Any:
    """grad v : A : grad u."""
    return np.einsum("ij...,ijkl...,kl...->...", grad(v), w["A"], grad(u))


@skfem.LinearForm
def force(v: Any, w: Any) -> Any:
    """P : grad v."""
    return ddot(w["P"], grad(v))


def main() -> None:
    """Run and print."""
    n, steps = int(sys.argv[1]), int(sys.argv[2])
    begin, cpu = time.perf_counter(), time.process_time()
    mesh = quadratic_mesh(n)
    basis = skfem.Basis(mesh, skfem.ElementVector(skfem.ElementTriP2()), intorder=2)
    shape = basis.dx.shape
    radius = np.hypot(*np.asarray(basis.global_coordinates()))
    law, u = constants(shape), np.zeros(basis.N)
    Cp_inv, eqps = np.zeros((4, *shape)), np.zeros(shape)
    Cp_inv[[0, 1, 3]] = 1.0
    held = np.concatenate([basis.get_dofs("x0").all(["u^1"]), basis.get_dofs("y0").all(["u^2"])])
    free = np.setdiff1d(np.arange(basis.N), held)
    iterations = 0
    for a in np.linspace(1.2, 0.6, steps + 1)[1:]:
        Jc, start = swelling(radius, a), np.inf
        for count in range(40):
            F = np.zeros((3, 3, *shape))
            F[:2, :2] = np.asarray(basis.interpolate(u).grad)
            F[[0, 1, 2], [0, 1, 2]] += 1.0
            response = respond(F[:2, :2], 1.0, Cp_inv, eqps, Jc, law, 1.0)
            P, A = nominal(F, response)
            residual = force.assemble(basis, P=P[:2, :2])
            size = float(np.linalg.norm(residual[free]))
            start = size if count == 0 else start
            if count and size <= 1e-9 * start:
                break
            K = stiffness.assemble(basis, A=A[:2, :2, :2, :2])
            u = u + skfem.solve(*skfem.condense(K, -residual, D=held))
            iterations += 1
        else:
            raise SystemExit(f"no convergence at a = {a:.4g}")
        Cp_inv, eqps = response.Cp_inv, response.eqps
    wall, nodes = time.perf_counter() - begin, basis.doflocs[:, basis.nodal_dofs[0]]
    moved = np.stack([u[basis.nodal_dofs[0]], u[basis.nodal_dofs[1]]])
    sys.stdout.write(json.dumps({
        "wall_s": wall, "cpu_s": time.process_time() - cpu, "newton_iterations": iterations,
        **results(nodes, moved, eqps, n), "version": skfem.__version__, "solver": "scipy spsolve (its default)",
        "threads": 1}))


if __name__ == "__main__":
    main()
