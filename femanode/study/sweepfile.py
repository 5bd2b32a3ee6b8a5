"""The sweep file: which base, which axes, how they combine, and the bounds on one case.

Read like a configuration: every mistake is one line with file, line and key path.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Annotated, Any, Literal

from pydantic import Field, ValidationError

from femanode.config.complaints import Place, Places, explain, locate, places_of
from femanode.config.quantities import Duration, Section, Text, Unit, Whole
from femanode.config.trust import require_inside
from femanode.config.yamlio import kind, load_yaml
from femanode.errors import ConfigError
from femanode.study.design import Axis, Method, Sampling, points
from femanode.study.quantity import parse_range

Memory = Annotated[float, Unit("MB", gt=0)]


class CaseLimits(Section):
    """What one case may use."""

    wall: Duration | None = Field(default=None, description="wall-clock time of one case; null: no limit")
    memory: Memory | None = Field(default=None, description="resident memory of one case; null: no limit")


class Sample(Section):
    """Points drawn over ranges instead of combined from lists."""

    method: Method = Field(description="latin_hypercube | sobol | saltelli (for Sobol indices)")
    n: Whole = Field(ge=1, le=100_000, description="number of points; saltelli: of n (2 axes + 2) points")
    seed: Whole = Field(default=0, ge=0, description="seed of the random numbers; equal seeds, equal points")


class SweepModel(Section):
    """Keys of a sweep file."""

    name: Annotated[Text, Field(max_length=100, pattern=r"^\w[\w.+ -]*$")] | None = Field(
        default=None, description="name of the sweep: letters, digits, blanks and . + - _; default: the file's")
    base: str | dict[str, Any] = Field(description="configuration that the axes change: a path from here, or a mapping")
    settings: dict[str, Any] = Field(default_factory=dict, description="keys changed in every case, as with --set")
    axes: dict[str, Any] = Field(
        min_length=1, description="configuration path to a list of values, or to {from, to, n, scale: linear | log}; "
        "'path, path' to rows of values that move together")
    combine: Literal["product", "zip"] = Field(default="product", description="product | zip (row by row)")
    sample: Sample | None = Field(default=None, description="draw points instead: {method, n, seed}")
    limits: CaseLimits = Field(default=CaseLimits(), description="wall and memory of one case")
    results: Literal["folder", "value"] = Field(
        default="folder", description="folder: workers write where this machine reads; value: they send the files back")
    cache: str | None = Field(
        default=None, description="folder of cases shared with other sweeps; default: 'cases' in the sweep's own")
    threads: Whole | None = Field(default=None, ge=1, le=1024, description="threads of one case; null: cores / workers")


#: Between paths that move together.
SEPARATOR = ", "


@dataclass(frozen=True)
class Sweep:
    """A checked sweep: the model, its points, and where each key was written.

    `groups` has, for every axis, the paths that move together (mostly one); a point has one value for each of `paths`.
    """

    name: str
    model: SweepModel
    groups: dict[tuple[str, ...], Axis]
    points: list[tuple[Any, ...]] = field(repr=False)
    folder: Path
    places: Places = field(repr=False)

    @property
    def paths(self) -> list[str]:
        """All paths that differ between cases, in order."""
        return [path for group in self.groups for path in group]

    def axis_place(self, path: str, value: Any = None) -> str:
        """Text of where the axis of `path` was written, or `value` in its list."""
        group = next(group for group in self.groups if path in group)
        axis, loc = self.groups[group], ("axes", SEPARATOR.join(group))
        if isinstance(axis, list) and len(group) == 1 and value in axis:
            return locate(self.places, (*loc, axis.index(value)))
        return locate(self.places, loc)


def load_sweep(source: str | Path | Mapping[str, Any]) -> Sweep:
    """Read and check a sweep file, or a mapping shaped like one.

    Parameters
    ----------
    source : path or mapping
        Relative paths in a file start from its folder, in a mapping from the working directory.

    Raises
    ------
    ConfigError
        One line: file, line, key path, what was found, what is allowed.
    """
    if isinstance(source, Mapping):
        data, folder, name = dict(source), Path(), "sweep"
        places: Places = {(): Place("sweep")}
    else:
        path = Path(source)
        data, lines = load_yaml(path)
        places, folder, name = places_of(lines, str(path)), path.parent, path.stem
    try:
        model = SweepModel.model_validate(data)
    except ValidationError as error:
        raise explain(error, SweepModel, places) from None
    if model.cache and not isinstance(source, Mapping):
        require_inside(folder / model.cache, locate(places, ("cache",)))
    groups = {_group(key, locate(places, ("axes", key))): _axis(raw, locate(places, ("axes", key)), key.count(","))
              for key, raw in model.axes.items()}
    # One spelling of a group, under which it is looked up again.
    places.update({("axes", SEPARATOR.join(_group(key, ""))): places[("axes", key)]
                   for key in model.axes if ("axes", key) in places})
    sample = model.sample
    sampling = Sampling(sample.method, sample.n, sample.seed) if sample else None
    if sampling is not None and model.model_fields_set & {"combine"}:
        raise ConfigError("found combine beside sample", where=locate(places, ("combine",)), allowed="one of the two")
    where = "sweep" if isinstance(source, Mapping) else str(source)
    drawn = points({SEPARATOR.join(g): axis for g, axis in groups.items()}, model.combine, sampling, where)
    flat = [tuple(v for g, value in zip(groups, point, strict=True) for v in (value if len(g) > 1 else [value]))
            for point in drawn]
    return Sweep(name=model.name or name, model=model, groups=groups, points=flat, folder=folder, places=places)


def _group(key: str, where: str) -> tuple[str, ...]:
    """The paths of an axis: mostly one, several with commas between them where they move together."""
    paths = tuple(path.strip() for path in key.split(","))
    if not all(paths) or len(set(paths)) < len(paths):
        raise ConfigError(f"found the axis '{key}'", where=where, allowed="a path, or different paths with commas")
    return paths


def _axis(raw: object, where: str, commas: int) -> Axis:
    """A list of values or a range; for several paths, a list of rows."""
    if isinstance(raw, Mapping) and "from" in raw and not commas:
        return parse_range(dict(raw), where)
    if isinstance(raw, Sequence) and not isinstance(raw, str) and len(raw):
        for row in raw if commas else ():
            if not isinstance(row, Sequence) or isinstance(row, str) or len(row) != commas + 1:
                raise ConfigError(f"found {kind(row)}", where=where,
                                  allowed=f"rows of {commas + 1} values, a value per path")
        return list(raw)
    raise ConfigError(f"found {kind(raw)}", where=where,
                      allowed="a list of rows, one value per path" if commas else
                      "a list of values, or {from: 30 nm, to: 200 nm, n: 5, scale: linear}")
