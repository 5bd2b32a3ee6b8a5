"""An interactive section for the browser: VTK's scene in vtk.js's offline viewer, one page that needs no network.

VTK is kept out of the caller's process, as in ``rendering``: ``python -m femanode.pictures.scene job.json`` is the
worker. It describes the scene and does not draw it, so that no OpenGL is needed.
"""

from __future__ import annotations

import io
import json
import math
import os
import subprocess
import sys
import zipfile
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

if TYPE_CHECKING:  # the worker needs none of them, and loads in half the time
    from femanode.pictures.directions import Direction
    from femanode.pictures.sectionview import SectionView

INSTALL_HINT = "pip install trame-vtk"


class NoSceneError(Exception):
    """The interactive view could not be made; the text says why."""


def write_scene(view: SectionView, colours: str, limits: tuple[float, float], out: Path,
                directions: tuple[Direction, Direction] | None = None) -> Path:
    """Write a page in which a section can be turned, moved and zoomed.

    Parameters
    ----------
    view : SectionView
    colours : str
        A matplotlib colour map.
    limits : (float, float)
        Values at its two ends.
    out : Path
        The ``.html`` to write.
    directions : (Direction, Direction), optional
        Crystal directions along x and y, or r and z, shown as arrows.

    Returns
    -------
    Path

    Raises
    ------
    NoSceneError
        When VTK or its web viewer is missing, or fails.
    """
    from matplotlib import colormaps

    from femanode.pictures.directions import plain

    data, job = out.with_suffix(".npz"), out.with_suffix(".json")
    lines = [*view.front, *(piece for edge in view.outlines for piece in _pieces(edge))]
    np.savez(data, points=view.points, triangles=view.triangles, values=view.values,
             segments=np.array(lines).reshape(-1, 2, 2),
             table=colormaps[colours](np.linspace(0.0, 1.0, 256), bytes=True))
    job.write_text(json.dumps({"data": str(data), "limits": limits, "out": str(out),
                               "directions": [plain(u) for u in directions or ()]}), encoding="utf-8")
    search = [str(Path(__file__).resolve().parents[2]), os.environ.get("PYTHONPATH", "")]
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join(filter(None, search))}
    try:
        done = subprocess.run([sys.executable, "-m", "femanode.pictures.scene", str(job)], env=environment,
                              capture_output=True, text=True, errors="replace", timeout=120, check=False)
    except (OSError, subprocess.TimeoutExpired) as error:
        raise NoSceneError(type(error).__name__) from error
    if done.returncode != 0 or not out.is_file():
        last = (done.stderr.strip().splitlines() or ["no message"])[-1]
        hint = f"; {INSTALL_HINT}" if "No module named" in last else ""
        raise NoSceneError(f"{last[:160]}{hint}")
    return out


def _pieces(edge: np.ndarray[Any, np.dtype[np.float64]]) -> np.ndarray[Any, np.dtype[np.float64]]:
    """A chain of points as segments (n - 1, 2, 2)."""
    return np.stack([edge[:-1], edge[1:]], axis=1)


def build_page(job: dict[str, Any]) -> None:
    """Describe the scene and put it into the viewer's page; runs in the worker process only.

    Parameters
    ----------
    job : dict
        ``data`` (.npz with points, triangles, values, segments and the table of colours, (256, 4) bytes), ``limits``,
        ``out``, ``directions`` (names along x and y, or none).
    """
    from vtkmodules import vtkRenderingCore as vtk

    with np.load(job["data"]) as loaded:
        data = dict(loaded)
    half = float(np.abs(data["points"]).max())
    renderer = vtk.vtkRenderer()
    renderer.SetBackground(1.0, 1.0, 1.0)
    lines = data["segments"].reshape(-1, 2)
    edges = _poly_data(_flat(lines, 1e-3 * half), lines=np.arange(len(lines)).reshape(-1, 2))
    for actor in (_coloured(vtk, data, job["limits"]), _plain(vtk, edges), *_arrows(vtk, job["directions"], half)):
        renderer.AddActor(actor)
    camera = renderer.GetActiveCamera()
    low = -0.16 * half if job["directions"] else 0.0
    camera.SetParallelProjection(1)
    camera.SetFocalPoint(0.0, low, 0.0)
    # The browser's viewer has perspective: it is the distance that sets the scale.
    height = 1.1 * half - low
    camera.SetPosition(0.0, low, height / math.tan(math.radians(0.5 * camera.GetViewAngle())))
    camera.SetParallelScale(height)
    window = vtk.vtkRenderWindow()
    window.SetOffScreenRendering(1)
    window.AddRenderer(renderer)
    _write_page(_packed(window, camera), Path(job["out"]))


def _packed(window: Any, camera: Any) -> bytes:
    """The scene as the viewer reads it: a zip of its description and of the arrays that it names."""
    from trame_vtk.modules.vtk.serializers import (
        SynchronizationContext,
        extract_array_hash,
        initialize_serializers,
        reference_id,
        serialize,
    )

    initialize_serializers()
    context = SynchronizationContext()
    context.set_ignore_last_dependencies(True)
    scene = serialize(None, window, reference_id(window), context, 1)
    scene["extra"] = {"vtkRefId": reference_id(window), "centerOfRotation": [0.0, 0.0, 0.0],
                      "camera": reference_id(camera)}
    hashes = {entry["hash"]: {**entry, "content": context.get_cached_data_array(entry["hash"], False)}
              for entry in extract_array_hash(scene)}
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("index.json", json.dumps({"hashes": hashes, "scene": scene}))
    return packed.getvalue()


def _write_page(scene: bytes, out: Path) -> None:
    """Put a packed scene into the viewer's page."""
    from trame_vtk.tools.vtksz2html import write_html

    with out.open("w", encoding="utf-8") as page:
        write_html(scene, page)


def _flat(points: Any, height: float = 0.0) -> Any:
    """Points (n, 2) of the section in space (n, 3), single precision."""
    return np.column_stack([points, np.full(len(points), height)]).astype(np.float32)


def _arrays() -> Any:
    """VTK's exchange of arrays with numpy."""
    from vtkmodules.util import numpy_support

    return numpy_support


def _poly_data(points: Any, *, lines: Any = None, triangles: Any = None) -> Any:
    """VTK's surface of points (n, 3) with lines (m, 2) or triangles (m, 3)."""
    from vtkmodules.vtkCommonCore import vtkPoints
    from vtkmodules.vtkCommonDataModel import vtkCellArray, vtkPolyData

    data, places = vtkPolyData(), vtkPoints()
    places.SetData(_arrays().numpy_to_vtk(np.ascontiguousarray(points), deep=True))
    data.SetPoints(places)
    for cells, put in ((lines, data.SetLines), (triangles, data.SetPolys)):
        if cells is not None:
            made = vtkCellArray()
            parts = (np.arange(0, cells.size + 1, cells.shape[1]), cells.ravel())
            made.SetData(*(_arrays().numpy_to_vtk(part.astype(np.int64), deep=True) for part in parts))
            put(made)
    return data


def _coloured(vtk: Any, data: dict[str, Any], limits: Sequence[float]) -> Any:
    """The field's actor, unlit."""
    from vtkmodules.vtkCommonCore import vtkLookupTable

    surface = _poly_data(_flat(data["points"]), triangles=data["triangles"])
    values = _arrays().numpy_to_vtk(data["values"].astype(np.float32), deep=True)
    values.SetName("values")
    surface.GetPointData().SetScalars(values)
    table = vtkLookupTable()
    table.SetNumberOfTableValues(len(data["table"]))
    table.SetTable(_arrays().numpy_to_vtk(data["table"], deep=True))
    table.SetTableRange(*limits)
    mapper = vtk.vtkPolyDataMapper()
    mapper.SetInputData(surface)
    mapper.SetLookupTable(table)
    mapper.SetScalarRange(*limits)
    mapper.SetScalarModeToUsePointData()
    mapper.SetInterpolateScalarsBeforeMapping(1)
    actor = vtk.vtkActor()
    actor.SetMapper(mapper)
    actor.GetProperty().SetLighting(False)
    return actor


def _arrows(vtk: Any, names: Sequence[str], half: float) -> list[Any]:
    """Actors of two arrows along x and y below the section, with their names; none without names."""
    from vtkmodules.vtkRenderingFreeType import vtkVectorText

    actors = []
    length, foot = 0.2 * half, np.array([-half, -1.34 * half])
    for name, along in zip(names, np.eye(2), strict=False):
        across, tip = along[::-1], foot + length * along
        behind, beside = tip - 0.06 * half * along, 0.022 * half * across
        head = np.array([tip, behind + beside, behind - beside])
        actors.append(_plain(vtk, _poly_data(_flat(np.array([foot, tip])), lines=np.array([[0, 1]]))))
        actors.append(_plain(vtk, _poly_data(_flat(head), triangles=np.array([[0, 1, 2]]))))
        text = vtkVectorText()
        text.SetText(name)
        text.Update()
        letters = text.GetOutput()
        places = 0.08 * half * _arrays().vtk_to_numpy(letters.GetPoints().GetData())[:, :2]
        low = places.min(axis=0)
        # Right of the one arrow, at its height; above the other.
        gap = np.array([0.03, -0.5 * np.ptp(places[:, 1]) / half]) if along[0] else np.array([-0.03, 0.02])
        letters.GetPoints().SetData(_arrays().numpy_to_vtk(_flat(places - low + tip + gap * half), deep=True))
        actors.append(_plain(vtk, letters))
    return actors


def _plain(vtk: Any, lines: Any) -> Any:
    """The actor of front, outline, arrows and letters, dark."""
    mapper = vtk.vtkPolyDataMapper()
    mapper.SetInputData(lines)
    mapper.SetScalarVisibility(0)
    actor = vtk.vtkActor()
    actor.SetMapper(mapper)
    actor.GetProperty().SetColor(0.1, 0.1, 0.1)
    actor.GetProperty().SetLineWidth(2.0)
    actor.GetProperty().SetLighting(False)
    return actor


if __name__ == "__main__":
    build_page(json.loads(Path(sys.argv[1]).read_text(encoding="utf-8")))
