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
    count = {verdict: sum(check["verdict"] == verdict for check in checks) for verdict in ("ok", "short", "failed")}
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
    counts = (f"{len(found)} cases, {len(checks)} numbers: {count['ok']} within their tolerance, {count['short']} "
              f"known to fall short of it, {count['failed']} failed; {seconds:.0f} s in all ({used}).")
    text = Path(__file__).with_name("verification.md").read_text(encoding="utf-8")
    return Template(text).substitute(counts=counts, short=_short(found), largest=_largest(found),
                                     cases="\n".join(lines).rstrip())


_MARK = {"ok": "", "short": " **short**", "failed": " **FAILED**"}


def _case_lines(result: Result) -> list[str]:
    lines = ["| quantity | expected | got | error | tolerance | why this tolerance |", "|---|---|---|---|---|---|"]
    for c in result["checks"]:
        error, allowed = ("", "") if _is_bound(c) and c["verdict"] == "ok" else (_error(c), _tolerance(c))
        lines.append(f"| {c['what'].replace('|', BAR)} | {_expected(c)} | {_number(c['got'], _digits(c))} | "
                     f"{error}{_MARK[c['verdict']]} | {allowed} | {c['why'].replace('|', BAR)} |")
    lines.append("")
    lines += [f"![{name}](verification/{name}.png)\n" for name in result.get("figures", [])]
    size = "" if result["full"] else ", at reduced size"
    return [*lines, f"{result['seconds']:g} s{size}.\n"]


def _short(found: dict[str, Result]) -> str:
    """What misses its tolerance, and why."""
    rows = [(name, c) for name, case in found.items() for c in case["checks"] if c["verdict"] == "short"]
    if not rows:
        return "No number is."
    lines = ["| case | quantity | error | tolerance | why it misses |", "|---|---|---|---|---|"]
    return "\n".join([*lines, *(f"| {name} | {c['what'].replace('|', BAR)} | {_error(c)} | {_tolerance(c)} | "
                                f"{c['known']} |" for name, c in rows)])


def _largest(found: dict[str, Result]) -> str:
    """The largest relative errors against numbers that are not zero."""
    rows = [(abs(c["error"]) / (abs(c["expected"]) if c["absolute"] else 1.0), case["name"], c)
            for case in found.values() for c in case["checks"]
            if c["kind"] == "value" and not _is_bound(c) and c["error"] is not None and c["expected"]]
    rows.sort(key=lambda row: -row[0])
    lines = ["| case | quantity | expected | got | error | why |", "|---|---|---|---|---|---|"]
    lines += [f"| {name} | {c['what']} | {_number(c['expected'], 4)} | {_number(c['got'], 4)} | {100 * error:.1f} % | "
              f"{c['known'] or c['why']} |" for error, name, c in rows[:6]]
    return "\n".join(lines)


def _is_bound(c: dict[str, Any]) -> bool:
    return bool(c["sense"] != "near")


def _expected(c: dict[str, Any]) -> str:
    return f"{c['sense']} {_number(c['expected'])}" if _is_bound(c) else _number(c["expected"])


def _digits(c: dict[str, Any]) -> int:
    # Orders, and numbers that should be 0 or keep within a bound, are written with three digits.
    return 3 if c["kind"] == "order" or c["expected"] == 0.0 or _is_bound(c) else 6


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
        word = {"ok": "ok   ", "short": "SHORT", "failed": "FAIL "}[c["verdict"]]
        said = "order " if c["kind"] == "order" else ""
        missed = "" if _is_bound(c) and c["verdict"] == "ok" else f"  error {_error(c)} (allowed {_tolerance(c)})"
        lines.append(f"  {word} {c['what']}: expected {said}{_expected(c)}  "
                     f"{'observed' if said else 'got'} {_number(c['got'], _digits(c))}{missed}")
        if c["verdict"] == "short":
            lines.append(f"        known: {c['known']}")
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
