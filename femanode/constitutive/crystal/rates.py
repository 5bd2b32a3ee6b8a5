"""Direction law: the rate k(n) of an unstressed front with normal n, from rates known in a few directions.

The speed of the front is v = k(n) times its drive (:mod:`femanode.constitutive.kinetics`).
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from math import isfinite

import numpy as np

from femanode.constitutive.crystal.ledges import Ledges, make_ledge_law
from femanode.constitutive.crystal.miller import CrystalFrame, Miller, equivalents, format_miller, miller_at
from femanode.errors import ConfigError
from femanode.numerics.arrays import Array

LogRate = Callable[[Array, Array, Array], Array]

_TINY = 1e-8  # |n|^2 below which a front has no direction


@dataclass(frozen=True)
class DirectionLaw:
    """Rate k(n) of an unstressed front in the section; built by `make_direction_law`.

    Attributes
    ----------
    frame : CrystalFrame
        Where the crystal lies.
    log_rate : callable
        ln k (k in nm/s) of the crystalline front, from the three components of its unit normal in crystal axes.
    amorphous_fraction, amorphous_log_rate : float
        alpha and ln k_am of an amorphised front, ln k_eff = (1 - alpha) ln k(n) + alpha ln k_am.
    mean, maximum : float
        Geometric mean and largest k_eff over the in-plane angles, nm/s.
    """

    frame: CrystalFrame
    log_rate: LogRate
    amorphous_fraction: float = 0.0
    amorphous_log_rate: float = 0.0
    mean: float = 0.0
    maximum: float = 0.0

    @property
    def isotropic(self) -> bool:
        """Whether k is the same in all directions of the section, that is, nowhere above its mean but for rounding."""
        return self.maximum <= self.mean * (1.0 + 1e-9)

    def rate(self, nx: Array, ny: Array) -> Array:
        """Return k_eff(n), nm/s.

        Parameters
        ----------
        nx, ny : ndarray, any equal shape
            In-plane components of the front normal in section coordinates; normalised here.

        Returns
        -------
        ndarray, same shape
            Positive; `mean` where ``|n|`` is below 1e-4 (the front has no direction there); NaN where n is.
        """
        nx, ny = np.asarray(nx, dtype=float), np.asarray(ny, dtype=float)
        square = nx * nx + ny * ny
        void = square <= _TINY
        scale = 1.0 / np.sqrt(np.where(void, 1.0, square))
        return np.where(void, self.mean, np.exp(self._log_effective(nx * scale, ny * scale)))

    def _log_effective(self, nx: Array, ny: Array) -> Array:
        """ln k_eff of unit in-plane normals."""
        x, y = self.frame.rotation[0], self.frame.rotation[1]
        log_k = self.log_rate(x[0] * nx + y[0] * ny, x[1] * nx + y[1] * ny, x[2] * nx + y[2] * ny)
        if self.amorphous_fraction == 0.0:
            return log_k
        return (1.0 - self.amorphous_fraction) * log_k + self.amorphous_fraction * self.amorphous_log_rate


def make_direction_law(
    rates: Mapping[str, float],
    structure: str,
    frame: CrystalFrame,
    amorphous_fraction: float = 0.0,
    amorphous_rate: float | None = None,
    ledges: Ledges | None = None,
) -> DirectionLaw:
    """Build k(n) from rates in a few directions.

    With ``ledges`` the ledge law is taken (see `make_ledge_law`), otherwise the given directions determine the law:

    - ``isotropic`` alone: k constant;
    - cubic 100, 110, 111: ln k = a0 + a1 (n1^4 + n2^4 + n3^4) + a2 n1^2 n2^2 n3^2;
    - orthorhombic 100, 010, 001, and uniaxial 100, 001 (001 the unique axis): ln k = sum n_i^2 ln k_i;
    - any other set: ln k interpolated on the sphere between all equivalent directions (see `_Table`).

    The first three are harmonics and pass exactly through the data. In between, the cubic one may leave the range of
    the data. Equivalent directions follow from the point groups m-3m (cubic), mmm (orthorhombic) and 4/mmm (uniaxial).

    Parameters
    ----------
    rates : mapping
        Miller label to rate, nm/s.
    structure : str
        One of `STRUCTURES`.
    frame : CrystalFrame
        From `make_frame`.
    amorphous_fraction : float
        alpha in [0, 1].
    amorphous_rate : float, optional
        k_am, nm/s; needed if alpha > 0.
    ledges : Ledges, optional
        Takes the ledge law, which needs exactly the cubic rates 100, 110, 111.

    Raises
    ------
    ConfigError
        A rate is not positive, a label is no direction, two directions are equivalent, or ledges are given with other
        rates than cubic 100, 110, 111.
    """
    log_amorphous = _log_amorphous(amorphous_fraction, amorphous_rate)
    law = DirectionLaw(frame=frame, log_rate=_choose_law(rates, structure, ledges),
                       amorphous_fraction=amorphous_fraction, amorphous_log_rate=log_amorphous)
    angle = np.linspace(0.0, np.pi, 1800, endpoint=False)
    log_k = law._log_effective(np.cos(angle), np.sin(angle))
    mean, maximum = float(np.exp(log_k.mean())), float(np.exp(log_k.max()))
    return DirectionLaw(frame=frame, log_rate=law.log_rate, amorphous_fraction=amorphous_fraction,
                        amorphous_log_rate=log_amorphous, mean=mean, maximum=maximum)


def _log_amorphous(fraction: float, rate: float | None) -> float:
    """ln k_am; 0 if there is no amorphous layer."""
    if not 0.0 <= fraction <= 1.0:
        where = "front.amorphization.fraction"
        raise ConfigError(f"fraction {fraction}", where=where, allowed="0 to 1")
    if fraction == 0.0:
        return 0.0
    if rate is None:
        found = f"no amorphous rate for an amorphous fraction of {fraction}"
        raise ConfigError(found, where="front.amorphization.rate", allowed="a rate, e.g. 0.05 nm/s")
    return _log_positive(rate, "front.amorphization.rate")


@dataclass(frozen=True)
class _Isotropic:
    """ln k = constant."""

    log_k: float

    def __call__(self, n1: Array, n2: Array, n3: Array) -> Array:
        return np.full(np.shape(n1), self.log_k)


@dataclass(frozen=True)
class _Cubic:
    """ln k = a0 + a1 (n1^4 + n2^4 + n3^4) + a2 n1^2 n2^2 n3^2."""

    a0: float
    a1: float
    a2: float

    def __call__(self, n1: Array, n2: Array, n3: Array) -> Array:
        s1, s2, s3 = n1 * n1, n2 * n2, n3 * n3
        result: Array = self.a0 + self.a1 * (s1 * s1 + s2 * s2 + s3 * s3) + self.a2 * (s1 * s2 * s3)
        return result


@dataclass(frozen=True)
class _Quadratic:
    """ln k = n1^2 l1 + n2^2 l2 + n3^2 l3."""

    l1: float
    l2: float
    l3: float

    def __call__(self, n1: Array, n2: Array, n3: Array) -> Array:
        result: Array = self.l1 * (n1 * n1) + self.l2 * (n2 * n2) + self.l3 * (n3 * n3)
        return result


@dataclass(frozen=True)
class _Table:
    """Inverse-distance mean of ln k over all equivalent directions +u and -u.

    With c = n.u the weight is 1/(1 - c)^2 + 1/(1 + c)^2 = 2 (1 + c^2)/(1 - c^2)^2 (inverse fourth power of
    the chord; Shepard 1968): exact at the data, flat there, never outside their range.
    """

    directions: Array  # (m, 3), one of each pair +u, -u
    log_k: Array  # (m,)

    def __call__(self, n1: Array, n2: Array, n3: Array) -> Array:
        square = (np.stack([n1, n2, n3], axis=-1) @ self.directions.T) ** 2
        # 1e-14 is the rounding of 1 - c^2; it keeps the weight finite at a data point
        gap = np.maximum(1.0 - square, 1e-14)
        weight = (1.0 + square) / (gap * gap)
        result: Array = (weight @ self.log_k) / weight.sum(axis=-1)
        return result


def _choose_law(rates: Mapping[str, float], structure: str, ledges: Ledges | None) -> LogRate:
    """Return ln k(n) for the directions given."""
    if not rates:
        raise ConfigError("no rates", where="front.rates", allowed="isotropic, or Miller directions")
    logs = {str(name): _log_positive(value, f"front.rates.{name}") for name, value in rates.items()}
    if ledges is not None and (structure != "cubic" or set(logs) != {"100", "110", "111"}):
        found = f"the ledge law for {', '.join(logs)} in structure '{structure}'"
        raise ConfigError(found, where="front.direction_law", allowed="cubic rates of 100, 110 and 111 alone")
    if set(logs) == {"isotropic"}:
        return _Isotropic(logs["isotropic"])
    if structure == "isotropic" or "isotropic" in logs:
        found = f"rates for {', '.join(logs)} in structure '{structure}'"
        raise ConfigError(found, where="front.rates", allowed="isotropic alone, or directions of a crystal")
    by_family: dict[Miller, float] = {}
    for name, log_k in logs.items():
        family = max(equivalents(miller_at(name, f"front.rates.{name}"), structure))
        if family in by_family:
            found = f"a second rate for directions equivalent to {format_miller(family)} ({structure})"
            raise ConfigError(found, where=f"front.rates.{name}", allowed="one rate per family")
        by_family[family] = log_k
    if structure == "cubic" and set(by_family) == {(1, 0, 0), (1, 1, 0), (1, 1, 1)}:
        l100, l110, l111 = by_family[1, 0, 0], by_family[1, 1, 0], by_family[1, 1, 1]
        if ledges is None:
            return _harmonics(l100, l110, l111)
        rough = _harmonics(max(l100, l110), l110, max(l111, l110))
        return make_ledge_law(float(np.exp(l100)), float(np.exp(l110)), float(np.exp(l111)), ledges, rough)
    if structure == "orthorhombic" and set(by_family) == {(1, 0, 0), (0, 1, 0), (0, 0, 1)}:
        return _Quadratic(by_family[1, 0, 0], by_family[0, 1, 0], by_family[0, 0, 1])
    if structure == "uniaxial" and set(by_family) == {(1, 0, 0), (0, 0, 1)}:
        return _Quadratic(by_family[1, 0, 0], by_family[1, 0, 0], by_family[0, 0, 1])
    # sorted, as the order of a set would change the last digit from run to run
    pairs = sorted((u, v) for family, v in by_family.items() for u in equivalents(family, structure))
    directions = np.array([u for u, _ in pairs if u > (0, 0, 0)], dtype=float)
    directions /= np.linalg.norm(directions, axis=1, keepdims=True)
    return _Table(directions, np.array([v for u, v in pairs if u > (0, 0, 0)]))


def _harmonics(l100: float, l110: float, l111: float) -> _Cubic:
    """Cubic harmonics through ln k of three directions."""
    a0, a1 = 2.0 * l110 - l100, 2.0 * (l100 - l110)
    return _Cubic(a0, a1, 27.0 * (l111 - a0 - a1 / 3.0))


def _log_positive(value: float, where: str) -> float:
    """ln of a rate.

    Raises
    ------
    ConfigError
        The rate is not finite and positive.
    """
    if not (isfinite(value) and value > 0.0):
        raise ConfigError(f"rate {value} nm/s", where=where, allowed="a finite rate above 0")
    return float(np.log(value))
