"""Cases of what is applied to the surface: a film that carriers must cross, and a given current."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from femanode.mesh.spaces import Spaces
from femanode.numerics.arrays import Array
from femanode.solver.applied import Applied
from femanode.solver.reasons import StopReason
from femanode.solver.state import State
from femanode.solver.stepping import Limits, Tally, march
from femanode.verify.bench import FAR, Layer, layer, strip, unstressed, wedge
from femanode.verify.case import Case, Check, Findings, Table

#: Content of the phase the front forms; N/c* = c_f/(1 - c_f): so large that the laws are quasi-steady to 0.02 %.
_CF, _RATIO = 0.999, 999.0
_K, _R, _INNER, _DELTA = 0.05, 50.0, 20.0, 1.0
_AT = np.array([0.1, 0.2, 0.3, 0.4, 0.5, 0.6, 0.7])


def _reaction(front: Array) -> Array:
    """R - s of a closing front that moves at v."""
    return _R - front


def film_law(full: bool) -> Findings:
    """Time to depth in a cylinder behind films of three resistances, against the law with its film term."""
    damkohler = 1.0
    D = _K * _R * _RATIO / damkohler
    front = np.sqrt(_R**2 - _AT * (_R**2 - _INNER**2))
    diffusion = (_R**2 - front**2) / 4.0 - 0.5 * front**2 * np.log(_R / front)
    checks: list[Check] = []
    columns: dict[str, Array] = {}
    s = wedge(_R, _INNER, 0.5)
    for over_h in (0.1, 1.0, 10.0):
        h = _K * _RATIO / over_h
        case = layer(s, _R - np.hypot(*s.nodes), _DELTA, k=_K, D=D, c_front=_CF, film=h)
        t, f = case.follow(0.71)
        # What the front has converted at the start, with its leading half, did not cross the film.
        across = (_AT - f[0]) * (_R**2 - _INNER**2) / (2.0 * _R)
        law = _reaction(front) / _K + _RATIO * (diffusion / D + across / h)
        got = np.interp(_AT, f, t)
        i = int(np.argmax(np.abs(got / law - 1.0)))
        checks.append(Check(f"time to the worst of {len(_AT)} depths, k/h = {over_h:g}, s", float(law[i]),
                            float(got[i]), 0.02,
                            "front of a fiftieth, spacing delta/2; the law is good to 0.02 % at N/c* = 999"))
        columns |= {f"law_{over_h:g}": law, f"got_{over_h:g}": got}
    return Findings(tuple(checks), {"film_law": Table(
        {"depth_nm": _R - front, **columns}, "depth_nm", tuple(c for c in columns if c.startswith("law")),
        tuple(c for c in columns if c.startswith("got")), log=True)})


def film_control(full: bool) -> Findings:
    """A film so resistive that it alone decides: the charge is h_f (1 - c_f) times surface and time."""
    s = wedge(_R, _INNER, 0.5)
    h = _K * _RATIO / 1000.0
    case = layer(s, _R - np.hypot(*s.nodes), _DELTA, k=_K, D=_K * _R * _RATIO, c_front=_CF, film=h)
    t, f = case.follow(0.71)
    length, area = float(s.reacting_length.sum()), float(s.mass.sum())
    rate = h * (1.0 - _CF) * length / (_CF * area)
    late = f > 0.05
    slope = np.polyfit(t[late], f[late], 1)[0]
    left = f[late] - np.polyval(np.polyfit(t[late], f[late], 1), t[late])
    return Findings((
        Check("converted per time, h_f (1 - c_f) surface/(c_f area), 1/s", rate, float(slope), 5e-3,
              "k/h = 1000: reaction and diffusion take a thousandth of the drive"),
        Check("largest departure from a straight line, converted fraction", 0.0, float(np.abs(left).max()), 2e-3,
              "likewise", absolute=True)))


def _driven(s: Spaces, depth: Array, current: float, D: float, start: float) -> tuple[Layer, State]:
    """A front ``start`` nm deep under a given current, not about to be cut off."""
    case = layer(s, depth, _DELTA, k=_K, D=D, c_front=_CF, applied=Applied(current))
    # Start at the activity that the current needs: otherwise the first steps would show the shell filling up.
    low = 1.0 - current / (float(s.reacting_length.sum()) * _CF * _K)
    state = replace(case.state(start), depletion=np.full(s.n_nodes, low), activity=np.full(s.n_nodes, 1.0 - low),
                    outside=low, entered=True)
    return case, state


def _followed(case: Layer, state: State, current: float) -> tuple[Array, Array, float]:
    """Converted fractions and surface activities of the steps to 0.7 converted, and the worst error of the charge.

    The charge is converted area times c_f plus the excess in what has reacted, against current times time.
    """
    s, physics = case.physics.spaces, case.physics
    first, worst = float(s.mass @ physics.content_at_nodes(state)), 0.0
    f, a = [], []
    limits = Limits(end=1e12, arrest=None, converted=0.7)
    for candidate, stop in march(physics, state, limits, [], Tally(), unstressed):
        new = candidate.state
        f.append(physics.converted_fraction(new.xi))
        a.append(1.0 - new.outside)
        held = float(s.mass @ physics.content_at_nodes(new))
        worst = max(worst, abs((held - first) / (current * new.t) - 1.0))
        if stop is not None and stop is not StopReason.CONVERTED:
            raise RuntimeError(stop.value)
    return np.array(f), np.array(a), worst


def given_current(full: bool) -> Findings:
    """A front under a given current: exact charge, depth from the charge alone, surface activity in closed form."""
    checks: list[Check] = []
    columns: dict[str, Array] = {}
    flux = 0.2 * _K * _CF
    bodies = {}
    s = strip(60.0, 0.5)
    bodies["plane"] = s, FAR - s.nodes[0], 60.0
    s = wedge(_R, _INNER, 0.5)
    bodies["cylinder"] = s, _R - np.hypot(*s.nodes), _R
    for name, (s, depth, size) in bodies.items():
        current = flux * float(s.reacting_length.sum())
        D = flux * 40.0 / ((1.0 - _CF) * 0.5)
        case, state = _driven(s, depth, current, D, 8.0)
        f, a, worst = _followed(case, state, current)
        if name == "plane":
            X = f * size
            law = flux / (_CF * _K) + flux * X / ((1.0 - _CF) * D)
        else:
            front = np.sqrt(_R**2 - f * (_R**2 - _INNER**2))
            X = _R - front
            law = flux * _R / (front + _DELTA) / (_CF * _K) + flux * _R * np.log(_R / front) / ((1.0 - _CF) * D)
        late = X > 15.0
        i = int(np.argmax(np.abs(a[late] / law[late] - 1.0)))
        checks += [
            Check(f"{name}: worst step's converted area times c_f plus excess, over current times time, less 1", 0.0,
                  worst, 1e-8, "exact; the balance is held to 1e-8 of each step", absolute=True),
            Check(f"{name}: surface activity where it departs most from front's activity plus drop",
                  float(law[late][i]), float(a[late][i]), 0.02,
                  "the average across the front is that a quarter of delta from its middle: 0.003 of activity here")]
        columns |= {f"depth_{name}": X, f"law_{name}": law, f"got_{name}": a}
    tables = {}
    for name in bodies:
        tables[f"given_current_{name}"] = Table(
            {"depth_nm": columns[f"depth_{name}"], "law": columns[f"law_{name}"],
             "surface_activity": columns[f"got_{name}"]}, "depth_nm", ("law",), ("surface_activity",))
    return Findings(tuple(checks), tables)


CASES = (
    Case("film-law", "physics", "a front behind a film follows the cylinder's law with its film term",
         "N/(k c*) {(R - s) + (k/D) [...] + (k/2hR)(R^2 - s^2)}, h = D_film/thickness: flux h (1 - c_f)(1 - c), "
         "N = c_f, c* = 1 - c_f, reaction rate v c_f", "a film that lets h (1 - c) through, without 1 - c_f, is no "
         "obstacle: nine tenths of the time are missing at k/h = 10", film_law),
    Case("film-control", "physics", "a film that takes nearly all of the drive converts in proportion to time",
         "charge balance", "the front's own law would slow it", film_control),
    Case("given-current", "physics", "under a given current depth follows from the charge, and activity from depth",
         "charge balance; a_s = J/(c_f k) + J X/((1 - c_f) D), in a cylinder J R/(c_f k s) + J R ln(R/s)/((1 - c_f) D)",
         "a sink that swallows charge breaks the first, a drop over the host's or the deformed length the second",
         given_current),
)
