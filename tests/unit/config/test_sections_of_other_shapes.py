"""Keys of shapes, contacts and sectors: what is refused, and in which words."""

from __future__ import annotations

import pytest

from femanode.config.loading import Config
from femanode.errors import ConfigError
from femanode.solver.resolution import outline_of, sector_of
from tests.fronts import coarse_case

HEXAGON = {"shape": "polygon", "corners": 6, "diameter": "80 nm"}


@pytest.mark.parametrize(("geometry", "said"), [
    ({"shape": "ellipse", "diameter": "80 nm"}, "one diameter with shape ellipse"),
    ({"shape": "ellipse"}, "geometry.diameters: found no diameters"),
    ({"shape": "ellipse", "diameters": ["80 nm"]}, r"diameters along x and y, such as \[200 nm, 100 nm\]"),
    ({"shape": "circle", "diameter": "80 nm", "corners": 6}, "geometry.corners: found corners with shape circle"),
    ({**HEXAGON, "rounding": "40 nm"}, "geometry.rounding: found 40 nm; allowed: below half the diameter"),
    ({**HEXAGON, "contact": {"from": "60 deg", "to": "-60 deg"}}, "geometry.contact.to: found -60 deg; allowed: above"),
    ({"shape": "annulus", "diameter": "80 nm", "inner_diameter": "40 nm", "reacting": "both",
      "contact": {"from": "0 deg", "to": "9 deg"}}, "found a contact with reacting: both"),
    ({"shape": "circle", "diameter": "80 nm", "reacting": "inner"}, "reacting with shape circle")])
def test_keys_that_do_not_fit_are_refused(geometry: dict[str, object], said: str) -> None:
    with pytest.raises(ConfigError, match=said):
        Config.from_mapping(coarse_case(geometry=geometry))


@pytest.mark.parametrize(("geometry", "smallest"), [
    (HEXAGON, "quarter"), ({**HEXAGON, "corners": 3}, "half"), ({**HEXAGON, "rotation": "7 deg"}, "full"),
    ({**HEXAGON, "contact": {"from": "-60 deg", "to": "60 deg"}}, "half"),
    ({**HEXAGON, "contact": {"from": "0 deg", "to": "60 deg"}}, "full")])
def test_the_smallest_sector_is_taken_and_a_smaller_one_refused(geometry: dict[str, object], smallest: str) -> None:
    config = Config.from_mapping(coarse_case(geometry=geometry))
    assert sector_of(config, outline_of(config)) == smallest
    smaller = {"half": "quarter", "full": "half"}.get(smallest)
    if smaller:
        config = Config.from_mapping(coarse_case(geometry={**geometry, "sector": smaller}))
        with pytest.raises(ConfigError, match=f"sector '{smaller}', but there is no mirror symmetry about the"):
            sector_of(config, outline_of(config))
