"""Strategies for random configurations: all that the keys allow together, coarse enough to run in seconds.

`mappings` draws a whole one; `write_meshes` makes the mesh files that it may name.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

import meshio
import numpy as np
from hypothesis import strategies as st

from femanode.config.library import list_inert, list_materials, load_material
from femanode.config.protocol import VERBS
from femanode.mesh.build import make_section
from femanode.solver.resolution import resolving_size

Mapping = dict[str, Any]


def _number(draw: st.DrawFn, low: float, high: float, unit: str = "") -> Any:
    """A number of three digits, logarithmic between bounds of one sign."""
    value = draw(st.integers(0, 200)) / 200.0
    number = low * (high / low) ** value if low > 0.0 else low + (high - low) * value
    return f"{number:.3g} {unit}" if unit else float(f"{number:.3g}")


def _maybe(draw: st.DrawFn, one_in: int) -> bool:
    return draw(st.integers(1, one_in)) == 1


def _layer(draw: st.DrawFn) -> Any:
    return draw(st.sampled_from(list_inert()))


@st.composite
def geometries(draw: st.DrawFn, meshes: Path) -> tuple[Mapping, float, bool]:
    """The section, its smallest thickness (nm), and whether its rates may depend on direction."""
    shape = draw(st.sampled_from(["circle", "circle", "annulus", "ellipse", "rectangle", "polygon", "file"]))
    d = draw(st.integers(28, 38))
    found: Mapping = {"shape": shape}
    thickness = 0.5 * d
    if shape in ("circle", "annulus", "polygon"):
        found["diameter"] = f"{d} nm"
    if shape == "annulus":
        inner = draw(st.integers(6, max(6, d - 24)))
        found |= {"inner_diameter": f"{inner} nm"}
        thickness = 0.5 * (d - inner)
        if _maybe(draw, 2):
            found["reacting"] = draw(st.sampled_from(["inner", "both"]))
            thickness *= 0.5 if found["reacting"] == "both" else 1.0
    if shape in ("ellipse", "rectangle"):
        e = draw(st.integers(26, 38))
        found |= {"diameters": [f"{d} nm", f"{e} nm"], "rotation": _number(draw, 0.0, 180.0, "deg")}
        thickness = 0.5 * min(d, e)
    if shape == "polygon":
        found |= {"corners": draw(st.integers(3, 8)), "rounding": f"{draw(st.integers(0, 8))} nm"}
        if _maybe(draw, 2):
            found["rotation"] = _number(draw, -90.0, 90.0, "deg")
    if shape == "file":
        path = draw(st.sampled_from(sorted(meshes.iterdir())))
        found["path"] = str(path)
        thickness = 14.0
    if shape == "circle" and _maybe(draw, 4):
        core = draw(st.integers(6, max(6, d - 24)))
        found["core"] = {"diameter": f"{core} nm", "material": _layer(draw)}
        thickness = 0.5 * (d - core)
    if shape != "file" and "reacting" not in found and _maybe(draw, 4):
        found["coating"] = {"thickness": _number(draw, 1.0, 6.0, "nm"), "material": _layer(draw)}
    bare = not {"core", "coating"} & set(found)
    if bare and found.get("reacting", "outer") == "outer" and _maybe(draw, 5):
        start = draw(st.integers(-180, 180))
        found["contact"] = {"from": f"{start} deg", "to": f"{start + draw(st.integers(30, 340))} deg"}
    elif shape in ("circle", "annulus") and bare and "reacting" not in found and _maybe(draw, 6):
        found["roughness"] = {"amplitude": _number(draw, 0.05, 0.6, "nm"), "seed": draw(st.integers(0, 99)),
                              "wavelength": _number(draw, 20.0, 1.5 * d, "nm")}
    if _maybe(draw, 4):
        found["sector"] = draw(st.sampled_from(["auto", "quarter", "half", "full", "full"]))
    return found, thickness, shape != "file"


@st.composite
def materials(draw: st.DrawFn) -> tuple[str, Mapping, bool]:
    """A bundled material, what is changed in it, and whether it has a measured curve."""
    # Those with carriers that have a charge: neutral ones are refused beside most of what is drawn here.
    name = draw(st.sampled_from([name for name in list_materials() if load_material(name).carrier.charge]))
    known = load_material(name)
    changes: Mapping = {}
    curve = _maybe(draw, 3)
    if curve and known.chemistry.open_circuit is not None:
        changes["chemistry.law"] = "open_circuit"
    elif curve:
        top = _number(draw, 0.3, 1.2)
        changes["chemistry"] = {"law": "open_circuit", "open_circuit": {
            "content": [0.0, 0.3, 0.7, 1.0], "value": [f"{top * s:.4g} V" for s in (1.0, 0.5, 0.3, 0.02)]}}
    if _maybe(draw, 2):
        changes["front.rates"] = {"isotropic": _number(draw, 0.005, 1.0, "nm/s")}
    elif known.host.structure == "cubic" and set(known.front.rates) == {"100", "110", "111"} and _maybe(draw, 2):
        changes["front.direction_law"] = "ledge"
    if _maybe(draw, 2):
        changes["transport.diffusivity"] = _number(draw, 1e-15, 1e-9, "cm^2/s")
    if _maybe(draw, 3):
        changes["transport.activation_volume"] = _number(draw, 0.0, 5.0, "Å^3")
    if _maybe(draw, 3):
        changes["front.activation_volume"] = _number(draw, 0.0, 5.0, "Å^3")
    if _maybe(draw, 3):
        changes["swelling.expansion"] = _number(draw, 0.0, 4.0)
    if known.host.structure == "orthorhombic" and _maybe(draw, 2):
        changes["swelling.directions"] = [0.2, 0.3, 0.5]
    if _maybe(draw, 3):
        changes["mechanics.reacted.yield_stress"] = draw(st.sampled_from(
            ["0.3 GPa", "1 GPa", "3 GPa", {"content": [0.0, 0.5, 1.0], "value": ["3 GPa", "1.5 GPa", "0.7 GPa"]}]))
    if _maybe(draw, 4):
        changes["mechanics.reacted.hardening_modulus"] = _number(draw, 0.01, 5.0, "GPa")
    if _maybe(draw, 4):
        changes["mechanics.reacted.rate_sensitivity"] = {"exponent": draw(st.sampled_from([0.02, 0.1])),
                                                         "reference_rate": "1e-3 1/s"}
    if _maybe(draw, 6):
        changes["content.x_locked"] = _number(draw, 0.01, 0.3)
    if _maybe(draw, 8):
        changes["front.amorphization"] = {"fraction": 0.4, "rate": "0.2 nm/s"}
    return name, changes, curve


@st.composite
def boundaries(draw: st.DrawFn, verb: str, coated: bool) -> Mapping:
    """What is applied: a potential, a current, or steps; with a film and a reaction at the surface, or without."""
    found: Mapping = {}
    mode = draw(st.sampled_from(["potentiostatic", "galvanostatic", "protocol", "protocol", "film"]))
    if mode == "protocol":
        found["protocol"] = draw(st.lists(_steps(verb), min_size=1, max_size=4))
        found["cycles"] = draw(st.integers(1, 3))
    elif mode == "galvanostatic":
        found |= {"mode": mode, draw(st.sampled_from(["c_rate", "current_density"])): 1.0}
        found["potential"] = "5 mV"
        if "c_rate" in found:
            found["c_rate"] = _number(draw, 0.2, 30.0)
        else:
            found["current_density"] = _number(draw, 0.01, 3.0, "mA/cm^2")
        if _maybe(draw, 2):
            found["cutoff"] = _number(draw, 0.006, 0.05, "V")
    else:
        found |= {"mode": mode, "potential": _number(draw, 0.001, 0.12, "V")}
    if mode == "film" or (not coated and _maybe(draw, 4)):
        found["film"] = {"thickness": _number(draw, 1.0, 20.0, "nm"),
                         "diffusivity": _number(draw, 1e-14, 1e-9, "cm^2/s")}
        if _maybe(draw, 2):
            found["film"]["rate"] = _number(draw, 1e-3, 0.5, "nm/s^0.5")
        if _maybe(draw, 2):
            found["film"]["breaks"] = True
    if _maybe(draw, 4):
        found["reaction"] = {"exchange_current": _number(draw, 1e-3, 1.0, "mA/cm^2")}
    return found


@st.composite
def _steps(draw: st.DrawFn, verb: str) -> str:
    rate = f"{_number(draw, 0.3, 30.0)}C"
    spell = f"{draw(st.integers(10, 3000))} s"
    charge = f"{draw(st.integers(0, 100))} %"
    low, high = _number(draw, 0.005, 0.2, "V"), _number(draw, 0.3, 2.0, "V")
    return draw(st.sampled_from([
        f"{verb} at {rate} until {low}", f"{verb} at {rate} until {low} or for {spell}",
        f"{verb} at {rate} until {charge}",
        f"{verb} at 0.3 mA/cm^2 for {spell}", f"{verb} at {rate} until arrest or {low}",
        f"Hold at {low} until {_number(draw, 0.05, 2.0)}C", f"Hold at {low} for {spell}", f"Hold at {high} for {spell}",
        f"Rest for {spell}", f"De{verb.lower()} at {rate} until {high}", f"De{verb.lower()} at {rate} until {charge}",
        f"De{verb.lower()} at {rate} until {high} or for {spell}"]))


@st.composite
def loads(draw: st.DrawFn) -> Mapping:
    """Constraint along the wire, pressure, force, bending."""
    axial = draw(st.sampled_from(["plane_strain", "generalized", "bending"]))
    found: Mapping = {"axial": axial}
    if _maybe(draw, 3):
        found["pressure"] = _number(draw, 0.001, 0.5, "GPa")
    if axial == "generalized":
        match draw(st.sampled_from(["", "", "force", "curvature", "radius"])):
            case "force":
                found["axial_force"] = _number(draw, -300.0, 300.0, "nN")
            case "curvature":
                found["curvature"] = {"x": _number(draw, -0.004, 0.004, "1/nm")}
                if _maybe(draw, 2):
                    found["curvature"]["y"] = _number(draw, -0.004, 0.004, "1/nm")
            case "radius":
                found["bending_radius"] = _number(draw, 150.0, 5000.0, "nm")
                if _maybe(draw, 2):
                    found["direction"] = _number(draw, 0.0, 360.0, "deg")
    return found


@st.composite
def mappings(draw: st.DrawFn, meshes: Path, *, fine: bool = False) -> Mapping:
    """A configuration as plain data; most are valid, and some are refused as two of their keys exclude each other.

    ``fine`` ones have a front of a fifth of the section and less, on elements and in steps that resolve it.
    """
    geometry, thickness, _ = draw(geometries(meshes))
    material, changes, curve = draw(materials())
    verb = VERBS[load_material(material).carrier.symbol]
    delta = min(float(draw(st.integers(4, 5))), max(4.0, 0.4 * thickness))
    share, least = draw(st.sampled_from([0.7, 1.0])), 3.5
    if fine:
        delta, share, least = min(0.5 * delta, max(1.2, 0.2 * thickness)), 0.4, 0.0
    advance = _number(draw, 0.1, 0.25) if fine else _number(draw, 0.25, 1.0)
    found: Mapping = {"name": "random", "geometry": geometry, "material": material, "overrides": changes,
                      "crystal": {"axis": draw(st.sampled_from([[0, 0, 1], [1, 1, 0], [1, 1, 1], [1, 1, 2]]))},
                      "front": {"half_thickness": f"{delta:g} nm"},
                      "boundary": draw(boundaries(verb, "coating" in geometry)),
                      "mechanics": draw(loads()),
                      "time": {"end": _number(draw, 20.0, 2e4, "s"), "max_front_advance": advance},
                      "mesh": {"element_size": f"{max(least, delta * share):.3g} nm",
                               "adaptive": draw(st.booleans())},
                      "output": {"frames": draw(st.integers(1, 4)), "pictures": False},
                      "solver": {"linear": draw(st.sampled_from(["scipy", "rslab"]))}}
    if _maybe(draw, 5):
        found["initial"] = {"reacted": True}
        if curve and _maybe(draw, 2):
            found["initial"]["content"] = _number(draw, 0.05, 1.0)
    if _maybe(draw, 4):
        found["front"]["conversion_start"] = start = _number(draw, 0.0, 0.4 if fine else 0.49)
        if fine:
            found["mesh"]["element_size"] = f"{min(0.4 * delta, 0.8 * resolving_size(delta, start)):.3g} nm"
    if _maybe(draw, 4):
        found["temperature"] = _number(draw, 250.0, 350.0, "K")
    if _maybe(draw, 4):
        found["time"]["stop"] = draw(st.sampled_from([{"arrest": None}, {"converted": 0.3}, {"torn": True},
                                                      {"arrest": 0.1}]))
    if _maybe(draw, 6):
        found["time"]["max_plastic_increment"] = _number(draw, 0.05, 0.5)
    if _maybe(draw, 6):
        found["output"] = {"every": _number(draw, 10.0, 1e4, "s"), "pictures": False,
                           "linear_cells": draw(st.booleans())}
    return found


def write_meshes(folder: Path) -> Path:
    """Mesh files of sections that are no circles, whole and in part, for `mappings`."""
    folder.mkdir(parents=True, exist_ok=True)

    def save(name: str, sector: str, radius: float, inner: float, shape: Any) -> None:
        mesh = make_section("annulus" if inner else "circle", radius, inner, 4.0, sector).mesh
        points = mesh.doflocs[:, : mesh.nvertices]
        angle, r = np.arctan2(points[1], points[0]), np.sqrt((points**2).sum(axis=0))
        moved = shape(angle) * r * np.array([np.cos(angle), np.sin(angle)])
        moved[np.abs(moved) < 1e-9] = 0.0
        meshio.write(folder / name, meshio.Mesh(np.column_stack([*moved, np.zeros(moved.shape[1])]),
                                                [("triangle", mesh.t.T)]), file_format="vtu")

    save("pear.vtu", "full", 20.0, 0.0, lambda a: 1.0 + 0.15 * np.cos(a) + 0.05 * np.cos(3.0 * a))
    save("lens.vtu", "quarter", 22.0, 0.0, lambda a: 1.0 + 0.2 * np.cos(2.0 * a))
    save("egg.vtu", "half", 20.0, 0.0, lambda a: 1.0 + 0.12 * np.cos(a))
    save("tube.vtu", "quarter", 26.0, 9.0, lambda a: 1.0 + 0.1 * np.cos(2.0 * a))
    save("disc.vtu", "quarter", 20.0, 0.0, np.ones_like)
    return folder
