"""What sweeps cost beyond their runs: speed-up of two workers, overhead per case, bookkeeping of many cases.

    python benchmarks/sweep.py [speedup|overhead|bookkeeping] [--cases N] [--workers N] [--json]

Run on a machine that has nothing else to do: every figure is a wall-clock time. ``speedup`` runs the same real cases
with one and with two workers, one thread each. ``overhead`` runs short real cases once in this process, one after the
other, and once as a sweep with one worker; the difference per case is what a process of its own, limits, status files
and table cost, the difference for a sweep of one case what starting costs. ``bookkeeping`` simulates the cases:
planning, scheduling, status files and table of N cases without any process, with the memory of this one.
"""

from __future__ import annotations

import argparse
import json
import os
import sys
import tempfile
import time
from collections.abc import Mapping
from pathlib import Path
from typing import Any

os.environ.setdefault("OMP_NUM_THREADS", "1")
os.environ.setdefault("MKL_NUM_THREADS", "1")
sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

import femanode
from femanode.output.writers import peak_memory
from femanode.study.execution.limits import Tell
from femanode.study.execution.store import Outcome, Status, write_outcome
from femanode.study.sweep import sweep


def base(size: str, end: str) -> dict[str, Any]:
    """A silicon wire with one rate for all directions on elements of `size`."""
    return {"name": "bench", "geometry": {"shape": "circle", "diameter": "129 nm"},
            "crystal": {"axis": [0, 0, 1], "in_plane": [1, 0, 0]}, "material": "Li-Si",
            "overrides": {"front.rates": {"isotropic": "0.05 nm/s"}, "transport.diffusivity": "1e-6 cm^2/s"},
            "front": {"half_thickness": size}, "time": {"end": end}, "mesh": {"element_size": size},
            "output": {"frames": 1, "pictures": False}}


def study(size: str, end: str, cases: int) -> dict[str, Any]:
    """Diameters that differ too little to change a case's cost."""
    return {"base": base(size, end), "threads": 1,
            "axes": {"geometry.diameter": [f"{129 + 0.001 * k:.3f} nm" for k in range(cases)]}}


def timed(**arguments: Any) -> float:
    """Wall seconds of a sweep into a fresh folder."""
    with tempfile.TemporaryDirectory() as folder:
        begun = time.perf_counter()
        result = sweep(out=Path(folder) / "s", **arguments)
        seconds = time.perf_counter() - begun
        if result.exit_code:
            raise RuntimeError(result.counts)
    return seconds


def speedup(cases: int, workers: int) -> dict[str, Any]:
    """Wall seconds of the same cases with one worker and with more."""
    made = study("2 nm", "1 h", cases)
    one, more = timed(source=made, workers=1), timed(source=made, workers=workers)
    return {"cases": cases, "workers": workers, "one_worker_s": one, "workers_s": more, "speedup": one / more}


def overhead(cases: int) -> dict[str, Any]:
    """Seconds per case beyond the run in this process, and those of starting."""
    made = study("8 nm", "2 min", cases)
    diameters = made["axes"]["geometry.diameter"]

    def plain(folder: Path) -> float:
        begun = time.perf_counter()
        for k, diameter in enumerate(diameters):
            config = femanode.Config.from_mapping(made["base"], [f"geometry.diameter={diameter}"])
            femanode.run(config, folder / str(k))
        return time.perf_counter() - begun

    with tempfile.TemporaryDirectory() as folder:
        plain(Path(folder) / "warm")
        alone = plain(Path(folder) / "runs")
    swept, single = timed(source=made, workers=1), timed(source=study("8 nm", "2 min", 1), workers=1)
    marginal = (swept - single) / (cases - 1) - alone / cases
    return {"cases": cases, "run_s_per_case": alone / cases, "sweep_s_per_case": swept / cases,
            "overhead_s_per_case_with_start": (swept - alone) / cases, "overhead_s_per_case": marginal,
            "start_s": single - alone / cases - marginal}


def simulated(job: Mapping[str, Any], tell: Tell) -> dict[str, Any]:
    """Leaves what a case leaves, without running."""
    folder = Path(job["folder"])
    folder.mkdir(parents=True, exist_ok=True)
    merits = {"stop_reason": "end time reached", "self_limited": False, "regime": "ICR",
              **{f"figure_{k}_nm": 1.0 / (k + 1) for k in range(40)}}
    (folder / "summary.json").write_text(json.dumps(merits))
    outcome = Outcome(str(job["hash"]), Status.DONE, "end time reached", 1.0)
    write_outcome(folder, outcome)
    return {"outcome": outcome.mapping()}


def bookkeeping(cases: int) -> dict[str, Any]:
    """Seconds and memory of everything but the runs, the second time with all cases known."""
    made = {**study("8 nm", "2 min", 1), "axes": {
        "geometry.diameter": {"from": "50 nm", "to": "200 nm"},
        "overrides.mechanics.yield_stress": {"from": "0.5 GPa", "to": "2 GPa"}},
        "sample": {"method": "latin_hypercube", "n": cases}}
    before = peak_memory()
    with tempfile.TemporaryDirectory() as folder:
        begun = time.perf_counter()
        sweep(made, Path(folder) / "s", workers=2, performer=simulated)
        middle = time.perf_counter()
        sweep(made, Path(folder) / "s", workers=2, performer=simulated, resume=True)
        ended = time.perf_counter()
        table = (Path(folder) / "s" / "results.parquet").stat().st_size / 1e6
    return {"cases": cases, "first_s": middle - begun, "ms_per_case": 1e3 * (middle - begun) / cases,
            "resume_all_known_s": ended - middle, "memory_before_MiB": before, "memory_peak_MiB": peak_memory(),
            "parquet_MB": table}


def main() -> None:
    """Run the parts asked for and print their figures."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("part", nargs="?", choices=("speedup", "overhead", "bookkeeping", "all"), default="all")
    parser.add_argument("--cases", type=int, help="cases; by default 12, 12 and 10000")
    parser.add_argument("--workers", type=int, default=2)
    parser.add_argument("--json", action="store_true")
    chosen = parser.parse_args()
    parts = {"overhead": lambda: overhead(chosen.cases or 12),
             "speedup": lambda: speedup(chosen.cases or 12, chosen.workers),
             "bookkeeping": lambda: bookkeeping(chosen.cases or 10_000)}
    # Each part's memory and imports are its own only when it is run alone.
    results = {name: part() for name, part in parts.items() if chosen.part in (name, "all")}
    results["load_before"] = dict(zip(("1min", "5min", "15min"), os.getloadavg(), strict=True))
    if chosen.json:
        sys.stdout.write(json.dumps(results, indent=1) + "\n")
        return
    for name, figures in results.items():
        sys.stdout.write(f"{name}\n")
        for key, value in figures.items():
            sys.stdout.write(f"  {key:32s} {value:.4g}\n" if isinstance(value, float) else f"  {key:32s} {value}\n")


if __name__ == "__main__":
    main()
