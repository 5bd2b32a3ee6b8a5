"""Cases of the accuracy a user is told: the measured law of bias, and extrapolation in the front's thickness."""

from __future__ import annotations

import tempfile
from pathlib import Path

import numpy as np

from femanode.accuracy import expected_bias
from femanode.config import load_config
from femanode.extrapolate import extrapolate
from femanode.verify import cylinder
from femanode.verify.case import Case, Check, Findings, Table
from femanode.verify.wires import ISOTROPIC, SILICON, wire

_R = 64.5
_WIRE = cylinder.Wire()


def _sharp_arrest() -> float:
    """Converted fraction at arrest without front thickness by the one-dimensional program."""
    f = [cylinder.run(_WIRE, 1.0 / n, 0.3, n=max(400, 5 * n)).converted[-1] for n in (40, 80, 160)]
    return (8 * f[2] - 6 * f[1] + f[0]) / 3


def _sharp_core(at: float) -> float:
    """Core mean stress at a converted fraction without front thickness, likewise; GPa."""
    runs = [cylinder.swell(_WIRE, n=n, depth=1.02 * (1.0 - np.sqrt(1.0 - at))) for n in (400, 800)]
    core = [float(np.interp(at, one.converted, one.core_mean)) for one in runs]
    return 2 * core[1] - core[0]


def law_of_bias(full: bool) -> Findings:
    """Cases that the law was not fitted to: other thickness, conversion start, element size and step."""
    points = [(3.0, 3.0, 0.5, 0.3), (3.0, 2.0, 0.3, 0.3), (1.5, 1.5, 0.5, 0.3)] if full else [(3.5, 3.5, 0.5, 0.3)]
    arrest, core = _sharp_arrest(), _sharp_core(0.55)
    checks = [Check("core mean stress without thickness at 55 %, GPa", -0.745, core, 3e-3,
                    "the law's own limit, in three figures; the one-dimensional program is good to 0.2 %"),
              Check("converted fraction at arrest without thickness", 0.580, arrest, 3e-3, "likewise")]
    for delta, size, advance, start in points:
        result = wire(*ISOTROPIC, f"front.half_thickness={delta} nm", f"mesh.element_size={size} nm",
                      f"time.max_front_advance={advance}", f"front.conversion_start={start}")
        told = expected_bias(delta, _R, size, advance, start)
        history, label = result.history, f"delta {delta:g}, elements {size:g} nm, steps {advance:g} delta"
        got = float(np.interp(0.55, history["converted_fraction"], history["core_mean_stress_GPa"])) / core - 1.0
        checks += [Check(f"bias of the core stress, {label}", got, told.core_stress, 0.25,
                         "three thicknesses, two conversion starts; what is told is 'to a quarter of itself'"),
                   Check(f"bias of the converted fraction at arrest, {label}",
                         result.summary["converted_fraction"] - arrest, told.arrest, 0.25,
                         "as for the core: what is told is 'to a quarter of itself'")]
    return Findings(tuple(checks))


def extrapolation(full: bool) -> Findings:
    """``femanode run --extrapolate`` on the isotropic wire against the one-dimensional limit."""
    finest = 1.5 if full else 2.5
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "case.yaml"
        path.write_text(SILICON, encoding="utf-8")
        config = load_config(path, [*ISOTROPIC, f"front.half_thickness={finest} nm", f"mesh.element_size={finest} nm",
                                    "front.conversion_start=0.3"])
        found = extrapolate(config, Path(folder) / "out")
    arrest = found.figures["converted_fraction"]
    core = found.at_the_fraction["core_mean_stress_GPa"]
    # from fronts beyond the law's range the uncertainty is told to be too small
    share = 1.0 if found.in_range else 2.0
    exact_arrest, exact_core = _sharp_arrest(), _sharp_core(found.at_fraction)
    return Findings((
        Check("converted fraction at arrest", exact_arrest, arrest.value, share * arrest.uncertainty / exact_arrest,
              f"the stated uncertainty; half-thicknesses {found.half_thickness_nm[0]:.3g} to {finest:g} nm; the finest "
              f"itself is {100 * (arrest.values[-1] / exact_arrest - 1):.0f} % off"),
        Check(f"core mean stress at {100 * found.at_fraction:.1f} % converted, GPa", exact_core, core.value,
              share * abs(core.uncertainty / exact_core), "the stated uncertainty; the finest itself is "
              f"{100 * (core.values[-1] / exact_core - 1):.0f} % off")),
        {"extrapolation": Table({"half_thickness_nm": found.half_thickness_nm, "converted": arrest.values,
                                 "limit": [exact_arrest] * 3}, "half_thickness_nm", ("limit",), ("converted",))})


CASES = (
    Case("bias-law", "accuracy", "femanode check and the summary tell how far thickness, elements and steps move a run",
         "a one-dimensional program's limits; cases that the law was not fitted to",
         "a law in delta alone misses what elements and steps add, a half of the core's error", law_of_bias),
    Case("extrapolation", "accuracy", "--extrapolate comes as near the limit of a front without thickness as it says",
         "the one-dimensional program's limit", "the first order alone leaves what is "
         "stated as uncertainty", extrapolation),
)
