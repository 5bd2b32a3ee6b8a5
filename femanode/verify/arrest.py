"""Case of the arrest of a round front by its own stress, over strength and drive."""

from __future__ import annotations

import numpy as np

from femanode.postprocess.accuracy import expected_bias
from femanode.verify.bench import EV, KT_300K
from femanode.verify.case import Case, Check, Findings, Shortfall, Table
from femanode.verify.cylinder import Wire, sharp
from femanode.verify.wires import ISOTROPIC, wire

#: Radius, nm.
_R = 64.5


def closed_form(sigma_Y: float, dG0: float, J: float = 3.8) -> float:
    """Converted fraction at arrest of a rigid-plastic wire with a sharp front: f* = (e^q - 1)/(J + e^q - 1)."""
    pressure = abs(dG0) * EV / ((J - 1) * 0.02 / 3.75) - 2.0 * sigma_Y / 3.0
    gain = float(np.expm1(np.sqrt(3.0) * pressure / sigma_Y))
    return gain / (J + gain)


def _arrested(delta: float, sigma_Y: float, dG0: float) -> float:
    """Converted fraction at arrest of a run with elements of delta/2 at the front; NaN without arrest."""
    # a potential of 10 mV is applied
    result = wire(*ISOTROPIC, f"front.half_thickness={delta} nm", f"mesh.element_size={0.5 * delta} nm",
                  f"overrides.mechanics.reacted.yield_stress={sigma_Y} GPa",
                  f"overrides.front.equilibrium_potential={0.01 - dG0} V", "time.end=1000 h")
    stopped = result.summary["arrest_time_s"] is not None
    return float(result.summary["converted_fraction"]) if stopped else float("nan")


def _wire(sigma_Y: float, dG0: float, *, rigid: bool = False) -> Wire:
    stiff, host = (40.0, sigma_Y) if rigid else (1.0, 7.0)
    return Wire(E=(160.0 * stiff, 40.0 * stiff), yields=(host, sigma_Y), drive=dG0 * EV / KT_300K,
                volume=2.8 * 0.02 / 3.75 / KT_300K)


def arrest(full: bool) -> Findings:
    """Where an isotropic silicon wire stops, over strength and drive, against the limit of a sharp front."""
    points = [(1.0, -0.15), (1.5, -0.15), (1.0, -0.12), (0.7, -0.12)] if full else [(1.5, -0.15)]
    delta = 2.0 if full else 4.0
    checks, columns = [], {}
    for sigma_Y, dG0 in points:
        label = f"sigma_Y {sigma_Y:g} GPa, dG0 {dG0:g} eV"
        exact = closed_form(sigma_Y, dG0)
        # Refined as deep as the front goes, and some way further.
        depth = max(0.38, 1.2 * (1.0 - np.sqrt(1.0 - exact)))
        rigid = sharp(_wire(sigma_Y, dG0, rigid=True), depth, n=200).stopped()
        limit = sharp(_wire(sigma_Y, dG0), depth, n=400 if full else 200).stopped()
        got = _arrested(delta, sigma_Y, dG0)
        told = expected_bias(delta, _R, 0.5 * delta, 0.5, 0.35).arrest
        columns[label] = [exact, rigid, limit, got]
        checks += [
            Check(f"one-dimensional program, 40 times as stiff, {label}", exact, rigid, 0.01,
                  "closed form; finite elasticity takes 8 % of the core's pressure, 0.2 % when 40 times as stiff, and "
                  "pressure grows by 2 sigma_Y per converted fraction; good to the 0.0025 of its table"
                  , absolute=True),
            Check(f"converted fraction at arrest, delta {delta:g} nm, {label}", limit, got, abs(told) + 0.02,
                  f"one-dimensional program, sharp front; the law of bias tells {told:+.3f}, to 0.02", absolute=True,
                  known=Shortfall(0.035, "the law of bias was fitted at 1 GPa; at 1.5 GPa a front of 4 nm "
                                  "stops 0.03 early"))]
    return Findings(tuple(checks), {"arrest": Table(
        {"way": [0.0, 1.0, 2.0, 3.0], **columns}, "way", (), tuple(columns))})


CASES = (
    Case("arrest", "together", "stress stops a round front where the closed form says, over strength and drive",
         "(p + 2 sigma_Y/3) dV = |dG0|, f* = (e^q - 1)/(J + e^q - 1), q = sqrt 3 p/sigma_Y",
         "review Eq. (1) with two-sided means stops it 16 % earlier in stress", arrest),
)
