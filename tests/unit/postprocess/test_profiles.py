"""Lines through the made-up section: hoop stress -1.5 + 3 r^2 (r over the initial radius), half axes 1.8 and 1.3."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from numpy.testing import assert_allclose

from femanode.output.runfolder import FrameMesh, RunFolder
from femanode.postprocess.profiles import along_ray, along_surface, beside_front, lobes, outline, rose


@pytest.fixture
def mesh(run_path: Path) -> FrameMesh:
    return RunFolder(run_path).frames[-1].mesh


def test_the_whole_surface_has_its_stress_at_the_deformed_angle(mesh: FrameMesh) -> None:
    line = along_surface(mesh, "quarter", "content")
    assert_allclose(line.position[[0, -1]], [-180, 180], rtol=0, atol=2)
    assert_allclose(line.values, 0.9, rtol=1e-6, atol=0)
    # x y / R^2 is one half at 45 degrees of the initial section, which moves to atan(1.3/1.8)
    fields = {**mesh.fields, "shear": mesh.fields["cauchy_stress_GPa"][:, 3]}
    shear = along_surface(replace(mesh, fields=fields), "quarter", "shear")
    peak = shear.position[(shear.position > 0) & (shear.position < 90)][
        np.argmax(shear.values[(shear.position > 0) & (shear.position < 90)])]
    assert_allclose(peak, np.degrees(np.arctan2(1.3, 1.8)), rtol=0, atol=1.5)  # nodes every 1.4 degrees


@pytest.mark.parametrize(("direction", "half"), [((1.0, 0.0), 108.0), ((0.0, 1.0), 78.0)])
def test_a_ray_runs_from_the_axis_to_the_deformed_surface(mesh: FrameMesh, direction: tuple[float, float],
                                                          half: float) -> None:
    line = along_ray(mesh, "hoop_stress_GPa", direction)
    assert_allclose([line.position[0], line.position[-1]], [0, half], rtol=0, atol=0.01 * half)
    # linear interpolation of a parabola between nodes 2 nm apart: 3 (1/60)^2 / 2
    assert_allclose(line.values, -1.5 + 3 * (line.position / half) ** 2, rtol=0, atol=2e-3)


def test_the_rose_is_the_ellipse_s(mesh: FrameMesh) -> None:
    line = rose(mesh, "quarter")
    along = dict(zip(np.rint(line.position).astype(int).tolist(), line.values.tolist(), strict=True))
    middle = 1 / np.sqrt(0.5 / 1.8**2 + 0.5 / 1.3**2)
    assert_allclose([along[k] for k in (0, 45, 90, 180, 270)], [1.8, middle, 1.3, 1.8, 1.3], rtol=1e-3, atol=0)


@pytest.mark.parametrize(("bulges", "depth", "expected"), [
    (2, 0.2, 2), (4, 0.2, 4), (6, 0.05, 6), (6, 0.004, 0), (1, 0.2, 1)])
def test_bulges_are_counted_and_roughness_is_not(mesh: FrameMesh, bulges: int, depth: float, expected: int) -> None:
    angle = np.arctan2(*mesh.points.T[::-1])
    grown = mesh.points * (0.5 + depth * np.cos(bulges * angle))[:, None]
    moved = replace(mesh, fields={**mesh.fields, "displacement": np.column_stack([grown, 0 * angle])})
    # a quarter's mirror images keep even numbers only; one bulge needs the whole outline
    if bulges % 2:
        full = np.radians(np.arange(-180, 180, 2.0))
        ring = FrameMesh(np.stack([np.cos(full), np.sin(full)], axis=1), _fan(len(full)), {})
        ring = replace(ring, fields={"displacement": np.column_stack(
            [ring.points * (0.5 + depth * np.cos(bulges * full))[:, None], 0 * full])})
        assert lobes(ring, "full") == expected
    else:
        assert lobes(moved, "quarter") == expected


def _fan(n: int) -> np.ndarray:
    """Quadratic triangles whose free edge is a closed ring of n nodes (the inner ones share the first node)."""
    rows = [[k, (k + 2) % n, 0, (k + 1) % n, 0, 0] for k in range(2, n - 2, 2)]
    return np.array([*rows, [0, 2, 0, 1, 0, 0], [n - 2, 0, 0, n - 1, 0, 0]])


def test_the_outline_has_the_ellipse_s_area(mesh: FrameMesh) -> None:
    x, y = outline(mesh, "quarter")
    area = 0.5 * abs(np.sum(x * np.roll(y, -1) - np.roll(x, -1) * y))
    assert_allclose(area, np.pi * 108 * 78, rtol=5e-4, atol=0)


def test_both_sides_of_the_front_are_told_apart(mesh: FrameMesh) -> None:
    ahead, behind = beside_front(mesh, "mean_stress_GPa")
    # the front is at r = 0.4, the bands at 0.36 and 0.44; the mean stress is -2 + 3 r^2
    assert_allclose([ahead, behind], [-2 + 3 * 0.36**2, -2 + 3 * 0.44**2], rtol=0, atol=0.04)
    assert np.isnan(beside_front(replace(mesh, fields={**mesh.fields, "extent": 0 * mesh.points[:, 0]}), "eqps")[0])
