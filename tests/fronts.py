"""Fronts without mechanics: meshes one row wide, where the plane and cylinder laws can be followed at fine spacing."""

from __future__ import annotations

from femanode.numerics.arrays import Array
from femanode.verify.bench import FAR, Layer, layer, strip, unstressed, wedge

__all__ = ["FAR", "Array", "Layer", "coarse_case", "layer", "strip", "unstressed", "wedge"]


def coarse_case(**sections: object) -> dict[str, object]:
    """Mapping of a 129-nm wire with isotropic rates on 8-nm elements, about a second of work; sections replace its."""
    case: dict[str, object] = {
        "name": "coarse", "geometry": {"shape": "circle", "diameter": "129 nm"},
        "crystal": {"axis": [0, 0, 1], "in_plane": [1, 0, 0]}, "material": "Li-Si",
        "overrides": {"front.rates": {"isotropic": "0.05 nm/s"}, "transport.diffusivity": "1e-6 cm^2/s",
                      "front.equilibrium_potential": "0.16 V"},
        "front": {"half_thickness": "8 nm"}, "time": {"end": "8 min"}, "mesh": {"element_size": "8 nm"},
        "output": {"frames": 4, "pictures": False}}
    return {**case, **sections}
