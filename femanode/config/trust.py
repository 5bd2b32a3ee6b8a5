"""Files that a configuration from elsewhere may name: with ``--untrusted``, those in its own folder only."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from pathlib import Path

from femanode.errors import ConfigError

#: What comes with femanode may always be read.
_BUNDLED = Path(__file__).resolve().parents[1] / "materials"
#: Mesh formats that name no other files.
PLAIN_MESHES = (".msh", ".vtu")

_folder: ContextVar[Path | None] = ContextVar("folder", default=None)


@contextmanager
def confined_to(folder: str | Path | None) -> Iterator[None]:
    """Context in which files outside of ``folder`` are refused; None confines nothing."""
    token = _folder.set(None if folder is None else Path(folder).resolve())
    try:
        yield
    finally:
        _folder.reset(token)


def require_inside(path: Path, where: str = "") -> None:
    """Refuse a file or folder that the confinement does not let be read or written.

    Symbolic links are followed first: one in the folder that leads out of it is refused too.

    Raises
    ------
    ConfigError
        The file lies outside of the folder. Whether it is there is not told.
    """
    folder = _folder.get()
    if folder is None:
        return
    real = path.resolve()
    if not (real.is_relative_to(folder) or real.is_relative_to(_BUNDLED)):
        raise ConfigError(f"found '{path}', outside of '{folder}'", where=where,
                          allowed="files in the folder of what was given (--untrusted)")


def require_plain_mesh(path: Path, where: str = "") -> None:
    """Refuse, when confined, a mesh in a format that can have other files read.

    Raises
    ------
    ConfigError
        The file is not one of `PLAIN_MESHES`.
    """
    if _folder.get() is not None and path.suffix not in PLAIN_MESHES:
        raise ConfigError(f"found the mesh '{path.name}'", where=where,
                          allowed=f"{' or '.join(PLAIN_MESHES)} with --untrusted: other formats can name other files")
