r"""Swelling with a direction: shares w of ln Jc along three axes of the host's crystal, stretches Jc^w, sum w = 1.

F = Fe Fp Fc with Fc = exp(W ln Jc), W the symmetric tensor of the shares in the reference section. What is stored of
the inelastic deformation is the unimodular metric G of

    be = Jc^(-2/3) F G F^T,    G = Jc^(2/3) Fc^-1 Cp^-1 Fc^-1,

so that the stress update is the same as for isotropic swelling, where W = I/3 and G = Cp^-1: only G has to follow the
content. The power of swelling is tau : F W F^-1 per unit of d(ln Jc).
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from femanode.numerics.arrays import Array

#: Equivalent plastic strain per unit of isotropic swelling in a coherent front; also where there is no front.
ISOTROPIC = 2.0 / 3.0


@dataclass(frozen=True)
class Shares:
    """Tensor W of the shares in the section, of trace 1; components 11, 22, 12, 33, the others 0."""

    xx: float
    yy: float
    xy: float
    zz: float

    def reshaped(self, metric: Array, growth: Array) -> Array:
        """Metric G (4, ...) after Jc has grown by the factor ``growth`` (...): A G A with A = growth^(I/3 - W)."""
        values, axes = np.linalg.eigh(np.array([[self.xx, self.xy], [self.xy, self.yy]]))
        first, second = (growth ** (1.0 / 3.0 - share) for share in values)
        (a, b), (c, d) = axes
        a11, a22, a12 = first * a * a + second * b * b, first * c * c + second * d * d, first * a * c + second * b * d
        g11, g22, g12, g33 = metric
        p, q = a11 * g11 + a12 * g12, a11 * g12 + a12 * g22
        r, s = a12 * g11 + a22 * g12, a12 * g12 + a22 * g22
        return np.stack([p * a11 + q * a12, r * a12 + s * a22, p * a12 + q * a22,
                         growth ** (2.0 * (1.0 / 3.0 - self.zz)) * g33])

    def carried(self, F: Array) -> Array:
        """Symmetric part of F W F^-1, (4, ...), with F (2, 2, ...): the rate of free swelling as deformed."""
        (a, b), (c, d) = F
        det = a * d - b * c
        p, q = a * self.xx + b * self.xy, a * self.xy + b * self.yy
        r, s = c * self.xx + d * self.xy, c * self.xy + d * self.yy
        xx, yy = (p * d - q * c) / det, (s * a - r * b) / det
        xy, yx = (q * a - p * b) / det, (r * d - s * c) / det
        return np.stack([xx, yy, 0.5 * (xy + yx), np.full_like(xx, self.zz)])

    def stress(self, F: Array, tau: Array, Jc: Array) -> Array:
        """Stress (...) that does work on swelling, GPa: tau : F W F^-1 / Jc, the mean Mandel stress if isotropic."""
        rate = self.carried(F)
        return np.asarray((tau[0] * rate[0] + tau[1] * rate[1] + 2.0 * tau[2] * rate[2] + tau[3] * rate[3]) / Jc)

    def flow(self, F: Array, n: Array) -> tuple[Array, Array]:
        """Plastic strain of a coherent front that swells along its deformed normal n (2, ...) only.

        Returns
        -------
        size : (...) equivalent plastic strain per unit of swelling; `ISOTROPIC` where n is zero
        direction : (4, ...) of the deviatoric stress, of von Mises norm 1
        """
        rate = -self.carried(F)
        rate[0] += n[0] ** 2
        rate[1] += n[1] ** 2
        rate[2] += n[0] * n[1]
        norm = np.sqrt(rate[0] ** 2 + rate[1] ** 2 + rate[3] ** 2 + 2.0 * rate[2] ** 2)
        front = (n[0] ** 2 + n[1] ** 2) > 0.0
        direction = np.sqrt(2.0 / 3.0) * rate / np.maximum(norm, 1e-300)
        return np.where(front, np.sqrt(2.0 / 3.0) * norm, ISOTROPIC), np.where(front, direction, 0.0)


def strained(F: Array, metric: Array, strain: Array) -> Array:
    """Metric (4, ...) of material whose elastic strain has gained a deviator: F^-1 X F G (F^-1 X F)^T, X = exp(strain).

    Parameters
    ----------
    F : (2, 2, ...) in-plane deformation gradient
    metric, strain : (4, ...) components 11, 22, 12, 33; the strain has trace 0
    """
    (a, b), (c, d) = F
    mid, half, shear = 0.5 * (strain[0] + strain[1]), 0.5 * (strain[0] - strain[1]), strain[2]
    size = np.hypot(half, shear)
    grown = np.exp(mid)
    ch, sh = grown * np.cosh(size), grown * np.where(size > 1e-12, np.sinh(size) / np.maximum(size, 1e-300), 1.0)
    x11, x22, x12 = ch + sh * half, ch - sh * half, sh * shear
    det = a * d - b * c
    p, q, r, s = x11 * a + x12 * c, x11 * b + x12 * d, x12 * a + x22 * c, x12 * b + x22 * d
    h11, h12, h21, h22 = ((d * p - b * r) / det, (d * q - b * s) / det, (a * r - c * p) / det, (a * s - c * q) / det)
    g11, g22, g12, g33 = metric
    return np.stack([h11 * h11 * g11 + 2.0 * h11 * h12 * g12 + h12 * h12 * g22,
                     h21 * h21 * g11 + 2.0 * h21 * h22 * g12 + h22 * h22 * g22,
                     h11 * h21 * g11 + (h11 * h22 + h12 * h21) * g12 + h12 * h22 * g22, np.exp(2.0 * strain[3]) * g33])
