"""A second opinion: a swelling cylinder in plane strain, or a sphere, in one dimension; shares no code with femanode.

Linear elements in the radius with one point each, principal logarithmic strains, J2 return, Newton's method on a
tridiagonal system. A front of finite width is a point at radius a with the travelling profile about it; it moves at
v = k [1 - exp((dG0 - s dV)/kT)], whatever its curvature, s the mean of the mean stress over the front with weight
|dh/dr|. Its material swells isotropically and flows as J2 plasticity lets it. femanode's swells along the front's
normal, so that at a finite width the two are different models; both have the limit of a sharp front
(:func:`sharp`), in which the layer that converts is compressed along the front to yield, and its mean stress is
-(p + 2 sigma_Y/3) for a pressure p at the front.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from functools import cache

import numpy as np
from numpy.typing import NDArray
from scipy.linalg import solve_banded

Array = NDArray[np.float64]


@dataclass
class Record:
    """What was reached after each step; stresses in GPa, lengths over the initial radius, time times k/R."""

    time: list[float] = field(default_factory=list)
    converted: list[float] = field(default_factory=list)
    core_radial: list[float] = field(default_factory=list)
    core_mean: list[float] = field(default_factory=list)
    surface_hoop: list[float] = field(default_factory=list)
    front_mean: list[float] = field(default_factory=list)
    outer: list[float] = field(default_factory=list)


@dataclass(frozen=True)
class Wire:
    """Constants: volume expansion, moduli and strengths of host and product, drive dG0/kT and dV/kT (1/GPa).

    With ``sphere`` it is a particle, whose third direction is another hoop.
    """

    expansion: float = 2.8
    E: tuple[float, float] = (160.0, 40.0)
    nu: tuple[float, float] = (0.22, 0.24)
    yields: tuple[float, float] = (7.0, 1.0)
    drive: float = -0.15 * 0.1602176634 / (1.380649e-5 * 300.0)
    volume: float = 2.8 * 0.02002 / 3.75 / (1.380649e-5 * 300.0)
    sphere: bool = False


def swell(wire: Wire, n: int = 400, steps_per_element: float = 4.0, depth: float = 0.35, width: float | None = None,
          start: float = 0.25) -> Record:
    """A front prescribed from the surface to ``depth``; ``width`` None is sharp (element by element), else delta."""
    body, out = _Body(n, sphere=wire.sphere), Record()
    begin = 0.0 if width is None else -0.5 * width
    for front in np.linspace(begin, depth, max(round(depth * n * steps_per_element), 1) + 1)[1:]:
        x = (np.clip((body.X[1:] - (1.0 - front)) / body.h, 0.0, 1.0) if width is None
             else _profile(body.mid, 1.0 - front, width, start))
        body.advance(wire, x)
        body.record(out, 0.0, x, np.zeros(n))
    return out


def run(wire: Wire, width: float, start: float, n: int = 400, advance: float = 0.1, arrest: float = 1e-3,
        end: float = np.inf) -> Record:
    """A front that moves by its own rate law until v/k falls to ``arrest`` or the time to ``end``.

    ``width`` is delta over the radius; a step moves the front by ``advance`` delta. At t = 0 the profile stands outside
    with 0.95 ``start`` at the surface, as femanode puts it.
    """
    body, out, t = _Body(n, sphere=wire.sphere), Record(), 0.0
    first = max(0.95 * start, 0.05)
    a, stress = 1.0 + width * np.log(1.0 / first - 1.0), 0.0
    body.record(out, t, np.zeros(n), np.zeros(n))
    while True:
        ratio = 1.0 - np.exp(wire.drive - stress * wire.volume)
        if ratio <= arrest or t >= end or a < 3.0 * width:
            return out
        dt = min(advance * width / ratio, end - t)
        a, t = a - dt * ratio, t + dt
        x = _profile(body.mid, a, width, start)
        weight = np.abs(np.gradient(x, body.mid)) * body.area
        body.advance(wire, x)
        if weight.sum() > 0:
            stress = float(np.sum(weight * body.mandel) / weight.sum())
        body.record(out, t, x, weight)


@dataclass(frozen=True)
class Sharp:
    """The limit of a sharp front over the converted fraction.

    Attributes
    ----------
    converted : (n,) array
        Equally spaced.
    core_mean, pressure, surface_hoop : (n,) arrays
        Mean stress of the core, pressure across the front, hoop stress of the surface, GPa.
    outer : (n,) array
        Outer radius over the initial one.
    drive : (n,) array
        v/k.
    time : (n,) array
        Times k/R since the first converted fraction; infinite from where the front stops.
    """

    converted: Array
    core_mean: Array
    pressure: Array
    surface_hoop: Array
    outer: Array
    drive: Array
    time: Array

    def at(self, converted: float, name: str) -> float:
        """A field at a converted fraction."""
        return float(np.interp(converted, self.converted, getattr(self, name)))

    def stopped(self, drive: float = 1e-3) -> float:
        """Converted fraction at which v/k has fallen to ``drive``; NaN where it does not."""
        below = np.flatnonzero(self.drive <= drive)
        if not len(below) or below[0] == 0:
            return float("nan")
        i = below[0]
        share = (self.drive[i - 1] - drive) / (self.drive[i - 1] - self.drive[i])
        return float(self.converted[i - 1] + share * (self.converted[i] - self.converted[i - 1]))


@cache
def sharp(wire: Wire, depth: float = 0.38, n: int = 400) -> Sharp:
    r"""A sharp front to ``depth`` over R, extrapolated from n/2 and n elements, which it converts one by one.

    Per unit of swelling the front works against the Mandel stress of the layer that converts: along the front's normal
    its Cauchy stress -p times the elastic volume ratio J_e, and 2 sigma_Y/3 of flow,

    .. math:: s = -p \int_0^1 J_e dh - 2 sigma_Y/3, \quad J_e = exp[-(p + 2 sigma_Y h/3)/K(h)].

    J_e is 1 for rigid material, and 0.96 on average in a silicon wire.
    """
    power = 3 if wire.sphere else 2
    f = np.arange(0.02, 0.98 * (1.0 - (1.0 - depth) ** power), 0.0025)
    runs = [swell(wire, m, steps_per_element=4, depth=depth) for m in (n // 2, n)]
    core, radial, hoop, outer = (
        2.0 * fine - coarse for coarse, fine in
        # only at steps in which an element is converted wholly: in between the stresses ripple
        zip(*([np.interp(f, one.converted[3::4], getattr(one, name)[3::4])
               for name in ("core_mean", "core_radial", "surface_hoop", "outer")] for one in runs), strict=True))
    p, h = -radial, (np.arange(50) + 0.5) / 50.0
    E, nu = (a + (b - a) * h for a, b in (wire.E, wire.nu))
    elastic = np.exp(-(p[:, None] + 2.0 / 3.0 * wire.yields[1] * h) * 3.0 * (1.0 - 2.0 * nu) / E).mean(axis=1)
    stress = -(p * elastic + 2.0 / 3.0 * wire.yields[1])
    drive = 1.0 - np.exp(wire.drive - stress * wire.volume)
    a = (1.0 - f) ** (1.0 / power)
    slowness = np.where(drive > 0.0, 1.0 / np.where(drive > 0.0, drive, 1.0), np.inf)
    time = np.append(0.0, np.cumsum(0.5 * (slowness[1:] + slowness[:-1]) * -np.diff(a)))
    return Sharp(converted=f, core_mean=core, pressure=p, surface_hoop=hoop, outer=outer, drive=drive, time=time)


def _profile(r: Array, a: float, width: float, start: float) -> Array:
    """Converted fraction across the front: a smoothstep of the travelling wave."""
    xi = 0.5 * (1.0 + np.tanh((r - a) / (2.0 * width)))
    z = np.clip((xi - start) / (1.0 - 2.0 * start), 0.0, 1.0)
    return np.asarray(z * z * (3.0 - 2.0 * z))


class _Body:
    """Radii, plastic strains and stresses of the cylinder; lengths over the initial radius."""

    def __init__(self, n: int, *, sphere: bool = False) -> None:
        #: The directions beside the radial one that have the stretch of the hoop.
        self.hoops = [1, 2] if sphere else [1]
        self.X = np.linspace(0.0, 1.0, n + 1)
        self.h, self.mid = 1.0 / n, 0.5 * (self.X[1:] + self.X[:-1])
        self.area = self.mid ** len(self.hoops) * self.h
        self.r, self.plastic = self.X.copy(), np.zeros((3, n))
        self.cauchy, self.mandel = np.zeros((3, n)), np.zeros(n)

    def record(self, out: Record, t: float, x: Array, weight: Array) -> None:
        """Append what a comparison needs."""
        out.time.append(t)
        out.converted.append(float(np.sum(x * self.area) / self.area.sum()))
        out.core_radial.append(float(self.cauchy[0, 0]))
        out.core_mean.append(float(self.cauchy[:, 0].mean()))
        out.surface_hoop.append(float(self.cauchy[1, -1]))
        out.front_mean.append(float(np.sum(weight * self.mandel) / weight.sum()) if weight.sum() > 0 else 0.0)
        out.outer.append(float(self.r[-1]))

    def advance(self, wire: Wire, x: Array) -> None:
        """Equilibrium for the converted fraction ``x`` of the elements; plastic strain is committed."""
        Jc = 1.0 + wire.expansion * x
        E, nu = wire.E[0] + (wire.E[1] - wire.E[0]) * x, wire.nu[0] + (wire.nu[1] - wire.nu[0]) * x
        K, G = E / 3.0 / (1.0 - 2.0 * nu), E / 2.0 / (1.0 + nu)
        sigma_Y = np.where(x > 0.01, wire.yields[1], wire.yields[0])
        r, dr, dt = self.r.copy(), 1.0 / self.h, 0.5 / self.mid
        ends = np.array([[-dr * np.ones_like(self.mid), dt], [dr * np.ones_like(self.mid), dt]])
        for iteration in range(200):
            stretch, tau, D, plastic = self._law(r, Jc, K, G, sigma_Y)
            P = tau / stretch
            hoop = P[self.hoops].sum(axis=0)
            left, right = self.area * (-P[0] * dr + hoop * dt), self.area * (P[0] * dr + hoop * dt)
            force = np.append(left, 0.0) + np.append(0.0, right)
            off = float(np.linalg.norm(force[1:]) / (np.linalg.norm(np.concatenate([left, right])) + 1e-4))
            # Points at the onset of yield go to and fro between elastic and plastic: the last digits do not settle.
            if off < (1e-8 if iteration < 40 else 1e-4):
                self.r, self.plastic = r, plastic
                self.cauchy, self.mandel = tau / np.prod(stretch, axis=0), tau.mean(axis=0) / Jc
                return
            # Far from equilibrium the pressure of new swelling would make the tangent indefinite.
            if off < 0.05:
                D[[0, 1, 2], [0, 1, 2]] -= tau
            joined = np.stack([D[:, 0], D[:, self.hoops].sum(axis=1)], axis=1)
            A = np.stack([joined[0], joined[self.hoops].sum(axis=0)])
            A = A / (stretch[:2, None] * stretch[None, :2])
            block = self.area * np.einsum("ian,abn,jbn->ijn", ends, A, ends)
            band = np.zeros((3, len(r)))
            band[1] = np.append(block[0, 0], 0.0) + np.append(0.0, block[1, 1])
            band[0, 1:], band[2, :-1] = block[0, 1], block[1, 0]
            band[1, 0], band[0, 1], band[2, 0], force[0] = 1.0, 0.0, 0.0, 0.0
            step, scale, gap = solve_banded((1, 1), band, -force), 1.0, np.diff(r)
            while np.any(np.diff(r + scale * step) < 0.5 * gap) or np.any(np.diff(r + scale * step) > 2.0 * gap):
                scale *= 0.5
            r = r + scale * step
        raise RuntimeError(f"{off:.1e}: no convergence in the one-dimensional cylinder")

    def _law(self, r: Array, Jc: Array, K: Array, G: Array, sigma_Y: Array) -> tuple[Array, Array, Array, Array]:
        """Principal stretches, Kirchhoff stress, its derivative to logarithmic strain, plastic strain."""
        n = len(self.mid)
        stretch = np.ones((3, n))
        stretch[0], stretch[self.hoops] = np.diff(r) / self.h, 0.5 * (r[1:] + r[:-1]) / self.mid
        trial = np.log(stretch) - np.log(Jc) / 3.0 - self.plastic
        volume = trial.sum(axis=0)
        dev = trial - volume / 3.0
        size = np.sqrt(np.sum(dev**2, axis=0)) + 1e-300
        flow = np.maximum(size - sigma_Y / (2.0 * G) * np.sqrt(2.0 / 3.0), 0.0)
        m, keep = dev / size, 1.0 - flow / size
        tau = Jc * (K * volume + 2.0 * G * (dev - flow * m))
        D = np.empty((3, 3, n))
        for a in range(3):
            for b in range(3):
                unit = float(a == b) - 1.0 / 3.0
                D[a, b] = Jc * (K + 2.0 * G * (keep * unit - (flow > 0) * keep * m[a] * m[b]))
        return stretch, tau, D, self.plastic + flow * m
