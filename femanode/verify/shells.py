"""Cases of front, carriers and plastic swelling together on one-dimensional bodies: shell, flat film."""

from __future__ import annotations

import numpy as np

from femanode.numerics.arrays import Array
from femanode.solver.mechanics import Mechanics
from femanode.solver.stepping import Limits, Tally, march
from femanode.verify.bench import (
    EV,
    FAR,
    KT_300K,
    about_to_enter,
    cauchy,
    cylindrical,
    held,
    moduli,
    polar,
    silicon,
    solved,
    strip,
)
from femanode.verify.case import Case, Check, Findings, Shortfall, Table, orders, rates
from femanode.verify.cylinder import Wire, swell


def _swept_shell(width: float, E: float, nu: float, J: float, end: float) -> dict[str, float]:
    """Core and surface after a front of the given width has swept from the surface to ``end``; sigma_Y = 1."""
    low = end - 0.6 * width
    rings = np.linspace(low, 1, int(np.ceil((1 - low) / width * 4)) + 1)
    s = polar(np.concatenate([np.linspace(low / 4, low, 4), rings[1:]]), 6)
    r = np.hypot(*s.qp_xy)
    mech, law = Mechanics(s, "quarter"), moduli(E, nu, 1.0, shape=r.shape)
    start = 1 + 0.5 * width
    u = before = np.zeros((2, s.n_nodes))
    eq, past = solved(mech, 1.0, law)
    for a in np.linspace(start, end, int(np.ceil((start - end) / (0.125 * width))) + 1)[1:]:
        z = np.clip((r - a) / width + 0.5, 0, 1)
        eq, past = solved(mech, 1 + (J - 1) * z * z * (3 - 2 * z), law, u=2 * u - before, past=past)
        before, u = u, eq.u
    stress = cauchy(eq, past)
    radial, hoop = cylindrical(stress, s.qp_xy)
    core = r < 0.5 * end
    return {"radial": float(radial[core].mean()), "hoop": float(hoop[core].mean()),
            "axial": float(stress[3][core].mean()), "surface": float(hoop.ravel()[np.argmax(r)]),
            "outside": 1 + float(u[0, np.argmax(s.nodes[0])])}


def _sharp(E: float, nu: float, J: float, end: float) -> tuple[float, float, float]:
    """Core radial stress, outer radius and surface hoop stress of a sharp front in one dimension, extrapolated."""
    wire = Wire(expansion=J - 1, E=(E, E), nu=(nu, nu), yields=(1.0, 1.0))
    runs = [swell(wire, n=n, depth=1 - end) for n in (400, 800)]
    core, outer, surface = (2 * getattr(runs[1], name)[-1] - getattr(runs[0], name)[-1]
                            for name in ("core_radial", "outer", "surface_hoop"))
    return core, outer, surface


def swelling_shell(full: bool) -> Findings:
    """Core pressure of a swollen shell over strength and expansion, extrapolated in the width of the front."""
    nu, end = 0.28, 0.67
    f = 1 - end**2
    widths = np.array([0.1, 0.05, 0.025, 0.0125] if full else [0.2, 0.1, 0.05])
    checks, columns = [], {"width_over_R": widths}
    points = [(1000.0, 3.8), (200.0, 3.8), (50.0, 3.8), (200.0, 1.6), (200.0, 5.2)] if full else [(200.0, 3.8)]
    for E, J in points:
        limit = np.log(1 + J * f / (1 - f)) / np.sqrt(3)
        runs = [_swept_shell(w, E, nu, J, end) for w in widths]
        p = -np.array([run["radial"] for run in runs])
        sharp, outer, surface = _sharp(E, nu, J, end)
        label, last = f"sigma_Y/E {1 / E:g}, J {J:g}", runs[-1]
        columns |= {f"{label}": p / limit}
        # the error is of first order only in the limit: its part of second order is extrapolated away as well
        at_zero = (8 * p[-1] - 6 * p[-2] + p[-3]) / 3
        checks += [
            Check(f"core pressure over sigma_Y, extrapolated in width, {label}", -sharp, float(at_zero),
                  0.01 if full else 0.06,
                  "1 % is asked of a core pressure; against a sharp front in one dimension, itself good to 0.2 %"),
            Check(f"outer radius over R, {label}", outer, last["outside"], widths[-1] ** 2 + 1e-4,
                  "the swollen area is the sharp front's to (width/R)^2; four figures of the one-dimensional program"),
            Check(f"surface hoop stress over sigma_Y, {label}", surface, last["surface"], widths[-1] / 4 + 2e-3,
                  "the last point lies up to a quarter of the width inside, and hoop stress changes as dr/r; the "
                  "one-dimensional program is good to 0.2 %")]
        if E == 1000.0:
            checks.append(Check("core pressure over the rigid-plastic closed form, sigma_Y/E 0.001", 1.0,
                                float(at_zero) / limit, 0.013, "finite elasticity takes 0.3 %; and 1 % as above"))
        if (E, J) == (200.0, 3.8):
            checks += [
                Check("core axial over radial stress, 2 nu", 2 * nu, last["axial"] / last["radial"], 1e-6,
                      "forces are balanced to 1e-7, in a core that is a few times softer than the whole"),
                Check("core hoop over radial stress", 1.0, last["hoop"] / last["radial"], 1e-6, "likewise")]
            seen = rates(p + sharp)
            checks += orders([f"order in the width, {w:g} to {w / 2:g} R" for w in widths[:-1]], 1.0, seen,
                             "reached from below: the widest fronts are as wide as the shell")
    return Findings(tuple(checks), {"swelling_shell": Table(columns, "width_over_R", tuple(list(columns)[1:]))})


_RIPPLE = ("with elements of half a delta the front's stress ripples from element to element, and steps of the same "
           "half beat with it: steps of 0.5, 0.4, 0.3, 0.25 and 0.125 delta give 61.74, 62.09, 62.13, 62.47 and 62.15")


#: Why a film that nothing stretches is not quite at yield.
_BELOW = ("the jump of the front puts material at yield for a traction and an elastic change of volume foretold; "
          "what these miss within elements leaves it 6 % below with four elements in a half-thickness, 3 % with eight")


def flat_film(full: bool) -> Findings:
    """A film on a rigid substrate, the limit of a large radius: plane stress state and shift of the potential."""
    length, delta, dG0, spacing = 30.0, 1.0, -0.075, 0.125 if full else 0.25
    s0 = strip(length, spacing)
    sides = np.flatnonzero((s0.nodes[1] < 1e-9) | (s0.nodes[1] > s0.nodes[1].max() - 1e-9))
    s = held(s0, np.flatnonzero(s0.nodes[0] < FAR - length + 1e-6), sides)
    physics = silicon(s, delta, dG0=dG0)
    state, t, depth = about_to_enter(physics, FAR - s.nodes[0]), [0.0], [0.0]
    mandel, front_stress = np.zeros(4), np.nan
    for candidate, _ in march(physics, state, Limits(end=1e6, converted=0.7), [], Tally()):
        if candidate.equilibrium is None:
            continue
        state = candidate.state
        t.append(state.t)
        depth.append(physics.converted_fraction(state.xi) * length)
        _, C = physics.content_at_points(state.xi, state.c)
        stress = candidate.equilibrium.response.tau / (1.0 + physics.mixture.expansion * C)
        behind = np.abs(s.qp_xy[0] - (FAR - 6.0)) < 3.0
        mandel = np.array([np.average(part[behind], weights=s.weight[behind]) for part in stress])
        front_stress = float(np.interp(0.0, *_ordered(state.xi - 0.5, state.front_stress)))
    late = np.array(depth) > 8.0
    speed = float(np.polyfit(np.array(t)[late], np.array(depth)[late], 1)[0]) / 0.05
    shift = KT_300K / EV * np.log(1.0 - speed) - dG0
    omega, uneven = 2.8 * 0.02 / 3.75 / EV, (2.0 * spacing / (2.0 * np.log(3.0) * delta)) ** 2
    return Findings((
        Check("in-plane stress of the reacted film over sigma_Y (Mandel)", -1.0, float(mandel[1]), uneven, "yield in "
              "equal biaxial compression; second order in the element over the width of the conversion, 2.2 delta: "
              "points of an element differ, and means lie within the yield surface", known=Shortfall(0.07, _BELOW)),
        Check("axial stress of the reacted film over sigma_Y", -1.0, float(mandel[3]), uneven, "likewise",
              known=Shortfall(0.07, _BELOW)),
        Check("stress across the film over sigma_Y", 0.0, float(mandel[0]), 1e-3, "free surface; mean over a band",
              absolute=True),
        Check("front's mean stress over sigma_Y", -2.0 / 3.0, front_stress, 5e-3, "the first hundredth converted is "
              "elastic, half of the yield stress short on average"),
        Check("shift of the potential per in-plane stress, (2/3) Omega/F, mV/GPa", 2000.0 / 3.0 * omega,
              1000.0 * float(shift), 6e-3, "as the front's stress; from the speed, 0.2 % of which are 0.05 % of this; "
              "Omega = beta V/x_max = 14.93 A^3", known=None if full else Shortfall(9e-3, _RIPPLE)),
        Check("the same against the published 61 mV/GPa", 61.0, 1000.0 * float(shift), 0.022,
              "another molar volume, 14.7 A^3, 1.6 % less; and 0.6 % as above",
              known=None if full else Shortfall(0.024, "as the number above, and 61 is rounded to 0.8 %"))))


def _ordered(x: Array, y: Array) -> tuple[Array, Array]:
    k = np.argsort(x)
    return x[k], y[k]


CASES = (
    Case("swelling-shell", "together", "core pressure and surface stress of a swollen shell, by strength and expansion",
         "rigid-plastic closed form p = (sigma_Y/sqrt 3) ln[1 + J f/(1 - f)]; a one-dimensional program for the finite "
         "elasticity", "yield on tau in place of the Mandel stress leaves 1/3.8 of the pressure", swelling_shell),
    Case("flat-film", "together", "a front in a flat film feels -2 sigma_Y/3 and is not stopped by it",
         "constrained biaxial swelling; (2/3) Omega/F, about 61 mV per GPa of in-plane stress",
         "the shell's full mean stress -sigma_Y gives 93 mV/GPa", flat_film),
)
