"""femanode: stress-diffusion simulator for cross-sections of alloying battery anodes.

config -> mesh -> state -> solver -> output -> postprocess

>>> import femanode
>>> config = femanode.load_config("configs/si_110_129nm.yaml", ["time.end=10 min"])
>>> config.time.end, config.material.host.symbol
(600.0, 'Si')

``femanode.run(config)`` computes it and returns a `Result`.
"""

from __future__ import annotations

import sys
from types import ModuleType
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from femanode.config import Config, load_config
    from femanode.errors import ConfigError, ConvergenceError, FemanodeError, MeshError
    from femanode.result import Result
    from femanode.run import Progress, run
    from femanode.study.fit import FitResult, fit
    from femanode.study.maps import plot_map
    from femanode.study.sweep import SweepResult, sweep

__version__ = "0.1.0"

_PUBLIC = {"Config": "config", "load_config": "config", "ConfigError": "errors", "ConvergenceError": "errors",
           "FemanodeError": "errors", "MeshError": "errors", "Progress": "run", "Result": "result", "run": "run",
           "SweepResult": "study.sweep", "sweep": "study.sweep", "plot_map": "study.maps",
           "FitResult": "study.fit", "fit": "study.fit"}
__all__ = ["Config", "ConfigError", "ConvergenceError", "FemanodeError", "FitResult", "MeshError", "Progress",
           "Result", "SweepResult", "fit", "load_config", "plot_map", "run", "sweep"]


def __getattr__(name: str) -> Any:
    """Import public names on first use: ``femanode schema`` need not wait for the solver's libraries."""
    if name in _PUBLIC:
        import importlib

        value = getattr(importlib.import_module(f"femanode.{_PUBLIC[name]}"), name)
        globals()[name] = value
        return value
    raise AttributeError(f"module 'femanode' has no attribute '{name}'")


class _Package(ModuleType):
    """Keeps ``femanode.run`` the function: importing the module of that name would put the module in its place."""

    def __setattr__(self, name: str, value: Any) -> None:
        if not (name == "run" and isinstance(value, ModuleType)):
            super().__setattr__(name, value)


sys.modules[__name__].__class__ = _Package
