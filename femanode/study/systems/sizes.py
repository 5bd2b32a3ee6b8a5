"""Where silicon stops against its diameter, with the front as thick in all wires and with it in proportion to them.

With a front in proportion to the radius all wires are one problem, up to the unit of length, unless the material has a
length of its own. With a front of one thickness for all, thin wires are less well resolved: what then changes with the
diameter is numerical.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

from femanode.study.execution.store import FINISHED, read_summary
from femanode.study.ledger import Ledger
from femanode.study.sweepfile import Sweep, load_sweep
from femanode.study.systems.files import System

#: The system whose size is moved, diameters in nm, and the half-thickness that is kept, nm.
BASE, DIAMETERS, FIXED = "li_si_100", (40.0, 80.0, 129.0, 200.0), 3.0
#: Radius over half-thickness where that is kept.
RATIO = 16.0


def study_of_sizes(system: System) -> Sweep:
    """The sweep over `DIAMETERS`: first with the half-thickness `FIXED`, then with the radius over `RATIO`."""
    sizes = [(d, FIXED) for d in DIAMETERS] + [(d, d / 2.0 / RATIO) for d in DIAMETERS]
    rows = [[f"{d:g} nm", f"{delta:.4g} nm", f"{delta / 2.0:.4g} nm"] for d, delta in sizes]
    return load_sweep({"base": str(system.path), "settings": {"output.pictures": False},
                       "axes": {"geometry.diameter, front.half_thickness, mesh.element_size": rows}})


def size_rows(ledger: Ledger) -> list[dict[str, Any]]:
    """One line per run of the sweep: ``kept`` (thickness or ratio), diameter, and where the front stopped."""
    rows = []
    for case in ledger.cases:
        if ledger.outcome(case).status not in FINISHED:
            continue
        summary = read_summary(Path(ledger.store) / case.hash)
        rows.append({"kept": "thickness" if case.number < len(DIAMETERS) else "ratio",
                     "diameter_nm": float(str(case.values[0]).split()[0]),
                     "half_thickness_nm": float(str(case.values[1]).split()[0]),
                     "converted_fraction": summary["converted_fraction"],
                     "converted_at_drive_0_3": summary["converted_at_drive_0_3"]})
    return rows
