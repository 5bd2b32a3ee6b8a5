"""k(n) between the directions given; expected numbers are worked out by hand."""

from __future__ import annotations

from itertools import permutations, product

import numpy as np
import pytest
from numpy.testing import assert_allclose

from femanode.constitutive.crystal.miller import make_frame
from femanode.constitutive.crystal.rates import DirectionLaw, make_direction_law
from femanode.constitutive.crystal.symmetry import section_symmetry
from femanode.errors import ConfigError

SILICON = {"100": 0.02, "110": 0.12, "111": 0.01}
TABLE = {"100": 0.02, "110": 0.12, "111": 0.01, "112": 0.07}
ANGLES = np.linspace(0.0, 2.0 * np.pi, 97)


def at(law: DirectionLaw, angle: float | np.ndarray) -> np.ndarray:
    """k at an in-plane angle."""
    return law.rate(np.cos(angle), np.sin(angle))


def along(law: DirectionLaw, direction: tuple[int, int, int]) -> float:
    """k along an in-plane Miller direction."""
    x, y, z = law.frame.rotation @ np.array(direction) / np.linalg.norm(direction)
    assert abs(z) < 1e-12
    return float(law.rate(np.array(x), np.array(y)))


def test_cubic_law_returns_its_data_and_the_closed_form_along_112() -> None:
    law = make_direction_law(SILICON, "cubic", make_frame([1, -1, 0], [1, 1, 0]))
    for direction, k in [((0, 0, 1), 0.02), ((1, 1, 0), 0.12), ((1, 1, 1), 0.01), ((-1, -1, 1), 0.01)]:
        assert_allclose(along(law, direction), k, rtol=1e-13)
    # sum n^4 = 1/2 and n1^2 n2^2 n3^2 = 1/54 there: k = k100^(1/6) k110^(1/3) k111^(1/2)
    assert_allclose(along(law, (1, 1, 2)), 0.02 ** (1 / 6) * 0.12 ** (1 / 3) * 0.01**0.5, rtol=1e-13)


def test_cubic_law_is_invariant_under_the_48_operations() -> None:
    axis, x = np.array([1, 2, 3]), np.array([1, 1, -1])
    reference = make_direction_law(TABLE, "cubic", make_frame(axis.tolist(), x.tolist()))
    harmonic = make_direction_law(SILICON, "cubic", reference.frame)
    count = 0
    for order, signs in product(permutations(range(3)), product((1, -1), repeat=3)):
        operation = (np.eye(3, dtype=int) * signs)[list(order)]
        turn = round(np.linalg.det(operation))
        frame = make_frame((operation @ axis).tolist(), (operation @ x).tolist())
        # an improper operation turns y over: y = z x x is an axial vector
        for law, rates in ((reference, TABLE), (harmonic, SILICON)):
            turned = make_direction_law(rates, "cubic", frame)
            assert_allclose(at(turned, ANGLES), at(law, turn * ANGLES), rtol=1e-11)
        count += 1
    assert count == 48
    assert not np.allclose(at(harmonic, ANGLES), at(harmonic, -ANGLES), rtol=1e-2)


@pytest.mark.parametrize(
    ("axis", "x"), [((0, 1, 1), (0, 1, -1)), ((-1, 0, 1), (1, 0, 1)), ((1, -1, 0), (1, 1, 0))]
)
def test_equivalent_110_wires_have_the_same_law(axis: tuple[int, int, int], x: tuple[int, int, int]) -> None:
    first = make_direction_law(SILICON, "cubic", make_frame([1, 1, 0], [1, -1, 0]))
    assert_allclose(
        at(make_direction_law(SILICON, "cubic", make_frame(axis, x)), ANGLES), at(first, ANGLES), rtol=1e-12
    )
    # [110] and not [100]: the slowest direction 111 lies in the plane at 35.26 degrees from [1-10]
    assert_allclose(at(first, np.radians(35.264389682754654)), 0.01, rtol=1e-12)


def test_orthorhombic_and_uniaxial_laws_are_geometric_means() -> None:
    rates = {"100": 0.01, "010": 0.16, "001": 0.02}
    law = make_direction_law(rates, "orthorhombic", make_frame([0, 0, 1], structure="orthorhombic"))
    assert_allclose(at(law, np.array([0.0, np.pi / 2, np.pi / 4])), [0.01, 0.16, 0.04], rtol=1e-13)
    # at 30 degrees cos^2 = 3/4: 0.01^(3/4) 0.16^(1/4) = 0.02
    assert_allclose(at(law, np.pi / 6), 0.02, rtol=1e-13)
    uniaxial = make_direction_law(
        {"100": 0.04, "001": 0.01}, "uniaxial", make_frame([1, 2, 0], structure="uniaxial")
    )
    assert_allclose(along(uniaxial, (2, -1, 0)), 0.04, rtol=1e-13)
    assert_allclose(along(uniaxial, (0, 0, 1)), 0.01, rtol=1e-13)


def test_void_normal_gives_the_geometric_mean_over_angles() -> None:
    law = make_direction_law(SILICON, "cubic", make_frame([0, 0, 1]))
    # mean of n1^4 + n2^4 = (3 + cos 4 theta)/4 is 3/4: sqrt(k100 k110); the harmonic at n = 0 would give 0.72
    mean = np.sqrt(0.02 * 0.12)
    nx = np.array([0.0, 1e-9, -3e-5, 1.0, 0.3, np.nan])
    assert_allclose(law.rate(nx, np.zeros(6)), [mean, mean, mean, 0.02, 0.02, np.nan], rtol=1e-12)
    assert_allclose((law.mean, law.maximum), (mean, 0.12), rtol=1e-12)
    assert law.rate(np.zeros((4, 3)), np.ones((4, 3))).shape == (4, 3)


def test_amorphous_layer_mixes_logarithms() -> None:
    frame = make_frame([0, 0, 1])
    half = make_direction_law(SILICON, "cubic", frame, amorphous_fraction=0.5, amorphous_rate=0.08)
    # sqrt(0.02 * 0.08) = 0.04; a mean of rates would give 0.05
    assert_allclose(at(half, 0.0), 0.04, rtol=1e-13)
    assert_allclose(half.mean, np.sqrt(np.sqrt(0.02 * 0.12) * 0.08), rtol=1e-12)
    whole = make_direction_law(SILICON, "cubic", frame, amorphous_fraction=1.0, amorphous_rate=0.08)
    assert_allclose(at(whole, ANGLES), 0.08, rtol=1e-13)


def test_isotropic_law_is_constant_in_any_structure() -> None:
    law = make_direction_law({"isotropic": 0.05}, "cubic", make_frame([1, 2, 3]))
    assert_allclose(at(law, ANGLES), 0.05, rtol=1e-14)
    assert_allclose((law.mean, law.maximum), 0.05, rtol=1e-14)
    assert section_symmetry(law) == "quarter"


def test_table_is_exact_at_the_data_and_stays_within_their_range() -> None:
    law = make_direction_law(TABLE, "cubic", make_frame([1, -1, 0], [1, 1, 0]))
    for direction, k in [((0, 0, 1), 0.02), ((-1, -1, 0), 0.12), ((1, 1, -1), 0.01), ((1, 1, 2), 0.07)]:
        assert_allclose(along(law, direction), k, rtol=1e-13)
    fine = at(law, np.linspace(0.0, np.pi, 20001))
    assert fine.min() >= 0.01 * (1 - 1e-12)
    assert fine.max() <= 0.12 * (1 + 1e-12)
    # largest change of slope between neighbouring samples; a kink would give the slope itself, about 10
    assert np.abs(np.diff(np.log(fine), 2)).max() * 20000 / np.pi < 0.1


def test_table_weights_by_inverse_fourth_power_of_the_chord() -> None:
    frame = make_frame([0, 0, 1], structure="orthorhombic")
    law = make_direction_law({"100": 1.0, "0-10": np.e}, "orthorhombic", frame)
    # at 30 degrees: 1/(1 - c)^2 + 1/(1 + c)^2 is 56 for c = cos 30 and 40/9 for c = cos 60
    assert_allclose(np.log(at(law, np.pi / 6)), (40 / 9) / (56 + 40 / 9), rtol=1e-12)
    assert_allclose(np.log(at(law, np.pi / 4)), 0.5, rtol=1e-12)


@pytest.mark.parametrize(
    ("rates", "structure", "message"),
    [
        ({"100": 0.0, "110": 1.0, "111": 1.0}, "cubic", r"front.rates.100: rate 0.0 nm/s"),
        ({"100": float("nan")}, "cubic", r"front.rates.100: rate nan"),
        ({"100": -1.0}, "cubic", "a finite rate above 0"),
        ({}, "cubic", "no rates"),
        ({"110": 1.0, "1-10": 2.0}, "cubic", r"front.rates.1-10: a second rate .*\[110\]"),
        ({"100": 1.0, "010": 1.0}, "uniaxial", "one rate per family"),
        ({"up": 1.0}, "cubic", "front.rates.up: 'up' is not a Miller direction"),
        ({"isotropic": 1.0, "110": 1.0}, "cubic", "isotropic alone"),
        ({"110": 1.0}, "isotropic", "isotropic alone"),
    ],
)
def test_rates_that_make_no_law_are_refused(rates: dict[str, float], structure: str, message: str) -> None:
    with pytest.raises(ConfigError, match=message):
        make_direction_law(rates, structure, make_frame([0, 0, 1], structure=structure))


@pytest.mark.parametrize(
    ("fraction", "rate", "message"),
    [
        (1.2, 0.1, "fraction 1.2"),
        (float("nan"), 0.1, "0 to 1"),
        (0.5, None, "no amorphous rate"),
        (0.5, 0.0, "rate 0.0"),
    ],
)
def test_amorphisation_out_of_range_is_refused(fraction: float, rate: float | None, message: str) -> None:
    with pytest.raises(ConfigError, match=message):
        make_direction_law(SILICON, "cubic", make_frame([0, 0, 1]), fraction, rate)


@pytest.mark.parametrize(("rates", "axis", "share", "isotropic"), [
    ({"isotropic": 0.05}, (1, 1, 0), 0.0, True), ({"100": 0.02, "110": 0.12, "111": 0.01}, (1, 1, 0), 0.0, False),
    ({"100": 0.02, "110": 0.12, "111": 0.01}, (1, 1, 0), 1.0, True)])
def test_a_law_knows_whether_it_keeps_a_wire_round(rates: dict[str, float], axis: tuple[int, int, int], share: float,
                                                   isotropic: bool) -> None:
    # a front that amorphises whole has one rate, whatever the crystal
    law = make_direction_law(rates, "cubic", make_frame(axis, None, "cubic"), share, 0.05)
    assert law.isotropic is isotropic
