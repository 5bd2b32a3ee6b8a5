"""Cases of sections that have reacted and are filled, held, left alone and emptied."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from scipy.optimize import brentq
from scipy.special import jn_zeros

from femanode.constitutive.elastoplasticity import Moduli
from femanode.constitutive.kinetics import AtPotential, MassAction
from femanode.constitutive.mixture import Mixture, Phase
from femanode.constitutive.opencircuit import OpenCircuit
from femanode.mesh.recovery import Recovery
from femanode.mesh.spaces import Spaces
from femanode.numerics.arrays import Array
from femanode.solver.applied import Applied
from femanode.solver.candidate import Candidate
from femanode.solver.ends import CutOff, EndTime, Event
from femanode.solver.front import Front
from femanode.solver.mechanics import Mechanics
from femanode.solver.physics import Physics
from femanode.solver.protocol import Protocol, Step
from femanode.solver.reasons import StopReason
from femanode.solver.state import State, pristine
from femanode.solver.stepends import Charge, Elapsed, state_of_charge
from femanode.solver.stepping import Limits, Tally, march
from femanode.solver.transport import Transport
from femanode.solver.whole import reacted
from femanode.units import E_CHARGE
from femanode.verify.bench import KT_300K, Isotropic, constant, cylindrical, disc, moduli, polar
from femanode.verify.case import Case, Check, Findings, Table

RADIUS = 20.0
#: Straight line of 1 V over the content: Fick's law with a constant diffusivity.
LINE = OpenCircuit((0.0, 0.5, 1.0), (1.0, 0.5, 0.0), 1.0)
#: Of the shape of lithiated silicon's.
CURVE = OpenCircuit((0.0, 0.05, 0.1, 0.2, 0.4, 0.6, 0.8, 0.9, 0.95, 1.0),
                     (1.0, 0.6, 0.495, 0.41, 0.324, 0.249, 0.19, 0.16, 0.132, 0.05), 1.0)


RIGID = Phase(1e6, 0.2, lambda C: np.full_like(C, 1e6))


@dataclass(frozen=True)
class Doing:
    """One step of a case: a current (content nm^2/s through the meshed surface; None: a given level), and its end."""

    current: float | None
    end: Event
    level: float = 1.0


def reacted_section(spaces: Spaces, curve: OpenCircuit, steps: Sequence[Doing], *, D: float = 1.0, E: float = 100.0,
             nu: float = 0.28, beta: float = 3e-6, sigma_Y: float = np.inf, per_charge: float = 0.0,
             axial: str = "generalized") -> tuple[Physics, Protocol]:
    """A section that has reacted, and what is done to it; ``per_charge`` is Omega/(z e), V/GPa. A core is rigid."""
    def constants(h: Array, C: Array) -> Moduli:
        return moduli(E, nu, sigma_Y, shape=C.shape)

    applied = tuple(Applied(doing.current, level=doing.level, bound=0.3) for doing in steps)
    rate = AtPotential(MassAction(KT_300K, 1.0, per_charge * E_CHARGE, 0.0), KT_300K / E_CHARGE)
    physics = Physics(
        spaces, Mechanics(spaces, "quarter", axial=axial), Front(spaces, 1.0, 0.35, Isotropic(0.0), rate),
        Transport(spaces, curve, constant(D)), Mixture(constants, beta, (RIGID,)), applied, carrier_volume=per_charge)
    made = tuple(Step(a, (doing.end, EndTime(1e12))) for a, doing in zip(applied, steps, strict=True))
    return physics, Protocol(made)


def whole(physics: Physics, content: float) -> State:
    """All reacted, at one content, without stress."""
    s = physics.spaces
    shape = (s.weight.shape[0], s.weight.shape[1])
    return reacted(physics, pristine(s.n_nodes, shape, np.ones(s.n_nodes)), content)


def follow(physics: Physics, protocol: Protocol, state: State, filling: float, stops: Sequence[float] = (),
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


def response_of(candidate: Candidate) -> Array:
    """Kirchhoff stress (4, elem, qp) of a candidate with mechanics."""
    if candidate.equilibrium is None:
        raise RuntimeError("a step without mechanics")
    return candidate.equilibrium.response.tau


def potential_of(physics: Physics, state: State) -> float:
    return physics.chemistry.potential(1.0 - state.outside)


def slow_cycle(full: bool) -> Findings:
    """A free silicon wire filled and emptied slowly: no stress, and the potential is that of its content."""
    s = disc(RADIUS, RADIUS / (10 if full else 5))
    area = float(s.mass.sum())
    rate = area / (20.0 * 3600.0)
    steps = (Doing(rate, Charge(0.9)), Doing(-rate, Charge(0.1)), Doing(rate, Charge(0.9)))
    physics, protocol = reacted_section(s, CURVE, steps, D=100.0, beta=2.8, sigma_Y=1.0, E=60.0, per_charge=0.0933)
    found = follow(physics, protocol, whole(physics, 0.1), 0.02)
    charge = np.array([state_of_charge(physics, c.state) for c in found])
    seen = np.array([potential_of(physics, c.state) for c in found])
    open_circuit = np.array([CURVE.potential(float(CURVE.level(np.array([y]))[0])) for y in charge])
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
    s = disc(RADIUS, h * RADIUS)
    q, recovery = 0.3, Recovery(s)
    current = q / RADIUS * float(s.reacting_length.sum())
    scale = 100.0 * 3e-6 / (3.0 * (1.0 - 0.28))
    checks: list[Check] = []
    columns: dict[str, Array] = {}
    for name, sign, start in (("in", 1.0, 0.05), ("out", -1.0, 0.95)):
        physics, protocol = reacted_section(s, LINE, (Doing(sign * current, Elapsed(1.2 * RADIUS**2)),))
        last = follow(physics, protocol, whole(physics, start), 0.02)[-1]
        stress = response_of(last) / scale
        x = np.hypot(*s.qp_xy) / RADIUS
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
    s = polar(np.linspace(0.0, RADIUS, 61 if full else 25)[1:], 16 if full else 12)
    current = 0.2 / RADIUS * float(s.reacting_length.sum())
    begun, rates, columns = 0.3 * RADIUS**2, [], {}
    for dt in (0.002, 0.001) if full else (0.004, 0.002):
        steps = (Doing(current, Elapsed(begun)), Doing(None, Elapsed(0.5 * RADIUS**2), level=0.6))
        physics, protocol = reacted_section(s, LINE, steps)
        ticks = begun + np.arange(1, int(0.5 / dt)) * dt * RADIUS**2
        found = [c.state for c in follow(physics, protocol, whole(physics, 0.05), 1.0, ticks.tolist())
                 if c.state.step == 1]
        t = np.array([state.t - begun for state in found]) / RADIUS**2
        flows = np.array([state.carried for state in found])
        late = (t > 0.25) & (t < 0.49)
        rates.append(-float(np.polyfit(t[late], np.log(flows[late]), 1)[0]))
        columns = {"D t/R^2": t, "current": flows / flows[0]}
    alpha = float(jn_zeros(0, 1)[0])
    mode = flows[late][0] / flows[0] * np.exp(-alpha**2 * (t - t[late][0]))
    return Findings((
        Check("rate of decay times R^2/D, extrapolated in the step", alpha**2, 2.0 * rates[-1] - rates[-2],
              2e-3 if full else 4e-3,
              "32 chords in place of a quarter of the rim: area 0.04 % too small; rings of R/60: (alpha h)^2/12; first "
              "order of backward Euler is extrapolated"),),
        {"hold": Table({**columns, "slowest_mode": mode}, "D t/R^2", ("slowest_mode",), ("current",))})


def rest(full: bool) -> Findings:
    """Left alone after a current, the electrode goes to the potential of its mean content."""
    s = disc(RADIUS, RADIUS / (10 if full else 5))
    current = 0.3 / RADIUS * float(s.reacting_length.sum())
    steps = (Doing(current, Elapsed(0.3 * RADIUS**2)), Doing(0.0, Elapsed(5.0 * RADIUS**2)))
    physics, protocol = reacted_section(s, CURVE, steps)
    found = follow(physics, protocol, whole(physics, 0.2), 0.01)
    filled = [state_of_charge(physics, c.state) for c in found if c.state.step == 1]
    last = found[-1].state
    relaxed = CURVE.potential(float(CURVE.level(np.array([filled[-1]]))[0]))
    moved = abs(potential_of(physics, next(c.state for c in reversed(found) if c.state.step == 0)) - relaxed)
    return Findings((
        Check("potential after the rest minus U(mean content), V", 0.0, potential_of(physics, last) - relaxed, 1e-6,
              "5 R^2/D of rest leave exp(-3.83^2 5)", absolute=True),
        Check("content gained in the rest", 0.0, float(np.ptp(filled)), 1e-10, "nothing crosses the surface",
              absolute=True),
        Check("by how much the rest moved the potential, V", 0.02, moved, 0.02,
              "that there was something to relax: between 0 and 40 mV", absolute=True)))


def capacity_and_rate(full: bool) -> Findings:
    """Content at which the surface of a cylinder is full, over the current: it falls with the rate, from D/R^2 on."""
    s = polar(np.linspace(0.0, RADIUS, 61 if full else 31)[1:], 12)
    alpha = jn_zeros(1, 200)
    rates, expected, got = np.array([0.04, 0.4, 1.0, 2.0, 4.0] if full else [0.4, 1.0, 4.0]), [], []
    for q in rates:
        def above(t: float, q: float = q) -> float:
            return float(2.0 * q * t + 0.25 * q - 2.0 * q * np.sum(np.exp(-alpha**2 * t) / alpha**2)) - 0.98

        expected.append(0.02 + 2.0 * q * brentq(above, 1e-9, 1e3))
        current = q / RADIUS * float(s.reacting_length.sum())
        physics, protocol = reacted_section(s, LINE, (Doing(current, CutOff()),))
        ends = []
        for filling in (0.02, 0.01):
            last = follow(physics, protocol, whole(physics, 0.02), filling)[-1]
            ends.append(state_of_charge(physics, last.state))
        got.append(2.0 * ends[1] - ends[0])
    checks = [Check(f"content at the cut-off, current q R/D = {q:g}", a, b, 5e-3, "extrapolated in the step; cut-off "
                    "met to 1 mV of a curve of 1 V, 24 chords in place of a quarter of the rim")
              for q, a, b in zip(rates, expected, got, strict=True)]
    return Findings(tuple(checks), {"capacity_and_rate": Table(
        {"rate": rates, "exact": expected, "content": got}, "rate", ("exact",), ("content",))})


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
    Case("capacity-and-rate", "physics",
         "The capacity at the cut-off falls with the rate as diffusion in a cylinder has it, from full to a skin",
         "Crank 1975, cylinder with constant flux: y = 2 q t + q/4 - 2 q sum exp(-alpha^2 t)/alpha^2, J1(alpha) = 0",
         "capacity taken when the front has passed, or the cut-off taken after arrest: no knee", capacity_and_rate),
    Case("rest", "physics", "At rest the potential goes to that of the mean content, and no carrier is lost",
         "definition of the open-circuit potential", "a rest that holds the potential lets carriers out", rest),
)
