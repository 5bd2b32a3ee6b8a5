"""Everything that femanode reads, as functions of bytes: each takes them, or refuses them in one line of plain text.

A fuzzer feeds them (`tests.fuzz.guided`), and the tests feed them the corpus in ``tests/corpus``. What is accepted is
written out again where there is a way to, and must then be read as the same.
"""

from __future__ import annotations

import hashlib
import io
import json
import unicodedata
from collections.abc import Callable
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np
from pydantic import ValidationError

from femanode.config.complaints import Place, explain
from femanode.config.library import describe, load_inert, load_material
from femanode.config.loading import Config, dump_config, load_config
from femanode.config.material import material_mapping
from femanode.config.sections import Boundary
from femanode.errors import ConfigError
from femanode.mesh.files import read_section
from femanode.mesh.outline import Outline
from femanode.mesh.traced import trace
from femanode.output.checkpoint import FORMAT, load_checkpoint
from femanode.output.runfolder import RunFolder
from femanode.simulation.opening import open_journal
from femanode.solver.problem import Problem, build_problem
from femanode.study.cases import Builder
from femanode.study.curves import SLACK, ColumnModel, DataModel, read_curve
from femanode.study.fitfile import load_fit
from femanode.study.sweepfile import load_sweep
from femanode.units import MEANING, format_quantity, parse_quantity
from tests.fronts import coarse_case

Reader = Callable[[bytes, Path], None]

#: Endings that a mesh file may have; the first line of the bytes names one.
ENDINGS = ("msh", "vtu", "vtk", "inp", "off", "stl", "obj", "mesh", "xdmf", "ply", "su2", "nas", "e", "med")
#: Longest line that a user is told.
LONGEST = 3000


def judged(name: str, data: bytes, folder: Path) -> str:
    """Feed bytes to a reader; the refusal, or an empty text where they were taken.

    Raises
    ------
    Exception
        Whatever the reader lets out that is no refusal; AssertionError where the refusal is not as promised.
    """
    try:
        READERS[name](data, folder)
    except ConfigError as error:
        for said in (str(error), error.for_command):
            strange = [c for c in said if unicodedata.category(c) in ("Cc", "Cs", "Zl", "Zp")]
            assert not strange, f"not one line of plain text: {said!r}"
            assert 0 < len(said) <= LONGEST, f"a line of {len(said)} characters"
            said.encode("utf-8")
        assert error.exit_code == 2
        return str(error)
    return ""


def _written(folder: Path, name: str, data: bytes) -> Path:
    path = folder / name
    path.write_bytes(data)
    return path


def _is_same(config: Config, folder: Path) -> None:
    """A configuration, written and read again, is the same."""
    text = dump_config(config)
    assert load_config(_written(folder, "again.yaml", text.encode())) == config


def configuration(data: bytes, folder: Path) -> None:
    """A configuration in YAML."""
    _is_same(load_config(_written(folder, "case.yaml", data)), folder)


def setting(data: bytes, folder: Path) -> None:
    """A key and its value as with --set, one a line, over the coarse case."""
    lines = data.decode("utf-8", "surrogateescape").split("\n")[:4]
    _is_same(Config.from_mapping(coarse_case(), lines), folder)


def material(data: bytes, folder: Path) -> None:
    """A file of a material, inert or not."""
    path = _written(folder, "material.yaml", data)
    refusals = []
    for load in (load_material, load_inert):
        try:
            found = load(str(path))
        except ConfigError as error:
            refusals.append(error)
        else:
            if load is load_material:
                assert load_material(material_mapping(found)) == found
            describe(str(path))
    if len(refusals) == 2:
        raise refusals[0]


def sweep(data: bytes, folder: Path) -> None:
    """A sweep file; its first cases are made."""
    _written(folder, "case.yaml", _coarse_yaml())
    study = load_sweep(_written(folder, "sweep.yaml", data))
    builder = Builder(study)
    for point in study.points[:2]:
        builder.config(point)


def fit(data: bytes, folder: Path) -> None:
    """A fit file beside a table and a configuration."""
    _written(folder, "case.yaml", _coarse_yaml())
    _written(folder, "data.csv", b"time_min,depth_nm\n1,2\n2,3.5\n3,4\n")
    found = load_fit(_written(folder, "fit.yaml", data))
    for parameter in found.parameters:
        assert np.isfinite(parameter.number(0.5))


def table(data: bytes, folder: Path) -> None:
    """A measured curve: first line the key, then the file."""
    first, _, rest = data.partition(b"\n")
    share = first[:1] == b"%"
    path = _written(folder, "data.csv", rest)
    model = DataModel(file=path.name, time=ColumnModel(column="t", unit="" if first[1:2] == b"h" else "min"),
                      value=ColumnModel(column="v", unit="" if share else "nm"),
                      key="converted_fraction" if share else "front_depth_nm",
                      error=ColumnModel(column="e", unit="" if share else "nm") if first[1:2] == b"e" else None)
    curve = read_curve(model, folder, {(): Place("fit.yaml")})
    assert np.all(np.diff(curve.time) > 0)
    assert np.all(np.isfinite(curve.value))
    assert np.all(curve.value >= (0.0 if curve.error is None else -SLACK * curve.error))
    assert curve.time[0] >= 0


def mesh(data: bytes, folder: Path) -> None:
    """A mesh file, behind a line with its ending, and what is asked of its outline."""
    ending, _, rest = data.partition(b"\n")
    name = ending.decode("ascii", "replace").strip()
    path = _written(folder, f"mesh.{name if name in ENDINGS else ENDINGS[0]}", rest)
    section = read_section(path)
    _is_an_outline(section.outline, section.mesh.doflocs)


def outline(data: bytes, folder: Path) -> None:
    """The boundary of a section as a chain of nodes: radius and angle of each by two bytes; the first says which."""
    head, steps = (data[0] if data else 0), np.frombuffer(data[1:61], dtype=np.uint8)
    steps = steps[: 2 * (len(steps) // 2)].reshape(-1, 2).astype(float)
    if len(steps) < 3:
        raise ConfigError("too few nodes")
    sector = ("full", "half", "quarter")[head % 3]
    span = {"full": 2.0 * np.pi, "half": np.pi, "quarter": 0.5 * np.pi}[sector]
    angle = np.cumsum(steps[:, 0] + (1.0 if head & 4 else 0.0))
    n = len(angle)
    angle = angle / max(angle[-1], 1.0) * span if head & 8 else np.linspace(0.0, span, n, endpoint=sector != "full")
    if sector == "full":
        angle = angle - angle[0]
    radius = 1.0 + steps[:, 1] / (16.0 if head & 16 else 1.0)
    points = radius * np.array([np.cos(angle), np.sin(angle)])
    chain = np.arange(n)
    edges = np.array([chain, np.roll(chain, -1)]) if sector == "full" else np.array([chain[:-1], chain[1:]])
    if head & 32:
        hole = 0.5 * points
        inner = np.array([edges[1], edges[0]]) + n
        points, edges = np.hstack([points, hole]), np.hstack([edges, inner])
    traced = trace(points, edges, sector, ("outer", "inner", "both")[head // 64 % 3], "mesh")
    _is_an_outline(traced, points, whole=sum(data) % 32 == 0)


def _is_an_outline(outline: Outline, points: np.ndarray, *, whole: bool = True) -> None:
    """Depths, normals and rays of an outline are what their names say; ``whole`` asks for what takes half a second."""
    depth, normal = outline.depth(points), outline.normal(points)
    assert np.all(np.isfinite(depth))
    assert np.all(np.isfinite(normal))
    assert np.all(np.sqrt((normal**2).sum(axis=0)) < 1.0 + 1e-9)
    angle = np.linspace(0.0, 2.0 * np.pi, 33)
    near, far = outline.reach(np.array([np.cos(angle), np.sin(angle)]))
    assert np.all(far > near)
    assert np.all(near >= 0.0)
    assert outline.area("full") > 0.0
    if not whole:
        return
    assert outline.wall > 0.0
    depths = [outline.equivalent_depth(share) for share in (0.0, 0.3, 1.0)]
    assert np.all(np.diff(depths) >= 0.0)


def checkpoint(data: bytes, folder: Path) -> None:
    """The bytes of ``checkpoint.npz``."""
    _written(folder, "checkpoint.npz", data)
    load_checkpoint(folder, _coarse().config.model_dump(mode="json"))


def forged(data: bytes, folder: Path) -> None:
    """A checkpoint whose checksum is right whatever is in it: the run's own, with the changes that the bytes say.

    Each line is ``path=JSON`` within its description, or ``-name`` or ``name~n`` of an array: left out, or cut to n.
    """
    meta, arrays = _own_checkpoint()
    meta = json.loads(json.dumps(meta))
    for line in data.decode("utf-8", "replace").splitlines()[:8]:
        _forge(meta, arrays, line)
    arrays["meta"] = np.frombuffer(json.dumps(meta).encode(), np.uint8)
    found = hashlib.sha256()
    for name in sorted(arrays):
        found.update(f"{name} {arrays[name].dtype.str} {arrays[name].shape} ".encode() + arrays[name].tobytes())
    stream = io.BytesIO()
    np.savez(stream, digest=np.frombuffer(found.digest(), np.uint8), **arrays)
    run = folder / "run"
    (run / "frames").mkdir(parents=True, exist_ok=True)
    for frame in ("frame_0000.vtu",):
        (run / "frames" / frame).write_bytes(b"")
    for kept in run.glob("checkpoint*"):
        kept.unlink()
    _written(run, "checkpoint.npz", stream.getvalue())
    _written(run, "config.yaml", b"")
    journal = open_journal(_coarse(), run, overwrite=False, resume=True)
    if journal is not None:
        journal.history.close()


def _forge(meta: dict[str, Any], arrays: dict[str, np.ndarray], line: str) -> None:
    if line.startswith("-"):
        arrays.pop(line[1:], None)
        return
    if "~" in line:
        name, _, size = line.partition("~")
        if name in arrays and size.isascii() and size.isdigit():
            arrays[name] = arrays[name][: int(size)]
        return
    path, equals, text = line.partition("=")
    try:
        value = json.loads(text) if equals else None
    except ValueError:
        value = text
    *parents, last = path.split(".")
    node: Any = meta
    for key in parents:
        node = node.get(key) if isinstance(node, dict) else None
    if isinstance(node, dict):
        if equals:
            node[last] = value
        else:
            node.pop(last, None)


def protocol(data: bytes, folder: Path) -> None:
    """Steps of a protocol, one a line; what is in braces is JSON."""
    steps: list[Any] = []
    for line in data.decode("utf-8", "surrogateescape").split("\n")[:6]:
        try:
            steps.append(json.loads(line) if line.startswith("{") else line)
        except (ValueError, RecursionError):
            steps.append(line)
    try:
        boundary = Boundary.model_validate({"protocol": steps})
    except ValidationError as error:
        raise explain(error, Boundary, {(): Place("case.yaml")}) from None
    again = Boundary.model_validate(boundary.model_dump(mode="json"))
    assert again.protocol == boundary.protocol, f"{boundary.protocol} is read again as {again.protocol}"


def quantity(data: bytes, folder: Path) -> None:
    """A number with its unit, after the number of the unit that is wanted."""
    text = data[1:].decode("utf-8", "surrogateescape")
    unit = list(MEANING)[(data[0] if data else 0) % len(MEANING)]
    value = parse_quantity(text, unit)
    assert parse_quantity(format_quantity(value, unit), unit) == value


#: Files of a run's folder that are read back.
FILES = ("history.csv", "summary.json", "manifest.json", "frames.pvd", "frames/frame_0000.vtu")


def folder(data: bytes, folder: Path) -> None:
    """A file of a run's folder, behind a line with its name."""
    first, _, rest = data.partition(b"\n")
    name = first.decode("ascii", "replace").strip()
    run = folder / "read"
    (run / "frames").mkdir(parents=True, exist_ok=True)
    _written(run, "manifest.json", b'{"sector": "quarter"}')
    _written(run, "frames.pvd", b'<VTKFile><DataSet timestep="0" file="frames/frame_0000.vtu"/></VTKFile>')
    _written(run, name if name in FILES else FILES[0], rest)
    found = RunFolder(run)
    match name:
        case "summary.json":
            assert isinstance(found.summary, dict)
        case "manifest.json":
            assert found.name
            assert found.sector
        case "frames.pvd":
            assert len(found.frames.times)
        case "frames/frame_0000.vtu":
            assert found.frames[0].mesh.points.shape[1] == 2
        case _:
            assert len(found.history.columns)


READERS: dict[str, Reader] = {
    "configuration": configuration, "setting": setting, "material": material, "sweep": sweep, "fit": fit,
    "table": table, "mesh": mesh, "outline": outline, "checkpoint": checkpoint, "forged": forged,
    "protocol": protocol, "quantity": quantity, "folder": folder}


@cache
def _coarse() -> Problem:
    """A problem whose checkpoints are forged."""
    return build_problem(Config.from_mapping(coarse_case()))


@cache
def _coarse_yaml() -> bytes:
    return dump_config(Config.from_mapping(coarse_case())).encode()


def _own_checkpoint() -> tuple[dict[str, Any], dict[str, np.ndarray]]:
    """Description and arrays of the checkpoint at the beginning of the coarse case."""
    meta, arrays = _first_parts()
    return meta, dict(arrays)


@cache
def _first_parts() -> tuple[dict[str, Any], dict[str, np.ndarray]]:
    import tempfile

    from femanode import __version__

    problem = _coarse()
    with tempfile.TemporaryDirectory() as scratch:
        journal = open_journal(problem, Path(scratch) / "run", overwrite=False, resume=False)
        assert journal is not None
        parts = {**journal.parts()}
        journal.history.close()
    data = {name: dict(part.data) for name, part in parts.items()}
    data["solver"] = {"name": problem.physics.mechanics.solver.name, "threads": 1}
    meta = {"format": FORMAT, "version": __version__, "configuration": problem.config.model_dump(mode="json"),
            "data": data}
    return meta, {f"{name}/{key}": array for name, part in parts.items() for key, array in part.arrays.items()}
