"""One system's line of the table: what its run predicts, the bands of it, and the verdict on every observation."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np

from femanode.config.citations import readable
from femanode.config.loading import Config
from femanode.output.runfolder import RunFolder
from femanode.postprocess.observations import Comparison
from femanode.postprocess.runfacts import PASSED, RunFacts
from femanode.solver.laws import rates_of
from femanode.study.execution.store import FINISHED
from femanode.study.quantity import common_unit, number_in, write_value
from femanode.study.systems.energy import available_eV, film_speed, rate_for_diffusion_control, stress_work_eV
from femanode.study.systems.fracture import CRITICAL, crack_facts
from femanode.study.systems.inputs import TOUGHNESS, fitted_inputs, inputs_of
from femanode.study.systems.placing import (
    diameter_through,
    hours_through,
    interface_energy_through,
    place_of,
    stands_at,
)
from femanode.study.systems.runs import SystemRuns
from femanode.study.systems.verdicts import Figure, Verdict, judge, overall
from femanode.units import parse_quantity

#: Figures that stand for the time at which a run ended, whatever ended it.
AT_ANY_TIME = ("depth_over_flat_film",)
#: Converted fraction from which a front that no stress stopped has merged with that from the other side.
MERGING = 0.9
#: Figures that an input moves by a factor; others by a difference.
_SIZES = ("crack_risk", "critical_diameter_nm", "arrest_time_s", "anisotropy_ratio")
#: What figures cannot leave, by the beginning of their names.
_WITHIN = {"converted": (0.0, 1.0), "transport_share": (0.0, 1.0), "anisotropy_ratio": (1.0, np.inf),
           "crack_risk": (0.0, np.inf), "critical_diameter_nm": (0.0, np.inf), "arrest_time_s": (0.0, np.inf),
           "swelling_spread": (0.0, np.inf), "diameter<": (0.0, np.inf)}
#: Diffusivities of surface films, nm^2/s: 1.8e-13 to 7.6e-11 cm^2/s, the review's [118-120].
FILMS = (18.0, 7600.0)
#: Diameters that were seen to convert fully, nm: silicon below the first two, germanium up to the third.
WIDE = (80.0, 130.0, 620.0)
#: Figures that grow with the volume, and with which power of it where all directions grow alike.
GROWTH = {"volume_gain": 1.0, "axial_strain": 1.0 / 3.0, "swelling_mean": 1.0 / 3.0}
#: Figures of every line, each with its band.
FIGURES = ("regime", "rate_exponent", "transport_share", "anisotropy_ratio", "converted_at_drive_0_3",
           "converted_fraction", "axial_stretch", "hoop_surface_max_GPa", "crack_risk", CRITICAL)


class _Case:
    """The figures of one run of a system."""

    def __init__(self, folder: Path) -> None:
        self.facts = RunFacts(RunFolder(folder))

    @property
    def merged(self) -> bool:
        """Whether the front came to rest for another reason than stress: what was left was narrower than the front."""
        summary = self.facts.summary
        return not summary.get("self_limited") and float(summary.get("converted_fraction") or 0.0) > MERGING

    @cached_property
    def beside(self) -> dict[str, Comparison]:
        """Comparisons with observations, by what the observation says."""
        return {one.observation.says: one for one in self.facts.comparisons}


class _Band:
    """What a figure may be: with every input at the ends of its range, and with a front of no thickness.

    Inputs are moved with a thick front, and what they do is the difference to the thick front without them, of sizes
    and risks the factor. Without thickness a figure is on a straight line through the own front and the thick one: the
    thickness is numerical, and its error of first order. Words are taken as they are, and not extrapolated.
    """

    def __init__(self, own: _Case, thick: _Case | None, ends: Sequence[_Case]) -> None:
        self.own, self.thick, self.ends = own, thick, ends
        self.share: float | None = None
        if thick is not None:
            thin, wide = (float(one.facts.summary["interface_thickness_ratio"]) for one in (own, thick))
            self.share = thin / (wide - thin) if wide > 1.2 * thin else None

    def figure(self, name: str) -> list[Figure]:
        """A figure of the summary: at every end, and last without thickness; None where it is not known."""
        return self._of(name, lambda case: case.facts.summary.get(name))

    def observed(self, says: str) -> list[Figure]:
        """The same of the prediction beside an observation."""
        return self._of(self.own.beside[says].observation.quantity,
                        lambda case: case.beside[says].predicted if says in case.beside else None)

    def _of(self, name: str, of: Callable[[_Case], Figure]) -> list[Figure]:
        if self.thick is None:
            return []
        value, wide = of(self.own), of(self.thick)
        if isinstance(value, str) or name == "lobes":
            return [of(case) for case in self.ends]
        if not isinstance(value, float) or not isinstance(wide, float):
            return []
        # Of two thick fronts that merge before stress stops them the difference says nothing: one may go through.
        lost = name == "converted_fraction" and self.thick.merged
        known = [1.0 if lost and case.merged else of(case) for case in self.ends]
        moved = [moved_by(name, value, end, wide) for end in known if isinstance(end, float)]
        moved += [] if self.share is None else [value + (value - wide) * self.share]
        low, high = next((ends for start, ends in _WITHIN.items() if name.startswith(start)), (-np.inf, np.inf))
        return [min(max(one, low), high) for one in moved]


def moved_by(name: str, value: float, end: float, wide: float) -> float:
    """A figure with an input at an end of its range, from what that does to the thick front's.

    Parameters
    ----------
    name : str
        The figure: sizes and risks move by a factor, others by a difference. A thick front that goes right through with
        the input at its end is taken to do so: without, it may have merged earlier, which a difference would keep.
    value, end, wide : float
        Of the own front, of the thick front with the input moved, and of the thick front.
    """
    if name == "converted_fraction" and end >= PASSED:
        return end
    return value * end / wide if name in _SIZES and wide > 0.0 else value + end - wide


def system_row(runs: SystemRuns) -> dict[str, Any]:
    """Everything the table, the page and the figures say of one system; plain data.

    Parameters
    ----------
    runs : SystemRuns

    Returns
    -------
    dict
        ``system``, ``told``, ``material``, settings, each of `FIGURES` with ``<figure>_band`` (the ends of what the
        inputs and a front without thickness allow, or the words), capacities, ``inputs`` (number of each mark),
        ``varied``, ``observations`` with verdicts, ``verdict``.
    """
    config = runs.system.config
    material = config.material
    ended = [outcome.status in FINISHED for outcome in runs.outcomes]
    cases = [_Case(folder) if ok else None for folder, ok in zip(runs.folders, ended, strict=True)]
    own = cases[0]
    band = None if own is None else _Band(own, cases[1] if len(cases) > 1 else None,
                                          [case for case in cases[2:] if case is not None])
    facts = {} if own is None else dict(own.facts.summary)
    row: dict[str, Any] = {
        "system": runs.system.name, "told": runs.system.told, "material": material.name,
        "diameter_nm": config.geometry.narrowest,
        "axis": None if config.crystal is None else list(config.crystal.axis),
        "axial": config.mechanics.axial, "radius_over_half_thickness": _thickness(facts),
        "stop_reason": facts.get("stop_reason"), "time_s": facts.get("time_s"),
        "self_limited": facts.get("self_limited"),
        "rate_exponent_range_nm": facts.get("rate_exponent_range_nm")}
    row |= _predictions(runs, facts, band)
    row |= crack_facts(config, facts)
    row["inputs"] = dict(sorted(Counter(origin.confidence for origin in material.provenance.values()
                                        if origin.confidence).items()))
    row["varied"] = varied(config) if len(runs.folders) > 1 else []
    row |= closed_forms(config)
    said = _observations(runs, band)
    row["observations"] = said
    row["verdict"] = overall([Verdict(one["verdict"]) for one in said])
    if not said:
        row["verdict_why"] = "nothing was measured that a section predicts"
    row["wall_s"] = sum(outcome.wall_s for outcome in runs.outcomes)
    row["cases"] = len(runs.folders)
    row["failed"] = [f"{outcome.status.value}: {outcome.message.split('; last good state')[0]}" for outcome, ok in
                     zip(runs.outcomes, ended, strict=True) if not ok]
    return row


def _predictions(runs: SystemRuns, facts: Mapping[str, Any], band: _Band | None) -> dict[str, Any]:
    """Figures of the run with their bands, and both capacities: taken up, and what of it comes back."""
    found: dict[str, Any] = {}
    for figure in FIGURES:
        found[figure] = facts.get(figure)
        more = _by_toughness(runs, facts.get(figure)) if figure == CRITICAL else []
        found[f"{figure}_band"] = _ends([facts.get(figure), *([] if band is None else band.figure(figure)), *more])
    found["capacity_first_mAh_g"] = facts.get("capacity_mAh_g")
    found["capacity_reversible_mAh_g"] = facts.get("capacity_reversible_mAh_g", facts.get("capacity_mAh_g"))
    return found


def closed_forms(config: Config) -> dict[str, Any]:
    """What follows from the configuration alone: energies per carrier, speeds that diffusion and films allow, sizes."""
    material, place = config.material, place_of(config)
    return {"damkohler": place.damkohler, "work_share": place.work_share, "stands_at": stands_at(config),
            "hours_through": {f"{d:g}": hours_through(config, d) for d in WIDE},
            "diameter_through_1h_nm": diameter_through(config, 1.0),
            "interface_energy_through_J_m2": {f"{d:g}": interface_energy_through(config, d) for d in WIDE},
            "available_eV": available_eV(config),
            "stress_work_eV": {f"{f:g}": stress_work_eV(material, f) for f in (0.5, 0.9, 0.99)},
            "front_rate_nm_s": max(rates_of(config).values()),
            "rate_for_diffusion_control_nm_s": rate_for_diffusion_control(config),
            "film_speed_nm_s": [film_speed(material, D) for D in FILMS]}


def _observations(runs: SystemRuns, bands: _Band | None) -> list[dict[str, Any]]:
    """Every observation that speaks of the system, with prediction, band and verdict."""
    if bands is None:
        return []
    own = bands.own
    chosen = fitted_inputs(runs.system.config)
    rows = []
    for says, beside in own.beside.items():
        fact = beside.observation
        band = bands.observed(says)
        band += _if_filled(own, fact.quantity, beside.predicted)
        least = fact.quantity == CRITICAL and bool(own.facts.summary.get("crack_risk_bound"))
        if fact.quantity == CRITICAL:
            band += _by_toughness(runs, beside.predicted)
        missing = _missing(own, fact.quantity)
        predicted = None if missing else beside.predicted
        verdict = judge(fact, predicted, band, chosen.get(fact.quantity, ()), missing, least=least)
        rows.append({
            "quantity": fact.quantity, "predicted": beside.predicted, "band": _ends([beside.predicted, *band]),
            "observed": list(fact.observed) if isinstance(fact.observed, tuple) else fact.observed, "says": says,
            "stage": fact.stage, "caution": fact.caution, "source": readable(fact.source),
            "confidence": fact.confidence, "verdict": verdict.word, "why": verdict.why})
    return rows


def _missing(own: _Case, quantity: str) -> str:
    """Why a run has no figure to compare, although it has a number; empty where it has one."""
    summary = own.facts.summary
    if quantity in AT_ANY_TIME:
        return ""
    if not own.facts.finished:
        return f"the run ended before the front did: {summary.get('stop_reason')}"
    if quantity == "converted_fraction" and not summary.get("self_limited") and summary[quantity] < PASSED:
        # Neither through nor stopped by stress: what is left is narrower than the front, or lacks carriers.
        return str(summary.get("not_self_limited_because"))
    return ""


def _if_filled(own: _Case, quantity: str, value: Figure) -> list[Figure]:
    """A growth as it would be with the content that the phase still lacks when the front is through, let in freely.

    What fills then meets no core any more: all directions grow alike, by the cube root of the volume that is missing.
    """
    summary = own.facts.summary
    gained = own.facts.predicted("volume_gain")
    if (quantity not in GROWTH or not isinstance(value, float) or not isinstance(gained, float)
            or summary["converted_fraction"] < PASSED):
        return []
    expansion = own.facts.setting("material.swelling.expansion")
    full = 1.0 + float(expansion["value"][-1] if isinstance(expansion, Mapping) else expansion)
    rest = max(full / (1.0 + gained), 1.0)
    return [(1.0 + value) * rest ** GROWTH[quantity] - 1.0]


def _by_toughness(runs: SystemRuns, value: Figure) -> list[Figure]:
    """A critical diameter at the ends of the toughness' range, to which it is proportional."""
    origin = runs.system.config.material.provenance.get(TOUGHNESS)
    if len(runs.folders) == 1 or not isinstance(value, float) or origin is None or origin.range is None:
        return []
    own = runs.system.config.material.fracture.energy
    return [value * parse_quantity(end, "J/m^2") / own for end in origin.range]


def _ends(values: Sequence[Figure]) -> list[float | str]:
    """Ends of what the inputs allow: smallest and largest number, or the words; empty with one value only."""
    known = [one for one in values if one is not None and one == one]
    if len(values) < 2 or not known:
        return []
    if any(isinstance(one, str) for one in known):
        return list(dict.fromkeys(str(one) for one in known))
    numbers = [float(one) for one in known]
    return [min(numbers), max(numbers)]


def _thickness(facts: Mapping[str, Any]) -> float | None:
    """Radius over the front's half-thickness."""
    ratio = facts.get("interface_thickness_ratio")
    return 1.0 / float(ratio) if ratio else None


def varied(config: Config) -> list[dict[str, str]]:
    """The inputs that have a range, as texts, values in the unit of their ranges."""
    return [{"path": one.path, "value": _text(one.value, one.low), "low": _text(one.low), "high": _text(one.high),
             "confidence": one.confidence} for one in inputs_of(config)]


def _text(value: Any, like: Any = None) -> str:
    """A value as a short text, in the unit of another; a table as its points, rates by their directions."""
    if isinstance(value, Mapping) and "content" not in value:
        return ", ".join(f"{direction}: {_text(rate)}" for direction, rate in value.items())
    if isinstance(value, Mapping):
        points = zip(value["content"], value["value"], strict=True)
        return ", ".join(f"{_text(one)} at {content:g}" for content, one in points)
    unit = common_unit([like, value]) if like is not None else None
    return str(write_value(number_in(value, unit), unit)) if unit else str(value)
