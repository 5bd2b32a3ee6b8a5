"""Compiled loops of front and carrier balance against their numpy counterparts."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from numpy.testing import assert_allclose

from tests.helpers import isotropic_physics, pristine_state

pytest.importorskip("numba")


def both(monkeypatch: pytest.MonkeyPatch, **options: Any) -> tuple[Any, Any]:
    """The same physics on compiled loops and on numpy."""
    fast = isotropic_physics(30.0, 3.0, **options)
    monkeypatch.setenv("FEMANODE_KERNELS", "numpy")
    slow = isotropic_physics(30.0, 3.0, **options)
    assert fast.front._links is not None
    assert slow.front._links is None
    assert fast.transport._compiled
    assert not slow.transport._compiled
    return fast, slow


def test_front_advances_alike(monkeypatch: pytest.MonkeyPatch) -> None:
    """A front half way in, with a speed that varies, over some ten substeps."""
    fast, slow = both(monkeypatch)
    s = fast.spaces
    xi = fast.front.initial_extent(np.maximum(30.0 - np.hypot(*s.nodes), 0.0) - 10.0)
    v = 0.05 * (1.0 + 0.3 * np.sin(s.nodes[0]))
    n = fast.front.normals(xi)
    wanted = slow.front.advance(xi, v, n, 60.0)
    assert np.abs(wanted - xi).max() > 0.1
    assert_allclose(fast.front.advance(xi, v, n, 60.0), wanted, rtol=0, atol=1e-13)


def test_normals_are_alike(monkeypatch: pytest.MonkeyPatch) -> None:
    """Of a lobed front."""
    fast, slow = both(monkeypatch)
    s = fast.spaces
    lobes = 2.0 * np.cos(4.0 * np.arctan2(s.nodes[1], s.nodes[0]))
    xi = fast.front.initial_extent(np.maximum(30.0 + lobes - np.hypot(*s.nodes), 0.0) - 10.0)
    wanted = slow.front.normals(xi)
    assert np.ptp(wanted[0]) > 0.9
    assert_allclose(fast.front.normals(xi), wanted, rtol=0, atol=1e-12)


def test_average_across_the_front_is_alike(monkeypatch: pytest.MonkeyPatch) -> None:
    fast, slow = both(monkeypatch)
    s = fast.spaces
    xi = fast.front.initial_extent(np.maximum(30.0 - np.hypot(*s.nodes), 0.0) - 10.0)
    wanted = slow.front._stiffness(xi)
    assert_allclose(fast.front._stiffness(xi), wanted, rtol=0, atol=1e-13 * np.abs(wanted).max())
    field = np.random.default_rng(0).normal(size=s.weight.shape)
    assert_allclose(fast.front.averager(xi)(field), slow.front.averager(xi)(field), rtol=0, atol=1e-9)


@pytest.mark.parametrize("dV_D", [0.0, 0.02])
def test_carrier_balance_is_alike(dV_D: float, monkeypatch: pytest.MonkeyPatch) -> None:
    """Slow diffusion, so that the activity falls to the front; with and without drift by stress."""
    fast, slow = both(monkeypatch, D=2.0, dV_D=dV_D)
    state = pristine_state(fast, 30.0)
    s = fast.spaces
    xi = fast.front.initial_extent(np.maximum(30.0 - np.hypot(*s.nodes), 0.0) - 10.0)
    h = np.clip(2.0 * xi - 0.5, 0.0, 1.0)
    stress = 0.3 * s.nodes[0] / 30.0
    found = [physics.transport.solve(state.xi * 0.0, h, np.zeros(s.n_nodes), stress, 20.0) for physics in (fast, slow)]
    assert found[1].max() > 0.1
    assert_allclose(found[0], found[1], rtol=0, atol=1e-10)


def test_compiled_code_is_kept_outside_the_package() -> None:
    # pip knows nothing of it: beside the modules it leaves a folder that hides the next installation
    nodal = pytest.importorskip("femanode.solver.node_loops", exc_type=ImportError)
    kept = Path(nodal.flux_blocks.stats.cache_path)
    assert kept.is_relative_to(Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache"))
    assert Path(nodal.__file__).parent not in kept.parents
