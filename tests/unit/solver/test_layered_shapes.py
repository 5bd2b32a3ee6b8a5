"""Core and coating on outlines that are no circles: closed forms of thin coatings, balance of forces, carriers."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from numpy.testing import assert_allclose

from femanode.config.loading import Config
from femanode.errors import ConfigError
from femanode.mesh.section import COATING, CORE, REACTING
from femanode.output.fieldset import FieldSet
from femanode.solver.problem import Problem, build_problem
from tests.unit.solver.test_layered_wire import advanced, filled, inert, swollen

SHAPES: dict[str, dict[str, Any]] = {
    "ellipse": {"shape": "ellipse", "diameters": ["80 nm", "50 nm"]},
    "hexagon": {"shape": "polygon", "corners": 6, "diameter": "60 nm", "rounding": "8 nm"},
    "rectangle": {"shape": "rectangle", "diameters": ["80 nm", "50 nm"]}}
SOFT = inert(0.01, 0.25)


def problem(shape: str, size: float = 2.0, *, adaptive: bool = False, sector: str = "auto", strength: float = 1e6,
            symmetry: str = "plane", **layers: Any) -> Problem:
    """A wire whose host has E = 100 GPa and nu = 0.3, as in the tests of round ones."""
    host = {"mechanics.host.youngs_modulus": "100 GPa", "mechanics.host.poisson_ratio": 0.3,
            "mechanics.host.yield_stress": f"{strength} GPa"}
    return build_problem(Config.from_mapping({
        "name": "layers", "geometry": {**SHAPES[shape], "sector": sector, "symmetry": symmetry, **layers},
        "material": "Li-Si", "overrides": {"front.rates": {"isotropic": "0.05 nm/s"}, **host},
        "front": {"half_thickness": "4 nm"}, "mesh": {"element_size": f"{size} nm", "adaptive": adaptive},
        "solver": {"linear": "scipy"}, "time": {"end": "1 h"}}))


@pytest.mark.parametrize("shape", SHAPES)
def test_a_thin_soft_coating_is_stretched_along_the_outline_whatever_its_shape(shape: str) -> None:
    """In plane strain the wire swells by (1 + nu) e; sigma_t = E_c (1 + nu) e/(1 - nu_c^2), sigma_z = nu_c sigma_t."""
    wire, strain = problem(shape, coating={"thickness": "1 nm", "material": SOFT}), 1e-4
    tau = swollen(wire, strain).response.tau
    xx, yy, xy, zz = tau
    n = wire.outward_at_points
    across = xx * n[0] ** 2 + yy * n[1] ** 2 + 2.0 * xy * n[0] * n[1]
    coat = wire.physics.spaces.region == COATING
    # away from corners, where a coating of 1 nm is not thin against their radius
    flat = {"ellipse": np.abs(wire.physics.spaces.qp_xy[0]) < 25.0, "hexagon": np.zeros_like(zz, bool),
            "rectangle": np.abs(wire.physics.spaces.qp_xy[0]) < 30.0}[shape]
    if shape == "hexagon":
        x, y = wire.physics.spaces.qp_xy
        flat = np.abs((np.arctan2(y, x) + np.pi / 6.0) % (np.pi / 3.0) - np.pi / 6.0) < 0.25
    along = 0.01 * 1.3 * strain / (1.0 - 0.25**2)
    at = coat[:, None] & flat
    assert at.sum() > 20
    # the coating is 1 nm thick on a radius of curvature of 40 nm at least, and strained by the mean of its distance
    assert_allclose((xx + yy - across)[at], along, rtol=0.04)
    assert_allclose(zz[at], 0.25 * along, rtol=0.05)
    assert_allclose(across[at], 0.0, atol=0.04 * along)


@pytest.mark.parametrize("shape", SHAPES)
def test_the_stress_of_core_shell_and_coating_balances(shape: str) -> None:
    """The mean of the in-plane stress over the whole free section is zero, whatever the shape and the materials."""
    wire = problem(shape, core={"diameter": "30 nm", "material": inert(300.0, 0.2)},
                   coating={"thickness": "4 nm", "material": inert(70.0, 0.17)})
    tau, weight, region = swollen(wire, 1e-4).response.tau, wire.physics.spaces.weight, wire.physics.spaces.region
    largest = np.abs(tau[:2]).max()
    means = [[float(np.sum((weight * part)[region == number])) for part in tau[:2]]
             for number in (REACTING, CORE, COATING)]
    total = np.sum(means, axis=0) / weight.sum()
    # a stress that the solve leaves unbalanced is 1e-4 of the forces; finite strain adds as much
    assert_allclose(total, 0.0, atol=1e-3 * largest)
    # the shell pulls the core and the coating holds the shell
    assert min(means[1]) > 0.0 > max(means[0])


@pytest.mark.parametrize(("shape", "sectors"), [("ellipse", ("quarter", "half", "full")),
                                                ("hexagon", ("quarter", "full"))])
def test_sectors_are_the_same_run(shape: str, sectors: tuple[str, ...]) -> None:
    images, found = {"quarter": 4, "half": 2, "full": 1}, []
    for sector in sectors:
        wire = problem(shape, 3.0, sector=sector, strength=5.0, core={"diameter": "24 nm", "material": "C"},
                       coating={"thickness": "3 nm", "material": "SiO2"})
        wire, state = advanced(wire)
        found.append([images[sector] * float(np.sum(wire.physics.spaces.mass * wire.physics.content_at_nodes(state))),
                      float(state.eqps.max()), float(np.hypot(*state.u).max())])
    # equilibrium is solved to a relative residual of 1e-4
    assert_allclose(found[1:], found[:1] * (len(sectors) - 1), rtol=5e-4)
    assert found[0][0] > 20.0


@pytest.mark.parametrize("symmetry", ["plane", "axisymmetric"])
def test_no_carrier_is_in_the_layers_and_none_is_lost(symmetry: str) -> None:
    """Also of a spheroid; on a mesh that follows the front."""
    wire = problem("ellipse", 2.0, adaptive=True, symmetry=symmetry, strength=5.0,
                   core={"diameter": "60 nm", "material": inert(150.0, 0.2, 2.0)},
                   coating={"thickness": "3 nm", "material": inert(70.0, 0.17, 1.5, transport={
                       "diffusivity": "1e-14 cm^2/s"})})
    area = {"plane": np.pi * 1000.0 / 4.0 * (1.0 - 0.75**2),
            "axisymmetric": 2.0 / 3.0 * np.pi * 40.0**2 * 25.0 * (1.0 - 0.75**3)}[symmetry]
    assert_allclose(wire.physics.spaces.mass.sum(), area, rtol=5e-3)
    wire, state = filled(wire, 12)
    assert np.sum(wire.physics.spaces.mass * wire.physics.content_at_nodes(state)) > 0.1 * area
    assert np.isfinite(FieldSet(wire, state).hoop_stress).all()


@pytest.mark.parametrize(("geometry", "said"), [
    ({**SHAPES["ellipse"], "core": {"diameter": "80 nm", "material": "C"}},
     "geometry.core.diameter: found 80 nm; allowed: below diameters along x = 80 nm"),
    ({"shape": "annulus", "diameter": "60 nm", "inner_diameter": "20 nm",
      "core": {"diameter": "30 nm", "material": "C"}}, "geometry.core: .*shape: circle or ellipse or polygon"),
    ({**SHAPES["hexagon"], "contact": {"from": "0 deg", "to": "60 deg"},
      "coating": {"thickness": "2 nm", "material": "C"}}, "geometry.coating: found a coating with a contact")])
def test_layers_that_cannot_be_are_refused(geometry: dict[str, Any], said: str) -> None:
    with pytest.raises(ConfigError, match=said):
        Config.from_mapping({"name": "a", "geometry": geometry, "material": "Li-Si", "time": {"end": "1 h"},
                             "overrides": {"front.rates": {"isotropic": "0.05 nm/s"}}})
