"""The example scripts run as they stand, and what they print is right."""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path

import pytest
from numpy.testing import assert_allclose

ROOT = Path(__file__).resolve().parents[1]
pytestmark = pytest.mark.examples


def example(name: str, folder: Path) -> str:
    return subprocess.run([sys.executable, ROOT / "examples" / f"{name}.py", folder], cwd=ROOT, capture_output=True,
                          text=True, timeout=600, check=True).stdout


def test_a_run_and_its_frames_read_back(tmp_path: Path) -> None:
    said = example("first_run", tmp_path)
    assert "end time reached" in said
    assert (tmp_path / "content.png").is_file()
    assert (tmp_path / "first_run" / "report.html").is_file()
    lines = re.findall(r"content ([\d.]+) \(history ([\d.]+)\).*?surface ([\d.]+) GPa \(history ([\d.]+)\)",
                       example("read_frames", tmp_path / "first_run"))
    assert len(lines) >= 4
    for content, charge, hoop, table in lines:
        # linear quarters against the solver's quadrature on 6-nm elements
        assert_allclose(float(content), float(charge), rtol=0, atol=2e-3)
        assert hoop == table


def test_two_orientations_swell_as_their_crystals_say(tmp_path: Path) -> None:
    said = example("compare_orientations", tmp_path)
    growth = {name: dict(re.findall(r"(\[[-\d]+\]) ([+-]\d+) %", line)) for name, line in
              re.findall(r"(si-\d+)-129nm at \d+ %: (.*)", said)}
    # <110> is the fast direction: two of them across a <100> wire, one across a <110> wire
    assert growth["si-100"]["[110]"] == growth["si-100"]["[1-10]"]
    assert int(growth["si-110"]["[1-10]"]) > 4 * int(growth["si-110"]["[001]"])
    assert (tmp_path / "orientations.pdf").read_bytes().startswith(b"%PDF")
    assert "Comparison of si-100-129nm, si-110-129nm" in (tmp_path / "orientations.html").read_text()
