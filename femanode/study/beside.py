"""A measured curve drawn beside the computed one, without fitting anything."""

from __future__ import annotations

import re
from pathlib import Path

import numpy as np
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure

from femanode.errors import ConfigError
from femanode.numerics.arrays import Array
from femanode.output.runfolder import RunFolder
from femanode.pictures.curves import FORMATS, time_scale
from femanode.pictures.page.chartcase import Measured
from femanode.pictures.style import COLOURS, GRID, save_figure
from femanode.postprocess.cycles import carried_whole
from femanode.study.curves import MEASURED, POTENTIAL, ColumnModel, Curve, DataModel, heading_unit, read_curve, unit_of
from femanode.study.outcomes import title_of

_SEPARATOR = re.compile(r"[;\t]|,(?!\d)")
_ACROSS = re.compile(r"diam|width|radius", re.IGNORECASE)

DEPTH = "front_depth_nm"
CAPACITY = "capacity_mAh_g"
#: Columns of a history beside which a measured curve is drawn.
KEYS = (*MEASURED, POTENTIAL)


def measured_curve(data: str | Path, key: str = "front_depth_nm") -> Curve:
    """The first two columns of a table, a time and what was measured, each with its unit in the heading.

    Parameters
    ----------
    data : path
        CSV or text, as `femanode fit` reads it.
    key : str
        Column of the history that was measured.

    Raises
    ------
    ConfigError
        One line with file and line; see :func:`femanode.study.curves.read_curve`.
    """
    path = Path(data)
    number, names = _headings(path)
    if len(names) < 2:
        raise ConfigError(f"found {len(names)} headings", where=f"{path}:{number}",
                          allowed="two or more, time and value, each with its unit, such as 't (min), depth (nm)'")
    return _curve(path, names[0], names[1], key)


def curves_for_page(run: RunFolder | str | Path, data: str | Path) -> tuple[Measured, ...]:
    """What a table holds for the page of a run: depths, potentials or both, and how far the run is from each.

    Parameters
    ----------
    run : RunFolder or path
    data : path
        The first column is a time, or of potentials a capacity in mAh/g; of the others, the first with a unit of length
        is a front depth, and the first with one of potential the electrode's. Potentials beside depths are left out
        where the run has none.

    Raises
    ------
    ConfigError
        The table cannot be used; no measured time is within the run; the run has no potential.
    """
    folder, path = run if isinstance(run, RunFolder) else RunFolder(run), Path(data)
    number, names = _headings(path)
    first = names[0] if names else ""
    along = "s" if heading_unit(first, "s") or not heading_unit(first, "mAh/g") else "mAh/g"
    kinds = {DEPTH: "nm", POTENTIAL: "V"} if along == "s" else {POTENTIAL: "V"}
    columns = {key: name for key, unit in kinds.items()
               if (name := next((name for name in names[1:] if heading_unit(name, unit)), ""))}
    if not columns:
        raise ConfigError(f"found the headings {', '.join(names) or 'none'}", where=f"{path}:{number}",
                          allowed="a time, then a depth or a potential, or a capacity, then a potential; each with its "
                                  "unit, such as 't (min), depth (nm)' or 'capacity (mAh/g), potential (V)'")
    if _ACROSS.search(columns.get(DEPTH, "")):
        raise ConfigError(f"found the column '{columns[DEPTH]}'", where=f"{path}:{number}",
                          allowed="on the page: a front depth, or a potential",
                          hint=f"femanode plot {folder.path} --with {path} --key diameter_max_nm draws diameters")
    if DEPTH in columns and POTENTIAL not in folder.history:
        columns.pop(POTENTIAL, None)
    return tuple(_for_page(folder, _curve(path, first, name, key, along)) for key, name in columns.items())


def _for_page(folder: RunFolder, curve: Curve) -> Measured:
    """A curve as the page draws it."""
    apart, count = difference(folder, curve)
    capacity = None
    if curve.key == POTENTIAL:
        history = folder.history
        within = curve.along != "s" or curve.time <= float(history["time_s"].iloc[-1])
        there = curve.time if curve.along != "s" else np.interp(curve.time, history["time_s"], history[CAPACITY])
        capacity = np.where(within, there, np.nan)
    return Measured(key=curve.key, file=curve.file.name, time=curve.time, capacity=capacity, value=curve.value,
                    apart=apart, unit=unit_of(curve.key), count=count)


def _headings(path: Path) -> tuple[int, list[str]]:
    """The first line that is no comment: its number, and the headings on it."""
    try:
        lines = path.read_text(encoding="utf-8-sig").splitlines()
    except (OSError, UnicodeDecodeError) as error:
        raise ConfigError(f"cannot be read ({error})", where=str(path), allowed="a table as text in UTF-8") from None
    number, head = next(((k, text) for k, text in enumerate(lines, start=1)
                         if text.strip() and not text.lstrip().startswith("#")), (1, ""))
    return number, [name.strip().strip('"') for name in _SEPARATOR.split(head) if name.strip()]


def _curve(path: Path, first: str, second: str, key: str, along: str = "s") -> Curve:
    """Two columns of a table."""
    model = DataModel(file=path.name, time=ColumnModel(column=first), value=ColumnModel(column=second), key=key)
    return read_curve(model, path.parent, {}, keys=KEYS, along=along)


def difference(run: RunFolder, curve: Curve) -> tuple[float, int]:
    """Root mean square of computed minus measured, and how many measured times lie within the run.

    A run that has come to rest keeps its last value; of one that was to end by time nothing is known later.
    """
    x, y = _computed(run, curve)
    known = (curve.time >= x[0]) & (curve.time <= x[-1])
    if "arrest" in str(run.manifest.get("stop_reason", "")) and curve.along == "s":
        known |= curve.time > x[-1]
    if not known.any():
        what, whats = ("time", "times") if curve.along == "s" else ("capacity", "capacities")
        raise ConfigError(f"the first measured {what} is {curve.time[0]:g} {curve.along}", where=str(curve.file),
                          allowed=f"{whats} within the run, {x[0]:.4g} to {x[-1]:.4g} {curve.along}")
    return float(np.sqrt(np.mean((np.interp(curve.time[known], x, y) - curve.value[known]) ** 2))), int(known.sum())


def _computed(run: RunFolder, curve: Curve) -> tuple[Array, Array]:
    """The run's own curve, (n,) each: times (capacities) in order, and what was measured there."""
    history, where = run.history, str(run.path / "history.csv")
    if curve.key not in history:
        hint = "a run with boundary.current or boundary.protocol has one" if curve.key == POTENTIAL else ""
        raise ConfigError(f"found no column '{curve.key}'", where=where, hint=hint,
                          allowed=", ".join(key for key in KEYS if key in history))
    x, y = (history[name].to_numpy(dtype=float) for name in ("time_s" if curve.along == "s" else CAPACITY, curve.key))
    if curve.key == POTENTIAL:
        whole = carried_whole(history)
        x, y = x[whole], y[whole]
    if np.any(np.diff(x) < 0.0):
        raise ConfigError("found potentials over capacity, which goes to and fro in this run", where=str(curve.file),
                          allowed="potentials over time")
    return x, y


def plot_beside(run: RunFolder | str | Path, data: str | Path, key: str = "front_depth_nm",
                out: str | Path | None = None) -> Path:
    """Draw a run's curve with a measured one.

    Parameters
    ----------
    run : RunFolder or path
    data : path
        Table whose first two columns are a time and what was measured.
    key : str
        Column of the history that was measured.
    out : path, optional
        ``.png``, ``.svg`` or ``.pdf``; default ``pictures/KEY_measured.png`` in the run's folder.

    Raises
    ------
    ConfigError
        The table cannot be used, no measured time is within the run, or the file's type is unknown.
    """
    folder = run if isinstance(run, RunFolder) else RunFolder(run)
    path = folder.path / "pictures" / f"{key}_measured.png" if out is None else Path(out)
    if path.suffix.lower() not in FORMATS:
        raise ConfigError(f"file type {path.suffix!r}", where=str(path), allowed=", ".join(FORMATS))
    curve = measured_curve(data, key)
    apart, count = difference(folder, curve)
    history = folder.history
    factor, unit = time_scale(max(float(history["time_s"].iloc[-1]), float(curve.time[-1])))
    figure = Figure(figsize=(6.4, 4.4), dpi=150, facecolor="white", layout="constrained")
    FigureCanvasAgg(figure)
    axes = figure.add_subplot()
    axes.plot(history["time_s"] / factor, history[key], color=COLOURS[2], linewidth=1.8, label="computed")
    axes.plot(curve.time / factor, curve.value, "o", color=COLOURS[1], markersize=4,
              label=f"measured: {curve.file.name}")
    axes.set_xlabel(f"Time ({unit})", fontsize=11)
    axes.set_ylabel(title_of(key), fontsize=11)
    distance = f"{apart:.3g} {unit_of(key)}".strip()
    axes.set_title(f"{folder.name}: {distance} apart (root mean square of {count})", fontsize=11, loc="left",
                   parse_math=False)
    axes.set_ylim(bottom=min(0.0, axes.get_ylim()[0]))
    axes.grid(color=GRID, linewidth=0.6)
    axes.set_axisbelow(True)
    axes.legend(frameon=False, fontsize=10)
    return save_figure(figure, path)
