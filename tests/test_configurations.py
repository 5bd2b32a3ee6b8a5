"""Random valid configurations, and faults in what a step calls: a run finishes, stops with a state, or is refused.

Many more of both are tried by hand.
"""

from __future__ import annotations

import collections
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import HealthCheck, Phase, given, settings

from femanode.config.loading import Config
from tests.fuzz import everycall
from tests.fuzz.configurations import GAP, Verdict, tried
from tests.fuzz.strategies import mappings, write_meshes

pytestmark = pytest.mark.verification


@pytest.mark.filterwarnings("ignore")  # of numpy, where a step is tried that is refused
@pytest.mark.parametrize(("fine", "runs", "steps", "seconds"), [(False, 12, 4, 1.0), (True, 8, 60, 3.0)],
                         ids=["coarse", "fine"])
def test_random_configurations_end_as_a_user_is_promised(fine: bool, runs: int, steps: int, seconds: float,
                                                         tmp_path: Path) -> None:
    verdicts: list[Verdict] = []

    @settings(max_examples=runs, derandomize=True, deadline=None, database=None, phases=[Phase.generate],
              suppress_health_check=list(HealthCheck))
    @given(mappings(write_meshes(tmp_path / "meshes"), fine=fine))
    def one(mapping: dict[str, Any]) -> None:
        verdict = tried(mapping, tmp_path / "run", steps, seconds)
        assert not verdict.wrong, verdict
        verdicts.append(verdict)

    one()
    ends = [verdict.end for verdict in verdicts]
    assert len(ends) - ends.count("refused") >= 3, ends


def test_a_resolved_front_has_its_power_balance_judged_and_another_has_not(tmp_path: Path) -> None:
    def judged(size: str, start: float) -> Verdict:
        return tried({"name": "fixed", "material": "Li-Ge", "geometry": {"shape": "circle", "diameter": "28 nm"},
                      "overrides": {"front.rates": {"isotropic": "0.5 nm/s"}}, "boundary": {"potential": "10 mV"},
                      "front": {"half_thickness": "2 nm", "conversion_start": start},
                      "mesh": {"element_size": size}, "output": {"frames": 2, "pictures": False},
                      "time": {"end": "1000 s", "stop": {"converted": 0.5}}}, tmp_path / "run", 200, 600.0)

    resolved = judged("0.8 nm", 0.35)
    assert resolved.judged
    assert not resolved.wrong
    # the layer that swells is less than half an element thick: it would be wrong
    coarse = judged("0.8 nm", 0.48)
    assert not coarse.judged
    assert abs(coarse.gap) > GAP


def test_what_a_step_calls_may_answer_with_no_number(tmp_path: Path) -> None:
    config = Config.from_mapping(everycall.CASES["bare"])
    whole = everycall.undisturbed(config, tmp_path / "whole")
    found = sorted(everycall.calls(config, tmp_path / "run"), key=str)
    assert len(found) > 150, "how a step finds its functions has changed"
    ends = collections.Counter[str]()
    for target, part in found[::10]:
        for lasting in (False, True):
            end, said = everycall.disturbed(config, tmp_path / "run", whole, target, part, np.nan, lasting=lasting)
            assert end != "wrong", (str(target), part, lasting, said)
            ends[end] += 1
    assert ends["cut"] > 10
    assert ends["ended"] > 10
