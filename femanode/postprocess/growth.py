"""Laws that time and depth are compared with: power law, cylinder law, regime, surface flaw."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from femanode.numerics.arrays import Array

#: Converted fraction from which the front is through.
THROUGH = 0.999


@dataclass(frozen=True)
class PowerLaw:
    """The power law L = a t^n, fitted in logarithms.

    Attributes
    ----------
    exponent, r2 : float or None
        n, and the fit's r2; None with too few points.
    low, high : float or None
        Smallest and largest depth of the fitted points, nm.
    points : int
        How many points were fitted.
    """

    exponent: float | None
    r2: float | None
    low: float | None = None
    high: float | None = None
    points: int = 0


def rate_exponent(t: Array, depth: Array, start: float) -> PowerLaw:
    """Exponent n of L proportional to t^n, by least squares in logarithms, while the front moves.

    Parameters
    ----------
    t, depth : (n,)
        Time since the front entered, s, and depth, nm.
    start : float
        Depth below which the front is still forming; such points are left out.
    """
    chosen = (t > 0) & (depth > start) & while_moving(t, depth)
    if np.count_nonzero(chosen) < 4:
        return PowerLaw(None, None)
    x, y = np.log(t[chosen]), np.log(depth[chosen])
    if np.ptp(x) <= 0 or np.ptp(y) <= 0:
        return PowerLaw(None, None)
    slope, offset = np.polyfit(x, y, 1)
    left = y - slope * x - offset
    return PowerLaw(exponent=float(slope), r2=float(1.0 - np.sum(left**2) / np.sum((y - y.mean()) ** 2)),
                    low=float(depth[chosen].min()), high=float(depth[chosen].max()),
                    points=int(np.count_nonzero(chosen)))


@dataclass(frozen=True)
class CylinderLaw:
    """Share of the time that the reaction (not diffusion) takes in the fitted cylinder law, and the fit's r2."""

    interface_share: float | None
    r2: float | None


def cylinder_law(t: Array, depth: Array, radius: float, start: float, *, sphere: bool = False) -> CylinderLaw:
    """Fit t = A (R - s) + B [(R^2 - s^2)/4 - (s^2/2) ln(R/s)], s = R - depth, with A, B >= 0.

    The quasi-steady linear-parabolic law of a front moving inwards in a cylinder (Deal and Grove's, for a cylinder), or
    in a ``sphere``, where B has the factor R^2/6 - s^2/2 + s^3/(3 R).
    The law has no stress in it. Slowing by stress raises B as slow diffusion does, so B does not decide the regime.
    """
    chosen = (t > 0) & (depth > start) & (depth < 0.999 * radius) & while_moving(t, depth)
    if np.count_nonzero(chosen) < 4:
        return CylinderLaw(None, None)
    s, time = radius - depth[chosen], t[chosen]
    supply = (radius**2 / 6.0 - 0.5 * s**2 + s**3 / (3.0 * radius) if sphere else
              (radius**2 - s**2) / 4.0 - 0.5 * s**2 * np.log(radius / s))
    terms = np.stack([radius - s, supply], axis=1)
    scale = terms.max(axis=0)
    from scipy.optimize import nnls

    factors, _ = nnls(terms / scale, time)
    left = time - terms / scale @ factors
    last = (terms / scale)[-1] * factors
    spread = float(np.sum((time - time.mean()) ** 2))
    return CylinderLaw(float(last[0] / last.sum()) if last.sum() > 0 else None,
                       float(1.0 - np.sum(left**2) / spread) if spread > 0 else None)


def transport_share(t: Array, activity: Array, excess: Array, drive: Array, outside: Array | None = None) -> float:
    """Share of the driving activity that is lost in transport, averaged over the front's travel.

    It is (a_o - a)/(a_o - a_eq), with a_o the activity outside, a the one at the front and a_eq the one at
    which the front would stand still: 0 where the reaction alone limits, 1 where diffusion (or a film) does. Stress
    moves a_eq, and a_o - a falls with the flux as a front comes to rest. A front slowed by stress therefore does not
    look diffusion-controlled.

    Parameters
    ----------
    t, activity, excess, drive : (n,)
        Time, s, and at the front activity a, a - a_eq and v/k, of every row.
    outside : (n,), optional
        Activity outside; 1 unless given.

    Returns
    -------
    float
        0 where the front has not moved.
    """
    travel = np.diff(t) * drive[1:]
    lost = np.maximum((1.0 if outside is None else outside[1:]) - activity[1:], 0.0)
    share = lost / np.maximum(lost + excess[1:], 1e-300)
    return float(np.sum(travel * share) / np.sum(travel)) if np.sum(travel) > 0 else 0.0


def until_through(fraction: Array) -> int:
    """Number of rows up to the one in which the front has passed the whole section; all where it has not.

    What fills afterwards is no longer the front's: a share of the drive lost in transport has no meaning there.

    Parameters
    ----------
    fraction : (n,)
        Converted fraction of every row.
    """
    through = np.flatnonzero(fraction >= THROUGH)
    return int(through[0]) + 1 if len(through) else len(fraction)


def while_moving(t: Array, depth: Array, slowest: float = 0.1) -> NDArray[np.bool_]:
    """Points at which the front moves faster than ``slowest`` times its mean speed so far; fits leave out the others.

    Where L is proportional to t^n, the speed is n times that mean at all times, however fast the front was at first.
    """
    speed = np.diff(depth) / np.maximum(np.diff(t), 1e-300)
    return np.concatenate([[False], speed * t[1:] > slowest * depth[1:]])


def regime(share: float) -> str:
    """'ICR' below a third of the drive lost in transport, 'DCR' above two thirds, 'mixed' between."""
    return "ICR" if share < 1.0 / 3.0 else "DCR" if share > 2.0 / 3.0 else "mixed"


def energy_release(stress: Array, depth: Array, E: Array | float, nu: Array | float) -> Array:
    """Energy release rate of a surface flaw under tension, GPa nm (= J/m^2): 1.12^2 pi s^2 a (1 - nu^2)/E.

    A first estimate: a straight edge crack of depth a (nm) in an elastic half-space in plane strain, under the hoop
    stress s (GPa) that the surface carries without it. Arrays of one shape; 0 under compression.
    """
    return np.asarray(1.12**2 * np.pi * np.maximum(stress, 0.0) ** 2 * depth * (1.0 - nu**2) / E)


def damkohler(rate: float, length: float, diffusivity: float, c_front: float) -> float:
    """Reaction over diffusion of a moving front: k R c_f/((1 - c_f) D).

    A front that advances by dL takes up c_f dL of content, and diffusion over R brings at most (1 - c_f) D/R. In the
    cylinder law (:func:`cylinder_law`) the terms of reaction and diffusion are in the ratio of (R - s) to this number
    times [(R^2 - s^2)/4 - (s^2/2) ln(R/s)]/R.

    Parameters
    ----------
    rate, length, diffusivity : float
        Unstressed front rate k, nm/s; radius R, nm; D of the reacted phase at the front, nm^2/s.
    c_front : float
        Content of the reacted phase at the front over full content, c_f.
    """
    return rate * length * c_front / ((1.0 - c_front) * diffusivity)


def film_depth(t: float, rate: float, diffusivity: float, c_front: float) -> float:
    """Depth (nm) of a front in a flat layer after ``t`` seconds, by the linear-parabolic law L + q L^2/2 = k t.

    q = k c_f/((1 - c_f) D); for thermal oxidation this is Deal and Grove's law (J. Appl. Phys. 36 (1965) 3770).

    Parameters
    ----------
    t : float
        s; before 0 the depth is 0.
    rate, diffusivity : float
        k at activity 1, nm/s, and D for lengths of the layer as grown, nm^2/s.
    c_front : float
        Content of the phase that the front forms, relative to the full one.
    """
    q, way = rate * c_front / ((1.0 - c_front) * diffusivity), rate * max(t, 0.0)
    return 2.0 * way / (1.0 + math.sqrt(1.0 + 2.0 * q * way))
