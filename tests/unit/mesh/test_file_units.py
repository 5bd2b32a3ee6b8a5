"""The unit of a mesh file's coordinates, and how few digits are enough."""

from __future__ import annotations

from pathlib import Path
from typing import get_args

import meshio
import numpy as np
import pytest
from numpy.testing import assert_allclose

from femanode.config.geometry import CoordinateUnit
from femanode.errors import MeshError
from femanode.mesh import files
from femanode.mesh.build import make_section
from femanode.mesh.files import read_section
from femanode.units import parse_quantity
from tests.meshfiles import disc, saved

MESHES = Path(__file__).parents[3] / "meshes"


UNITS = {"nm": 1.0, "um": 1e-3, "mm": 1e-6, "m": 1e-9, "angstrom": 10.0}


def test_every_unit_of_the_configuration_is_known_with_its_length() -> None:
    assert set(files.UNITS) == set(get_args(get_args(CoordinateUnit)[0]))
    for unit, length in files.UNITS.items():
        assert length == parse_quantity(f"1 {unit}", "nm")


@pytest.mark.parametrize("unit", UNITS)
def test_coordinates_in_any_unit_are_the_same_wire(tmp_path: Path, unit: str) -> None:
    raw = meshio.read(MESHES / "quarter_129nm.msh")
    raw.points = raw.points * UNITS[unit]
    meshio.write(tmp_path / "a.vtu", meshio.Mesh(raw.points, raw.cells))
    section = read_section(tmp_path / "a.vtu", diameter=129.0, unit=unit)
    assert_allclose(section.radius, 64.5, rtol=1e-12)
    assert_allclose(section.mesh.p, read_section(MESHES / "quarter_129nm.msh").mesh.p, rtol=0, atol=1e-12)


@pytest.mark.parametrize(("width", "diameter", "noted"), [(2.4, None, True), (2.4, 2.4, False), (24.0, None, False)])
def test_a_wire_so_thin_that_its_unit_may_be_another_is_asked_about(
    tmp_path: Path, width: float, diameter: float | None, noted: bool
) -> None:
    # 2.4 um written in um
    points, triangles = disc()
    notes = read_section(saved(tmp_path, 0.05 * width * points, triangles), diameter=diameter).notes
    assert [note for note in notes if "2.4 nm wide" in note and note.endswith("is it meant?")] == list(notes) * noted
    assert len(notes) == noted


@pytest.mark.parametrize(("width", "unit", "diameter", "message"), [
    # 129 nm in um and in m, taken as nm: once run as wires thinner than an atom
    (0.129, "nm", None, "a diameter of 0.129 nm; allowed: 1 nm to 100 um; coordinates are taken as nm; "
                        "geometry.unit: um gives 129 nm"),
    (1.29e-7, "nm", None, r"a diameter of 1\.29e-07 nm; .*geometry.unit: m gives 129 nm$"),
    (1290.0, "um", None, r"a diameter of 1\.29e\+06 nm; .*taken as um; geometry.unit: nm gives 1\.29 um, angstrom gives"
                         " 129 nm$"),
    (129.0, "m", None, r"taken as m; geometry.unit: nm gives 129 nm, angstrom gives 12.9 nm$"),
    # a width that either unit makes a wire is told by the diameter that is asked for
    (2.0, "nm", 2000.0, "2 nm; allowed: 2000 nm; coordinates are taken as nm; geometry.unit: um gives 2 um$"),
    (2.0, "nm", 3000.0, "a diameter of 2 nm; allowed: 3000 nm; .*scale the mesh or change geometry.diameter$"),
    (1e-30, "nm", None, "no other unit gives a wire$"),
])
def test_a_diameter_of_no_wire_asks_for_the_unit(
    tmp_path: Path, width: float, unit: str, diameter: float | None, message: str
) -> None:
    points, triangles = disc()
    with pytest.raises(MeshError, match=rf"section\.vtu: .*{message}"):
        read_section(saved(tmp_path, 0.05 * width * points, triangles), diameter=diameter, unit=unit)


@pytest.mark.parametrize("width", [1.0, 1e5])
def test_the_narrowest_and_the_widest_wire_are_read(tmp_path: Path, width: float) -> None:
    points, triangles = disc()
    assert_allclose(2.0 * read_section(saved(tmp_path, 0.05 * width * points, triangles)).radius, width, rtol=1e-12)


@pytest.mark.parametrize("radius", [3.7, 64.5, 812.3])
@pytest.mark.parametrize("single", [False, True])
def test_three_decimals_are_enough_and_said(tmp_path: Path, radius: float, single: bool) -> None:
    # half a step of 0.001 in x and in y: at most 0.00071 nm
    mesh = make_section("annulus", radius, 0.4 * radius, 0.05 * radius, "half").mesh
    points = np.round(mesh.doflocs[:, : mesh.nvertices].T, 3)
    points = np.pad(points.astype(np.float32 if single else float), ((0, 0), (0, 1)))
    section = read_section(saved(tmp_path, points, mesh.t.T))
    assert_allclose((section.radius, section.outline.inner_radius), (radius, 0.4 * radius), atol=8e-4)
    assert set(section.mesh.boundaries) == {"surface", "inner", "y0"}
    assert_allclose(section.area, 0.5 * np.pi * 0.84 * section.radius**2, rtol=1e-3)
    # what 1e-5 of the radius covers is not worth a word
    assert bool(section.notes) == (radius < 10.0)
    assert all("few digits; nodes are moved by up to 0.000" in note for note in section.notes)
