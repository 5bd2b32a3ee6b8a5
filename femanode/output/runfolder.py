"""Reading a finished run's folder back: tables, dictionaries and frames, each only when asked for.

It needs nothing of the solver.
"""

from __future__ import annotations

import csv
import json
import xml.etree.ElementTree as ElementTree
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any, overload

import meshio
import numpy as np

from femanode.errors import ConfigError
from femanode.numerics.arrays import Array, IntArray
from femanode.output.linearcells import join_linear

if TYPE_CHECKING:
    import pandas as pd

SECTORS = ("quarter", "half", "full")


def read_table(path: Path) -> pd.DataFrame:
    """A CSV table with every number as it was written.

    Before version 3 pandas' default parser may be off in the last digit; from then on it is exact, and asking for that
    is deprecated.
    """
    import pandas as pd

    exact = {"float_precision": "round_trip"} if int(pd.__version__.split(".")[0]) < 3 else {}
    return pd.read_csv(path, **exact)  # type: ignore[call-overload,no-any-return]


@dataclass(frozen=True)
class FrameMesh:
    """Arrays of one frame, free of any mesh library.

    Parameters
    ----------
    points : ndarray, shape (n, 2)
        Reference coordinates, nm.
    triangles6 : ndarray of int, shape (ne, 6)
        Quadratic triangles in VTK order: three corners, then midsides 01, 12, 20.
    fields : mapping of str to ndarray
        Point data: scalars (n,), vectors (n, 3), symmetric tensors (n, 6) as xx, yy, zz, xy, yz, xz.
    """

    points: Array
    triangles6: IntArray
    fields: Mapping[str, Array]


@dataclass(frozen=True)
class Frame:
    """One stored instant; the file is read at the first use of ``mesh``.

    Parameters
    ----------
    time : float
        Time in s.
    path : Path
        The ``.vtu`` file.
    """

    time: float
    path: Path

    @cached_property
    def mesh(self) -> FrameMesh:
        """Reference mesh and point data.

        Raises
        ------
        ConfigError
            When the file is missing, unreadable or holds no quadratic triangles.
        """
        return read_vtu(self.path)


class Frames(Sequence[Frame]):
    """The frames of a run in time order; every access gives a fresh, unread Frame.

    Parameters
    ----------
    entries : sequence of (float, Path)
        Times in s and files.
    """

    def __init__(self, entries: Sequence[tuple[float, Path]]) -> None:
        self._entries = tuple(entries)

    @property
    def times(self) -> Array:
        """Times in s, shape (number of frames,)."""
        return np.array([time for time, _ in self._entries], dtype=float)

    def __len__(self) -> int:
        return len(self._entries)

    @overload
    def __getitem__(self, index: int) -> Frame: ...

    @overload
    def __getitem__(self, index: slice) -> Frames: ...

    def __getitem__(self, index: int | slice) -> Frame | Frames:
        if isinstance(index, slice):
            return Frames(self._entries[index])
        return Frame(*self._entries[index])

    def __iter__(self) -> Iterator[Frame]:
        return (Frame(*entry) for entry in self._entries)


class RunFolder:
    """A run's folder, read lazily.

    Parameters
    ----------
    path : str or Path
        The folder that ``femanode run`` wrote.

    Raises
    ------
    ConfigError
        When it is not the folder of a run; later, when a file in it is missing or broken.
    """

    def __init__(self, path: str | Path) -> None:
        self.path = Path(path)
        if not self.path.is_dir():
            found = "is a file" if self.path.exists() else "no such folder"
            raise ConfigError(found, where=str(self.path), allowed="the folder of a run")
        if not (self.path / "manifest.json").is_file():
            raise ConfigError("no manifest.json: not the folder of a run", where=str(self.path),
                              hint="give the folder that femanode run wrote")

    @cached_property
    def manifest(self) -> dict[str, Any]:
        """Contents of ``manifest.json``."""
        return _read_json(self.path / "manifest.json")

    @cached_property
    def summary(self) -> dict[str, Any]:
        """Contents of ``summary.json``: the figures of merit."""
        return _read_json(self.path / "summary.json")

    @cached_property
    def history(self) -> pd.DataFrame:
        """``history.csv``: one row per accepted step, unit in the column's name."""
        path = self.path / "history.csv"
        try:
            return read_table(path)
        except FileNotFoundError:
            raise _missing(path) from None
        except (ValueError, OSError) as error:  # pandas' parser errors are ValueErrors
            raise ConfigError(f"not a readable table ({error})", where=str(path)) from error

    @cached_property
    def columns(self) -> dict[str, Array]:
        """The columns of ``history.csv`` as numbers (n,), NaN where a row has none; read without pandas."""
        if "history" in self.__dict__:
            return {str(name): self.history[name].to_numpy(dtype=float) for name in self.history}
        path = self.path / "history.csv"
        try:
            with path.open(encoding="utf-8", newline="") as stream:
                names, *rows = list(csv.reader(stream)) or [[]]
            if wrong := next((k for k, row in enumerate(rows, start=2) if len(row) > len(names)), 0):
                raise ValueError(f"line {wrong} is longer than the headings")
            values = [[float(cell or "nan") for cell in row + [""] * (len(names) - len(row))] for row in rows if row]
        except FileNotFoundError:
            raise _missing(path) from None
        except (ValueError, OSError, csv.Error) as error:
            raise ConfigError(f"not a readable table ({error})", where=str(path)) from error
        return dict(zip(names, np.array(values, dtype=float).reshape(-1, len(names)).T, strict=True))

    @cached_property
    def frames(self) -> Frames:
        """The stored instants listed in ``frames.pvd``."""
        return Frames(_read_pvd(self.path / "frames.pvd"))

    @property
    def name(self) -> str:
        """The case's name, or the folder's where the manifest gives none."""
        return str(self.manifest.get("name") or self.path.resolve().name)

    @property
    def axisymmetric(self) -> bool:
        """Whether the section is half of a cut through the axis of a body of revolution."""
        return self.manifest.get("symmetry") == "axisymmetric"

    @property
    def axes(self) -> tuple[str, str]:
        """What the coordinates of the section are called: x and y, or radius r and axis z."""
        return ("r", "z") if self.axisymmetric else ("x", "y")

    @property
    def sector(self) -> str:
        """The part of the section that was computed: quarter, half or full."""
        sector = self.manifest.get("sector")
        if sector not in SECTORS:
            raise ConfigError(f"sector is {sector!r}", where=str(self.path / "manifest.json"),
                              allowed=", ".join(SECTORS))
        return str(sector)


def read_vtu(path: Path) -> FrameMesh:
    """Read one frame file.

    Parameters
    ----------
    path : Path
        A ``.vtu`` file with one block of ``triangle6`` cells, or of the four linear parts of such, coordinates in nm.

    Returns
    -------
    FrameMesh

    Raises
    ------
    ConfigError
        When the file is missing, unreadable or holds no quadratic triangles.
    """
    if not path.is_file():
        raise _missing(path)
    try:
        # Not meshio.read: that prints and raises SystemExit on a bad file.
        mesh = meshio.vtu.read(str(path))
    except (Exception, SystemExit) as error:  # a truncated file surfaces as almost any exception
        reason = str(error).splitlines()[0] if str(error) else type(error).__name__
        raise ConfigError(f"not a readable .vtu file ({reason})", where=str(path)) from error
    triangles = [block.data for block in mesh.cells if block.type == "triangle6"]
    linear = [block.data for block in mesh.cells if block.type == "triangle"]
    if not triangles and linear:
        joined = join_linear(np.concatenate(linear).astype(np.int64))
        triangles = [] if joined is None else [joined]
    if not triangles:
        found = ", ".join(sorted({block.type for block in mesh.cells})) or "no cells"
        raise ConfigError(f"holds {found}", where=str(path), allowed="quadratic triangles (triangle6)")
    fields = {name: np.asarray(data, dtype=float) for name, data in mesh.point_data.items()}
    return FrameMesh(np.asarray(mesh.points, dtype=float)[:, :2],
                     np.concatenate(triangles).astype(np.int64), fields)


def _read_pvd(path: Path) -> list[tuple[float, Path]]:
    """Times and files of a ParaView collection, in time order."""
    if not path.is_file():
        raise _missing(path)
    try:
        sets = ElementTree.parse(path).getroot().iter("DataSet")
        entries = [(float(item.attrib["timestep"]), path.parent / item.attrib["file"]) for item in sets]
    except (ElementTree.ParseError, KeyError, ValueError) as error:
        raise ConfigError(f"not a readable ParaView collection ({error})", where=str(path)) from error
    if not entries:
        raise ConfigError("lists no frames", where=str(path), hint="set output.frames in the configuration")
    return sorted(entries, key=lambda entry: entry[0])


def _read_json(path: Path) -> dict[str, Any]:
    """A JSON file that must hold a mapping."""
    try:
        data = json.loads(path.read_text(encoding="utf-8"))
    except FileNotFoundError:
        raise _missing(path) from None
    except (ValueError, OSError) as error:
        raise ConfigError(f"not readable JSON ({error})", where=str(path)) from error
    if not isinstance(data, dict):
        raise ConfigError(f"holds a {type(data).__name__}", where=str(path), allowed="a mapping")
    return data


def _missing(path: Path) -> ConfigError:
    """The error for a file that a complete run would have."""
    return ConfigError(f"no {path.name}", where=str(path.parent), hint="the run may not have finished")
