"""The state of a section at one time. It is immutable, and stored and restored as a whole."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray

from femanode.numerics.arrays import Array
from femanode.solver.axial import STRAIGHT, Axial


@dataclass(frozen=True)
class Part:
    """What one object stores in a checkpoint: arrays by name, and data that JSON can hold (floats keep every bit)."""

    arrays: Mapping[str, NDArray[Any]] = field(default_factory=dict)
    data: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True)
class State:
    """Everything the next step needs; arrays are read-only and C-contiguous.

    Attributes
    ----------
    t : time, s
    dt : time step that led here, s
    step : number of the protocol's step that the wire is in
    began : time at which that step began, s
    carried : carriers per time through the surface in the last time step (content nm^2/s)
    xi : (N,) extent of reaction
    depletion : (N,) 1 minus the level of the carriers in the reacted phase (their activity, in an ideal solution)
    shift : (N,) what stress adds to the level; the content follows from the level without it
    u : (2, N) displacement, nm
    axial : axial stretch and curvature
    Cp_inv : (4, elem, qp) inverse plastic right Cauchy-Green tensor, components 11, 22, 12, 33
    eqps : (elem, qp) equivalent plastic strain
    front_stress : (N,) stress that drives the front, averaged across it and extended along its normal, GPa
    activity : (N,) level of the carriers averaged in the same way
    point_stress : (elem, qp) stress that does work on swelling at the quadrature points, GPa: the mean Mandel stress
        where swelling is isotropic
    u_rate, axial_rate : mean rates of u and axial over the last step, nm/s and 1/s; predict the next step
    front_stress_trend : (N,) change of front_stress per mean travel of the front, GPa/nm
    host_stress, host_stress_trend : (N,) the same two of the mean stress of the host just ahead of the front; 0 where
        the rate does not depend on it
    outside : 1 - level outside the surface
    entered : whether the full given current has flowed at least once
    film : (2, N) of a film that grows or breaks: its thickness over the initial one, and the surface's longest stretch
    curvature : (N,) divergence of the front's normal, smoothed along it, 1/nm
    """

    t: float
    dt: float
    step: int
    began: float
    carried: float
    xi: Array
    depletion: Array
    shift: Array
    u: Array
    axial: Axial
    Cp_inv: Array
    eqps: Array
    front_stress: Array
    activity: Array
    point_stress: Array
    u_rate: Array
    axial_rate: Axial
    front_stress_trend: Array
    host_stress: Array
    host_stress_trend: Array
    outside: float
    entered: bool
    curvature: Array
    film: Array

    def __post_init__(self) -> None:
        for entry in dataclasses.fields(self):
            value = getattr(self, entry.name)
            if isinstance(value, np.ndarray):
                # The same memory layout for arrays read from a checkpoint: numpy sums other layouts in another order.
                value = np.ascontiguousarray(value)
                value.flags.writeable = False
                object.__setattr__(self, entry.name, value)

    @property
    def c(self) -> Array:
        """Level of the carriers without the share of stress, (N,): what their content follows from."""
        return 1.0 - self.depletion - self.shift

    def not_finite(self) -> str:
        """Name of the first field that holds a number that is not finite; empty where all are."""
        for name, value in ((f.name, getattr(self, f.name)) for f in dataclasses.fields(self)):
            if not np.all(np.isfinite(value.numbers if isinstance(value, Axial) else value)):
                return name
        return ""

    def part(self) -> Part:
        """All fields, for a checkpoint."""
        values = {f.name: getattr(self, f.name) for f in dataclasses.fields(self)}
        arrays = {k: v for k, v in values.items() if isinstance(v, np.ndarray)}
        data = {k: v.numbers if isinstance(v, Axial) else v for k, v in values.items() if k not in arrays}
        return Part(arrays, data)


def state_from(part: Part) -> State:
    """The state that :meth:`State.part` has stored."""
    axial = {name: Axial.of(part.data[name]) for name in ("axial", "axial_rate")}
    values: dict[str, Any] = {**part.arrays, **part.data, **axial}
    return State(**values)


def pristine(n_nodes: int, shape: tuple[int, int], xi: Array, outside: float = 0.0) -> State:
    """Unstressed state at t = 0 with extent ``xi`` (N,) and level 1 - ``outside``; ``shape`` is (elem, qp)."""
    unit = np.zeros((4, *shape))
    unit[[0, 1, 3]] = 1.0
    zero = np.zeros(n_nodes)
    return State(
        t=0.0, dt=0.0, step=0, began=0.0, carried=0.0, xi=xi.copy(), depletion=zero + outside,
        shift=zero.copy(), u=np.zeros((2, n_nodes)), axial=STRAIGHT,
        Cp_inv=unit, eqps=np.zeros(shape), front_stress=zero, activity=np.full(n_nodes, 1.0 - outside),
        point_stress=np.zeros(shape), u_rate=np.zeros((2, n_nodes)), axial_rate=Axial(0.0),
        front_stress_trend=zero.copy(), host_stress=zero.copy(), host_stress_trend=zero.copy(),
        outside=outside, entered=False, curvature=zero.copy(),
        film=np.ones((2, n_nodes)))
