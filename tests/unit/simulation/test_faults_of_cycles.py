"""Faults within what charge and discharge, films, transfer through the surface, loads and layers have added."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import femanode
from femanode.config.loading import Config
from femanode.constitutive.butlervolmer import ButlerVolmer
from femanode.constitutive.opencircuit import OpenCircuit
from femanode.errors import ConvergenceError
from femanode.numerics.mixing import Anderson
from femanode.solver import candidate, elements, loads, mechanics, stepends, transport
from femanode.solver.physics import Physics
from femanode.solver.surfacefilm import SurfaceFilm
from tests.faults import Faults, poisoned, spoilt
from tests.unit.simulation.test_resume import same_run

# Two minutes of whole runs, beside the quick suite; and what NaN makes numpy say on its way is no fault.
pytestmark = [pytest.mark.verification, pytest.mark.filterwarnings("ignore::RuntimeWarning")]

BASE: dict[str, Any] = {
    "name": "faults", "geometry": {"shape": "circle", "diameter": "20 nm"}, "material": "Li-a-Si",
    "front": {"half_thickness": "2.5 nm"}, "mesh": {"element_size": "2.5 nm", "adaptive": False},
    "output": {"frames": 2, "pictures": False, "checkpoint": None}, "solver": {"linear": "scipy"}}
#: Runs of some twenty steps: a protocol behind a film that grows and breaks; one with a hold, through a surface that
#: resists; a bent, pressed wire on a core and in a shell.
RUNS: dict[str, dict[str, Any]] = {
    "filmed": {"overrides": {"chemistry.law": "open_circuit", "transport.diffusivity": "1e-13 cm^2/s"},
               "initial": {"reacted": True, "content": 0.3}, "mechanics": {"axial": "generalized"},
               "boundary": {"protocol": ["Lithiate at 10C for 40 s", "Rest for 5 s", "Delithiate at 10C for 20 s"],
                            "film": {"thickness": "5 nm", "diffusivity": "1e-12 cm^2/s", "rate": "0.1 nm/s^0.5",
                                     "breaks": True}},
               "time": {"end": "100 s"}},
    "held": {"overrides": {"chemistry.law": "open_circuit", "transport.diffusivity": "1e-13 cm^2/s"},
             "initial": {"reacted": True, "content": 0.3}, "mechanics": {"axial": "generalized"},
             "boundary": {"protocol": ["Hold at 0.25 V for 30 s"], "reaction": {"exchange_current": "0.05 mA/cm^2"}},
             "time": {"end": "100 s"}},
    "layered": {"geometry": {"shape": "circle", "diameter": "24 nm", "core": {"diameter": "8 nm", "material": "C"},
                             "coating": {"thickness": "2 nm", "material": "SiO2"}},
                "overrides": {"front.rates": {"isotropic": "0.05 nm/s"}},
                "mechanics": {"axial": "bending", "pressure": "10 MPa"},
                "time": {"end": "100 s", "max_front_advance": 0.04}}}
ELEMENTS = elements.CompiledElements if elements.compiled.available() else elements.Elements


def no_number(real: Callable[..., Any], *args: Any, **kwargs: Any) -> float:
    return float("nan")


def last_spoilt(real: Callable[..., Any], *args: Any) -> Any:
    """NaN in the last of several answers."""
    *others, last = real(*args)
    return (*others, poisoned(last))


#: Run, where, what, and the name by which the run ends if the fault stays.
SITES: dict[str, tuple[str, Any, str, Callable[..., Any], str]] = {
    "mixing of stress and carriers": ("filmed", Anderson, "next", spoilt, "not finite"),
    "content over level": ("filmed", OpenCircuit, "content", spoilt, "not finite"),
    "slope of the curve": ("filmed", OpenCircuit, "tangent", last_spoilt, "the carrier balance"),
    "secant of the curve": ("filmed", OpenCircuit, "secant", spoilt, "the carrier balance"),
    "free energy": ("filmed", OpenCircuit, "free_energy", spoilt, "electrical work (free) is not finite"),
    "share of stress": ("filmed", Physics, "shift", spoilt, "not finite"),
    "film": ("filmed", SurfaceFilm, "after", spoilt, "film is not finite"),
    "stretch of the surface": ("filmed", candidate, "surface_stretch", spoilt, "film is not finite"),
    "conductance of the film": ("filmed", transport.Transport, "film_conductance", spoilt, "the carrier balance"),
    "ledger": ("filmed", candidate, "spent", spoilt, "electrical work (electrical) is not finite"),
    "change of content": ("filmed", candidate, "filled", no_number, "change of content is not finite"),
    "overpotential": ("held", ButlerVolmer, "overpotential", no_number, "transfer through the surface"),
    "potential of the electrode": ("held", OpenCircuit, "potential", no_number, "transfer through the surface"),
    "pressed outline": ("layered", loads.Pressure, "enclosed", spoilt, "not finite"),
    "stiffness of the pressure": ("layered", loads.Pressure, "resist", last_spoilt, "not finite"),
    "stretch along a bent wire": ("layered", elements, "stretch_at", spoilt, "not finite"),
    "moments": ("layered", mechanics, "axial_resultants", spoilt, "not finite"),
    "unknowns along the wire": ("layered", mechanics, "solved_along", spoilt, "not finite"),
    "constants of the layers": ("layered", Physics, "moduli", spoilt, "the stress update gave a value"),
}


def case(name: str) -> Config:
    return Config.from_mapping({**BASE, **RUNS[name]})


@pytest.fixture(scope="module")
def whole(tmp_path_factory: pytest.TempPathFactory) -> Callable[[str], femanode.Result]:
    """The undisturbed runs, each made once."""
    made: dict[str, femanode.Result] = {}

    def of(name: str) -> femanode.Result:
        if name not in made:
            made[name] = femanode.run(case(name), tmp_path_factory.mktemp("runs") / name)
            assert 10 < len(made[name].history) < 80
        return made[name]

    return of


@pytest.mark.parametrize("site", SITES)
def test_a_fault_met_once_costs_a_step_and_one_that_stays_ends_the_run_by_its_name(
        whole: Callable[[str], femanode.Result], tmp_path: Path, site: str) -> None:
    name, owner, call, fault, said = SITES[site]
    with pytest.MonkeyPatch.context() as patch:
        faults = Faults(patch, lasting=False)
        faults.at(owner, call, fault)
        once = femanode.run(case(name), tmp_path / "once")
    assert faults.met == 1
    assert once.manifest["stop_reason"] == whole(name).manifest["stop_reason"]
    # as far off as what one step of some twenty carries: a rejection holds the following ones short too
    charge, undisturbed = (run.history["state_of_charge"].iloc[-1] for run in (once, whole(name)))
    assert charge == pytest.approx(undisturbed, rel=5e-2)
    with pytest.MonkeyPatch.context() as patch:
        faults = Faults(patch, lasting=True)
        faults.at(owner, call, fault)
        with pytest.raises(ConvergenceError) as ended:
            femanode.run(case(name), tmp_path / "run")
    assert said in str(ended.value)
    assert f"last good state: {tmp_path / 'run' / 'checkpoint.npz'}" in str(ended.value)
    assert ended.value.exit_code == 3
    resumed = femanode.run(case(name), tmp_path / "run", resume=True)
    if site == "mixing of stress and carriers":
        # Steps so short that nothing has to be mixed were accepted meanwhile: another run, to the same charge.
        assert resumed.history["state_of_charge"].iloc[-1] == pytest.approx(undisturbed, rel=5e-2)
    else:
        same_run(resumed, whole(name))


def test_an_end_of_a_step_without_a_time_is_no_end_that_was_passed(tmp_path: Path) -> None:
    whole = femanode.run(case("filmed"), tmp_path / "whole")
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(stepends.Elapsed, "crossing", lambda *_: np.nan)
        with pytest.raises(ConvergenceError, match="the time of the step's end is not finite"):
            femanode.run(case("filmed"), tmp_path / "run")
    same_run(femanode.run(case("filmed"), tmp_path / "run", resume=True), whole)
