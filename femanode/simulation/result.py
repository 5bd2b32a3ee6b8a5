"""A finished run in Python and in a notebook: a table and a picture to look at, its frames, labelled arrays.

``femanode.run`` returns it.
"""

from __future__ import annotations

import base64
import difflib
import html
from collections.abc import Sequence
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from PIL import Image

from femanode.config.loading import Config, load_config
from femanode.errors import ConfigError
from femanode.output.disk import scratch_folder
from femanode.output.runfolder import RunFolder
from femanode.postprocess.runfacts import RunFacts
from femanode.simulation.resultframes import ResultFrames

if TYPE_CHECKING:
    import pandas as pd
    import xarray

INSTALL_HINT = 'pip install "femanode[xarray]"'
# How the last part of a column's name is written as a unit.
UNITS = {"_nm_s": "nm/s", "_nm": "nm", "_GPa": "GPa", "_s": "s", "_V": "V", "_mA_cm2": "mA/cm^2", "_mAh_g": "mAh/g"}


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
