from __future__ import annotations

from pathlib import Path

import pytest

from tests.casefile import CASE


@pytest.fixture
def case(tmp_path: Path) -> Path:
    """A valid file."""
    path = tmp_path / "case.yaml"
    path.write_text(CASE)
    return path
