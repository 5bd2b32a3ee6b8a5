"""Frames of a finished run: found by time or conversion, drawn, read at places of the section."""

from __future__ import annotations

import io
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, overload

import numpy as np
from PIL import Image

from femanode.errors import ConfigError
from femanode.numerics.arrays import Array
from femanode.output.disk import scratch_folder
from femanode.output.runfolder import Frame, Frames, RunFolder
from femanode.units import parse_quantity

if TYPE_CHECKING:
    import pandas as pd


class ResultFrame(Frame):
    """A frame that knows its run, so that it can be drawn.

    Parameters
    ----------
    time : float
        Time in s.
    path : Path
        The ``.vtu`` file.
    result : RunFolder
    number : int
        Its place in the run.
    """

    def __init__(self, time: float, path: Path, result: RunFolder, number: int) -> None:
        super().__init__(time, path)
        object.__setattr__(self, "result", result)
        object.__setattr__(self, "number", number)

    result: RunFolder
    number: int

    def __repr__(self) -> str:
        return f"<frame {self.number} of {self.result.name!r}, {self.time:g} s, {str(self.path)!r}>"

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

    def __init__(self, frames: Frames, result: RunFolder, numbers: Sequence[int] | None = None) -> None:
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
        if not -len(self) <= index < len(self):
            raise IndexError(f"found frame {index}; allowed: 0 to {len(self) - 1}, or -1 for the last")
        return ResultFrame(*self._entries[index], self._result, self._numbers[index])

    def __repr__(self) -> str:
        if not len(self):
            return "<no frames>"
        converted = 100.0 * self._converted()
        return (f"<{len(self)} frames, {self.times[0]:g} to {self.times[-1]:g} s, {converted[0]:.1f} to "
                f"{converted[-1]:.1f} % converted>")

    def _converted(self) -> Array:
        """Converted fraction at each frame."""
        history = self._result.history
        return np.interp(self.times, history["time_s"], history["converted_fraction"])

    def at(self, *, time: float | str | None = None, converted: float | str | None = None) -> ResultFrame:
        """The frame nearest to a time or a converted fraction.

        Parameters
        ----------
        time : float or str, optional
            s, or with a unit, such as "10 min".
        converted : float or str, optional
            0 to 1, or percent, such as "40 %".

        Raises
        ------
        ConfigError
            Not exactly one of the two is given, a time's unit is not known, or a fraction is none.
        """
        if (time is None) == (converted is None):
            raise ConfigError("found " + ("neither" if time is None else "both") + " of time and converted", where="at",
                              allowed="one of them, such as at(time=600.0) or at(converted=0.4)")
        if converted is not None:
            wanted, reached = _fraction(converted), self._converted()
        else:
            wanted, reached = parse_quantity(time, "s") if isinstance(time, str) else float(time or 0.0), self.times
        return self[int(np.argmin(np.abs(reached - wanted)))]

    def __iter__(self) -> Iterator[ResultFrame]:
        return (self[k] for k in range(len(self)))


def _fraction(given: float | str) -> float:
    """A converted fraction as a number of 0 to 1, from one or from percent."""
    text = str(given).strip()
    try:
        found = float(text[:-1]) / 100.0 if text.endswith("%") else float(text)
    except ValueError:
        found = -1.0
    if not 0.0 <= found <= 1.0:
        raise ConfigError(f"found {given!r}", where="at: converted", allowed="0 to 1, or percent, such as '40 %'",
                          hint=f"write {found / 100.0:g}" if 1.0 < found <= 100.0 else "")
    return found
