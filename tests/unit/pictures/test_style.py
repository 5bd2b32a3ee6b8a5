"""Charts: nothing that stands around the axes is cut, by matplotlib's own measure."""

from __future__ import annotations

import numpy as np
import pytest
from matplotlib.axes import Axes

from femanode.pictures.style import add_letter, fill, label, line_style, new_chart


def plain(axes: Axes) -> None:
    axes.plot([0, 1], [0, 1], label="a", **line_style(0))
    label(axes, "x (nm)", "y (nm)")


def long_numbers(axes: Axes) -> None:
    # the ticks of the smaller axes have one digit less than those of the final ones
    axes.plot([0, 35], [-0.155, 0.0], label="a")
    label(axes, "Converted (%)", "Energy per ion (eV)")
    axes.legend(loc="lower center", bbox_to_anchor=(0.5, 1.0), ncols=2)


def three_rows(axes: Axes) -> None:
    for k in range(6):
        axes.plot([0, 1e5], [0, -k * 1e4], label=f"line number {k}")
    label(axes, "Time (s)", "Depth (nm)")


def decades(axes: Axes) -> None:
    axes.loglog([1e-3, 1e5], [1e-4, 1e4])
    label(axes, "Time (s)", "Depth (nm)")
    axes.set_title("A title")


def two_scales(axes: Axes) -> None:
    axes.plot([0, 100], [0, 1])
    twin = axes.twinx()
    twin.plot([0, 100], [1000, 2000])
    twin.set_ylabel("Newton iterations")
    label(axes, "Step", "Length (min)")


@pytest.mark.parametrize("draw", [plain, long_numbers, three_rows, decades, two_scales])
def test_what_stands_around_the_axes_fits_and_wastes_little(draw: object) -> None:
    figure, axes = new_chart()
    draw(axes)  # type: ignore[operator]
    fill(figure)
    box = figure.get_tightbbox(figure.canvas.get_renderer())  # type: ignore[attr-defined]
    size = figure.get_size_inches()
    around = np.array([box.x0, box.y0, size[0] - box.x1, size[1] - box.y1])
    assert np.all(around > 0.0), "cut"
    assert np.all(around < 0.25), "room left unused, inches"


def test_letters_count_up_and_begin_again() -> None:
    _, axes = new_chart()
    for number in (0, 25, 26):
        add_letter(axes, number, 9)
    assert [text.get_text() for text in axes.texts] == ["(a)", "(z)", "(a)"]
