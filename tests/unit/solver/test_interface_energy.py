"""A front that is an interface with an energy of its own: which way it drives, how fast, and where the energy goes."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from scipy.integrate import solve_ivp

from femanode.constitutive.kinetics import Interface
from femanode.constitutive.swelling import conversion
from femanode.solver.candidate import Candidate
from femanode.solver.physics import Physics
from femanode.solver.stepping import Limits, Tally, march
from tests.helpers import EV, KT_300K, isotropic_physics, pristine_state

#: The reaction gives 0.5 meV; around a core of 20 nm the interface gives 1.66 meV per carrier: gamma V_host/(x a), with
#: the content of 3.75 that the front forms at activity 1.
R, K, GAMMA, X, V_HOST, GROWTH, dG0 = 20.0, 0.2, 1.0, 3.75, 0.02, 0.02, -0.0005


def wire(interface: Interface | None) -> Physics:
    """One so soft that stress does a thousandth of the work of the interface."""
    physics = isotropic_physics(R, 2.0, 1.5, k=K, dG0=dG0, beta=GROWTH, sigma_Y=1e-3, host_sigma_Y=1e-3)
    return replace(physics, interface=interface)


def marched(physics: Physics, end: float) -> list[Candidate]:
    """All steps up to the time ``end``, s."""
    steps = march(physics, pristine_state(physics, R), Limits(end=end, arrest=None), [], Tally())
    return [candidate for candidate, _ in steps]


def radius(physics: Physics, xi: np.ndarray) -> float:
    """Radius of a round core with the area that has not reacted, nm."""
    left = physics.spaces.mass * (1.0 - conversion(xi, physics.front.start))
    return float(np.sqrt(4.0 * left.sum() / np.pi))


@pytest.fixture(scope="module")
def run() -> tuple[Physics, list[Candidate]]:
    """The steps of the wire with 1 J/m^2 from where the front has left the surface."""
    physics = wire(Interface(GAMMA, GROWTH))
    steps = marched(physics, 800.0)
    return physics, [step for step in steps if radius(physics, step.state.xi) < 15.0]


def test_without_interface_energy_the_reaction_gives_a_fourth_of_the_speed() -> None:
    # 200 s at k (1 - exp(-0.5 meV/kT)) = 0.00383 nm/s: 0.77 nm, of which the entry has its share
    physics = wire(None)
    assert R - radius(physics, marched(physics, 200.0)[-1].state.xi) < 1.0


def test_the_speed_around_a_core_is_that_of_the_energy_the_shrinking_interface_gives(
        run: tuple[Physics, list[Candidate]]) -> None:
    # da/dt = -k (1 - exp[(dG0 - gamma V/(x a))/kT])
    def shrink(_: float, a: np.ndarray) -> np.ndarray:
        return -K * (1.0 - np.exp((dG0 * EV - GAMMA * V_HOST / X / a) / KT_300K))

    physics, steps = run
    first, last = steps[0].state, next(s.state for s in steps if radius(physics, s.state.xi) < 10.0)
    exact = solve_ivp(shrink, (first.t, last.t), [radius(physics, first.xi)], rtol=1e-8, atol=1e-8).y[0, -1]
    assert radius(physics, last.xi) == pytest.approx(exact, abs=0.2)


def test_the_interface_gives_the_energy_of_the_length_it_loses(run: tuple[Physics, list[Candidate]]) -> None:
    physics, steps = run
    last = next(i for i, step in enumerate(steps) if radius(physics, step.state.xi) < 10.0)
    energies = [step.energy for step in steps[:last + 1] if step.energy is not None]
    shorter = radius(physics, steps[0].state.xi) - radius(physics, steps[last].state.xi)
    given = GAMMA * np.pi / 2.0 * shorter  # a quarter of the perimeter, per length of wire
    assert sum(energy.work for energy in energies[1:]) == pytest.approx(-given, rel=0.03)
    assert energies[-1].stored - energies[0].stored == pytest.approx(-given, rel=0.03)
