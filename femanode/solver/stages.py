"""Three of the stages of a time step: swelling, equilibrium, and the stress that the front feels.

:mod:`femanode.solver.candidate` puts them together with the first, front and carriers.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace

import numpy as np

from femanode.constitutive.elastoplasticity import Moduli
from femanode.numerics.arrays import Array
from femanode.solver.advance import Moved
from femanode.solver.averaging import front_mean
from femanode.solver.front import on_front
from femanode.solver.mechanics import Equilibrium, NoEquilibrium
from femanode.solver.physics import Physics
from femanode.solver.state import State

#: Travel of the front, in delta, over which its stress is smoothed and the trend of it fitted: where extrapolation is
#: all that is known of the end of a step, and where front and stress agree there. With a whole delta in place of the
#: half the silicon wires of the bundled cases slow down at fractions smaller by 0.3 to 0.7 %, and a round wire that
#: stops early does so by 3 % earlier; a quarter takes more rounds and changes 1 %.
SMOOTHING, SMOOTHING_AGREED = 1.0, 0.5

#: Least share of the difference between computed and extrapolated stress that is taken over in a step. Otherwise the
#: share goes with the travel, and a front that hardly moves would keep an outdated stress. A front that agrees with its
#: stress needs that only where it moves by less than `STANDS` (delta) in a step; otherwise its memory would be the
#: shorter, in travel, the shorter the steps are.
LEAST_GAIN, STANDS = 0.3, 1e-3

#: Estimate of how much the stress, before it is smoothed, falls with the advance of the front by delta at one place,
#: GPa. A silicon wire with a front of 2 nm answers with 6 to 11 GPa; it only decides how many rounds a step takes.
ANSWER = 7.0


@dataclass(frozen=True)
class Swollen:
    """What equilibrium depends on besides the displacement, at the quadrature points.

    Attributes
    ----------
    Jc : (elem, qp) stress-free volume ratio
    law : elastic constants and flow stress
    metric : (4, elem, qp) inverse plastic metric after the step's reaction, before its flow
    """

    Jc: Array
    law: Moduli
    metric: Array


@dataclass(frozen=True)
class Felt:
    """The front's stress at the end of a step, and what follows from it.

    Attributes
    ----------
    stress : (N,) driving stress, averaged across the front and smoothed over its travel, with that of the front's
        interface, GPa
    trend : (N,) change of that stress per mean travel of the front, GPa/nm
    host, host_trend : (N,) mean stress of the host ahead of the front, smoothed in the same way, and its trend
    activity : (N,) activity averaged across the front
    curvature : (N,) divergence of the front's normal, 1/nm
    drive : mean v/k at that stress; 1 where there is no front
    advance : distance of the fastest part of the front in the step, in delta
    error : error of the front's position from the stress that it was moved with, in delta
    surprise : (N,) stress less what was extrapolated, GPa
    better : (N,) guess to move the front with next, GPa, where front and stress are to agree
    """

    stress: Array
    trend: Array
    host: Array
    host_trend: Array
    activity: Array
    curvature: Array
    drive: float
    advance: float
    error: float
    surprise: Array
    better: Array


def swell(physics: Physics, state: State, moved: Moved) -> Swollen:
    """Volume ratio and constants after the step's reaction, and the plastic metric of what the front has passed."""
    h, C = physics.content_at_points(moved.xi, moved.c)
    return Swollen(Jc=physics.swelling(C), law=physics.moduli(h, C), metric=physics.passed(state, moved.xi, moved.c))


def equilibrate(physics: Physics, state: State, swollen: Swollen, dt: float, last: Equilibrium | None = None,
                ) -> Equilibrium:
    """Equilibrium at the end of the step; its iterations are those of all rounds so far.

    The first guess is that of the ``last`` round, or continues the motion of the last step; where that fails, the
    displacement of ``state`` is the guess.
    """
    # Only half of the last motion: all of it would move elements that have finished swelling too far, and cost a tenth
    # more iterations.
    guess, axial = state.u + 0.5 * dt * state.u_rate, state.axial + state.axial_rate * (0.5 * dt)
    if last is not None:
        guess, axial = last.u, last.axial
    given, before = (swollen.metric, state.eqps, swollen.Jc, swollen.law, dt), last.iterations if last else 0
    try:
        found = physics.mechanics.solve(guess, axial, *given)
    except NoEquilibrium as first:
        found, before = physics.mechanics.solve(state.u, state.axial, *given), before + first.iterations
    return replace(found, iterations=found.iterations + before)


def feel(physics: Physics, state: State, moved: Moved, eq: Equilibrium, dt: float, guess: Array | None = None) -> Felt:
    """The front's stress at the end of the step, its trend, and the error of what the front was moved with.

    ``guess`` (N,), GPa, was added to the extrapolated stress where front and stress are to agree.
    """
    front, xi = physics.front, moved.xi
    averager = front.averager(xi, moved.averager)
    computed = averager(physics.driving_stress(xi, moved.c, eq))
    activity, n = moved.activity(physics, averager), front.normals(xi)
    curvature = front.curvature(n, averager)
    if physics.interface is not None:
        # Averaged, as speeds that differ across the front would change its width.
        due = physics.interface.stress(curvature, averager(physics.growth(moved.c)))
        computed = computed + averager(physics.spaces.at_points(due))
    extrapolated = state.front_stress + moved.travel * state.front_stress_trend
    near = on_front(xi)
    if not near.any():
        # The step has converted all that was left: the front that moved is the one at its beginning.
        near = on_front(state.xi)
    advance = dt / front.delta * float(np.max(moved.speed[near], initial=0.0))
    keep = np.exp(-advance / (SMOOTHING if guess is None else SMOOTHING_AGREED))
    least = LEAST_GAIN if guess is None or advance < STANDS else 0.0
    way = max(moved.travel, 1e-3 * front.delta)
    stress, trend = _remembered(computed, extrapolated, state.front_stress_trend, keep, way, least)
    foreseen = state.host_stress + moved.travel * state.host_stress_trend
    host, host_trend = _remembered(physics.host_stress(xi, eq), foreseen, state.host_stress_trend, keep, way, least)
    factor = physics.rate_factor(host)
    used = extrapolated if guess is None else extrapolated + guess
    # The rounds of a front that agrees with its stress look for that stress alone; the host's is extrapolated.
    miss = (front.speed(n, stress, activity, factor)
            - front.speed(n, used, activity, physics.rate_factor(foreseen) if guess is None else factor))
    # The stress in the middle of the step has half the error of that at its end, hence 0.5. The root mean square over
    # the front is taken, as the stress of the next step corrects the error of a single node.
    error = 0.5 * dt / front.delta * float(np.sqrt(front_mean(miss**2, xi, physics.spaces)))
    drive = front_mean(front.kinetics.drive(stress, activity), xi, physics.spaces)
    better = np.zeros_like(stress) if guess is None else answered(
        lambda at: front.kinetics.drive(at, activity), stress, used,
        factor * front.rate.rate(n[0], n[1]) * (ANSWER * max(1.0 - keep**2, least) * dt / front.delta)) - extrapolated
    return Felt(stress=stress, trend=trend, host=host, host_trend=host_trend, activity=activity, curvature=curvature,
                drive=drive if near.any() else 1.0, advance=advance, error=error, surprise=stress - extrapolated,
                better=better)


def answered(drive: Callable[[Array], Array], found: Array, used: Array, answer: Array) -> Array:
    """Stress (N,) that a front moved with it would feel, from what one moved with ``used`` (N,) has ``found`` (N,).

    Moved with more of the ``drive`` (N,), it would lower its stress by ``answer`` (N,), GPa, times the difference. The
    drive rises with stress, so that there is one such stress, between the two; it is found by bisection, to 1/1000 of
    their distance.
    """
    low, high, before = np.minimum(found, used), np.maximum(found, used), drive(used)
    for _ in range(10):
        middle = 0.5 * (low + high)
        above = middle - found + answer * (drive(middle) - before) > 0.0
        low, high = np.where(above, low, middle), np.where(above, middle, high)
    return 0.5 * (low + high)


def _remembered(found: Array, foreseen: Array, trend: Array, keep: float, way: float, least: float,
                ) -> tuple[Array, Array]:
    """A stress of the front and its trend after a step that ``found`` (N,), GPa, where ``foreseen`` was expected.

    The trend is linear, by discounted least squares over half to all of a half-thickness of travel. The mesh puts a
    ripple of such a period on the averaged stress, which extrapolation from two values would amplify.

    Parameters
    ----------
    trend : (N,) at the start of the step, GPa/nm
    keep : what the step leaves of the weight of earlier values
    way : mean travel of the front, nm
    least : share of the difference that is taken over at least
    """
    surprise = found - foreseen
    return foreseen + max(1.0 - keep**2, least) * surprise, trend + (1.0 - keep) ** 2 * surprise / way
