"""The configurations of the systems: where they are, and which of them were asked for."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from femanode.config.complaints import suggest
from femanode.config.loading import Config, load_config
from femanode.errors import ConfigError

#: Below the folder of the program or the working directory.
PLACE = Path("configs") / "systems"


@dataclass(frozen=True)
class System:
    """One system: its name (of the file), its configuration, and that as read."""

    name: str
    path: Path
    config: Config

    @property
    def told(self) -> str:
        """The comment at the head of the file: what it is and what was observed."""
        lines = self.path.read_text(encoding="utf-8").splitlines()
        count = next((k for k, line in enumerate(lines) if not line.startswith("#")), len(lines))
        return " ".join(line.lstrip("# ") for line in lines[:count])


def systems_folder(given: str | Path | None = None) -> Path:
    """Folder of the configurations: the one given, ``configs/systems`` here, or that of the program's sources.

    Raises
    ------
    ConfigError
        There is none.
    """
    places = [Path(given)] if given is not None else [PLACE, Path(__file__).resolve().parents[3] / PLACE]
    for place in places:
        if any(place.glob("*.yaml")):
            return place.resolve()
    raise ConfigError("found no configuration (.yaml)", where=str(places[0]),
                      allowed="a folder of configurations, one per system",
                      hint="femanode's own are in configs/systems of its sources: run there, or use --from")


def find_systems(names: Sequence[str] = (), folder: str | Path | None = None) -> list[System]:
    """The systems of the given names, or all, in the order of their files' names.

    Raises
    ------
    ConfigError
        A name that no file has, or a configuration that is wrong.
    """
    place = systems_folder(folder)
    known = {path.stem: path for path in sorted(place.glob("*.yaml"))}
    chosen = []
    for name in names:
        written = name.lower().replace("-", "_")
        if written not in known:
            begun = [one for one in known if one.startswith(f"{written}_")]
            raise ConfigError(f"found the system '{name}'", where="command line", allowed=", ".join(known),
                              hint=f"write {' '.join(begun)}" if begun else suggest(written, list(known)))
        chosen.append(written)
    return [System(name=name, path=known[name], config=load_config(known[name]))
            for name in dict.fromkeys(chosen) or known]
