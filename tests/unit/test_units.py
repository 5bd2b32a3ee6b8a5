"""units: every number here follows from SI definitions, not from the code."""

from __future__ import annotations

import random
import subprocess
import sys
from decimal import Decimal

import pint
import pytest

from femanode.errors import ConfigError
from femanode.units import COMMON, E_CHARGE, EV, FARADAY_MAH, K_B, MEANING, N_A, format_quantity, parse_quantity

REGISTRY: pint.UnitRegistry[Decimal] = pint.UnitRegistry(non_int_type=Decimal, cache_folder=None)


def test_constants_are_the_exact_si_values() -> None:
    # 1 GPa nm^3 = 1e9 Pa * 1e-27 m^3 = 1e-18 J
    assert pytest.approx(1.380649e-23 / 1e-18, rel=1e-15) == K_B
    assert EV == E_CHARGE == pytest.approx(1.602176634e-19 / 1e-18, rel=1e-15)
    assert N_A == 6.02214076e23
    # CODATA: F = 96485.33212 C/mol; 1 mAh = 3.6 C
    assert pytest.approx(96485.33212 / 3.6, rel=1e-10) == FARADAY_MAH
    # k_B T at 300 K is 25.852 meV
    assert pytest.approx(0.025852, rel=1e-4) == K_B * 300 / EV


@pytest.mark.parametrize(
    ("text", "unit", "value"),
    [
        ("129 nm", "nm", 129.0),
        ("  129nm ", "nm", 129.0),
        ("0.129 µm", "nm", 129.0),
        ("0.129 \u03bcm", "nm", 129.0),
        ("20.02 Å^3", "nm^3", 0.02002),
        ("20.02 \u212b^3", "nm^3", 0.02002),
        ("20.02 Å³", "nm^3", 0.02002),
        ("20.02 angstrom^3", "nm^3", 0.02002),
        ("1.0 GPa", "GPa", 1.0),
        ("750 MPa", "GPa", 0.75),
        ("2e-11 m/s", "nm/s", 0.02),
        ("5.1e-12 cm^2/s", "nm^2/s", 510.0),
        ("5.1E-12 cm**2/s", "nm^2/s", 510.0),
        ("5.1e-12 cm²/s", "nm^2/s", 510.0),
        ("5.1e-12 cm² s⁻¹", "nm^2/s", 510.0),
        ("10 J/m^2", "J/m^2", 10.0),
        ("10 GPa nm", "J/m^2", 10.0),
        ("3579 mAh/g", "mAh/g", 3579.0),
        ("3579 Ah/kg", "mAh/g", 3579.0),
        ("10 mV", "V", 0.01),
        ("-0.15 eV", "GPa nm^3", -0.02403264951),
        ("1.5 h", "s", 5400.0),
        ("300 K", "K", 300.0),
        ("2 nN", "nN", 2.0),
        ("2 µN", "nN", 2000.0),
        ("1e-3 1/s", "1/s", 1e-3),
        ("1e-3 /s", "1/s", 1e-3),
        ("6 1/min", "1/s", 0.1),
        ("28.09 g/mol", "g/mol", 28.09),
        ("3 deg", "deg", 3.0),
        ("3°", "deg", 3.0),
        ("3 degrees", "deg", 3.0),
        ("0.05 rad", "deg", 2.864788975654116),
    ],
)
def test_quantity_becomes_internal_number(text: str, unit: str, value: float) -> None:
    # Scaling is decimal, so decimal prefixes add no rounding at all.
    assert parse_quantity(text, unit) == value


@pytest.mark.parametrize("number", [129, 129.5, "129", "-3e5", 0])
def test_bare_number_is_refused_with_the_spelling(number: object) -> None:
    with pytest.raises(ConfigError, match=f"without a unit.*write '{number} nm'"):
        parse_quantity(number, "nm")


def test_wrong_dimension_names_both() -> None:
    with pytest.raises(ConfigError, match=r"'GPa', which measures a stress; allowed: a length"):
        parse_quantity("129 GPa", "nm")


def test_ampere_is_not_angstrom() -> None:
    with pytest.raises(ConfigError, match="A is the ampere: write Å or angstrom"):
        parse_quantity("20.02 A^3", "nm^3")


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("nan nm", "found 'nan nm'"),
        ("inf nm", "found 'inf nm'"),
        ("1e999 nm", "not finite"),
        (float("nan"), "found nan"),
        (True, "found True"),
        (None, "found None"),
        ([1], "found"),
        ("", "allowed: a length"),
        ("nm", "allowed: a length"),
        ("129 nmm", "'nmm', which is not known"),
        ("129 9 nm", "not known"),
        ("129,5 nm", "decimals with a point"),
        ("1 nm^999999999", "not known"),
        ("1 nm**(9**9)**9", "not known|measures"),
        ("1 __import__('os')", "not known"),
        ("1 " + "(" * 60, "not known"),
        ("1" * 200 + " nm", "found"),
    ],
)
def test_nonsense_is_one_config_error(text: object, message: str) -> None:
    with pytest.raises(ConfigError, match=message) as caught:
        parse_quantity(text, "nm")
    assert "\n" not in str(caught.value)


def test_what_has_no_dimension_is_no_angle() -> None:
    # Taken as a plain factor, 3 percent would become 1.7 degrees.
    with pytest.raises(ConfigError, match=r"'percent', which is no angle; allowed: an angle .*'3 deg'"):
        parse_quantity("3 percent", "deg")
    with pytest.raises(ConfigError, match="'nm', which measures a length"):
        parse_quantity("3 nm", "deg")


def test_shifted_temperature_scale_is_refused() -> None:
    # Taken as a plain factor, 27 degC would become 27 * 274.15 K.
    for text in ("27 degC", "27 °C", "27 C"):  # and C is a coulomb elsewhere
        with pytest.raises(ConfigError, match=r"an absolute temperature .*write '300\.15 K'"):
            parse_quantity(text, "K")
    with pytest.raises(ConfigError, match=r"shifted zero.*'300 K'"):
        parse_quantity("80 degF", "K")


def test_a_bare_potential_is_as_likely_in_volts() -> None:
    with pytest.raises(ConfigError, match=r"write '0\.01 V' or '0\.01 mV'"):
        parse_quantity("0.01", "V")


def test_written_quantities_read_back_exactly() -> None:
    generator = random.Random(1)
    for unit in MEANING:
        for _ in range(50):
            value = generator.uniform(-1, 1) * 10 ** generator.uniform(-12, 12)
            assert parse_quantity(format_quantity(value, unit), unit) == value
    with pytest.raises(ValueError, match="finite"):
        format_quantity(float("nan"), "nm")


def test_examples_in_messages_are_valid() -> None:
    for unit, (_, example) in MEANING.items():
        assert isinstance(parse_quantity(example, unit), float)


@pytest.mark.parametrize(("name", "unit"), COMMON)
def test_common_units_have_the_factors_of_pint(name: str, unit: str) -> None:
    """By pint itself, through the root units of both, in decimal arithmetic."""
    assert REGISTRY.Quantity(Decimal(1), name).to(unit).magnitude == COMMON[name, unit]


def test_pint_is_not_imported_until_a_unit_needs_it() -> None:
    code = "import sys, femanode.units as u; u.parse_quantity('1 nm', 'nm'); sys.exit('pint' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0


@pytest.mark.parametrize("number", ["1e999999999999999999", "-1e999999999999999999", "9e999999"])
def test_an_exponent_beyond_decimal_arithmetic_is_not_finite(number: str) -> None:
    for unit in ("nm", "um"):
        with pytest.raises(ConfigError, match="which is not finite"):
            parse_quantity(f"{number} {unit}", "nm")
    assert parse_quantity("1e-999999999999999999 um", "nm") == 0.0
