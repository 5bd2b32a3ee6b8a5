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
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Sequence
    from importlib.machinery import ModuleSpec
    from types import ModuleType

    from femanode.config.loading import Config, load_config
    from femanode.errors import ConfigError, ConvergenceError, DiskError, FemanodeError, MeshError
    from femanode.simulation.result import Result
    from femanode.simulation.run import Progress, run
    from femanode.study.fit import FitResult, fit
    from femanode.study.ledger import SweepResult
    from femanode.study.maps import plot_map
    from femanode.study.sweep import sweep

    __version__: str

_PUBLIC = {"Config": "config.loading", "load_config": "config.loading", "ConfigError": "errors",
           "ConvergenceError": "errors", "DiskError": "errors", "FemanodeError": "errors", "MeshError": "errors",
           "Progress": "simulation.run", "Result": "simulation.result", "run": "simulation.run",
           "SweepResult": "study.ledger", "sweep": "study.sweep", "plot_map": "study.maps",
           "FitResult": "study.fit", "fit": "study.fit"}
__all__ = ["Config", "ConfigError", "ConvergenceError", "DiskError", "FemanodeError", "FitResult", "MeshError",
           "Progress", "Result", "SweepResult", "__version__", "fit", "load_config", "plot_map", "run", "sweep"]

#: Modules of version 0.1 that its pages and examples named, and where they are now.
_MOVED = {"femanode.figures": "femanode.pictures.figures", "femanode.panels": "femanode.pictures.panels",
          "femanode.paraview": "femanode.pictures.paraview", "femanode.report": "femanode.pictures.page.report",
          "femanode.profiles": "femanode.postprocess.profiles", "femanode.sectionview": "femanode.pictures.sectionview",
          "femanode.result": "femanode.simulation.result", "femanode.runfolder": "femanode.output.runfolder",
          "femanode.vtkhdf": "femanode.output.vtkhdf"}


def __getattr__(name: str) -> Any:
    """Import public names on first use: ``femanode schema`` need not wait for the solver's libraries."""
    if name == "__version__":
        from importlib.metadata import version

        value: Any = version("femanode")
    elif name in _PUBLIC:
        from importlib import import_module

        value = getattr(import_module(f"femanode.{_PUBLIC[name]}"), name)
    else:
        raise AttributeError(f"module 'femanode' has no attribute '{name}'")
    globals()[name] = value
    return value


def __dir__() -> list[str]:
    """The public names, before their first use too."""
    return sorted(__all__)


class _Moved:
    """Finds modules of version 0.1 under their old names; imports nothing before it is asked for one."""

    def find_spec(self, fullname: str, path: Sequence[str] | None, target: ModuleType | None = None,
                  ) -> ModuleSpec | None:
        if fullname == "femanode.run":
            raise ModuleNotFoundError("femanode.run is a function and no module any more: from femanode import run",
                                      name=fullname)
        if fullname not in _MOVED:
            return None
        from importlib.machinery import ModuleSpec

        return ModuleSpec(fullname, self)  # type: ignore[arg-type]

    def create_module(self, spec: ModuleSpec) -> None:
        """Leave that to the import system."""

    def exec_module(self, module: ModuleType) -> None:
        """Put the module in its new place under the old name."""
        import warnings
        from importlib import import_module

        name = module.__name__
        warnings.warn(f"{name} is now {_MOVED[name]}", DeprecationWarning, stacklevel=2)
        sys.modules[name] = import_module(_MOVED[name])


sys.meta_path.append(_Moved())  # type: ignore[arg-type]
