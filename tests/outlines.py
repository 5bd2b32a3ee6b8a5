"""An outline that is no circle, for tests that a circle would pass by chance."""

from __future__ import annotations

import numpy as np

from femanode.mesh.build import make_section
from femanode.mesh.ellipse import Ellipse
from femanode.mesh.section import Section, build_section


def ellipse_section(a: float, b: float, size: float, sector: str = "quarter") -> Section:
    """A disc's mesh of elements of ``size`` (nm), squeezed along y, its edges curved on the ellipse."""
    mesh = make_section("circle", a, 0.0, size, sector).mesh
    corners = mesh.doflocs[:, : mesh.t.max() + 1] * [[1.0], [b / a]]
    return build_section(corners, mesh.t.astype(np.int64), sector, Ellipse(a, b), size, "ellipse")
