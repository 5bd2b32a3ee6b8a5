"""A sweep whose processes are killed at random; `tests.fuzz.soak` does it for twenty minutes."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

from tests.fuzz.soak import soak

pytestmark = pytest.mark.verification


@pytest.mark.skipif(sys.platform == "win32", reason="kills as POSIX does")
def test_no_case_is_lost_and_none_is_doubled(tmp_path: Path) -> None:
    report = soak(tmp_path / "sweep", cases=12, seconds=15.0, pause=0.6, each=0.8)
    assert report.kills >= 3
    assert (report.cases, report.lost, report.doubled, report.together) == (12, [], [], [])
