"""Conversion, content and the swelling they cause.

All functions act elementwise on arrays of any shape.
"""

from __future__ import annotations

import numpy as np

from femanode.numerics.arrays import Array

#: Converted fraction of a point above which it flows like the reacted phase.
REACTED_ABOVE = 0.01


def conversion(xi: Array, start: float) -> Array:
    """Converted fraction h(xi): smoothstep of (xi - start)/(1 - 2 start), clipped to [0, 1].

    Parameters
    ----------
    xi : array
        Extent of reaction, dimensionless.
    start : float
        xi at which conversion begins (xi_lo), in [0, 0.5).
    """
    z = np.clip((xi - start) / (1.0 - 2.0 * start), 0.0, 1.0)
    return z * z * (3.0 - 2.0 * z)


def conversion_slope(xi: Array, start: float) -> Array:
    """dh/dxi of :func:`conversion`, dimensionless."""
    z = np.clip((xi - start) / (1.0 - 2.0 * start), 0.0, 1.0)
    return 6.0 * z * (1.0 - z) / (1.0 - 2.0 * start)


def content(h: Array, c: Array, c_front: float) -> Array:
    """Carrier content C = h [c_f + (1 - c_f) c] of converted fraction h and activity c; 0 pristine, 1 full.

    ``c_front`` is c_f, the content in which the reacted phase forms.
    """
    return h * (c_front + (1.0 - c_front) * c)


def volume_ratio(C: Array, expansion: float) -> Array:
    """Stress-free volume ratio Jc = 1 + beta C, with ``expansion`` beta."""
    return 1.0 + expansion * C
