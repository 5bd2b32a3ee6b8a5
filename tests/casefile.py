"""A valid configuration file, and what a user is told of a spoilt one."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from femanode.config.loading import Config, dump_config, load_config
from femanode.config.yamlio import parse_yaml
from femanode.errors import ConfigError

CASE = """\
name: case
geometry:
  shape: circle
  diameter: 129 nm
crystal:
  axis: [1, 1, 0]
  in_plane: [1, -1, 0]
material: Li-Si
front:
  half_thickness: 1 nm
  conversion_start: 0.35
boundary:
  potential: 10 mV
time:
  end: 1.5 h
  stop: {arrest: 1e-3}
mesh:
  element_size: 1 nm
output:
  frames: 40
temperature: 300 K
"""


def refused(path: Path, old: str, new: str, overrides: tuple[str, ...] = ()) -> str:
    """The line a user gets for the case with `old` replaced by `new`."""
    assert old in CASE
    path.write_text(CASE.replace(old, new))
    with pytest.raises(ConfigError) as caught:
        load_config(path, overrides)
    message = str(caught.value)
    assert "\n" not in message
    assert caught.value.exit_code == 2
    return message.replace(str(path), "F")


def plain(config: Config) -> dict[str, Any]:
    """The dumped configuration as plain data."""
    data: dict[str, Any] = parse_yaml(dump_config(config), "dump")[0]
    return data
