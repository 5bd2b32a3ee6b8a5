"""Cases of the core left by a front whose rate depends on direction: its area, by the intersection of half-planes."""

from __future__ import annotations

from collections.abc import Iterable

import numpy as np

from femanode.constitutive.crystal.ledges import Ledges
from femanode.constitutive.crystal.miller import make_frame
from femanode.constitutive.crystal.rates import make_direction_law
from femanode.mesh.spaces import Spaces
from femanode.numerics.arrays import Array
from femanode.solver.front import Front, Rate
from femanode.verify.bench import disc
from femanode.verify.case import Case, Check, Findings, Table, orders, rates
from femanode.verify.fronts import STRONG, profile


class _Fourfold:
    """v = 1 + 1/2 cos 4 theta; cos 4 theta = 1 - 8 nx^2 ny^2."""

    def rate(self, nx: Array, ny: Array) -> Array:
        return np.asarray(1.0 + 0.5 * (1.0 - 8.0 * nx**2 * ny**2))


_CORE = {0.1: 2.48579, 0.3: 1.14227, 0.5: 0.24529}


def _core_area(s: Spaces, xi: Array) -> float:
    """Area where the front has not been, of the whole section, from its quarter."""
    return 4.0 * float(np.sum(s.mass * np.clip((0.55 - xi) / 0.1, 0.0, 1.0)))


def _core_areas(elements: int, rate: Rate, times: Iterable[float]) -> list[float]:
    """Areas of a unit disc's core at ``times``, at v = k(n), with ``elements`` along the radius and delta of one."""
    delta = 1.0 / elements
    s = disc(1.0, delta)
    front = Front(s, delta, 0.35, rate, STRONG)
    xi = 1.0 / (1.0 + np.exp(np.clip((1.0 - np.hypot(*s.nodes)) / delta, 0.0, 600.0)))
    t, areas = 0.0, []
    for target in times:
        steps = int(np.ceil((target - t) / (0.33 * delta)))
        dt = (target - t) / steps
        for _ in range(steps):
            n = front.normals(xi)
            half = front.advance(xi, front.rate.rate(n[0], n[1]), n, 0.5 * dt)
            n = front.normals(half)
            xi = front.advance(xi, front.rate.rate(n[0], n[1]), n, dt)
        t = target
        areas.append(_core_area(s, xi))
    return areas


def _core_findings(name: str, rate: Rate, exact: dict[float, float], ordered: int, full: bool) -> Findings:
    """Areas of a shrinking core for several delta, extrapolated in delta.

    Orders are checked at the first ``ordered`` times only: later they would show the area lost at the corners, which is
    of second order in delta.
    """
    elements = (10, 20, 40, 80) if full else (10, 20, 40)
    areas = np.array([_core_areas(n, rate, exact) for n in elements])
    errors = np.abs(areas - np.array(list(exact.values())))
    checks = [Check(f"area of the core at t = {t:g}, extrapolated in delta", a, float(2 * areas[-1, i] - areas[-2, i]),
                    43.0 / elements[-1] ** 2, "four corners rounded over the front's width, 5 delta, lack 4 (1 - pi/4) "
                    "25 delta^2; extrapolation doubles what is of second order", absolute=True)
              for i, (t, a) in enumerate(exact.items())]
    for i, t in enumerate(list(exact)[:ordered]):
        checks += orders([f"order in delta at t = {t:g}, R/{n} to R/{2 * n}" for n in elements[:-1]], 1.0,
                         rates(errors[:, i]), "the front gains delta/r as it closes")
    return Findings(tuple(checks), {name: Table(
        {"delta_over_R": 1.0 / np.array(elements), **{f"error_t{t:g}": errors[:, i] for i, t in enumerate(exact)},
         "first order": errors[-1, 1] * elements[-1] / np.array(elements)}, "delta_over_R", ("first order",),
        tuple(f"error_t{t:g}" for t in exact), log=True)})


def anisotropic_core(full: bool) -> Findings:
    """Area of the convex core of a fourfold front, on four widths."""
    return _core_findings("anisotropic_core", _Fourfold(), _CORE, 2, full)


#: Silicon's ratios of rates, k{110} = 1.
_RATES = {"100": 1.0 / 6.0, "110": 1.0, "111": 1.0 / 12.0}

_LEDGE_CORE = {0.2: 2.25358, 0.4: 1.41873, 0.6: 0.73772}


def ledge_core(full: bool) -> Findings:
    """Area of the convex core of a <112> wire whose rate has the ledge law's cusps, on four widths."""
    law = make_direction_law(_RATES, "cubic", make_frame((1, 1, 2), (1, -1, 0)),
                             ledges=Ledges(float(np.radians(3.0))))
    return _core_findings("ledge_core", law, _LEDGE_CORE, 1, full)


#: Areas of a unit disc's core under the smooth law below, k{110} = 1, by t.
_STEEP_CORE = {0.2: 2.63720, 0.4: 1.96470, 0.6: 1.28172}


def _steep_areas(widths: int, per_width: float) -> list[float]:
    """Core of a unit disc of ``widths`` half-thicknesses, ``per_width`` elements in each, curvature taken off."""
    law = make_direction_law(_RATES, "cubic", make_frame((1, 1, 0), (1, -1, 0)))
    delta = 1.0 / widths
    s = disc(1.0, delta / per_width)
    front, drive = Front(s, delta, 0.35, law, STRONG), np.ones(s.n_nodes)
    xi, kappa, average = profile(np.hypot(*s.nodes) - 1.0, delta), np.zeros(s.n_nodes), None
    t, areas = 0.0, []
    for target in _STEEP_CORE:
        steps = int(np.ceil((target - t) / (0.25 * delta)))
        for _ in range(steps):
            xi = front.travel(xi, drive, (target - t) / steps, kappa)
            average = front.averager(xi, average)
            kappa = front.curvature(front.normals(xi), average)
        t = target
        areas.append(_core_area(s, xi))
    return areas


def steep_core(full: bool) -> Findings:
    """Area of the core of a <110> wire whose rate changes by up to 6.4 of itself per radian, on several meshes."""
    widths = (20, 40) if full else (20,)
    exact, per = np.array(list(_STEEP_CORE.values())), np.array([1.0, 2.0, 3.0])
    areas = np.array([[_steep_areas(n, p) for p in per] for n in widths])
    checks = []
    for i, t in enumerate(_STEEP_CORE):
        checks.append(Check(f"area at t = {t:g}, delta = R/{widths[-1]}, elements of delta/2", exact[i],
                            areas[-1, 1, i], 43.0 / widths[-1] ** 2 + 0.2 / widths[-1],
                            "four rounded corners, of second order in delta; the front's own curvature at them, of "
                            "first", absolute=True))
        checks.append(Check(f"the same on elements of delta/3, over delta/2, t = {t:g}", 1.0,
                            areas[-1, 2, i] / areas[-1, 1, i], 5e-3,
                            "a plane front is slow by 0.8 % (h/delta)^2, 0.24 % of the area at t = 0.6; twice that"))
    ratio = {f"area_over_exact_R{n}": areas[k, :, 1] / exact[1] for k, n in enumerate(widths)}
    return Findings(tuple(checks), {"steep_core": Table({"elements_per_delta": per, **ratio}, "elements_per_delta", (),
                                                        tuple(ratio))})


CASES = (
    Case("anisotropic-core", "physics", "without stress the fastest planes bound a shrinking core",
         "intersection of half-planes for v = 1 + 1/2 cos 4 theta: areas 2.48579, 1.14227, 0.24529",
         "the rate of the radius in place of the normal's leaves 2.66, 1.62, 0.88", anisotropic_core),
    Case("ledge-core", "physics", "a rate with cusps at slow facets leaves the core that its fastest planes bound",
         "intersection of half-planes for a <112> wire, ledge law, k{100} = k{110}/6, k{111} = k{110}/12: areas "
         "2.25358, 1.41873, 0.73772", "smooth harmonics through the same rates leave 2.49, 1.74, 1.06", ledge_core),
    Case("steep-core", "physics", "a front whose rate changes steeply with direction stays smooth on any mesh",
         "intersection of half-planes for a <110> wire, smooth law, k{100} = k{110}/6, k{111} = k{110}/12: areas "
         "2.63720, 1.96470, 1.28172", "front diffusion div(v delta grad xi) breaks it into steps that the mesh chooses",
         steep_core),
)
