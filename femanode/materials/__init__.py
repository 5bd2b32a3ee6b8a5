"""Bundled materials, one YAML file per carrier/host system, those that take no carriers in ``inert/``.

What their numbers were read in stands in ``bibliography.bib``; :mod:`femanode.config.library` reads them.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from femanode.config.library import Row, describe, list_materials, load_material

__all__ = ["Row", "describe", "list_materials", "load_material"]


def __getattr__(name: str) -> Any:
    """Import on first use: a folder of data need not wait for what reads it."""
    if name in __all__:
        from femanode.config import library

        return getattr(library, name)
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
