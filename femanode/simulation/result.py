"""A finished run in Python and in a notebook: a table and a picture to look at, frames that draw, labelled arrays.

``femanode.run`` returns it.
"""

from __future__ import annotations

import base64
import html
import io
from collections.abc import Iterator, Sequence
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, overload

import numpy as np
from PIL import Image

from femanode.errors import ConfigError
from femanode.output.disk import scratch_folder
from femanode.output.runfolder import Frame, Frames, RunFolder
from femanode.postprocess.runfacts import RunFacts

if TYPE_CHECKING:
    import xarray

INSTALL_HINT = "pip install xarray"
# How the last part of a column's name is written as a unit.
UNITS = {"_nm_s": "nm/s", "_nm": "nm", "_GPa": "GPa", "_s": "s", "_V": "V", "_mA_cm2": "mA/cm^2", "_mAh_g": "mAh/g"}


class ResultFrame(Frame):
    """A frame that knows its run, so that it can be drawn.

    Parameters
    ----------
    time : float
        Time in s.
    path : Path
        The ``.vtu`` file.
    result : Result
    number : int
        Its place in the run.
    """

    def __init__(self, time: float, path: Path, result: Result, number: int) -> None:
        super().__init__(time, path)
        object.__setattr__(self, "result", result)
        object.__setattr__(self, "number", number)

    result: Result
    number: int

    def plot(self, field: str = "hoop_stress_GPa", *, renderer: str = "matplotlib") -> Image.Image:
        """The whole deformed section, coloured by a field.

        Parameters
        ----------
        field : str
            Point array, component or alias, such as ``hoop`` or ``content``.
        renderer : str
            As for :func:`femanode.pictures.figures.plot_field`.

        Returns
        -------
        PIL.Image.Image
            A notebook shows it; ``save`` writes it.

        Raises
        ------
        ConfigError
            Unknown field, or a missing or broken file.
        """
        from femanode.pictures.figures import plot_field

        with scratch_folder() as scratch:
            path = plot_field(self.result, field, self.number, scratch / "frame.png", renderer=renderer)
            with Image.open(path) as image:
                return image.copy()

    def _repr_png_(self) -> bytes:
        """What a notebook shows of a frame."""
        stream = io.BytesIO()
        self.plot().save(stream, format="PNG")
        return stream.getvalue()


class ResultFrames(Frames):
    """The frames of a result; each can be drawn."""

    def __init__(self, frames: Frames, result: Result, numbers: Sequence[int] | None = None) -> None:
        super().__init__(frames._entries)
        self._result = result
        self._numbers = range(len(frames)) if numbers is None else numbers

    @overload
    def __getitem__(self, index: int) -> ResultFrame: ...

    @overload
    def __getitem__(self, index: slice) -> ResultFrames: ...

    def __getitem__(self, index: int | slice) -> ResultFrame | ResultFrames:
        if isinstance(index, slice):
            return ResultFrames(Frames(self._entries[index]), self._result, self._numbers[index])
        return ResultFrame(*self._entries[index], self._result, self._numbers[index])

    def __iter__(self) -> Iterator[ResultFrame]:
        return (self[k] for k in range(len(self)))


class Result(RunFolder):
    """A finished run: ``history`` (table), ``summary`` (dict), ``manifest``, ``frames`` (lazy), ``path``.

    A notebook shows the figures of merit and the last frame. ``was_finished`` is True where resuming found nothing left
    to do.
    """

    def __init__(self, path: str | Path, *, was_finished: bool = False) -> None:
        super().__init__(path)
        self.was_finished = was_finished

    @cached_property
    def frames(self) -> ResultFrames:
        """The stored instants; ``frames[k].mesh`` reads one, ``frames[k].plot()`` draws it."""
        return ResultFrames(super().frames, self)

    def to_xarray(self, fields: Sequence[str] = ()) -> xarray.Dataset:
        """The history, and fields of the frames where asked for, as labelled arrays with units.

        Parameters
        ----------
        fields : sequence of str
            Point arrays to take along, as variables over ``frame`` and ``node`` (and ``component``), with ``x_nm`` and
            ``y_nm`` of the nodes and ``frame_time_s``.

        Returns
        -------
        xarray.Dataset
            Columns of ``history.csv`` over ``time_s``.

        Raises
        ------
        ConfigError
            When xarray is not installed, a field is not there, or fields are asked for of frames on different meshes.
        """
        try:
            import xarray
        except ImportError:
            raise ConfigError("to_xarray needs xarray, which is not installed", hint=INSTALL_HINT) from None
        table = self.history
        data = xarray.Dataset({name: ("time_s", table[name].to_numpy()) for name in table if name != "time_s"},
                              coords={"time_s": table["time_s"].to_numpy()}, attrs={"name": self.name})
        if fields:
            meshes = [frame.mesh for frame in self.frames]
            if any(not np.array_equal(mesh.points, meshes[0].points) for mesh in meshes):
                raise ConfigError("the frames have different meshes", where=str(self.path),
                                  allowed="fields of frames on one mesh", hint="use frames[k].mesh")
            data = data.assign_coords(frame_time_s=("frame", self.frames.times), x_nm=("node", meshes[0].points[:, 0]),
                                      y_nm=("node", meshes[0].points[:, 1]))
            for name in fields:
                if name not in meshes[0].fields:
                    raise ConfigError(f"no field {name!r}", allowed=", ".join(meshes[0].fields))
                values = np.stack([mesh.fields[name] for mesh in meshes])
                data[name] = (("frame", "node", f"component_{values.shape[2]}")[:values.ndim], values) if (
                    values.ndim == 3) else (("frame", "node"), values)
        for name in (*data.data_vars, *data.coords):
            unit = next((unit for ending, unit in UNITS.items() if str(name).endswith(ending)), "1")
            data[name].attrs["units"] = "nm" if name == "displacement" else unit
        return data

    def _repr_html_(self) -> str:
        """What a notebook shows: figures of merit and the last frame."""
        from femanode.pictures.page.chartcase import Case
        from femanode.pictures.page.rows import merits

        rows = "".join(f"<tr><td>{html.escape(row.name)}</td><td>{html.escape(row.values[0])}</td></tr>"
                       for row in merits([Case(RunFacts(self), self.name)]))
        picture = ""
        try:
            kept = self.path / "pictures" / "hoop_stress.png"
            data = kept.read_bytes() if kept.is_file() else self.frames[-1]._repr_png_()
            picture = (f'<img style="max-width:560px" alt="hoop stress, last frame" '
                       f'src="data:image/png;base64,{base64.b64encode(data).decode("ascii")}">')
        except (ConfigError, OSError) as error:
            picture = f"<p>no picture: {html.escape(str(error))}</p>"
        return (f"<h4>{html.escape(self.name)}</h4><table>{rows}</table>{picture}"
                f"<p><code>{html.escape(str(self.path))}</code></p>")
