"""All verification cases, in the order of the page, and what runs them."""

from __future__ import annotations

import platform
import time
from collections.abc import Callable, Iterable
from typing import Any

from femanode.errors import ConfigError
from femanode.verify import (
    arrest,
    cores,
    cycles,
    diffusion,
    figures_of_merit,
    fronts,
    manufactured,
    oxide,
    particles,
    point_laws,
    protocols,
    shells,
    spheres,
    structures,
    surfaces,
    wires,
)
from femanode.verify.case import GROUPS, Case, Check, Findings, Table

_ALL = (*point_laws.CASES, *structures.CASES, *diffusion.CASES, *fronts.CASES, *cores.CASES, *surfaces.CASES,
        *protocols.CASES, *cycles.CASES, *shells.CASES, *manufactured.CASES, *arrest.CASES, *spheres.CASES,
        *particles.CASES, *wires.CASES, *oxide.CASES, *figures_of_merit.CASES)

#: Every case, by group.
CASES: tuple[Case, ...] = tuple(case for group in GROUPS for case in _ALL if case.group == group)

Result = dict[str, Any]


def select(name: str | None) -> tuple[Case, ...]:
    """All cases, those of a group, or the one of that name.

    Raises
    ------
    ConfigError
        There is no such case.
    """
    if name is None:
        return CASES
    found = tuple(case for case in CASES if name in (case.name, case.group))
    if not found:
        raise ConfigError(f"found {name!r}", where="verify NAME",
                          allowed=", ".join([*GROUPS, *(case.name for case in CASES)]))
    return found


def run_case(case: Case, full: bool) -> tuple[Result, dict[str, Table]]:
    """Run one case; a case that breaks off has failed, and says why."""
    started = time.perf_counter()
    try:
        findings = case.run(full)
    except Exception as error:  # any break-off is this case's result, not the end of the others
        broken = Check(f"broke off: {type(error).__name__}: {error}", 0.0, float("nan"), 0.0, "it must run to its end",
                       absolute=True)
        findings = Findings((broken,))
    checks = [check.as_dict() for check in findings.checks]
    return ({"name": case.name, "full": full, "passed": all(c["verdict"] != "failed" for c in checks),
             "seconds": round(time.perf_counter() - started, 1), "checks": checks}, findings.tables)


def short(result: Result) -> list[dict[str, Any]]:
    """The numbers of a case that are outside their tolerance, as known."""
    return [c for c in result["checks"] if c["verdict"] == "short"]


def run_cases(cases: Iterable[Case], full: bool, report: Callable[[Case, Result], None] | None = None,
              ) -> tuple[list[Result], dict[str, dict[str, Table]]]:
    """Results of the cases, and their tables by case name; ``report`` is called after each."""
    results, tables = [], {}
    for case in cases:
        result, tables[case.name] = run_case(case, full)
        results.append(result)
        if report is not None:
            report(case, result)
    return results, tables


def environment() -> dict[str, str]:
    """What the results were obtained with."""
    import numpy
    import scipy

    from femanode import __version__

    return {"femanode": __version__, "python": platform.python_version(), "numpy": numpy.__version__,
            "scipy": scipy.__version__, "machine": platform.machine()}
