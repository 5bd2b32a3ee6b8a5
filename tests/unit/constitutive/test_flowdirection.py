"""Directions of flow beside the displacement: the equations they obey, and what they save."""

from __future__ import annotations

import dataclasses
from itertools import islice

import numpy as np
import pytest
from numpy.testing import assert_allclose, assert_array_equal
from numpy.typing import NDArray

from femanode.constitutive.elastoplasticity import Moduli, PointResponse, respond, trial_strain
from femanode.constitutive.flowdirection import AWAITING, Flow, turn
from femanode.numerics.linear import SymmetricSolver
from femanode.solver.elements import make_elements
from femanode.solver.stepping import Limits, Tally, march
from tests.helpers import isotropic_physics, moduli, pristine_state, unit_plastic

Array = NDArray[np.float64]
E, NU = 100.0, 0.28
SHAPE = (50, 3)


def tensor(four: Array) -> Array:
    """(3, 3, ...) of components 11, 22, 12, 33."""
    out = np.zeros((3, 3, *four.shape[1:]))
    out[0, 0], out[1, 1], out[2, 2], out[0, 1], out[1, 0] = four[0], four[1], four[3], four[2], four[2]
    return out


def product(a: Array, b: Array) -> Array:
    return np.einsum("ij...,ij...->...", a, b)


def law(H: float = 0.0, strength: float = 1.0) -> Moduli:
    return moduli(E, NU, strength, H, shape=SHAPE)


def at(F: Array, constants: Moduli, Jc: Array) -> PointResponse:
    return respond(F, 1.02, unit_plastic(SHAPE), np.zeros(SHAPE), Jc, constants, 1.0)


def deviator(F: Array, Jc: Array) -> Array:
    """Trial deviatoric strain (3, 3, ...), from the deformation."""
    strain = tensor(trial_strain(F, 1.02, unit_plastic(SHAPE), Jc)[0])
    return strain - np.einsum("ij,kk...->ij...", np.eye(3), strain) / 3.0


def two_iterates(seed: int = 0) -> tuple[Array, Array, Array]:
    """Deformations (2, 2, elem, qp) of two iterations, all points yielding at both, and Jc."""
    rng = np.random.default_rng(seed)
    F = np.eye(2)[:, :, None, None] + 0.2 * rng.normal(size=(2, 2, *SHAPE))
    return F, F + 0.04 * rng.normal(size=F.shape), rng.uniform(1.0, 1.5, SHAPE)


@pytest.mark.parametrize("H", [0.0, 4.0])
def test_direction_obeys_its_equation_linearised(H: float) -> None:
    """|d| s = d about the last iterate (d, s): |d| s' + s (d.d' - d.d)/|d| = d'; cut where |s'| > 1."""
    one, two, Jc = two_iterates()
    still = np.eye(2)[:, :, None, None]
    third = still + 0.5 * (two - still) + 0.02 * np.random.default_rng(1).normal(size=two.shape)
    flow, lengths = None, []
    for F, following in ((one, two), (two, third)):
        response = at(F, law(H), Jc)
        assert response.eqps.min() > 0
        _, flow = turn(response, np.zeros(SHAPE), Jc, law(H), flow)
        d0, s0, d1 = tensor(flow.strain), tensor(flow.direction), deviator(following, Jc)
        assert_allclose(d0, deviator(F, Jc), atol=1e-12)
        size = np.sqrt(product(d0, d0))
        wanted = (d1 - s0 * product(d0, d1 - d0) / size) / size
        length = np.sqrt(product(wanted, wanted))
        lengths.append(length)
        _, after = turn(at(following, law(H), Jc), np.zeros(SHAPE), Jc, law(H), flow)
        assert_allclose(tensor(after.direction), wanted / np.maximum(length, 1.0), atol=1e-12)
    assert lengths[1].max() > 1 and lengths[1].min() < 0.999


@pytest.mark.parametrize("H", [0.0, 4.0])
def test_tangent_gets_one_factor_foretold(H: float) -> None:
    """Beside Newton's it takes n s, symmetric, off the stiffness across the flow instead of n n: |tau|/|d| (...)."""
    one, two, Jc = two_iterates()
    first, second = at(one, law(H), Jc), at(two, law(H), Jc)
    _, start = turn(first, np.zeros(SHAPE), Jc, law(H), None)
    turned, flow = turn(second, np.zeros(SHAPE), Jc, law(H), start)
    s = tensor(flow.direction)
    tau, d = tensor(second.tau), deviator(two, Jc)
    tau -= np.einsum("ij,kk...->ij...", np.eye(3), tau) / 3.0
    n = d / np.sqrt(product(d, d))
    probe = tensor(np.random.default_rng(1).normal(size=(4, *SHAPE)))
    wanted = np.sqrt(product(tau, tau) / product(d, d)) * (
        n * product(n, probe) - 0.5 * (s * product(n, probe) + n * product(s, probe)))
    c = turned - np.asarray(second.tangent)
    p = (probe[0, 0], probe[1, 1], 2.0 * probe[0, 1], probe[2, 2])
    got = tensor(np.stack([c[0] * p[0] + c[2] * p[1] + c[3] * p[2] + c[6] * p[3],
                           c[2] * p[0] + c[1] * p[1] + c[4] * p[2] + c[7] * p[3],
                           c[3] * p[0] + c[4] * p[1] + c[5] * p[2] + c[8] * p[3],
                           c[6] * p[0] + c[7] * p[1] + c[8] * p[2] + c[9] * p[3]]))
    assert np.abs(wanted).max() > 1.0
    assert_allclose(got, wanted, atol=1e-11)


def test_newtons_tangent_where_nothing_is_foretold() -> None:
    """The same iterate again, or a point that was elastic before: both factors agree."""
    one, two, Jc = two_iterates()
    still = np.broadcast_to(np.eye(2)[:, :, None, None], one.shape)
    for before in (two, still):
        _, start = turn(at(before, law(), Jc * 0 + 1.0 if before is still else Jc), np.zeros(SHAPE), Jc, law(), None)
        second = at(two, law(), Jc)
        last = start if before is two else Flow(0.0 * start.strain, start.direction)
        tangent, _ = turn(second, np.zeros(SHAPE), Jc, law(), last)
        assert_allclose(tangent, np.asarray(second.tangent), atol=1e-10)


@pytest.mark.parametrize("H", [0.0, 4.0])
@pytest.mark.parametrize("Jc", [1.001, 1.3, 3.8])
def test_first_iteration_yields_to_the_swelling_that_awaits(Jc: float, H: float) -> None:
    """Undeformed, swollen by Jc: no deviator, so elastic; bulk K Jc stays, shear is strength over strain."""
    constants, eqps = law(H), np.full(SHAPE, 0.5)
    F = np.broadcast_to(np.eye(2)[:, :, None, None], (2, 2, *SHAPE))
    response = respond(F, 1.0, unit_plastic(SHAPE), eqps, np.full(SHAPE, Jc), constants, 1.0)
    c, _ = turn(response, eqps, np.full(SHAPE, Jc), constants, None)
    awaiting = AWAITING * np.log(Jc)
    shear = Jc * np.minimum(constants.G, (1.0 + 0.5 * H) / (2.0 * max(awaiting, 1e-12)))
    assert_allclose(c[5], shear, rtol=1e-10)
    for sums in (c[0] + c[2] + c[6], c[2] + c[1] + c[7], c[6] + c[7] + c[9]):
        assert_allclose(sums, 3.0 * constants.K * Jc, rtol=1e-10)
    assert_array_equal(c[[3, 4, 8]], 0.0)


def test_no_tangent_is_an_error() -> None:
    one, _, Jc = two_iterates()
    bare = dataclasses.replace(at(one, law(), Jc), tangent=None)
    with pytest.raises(ValueError, match="without tangent"):
        turn(bare, np.zeros(SHAPE), Jc, law(), None)


def test_a_soft_shell_swells_in_fewer_iterations(monkeypatch: pytest.MonkeyPatch) -> None:
    """Newton's method alone shortens steps where flow turns behind the front of a wire; both go the same way."""
    loops = type(make_elements(isotropic_physics(20.0, 4.0).spaces))
    monkeypatch.setattr(SymmetricSolver, "near", 1e-9)  # else conjugate gradients to 3 % add iterations to both
    runs = []
    for name in ("both", "newton"):
        if name == "newton":
            monkeypatch.setattr(loops, "turn", lambda self, response, *_: (response.tangent, None))
        physics = isotropic_physics(60.0, 2.0, sigma_Y=0.03, host_sigma_Y=3.0)
        steps = march(physics, pristine_state(physics, 60.0), Limits(end=np.inf, arrest=None), [], Tally())
        taken = [candidate for candidate, _ in islice(steps, 30)]
        states = [candidate.state for candidate in taken]
        runs.append((sum(c.equilibrium.iterations for c in taken if c.equilibrium), [s.t for s in states],
                     [physics.converted_fraction(s.xi) for s in states],
                     # of all the surface: a single node of an ideally plastic skin has nothing that holds it to 1e-3
                     [np.hypot(*(physics.spaces.nodes + s.u)[:, physics.spaces.outer]).mean() for s in states]))
    (with_flow, t, *figures), (newton, t_plain, *plain) = runs
    # Steps need not end at the same times, since one that fails is halved; a step of half a delta is a thirtieth of the
    # radius here, and a straight line between two of them is good to a hundredth of that.
    last = min(t[-1], t_plain[-1])
    for a, b in zip(figures, plain, strict=True):
        assert_allclose(np.interp(last, t, a), np.interp(last, t_plain, b), rtol=2e-3)
    assert with_flow < 0.9 * newton
