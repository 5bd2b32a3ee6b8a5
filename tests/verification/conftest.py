"""Everything in this folder is marked ``verification``; FEMANODE_FULL=1 runs it at the published resolution."""

from __future__ import annotations

from pathlib import Path

import pytest


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Mark the tests of this folder only: the hook sees those of the whole run."""
    for item in items:
        if Path(__file__).parent in item.path.parents:
            item.add_marker(pytest.mark.verification)
