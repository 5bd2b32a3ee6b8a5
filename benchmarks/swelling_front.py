"""A prescribed front sweeps through a quarter disc: how fast are the point law, the assembly and the sparse solver?

    python benchmarks/swelling_front.py --n 30 --steps 40 --json

Quarter disc R = 1 of 2 n^2 straight-sided quadratic triangles, plane strain, free edge. The swelling ratio at the
reference radius r is 1 + (1 + tanh((r - a)/0.05))/2 with a from 1.2 to 0.6 in equal steps; E 100, nu 0.28, yield stress
1, hardening 0.1. Each step is solved by the run's own :class:`femanode.solver.mechanics.Mechanics` until the residual
has fallen by 1e-9. The time is without imports and compilation; ``--repeat`` gives the median of several. ``--peer
felupe``, ``--peer skfem`` or ``--peer dolfinx`` measures another code on the same mesh, steps and law, in turn with
femanode and in a process of its own (felupe and dolfinx must be installed; they are no part of femanode). dolfinx may
belong to another interpreter, as Debian's does to /usr/bin/python3: ``--python-dolfinx`` tells which.

Reference (one-dimensional, 640 steps, a slightly different elastic law): r_out 1.27931, u_06 0.01397.
"""

from __future__ import annotations

import argparse
import contextlib
import json
import os
import statistics
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

Array = NDArray[np.float64]
E, NU, STRENGTH, HARDENING, WIDTH = 100.0, 0.28, 1.0, 0.1, 0.05


def quarter_disc(n: int) -> tuple[Array, NDArray[np.int64]]:
    """Points (2, p) and counter-clockwise triangles (3, 2 n^2): n rings, ring i of 2 i equal arcs."""
    first = np.concatenate([[0], np.cumsum(2 * np.arange(n + 1) + 1)])
    points, triangles = [], []
    for i in range(n + 1):
        angle = np.linspace(0.0, 0.5 * np.pi, 2 * i + 1)
        points.append(i / n * np.stack([np.cos(angle), np.sin(angle)]))
        for half in range(2 if i else 0):
            inner, outer = first[i - 1] + half * (i - 1), first[i] + half * i
            k = np.arange(i)
            triangles.append(np.stack([inner + k, outer + k, outer + k + 1]))
            k = np.arange(i - 1)
            triangles.append(np.stack([inner + k, outer + k + 1, inner + k + 1]))
    nodes = np.hstack(points)
    nodes[np.abs(nodes) < 1e-12] = 0.0
    return nodes, np.hstack(triangles)


def swelling(r: Array, a: float) -> Array:
    """Volume ratio at reference radius r."""
    return np.asarray(1.0 + 0.5 * (1.0 + np.tanh((r - a) / WIDTH)))


def quadratic_mesh(n: int) -> Any:
    """The disc as scikit-fem's quadratic mesh, with straight sides and named boundaries."""
    import skfem

    points, triangles = quarter_disc(n)
    mesh = skfem.MeshTri2.from_mesh(skfem.MeshTri(points, triangles.astype(np.int32), sort_t=False))
    return mesh.with_boundaries({"surface": lambda x: np.hypot(*x) > 1.0 - 0.4 / n, "x0": lambda x: x[0] < 1e-9,
                                 "y0": lambda x: x[1] < 1e-9})


def results(nodes: Array, u: Array, eqps: Array, n: int) -> dict[str, float]:
    """Outer radius and displacement at r = 0.6 (means over the corner nodes of the ring), largest plastic strain."""
    r = np.hypot(*nodes)
    outer, inner = np.isclose(r, 1.0, atol=1e-9), np.isclose(r, 0.6, atol=1e-9)
    radial = np.hypot(*(nodes + u)) - r
    return {"r_out": float(1.0 + radial[outer].mean()), "u_06": float(radial[inner].mean()),
            "eqps_max": float(eqps.max())}


def solve(n: int, steps: int, backend: str) -> dict[str, Any]:
    """One whole case, timed from the mesh to the last step."""
    from femanode.mesh.spaces import build_spaces
    from femanode.numerics import compiled
    from femanode.solver.axial import STRAIGHT
    from femanode.solver.mechanics import Mechanics
    from femanode.verify.bench import moduli

    begin, cpu = time.perf_counter(), time.process_time()
    spaces = build_spaces(quadratic_mesh(n))
    mechanics = Mechanics(spaces, "quarter", backend=backend)  # type: ignore[arg-type]
    shape = spaces.weight.shape
    law = moduli(E, NU, STRENGTH, HARDENING, shape=shape)
    r = np.hypot(*spaces.qp_xy)
    u = before = np.zeros((2, spaces.n_nodes))
    Cp_inv, eqps = np.zeros((4, *shape)), np.zeros(shape)
    Cp_inv[[0, 1, 3]] = 1.0
    iterations, left = 0, 0.0
    for a in np.linspace(1.2, 0.6, steps + 1)[1:]:
        Jc = swelling(r, a)
        # A run's first guess: half of the last motion.
        guess = u + 0.5 * (u - before)
        start = mechanics.imbalance(guess, STRAIGHT, Cp_inv, eqps, Jc, law, 1.0)
        mechanics.tolerance = 1e-9 * start
        found = mechanics.solve(guess, STRAIGHT, Cp_inv, eqps, Jc, law, 1.0)
        u, before, Cp_inv, eqps = found.u, u, found.response.Cp_inv, found.response.eqps
        iterations, left = iterations + found.iterations, max(left, found.residual / start)
    return {"wall_s": time.perf_counter() - begin, "cpu_s": time.process_time() - cpu,
            "newton_iterations": iterations, "residual_left": left,
            **results(spaces.nodes, u, eqps, n), "solver": mechanics.solver.name,
            "kernels": mechanics.elements.name,
            "threads": compiled.threads() if mechanics.elements.name == "numba" else 1, "elements": shape[0],
            "unknowns": 2 * spaces.n_nodes}


def environment() -> dict[str, str]:
    """This one's, with the checkout's femanode to be found by an interpreter that has none."""
    here = str(Path(__file__).resolve().parents[1])
    return os.environ | {"PYTHONPATH": os.pathsep.join(filter(None, [here, os.environ.get("PYTHONPATH")]))}


def python_dolfinx(told: str | None) -> str:
    """The interpreter told, or else this one or the system's: the first that can import dolfinx 0.5."""
    candidates = [told] if told else list(dict.fromkeys([sys.executable, "/usr/bin/python3"]))
    for candidate in candidates:
        with contextlib.suppress(OSError):
            trial = [candidate, "-c", "import sys, dolfinx; sys.exit(not dolfinx.__version__.startswith('0.5.'))"]
            if subprocess.run(trial, capture_output=True, check=False, env=environment()).returncode == 0:
                return candidate
    raise SystemExit(f"no dolfinx 0.5 in {' or '.join(candidates)}; --python-dolfinx names an interpreter that has it")


def peer(name: str, n: int, steps: int, python: str) -> dict[str, Any]:
    """The same case by another code, in a process of its own."""
    script = Path(__file__).with_name(f"peer_{name}.py")
    done = subprocess.run([python, str(script), str(n), str(steps)], capture_output=True, text=True, check=False,
                          env=environment())
    if done.returncode:
        raise SystemExit(f"{script.name}: {done.stderr.strip().splitlines()[-1]}")
    return dict(json.loads(done.stdout))


def main() -> None:
    """Parse, measure, print."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").split("\n\n")[0])
    parser.add_argument("--n", type=int, default=30, help="rings of elements, a multiple of 5 (default 30)")
    parser.add_argument("--steps", type=int, default=40, help="steps of the front (default 40)")
    parser.add_argument("--repeat", type=int, default=1, help="runs of which the median is given")
    parser.add_argument("--backend", default="auto", help="sparse solver: auto, pardiso, rslab, scipy")
    parser.add_argument("--peer", action="append", default=[], choices=["felupe", "skfem", "dolfinx"],
                        help="measure it too")
    parser.add_argument("--python-dolfinx", help="interpreter for --peer dolfinx (default: the first that has it)")
    parser.add_argument("--json", action="store_true", help="one JSON object")
    options = parser.parse_args()
    if options.n < 5 or options.n % 5 or options.steps < 1 or options.repeat < 1:
        parser.error("--n must be a multiple of 5 (for a ring of nodes at r = 0.6), --steps and --repeat at least 1")
    python = {name: python_dolfinx(options.python_dolfinx) if name == "dolfinx" else sys.executable
              for name in options.peer}
    begin = time.perf_counter()
    solve(5, 2, options.backend)
    compile_s = time.perf_counter() - begin
    ours, others = [], {name: [] for name in options.peer}  # type: ignore[var-annotated]
    for _ in range(options.repeat):
        ours.append(solve(options.n, options.steps, options.backend))
        for name, runs in others.items():
            runs.append(peer(name, options.n, options.steps, python[name]))
    load = os.getloadavg()[0] if hasattr(os, "getloadavg") else None
    answer = _median(ours) | {"compile_s": compile_s, "n": options.n, "steps": options.steps,
                              "repeat": options.repeat, "load": load}
    for name, runs in others.items():
        found = _median(runs)
        ratios = [run["wall_s"] / own["wall_s"] for run, own in zip(runs, ours, strict=True)]
        answer[name] = found | {"times_femanode": statistics.median(ratios)}
    sys.stdout.write(json.dumps(answer) + "\n" if options.json else _table(answer))


def _median(runs: list[dict[str, Any]]) -> dict[str, Any]:
    """The last run's results with the median of the times."""
    walls = [run["wall_s"] for run in runs]
    return runs[-1] | {"wall_s": statistics.median(walls), "wall_s_min": min(walls), "wall_s_max": max(walls)}


def _table(answer: dict[str, Any], indent: str = "") -> str:
    """A line per figure."""
    lines = ""
    for key, value in answer.items():
        if isinstance(value, dict):
            lines += f"{indent}{key}\n" + _table(value, indent + "  ")
        else:
            text = f"{value:.6g}" if isinstance(value, float) else str(value)
            lines += f"{indent}{key:20s} {text}\n"
    return lines


if __name__ == "__main__":
    main()
