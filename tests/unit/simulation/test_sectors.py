"""Quarter, half and full sections are one computation: same leaves, same lumped and recovered values, same history."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from numpy.testing import assert_allclose
from scipy.spatial import cKDTree

import femanode
from femanode.config.loading import Config
from femanode.constitutive.chemistry import IdealSolution
from femanode.constitutive.kinetics import MassAction
from femanode.mesh.build import make_section
from femanode.mesh.hierarchy import Hierarchy
from femanode.mesh.outline import Annulus
from femanode.mesh.recovery import Recovery
from femanode.mesh.spaces import Spaces
from femanode.postprocess.shape import Ray
from femanode.solver.axial import Axial
from femanode.solver.front import Front
from femanode.solver.grading import Grading, _wanted
from femanode.solver.problem import build_problem
from femanode.solver.transport import Transport
from tests.fronts import coarse_case
from tests.helpers import section_spaces

Array = np.ndarray
SECTORS = ("quarter", "half", "full")


@pytest.fixture(scope="module")
def family() -> dict[str, Spaces]:
    """One disc of radius 10 in its three sectors."""
    return {sector: section_spaces(10.0, 1.1, sector) for sector in SECTORS}


def places(part: Spaces, full: Spaces) -> np.ndarray:
    """Node of the full section at each node of a part of it."""
    gap, at = cKDTree(full.nodes.T).query(part.nodes.T)
    assert gap.max() == 0.0
    return np.asarray(at)


def even(xy: Array) -> Array:
    """A field with both mirrors, and a kink on the lines that a one-sided patch would take for a slope."""
    x, y = np.abs(xy)
    return np.asarray(np.cos(0.3 * x * y) + 0.4 * x + 0.2 * x * y - 0.3 * y)


def odd(xy: Array) -> Array:
    """Changes sign in both mirrors, as a shear stress does."""
    return np.asarray(np.sign(xy[0]) * np.sign(xy[1]) * even(xy))


@pytest.mark.parametrize("sector", ["quarter", "half"])
def test_recovered_values_are_those_of_the_full_section(family: dict[str, Spaces], sector: str) -> None:
    part, full = family[sector], family["full"]
    at = places(part, full)
    assert_allclose(Recovery(part)(even(part.qp_xy)), Recovery(full)(even(full.qp_xy))[at], rtol=0, atol=1e-12)
    shear = Recovery(part)(odd(part.qp_xy), odd=True)
    assert_allclose(shear, Recovery(full)(odd(full.qp_xy))[at], rtol=0, atol=1e-12)
    assert_allclose(shear[np.concatenate([part.x0, part.y0])], 0.0, rtol=0, atol=1e-13)
    # what has the wrong parity on a line cannot be read off there
    assert np.abs(Recovery(part)(odd(part.qp_xy)) - shear)[part.y0].max() > 0.1


def test_recovery_reproduces_what_is_linear_and_has_the_mirrors(family: dict[str, Spaces]) -> None:
    half, quarter = family["half"], family["quarter"]
    assert_allclose(Recovery(half)(2.0 - 0.7 * half.qp_xy[0]), 2.0 - 0.7 * half.nodes[0], rtol=0, atol=1e-12)
    assert_allclose(Recovery(half)(1.3 * half.qp_xy[1], odd=True), 1.3 * half.nodes[1], rtol=0, atol=1e-12)
    assert_allclose(Recovery(quarter)(np.full(quarter.weight.shape, 3.0)), 3.0, rtol=1e-12, atol=0)


def lumped() -> dict[str, Callable[[Spaces], Array]]:
    """Nodal quantities of a section with a lobed front, by name."""
    class Even:
        def rate(self, nx: Array, ny: Array) -> Array:
            return 0.05 * (1.0 + 0.3 * (nx**2 - ny**2))

    def xi(s: Spaces) -> Array:
        r, angle = np.hypot(*s.nodes), np.arctan2(s.nodes[1], s.nodes[0])
        return np.asarray(1.0 / (1.0 + np.exp((6.5 + 0.8 * np.cos(4.0 * angle) - r) / 0.8)))

    def front(s: Spaces) -> Front:
        return Front(s, 0.8, 0.35, Even(), MassAction(4e-3, -0.02, 0.05, 0.0), "scipy")

    def moved(s: Spaces) -> Array:
        f = front(s)
        n = f.normals(xi(s))
        return f.advance(xi(s), f.rate.rate(n[0], n[1]), n, 8.0)

    def depletion(s: Spaces) -> Array:
        transport = Transport(s, IdealSolution(0.5), lambda C: np.full_like(C, 0.3), 0.1, "scipy")
        return transport.solve(0.3 * xi(s), xi(s), np.zeros(s.n_nodes), even(s.nodes), 2.0)

    return {"to_nodes": lambda s: s.to_nodes(even(s.qp_xy)), "extrapolate": lambda s: s.extrapolate(even(s.qp_xy)),
            "normals": lambda s: front(s).normals(xi(s)), "average": lambda s: front(s).averager(xi(s))(even(s.qp_xy)),
            "advance": moved, "depletion": depletion}


@pytest.mark.parametrize("name", lumped())
@pytest.mark.parametrize("sector", ["quarter", "half"])
def test_lumped_quantities_are_those_of_the_full_section(family: dict[str, Spaces], sector: str, name: str) -> None:
    part, full, quantity = family[sector], family["full"], lumped()[name]
    assert_allclose(quantity(part), quantity(full)[..., places(part, full)], rtol=0, atol=1e-9)


def test_rays_along_symmetry_lines_sample_alike(family: dict[str, Spaces]) -> None:
    for direction in ((1.0, 0.0), (0.0, 1.0)):
        depths = [Ray(s, direction, Annulus(10.0)).front_depth(np.hypot(*s.nodes) + 0.3 * even(s.nodes) - 6.0)
                  for s in family.values()]
        assert 2.0 < depths[0] < 6.0
        assert_allclose(depths, depths[0], rtol=1e-12, atol=0)


@pytest.mark.parametrize("noise", [0.0, 1e-13])
def test_a_mirror_symmetric_front_gives_the_leaves_of_the_quarter_and_their_images(noise: float) -> None:
    """Also where distances agree to rounding only and sit on the thresholds of the grading."""
    found = {}
    for sector in SECTORS:
        h = Hierarchy(make_section("circle", 10.0, 0.0, 1.2, sector), 3)
        r, angle = np.hypot(*h.xy), np.arctan2(h.xy[1], h.xy[0])
        # 5 delta = 1.5 nm and half of what 1.2, 0.6 and 0.3 nm exceed 0.15 nm by are multiples of 0.075 nm
        distance = 0.075 * np.round((r - 8.5 - 0.5 * np.cos(2.0 * angle)) / 0.075 + 1e-6)
        distance += noise * np.random.default_rng(0).uniform(-1.0, 1.0, len(r))
        section, _ = h.section(h.grade(_wanted(h, Grading(), 0.3, distance)))
        found[sector] = set(map(tuple, (section.mesh.doflocs + 0.0).T.tolist()))
    quarter, half, full = (found[sector] for sector in SECTORS)
    assert half == quarter | {(-x + 0.0, y) for x, y in quarter}
    assert full == half | {(x, -y + 0.0) for x, y in half}
    assert len(full) < 0.6 * h.xy.shape[1]


def wire(sector: str, **sections: object) -> Config:
    """A 60-nm <110> silicon wire on a mesh that changes, until 35 % are converted."""
    return Config.from_mapping(coarse_case(
        geometry={"shape": "circle", "diameter": "60 nm", "sector": sector},
        crystal={"axis": [1, 1, 0], "in_plane": [1, -1, 0]}, overrides={"transport.diffusivity": "1e-6 cm^2/s",
                   "front.equilibrium_potential": "0.25 V"},
        front={"half_thickness": "3.6 nm"}, mesh={"element_size": "1.8 nm", "adaptive": True},
        time={"end": "1 h", "stop": {"converted": 0.35}}, output={"frames": 2, "pictures": False},
        solver={"linear": "scipy"}, **sections))


@pytest.fixture(scope="module")
def runs(tmp_path_factory: pytest.TempPathFactory) -> dict[str, femanode.Result]:
    folder: Path = tmp_path_factory.mktemp("sectors")
    return {sector: femanode.run(wire(sector), folder / sector) for sector in ("quarter", "full")}


def test_quarter_and_full_give_the_same_history(runs: dict[str, femanode.Result]) -> None:
    quarter, full = runs["quarter"].history, runs["full"].history
    assert runs["quarter"].manifest["mesh"]["meshes"] >= 2
    assert runs["full"].manifest["mesh"]["meshes"] == runs["quarter"].manifest["mesh"]["meshes"]
    assert len(quarter) == len(full) > 10
    assert quarter["diameter_x_nm"].iloc[-1] > 1.05 * quarter["diameter_y_nm"].iloc[-1]
    for name in quarter:
        if name not in ("content_error", "newton_iterations"):
            # factors in single precision: 1e-7 of each Newton step; the median of the reacted skin is over gauges,
            # and the full section has gauges across its mirrors
            atol = 1e-3 if name == "skin_thinning_excess" else 2e-5 if name == "skin_thinning" else 1e-6
            assert_allclose(full[name], quarter[name], rtol=1e-4, atol=atol, err_msg=name)


def test_a_quarters_and_a_full_sections_residuals_are_the_same_number() -> None:
    """Where Newton's method ends must not depend on how much of the section is meshed."""
    sizes = []
    for sector in SECTORS:
        problem = build_problem(Config.from_mapping(coarse_case(
            geometry={"shape": "circle", "diameter": "129 nm", "sector": sector},
            mechanics={"axial": "generalized"})))
        physics, state = problem.physics, problem.initial_state()
        nodes = physics.spaces.nodes
        u = nodes * np.array([[0.01], [-0.004]]) * (1.0 + 0.02 * np.hypot(*nodes))
        h, C = physics.content_at_points(state.xi, state.c)
        sizes.append(physics.mechanics.imbalance(u, Axial(1.003), state.Cp_inv, state.eqps, 1.0 + 0.1 * C,
                                                 physics.moduli(h, C), 1.0))
    assert sizes[0] > 0.01
    assert_allclose(sizes, sizes[0], rtol=1e-9, atol=0)
