"""Whole runs of wires against independent numbers: arrest, core pressure, symmetry, full conversion."""

from __future__ import annotations

import os
from pathlib import Path

import numpy as np
import pytest
from numpy.testing import assert_allclose

import femanode
from femanode.verify.cylinder import Wire, sharp

FULL_SIZE = pytest.mark.skipif(os.environ.get("FEMANODE_FULL") != "1", reason="minutes each: FEMANODE_FULL=1")
CONFIGS = Path(__file__).parents[2] / "configs"


def run(out: Path, name: str, *settings: str) -> femanode.Result:
    """A bundled case without pictures."""
    return femanode.run(femanode.load_config(CONFIGS / f"{name}.yaml", ["output.pictures=false", *settings]), out)


def at(result: femanode.Result, converted: float, column: str) -> float:
    """A column of the history at a converted fraction."""
    return float(np.interp(converted, result.history["converted_fraction"], result.history[column]))


def sized(delta: float) -> list[str]:
    """Front of half-thickness delta, nm, on elements of half of it."""
    return [f"front.half_thickness={delta} nm", f"mesh.element_size={0.5 * delta} nm"]


# Arrest by the independent axisymmetric program's sharp front; it knows no length, so that the diameter enters by
# delta/R only. Elements of delta/2 stop the front up to 0.03 earlier (femanode/accuracy.py). Without the factor Jc
# between Mandel and Kirchhoff stress the shell is 3.8 times too weak and nothing stops the front.
@pytest.mark.parametrize("diameter", [65.0, pytest.param(129.0, marks=FULL_SIZE)])
def test_isotropic_wire_arrests_where_an_axisymmetric_program_says(tmp_path, diameter):
    result = run(tmp_path / "run", "isotropic_129nm", f"geometry.diameter={diameter} nm")
    assert result.summary["self_limited"]
    assert result.summary["regime"] == "ICR"
    assert_allclose(result.summary["converted_fraction"], sharp(Wire(), n=200).stopped(), rtol=0, atol=0.03)
    assert result.history["content_error"].max() < 1e-8


# The one-dimensional program of femanode/verify/cylinder.py with a sharp front. Flow under the host's strength in
# half-converted skin, or tau = M instead of Jc M, changes these by factors.
def test_core_and_surface_agree_with_an_independent_cylinder(tmp_path):
    result = run(tmp_path / "run", "isotropic_129nm", *sized(4.0), "time.stop.converted=0.52")
    other = sharp(Wire(), n=200)
    # What thickness leaves, of order 2 delta/R; the surface is exact to its ripple.
    for column, name, scale, rtol in (("core_mean_stress_GPa", "core_mean", 1.0, 0.12),
                                      ("hoop_surface_max_GPa", "surface_hoop", 1.0, 0.04),
                                      ("diameter_x_nm", "outer", 129.0, 0.01)):
        assert_allclose(at(result, 0.5, column), scale * other.at(0.5, name), rtol=rtol)


# On an even mesh alike: a graded one that lost stress in merging, or fed the front noise, would stop it elsewhere.
def test_a_graded_mesh_stops_the_front_where_an_even_one_does(tmp_path):
    common = [*sized(2.0), "time.stop.arrest=0.02"]
    graded, even = (run(tmp_path / a, "isotropic_129nm", *common, f"mesh.adaptive={a}") for a in ("true", "false"))
    assert graded.manifest["mesh"]["meshes"] > 2
    assert_allclose(graded.summary["converted_fraction"], even.summary["converted_fraction"], rtol=0.01)
    for f in (0.3, 0.4, 0.5):
        assert_allclose(at(graded, f, "time_s"), at(even, f, "time_s"), rtol=0.01)
        assert_allclose(at(graded, f, "diameter_x_nm"), at(even, f, "diameter_x_nm"), rtol=0.01)


# Finite elasticity takes 8 % off the rigid-plastic closed form (4 % at a yield strain five times smaller).
def test_the_second_opinion_agrees_with_the_closed_form():
    rigid = -(2.0 / 3.0) * 1.22 / np.sqrt(3.0) * np.log(1.0 + 3.8 * 0.55 / 0.45)
    assert 0.88 < sharp(Wire(), n=200).at(0.55, "core_mean") / rigid < 0.95


@FULL_SIZE
def test_core_stress_extrapolates_to_the_sharp_front(tmp_path):
    expected = sharp(Wire()).at(0.5, "core_mean")
    runs = [run(tmp_path / f"{d}", "isotropic_129nm", *sized(d), "time.stop.converted=0.52") for d in (4.0, 2.0, 1.0)]
    core = [at(result, 0.5, "core_mean_stress_GPa") for result in runs]
    errors = np.abs(np.array(core) - expected)
    assert np.all(errors[1:] / errors[:-1] < 0.7)
    assert np.all(errors[1:] / errors[:-1] > 0.4)
    assert_allclose(2.0 * core[2] - core[1], expected, rtol=0.05)


# Full conversion in plane strain: area ratio 1 + beta = 3.8 whatever the axis. What lacks is the elastic compression
# of the part that converts last (0.5 % at <110>). Isotropic swelling of the section alone, Jc^(2/3), would give 2.44.
@pytest.mark.parametrize("axis", ["100", "110", "111", "112"])
def test_full_conversion_gives_the_volume_ratio(tmp_path, axis):
    result = run(tmp_path / "run", f"si_{axis}_129nm", *sized(6.0), "time.stop.converted=0.99999", "time.end=2 h",
                 "time.stop.arrest=null", "overrides.front.equilibrium_potential=1 V",
                 "overrides.transport.diffusivity=1 cm^2/s")
    assert result.summary["stop_reason"] == "converted fraction reached"
    assert_allclose(result.summary["area_ratio"], 3.8, rtol=0.006)


# The crystal turned by 26.6 degrees on a mesh that knows nothing of it, and the same section by quarter and in full:
# a rotation taken the wrong way round swells along other directions.
def test_turning_the_crystal_and_the_sector_change_nothing(tmp_path):
    common = [*sized(4.0), "time.stop.converted=0.3", "overrides.front.equilibrium_potential=0.2 V"]
    cases = {"quarter": [], "full": ["geometry.sector=full"], "turned": ["crystal.in_plane=[2,1,0]"]}
    results = {k: run(tmp_path / k, "si_100_129nm", *common, *v) for k, v in cases.items()}
    assert results["turned"].manifest["sector"] == "full"
    quarter = results["quarter"].summary
    for name in ("full", "turned"):
        other = results[name].summary
        assert_allclose(other["time_s"], quarter["time_s"], rtol=0.03)
        assert_allclose(other["anisotropy_ratio"], quarter["anisotropy_ratio"], rtol=0.03)
        for direction in ("[100]", "[110]"):
            # the neck along [100] of a turned section is cut by the mesh otherwise: 6 %
            assert_allclose(1 + other["swelling_by_direction"][direction],
                            1 + quarter["swelling_by_direction"][direction],
                            rtol=0.07 if (name, direction) == ("turned", "[100]") else 0.03)


# Isotropic rates on a mesh of the whole disc, to the front's rest. A perfectly plastic shell in tension necks wherever
# it is a little thinner: on a root mesh of no symmetry the ratio was 1.013 by then. This one has 24 equal parts and
# seeds no such neck: what is tested is that refining, flow and front keep its symmetry; a real wire need not be round.
def test_isotropic_rates_keep_a_full_section_round(tmp_path):
    result = run(tmp_path / "run", "isotropic_129nm", *sized(2.0), "geometry.sector=full", "time.stop.arrest=0.02")
    assert result.summary["self_limited"]
    assert result.manifest["sector"] == "full"
    # 1.0054 in quarter and full section and with either solver; 1.0001 with a front and elements half as large
    assert_allclose(result.summary["anisotropy_ratio"], 1.0, rtol=0, atol=0.006)
