"""Hoop stretch of axisymmetric sections: F33 = 1 + u_r/r, and a stiffness that is the derivative of the forces."""

from __future__ import annotations

import numpy as np
import pytest
from numpy.testing import assert_allclose
from numpy.typing import NDArray

from femanode.constitutive.elastoplasticity import respond
from femanode.mesh.spaces import Spaces
from femanode.numerics import compiled
from femanode.solver.axial import STRAIGHT
from femanode.solver.elements import CompiledElements, Elements
from femanode.solver.mechanics import Mechanics
from femanode.solver.surfacefilm import surface_stretch
from femanode.verify.bench import ball, solved
from tests.helpers import moduli, unit_plastic

Array = NDArray[np.float64]
E, NU = 100.0, 0.28


@pytest.fixture(scope="module")
def sphere() -> Spaces:
    return ball(1.0, 0.5)


def test_a_ring_is_stretched_by_its_displacement_over_its_radius(sphere: Spaces) -> None:
    """u_r = a r + b r z has F33 = 1 + a + b z wherever r is, and no other displacement stretches a ring."""
    r, z = sphere.nodes
    mech = Mechanics(sphere, "quarter")
    found = mech.stretch(np.stack([0.1 * r + 0.2 * r * z, 5.0 * r + z**2]), STRAIGHT).F33
    # within straight elements the field is one of theirs; curved ones reproduce what is linear
    straight = np.flatnonzero(~np.isin(sphere.cells, sphere.outer).any(axis=0))
    assert_allclose(found[straight], (1.1 + 0.2 * sphere.qp_xy[1])[straight], rtol=0, atol=1e-13)
    assert_allclose(mech.stretch(0.1 * sphere.nodes, STRAIGHT).F33, 1.1, rtol=0, atol=1e-13)


@pytest.mark.parametrize("kernels", ["numpy", "numba"])
@pytest.mark.parametrize("strength", [np.inf, 1.0])
def test_the_stiffness_is_the_derivative_of_the_forces(sphere: Spaces, strength: float, kernels: str) -> None:
    """Forces, those of a pressure with them, by fourth-order differences against the matrix; it is symmetric."""
    if kernels == "numba" and not compiled.available():
        pytest.skip("needs numba")
    s, rng = sphere, np.random.default_rng(3)
    mech = Mechanics(s, "quarter", pressure=20.0)
    mech.elements = (CompiledElements if kernels == "numba" else Elements)(s)
    shape = s.weight.shape

    def displaced(size: float) -> Array:
        # nothing moves off the axis, where u_r/r must stay finite
        return size * rng.normal(size=s.nodes.shape) * np.stack([s.nodes[0], np.ones(s.n_nodes)])

    u0 = displaced(0.05)
    past = respond(mech.deformation(displaced(0.02)), 1.03, unit_plastic(shape), np.zeros(shape), np.ones(shape),
                   moduli(E, NU, 0.5, shape=shape), 1.0)
    Jc, law = rng.uniform(1.0, 1.3, shape), moduli(E, NU, strength, 3.0, shape=shape)

    def forces(x: Array) -> Array:
        u = x.reshape(-1, 2).T
        stretch = mech.stretch(u, STRAIGHT)
        response, parts = mech.elements.respond(mech.deformation(u), stretch, past.Cp_inv, past.eqps, Jc, law, 1.0)
        return mech._assemble(parts, stretch, response, u)[0]

    x0, step = u0.T.ravel(), 3e-5
    wanted = np.zeros((len(mech._free), len(mech._free)))
    for column, i in enumerate(mech._free):
        e = np.zeros_like(x0)
        e[i] = step
        wanted[:, column] = (-forces(x0 + 2 * e) + 8 * forces(x0 + e) - 8 * forces(x0 - e) + forces(x0 - 2 * e)) / (
            12 * step)
    F, stretch = mech.deformation(u0), mech.stretch(u0, STRAIGHT)
    response, _ = mech.elements.respond(F, stretch, past.Cp_inv, past.eqps, Jc, law, 1.0)
    if strength < 2:
        assert np.mean(response.eqps > past.eqps + 1e-3) > 0.9
    Ke, coupling, K33 = mech.elements.stiffness(F, stretch, response, calm=False)
    assert mech.pressure is not None
    mech.pressure.stiffen(Ke, coupling, K33, u0, STRAIGHT)
    got = mech._pattern.matrix(Ke).toarray()
    assert_allclose(got, wanted, rtol=1e-6, atol=2e-7 * np.abs(wanted).max())
    assert_allclose(got, got.T, rtol=0, atol=1e-12 * np.abs(got).max())


@pytest.mark.parametrize("calm", [False, True])
def test_compiled_loops_give_numpys_numbers(sphere: Spaces, calm: bool) -> None:
    pytest.importorskip("numba")
    s, rng = sphere, np.random.default_rng(0)
    u = 0.1 * rng.normal(size=s.nodes.shape) * np.stack([s.nodes[0], np.ones(s.n_nodes)])
    shape, results = s.weight.shape, []
    for loops in (Elements(s), CompiledElements(s)):
        F, stretch = loops.deformation(u), loops.stretch(u, STRAIGHT)
        response, forces = loops.respond(F, stretch, unit_plastic(shape), np.zeros(shape), np.full(shape, 1.2),
                                         moduli(E, NU, 1.0, 2.0, shape=shape), 1.0)
        results.append((forces.copy(), loops.stiffness(F, stretch, response, calm=calm)[0]))
    for got, wanted in zip(results[1], results[0], strict=True):
        assert_allclose(got, wanted, rtol=0, atol=1e-12 * np.abs(wanted).max())


def test_an_even_pressure_gives_an_even_stress_and_its_work_is_that_of_the_volume(sphere: Spaces) -> None:
    """All three normal stresses are -p, the radius shrinks by (1 - 2 nu) p/E, and the load's work is -p times dV."""
    p = 1e-4
    s = ball(1.0, 0.1)
    mech = Mechanics(s, "quarter", pressure=p, tolerance=1e-11)
    eq, response = solved(mech, 1.0, moduli(E, NU, shape=s.weight.shape))
    # second order in the elements: curved ones do not integrate the rings exactly
    for part in (0, 1, 3):
        assert np.average(response.tau[part], weights=s.weight) == pytest.approx(-p, rel=1e-3)
    radius = np.hypot(*(s.nodes + eq.u))[s.outer]
    assert_allclose(radius, 1.0 - (1.0 - 2.0 * NU) * p / E, rtol=0, atol=1e-3 * p / E)
    lost = 2.0 / 3.0 * np.pi * (1.0 - radius.mean() ** 3)  # of the half that is meshed
    assert mech.load_work((np.zeros_like(eq.u), eq.u), (STRAIGHT, STRAIGHT)) == pytest.approx(p * lost, rel=2e-3)


def test_free_swelling_of_a_sphere_is_without_stress(sphere: Spaces) -> None:
    eq, response = solved(Mechanics(sphere, "quarter", tolerance=1e-10), 1.3, moduli(E, NU, 1.0,
                                                                                     shape=sphere.weight.shape))
    assert_allclose(eq.F33, 1.3 ** (1 / 3), rtol=0, atol=1e-9)
    assert_allclose(response.tau, 0.0, atol=1e-7)


def test_a_film_breaks_by_the_area_of_a_swelling_sphere(sphere: Spaces) -> None:
    """A sphere grown by a tenth has 1.21 of its surface; the section's outline has 1.1."""
    u = 0.1 * sphere.nodes
    mech = Mechanics(sphere, "quarter")
    stretch = surface_stretch(sphere, mech.deformation(u), mech.stretch(u, STRAIGHT).F33)
    assert_allclose(stretch[sphere.reacting], 1.21, rtol=1e-12)
    assert_allclose(np.delete(stretch, sphere.reacting), 1.0, rtol=0)
