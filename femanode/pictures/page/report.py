"""The page of a run, or of several compared: one HTML file that opens from disk and needs no network.

Charts, pictures, tables and the interactive view are inside the file; so are the small tables as downloads. Frames
stay in the run's folder and are linked.
"""

from __future__ import annotations

import logging
import os
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from jinja2 import Environment, PackageLoader, StrictUndefined

from femanode.config.citations import readable
from femanode.errors import ConfigError, DiskError
from femanode.output.disk import make_folder, write_text
from femanode.output.runfolder import RunFolder
from femanode.pictures.page import rows
from femanode.pictures.page.chartcase import Case, Measured, measured
from femanode.pictures.page.charts import CHARTS, Chart
from femanode.pictures.page.cyclerows import cycles
from femanode.pictures.page.observed import beside
from femanode.pictures.page.pictures import Pictures, data_uri, draw_pictures
from femanode.pictures.panels import names_of
from femanode.pictures.style import as_svg
from femanode.postprocess.runfacts import RunFacts

__all__ = ["try_report", "write_report"]

#: Small files that go into the page, and those that are linked where they lie.
INSIDE = {"history.csv": "text/csv", "summary.json": "application/json", "manifest.json": "application/json",
          "config.yaml": "text/yaml", "citations.bib": "text/x-bibtex"}
LINKED = ("interactive.html", "frames.pvd", "open_in_paraview.py", "frames.vtkhdf", "frames", "pictures")

logger = logging.getLogger(__name__)


@dataclass(frozen=True)
class Drawn:
    """A chart on the page."""

    heading: str
    text: str
    uri: str
    kind: str


@dataclass(frozen=True)
class Download:
    """A file offered: its name, address, and whether it is inside the page."""

    name: str
    address: str
    inside: bool


def write_report(runs: RunFolder | str | Path | Sequence[RunFolder | str | Path],
                 out: str | Path | None = None, *, beside: Sequence[tuple[Measured, ...]] = ()) -> Path:
    """Write the page of one run, or one page that compares several.

    Parameters
    ----------
    runs : RunFolder, path, or several
        The runs.
    out : path, optional
        The ``.html`` to write; default ``report.html`` in the run's folder, or in the current one for several.
    beside : sequence of tuples of Measured, optional
        Measured curves for each run; see :func:`femanode.study.beside.curves_for_page`.

    Returns
    -------
    Path
        The page.

    Raises
    ------
    ConfigError
        When a folder is none of a run, or lacks its history or frames.
    DiskError
        The disk does not take the page.
    """
    several = runs if isinstance(runs, Sequence) and not isinstance(runs, str) else [runs]
    folders = [run if isinstance(run, RunFolder) else RunFolder(run) for run in several]
    if not folders:
        raise ConfigError("no run given", allowed="at least one run's folder")
    path = Path(out) if out is not None else (folders[0].path if len(folders) == 1 else Path()) / "report.html"
    if path.suffix.lower() not in (".html", ".htm"):
        raise ConfigError(f"file type {path.suffix!r}", where=str(path), allowed=".html",
                          hint="a browser prints the page to PDF; femanode plot writes its pictures as PDF")
    for run in folders:
        if not len(next(iter(run.columns.values()), ())):
            raise ConfigError("no rows", where=str(run.path / "history.csv"), hint="no step accepted yet")
    cases = [Case(RunFacts(run), name, curves) for run, name, curves
             in zip(folders, names_of(folders), beside or [()] * len(folders), strict=True)]
    text = _environment().get_template("report.html").render(_content(cases, path))
    make_folder(path.parent)
    return write_text(path, text)


def try_report(run: RunFolder | str | Path) -> Path | None:
    """The page of a finished run; what goes wrong is logged and costs the page only, but for a `DiskError`."""
    try:
        return write_report(run)
    except DiskError:
        raise
    except Exception as error:  # a finished run must not fail for want of a page
        logger.warning("no report: %s", error)
        return None


def _content(cases: Sequence[Case], path: Path) -> dict[str, Any]:
    """Everything the template shows."""
    problems: list[str] = []
    charts = [drawn for chart in CHARTS if not (chart.front and all(case.facts.without_front for case in cases))
              and (drawn := _chart(chart, cases, problems)) is not None]
    pictures = _guarded(lambda: draw_pictures(cases), Pictures(), "pictures", problems)
    single = len(cases) == 1
    return {
        "title": cases[0].name if single else "Comparison of " + ", ".join(case.name for case in cases),
        "single": single, "cases": cases, "charts": charts, "pictures": pictures,
        "problems": [*problems, *pictures.problems],
        "warnings": _grouped(cases, lambda case: case.facts.summary.get("warnings") or []),
        "notes": _grouped(cases, lambda case: case.facts.run.manifest.get("notes") or []),
        "unfinished": [text for case in cases if (text := _unfinished(case))],
        "headline": [_headline(case) for case in cases],
        "merits": _guarded(lambda: rows.merits(cases), [], "figures of merit", problems),
        "cycles": [(case.name, table) for case in cases if (table := cycles(case))],
        "beside": _guarded(lambda: beside(cases), [], "observations", problems),
        "settings": [(case.name, rows.settings(case)) for case in cases],
        "materials": [(case.name, rows.material(case)) for case in cases],
        "health": [(case.name, rows.health(case)) for case in cases],
        "downloads": [(case.name, _downloads(case, path)) for case in cases],
        "footer": _BODIES if all(case.facts.run.axisymmetric for case in cases) else _WIRES,
        "pages": [] if single else [(case.name, page) for case in cases if (page := _own_page(case, path))],
    }


#: Last line of the page: what was computed, and what its stresses are.
_WIRES = "Two-dimensional section of a wire; stresses are Cauchy, hoop stress is about the wire's axis."
_BODIES = ("Axisymmetric section of a particle, r its radius and z its axis; fractions are of the volume. Stresses are "
           "Cauchy; hoop stress lies in the section, along the outline, and ring stress runs about the axis.")


def _grouped(cases: Sequence[Case], texts: Callable[[Case], Sequence[str]]) -> list[tuple[str, str]]:
    """Every text once, with the names of the runs that say it."""
    said: dict[str, list[str]] = {}
    for case in cases:
        for text in texts(case):
            said.setdefault(text, []).append(case.name)
    return [("all runs" if len(names) == len(cases) else ", ".join(names), text) for text, names in said.items()]


def _guarded(make: Callable[[], Any], otherwise: Any, what: str, problems: list[str]) -> Any:
    """The result, or ``otherwise`` with a line on the page: one bad frame must not cost the rest."""
    try:
        return make()
    except Exception as error:
        logger.warning("report without %s: %s", what, error)
        problems.append(f"no {what}: {error}")
        return otherwise


def _chart(chart: Chart, cases: Sequence[Case], problems: list[str]) -> Drawn | None:
    figure = _guarded(lambda: chart.draw(cases), None, f"chart '{chart.heading}'", problems)
    if figure is None:
        return None
    return Drawn(chart.heading, (chart.one if len(cases) == 1 else chart.several) + _apart(chart.key, cases),
                 data_uri(as_svg(figure), "image/svg+xml"), chart.draw.__name__)


def _apart(key: str, cases: Sequence[Case]) -> str:
    """How far runs are from what was measured."""
    found = measured(cases, key)
    if not found:
        return ""
    parts = [(f"{case.name} " if len(cases) > 1 else "")
             + f"{curve.apart:.3g} {curve.unit} apart (root mean square of the {curve.count} of {len(curve.value)} "
             "values within the run)" for case, curve in found]
    return f" Computed and measured ({found[0][1].file}): {'; '.join(parts)}. Nothing was fitted to them."


def _headline(case: Case) -> str:
    """The run in one sentence."""
    s = case.facts.summary
    if "converted_fraction" not in s:
        return f"{case.name}: the run left no summary."
    when = rows.written("time_s", s.get("time_s"))
    parts = [f"{case.name}: {100 * s['converted_fraction']:.0f} % converted in {when}"]
    if case.facts.without_front:
        full = 100 * (s.get("state_of_charge") or 0.0)
        parts = [f"{case.name}: reacted from the start, {full:.0f} % full after {when}"]
    if s.get("stop_reason"):
        parts.append(f"stopped because: {s['stop_reason']}")
    if s.get("cycles"):
        one = s["cycles"][0]
        # a single cycle may be a whole rate test, with more in it than the section holds
        which = "first cycle" if len(s["cycles"]) > 1 else "all steps together"
        parts.append(f"{which} {one['capacity_in_mAh_g']:.0f} mAh/g in, {one['capacity_out_mAh_g']:.0f} out")
    elif s.get("regime") and not case.facts.without_front:
        parts.append(f"regime {s['regime']}")
    if s.get("anisotropy_ratio"):
        parts.append(f"largest over smallest diameter {s['anisotropy_ratio']:.2f}")
    return "; ".join(parts) + "."


def _unfinished(case: Case) -> str:
    """A warning where the process was cut off, so that its end is no prediction."""
    reason = str(case.facts.summary.get("stop_reason") or "")
    if case.facts.finished or not reason:
        return ""
    return (f"{case.name} stopped because: {reason}. Its front had neither come to rest nor passed the section, so "
            "what is predicted below is the state so far.")


def _downloads(case: Case, path: Path) -> list[Download]:
    """Small files inside the page, large ones by relative address."""
    folder, offered = case.facts.run.path, []
    for name, kind in INSIDE.items():
        if (folder / name).is_file():
            offered.append(Download(name, data_uri((folder / name).read_bytes(), kind), True))
    offered += [Download(name, _relative(folder / name, path), False) for name in LINKED if (folder / name).exists()]
    return offered


def _own_page(case: Case, path: Path) -> str:
    """Address of a run's own page, where it has one."""
    page = case.facts.run.path / "report.html"
    return _relative(page, path) if page.is_file() and page.resolve() != path.resolve() else ""


def _relative(target: Path, page: Path) -> str:
    """Address of a file as seen from the page."""
    from urllib.parse import quote

    return quote(os.path.relpath(target.resolve(), page.resolve().parent).replace(os.sep, "/"))


def _environment() -> Environment:
    found = Environment(loader=PackageLoader("femanode.pictures.page", ""),
                        autoescape=True, undefined=StrictUndefined, trim_blocks=True,
                        lstrip_blocks=True)
    found.filters["readable"] = readable
    return found
