"""The section ``geometry.roughness`` of the configuration: a seeded unevenness of the as-grown outline."""

from __future__ import annotations

import math

from pydantic import Field

from femanode.config.quantities import Length, Section, Whole, problem


class Roughness(Section):
    """Uneven outline."""

    amplitude: Length = Field(description="root mean square of the radius about its mean")
    seed: Whole = Field(default=1, ge=0, description="seed of the random waves; the same shape on every mesh")
    wavelength: Length | None = Field(
        default=None, description="shortest wavelength along the circumference; null: a quarter of the radius"
    )

    def wavelength_of(self, diameter: float) -> float:
        """The shortest wavelength in use on an outline of that diameter, nm."""
        return self.wavelength if self.wavelength is not None else 0.125 * diameter

    def require_fit(self, shape: str, diameter: float | None, wall: float | None) -> None:
        """Refuse, by the ValueError of a validator, waves that the outline cannot have; lengths in nm."""
        if shape not in ("circle", "annulus") or diameter is None:
            found = f"found a roughness with shape {shape}"
            raise problem(found, allowed="shape: circle or annulus, or no roughness", key="roughness")
        wavelength, longest = self.wavelength_of(diameter), 0.5 * math.pi * diameter
        if wavelength > longest:
            allowed = f"at most half the circumference, {longest:.4g} nm"
            raise problem(f"found {wavelength:g} nm", allowed=allowed, key="roughness.wavelength")
        most = 0.05 * min(wavelength, wall or diameter)
        if self.amplitude > most:
            allowed = f"at most {most:.4g} nm, a twentieth of the wavelength and of the radius or wall"
            raise problem(f"found {self.amplitude:g} nm", allowed=allowed, key="roughness.amplitude")
