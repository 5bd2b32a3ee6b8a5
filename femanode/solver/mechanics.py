"""Mechanical equilibrium of a section with given swelling, by Newton's method.

Unknown are the nodal displacements on quadratic triangles (total Lagrangian) and, unless they are prescribed, the
stretch and curvatures along the wire's axis. A solve takes the plastic state at the beginning of the step and returns
the response at its end; it changes nothing, and time enters as the length of the step only.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace

import numpy as np

from femanode.constitutive.elastoplasticity import Moduli, PointResponse
from femanode.constitutive.flowdirection import Flow
from femanode.mesh.spaces import Spaces, scatter
from femanode.numerics.arrays import Array
from femanode.numerics.linear import Backend, SingularMatrix, SymmetricSolver, inner
from femanode.numerics.pattern import Pattern
from femanode.solver.axial import Axial, Stretch, axial_resultants, solved_along
from femanode.solver.elements import det, make_elements
from femanode.solver.failure import StepFailed
from femanode.solver.loads import Pressure, supports, unknowns_along

#: Why there is no equilibrium where the law of the material has given no numbers.
NO_STRESS = "the stress update gave a value that is not finite"


@dataclass(frozen=True)
class Equilibrium:
    """Outcome of one solve.

    Attributes
    ----------
    u : (2, N) displacement, nm
    axial : stretch and curvature of the wire
    F, F33 : (2, 2, elem, qp) and (elem, qp), in-plane deformation gradient and axial stretch at the points
    response : what the point law returned
    iterations : of Newton's method
    residual : relative to the forces of the elements
    axial_force : nN, of the meshed sector: a quarter or a half of the section's where only that is meshed
    """

    u: Array
    axial: Axial
    F: Array
    F33: Array
    response: PointResponse
    iterations: int
    residual: float
    axial_force: float = 0.0


class NoEquilibrium(StepFailed):
    """Newton's method found no equilibrium; the message says what failed where.

    ``iterations`` were made, the last with a relative ``residual``.
    """

    def __init__(self, message: str, iterations: int, residual: float) -> None:
        super().__init__(message)
        self.iterations, self.residual = iterations, residual


@dataclass(frozen=True)
class _Point:
    """One iterate: displacement, deformation, response, free residual, axial imbalance, and relative size of both."""

    u: Array
    F: Array
    stretch: Stretch
    response: PointResponse
    residual: Array
    imbalance: Array
    size: float


class Mechanics:
    """Equilibrium solver of one section.

    Parameters
    ----------
    spaces : Spaces
    sector : 'quarter' | 'half' | 'full'
        Decides the supports: symmetry lines, and what else is needed against rigid motion.
    axial : 'plane_strain' | 'generalized' | 'bending'
        What is unknown along the axis: nothing, the stretch, or the stretch and the curvatures: of a half section that
        in x, of a full one both.
    axial_force : float
        Force on the whole section, nN, where the stretch is unknown, beside that of the pressure. Moments about
        x = y = 0 are zero where the curvatures are unknown.
    backend : str
        Sparse solver, see :mod:`femanode.numerics.linear`.
    tolerance : float
        Residual norm over the norm of the unassembled internal forces.
    pressure : float
        On the outer surface, GPa; it follows the surface, and presses on the ends too where the stretch is unknown.
    load : (2, N), optional
        Dead nodal forces per length of wire, GPa nm; they follow no motion of the surface. None: free surface.
    """

    max_iterations = 25
    #: Least det F at every point after a Newton step, over that before it.
    det_floor = 0.4
    #: After ``patience`` iterations a relative residual of ``good_enough`` is accepted: points that change between
    #: elastic and plastic from one iteration to the next can keep it from falling further.
    patience, good_enough = 12, 1e-5
    #: Relative residual above which the geometric terms of the tangent are those of stress with its pressure cut, see
    #: :func:`femanode.solver.elements.calmed`.
    far = 0.03

    def __init__(self, spaces: Spaces, sector: str, *, axial: str = "plane_strain", axial_force: float = 0.0,
                 pressure: float = 0.0, backend: Backend = "auto", tolerance: float = 1e-7, load: Array | None = None,
                 ) -> None:
        self.spaces, self.load = spaces, load
        self.pressure = Pressure(spaces, pressure) if pressure else None
        #: Number of unknowns along the axis: none, stretch, or stretch and curvatures.
        self.columns = unknowns_along(axial, sector)
        self.axial_force = axial_force * {"quarter": 0.25, "half": 0.5, "full": 1.0}[sector]
        self.tolerance, self.good_enough = tolerance, max(tolerance, self.good_enough)
        fixed = supports(spaces, sector)
        # The unknowns are numbered in the order of elimination, so that the solver need not permute every matrix.
        free = np.flatnonzero(~fixed)
        self._free = free[np.argsort(spaces.rank[free // 2], kind="stable")]
        self._number = np.full(len(fixed), -1)
        self._number[self._free] = np.arange(len(free))
        cells = spaces.cells
        dofs = np.stack([2 * cells, 2 * cells + 1], axis=1).reshape(12, -1)  # (6*2, elem)
        self._dofs = dofs
        self._pattern = Pattern(self._number[dofs], len(self._free))
        self.elements = make_elements(spaces)
        # A node on a symmetry line carries half of the force that it has in the whole section, where there are half as
        # many of its kind: its square counts 4/2 times. So weighted, norms are in proportion to those of the whole.
        shared = spaces.sharing
        self._weight = shared[self._free // 2]
        self._whole_nodes = float(np.sum(1.0 / shared))
        #: Lever by which a moment is compared with forces, nm.
        self._arm = float(np.hypot(*spaces.nodes).max())  # farthest node from the axis
        self.solver = SymmetricSolver(backend, np.arange(len(free)), accuracy=1e-9, purpose="equilibrium")

    def deformation(self, u: Array) -> Array:
        """In-plane deformation gradient (2, 2, elem, qp) of nodal displacements u (2, N)."""
        return self.elements.deformation(u)

    def stretch(self, u: Array, axial: Axial) -> Stretch:
        """Axial stretch at the points of a section displaced by u (2, N)."""
        return self.elements.stretch(u, axial, bends=self.columns > 1)

    def load_work(self, u: tuple[Array, Array], axial: tuple[Axial, Axial]) -> float:
        """Work of pressure and axial force between two displacements (2, N), old and new, per length of wire, nN."""
        work = self.axial_force * (axial[1].stretch - axial[0].stretch)
        if self.pressure is not None:
            old, new = (self.pressure.enclosed(*at).volume for at in zip(u, axial, strict=True))
            work -= self.pressure.pressure * (new - old)
        return work

    def solve(self, u0: Array, axial_0: Axial, Cp_inv_n: Array, eqps_n: Array, Jc: Array, law: Moduli, dt: float,
              ) -> Equilibrium:
        """Newton's method with the directions of plastic flow as additional unknowns, from a first guess.

        At least one iteration is made, even where the first guess is good enough: otherwise changes smaller than the
        tolerance would never be followed.

        Parameters
        ----------
        u0 : (2, N) first guess of the displacement, nm
        axial_0 : first guess of stretch and curvature; what is not unknown keeps this value
        Cp_inv_n, eqps_n : (4, elem, qp), (elem, qp) plastic state at the beginning of the step
        Jc : (elem, qp) swelling volume ratio at its end
        law : constants at the points
        dt : length of the step, s

        Raises
        ------
        NoEquilibrium
            None was found from this guess.
        """
        def respond_at(u: Array, stretch: Stretch, F: Array) -> _Point:
            response, forces = self.elements.respond(F, stretch, Cp_inv_n, eqps_n, Jc, law, dt)
            residual, imbalance, scale = self._assemble(forces, stretch, response, u)
            return _Point(u=u, F=F, stretch=stretch, response=response, residual=residual, imbalance=imbalance,
                          size=self._norm(residual, imbalance, max(scale, floor)))

        # Residuals are relative to the forces of the elements, or to those of a stress of 1e-4 G where the body is
        # almost free of stress: without that, rounding alone would keep the relative residual above the tolerance.
        floor = 1e-4 * float(np.mean(law.G)) * float(np.sqrt(self.spaces.weight.sum()))
        F, stretch = self.deformation(u0), self.stretch(u0, axial_0)
        if not det(F).min() > 0:
            finite = bool(np.all(np.isfinite(F)))
            raise self._failure(f"first guess {'inverts an element' if finite else 'is not finite'}", F, np.inf, 0)
        point, trusted = respond_at(u0.copy(), stretch, F), True
        if not np.isfinite(point.size):
            raise self._failure(NO_STRESS, F, point.size, 0)
        flow: Flow | None = None
        for iteration in range(1, self.max_iterations + 1):
            tangent, flow = self.elements.turn(point.response, eqps_n, Jc, law, flow)
            point = replace(point, response=replace(point.response, tangent=tangent))
            exact = trusted and point.size < self.far
            tried: list[float] = []
            try:
                # The first iteration factorises its own matrix, so that the result does not depend on earlier solves.
                found = self._improve(point, respond_at, tried, exact=exact, fresh=iteration == 1)
                if found is None and exact:
                    # Near a collapse the exact tangent may be indefinite and its step lead to higher energy.
                    trusted = False
                    found = self._improve(point, respond_at, tried, exact=False, fresh=True)
            except SingularMatrix as error:
                raise self._failure(str(error), point.F, point.size, iteration) from error
            stuck = found is None
            if found is None and point.size > self.good_enough:
                why = (NO_STRESS if tried and not np.any(np.isfinite(tried)) else
                       "line search failed" if tried else "every step inverts an element")
                raise self._failure(why, point.F, point.size, iteration)
            point = found if found is not None else point
            settled = (stuck or iteration >= self.patience) and point.size <= self.good_enough
            if point.size <= self.tolerance or settled:
                return self._converged(point, iteration)
        raise self._failure("no convergence", point.F, point.size, self.max_iterations)

    def imbalance(self, u: Array, axial: Axial, Cp_inv_n: Array, eqps_n: Array, Jc: Array, law: Moduli, dt: float,
                  ) -> float:
        """Relative residual at a guess, as :meth:`solve` measures it; arguments as there."""
        stretch = self.stretch(u, axial)
        response, forces = self.elements.respond(self.deformation(u), stretch, Cp_inv_n, eqps_n, Jc, law, dt)
        return self._norm(*self._assemble(forces, stretch, response, u))

    def _improve(self, point: _Point, respond_at: Callable[[Array, Stretch, Array], _Point], tried: list[float], *,
                 exact: bool, fresh: bool) -> _Point | None:
        """One Newton step with line search; None where no step length helps. ``tried`` gets the size of each residual.

        With associated flow the residual is the gradient of a potential. A step is shortened while the slope of that
        potential along it shows that the minimum has been passed by far, unless the residual has halved.
        """
        du, change = self._direction(point, exact=exact, fresh=fresh)
        if not (np.all(np.isfinite(du)) and np.all(np.isfinite(change))):
            raise SingularMatrix("linear solve of equilibrium: the step is not finite")
        direction, along = du.T.ravel()[self._free], Axial.of(change)
        slope_0 = inner(point.residual, direction) + inner(point.imbalance, change)
        step = 1.0
        for _ in range(10):
            u = point.u + step * du
            F, stretch = self.deformation(u), self.stretch(u, point.stretch.axial + along * step)
            if not (stretch.F33.min() > 0 and np.all(det(F) > self.det_floor * det(point.F))):
                step *= 0.5
                continue
            new = respond_at(u, stretch, F)
            tried.append(new.size)
            slope = inner(new.residual, direction) + inner(new.imbalance, change)
            if np.isfinite(new.size) and (new.size < 0.5 * point.size or slope <= 0.5 * abs(slope_0)):
                return new
            step *= min(max(slope_0 / (slope_0 - slope), 0.1), 0.7) if np.isfinite(slope) else 0.5
        return None

    def _converged(self, point: _Point, iterations: int) -> Equilibrium:
        force = float(point.imbalance[0]) + self.axial_force if self.columns else 0.0  # the pressure's taken off
        return Equilibrium(u=point.u, axial=point.stretch.axial, F=point.F,
                           F33=point.stretch.F33, response=point.response, iterations=iterations,
                           residual=point.size, axial_force=force)

    def _failure(self, why: str, F: Array, size: float, iterations: int) -> NoEquilibrium:
        worst = int(np.argmin(np.nan_to_num(det(F), nan=-np.inf).min(axis=1)))
        x, y = self.spaces.qp_xy[:, worst].mean(axis=1)
        return NoEquilibrium(
            f"{why} after {iterations} Newton iterations (relative residual {size:.2e}; smallest det F "
            f"{det(F)[worst].min():.3g} in element {worst} at x = {x:.2f} nm, y = {y:.2f} nm)", iterations, size)

    def _assemble(self, forces: Array, stretch: Stretch, response: PointResponse, u: Array,
                  ) -> tuple[Array, Array, float]:
        """Free nodal forces, axial imbalance (columns,), and the norm of the elements' forces (elem, 12)."""
        s, pressed = self.spaces, np.zeros(3)
        if self.pressure is not None:
            forces, pressed = self.pressure.resist(forces, u, stretch.axial)
        total = scatter(self._dofs.T, forces, 2 * s.n_nodes)
        if self.load is not None:
            total -= self.load.T.ravel()
        imbalance = np.zeros(self.columns)
        if self.columns:
            imbalance = axial_resultants(s, stretch, response.tau[3])[: self.columns] + pressed[: self.columns]
            imbalance[0] -= self.axial_force
        return total[self._free], imbalance, float(np.sqrt(np.sum(forces**2)))

    def _norm(self, residual: Array, imbalance: Array, scale: float) -> float:
        """Residual relative to ``scale``; the axial imbalance counts as spread over the nodes."""
        size = np.sqrt(inner(self._weight * residual, residual))
        for value, arm in zip(imbalance, (1.0, self._arm, self._arm), strict=False):
            size = np.hypot(size, value / arm / np.sqrt(self._whole_nodes))  # of two residuals
        return float(size / scale)

    def _direction(self, point: _Point, *, exact: bool, fresh: bool) -> tuple[Array, Array]:
        """Newton step of displacement (2, N) and of the unknowns along the axis (columns,).

        The matrix of the displacements is bordered by one row and column for each unknown along the axis. One
        factorisation solves for the residual and for the border; the Schur complement gives the border's unknowns.
        """
        s, response, residual = self.spaces, point.response, point.residual
        Ke, coupling, K33 = self.elements.stiffness(point.F, point.stretch, response, calm=not exact)
        if self.pressure is not None:
            self.pressure.stiffen(Ke, coupling, K33, point.u, point.stretch.axial)
        tangent = self._pattern.matrix(Ke)
        border = [scatter(self._dofs, column, 2 * s.n_nodes)[self._free] for column in coupling[: self.columns]]
        rhs = np.stack([residual, *border], axis=1) if border else residual
        if fresh:
            self.solver.factorise(tangent)
            found = self.solver.solve(rhs)
        else:
            found = self.solver.solve_near(tangent, rhs)
        found = found.reshape(len(residual), -1)
        # Schur complement of the displacement, (columns, columns)
        left = np.array([[inner(row, column) for column in found.T] for row in border]).reshape(-1, 1 + len(border))
        change = -solved_along(K33[: self.columns, : self.columns] - left[:, 1:], point.imbalance - left[:, 0])
        moved = -found[:, 0]
        for column, by in zip(found.T[1:], change, strict=True):
            moved = moved - column * by
        du = np.zeros(2 * s.n_nodes)
        du[self._free] = moved
        return du.reshape(-1, 2).T, change
