"""How far front thickness, elements and steps move core stress and arrest: a measured law (tool of *postprocess*).

Measured on an isotropic silicon wire (129 nm, sigma_Y 1 GPa, -0.15 eV per ion) with delta = 4, 2 and 1 nm, elements
of delta, steps of delta/2, against the limits -0.745 GPa of core mean stress at 55 % converted and 0.580 converted at
arrest, which an independent one-dimensional program gives. With x = delta/R the bias is x/(a + b x): of first order as
x tends to 0.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

#: a and b by where conversion starts: of the share of core stress missing, of the converted fraction too much.
CORE = {0.25: (0.0535, 0.62), 0.35: (0.0700, 0.604)}
ARREST = {0.25: (0.156, 1.76), 0.35: (0.2475, 0.99)}

#: Parts of the bias that come from thickness, steps of delta/2 and elements of delta; the last two are of first order.
CORE_PARTS, ARREST_PARTS = (0.52, 0.20, 0.28), (0.87, 0.01, 0.12)

#: Largest delta/R of the measurements.
LARGEST = 0.062


@dataclass(frozen=True)
class Bias:
    """What a run is expected to be off by, for an isotropic silicon wire.

    Attributes
    ----------
    core_stress : float
        Relative: -0.3 is 30 % too small.
    arrest : float
        Absolute, of the converted fraction at arrest: 0.1 is 55 % where 45 % would be.
    in_range : bool
        Whether thickness and conversion start lie where the law was measured.
    """

    core_stress: float
    arrest: float
    in_range: bool

    def __str__(self) -> str:
        """One sentence, with what the law is good for."""
        outside = "" if self.in_range else "; outside the law's range, size only"
        return (f"core stress about {100 * abs(self.core_stress):.0f} % too small, converted fraction at arrest about "
                f"{self.arrest:.2f} too large (isotropic silicon wire, to a quarter of itself{outside}); "
                "--extrapolate measures it")


def expected_bias(half_thickness: float, radius: float, element_size: float, advance: float, start: float) -> Bias:
    """Bias of core stress and arrest by the measured law.

    Parameters
    ----------
    half_thickness, radius, element_size : float
        delta, wall or radius, elements at the front, nm.
    advance : float
        Front's advance per step over delta.
    start : float
        xi at which conversion begins.
    """
    x, steps, size = half_thickness / radius, advance / 0.5, element_size / half_thickness

    def bias(law: dict[float, tuple[float, float]], parts: tuple[float, float, float]) -> float:
        ends = sorted(law)
        a, b = (float(np.interp(start, ends, [law[k][i] for k in ends])) for i in range(2))
        return x / (a + b * x) * (parts[0] + parts[1] * steps + parts[2] * size)

    inside = x <= 1.01 * LARGEST and min(CORE) <= start <= max(CORE)
    return Bias(-min(bias(CORE, CORE_PARTS), 1.0), bias(ARREST, ARREST_PARTS), inside)
