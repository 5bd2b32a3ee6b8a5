"""Which generation of keys a file was written for, and how an older one is read.

``schema: 2`` at the top of a configuration or a material says it; a file without it is read as one of today, but for
what version 0.1 wrote by itself. The number rises when a key changes its meaning or goes; what is then done with a file
of before, or what its owner must do, stands here.
"""

from __future__ import annotations

from typing import Any

from femanode.config.yamlio import kind
from femanode.errors import ConfigError

#: Of this version; 1 is that of femanode 0.1.
SCHEMA = 2


def migrate(data: dict[str, Any], where: str = "") -> None:
    """Take ``schema`` off raw data and bring them to today's keys, in place.

    Parameters
    ----------
    data : dict
        A configuration or a material as read.
    where : str, optional
        Place of the key, for messages.

    Raises
    ------
    ConfigError
        The number is none, or of a later version.
    """
    found = data.pop("schema", None)
    if found is not None and (type(found) is not int or found < 1):
        raise ConfigError(f"found {kind(found)}", where=where or "schema", allowed=f"1 to {SCHEMA}, or no such key")
    if found is not None and found > SCHEMA:
        raise ConfigError(f"found {found}", where=where or "schema", allowed=f"1 to {SCHEMA}",
                          hint="the file is of a later femanode: pip install --upgrade femanode")
    boundary = data.get("boundary")
    if found in (None, 1) and isinstance(boundary, dict) and boundary.get("cycles", 0) is None:
        # Version 0.1, which knew no cycles, wrote this into the config.yaml of every run.
        data["boundary"] = {key: value for key, value in boundary.items() if key != "cycles"}
