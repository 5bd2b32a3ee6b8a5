"""Case of the arrest of a round front by its own stress, over strength and drive."""

from __future__ import annotations

import numpy as np

from femanode.accuracy import ARREST_PARTS, expected_bias
from femanode.verify.bench import EV, KT_300K, Array
from femanode.verify.case import Case, Check, Findings, Shortfall, Table
from femanode.verify.cylinder import Wire, run
from femanode.verify.wires import ISOTROPIC, wire

#: Radius, nm, and where conversion starts.
_R, _START = 64.5, 0.25

#: Front's advance per step of the one-dimensional program, in delta.
_ADVANCE = 0.05


def closed_form(sigma_Y: float, dG0: float, J: float = 3.8) -> float:
    """Converted fraction at arrest of a rigid-plastic wire with a sharp front: f* = (e^q - 1)/(J + e^q - 1)."""
    pressure = abs(dG0) * EV / ((J - 1) * 0.02 / 3.75) - 2.0 * sigma_Y / 3.0
    gain = float(np.expm1(np.sqrt(3.0) * pressure / sigma_Y))
    return gain / (J + gain)


def _arrested(rows: int, sigma_Y: float, dG0: float) -> float:
    """Converted fraction at arrest of a run with delta, and elements at the front, of R/rows; NaN without arrest."""
    delta = _R / rows
    # a potential of 10 mV is applied
    result = wire(*ISOTROPIC, f"front.half_thickness={delta} nm", f"mesh.element_size={delta} nm",
                  f"front.conversion_start={_START}", f"overrides.mechanics.reacted.yield_stress={sigma_Y} GPa",
                  f"overrides.front.equilibrium_potential={0.01 - dG0} V", "time.end=1000 h")
    stopped = result.summary["arrest_time_s"] is not None
    return float(result.summary["converted_fraction"]) if stopped else float("nan")


def _arrested_1d(rows: Array, sigma_Y: float, dG0: float, rigid: bool) -> Array:
    """The same by the one-dimensional program, for each number of half-thicknesses in the radius."""
    stiff, host = (40.0, sigma_Y) if rigid else (1.0, 7.0)
    one = Wire(E=(160.0 * stiff, 40.0 * stiff), yields=(host, sigma_Y), drive=dG0 * EV / KT_300K,
               volume=2.8 * 0.02 / 3.75 / KT_300K)
    return np.array([run(one, 1.0 / n, _START, n=max(400, int(5 * n)), advance=_ADVANCE).converted[-1] for n in rows])


def _to_zero(values: Array) -> float:
    """Limit of values at thicknesses 4, 2, 1: first and second order taken off."""
    return float((8 * values[-1] - 6 * values[-2] + values[-3]) / 3)


#: Of one arrest on meshes of one size: R/40, 1.5 GPa stops at 0.4293 on an even mesh, at 0.4273 on a graded one.
_SCATTER = 0.002


#: The one point that misses, what was found there, and at the reduced size.
_SHORT = (1.5, -0.15)
_UNEVEN = ("the runs at R/20, R/40 and R/80 stopped 0.035, 0.025 and 0.004 later than one dimension does at the same "
           "delta: not smooth in delta, which extrapolation amplifies")
_WEAKER = ("at R/40 and wider elements and steps add more than by the law of bias, which was measured at 1 GPa: 0.025 "
           "here, 0.004 at R/80")


def arrest(full: bool) -> Findings:
    """Where an isotropic silicon wire stops, over strength and drive, extrapolated in delta."""
    rows = np.array([20, 40, 80] if full else [10, 20, 40])
    points = [(1.0, -0.15), (1.5, -0.15), (1.0, -0.12), (0.7, -0.12)] if full else [(1.5, -0.15)]
    fine = np.array([40, 80, 160])
    # the last step of R/160 is 0.05 delta; in the extrapolation the three last steps weigh (8 + 6 x 2 + 4)/3
    last = 2.0 * _ADVANCE / fine[-1] * 8.0
    delta = _R / float(rows[-1])
    told = expected_bias(delta, _R, delta, 0.5, _START).arrest * (ARREST_PARTS[1] + ARREST_PARTS[2])
    checks, columns = [], {"delta_over_R": 1.0 / rows}
    for sigma_Y, dG0 in points:
        label, short = f"sigma_Y {sigma_Y:g} GPa, dG0 {dG0:g} eV", (sigma_Y, dG0) == _SHORT
        exact, rigid = closed_form(sigma_Y, dG0), _to_zero(_arrested_1d(fine, sigma_Y, dG0, rigid=True))
        other, thin = (_arrested_1d(n, sigma_Y, dG0, rigid=False) for n in (rows, fine))
        limit, got = _to_zero(thin), np.array([_arrested(int(n), sigma_Y, dG0) for n in rows])
        columns |= {f"got, {label}": got, f"one-dimensional, {label}": other,
                    f"closed form, {label}": np.full(3, exact)}
        own = abs(_to_zero(other) - limit)
        allowed, same = own + last + 5 * _SCATTER, 1.25 * told + _SCATTER
        checks += [
            Check(f"one-dimensional program, 40 times as stiff, delta to 0, {label}", exact, rigid, last,
                  "closed form; each arrest is known to its last step, 0.05 delta, which the extrapolation weighs "
                  "eightfold", absolute=True),
            Check(f"converted fraction at arrest, delta to 0, {label}", limit, _to_zero(got), allowed,
                  f"one-dimensional program with silicon's moduli, R/40 to R/160 (last step {last:.3f}); from the "
                  f"widths used here, R/{rows[0]} to R/{rows[-1]}, it is itself {own:.3f} off; two meshes of one size "
                  f"differ by {_SCATTER:g}, which the extrapolation weighs fivefold", absolute=True,
                  known=Shortfall(2 * allowed, _UNEVEN if full else _WEAKER) if short else None),
            Check(f"converted fraction at arrest, delta = R/{rows[-1]}, {label}", float(other[-1]), float(got[-1]),
                  same, f"one-dimensional program at the same delta; elements of delta and steps of "
                  f"delta/2 add {told:.3f} by the law of bias, good to a quarter; scatter {_SCATTER:g}", absolute=True,
                  known=Shortfall(1.5 * same, _WEAKER) if short and not full else None)]
    return Findings(tuple(checks), {"arrest": Table(
        columns, "delta_over_R", tuple(c for c in columns if c.startswith(("closed", "one"))),
        tuple(c for c in columns if c.startswith("got")))})


CASES = (
    Case("arrest", "together", "stress stops a round front where the closed form says, over strength and drive",
         "(p + 2 sigma_Y/3) dV = |dG0|, f* = (e^q - 1)/(J + e^q - 1), q = sqrt 3 p/sigma_Y",
         "review Eq. (1) with two-sided means stops it 16 % earlier in stress", arrest),
)
