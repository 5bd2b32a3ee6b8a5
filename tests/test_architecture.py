"""Imports go one way, and what the house forbids in the package is not in it; read from the source, not by running."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[1] / "femanode"

#: Each folder may import from those above it and from itself.
ORDER = (
    "errors", "units",
    "numerics",
    "constitutive",
    "config", "materials",
    "mesh",
    "solver",
    "output",
    "postprocess",
    "pictures",
    "simulation",
    "study",
    "verify",
    "cli",
    "__main__",
)

#: Of the solver, what turns a configuration into solvers; all else there knows numbers only.
BRIDGES = ("solver.problem", "solver.laws", "solver.remarks", "solver.resolution", "solver.electrode",
           "solver.adaptation", "solver.programme")


def name_of(path: Path) -> str:
    parts = path.relative_to(ROOT).with_suffix("").parts
    return ".".join(parts[:-1] if parts[-1] == "__init__" else parts)


MODULES = {name_of(path): ast.parse(path.read_text(encoding="utf-8")) for path in sorted(ROOT.rglob("*.py"))}


def folder(module: str) -> str:
    return module.split(".")[0]


def imports(tree: ast.AST) -> Iterator[str]:
    """Dotted names imported anywhere in a module, also within functions."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, "relative imports are not used"
            yield node.module or ""
            yield from (f"{node.module}.{alias.name}" for alias in node.names)


def own(tree: ast.AST) -> set[str]:
    """Modules of the package that a module imports; a folder's own file counts only where nothing within is meant."""
    found = {name.removeprefix("femanode.") for name in imports(tree) if name.startswith("femanode.")}
    found &= set(MODULES)
    return {name for name in found if not any(other.startswith(name + ".") for other in found)}


def outside(tree: ast.AST) -> set[str]:
    return {name.split(".")[0] for name in imports(tree)}


def inside(*folders: str) -> list[str]:
    return [m for m in MODULES if folder(m) in folders and (m in folders or "." in m)]


def test_every_folder_has_its_place() -> None:
    assert {folder(m) for m in MODULES} - {""} == set(ORDER)


@pytest.mark.parametrize("module", sorted(set(MODULES) - {""}))
def test_imports_go_one_way(module: str) -> None:
    place = ORDER.index(folder(module))
    later = {other for other in own(MODULES[module]) if ORDER.index(folder(other)) > place}
    assert not later, f"{module} imports {later}, which stand after it"


def _circle(module: str, graph: dict[str, set[str]]) -> bool:
    """Whether a module reaches itself."""
    seen: set[str] = set()
    waiting = list(graph[module])
    while waiting:
        other = waiting.pop()
        if other == module:
            return True
        if other not in seen:
            seen.add(other)
            waiting += graph[other]
    return False


def test_no_module_reaches_itself() -> None:
    graph = {module: own(tree) for module, tree in MODULES.items()}
    # What stands in the package's own file is found on first use and imports nothing before.
    for module in ("", "config", "materials"):
        graph[module] = set()
    assert not [module for module in MODULES if _circle(module, graph)]


@pytest.mark.parametrize("module", inside("numerics", "constitutive", "mesh", "solver"))
def test_numerics_know_no_configuration(module: str) -> None:
    used = own(MODULES[module])
    if module not in BRIDGES:
        assert not {m for m in used if folder(m) in ("config", "materials", "units")} | (used & set(BRIDGES))
    known = {"meshio"} if folder(module) == "mesh" else set()
    assert not outside(MODULES[module]) & {"meshio", "pyvista", "pydantic", "typer", "pandas", "matplotlib"} - known


@pytest.mark.parametrize("module", inside("constitutive"))
def test_laws_know_no_mesh(module: str) -> None:
    assert {folder(m) for m in own(MODULES[module])} <= {"constitutive", "errors", "numerics"}
    assert {m for m in own(MODULES[module]) if folder(m) == "numerics"} <= {"numerics.arrays"}
    assert outside(MODULES[module]) <= {"__future__", "collections", "dataclasses", "femanode", "itertools", "math",
                                        "numpy", "re", "scipy", "typing"}


@pytest.mark.parametrize(("library", "allowed"), [
    ("meshio", {"mesh.files", "mesh.groups", "output.writers", "output.runfolder"}),
    ("pyvista", {"pictures.rendering", "pictures.sampling"}), ("bokeh", {"pictures.interactive"}),
    ("typer", {"cli.commands", "cli.report", "cli.study", "cli.systems", "cli.verify"}),
    ("trame_vtk", {"pictures.scene"}), ("jinja2", {"pictures.page.report"}), ("h5py", {"output.vtkhdf"}),
    ("pypardiso", {"numerics.pardiso"}), ("rslab", {"numerics.rslab"}),
    ("pymetis", {"numerics.ordering"}), ("numba", {"numerics.compiled"}),
    ("pint", {"units"}), ("ruamel", {"config.yamlio"}), ("filelock", {"output.lock", "study.execution.store"}),
    ("distributed", {"study.execution.engine"}),
    ("psutil", {"study.execution.limits", "study.execution.child"})])
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


@pytest.mark.parametrize("module", sorted(MODULES))
def test_a_docstring_says_what_the_module_is(module: str) -> None:
    assert ast.get_docstring(MODULES[module])


def test_the_second_opinion_shares_no_code() -> None:
    assert own(MODULES["verify.cylinder"]) == set()


def test_array_types_are_named_once() -> None:
    for module, tree in MODULES.items():
        named = [node for node in tree.body if isinstance(node, ast.Assign) and "NDArray" in ast.unparse(node.value)]
        assert not named or module in ("numerics.arrays", "verify.cylinder"), module
