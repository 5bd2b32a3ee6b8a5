"""Orders of accuracy: manufactured solutions of equilibrium alone and of all equations coupled.

The exact fields of the coupled one stand in ``exactfields``. They do not satisfy the equations as they are: what each
equation lacks is added to it as a source, in nodal forces, carriers, extent and stress.
"""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from itertools import pairwise

import numpy as np

from femanode.constitutive.chemistry import IdealSolution
from femanode.constitutive.elastoplasticity import Moduli
from femanode.constitutive.mixture import Mixture
from femanode.constitutive.swelling import volume_ratio
from femanode.mesh.spaces import Spaces, build_spaces
from femanode.numerics.arrays import Array
from femanode.solver.applied import FULL_ACTIVITY, Applied
from femanode.solver.averaging import Averager
from femanode.solver.axial import Axial
from femanode.solver.candidate import Candidate, propose
from femanode.solver.front import Front
from femanode.solver.mechanics import Equilibrium, Mechanics
from femanode.solver.physics import Physics
from femanode.solver.state import State, pristine
from femanode.solver.stepping import Limits, Tally, march
from femanode.solver.transport import Balance, Transport
from femanode.verify.bench import Isotropic, constant, halved, moduli, solved
from femanode.verify.case import Case, Check, Findings, Shortfall, Table, orders, rates
from femanode.verify.exactfields import BETA, CF, DELTA, KINETICS, STEP, D, Exact, K, R, T, average_source, rate_of
from femanode.verify.sources import Fine, deformation, divergence, forces, gradient, norms

E, NU = 100.0, 0.28


def _bent(x: Array, y: Array) -> tuple[Array, Array]:
    """A finite displacement that respects both symmetry lines."""
    return (0.12 * np.sin(1.3 * x) * (1 + 0.5 * np.cos(1.7 * y)), -0.08 * np.sin(1.1 * y) * (1 + 0.6 * x**2))


def displacement_order(full: bool) -> Findings:
    """Finite elastic deformation of a quarter disc with smooth swelling, on four meshes."""
    sizes = np.array([0.4, 0.2, 0.1, 0.05])
    found = []
    for i in range(len(sizes)):
        mesh = halved(1.0, sizes[0], i)
        s, fine = build_spaces(mesh), Fine.of(mesh)
        Jc = 1.0 + 0.3 * (fine.xy[0] ** 2 + 0.5 * fine.xy[1] ** 2)
        law = moduli(E, NU, shape=Jc.shape)
        load = forces(s, fine, deformation(_bent, fine.xy, 1e-3), Jc, law)
        at = 1.0 + 0.3 * (s.qp_xy[0] ** 2 + 0.5 * s.qp_xy[1] ** 2)
        eq, _ = solved(Mechanics(s, "quarter", load=load, tolerance=1e-11), at, moduli(E, NU, shape=at.shape))
        found.append(norms(s, fine, eq.u, _bent, 1e-3))
    L2, energy = np.array(found).T
    checks = orders([f"order of the displacement in L2, {a:g} to {a / 2:g} R" for a in sizes[:-1]], 3.0, rates(L2),
                    "quadratic elements, curved at the rim")
    checks += orders([f"order of its gradient, {a:g} to {a / 2:g} R" for a in sizes[:-1]], 2.0, rates(energy),
                     "likewise")
    return Findings((Check("L2 error over R, elements of R/20", 0.0, float(L2[-1]), 0.26 * sizes[-1] ** 3 / 24,
                           "interpolation: h^3/24 of the third derivative, 0.26", absolute=True),
                     *checks), {"order_displacement": Table(
                         {"size_over_R": sizes, "L2": L2, "gradient": energy,
                          "third order": L2[-1] * (sizes / 0.05) ** 3,
                          "second order": energy[-1] * (sizes / 0.05) ** 2}, "size_over_R",
                         ("third order", "second order"), ("L2", "gradient"), log=True)})


class _Sources:
    """End and length of the step under way, at which all equations evaluate their sources."""

    t = 0.0
    dt = 0.0

    @property
    def now(self) -> Exact:
        """Exact fields at the end of the step under way."""
        return Exact(self.t)


class _Front(Front):
    """Front equation with a source, and averages with one."""

    def __init__(self, spaces: Spaces, sources: _Sources) -> None:
        super().__init__(spaces, DELTA, 0.0, Isotropic(K), KINETICS)
        self.sources = sources

    def advance(self, xi: Array, v: Array, n: Array, dt: float, kappa: Array | None = None) -> Array:
        """The front equation over dt after the source's share; its own curvature belongs to the solution."""
        now, (x, y) = Exact(self.sources.t - 0.5 * self.sources.dt), self.spaces.nodes

        def flux(a: Array, b: Array) -> tuple[Array, Array]:
            gx, gy = gradient(now.xi, a, b, STEP)
            return DELTA * gx, DELTA * gy

        bulk, v = now.xi(x, y) * (1.0 - now.xi(x, y)), now.speed(x, y)
        growth = 2.0 / DELTA * bulk * now.xi(x, y) + divergence(flux, x, y, STEP)
        source = rate_of(lambda at: at.xi(x, y), now.t) - v * growth
        return super().advance(xi + dt * source, v, n, dt)

    def averager(self, xi: Array, last: Averager | None = None) -> Averager:
        """The average of a field plus its source."""
        plain, now, s = super().averager(xi, last), self.sources.now, self.spaces
        if plain is last:
            return plain
        extra = average_source(now, now.depleted, *s.qp_xy) - now.e(*s.qp_xy)
        return _SourcedAverager(plain.spaces, plain.xi, plain.weight, plain.matrix, plain.solver, extra=extra)


@dataclass(frozen=True)
class _SourcedAverager(Averager):
    """Averages a field plus the source that gives the manufactured depletion."""

    extra: Array = field(kw_only=True)

    def __call__(self, at_points: Array) -> Array:
        """The average of ``at_points`` and the source."""
        return super().__call__(at_points + self.extra)


class _Mechanics(Mechanics):
    """Equilibrium under the forces of the exact stress; the mean stress gets the source that its average needs."""

    def __init__(self, spaces: Spaces, fine: Fine, sources: _Sources) -> None:
        super().__init__(spaces, "quarter", tolerance=1e-10)
        self.fine, self.sources = fine, sources

    def solve(self, u0: Array, axial_0: Axial, Cp_inv_n: Array, eqps_n: Array, Jc: Array, law: Moduli, dt: float,
              ) -> Equilibrium:
        """Equilibrium under the exact stress's forces at the end of the step."""
        now, fine, (x, y) = self.sources.now, self.fine, self.spaces.qp_xy
        swollen = volume_ratio(now.content(*fine.xy), BETA)
        F = deformation(now.u, fine.xy, STEP)
        self.load = forces(self.spaces, fine, F, swollen, moduli(E, NU, shape=swollen.shape))
        eq = super().solve(u0, axial_0, Cp_inv_n, eqps_n, Jc, law, dt)
        F = deformation(now.u, self.spaces.qp_xy, STEP)
        exact = E / (3 - 6 * NU) * np.log((F[0, 0] * F[1, 1] - F[0, 1] * F[1, 0])
                                            / volume_ratio(now.content(x, y), BETA))
        wanted = average_source(now, now.stress, x, y)
        taken = average_source(now, now.depleted, x, y) - now.e(x, y)
        return replace(eq, response=replace(eq.response, mean_mandel=eq.response.mean_mandel + wanted - exact - taken))


class _Transport(Transport):
    """Carrier balance with a source."""

    def __init__(self, spaces: Spaces, sources: _Sources) -> None:
        super().__init__(spaces, IdealSolution(CF), constant(D))
        self.sources = sources

    def _supplied(self, C_n: Array, dt: float) -> Array:
        now, (x, y) = self.sources.now, self.spaces.nodes

        def flux(a: Array, b: Array) -> tuple[Array, Array]:
            gx, gy = gradient(now.e, a, b, STEP)
            factor = -now.h(a, b) * D * (1.0 - CF)
            return factor * gx, factor * gy

        source = rate_of(lambda at: at.content(x, y), now.t) - divergence(flux, x, y, STEP)
        return np.asarray(C_n + dt * source)

    def step(self, C_n: Array, h: Array, guess: Array, stress: Array, dt: float,
             sink: tuple[Array, Array] | None = None, least: float = -np.inf,
             applied: Applied = FULL_ACTIVITY, shift: Array | float = 0.0,
             openness: Array | float = 1.0, shape: Array | None = None, *, roughly: bool = False,
             ) -> tuple[Array, float]:
        """Drop and depletion outside at the end of the step, with what the source supplies."""
        return super().step(self._supplied(C_n, dt), h, guess, stress, dt, sink, least, applied, shift, openness,
                            roughly=roughly)

    def balance(self, C_n: Array, h: Array, drop: Array, stress: Array, dt: float, outside: float = 0.0,
                shift: Array | float = 0.0, openness: Array | float = 1.0, shape: Array | None = None) -> Balance:
        """Balance, the source counted."""
        return super().balance(self._supplied(C_n, dt), h, drop, stress, dt, outside, shift, openness)


class _Physics(Physics):
    """Laws of a smooth solution: isotropic swelling, and the mean stress in place of the front's two-sided one."""

    def driving_stress(self, xi: Array, c: Array, eq: Equilibrium) -> Array:
        """Mean Mandel stress at the points, with its source."""
        return eq.response.mean_mandel

    def passed(self, state: State, xi: Array, c: Array) -> Array:
        """The plastic state as it is: the manufactured swelling is isotropic and elastic."""
        return state.Cp_inv


def _march(halvings: int, steps: int) -> tuple[dict[str, float], State]:
    """Errors (root mean square over the section) and state at the end of the manufactured run with equal steps."""
    mesh = halved(R, 4.0, halvings)
    s, fine, sources = build_spaces(mesh), Fine.of(mesh), _Sources()

    def constants(h: Array, C: Array) -> Moduli:
        return moduli(E, NU, shape=C.shape)

    physics = _Physics(s, _Mechanics(s, fine, sources), _Front(s, sources), _Transport(s, sources),
                       Mixture(constants, BETA))
    start, (x, y) = Exact(0.0), s.nodes
    state = pristine(s.n_nodes, (s.weight.shape[0], s.weight.shape[1]), start.xi(x, y))
    state = replace(state, depletion=start.e(x, y), u=np.stack(start.u(x, y)), front_stress=start.stress(x, y),
                    activity=1.0 - start.depleted(x, y))

    def proposer(physics: Physics, state: State, dt: float) -> Candidate:
        sources.t, sources.dt = state.t + dt, dt
        return propose(physics, state, dt)

    limits = Limits(end=T, front_advance=10.0, plastic=10.0, content=10.0, coupling=1e9, arrest=None, converted=None)
    times = [T * (i + 1) / steps for i in range(steps)]
    tally = Tally()
    for candidate, _ in march(physics, state, limits, times, tally, proposer):
        state = candidate.state
    if tally.rejected:
        raise RuntimeError(f"a step was rejected: {tally.reasons}")
    end, area = Exact(T), float(s.mass.sum())

    def nodal(off: Array) -> float:
        return float(np.sqrt(np.sum(s.mass * off**2) / area))

    L2, energy = norms(s, fine, state.u, end.u, STEP)
    errors = {"xi": nodal(state.xi - end.xi(x, y)), "c": nodal(state.depletion - end.e(x, y)),
            "averaged stress": nodal(state.front_stress - end.stress(x, y)),
            "u": L2 / np.sqrt(area), "gradient of u": energy / np.sqrt(area)}
    return errors, state


_EXPECTED = {"xi": (2.0, "linear elements, lumped"), "c": (2.0, "likewise"),
             "averaged stress": (2.0, "likewise; pointwise stress is only of first order, its mean is not"),
             "u": (2.0, "3 but for the swelling, whose front and carriers are of second order"),
             "gradient of u": (2.0, "quadratic elements; swelling varies linearly within an element")}
_WHY = ("the error falls, but not with the order of its equation; seen since the front's stress keeps a memory of at "
        "least 0.3 and its direction is looked up within the step; which of them it is has not been found")
#: Observed orders known to be off, and by how much at the reduced size.
_UNEXPLAINED = {"xi": Shortfall(0.45, _WHY), "c": Shortfall(0.8, _WHY), "averaged stress": Shortfall(3.6, _WHY),
                "u": Shortfall(0.45, _WHY), "depletion": Shortfall(0.4, _WHY)}


def coupled_orders(full: bool) -> Findings:
    """All equations together: orders in space with the step at the square of the size, and in the step alone."""
    sizes = np.array([4.0, 2.0, 1.0, 0.5] if full else [4.0, 2.0, 1.0])
    found = [_march(i, int(32 / size**2) or 1)[0] for i, size in enumerate(sizes)]
    checks: list[Check] = []
    columns = {"size_over_R": sizes / R}
    for name, (wanted, why) in _EXPECTED.items():
        errors = np.array([one[name] for one in found])
        columns[name] = errors
        checks += orders([f"order in space of {name}, R/{R / a:g} to R/{2 * R / a:g}" for a in sizes[:-1]], wanted,
                         rates(errors), why)
    counts = (8, 16, 32, 64, 128) if full else (8, 16, 32)
    states = [_march(1, n)[1] for n in counts]
    for name in ("xi", "depletion", "u"):
        steps = [float(np.sqrt(np.mean((getattr(a, name) - getattr(b, name)) ** 2)))
                 for a, b in pairwise(states)]
        names = [f"order in time of {name}, {a} to {b} steps" for a, b in zip(counts, counts[2:], strict=False)]
        checks += orders(names, 1.0, rates(steps),
                         "backward Euler of the carriers, speed of the front at the step's middle")
    checks = [replace(check, known=_UNEXPLAINED.get(check.what.split(" of ")[1].split(",")[0])) for check in checks]
    columns["second order"] = columns["xi"][-1] * (sizes / sizes[-1]) ** 2
    columns["first order"] = columns["gradient of u"][-1] * (sizes / sizes[-1])
    return Findings(tuple(checks), {"order_coupled": Table(columns, "size_over_R", ("second order", "first order"),
                                                           tuple(_EXPECTED), log=True)})


CASES = (
    Case("order-displacement", "orders", "equilibrium at finite strain converges as quadratic elements must",
         "a manufactured displacement, forces from a rule of sixth order", "linear elements have orders 2 and 1; "
         "forces from the wrong stress measure do not converge", displacement_order),
    Case("order-coupled", "orders", "front, carriers, averages and equilibrium converge to a manufactured solution",
         "exact fields, each equation with the source that it is short of", "a factor forgotten in any coupling leaves "
         "an error that no refinement removes", coupled_orders),
)
