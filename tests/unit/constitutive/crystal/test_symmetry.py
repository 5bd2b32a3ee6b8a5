"""The section that a crystal allows; expected sectors follow from the mirror planes of each zone."""

from __future__ import annotations

from dataclasses import replace

import pytest

from femanode.constitutive.crystal.miller import make_frame
from femanode.constitutive.crystal.rates import make_direction_law
from femanode.constitutive.crystal.symmetry import require_sector, section_symmetry
from femanode.errors import ConfigError

SILICON = {"100": 0.02, "110": 0.12, "111": 0.01}
TABLE = {"100": 0.02, "110": 0.12, "111": 0.01, "112": 0.07}


@pytest.mark.parametrize(
    ("axis", "x", "expected"),
    [
        ((0, 0, 1), None, "quarter"),
        ((1, 1, 0), None, "quarter"),
        ((1, 1, 0), (1, -1, 0), "quarter"),
        ((1, 1, 1), None, "quarter"),
        ((1, 1, 2), None, "quarter"),
        ((1, 1, 0), (1, -1, 1), "full"),
        ((0, 0, 1), (2, 1, 0), "full"),
        ((1, 2, 3), None, "full"),
    ],
)
def test_section_that_cubic_crystals_allow(axis: tuple, x: tuple | None, expected: str) -> None:
    assert section_symmetry(make_direction_law(SILICON, "cubic", make_frame(axis, x))) == expected
    assert section_symmetry(make_direction_law(TABLE, "cubic", make_frame(axis, x))) == expected


def test_section_of_a_rate_with_one_mirror_is_half() -> None:
    law = make_direction_law({"isotropic": 1.0}, "cubic", make_frame([0, 0, 1]))
    assert section_symmetry(replace(law, log_rate=lambda n1, n2, n3: 0.3 * n1)) == "half"
    assert section_symmetry(replace(law, log_rate=lambda n1, n2, n3: 0.3 * n2)) == "full"


def test_sector_smaller_than_the_crystal_allows_is_refused() -> None:
    assert require_sector("auto", "half") == "half"
    assert require_sector("full", "quarter") == "full"
    assert require_sector("half", "half") == "half"
    with pytest.raises(ConfigError, match=r"geometry\.sector: .*'quarter'.*x axis; allowed: auto, full"):
        require_sector("quarter", "full")
    with pytest.raises(ConfigError, match="y axis; allowed: auto, half, full"):
        require_sector("quarter", "half")
    with pytest.raises(ConfigError, match="sector 'third'"):
        require_sector("third", "quarter")
