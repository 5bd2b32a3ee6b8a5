"""Pictures of the report: sections at several stages, an animation, the interactive view.

Small pictures are drawn by matplotlib, which at this size is faster than OpenGL in software. The mesh may differ from
frame to frame.
"""

from __future__ import annotations

import base64
import gzip
import io
import logging
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
from matplotlib import colormaps
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.colors import to_hex
from matplotlib.figure import Figure
from numpy.typing import NDArray
from PIL import Image

from femanode.errors import ConfigError
from femanode.output.disk import scratch_folder
from femanode.output.runfolder import RunFolder
from femanode.pictures.animation import write_animation
from femanode.pictures.crackmark import marked_view
from femanode.pictures.curves import describe_frames
from femanode.pictures.directions import Direction, add_directions, directions_of
from femanode.pictures.fieldchoice import FieldChoice, choose_field, colour_limits
from femanode.pictures.page.chartcase import MOST_FRAMES, Case, stages
from femanode.pictures.raster import OVERSAMPLING, Canvas, Layer, draw_mirrored
from femanode.pictures.scene import NoSceneError, write_scene
from femanode.pictures.sectionart import SectionArtists, add_scale_bar, colours_of, extent_of, round_length
from femanode.pictures.sectionview import SectionView

#: Pixels across a picture, and the strips above (caption) and below (scale bar) the section.
WIDTH, HEADER, FOOTER = 560, 40, 46
#: The strip below a section whose crystal directions are shown beside the scale bar.
DIRECTED = 92
DPI = 100.0
SNAPSHOTS = 3

logger = logging.getLogger(__name__)


@dataclass(frozen=True)
class Snapshot:
    """One small picture: caption for readers who do not see it, and its data URI."""

    caption: str
    uri: str


@dataclass(frozen=True)
class FieldStrip:
    """Pictures of one field on one colour scale."""

    label: str
    gradient: str
    ticks: tuple[str, str, str]
    is_stress: bool
    note: str
    snapshots: list[Snapshot]


@dataclass(frozen=True)
class Pictures:
    """All pictures of a page; what is missing is empty, and ``problems`` says why."""

    strips: list[FieldStrip] = field(default_factory=list)
    film: str = ""
    film_type: str = "video/mp4"
    film_frames: int = 0
    viewer: str = ""
    viewer_bytes: int = 0
    problems: list[str] = field(default_factory=list)
    marked: bool = False


@dataclass(frozen=True)
class _Shot:
    """One picture to draw: its view and its caption."""

    view: SectionView
    caption: str
    run: RunFolder

    @property
    def directions(self) -> tuple[Direction, Direction] | None:
        """Crystal directions along x and y, or r and z."""
        return directions_of(self.run.manifest)


def data_uri(data: bytes, kind: str) -> str:
    """Bytes as a data: URI of a MIME type."""
    return f"data:{kind};base64,{base64.b64encode(data).decode('ascii')}"


def draw_pictures(cases: Sequence[Case], fields: Sequence[str] = ("content", "hoop")) -> Pictures:
    """Draw everything the page shows of the fields.

    Parameters
    ----------
    cases : sequence of Case
        One run (several stages) or several (their last frames, at one scale and on one colour range).
    fields : sequence of str
        Names or aliases; of one run, the last one is animated and shown interactively as well.

    Returns
    -------
    Pictures
    """
    first = cases[0].facts
    choices = [choose_field(name, first.instant(-1).mesh) for name in fields]
    shots = [_shots(cases, choice, SNAPSHOTS) for choice in choices]
    film = _shots(cases, choices[-1], MOST_FRAMES) if len(cases) == 1 else []
    layout = _Layout([shot for part in [*shots, film] for shot in part])
    ranges = [colour_limits(choice, [shot.view.values for shot in part])
              for choice, part in zip(choices, [*shots[:-1], film or shots[-1]], strict=True)]
    low, high, _ = ranges[-1]
    movie, kind, page = b"", "video/mp4", b""
    problems: list[str] = []
    with scratch_folder() as folder, ThreadPoolExecutor(1) as beside:
        scene = (beside.submit(write_scene, film[-1].view, colours_of(low), (low, high), folder / "view.html",
                               directions=film[-1].directions) if film else None)
        if film:
            movie, kind = _film(layout, film, ranges[-1], folder, problems)
        strips = [_strip(choice, limits, layout, part)
                  for choice, limits, part in zip(choices, ranges, shots, strict=True)]
        try:
            page = scene.result().read_bytes() if scene else b""
        except NoSceneError as error:
            problems.append(f"no interactive view: {error}")
    packed = gzip.compress(page, mtime=0) if page else b""
    return Pictures(strips=strips, film=data_uri(movie, kind) if movie else "", film_type=kind, film_frames=len(film),
                    viewer=base64.b64encode(packed).decode("ascii"), viewer_bytes=len(page), problems=problems)


def _shots(cases: Sequence[Case], choice: FieldChoice, count: int) -> list[_Shot]:
    """What is drawn of a field: stages of one run, or the end of each."""
    shots = []
    for case in cases:
        run = case.facts.run
        describe = describe_frames(run)
        for k in stages(case, count) if len(cases) == 1 else [len(run.frames) - 1]:
            frame = case.facts.instant(k)
            text = describe(frame.time)
            shots.append(_Shot(marked_view(run, frame, choice), text if len(cases) == 1 else
                               f"{case.name}: {text.rpartition(',  ')[2]}", run))
    return shots


class _Layout:
    """One view for all pictures, so that sizes can be compared."""

    def __init__(self, shots: Sequence[_Shot]) -> None:
        views, self.footer = [shot.view for shot in shots], DIRECTED if any(s.directions for s in shots) else FOOTER
        low, high = extent_of(views)
        size = 1.04 * (high - low)
        centre = (low + high) / 2
        scale = max(size[0] / WIDTH, size[1] / WIDTH)  # nm per pixel
        self.section = 2 * max(int(np.ceil(size[1] / scale / 2)), WIDTH // 6)
        self.height = self.section + HEADER + self.footer
        self.height += self.height % 2  # even, as H.264 wants
        self.scale = float(scale)
        bottom = centre[1] - scale * (self.section / 2 + self.footer)
        self.bounds = (float(centre[0] - scale * WIDTH / 2), float(centre[0] + scale * WIDTH / 2), float(bottom),
                       float(bottom + scale * (self.height - HEADER)))

    def canvas(self, limits: tuple[float, float, str]) -> Canvas:
        """Size, view and colours for the renderer."""
        return Canvas((WIDTH, self.height - HEADER), self.bounds, colours_of(limits[0]), limits[:2])

    def painter(self, first: _Shot, limits: tuple[float, float, str],
                oversampling: int) -> Callable[[_Shot], NDArray[np.uint8]]:
        """A function that draws one run's pictures of a field; what stays the same in all is drawn from ``first``."""
        canvas = self.canvas(limits)
        figure = Figure(figsize=(WIDTH / DPI, self.height / DPI), dpi=DPI, facecolor="white")
        agg = FigureCanvasAgg(figure)
        axes = figure.add_axes((0, 0, 1, (self.height - HEADER) / self.height))
        artists = SectionArtists(axes, self.bounds, first.view.initial_outlines)
        length = round_length(0.3 * WIDTH * self.scale)
        left, bottom = self.bounds[0] + 10 * self.scale, self.bounds[2] + 14 * self.scale
        if first.directions is not None:
            add_directions(axes, left, bottom, 46 * self.scale, first.directions, 15)
            left += 170 * self.scale
        add_scale_bar(axes, left, bottom - (3.5 * self.scale if first.directions else 0.0), length, 7 * self.scale, 15)
        # Arrows and scale bar are the same in all pictures, and stand on white: they are drawn once.
        renderer = agg.get_renderer()  # type: ignore[no-untyped-call]
        for artist in (*axes.patches, *axes.texts):
            artist.draw(renderer)
        below = np.array(np.asarray(agg.buffer_rgba())[-self.footer:, :, :3])  # type: ignore[no-untyped-call]
        caption = figure.text(0.02, 1 - 29 / self.height, "", fontsize=15, parse_math=False)

        def paint(shot: _Shot) -> NDArray[np.uint8]:
            view, copies = shot.view, len(shot.view.mirrors)
            layer = Layer(view.points[:len(view.points) // copies], view.triangles[:len(view.triangles) // copies],
                          view.values[:len(view.values) // copies])
            artists.update(view, draw_mirrored(layer, canvas, view.mirrors, oversampling))
            caption.set_text(shot.caption if len(shot.caption) <= 52 else shot.caption[:49] + "...")
            # Field and lines go into the renderer's pixels one by one: a figure that draws itself resamples the field,
            # pixel for pixel, and takes as long for it as the triangles took.
            renderer.clear()
            image = np.asarray(agg.buffer_rgba())  # type: ignore[no-untyped-call]
            image[:HEADER] = 255
            image[HEADER:, :, :3], image[HEADER:, :, 3] = artists.image.get_array(), 255
            for artist in [*artists.drawn, caption]:
                artist.draw(renderer)
            image[-self.footer:, :, :3] = below
            return np.array(image[:, :, :3])

        return paint


def _strip(choice: FieldChoice, limits: tuple[float, float, str], layout: _Layout,
           shots: Sequence[_Shot]) -> FieldStrip:
    """The pictures of a field with what its colour bar needs."""
    low, high, extend = limits
    colours = colormaps[colours_of(low)](np.linspace(0.0, 1.0, 17))
    snapshots, painters = [], {}
    for shot in shots:
        stream = io.BytesIO()
        # Pictures of one run differ in what moves only.
        same = id(shot.run)
        if same not in painters:
            painters[same] = layout.painter(shot, limits, OVERSAMPLING)
        Image.fromarray(painters[same](shot)).save(stream, format="WEBP", quality=88, method=2)
        snapshots.append(Snapshot(f"{choice.label}, {shot.caption}", data_uri(stream.getvalue(), "image/webp")))
    note = {"neither": "", "max": "A few points lie above the range.", "min": "A few points lie below the range.",
            "both": "A few points lie outside the range."}[extend]
    ticks = (f"{low:.3g}", f"{(low + high) / 2:.3g}", f"{high:.3g}")
    return FieldStrip(label=choice.label, gradient=", ".join(to_hex(colour) for colour in colours), ticks=ticks,
                      is_stress=choice.is_stress, note=note, snapshots=snapshots)


def _film(layout: _Layout, shots: Sequence[_Shot], limits: tuple[float, float, str], folder: Path,
          problems: list[str]) -> tuple[bytes, str]:
    """The animation as MP4, or as GIF where there is no ffmpeg; nothing where there is one frame only."""
    if len(shots) < 2:
        problems.append("no animation: the run has one frame")
        return b"", "video/mp4"
    for suffix, kind in ((".mp4", "video/mp4"), (".gif", "image/gif")):
        try:
            images = map(layout.painter(shots[0], limits, 1), shots)
            write_animation(folder / f"film{suffix}", images, len(shots), colours_of(limits[0]))
            return (folder / f"film{suffix}").read_bytes(), kind
        except (ConfigError, OSError) as error:
            problems.append(f"no {suffix} animation: {error}")
    return b"", "video/mp4"
