"""Stabilised explicit steps: order and reach, on equations whose solution is known."""

import numpy as np
import pytest

from femanode.numerics.chebyshev import Stages, enough, stages


def step(method: Stages, rate: float, h: float) -> float:
    """What one step of dy/dt = rate y makes of 1."""
    older, old = 0.0, method.slope[1] * h * rate
    for j in range(2, len(method.slope)):
        older, old = old, (method.last[j] * old + method.before[j] * older + method.slope[j] * h * rate * (1.0 + old)
                           + method.first[j] * h * rate)
    return 1.0 + old


@pytest.mark.parametrize("count", [2, 3, 5, 12, 40])
def test_steps_are_of_second_order(count):
    errors = [step(stages(count), rate, 1.0) - np.exp(rate) for rate in (-0.01, -0.005, 0.01)]
    assert errors[0] / errors[1] == pytest.approx(8.0, rel=0.02)  # the local error is of third order
    assert abs(errors[2]) < 0.01**3 / 5.0


@pytest.mark.parametrize("count", [2, 3, 5, 12, 40])
def test_every_decay_within_reach_decays(count):
    method = stages(count)
    left = [abs(step(method, -rate, 1.0)) for rate in np.linspace(0.0, method.reach, 400)[1:]]
    assert max(left) < 1.0
    assert abs(step(method, -1.25 * method.reach, 1.0)) > 1.0


@pytest.mark.parametrize("reach", [0.0, 1.9, 12.5, 300.0, 12500.0])
def test_stages_are_just_enough(reach):
    method = enough(reach)
    count = len(method.slope) - 1
    assert method.reach >= reach
    assert count == 2 or stages(count - 1).reach < reach
    assert count <= 2 + 1.3 * np.sqrt(reach)
