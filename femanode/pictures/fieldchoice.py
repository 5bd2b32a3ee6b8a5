"""Which scalar a picture shows: names and aliases, labels, colour range."""

from __future__ import annotations

import difflib
import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from femanode.errors import ConfigError
from femanode.numerics.arrays import Array
from femanode.output.runfolder import FrameMesh

VECTOR, TENSOR = ("x", "y", "z"), ("xx", "yy", "zz", "xy", "yz", "xz")
ALIASES = {
    "hoop": "hoop_stress_GPa", "radial": "radial_stress_GPa", "axial": "axial_stress_GPa",
    "ring": "ring_stress_GPa",
    "mean": "mean_stress_GPa", "mises": "von_mises_GPa", "principal": "max_principal_stress_GPa",
    "plastic": "eqps", "rate": "front_rate_nm_s", "volume": "volume_ratio",
    **{f"stress_{part}": f"cauchy_stress_GPa_{part}" for part in TENSOR},
}
#: Words for what is no field of the section but a curve of the run, by their beginnings, and how it is drawn.
CURVES = {
    **dict.fromkeys(("potential", "voltage", "capacity"), "drawn over capacity by --field potential"),
    **dict.fromkeys(("depth", "front_depth", "diameter", "speed", "converted", "state_of_charge", "history", "time"),
                    "drawn over time by --field curves; the numbers are in history.csv"),
    "columns": "the columns of history.csv are in its first line, and in docs/reference/files.md",
    **dict.fromkeys(("stress", "sigma", "cauchy"),
                    "write one: hoop, radial, axial, mean, mises, principal, or a component such as stress_xy"),
}
LABELS = {
    "extent": "Extent of reaction", "content": "Carrier content (fraction of full)",
    "activity": "Carrier activity", "eqps": "Equivalent plastic strain", "volume_ratio": "Volume ratio",
    "von_mises_GPa": "Von Mises stress (GPa)", "front_rate_nm_s": "Front rate (nm/s)",
    "max_principal_stress_GPa": "Largest principal stress (GPa)",
}
# Lower end of the colour range; fields not named here are signed, about zero.
FLOORS = {"extent": 0.0, "content": 0.0, "activity": 0.0, "eqps": 0.0, "von_mises_GPa": 0.0,
          "front_rate_nm_s": 0.0, "displacement": 0.0, "volume_ratio": 1.0}
FRACTIONS = ("extent", "content", "activity")
UNITS = {"_GPa": "GPa", "_nm_s": "nm/s", "_nm": "nm"}


@dataclass(frozen=True)
class FieldChoice:
    """One scalar to draw.

    Parameters
    ----------
    name : str
        Canonical name: the point array, with ``_x`` or ``_xy`` for a component.
    array : str
        The point array it is taken from.
    part : str
        Component (``x``, ``xy``, ...), or empty for a scalar or a vector's magnitude.
    """

    name: str
    array: str
    part: str = ""

    @property
    def stem(self) -> str:
        """The name without its unit, for file names."""
        return _split_unit(self.array)[0] + (f"_{self.part}" if self.part else "")

    @property
    def label(self) -> str:
        """Plain words with the unit."""
        if self.array in LABELS and not self.part:
            return LABELS[self.array]
        text = _split_unit(self.array)[0].replace("_", " ").capitalize() + (f" {self.part}" if self.part else "")
        return f"{text} ({self.unit})" if self.unit else text

    @property
    def unit(self) -> str:
        """The unit of the values; empty for a number."""
        return "nm" if self.array == "displacement" else _split_unit(self.array)[1]

    @property
    def floor(self) -> float | None:
        """Lower end of the colour range; None for a signed field, drawn symmetric about zero."""
        return None if self.part else FLOORS.get(self.array)

    @property
    def is_fraction(self) -> bool:
        """Whether the field always spans 0 to 1."""
        return self.array in FRACTIONS

    @property
    def is_stress(self) -> bool:
        """Whether the field is a signed stress, where the sign means tension or compression."""
        return self.array.endswith("_GPa") and self.floor is None and self.part not in ("xy", "yz", "xz")

    def values(self, fields: Mapping[str, Array]) -> Array:
        """Nodal values of the sector, shape (n,)."""
        data = fields[self.array]
        if self.part:
            return data[:, (TENSOR if len(self.part) == 2 else VECTOR).index(self.part)]
        return data if data.ndim == 1 else np.linalg.norm(data, axis=1)

    def parity(self, sign_x: int, sign_y: int) -> int:
        """Factor of the values under a mirror image: each letter of a component takes its axis' sign."""
        return int(np.prod([{"x": sign_x, "y": sign_y, "z": 1}[letter] for letter in self.part]))


def choose_field(name: str, mesh: FrameMesh) -> FieldChoice:
    """Find the field that a name or a short alias means.

    Parameters
    ----------
    name : str
        A point array, a component of one (``cauchy_stress_GPa_xy``, ``displacement_x``), either without its
        unit, or a short form (``hoop``, ``mean``, ``mises``, ...).
    mesh : FrameMesh
        The frame whose point data are offered.

    Returns
    -------
    FieldChoice

    Raises
    ------
    ConfigError
        When there is no such field; lists the names.
    """
    choices: dict[str, FieldChoice] = {}
    for array, data in mesh.fields.items():
        parts: Sequence[str] = ()
        if data.ndim == 2:
            parts = {3: VECTOR, 6: TENSOR}.get(data.shape[1], ())
        if data.ndim == 1 or len(parts) == 3:
            choices[array] = FieldChoice(array, array)
        choices.update({f"{array}_{part}": FieldChoice(f"{array}_{part}", array, part) for part in parts})
    by_stem = {choice.stem: choice for choice in choices.values()}
    choice = choices.get(ALIASES.get(name, name)) or by_stem.get(name)
    if choice is None:
        near = difflib.get_close_matches(name, [*choices, *by_stem, *ALIASES], n=1)
        said = next((words for start, words in CURVES.items() if name.lower().startswith(start)), "")
        raise ConfigError(f"no field {name!r}", allowed=", ".join(choices),
                          hint=said or (f"did you mean {near[0]}?" if near else ""))
    return choice


def colour_limits(choice: FieldChoice, arrays: Sequence[Array], asked: tuple[float, float] | None = None,
                  ) -> tuple[float, float, str]:
    """Ends of the colour range and the sides on which values lie beyond it.

    Fractions take 0 to 1; signed fields a range symmetric about zero; others run from their floor. The far
    end is the largest value, or, where a few nodes stick out by more than a tenth, the 99.5th percentile.

    Parameters
    ----------
    choice : FieldChoice
    arrays : sequence of ndarray
        The values of every frame; the range is common to all.
    asked : (float, float), optional
        The range to take instead.

    Returns
    -------
    low, high : float
    extend : str
        ``neither``, ``min``, ``max`` or ``both``.
    """
    finite = [values[np.isfinite(values)] for values in arrays]
    finite = [values for values in finite if values.size] or [np.zeros(1)]
    smallest, largest = (float(end(values)) for end, values in
                         ((min, [a.min() for a in finite]), (max, [a.max() for a in finite])))
    floor = choice.floor
    if floor is None and not choice.is_stress and not choice.part and smallest >= 0:
        floor = 0.0
    if asked is not None:
        low, high = asked
    elif choice.is_fraction:
        low, high = 0.0, 1.0
    elif floor is not None:
        low, high = floor, floor + _round_up(_robust([values - floor for values in finite]))
    else:
        high = _round_up(_robust([np.abs(values) for values in finite]))
        low = -high
    slack = 1e-3 * (high - low)
    beyond = (smallest < low - slack, largest > high + slack)
    return low, high, {(False, False): "neither", (True, False): "min",
                       (False, True): "max", (True, True): "both"}[beyond]


def _robust(arrays: Sequence[Array]) -> float:
    """Largest value over all arrays, unless single nodes stick out of their own array."""
    largest = max(float(values.max()) for values in arrays)
    usual = max(float(np.percentile(values, 99.5)) for values in arrays)
    return largest if largest <= 1.1 * usual else usual


def _round_up(value: float) -> float:
    """The next number of two significant digits; 1 for a field that is zero throughout."""
    if value <= 0:
        return 1.0
    step = 10.0 ** (math.floor(math.log10(value)) - 1)
    return math.ceil(value / step - 1e-9) * step


def _split_unit(array: str) -> tuple[str, str]:
    """Name and unit of a point array."""
    for suffix, unit in UNITS.items():
        if array.endswith(suffix):
            return array.removesuffix(suffix), unit
    return array, ""
