"""Fronts without mechanics: meshes one row wide, where the plane and cylinder laws can be followed at fine spacing."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace

import numpy as np
import skfem
from numpy.typing import NDArray

from femanode.front import Front, Kinetics, Rate
from femanode.mechanics import Mechanics
from femanode.spaces import Spaces, build_spaces
from femanode.state import State, pristine
from femanode.stepping import Candidate, Limits, Physics, StopReason, Tally, _advance_front, front_mean, march, on_front
from femanode.transport import Transport
from tests.helpers import EV, KT_300K, Isotropic

Array = NDArray[np.float64]

#: Far from the origin, so that "away from the axis" is along x to six digits.
FAR = 1e6


def strip(length: float, spacing: float, rows: int = 1) -> Spaces:
    """Plane layer: its surface at x = FAR, nodes on a square grid of ``spacing`` nm."""
    n = round(length / (2.0 * spacing))
    mesh = skfem.MeshTri.init_tensor(np.linspace(FAR - length, FAR, n + 1), np.arange(rows + 1) * 2.0 * spacing)
    return build_spaces(skfem.MeshTri2.from_mesh(mesh).with_boundaries({"surface": lambda x: x[0] > FAR - 1e-6}))


def wedge(outer: float, inner: float, spacing: float) -> Spaces:
    """Narrow sector of an annulus, one row of elements wide at every radius."""
    n = round((outer - inner) / (2.0 * spacing))
    mesh = skfem.MeshTri.init_tensor(np.linspace(inner, outer, n + 1), np.linspace(0.0, 2.0 * spacing / outer, 2))
    r, angle = skfem.MeshTri2.from_mesh(mesh).doflocs
    mesh2 = skfem.MeshTri2.from_mesh(mesh)
    mesh2 = replace(mesh2, doflocs=np.stack([r * np.cos(angle), r * np.sin(angle)]))
    return build_spaces(mesh2.with_boundaries({"surface": lambda x: np.hypot(*x) > outer - 0.1 * spacing}))


@dataclass(frozen=True)
class Layer:
    """A front in a layer: its solvers and the depth of its nodes below the surface."""

    physics: Physics
    depth: Array

    def state(self, position: float = 0.0) -> State:
        """Unstressed state with the middle of the front ``position`` nm below the surface."""
        s = self.physics.spaces
        xi = 1.0 / (1.0 + np.exp(np.clip((self.depth - position) / self.physics.front.delta, -600.0, 600.0)))
        return pristine(s.n_nodes, (s.weight.shape[0], s.weight.shape[1]), xi)

    def follow(self, converted: float) -> tuple[Array, Array]:
        """Times and converted fractions of the accepted steps, until ``converted`` is reached."""
        t, f = [0.0], [self.physics.converted_fraction(self.state().xi)]
        limits = Limits(end=1e12, arrest=None, converted=converted)
        for candidate, stop in march(self.physics, self.state(), limits, [], Tally(), unstressed):
            if candidate.state is not None:
                t.append(candidate.state.t)
                f.append(self.physics.converted_fraction(candidate.state.xi))
            if stop is not None and stop is not StopReason.CONVERTED:
                raise RuntimeError(stop.value)
        return np.array(t), np.array(f)


def layer(spaces: Spaces, depth: Array, delta: float, *, k: float = 1.0, D: float = 1e9, c_front: float = 0.5,
          rates: Rate | None = None, diffusivity: Callable[[Array], Array] | None = None) -> Layer:
    """Front of half-thickness ``delta`` without swelling or equilibrium activity: v = k(n) a."""
    front = Front(spaces, delta, 0.35, rates or Isotropic(k), Kinetics(KT_300K, -20.0 * EV, 0.0, 0.0))
    transport = Transport(spaces, c_front, diffusivity or (lambda C: np.full_like(C, D)))
    physics = Physics(spaces, Mechanics(spaces, "full"), front, transport, _no_constants, c_front, 0.0)
    return Layer(physics, depth)


def _no_constants(h: Array, C: Array) -> object:
    raise RuntimeError("no mechanics here")


def unstressed(physics: Physics, state: State, dt: float) -> Candidate:
    """Proposal of the front and the carrier balance alone: displacement and stress stay as they are."""
    moved = _advance_front(physics, state, dt)
    if isinstance(moved, str):
        return Candidate(None, moved)
    xi, e, balance, speed, _ = moved
    activity = 1.0 - physics.front.averager(xi)(physics.spaces.at_points(e))
    advance = dt / physics.front.delta * float(np.max(speed[on_front(xi)], initial=0.0))
    drive = front_mean(physics.front.kinetics.drive(state.mean_stress, activity), xi, physics.spaces)
    new = replace(state, t=state.t + dt, dt=dt, xi=xi, depletion=e, activity=activity)
    return Candidate(new, "", balance, None, 0.0, advance, drive)


def coarse_case(**sections: object) -> dict[str, object]:
    """Mapping of a 129-nm wire with isotropic rates on 8-nm elements, about a second of work; sections replace its."""
    case: dict[str, object] = {
        "name": "coarse", "geometry": {"shape": "circle", "diameter": "129 nm"},
        "crystal": {"axis": [0, 0, 1], "in_plane": [1, 0, 0]}, "material": "Li-Si",
        "overrides": {"front.rates": {"isotropic": "0.05 nm/s"}, "transport.diffusivity": "1e-6 cm^2/s"},
        "front": {"half_thickness": "8 nm"}, "time": {"end": "8 min"}, "mesh": {"element_size": "8 nm"},
        "output": {"frames": 4, "pictures": False}}
    return {**case, **sections}
