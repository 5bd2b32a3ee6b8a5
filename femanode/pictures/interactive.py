"""An interactive page of one run: every field at every time, the value under the cursor; one file, drawn by Bokeh.

The frames lie on different meshes, so that they are sampled on one grid of the computed sector; the browser mirrors it.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from femanode.errors import ConfigError
from femanode.numerics.arrays import Array
from femanode.output.disk import make_folder, write_text
from femanode.output.runfolder import Frame, RunFolder
from femanode.pictures.directions import directions_of, plain
from femanode.pictures.fieldchoice import FieldChoice, choose_field, colour_limits
from femanode.pictures.sectionview import build_view

INSTALL_HINT = 'pip install "femanode[interactive]"'

#: Fields in the menu, where a run has them.
FIELDS = ("hoop_stress_GPa", "radial_stress_GPa", "axial_stress_GPa", "ring_stress_GPa", "mean_stress_GPa",
          "content", "eqps", "extent")

#: Most frames, and bytes that all the sampled fields may take.
FRAMES, BUDGET = 24, 3_500_000

#: Values are kept as whole numbers from -LEVELS to LEVELS over the colour range of their field and beyond; EMPTY is
#: outside the section.
LEVELS, EMPTY = 32000, -32768

_SHOW = """
const nd = image.data.image[0]
const k = slider.value, name = menu.value, f = fields[name], raw = f.raster[k], n = grid.nx, m = grid.ny
const wide = grid.mirrors_x ? 2 * n : n, high = grid.mirrors_y ? 2 * m : m
const out = new Float32Array(wide * high)
for (let j = 0; j < high; j++) {
  const v = grid.mirrors_y ? (j < m ? m - 1 - j : j - m) : j
  for (let i = 0; i < wide; i++) {
    const u = grid.mirrors_x ? (i < n ? n - 1 - i : i - n) : i, q = raw[v * n + u]
    out[j * wide + i] = q == grid.empty ? NaN : q * f.step
  }
}
image.data = {image: [new nd.constructor(out, [high, wide])], x: image.data.x, y: image.data.y, dw: image.data.dw,
              dh: image.data.dh}
mapper.palette = f.palette
mapper.low = f.low
mapper.high = f.high
plot.title.text = f.label
const [x, y] = [fronts.x[k], fronts.y[k]]
front.data = {x: Array.from(x), y: Array.from(y)}
outline.data = {x: Array.from(fronts.ox[k]), y: Array.from(fronts.oy[k])}
words.text = captions[k]
"""

#: What comes from files is a variable of the template, never part of its text: that is executed.
_PAGE = """{% extends base %}{% block preamble %}<meta name="viewport" content="width=device-width, initial-scale=1">
<style>
:root { color-scheme: light dark; }
html body { font: 16px/1.5 system-ui, sans-serif; margin: 0 auto; max-width: 60rem; padding: 1rem; height: auto; }
h1 { font-size: 1.4rem; margin: 0 0 .3rem; } p { margin: .3rem 0 .8rem; }
.frame { background: #fff; color: #222; color-scheme: light; border-radius: 6px; padding: .6rem; }
@media (prefers-color-scheme: dark) { body { background: #16181c; color: #dde; } }
</style>{% endblock %}{% block inner_body %}<h1>{{ heading | e }}</h1>
<p>The section in its true shape; the black line is the front. Move the slider to another time; point at a place to read
the value there.</p>
<div class="frame">{{ super() }}</div>{% endblock %}"""


@dataclass(frozen=True)
class _Grid:
    """Points in deformed coordinates at which the sector is sampled, nm; every frame is sampled at the same."""

    x: Array
    y: Array
    mirrors: tuple[bool, bool]

    @property
    def bounds(self) -> tuple[float, float, float, float]:
        """Left, bottom, width and height of the whole image."""
        dx, dy = float(self.x[1] - self.x[0]), float(self.y[1] - self.y[0])
        wide, high = len(self.x) * dx, len(self.y) * dy
        left, low = float(self.x[0]) - dx / 2, float(self.y[0]) - dy / 2
        return (-wide if self.mirrors[0] else left, -high if self.mirrors[1] else low,
                wide * (2 if self.mirrors[0] else 1), high * (2 if self.mirrors[1] else 1))


def write_interactive(run: RunFolder | str | Path, out: str | Path | None = None) -> Path:
    """Write the interactive page of a run: time slider, menu of fields, colour bar, value under the cursor.

    Parameters
    ----------
    run : RunFolder or path
    out : path, optional
        The ``.html`` to write; default ``interactive.html`` in the run's folder.

    Returns
    -------
    Path
        The page; it needs no network.

    Raises
    ------
    ConfigError
        Bokeh is not installed, the file's type is another, or the folder has no frames.
    DiskError
        The disk does not take the page.
    """
    folder = run if isinstance(run, RunFolder) else RunFolder(run)
    path = Path(out) if out is not None else folder.path / "interactive.html"
    if path.suffix.lower() not in (".html", ".htm"):
        raise ConfigError(f"file type {path.suffix!r}", where=str(path), allowed=".html",
                          hint="this page is for a browser; to print a field, femanode plot DIR -o x.pdf draws it")
    try:
        from bokeh.embed import file_html
        from bokeh.resources import INLINE
    except ImportError:
        raise ConfigError("the interactive page needs bokeh, which is not installed", hint=INSTALL_HINT) from None
    frames = _chosen(folder)
    layout = _layout(folder, frames)
    text = file_html(layout, INLINE, title=f"{folder.name}: interactive", template=_template(_PAGE),
                     template_variables={"heading": folder.name})
    make_folder(path.parent)
    return write_text(path, text)


def _template(text: str) -> Any:
    from bokeh.core.templates import get_env

    return get_env().from_string(text)


def _chosen(folder: RunFolder) -> list[Frame]:
    """Up to FRAMES frames, evenly, the first and the last among them."""
    count = len(folder.frames)
    return [folder.frames[int(k)] for k in np.unique(np.linspace(0, count - 1, min(count, FRAMES)).round())]


def _choices(frame: Frame) -> list[FieldChoice]:
    return [choose_field(name, frame.mesh) for name in FIELDS if name in frame.mesh.fields]


def _grid(frames: Sequence[Frame], sector: str, fields: int) -> _Grid:
    """A grid that holds every frame's sector, as fine as the budget allows."""
    points = np.concatenate([frame.mesh.points + frame.mesh.fields["displacement"][:, :2] for frame in frames])
    low, high = points.min(axis=0), points.max(axis=0)
    mirrors = (sector == "quarter", sector in ("quarter", "half"))
    low = np.where(mirrors, 0.0, low - 0.02 * (high - low))
    high = high + 0.02 * (high - low)
    step = math.sqrt(float(np.prod(high - low)) * len(frames) * fields * 2.0 / BUDGET)
    x, y = (low[k] + step * (0.5 + np.arange(math.ceil((high[k] - low[k]) / step))) for k in (0, 1))
    return _Grid(x, y, mirrors)


def _sampled(frame: Frame, choices: Sequence[FieldChoice], grid: _Grid) -> list[Array]:
    """Every field on the grid, (ny, nx), NaN outside the section."""
    from femanode.pictures.sampling import sample_grid  # VTK loads slowly

    mesh = frame.mesh
    fields = {choice.label: choice.values(mesh.fields) for choice in choices}
    found = sample_grid(mesh.points + mesh.fields["displacement"][:, :2], mesh.triangles6, fields,
                        (float(grid.x[0]), float(grid.y[0])), float(grid.x[1] - grid.x[0]), (len(grid.x), len(grid.y)))
    return [found[choice.label] for choice in choices]


def _fields(frames: Sequence[Frame], grid: _Grid, choices: Sequence[FieldChoice]) -> dict[str, dict[str, Any]]:
    """By name: label, colour range, palette, and the sampled values as whole numbers of a step."""
    sampled = [_sampled(frame, choices, grid) for frame in frames]
    made = {}
    for k, choice in enumerate(choices):
        values = [frame[k] for frame in sampled]
        low, high, _ = colour_limits(choice, [choice.values(frame.mesh.fields) for frame in frames])
        step = float(np.nanmax(np.abs(np.stack(values)))) / LEVELS or 1.0
        raster = [np.where(np.isnan(v), EMPTY, np.round(np.nan_to_num(v) / step)).astype(np.int16).ravel()
                  for v in values]
        made[choice.label] = {"label": choice.label, "low": low, "high": high, "step": step, "raster": raster,
                              "palette": _palette(low)}
    return made


def _whole(field: dict[str, Any], frame: int, grid: _Grid) -> Array:
    """A field of one frame on the whole section, as the browser makes it for the others."""
    raw = field["raster"][frame].reshape(len(grid.y), len(grid.x)).astype(np.float32)
    values = np.where(raw == EMPTY, np.float32("nan"), raw * np.float32(field["step"]))
    values = np.concatenate([values[:, ::-1], values], axis=1) if grid.mirrors[0] else values
    return np.concatenate([values[::-1], values]) if grid.mirrors[1] else values


def _palette(low: float) -> list[str]:
    """Red for tension and blue for compression where a field has a sign."""
    from matplotlib import colormaps
    from matplotlib.colors import to_hex

    from femanode.pictures.sectionart import colours_of

    return [to_hex(colour) for colour in colormaps[colours_of(low)](np.linspace(0.0, 1.0, 256))]


def _lines(parts: Sequence[Array]) -> tuple[Array, Array]:
    """x and y of several lines (n, 2), with a gap after each."""
    gap = np.full((1, 2), np.nan)
    joined = np.concatenate([piece for part in parts for piece in (part, gap)]) if len(parts) else gap
    return joined[:, 0].astype(np.float32), joined[:, 1].astype(np.float32)


def _caption(folder: RunFolder, time: float) -> str:
    """Time, converted fraction and depth at a frame, from the row of the history."""
    history = folder.history
    row = history.iloc[int((history["time_s"] - time).abs().argmin())]
    speed = f", {row['front_speed_nm_s']:.3g} nm/s" if "front_speed_nm_s" in row else ""
    cycle = f", cycle {row['cycle']:.0f}, {100 * row['state_of_charge']:.1f} % full" if "cycle" in row else ""
    return (f"t = {row['time_s']:.6g} s{cycle}: {100 * row['converted_fraction']:.1f} % converted, front "
            f"{row['front_depth_nm']:.2f} nm deep{speed}")


def _layout(folder: RunFolder, frames: Sequence[Frame]) -> Any:
    """The figure with its slider and menu, and what the browser does when one of them is moved."""
    from bokeh.layouts import column
    from bokeh.models import CustomJS, Div, Select, Slider

    choices = _choices(frames[-1])
    grid = _grid(frames, folder.sector, len(choices))
    fields = _fields(frames, grid, choices)
    views = [build_view(frame, choices[0], folder.sector) for frame in frames]
    fronts, edges = [_lines(list(view.front)) for view in views], [_lines(view.outlines) for view in views]
    plot, drawn = _plot(fields[choices[0].label], grid, fronts[-1], edges[-1], folder.axes)
    _add_directions(plot, grid, [plain(u) for u in directions_of(folder.manifest) or ()])
    slider = Slider(start=0, end=max(len(frames) - 1, 1), value=len(frames) - 1, step=1, title="Frame",
                    sizing_mode="stretch_width", disabled=len(frames) < 2)
    menu = Select(value=choices[0].label, options=list(fields), title="Field", sizing_mode="stretch_width")
    captions = [_caption(folder, frame.time) for frame in frames]
    words = Div(text=captions[-1], sizing_mode="stretch_width")
    show = CustomJS(args={
        **drawn, "plot": plot, "slider": slider, "menu": menu, "words": words, "fields": fields, "captions": captions,
        "grid": {"nx": len(grid.x), "ny": len(grid.y), "mirrors_x": grid.mirrors[0], "mirrors_y": grid.mirrors[1],
                 "empty": EMPTY},
        "fronts": {"x": [x for x, _ in fronts], "y": [y for _, y in fronts], "ox": [x for x, _ in edges],
                   "oy": [y for _, y in edges]}}, code=_SHOW)
    slider.js_on_change("value", show)
    menu.js_on_change("value", show)
    return column(menu, slider, words, plot, sizing_mode="stretch_width")


def _plot(field: dict[str, Any], grid: _Grid, front: tuple[Array, Array], edge: tuple[Array, Array],
          names: tuple[str, str]) -> tuple[Any, dict[str, Any]]:
    """The figure with the last frame drawn, and what is changed in it for another: image, mapper, front, outline."""
    from bokeh.models import ColorBar, ColumnDataSource, HoverTool, LinearColorMapper
    from bokeh.plotting import figure

    left, low, wide, high = grid.bounds
    image = ColumnDataSource({"image": [_whole(field, -1, grid)], "x": [left], "y": [low], "dw": [wide], "dh": [high]})
    lines = {name: ColumnDataSource({"x": x, "y": y}) for name, (x, y) in (("front", front), ("outline", edge))}
    mapper = LinearColorMapper(palette=field["palette"], low=field["low"], high=field["high"],
                               nan_color="rgba(0, 0, 0, 0)")
    plot = figure(match_aspect=True, sizing_mode="scale_width", aspect_ratio=min(max(1.05 * wide / high, 0.8), 1.5),
                  x_axis_label=f"{names[0]} (nm)", y_axis_label=f"{names[1]} (nm)", title=field["label"],
                  tools="pan,wheel_zoom,box_zoom,reset,save", toolbar_location="above")
    drawn = plot.image("image", x="x", y="y", dw="dw", dh="dh", color_mapper=mapper, source=image)
    plot.line("x", "y", source=lines["outline"], color="#222222", line_width=1)
    plot.line("x", "y", source=lines["front"], color="#111111", line_width=2)
    plot.add_tools(HoverTool(renderers=[drawn], tooltips=[
        ("value", "@image{0.0000}"), (", ".join(names), "$x{0.0}, $y{0.0} nm")]))
    plot.add_layout(ColorBar(color_mapper=mapper, height=14), "below")
    return plot, {"image": image, "mapper": mapper, **lines}


def _add_directions(plot: Any, grid: _Grid, names: Sequence[str]) -> None:
    """Arrows along x and y below the section, with their crystal directions; nothing without names."""
    if not names:
        return
    left, low, wide, high = grid.bounds
    length = 0.1 * max(wide, high)
    x, y = left + 0.02 * wide, low - 1.3 * length
    plot.segment(x0=[x, x], y0=[y, y], x1=[x + length, x], y1=[y, y + length], line_color="#222222", line_width=2)
    plot.scatter(x=[x + length, x], y=[y, y + length], marker="triangle", angle=[-math.pi / 2, 0.0], size=9,
                 color="#222222")
    plot.text(x=[x + length, x], y=[y, y + length], text=list(names), x_offset=[9, 9], y_offset=[0, 0],
              text_baseline="middle", text_color="#222222", text_font_size="13px")
