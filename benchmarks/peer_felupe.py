"""The prescribed-front benchmark by felupe, by its public functions: ``python peer_felupe.py N STEPS`` prints JSON.

felupe brings mesh, assembly, Newton's method and solver (its defaults); the point law is femanode's numpy law,
evaluated once per iteration. felupe is licensed under the GPL and is neither part of femanode nor needed by it.
"""

from __future__ import annotations

import json
import sys
import time
from typing import Any

import felupe
import numpy as np
from peer_law import constants, nominal
from swelling_front import quarter_disc, results, swelling

from femanode.constitutive.elastoplasticity import respond


class Triangle(felupe.QuadraticTriangle):  # type: ignore[misc]
    """Quadratic triangle with its derivatives written out: those of felupe 11.3.0 are wrong off the diagonal."""

    def gradient(self, rs: Any) -> Any:
        """Derivatives (6, 2) of the shape functions at (r, s)."""
        r, s = rs
        t = 1.0 - r - s
        return np.array([[1 - 4 * t, 1 - 4 * t], [4 * r - 1, 0 * r], [0 * s, 4 * s - 1],
                         [4 * (t - r), -4 * r], [4 * s, 4 * r], [-4 * s, 4 * (t - s)]])


def main() -> None:
    """Run and print."""
    n, steps = int(sys.argv[1]), int(sys.argv[2])
    begin, cpu = time.perf_counter(), time.process_time()
    points, triangles = quarter_disc(n)
    mesh = felupe.Mesh(points.T, triangles.T, "triangle").add_midpoints_edges()
    region = felupe.Region(mesh, Triangle(), felupe.quadrature.Triangle(order=2))
    displacement = felupe.FieldPlaneStrain(region, dim=2)
    field = felupe.FieldContainer([displacement])
    weight = region.dV
    radius = np.hypot(*np.einsum("aq,eai->iqe", region.h[..., 0], mesh.points[mesh.cells]))
    shape = weight.shape
    law = constants(shape)
    now: dict[str, Any] = {"Jc": None, "A": None}

    def stress(x: list[Any], **_: Any) -> list[Any]:
        F, past = x[0], x[-1]
        response = respond(F[:2, :2], 1.0, past[:4], past[4], now["Jc"], law, 1.0)
        P, now["A"] = nominal(F, response)
        return [P, np.concatenate([response.Cp_inv, response.eqps[None]])]

    def elasticity(x: list[Any], **_: Any) -> list[Any]:
        return [now["A"]]

    start = np.zeros((5, *shape))
    start[[0, 1, 3]] = 1.0
    solid = felupe.SolidBody(felupe.Material(stress, elasticity, nstatevars=5), field, statevars=start)
    boundaries = {"x": felupe.Boundary(displacement, fx=lambda x: x < 1e-9, skip=(0, 1)),
                  "y": felupe.Boundary(displacement, fy=lambda y: y < 1e-9, skip=(1, 0))}
    dof0, dof1 = felupe.dof.partition(field, boundaries)
    iterations = 0
    for a in np.linspace(1.2, 0.6, steps + 1)[1:]:
        now["Jc"] = swelling(radius, a)
        done = felupe.newtonraphson(items=[solid], x0=field, dof0=dof0, dof1=dof1, ext0=np.zeros(len(dof0)), tol=1e-9,
                                    verbose=False, maxiter=40)
        iterations += done.iterations
    wall = time.perf_counter() - begin
    u = displacement.values.T
    corner = np.unique(mesh.cells[:, :3])
    sys.stdout.write(json.dumps({
        "wall_s": wall, "cpu_s": time.process_time() - cpu, "newton_iterations": int(iterations),
        **results(points, u[:, : points.shape[1]] if len(corner) == points.shape[1] else u[:, corner],
                  solid.results.statevars[4], n),
        "version": felupe.__version__, "solver": "scipy spsolve (its default)", "threads": 1}))


if __name__ == "__main__":
    main()
