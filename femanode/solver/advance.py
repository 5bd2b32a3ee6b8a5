"""First stage of a step: front and carriers at its end, which agree with one another and with the front's stress."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from femanode.constitutive.swelling import conversion
from femanode.numerics.arrays import Array
from femanode.numerics.linear import inner
from femanode.solver.averaging import Averager
from femanode.solver.failure import StepFailed
from femanode.solver.physics import Physics
from femanode.solver.state import State
from femanode.solver.transport import FULL_ACTIVITY, Balance

#: Largest activity, over that of the cut-off, that the sweeps of a step try; the step they then lead to is cut.
MOST_ACTIVITY = 1.5

#: Sweeps between front and carriers, and between the front's speed and its travel, before a step is given up.
MOST_SWEEPS, MOST_LOOKS = 40, 60


@dataclass(frozen=True)
class Moved:
    """Front and carriers at the end of a step.

    Attributes
    ----------
    xi : (N,) extent of reaction
    drop : (N,) activity outside minus activity
    outside : 1 - activity outside the surface
    entered : whether a given current has once been carried whole
    balance : carriers that came in and that are there
    speed : (N,) speed of the front in the step, nm/s
    travel : mean distance of the front in the step, nm
    averager : average across the front, of the last sweep
    """

    xi: Array
    drop: Array
    outside: float
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
        """Activity of the carrier in the reacted phase, (N,)."""
        return 1.0 - self.depletion

    def activity(self, physics: Physics, averager: Averager) -> Array:
        """See :func:`activity_at_front`."""
        return activity_at_front(physics, averager, self.outside, self.drop)


def activity_at_front(physics: Physics, averager: Averager, outside: float, drop: Array) -> Array:
    """Activity averaged across the front and extended along its normal, (N,); outside's where there is no front."""
    return 1.0 - outside - averager(physics.spaces.at_points(drop))


def follows_outside(physics: Physics, state: State) -> bool:
    """Whether the surface has activity 1: bare, and no current given."""
    return physics.applied[state.step] == FULL_ACTIVITY and physics.transport.film is None


def advance_front(physics: Physics, state: State, dt: float) -> Moved:
    """Front and carrier balance over dt at extrapolated stress.

    The stress is extrapolated in travel, not in time: where it is about to stop the front, the step is implicit in it.

    Raises
    ------
    StepFailed
        Front, carriers and stress do not agree, or a value is not finite.
    """
    front, transport, applied = physics.front, physics.transport, physics.applied[state.step]
    at_outside = follows_outside(physics, state)
    # While the front is still coming in there is little to take the current: what the cut-off gives then flows.
    full = 1.0 - applied.cutoff
    limit, bound = (-np.inf, 1.0 - MOST_ACTIVITY * applied.cutoff) if state.entered else (full, full)
    # Where the supply is limited, what the front takes too much or too little shows in the activity of a thin skin.
    agreed = 1e-4 if at_outside else 1e-5 * (1.0 - physics.chemistry.at_front)
    C_n = physics.content_at_nodes(state)
    h_n = conversion(state.xi, front.start)
    nodal_stress = physics.spaces.to_nodes(state.point_stress)
    xi, activity, depletion, n = state.xi, state.activity, state.depletion, front.normals(state.xi)
    drive, travel = _drive(physics, state, n, activity, xi, 0.0, dt)
    # The front goes where it points half way through the step.
    n = front.normals(0.5 * (xi + front.travel(xi, drive, dt, state.curvature)))
    averager: Averager | None = None
    previous = np.full_like(xi, np.inf)
    for _ in range(MOST_SWEEPS):
        drive, travel = _drive(physics, state, n, activity, xi, travel, dt)
        xi = front.travel(state.xi, drive, dt, state.curvature)
        if not np.all(np.isfinite(xi)):
            raise StepFailed("front equation gave a value that is not finite")
        h = conversion(xi, front.start)
        if averager is not None and float(np.max(np.abs(xi - previous))) < agreed:
            drop, outside = transport.step(C_n, h, depletion, nodal_stress, dt, least=limit, applied=applied)
            if not np.all(np.isfinite(drop)):
                raise StepFailed("carrier balance gave a value that is not finite")
            return Moved(
                xi=xi, drop=drop, outside=outside, entered=state.entered or outside > full,
                balance=transport.balance(C_n, h, drop, nodal_stress, dt, outside),
                speed=front.rate.rate(n[0], n[1]) * drive, travel=travel, averager=averager)
        previous = xi
        stress = state.front_stress + 0.5 * travel * state.front_stress_trend
        gain = front.kinetics.sensitivity(h - h_n, stress, activity)
        # About the last sweep's own activity the sink vanishes as sweeps agree; about the average a share of the uptake
        # stays, which is nothing only where the activity outside is given.
        about = activity if at_outside else 1.0 - depletion
        drop, outside = transport.step(C_n, h, depletion, nodal_stress, dt, (gain, about), bound, applied)
        depletion = outside + drop
        averager = front.averager(xi, averager)
        activity = activity_at_front(physics, averager, outside, drop)
    raise StepFailed("front and carrier balance did not agree")


def _drive(physics: Physics, state: State, n: Array, activity: Array, xi: Array, travel: float, dt: float,
           ) -> tuple[Array, float]:
    """v/k (N,) of a front of normals ``n`` at ``activity``, and the mean travel that agrees with its stress.

    ``xi`` tells where the front is, ``travel`` is a first guess. StepFailed where none is found: the step is too long.
    """
    front, weight = physics.front, physics.spaces.mass * xi * (1.0 - xi)
    rate, total = front.rate.rate(n[0], n[1]), max(float(weight.sum()), 1e-300)
    for _ in range(MOST_LOOKS):
        drive = front.kinetics.drive(state.front_stress + 0.5 * travel * state.front_stress_trend, activity)
        found = dt * inner(weight, rate * drive) / total
        if abs(found - travel) < 1e-5 * front.delta:
            return drive, travel
        # Half a step of the fixed point: it converges up to three times the time step at which the full one does.
        travel = 0.5 * (travel + found)
    raise StepFailed("the front's speed and its stress along the way do not agree")
