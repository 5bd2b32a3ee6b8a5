"""The maps of docs/systems.md: regimes with every material, bonds, current, field, amorphising fronts, sizes.

    python examples/regimes.py [FOLDER [PLACE]]

Runs the sweeps of configs/sweeps/ in FOLDER (results/maps), half an hour to an hour in all with one worker; what has
ended there is kept. Numbers and figures go to PLACE, docs/systems by default.
"""

from __future__ import annotations

import sys
from pathlib import Path

import femanode
from femanode.output.disk import write_text
from femanode.pictures.style import save_figure
from femanode.study.systems.amorphising import amorphising, amorphising_rows
from femanode.study.systems.curved import arrest, body_rows, film_rows
from femanode.study.systems.diameters import RATIO, THICKNESS, THIN, diameter_rows, diameters
from femanode.study.systems.files import find_systems
from femanode.study.systems.moved import bond_rows, bond_strength, current, current_rows, field, field_rows
from femanode.study.systems.placing import as_csv, placed_rows
from femanode.study.systems.regimemap import material_rows, regime_map

ROOT = Path(__file__).resolve().parents[1]


def ran(name: str, folder: Path) -> Path:
    """Folder of a sweep, run as far as it has not been."""
    out = folder / name
    result = femanode.sweep(ROOT / "configs" / "sweeps" / f"{name}.yaml", out, workers=1, resume=out.exists())
    print(f"{name}: {len(result.table)} runs, {result.table['wall_s'].sum():.0f} s", flush=True)
    return out


def main(folder: Path, place: Path) -> None:
    regimes = placed_rows(ran("regimes", folder))
    bonds = bond_rows(ran("bond_strength", folder))
    currents = current_rows(ran("c_rate", folder))
    fields = field_rows(ran("field", folder))
    amorphous = amorphising_rows(ran("amorphising", folder))
    wide = [row for name, kept in (("sizes", RATIO), ("sizes_thin", THIN), ("sizes_one_front", THICKNESS))
            for row in diameter_rows(ran(name, folder), kept)]
    bodies = body_rows(ran("bodies", folder))
    films = film_rows(ran("films", folder))
    slow = placed_rows(ran("regimes_thin", folder))
    materials = material_rows(find_systems(folder=ROOT / "configs" / "systems"))
    place.mkdir(parents=True, exist_ok=True)
    for name, rows in {"regimes": regimes, "regime_materials": materials, "bond_strength": bonds,
                       "c_rate": currents, "field": fields, "amorphising": amorphous, "regimes_thin": slow,
                       "sizes_all": wide, "bodies": bodies, "films": films}.items():
        write_text(place / f"{name}.csv", as_csv(rows))
    for name, figure in {"regimes": regime_map(regimes, materials, slow), "bond_strength": bond_strength(bonds),
                         "c_rate": current(currents), "field": field(fields), "amorphising": amorphising(amorphous),
                         "sizes_all": diameters(wide), "arrest": arrest(bodies)}.items():
        print(save_figure(figure, place / f"{name}.png", dpi=110))


if __name__ == "__main__":
    main(Path(sys.argv[1]) if len(sys.argv) > 1 else Path("results") / "maps",
         Path(sys.argv[2]) if len(sys.argv) > 2 else ROOT / "docs" / "systems")
