"""Quantities with units: ``"129 nm"`` to internal numbers and back, and physical constants.

Stands before the line config -> mesh -> state -> solver -> output -> postprocess: every dimensional
number enters here. Internal units are nm, s, GPa, K and V, hence nN for force and GPa nm^3 (1e-18 J)
for energy; they keep the numbers of a run between about 1e-3 and 1e3.
"""

from __future__ import annotations

import math
import re
import unicodedata
from decimal import Decimal, DecimalException
from functools import lru_cache
from typing import TYPE_CHECKING, Any

from femanode.errors import ConfigError

if TYPE_CHECKING:
    import pint

#: Boltzmann constant, GPa nm^3 / K (exact, SI 2019: 1.380649e-23 J/K).
K_B = 1.380649e-5
#: Elementary charge, GPa nm^3 / V (exact, SI 2019: 1.602176634e-19 C).
E_CHARGE = 0.1602176634
#: One electronvolt in GPa nm^3; ``energy_eV * EV`` is internal, ``energy / EV`` is eV.
EV = E_CHARGE
#: Avogadro constant, 1/mol (exact, SI 2019).
N_A = 6.02214076e23
#: One elementary charge per nm^2 and s, in mA/cm^2.
MA_PER_CM2 = 0.1 * E_CHARGE
#: Charge of one mole of electrons, mAh/mol: N_A e / 3.6.
FARADAY_MAH = 6.02214076e23 * 1.602176634e-19 / 3.6

#: What each internal unit measures, and a spelling to show in messages.
MEANING: dict[str, tuple[str, str]] = {
    "nm": ("a length", "129 nm"),
    "s": ("a time", "1.5 h"),
    "GPa": ("a stress", "1.0 GPa"),
    "nm/s": ("a speed", "0.05 nm/s"),
    "nm/s^0.5": ("a parabolic growth rate", "0.01 nm/s^0.5"),
    "nm^2/s": ("a diffusivity", "5.1e-12 cm^2/s"),
    "nm^3": ("a volume", "20.02 Å^3"),
    "J/m^2": ("an energy per area", "10 J/m^2"),
    "GPa nm^3": ("an energy", "-0.15 eV"),
    "eV": ("an energy", "-0.15 eV"),
    "V": ("a potential", "10 mV"),
    "K": ("an absolute temperature", "300 K"),
    "nN": ("a force", "0 nN"),
    "1/s": ("a rate", "1e-3 1/s"),
    "1/nm": ("a curvature", "0.002 1/nm"),
    "mAh/g": ("a specific capacity", "3579 mAh/g"),
    "mA/cm^2": ("a current density", "0.1 mA/cm^2"),
    "g/mol": ("a molar mass", "28.09 g/mol"),
    "deg": ("an angle", "3 deg"),
    "MB": ("an amount of memory", "4 GB"),
}

#: Factors of the units that most files are written in, by name and internal unit: pint gives the same, but is slow to
#: load (0.4 s), which every page and every start would wait for.
COMMON = {(name, unit): Decimal(factor) for name, unit, factor in (
    ("um", "nm", "1e3"), ("µm", "nm", "1e3"), ("Å", "nm", "0.1"), ("ms", "s", "1e-3"), ("min", "s", "60"),
    ("h", "s", "3600"), ("MPa", "GPa", "1e-3"), ("kPa", "GPa", "1e-6"), ("Pa", "GPa", "1e-9"),
    ("cm^2/s", "nm^2/s", "1e14"), ("m^2/s", "nm^2/s", "1e18"), ("Å^3", "nm^3", "1e-3"), ("mV", "V", "1e-3"),
    ("GB", "MB", "1e3"))}

NUMBER_PATTERN = r"[+-]?([0-9]+(\.[0-9]*)?|\.[0-9]+)([eE][+-]?[0-9]+)?"
_QUANTITY = re.compile(rf"\s*(?>({NUMBER_PATTERN}))(?!,)\s*(.*?)\s*", re.DOTALL)
# A closed alphabet and short exponents keep pint's expression parser away from arbitrary input.
_UNIT = re.compile(r"[^\W\d_][\w°%]*([*/^ ().·-]|[^\W_]|\*\*)*")
_BIG_EXPONENT = re.compile(r"\d{2,}")
_SUPERSCRIPT = str.maketrans("⁰¹²³⁴⁵⁶⁷⁸⁹⁻", "0123456789-")


def expected(unit: str) -> str:
    """Phrase for messages: what a quantity in `unit` is and how it is written."""
    meaning, example = MEANING.get(unit, (f"a quantity in {unit}", f"1 {unit}"))
    return f"{meaning} with its unit, such as '{example}'"


def parse_quantity(text: object, unit: str) -> float:
    """Convert a text such as ``"5.1e-12 cm^2/s"`` to a number in `unit`.

    The number is scaled in decimal arithmetic, so a value already in `unit` keeps every digit and
    decimal prefixes add no rounding (``5.1e-12 cm^2/s`` is exactly 510 nm^2/s).

    Parameters
    ----------
    text : object
        The quantity as written; anything that is not a string with a unit is refused.
    unit : str
        Unit of the result, usually a key of `MEANING`.

    Returns
    -------
    float
        Finite value in `unit`.

    Raises
    ------
    ConfigError
        For a bare number, an unknown unit, the wrong dimension, NaN, infinity or no number at all.

    Examples
    --------
    >>> parse_quantity("5.1e-12 cm^2/s", "nm^2/s")
    510.0
    """
    allowed = expected(unit)
    if isinstance(text, bool) or not isinstance(text, str | int | float):
        raise ConfigError(f"found {text!r}", allowed=allowed)
    if not isinstance(text, str):
        raise _bare(repr(text), unit)
    match = _QUANTITY.fullmatch(text) if len(text) <= 100 else None
    if match is None:
        hint = "write decimals with a point" if re.match(r"\s*[+-]?\d+,\d", text) else ""
        raise ConfigError(f"found {text[:40]!r}", allowed=allowed, hint=hint)
    number, name = match.group(1), match.group(5)
    if unit == "K" and name in ("C", "°C", "degC"):  # to pint a coulomb, or a scale with a shifted zero
        raise ConfigError(f"found {text!r}", allowed=allowed, hint=f"write '{float(Decimal(number)) + 273.15:.6g} K'")
    if not name:
        raise _bare(number, unit)
    try:
        value = float(number) if name == unit else float(Decimal(number) * _factor(name, unit))
    except DecimalException:  # an exponent beyond those of decimal arithmetic
        value = 0.0 if "e-" in number.lower() else math.inf
    if not math.isfinite(value):
        raise ConfigError(f"found {text!r}, which is not finite", allowed=allowed)
    return value


def format_quantity(value: float, unit: str) -> str:
    """Write `value` (in `unit`) so that `parse_quantity` returns exactly the same float.

    Raises
    ------
    ValueError
        If `value` is NaN or infinite.
    """
    if not math.isfinite(value):
        raise ValueError(f"a quantity in {unit} must be finite, got {value!r}")
    return f"{float(value)!r} {unit}"


def _bare(number: str, unit: str) -> ConfigError:
    """Refusal of a number without unit, with the spelling to use."""
    if number.lower() in {"nan", "inf", "-inf"}:
        return ConfigError(f"found {number}", allowed=expected(unit))
    target = MEANING.get(unit, ("", f"1 {unit}"))[1].split(" ", 1)[1]
    hint = f"write '{number} {target}'"
    # hours, minutes or seconds are all likely, and hours of a number meant as seconds would run for days
    if unit == "s":
        hint = f"write '{number} s', '{number} min' or '{number} h'"
    if unit == "V":
        hint = f"write '{number} V' or '{number} mV'"
    if unit == "GPa":  # a pressure from outside is in MPa more often
        hint = f"write '{number} MPa' or '{number} GPa'"
    return ConfigError(f"found {number} without a unit", allowed=expected(unit), hint=hint)


@lru_cache(maxsize=1)
def _registry() -> pint.UnitRegistry[Any]:
    """The one pint registry; built on first use because it costs 0.4 s."""
    import pint

    return pint.UnitRegistry(non_int_type=Decimal, cache_folder=None)


@lru_cache(maxsize=512)
def _factor(name: str, unit: str) -> Decimal:
    """Exact factor from the unit called `name` to `unit`; ConfigError if there is none."""
    return COMMON[name, unit] if (name, unit) in COMMON else _factor_by_pint(name, unit)


def _factor_by_pint(name: str, unit: str) -> Decimal:
    """The factor of any unit, by pint's definitions."""
    import pint

    registry = _registry()
    spelled = _spell(name)
    shown = repr(name[:40])
    if not _UNIT.fullmatch(spelled) and not spelled.startswith("1/"):
        raise ConfigError(f"found the unit {shown}, which is not known", allowed=expected(unit))
    try:
        parsed = registry.parse_units(spelled)
        factor = Decimal(registry.Quantity(Decimal(1), parsed).to(_spell(unit)).magnitude)
        offset = Decimal(registry.Quantity(Decimal(0), parsed).to(_spell(unit)).magnitude)
        # An angle has no dimension, as a percentage has none; the one is not the other.
        angle = unit != "deg" or "radian" in str(registry.Quantity(Decimal(1), parsed).to_root_units().units)
    except pint.DimensionalityError:
        hint = ""
        if re.search(r"(?<!\w)A(?!\w)", spelled):
            hint = "A is the ampere: write Å or angstrom for the length"
        raise ConfigError(
            f"found the unit {shown}, which measures {_measures(spelled)}",
            allowed=expected(unit),
            hint=hint,
        ) from None
    # pint's own evaluator leaks many exception types (tokenizer, arithmetic, attribute errors).
    except Exception:
        raise ConfigError(f"found the unit {shown}, which is not known", allowed=expected(unit)) from None
    if not angle:
        raise ConfigError(f"found the unit {shown}, which is no angle", allowed=expected(unit))
    if offset != 0:
        raise ConfigError(f"found the unit {shown}, which has a shifted zero", allowed=expected(unit))
    return factor


def _measures(spelled: str) -> str:
    """What a unit measures, in the words of `MEANING` where it has them."""
    registry = _registry()
    unit = registry.parse_units(spelled)
    for known, (meaning, _) in MEANING.items():
        if unit.is_compatible_with(_spell(known)):
            return meaning
    return str(unit.dimensionality)


def _spell(name: str) -> str:
    """Unit as pint reads it: superscripts as powers, one angstrom sign, ``/s`` as ``1/s``."""
    powers = re.sub(r"([⁻]?[⁰¹²³⁴⁵⁶⁷⁸⁹]+)", lambda m: "^" + m.group(1).translate(_SUPERSCRIPT), name)
    text = unicodedata.normalize("NFKC", powers).replace("·", "*").strip()
    text = "deg" if text == "°" else re.sub(r"^/", "1/", text)
    if len(text) > 40 or _BIG_EXPONENT.search(text):
        return "?"
    return text
