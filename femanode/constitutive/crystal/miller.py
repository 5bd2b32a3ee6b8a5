"""Miller directions: reading, writing, equivalent ones; and the axes of the section in the crystal."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import permutations, product
from math import gcd

import numpy as np

from femanode.errors import ConfigError
from femanode.numerics.arrays import Array

Miller = tuple[int, int, int]

STRUCTURES = ("cubic", "orthorhombic", "uniaxial", "isotropic")
_SEARCH = 6  # largest Miller index tried for a default in-plane direction


def parse_miller(label: str | Sequence[int]) -> Miller:
    """Read a Miller direction and reduce it to its smallest integers.

    Parameters
    ----------
    label : str or sequence of int
        ``'112'``, ``'1-10'``, ``'[1 1 -2]'``, ``'<1,1,-2>'`` (any bracket), or three integers. Indices of two
        digits need separators.

    Returns
    -------
    tuple of int
        (h, k, l) without a common factor.

    Raises
    ------
    ConfigError
        If it is not three integers, or all three are zero.
    """
    allowed = "three integers, not all zero, such as '1-10' or '[1 1 -2]'"
    if isinstance(label, str):
        text = label.strip().strip("[]<>{}()").replace(",", " ").strip()
        parts: Sequence[object] = text.split()
        if len(parts) == 1:
            parts = re.findall(r"-?\d", text) if re.fullmatch(r"(-?\d){3}", text) else ()
        if not all(re.fullmatch(r"-?\d+", str(part)) for part in parts):
            parts = ()
    else:
        parts = label if all(isinstance(i, int) and not isinstance(i, bool) for i in label) else ()
    h, k, m = (int(str(part)) for part in parts) if len(parts) == 3 else (0, 0, 0)
    if not any((h, k, m)):
        raise ConfigError(f"'{label}' is not a Miller direction", allowed=allowed)
    return _reduced(h, k, m)


def format_miller(direction: Sequence[int]) -> str:
    """Return the label of a direction, e.g. ``[1-10]``, or ``[1 -12 3]`` with an index of two digits."""
    return "[" + (" " if max(map(abs, direction)) > 9 else "").join(map(str, direction)) + "]"


def positive(direction: Miller) -> Miller:
    """The direction or its opposite, whichever is spelled with fewer minus signs, or else begins with none."""
    opposite: Miller = (-direction[0], -direction[1], -direction[2])
    return min(direction, opposite, key=lambda u: (sum(i < 0 for i in u), [-i for i in u]))


def miller_at(value: str | Sequence[int], where: str) -> Miller:
    """Return `parse_miller` of a value, with the key path `where` in its ConfigError."""
    try:
        return parse_miller(value)
    except ConfigError as error:
        raise ConfigError(error.found, where=where, allowed=error.allowed) from None


def equivalents(direction: Miller, structure: str) -> set[Miller]:
    """All directions equivalent under m-3m, mmm or 4/mmm (each has the inversion)."""
    h, k, m = direction
    if structure == "cubic":
        orders = set(permutations(direction))
    else:
        orders = {direction, (k, h, m)} if structure == "uniaxial" else {direction}
    signs = list(product((1, -1), repeat=3))
    return {(a * i, b * j, c * q) for i, j, q in orders for a, b, c in signs}


@dataclass(frozen=True)
class CrystalFrame:
    """How the crystal lies in the section.

    Attributes
    ----------
    axis, in_plane : tuple of int
        Miller directions of the wire axis (z) and of x.
    in_plane_chosen : bool
        True if x was chosen here and not by the user.
    structure : str
        One of `STRUCTURES`.
    rotation : ndarray, shape (3, 3)
        Rows are the unit vectors x, y, z of the section in crystal axes; right-handed, so that
        ``rotation.T @ v`` brings v from the section into crystal axes.
    """

    axis: Miller
    in_plane: Miller
    in_plane_chosen: bool
    structure: str
    rotation: Array

    def miller_along(self, name: str) -> str:
        """Return the Miller label of the section's ``'x'``, ``'y'`` or ``'z'``.

        y is the integer cross product of axis and in_plane, so the label always exists.
        """
        labels = {"x": self.in_plane, "y": _cross(self.axis, self.in_plane), "z": self.axis}
        if name not in labels:
            raise ConfigError(f"no section axis '{name}'", allowed="x, y, z")
        return format_miller(labels[name])


def make_frame(axis: Sequence[int], in_plane: Sequence[int] | None = None, structure: str = "cubic") -> CrystalFrame:
    """Place the crystal in the section: z along `axis`, x along `in_plane`, y = z cross x.

    Miller indices are taken as directions along unit-length orthogonal crystal axes in every structure: for
    orthorhombic and uniaxial crystals the indices are not scaled with the lattice constants.

    Parameters
    ----------
    axis : sequence of int
        Along the wire.
    in_plane : sequence of int, optional
        Along x, orthogonal to `axis`. By default the shortest orthogonal direction, those first that are
        normal to a mirror plane of the crystal, as only these allow a quarter section.
    structure : str
        One of `STRUCTURES`.

    Raises
    ------
    ConfigError
        If the indices are no direction, or not orthogonal (with the dot product and a suggestion).
    """
    if structure not in STRUCTURES:
        raise ConfigError(f"structure '{structure}'", where="host.structure", allowed=", ".join(STRUCTURES))
    z = miller_at(axis, "crystal.axis")
    default = _default_in_plane(z, structure)
    x = default if in_plane is None else miller_at(in_plane, "crystal.in_plane")
    dot = _dot(z, x)
    if dot:
        square = _dot(z, z)
        projected = tuple(square * i - dot * j for i, j in zip(x, z, strict=True))
        best = parse_miller(projected) if any(projected) else default
        best = best if max(map(abs, best)) <= 2 * _SEARCH else default
        raise ConfigError(
            f"in_plane {format_miller(x)} is not orthogonal to axis {format_miller(z)}: dot product {dot}",
            where="crystal.in_plane",
            hint=f"use {format_miller(best)}, or leave in_plane out for {format_miller(default)}",
        )
    rows = np.array([x, _cross(z, x), z], dtype=float)
    rotation = rows / np.linalg.norm(rows, axis=1, keepdims=True)
    rotation.setflags(write=False)
    return CrystalFrame(z, x, in_plane is None, structure, rotation)


def _default_in_plane(axis: Miller, structure: str) -> Miller:
    """Shortest direction orthogonal to the axis, mirror normals first, first index positive."""
    candidates = [_reduced(axis[1], -axis[0], 0)] if any(axis[:2]) else [(1, 0, 0)]
    for h, k in product(range(_SEARCH + 1), range(-_SEARCH, _SEARCH + 1)):
        # the third index follows from the other two unless the axis lies in the plane of the first two
        third = [-(h * axis[0] + k * axis[1]) // axis[2]] if axis[2] else [0, 1]
        candidates += [(h, k, m) for m in third]
    positive = [u if u > (0, 0, 0) else (-u[0], -u[1], -u[2]) for u in candidates if any(u)]

    def order(u: Miller) -> tuple[int, ...]:
        return (not _is_mirror(u, structure), _dot(u, u), abs(u[2]), abs(u[1]), abs(u[0]))

    return min((u for u in positive if _dot(u, axis) == 0), key=order)


def _is_mirror(direction: Miller, structure: str) -> bool:
    """Whether the plane normal to a direction is a mirror plane of the crystal (uniaxial: of its harmonic law)."""
    ordered = sorted(map(abs, direction))
    if structure == "uniaxial":
        return direction[2] == 0 or ordered[1] == 0
    return ordered == [0, 0, 1] or (structure == "cubic" and ordered == [0, 1, 1])


def _dot(a: Miller, b: Miller) -> int:
    """Integer dot product."""
    return a[0] * b[0] + a[1] * b[1] + a[2] * b[2]


def _cross(a: Miller, b: Miller) -> Miller:
    """Integer cross product, reduced."""
    return _reduced(a[1] * b[2] - a[2] * b[1], a[2] * b[0] - a[0] * b[2], a[0] * b[1] - a[1] * b[0])


def _reduced(h: int, k: int, m: int) -> Miller:
    """Divide by the common factor."""
    common = gcd(h, k, m)
    return h // common, k // common, m // common
