"""Cases of a sweep: each point made a checked configuration, named by what it computes.

Every case is checked here, before the first one runs.
"""

from __future__ import annotations

import functools
import hashlib
import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import femanode
from femanode.config.complaints import locate
from femanode.config.library import material_data
from femanode.config.loading import Config, load_config
from femanode.config.material import material_mapping
from femanode.config.trust import require_inside
from femanode.config.yamlio import load_yaml
from femanode.constitutive.crystal.symmetry import require_sector, section_symmetry
from femanode.errors import ConfigError
from femanode.solver.laws import crystal_of
from femanode.study.quantity import label
from femanode.study.sweepfile import Sweep

#: Hexadecimal digits of a case's name: 80 bits, no chance collision among a billion cases.
HASH_DIGITS = 20


@dataclass(frozen=True)
class Case:
    """One point of a sweep: its number, what its configuration computes, and the values on the axes."""

    number: int
    hash: str
    values: tuple[Any, ...]


def config_mapping(config: Config) -> dict[str, Any]:
    """Plain data that `Config.from_mapping` reads back to an equal configuration."""
    return {**config.model_dump(mode="json", exclude={"material"}), "material": material_mapping(config.material)}


def case_hash(config: Config) -> str:
    """Name of what `config` computes: equal for configurations that give the same run with this version.

    The case's name and the sources of the material's numbers do not count; of a mesh file, the content does.
    """
    data = config.model_dump(mode="json", exclude={"name", "overrides"})
    if config.geometry.path is not None:
        data["geometry"]["path"] = _file_hash(config.geometry.path, config.geometry.path.stat().st_mtime_ns)
    text = json.dumps([femanode.__version__, data], sort_keys=True, ensure_ascii=False, allow_nan=False)
    return hashlib.sha256(text.encode()).hexdigest()[:HASH_DIGITS]


@functools.lru_cache(maxsize=64)
def _file_hash(path: Path, changed: int) -> str:
    """SHA-256 of a file, read again when it has changed."""
    return hashlib.sha256(path.read_bytes()).hexdigest()


@dataclass
class Builder:
    """Makes the configuration of any point; the base and its material are read once."""

    sweep: Sweep
    overrides: Sequence[str] = ()
    _data: dict[str, Any] = field(init=False, repr=False)
    _base: Path = field(init=False)
    _file: Path | None = field(init=False)

    def __post_init__(self) -> None:
        base, folder = self.sweep.model.base, self.sweep.folder
        self._file = folder / base if isinstance(base, str) else None
        self._base = folder if self._file is None else self._file.parent
        if isinstance(base, str):
            require_inside(folder / base, locate(self.sweep.places, ("base",)))
            if not (folder / base).is_file():
                raise ConfigError(f"found no file '{folder / base}'", where=locate(self.sweep.places, ("base",)),
                                  allowed="a configuration, relative to the sweep file")
            data, _ = load_yaml(folder / base)
        else:
            data = dict(base)
        if isinstance(data.get("material"), str):
            data["material"], _ = material_data(data["material"], self._base)
        self._data = data
        settings = self.sweep.model.settings
        self._fixed = [*(_setting(k, v) for k, v in settings.items()), *self.overrides]
        paths = self.sweep.paths
        for path in paths:
            if path in settings:
                where = locate(self.sweep.places, ("settings", path))
                raise ConfigError("found a path that is an axis too", where=where, hint="remove one of the two")
            if paths.count(path) > 1:
                raise ConfigError(f"found {path} on two axes", where=self.sweep.axis_place(path), allowed="one axis")

    def config(self, values: Sequence[Any]) -> Config:
        """The checked configuration of one point.

        Raises
        ------
        ConfigError
            With the place in the sweep file where the fault lies there, else in the base.
        """
        changes = [_setting(path, value) for path, value in zip(self.sweep.paths, values, strict=True)]
        settings = [*self._fixed, *changes]
        try:
            config = Config.from_mapping(self._data, settings, self._base)
            require_sector(config.geometry.sector, section_symmetry(crystal_of(config)[1]))
            return config
        except ConfigError as error:
            raise self._placed(self._told_with_lines(error, settings), values) from None

    def _told_with_lines(self, error: ConfigError, settings: list[str]) -> ConfigError:
        """The same fault with the base file's line numbers: the point is set in plain data, which have lost them."""
        if self._file is not None:
            try:
                load_config(self._file, settings)
            except ConfigError as told:
                return told
        return error

    def _placed(self, error: ConfigError, values: Sequence[Any]) -> ConfigError:
        """`error` with its place in the sweep file, or the case it belongs to."""
        key = error.where.removeprefix("--set: ")
        if key != error.where:
            unknown = error.found.startswith("found an unknown key")
            chosen = {} if unknown else dict(zip(self.sweep.paths, values, strict=True))
            for path in sorted((*self.sweep.paths, *self.sweep.model.settings), key=len, reverse=True):
                if key == path or key.startswith(f"{path}.") or path.startswith(f"{key}."):
                    settled = locate(self.sweep.places, ("settings", path))
                    place = self.sweep.axis_place(path, chosen.get(path)) if path in self.sweep.paths else settled
                    return ConfigError(error.found, where=place + key[len(path):], allowed=error.allowed,
                                       hint=error.hint)
        said = ", ".join(f"{p} = {label(v)}" for p, v in zip(self.sweep.paths, values, strict=True))
        where = "; ".join(part for part in (f"case with {said}", error.where) if part)
        return ConfigError(error.found, where=where, allowed=error.allowed, hint=error.hint)


def _setting(path: str, value: Any) -> str:
    """``path=value`` as --set takes it; JSON is YAML."""
    return f"{path}={json.dumps(value, ensure_ascii=False)}"


def plan(builder: Builder, values: Iterable[Sequence[Any]]) -> list[Case]:
    """All cases, each checked.

    Raises
    ------
    ConfigError
        The first case that is wrong.
    """
    return [Case(number, case_hash(builder.config(point)), tuple(point)) for number, point in enumerate(values)]


def parameters(sweep: Sweep, case: Case) -> Mapping[str, Any]:
    """Values of a case by path."""
    return dict(zip(sweep.paths, case.values, strict=True))
