"""An even front without stress in sections that are not round: the unreacted area against closed forms."""

from __future__ import annotations

import numpy as np
import pytest
from numpy.testing import assert_allclose
from numpy.typing import NDArray
from scipy.spatial import cKDTree
from scipy.special import ellipe

from femanode.mesh.build import make_section
from femanode.mesh.contact import Contact
from femanode.mesh.ellipse import Ellipse
from femanode.mesh.fill import fill_section
from femanode.mesh.hierarchy import refined_evenly
from femanode.mesh.outline import Outline
from femanode.mesh.polygon import Polygon
from femanode.mesh.spaces import Spaces, build_spaces
from femanode.solver.ends import usual_ends
from femanode.solver.stepping import Limits, Tally, march
from tests.fronts import layer, unstressed

Array = NDArray[np.float64]
DELTA, START = 0.5, 2.0
IMAGES = {"quarter": 4.0, "half": 2.0, "full": 1.0}


def spaces_of(outline: Outline, size: float, levels: int, sector: str) -> Spaces:
    section = refined_evenly(fill_section(outline, size, sector), levels)
    return build_spaces(section.mesh, section.outline)


def area_ahead(spaces: Spaces, distance: Array) -> float:
    """Area in which a linear field is negative, nm^2, exact on the sub-triangles."""
    values = np.sort(distance[spaces.sub], axis=0)
    low, mid, high = values
    with np.errstate(divide="ignore", invalid="ignore"):
        one = low**2 / ((mid - low) * (high - low))
        two = 1.0 - high**2 / ((high - low) * (high - mid))
    share = np.where(high <= 0, 1.0, np.where(low >= 0, 0.0, np.where(mid >= 0, one, two)))
    return float(np.sum(share * spaces.sub_area))


def areas(spaces: Spaces, depth: Array, times: list[float], delta: float = DELTA) -> list[float]:
    """Unreacted areas of the meshed sector when the middle of a front, at 1 nm/s, has gone on for the given times.

    It begins at the depth START, where its whole profile is there.
    """
    case = layer(spaces, depth, delta)
    limits, found = Limits(end=times[-1], front_advance=0.5, arrest=None, converted=None), []
    ends = usual_ends(limits.end, None, None)
    for candidate, _ in march(case.physics, case.state(START), limits, times, Tally(), unstressed, ends=ends):
        if any(abs(candidate.state.t - t) < 1e-9 for t in times):
            found.append(area_ahead(spaces, case.physics.front.log_odds(candidate.state.xi)))
    return found


def test_the_area_ahead_of_a_plane_front_is_counted_exactly() -> None:
    spaces = spaces_of(Polygon(4, 10.0), 2.5, 0, "quarter")
    assert_allclose(area_ahead(spaces, spaces.nodes[0] - 3.7), 37.0, rtol=1e-12)


def test_ellipse() -> None:
    a, b = 40.0, 20.0
    ellipse, P = Ellipse(a, b), 4.0 * a * float(ellipe(1.0 - (b / a) ** 2))
    spaces = spaces_of(ellipse, 2.5, 2, "quarter")
    depths = [4.0, 7.0, 10.0, 14.0, 17.0]
    found = np.array(areas(spaces, ellipse.depth(spaces.nodes), [L - START for L in depths])) * 4.0
    # P L - pi L^2 is swept until the parallel curve gets a corner, at L = b^2/a = 10 nm
    before = [np.pi * a * b - P * L + np.pi * L**2 for L in depths[:3]]
    assert_allclose(found[:3], before, rtol=5e-3)
    # later it is what lies farther from the ellipse than L, on a grid 0.1 nm wide
    t = np.linspace(0.0, 0.5 * np.pi, 4001)
    grid = np.stack(np.meshgrid(np.arange(0.05, a, 0.1), np.arange(0.05, b, 0.1))).reshape(2, -1)
    inside = (grid[0] / a) ** 2 + (grid[1] / b) ** 2 < 1.0
    gap, _ = cKDTree(np.stack([a * np.cos(t), b * np.sin(t)]).T).query(grid[:, inside].T)
    after = [4.0 * 0.01 * np.sum(gap > L) for L in depths[3:]]
    # of the whole area: at last 5 % of it are left
    assert_allclose(found[3:], after, rtol=0, atol=0.01 * np.pi * a * b)


def test_hexagon() -> None:
    r = 20.0
    hexagon = Polygon(6, r)
    spaces = spaces_of(hexagon, 2.5, 2, "quarter")
    depths = [4.0, 6.0, 8.0, 10.0, 14.0]
    found = np.array(areas(spaces, hexagon.depth(spaces.nodes), [L - START for L in depths])) * 4.0
    whole = 6.0 * np.tan(np.pi / 6.0) * r**2
    wanted = [whole * (1.0 - L / r) ** 2 for L in depths]
    # no corner meets another before the centre; the core's corners are rounded within a few half-thicknesses
    assert_allclose(found[:2], wanted[:2], rtol=0, atol=5e-3 * whole)
    assert_allclose(found, wanted, rtol=0, atol=1e-2 * whole)


@pytest.mark.parametrize("outline", [Ellipse(40.0, 20.0), Polygon(6, 20.0), Polygon(3, 20.0, 2.0)], ids=str)
def test_quarter_half_and_full_agree(outline: Outline) -> None:
    sectors = ("quarter", "half", "full")[("quarter", "half", "full").index(outline.smallest_sector):]
    meshes = [spaces_of(outline, 2.5, 0, sector) for sector in sectors]
    found = [np.array(areas(s, outline.depth(s.nodes), [3.0, 6.0], 2.5)) * IMAGES[sector]
             for s, sector in zip(meshes, sectors, strict=True)]
    for other in found[1:]:
        assert_allclose(other, found[0], rtol=1e-6)


@pytest.mark.parametrize("side", ["inner", "both"])
def test_annulus(side: str) -> None:
    R, r = 40.0, 20.0
    section = make_section("annulus", R, r, 0.5, "quarter", side)
    spaces = build_spaces(section.mesh, section.outline)
    # an even front at the depth L below each surface that reacts: the cylinder's law, mirrored
    for L in (4.0, 8.0):
        left = np.pi * (R**2 - (r + L) ** 2) if side == "inner" else np.pi * ((R - L) ** 2 - (r + L) ** 2)
        found = 4.0 * areas(spaces, section.outline.depth(spaces.nodes), [L - START])[0]
        assert_allclose(found, left, rtol=0, atol=5e-3 * np.pi * (R**2 - r**2))
        share = 1.0 - left / (np.pi * (R**2 - r**2))
        assert_allclose(section.outline.equivalent_depth(share), L, rtol=1e-12)


def test_a_contact_makes_a_front_that_goes_round_its_ends() -> None:
    # the upper side of a square, of which the front goes down; beyond its ends it is a quarter circle about them
    side = 16.0
    outline = Contact(Polygon(4, side), 0.25 * np.pi, 0.75 * np.pi)
    spaces = spaces_of(outline, 2.0, 1, "full")
    assert_allclose(spaces.reacting_length.sum(), 2.0 * side, rtol=1e-12)
    # a contact from corner to corner of the square has nothing beyond: the front is plane
    for L in (6.0, 12.0):
        found = areas(spaces, outline.depth(spaces.nodes), [L - START], 1.0)[0]
        assert_allclose(found, 2.0 * side * (2.0 * side - L), rtol=5e-3)
    half = Contact(Polygon(4, side), 0.5 * np.pi, 0.75 * np.pi)
    spaces = spaces_of(half, 2.0, 1, "full")
    assert_allclose(spaces.reacting_length.sum(), side, rtol=1e-12)
    for L in (6.0, 12.0):
        found = areas(spaces, half.depth(spaces.nodes), [L - START], 1.0)[0]
        gone = side * L + 0.25 * np.pi * L**2
        assert_allclose(4.0 * side**2 - found, gone, rtol=2e-2)
        assert_allclose(half.equivalent_depth(gone / (4.0 * side**2)), L, rtol=5e-3)
