"""The package as a whole: one version, its public names, documented names of before, and files that are no modules."""

from __future__ import annotations

import fnmatch
import importlib
import re
import subprocess
import sys
import tomllib
from pathlib import Path

import pytest
from ruamel.yaml import YAML

import femanode

ROOT = Path(__file__).resolve().parents[2]
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))
VERSION = PROJECT["project"]["version"]


def test_the_version_stands_in_one_place_and_others_repeat_it() -> None:
    citation = YAML(typ="safe").load((ROOT / "CITATION.cff").read_text(encoding="utf-8"))
    assert citation["version"] == VERSION
    latest = re.search(r"^## (\S+)", (ROOT / "CHANGELOG.md").read_text(encoding="utf-8"), re.MULTILINE)
    assert latest is not None
    assert latest.group(1) == VERSION
    # An editable installation keeps the version that it was made with: install again after raising it.
    assert femanode.__version__ == VERSION


def test_the_citation_says_what_the_package_says() -> None:
    citation = YAML(typ="safe").load((ROOT / "CITATION.cff").read_text(encoding="utf-8"))
    project = PROJECT["project"]
    assert citation["license"] == project["license"]
    assert citation["repository-code"] == project["urls"]["Homepage"]
    assert [author["name"] for author in citation["authors"]] == [author["name"] for author in project["authors"]]


# As pages and examples of 0.1 named them, with a function that they showed.
@pytest.mark.parametrize(("old", "name", "new"), [
    ("figures", "plot_field", "pictures.figures"), ("panels", "plot_panel", "pictures.panels"),
    ("paraview", "write_script", "pictures.paraview"), ("report", "write_report", "pictures.page.report"),
    ("result", "Result", "simulation.result"), ("runfolder", "FrameMesh", "output.runfolder"),
    ("profiles", "along_surface", "postprocess.profiles"), ("sectionview", "split_quadratic", "pictures.sectionview"),
    ("vtkhdf", "write_vtkhdf", "output.vtkhdf")])
def test_documented_modules_of_0_1_are_found_with_a_warning(old: str, name: str, new: str,
                                                            monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delitem(sys.modules, f"femanode.{old}", raising=False)
    with pytest.warns(DeprecationWarning, match=f"femanode.{old} is now femanode.{new}"):
        found = getattr(importlib.import_module(f"femanode.{old}"), name)
    assert found is getattr(importlib.import_module(f"femanode.{new}"), name)
    monkeypatch.delitem(sys.modules, f"femanode.{old}", raising=False)


def test_the_module_run_of_0_1_is_told_to_be_a_function() -> None:
    with pytest.raises(ModuleNotFoundError, match="from femanode import run"):
        importlib.import_module("femanode.run")


def test_the_changelog_tells_every_module_that_moved() -> None:
    text = (ROOT / "CHANGELOG.md").read_text(encoding="utf-8")
    told = dict(re.findall(r"^ *\| `(femanode\.\w+)` \| `(femanode\.[\w.]+)` \|$", text, re.MULTILINE))
    assert told == femanode._MOVED


def test_public_names_are_told_before_their_first_use() -> None:
    # In a process of its own: other tests have used the names here.
    code = "import sys, femanode; print(*dir(femanode)); print('numpy' in sys.modules, 'run' in vars(femanode))"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, timeout=60, check=True)
    names, loaded = done.stdout.splitlines()
    assert {"Config", "ConfigError", "ConvergenceError", "FemanodeError", "FitResult", "MeshError", "Progress",
            "Result", "SweepResult", "__version__", "fit", "load_config", "plot_map", "run",
            "sweep"} <= set(names.split())
    assert loaded == "False False"


def test_what_a_run_and_a_check_import_draws_nothing() -> None:
    """Pictures and tables are made at the end of a run: their libraries, a second to load, wait until then."""
    code = ("import sys; from femanode import Result, load_config, run; import femanode.cli.brief; "
            "print([name for name in ('matplotlib', 'pandas', 'pyvista') if name in sys.modules])")
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, timeout=60, check=True)
    assert done.stdout.strip() == "[]"


def test_files_that_are_no_modules_go_into_the_wheel() -> None:
    patterns = PROJECT["tool"]["setuptools"]["package-data"]["femanode"]
    package = ROOT / "femanode"
    beside = [path.relative_to(package).as_posix() for path in package.rglob("*")
              if path.is_file() and path.suffix != ".py" and "__pycache__" not in path.parts]
    assert {"py.typed", "pictures/page/report.html", "verify/verification.md"} <= set(beside)
    assert [name for name in beside if not any(fnmatch.fnmatch(name, pattern) for pattern in patterns)] == []
