"""Files as people have them, spoilt in one way each: read as they are, or refused in one line."""

from __future__ import annotations

from pathlib import Path

import meshio
import numpy as np
import pytest
from numpy.testing import assert_allclose

from femanode.errors import MeshError
from femanode.mesh.build import make_section
from femanode.mesh.files import read_section


def spoiled(case: str) -> tuple[np.ndarray, list[tuple[str, np.ndarray]]]:
    """Points and cells of a quarter, half, full disc or ring of radius 10, right or wrong in the way ``case`` says."""
    sector = next((word for word in ("half", "full") if word in case), "quarter")
    ring = "annulus" if "annulus" in case else "circle"
    mesh = make_section(ring, 10.0, 4.0 if ring == "annulus" else 0.0, 1.5, sector).mesh
    points = np.vstack([mesh.doflocs[:, : mesh.nvertices], np.zeros(mesh.nvertices)]).T.copy()
    t = mesh.t.T.astype(np.int64)
    x, y, z = points.T
    inside = int(np.argmin(np.hypot(x - 4.0, y - 3.0)))
    turn = np.deg2rad(30.0)
    if "second order" in case:
        points = np.pad(mesh.doflocs.T, ((0, 0), (0, 1)))
        return points, [("triangle6", mesh.dofs.element_dofs.T.astype(np.int64))]
    match case:
        case "turned quarter":
            points = np.stack([np.cos(turn) * x - np.sin(turn) * y, np.sin(turn) * x + np.cos(turn) * y, z], axis=1)
        case "right half":
            points = points[:, [1, 0, 2]] * [1.0, -1.0, 1.0]
        case "all triangles clockwise full":
            t = t[:, ::-1].copy()
        case "some triangles clockwise full":
            t[::3] = t[::3, ::-1]
        case "node dragged across its neighbours":
            points[inside] += [1.9, 0.0, 0.0]
        case "in the plane x, z":
            points = points[:, [0, 2, 1]]
        case "in a plane of its own, z = 5":
            points[:, 2] = 5.0
        case "not a number":
            points[7, 1] = np.nan
        case "not a number where no triangle is":
            points = np.vstack([points, [[np.nan, 0.0, 0.0]]])
        case "arc centres":
            points = np.vstack([[[0.0, 0.0, 0.0]], points, [[3.0, 3.0, 0.0]]])
            return points, [("triangle", t + 1), ("vertex", np.array([[0]]))]
        case "infinite":
            points[7, 1] = np.inf
        case "far too large":
            points *= 1e200
        case "one node far away":
            points[inside] = [1e7, 0.0, 0.0]
        case "triangle soup":
            return points[t.ravel()], [("triangle", np.arange(t.size).reshape(-1, 3))]
        case "slit":
            points, t = np.vstack([points, points[inside]]), t.copy()
            where = np.argwhere(t == inside)
            t[tuple(where[0])] = len(points) - 1
        case "two parts":
            points = np.vstack([points, [-1.0, -1.0, 1.0] * points - [1.0, 1.0, 0.0]])
            t = np.vstack([t, t + mesh.nvertices])
        case "one triangle twice":
            t = np.vstack([t, t[:1]])
        case "node that is not there":
            t[3, 1] = 5000
        case "node before the first":
            t[3, 1] = -1
        case "only lines":
            return points, [("line", mesh.facets.T.astype(np.int64))]
        case "only points":
            return points, [("vertex", np.arange(len(points))[:, None])]
        case "quads":
            grid = np.array([[0.0, 0, 0], [1, 0, 0], [1, 1, 0], [0, 1, 0]])
            return 10.0 * grid, [("quad", np.array([[0, 1, 2, 3]]))]
        case "mixed":
            far = np.vstack([points, [[20.0, 0, 0], [20.0, 1, 0]]])
            return far, [("triangle", t), ("quad", np.array([[0, 1, len(far) - 2, len(far) - 1]]))]
        case "three decimals full" | "three decimals annulus half" | "three decimals quarter":
            points = np.round(points, 3)
        case "one decimal":
            points = np.round(points, 1)
    return points, [("triangle", t)]


#: Each case, the formats it is written in, and (sector, inner radius) as it is read, or the reason of refusal.
FILES: dict[str, tuple[str, tuple[str, float] | str]] = {
    "quarter": (".msh .msh4 .vtu .inp .xdmf .vtk .bdf", ("quarter", 0.0)),
    "half": (".msh .msh4 .vtu .xdmf", ("half", 0.0)),
    "full": (".msh .msh4 .vtu .inp", ("full", 0.0)),
    "annulus quarter": (".msh .vtu", ("quarter", 4.0)),
    "annulus half": (".msh", ("half", 4.0)),
    "annulus full": (".msh4 .xdmf", ("full", 4.0)),
    "second order full": (".msh .msh4 .vtu .inp .xdmf", ("full", 0.0)),
    "second order annulus half": (".msh .vtu", ("half", 4.0)),
    "all triangles clockwise full": (".msh .vtu", ("full", 0.0)),
    "some triangles clockwise full": (".msh4", ("full", 0.0)),
    "three decimals full": (".msh .vtu", ("full", 0.0)),
    "three decimals annulus half": (".msh", ("half", 4.0)),
    "three decimals quarter": (".inp", ("quarter", 0.0)),
    "one decimal": (".vtu", ("quarter", 0.0)),
    "arc centres": (".msh .vtu", ("quarter", 0.0)),
    "not a number where no triangle is": (".vtu", ("quarter", 0.0)),
    "turned quarter": (".msh", r"is on no circle .*turned"),
    "right half": (".msh", r"is on no circle .*turned"),
    "node dragged across its neighbours": (".msh .vtu", "two triangles overlap at the edge at"),
    "in the plane x, z": (".vtu", "nodes off the plane z = 0; allowed: a plane mesh in x and y"),
    "in a plane of its own, z = 5": (".vtu", "nodes off the plane z = 0"),
    "not a number": (".vtu .msh", "node 7 is not finite"),
    "infinite": (".vtu", "node 7 is not finite"),
    "far too large": (".vtu", r"a diameter of 2e\+201 nm; allowed: 1 nm to 100 um; .*no other unit gives a wire"),
    "one node far away": (".vtu", r"a diameter of 2e\+07 nm; allowed: 1 nm to 100 um"),
    "triangle soup": (".vtu", r"\d+ nodes on another, such as \d+ on \d+ at .*merge duplicate nodes"),
    "slit": (".vtu .msh", r"1 node on another, such as \d+ on \d+ at .*merge duplicate nodes"),
    "two parts": (".msh .vtu", "2 pieces that share no node"),
    "one triangle twice": (".vtu", "triangles share the edge|two triangles overlap"),
    "node that is not there": (".vtu", r"triangles with nodes that are not there, of \d+; the file is damaged"),
    "node before the first": (".vtu", "triangles with nodes that are not there"),
    "only lines": (".msh .vtu", "cells of type none; allowed: .*in Gmsh: mesh in 2-D"),
    "only points": (".vtu", "cells of type none"),
    "quads": (".msh .vtu .inp", "cells of type quad; .*Mesh.RecombineAll = 0"),
    "mixed": (".msh .vtu", "cells of type quad, triangle; .*RecombineAll"),
}


@pytest.mark.parametrize(("case", "suffix"), [(case, suffix) for case, (suffixes, _) in FILES.items()
                                              for suffix in suffixes.split()])
def test_a_file_is_read_as_it_is_or_refused_in_one_line(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture, case: str, suffix: str
) -> None:
    monkeypatch.chdir(tmp_path)  # the heavy data of XDMF are written beside it
    points, cells = spoiled(case)
    path = tmp_path / f"section{'.msh' if suffix == '.msh4' else suffix}"
    form = {".msh": "gmsh22", ".msh4": "gmsh"}.get(suffix)
    meshio.write(path, meshio.Mesh(points, cells), **({"file_format": form} if form else {}))
    capfd.readouterr()
    expected = FILES[case][1]
    if isinstance(expected, str):
        with pytest.raises(MeshError, match=rf"section\.[a-z]+: .*{expected}") as caught:
            read_section(path)
        assert "\n" not in str(caught.value)
    else:
        section = read_section(path)
        sector, inner = expected
        part = {"quarter": 0.25, "half": 0.5, "full": 1.0}[sector]
        assert section.sector == sector
        # rounding moves the radii by no more than it moves a node; parabolas for arcs miss 1e-5 of the area
        assert_allclose((section.outline.radius, section.outline.inner_radius), (10.0, inner),
                        atol=0.08 if case == "one decimal" else 1e-3)
        assert_allclose(section.area, part * np.pi * (section.radius**2 - inner**2), rtol=3e-4)
        rim = section.mesh.dofs.get_facet_dofs(section.mesh.boundaries["surface"]).all()
        assert_allclose(np.hypot(*section.mesh.doflocs[:, rim]), section.radius, rtol=1e-12)
    assert capfd.readouterr() == ("", "")


@pytest.mark.parametrize(("suffix", "form"), [(".msh", "gmsh22"), (".msh", "gmsh"), (".vtu", "vtu"), (".vtk", "vtk"),
                                              (".inp", "abaqus")])
def test_a_file_cut_short_anywhere_is_refused(tmp_path: Path, suffix: str, form: str) -> None:
    points, cells = spoiled("quarter")
    whole = tmp_path / f"whole{suffix}"
    meshio.write(whole, meshio.Mesh(points, cells), file_format=form)
    data, expected = whole.read_bytes(), read_section(whole).hash()
    path = tmp_path / f"cut{suffix}"
    refused = 0
    for share in np.linspace(0.0, 0.99, 40):
        path.write_bytes(data[: int(share * len(data))])
        try:
            # what is missing may be only the last line
            assert read_section(path).hash() == expected
        except MeshError as error:
            assert str(error).startswith(str(path)) and "\n" not in str(error)
            refused += 1
    assert refused >= 38
