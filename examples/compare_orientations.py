"""Two wires of different axis, compared on one page and in one panel.

    python examples/compare_orientations.py [FOLDER]
"""

from __future__ import annotations

import sys
from pathlib import Path

import femanode
from femanode.pictures.page.report import write_report
from femanode.pictures.panels import plot_panel

HERE = Path(__file__).resolve().parent
COARSE = ["mesh.element_size=6 nm", "front.half_thickness=6 nm", "time.stop.converted=0.3", "output.frames=6",
          "output.pictures=false"]


def main(folder: Path) -> None:
    runs = []
    for case in ("si_100_129nm", "si_110_129nm"):
        config = femanode.load_config(HERE.parent / "configs" / f"{case}.yaml", COARSE)
        runs.append(femanode.run(config, folder / case, overwrite=True))

    for run in runs:
        swelling = run.summary["swelling_by_direction"]
        strains = ", ".join(f"{name} {100 * value:+.0f} %" for name, value in swelling.items())
        print(f"{run.name} at {100 * run.summary['converted_fraction']:.0f} %: {strains}")
    print(plot_panel(runs, "hoop", out=folder / "orientations.pdf"))
    print(write_report(runs, folder / "orientations.html"))


if __name__ == "__main__":
    main(Path(sys.argv[1]) if len(sys.argv) > 1 else Path("results"))
