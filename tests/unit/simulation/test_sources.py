"""A run leaves the references of its material's numbers and of the observations beside it."""

from __future__ import annotations

from pathlib import Path

import pytest
from pybtex.database import Entry, parse_file

from femanode.config.loading import Config
from femanode.simulation.sources import write_inputs
from femanode.solver.problem import build_problem
from tests.fronts import coarse_case


def left_by(tmp_path: Path, **changes: object) -> dict[str, Entry]:
    """Entries of the file that a run of the coarse case, changed, leaves."""
    write_inputs(build_problem(Config.from_mapping(coarse_case(**changes))), tmp_path)
    return dict(parse_file(tmp_path / "citations.bib", "bibtex").entries)


def test_material_and_observations_are_cited(tmp_path: Path) -> None:
    entries = left_by(tmp_path, material="Li-Ge")
    assert entries["nadimpalli2015germanium"].fields["doi"] == "10.1149/2.0941514jes"  # of a number
    text = (tmp_path / "citations.bib").read_text(encoding="utf-8")
    assert "% mechanics.reacted.yield_stress, fracture.energy\n@article{nadimpalli2015germanium" in text
    assert not any("silicon" in key for key in entries)


@pytest.mark.parametrize(("diameter", "cited"), [("165 nm", True), ("60 nm", False)])
def test_only_observations_that_speak_of_the_run_are_cited(tmp_path: Path, diameter: str, cited: bool) -> None:
    # full conversion from 160 to 620 nm, which says nothing of a thin wire; the gain in volume speaks of any
    left_by(tmp_path, material="Li-Ge", geometry={"shape": "circle", "diameter": diameter})
    text = (tmp_path / "citations.bib").read_text(encoding="utf-8")
    full = "observation: converted_fraction, " if cited else ""
    assert f"% swelling.expansion, {full}observation: volume_gain\n@article{{liang2013tough" in text


def test_a_number_that_was_replaced_takes_its_reference_with_it(tmp_path: Path) -> None:
    changes = {"mechanics.reacted.yield_stress": "1 GPa", "fracture.energy": "6 J/m^2"}
    assert "nadimpalli2015germanium" not in left_by(tmp_path, material="Li-Ge", overrides=changes)
