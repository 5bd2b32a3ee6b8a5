"""One line for every mistake in a configuration: where, what was found, what is allowed."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from femanode.config.loading import load_config
from femanode.errors import ConfigError
from tests.casefile import refused

LINES = {
    "bare": ("129 nm", "129", r"F:4: geometry.diameter: found 129 without a unit; .*write '129 nm'"),
    "dimension": ("129 nm", "129 s", r"F:4: geometry.diameter: .*measures a time; allowed: a length"),
    "negative": ("129 nm", "-129 nm", r"F:4: geometry.diameter: found '-129 nm'; allowed: above 0 nm"),
    "nan": ("0.35", ".nan", r"F:11: front.conversion_start: found nan; allowed: a finite number"),
    "inf": ("1e-3", ".inf", r"F:16: time.stop.arrest: found inf; allowed: "),
    "nan quantity": ("129 nm", ".nan", r"F:4: geometry.diameter: found nan"),
    "bool": ("0.35", "true", r"F:11: front.conversion_start: found true; allowed: a number"),
    "bool count": ("frames: 40", "frames: true", r"F:20: output.frames: found true"),
    "float count": ("frames: 40", "frames: 4.5", r"F:20: output.frames: found 4.5"),
    "text number": ("0.35", "'0.35'", r"found '0.35'; allowed: a number"),
    "number switch": ("frames: 40", "pictures: 1", r"output.pictures: found 1; allowed: true or false"),
    "yes": ("frames: 40", "pictures: yes", r"output.pictures: found 'yes'; allowed: true or false"),
    "misspelt": ("diameter:", "diamter:", r"F:4: geometry.diamter: .*did you mean 'diameter'\?$"),
    "misspelt section": ("front:", "frnt:", r"F:9: frnt: found an unknown key .*did you mean 'front'\?"),
    "wrong section": ("conversion_start", "rates", r"F:11: .*'overrides.front.rates'"),
    "duplicate": ("frames: 40", "frames: 40\n  frames: 41", r"F:21: found the key 'frames' twice .*line 20"),
    "choice": ("circle", "circel", r"F:3: geometry.shape: found 'circel'; .*did you mean 'circle'\?"),
    "section": ("mesh:\n  element_size: 1 nm", "mesh: 3", r"F:17: mesh: found 3; allowed: a mapping"),
    "missing": ("  end: 1.5 h\n", "", r"F:14: time.end: found nothing, but it is required"),
    "start": ("0.35", "0.5", r"conversion_start: found 0.5; allowed: less than or equal to 0.49"),
    "end": ("1.5 h", "0 h", r"F:15: time.end: found '0 h'; allowed: above 0 s"),
    "arrest": ("1e-3", "1", r"time.stop.arrest: found 1; allowed: less than 1"),
    "converted": ("arrest: 1e-3", "converted: 0", r"time.stop.converted: found 0"),
    "per cent": ("arrest: 1e-3", "converted: 60", r"found 60; allowed: less than or equal to 1; 60 % is written 0.6$"),
    "too much": ("arrest: 1e-3", "converted: 600", r"converted: found 600; allowed: less than or equal to 1$"),
    "bare time": ("1.5 h", "10", r"F:15: time.end: found 10 without a unit; .*write '10 s', '10 min' or '10 h'$"),
    "zero axis": ("[1, 1, 0]", "[0, 0, 0]", r"F:6: crystal.axis: .*not all zero"),
    "short axis": ("[1, 1, 0]", "[1, 1]", r"F:6: crystal.axis: .*three whole numbers"),
    "float axis": ("[1, 1, 0]", "[1.0, 1, 0]", r"F:6: crystal.axis: .*three whole numbers"),
    "bool axis": ("[1, 1, 0]", "[true, 1, 0]", r"F:6: crystal.axis: .*three whole numbers"),
    "zero in plane": ("[1, -1, 0]", "[0, 0, 0]", r"F:7: crystal.in_plane: .*not all zero"),
    "oblique": ("[1, -1, 0]", "[1, 0, 0]", r"F:7: crystal.in_plane: .*is 1, not 0; .*such as \[1, -1, 0\]"),
    "no crystal": (
        "crystal:\n  axis: [1, 1, 0]\n  in_plane: [1, -1, 0]\n",
        "",
        r"crystal: found nothing, but the front rates depend on direction",
    ),
    "both": ("frames: 40", "frames: 40\n  every: 60 s", r"found both frames and every; allowed: exactly one"),
    "neither": ("frames: 40", "frames: null", r"found neither frames nor every"),
    "coarse": ("element_size: 1 nm", "element_size: 2 nm", r"F:18: mesh.element_size: found 2 nm; .*= 1 nm"),
    "thick": ("half_thickness: 1 nm", "half_thickness: 65 nm", r"F:10: .*below the radius or wall, 64.5 nm"),
    "force": (
        "mesh:",
        "mechanics: {axial_force: 1 nN}\nmesh:",
        r"F:17: mechanics.axial_force: .*generalized",
    ),
    "min step": (
        "1.5 h",
        "1.5 h\n  min_step: 2 h",
        r"time.min_step: found 7200 s; allowed: below end = 5400 s",
    ),
    "inner": ("129 nm", "129 nm\n  inner_diameter: 9 nm", r"F:5: geometry.inner_diameter: .*shape: annulus"),
    "annulus": ("shape: circle", "shape: annulus", r"geometry.inner_diameter: found no inner diameter"),
    "wide": (
        "shape: circle",
        "shape: annulus\n  inner_diameter: 129 nm",
        r"F:4: geometry.inner_diameter: found 129 nm; allowed: below diameter = 129 nm",
    ),
    "no path": ("shape: circle", "shape: file", r"geometry.path: found no path"),
    "no file": (
        "shape: circle",
        "shape: file\n  path: no.msh",
        r"F:4: geometry.path: found no file '.*no.msh'",
    ),
    "a folder": ("shape: circle", "shape: file\n  path: .", r"geometry.path: found the folder '.*'; allowed: a mesh"),
    "path": ("shape: circle", "shape: circle\n  path: no.msh", r"geometry.path: .*allowed: shape: file"),
    "unit of a circle": (
        "shape: circle",
        "shape: circle\n  unit: nm",
        r"F:4: geometry.unit: found a unit of coordinates with shape circle, .*; allowed: shape: file$",
    ),
    "unit": ("shape: circle", "shape: file\n  path: F\n  unit: km", r"F:5: geometry.unit: .*'km'; .*nm, um, mm, m"),
    "unit in capitals": ("shape: circle", "shape: file\n  path: F\n  unit: NM", r"unit: .*did you mean 'nm'\?"),
    "unit as number": ("shape: circle", "shape: file\n  path: F\n  unit: 1000", r"F:5: .*found 1000; allowed: nm"),
    "kelvin": ("300 K", "27 degC", r"F:21: temperature: .*write '300.15 K'"),
    "name": ("name: case", "name: ../case", r"F:1: name: found '../case'"),
    "material": ("Li-Si", "LiSi", r"F:8: material: found the unknown material .*did you mean 'Li-Si'"),
    "material file": ("Li-Si", "own.yaml", r"F:8: material: found no material file"),
    "material number": ("Li-Si", "3", r"F:8: material: found 3; allowed: a bundled name"),
    "no current": ("potential: 10 mV", "mode: galvanostatic", r"F:12: boundary.c_rate: found neither .*exactly one"),
    "two currents": (
        "potential: 10 mV",
        "mode: galvanostatic\n  c_rate: 1\n  current_density: 1 mA/cm^2",
        r"F:14: boundary.c_rate: found both .*exactly one",
    ),
    "no film": ("potential: 10 mV", "mode: film", r"F:12: boundary.film: .*without a film; allowed: film: {thickness"),
    "c_rate": ("potential: 10 mV", "c_rate: 0.5", r"F:13: boundary.c_rate: .*potentiostatic; allowed: mode: galvanos"),
    "cutoff": ("potential: 10 mV", "cutoff: 20 mV", r"F:13: boundary.cutoff: .*mode: potentiostatic; allowed: mode: g"),
    "current": (
        "potential: 10 mV",
        "current_density: 1 mA/cm^2",
        r"F:13: boundary.current_density: .*mode: potentiostatic",
    ),
    "no c_rate": ("potential: 10 mV", "c_rate: 0", r"F:13: boundary.c_rate: found 0; allowed: greater than 0"),
    "negative current": (
        "potential: 10 mV",
        "current_density: -1 mA/cm^2",
        r"F:13: boundary.current_density: found '-1 mA/cm\^2'; allowed: above 0 mA/cm\^2",
    ),
    "current unit": (
        "potential: 10 mV",
        "current_density: 1 mA",
        r"F:13: boundary.current_density: .*a current density with its unit, such as '0.1 mA/cm\^2'",
    ),
    "low cutoff": (
        "potential: 10 mV",
        "mode: galvanostatic\n  c_rate: 1\n  cutoff: 5 mV",
        r"F:15: boundary.cutoff: found 0.005 V; allowed: at least potential = 0.01 V",
    ),
    "film without diffusivity": (
        "potential: 10 mV",
        "film: {thickness: 10 nm}",
        r"boundary.film.diffusivity: found nothing, but it is required",
    ),
    "cycles": ("potential: 10 mV", "cycles: [rest]", r"F:13: boundary.cycles: found the list .*whole number"),
    "coating": (
        "129 nm",
        "129 nm\n  coating: {thickness: 1 nm}",
        r"F:5: geometry.coating.material: found nothing, but it is required; allowed: an inert material",
    ),
    "coating that takes carriers": (
        "129 nm",
        "129 nm\n  coating: {thickness: 1 nm, material: Li-Si}",
        r"F:5: geometry.coating.material: found 'Li-Si', which takes carriers; .*\(C, SEI, SiO2\)",
    ),
    "value of a coating": (
        "129 nm",
        "129 nm\n  coating: {thickness: 1 nm, material: {kind: inert, name: X, mechanics: {youngs_modulus: 0 GPa, "
        "poisson_ratio: 0.2, yield_stress: 1 GPa}}}",
        r"F:5: geometry.coating.material.mechanics.youngs_modulus: found '0 GPa'; allowed: above 0 GPa",
    ),
    "core as large as the wire": (
        "129 nm",
        "129 nm\n  core: {diameter: 129 nm, material: C}",
        r"F:5: geometry.core.diameter: found 129 nm; allowed: below diameter = 129 nm",
    ),
    "core of nothing": (
        "129 nm",
        "129 nm\n  core: {diameter: 60 nm, material: void}",
        r"F:5: geometry.core.material: found 'void'; .*a tube is shape: annulus with an inner_diameter",
    ),
    "core in a tube": (
        "shape: circle",
        "shape: annulus\n  inner_diameter: 60 nm\n  core: {diameter: 60 nm, material: C}",
        r"geometry.core: found core with shape annulus; allowed: shape: circle",
    ),
    "coating and contact": (
        "129 nm",
        "129 nm\n  coating: {thickness: 1 nm, material: SiO2}\n  contact: {from: 0 deg, to: 90 deg}",
        r"F:5: geometry.coating: found a coating with a contact; allowed: one of the two",
    ),
    "adaptive number": ("element_size: 1 nm", "adaptive: 1", r"mesh.adaptive: found 1"),
    "override": (
        "300 K",
        "300 K\noverrides:\n  mechanics.yeld_stress: 1 GPa",
        r"F:23: overrides.mechanics.yeld_stress: .*did you mean 'yield_stress'\?",
    ),
    "override value": (
        "300 K",
        "300 K\noverrides:\n  mechanics: {host: {poisson_ratio: 0.5}}",
        r"F:23: overrides.mechanics.host.poisson_ratio: found 0.5; allowed: less than 0.5",
    ),
    "override below": (
        "300 K",
        "300 K\noverrides: {host.volume.x: 1}",
        r"F:22: .*found a key below host.volume",
    ),
    "override mixed": (
        "300 K",
        "300 K\noverrides: {front.rates.isotropic: 1 nm/s}",
        r"F:22: overrides.front.rates.isotropic: found isotropic beside",
    ),
    "overrides": ("300 K", "300 K\noverrides: [1]", r"F:22: overrides: found the list"),
}


@pytest.mark.parametrize("name", LINES)
def test_mistake_in_one_line(case: Path, name: str) -> None:
    old, new, pattern = LINES[name]
    message = refused(case, old, new)
    assert re.search(pattern, message), message


def test_several_mistakes_are_counted(case: Path) -> None:
    message = refused(case, "129 nm\n", "129\nextra: 1\n")
    assert message.startswith("F:5: extra: found an unknown key")
    assert message.endswith("(and 1 more problem)")
    message = refused(case, "129 nm\n", "129\nextra: 1\nother: 2\n")
    assert message.endswith("(and 2 more problems)")


def test_a_list_with_one_wrong_entry_has_one_problem() -> None:
    with pytest.raises(ConfigError, match="without an end") as caught:
        load_config("configs/si_cccv_60nm.yaml", ["boundary.protocol=[Lithiate at C/5]"])
    assert "more problem" not in str(caught.value)
