"""Imports go one way, and what the house forbids in the package is not in it; read from the source, not by running."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[1] / "femanode"

# Each line stands after those it may import from; modules of one line do not import one another.
ORDER: tuple[tuple[str, ...], ...] = (
    ("errors",), ("checkpoint", "lock", "interruption"),
    ("units",), ("yamlio",), ("config_fields",), ("config_ledges",), ("material",), ("config_problems",),
    ("materials",), ("config_overrides",), ("config_roughness",), ("config_model",), ("config_schema",), ("config",),
    ("electrode",), ("miller",), ("ledges",), ("crystal",), ("rings", "section", "roughness"), ("mesh", "hierarchy"),
    ("constitutive.swelling", "constitutive.elastoplasticity", "constitutive.passage"), ("constitutive.flow",),
    ("compiled", "ordering"), ("assembly", "kernels", "nodal"),
    ("linear", "spaces"), ("recovery", "elements"),
    ("mechanics", "front", "transport"), ("state",), ("physics",), ("energy",), ("candidate",),
    ("stepping",), ("adaptation",), ("problem",),
    ("fieldset",),
    ("output", "shape", "shell", "laws", "accuracy", "arrest", "necks"), ("cracks",), ("postprocess",), ("journal",),
    ("runfolder",), ("fields",),
    ("figurestyle",),
    ("curves", "sectionview"), ("crackmark",), ("observations", "sectionart", "rendering", "animation", "scene"),
    ("profiles",),
    ("figures", "panels", "vtkhdf", "paraview"),
    ("runfacts",), ("report_charts",), ("report_pictures", "report_rows"), ("report", "result"), ("run",),
    ("extrapolate",), ("progress",), ("brief", "watch"), ("cli_report",),
    ("study.quantity",), ("study.design", "study.store"), ("study.sweepfile",), ("study.cases",),
    ("study.runner", "study.child"), ("study.launcher",), ("study.supervisor",),
    ("study.engine", "study.table", "study.display"), ("study.sweep", "study.outcomes"),
    ("study.maps",), ("study.manyaxes", "study.fitfile", "study.fitfigure"),
    ("study.evaluator",), ("study.fit",), ("cli_study",),
    ("verify.case", "verify.cylinder"), ("verify.bench",),
    ("verify.point_laws", "verify.structures", "verify.diffusion", "verify.fronts", "verify.shells", "verify.wires",
     "verify.manufactured", "verify.surfaces"),
    ("verify.figures_of_merit", "verify.arrest"),
    ("verify.catalogue",), ("verify.page",), ("cli_verify",), ("cli",), ("__main__",))
RANK = {name: rank for rank, line in enumerate(ORDER) for name in line}

NUMERICS = ("constitutive.swelling", "constitutive.elastoplasticity", "constitutive.passage", "constitutive.flow",
            "compiled", "ordering", "assembly", "kernels", "nodal", "elements", "linear", "spaces", "recovery",
            "mechanics", "front", "transport", "state", "physics", "energy", "candidate", "stepping")
NO_NUMERICS = {"units", "materials", "material", "problem"}


def name_of(path: Path) -> str:
    parts = path.relative_to(ROOT).with_suffix("").parts
    return ".".join(parts[:-1] if parts[-1] == "__init__" else parts)


MODULES = {name_of(path): ast.parse(path.read_text(encoding="utf-8")) for path in sorted(ROOT.rglob("*.py"))}


def imports(tree: ast.Module) -> Iterator[str]:
    """Dotted names imported anywhere in a module, also within functions."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, "relative imports are not used"
            yield node.module or ""
            yield from (f"{node.module}.{alias.name}" for alias in node.names)


def own(tree: ast.Module) -> set[str]:
    """Modules of the package that a module imports."""
    found = set()
    for name in imports(tree):
        parts = name.split(".")
        if parts[0] == "femanode" and len(parts) > 1:
            long, short = ".".join(parts[1:3]), parts[1]
            found.add(long if long in MODULES else short)
    return found & set(MODULES)


def outside(tree: ast.Module) -> set[str]:
    return {name.split(".")[0] for name in imports(tree)}


def test_every_module_has_its_place() -> None:
    assert set(MODULES) - set(RANK) <= {"", "constitutive", "study", "verify"}
    assert set(RANK) <= set(MODULES)


@pytest.mark.parametrize("module", sorted(RANK))
def test_imports_go_one_way(module: str) -> None:
    later = {other for other in own(MODULES[module]) if RANK.get(other, -1) >= RANK[module]}
    assert not later, f"{module} imports {later}, which stand after it"


@pytest.mark.parametrize("module", NUMERICS)
def test_numerics_know_no_configuration(module: str) -> None:
    used = own(MODULES[module])
    assert not {m for m in used if m.startswith("config")} | (used & NO_NUMERICS)
    assert not outside(MODULES[module]) & {"meshio", "pyvista", "pydantic", "typer", "pandas", "matplotlib"}


def test_point_laws_know_no_mesh() -> None:
    for module in ("constitutive.swelling", "constitutive.elastoplasticity"):
        assert own(MODULES[module]) <= {"constitutive.swelling"}
        assert outside(MODULES[module]) <= {"__future__", "dataclasses", "typing", "numpy", "collections"}


@pytest.mark.parametrize(("library", "allowed"), [
    ("meshio", {"mesh", "section", "output", "runfolder"}), ("pyvista", {"rendering", "scene"}),
    ("typer", {"cli", "cli_report", "cli_study", "cli_verify"}), ("trame_vtk", {"scene"}), ("jinja2", {"report"}),
    ("h5py", {"vtkhdf"}),
    ("pypardiso", {"linear"}), ("pymetis", {"ordering"}), ("numba", {"compiled"}),
    ("pint", {"units"}), ("ruamel", {"yamlio"}), ("filelock", {"lock", "study.store"}),
    ("distributed", {"study.engine"}), ("psutil", {"study.supervisor", "study.child"})])
def test_a_library_is_imported_in_its_place_only(library: str, allowed: set[str]) -> None:
    users = {module for module, tree in MODULES.items() if library in outside(tree)}
    assert users <= allowed
    assert users


@pytest.mark.parametrize("module", sorted(MODULES))
def test_no_print_and_no_bare_assert(module: str) -> None:
    for node in ast.walk(MODULES[module]):
        assert not isinstance(node, ast.Assert), f"{module}:{node.lineno}: assert"
        called = node.func if isinstance(node, ast.Call) else None
        assert not (isinstance(called, ast.Name) and called.id == "print"), f"{module}: print"


@pytest.mark.parametrize("module", sorted(set(MODULES) - {""}))
def test_a_docstring_says_what_the_module_is(module: str) -> None:
    assert ast.get_docstring(MODULES[module])


def test_the_second_opinion_shares_no_code() -> None:
    assert own(MODULES["verify.cylinder"]) == set()
