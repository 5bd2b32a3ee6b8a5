"""Pictures say what the data say: colours, shape, scale and number of frames, measured in pixels."""

from __future__ import annotations

import json
import logging
import shutil
import sys
from pathlib import Path
from typing import Any

import imageio.v3 as iio
import numpy as np
import pytest
from imageio.v2 import get_reader
from imageio_ffmpeg import count_frames_and_secs
from matplotlib import colormaps
from matplotlib.figure import Figure
from numpy.testing import assert_allclose

from femanode.errors import ConfigError
from femanode.output.runfolder import RunFolder
from femanode.pictures import rendering
from femanode.pictures.curves import describe_frames, plot_curves, time_scale
from femanode.pictures.fieldchoice import choose_field, colour_limits
from femanode.pictures.figures import make_pictures, plot_field
from femanode.pictures.raster import Canvas, Layer, draw_matplotlib, draw_mirrored
from femanode.pictures.sectionart import round_length
from femanode.pictures.sectionview import build_view
from femanode.postprocess.framegeometry import free_edges, level_segments, split_quadratic

# The made-up section ends as an ellipse of half axes 60 * 1.8 and 60 * 1.3 nm.
HALF_X, HALF_Y = 108.0, 78.0


def coloured_box(image: np.ndarray) -> tuple[int, int, int, int]:
    """Left, right, top, bottom (right and bottom exclusive) of what is neither white, grey nor black."""
    picture = image[:, :int(0.79 * image.shape[1])].astype(int)  # the colour bar is to the right of it
    rows, columns = np.nonzero(np.ptp(picture, axis=2) > 40)
    return columns.min(), columns.max() + 1, rows.min(), rows.max() + 1


@pytest.fixture(scope="module", params=["auto", "matplotlib"])
def hoop(request: pytest.FixtureRequest, run_path: Path,
         tmp_path_factory: pytest.TempPathFactory) -> np.ndarray:
    out = tmp_path_factory.mktemp("hoop") / "hoop.png"
    assert plot_field(run_path, "hoop", out=out, renderer=request.param) == out
    return iio.imread(out)


def test_the_shape_has_the_deformed_aspect(hoop: np.ndarray) -> None:
    left, right, top, bottom = coloured_box(hoop)
    assert_allclose((right - left) / (bottom - top), 1.8 / 1.3, rtol=0.01, atol=0)


def test_pixels_have_the_mapped_colour_in_every_quadrant(hoop: np.ndarray) -> None:
    left, right, top, bottom = coloured_box(hoop)
    middle = np.array([(top + bottom) / 2, (left + right) / 2])
    step = np.array([(bottom - top) / (2 * HALF_Y), (right - left) / (2 * HALF_X)])
    # -1.5 + 3 r^2 within limits -1.5 ... 1.5: r = 0 at the bottom of the map, 0.5 a quarter up, 0.8 at 0.64.
    for r, level in ((0.0, 0.0), (0.5, 0.25), (0.8, 0.64)):
        for angle in (0.3, 2.0, 4.0, 5.5):
            x, y = r * HALF_X * np.cos(angle), r * HALF_Y * np.sin(angle)
            row, column = np.rint(middle + step * [-y, x]).astype(int)
            expected = 255 * np.array(colormaps["RdBu_r"](level)[:3])
            # Two pixels off the centre of a pixel are worth 3 levels of 256.
            assert_allclose(hoop[row, column], expected, rtol=0, atol=10)


def test_the_scale_bar_is_as_long_as_it_says(hoop: np.ndarray) -> None:
    left, right, _, bottom = coloured_box(hoop)
    black = hoop[bottom + 10:, :].max(axis=2) < 10
    bar = int(black.sum(axis=1).max())
    row = np.nonzero(black[black.sum(axis=1).argmax()])[0]
    run = row[:np.argmax(np.append(np.diff(row) > 1, True)) + 1]
    assert len(run) <= bar
    assert_allclose(len(run) * 2 * HALF_X / (right - left), 50.0, rtol=0.01, atol=0)


def test_the_front_line_is_where_the_extent_is_half(hoop: np.ndarray) -> None:
    left, right, top, bottom = coloured_box(hoop)
    row, column = (top + bottom) // 2, (left + right) / 2
    black = np.nonzero(hoop[row, left + 5:right - 5].max(axis=1) < 30)[0] + left + 5
    offsets = np.abs(black - column) * 2 * HALF_X / (right - left)
    front = offsets[offsets < 55]  # the initial outline is at 60 nm
    assert len(front) > 2
    assert_allclose(front, 0.4 * HALF_X, rtol=0, atol=1.0)


def test_an_animation_shows_every_frame_at_one_scale(run_path: Path, tmp_path: Path) -> None:
    frames = iio.imread(plot_field(run_path, "hoop", out=tmp_path / "a.gif"), index=None)
    assert len(frames) == 5
    widths = [float(np.subtract(*coloured_box(frame)[1::-1])) for frame in frames]
    assert_allclose(np.array(widths) / widths[0], [1.0, 1.2, 1.4, 1.6, 1.8], rtol=0.01, atol=0)
    first, last = (frame[60:, 800:].astype(int) for frame in (frames[0], frames[-1]))
    assert np.ptp(first, axis=2).max() > 140  # the colour bar, the same in all
    assert_allclose(first, last, rtol=0, atol=0)
    assert {tuple(frame[-1, 0]) for frame in frames} == {(255, 255, 255)}


def test_stills_of_a_series_share_colours_and_scale(run_path: Path, tmp_path: Path) -> None:
    alone, shared = (iio.imread(plot_field(run_path, "displacement_x", 1, tmp_path / f"{flag}.png", shared=flag,
                                           renderer="matplotlib")) for flag in (False, True))
    # a quarter of the growth: 1.2 of the initial width against 1.8 at the end, and a quarter of the largest value
    widths = [float(np.subtract(*coloured_box(image)[1::-1])) for image in (alone, shared)]
    assert widths[1] < 0.75 * widths[0]
    assert np.ptp(shared[:, :1100].astype(int), axis=2).max() < 0.8 * np.ptp(alone[:, :1100].astype(int), axis=2).max()


def test_a_film_keeps_its_size_and_holds_the_end(run_path: Path, tmp_path: Path) -> None:
    out = plot_field(run_path, "content", out=tmp_path / "a.mp4", renderer="matplotlib")
    with get_reader(out) as film:
        width, height = film.get_meta_data()["size"]
    assert width == 1000
    # Section 770 px over 1.04 of its width, with strip, title and margin: 534 + 140 and the next even number.
    assert_allclose(height, 770 * 1.3 / 1.8 + 140, rtol=0, atol=25)
    # Four frames per second; the last one stays for a second and a half.
    assert count_frames_and_secs(str(out)) == (4 + 2, 3.0)  # two in a second, the last one twice


def test_the_mirrored_section_has_the_whole_area(run_path: Path) -> None:
    run = RunFolder(run_path)
    frame = run.frames[-1]
    view = build_view(frame, choose_field("content", frame.mesh), "quarter")
    a, b, c = (view.points[view.triangles[:, corner]] for corner in range(3))
    area = 0.5 * np.abs((b - a)[:, 0] * (c - a)[:, 1] - (b - a)[:, 1] * (c - a)[:, 0]).sum()
    # A polygon of 128 sides: 1 - (2 pi / 128)^2 / 6 of the ellipse.
    assert_allclose(area, np.pi * HALF_X * HALF_Y, rtol=5e-4, atol=0)
    ring = (view.front / [1.8, 1.3]).reshape(-1, 2)
    assert_allclose(np.hypot(*ring.T), 0.4 * 60, rtol=0.02, atol=0)


@pytest.mark.parametrize(("name", "sign"), [
    ("cauchy_stress_GPa_xy", (1, -1, 1, -1)), ("stress_xx", (1, 1, 1, 1)), ("displacement_x", (1, -1, -1, 1)),
    ("displacement_y", (1, 1, -1, -1)), ("displacement", (1, 1, 1, 1)), ("hoop", (1, 1, 1, 1)),
])
def test_components_change_sign_under_a_mirror_and_scalars_do_not(run_path: Path, name: str,
                                                                 sign: tuple[int, ...]) -> None:
    frame = RunFolder(run_path).frames[-1]
    view = build_view(frame, choose_field(name, frame.mesh), "quarter")
    values = view.values.reshape(4, -1)
    quadrants = np.sign(view.points.reshape(4, -1, 2).sum(axis=1))
    assert_allclose(quadrants, [[1, 1], [-1, 1], [-1, -1], [1, -1]], rtol=0, atol=0)
    assert np.abs(values[0]).max() > 0.4
    assert_allclose(values, np.outer(sign, values[0]), rtol=0, atol=0)


@pytest.mark.parametrize("name", ["cauchy_stress_GPa_xy", "displacement_x", "displacement"])
@pytest.mark.parametrize("bounds", [(-120, 140, -130, 110), (-120.3, 139.7, -130, 110), (0, 260, -130, 110)])
def test_a_section_drawn_from_one_sector_looks_like_one_drawn_whole(run_path: Path, name: str,
                                                                   bounds: tuple[float, ...]) -> None:
    frame = RunFolder(run_path).frames[-1]
    view = build_view(frame, choose_field(name, frame.mesh), "quarter")
    canvas = Canvas((260, 240), bounds, "RdBu_r", (-60.0, 60.0))
    n, m = len(view.points) // 4, len(view.triangles) // 4
    part = draw_mirrored(Layer(view.points[:n], view.triangles[:m], view.values[:n]), canvas, view.mirrors)
    whole = draw_matplotlib(Layer(view.points, view.triangles, view.values), canvas)
    assert part.shape == whole.shape
    # Edges are smoothed on their own side of a mirror line: a row and a column of the section may differ.
    differs = np.abs(part.astype(int) - whole.astype(int)).max(axis=2) > 12
    assert differs.sum() <= 2 * (260 + 240)
    rows, columns = (np.abs(np.arange(n) - centre) > 2 for n, centre in ((240, 109.5), (260, 119.5)))
    assert not differs[rows][:, columns].any()


def test_only_the_free_edge_is_an_outline(run_path: Path) -> None:
    mesh = RunFolder(run_path).frames[0].mesh
    (arc,) = free_edges(mesh, "quarter")
    assert_allclose(np.hypot(*mesh.points[arc].T), 60, rtol=0, atol=1e-9)
    lengths = np.hypot(*np.diff(mesh.points[arc], axis=0).T)
    assert_allclose(lengths.sum(), np.pi * 30, rtol=1e-3, atol=0)
    (loop,) = free_edges(mesh, "full")
    assert loop[0] == loop[-1]
    perimeter = np.hypot(*np.diff(mesh.points[loop], axis=0).T).sum()
    assert_allclose(perimeter, np.pi * 30 + 120, rtol=1e-3, atol=0)


def test_a_node_at_the_level_makes_no_stray_piece() -> None:
    points = np.array([[0.0, 0], [1, 0], [0, 1], [1, 1]])
    triangles = np.array([[0, 1, 2], [1, 3, 2]])
    assert level_segments(points, triangles, np.array([0.5, 0.2, 0.2, 0.2]), 0.5).shape == (0, 2, 2)
    (piece,) = level_segments(points, triangles, np.array([1.0, 0.0, 0.0, 0.0]), 0.25)
    assert_allclose(np.sort(piece, axis=0), [[0, 0], [0.75, 0.75]], rtol=0, atol=1e-15)


def test_a_quadratic_triangle_is_cut_into_four_of_the_same_turn() -> None:
    points = np.array([[0.0, 0], [2, 0], [0, 2], [1, 0], [1, 1], [0, 1]])
    a, b, c = np.moveaxis(points[split_quadratic(np.arange(6)[None])], 1, 0)
    doubled = (b - a)[:, 0] * (c - a)[:, 1] - (b - a)[:, 1] * (c - a)[:, 0]
    assert_allclose(doubled, np.ones(4), rtol=1e-15, atol=0)


@pytest.mark.parametrize(("name", "label", "stem"), [
    ("hoop", "Hoop stress (GPa)", "hoop_stress"), ("hoop_stress", "Hoop stress (GPa)", "hoop_stress"),
    ("mises", "Von Mises stress (GPa)", "von_mises"),
    ("stress_yy", "Cauchy stress yy (GPa)", "cauchy_stress_yy"),
    ("displacement", "Displacement (nm)", "displacement"), ("rate", "Front rate (nm/s)", "front_rate"),
    ("content", "Carrier content (fraction of full)", "content"),
])
def test_names_and_aliases(run_path: Path, name: str, label: str, stem: str) -> None:
    choice = choose_field(name, RunFolder(run_path).frames[0].mesh)
    assert (choice.label, choice.stem) == (label, stem)


def test_an_unknown_field_lists_the_names(run_path: Path) -> None:
    with pytest.raises(ConfigError, match=r"no field 'hop'; allowed: displacement, .*hoop_stress.*mean hoop"):
        plot_field(run_path, "hop")
    with pytest.raises(ConfigError, match=r"cauchy_stress_GPa_xx, cauchy_stress_GPa_yy"):
        plot_field(run_path, "cauchy_stress_GPa")


def test_other_wrong_requests(run_path: Path) -> None:
    with pytest.raises(ConfigError, match="no frame 5; allowed: 0 to 4, or -1"):
        plot_field(run_path, frame=5)
    with pytest.raises(ConfigError, match=r"file type '\.bmp'; allowed: \.png, \.pdf, \.svg, \.gif, \.mp4"):
        plot_field(run_path, out="a.bmp")
    with pytest.raises(ConfigError, match=r"file type '\.gif'; allowed: \.png, \.svg, \.pdf"):
        plot_curves(run_path, "a.gif")


def test_colour_limits(run_path: Path) -> None:
    mesh = RunFolder(run_path).frames[0].mesh
    hoop, content, volume, eqps = (choose_field(name, mesh) for name in ("hoop", "content", "volume", "eqps"))
    ramp = np.linspace(0, 1, 1001)
    # Common to all frames, symmetric, to two digits: the later frame's -2.34 counts.
    assert_allclose(colour_limits(hoop, [ramp, -2.34 * ramp])[:2], (-2.4, 2.4), rtol=1e-12, atol=0)
    assert colour_limits(content, [0.3 * ramp]) == (0.0, 1.0, "neither")
    assert_allclose(colour_limits(volume, [1 + 2.8 * ramp])[:2], (1.0, 3.8), rtol=1e-12, atol=0)
    # One wild node does not take the range; the arrow says that it is there.
    wild = np.append(ramp, 50.0)
    low, high, extend = colour_limits(eqps, [wild])
    assert (low, extend) == (0.0, "max")
    assert_allclose(high, 1.0, rtol=1e-12, atol=0)
    assert colour_limits(hoop, [np.append(wild, np.nan)])[2] == "max"
    assert colour_limits(hoop, [np.zeros(3)]) == (-1.0, 1.0, "neither")


def test_unknown_values_are_grey() -> None:
    points = np.array([[0.0, 0], [1, 0], [1, 1], [0, 1]])
    layer = Layer(points, np.array([[0, 1, 2], [0, 2, 3]]), np.array([0.0, np.nan, 0.0, 0.0]))
    image = draw_matplotlib(layer, Canvas((40, 40), (0, 1, 0, 1), "viridis", (0.0, 1.0)))
    assert_allclose(image[30, 35], [211, 211, 211], rtol=0, atol=1)
    assert_allclose(image[10, 5], [68, 1, 84], rtol=0, atol=1)  # the dark end of viridis


@pytest.mark.parametrize(("script", "reason"), [
    ("import os; os.abort()", "exit code"), ("pass", "no picture"),
])
def test_a_crash_of_the_renderer_falls_back_and_says_what_to_install(
        run_path: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture,
        script: str, reason: str) -> None:
    monkeypatch.setattr(rendering, "worker_command", lambda job: [sys.executable, "-c", script])
    out = plot_field(run_path, "hoop", out=tmp_path / "a.png")
    assert_allclose(np.subtract(*coloured_box(iio.imread(out))[1::-1]), 1155 / 1.04, rtol=0.01, atol=0)
    (record,) = [record for record in caplog.records if record.levelno == logging.WARNING]
    assert reason in record.getMessage()
    assert "libegl1" in record.getMessage()
    assert "libosmesa6" in record.getMessage()


def test_pictures_of_a_run(run_path: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch,
                           caplog: pytest.LogCaptureFixture) -> None:
    calls = []
    monkeypatch.setattr(rendering, "worker_command", lambda job: calls.append(job) or ["/absent/python"])
    run = shutil.copytree(run_path, tmp_path / "run")
    made = make_pictures(run)
    assert [path.relative_to(run).as_posix() for path in made] == [
        "pictures/content.png", "pictures/hoop_stress.png", "pictures/curves.png"]
    assert all(iio.imread(path).shape[1] > 1000 for path in made)
    assert not calls  # OpenGL takes longer to start than a still to draw
    assert not caplog.records


def test_missing_frames_cost_their_pictures_and_not_the_run(run_path: Path, tmp_path: Path,
                                                            caplog: pytest.LogCaptureFixture) -> None:
    run = shutil.copytree(run_path, tmp_path / "run")
    shutil.rmtree(run / "frames")
    assert [path.name for path in make_pictures(run)] == ["curves.png"]
    assert sum("no picture of" in record.getMessage() for record in caplog.records) == 2
    (run / "history.csv").unlink()
    assert make_pictures(run) == []
    assert make_pictures(tmp_path / "absent") == []


@pytest.fixture
def saved(monkeypatch: pytest.MonkeyPatch) -> list[Figure]:
    """The figures that are written from now on."""
    figures: list[Figure] = []
    save = Figure.savefig

    def keep(self: Figure, path: Path, **options: Any) -> None:
        figures.append(self)
        save(self, path, **options)

    monkeypatch.setattr(Figure, "savefig", keep)
    return figures


def test_curves_of_a_body_speak_of_its_volume_radius_and_axis(
        run_path: Path, tmp_path: Path, saved: list[Figure]) -> None:
    body = Path(shutil.copytree(run_path, tmp_path / "body"))
    manifest = json.loads((body / "manifest.json").read_text())
    (body / "manifest.json").write_text(json.dumps({**manifest, "symmetry": "axisymmetric"}))
    plot_curves(body, tmp_path / "a.svg")
    depth, fraction, *_ = saved[0].axes
    assert fraction.get_ylabel() == "Fraction of the volume"
    assert [line.get_label() for line in depth.lines] == ["mean", "along r", "along z"]


def test_curves_are_in_readable_units_and_the_legends_beside_the_data(
        run_path: Path, tmp_path: Path, saved: list[Figure]) -> None:
    plot_curves(run_path, tmp_path / "a.svg")
    panels = saved[0].axes
    assert [axes.get_ylabel() for axes in panels] == [
        "Front depth (nm)", "Fraction of the section", "Stress (GPa)", "Diameter / initial diameter"]
    assert {axes.get_xlabel() for axes in panels} == {"Time (min)"}
    ends = [[line.get_ydata()[-1] for line in axes.lines if line.get_label()[0] != "_"] for axes in panels]
    assert_allclose(np.concatenate(ends), [36, 43.2, 28.8, 0.84, 0.9, 1, -2, -1.4, 1.8, 1.3, 1.8, 1.3],
                    rtol=1e-12, atol=0)
    assert_allclose(panels[0].lines[0].get_xdata()[-1], 90, rtol=1e-12, atol=0)
    for axes in panels:
        assert axes.get_legend().get_window_extent().y0 >= axes.get_window_extent().y1


def test_time_fraction_and_lengths_are_written_plainly(run_path: Path) -> None:
    describe = describe_frames(RunFolder(run_path))
    assert describe(2700.0) == "t = 45.0 min,  51 % converted"  # 1 - (1 - 0.3)^2
    assert [time_scale(end) for end in (119, 121, 7199, 7201)] == [
        (1.0, "s"), (60.0, "min"), (60.0, "min"), (3600.0, "h")]
    lengths = [round_length(limit) for limit in (67, 9.99, 10, 0.3)]
    assert_allclose(lengths, [50, 5, 10, 0.2], rtol=1e-12, atol=0)
