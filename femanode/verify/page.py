"""Saves what the cases found: JSON, tables, figures, and the page that is made from them."""

from __future__ import annotations

import csv
import json
from pathlib import Path
from string import Template
from typing import Any

from femanode.verify.case import GROUPS, Table
from femanode.verify.catalogue import CASES, Result, environment

#: A vertical bar that does not end a table's cell.
BAR = "\\|"


def save(folder: Path, results: list[Result], tables: dict[str, dict[str, Table]]) -> Path:
    """Write ``verification.json``, ``verification.md`` and ``verification/`` (tables, figures) into ``folder``.

    Cases that were not run keep what an earlier ``verification.json`` there says of them.
    """
    folder.mkdir(parents=True, exist_ok=True)
    data = folder / "verification.json"
    earlier = json.loads(data.read_text(encoding="utf-8"))["cases"] if data.exists() else []
    known: dict[str, Result] = {case["name"]: case for case in earlier} | {case["name"]: case for case in results}
    parts = folder / "verification"
    parts.mkdir(exist_ok=True)
    for name, found in tables.items():
        for title, table in found.items():
            _write_table(parts / f"{title}.csv", table)
            _draw(parts / f"{title}.png", table)
        if name in known:
            known[name]["figures"] = list(found)
    whole = {"environment": environment(), "cases": [known[case.name] for case in CASES if case.name in known]}
    data.write_text(json.dumps(whole, indent=1, ensure_ascii=False) + "\n", encoding="utf-8")
    path = folder / "verification.md"
    path.write_text(page(whole), encoding="utf-8")
    return path


def page(data: dict[str, Any]) -> str:
    """The page (Markdown) of a saved result."""
    found: dict[str, Result] = {case["name"]: case for case in data["cases"]}
    seconds = sum(case["seconds"] for case in found.values())
    checks = [check for case in found.values() for check in case["checks"]]
    failed = [check for check in checks if not check["passed"]]
    used = ", ".join(f"{k} {v}" for k, v in data["environment"].items())
    lines = []
    for group, title in GROUPS.items():
        if any(case.group == group for case in CASES):
            lines.append(f"### {title}\n")
        for case in (c for c in CASES if c.group == group):
            result = found.get(case.name)
            lines.append(f"#### {case.name}\n\n*{case.claim[0].upper()}{case.claim[1:]}.* Source: {case.source}. "
                         f"A likely mistake: {case.bug}.\n")
            lines += _case_lines(result) if result is not None else ["Not run.\n"]
    counts = (f"{len(found)} cases, {len(checks)} numbers, {len(failed)} outside their tolerance; {seconds:.0f} s in "
              f"all ({used}).")
    text = (Path(__file__).parents[1] / "templates" / "verification.md").read_text(encoding="utf-8")
    return Template(text).substitute(counts=counts, largest=_largest(found), cases="\n".join(lines).rstrip())


def _case_lines(result: Result) -> list[str]:
    lines = ["| quantity | expected | got | error | tolerance | order | why this tolerance |",
             "|---|---|---|---|---|---|---|"]
    for c in result["checks"]:
        is_order = c["kind"] == "order"
        mark = "" if c["passed"] else " **FAILED**"
        lines.append(f"| {c['what'].replace('|', BAR)} | {_number(c['expected'])} | "
                     f"{'' if is_order else _number(c['got'])} | "
                     f"{_error(c)}{mark} | {_tolerance(c)} | {_number(c['got'], 3) if is_order else ''} | {c['why']} |")
    lines.append("")
    lines += [f"![{name}](verification/{name}.png)\n" for name in result.get("figures", [])]
    size = "" if result["full"] else ", at reduced size"
    return [*lines, f"{result['seconds']:g} s{size}.\n"]


def _largest(found: dict[str, Result]) -> str:
    """The largest relative errors against numbers that are not zero."""
    rows = [(abs(c["error"]) / (abs(c["expected"]) if c["absolute"] else 1.0), case["name"], c)
            for case in found.values() for c in case["checks"]
            if c["kind"] == "value" and c["error"] is not None and c["expected"]
            and "the case shows nothing" not in c["why"]]
    rows.sort(key=lambda row: -row[0])
    lines = ["| case | quantity | error | why |", "|---|---|---|---|"]
    lines += [f"| {name} | {c['what']} | {100 * error:.1f} % | {c['why']} |" for error, name, c in rows[:5]]
    return "\n".join(lines)


def _number(x: float | None, digits: int = 6) -> str:
    return "none" if x is None else f"{x:.{digits}g}"


def _error(c: dict[str, Any]) -> str:
    if c["error"] is None:
        return "none"
    return f"{c['error']:+.2g}" if c["absolute"] else f"{100 * c['error']:+.2g} %"


def _tolerance(c: dict[str, Any]) -> str:
    return f"{c['tolerance']:.2g}" if c["absolute"] else f"{100 * c['tolerance']:.2g} %"


def as_text(result: Result, claim: str, source: str) -> str:
    """A case as the command prints it: claim, source, then a line per number."""
    lines = [f"{result['name']}: {claim}", f"  source: {source}"]
    for c in result["checks"]:
        verdict = "ok  " if c["passed"] else "FAIL"
        if c["kind"] == "order":
            said = f"expected order {_number(c['expected'])}  observed {_number(c['got'], 3)}"
        else:
            said = f"expected {_number(c['expected'])}  got {_number(c['got'])}"
        lines.append(f"  {verdict} {c['what']}: {said}  error {_error(c)} (allowed {_tolerance(c)})")
    return "\n".join([*lines, f"  {'passed' if result['passed'] else 'FAILED'} in {result['seconds']:g} s"])


def _write_table(path: Path, table: Table) -> None:
    columns = table.as_dict()
    with open(path, "w", encoding="utf-8", newline="") as stream:
        writer = csv.writer(stream, lineterminator="\n")
        writer.writerow(columns)
        writer.writerows([f"{v:.8g}" for v in row] for row in zip(*columns.values(), strict=True))


def _draw(path: Path, table: Table) -> None:
    """Lines for what is expected, points for what was got."""
    from matplotlib.backends.backend_agg import FigureCanvasAgg
    from matplotlib.figure import Figure

    figure = Figure(figsize=(5.2, 3.4), layout="constrained")
    FigureCanvasAgg(figure)
    axes, columns = figure.add_subplot(), table.as_dict()
    for i, name in enumerate(table.lines):
        axes.plot(columns[table.x], columns[name], color=f"C{i}", label=name, linewidth=1.2)
    for i, name in enumerate(table.marks):
        axes.plot(columns[table.x], columns[name], color=f"C{i}", label=name, marker="o", markersize=4, linestyle="")
    if not table.marks:
        for line in axes.lines:
            line.set_marker("o")
    if table.log:
        axes.set_xscale("log")
        axes.set_yscale("log")
    axes.set_xlabel(table.x)
    axes.legend(fontsize=7, frameon=False)
    figure.savefig(path, dpi=90)
