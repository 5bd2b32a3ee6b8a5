"""Every case of ``femanode verify`` at reduced size; FEMANODE_FULL=1 runs them as published."""

from __future__ import annotations

import os

import pytest

from femanode.verify.case import Case
from femanode.verify.catalogue import CASES, run_case

FULL = os.environ.get("FEMANODE_FULL") == "1"


@pytest.mark.parametrize("case", CASES, ids=[case.name for case in CASES])
def test_case(case: Case) -> None:
    result, tables = run_case(case, FULL)
    wrong = [f"{c['what']}: expected {c['expected']}, got {c['got']}" for c in result["checks"]
             if c["verdict"] == "failed"]
    assert not wrong
    assert result["checks"]
    for table in tables.values():
        columns = table.as_dict()
        assert {table.x, *table.lines, *table.marks} <= set(columns)
        assert len({len(c) for c in columns.values()}) == 1
