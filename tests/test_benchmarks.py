"""What the benchmark scripts compare with, where it can be told without the other codes."""

from __future__ import annotations

import importlib.util
import sys
from pathlib import Path
from types import ModuleType

import numpy as np
import pytest

ROOT = Path(__file__).resolve().parents[1]


@pytest.fixture(scope="module")
def sphere() -> ModuleType:
    """``benchmarks/peer_pybamm.py`` as a module."""
    path = ROOT / "benchmarks" / "peer_pybamm.py"
    if not path.exists():
        pytest.skip("the benchmarks are not in the package")
    spec = importlib.util.spec_from_file_location("peer_pybamm", path)
    assert spec is not None and spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    sys.modules[spec.name] = module
    spec.loader.exec_module(module)
    return module


def test_roots_are_those_of_tan_x_equal_x(sphere: ModuleType) -> None:
    """The first three as tabulated; the sum of 2/x^2 over all is 1/5."""
    roots = sphere.roots(20_000)
    assert roots[:3] == pytest.approx([4.493409, 7.725252, 10.904122], abs=1e-6)
    assert np.sum(2.0 / roots**2) == pytest.approx(0.2, abs=2e-5)


def test_surface_of_a_sphere_leads_its_mean_by_a_fifteenth_of_the_rate_in_the_end(sphere: ModuleType) -> None:
    """Content that rises everywhere at q is parabolic: q R^2/(6 D), of which the mean has 3/5."""
    ahead = sphere.Sphere(0.1, 1000.0).surface(1e-4, np.array([2000.0]))[0] - (0.1 + 0.2)
    assert ahead == pytest.approx(1e-4 * 1000.0 / 15.0, rel=1e-9)


def test_surface_of_a_sphere_rises_with_the_root_of_time_at_first(sphere: ModuleType) -> None:
    """Half-space under the flux q R/3: 2 (q R/3) sqrt(t/(pi D)), and a share of sqrt(D t)/R more for the curvature."""
    time, relaxation = 0.1, 1000.0
    rise = sphere.Sphere(0.1, relaxation, modes=5000).surface(1e-4, np.array([time]))[0] - 0.1
    assert rise == pytest.approx(2.0 / 3.0 * 1e-4 * np.sqrt(time * relaxation / np.pi), rel=0.02)


def test_a_pulse_in_two_parts_is_the_pulse_and_a_rest_evens_it_out(sphere: ModuleType) -> None:
    """The modes carry what went before; a rest keeps the mean."""
    whole, parts = sphere.Sphere(0.1, 1000.0), sphere.Sphere(0.1, 1000.0)
    whole.pass_by(1e-4, 300.0)
    parts.pass_by(1e-4, 100.0)
    assert parts.surface(1e-4, np.array([200.0])) == pytest.approx(whole.surface(1e-4, np.array([0.0])), abs=1e-14)
    parts.pass_by(1e-4, 200.0)
    assert parts.parts == pytest.approx(whole.parts, abs=1e-15)
    assert whole.content == pytest.approx(0.13)
    assert whole.surface(0.0, np.array([2000.0]))[0] == pytest.approx(0.13, abs=1e-9)


def test_a_step_is_told_to_each_code_in_its_words(sphere: ModuleType) -> None:
    """A half cell's discharge fills its positive electrode."""
    step = sphere.Step(1.0, cutoff=0.05)
    assert step.sentence(ours=True) == "Lithiate at 1C until 0.05 V"
    assert step.sentence(ours=False) == "Discharge at 1C until 0.05 V"
    assert sphere.Step(-0.2, lasts=60.0).sentence(ours=False) == "Charge at 0.2C for 60 seconds"
    assert sphere.Step(0.0, lasts=60.0).sentence(ours=True) == "Rest for 60 s"
