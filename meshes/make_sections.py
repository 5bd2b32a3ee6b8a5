"""Make the section meshes that ship with femanode (needs gmsh, see README.md): python make_sections.py."""

from __future__ import annotations

import math
from pathlib import Path

import gmsh

HERE = Path(__file__).parent
RADIUS = 64.5  # nm, the 129-nm wire


def make(name: str, sector: str, element_size: float) -> None:
    """Mesh a quarter or full disc with unstructured triangles and write it as Gmsh 4.1 text."""
    gmsh.model.add(name)
    geo = gmsh.model.geo
    # unequal arcs on the full disc: four equal ones leave a faint four-fold pattern in the triangles
    angles = (0.0, 0.5 * math.pi) if sector == "quarter" else (0.3, 1.7, 3.4, 5.3)
    corners = [(RADIUS * math.cos(a), RADIUS * math.sin(a)) for a in angles]
    centre = geo.addPoint(0.0, 0.0, 0.0, element_size)
    rim = [geo.addPoint(x, y, 0.0, element_size) for x, y in corners]
    if sector == "quarter":
        arcs = [geo.addCircleArc(rim[0], centre, rim[1])]
        x0, y0 = geo.addLine(rim[1], centre), geo.addLine(centre, rim[0])
        loop = [*arcs, x0, y0]
    else:
        arcs = [geo.addCircleArc(rim[i], centre, rim[(i + 1) % 4]) for i in range(4)]
        loop = arcs
    disc = geo.addPlaneSurface([geo.addCurveLoop(loop)])
    geo.synchronize()
    gmsh.model.addPhysicalGroup(1, arcs, name="surface")
    if sector == "quarter":
        gmsh.model.addPhysicalGroup(1, [x0], name="x0")
        gmsh.model.addPhysicalGroup(1, [y0], name="y0")
    else:
        # a node at the centre, where core_mean_stress_GPa is read
        gmsh.model.mesh.embed(0, [centre], 2, disc)
    gmsh.model.addPhysicalGroup(2, [disc], name="section")
    gmsh.model.mesh.generate(2)
    gmsh.model.mesh.optimize("Relocate2D", niter=10)
    gmsh.write(str(HERE / name))


def main() -> None:
    """Make all of them."""
    gmsh.initialize()
    gmsh.option.setNumber("General.Terminal", 0)
    # plain Delaunay: frontal algorithms lay a lattice whose rows are directions of their own
    gmsh.option.setNumber("Mesh.Algorithm", 5)
    gmsh.option.setNumber("Mesh.RandomSeed", 1)
    gmsh.option.setNumber("Mesh.MshFileVersion", 4.1)
    try:
        make("quarter_129nm.msh", "quarter", 2.0)
        make("disc_129nm.msh", "full", 4.0)
    finally:
        gmsh.finalize()


if __name__ == "__main__":
    main()
