"""Miller labels and frames; expected numbers are worked out by hand."""

from __future__ import annotations

import numpy as np
import pytest
from numpy.testing import assert_allclose

from femanode.constitutive.crystal.miller import format_miller, make_frame, parse_miller
from femanode.errors import ConfigError


@pytest.mark.parametrize(
    ("label", "expected"),
    [
        ("112", (1, 1, 2)),
        ("[1 1 -2]", (1, 1, -2)),
        ("1-10", (1, -1, 0)),
        ("<1,0,-1>", (1, 0, -1)),
        ("{111}", (1, 1, 1)),
        (" -1-1-2 ", (-1, -1, -2)),
        ("10 0 1", (10, 0, 1)),
        ("220", (1, 1, 0)),
        ([2, -2, 0], (1, -1, 0)),
    ],
)
def test_miller_label_is_read(label: str, expected: tuple[int, int, int]) -> None:
    assert parse_miller(label) == expected


@pytest.mark.parametrize(
    "label", ["", "11", "1100", "1 1", "000", "1.5 0 0", "abc", "1--10", [1, 0], [1.0, 0, 0]]
)
def test_what_is_no_miller_direction_is_refused(label: str) -> None:
    with pytest.raises(ConfigError, match="is not a Miller direction; allowed: three integers"):
        parse_miller(label)


def test_label_separates_indices_of_two_digits() -> None:
    assert (format_miller((1, -1, 0)), format_miller((1, -12, 3))) == ("[1-10]", "[1 -12 3]")


@pytest.mark.parametrize(
    ("axis", "structure", "x", "y"),
    [
        ((0, 0, 1), "cubic", "[100]", "[010]"),
        ((1, 1, 0), "cubic", "[001]", "[1-10]"),
        ((1, 1, 1), "cubic", "[1-10]", "[11-2]"),
        ((1, 1, 2), "cubic", "[1-10]", "[11-1]"),
        ((1, 0, 0), "orthorhombic", "[010]", "[001]"),
        # the shortest, [10-1], is no mirror of a uniaxial crystal; [2-10] lies in the basal plane and is
        ((1, 2, 1), "uniaxial", "[2-10]", "[12-5]"),
        ((11, 3, 8), "uniaxial", "[3 -11 0]", None),
    ],
)
def test_default_in_plane_direction(
    axis: tuple[int, int, int], structure: str, x: str, y: str | None
) -> None:
    frame = make_frame(axis, structure=structure)
    assert frame.in_plane_chosen
    assert frame.miller_along("x") == x
    assert y is None or frame.miller_along("y") == y


def test_frame_rows_are_the_section_axes_right_handed() -> None:
    frame = make_frame([1, 1, 0], [1, -1, 0])
    # [110] x [1-10] = [00-2]; a left-handed frame would have [001]
    expected = [[np.sqrt(0.5), -np.sqrt(0.5), 0.0], [0.0, 0.0, -1.0], [np.sqrt(0.5), np.sqrt(0.5), 0.0]]
    assert_allclose(frame.rotation, expected, rtol=1e-15, atol=1e-15)
    assert (frame.miller_along("y"), frame.miller_along("z"), frame.in_plane_chosen) == (
        "[00-1]",
        "[110]",
        False,
    )


def test_in_plane_not_orthogonal_is_refused_with_dot_product_and_suggestion() -> None:
    # [100] without its part along [110] is [1-10]/2
    with pytest.raises(
        ConfigError, match=r"crystal.in_plane: .*\[100\].*\[110\]: dot product 1; use \[1-10\]"
    ):
        make_frame([1, 1, 0], [1, 0, 0])
    with pytest.raises(ConfigError, match=r"dot product 6; use \[1-10\]"):
        make_frame([1, 1, 2], [1, 1, 2])
    with pytest.raises(ConfigError, match=r"crystal\.axis: .*not a Miller direction"):
        make_frame([0, 0, 0])
    with pytest.raises(ConfigError, match="allowed: cubic, orthorhombic, uniaxial, isotropic"):
        make_frame([1, 0, 0], structure="hexagonal")
