"""Compiled element loops: numpy's numbers to 1e-12, whatever the number of threads."""

from __future__ import annotations

import dataclasses
from typing import Any

import numpy as np
import pytest
from numpy.testing import assert_allclose, assert_array_equal
from numpy.typing import NDArray

from femanode.constitutive.elastoplasticity import Moduli
from femanode.mesh.spaces import Spaces
from femanode.numerics import compiled
from femanode.solver.axial import Axial
from femanode.solver.elements import CompiledElements, Elements, make_elements
from tests.helpers import moduli, section_spaces, unit_plastic

pytest.importorskip("numba")
Array = NDArray[np.float64]


@pytest.fixture(scope="module")
def quarter() -> Spaces:
    """Quarter disc of some 500 elements: more than one thread's least share."""
    return section_spaces(1.0, 0.06)


def strained(s: Spaces, size: float, seed: int = 0) -> tuple[Array, Array, Array, Array]:
    """Displacement, plastic past and swelling of random size; a tenth of the points without any strain."""
    rng = np.random.default_rng(seed)
    shape = s.weight.shape
    u = size * np.array([[0.7, 0.2], [-0.4, 1.1]]) @ s.nodes + 1e-3 * size * rng.normal(size=s.nodes.shape)
    Cp_inv = unit_plastic(shape) + 0.05 * size * rng.normal(size=(4, *shape))
    Jc = rng.uniform(1.0, 1.0 + size, shape)
    still = rng.random(shape) < 0.1
    Jc[still] = 1.0
    Cp_inv[:, still] = unit_plastic((1,))
    return u, Cp_inv, size * rng.random(shape), Jc


LAWS = {"elastic": (np.inf, 0.0, 1.0, np.inf), "perfect": (1.0, 0.0, 1.0, np.inf), "hardening": (1.0, 5.0, 1.0, np.inf),
        "rate": (1.0, 0.5, 0.2, 1e-3)}


@pytest.mark.parametrize("law", LAWS)
@pytest.mark.parametrize("size", [0.0, 1e-6, 0.01, 0.4])
@pytest.mark.parametrize("calm", [False, True])
@pytest.mark.parametrize("axial", [Axial(1.05), Axial(1.05, (0.2, -0.1))], ids=["straight", "bent"])
def test_compiled_loops_give_numpys_numbers(quarter: Spaces, law: str, size: float, calm: bool, axial: Axial) -> None:
    s = quarter
    u, Cp_inv, eqps, Jc = strained(s, size)
    constants = moduli(100.0, 0.28, *LAWS[law], shape=s.weight.shape)
    results = []
    for loops in (Elements(s), CompiledElements(s)):
        F = loops.deformation(u)
        stretch = loops.stretch(u, axial)
        response, forces = loops.respond(F, stretch, Cp_inv, eqps, Jc, constants, 0.7)
        results.append((F, response, forces.copy(), loops.stiffness(F, stretch, response, calm=calm)))
    (F0, r0, f0, k0), (F1, r1, f1, k1) = results
    if law != "elastic" and size > 0.1:
        assert np.mean(r0.eqps > eqps) > 0.5

    def close(got: Any, wanted: Any) -> None:
        # relative to the largest number of the field: moduli at zero strain are differences of large terms
        assert_allclose(got, wanted, rtol=0, atol=1e-12 * max(np.abs(wanted).max(), 1e-3))

    close(F1, F0)
    for field in dataclasses.fields(r0):
        close(getattr(r1, field.name), getattr(r0, field.name))
    close(f1, f0)
    for got, wanted in zip(k1, k0, strict=True):
        close(got, wanted)


@pytest.mark.parametrize("law", LAWS)
def test_compiled_directions_of_flow_are_numpys(quarter: Spaces, law: str) -> None:
    """Three iterations, the first about undeformed points that swell."""
    s = quarter
    constants = moduli(100.0, 0.28, *LAWS[law], shape=s.weight.shape)
    results = []
    for loops in (Elements(s), CompiledElements(s)):
        flow, tangents = None, []
        for size in (1e-9, 0.3, 0.4):
            u, Cp_inv, eqps, Jc = strained(s, size)
            stretch = loops.stretch(u, Axial(1.05))
            response, _ = loops.respond(loops.deformation(u), stretch, Cp_inv, eqps, Jc + 0.3, constants, 0.7)
            before = np.array(response.tangent)
            tangent, flow = loops.turn(response, eqps, Jc + 0.3, constants, flow)
            tangents += [tangent, flow.strain.copy(), flow.direction.copy()]
        assert (law == "elastic") == bool(np.array_equal(tangent, before))
        results.append(tangents)
    for got, wanted in zip(results[1], results[0], strict=True):
        assert_allclose(got, wanted, rtol=0, atol=1e-12 * max(np.abs(wanted).max(), 1e-3))


def test_threads_change_no_bit(quarter: Spaces, monkeypatch: pytest.MonkeyPatch) -> None:
    s = quarter
    u, Cp_inv, eqps, Jc = strained(s, 0.3)
    law = moduli(100.0, 0.28, 1.0, 0.5, shape=s.weight.shape)
    results = []
    for count in (1, 3):
        monkeypatch.setattr(compiled, "threads", lambda count=count: count)
        loops = CompiledElements(s)
        F = loops.deformation(u)
        stretch = loops.stretch(u, Axial(1.0))
        response, forces = loops.respond(F, stretch, Cp_inv, eqps, Jc, law, 1.0)
        Ke, coupling, axial = loops.stiffness(F, stretch, response, calm=False)
        results.append((F, response.tau, response.tangent, forces.copy(), Ke.copy(), coupling.copy(), axial))
    for one, three in zip(*results, strict=True):
        assert_array_equal(one, three)


def test_ranges_cover_everything_once(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(compiled, "threads", lambda: 4)
    for count, least, most in ((0, 1, 1), (1, 1, 1), (7, 2, 3), (1000, 10, 4), (1000, 600, 1)):
        seen: list[tuple[int, int]] = []
        compiled.share(lambda begin, end, into: into.append((begin, end)), count, seen, least=least)
        assert [i for begin, end in sorted(seen) for i in range(begin, end)] == list(range(count))
        assert len(seen) <= most


def test_failure_in_a_thread_is_raised(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(compiled, "threads", lambda: 2)

    def fail(begin: int, end: int) -> None:
        if begin:
            raise RuntimeError("in a thread")

    with pytest.raises(RuntimeError, match="in a thread"):
        compiled.share(fail, 10, least=1)


@pytest.mark.parametrize(("variables", "wanted"), [({"FEMANODE_THREADS": "3", "OMP_NUM_THREADS": "1"}, 3),
                                                   ({"OMP_NUM_THREADS": "2"}, 2), ({"FEMANODE_THREADS": "0"}, 1)])
def test_threads_are_bounded_from_outside(variables: dict[str, str], wanted: int,
                                          monkeypatch: pytest.MonkeyPatch) -> None:
    for name in compiled.THREADS:
        monkeypatch.delenv(name, raising=False)
    for name, value in variables.items():
        monkeypatch.setenv(name, value)
    assert compiled.threads.__wrapped__() == wanted


def test_numpy_loops_on_request(quarter: Spaces, monkeypatch: pytest.MonkeyPatch) -> None:
    assert make_elements(quarter).name == "numba"
    monkeypatch.setenv("FEMANODE_KERNELS", "numpy")
    assert make_elements(quarter).name == "numpy"


def test_an_inverted_element_gives_no_number(quarter: Spaces) -> None:
    s = quarter
    shape = s.weight.shape
    loops = CompiledElements(s)
    F = loops.deformation(-1.0 * s.nodes * np.array([[2.0], [0.0]]))
    law: Moduli = moduli(100.0, 0.28, 1.0, shape=shape)
    stretch = loops.stretch(0.0 * s.nodes, Axial(1.0))
    past = unit_plastic(shape), np.zeros(shape)
    response, forces = loops.respond(F * np.nan, stretch, *past, np.ones(shape), law, 1.0)
    assert np.isnan(response.tau).all()
    assert np.isnan(forces).all()
