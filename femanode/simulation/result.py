"""A finished run in Python and in a notebook: a table and a picture to look at, frames that draw, labelled arrays.

``femanode.run`` returns it.
"""

from __future__ import annotations

import base64
import difflib
import html
import io
from collections.abc import Iterator, Sequence
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any, overload

import numpy as np
from PIL import Image

from femanode.config.loading import Config, load_config
from femanode.errors import ConfigError
from femanode.numerics.arrays import Array
from femanode.output.disk import scratch_folder
from femanode.output.runfolder import Frame, Frames, RunFolder
from femanode.postprocess.runfacts import RunFacts
from femanode.units import parse_quantity

if TYPE_CHECKING:
    import pandas as pd
    import xarray

INSTALL_HINT = 'pip install "femanode[xarray]"'
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

    def probe(self, places: Sequence[Sequence[float]] | Array, field: str = "hoop_stress_GPa") -> Array:
        """A field at places of the deformed section.

        Parameters
        ----------
        places : (k, 2)
            x and y, nm, anywhere in the whole section.
        field : str

        Returns
        -------
        ndarray, shape (k,)
            NaN outside the section.

        Raises
        ------
        ConfigError
            Unknown field, places of another shape, or a missing or broken file.
        """
        from femanode.pictures.fieldchoice import choose_field
        from femanode.pictures.sampling import sample_points  # VTK loads slowly

        at = np.atleast_2d(np.asarray(places, dtype=float))
        if at.ndim != 2 or at.shape[1] != 2:
            raise ConfigError(f"found an array of shape {at.shape}", where="places", allowed="(k, 2): x and y in nm")
        mesh, sector = self.mesh, self.result.sector
        choice = choose_field(field, mesh)
        sign = np.ones_like(at)
        if sector == "quarter":
            sign[:, 0] = np.where(at[:, 0] < 0, -1.0, 1.0)
        if sector in ("quarter", "half"):
            sign[:, 1] = np.where(at[:, 1] < 0, -1.0, 1.0)
        found = sample_points(mesh.points + mesh.fields["displacement"][:, :2], mesh.triangles6,
                              {"value": choice.values(mesh.fields)}, at * sign)["value"]
        return found * np.array([choice.parity(int(x), int(y)) for x, y in sign])

    def along(self, start: Sequence[float], end: Sequence[float], field: str = "hoop_stress_GPa", n: int = 200,
              ) -> pd.DataFrame:
        """A field at n points of a straight line of the deformed section.

        Parameters
        ----------
        start, end : (2,)
            x and y of its ends, nm.

        Returns
        -------
        DataFrame
            ``distance_nm`` from the start, ``x_nm``, ``y_nm`` and the field.
        """
        import pandas as pd

        from femanode.pictures.fieldchoice import choose_field

        line = np.linspace(np.asarray(start, dtype=float), np.asarray(end, dtype=float), n)
        return pd.DataFrame({"distance_nm": np.hypot(*(line - line[0]).T), "x_nm": line[:, 0], "y_nm": line[:, 1],
                             choose_field(field, self.mesh).name: self.probe(line, field)})

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

    def at(self, *, time: float | str | None = None, converted: float | None = None) -> ResultFrame:
        """The frame nearest to a time or a converted fraction.

        Parameters
        ----------
        time : float or str, optional
            s, or with a unit, such as "10 min".
        converted : float, optional
            0 to 1.

        Raises
        ------
        ConfigError
            Not exactly one of the two is given, or a time's unit is not known.
        """
        if (time is None) == (converted is None):
            raise ConfigError("found " + ("neither" if time is None else "both") + " of time and converted", where="at",
                              allowed="one of them, such as at(time=600.0) or at(converted=0.4)")
        wanted, reached = converted, self.times
        if time is not None:
            wanted = parse_quantity(time, "s") if isinstance(time, str) else time
        else:
            history = self._result.history
            reached = np.interp(reached, history["time_s"], history["converted_fraction"])
        return self[int(np.argmin(np.abs(reached - float(wanted or 0.0))))]

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

    def __repr__(self) -> str:
        s = self.summary
        state = f": {s['stop_reason']}" if s.get("stop_reason") else ""
        part = f", {100 * s['converted_fraction']:.1f} % converted" if "converted_fraction" in s else ""
        return (f"<Result {self.name!r} in {str(self.path)!r}{state}{part}, {len(self.history) - 1} steps, "
                f"{len(self.frames)} frames>")

    def __getitem__(self, column: str) -> pd.Series[Any]:
        """A column of the history: ``result["front_depth_nm"]``."""
        if column not in self.history:
            known = [*map(str, self.history)]
            near = [f"did you mean {name!r}?" for name in difflib.get_close_matches(column, known, n=1)]
            raise ConfigError(f"found no column {column!r}", where=str(self.path / "history.csv"),
                              allowed=", ".join(known), hint="".join(near))
        return self.history[column]

    @cached_property
    def config(self) -> Config:
        """The configuration that the run was made with."""
        return load_config(self.path / "config.yaml")

    def plot(self, field: str = "hoop_stress_GPa", *, renderer: str = "matplotlib") -> Image.Image:
        """The last frame, as :meth:`ResultFrame.plot`; with ``curves``, depth, speed and stresses against time."""
        if field != "curves":
            return self.frames[-1].plot(field, renderer=renderer)
        from femanode.pictures.curves import plot_curves

        with scratch_folder() as scratch, Image.open(plot_curves(self, scratch / "curves.png")) as image:
            return image.copy()

    @cached_property
    def frames(self) -> ResultFrames:
        """The stored instants; ``frames[k].mesh`` reads one, ``frames[k].plot()`` draws it."""
        return ResultFrames(super().frames, self)

    def to_xarray(self, fields: Sequence[str] = (), *, step_nm: float | None = None) -> xarray.Dataset:
        """The history, and fields of the frames where asked for, as labelled arrays with units.

        Parameters
        ----------
        fields : sequence of str
            Point arrays to take along, as variables over ``frame`` and ``node`` (and ``component``), with ``x_nm`` and
            ``y_nm`` of the nodes and ``frame_time_s``.
        step_nm : float, optional
            Sample the fields of every frame on a grid of this spacing, in the whole deformed section: variables over
            ``frame``, ``y_nm`` and ``x_nm``, NaN outside. For frames on different meshes, as adaptive runs have.

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
        if fields and step_nm is not None:
            data = data.assign(self._on_grid(fields, step_nm)).assign_coords(frame_time_s=("frame", self.frames.times))
        elif fields:
            meshes = [frame.mesh for frame in self.frames]
            if any(not np.array_equal(mesh.points, meshes[0].points) for mesh in meshes):
                raise ConfigError("the frames have different meshes", where=str(self.path),
                                  allowed="fields of frames on one mesh",
                                  hint="give step_nm, to have them sampled on a grid, or use frames[k].mesh")
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

    def _on_grid(self, fields: Sequence[str], step: float) -> xarray.Dataset:
        """Fields of all frames on one grid of the whole section."""
        import xarray

        if not step > 0:
            raise ConfigError(f"found {step!r}", where="step_nm", allowed="above 0")
        reach = max(float(np.abs(frame.mesh.points + frame.mesh.fields["displacement"][:, :2]).max())
                    for frame in self.frames)
        line = step * np.arange(-np.ceil(reach / step), np.ceil(reach / step) + 1)
        places = np.stack(np.meshgrid(line, line), axis=-1).reshape(-1, 2)
        shape = (len(line), len(line))
        return xarray.Dataset({name: (("frame", "y_nm", "x_nm"), np.stack(
            [frame.probe(places, name).reshape(shape) for frame in self.frames])) for name in fields},
            coords={"x_nm": line, "y_nm": line})

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
