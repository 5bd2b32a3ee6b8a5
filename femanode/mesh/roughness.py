r"""A seeded unevenness of the as-grown outline.

The mesh is made, cut, curved and checked as that of the even section; then its nodes are moved along their radius,

    r -> r + R a(theta) [(r - r_i)/(R - r_i)]^2,   a(theta) = sum over m of A_m cos(m theta) + B_m sin(m theta),

with r_i and R the radii at which a ray from the axis enters and leaves the even section. So the surface takes the
radius R (1 + a), the centre or inner surface stays, and every mesh gets the same shape: a depends on the angle, the
seed and the symmetry only. Without m = 0 and m = 1 the outline neither grows (to first
order in a) nor moves as a whole. The coefficients are normal deviates, alike for all m up to the shortest wavelength,
scaled so that the root mean square of R a over the circumference is the amplitude asked for.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
import skfem

from femanode.errors import ConfigError
from femanode.mesh.outline import Outline
from femanode.numerics.arrays import Array


@dataclass(frozen=True)
class Roughness:
    """Relative unevenness a(theta): cosine and sine coefficients (M,) of the waves 2, 3, ... M + 1 around."""

    cosine: Array
    sine: Array

    def __call__(self, angle: Array) -> Array:
        """a at given angles (rad), of their shape."""
        out = np.zeros_like(angle)
        for m, (a, b) in enumerate(zip(self.cosine, self.sine, strict=True), start=2):
            out += a * np.cos(m * angle) + b * np.sin(m * angle)
        return out

    def moved(self, xy: Array, outline: Outline) -> Array:
        """Points (2, n), nm, of the section within ``outline`` moved to where the uneven section has them."""
        r = np.hypot(*xy)
        inner, outer = outline.reach(xy / np.where(r > 0.0, r, 1.0))
        share = np.maximum(r - inner, 0.0) / (outer - inner)
        gain = outer * self(np.arctan2(xy[1], xy[0])) * share**2
        return np.asarray(xy * (1.0 + gain / np.where(r > 0.0, r, 1.0)))

    def depth(self, xy: Array, outline: Outline) -> Array:
        """Depth of points (2, n), nm, along their radius below the uneven surface on ``outline``; negative outside."""
        r = np.hypot(*xy)
        _, outer = outline.reach(xy / np.where(r > 0.0, r, 1.0))
        return np.asarray(outer * (1.0 + self(np.arctan2(xy[1], xy[0]))) - r)


def make_roughness(amplitude: float, wavelength: float, radius: float, seed: int, sector: str) -> Roughness:
    """Unevenness of a sector's outline.

    Parameters
    ----------
    amplitude : float
        Root mean square around the whole circumference, nm.
    wavelength : float
        Shortest, nm; at most half the circumference, so that two waves fit.
    radius : float
        Outer, nm.
    seed : int
        Of numpy's PCG64; wave m takes the same deviates whatever the wavelength and the sector.
    sector : str
        ``'quarter'`` and ``'half'`` keep the part that has their mirrors, ``'full'`` everything.
    """
    last = int(2.0 * np.pi * radius / wavelength * (1.0 + 1e-12))
    draws = np.random.Generator(np.random.PCG64(seed)).standard_normal((last - 1, 2))
    a, b = draws.T
    if sector != "full":
        b = np.zeros_like(b)
    if sector == "quarter":
        a = np.where(np.arange(2, last + 1) % 2 == 0, a, 0.0)
    scale = amplitude / radius / np.sqrt(0.5 * np.sum(a**2 + b**2))
    return Roughness(scale * a, scale * b)


def require_waves(wavelength: float, size: float) -> None:
    """Refuse waves (nm) that elements of ``size`` (nm) cannot show.

    Raises
    ------
    ConfigError
    """
    if wavelength < 4.0 * size:
        raise ConfigError(f"found {wavelength:g} nm", where="geometry.roughness.wavelength",
                          allowed=f"at least four elements, {4.0 * size:g} nm",
                          hint="use smaller elements or longer waves")


def rough_mesh(mesh: skfem.MeshTri2, roughness: Roughness, outline: Outline) -> skfem.MeshTri2:
    """The quadratic triangles with every node, middles of sides included, where the uneven section has it."""
    return replace(mesh, doflocs=np.ascontiguousarray(roughness.moved(mesh.doflocs, outline)))
