"""The same configuration gives the same bits: in another process, and with any number of threads."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import meshio
import numpy as np
import pytest

from femanode.config.loading import dump_config
from tests.unit.simulation.test_resume import case


def made(folder: Path, name: str, solver: str, threads: int) -> Path:
    """A run in a process of its own."""
    config = folder / f"{name}.yaml"
    config.write_text(dump_config(case(time__end="90 s", solver__linear=solver, mesh__element_size="4 nm",
                                       output__checkpoint="null")), encoding="utf-8")
    command = [sys.executable, "-m", "femanode", "run", config, "-o", folder / name, "--quiet"]
    # another seed for the order of sets, which nothing may depend on
    subprocess.run(command, check=True, timeout=300,
                   env={**os.environ, "FEMANODE_THREADS": str(threads), "OMP_NUM_THREADS": str(threads),
                        "PYTHONHASHSEED": str(threads + len(name))})
    return folder / name


def same_bits(one: Path, other: Path) -> None:
    """Table, fields and what a run would go on from."""
    assert (one / "history.csv").read_bytes() == (other / "history.csv").read_bytes()
    frames = sorted(path.name for path in (one / "frames").iterdir())
    assert frames == sorted(path.name for path in (other / "frames").iterdir())
    assert len(frames) > 3
    for name in frames:
        a, b = (meshio.read(folder / "frames" / name) for folder in (one, other))
        for key, field in a.point_data.items():
            assert np.array_equal(field, b.point_data[key], equal_nan=True), key
    with np.load(one / "checkpoint.npz") as a, np.load(other / "checkpoint.npz") as b:
        for key in a.files:
            if key.startswith(("state/", "mesh/", "record/")):
                assert np.array_equal(a[key], b[key], equal_nan=a[key].dtype.kind == "f"), key


def test_two_processes_give_the_same_bits(tmp_path: Path) -> None:
    same_bits(made(tmp_path, "one", "scipy", 1), made(tmp_path, "another", "scipy", 1))


def test_any_number_of_threads_gives_the_same_bits(tmp_path: Path) -> None:
    # scipy's factors know no threads; the compiled loops share elements between them
    same_bits(made(tmp_path, "one", "scipy", 1), made(tmp_path, "more", "scipy", 3))


def test_rslab_gives_the_same_bits_with_any_number_of_threads(tmp_path: Path) -> None:
    pytest.importorskip("rslab")
    same_bits(made(tmp_path, "one", "rslab", 1), made(tmp_path, "more", "rslab", 3))
