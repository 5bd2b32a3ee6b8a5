"""What a run will take, before it has begun: steps, time, memory. Laws read off the bundled wires, not derived."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from femanode.postprocess.growth import damkohler
from femanode.solver.problem import Problem
from femanode.solver.protocol import Step
from femanode.solver.stepends import Elapsed

#: Seconds per step: a part that does not depend on the mesh, and the factor of (million unknowns of the first mesh)^1.2
#: by linear solver, or else with SuperLU; one thread. Where directions differ a step takes more rounds: a power of
#: k_max/k_mean. Read off 21 bundled cases with rslab (docs/speed.md); PARDISO and SuperLU by their ratio to it.
_FIXED, _GROWING, _SUPERLU, _ROUNDS = 0.05, {"pardiso": 40.0, "rslab": 50.0}, 100.0, 0.6

#: MiB at the start, and per thousand unknowns of the first mesh (5,300: 425; 26,900: 644; 122,000: 984).
_BASE_MEMORY, _MEMORY = 380.0, 6.0

#: Steps: a factor, the power of the largest number of steps of `time.max_front_advance` that the front could make, the
#: power of k_max/k_mean, because slow directions still move when the fast ones have stopped or are through, and what
#: is added where diffusion is the limit. Least squares over the logarithms of 18 bundled cases; of these and one more
#: it foresees 0.59 to 1.60 of the steps counted.
_STEPS, _WAY, _SPREAD, _THROUGH = 1.35, 0.72, 0.41, 1.2

#: Under a protocol: share of the allowed change of content that a time step makes, time steps that a step takes to get
#: up to speed and to meet its end, and those of a rest or of a hold. 144 steps were counted where this gives 154
#: (configs/a_si_gitt_100nm.yaml), and 490 where it gives 475 (a_si_rate_test_100nm.yaml).
_FILLED, _BEGUN, _WAITING = 0.9, 4.0, 6.0

#: A front on a measured chemistry moves in so many times the time steps (514 in all in si_cccv_60nm.yaml, where this
#: gives 606), and each takes longer by so many seconds (0.08 s in all of processor time a step in these three cases).
_MEASURED, _MEASURED_SECONDS = 11.0, 0.03


@dataclass(frozen=True)
class Plan:
    """What a run is expected to take, by `plan`.

    Attributes
    ----------
    steps : int
        Accepted steps.
    seconds : float
        Of solving, on one thread.
    memory : float
        MiB.
    """

    steps: int
    seconds: float
    memory: float


def plan(problem: Problem) -> Plan:
    """Steps, seconds and memory that a run of this problem is expected to take; time to a factor of two."""
    physics = problem.physics
    protocol = problem.config.boundary.protocol is not None
    steps = int(np.ceil(_of_protocol(problem) if protocol else _of_front(problem, _depth(problem))))
    unknowns = 2 * physics.spaces.n_nodes
    growing = _GROWING.get(physics.mechanics.solver.name, _SUPERLU)
    spread = _spread(problem)
    fixed = _FIXED + (_MEASURED_SECONDS if problem.config.material.chemistry.law == "open_circuit" else 0.0)
    return Plan(steps=steps, seconds=steps * (fixed + growing * (unknowns / 1e6) ** 1.2 * spread**_ROUNDS),
                memory=_BASE_MEMORY + _MEMORY * unknowns / 1000)


def _spread(problem: Problem) -> float:
    return problem.rates.maximum / problem.rates.mean


def _depth(problem: Problem) -> float:
    """How far a front can have gone in when the run ends, nm, where there is no protocol."""
    end = problem.config.time.end
    depth = min(problem.rates.maximum * end, problem.section.outline.wall)
    current = problem.physics.applied[0].current
    return depth if current is None else depth * min(1.0, current * end / float(problem.physics.spaces.mass.sum()))


def _of_front(problem: Problem, depth: float) -> float:
    """Time steps of a front that goes in by ``depth`` (nm)."""
    config, physics = problem.config, problem.physics
    speed = problem.rates.maximum
    D = physics.diffusivity_at_front
    number = damkohler(speed, problem.section.radius, D, physics.chemistry.at_front)
    advances = depth / (config.time.max_front_advance * problem.half_thickness)
    held_back = 1.0 + _THROUGH * number / (1.0 + number)
    return float(_STEPS * advances**_WAY * held_back * _spread(problem)**_SPREAD)


def _of_protocol(problem: Problem) -> float:
    """Time steps of a protocol, gone through as if each step went on at its current until full, empty or at its end."""
    config, mass = problem.config, float(problem.physics.spaces.mass.sum())
    reacted, least = config.initial.reacted, problem.physics.chemistry.lowest
    charge = (config.initial.content or least) if reacted else 0.0
    # What stays in a phase that was full once; what has not reacted yet is reacted by the front alone.
    converted, through = (1.0, 0.0) if reacted else (0.0, _of_front(problem, problem.section.outline.wall))
    through *= _MEASURED if config.material.chemistry.law == "open_circuit" else 1.0
    t, steps = 0.0, 0.0
    for step in problem.protocol.steps:
        if t >= config.time.end:
            break
        speed, left = (step.applied.current or 0.0) / mass, config.time.end - t
        waits = [e.time for e in step.ends if isinstance(e, Elapsed)]
        end = min([left, *waits])
        if speed == 0.0:
            t += end if waits else 0.0
            steps += _WAITING
            continue
        change = min(_room(step, charge, least * converted), abs(speed) * end)
        fresh = min(max(change - (converted - charge), 0.0), 1.0 - converted) if speed > 0.0 else 0.0
        steps += _BEGUN + max(change / (_FILLED * problem.limits.filling), fresh * through)
        converted, charge, t = converted + fresh, charge + np.sign(speed) * change, t + change / abs(speed)
    return steps


def _room(step: Step, charge: float, least: float) -> float:
    """By how much a step at a given current may change the state of charge."""
    inserts = (step.applied.current or 0.0) > 0.0
    return min([1.0 - charge if inserts else max(charge - least, 0.0),
                *(abs(wanted - charge) for wanted in step.charges)])
