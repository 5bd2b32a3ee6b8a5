"""Quadratic triangles as four linear ones each, and back."""

from __future__ import annotations

import numpy as np

from femanode.numerics.arrays import IntArray

#: Nodes of the four parts: one at each corner, and the middle one.
PARTS = ((0, 3, 5), (3, 1, 4), (5, 4, 2), (3, 4, 5))


def split_quadratic(triangles6: IntArray) -> IntArray:
    """Cut every quadratic triangle into four linear ones through its midside nodes.

    Parameters
    ----------
    triangles6 : ndarray of int, shape (ne, 6)

    Returns
    -------
    ndarray of int, shape (4 ne, 3)
        All first parts, then all second ones, and so on.
    """
    return np.concatenate([triangles6[:, part] for part in PARTS])


def join_linear(triangles: IntArray) -> IntArray | None:
    """The quadratic triangles from which :func:`split_quadratic` made these; None where they are no such set.

    Parameters
    ----------
    triangles : ndarray of int, shape (4 ne, 3)

    Returns
    -------
    ndarray of int, shape (ne, 6), or None
    """
    count, rest = divmod(len(triangles), len(PARTS))
    if rest or not count:
        return None
    first, second, third, _ = triangles.reshape(len(PARTS), count, 3)
    joined = np.column_stack([first[:, 0], second[:, 1], third[:, 2], first[:, 1], second[:, 2], first[:, 2]])
    return joined if np.array_equal(split_quadratic(joined), triangles) else None
