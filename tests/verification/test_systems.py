"""Two systems from end to end at the size of `--quick`: what stress stops and what it does not."""

from __future__ import annotations

from pathlib import Path

import pytest

from femanode.study.systems.table import systems


@pytest.mark.verification
def test_silicon_is_stopped_and_antimony_is_not(tmp_path: Path) -> None:
    table = systems(["li_si_100", "na_sb"], tmp_path / "out", quick=True)
    silicon, antimony = table["rows"]
    assert (silicon["system"], antimony["system"]) == ("li_si_100", "na_sb")
    # 0.10 eV against 0.15 eV of stress work at half conversion, and 0.44 eV against 0.23 eV at 99 %, by closed form
    assert silicon["self_limited"]
    assert 0.3 < silicon["converted_fraction"] < 0.6
    assert antimony["converted_fraction"] > 0.99
    # both fronts are limited by their reaction; a <100> wire swells into a cross
    assert silicon["regime"] == antimony["regime"] == "ICR"
    said = {one["quantity"]: one["verdict"] for one in silicon["observations"]}
    assert (said["regime"], said["lobes"]) == ("agrees", "agrees")
    assert not silicon["failed"] and not antimony["failed"]
