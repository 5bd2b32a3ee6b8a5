"""One run from Python: read a case, make it coarse, run it, look at the figures, draw a frame.

    python examples/first_run.py [FOLDER]

About ten seconds. The mesh is coarse on purpose; the case as it stands in configs/ takes some minutes.
"""

from __future__ import annotations

import sys
from pathlib import Path

import femanode

HERE = Path(__file__).resolve().parent
COARSE = ["mesh.element_size=6 nm", "front.half_thickness=6 nm", "time.end=8 min", "output.frames=10"]


def main(folder: Path) -> None:
    config = femanode.load_config(HERE.parent / "configs" / "si_112_129nm.yaml", COARSE)
    result = femanode.run(config, folder / "first_run", overwrite=True)

    print(f"{100 * result.summary['converted_fraction']:.1f} % converted, {result.summary['stop_reason']}")
    print(f"largest over smallest diameter {result.summary['anisotropy_ratio']:.2f}")
    history = result.history  # a pandas table, one row per step
    print(history[["time_s", "front_depth_nm", "hoop_surface_max_GPa"]].tail(3).to_string(index=False))

    picture = result.frames[-1].plot("content")
    picture.save(folder / "content.png")
    print(f"picture {folder / 'content.png'}, page {result.path / 'report.html'}")


if __name__ == "__main__":
    main(Path(sys.argv[1]) if len(sys.argv) > 1 else Path("results"))
