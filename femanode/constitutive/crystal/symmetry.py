"""The smallest sector of a section that has to be computed: mirror lines of the direction law allow less than all."""

from __future__ import annotations

import numpy as np

from femanode.constitutive.crystal.rates import DirectionLaw
from femanode.errors import ConfigError

SECTORS = ("quarter", "half", "full")


def section_symmetry(law: DirectionLaw) -> str:
    """Return the smallest section the crystal allows: ``'quarter'``, ``'half'`` (y >= 0) or ``'full'``.

    This follows from k(theta), theta the in-plane angle of the normal: if k is the same for -theta, y >= 0 is enough;
    if it is the same for pi - theta too, a quarter is.
    """
    angle = 2.0 * np.pi * (np.arange(720) + 0.1) / 720
    nx, ny = np.cos(angle), np.sin(angle)
    log_k = np.log(law.rate(nx, ny))
    if not np.allclose(np.log(law.rate(nx, -ny)), log_k, rtol=0.0, atol=1e-9):
        return "full"
    return "quarter" if np.allclose(np.log(law.rate(-nx, ny)), log_k, rtol=0.0, atol=1e-9) else "half"


def require_sector(requested: str, allowed: str) -> str:
    """Return the sector to mesh: `requested`, or `allowed` (from `section_symmetry`) for ``'auto'``.

    Raises
    ------
    ConfigError
        The requested sector is unknown or smaller than the crystal allows.
    """
    if requested == "auto":
        return allowed
    if requested not in SECTORS:
        allowed_names = "auto, " + ", ".join(SECTORS)
        raise ConfigError(f"sector '{requested}'", where="geometry.sector", allowed=allowed_names)
    if SECTORS.index(requested) < SECTORS.index(allowed):
        raise ConfigError(
            f"sector '{requested}', but the front rate has no mirror symmetry about "
            + ("the x axis" if allowed == "full" else "the y axis"),
            where="geometry.sector",
            allowed=", ".join(("auto", *SECTORS[SECTORS.index(allowed) :])),
            hint="turn crystal.in_plane to a mirror direction if there is one",
        )
    return requested
