"""Cases of the carrier balance, alone and coupled with elastic stress, marched as a run marches."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
from scipy.integrate import solve_ivp

from femanode.constitutive.chemistry import IdealSolution
from femanode.constitutive.elastoplasticity import Moduli
from femanode.constitutive.kinetics import MassAction
from femanode.constitutive.mixture import Mixture
from femanode.mesh.recovery import Recovery
from femanode.mesh.spaces import Spaces, build_spaces
from femanode.numerics.arrays import Array
from femanode.solver.applied import FULL_ACTIVITY, Applied
from femanode.solver.front import Front
from femanode.solver.mechanics import Mechanics
from femanode.solver.physics import Physics
from femanode.solver.state import pristine
from femanode.solver.stepping import Limits, Tally, march
from femanode.solver.transport import Transport
from femanode.verify.bench import Isotropic, about_to_enter, constant, cylindrical, disc, halved, moduli, polar, silicon
from femanode.verify.case import Case, Check, Findings, Shortfall, Table, bound, orders, rates

_R, _E, _NU, _BETA = 20.0, 100.0, 0.28, 3e-6
#: Stress scale E Omega/(3 (1 - nu)) of a unit content.
_S = _E * _BETA / (3.0 * (1.0 - _NU))


def _reacted(spaces: Spaces, transport: Transport, applied: Applied = FULL_ACTIVITY) -> Physics:
    """An elastic section that has all reacted and only takes up carriers."""
    def constants(h: Array, C: Array) -> Moduli:
        return moduli(_E, _NU, shape=C.shape)

    front = Front(spaces, 1.0, 0.35, Isotropic(0.0), MassAction(1.0, -50.0, 0.0, 0.0))
    return Physics(spaces, Mechanics(spaces, "quarter"), front, transport, Mixture(constants, _BETA), (applied,))


def _fill(physics: Physics, start: float, times: Array) -> tuple[list[Array], list[Array]]:
    """Content (N,) and stress over S at the points (4, elem, qp) after each of the fixed steps, from ``start``."""
    s = physics.spaces
    state = pristine(s.n_nodes, (s.weight.shape[0], s.weight.shape[1]), np.ones(s.n_nodes))
    state = replace(state, depletion=np.full(s.n_nodes, 1.0 - start), outside=1.0 - start, entered=True)
    limits = Limits(end=float(times[-1]), arrest=None, converted=None)
    contents, stresses = [], []
    for candidate, _ in march(physics, state, limits, [float(t) for t in times], Tally()):
        if candidate.equilibrium is None:
            raise RuntimeError("a step without mechanics")
        contents.append(candidate.state.c)
        stresses.append(candidate.equilibrium.response.tau / _S)
    return contents, stresses


def _at_centre(s: Spaces, recovery: Recovery, stress: Array) -> float:
    """Radial stress of the centre: there (11 + 22)/2."""
    return float(recovery(0.5 * (stress[0] + stress[1]))[np.argmin(np.hypot(*s.nodes))])


def potentiostatic(full: bool) -> Findings:
    """Filling at a given surface activity: the largest radial stress of the centre, and when."""
    s = disc(_R, _R / (20 if full else 10))
    around = (1.7 / (20 if full else 10)) ** 2
    recovery = Recovery(s)
    peaks, when = [], []
    counts = (40, 80, 160) if full else (40, 80)
    for n in counts:
        tau = np.arange(1, int(1.25 * n) + 1) * 0.0761 / n
        _, stresses = _fill(_reacted(s, Transport(s, IdealSolution(0.0), constant(1.0))), 0.0, tau * _R**2)
        centre = np.array([_at_centre(s, recovery, t) for t in stresses])
        top = int(np.argmax(centre))
        fit = np.polyfit(tau[top - 2: top + 3], centre[top - 2: top + 3], 2)
        when.append(float(-0.5 * fit[1] / fit[0]))
        peaks.append(float(np.polyval(fit, when[-1])))
    checks = [Check("largest radial stress of the centre over S, extrapolated in the step", 0.2356,
                    2 * peaks[-1] - peaks[-2], around + 2e-4,
                    "second order in the elements round the centre, (1.7 h/R)^2; the number has four figures"),
              Check("its D t/R^2, extrapolated in the step", 0.0761, 2 * when[-1] - when[-2], around + 1 / counts[-1],
                    "likewise, and a step: the top is flat, so that half a per cent in time is 3e-5 in stress")]
    return Findings(tuple(checks), {"diffusion_stress_potentiostatic": Table(
        {"steps_to_peak": counts, "peak": peaks, "time": when, "exact": [0.2356] * len(counts)}, "steps_to_peak",
        ("exact",), ("peak",))})


def given_flux(full: bool) -> Findings:
    """Filling at a given flux: the steady stresses, and the mean content."""
    sizes = np.array([0.4, 0.2, 0.1, 0.05] if full else [0.4, 0.2, 0.1])
    q, errors, columns = 0.3, [], {}
    times = np.linspace(0.0, 1.2, 61)[1:] * _R**2
    mean = centre = np.nan
    for i in range(len(sizes)):
        s = build_spaces(halved(_R, sizes[0] * _R, i))
        applied = Applied(q / _R * float(s.reacting_length.sum()))
        transport = Transport(s, IdealSolution(0.0), constant(1.0))
        contents, stresses = _fill(_reacted(s, transport, applied), 0.0, times)
        x = np.hypot(*s.qp_xy) / _R
        radial, hoop = cylindrical(stresses[-1], s.qp_xy)
        exact = q * (1 - x**2) / 8, q * (1 - 3 * x**2) / 8
        w = s.weight / s.weight.sum()
        errors.append(np.sqrt(sum(float(np.sum(w * (a - b) ** 2)) for a, b in
                                  zip((radial, hoop), exact, strict=True))) / q)
        mean = float(np.sum(s.mass * contents[-1]) / s.mass.sum())
        centre = _at_centre(s, Recovery(s), stresses[-1])
        pick = np.argsort(x.ravel())[:: max(1, x.size // 150)]
        columns = {"r_over_R": x.ravel()[pick], "exact_radial": exact[0].ravel()[pick],
                   "exact_hoop": exact[1].ravel()[pick], "radial": radial.ravel()[pick], "hoop": hoop.ravel()[pick]}
    seen = rates(errors)
    return Findings((
        Check("mean content at D t/R^2 = 1.2, 2 q t", 2 * q * 1.2, mean, 2e-3, "the rim is a polygon of chords"),
        Check(f"root mean square stress error over S q at the points, elements of R/{1 / sizes[-1]:g}", 0.0, errors[-1],
              0.5 * sizes[-1] ** 2, "strain is linear in an element and the content is not: h^2/8 of its curvature, q; "
              "polygons of chords in place of the rim as much again; four times that, for it is a bound of the order's "
              "constant, not of a resolved field", absolute=True),
        Check("recovered radial stress of the centre over S q", 0.125, centre / q, (1.87 * sizes[-1]) ** 2 + 2e-3,
              "what a run writes to its frames: a mean over the elements round the centre, whose ring lies at 1.7 h "
              "and, with evenly spaced rows, up to a tenth farther"),
        *orders([f"order of stress between elements of {h:g} and {h / 2:g} R" for h in sizes[:-1]], 2.0, seen,
                "swelling and strain vary linearly within an element")),
        {"diffusion_stress_given_flux": Table(columns, "r_over_R", ("exact_radial", "exact_hoop"), ("radial", "hoop"))})


def _one_dimensional(theta: float, start: float, end: float, *, own_law: bool, n: int = 200) -> float:
    """Mean content at D t/R^2 = ``end``: method of lines in the radius, closed-form stress; shares no code.

    ``own_law`` multiplies D by exp(dV_D s/kT) with s the closed-form mean stress, as femanode's law does.
    """
    faces = np.linspace(0.0, 1.0, n + 1)
    mid, volume = 0.5 * (faces[1:] + faces[:-1]), 0.5 * np.diff(faces**2)

    def change(_: float, c: Array) -> Array:
        edge = np.append(0.5 * (c[1:] + c[:-1]), 1.0)
        slope = np.append(np.diff(c) / np.diff(mid), (1.0 - c[-1]) / (1.0 - mid[-1]))
        # g s = (theta/2) [(1 + nu) mean c - 2 c] with theta = 2 g S/3
        factor = np.exp(0.5 * theta * ((1 + _NU) * 2.0 * np.sum(volume * c) - 2.0 * edge)) if own_law else 1.0
        flux = np.append(0.0, faces[1:] * factor * (1.0 + theta * edge) * slope)
        return np.diff(flux) / volume

    solution = solve_ivp(change, (0.0, end), np.full(n, start), "BDF", rtol=1e-7, atol=1e-9)
    return float(2.0 * np.sum(volume * solution.y[:, -1]))


def _coupled_mean(rows: int, steps: int, theta: float) -> float:
    """Mean content at D t/R^2 = 0.05, from 0.1 to 1, with ``rows`` of elements along the radius."""
    s = polar(np.linspace(0.0, _R, rows + 1)[1:], 6)
    transport = Transport(s, IdealSolution(0.0), constant(1.0), 1.5 * theta / _S)
    contents, _ = _fill(_reacted(s, transport), 0.1, np.arange(1, steps + 1) * 0.05 / steps * _R**2)
    return float(np.sum(s.mass * contents[-1]) / s.mass.sum())


def two_way(full: bool) -> Findings:
    """Elastic stress drives diffusion: mean content at D t/R^2 = 0.05, from 0.1 to 1, theta = 2."""
    theta, rows, counts = 2.0, (10, 20, 40, 80) if full else (10, 20, 40), (30, 60, 120, 240) if full else (20, 40)
    plain, coupled = (_one_dimensional(theta, 0.1, 0.05, own_law=own) for own in (False, True))
    alone = [_coupled_mean(rows[-1], n, 0.0) for n in counts[:2]]
    in_time = [_coupled_mean(rows[0], n, theta) for n in counts]
    # each mesh with the first-order error of the step taken off
    in_space = np.array([2 * _coupled_mean(m, counts[1], theta) - _coupled_mean(m, counts[0], theta) for m in rows])
    errors, differences = in_space - coupled, np.diff(in_time)
    seen, last = rates(errors), in_space[-1] - in_space[-2]
    by_itself = float(rates(np.diff(in_space))[-1])
    limit, by_seen = (float(in_space[-1] + last / (2.0**p - 1.0)) for p in (2.0, by_itself))
    in_order = orders([f"order in space, R/{m} to R/{2 * m}" for m in rows[:-1]], 1.0, seen,
                      "the stress at the surface node")
    if full:
        in_order[-1] = replace(in_order[-1], known=Shortfall(1.3, "the error is about to change sign: at R/80 it is "
                                                             "-0.2 %, of which the chords give +0.15 %"))
    return Findings((
        Check("one-dimensional program, constant D", 0.6850, plain, 1e-4, "four figures are given"),
        Check(f"uncoupled, R/{rows[-1]}, extrapolated in the step", 0.5069, 2 * alone[1] - alone[0], 2.9e-3,
              "carriers live on chords of 7.5 degrees, which leave out 1 - sin x/x = 0.29 % of the area"),
        Check("coupled, D as in femanode's law, extrapolated in step and mesh", coupled,
              limit, 0.3 * 0.016 * 80 / rows[-1] + 2.9e-3,
              f"the last step to the limit, 2 % at R/80, is known to 0.3 of itself as the order is: {by_seen:.4g} with "
              f"the order seen; and the chords, 0.29 %"),
        Check(f"the same on elements of R/{rows[-1]}, not extrapolated", coupled, float(in_space[-1]),
              0.02 * 80 / rows[-1], "2 % is asked of transport, at R/80; nodal stress is a mean over the elements "
              "around, which at the surface lie to one side: first order"),
        *in_order,
        *(orders([f"order in time, {counts[i]} to {counts[i + 2]} steps" for i in range(len(counts) - 2)], 1.0,
                 rates(differences), "backward Euler, stress of the step before") if len(counts) > 2 else []),
    ), {"stress_diffusion": Table({"size_over_R": 1.0 / np.array(rows), "error": np.abs(errors),
                                   "first order": abs(errors[-1]) * rows[-1] / np.array(rows)}, "size_over_R",
                                  ("first order",), ("error",), log=True)})


def conservation(full: bool) -> Findings:
    """Carriers in the section against what came through the surface: graded mesh, D(C)."""
    R, delta = 20.0, 1.5
    x = np.linspace(0.0, 1.0, 17)[1:]
    s = polar(R * (1.0 - (1.0 - x) ** 1.6), 10)
    table = [0.0, 0.6, 1.0], [0.004, 0.04, 0.16]
    physics = silicon(s, delta, start=0.35, D=lambda C: np.interp(C, *table))
    state, tally = about_to_enter(physics, np.maximum(R - np.hypot(*s.nodes), 0.0)), Tally()
    before = float(np.sum(s.mass * physics.content_at_nodes(state)))
    worst, inflow, total, depleted = 0.0, 0.0, before, 0.0
    # its own stress would stop the front a little later
    for candidate, _ in march(physics, state, Limits(end=1e6, converted=0.4), [], tally):
        if candidate.balance is not None:
            worst, inflow = max(worst, candidate.balance.error), inflow + candidate.balance.inflow
            total = float(np.sum(s.mass * physics.content_at_nodes(candidate.state)))
            state = candidate.state
            depleted = max(depleted, float((state.depletion * (state.xi > 0.9)).max()))
    radial = np.sort(np.hypot(*s.nodes[:, s.y0]))
    return Findings((
        Check("largest imbalance of a step over its change", 0.0, worst, 1e-10,
              "the solve leaves 1e-14 of the contents, of which the shortest steps change a ten thousandth",
              absolute=True),
        Check("carriers gained over carriers let in, whole run", 1.0, (total - before) / inflow, 1e-11, "likewise"),
        bound("largest over smallest spacing of the mesh", "at least", 8.0,
              float(np.diff(radial).max() / np.diff(radial).min()), "a graded mesh, or the case would show nothing"),
        bound("largest depletion in the reacted phase", "at least", 0.1,
              depleted,
              "diffusion takes part, or the case would show nothing")))


CASES = (
    Case("diffusion-stress", "physics", "stress of a cylinder that fills at a given surface activity",
         "Cheng & Verbrugge 2009: 0.2356 S at D t/R^2 = 0.0761, S = E Omega/(3 (1 - nu))",
         "a spherical particle has 0.386 in place of 0.2356; content at the end of the step with stress at its start "
         "shifts the time", potentiostatic),
    Case("diffusion-stress-flux", "physics", "steady stress of a cylinder that fills at a given flux",
         "Cheng & Verbrugge 2009: s_r = S q (1 - x^2)/8, s_t = S q (1 - 3 x^2)/8, q = J R/D",
         "the flux per deformed or per meshed length changes the mean content", given_flux),
    Case("stress-diffusion", "physics", "stress speeds up the diffusion that causes it",
         "D (1 + theta c), theta = 2 E Omega^2/(9 (1 - nu) R T): mean c 0.6850 (uncoupled 0.5069) at D t/R^2 = 0.05; a "
         "one-dimensional program for femanode's D exp(dV s/kT)", "the opposite sign of the drift gives below 0.5069",
         two_way),
    Case("conservation", "together", "what is in the section came through its surface, at every step",
         "exact", "an averaged D on a graded mesh that is not the same from both sides gains 26 % in three cycles",
         conservation),
)
