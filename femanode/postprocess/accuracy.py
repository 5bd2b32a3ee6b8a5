"""How far front thickness and elements move core stress and arrest: a measured law.

Measured on an isotropic silicon wire (129 nm, sigma_Y 1 GPa, -0.15 eV per ion) with delta = 4 to 1 nm on elements of
delta/4 to delta, steps of delta/2 (with steps of delta/4 the law holds to the same tolerance), against the sharp limits
that an independent one-dimensional program gives (:func:`femanode.verify.cylinder.sharp`): -0.670 GPa of core mean
stress at 50 % converted, 0.573 converted at arrest.
With x = delta/R and r the excess of elements over delta/2, max(2 size/delta - 1, 0),

    core stress, relative: x/(0.60 + 4.0 x) - 0.01 r,
    arrest, absolute: 0.25 x - 0.012 + 0.015 r.

The core's bias vanishes with delta. The 0.012 of arrest do not: two one-dimensional sharp limits (0.562 and 0.573)
differ by as much. On elements as large as delta the power balance does not close, by 9 %, however good these figures.
"""

from __future__ import annotations

from dataclasses import dataclass

#: a and b of the core's bias x/(a + b x), and what is taken off per r for elements coarser than delta/2.
CORE, CORE_ELEMENTS = (0.60, 4.0), 0.01

#: Of the bias at arrest: its value for delta to 0, its growth with x, and what is added per r.
ARREST, ARREST_ELEMENTS = (-0.012, 0.25), 0.015

#: Largest and smallest delta/R, largest element size/delta of the measurements, and where conversion started.
LARGEST, SMALLEST, COARSEST, START = 0.062, 0.0155, 1.0, 0.35


@dataclass(frozen=True)
class Bias:
    """What a run is expected to be off by, for an isotropic silicon wire.

    Attributes
    ----------
    core_stress : float
        Relative: 0.05 is 5 % too large, -0.05 too small.
    arrest : float
        Absolute, of the converted fraction at arrest: -0.02 is 55 % where 57 % would be.
    in_range : bool
        Whether thickness, elements, steps and conversion start lie where the law was measured.
    """

    core_stress: float
    arrest: float
    in_range: bool

    def __str__(self) -> str:
        """One sentence, with what the law is good for."""
        outside = "" if self.in_range else "; outside the law's range, size only"

        def sense(value: float) -> str:
            return "too large" if value > 0 else "too small"

        return (f"core stress about {100 * abs(self.core_stress):.0f} % {sense(self.core_stress)}, converted fraction "
                f"at arrest about {abs(self.arrest):.2f} {sense(self.arrest)} (isotropic silicon wire, to 5 % and to "
                f"0.02{outside}); --extrapolate tells what thickness does")


def expected_bias(half_thickness: float, radius: float, element_size: float, advance: float, start: float) -> Bias:
    """Bias of core stress and arrest by the measured law.

    Parameters
    ----------
    half_thickness, radius, element_size : float
        delta, wall or radius, elements at the front, nm.
    advance : float
        Front's advance per step over delta; the law holds to half a delta.
    start : float
        xi at which conversion begins; measured at 0.35.
    """
    x, r = half_thickness / radius, max(2.0 * element_size / half_thickness - 1.0, 0.0)
    core = x / (CORE[0] + CORE[1] * x) - CORE_ELEMENTS * r
    arrest = ARREST[0] + ARREST[1] * x + ARREST_ELEMENTS * r
    inside = (0.99 * SMALLEST <= x <= 1.01 * LARGEST and element_size <= 1.01 * COARSEST * half_thickness
              and advance <= 0.501 and abs(start - START) < 0.051)
    return Bias(core, arrest, inside)
