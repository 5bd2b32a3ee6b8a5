"""Anderson's mixing on iterations that diverge by themselves."""

from __future__ import annotations

import numpy as np
from numpy.testing import assert_allclose

from femanode.numerics.mixing import Anderson


def test_a_linear_iteration_is_solved_in_as_many_rounds_as_it_has_different_gains() -> None:
    # x -> b - A x with gains 6, 2.5 and 0.3: plain repetition diverges; the fixed point is b/(1 + gain)
    gain = np.repeat([6.0, 2.5, 0.3], 7)
    b, x = np.linspace(-1.0, 2.0, 21), np.zeros(21)
    mixing = Anderson(6, first=0.2)
    for _ in range(5):
        x = mixing.next(x, b - gain * x, np.ones(21))
    assert_allclose(x, b / (1.0 + gain), rtol=0, atol=1e-10)


def test_what_has_no_weight_does_not_disturb_the_mixture() -> None:
    gain = np.array([3.0, 3.0, 50.0])
    x, mixing, weight = np.zeros(3), Anderson(4, first=0.2), np.array([1.0, 1.0, 0.0])
    for _ in range(4):
        x = mixing.next(x, np.array([1.0, 2.0, 5.0]) - gain * x, weight)
    assert_allclose(x[:2], [0.25, 0.5], rtol=0, atol=1e-10)
