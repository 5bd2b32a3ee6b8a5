"""The table of all systems: computed, as text, as CSV, as JSON."""

from __future__ import annotations

import csv
import io
import json
import resource
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import femanode
from femanode.output.disk import write_text
from femanode.output.lock import hold
from femanode.study.execution.engine import Perform, cores
from femanode.study.systems.files import find_systems
from femanode.study.systems.inputs import study_of
from femanode.study.systems.rows import FIGURES, system_row
from femanode.study.systems.runs import ledgers_of, run_all, runs_of
from femanode.study.systems.sizes import BASE, size_rows, study_of_sizes

Table = dict[str, Any]

#: Columns of the text: heading, key, width.
_COLUMNS = (("regime", "regime", 12), ("n", "rate_exponent", 15), ("anisotropy", "anisotropy_ratio", 14),
            ("at v/k=.3", "converted_at_drive_0_3", 14), ("at rest", "converted_fraction", 14),
            ("axial", "axial_stretch", 14), ("hoop GPa", "hoop_surface_max_GPa", 15), ("risk", "crack_risk", 14))
_OBSERVED = {"at_least": ">= ", "at_most": "<= "}


def systems(names: Sequence[str] = (), out: str | Path | None = None, *, quick: bool = False,
            workers: int | None = None, folder: str | Path | None = None,
            tell: Callable[[str], None] | None = None, performer: Perform | None = None) -> Table:
    """Run the systems of the review and set every prediction beside what was observed.

    Parameters
    ----------
    names : sequence of str
        Systems, by the names of their files; all by default.
    out : path, optional
        Folder in which the cases are kept, ``results/systems`` by default. A case that has ended there is kept.
    quick : bool
        Seconds a system: a front of an eighth of the radius, and no ranges of the inputs.
    workers : int, optional
        Cases at a time; default: one per core.
    folder : path, optional
        Where the configurations are; default: ``configs/systems``.
    tell : callable, optional
        Takes a line for each case that has ended.
    performer : callable, optional
        Replaces the process of a case, as for :func:`femanode.study.sweep.sweep`.

    Returns
    -------
    dict
        ``version``, ``quick``, ``cpu_s`` (of what was computed now), ``rows``: see
        :func:`femanode.study.systems.rows.system_row`; ``sizes``: see :mod:`femanode.study.systems.sizes`.

    Raises
    ------
    ConfigError
        A name or a configuration is wrong; nothing has been computed.
    """
    chosen = find_systems(names, folder)
    place = Path(out) if out is not None else Path("results") / "systems"
    place.mkdir(parents=True, exist_ok=True)
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    slots = workers or cores()
    moved = [one for one in chosen if one.name == BASE and not quick]
    studies = [*(study_of(one, quick=quick) for one in chosen), *map(study_of_sizes, moved)]
    with hold(place):
        ledgers = ledgers_of(studies, place, slots)
        run_all(ledgers, [*(one.name for one in chosen), *["sizes"] * len(moved)], slots, tell, performer)
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    return {"version": femanode.__version__, "quick": quick, "cpu_s": round(after.ru_utime - before.ru_utime, 1),
            "rows": [system_row(runs_of(one, ledger)) for one, ledger in zip(chosen, ledgers, strict=False)],
            "sizes": [row for ledger in ledgers[len(chosen):] for row in size_rows(ledger)]}


def as_text(table: Table) -> str:
    """The table as the command prints it: a line of figures for each system, and one for each observation."""
    wide = max((len(row["system"]) for row in table["rows"]), default=6)
    heads = [f"{'system':<{wide}}", *(f"{head:<{size}}" for head, _, size in _COLUMNS), f"{'inputs':<12}verdict"]
    lines = ["  ".join(heads)]
    for row in table["rows"]:
        marks = " ".join(f"{mark}{row['inputs'].get(mark, 0)}" for mark in "ABC")
        cells = [f"{_cell(row, key):<{size}}" for _, key, size in _COLUMNS]
        lines.append("  ".join([f"{row['system']:<{wide}}", *cells, f"{marks:<12}{row['verdict']}"]))
        for one in row["observations"]:
            why = f" ({one['why']})" if one["why"] else ""
            lines.append(f"    {one['quantity']}: {number(one['predicted'])}{band(one['band'])}, observed "
                         f"{observed(one['observed'])} [{one['confidence']}]: {one['verdict']}{why}")
        if not row["observations"]:
            lines.append(f"    {row.get('verdict_why', 'no run')}")
        lines += [f"    failed: {said}" for said in row["failed"]]
    return "\n".join(lines)


def as_csv(table: Table) -> str:
    """One line per system: settings, figures with the ends of their bands, capacities, marks, verdict."""
    heads = ["system", "material", "diameter_nm", "axial", "radius_over_half_thickness", "stop_reason", "time_s",
             "self_limited", "available_eV"]
    tail = ["capacity_first_mAh_g", "capacity_reversible_mAh_g", "cases", "wall_s", "verdict"]
    stream = io.StringIO()
    writer = csv.writer(stream, lineterminator="\n")
    writer.writerow([*heads, *(name for figure in FIGURES for name in (figure, f"{figure}_low", f"{figure}_high")),
                     "inputs_A", "inputs_B", "inputs_C", *tail])
    for row in table["rows"]:
        figures = [cell for figure in FIGURES for cell in (row[figure], *_ends(row[f"{figure}_band"]))]
        marks = [row["inputs"].get(mark, 0) for mark in "ABC"]
        writer.writerow([*(row[key] for key in heads), *figures, *marks, *(row[key] for key in tail)])
    return stream.getvalue()


def save_table(table: Table, folder: Path) -> Path:
    """Write ``systems.json`` and ``systems.csv``; the path of the first."""
    folder.mkdir(parents=True, exist_ok=True)
    write_text(folder / "systems.csv", as_csv(table))
    path = folder / "systems.json"
    write_text(path, json.dumps(table, indent=1, ensure_ascii=False) + "\n")
    return path


def number(value: Any) -> str:
    """A figure with three digits, a word as it is, a dash for nothing."""
    if value is None:
        return "–"
    return value if isinstance(value, str) else f"{value:.3g}"


def band(values: Sequence[Any]) -> str:
    """A band in brackets: `` [0.2, 0.6]``; nothing where it has no width."""
    shown = list(dict.fromkeys(number(one) for one in values))
    return f" [{', '.join(shown)}]" if len(shown) > 1 else ""


def observed(value: Any) -> str:
    """What was observed, bounds as >= and <=."""
    if isinstance(value, dict):
        return ", ".join(f"{_OBSERVED[key]}{number(end)}" for key, end in value.items())
    return " to ".join(number(one) for one in value) if isinstance(value, list) else number(value)


def _cell(row: dict[str, Any], key: str) -> str:
    value, ends = row[key], row[f"{key}_band"]
    if isinstance(value, str):
        return "/".join(dict.fromkeys([value, *ends]))
    text = f"{value:.2f}" if value is not None else "–"
    shown = [f"{one:.2f}" for one in ends]
    return f"{text} {shown[0]}-{shown[1]}" if len(set(shown)) > 1 else text


def _ends(values: Sequence[Any]) -> tuple[Any, Any]:
    if not values:
        return "", ""
    return ("/".join(map(str, values)), "") if isinstance(values[0], str) else (values[0], values[-1])
