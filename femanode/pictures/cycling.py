"""Potential against capacity: of a run under a protocol one line for each half cycle, under a current one line."""

from __future__ import annotations

from pathlib import Path

from matplotlib import colormaps
from matplotlib.axes import Axes
from matplotlib.colors import to_hex

from femanode.errors import ConfigError
from femanode.output.runfolder import RunFolder
from femanode.pictures.options import USUAL, Size
from femanode.pictures.style import COLOURS, fill, label, new_chart, save_figure
from femanode.postprocess.cycles import NEEDED, HalfCycle, carried_whole, half_cycles

FORMATS = (".png", ".svg", ".pdf")
#: Half cycles with a name of their own in the legend; of more, cycles are told apart by a scale of colours.
NAMED = 8
WIDTH, HEIGHT = 5.2, 3.7


def draw_half_cycles(axes: Axes, halves: list[HalfCycle], carrier: str = "") -> None:
    """Draw half cycles: full lines on the way in, dashed ones on the way out, a colour for each in and out.

    Parameters
    ----------
    axes : Axes
    halves : list of HalfCycle
    carrier : what enters, for the legend
    """
    cycles = sorted({half.cycle for half in halves})
    scale = colormaps["viridis"]
    many = len(halves) > NAMED
    pairs = max((len(halves) + 1) // 2 - 1, 1)
    seen: set[bool] = set()
    for number, half in enumerate(halves):
        place = number // 2
        colour = to_hex(scale(0.9 * place / pairs)) if many else COLOURS[place % len(COLOURS)]
        way = f"{carrier} {'in' if half.inserts else 'out'}".strip()
        where = f"cycle {half.cycle}, " if len(cycles) > 1 else f"step {half.step}, " if len(halves) > 2 else ""
        name: str | None = where + way
        if many:
            name = None if half.inserts in seen else way
        seen.add(half.inserts)
        alone = len(half.capacity) == 1
        axes.plot(half.capacity, half.potential, color=colour, linestyle="-" if half.inserts else (0, (5, 1.5)),
                  marker="o" if alone else None, markersize=4, linewidth=1.6, label=name)
    if many and len(cycles) > 1:
        axes.text(0.98, 0.97, f"cycle {cycles[0]} dark, {cycles[-1]} light", transform=axes.transAxes, ha="right",
                  va="top", fontsize=9.5)


def plot_cycles(run: RunFolder | str | Path, out: str | Path | None = None, *, size: Size = USUAL) -> Path:
    """Draw the potential against capacity, one line for each half cycle of a protocol, or one under a given current.

    Parameters
    ----------
    run : RunFolder, str or Path
        A run under a protocol or a given current.
    out : str or Path, optional
        ``.png``, ``.svg`` or ``.pdf``; default ``pictures/cycles.png`` in the run's folder.
    size : Size
        Width and dots per inch; by default 5.2 inches at 200.

    Returns
    -------
    Path
        The file written.

    Raises
    ------
    ConfigError
        Unknown file type; a run at a given potential.
    """
    run = run if isinstance(run, RunFolder) else RunFolder(run)
    path = run.path / "pictures" / "cycles.png" if out is None else Path(out)
    if path.suffix.lower() not in FORMATS:
        raise ConfigError(f"file type {path.suffix!r}", where=str(path), allowed=", ".join(FORMATS))
    columns = run.columns
    halves, alone = half_cycles(columns), [name for name in NEEDED if name not in ("cycle", "step")]
    if not halves and not set(alone) <= set(columns):
        raise ConfigError("no potential over capacity", where=str(run.path / "history.csv"),
                          allowed=f"the history of a run with a given current or boundary.protocol: {', '.join(alone)}",
                          hint="--field curves shows other runs")
    width = size.width or WIDTH
    figure, axes = new_chart(width, width * HEIGHT / WIDTH)
    draw_half_cycles(axes, halves)
    if not halves:
        whole = carried_whole(columns)
        axes.plot(columns["capacity_mAh_g"][whole], columns["potential_V"][whole], color=COLOURS[0], linewidth=1.6)
        axes.set_xlim(left=0.0)
    label(axes, "Capacity (mAh/g)", "Potential (V)")
    axes.set_title(run.name, fontsize=12, weight="bold", parse_math=False, pad=8)
    if halves:
        axes.legend(loc="best", frameon=False, fontsize=9.5 if len(halves) < 5 else 8.0)
    fill(figure)
    return save_figure(figure, path, size.dpi)
