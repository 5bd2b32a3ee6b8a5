"""What a case does unless told otherwise: the run itself, begun or continued."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

from femanode.config.loading import Config, dump_config
from femanode.output.checkpoint import NAMES
from femanode.output.disk import write_text
from femanode.simulation.run import Progress, run
from femanode.solver.problem import build_problem
from femanode.solver.stepping import Tally, march

#: Smallest case that goes through the whole solver. It is solved with scipy: rslab starts threads when first used, and
#: a process forked from one that has them waits for them for ever.
TINY: dict[str, Any] = {
    "name": "tiny", "geometry": {"shape": "circle", "diameter": "40 nm"}, "material": "Li-Si",
    "overrides": {"front.rates": {"isotropic": "0.05 nm/s"}}, "front": {"half_thickness": "10 nm"},
    "time": {"end": "1 s"}, "mesh": {"element_size": "10 nm"},
    "solver": {"linear": "scipy"}}


def warm() -> None:
    """Load what a run loads on its way (compiled loops, libraries), by one step of the smallest case."""
    problem = build_problem(Config.from_mapping(TINY))
    next(march(problem.physics, problem.initial_state(), problem.limits, [], Tally()))


def run_case(config: Config, folder: Path, report: Callable[[Progress], None]) -> Mapping[str, Any]:
    """Run `config` in `folder`, from its checkpoint where there is one; the summary."""
    if any((folder / name).exists() for name in NAMES):
        return run(config, folder, resume=True, report=report).summary
    # The folder already holds log and status, and would be refused as not a run's; these files mark it as one.
    write_text(folder / "config.yaml", dump_config(config))
    return run(config, folder, overwrite=True, report=report).summary
