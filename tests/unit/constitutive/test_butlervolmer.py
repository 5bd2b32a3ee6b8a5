"""Butler and Volmer: asinh for equal shares, Tafel's slope, Ohm's law at small currents, both signs."""

from __future__ import annotations

import numpy as np
import pytest

from femanode.constitutive.butlervolmer import ButlerVolmer
from femanode.constitutive.chemistry import IdealSolution
from femanode.solver.applied import Applied
from femanode.solver.failure import StepFailed

THERMAL = 0.025852


@pytest.mark.parametrize("ratio", [1e-3, 0.3, 5.0, 2e3])
def test_equal_shares_give_a_hyperbolic_sine(ratio: float) -> None:
    law = ButlerVolmer(2.0, 0.5, THERMAL)
    for sign in (1.0, -1.0):
        exact = 2.0 * THERMAL * np.arcsinh(0.5 * sign * ratio)
        assert law.overpotential(sign * ratio * 2.0) == pytest.approx(exact, rel=1e-10)


def test_tafel_and_ohm() -> None:
    law = ButlerVolmer(1.0, 0.3, THERMAL)
    assert law.overpotential(1e8) - law.overpotential(1e7) == pytest.approx(THERMAL * np.log(10.0) / 0.3, rel=1e-4)
    assert law.overpotential(-1e8) - law.overpotential(-1e7) == pytest.approx(-THERMAL * np.log(10.0) / 0.7, rel=1e-3)
    assert law.overpotential(1e-6) == pytest.approx(THERMAL * 1e-6, rel=1e-4)
    assert law.overpotential(0.0) == 0.0


@pytest.mark.parametrize("ratio", [1e-9, 1e-16, -1e-20, 1e-200])
def test_a_current_far_below_the_exchange_current_has_ohms_overpotential(ratio: float) -> None:
    # exp(x) - exp(-y) loses such a current beside 1, and the root then has no bracket
    assert ButlerVolmer(1.0, 0.3, THERMAL).overpotential(ratio) == pytest.approx(THERMAL * ratio, rel=1e-6, abs=0.0)


@pytest.mark.parametrize("current", [np.nan, np.inf, -np.inf])
def test_a_current_that_is_no_number_has_no_overpotential_and_fails_a_step(current: float) -> None:
    law = ButlerVolmer(1.0, 0.3, THERMAL)
    assert np.isnan(law.overpotential(current))
    held = Applied(level=0.5, reaction=law)
    with pytest.raises(StepFailed, match="the transfer through the surface gave a value that is not finite"):
        held.depletion_outside(IdealSolution(at_front=0.1, thermal=THERMAL), most=current, takes=2.0)
