"""A film on the surface that grows with time, and breaks where the surface stretches."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from femanode.mesh.spaces import Spaces
from femanode.numerics.arrays import Array


@dataclass(frozen=True)
class SurfaceFilm:
    """How the film changes. Its state is (2, N): its thickness over the initial one, and the longest stretch so far.

    Attributes
    ----------
    initial : thickness, nm
    rate : of growth, thickness = initial + rate sqrt(age), nm/s^0.5
    breaks : whether new surface is covered by fresh film of the initial thickness
    """

    initial: float
    rate: float = 0.0
    breaks: bool = False

    def after(self, film: Array, stretch: Array, dt: float) -> Array:
        """The film after ``dt`` (s), the surface being stretched along itself to ``stretch`` (N,) times its length.

        Where it breaks, old and fresh film lie side by side, so that their conductances add; the thickness is that of
        an even film that conducts as well. Without breaking the film keeps its conductance per initial length.
        """
        grown = film[0] - 1.0
        thickness = 1.0 + np.sqrt(grown**2 + (self.rate / self.initial) ** 2 * dt)
        if not self.breaks:
            return np.stack([thickness, film[1]])
        longest = np.maximum(film[1], stretch)
        return np.stack([longest / (film[1] / thickness + (longest - film[1])), longest])


def surface_stretch(spaces: Spaces, F: Array, F33: Array) -> Array:
    """Stretch (N,) along the reacting surface, from the in-plane deformation gradient (2, 2, elem, qp); 1 elsewhere.

    In an axisymmetric section it is that of the surface's area, the ring's stretch ``F33`` (elem, qp) included.
    """
    tangent = np.stack([-spaces.outward[1], spaces.outward[0]])
    nodal = np.stack([[spaces.extrapolate(F[i, j]) for j in (0, 1)] for i in (0, 1)])
    stretch = np.hypot(*np.einsum("ijn,jn->in", nodal, tangent))
    if spaces.hoop is not None:
        stretch = stretch * spaces.extrapolate(F33)
    on = np.zeros(spaces.n_nodes, bool)
    on[spaces.reacting] = True
    return np.where(on, stretch, 1.0)
