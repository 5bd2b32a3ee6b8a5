"""The README's run, or any other: seconds per step, Newton solves per step, where the time goes, peak memory.

    python benchmarks/wire.py [CONFIG] [--set key=value ...] [--json]
    python benchmarks/wire.py --start [CONFIG]
    python benchmarks/wire.py --growth [--most 1000000] [--solver scipy] [--json]

The run is a real one, ``femanode run`` in a process of its own and a temporary folder: the figures are those of its
manifest. ``--start`` times a process from its beginning to the end of the first step. ``--growth`` takes a snapshot
instead: on sections of ever more unknowns, up to ``--most``, one Newton iteration of the prescribed front of
``swelling_front.py``, half way in, with its parts, set-up and peak memory (a process per size), and the exponents of
time and memory in the number of unknowns.
"""

from __future__ import annotations

import argparse
import dataclasses
import json
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

import numpy as np
from swelling_front import HARDENING, NU, STRENGTH, E, swelling

CONFIG = Path(__file__).resolve().parents[1] / "configs" / "si_110_129nm.yaml"
#: Rings of elements of the sections that growth is measured on; unknowns are about 8 n^2.
RINGS = (35, 60, 110, 195, 350)


def children() -> float:
    """Processor time of all finished child processes, s; NaN where the system does not tell."""
    try:
        import resource
    except ImportError:
        return float("nan")
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    return used.ru_utime + used.ru_stime


def wire(config: str, overrides: list[str]) -> dict[str, Any]:
    """A whole run."""
    with tempfile.TemporaryDirectory() as folder:
        out = Path(folder) / "run"
        command = [sys.executable, "-m", "femanode", "run", config, "-o", str(out), "--quiet"]
        for override in overrides:
            command += ["--set", override]
        begin, cpu = time.perf_counter(), children()
        done = subprocess.run(command, capture_output=True, text=True, check=False)
        wall, cpu = time.perf_counter() - begin, children() - cpu
        if done.returncode:
            raise SystemExit(done.stderr.strip())
        manifest = json.loads((out / "manifest.json").read_text(encoding="utf-8"))
        summary = json.loads((out / "summary.json").read_text(encoding="utf-8"))
        frames = len(list((out / "frames").glob("*.vtu")))
    steps, spent = manifest["steps"], manifest["wall_seconds"]
    accepted = steps["accepted"]
    return {"wall_s": wall, "cpu_s": cpu, "seconds_per_step": spent["solve"] / accepted,
            "newton_per_step": steps["newton_iterations"] / accepted, "accepted": accepted,
            "rejected": steps["rejected"], **{f"{name}_s": value for name, value in spent.items()},
            "output_share": spent["output"] / wall, "frames": frames, "peak_memory_MiB": manifest["peak_memory_MiB"],
            "solver": manifest["solver"], "converted_fraction": summary["converted_fraction"],
            "stop_reason": summary["stop_reason"]}


def start(config: str) -> dict[str, Any]:
    """Import to first step, in a new process; the second of two, so that caches are warm."""
    script = ("import time; t = time.perf_counter()\n"
              "import sys, femanode\nfrom femanode.solver.problem import build_problem\n"
              "from femanode.solver.stepping import Tally, march\n"
              "imported = time.perf_counter() - t\n"
              "p = build_problem(femanode.load_config(sys.argv[1])); built = time.perf_counter() - t\n"
              "next(march(p.physics, p.initial_state(), p.limits, [], Tally()))\n"
              "import json; print(json.dumps({'import_s': imported, 'built_s': built,"
              " 'first_step_s': time.perf_counter() - t, 'cpu_s': time.process_time()}))")
    for _ in range(2):
        done = subprocess.run([sys.executable, "-c", script, config], capture_output=True, text=True, check=True)
    return dict(json.loads(done.stdout))


def snapshot(n: int, solver: Any) -> dict[str, Any]:
    """One Newton iteration at n rings: the best of three, part by part, s; peak memory of the process, MiB."""
    from swelling_front import quarter_disc

    from femanode.mesh.outline import Annulus
    from femanode.mesh.recovery import Recovery
    from femanode.mesh.section import build_section
    from femanode.mesh.spaces import build_spaces
    from femanode.output.writers import peak_memory
    from femanode.solver.axial import STRAIGHT
    from femanode.solver.mechanics import Mechanics
    from femanode.verify.bench import moduli

    clock: dict[str, float] = {}

    def timed(name: str, action: Any) -> Any:
        begin = time.perf_counter()
        result = action()
        clock[name] = min(clock.get(name, np.inf), time.perf_counter() - begin)
        return result

    mesh = timed("mesh_s", lambda: build_section(*quarter_disc(n), "quarter", Annulus(1.0), 1.0 / n, "disc").mesh)
    s = timed("spaces_s", lambda: build_spaces(mesh))
    mechanics = timed("pattern_and_order_s", lambda: Mechanics(s, "quarter", backend=solver))
    recovery = timed("recovery_s", lambda: Recovery(s))
    shape = s.weight.shape
    law = moduli(E, NU, STRENGTH, HARDENING, shape=shape)
    Cp_inv, eqps, u = np.zeros((4, *shape)), np.zeros(shape), 0.05 * s.nodes
    Cp_inv[[0, 1, 3]] = 1.0
    Jc = swelling(np.hypot(*s.qp_xy), 1.0)
    elements, linear = mechanics.elements, mechanics.solver
    rhs, stretch = np.ones(len(mechanics._free)), mechanics.stretch(u, STRAIGHT)

    def forces() -> Any:
        F = elements.deformation(u)
        response, parts = elements.respond(F, stretch, Cp_inv, eqps, Jc, law, 1.0)
        mechanics._assemble(parts, stretch, response)
        return F, response

    flow = None

    def tangent(F: Any, response: Any) -> Any:
        nonlocal flow
        moduli, flow = elements.turn(response, eqps, Jc, law, flow)
        response = dataclasses.replace(response, tangent=moduli)
        return mechanics._pattern.matrix(elements.stiffness(F, stretch, response, calm=True)[0])

    for turn in range(4):
        F, response = timed("residual_s", forces)
        K = timed("tangent_s", lambda F=F, r=response: tangent(F, r))
        timed("factorise_s" if turn else "analyse_and_factorise_s", lambda K=K: linear.factorise(K))
        timed("solve_s", lambda: linear.solve(rhs))
        timed("recover_one_field_s", lambda r=response: recovery(r.mean_mandel))
    parts = ("residual_s", "tangent_s", "factorise_s", "solve_s")
    return {"unknowns": len(mechanics._free), "elements": shape[0], "iteration_s": sum(clock[p] for p in parts),
            **clock, "peak_memory_MiB": peak_memory(), "solver": linear.name}


def growth(most: int, solver: str) -> dict[str, Any]:
    """Snapshots of all sizes, each in a process of its own, and the exponents between neighbours."""
    rows = []
    for n in RINGS:
        if 8 * n * n > 1.05 * most:
            break
        command = [sys.executable, __file__, "--snapshot", str(n), "--solver", solver]
        done = subprocess.run(command, capture_output=True, text=True, check=False)
        if done.returncode:
            raise SystemExit(done.stderr.strip().splitlines()[-1])
        rows.append(json.loads(done.stdout))
        sys.stderr.write(f"{rows[-1]['unknowns']} unknowns: {rows[-1]['iteration_s']:.3g} s, "
                         f"{rows[-1]['peak_memory_MiB']:.0f} MiB\n")
    size = np.log([row["unknowns"] for row in rows])
    exponents = {name: list(np.round(np.diff(np.log([row[name] for row in rows])) / np.diff(size), 2))
                 for name in ("iteration_s", "residual_s", "tangent_s", "factorise_s", "solve_s", "peak_memory_MiB")}
    return {"sizes": rows, "exponents": {name: [float(x) for x in values] for name, values in exponents.items()}}


def main() -> None:
    """Parse, measure, print."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").split("\n\n")[0])
    parser.add_argument("config", nargs="?", default=str(CONFIG))
    parser.add_argument("--set", action="append", default=[], metavar="KEY=VALUE")
    parser.add_argument("--start", action="store_true", help="only from import to the first step")
    parser.add_argument("--growth", action="store_true", help="time and memory against number of unknowns")
    parser.add_argument("--most", type=int, default=1_000_000, help="largest number of unknowns")
    parser.add_argument("--solver", choices=("auto", "pardiso", "rslab", "scipy"), default="auto", help="of --growth")
    parser.add_argument("--snapshot", type=int, help=argparse.SUPPRESS)
    parser.add_argument("--json", action="store_true", help="one JSON object")
    options = parser.parse_args()
    if options.snapshot:
        snapshot(5, options.solver)  # imports, and loads what was compiled
        answer = snapshot(options.snapshot, options.solver)
    elif options.growth:
        answer = growth(options.most, options.solver)
    else:
        answer = start(options.config) if options.start else wire(options.config, options.set)
    indent = None if options.json or options.snapshot else 2
    sys.stdout.write(json.dumps(answer, indent=indent) + "\n")


if __name__ == "__main__":
    main()
