"""YAML to a frozen Config: every mistake of a user is caught here, in one line."""

from __future__ import annotations

import copy
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Annotated, Any, Literal, Self

from pydantic import Field, PrivateAttr, ValidationError, model_validator

from femanode.config.complaints import Place, Places, explain, locate, places_of
from femanode.config.editorschema import editor_schema, material_schema
from femanode.config.geometry import Geometry
from femanode.config.layers import resolve_layers
from femanode.config.library import material_data
from femanode.config.material import Material, material_mapping
from femanode.config.migration import migrate
from femanode.config.neutral import require_no_potential
from femanode.config.overrides import apply_overrides, set_value
from femanode.config.procedure import Mesh, Output, Solver, Time
from femanode.config.quantities import Section, Temperature, Text, problem
from femanode.config.revolution import require_isotropic
from femanode.config.sections import Boundary, Crystal, FrontNumerics, Initial, Mechanics
from femanode.config.trust import require_inside, require_plain_mesh
from femanode.config.yamlio import dump_yaml, kind, load_yaml, parse_yaml
from femanode.errors import ConfigError

__all__ = ["Config", "dump_config", "json_schema", "load_config"]


class Config(Section):
    """One case, complete and checked; values in internal units (nm, s, GPa, K, V, nN).

    Made by `load_config` or `Config.from_mapping`. Two are equal if they describe the same run,
    wherever they were read from.
    """

    name: Annotated[Text, Field(max_length=100, pattern=r"^\w[\w.+ -]*$")] = Field(
        description="name of the case: letters, digits, blanks and . + - _"
    )
    geometry: Geometry
    crystal: Crystal = Field(
        default=Crystal(axis=(0, 0, 1)), description="may be left out only when the rates are isotropic"
    )
    material: Material
    overrides: dict[str, Any] = Field(
        default_factory=dict,
        max_length=0,
        description="material keys to change on reading, e.g. {mechanics.yield_stress: 1.2 GPa}",
    )
    front: FrontNumerics = FrontNumerics()
    initial: Initial = Initial()
    boundary: Boundary = Boundary()
    mechanics: Mechanics = Mechanics()
    time: Time
    mesh: Mesh = Mesh()
    output: Output = Output()
    temperature: Temperature = Field(default=300.0, description="temperature of the wire")
    solver: Solver = Solver()
    _source: Path | None = PrivateAttr(default=None)

    @model_validator(mode="before")
    @classmethod
    def _capacity_at_cutoff(cls, raw: Any) -> Any:
        """Under a given current the passage of the front ends nothing, unless that is asked for."""
        boundary, time = (raw.get(key) if isinstance(raw, Mapping) else None for key in ("boundary", "time"))
        if not isinstance(boundary, Mapping) or not isinstance(time, Mapping):
            return raw
        stop = time.get("stop", {})
        given = boundary.get("mode") == "galvanostatic" or boundary.get("protocol") is not None
        if not given or not isinstance(stop, Mapping) or "converted" in stop:
            return raw
        return {**raw, "time": {**time, "stop": {**stop, "converted": None}}}

    @property
    def source(self) -> Path | None:
        """File the configuration was read from, or None; not part of the configuration."""
        return self._source

    def __eq__(self, other: object) -> bool:
        """Equal content, whatever the source."""
        if not isinstance(other, Config):
            return NotImplemented
        return all(getattr(self, name) == getattr(other, name) for name in type(self).model_fields)

    __hash__ = None  # type: ignore[assignment]

    @classmethod
    def from_mapping(
        cls, mapping: Mapping[str, Any], overrides: Sequence[str] = (), base: str | Path = "."
    ) -> Self:
        """Config from plain data shaped like the YAML file (quantities as text with units).

        Parameters
        ----------
        mapping : Mapping
            The configuration; not changed. `material` may also be a `Material`.
        overrides : sequence of str
            ``key.path=value`` settings, as for `load_config`.
        base : str or Path
            Folder that relative paths in it start from.

        Raises
        ------
        ConfigError
            One line with the key path.
        """
        if not isinstance(mapping, Mapping):
            raise ConfigError(f"found {kind(mapping)}", allowed="a mapping of keys")
        return cls._build(copy.deepcopy(dict(mapping)), {}, overrides, Path(base))

    @classmethod
    def _build(cls, data: dict[str, Any], places: Places, overrides: Sequence[str], base: Path) -> Self:
        """Bring keys up to date, apply overrides, resolve the material and paths, validate."""
        migrate(data, locate(places, ("schema",)))
        for text in overrides:
            _apply_setting(text, data, places)
        _resolve_material(data, places, base)
        resolve_layers(data, places, base)
        try:
            config = cls.model_validate(data)
        except ValidationError as error:
            raise explain(error, cls, places) from None
        return config._with_path(places, base)

    def _with_path(self, places: Places, base: Path) -> Self:
        """This configuration with the mesh's path made absolute; refused where there is no such file."""
        if self.geometry.path is None:
            return self
        where = locate(places, ("geometry", "path"))
        require_inside(base / self.geometry.path, where)
        require_plain_mesh(self.geometry.path, where)
        path = (base / self.geometry.path).resolve()
        if not path.is_file():
            found = f"found the folder '{path}'" if path.is_dir() else f"found no file '{path}'"
            raise ConfigError(found, where=where, allowed="a mesh file, relative to the configuration")
        return self.model_copy(update={"geometry": self.geometry.model_copy(update={"path": path})})

    @model_validator(mode="after")
    def _front_alone_agrees(self) -> Self:
        """Stress that moves carriers as well is brought to agreement with those, and with the front by step control."""
        law, drift = self.material.chemistry.law, self.material.transport.drift
        if self.solver.front_stress == "agreed" and law == "open_circuit" and drift is not False:
            raise problem("found agreed with carriers that stress drives", key="solver.front_stress",
                          allowed="auto, extrapolated, chemistry.law: ideal or transport.drift: false")
        return self

    @model_validator(mode="after")
    def _neutral_carriers_have_no_potential(self) -> Self:
        """Nothing electrical is applied to carriers without a charge."""
        if self.material.carrier.charge == 0:
            require_no_potential(self.boundary)
        return self

    @model_validator(mode="after")
    def _sections_agree(self) -> Self:
        """Checks across sections."""
        size, delta, wall = self.mesh.element_size, self.front.half_thickness, self.geometry.wall
        if size is not None and delta is not None and size > delta:
            raise problem(
                f"found {size:g} nm",
                allowed=f"at most front.half_thickness = {delta:g} nm",
                key="mesh.element_size",
            )
        for key, length in (("mesh.element_size", size), ("front.half_thickness", delta)):
            if wall is not None and length is not None and length >= wall:
                raise problem(
                    f"found {length:g} nm", allowed=f"below the radius or wall, {wall:g} nm", key=key
                )
        coating, film = self.geometry.coating, self.boundary.film
        if coating is not None and coating.material.transport is not None and film is not None:
            raise problem("found a film beside a coating that carriers cross", allowed="one of the two",
                          hint="a coating whose material has no transport lets carriers through", key="boundary.film")
        if self.geometry.axisymmetric:
            require_isotropic(self)
        if "crystal" not in self.model_fields_set and "isotropic" not in self.material.front.rates:
            raise problem(
                "found nothing, but the front rates depend on direction",
                allowed="{axis: [1, 1, 0], in_plane: [1, -1, 0]} or other directions",
                key="crystal",
            )
        return self


def load_config(path: str | Path, overrides: Sequence[str] = ()) -> Config:
    """Read and check a configuration.

    Parameters
    ----------
    path : str or Path
        YAML file; relative paths in it start from its folder.
    overrides : sequence of str
        ``key.path=value`` settings, the value read as YAML. Keys below ``overrides.`` are material
        keys; those below ``material.`` are put in ``overrides``.

    Raises
    ------
    ConfigError
        One line: file, line, key path, what was found, what is allowed.

    Examples
    --------
    >>> load_config("configs/si_110_129nm.yaml", ["geometry.diameter=0.08 um"]).geometry.diameter
    80.0
    """
    path = Path(path)
    data, lines = load_yaml(path)
    config = Config._build(data, places_of(lines, str(path)), overrides, path.parent)
    config._source = path
    return config


def dump_config(config: Config) -> str:
    """The resolved configuration as YAML; loading it gives an equal Config."""
    data = config.model_dump(mode="json", exclude={"material"})
    return dump_yaml(
        {
            key: material_mapping(config.material) if key == "material" else data[key]
            for key in type(config).model_fields
        }
    )


def _apply_setting(text: str, data: dict[str, Any], places: Places) -> None:
    """Apply one ``key.path=value`` to the raw data."""
    path, equals, value_text = text.partition("=")
    keys = tuple(key.strip() for key in path.split("."))
    place = Place("--set", None, path.strip())
    if not equals or not all(keys):
        raise ConfigError(f"found '{text}'", where="--set", allowed="key.path=value")
    try:
        value = parse_yaml(value_text, "")[0] if value_text.strip() else ""
    except ConfigError as error:
        raise ConfigError(error.found, where=place.text(), allowed=error.allowed) from None
    if len(keys) > 1 and keys[0] in ("material", "overrides"):
        section = data.get("overrides") or {}
        if not isinstance(section, dict):
            found = f"found {kind(section)}"
            raise ConfigError(
                found, where=locate(places, ("overrides",)), allowed="a mapping of material keys"
            )
        key = ".".join(keys[1:])
        section.pop(key, None)  # a repeated key goes last, so that it wins over the file's
        section[key] = value
        data["overrides"], places["overrides", key] = section, place
        return
    set_value(data, keys, value, place.text())
    for old in [loc for loc in places if loc[: len(keys)] == keys]:
        del places[old]
    for depth in range(1, len(keys)):
        places.setdefault(keys[:depth], Place("--set", None, ".".join(keys[:depth])))
    places[keys] = place


def _resolve_material(data: dict[str, Any], places: Places, base: Path) -> None:
    """Replace ``material`` by a whole mapping with ``overrides`` applied."""
    if "material" not in data:
        return
    raw, material_places = material_data(data["material"], base, locate(places, ("material",)))
    places.update({("material", *loc): place for loc, place in material_places.items()})
    changes = data.pop("overrides", None)
    if changes is not None and not isinstance(changes, Mapping):
        where = locate(places, ("overrides",))
        raise ConfigError(f"found {kind(changes)}", where=where, allowed="a mapping of material keys")
    data["material"] = apply_overrides(raw, changes or {}, places)


def json_schema(file: Literal["config", "material"] = "config") -> dict[str, Any]:
    """JSON Schema of a configuration or of a material file, for editors."""
    return editor_schema(Config) if file == "config" else material_schema(Config)
