"""What the user wrote, checked: YAML to a frozen Config, materials with their sources, every mistake in one line."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from femanode.config.loading import Config, dump_config, json_schema, load_config

__all__ = ["Config", "dump_config", "json_schema", "load_config"]


def __getattr__(name: str) -> Any:
    """Import on first use: units and YAML are read by commands that need no validation."""
    if name in __all__:
        from femanode.config import loading

        return getattr(loading, name)
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
