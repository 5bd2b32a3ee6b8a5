"""Size, colour range and instant of a picture: what is asked for is what the file has, or one line says why not."""

from __future__ import annotations

from pathlib import Path
from xml.etree import ElementTree

import imageio.v3 as iio
import numpy as np
import pytest
from numpy.testing import assert_allclose
from PIL import Image

from femanode.errors import ConfigError
from femanode.output.runfolder import RunFolder
from femanode.pictures.curves import plot_curves
from femanode.pictures.fieldchoice import FieldChoice, choose_field, colour_limits
from femanode.pictures.figures import plot_field
from femanode.pictures.options import Size, frame_at, list_frames, read_range, read_size
from femanode.pictures.panels import plot_panel

HOOP, CONTENT = FieldChoice("hoop_stress_GPa", "hoop_stress_GPa"), FieldChoice("content", "content")


@pytest.mark.parametrize("text", ["85 mm", "8.5 cm", "3.3464566929 in"])
def test_a_width_is_a_length_in_any_unit(text: str) -> None:
    assert_allclose(read_size(text, 300).width, 85 / 25.4, rtol=1e-9, atol=0)


@pytest.mark.parametrize(("width", "dpi"), [("85 mm", 300), ("170 mm", 150), ("3.35 in", 600)])
@pytest.mark.parametrize("kind", ["field", "curves", "panel"])
def test_a_png_has_the_width_asked_for_and_says_so(kind: str, width: str, dpi: int, run_path: Path, tmp_path: Path,
                                                   ) -> None:
    size, out = read_size(width, dpi), tmp_path / "a.png"
    if kind == "field":
        plot_field(run_path, "hoop", out=out, renderer="matplotlib", size=size)
    elif kind == "curves":
        plot_curves(run_path, out, size=size)
    else:
        plot_panel([run_path, run_path], "content", out=out, renderer="matplotlib", size=size)
    with Image.open(out) as image:
        # The chunk has whole pixels per metre; a figure has whole pixels.
        assert_allclose(image.info["dpi"], dpi, rtol=0, atol=0.02)
        inches = {"85 mm": 85 / 25.4, "170 mm": 170 / 25.4, "3.35 in": 3.35}[width]
        assert_allclose(image.width / image.info["dpi"][0], inches, rtol=0, atol=1.1 / dpi)


def test_without_a_wish_a_picture_is_ten_inches_wide(run_path: Path, tmp_path: Path) -> None:
    with Image.open(plot_field(run_path, "hoop", out=tmp_path / "a.png", renderer="matplotlib")) as image:
        assert_allclose(image.width / image.info["dpi"][0], 10.0, rtol=0, atol=0.01)


def test_letters_of_a_narrow_figure_stay_legible(run_path: Path, tmp_path: Path) -> None:
    out = plot_field(run_path, "hoop", out=tmp_path / "a.svg", renderer="matplotlib", size=Size(85 / 25.4))
    root = ElementTree.parse(out).getroot()
    assert_allclose(float(root.attrib["width"].removesuffix("pt")), 85 / 25.4 * 72, rtol=0.01, atol=0)
    # Letters are outlines scaled by size over 100.
    scales = [float(node.attrib["transform"].split("scale(")[1].split()[0].rstrip(")")) for node in root.iter()
              if "scale(" in node.attrib.get("transform", "") and "translate" in node.attrib["transform"]]
    assert min(abs(scale) for scale in scales if abs(scale) < 0.5) >= 0.06 - 1e-6


def test_a_range_sets_the_colours_and_what_lies_beyond_is_marked(run_path: Path, tmp_path: Path) -> None:
    assert read_range(("-500 MPa", "1 GPa"), HOOP) == (-0.5, 1.0)
    assert read_range(("0.2", "0.4"), CONTENT) == (0.2, 0.4)
    values = [np.array([-1.5, 0.0, 1.5])]
    assert colour_limits(HOOP, values, (-2.0, 2.0)) == (-2.0, 2.0, "neither")
    assert colour_limits(HOOP, values, (-1.0, 2.0)) == (-1.0, 2.0, "min")
    # -1.5 + 3 r^2 is everywhere below 10 GPa: one colour of the map's low end, to a tenth of its length.
    image = iio.imread(plot_field(run_path, "hoop", out=tmp_path / "a.png", renderer="matplotlib",
                                  limits=(-1.5, 30.0)))
    middle = image[400:500, 500:700].reshape(-1, 3).astype(int)
    assert np.ptp(middle, axis=0).max() < 30


@pytest.mark.parametrize(("call", "match"), [
    (lambda run: read_size("85", None), r"--width: found 85 without a unit; allowed: 20 mm to 1 m.*'85 mm'"),
    (lambda run: read_size("85 s", None), r"--width: found .*; allowed: 20 mm to 1 m"),
    (lambda run: read_size("5 mm", None), r"--width: found 5 mm; allowed: 20 mm to 1 m"),
    (lambda run: read_size(None, 5), r"--dpi: found 5; allowed: 30 to 2400"),
    (lambda run: read_size("900 mm", 1200), r"--width: found 900 mm at 1200 dots per inch; allowed: 20000 pixels"),
    (lambda run: read_range(("-1", "1 GPa"), HOOP), r"--range: found -1 without a unit; allowed: .*'-1 GPa' '1 GPa'"),
    (lambda run: read_range(("-1 nm", "1 GPa"), HOOP), r"--range: found .*allowed: two numbers with their unit"),
    (lambda run: read_range(("1 GPa", "-1 GPa"), HOOP), r"--range: found 1 GPa -1 GPa; allowed: the smaller end first"),
    (lambda run: read_range(("0 GPa", "1"), CONTENT), r"--range: found 0 GPa; allowed: two numbers without a unit"),
    (lambda run: frame_at(run, "2 h"), r"made-up: --time: found 2 h; allowed: 0 s to 5400 s"),
    (lambda run: frame_at(run, "2"), r"--time: found 2 without a unit; allowed: 0 s to 5400 s"),
])
def test_what_cannot_be_is_one_line(call: object, match: str, run_path: Path) -> None:
    with pytest.raises(ConfigError, match=match):
        call(RunFolder(run_path))  # type: ignore[operator]


def test_the_frame_nearest_to_a_time_and_the_list_of_all(run_path: Path) -> None:
    run = RunFolder(run_path)
    assert [frame_at(run, text) for text in ("0 s", "30 min", "0.7 h", "90 min")] == [0, 1, 2, 4]
    lines = list_frames(run).splitlines()
    assert lines[0].split() == ["frame", "time", "converted"]
    # 1 - (1 - 0.6 s)^2 with s the share of the time, between 60 stored rows
    assert [line.split()[:3] for line in lines[1:]] == [[str(n), f"{1350 * n}", "s"] for n in range(5)]
    shown = [float(line.split()[3]) for line in lines[1:]]
    assert_allclose(shown, [100 * (1 - (1 - 0.6 * s) ** 2) for s in np.linspace(0, 1, 5)], rtol=0, atol=0.02)


@pytest.mark.parametrize(("word", "wanted"), [
    ("potential", "field potential"), ("voltage", "field potential"), ("depth", "field curves"),
    ("diameter_max_nm", "field curves"), ("stress", "write one: hoop"), ("hop", "did you mean hoop")])
def test_what_is_a_curve_and_no_field_is_told_how_it_is_drawn(run_path: Path, word: str, wanted: str) -> None:
    with pytest.raises(ConfigError, match=wanted):
        choose_field(word, RunFolder(run_path).frames[-1].mesh)
