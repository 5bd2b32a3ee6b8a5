"""Several runs in one picture: one scale, one colour range, one legend; vector files where they make sense."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import numpy as np
import pytest
from matplotlib.figure import Figure
from numpy.testing import assert_allclose

from femanode.errors import ConfigError
from femanode.output.runfolder import RunFolder
from femanode.pictures import panels
from femanode.pictures.figures import plot_curves, plot_field
from femanode.pictures.panels import names_of, plot_panel


@pytest.fixture
def three(run_path: Path, tmp_path: Path) -> list[Path]:
    """Three folders of the same case, the third with twice the stress."""
    folders = [Path(shutil.copytree(run_path, tmp_path / name)) for name in ("a", "b", "c")]
    import meshio

    frame = folders[2] / "frames" / "frame_0004.vtu"
    mesh = meshio.read(frame)
    mesh.point_data["hoop_stress_GPa"] = 2 * mesh.point_data["hoop_stress_GPa"]
    mesh.write(frame)
    return folders


def drawn(monkeypatch: pytest.MonkeyPatch) -> list[Figure]:
    saved: list[Figure] = []
    monkeypatch.setattr(panels, "save_figure", lambda figure, path, dpi: saved.append(figure) or path)
    return saved


def test_sections_share_colours_and_scale(three: list[Path], monkeypatch: pytest.MonkeyPatch) -> None:
    saved = drawn(monkeypatch)
    plot_panel(three, "hoop", renderer="matplotlib")
    sections = [axes for axes in saved[0].axes if axes.images]
    assert len(sections) == 3
    assert len({(axes.get_xlim(), axes.get_ylim()) for axes in sections}) == 1
    (bar,) = [axes for axes in saved[0].axes if axes.get_ylabel().startswith("Hoop stress (GPa)")]
    assert_allclose(bar.get_ylim(), (-3.0, 3.0), rtol=1e-12, atol=0)  # twice -1.5 ... 1.5, for all
    # the middle of the section is at the range's end in the third only
    images = [np.asarray(axes.images[0].get_array()) for axes in sections]
    middle = [image[image.shape[0] // 2, image.shape[1] // 2].astype(int) for image in images]
    assert_allclose(middle[0], middle[1], rtol=0, atol=2)
    assert np.abs(middle[2] - middle[0]).max() > 60
    assert [axes.get_title().splitlines()[0] for axes in sections] == ["(a)  a", "(b)  b", "(c)  c"]
    assert "84 % converted" in sections[0].get_title()


def test_curves_have_a_line_for_every_run(three: list[Path], monkeypatch: pytest.MonkeyPatch) -> None:
    saved = drawn(monkeypatch)
    plot_panel(three, "curves")
    assert [len(axes.lines) for axes in saved[0].axes] == [3, 3, 3, 3]
    assert_allclose([axes.lines[2].get_ydata()[-1] for axes in saved[0].axes], [36, 0.84, 1, 1.8], rtol=1e-12, atol=0)
    assert len({(line.get_color(), line.get_linestyle()) for line in saved[0].axes[0].lines}) == 3


def test_files_are_what_their_names_say(three: list[Path], tmp_path: Path) -> None:
    starts = {".png": b"\x89PNG", ".pdf": b"%PDF", ".svg": b"<?xml"}
    for suffix, start in starts.items():
        assert plot_panel(three[:2], "curves", out=tmp_path / f"p{suffix}").read_bytes().startswith(start)
        field = plot_field(three[0], "content", out=tmp_path / f"f{suffix}", renderer="matplotlib")
        assert field.read_bytes().startswith(start)
    pdf = plot_curves(three[0], tmp_path / "c.pdf").read_bytes()
    assert b"/FontFile2" in pdf or b"/FontFile" in pdf  # letters stay letters
    assert b"CreationDate" not in pdf
    svg = (tmp_path / "f.svg").read_text()
    assert svg.count("<image") == 2  # the field and the colour bar
    assert svg.count("<path") > 20  # outline, front, letters


def test_names_tell_runs_apart(three: list[Path], tmp_path: Path) -> None:
    assert names_of([RunFolder(path) for path in three]) == ["a", "b", "c"]
    manifest = json.loads((three[1] / "manifest.json").read_text())
    (three[1] / "manifest.json").write_text(json.dumps({**manifest, "name": "other"}))
    assert names_of([RunFolder(path) for path in three[:2]]) == ["made_up-$case", "other"]
    twin = Path(shutil.copytree(three[0], tmp_path / "twin" / "a"))
    assert names_of([RunFolder(three[0]), RunFolder(twin)]) == [str(three[0]), str(twin)]


def test_wrong_requests_are_one_line(three: list[Path], tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match=r"file type '\.gif'; allowed: \.png, \.pdf, \.svg; animations show one run"):
        plot_panel(three, out=tmp_path / "a.gif")
    with pytest.raises(ConfigError, match="no frame 9; allowed: 0 to 4"):
        plot_panel(three, frame=9)
    with pytest.raises(ConfigError, match="no field 'hop'"):
        plot_panel(three, "hop")
