r"""Random unevenness of the as-grown outline, determined by a seed.

The mesh is made, refined, curved and checked for the even section; then its nodes are moved along their radius,

    r -> r + R a(theta) [(r - r_i)/(R - r_i)]^2,   a(theta) = sum over m of A_m cos(m theta) + B_m sin(m theta),

with r_i and R the radii at which a ray from the axis enters and leaves the even section. The surface gets the radius
R (1 + a), and the centre or inner surface stays in place. As a depends on angle, seed and symmetry only, the shape is
the same on every mesh. The waves m = 0 and m = 1 are left out; they would make the wire thicker (to first order in a)
or move it as a whole. The coefficients are normal deviates of equal variance for all m up to the shortest wavelength,
scaled such that the root mean square of R a over the circumference is the given amplitude.
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
    """Relative unevenness a(theta): cosine and sine coefficients (M,) of the waves m = 2, 3, ..., M + 1."""

    cosine: Array
    sine: Array

    def __call__(self, angle: Array) -> Array:
        """a at the given angles (rad), an array of the same shape."""
        out = np.zeros_like(angle)
        for m, (a, b) in enumerate(zip(self.cosine, self.sine, strict=True), start=2):
            out += a * np.cos(m * angle) + b * np.sin(m * angle)
        return out

    def moved(self, xy: Array, outline: Outline) -> Array:
        """Points (2, n), nm, of the even section within ``outline``, moved to their place in the uneven section."""
        r = np.hypot(*xy)  # waves are along the radius
        inner, outer = outline.reach(xy / np.where(r > 0.0, r, 1.0))
        share = np.maximum(r - inner, 0.0) / (outer - inner)
        gain = outer * self(np.arctan2(xy[1], xy[0])) * share**2
        return np.asarray(xy * (1.0 + gain / np.where(r > 0.0, r, 1.0)))

    def depth(self, xy: Array, outline: Outline) -> Array:
        """Depth (n,), nm, of points (2, n) below the uneven surface, along their radius; negative outside."""
        r = np.hypot(*xy)  # waves are along the radius
        _, outer = outline.reach(xy / np.where(r > 0.0, r, 1.0))
        return np.asarray(outer * (1.0 + self(np.arctan2(xy[1], xy[0]))) - r)


def make_roughness(amplitude: float, wavelength: float, radius: float, seed: int, sector: str) -> Roughness:
    """Unevenness of a sector's outline.

    Parameters
    ----------
    amplitude : float
        Root mean square of the unevenness around the whole circumference, nm.
    wavelength : float
        Shortest wavelength, nm; at most half the circumference, so that two waves fit.
    radius : float
        Outer radius, nm.
    seed : int
        Seed of numpy's PCG64. Wave m gets the same deviates for any wavelength and sector.
    sector : str
        ``'quarter'`` and ``'half'`` keep only the waves that are symmetric about their mirror lines, ``'full'`` all.
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
    """Check that elements of ``size`` (nm) can represent waves of a ``wavelength`` (nm).

    Raises
    ------
    ConfigError
        A wave has fewer than four elements.
    """
    if wavelength < 4.0 * size:
        raise ConfigError(f"found {wavelength:g} nm", where="geometry.roughness.wavelength",
                          allowed=f"at least four elements, {4.0 * size:g} nm",
                          hint="use smaller elements or longer waves")


def rough_mesh(mesh: skfem.MeshTri2, roughness: Roughness, outline: Outline) -> skfem.MeshTri2:
    """The mesh with all nodes, middles of sides included, moved to their place in the uneven section."""
    return replace(mesh, doflocs=np.ascontiguousarray(roughness.moved(mesh.doflocs, outline)))
