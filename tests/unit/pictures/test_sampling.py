"""Fields at places of a section in its true shape: every place inside is found, and it is the right one."""

from __future__ import annotations

import numpy as np
from numpy.testing import assert_allclose

from femanode.pictures.sampling import sample_grid, sample_points

# Corners and middles of the sides of the two triangles of a square of 2 x 2 intervals, in VTK's order.
HALVES = [[(0, 0), (2, 0), (2, 2), (1, 0), (2, 1), (1, 1)], [(0, 0), (2, 2), (0, 2), (1, 1), (1, 2), (0, 1)]]


def swollen(s: np.ndarray, t: np.ndarray) -> np.ndarray:
    """Places of the unit square after a growth that is larger at one side: middles of sides leave their middles."""
    return np.column_stack([s + 0.8 * s**2, t * (1.0 + 0.6 * s**2)])


def curved_mesh(n: int = 4) -> tuple[np.ndarray, np.ndarray]:
    line = np.linspace(0.0, 1.0, 2 * n + 1)
    s, t = (a.ravel() for a in np.meshgrid(line, line))
    cells = [[2 * i + a + (2 * j + b) * len(line) for a, b in half] for i in range(n) for j in range(n)
             for half in HALVES]
    return swollen(s, t), np.array(cells)


def test_every_place_inside_a_swollen_section_is_found_where_it_is() -> None:
    points, triangles = curved_mesh()
    line = np.linspace(0.05, 0.95, 31)
    places = swollen(*(a.ravel() for a in np.meshgrid(line, line)))
    found = sample_points(points, triangles, {"x": points[:, 0], "y": points[:, 1]}, places)
    # the place itself as the field: rounding only; a place that is not found would be NaN
    assert_allclose(np.column_stack([found["x"], found["y"]]), places, rtol=0, atol=1e-9)


def test_a_grid_has_no_holes_and_nothing_outside() -> None:
    points, triangles = curved_mesh()
    found = sample_grid(points, triangles, {"x": points[:, 0]}, (0.05, 0.05), 0.1, (20, 17))["x"]
    x, y = np.meshgrid(0.05 + 0.1 * np.arange(20), 0.05 + 0.1 * np.arange(17))
    s = (np.sqrt(1.0 + 3.2 * x) - 1.0) / 1.6
    top = 1.0 + 0.6 * s**2
    # chords stand in for curved sides: within 0.01 of the edge either may be
    assert_allclose(found[(x < 1.79) & (y < top - 0.01)], x[(x < 1.79) & (y < top - 0.01)], rtol=0, atol=1e-9)
    assert np.isnan(found[(x > 1.81) | (y > top + 0.01)]).all()
