"""Cases of sections that have reacted and are filled, held, left alone and emptied."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from scipy.integrate import solve_ivp
from scipy.special import jn_zeros

from femanode.constitutive.elastoplasticity import Moduli
from femanode.constitutive.kinetics import AtPotential, MassAction
from femanode.constitutive.mixture import Mixture
from femanode.constitutive.opencircuit import OpenCircuit
from femanode.mesh.recovery import Recovery
from femanode.mesh.spaces import Spaces
from femanode.numerics.arrays import Array
from femanode.solver.candidate import Candidate
from femanode.solver.ends import EndTime, Event, StopReason
from femanode.solver.front import Front
from femanode.solver.mechanics import Mechanics
from femanode.solver.physics import Physics
from femanode.solver.protocol import Protocol, Step
from femanode.solver.state import State, pristine
from femanode.solver.stepends import Charge, Elapsed, state_of_charge
from femanode.solver.stepping import Limits, Tally, march
from femanode.solver.transport import Applied, Transport
from femanode.solver.whole import reacted
from femanode.units import E_CHARGE
from femanode.verify.bench import KT_300K, Isotropic, constant, cylindrical, disc, moduli, polar
from femanode.verify.case import Case, Check, Findings, Table

_R = 20.0
#: Straight line of 1 V over the content: Fick's law with a constant diffusivity.
_LINE = OpenCircuit((0.0, 0.5, 1.0), (1.0, 0.5, 0.0), 1.0)
#: Of the shape of lithiated silicon's.
_CURVE = OpenCircuit((0.0, 0.05, 0.1, 0.2, 0.4, 0.6, 0.8, 0.9, 0.95, 1.0),
                     (1.0, 0.6, 0.495, 0.41, 0.324, 0.249, 0.19, 0.16, 0.132, 0.05), 1.0)


@dataclass(frozen=True)
class Doing:
    """One step of a case: a current (content nm^2/s through the meshed surface; None: a given level), and its end."""

    current: float | None
    end: Event
    level: float = 1.0


def _section(spaces: Spaces, curve: OpenCircuit, steps: Sequence[Doing], *, D: float = 1.0, E: float = 100.0,
             nu: float = 0.28, beta: float = 3e-6, sigma_Y: float = np.inf, per_charge: float = 0.0,
             sector: str = "quarter") -> tuple[Physics, Protocol]:
    """A section that has reacted, free along its axis, and what is done to it; ``per_charge`` is Omega/(z e), V/GPa."""
    def constants(h: Array, C: Array) -> Moduli:
        return moduli(E, nu, sigma_Y, shape=C.shape)

    applied = tuple(Applied(doing.current, level=doing.level, bound=0.3) for doing in steps)
    rate = AtPotential(MassAction(KT_300K, 1.0, per_charge * E_CHARGE, 0.0), KT_300K / E_CHARGE)
    physics = Physics(
        spaces, Mechanics(spaces, sector, axial="generalized"), Front(spaces, 1.0, 0.35, Isotropic(0.0), rate),
        Transport(spaces, curve, constant(D)), Mixture(constants, beta), applied, carrier_volume=per_charge)
    made = tuple(Step(a, (doing.end, EndTime(1e12))) for a, doing in zip(applied, steps, strict=True))
    return physics, Protocol(made)


def _whole(physics: Physics, content: float) -> State:
    """All reacted, at one content, without stress."""
    s = physics.spaces
    shape = (s.weight.shape[0], s.weight.shape[1])
    return reacted(physics, pristine(s.n_nodes, shape, np.ones(s.n_nodes)), content)


def _follow(physics: Physics, protocol: Protocol, state: State, filling: float, stops: Sequence[float] = (),
            ) -> list[Candidate]:
    """Accepted candidates of all steps, each with at most ``filling`` more or less content at a node."""
    limits = Limits(end=1e12, arrest=None, converted=None, filling=filling, min_step=1e-9)
    found: list[Candidate] = []
    while True:
        step, reason = protocol.steps[state.step], StopReason.END_TIME
        for candidate, stop in march(physics, state, limits, list(stops), Tally(), ends=step.ends):
            found.append(candidate)
            state, reason = candidate.state, stop or reason
        following, _ = protocol.after(physics, state, reason)
        if following is state:
            return found
        state = following


def _response(candidate: Candidate) -> Array:
    """Kirchhoff stress (4, elem, qp) of a candidate with mechanics."""
    if candidate.equilibrium is None:
        raise RuntimeError("a step without mechanics")
    return candidate.equilibrium.response.tau


def _potential(physics: Physics, state: State) -> float:
    return physics.chemistry.potential(1.0 - state.outside)


def slow_cycle(full: bool) -> Findings:
    """A free silicon wire filled and emptied slowly: no stress, and the potential is that of its content."""
    s = disc(_R, _R / (10 if full else 5))
    area = float(s.mass.sum())
    rate = area / (20.0 * 3600.0)
    steps = (Doing(rate, Charge(0.9)), Doing(-rate, Charge(0.1)), Doing(rate, Charge(0.9)))
    physics, protocol = _section(s, _CURVE, steps, D=100.0, beta=2.8, sigma_Y=1.0, E=60.0, per_charge=0.0933)
    found = _follow(physics, protocol, _whole(physics, 0.1), 0.02)
    charge = np.array([state_of_charge(physics, c.state) for c in found])
    seen = np.array([_potential(physics, c.state) for c in found])
    open_circuit = np.array([_CURVE.potential(float(_CURVE.level(np.array([y]))[0])) for y in charge])
    through = np.array([c.balance.inflow for c in found if c.balance]) / area
    went_in, came_out = float(through[through > 0].sum()), -float(through[through < 0].sum())
    stress = max(float(np.abs(c.equilibrium.response.tau).max()) for c in found if c.equilibrium)
    return Findings((
        Check("largest |V - U(mean content)| over three half cycles, V", 0.0, float(np.abs(seen - open_circuit).max()),
              1e-3, "a fiftieth of the diffusion time per per cent of content", absolute=True),
        Check("carriers in minus carriers out, less what is left, relative to what went in", 0.0,
              (went_in - came_out - (charge[-1] - 0.1)) / went_in, 1e-8, "conserved step by step", absolute=True),
        Check("largest stress, GPa, of a flow stress of 1", 0.0, stress, 0.02,
              "content differs by q/(4 D) R = 0.0003 between surface and axis: E beta/(9 (1 - nu)) times that",
              absolute=True)),
        {"slow_cycle": Table({"content": charge, "open_circuit": open_circuit, "potential": seen}, "content",
                             ("open_circuit",), ("potential",))})


def current_both_ways(full: bool) -> Findings:
    """The steady stresses under a given current into and out of an elastic cylinder at small swelling."""
    h = 0.05 if full else 0.1
    s = disc(_R, h * _R)
    q, recovery = 0.3, Recovery(s)
    current = q / _R * float(s.reacting_length.sum())
    scale = 100.0 * 3e-6 / (3.0 * (1.0 - 0.28))
    checks: list[Check] = []
    columns: dict[str, Array] = {}
    for name, sign, start in (("in", 1.0, 0.05), ("out", -1.0, 0.95)):
        physics, protocol = _section(s, _LINE, (Doing(sign * current, Elapsed(1.2 * _R**2)),))
        last = _follow(physics, protocol, _whole(physics, start), 0.02)[-1]
        stress = _response(last) / scale
        x = np.hypot(*s.qp_xy) / _R
        radial, hoop = cylindrical(stress, s.qp_xy)
        exact = sign * q * (1 - x**2) / 8, sign * q * (1 - 3 * x**2) / 8
        w = s.weight / s.weight.sum()
        error = np.sqrt(sum(float(np.sum(w * (a - b) ** 2)) for a, b in zip((radial, hoop), exact, strict=True))) / q
        gained = state_of_charge(physics, last.state) - start
        checks += [
            Check(f"current {name}: change of the mean content, 2 q t", sign * 2 * q * 1.2, gained, 2e-3,
                  "the rim is a polygon of chords"),
            Check(f"current {name}: root mean square stress error over S q", 0.0, float(error), 0.5 * h**2,
                  "as with the ideal law: four times the curvature of the content in an element", absolute=True),
            Check(f"current {name}: radial stress of the centre over S q", sign * 0.125,
                  float(recovery(0.5 * (stress[0] + stress[1]))[np.argmin(np.hypot(*s.nodes))]) / q,
                  (1.87 * h) ** 2 + 2e-3, "a mean over the elements round the centre")]
        pick = np.argsort(x.ravel())[:: max(1, x.size // 150)]
        columns |= {"r_over_R": x.ravel()[pick], f"exact_{name}": exact[1].ravel()[pick], name: hoop.ravel()[pick]}
    return Findings(tuple(checks), {"current_both_ways": Table(columns, "r_over_R", ("exact_in", "exact_out"),
                                                               ("in", "out"))})


def hold(full: bool) -> Findings:
    """The current of a held potential dies away as the slowest mode of diffusion does."""
    s = polar(np.linspace(0.0, _R, 61 if full else 31)[1:], 16)
    current = 0.2 / _R * float(s.reacting_length.sum())
    begun, rates, columns = 0.3 * _R**2, [], {}
    for dt in (0.002, 0.001):
        steps = (Doing(current, Elapsed(begun)), Doing(None, Elapsed(0.5 * _R**2), level=0.6))
        physics, protocol = _section(s, _LINE, steps)
        ticks = begun + np.arange(1, int(0.5 / dt)) * dt * _R**2
        found = [c.state for c in _follow(physics, protocol, _whole(physics, 0.05), 1.0, ticks.tolist()) if c.state.step == 1]
        t = np.array([state.t - begun for state in found]) / _R**2
        flows = np.array([state.carried for state in found])
        late = (t > 0.25) & (t < 0.49)
        rates.append(-float(np.polyfit(t[late], np.log(flows[late]), 1)[0]))
        columns = {"D t/R^2": t, "current": flows / flows[0]}
    alpha = float(jn_zeros(0, 1)[0])
    mode = flows[late][0] / flows[0] * np.exp(-alpha**2 * (t - t[late][0]))
    return Findings((
        Check("rate of decay times R^2/D, extrapolated in the step", alpha**2, 2.0 * rates[-1] - rates[-2], 2e-3,
              "32 chords in place of a quarter of the rim: area 0.04 % too small; rings of R/60: (alpha h)^2/12; first "
              "order of backward Euler is extrapolated"),),
        {"hold": Table({**columns, "slowest_mode": mode}, "D t/R^2", ("slowest_mode",), ("current",))})


def rest(full: bool) -> Findings:
    """Left alone after a current, the electrode goes to the potential of its mean content."""
    s = disc(_R, _R / (10 if full else 5))
    current = 0.3 / _R * float(s.reacting_length.sum())
    steps = (Doing(current, Elapsed(0.3 * _R**2)), Doing(0.0, Elapsed(5.0 * _R**2)))
    physics, protocol = _section(s, _CURVE, steps)
    found = _follow(physics, protocol, _whole(physics, 0.2), 0.01)
    filled = [state_of_charge(physics, c.state) for c in found if c.state.step == 1]
    last = found[-1].state
    relaxed = _CURVE.potential(float(_CURVE.level(np.array([filled[-1]]))[0]))
    moved = abs(_potential(physics, next(c.state for c in reversed(found) if c.state.step == 0)) - relaxed)
    return Findings((
        Check("potential after the rest minus U(mean content), V", 0.0, _potential(physics, last) - relaxed, 1e-6,
              "5 R^2/D of rest leave exp(-3.83^2 5)", absolute=True),
        Check("content gained in the rest", 0.0, float(np.ptp(filled)), 1e-10, "nothing crosses the surface",
              absolute=True),
        Check("by how much the rest moved the potential, V", 0.02, moved, 0.02,
              "that there was something to relax: between 0 and 40 mV", absolute=True)))


def closed_cycle(full: bool) -> Findings:
    """No protocol gives work: what a cycle costs is what was dissipated, to the order of the steps."""
    s = polar(np.linspace(0.0, _R, 25 if full else 13)[1:], 4)
    current = 0.12 / _R * float(s.reacting_length.sum())
    steps = tuple(Doing(sign * current, Charge(y)) for sign, y in ((1.0, 0.7), (-1.0, 0.3), (1.0, 0.7), (-1.0, 0.3)))
    gaps, cost, fillings = [], 0.0, (0.02, 0.01, 0.005) if full else (0.02, 0.01)
    for filling in fillings:
        physics, protocol = _section(s, _CURVE, steps, beta=2.8, sigma_Y=1.0, E=60.0, per_charge=0.0933)
        found = _follow(physics, protocol, _whole(physics, 0.3), filling)
        cycle = [c for c in found if c.state.step >= 2]
        before = next(c for c in reversed(found) if c.state.step == 1)
        unit = 0.0933  # V/GPa: energies of the mechanics over the carriers' swelling, in V times content
        spent = [c.spent for c in cycle if c.spent]
        energy = [c.energy for c in cycle if c.energy]
        stored = energy[-1].stored - (before.energy.stored if before.energy else 0.0)
        mechanical = (sum(e.flow for e in energy) + stored) * unit / 2.8
        cost = sum(x.electrical for x in spent)
        lost = sum(x.diffusion + x.free for x in spent) + mechanical
        gaps.append((cost - lost) / cost)
    return Findings((
        Check("(work of the second cycle - what was dissipated and stored)/work, at the default filling of 0.02", 0.0,
              gaps[0], 0.02, "first order in the steps", absolute=True),
        Check("the same at half of that", 0.0, gaps[1], 0.01, "half of it", absolute=True),
        Check("work that the cycle cost over that of its carriers at 1 V", 0.05,
              cost / (0.4 * float(s.mass.sum())), 0.05, "positive: a cycle gives no work", absolute=True)))


def ten_half_cycles(full: bool) -> Findings:
    """Ten half cycles of an elastic cylinder whose stress acts on its carriers, against a program of its own."""
    beta, E, nu, q = 0.01, 4.0e4, 0.28, 0.15
    per_charge = 0.0933 * beta / 2.8
    n = 40 if full else 24
    # Fine at the surface, where the content bends most just after a reversal.
    s = polar(_R * (1.0 - np.linspace(1.0, 0.0, n + 1)[1:] ** 1.7), 12)
    current = q / _R * float(s.reacting_length.sum())
    steps = tuple(Doing(current if k % 2 == 0 else -current, Elapsed(_R**2 * 0.5)) for k in range(10))
    physics, protocol = _section(s, _CURVE, steps, E=E, nu=nu, beta=beta, per_charge=per_charge)
    t: Array = np.arange(1.0, 101.0) * 0.05
    runs = []
    for filling in (0.01, 0.005):
        found = _follow(physics, protocol, _whole(physics, 0.3), filling, (t * _R**2).tolist())
        at = [c for c in found if np.any(np.abs(c.state.t / _R**2 - t) < 1e-9)]
        runs.append(np.array([[_potential(physics, c.state), _hoop_of_rim(physics, c)] for c in at]).T)
    seen, hoop = 2.0 * runs[1] - runs[0]
    other = _volumes(t, q, E, nu, beta, per_charge, 240 if full else 160)
    return Findings((
        Check("largest difference of the potential, extrapolated in the step, V", 0.0,
              float(np.abs(seen - other[0]).max()), 1e-3, "a hundredth of the hysteresis", absolute=True),
        Check("largest difference of the surface's hoop stress over the largest, extrapolated in the step", 0.0,
              float(np.abs(hoop - other[1]).max() / np.abs(other[1]).max()), 0.01,
              "carriers and stress agree to 0.2 %; 24 chords in place of a quarter of the rim", absolute=True),
        Check("largest difference of the hoop stress at the larger of the two steps, 0.01 of content", 0.0,
              float(np.abs(runs[0][1] - other[1]).max() / np.abs(other[1]).max()), 0.05, "first order in the step",
              absolute=True)),
        {"ten_half_cycles": Table({"D t/R^2": t, "finite_volumes": other[0], "potential": seen}, "D t/R^2",
                                  ("finite_volumes",), ("potential",))})


def _hoop_of_rim(physics: Physics, candidate: Candidate) -> float:
    """Hoop stress at the surface: extrapolated from the points along a radius, mean over the rim."""
    s = physics.spaces
    hoop = s.extrapolate(cylindrical(_response(candidate), s.qp_xy)[1])
    return float(np.mean(hoop[s.outer]))


def _volumes(times: Array, q: float, E: float, nu: float, beta: float, per_charge: float, n: int) -> Array:
    """Potential and surface hoop stress of the same cylinder by finite volumes in one dimension, implicit in time.

    Mean stress of a free elastic cylinder: 2 E beta (mean - y)/(9 (1 - nu)); its hoop at the surface is 3/2 of that.
    Written for this test: contents in rings of equal width, times in units of R^2/D.
    """
    edges = np.linspace(0.0, 1.0, n + 1)
    volume, middle = 0.5 * np.diff(edges**2), 0.5 * (edges[1:] + edges[:-1])
    stiffness = 2.0 * E * beta / (9.0 * (1.0 - nu))
    grid = np.linspace(0.0, 1.0, 4001)
    table = np.array([_CURVE.potential(float(x)) for x in _CURVE.level(np.clip(grid, 1e-6, 1.0))])

    def chemical(y: Array, mean: float) -> Array:
        return np.interp(y, grid, table) + per_charge * stiffness * (mean - y)

    def slope(y: Array) -> Array:
        step = grid[1]
        return (np.interp(y + step, grid, table) - np.interp(y - step, grid, table)) / (2.0 * step)

    def change(y: Array, half: int) -> Array:
        mean = float(np.sum(volume * y) / volume.sum())
        mu, between = chemical(y, mean), 0.5 * (y[1:] + y[:-1])
        flux = np.diff(mu) / np.diff(middle) / slope(between)  # dy/dr of the same potential, so that D is Fick's
        sign = 1.0 if half % 2 == 0 else -1.0
        through = np.concatenate([[0.0], edges[1:-1] * flux, [sign * q]])
        return np.asarray(np.diff(through) / volume)

    y, potentials, hoops = np.full(n, 0.3), [], []
    for half in range(10):
        inside = times[(times > 0.5 * half + 1e-9) & (times <= 0.5 * (half + 1) + 1e-9)]
        found = solve_ivp(lambda t, y, k: change(y, k), (0.5 * half, 0.5 * (half + 1)), y, "BDF",
                          np.clip(inside, None, 0.5 * (half + 1)), args=(half,), rtol=1e-8, atol=1e-10)
        y = found.y[:, -1]
        sign = 1.0 if half % 2 == 0 else -1.0
        for profile in found.y.T:
            mean = float(np.sum(volume * profile) / volume.sum())
            # from the outermost ring to the surface, along the gradient that carries the current
            mu_slope = slope(profile[-1:])[0]
            edge = profile[-1]
            for _ in range(20):
                total = per_charge * stiffness * (mean - edge) + np.interp(edge, grid, table)
                wanted = chemical(profile[-1:], mean)[0] + sign * q * mu_slope * 0.5 / n
                edge -= (total - wanted) / (slope(np.array([edge]))[0] - per_charge * stiffness)
            potentials.append(float(chemical(np.array([edge]), mean)[0]))
            hoops.append(1.5 * stiffness * (mean - edge))
    return np.array([potentials, hoops])


CASES = (
    Case("slow-cycle", "physics",
         "A free wire filled and emptied slowly has no stress and the potential of its content",
         "definition of the open-circuit potential; conservation",
         "content and potential taken at different ends of a step: 5 mV; stress acting with the wrong sign: none here",
         slow_cycle),
    Case("current-both-ways", "physics",
         "Stresses of an elastic cylinder under a constant current into it, and out of it, are those of Cheng and "
         "Verbrugge with both signs",
         "Cheng & Verbrugge 2009 (steady parts), cylinder",
         "the level's sign lost on the way out: no stress changes sign",
         current_both_ways),
    Case("hold", "physics", "The current of a held potential decays with the slowest mode of diffusion",
         "Bessel's J0: 2.4048", "a level that drifts during the hold: no exponential", hold),
    Case("rest", "physics", "At rest the potential goes to that of the mean content, and no carrier is lost",
         "definition of the open-circuit potential", "a rest that holds the potential lets carriers out", rest),
    Case("closed-cycle", "together", "What a cycle of a flowing, diffusing cylinder costs is what it dissipates",
         "first law; each term computed by itself",
         "drift by another volume than swelling does work by: the gap stays as steps shrink", closed_cycle),
    Case("ten-half-cycles", "opinion",
         "Ten half cycles of an elastic cylinder whose stress acts on its carriers, against finite volumes",
         "a program of its own, in one dimension", "stress left out of the carriers' potential: 20 mV",
         ten_half_cycles),
)
