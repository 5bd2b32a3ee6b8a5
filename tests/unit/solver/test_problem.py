"""From configuration to solvers: what is chosen for the user, what is said, and what is refused."""

from __future__ import annotations

from pathlib import Path

import meshio
import numpy as np
import pytest
from numpy.testing import assert_allclose

from femanode.config.loading import Config, load_config
from femanode.errors import ConfigError, MeshError
from femanode.mesh.build import make_section
from femanode.solver.laws import crystal_of, mixture_of
from femanode.solver.problem import build_problem, mesh_section
from femanode.solver.resolution import resolution
from tests.fronts import coarse_case

MESHES = Path(__file__).parents[3] / "meshes"


def config(**sections: object) -> Config:
    return Config.from_mapping(coarse_case(**sections))


def pair(mesh: dict[str, object], front: dict[str, object], diameter: str = "129 nm") -> tuple[float | None, ...]:
    return resolution(config(mesh=mesh, front=front, geometry={"shape": "circle", "diameter": diameter}))


def test_resolution_by_default() -> None:
    # 64 elements along the radius of 64.5 nm, or two in the material's 0.5 nm where that is coarser
    assert_allclose(pair({}, {}), [64.5 / 64, 64.5 / 32], rtol=1e-12, atol=0)
    assert_allclose(pair({}, {}, "30 nm"), [0.25, 0.5], rtol=0, atol=0)


def test_resolution_follows_what_is_given() -> None:
    assert pair({}, {"half_thickness": "3 nm"}) == (1.5, 3.0)
    assert pair({"element_size": "2 nm"}, {}) == (2.0, 4.0)
    assert pair({"element_size": "0.25 nm"}, {}, "30 nm") == (0.25, 0.5)  # the material's, which this mesh resolves
    assert pair({"element_size": "2 nm"}, {"half_thickness": "3 nm"}) == (2.0, 3.0)


def test_a_mesh_file_gives_its_own_resolution() -> None:
    case = config(geometry={"shape": "file", "path": str(MESHES / "quarter_129nm.msh")}, mesh={}, front={})
    problem = build_problem(case)
    assert problem.section.radius == 64.5
    assert_allclose(problem.half_thickness, max(0.5, 2.0 * problem.section.actual_size), rtol=1e-12, atol=0)
    assert any("from the mesh file" in note for note in problem.notes)


def coarse_file(folder: Path, elements: float, sector: str = "quarter", **sections: object) -> Config:
    """A 20-nm wire from a mesh file in um with so many elements along the radius."""
    mesh = make_section("circle", 0.01, 0.0, 0.01 / elements, sector).mesh
    points = np.pad(mesh.doflocs[:, : mesh.nvertices].T, ((0, 0), (0, 1)))
    meshio.Mesh(points, [("triangle", mesh.t.T.astype(np.int64))]).write(folder / "wire.vtu")
    geometry = {"shape": "file", "path": str(folder / "wire.vtu"), "unit": "um"}
    return config(**{"geometry": geometry, "mesh": {}, "front": {}, **sections})


def test_a_file_in_um_is_the_same_problem(tmp_path: Path) -> None:
    problem = build_problem(coarse_file(tmp_path, 20))
    assert_allclose(problem.section.radius, 10.0, rtol=1e-12)
    # 0.5-nm elements and the material's 0.5 nm: twice their mean edge
    assert_allclose(problem.half_thickness, 1.0, rtol=0.1)


@pytest.mark.parametrize(("elements", "sections", "message"), [
    # the same limits as of a generated wire: half-thickness and elements below the radius of 10 nm
    (20, {"front": {"half_thickness": "10 nm"}}, "front.half_thickness: .*10 nm; .*20 nm wide with geometry.unit: um"),
    (20, {"mesh": {"element_size": "12 nm"}}, "mesh.element_size: found 12 nm; allowed: below .* wall, 10 nm"),
    (20, {"overrides": {"front.rates": {"isotropic": "1 nm/s"}, "front.half_thickness": "12 nm"}},
     "front.half_thickness: found 12 nm; allowed: below .*it follows from the material and from elements"),
    (20, {"front": {"half_thickness": "0.3 nm"}}, "front.half_thickness: half-thickness 0.3 nm on elements of 0.49"),
])
def test_fronts_too_thick_for_the_wire_in_a_file_are_refused(
    tmp_path: Path, elements: float, sections: dict[str, object], message: str
) -> None:
    with pytest.raises(ConfigError, match=f"^{message}"):
        build_problem(coarse_file(tmp_path, elements, **sections))


def test_a_front_that_the_mesh_of_a_file_does_not_resolve_is_told(tmp_path: Path) -> None:
    notes = build_problem(coarse_file(tmp_path, 20, front={"half_thickness": "0.5 nm"})).notes
    assert [n for n in notes if "do not resolve a front of half-thickness 0.5 nm: take 0.25 nm" in n]
    notes = build_problem(coarse_file(tmp_path, 20, front={"half_thickness": "1 nm"})).notes
    assert not [n for n in notes if "do not resolve" in n]


def test_a_layer_that_swells_thinner_than_its_elements_is_told() -> None:
    def said(start: float, size: str) -> list[str]:
        changes = [f"front.conversion_start={start}", "front.half_thickness=2 nm", f"mesh.element_size={size}"]
        notes = build_problem(load_config("configs/isotropic_129nm.yaml", changes)).notes
        return [note for note in notes if "do not resolve" in note]

    # 4 delta artanh(1 - 2 xi_lo) of the profile: 2.48 nm with 0.35, 1.62 with 0.4, 0.32 with 0.48
    assert not said(0.0, "0.8 nm")
    assert not said(0.35, "0.8 nm")
    assert not said(0.4, "0.65 nm")
    assert "take 0.65 nm, or front.conversion_start: 0.35 with 1 nm" in said(0.4, "0.8 nm")[0]
    assert "from xi_lo = 0.48 on: take 0.13 nm" in said(0.48, "0.8 nm")[0]
    assert "nm: take 1 nm, or figures" in said(0.35, "1.4 nm")[0]


def test_the_sector_asked_for_must_be_that_of_the_file(tmp_path: Path) -> None:
    case = coarse_file(tmp_path, 4, "half")
    wrong = case.model_copy(update={"geometry": case.geometry.model_copy(update={"sector": "full"})})
    with pytest.raises(ConfigError, match=r"sector: sector 'full', but the mesh file is a half section; .*auto, half"):
        build_problem(wrong)


def test_what_is_left_out_of_a_file_is_told(tmp_path: Path) -> None:
    case = coarse_file(tmp_path, 20)
    raw = meshio.read(tmp_path / "wire.vtu")
    raw.points = np.vstack([raw.points, [[0.002, 0.003, 0.0]]])
    meshio.Mesh(raw.points, raw.cells).write(tmp_path / "wire.vtu")
    assert "mesh file: 1 node in no triangle left out, such as centres of arcs" in build_problem(case).notes


def test_a_front_wider_than_the_material_s_is_said_with_its_consequence() -> None:
    notes = build_problem(config()).notes
    (note,) = [n for n in notes if "wider than" in n]
    assert [n for n in notes if "take 4 nm" in n]  # two elements in a half-thickness
    assert "8 nm" in note
    assert "0.5 nm" in note
    assert "numerical" in note


def test_a_front_as_thin_as_the_material_s_is_not() -> None:
    case = config(geometry={"shape": "circle", "diameter": "20 nm"}, mesh={"element_size": "0.25 nm"}, front={})
    assert not [n for n in build_problem(case).notes if "half-thickness" in n]


def test_sector_and_in_plane_direction_are_said_when_chosen() -> None:
    notes = build_problem(config(crystal={"axis": [1, 1, 0]}, overrides={})).notes
    assert any(n.startswith("sector: quarter") for n in notes)
    assert any("in-plane" in n and "(chosen)" in n for n in notes)


@pytest.mark.parametrize(("boundary", "found"), [
    ({"potential": "0.5 V"}, r"boundary.potential: found 0.5 V, at which nothing reacts; allowed: below 0.16 V"),
    ({"potential": "0.16 V"}, r"boundary.potential: found 0.16 V.*; initial.reacted: true is a section without"),
    ({"mode": "galvanostatic", "c_rate": 1, "cutoff": "0.2 V"}, r"boundary.cutoff: found 0.2 V")])
def test_a_potential_at_which_no_front_moves_is_refused(boundary: dict[str, object], found: str) -> None:
    with pytest.raises(ConfigError, match=found):
        build_problem(config(boundary=boundary))


def test_of_an_impossible_equilibrium_potential_the_potential_is_not_blamed() -> None:
    with pytest.raises(ConfigError, match=r"below -10000 V, the .*; no electrode is below that: look at front\.equil"):
        build_problem(config(overrides={"front.equilibrium_potential": "-10 kV"}))


def test_a_protocol_that_never_goes_below_the_front_s_equilibrium_is_told() -> None:
    def notes(*steps: str) -> list[str]:
        case = config(boundary={"protocol": list(steps), "potential": "10 mV"})
        return [note for note in build_problem(case).notes if "nothing will react" in note]

    assert notes("Lithiate at C/5 until 0.2 V", "Hold at 0.17 V for 1 h")
    assert not notes("Lithiate at C/5 until 0.2 V", "Hold at 0.15 V for 1 h")
    assert not notes("Lithiate at C/5 until 80 %")


def test_a_front_thinner_than_the_elements_is_refused() -> None:
    with pytest.raises(ConfigError, match=r"mesh.element_size.*half_thickness"):
        config(mesh={"element_size": "4 nm"}, front={"half_thickness": "2 nm"})
    case = config(geometry={"shape": "file", "path": str(MESHES / "quarter_129nm.msh")}, mesh={},
                  front={"half_thickness": "0.05 nm"})
    with pytest.raises(ConfigError, match=r"front.half_thickness: half-thickness 0.05 nm on elements of"):
        build_problem(case)


def test_a_sector_smaller_than_the_crystal_allows_is_refused() -> None:
    case = config(geometry={"shape": "circle", "diameter": "129 nm", "sector": "quarter"}, overrides={},
                  crystal={"axis": [1, 2, 3], "in_plane": [1, 1, -1]})
    with pytest.raises(ConfigError, match="sector"):
        mesh_section(case)


@pytest.mark.parametrize(("threshold", "directional"), [("200 nm", False), ("100 nm", True)])
def test_a_wire_below_the_threshold_diameter_is_amorphous_at_its_front(threshold: str, directional: bool) -> None:
    overrides = {"front.amorphization.rate": "0.07 nm/s", "front.amorphization.threshold_diameter": threshold}
    _, rates = crystal_of(config(overrides=overrides, crystal={"axis": [0, 0, 1], "in_plane": [1, 0, 0]}))
    angle = np.array([0.0, 0.25 * np.pi])
    speeds = rates.rate(np.cos(angle), np.sin(angle))
    # {100} and {110} of Li-Si: 0.02 and 0.12 nm/s
    assert_allclose(speeds, [0.02, 0.12] if directional else [0.07, 0.07], rtol=1e-9, atol=0)


def test_the_ledge_law_is_the_material_s_with_its_angle_in_degrees() -> None:
    crystal = {"axis": [1, 1, 0], "in_plane": [0, 0, 1]}
    overrides = {"front.direction_law": "ledge", "front.ledge.rounding": "4 deg", "front.ledge.speed_100": "0.3 nm/s"}
    angle = np.radians([0.0, 2.0, 4.5, 54.7356103, 90.0])
    _, rates = crystal_of(config(overrides=overrides, crystal=crystal))
    # From [001] to [110]: {100}; half of the rounding, where r = s^2 (2 q - s)/q^2; ledges of 0.3 nm/s; {111}; {110}
    half, whole = np.sin(angle[1]), np.sin(np.radians(4.0))
    bent = 0.02 * np.cos(angle[1]) + 0.3 * half**2 * (2 * whole - half) / whole**2
    assert_allclose(rates.rate(np.cos(angle), np.sin(angle)),
                    [0.02, bent, 0.02 * np.cos(angle[2]) + 0.3 * np.sin(angle[2]), 0.01, 0.12], rtol=1e-9, atol=0)
    _, smooth = crystal_of(config(overrides={}, crystal=crystal))
    assert float(smooth.rate(np.cos(angle[2]), np.sin(angle[2]))) < 0.021


def test_kinetics_from_the_material() -> None:
    # dG0 = -(0.16 - 0.01) V e; volume per carrier 2.8 * 20.02 A^3/3.75 = 14.95 A^3 (model.md 4: 14.9)
    kinetics = build_problem(config()).physics.front.kinetics
    assert_allclose(kinetics.dG0, -0.15 * 0.1602176634, rtol=1e-12, atol=0)
    assert_allclose(kinetics.dV, 0.0149483, rtol=1e-5, atol=0)
    assert_allclose(kinetics.kT, 0.004141947, rtol=1e-9, atol=0)


def test_moduli_are_linear_in_content() -> None:
    # E (160 + 40)/2 = 100, nu 0.23: K = 100/(3 * 0.54), G = 100/2.46
    law = mixture_of(config().material).moduli(np.full((1, 1), 0.7), np.full((1, 1), 0.5))
    assert_allclose([law.K[0, 0], law.G[0, 0]], [61.728395, 40.650407], rtol=1e-7, atol=0)


def test_what_is_partly_converted_bears_its_product_s_share() -> None:
    # volume of the product, h (1 + beta), in that of the mixture, 1 + beta h; in proportion: 6.88 GPa at 0.02
    h = np.array([[0.0, 0.0099, 0.02, 0.5, 1.0]])
    law = mixture_of(config().material).moduli(h, h)
    assert_allclose(law.sigma_Y[0], [7.0, 7.0, 0.02 * 3.8 / 1.056, 0.5 * 3.8 / 2.4, 1.0], rtol=1e-12, atol=0)


def test_rate_dependence_begins_behind_the_front() -> None:
    rate = {"mechanics.reacted.rate_sensitivity": {"exponent": 0.25, "reference_rate": "1e-3 1/s"}}
    h = np.array([[0.0, 0.5, 0.98, 1.0]])
    law = mixture_of(config(overrides={**rate, "front.rates": {"isotropic": "0.05 nm/s"}}).material).moduli(h, h)
    assert_allclose(law.reference_rate[0], [np.inf, np.inf, np.inf, 1e-3], rtol=0, atol=0)


def test_flow_stress_and_rate_dependence_by_phase() -> None:
    overrides = {"mechanics.reacted.yield_stress": {"content": [0.0, 1.0], "value": ["1.0 GPa", "2.0 GPa"]},
                 "mechanics.reacted.rate_sensitivity": {"exponent": 0.25, "reference_rate": "1e-3 1/s"}}
    law = mixture_of(config(overrides={**overrides, "front.rates": {"isotropic": "0.05 nm/s"}}).material).moduli(
        np.array([[0.0, 1.0]]), np.array([[0.0, 0.4]]))
    assert_allclose(law.sigma_Y[0], [7.0, 1.4], rtol=1e-12, atol=0)
    assert_allclose(law.rate_exponent[0], [1.0, 0.25], rtol=0, atol=0)
    assert law.reference_rate[0, 0] == np.inf
    assert law.reference_rate[0, 1] == 1e-3


def test_limits_come_from_the_time_section() -> None:
    limits = build_problem(config(time={"end": "2 h", "max_front_advance": 0.25, "max_plastic_increment": 0.3,
                                        "stop": {"arrest": None, "converted": 0.5}})).limits
    assert (limits.end, limits.front_advance, limits.plastic, limits.arrest, limits.converted) == (
        7200.0, 0.25, 0.3, None, 0.5)
    assert_allclose(limits.min_step, 7.2e-6, rtol=1e-12, atol=0)


def test_output_times_are_multiples_before_the_end() -> None:
    problem = build_problem(config(output={"every": "2 min"}))
    assert problem.output_times() == [120.0, 240.0, 360.0]
    assert build_problem(config()).output_times() == []


def test_nothing_has_converted_at_the_start() -> None:
    problem = build_problem(config())
    assert problem.physics.converted_fraction(problem.initial_state().xi) == 0.0


def test_a_wire_too_wide_for_its_elements_is_refused_before_it_is_meshed() -> None:
    # 60 um where 60 nm was meant: pi/4 (3e4 nm)^2 over sqrt(3)/4 (2 nm)^2 are 400 million triangles
    with pytest.raises(MeshError, match=r"element size 2 nm.*20.2 nm \(4000000 elements\).*60000 nm wide"):
        build_problem(config(geometry={"shape": "circle", "diameter": "60 um"}, mesh={"element_size": "2 nm"},
                             front={"half_thickness": "2 nm"}))
