"""What a run was asked for, and what its material's numbers and the observations beside it were read in."""

from __future__ import annotations

from pathlib import Path

from femanode.config.citations import citations
from femanode.config.loading import dump_config
from femanode.config.migration import SCHEMA
from femanode.output.disk import write_text
from femanode.postprocess.observations import Subject, observations_for
from femanode.solver.laws import layers_of
from femanode.solver.problem import Problem


def write_inputs(problem: Problem, folder: Path) -> None:
    """Write ``config.yaml`` and ``citations.bib``, before the run: one that is broken off has them as well.

    Raises
    ------
    DiskError
        A file cannot be written.
    """
    write_text(folder / "config.yaml", f"schema: {SCHEMA}\n{dump_config(problem.config)}")
    write_text(folder / "citations.bib", cited_by(problem))


def cited_by(problem: Problem) -> str:
    """BibTeX of the run's sources; what was replaced or is not used is not among them."""
    material = problem.config.material
    subject = Subject(carrier=material.carrier.symbol, host=material.host.symbol, structure=material.host.structure,
                      diameter_nm=2.0 * problem.section.radius, axis=problem.frame.axis)
    unused = {"chemistry.open_circuit"} if material.chemistry.law == "ideal" else set()
    numbers = [(path, origin.source) for path, origin in material.provenance.items() if path not in unused]
    numbers += [(f"{layer.name}: {path}", origin.source) for layer in layers_of(problem.config) if layer is not None
                for path, origin in layer.provenance.items()]
    seen = [(f"observation: {fact.quantity}", fact.source) for fact in observations_for(subject)]
    return citations([*numbers, *seen])
