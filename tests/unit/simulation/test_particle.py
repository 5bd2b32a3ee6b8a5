"""A small silicon particle as ``femanode run`` computes it: table, summary, manifest; resumed to the same bits."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from numpy.testing import assert_array_equal

import femanode
from femanode.cli.brief import describe_plan
from femanode.config.loading import Config
from femanode.output.runfolder import RunFolder
from femanode.pictures.directions import directions_of
from femanode.simulation import journal
from femanode.solver.problem import build_problem
from femanode.units import E_CHARGE
from tests.fronts import coarse_case


def case() -> Config:
    """A 40-nm particle to a third of its volume: a second."""
    return Config.from_mapping(coarse_case(
        geometry={"shape": "circle", "diameter": "40 nm", "symmetry": "axisymmetric"},
        front={"half_thickness": "3 nm"}, mesh={"element_size": "2 nm"},
        time={"end": "1 h", "stop": {"converted": 0.35}},
        output={"frames": 3, "pictures": False, "checkpoint": "1 ms"}, solver={"linear": "scipy"}))


@pytest.fixture(scope="module")
def whole(tmp_path_factory: pytest.TempPathFactory) -> femanode.Result:
    return femanode.run(case(), tmp_path_factory.mktemp("particle") / "whole")


def test_the_volume_grows_by_what_has_reacted_and_depth_is_by_volume(whole: femanode.Result) -> None:
    s = whole.summary
    f = s["converted_fraction"]
    assert s["penetration_depth_nm"] == pytest.approx(20.0 * (1.0 - (1.0 - f) ** (1 / 3)), rel=1e-9)
    # 2.8 per converted volume at content 1, less some tenths of a per cent of elastic compression
    assert s["area_ratio"] == pytest.approx(1.0 + 2.8 * s["state_of_charge"], rel=0.02)
    diameter = whole.history["diameter_x_nm"].iloc[-1]
    assert diameter == pytest.approx(40.0 * s["area_ratio"] ** (1 / 3), rel=0.01)
    assert s["swelling_by_direction"] == {}
    assert float(whole.history["content_error"].max()) < 1e-9


def test_energies_are_those_of_the_body_per_length_along_its_axis(whole: femanode.Result) -> None:
    """Each carrier gives |dG0|: volume times content times x_max/V_host of them, over the diameter."""
    config = whole.config
    material = config.material
    drive = E_CHARGE * (material.front.equilibrium_potential - config.boundary.potential)
    carriers = (4.0 / 3.0 * np.pi * 20.0**3 * whole.summary["state_of_charge"] * material.content.x_max
                / material.host.volume)
    # chords leave out a per cent of the volume; content is summed at nodes there and at points here
    assert whole.history["chemical_energy_nJ_m"].iloc[-1] == pytest.approx(carriers * drive / 40.0, rel=0.03)


def test_what_is_shown_says_r_and_z_and_no_crystal(whole: femanode.Result) -> None:
    folder = RunFolder(whole.path)
    assert folder.axisymmetric
    assert folder.axes == ("r", "z")
    assert "crystal" not in folder.manifest
    assert directions_of(folder.manifest) == ("r", "z")
    fields = folder.frames[-1].mesh.fields
    assert "ring_stress_GPa" in fields
    assert "axial_stress_GPa" not in fields
    # on the equator's surface both hoops of a sphere are the same
    points = folder.frames[-1].mesh.points
    on = np.argmax(points[:, 0])
    assert fields["hoop_stress_GPa"][on] == pytest.approx(fields["ring_stress_GPa"][on], rel=0.1)
    plan = describe_plan(build_problem(case()))
    assert "particle (sphere) of 40 nm; axisymmetric, x = r the radius, y = z the axis" in plan
    assert "[100]" not in plan


def test_a_resumed_run_gives_the_same_bits(whole: femanode.Result, tmp_path: Path,
                                           monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(journal, "SHARE", 1e9)

    class Stop(Exception):
        pass

    count = [0]

    def report(_: object) -> None:
        count[0] += 1
        if count[0] == 6:
            raise Stop

    with pytest.raises(Stop):
        femanode.run(case(), tmp_path / "run", report=report)
    resumed = femanode.run(case(), tmp_path / "run", resume=True)
    assert len(resumed.history) == len(whole.history)
    for name in whole.history:
        assert_array_equal(resumed.history[name], whole.history[name], err_msg=name)
