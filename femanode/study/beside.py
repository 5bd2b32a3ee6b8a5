"""A measured curve drawn beside the computed one, without fitting anything."""

from __future__ import annotations

import re
from pathlib import Path

import numpy as np
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure

from femanode.errors import ConfigError
from femanode.output.runfolder import RunFolder
from femanode.pictures.curves import FORMATS, time_scale
from femanode.pictures.style import COLOURS, GRID, save_figure
from femanode.study.curves import ColumnModel, Curve, DataModel, read_curve, unit_of
from femanode.study.outcomes import title_of

_SEPARATOR = re.compile(r"[;\t]|,(?!\d)")


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
    try:
        lines = path.read_text(encoding="utf-8-sig").splitlines()
    except (OSError, UnicodeDecodeError) as error:
        raise ConfigError(f"cannot be read ({error})", where=str(path), allowed="a table as text in UTF-8") from None
    number, head = next(((k, text) for k, text in enumerate(lines, start=1)
                         if text.strip() and not text.lstrip().startswith("#")), (1, ""))
    names = [name.strip().strip('"') for name in _SEPARATOR.split(head) if name.strip()]
    if len(names) < 2:
        raise ConfigError(f"found {len(names)} headings", where=f"{path}:{number}",
                          allowed="two or more, time and value, each with its unit, such as 't (min), depth (nm)'")
    model = DataModel(file=path.name, time=ColumnModel(column=names[0]), value=ColumnModel(column=names[1]), key=key)
    return read_curve(model, path.parent, {})


def difference(run: RunFolder, curve: Curve) -> tuple[float, int]:
    """Root mean square of computed minus measured, and how many measured times lie within the run.

    A run that has come to rest keeps its last value; of one that was to end by time nothing is known later.
    """
    history = run.history
    known = curve.time <= float(history["time_s"].iloc[-1])
    if "arrest" in str(run.manifest.get("stop_reason", "")):
        known[:] = True
    if not known.any():
        raise ConfigError(f"the first measured time is {curve.time[0]:g} s", where=str(curve.file),
                          allowed=f"times within the run, up to {history['time_s'].iloc[-1]:g} s")
    model = np.interp(curve.time[known], history["time_s"], history[curve.key])
    return float(np.sqrt(np.mean((model - curve.value[known]) ** 2))), int(known.sum())


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
