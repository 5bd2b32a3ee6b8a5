"""Nothing of a file is executed, and a foreign one reads nothing outside of its folder when told so."""

from __future__ import annotations

import ast
import json
import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import femanode
from femanode.config.library import load_material
from femanode.config.loading import Config, load_config
from femanode.config.trust import confined_to
from femanode.config.yamlio import load_yaml
from femanode.errors import ConfigError
from femanode.output.checkpoint import load_checkpoint
from tests.browser import Browser
from tests.casefile import CASE
from tests.fronts import coarse_case

PACKAGE = Path(femanode.__file__).parent
HOSTILE = ("</script><img src=x onerror=document.hacked=1>\"'><script>document.hacked=2</script>"
           "<a href='javascript:document.hacked=3'>x</a>{{ 6 * 7 }}")


@pytest.mark.parametrize("tag", ["!!python/object/apply:os.mkdir [WHERE]", "!!python/name:os.system", "!!python/none",
                                 "!!python/object/new:os.mkdir {args: [WHERE]}", "!include /etc/passwd", "!env HOME"])
@pytest.mark.parametrize("read", [load_config, load_material, load_yaml])
def test_a_tag_makes_nothing(tmp_path: Path, tag: str, read: Callable[[Any], object]) -> None:
    path, made = tmp_path / "case.yaml", tmp_path / "made"
    path.write_text(CASE.replace("name: case", f"name: {tag.replace('WHERE', json.dumps(str(made)))}"))
    with pytest.raises(ConfigError, match=r"case\.yaml:1: "):
        read(str(path))
    assert not made.exists()


class Payload:
    """What makes a folder when it is unpickled."""

    def __init__(self, where: Path) -> None:
        self.where = where

    def __reduce__(self) -> tuple[object, ...]:
        return os.mkdir, (str(self.where),)


@pytest.mark.parametrize("key", ["meta", "digest", "state/xi"])
def test_a_checkpoint_unpickles_nothing(tmp_path: Path, key: str) -> None:
    made = tmp_path / "made"
    meta = np.frombuffer(json.dumps({"format": 5, "version": femanode.__version__}).encode(), np.uint8)
    np.savez(tmp_path / "checkpoint", **{"meta": meta, key: np.array([Payload(made)], dtype=object)})
    with pytest.raises(ConfigError, match="no checkpoint can be read"):
        load_checkpoint(tmp_path, {})
    assert not made.exists()


def test_the_package_has_no_way_to_execute_data() -> None:
    """No eval, exec, unpickling or unsafe YAML anywhere; only numba keeps compiled code, in the user's own cache."""
    for path in PACKAGE.rglob("*.py"):
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(node, ast.Call):
                called = ast.unparse(node.func)
                place = f"{path.relative_to(PACKAGE)}:{node.lineno} {called}"
                assert called not in ("eval", "exec", "__import__", "os.system", "os.popen"), place
                assert not called.startswith(("pickle.", "marshal.", "shelve.", "yaml.", "joblib.")), place
                given = {k.arg: ast.unparse(k.value) for k in node.keywords}
                assert given.get("allow_pickle", "False") == "False", place
                assert given.get("shell", "False") == "False", place
                assert called != "YAML" or given.get("typ") == "'safe'", place


@pytest.fixture
def place(tmp_path: Path) -> Path:
    """A foreign folder, beside one that is none of its business."""
    inside, outside = tmp_path / "foreign", tmp_path / "private"
    inside.mkdir(), outside.mkdir()
    material = (PACKAGE / "materials" / "Li-Si.yaml").read_text(encoding="utf-8")
    for folder in (inside, outside):
        (folder / "material.yaml").write_text(material, encoding="utf-8")
        (folder / "mesh.msh").write_text("$MeshFormat\n")
        (folder / "data.csv").write_text("t/s,depth/nm\n1,2\n3,4\n5,6\n")
        (folder / "base.yaml").write_text(CASE)
    (inside / "link.yaml").symlink_to(outside / "material.yaml")
    (inside / "linked").symlink_to(outside)
    return inside


@pytest.mark.parametrize(("material", "refused"), [
    ("./material.yaml", False), ("../foreign/material.yaml", False), ("Li-Si", False),
    ("../private/material.yaml", True), ("./link.yaml", True), ("linked/material.yaml", True),
    ("/etc/passwd.yaml", True), ("../private/missing.yaml", True)])
def test_a_material_from_outside_is_refused_where_that_is_wanted(place: Path, material: str, refused: bool) -> None:
    path = place / "case.yaml"
    path.write_text(CASE.replace("material: Li-Si", f"material: {material}"))
    if not refused or "private/material" in material or "link" in material:
        load_config(path)  # trusted
    with confined_to(place):
        if refused:
            with pytest.raises(ConfigError, match=r"material.*outside of .*foreign'; allowed: files in the folder"):
                load_config(path)
        else:
            load_config(path)


@pytest.mark.parametrize(("mesh", "match"), [
    ("../private/mesh.msh", r"geometry\.path.*outside"), ("linked/mesh.msh", r"geometry\.path.*outside"),
    ("case.xdmf", "other formats can name other files"), ("mesh.inp", "other formats can name other files")])
def test_a_mesh_from_outside_is_refused(place: Path, mesh: str, match: str) -> None:
    path = place / "case.yaml"
    path.write_text(CASE.replace("shape: circle\n  diameter: 129 nm", f"shape: file\n  path: {mesh}"))
    with confined_to(place), pytest.raises(ConfigError, match=match):
        load_config(path)



SWEEP = "name: s\nbase: FILE\naxes: {geometry.diameter: [60 nm]}\n"


@pytest.mark.parametrize("command", ["run", "check", "mesh", "sweep"])
def test_every_command_has_the_option(place: Path, command: str) -> None:
    path = place / "case.yaml"
    path.write_text(SWEEP.replace("FILE", "../private/base.yaml") if command == "sweep" else
                    CASE.replace("material: Li-Si", "material: ../private/material.yaml"))
    done = subprocess.run([sys.executable, "-m", "femanode", command, path, "--untrusted"], capture_output=True,
                          text=True, check=False, timeout=60)
    assert done.returncode == 2
    assert "outside of" in done.stderr
    assert done.stderr.count("\n") == 1


@pytest.mark.parametrize(("cache", "refused"), [
    ("cases", False), ("../foreign/cases", False), ("../private/cases", True), ("/elsewhere/cases", True),
    ("linked/cases", True)])
def test_cases_kept_outside_are_refused(place: Path, cache: str, refused: bool) -> None:
    from femanode.study.fitfile import load_fit
    from femanode.study.sweepfile import load_sweep

    (place / "case.yaml").write_text(CASE)
    (place / "sweep.yaml").write_text(SWEEP.replace("FILE", "case.yaml") + f"cache: {cache}\n")
    (place / "fit.yaml").write_text(f"base: case.yaml\ncache: {cache}\nparameters: {{temperature: {{from: 290 K, to: "
                                    "310 K}}\ntargets: {front_depth_nm: {value: 3 nm, error: 1 nm}}\n")
    for load, file in ((load_sweep, "sweep.yaml"), (load_fit, "fit.yaml")):
        load(place / file)  # trusted
        with confined_to(place):
            if refused:
                with pytest.raises(ConfigError, match=rf"{file}:\d+: cache: found '.*cases', outside of"):
                    load(place / file)
            else:
                load(place / file)


def test_data_of_a_fit_from_outside_are_refused(place: Path) -> None:
    from femanode.study.datafile import read_datafile

    wanted = ("t/s", "depth/nm")
    assert len(read_datafile(place / "linked" / "data.csv", wanted).rows) == 3
    with confined_to(place):
        read_datafile(place / "data.csv", wanted)
        for path in ("../private/data.csv", "linked/data.csv", "../private/missing.csv"):
            with pytest.raises(ConfigError, match="outside of"):
                read_datafile(place / path, wanted)


@pytest.mark.parametrize("name", ["../out", "/out", "a/b", "..", ".hidden", "a\\b", "a\n", "<b>", "$(x)", "a;b"])
def test_a_name_leads_nowhere(name: str) -> None:
    with pytest.raises(ConfigError, match="name"):
        Config.from_mapping(coarse_case(name=name))


@pytest.fixture(scope="module")
def hostile_page(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The page of a run whose files were written by somebody else."""
    from femanode.pictures.page.report import write_report

    material = load_yaml(PACKAGE / "materials" / "Li-Si.yaml")[0]
    material["swelling"]["expansion"] = {"value": 2.8, "source": HOSTILE, "confidence": "C"}
    case = coarse_case(geometry={"shape": "circle", "diameter": "60 nm"}, time={"end": "30 s"}, material=material,
                       output={"frames": 2, "pictures": False})
    folder = femanode.run(Config.from_mapping(case), tmp_path_factory.mktemp("hostile") / "run").path
    for name, keys in (("summary.json", ("stop_reason", "warnings", "crack_risk_basis", "self_limited_criterion")),
                       ("manifest.json", ("stop_reason", "notes", "name", "solver"))):
        data = json.loads((folder / name).read_text(encoding="utf-8"))
        for key in keys:
            data[key] = [HOSTILE] if isinstance(data.get(key), list) else HOSTILE
        (folder / name).write_text(json.dumps(data), encoding="utf-8")
    return write_report(folder)


def test_the_page_shows_what_files_say(hostile_page: Path) -> None:
    page = hostile_page.read_text(encoding="utf-8")
    assert "hacked=1" in page, "it is shown"
    assert "<img src=x" not in page
    assert "<script>document" not in page


def test_the_page_runs_nothing_of_what_files_say(hostile_page: Path, tab: Browser) -> None:
    tab.open(hostile_page, 1280)
    assert "hacked=1" in tab.run("document.body.textContent")
    assert tab.run("document.hacked ?? 0") == 0
    assert tab.run("document.querySelectorAll('a[href^=\"javascript:\"], img[src=\"x\"]').length") == 0
