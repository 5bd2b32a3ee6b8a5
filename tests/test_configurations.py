"""Random valid configurations finish, stop with a state to go on from, or are refused; many more of them by hand."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, Phase, given, settings

from tests.fuzz.configurations import tried
from tests.fuzz.strategies import mappings, write_meshes

pytestmark = pytest.mark.verification


@pytest.mark.filterwarnings("ignore")  # of numpy, where a step is tried that is refused
def test_random_configurations_end_as_a_user_is_promised(tmp_path: Path) -> None:
    ends: list[str] = []

    @settings(max_examples=12, derandomize=True, deadline=None, database=None, phases=[Phase.generate],
              suppress_health_check=list(HealthCheck))
    @given(mappings(write_meshes(tmp_path / "meshes")))
    def one(mapping: dict[str, Any]) -> None:
        verdict = tried(mapping, tmp_path / "run", steps=4, seconds=1.0)
        assert not verdict.wrong, verdict
        ends.append(verdict.end)

    one()
    assert len(ends) - ends.count("refused") >= 3, ends
