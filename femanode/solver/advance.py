"""First stage of a step: front and carriers at its end, found together.

The front's speed depends on stress and activity, and the front takes up the carriers whose activity drives it. Two
nested iterations make these agree: :func:`advance_front` between front and carriers, and :func:`_drive` between the
front's speed and its stress, which is extrapolated along its travel.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from femanode.constitutive.swelling import conversion
from femanode.numerics.arrays import Array
from femanode.numerics.linear import inner
from femanode.solver.applied import FULL_ACTIVITY
from femanode.solver.averaging import Averager
from femanode.solver.failure import StepFailed
from femanode.solver.front import NO_EXTENT
from femanode.solver.physics import Physics
from femanode.solver.state import State
from femanode.solver.transport import Balance

#: Largest number of sweeps between front and carriers, and between the front's speed and its travel.
MOST_SWEEPS, MOST_LOOKS = 40, 60

#: While the extent changes by more than so many times the agreed difference, carriers are balanced roughly.
NEARLY = 10.0

#: A sweep whose speeds would change the extent by less than this share of the agreed difference does not move the front
#: again.
AT_REST = 0.2

#: What a step says whose front and carriers do not settle.
NO_BALANCE = "front and carrier balance did not agree"


@dataclass(frozen=True)
class Moved:
    """Front and carriers at the end of a step.

    Attributes
    ----------
    xi : (N,) extent of reaction
    drop : (N,) level outside the surface minus level
    outside : 1 - level outside the surface
    shift : (N,) share of the level that is due to stress
    entered : whether the full given current has flowed at least once
    balance : carriers that are there, that came in, and their mismatch
    speed : (N,) speed of the front in the step, nm/s
    travel : mean distance that the front has moved in the step, nm
    averager : average across the front, from the last sweep
    """

    xi: Array
    drop: Array
    outside: float
    shift: Array
    entered: bool
    balance: Balance
    speed: Array
    travel: float
    averager: Averager

    @property
    def depletion(self) -> Array:
        """1 - c, (N,)."""
        return self.outside + self.drop

    @property
    def c(self) -> Array:
        """Level of the carriers without the share of stress, (N,): what their content follows from."""
        return 1.0 - self.depletion - self.shift

    def activity(self, physics: Physics, averager: Averager) -> Array:
        """See :func:`activity_at_front`."""
        return activity_at_front(physics, averager, self.outside, self.drop)


def activity_at_front(physics: Physics, averager: Averager, outside: float, drop: Array) -> Array:
    """Activity averaged across the front and extended along its normal, (N,).

    Far from any front it is the mean of the front, as what is averaged is the difference from that, which tends to 0.
    With the activity outside there, nodes that nothing ties to a front would start one of their own where it is held
    at a small part of that, as behind a film. ``drop`` (N,) is that from outside.
    """
    at_points = physics.spaces.at_points(drop)
    mean = averager.mean(at_points)
    if np.isnan(mean):  # no front; a drop that is no number fails the average itself
        mean = 0.0
    return 1.0 - outside - mean - averager(at_points - mean)


def follows_outside(physics: Physics, state: State) -> bool:
    """Whether the level of the surface is fixed at 1, that is, it has no film and no current is given."""
    return physics.applied[state.step] == FULL_ACTIVITY and physics.transport.film is None


def advance_front(physics: Physics, state: State, dt: float, shift: Array | None = None,
                  guess: Moved | None = None) -> Moved:
    """Front and carriers after ``dt`` (s), which agree with each other, at the extrapolated stress.

    ``shift`` (N,) is the share of the carriers' level that is due to the stress at the end of the step; by default that
    of ``state``. ``guess`` is what the same step led to with a slightly different stress.

    The stress is extrapolated along the travel of the front, not in time. As the travel depends on it in turn, the step
    is implicit in the stress, and a front that stress is about to stop needs no shorter steps.

    Raises
    ------
    StepFailed
        The sweeps do not converge, or a value is not finite.
    """
    front, transport, applied = physics.front, physics.transport, physics.applied[state.step]
    at_outside = follows_outside(physics, state)
    shift = state.shift if shift is None else shift
    # A front that is only entering can take up little of a given current. Until all of it has flowed once, the activity
    # outside is at most that of the cut-off, and what that drives in flows.
    full = 1.0 - applied.cutoff
    limit = bound = -np.inf
    if applied.inserts:
        limit, bound = (-np.inf, full - applied.bound) if state.entered else (full, full)
    # With a limited supply, an error of the front's uptake becomes one of the activity of a thin skin. The extent then
    # has to agree more closely.
    agreed = 1e-4 if at_outside else 1e-5 * max(1.0 - physics.chemistry.at_front, 1e-4)
    C_n = physics.content_at_nodes(state)
    h_n = conversion(state.xi, front.start)
    openness = state.film[1] / state.film[0]
    shape = transport.shape(state.u)
    nodal_stress = physics.spaces.to_nodes(state.point_stress)
    xi = state.xi
    # Speed and mean travel are those of the directions that the front has half way through the step.
    if guess is None:
        n, activity, depletion = front.normals(xi), state.activity, state.depletion
        drive, travel = _drive(physics, state, n, activity, xi, 0.0, dt)
        n = front.normals(0.5 * (xi + front.travel(xi, drive, dt, state.curvature)))
    else:
        n, activity, depletion = (front.normals(0.5 * (xi + guess.xi)), guess.activity(physics, guess.averager),
                                  guess.depletion)
        drive, travel = _drive(physics, state, n, activity, guess.xi, guess.travel, dt)
    averager: Averager | None = None
    previous = np.full_like(xi, np.inf)
    rate = front.rate.rate(n[0], n[1])
    for _ in range(MOST_SWEEPS):
        last = drive
        drive, travel = _drive(physics, state, n, activity, xi, travel, dt)
        # The profile rises by 1/(4 delta) at most.
        change = dt * float(np.max(np.abs(rate * (drive - last)))) / (4.0 * front.delta)
        if averager is None or not change <= AT_REST * agreed:  # also where it is no number
            xi = front.travel(state.xi, drive, dt, state.curvature)
        if not np.all(np.isfinite(xi)):
            raise StepFailed(NO_EXTENT)
        h = conversion(xi, front.start)
        moving = float(np.max(np.abs(xi - previous)))
        if averager is not None and moving < agreed:
            drop, outside = transport.step(C_n, h, depletion, nodal_stress, dt, least=limit, applied=applied,
                                          shift=shift, openness=openness, shape=shape)
            if not np.all(np.isfinite(drop)):
                raise StepFailed("carrier balance gave a value that is not finite")
            return Moved(
                xi=xi, drop=drop, outside=outside, shift=shift,
                # At rest nothing flows, whatever the level is.
                entered=state.entered or (applied.current != 0.0 and outside > full),
                balance=transport.balance(C_n, h, drop, nodal_stress, dt, outside, shift, openness, shape),
                speed=front.rate.rate(n[0], n[1]) * drive, travel=travel, averager=averager)
        previous = xi
        stress = state.front_stress + 0.5 * travel * state.front_stress_trend
        gain = front.kinetics.sensitivity(h - h_n, stress, activity)
        # The uptake is linearised about the activity of the last sweep, so that its linear part vanishes as the sweeps
        # converge. Linearised about the average, a part of it remains, which is negligible only at activity 1 outside.
        about = activity if at_outside else 1.0 - depletion
        drop, outside = transport.step(C_n, h, depletion, nodal_stress, dt, (gain, about), bound, applied, shift,
                                      openness, shape, roughly=moving > NEARLY * agreed)
        depletion = outside + drop
        if not np.all(np.isfinite(depletion)):
            raise StepFailed("carrier balance gave a value that is not finite")
        averager = front.averager(xi, averager)
        activity = activity_at_front(physics, averager, outside, drop)
    raise StepFailed(NO_BALANCE)


def _drive(physics: Physics, state: State, n: Array, activity: Array, xi: Array, travel: float, dt: float,
           ) -> tuple[Array, float]:
    """Drive v/k(n) (N,) of the front, and the mean travel (nm) in ``dt`` that follows from it.

    The drive, here with the factor of the rate, depends on the stress half way along the travel, so that the two are
    found by a fixed-point iteration.

    Parameters
    ----------
    n : (2, N) unit normals
    activity : (N,) averaged activity
    xi : (N,) extent, which says where the front is
    travel : first guess, nm

    Raises
    ------
    StepFailed
        The iteration does not converge: the step is too long. Or a speed is not finite.
    """
    front, weight = physics.front, physics.spaces.mass * xi * (1.0 - xi)
    rate, total = front.rate.rate(n[0], n[1]), max(float(weight.sum()), 1e-300)
    for _ in range(MOST_LOOKS):
        factor = physics.rate_factor(state.host_stress + 0.5 * travel * state.host_stress_trend)
        drive = factor * front.kinetics.drive(state.front_stress + 0.5 * travel * state.front_stress_trend, activity)
        found = dt * inner(weight, rate * drive) / total
        if not np.isfinite(found):
            raise StepFailed("the front's speed is not finite")
        if abs(found - travel) < 1e-5 * front.delta:
            return drive, travel
        # Damped by one half: this converges for time steps up to three times as long as the plain iteration does.
        travel = 0.5 * (travel + found)
    raise StepFailed("the front's speed and its stress along the way do not agree")
