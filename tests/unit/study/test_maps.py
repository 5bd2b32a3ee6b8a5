"""Maps: which column is meant, what is drawn where, failed cases marked, indices of a known function."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure
from matplotlib.image import imread

from femanode.errors import ConfigError
from femanode.study.design import saltelli_shares
from femanode.study.manyaxes import plot_all, sobol_indices
from femanode.study.maps import FAILED, _fill, _grid, _points, _scale, plot_map
from femanode.study.outcomes import numbers, read_study, title_of
from femanode.study.table import write_table

DIAMETER, STRESS, AXIS = "geometry.diameter [nm]", "overrides.mechanics.yield_stress [GPa]", "crystal.axis"


def write(folder: Path, table: dict[str, Any], groups: list[list[str]], **record: Any) -> Path:
    """The folder of a sweep that had this table."""
    folder.mkdir()
    rows = len(next(iter(table.values())))
    write_table(folder, pd.DataFrame({"case": range(rows), "status": ["done"] * rows, **table}))
    axes = {", ".join(group): None for group in groups}
    (folder / "sweep.json").write_text(json.dumps(
        {"name": "made-up", "axes": axes, "groups": groups, "sample": None, **record}))
    return folder


@pytest.fixture
def square(tmp_path: Path) -> Path:
    """Depth = diameter x stress on 4 x 3 points; two cases failed, others arrested at high stress."""
    d, s = (a.ravel() for a in np.meshgrid([30.0, 60.0, 90.0, 120.0], [0.5, 1.0, 1.5]))
    status = np.where(s > 1.2, "arrested", "done").astype(object)
    status[[0, 7]] = "crashed", "timed out"
    depth = np.where(np.isin(status, ["done", "arrested"]), d * s, np.nan)
    regime = np.where(s < 0.8, "ICR", "DCR").astype(object)
    regime[[0, 7]] = None
    return write(tmp_path / "s", {DIAMETER: d, "front.half_thickness [nm]": 0.05 * d, STRESS: s, "status": status,
                                  "penetration_depth_nm": depth, "regime": regime, "self_limited": s > 1.2},
                 [["geometry.diameter", "front.half_thickness"], ["overrides.mechanics.yield_stress"]])


@pytest.mark.parametrize(("column", "title"), [
    (DIAMETER, "Diameter (nm)"), (STRESS, "Yield stress (GPa)"), ("penetration_depth_nm", "Penetration depth (nm)"),
    ("overrides.mechanics.host.yield_stress [GPa]", "Yield stress of the host (GPa)"), ("regime", "Regime"),
    ("crystal.axis", "Crystal axis"),
    ("capacity_mAh_g", "Capacity (mAh/g)"), ("eq1_terms_eV.total", "Eq1 terms: total (eV)"),
    ("swelling_by_direction.[110]", "Swelling by direction [110]"),
    ("overrides.front.rates.110 [nm/s]", "Front rate 110 (nm/s)"),
    ("overrides.front.rates.isotropic [nm/s]", "Front rate isotropic (nm/s)"),
    ("a.diffusivity [cm^2/s]", "Diffusivity (cm²/s)")])
def test_axes_are_named_for_people_with_their_unit(column: str, title: str) -> None:
    assert title_of(column) == title


def test_a_column_is_found_by_its_path_or_its_end(square: Path) -> None:
    study = read_study(square)
    assert study.column("geometry.diameter") == study.column("diameter") == DIAMETER
    assert study.column("yield_stress") == STRESS
    with pytest.raises(ConfigError, match=r"did you mean 'geometry\.diameter'"):
        study.column("geometry.diametr")
    with pytest.raises(ConfigError, match="did you mean 'penetration_depth_nm'"):
        study.column("penetration_depth", figure=True)


def drawn(folder: Path, value: str) -> tuple[Figure, Any, list[Any]]:
    """Figure, axes and legend handles as the map makes them."""
    study = read_study(folder)
    figure = Figure()
    FigureCanvasAgg(figure)
    axes = figure.add_subplot()
    scales = tuple(_scale(study, study.column(p)) for p in ("diameter", "yield_stress"))
    known = study.ended.to_numpy() & study.table[value].notna().to_numpy()
    handles = _fill(figure, axes, study.table[value], scales, known, title_of(value))
    return figure, axes, handles + _points(axes, study, scales, known)


def test_every_case_is_shown_where_it_is_and_failed_ones_are_marked(square: Path) -> None:
    _, _, handles = drawn(square, "penetration_depth_nm")
    at = {handle.get_marker(): handle.get_xydata().tolist() for handle in handles}
    assert at["x"] == [[30.0, 0.5], [120.0, 1.0]]
    assert at["s"] == [[d, 1.5] for d in (30.0, 60.0, 90.0, 120.0)]
    assert len(at["o"]) == 6
    crosses = next(h for h in handles if h.get_marker() == "x")
    assert (crosses.get_color(), crosses.get_label()) == (FAILED, "failed: 1 crashed, 1 timed out")


def test_contours_follow_the_values(square: Path) -> None:
    _, axes, _ = drawn(square, "penetration_depth_nm")
    filled = axes.collections[0]
    # d s reaches from 30 nm x 1 GPa to 120 nm x 1.5 GPa
    assert filled.levels[0] <= 30.0 < filled.levels[1]
    assert filled.levels[-2] < 180.0 <= filled.levels[-1]
    lines = axes.collections[1]
    ninety = lines.get_paths()[list(lines.levels).index(90.0)].vertices
    on_edges = [p for p in ninety if np.isclose(p[1], 1.5)]
    # along the edge s = 1.5, where d s = 90 at d = 60, values are linear and the contour exact
    assert on_edges[0][0] == pytest.approx(60.0, rel=1e-9)


def test_names_are_regions_told_in_the_legend(square: Path) -> None:
    _, axes, handles = drawn(square, "regime")
    assert [h.get_label() for h in handles[:2]] == ["Regime: DCR", "Regime: ICR"]
    codes = np.asarray(axes.collections[0].get_array())
    assert codes.shape == (3, 4)
    assert np.ma.filled(np.ma.masked_invalid(codes), -1).astype(int).tolist() == [[-1, 1, 1, 1], [0, 0, 0, -1], [0] * 4]
    assert [h.get_label() for h in drawn(square, "self_limited")[2][:2]] == ["Self limited: no", "Self limited: yes"]


def test_cells_hold_the_case_of_their_place(square: Path) -> None:
    study = read_study(square)
    scales = [_scale(study, study.column(p)) for p in ("diameter", "yield_stress")]
    x, _, grid = _grid(scales, study.ended.to_numpy(), numbers(study.table["penetration_depth_nm"]))
    assert x.tolist() == [15.0, 45.0, 75.0, 105.0, 135.0]
    assert np.isnan(grid[0, 0])
    assert grid[2].tolist() == [45.0, 90.0, 135.0, 180.0]


@pytest.mark.parametrize("ending", ["png", "svg", "pdf"])
def test_a_map_is_written_in_the_form_asked_for(square: Path, tmp_path: Path, ending: str) -> None:
    path = plot_map(square, "diameter", "yield_stress", "penetration_depth_nm", tmp_path / f"m.{ending}")
    head = path.read_bytes()[:400]
    assert {"png": b"\x89PNG", "svg": b"<svg", "pdf": b"%PDF"}[ending] in head
    if ending == "png":
        picture = imread(path)[..., :3]
        red = (np.abs(picture - np.array([0xD0, 0, 0]) / 255.0) < 0.02).all(axis=2)
        assert red.sum() > 50


@pytest.mark.parametrize(("arguments", "said"), [
    (("diameter", "diameter", "regime"), "more parameters that were varied: Yield stress"),
    (("diameter", "yield_stress", "regmie"), "did you mean 'regime'"),
    (("diameter", "yeild_stress", "regime"), "did you mean 'yield_stress'")])
def test_what_cannot_be_drawn_is_said(square: Path, arguments: tuple[str, str, str], said: str) -> None:
    with pytest.raises(ConfigError, match=said):
        plot_map(square, *arguments)


def test_other_parameters_must_be_chosen(tmp_path: Path) -> None:
    d, s, t = (a.ravel() for a in np.meshgrid([30.0, 60.0, 90.0], [0.5, 1.0, 1.5], [300.0, 310.0]))
    folder = write(tmp_path / "s", {DIAMETER: d, STRESS: s, "temperature [K]": t, "depth_nm": d * s * t},
                   [["geometry.diameter"], ["overrides.mechanics.yield_stress"], ["temperature"]])
    with pytest.raises(ConfigError, match=r"Temperature \(K\).*; choose values with at PATH=VALUE"):
        plot_map(folder, "diameter", "yield_stress", "depth_nm")
    assert plot_map(folder, "diameter", "yield_stress", "depth_nm", at=["temperature=310 K"]).exists()
    assert len(read_study(folder).select(["temperature=310"]).table) == 9
    with pytest.raises(ConfigError, match="one of 300, 310"):
        plot_map(folder, "diameter", "yield_stress", "depth_nm", at=["temperature=320 K"])


def test_directions_stand_in_the_order_of_the_sweep(tmp_path: Path) -> None:
    axes = ["[1 1 1]"] * 2 + ["[1 0 0]"] * 2
    folder = write(tmp_path / "s", {DIAMETER: [30.0, 60.0] * 2, AXIS: axes, "a": [1.0, 2.0, 3.0, 4.0]},
                   [["geometry.diameter"], ["crystal.axis"]])
    scale = _scale(read_study(folder), AXIS)
    assert (scale.names, scale.at.tolist()) == (("⟨111⟩", "⟨100⟩"), [0.0, 0.0, 1.0, 1.0])
    assert plot_map(folder, "diameter", "axis", "a").exists()


def saltelli(folder: Path, function: Callable[[Any], Any], n: int = 256, fail: tuple[int, ...] = ()) -> Path:
    """A sweep with Saltelli's design over a, b and c from 0 to 1."""
    u = saltelli_shares(3, n, 0)
    y = function(u)
    status = np.full(len(y), "done", dtype=object)
    y[list(fail)], status[list(fail)] = np.nan, "solver failed"
    return write(folder, {"a": u[:, 0], "b": u[:, 1], "c": u[:, 2], "y_nm": y, "status": status}, [["a"], ["b"], ["c"]],
                 sample={"method": "saltelli", "n": n, "seed": 0})


def test_indices_of_a_sum_are_the_shares_of_its_variance(tmp_path: Path) -> None:
    folder = saltelli(tmp_path / "s", lambda u: 4 * u[:, 0] + 2 * u[:, 1] + u[:, 2])
    got = sobol_indices(folder, "y_nm")
    # variances 16 : 4 : 1, no interactions
    assert got.first == pytest.approx([16 / 21, 4 / 21, 1 / 21], abs=0.02)
    assert got.total == pytest.approx([16 / 21, 4 / 21, 1 / 21], abs=0.02)
    assert plot_all(folder, "y_nm").name == "sobol_y_nm.png"


def test_indices_of_a_product_show_the_interaction_and_failed_blocks_are_left_out(tmp_path: Path) -> None:
    folder = saltelli(tmp_path / "s", lambda u: (u[:, 0] - 0.5) * (u[:, 1] - 0.5), 1024, fail=(3, 17))
    got = sobol_indices(folder, "y_nm")
    # y = a b with both centred: nothing alone, everything together
    assert got.first == pytest.approx([0.0, 0.0, 0.0], abs=0.06)
    assert got.total == pytest.approx([1.0, 1.0, 0.0], abs=0.1)
    assert (got.blocks, got.asked) == (1022, 1024)


def test_indices_need_their_design(square: Path) -> None:
    with pytest.raises(ConfigError, match="method: saltelli"):
        sobol_indices(square, "penetration_depth_nm")


def test_many_axes_are_drawn_side_by_side(square: Path) -> None:
    assert plot_all(square, "penetration_depth_nm").name == "parallel_penetration_depth_nm.png"
    assert plot_all(square, "regime", at=["yield_stress=1.5 GPa"]).exists()
